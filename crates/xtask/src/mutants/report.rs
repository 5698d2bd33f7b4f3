//! Figures of a run: the committed report `tests/mutants/report.toml`, and the score in words.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::catalogue::Mutant;
use super::files::Group;
use super::harmless::Harmless;
use super::run::Fate;
use super::site::Operator;
use crate::command::Failure;

/// The report, from the top of the tree.
pub const FILE: &str = "tests/mutants/report.toml";

/// What a run found.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Git revision that was judged.
    pub revision: String,
    /// Whether the working tree was just that.
    pub clean: bool,
    /// Day of the run, YYYY-MM-DD.
    pub date: String,
    /// Mutants that do not compile; they count for nothing.
    pub refused: usize,
    /// Viable mutants that a run which ended before it was through did not come to; it took them in
    /// random order.
    #[serde(default)]
    pub not_judged: usize,
    /// By part of the card.
    #[serde(default)]
    pub group: Vec<Figures>,
    /// Harmless survivors, by rule.
    #[serde(default)]
    pub harmless: BTreeMap<String, usize>,
    /// Mutants that survive for no known reason.
    #[serde(default)]
    pub survivor: Vec<Survivor>,
}

/// Figures of a part of the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The part.
    pub name: Group,
    /// Mutants that compile and were judged.
    pub viable: usize,
    /// Those that a suite noticed.
    pub caught: usize,
    /// Those that survive by a known rule.
    pub harmless: usize,
    /// Those that survive.
    pub survived: usize,
}

/// A mutant that survives for no known reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// File.
    pub file: String,
    /// Line, at that revision.
    pub line: usize,
    /// Function.
    pub function: String,
    /// Kind of change.
    pub operator: Operator,
    /// What changes.
    pub before: String,
    /// What it becomes.
    pub after: String,
    /// Whether any suite comes by it.
    pub reached: bool,
}

impl Report {
    /// Counts what became of the mutants that were judged; mutants whose judge failed are left out.
    pub fn of(mutants: &[Mutant], fates: &BTreeMap<u32, Fate>, harmless: &Harmless) -> Self {
        let mut report = Self::default();
        for name in Group::ALL {
            let mut figures = Figures { name, viable: 0, caught: 0, harmless: 0, survived: 0 };
            for mutant in mutants.iter().filter(|mutant| mutant.group == name) {
                match fates.get(&mutant.id) {
                    None | Some(Fate::Unjudged(_)) => continue,
                    Some(Fate::Caught(_)) => figures.caught += 1,
                    Some(fate) => match harmless.rule(mutant) {
                        Some(rule) => {
                            figures.harmless += 1;
                            *report.harmless.entry(rule.to_owned()).or_default() += 1;
                        }
                        None => {
                            figures.survived += 1;
                            let reached = *fate != Fate::NotReached;
                            report.survivor.push(Survivor::of(mutant, reached));
                        }
                    },
                }
                figures.viable += 1;
            }
            if figures.viable > 0 {
                report.group.push(figures);
            }
        }
        report
    }

    /// Reads the committed one.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(root.join(FILE)).map_err(|error| {
            Failure(format!("cannot read {FILE}: {error}; cargo xtask mutants makes it"))
        })?;
        toml::from_str(&text).map_err(|error| Failure(format!("{FILE}: {error}")))
    }

    /// Writes it where it is committed.
    ///
    /// # Errors
    /// The disk fails.
    pub fn write(&self, root: &Path) -> Result<(), Failure> {
        const HEAD: &str =
            "# Made by `cargo xtask mutants`; docs/design/mutants.md says how to read it.\n\n";
        let text = toml::to_string(self).map_err(|error| Failure(format!("{FILE}: {error}")))?;
        std::fs::write(root.join(FILE), format!("{HEAD}{text}"))
            .map_err(|error| Failure(format!("cannot write {FILE}: {error}")))
    }

    /// Survivors that `known` does not have; lines may have moved.
    pub fn new_since(&self, known: &Self) -> Vec<&Survivor> {
        let old = |one: &&Survivor| !known.survivor.iter().any(|other| one.is_like(other));
        self.survivor.iter().filter(old).collect()
    }

    /// All parts together: viable, caught.
    pub fn total(&self) -> (usize, usize) {
        let sum = |of: fn(&Figures) -> usize| self.group.iter().map(of).sum();
        (sum(|figures| figures.viable), sum(|figures| figures.caught))
    }
}

impl Survivor {
    fn of(mutant: &Mutant, reached: bool) -> Self {
        let Mutant { file, line, function, operator, before, after, .. } = mutant.clone();
        Self { file, line, function, operator, before, after, reached }
    }

    /// Whether it is this mutant, whose line may have moved.
    pub fn is(&self, mutant: &Mutant) -> bool {
        Self::of(mutant, self.reached).is_like(self)
    }

    fn is_like(&self, other: &Self) -> bool {
        *self == Self { line: self.line, reached: self.reached, ..other.clone() }
    }
}

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, function, operator, before, after, reached } = self;
        write!(f, "{file}:{line} {function}: {operator}: {before} -> {after}")?;
        if *reached { Ok(()) } else { f.write_str(" (not reached)") }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:18} {:>7} {:>7} {:>9} {:>9} {:>8}",
            "", "viable", "caught", "harmless", "survived", "score"
        )?;
        for Figures { name, viable, caught, harmless, survived } in &self.group {
            let (name, score) = (name.to_string(), score(*viable, *caught));
            writeln!(
                f,
                "{name:18} {viable:>7} {caught:>7} {harmless:>9} {survived:>9} {score:>8}"
            )?;
        }
        let (viable, caught) = self.total();
        let harmless: usize = self.harmless.values().sum();
        let (survived, score) = (self.survivor.len(), score(viable, caught));
        write!(f, "{:18} {viable:>7} {caught:>7} {harmless:>9} {survived:>9} {score:>8}", "all")?;
        if self.refused > 0 {
            write!(f, "\n{} more do not compile", self.refused)?;
        }
        if self.not_judged > 0 {
            let not_judged = self.not_judged;
            write!(f, "\n{not_judged} more were not judged: this is a sample in random order")?;
        }
        let mut rules = String::new();
        for (rule, count) in &self.harmless {
            write!(rules, "\n  {count:>5} {rule}")?;
        }
        if rules.is_empty() { Ok(()) } else { write!(f, "\nharmless, by rule:{rules}") }
    }
}

/// Caught of viable, cut to a tenth of a percent: never shown as more than it is.
fn score(viable: usize, caught: usize) -> String {
    match (caught * 1000).checked_div(viable) {
        Some(thousandths) => format!("{}.{} %", thousandths / 10, thousandths % 10),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(id: u32, group: Group, before: &str) -> Mutant {
        Mutant {
            id,
            file: "a.rs".to_owned(),
            group,
            line: 4,
            column: 1,
            text: "let room = 5;".to_owned(),
            operator: Operator::Boolean,
            function: "f".to_owned(),
            before: before.to_owned(),
            after: "x".to_owned(),
        }
    }

    fn report() -> Report {
        let mutants = [
            mutant(1, Group::Psam, "a"),
            mutant(2, Group::Card, "b"),
            mutant(3, Group::Card, "c"),
            mutant(4, Group::Card, "d"),
            mutant(5, Group::Card, "e"),
        ];
        let fates = [
            (1, Fate::Survived),
            (2, Fate::Caught("pboc".to_owned())),
            (3, Fate::NotReached),
            (4, Fate::Unjudged("broken".to_owned())),
        ];
        Report::of(&mutants, &fates.into_iter().collect(), &Harmless::default())
    }

    #[test]
    fn only_what_was_judged_is_counted() {
        let report = report();
        let figures = |name, viable, caught, survived| Figures {
            name,
            viable,
            caught,
            harmless: 0,
            survived,
        };
        assert_eq!(report.group, [figures(Group::Card, 2, 1, 1), figures(Group::Psam, 1, 0, 1)]);
        assert_eq!(report.total(), (3, 1));
        assert!(report.to_string().ends_with("33.3 %"), "{report}");
        assert_eq!(score(2000, 1999), "99.9 %");
        assert_eq!(score(0, 0), "-");
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let report =
            Report { revision: "abc".to_owned(), date: "2026-01-02".to_owned(), ..report() };
        let text = toml::to_string(&report).unwrap();
        assert_eq!(toml::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn a_survivor_that_moved_is_not_new() {
        let (mut known, now) = (report(), report());
        known.survivor.iter_mut().for_each(|survivor| survivor.line += 10);
        assert!(now.new_since(&known).is_empty());
        known.survivor.remove(0);
        assert_eq!(now.new_since(&known).len(), 1);
    }
}
