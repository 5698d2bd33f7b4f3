//! The table for people: as text, and as a page of docs.

use std::fmt::Write as _;

use super::{Coverage, CoveredCell, Set};

/// Cells of one command: its set, and its id (`None`: of no command in particular).
type Row<'c> = ((Set, Option<&'static str>), Vec<&'c CoveredCell>);

impl Coverage {
    /// For a terminal: a command per line with the number of its cells, and behind it what has no case.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(&mut out);
        out
    }

    /// As a page of docs: a command per line with the number of its cells and the reasons.
    pub fn page(&self) -> String {
        let mut out = String::new();
        let _ = self.write_page(&mut out);
        out
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for cell in &self.cells {
            let key = (cell.cell.set, cell.cell.command);
            match rows.last_mut().filter(|(last, _)| *last == key) {
                Some((_, cells)) => cells.push(cell),
                None => rows.push((key, vec![cell])),
            }
        }
        rows
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        for ((set, command), cells) in self.rows() {
            let with_case = cells.iter().filter(|cell| cell.count > 0).count();
            let (all, command) = (cells.len(), command.unwrap_or("(any)"));
            writeln!(out, "{:<6} {command:<32} {with_case:>3} of {all:>3}", set.word())?;
            for cell in cells.iter().filter(|cell| cell.count == 0) {
                let why = cell.reason.as_ref().map_or("EMPTY", |reason| reason.en.as_str());
                writeln!(out, "       - {}: {why}", cell.cell.aspect.words())?;
            }
        }
        let (all, empty) = (self.cells.len(), self.empty().count());
        let covered = self.cells.iter().filter(|cell| cell.count > 0).count();
        let reasoned = all - covered - empty;
        writeln!(
            out,
            "\n{all} cells: {covered} with a case, {reasoned} with a reason, {empty} empty"
        )?;
        for stale in &self.stale {
            writeln!(out, "stale reason: {stale}")?;
        }
        for mistake in &self.mistakes {
            writeln!(out, "wrong covers: {mistake}")?;
        }
        Ok(())
    }

    fn write_page(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "# What the suites cover (覆盖率)\n\n\
             Made from the catalogues, the suites and `tests/suites/coverage.toml`; do not edit. After a \
             change there, run `UPDATE_DOCS=1 cargo test -p conformance`. \
             `purse conform list --coverage` prints every cell.\n\n\
             A command's cells are the rules of its format, each form of Le, each state of a transaction \
             and each lock in which it may arrive, and each status word with its reason. A cell is \
             covered by the cases that show it on a built-in profile's card."
        )?;
        let mut last: Option<Set> = None;
        for ((set, command), cells) in self.rows() {
            if last != Some(set) {
                writeln!(
                    out,
                    "\n## {}\n\n| command | cells | with a case | without, and why |",
                    set.word()
                )?;
                writeln!(out, "|---|---|---|---|")?;
                last = Some(set);
            }
            let with_case = cells.iter().filter(|cell| cell.count > 0).count();
            let without: Vec<String> = cells
                .iter()
                .filter(|cell| cell.count == 0)
                .map(|cell| {
                    let why = cell.reason.as_ref().map_or("EMPTY", |reason| reason.en.as_str());
                    format!("{} ({why})", cell.cell.aspect.words())
                })
                .collect();
            let command = command.map_or_else(|| "(any)".to_owned(), |id| format!("`{id}`"));
            let (all, without) = (cells.len(), without.join("; "));
            writeln!(out, "| {command} | {all} | {with_case} | {without} |")?;
        }
        Ok(())
    }
}
