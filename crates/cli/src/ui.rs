//! How `purse` speaks: results on stdout, talk on stderr, JSON, language, colour.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use conformance::{Mistake, SuiteErrors};
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::error::CliError;
use crate::exit::Exit;
use crate::profile;

/// Language of what cards say. Errors and help are in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    En,
    /// 中文
    Zh,
}

impl From<Lang> for purse::Language {
    fn from(lang: Lang) -> Self {
        lang.pick(Self::English, Self::Chinese)
    }
}

impl Lang {
    /// The text in this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the user asked for, as far as it is about speaking.
#[derive(Clone, Copy, Debug)]
pub struct Ui {
    /// One JSON document on stdout.
    pub json: bool,
    /// Language of what cards say.
    pub lang: Lang,
    /// Tell what goes over the link.
    pub verbose: bool,
    /// When to colour.
    pub color: Color,
}

/// A colour by what it says.
#[derive(Clone, Copy, Debug)]
pub enum Tone {
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    /// To look at.
    Warning,
    /// Wrong.
    Bad,
}

impl Ui {
    /// Writes a result to stdout.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub fn print(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::Output)
    }

    /// Writes a JSON document to stdout.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub fn document(&self, document: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| CliError::Bug(format!("a result is no JSON: {error}")))?;
        self.print(&format!("{text}\n"))
    }

    /// Writes a JSON document of a stream, a line of its own, to stdout.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub fn line(&self, document: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(document)
            .map_err(|error| CliError::Bug(format!("a result is no JSON: {error}")))?;
        self.print(&format!("{text}\n"))
    }

    /// Says something on stderr; nobody need listen.
    pub fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says on stderr what is being waited for, where a person sees it.
    pub fn progress(&self, text: &str) {
        if io::stderr().is_terminal() {
            self.say(text);
        }
    }

    /// The text in a colour, where stdout shows colours.
    pub fn toned(&self, tone: Tone, text: &str) -> String {
        paint(self.shown(tone, &io::stdout()), text)
    }

    /// The same, where stderr does.
    pub fn toned_talk(&self, tone: Tone, text: &str) -> String {
        paint(self.shown(tone, &io::stderr()), text)
    }

    /// Says why the program ends: on stderr, or with `--json` on stdout.
    pub fn fail(&self, error: &CliError) {
        let exit = Exit::of(error);
        if exit == Exit::Ok || matches!(error, CliError::Told(_)) {
            return;
        }
        let (message, next) = (error.to_string(), error.next());
        let problems = match error {
            CliError::Profile(errors) | CliError::Project(errors) => errors.problems().to_vec(),
            CliError::Batch(errors) => errors.problems().to_vec(),
            CliError::Suites(errors) => errors.problems().cloned().collect(),
            _ => Vec::new(),
        };
        if self.json && !problems.is_empty() {
            let _ = self.document(&profile::refusal(&problems, message, exit.code(), exit.kind()));
            return;
        }
        let found = match error {
            CliError::Undiagnosed { document, .. } => Some(document),
            CliError::Unfinished { document, .. } => document.as_ref(),
            _ => None,
        };
        if let (true, Some(document)) = (self.json, found) {
            let _ = self.failed(error, document);
            return;
        }
        if self.json {
            let body = ErrorBody { code: exit.code(), kind: exit.kind(), message, next };
            // Where stdout is gone, the exit code still tells.
            let _ = self.document(&ErrorDocument { ok: false, error: body });
            return;
        }
        match error {
            CliError::Suites(errors) => self.say(&self.with_its_lines(errors)),
            _ => self.say(&format!("{} {message}", self.toned_talk(Tone::Bad, "error:"))),
        }
        if let Some(next) = next {
            self.say(&format!("{} {next}", self.toned_talk(Tone::Strong, "next:")));
        }
    }

    /// Mistakes in files, each with the line it stands in and a mark under it.
    fn with_its_lines(&self, errors: &SuiteErrors) -> String {
        let plain = self.shown(Tone::Bad, &io::stderr()).is_none();
        let theme = match plain {
            true => GraphicalTheme::unicode_nocolor(),
            false => GraphicalTheme::unicode(),
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
        let told = |mistake: &Mistake| {
            let mut out = String::new();
            match handler.render_report(&mut out, mistake) {
                Ok(()) => out.trim_end().to_owned(),
                Err(_) => mistake.to_string(),
            }
        };
        let all: Vec<String> = errors.mistakes().iter().map(told).collect();
        format!(
            "{}\n{}",
            self.toned_talk(Tone::Bad, "error: a suite file is wrong"),
            all.join("\n")
        )
    }

    /// Writes what there is to tell of a command that failed, and in it why.
    ///
    /// # Errors
    /// [`CliError::Output`].
    pub fn failed(&self, error: &CliError, document: &Value) -> Result<(), CliError> {
        let (exit, message, next) = (Exit::of(error), error.to_string(), error.next());
        let body = ErrorBody { code: exit.code(), kind: exit.kind(), message, next };
        let mut whole = document.clone();
        if let (Some(whole), Ok(body)) = (whole.as_object_mut(), serde_json::to_value(body)) {
            whole.insert("error".to_owned(), body);
        }
        self.document(&whole)
    }

    /// The tone, where this stream shows colours.
    fn shown(&self, tone: Tone, stream: &impl IsTerminal) -> Option<Tone> {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal() && !unwanted,
        };
        colored.then_some(tone)
    }
}

#[derive(Serialize)]
struct ErrorDocument {
    ok: bool,
    error: ErrorBody,
}

#[derive(Serialize)]
struct ErrorBody {
    code: u8,
    kind: &'static str,
    message: String,
    next: Option<String>,
}

fn paint(tone: Option<Tone>, text: &str) -> String {
    let Some(tone) = tone else { return text.to_owned() };
    let code = match tone {
        Tone::Strong => "1",
        Tone::Good => "32",
        Tone::Warning => "33",
        Tone::Bad => "1;31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// The text, filled with blanks to so many columns of a terminal, where a Chinese character takes
/// two.
pub fn padded(text: &str, columns: usize) -> String {
    text.to_owned() + &" ".repeat(columns.saturating_sub(text.width()))
}

/// Upper-case hex without spaces.
pub fn hex_text(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}
