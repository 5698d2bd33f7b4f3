//! What is said about a package: by the compiler, the converter, the verifier.

use converter::{Diagnostic, Severity};
use serde::Serialize;

use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{Tone, Ui};

/// Something said, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Said {
    /// Who says it.
    pub(super) by: By,
    /// `error` or `warning`.
    pub(super) severity: Grave,
    /// Source file, seen from where the command runs; else a class file or component.
    pub(super) file: Option<String>,
    /// Line in that file.
    pub(super) line: Option<u32>,
    /// Class, method or the like.
    pub(super) construct: Option<String>,
    /// What is wrong.
    pub(super) text: String,
    /// What to do.
    pub(super) hint: Option<String>,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    /// `javac`.
    Javac,
    /// The converter.
    Converter,
    /// The verifier.
    Verifier,
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Grave {
    /// The package is refused.
    Error,
    /// It is made nevertheless.
    Warning,
}

impl Said {
    /// What the converter says; `place` finds the source file of a class.
    pub(super) fn of_converter(diagnostic: Diagnostic, place: impl Fn(&str) -> String) -> Self {
        let severity = match diagnostic.severity {
            Severity::Error => Grave::Error,
            Severity::Warning => Grave::Warning,
        };
        Self {
            by: By::Converter,
            severity,
            file: diagnostic.file.map(|file| place(&file)),
            line: diagnostic.line.map(u32::from),
            construct: Some(diagnostic.construct),
            text: diagnostic.text,
            hint: diagnostic.hint,
        }
    }

    fn told(&self, ui: &Ui) -> String {
        let mut out = String::new();
        if let Some(file) = &self.file {
            out += file;
            if let Some(line) = self.line {
                out += &format!(":{line}");
            }
            out += ": ";
        }
        out += &match self.severity {
            Grave::Error => ui.toned_talk(Tone::Bad, "error:"),
            Grave::Warning => ui.toned_talk(Tone::Warning, "warning:"),
        };
        if let Some(construct) = &self.construct {
            out += &format!(" {construct}:");
        }
        out += &format!(" {}", self.text);
        if let Some(hint) = &self.hint {
            out += &format!("\n    {hint}");
        }
        out
    }
}

/// Says all of it on stderr, each with its file and line.
pub(super) fn tell(ui: &Ui, all: &[Said]) {
    if !ui.json {
        all.iter().for_each(|one| ui.say(&one.told(ui)));
    }
}

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    diagnostics: &'a [Said],
}

/// Tells all of it, and ends the command: the package is refused.
pub(super) fn refuse(ui: &Ui, all: &[Said], next: &str) -> CliError {
    tell(ui, all);
    let errors = all.iter().filter(|one| one.severity == Grave::Error).count();
    let plural = if errors == 1 { "" } else { "s" };
    let document = serde_json::to_value(Document { ok: false, diagnostics: all });
    CliError::Unfinished {
        exit: Exit::ClassFile,
        message: format!("the package is refused: {errors} error{plural}"),
        next: next.to_owned(),
        document: document.ok().map(Box::new),
    }
}
