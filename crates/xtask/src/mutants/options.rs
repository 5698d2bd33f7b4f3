//! What `cargo xtask mutants` is asked for.

use crate::command::Failure;

const USAGE: &str = "cargo xtask mutants [--report | --list] [--changed REVISION|base] \
                     [--file PART] [--only ID] [--survivors] \
                     [--sample SECONDS [--seed N] [--write]]";

/// The arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Print the committed score.
    pub report: bool,
    /// Print the mutants.
    pub list: bool,
    /// Only mutants in lines that changed since this revision, or since `base`, where the branch
    /// began; with a sample, all of these and then the sample.
    pub changed: Option<String>,
    /// Only mutants of files whose path has this in it.
    pub file: Option<String>,
    /// Only this mutant.
    pub only: Option<u32>,
    /// Only survivors of the committed report.
    pub survivors: bool,
    /// Mutants in random order, for so many seconds.
    pub sample: Option<u64>,
    /// Seed of that order.
    pub seed: Option<u64>,
    /// The sample's figures become the committed report.
    pub write: bool,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    /// Something that is not understood.
    pub fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| wrong(&format!("{word} wants a value")));
            match word {
                "--report" => options.report = true,
                "--list" => options.list = true,
                "--survivors" => options.survivors = true,
                "--write" => options.write = true,
                "--changed" => options.changed = Some(value()?.to_owned()),
                "--file" => options.file = Some(value()?.to_owned()),
                "--only" => options.only = Some(number(value()?)?),
                "--sample" => options.sample = Some(number(value()?)?),
                "--seed" => options.seed = Some(number(value()?)?),
                unknown => return Err(wrong(&format!("there is no {unknown}"))),
            }
        }
        if options.report && arguments.len() > 1 {
            return Err(wrong("--report stands alone"));
        }
        if options.seed.is_some() && options.sample.is_none() {
            return Err(wrong("--seed is for --sample"));
        }
        let other = options.file.is_some() || options.only.is_some() || options.survivors;
        if options.write && (options.sample.is_none() || options.changed.is_some() || other) {
            return Err(wrong("--write is for --sample of everything"));
        }
        Ok(options)
    }

    /// Whether mutants that are harmless by a rule are taken as such; they are judged where somebody
    /// looks at a part.
    pub fn passes_over_harmless(&self) -> bool {
        self.only.is_none() && self.file.is_none() && !self.survivors
    }

    /// Whether everything is judged, so that the report is written.
    pub fn is_full(&self) -> bool {
        *self == Self::default()
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, Failure> {
    text.parse().map_err(|_| wrong(&format!("'{text}' is no number")))
}

fn wrong(problem: &str) -> Failure {
    Failure(format!("{problem}; {USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words).map_err(|failure| failure.to_string())
    }

    #[test]
    fn parts_of_a_run_are_asked_for() {
        assert!(parse("").unwrap().is_full());
        let options =
            parse("--changed HEAD~ --file psam --survivors --sample 60 --seed 7").unwrap();
        assert_eq!(options.changed.as_deref(), Some("HEAD~"));
        assert_eq!(options.file.as_deref(), Some("psam"));
        assert_eq!((options.sample, options.seed), (Some(60), Some(7)));
        assert!(options.survivors && !options.is_full());
        assert_eq!(parse("--only 12").unwrap().only, Some(12));
    }

    #[test]
    fn what_is_not_understood_is_told_with_the_usage() {
        for text in ["--all", "--only", "--only x", "--seed 1", "--report --list"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("cargo xtask mutants [--report"), "{text}: {error}");
        }
    }
}
