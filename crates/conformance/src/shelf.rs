//! Suites together: those that come with the program, and files of others.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use applet_spec::Problem;
use applet_spec::text::nearest;

use crate::{Case, Rule, Rules, Suite, SuiteErrors, built_in};

/// What names every built-in suite.
const ALL: &str = "all";

/// Suites, in order. No two of their cases have one id.
#[derive(Clone, Debug, Default)]
pub struct Suites {
    suites: Vec<Arc<Suite>>,
}

impl Suites {
    /// The suites that come with the program, by the names of their files.
    ///
    /// # Panics
    /// Where one of them is not valid, which a test of this crate excludes.
    pub fn built_in() -> &'static Self {
        static READ: OnceLock<Suites> = OnceLock::new();
        READ.get_or_init(|| {
            let unread = |_: &Path| Err(io::ErrorKind::Unsupported.into());
            match Self::load(&[ALL], Rules::built_in(), unread) {
                Ok(suites) => suites,
                Err(errors) => unreachable!("the built-in suites are read by a test: {errors}"),
            }
        })
    }

    /// Names and texts of the files that come with the program, in order.
    pub fn built_in_texts() -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
        built_in::SUITES.iter().copied()
    }

    /// Suites as a command line names them: `all` built-in ones, one of them by its family, or a
    /// path (anything with a `/` or `\` in it or with `.toml` at its end), whose bytes `read` gives.
    /// A suite that is named twice is there once.
    ///
    /// # Errors
    /// Everything that is wrong with the files; names that are none; cases with the id of another.
    pub fn load<N: AsRef<str>>(
        names: &[N],
        rules: &Rules,
        mut read: impl FnMut(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, SuiteErrors> {
        let mut loaded = Self::default();
        let mut taken: Vec<&str> = Vec::new();
        let mut wrong: Option<SuiteErrors> = None;
        for name in names.iter().map(AsRef::as_ref) {
            if taken.contains(&name) {
                continue;
            }
            taken.push(name);
            let suites = if is_path(name) {
                read(Path::new(name))
                    .map_err(|error| {
                        let mend = "check the path and its rights";
                        SuiteErrors::of_file(name, error.to_string(), mend)
                    })
                    .and_then(|bytes| Suite::parse_bytes(&bytes, name, rules))
                    .map(|suite| vec![suite])
            } else {
                built_in_named(name, rules)
            };
            match suites {
                Ok(suites) => loaded.add(suites),
                Err(errors) => {
                    wrong = Some(match wrong.take() {
                        Some(before) => before.and(errors),
                        None => errors,
                    });
                }
            }
        }
        match wrong {
            Some(errors) => Err(errors),
            None => loaded.refuse_twice().map(|()| loaded),
        }
    }

    /// The suites, in order.
    pub fn all(&self) -> &[Arc<Suite>] {
        &self.suites
    }

    /// Their cases, in order.
    pub fn cases(&self) -> impl Iterator<Item = &Arc<Case>> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// The suite of a family.
    pub fn family(&self, name: &str) -> Option<&Arc<Suite>> {
        self.suites.iter().find(|suite| suite.family.name == name)
    }

    /// The cases with an id: one with its parameters, or all that a case was multiplied out to.
    pub fn find(&self, id: &str) -> Vec<&Arc<Case>> {
        self.cases().filter(|case| case.id == id || case.base == id).collect()
    }

    /// The id that `id` is most likely a slip of.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        nearest(id, self.cases().map(|case| case.base.as_str()))
    }

    /// The rules that the cases name, each once, in the order of the cases.
    pub fn rules(&self) -> Vec<&Arc<Rule>> {
        let mut seen = std::collections::HashSet::new();
        let all = self.cases().flat_map(|case| &case.rules);
        all.filter(|rule| seen.insert(rule.id.as_str())).collect()
    }

    fn add(&mut self, suites: Vec<Suite>) {
        for suite in suites {
            let origin = |suite: &Suite| {
                suite.cases.first().and_then(|case| Some(case.written.as_ref()?.origin.clone()))
            };
            let known = self.suites.iter().any(|known| origin(known) == origin(&suite));
            if !known {
                self.suites.push(Arc::new(suite));
            }
        }
    }

    fn refuse_twice(&self) -> Result<(), SuiteErrors> {
        let mut seen: HashMap<&str, &Arc<Case>> = HashMap::new();
        let mut problems = Vec::new();
        for case in self.cases() {
            let Some(before) = seen.insert(case.id.as_str(), case) else { continue };
            let Some(written) = &case.written else { continue };
            let place = before
                .written
                .as_ref()
                .map_or_else(String::new, |written| format!("{}:{}", written.origin, written.line));
            problems.push(Problem {
                origin: written.origin.to_string(),
                line: Some(written.line),
                column: Some(written.column),
                key: "case.id".to_owned(),
                message: format!("{:?} is a case in {place} already", case.id),
                mend: "give it another id, or load one of the files".to_owned(),
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(SuiteErrors::new(problems, &[])) }
    }
}

fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".toml")
}

fn built_in_named(name: &str, rules: &Rules) -> Result<Vec<Suite>, SuiteErrors> {
    let mut wrong: Option<SuiteErrors> = None;
    let mut suites = Vec::new();
    let mut families = Vec::new();
    for (file, text) in Suites::built_in_texts() {
        match Suite::parse(text, &format!("{file}.toml (built in)"), rules) {
            Ok(suite) => {
                families.push(suite.family.name.clone());
                if name == ALL || suite.family.name == name {
                    suites.push(suite);
                }
            }
            Err(errors) => {
                wrong = Some(match wrong.take() {
                    Some(before) => before.and(errors),
                    None => errors,
                });
            }
        }
    }
    if let Some(errors) = wrong {
        return Err(errors);
    }
    if suites.is_empty() && name != ALL {
        let mend = match nearest(name, families.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!(
                "use {ALL}, one of {}, or the path of a suite file such as ./mine.toml",
                families.join(", ")
            ),
        };
        return Err(SuiteErrors::of_file(name, "no built-in suite has this name", mend));
    }
    Ok(suites)
}
