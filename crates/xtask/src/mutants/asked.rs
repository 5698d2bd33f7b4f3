//! Which mutants are meant, of all that there are.

use super::catalogue::Mutant;
use super::git::{self, ChangedLines};
use super::options::Options;
use super::report::Report;
use crate::command::{Failure, root};

/// What the options say about each mutant.
pub struct Asked<'o> {
    options: &'o Options,
    changed: Option<ChangedLines>,
    report: Option<Report>,
}

impl<'o> Asked<'o> {
    /// Looks up what the options speak of.
    ///
    /// # Errors
    /// An unknown revision, or no committed report.
    pub fn of(options: &'o Options) -> Result<Self, Failure> {
        let base = match options.changed.as_deref() {
            Some("base") => Some(git::base()?.unwrap_or_else(|| {
                eprintln!("xtask: git knows one revision here: nothing counts as changed");
                "HEAD".to_owned()
            })),
            other => other.map(str::to_owned),
        };
        Ok(Self {
            options,
            changed: base.map(|base| git::changed_lines(&base)).transpose()?,
            report: options.survivors.then(|| Report::read(&root())).transpose()?,
        })
    }

    /// Whether a mutant is judged in any case.
    pub fn has(&self, mutant: &Mutant) -> bool {
        let only_sampled = self.options.sample.is_some() && self.changed.is_none();
        let changed = self.changed.as_ref().is_none_or(|lines| {
            let of_file = lines.get(&mutant.file);
            of_file.is_some_and(|lines| lines.iter().any(|range| range.contains(&mutant.line)))
        });
        changed && !only_sampled && self.samples(mutant)
    }

    /// Whether a mutant can come into a sample.
    pub fn samples(&self, mutant: &Mutant) -> bool {
        let Options { file, only, .. } = self.options;
        file.as_ref().is_none_or(|part| mutant.file.contains(part))
            && only.is_none_or(|id| mutant.id == id)
            && self
                .report
                .as_ref()
                .is_none_or(|report| report.survivor.iter().any(|one| one.is(mutant)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::files::Group;
    use crate::mutants::site::Operator;

    fn mutant(file: &str, line: usize) -> Mutant {
        Mutant {
            id: 7,
            file: file.to_owned(),
            group: Group::Card,
            line,
            column: 1,
            text: "let room = 5;".to_owned(),
            operator: Operator::Integer,
            function: "f".to_owned(),
            before: "1".to_owned(),
            after: "0".to_owned(),
        }
    }

    #[test]
    fn changed_lines_are_judged_in_any_case_and_the_rest_is_sampled() {
        let options = Options { sample: Some(60), ..Options::default() };
        let changed = Some(ChangedLines::from([("a.rs".to_owned(), vec![3..=4])]));
        let asked = Asked { options: &options, changed, report: None };
        assert!(asked.has(&mutant("a.rs", 4)));
        assert!(!asked.has(&mutant("a.rs", 5)) && asked.samples(&mutant("a.rs", 5)));
        assert!(!asked.has(&mutant("b.rs", 4)));
        let asked = Asked { options: &options, changed: None, report: None };
        assert!(!asked.has(&mutant("a.rs", 4)) && asked.samples(&mutant("a.rs", 4)));
    }

    #[test]
    fn files_and_numbers_are_asked_for() {
        let options = Options { file: Some("psam".to_owned()), ..Options::default() };
        let asked = Asked::of(&options).unwrap();
        assert!(asked.has(&mutant("native/psam/mod.rs", 1)) && !asked.has(&mutant("pin.rs", 1)));
        let options = Options { only: Some(8), ..Options::default() };
        assert!(!Asked::of(&options).unwrap().has(&mutant("a.rs", 1)));
    }
}
