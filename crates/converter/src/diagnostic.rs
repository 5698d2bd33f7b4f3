//! What the converter says about a package.

use std::fmt;

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The package is converted nevertheless.
    Warning,
    /// The package is refused.
    Error,
}

/// Something said about a package: where, about what, what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// Source file where it is known, else the class file.
    pub file: Option<String>,
    /// Line in that file.
    pub line: Option<u16>,
    /// What it is about: a class, `class.member`, an applet.
    pub construct: String,
    /// What is wrong.
    pub text: String,
    /// What to write or do instead.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(match self.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "error: ",
        })?;
        write!(f, "{}: {}", self.construct, self.text)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n    {hint}")?;
        }
        Ok(())
    }
}

/// Why a package is refused; warnings are among the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(pub Vec<Diagnostic>);

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

/// Diagnostics that are kept; a package with more is hopeless anyway.
const MOST: usize = 1000;

/// Gathers diagnostics.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    diagnostics: Vec<Diagnostic>,
    has_errors: bool,
}

/// Where something is: which file, line and construct.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u16>,
    pub(crate) construct: String,
}

impl Sink {
    /// Refuses the package.
    pub(crate) fn error(&mut self, place: &Place, text: impl Into<String>, hint: &str) {
        self.has_errors = true;
        self.push(Severity::Error, place, text.into(), hint);
    }

    /// Says something that does not refuse the package.
    pub(crate) fn warning(&mut self, place: &Place, text: impl Into<String>, hint: &str) {
        self.push(Severity::Warning, place, text.into(), hint);
    }

    /// `None` when the package is refused already.
    pub(crate) fn stop_at_errors(&self) -> Option<()> {
        (!self.has_errors).then_some(())
    }

    /// The result, when there is one and nothing speaks against it.
    pub(crate) fn finish(
        mut self,
        converted: Option<crate::Converted>,
    ) -> Result<crate::Converted, Errors> {
        match converted {
            Some(mut converted) if !self.has_errors => {
                converted.warnings = self.diagnostics;
                Ok(converted)
            }
            _ => {
                if !self.has_errors {
                    let place = Place { construct: "converter".to_owned(), ..Place::default() };
                    self.error(
                        &place,
                        "gave up without saying why, which is a mistake of the converter",
                        "Please report it with the class files.",
                    );
                }
                Err(Errors(self.diagnostics))
            }
        }
    }

    fn push(&mut self, severity: Severity, place: &Place, text: String, hint: &str) {
        let diagnostic = Diagnostic {
            severity,
            file: place.file.clone(),
            line: place.line,
            construct: place.construct.clone(),
            text,
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
        };
        if self.diagnostics.len() < MOST && self.diagnostics.last() != Some(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }
}
