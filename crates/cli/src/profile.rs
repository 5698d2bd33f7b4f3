//! `purse profile`: the card families as data.

mod show;

use applet_spec::{Problem, Profile};
use serde::Serialize;

use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Arguments of `purse profile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the built-in profiles.
    List,
    /// Print names, files, keys and algorithms of a profile.
    ///
    /// Keys are in clear only under lab custody: the built-in profiles have public test keys.
    Show {
        /// A built-in name, or the path of a profile.
        #[arg(value_name = "P")]
        profile: String,
    },
    /// Check a profile file: every problem with line, column and mend.
    Check {
        /// The file.
        file: String,
    },
}

#[derive(Serialize)]
struct List {
    ok: bool,
    profiles: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    version: String,
    summary: String,
    summary_zh: String,
    commands: &'static str,
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Refused {
    ok: bool,
    error: RefusedBody,
}

#[derive(Serialize)]
struct RefusedBody {
    code: u8,
    kind: &'static str,
    message: String,
    next: Option<String>,
    problems: Vec<ProblemLine>,
}

#[derive(Serialize)]
struct ProblemLine {
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    key: String,
    message: String,
    mend: String,
}

/// Does it.
///
/// # Errors
/// A profile that is not there or wrong.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::List => list(ui),
        Verb::Show { profile } => show::run(ui, Profile::find(profile)?.as_ref()),
        Verb::Check { file } => check(ui, file),
    }
}

/// How the profile of a PSAM says what it understands.
const PSAM: &str = "psam";

fn list(ui: &Ui) -> Result<(), CliError> {
    let mut profiles = Vec::new();
    for name in Profile::built_in_names() {
        let profile = Profile::find(name)?;
        profiles.push(Line {
            name: profile.name.clone(),
            version: profile.version.clone(),
            summary: profile.summary.clone(),
            summary_zh: profile.summary_zh.clone(),
            commands: profile.rules.commands.text(),
        });
    }
    if ui.json {
        return ui.document(&List { ok: true, profiles });
    }
    let line = |line: &Line| {
        let summary = ui.lang.pick(&line.summary, &line.summary_zh);
        let kind = if line.commands == PSAM { "PSAM" } else { ui.lang.pick("card", "卡") };
        format!("{:<16} {:<7} {kind:<4}  {summary}\n", line.name, line.version)
    };
    ui.print(&profiles.iter().map(line).collect::<String>())
}

fn check(ui: &Ui, file: &str) -> Result<(), CliError> {
    // A path is meant even where it looks like a built-in name.
    let checked = Profile::read(file);
    match checked {
        Ok(profile) if ui.json => {
            let (name, version) = (profile.name, profile.version);
            ui.document(&Checked { ok: true, name, version })
        }
        Ok(profile) => {
            let good = ui.toned(Tone::Good, "ok");
            ui.print(&format!("{good} {} {}\n", profile.name, profile.version))
        }
        Err(errors) => Err(CliError::Profile(errors)),
    }
}

/// The error document of a file, problem by problem.
pub fn refusal(
    problems: &[Problem],
    message: String,
    code: u8,
    kind: &'static str,
) -> impl Serialize + use<> {
    let problem = |problem: &Problem| ProblemLine {
        file: problem.origin.clone(),
        line: problem.line,
        column: problem.column,
        key: problem.key.clone(),
        message: problem.message.clone(),
        mend: problem.mend.clone(),
    };
    let problems: Vec<_> = problems.iter().map(problem).collect();
    Refused { ok: false, error: RefusedBody { code, kind, message, next: None, problems } }
}
