//! `purse applet`: Java Card packages from sources or class files.
//!
//! What a class file becomes is the converter's, what a CAP file may be the verifier's; here are
//! projects, the Java compiler, files and words.

mod advice;
mod build;
mod compile;
mod convert;
mod declared;
mod javac;
mod libraries;
mod make;
mod new;
pub mod platform;
mod project;
mod report;
mod said;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse applet`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a project: applet.toml, a sample applet, a test.
    New(new::Args),
    /// Compile, convert and verify a project; write its CAP and export file.
    Build(build::BuildArgs),
    /// The same, and write nothing.
    Check(build::CheckArgs),
    /// Class files straight to CAP and export file.
    Convert(Box<convert::Args>),
}

/// Does it.
///
/// # Errors
/// [`CliError`].
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::New(args) => new::run(ui, args),
        Verb::Build(args) => build::build(ui, args),
        Verb::Check(args) => build::check(ui, args),
        Verb::Convert(args) => convert::run(ui, args),
    }
}
