//! Mutants that no suite can catch or need catch, each with the rule that makes it so:
//! `tests/mutants/harmless.toml`. Entries name functions and text, not lines, and so outlive edits.

use std::path::Path;

use serde::Deserialize;

use super::catalogue::Mutant;
use super::site::Operator;
use crate::command::Failure;

/// The file, from the top of the tree.
pub const FILE: &str = "tests/mutants/harmless.toml";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Harmless {
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    harmless: Vec<Entry>,
}

/// A rule, to group entries by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    why: String,
}

/// Mutants of one text in a function. What is not said fits all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    function: String,
    operator: Option<Operator>,
    before: String,
    after: Option<String>,
    /// A piece of the line, where the function has that text more than once.
    line_has: Option<String>,
    rule: String,
}

impl Harmless {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not as it should be; the message has the line.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure(format!("cannot read {FILE}: {error}")))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let known: Self =
            toml::from_str(text).map_err(|error| Failure(format!("{FILE}: {error}")))?;
        let named = |name: &str| known.rule.iter().any(|rule| rule.name == name);
        if let Some(Rule { name, .. }) = known.rule.iter().find(|rule| rule.why.trim().is_empty()) {
            return Err(Failure(format!("{FILE}: the rule '{name}' does not say why")));
        }
        match known.harmless.iter().find(|entry| !named(&entry.rule)) {
            Some(Entry { function, rule, .. }) => Err(Failure(format!(
                "{FILE}: {function} names the rule '{rule}', which no [[rule]] explains"
            ))),
            None => Ok(known),
        }
    }

    /// The rule that makes a mutant harmless.
    pub fn rule(&self, mutant: &Mutant) -> Option<&str> {
        let entry = self.harmless.iter().find(|entry| entry.fits(mutant));
        entry.map(|entry| entry.rule.as_str())
    }

    /// Entries that fit no mutant any more, in words.
    pub fn stale(&self, mutants: &[Mutant]) -> Vec<String> {
        let stale = self.harmless.iter().filter(|entry| !mutants.iter().any(|one| entry.fits(one)));
        let told = stale.map(|entry| {
            let Entry { file, function, before, .. } = entry;
            format!("{FILE}: no mutant is left of {file} {function}: {before}")
        });
        told.collect()
    }
}

impl Entry {
    fn fits(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file
            && self.function == mutant.function
            && self.operator.is_none_or(|operator| operator == mutant.operator)
            && self.before == mutant.before
            && self.line_has.as_ref().is_none_or(|piece| mutant.text.contains(piece.as_str()))
            && self.after.as_ref().is_none_or(|after| *after == mutant.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::root;
    use crate::mutants::files::Group;

    fn mutant(before: &str, after: &str) -> Mutant {
        Mutant {
            id: 1,
            file: "a.rs".to_owned(),
            group: Group::Card,
            line: 1,
            column: 1,
            text: "let room = 5;".to_owned(),
            operator: Operator::Integer,
            function: "Card::f".to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    #[test]
    fn entries_fit_by_function_and_text_and_stale_ones_are_told() {
        let harmless = Harmless::parse(
            "[[rule]]\nname = \"capacity\"\nwhy = \"a hint\"\n\
             [[harmless]]\nfile = \"a.rs\"\nfunction = \"Card::f\"\noperator = \"integer\"\n\
             before = \"5\"\nline_has = \"room\"\nrule = \"capacity\"\n",
        )
        .unwrap();
        assert_eq!(harmless.rule(&mutant("5", "6")), Some("capacity"));
        assert_eq!(harmless.rule(&mutant("4", "5")), None);
        let elsewhere = Mutant { text: "let size = 5;".to_owned(), ..mutant("5", "6") };
        assert_eq!(harmless.rule(&elsewhere), None);
        assert!(harmless.stale(&[mutant("5", "0")]).is_empty());
        let stale = harmless.stale(&[mutant("4", "5")]);
        assert!(stale.first().unwrap().ends_with("a.rs Card::f: 5"), "{stale:?}");
    }

    #[test]
    fn an_entry_needs_a_rule_that_is_explained() {
        let text = "[[harmless]]\nfile = \"a.rs\"\nfunction = \"f\"\nbefore = \"1\"\nrule = \"x\"";
        let error = Harmless::parse(text).unwrap_err().to_string();
        assert!(error.contains("'x'"), "{error}");
        let error = Harmless::parse("[[rule]]\nname = \"x\"\nwhy = \" \"").unwrap_err().to_string();
        assert!(error.contains("does not say why"), "{error}");
        assert!(Harmless::parse("[[harmless]]\nline = 3").is_err());
    }

    #[test]
    fn the_committed_entries_are_read() {
        Harmless::read(&root()).unwrap();
    }
}
