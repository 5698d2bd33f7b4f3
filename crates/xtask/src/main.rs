//! What developers and CI run: `cargo xtask TASK`. CI calls only this, so that local is CI.

mod bench;
mod checks;
mod command;
mod conform;
mod fuzz;
mod mutants;
mod setup;

use std::process::ExitCode;

use command::Failure;

/// A task: its name, what runs it, and one line of help.
type Task = (&'static str, fn(&[String]) -> Result<(), Failure>, &'static str);

const TASKS: &[Task] = &[
    ("ci", checks::ci, "what a change must pass: fmt --check, lint, test"),
    ("fmt", checks::fmt, "formats the code; --check only looks"),
    ("lint", checks::lint, "clippy, warnings are errors"),
    ("test", checks::test, "setup, then every test, then a short fuzz"),
    ("fuzz", fuzz::task, "TARGET|all [--seconds N]: fuzzes; TARGET FILE...: runs these inputs"),
    (
        "conform",
        conform::task,
        "right cards fail no case, wrong cards do; --update writes the table of the latter",
    ),
    (
        "mutants",
        mutants::task,
        "does the suite notice a wrong card? --report, --list, ..: see docs",
    ),
    ("bench", bench::task, "purse bench, in release and with PC/SC; options are passed on"),
    ("setup", setup::task, "installs what the tests and fuzzing need, through apt-get"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = arguments.first().map(String::as_str);
    let Some((_, run, _)) = TASKS.iter().find(|(name, ..)| Some(*name) == wanted) else {
        help(wanted);
        return if asked_for_help(wanted) { ExitCode::SUCCESS } else { ExitCode::from(2) };
    };
    match run(arguments.get(1..).unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn asked_for_help(wanted: Option<&str>) -> bool {
    matches!(wanted, None | Some("help" | "--help" | "-h"))
}

fn help(wanted: Option<&str>) {
    if let (Some(wanted), false) = (wanted, asked_for_help(wanted)) {
        eprintln!("xtask: there is no task '{wanted}'");
    }
    eprintln!("cargo xtask TASK, where TASK is");
    for (name, _, help) in TASKS {
        eprintln!("  {name:<7} {help}");
    }
}
