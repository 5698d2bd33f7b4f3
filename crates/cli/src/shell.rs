//! `purse completions` and `purse man`.

use std::path::PathBuf;

use clap_complete::Shell;

use crate::args;
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Whose completions.
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `purse man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Directory for the pages; made where there is none.
    dir: PathBuf,
}

/// Prints the completions of a shell.
///
/// # Errors
/// [`CliError::Output`].
pub fn completions(ui: &Ui, args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "purse", &mut script);
    ui.print(&String::from_utf8_lossy(&script))
}

/// Writes a manual page per command.
///
/// # Errors
/// [`CliError::Write`].
pub fn man(ui: &Ui, args: &ManArgs) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: args.dir.display().to_string(), source };
    std::fs::create_dir_all(&args.dir).map_err(failed)?;
    clap_mangen::generate_to(args::command(), &args.dir).map_err(failed)?;
    ui.say(&format!("man --local-file {}", args.dir.join("purse.1").display()));
    Ok(())
}
