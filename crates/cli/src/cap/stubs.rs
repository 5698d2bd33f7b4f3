//! `purse cap stubs`.

use std::path::PathBuf;

use capfile::api::{Api, Package, Platform};
use serde::Serialize;

use crate::applet::platform;
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse cap stubs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Version of the Java Card platform: 2.2.1, 2.2.2, 3.0.4, 3.0.5, 3.1.0 or 3.2.0.
    #[arg(long, value_name = "V", value_parser = platform::platform)]
    platform: &'static Platform,
    /// A package beside the platform's, as in `org.globalplatform=1.1`.
    #[arg(long = "api", value_name = "NAME=VERSION", value_parser = platform::beside)]
    beside: Vec<Package<'static>>,
    /// The JAR that is written.
    #[arg(short, long, value_name = "FILE.jar")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    file: String,
    platform: String,
    bytes: usize,
    packages: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    version: String,
}

/// Writes the JAR.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let api = Api::built_in();
    let jar = api.stubs(args.platform, args.beside.iter().copied()).to_bytes();
    // The tables have no class twice, but an argument may stand twice.
    let jar = jar.map_err(|error| CliError::Usage(format!("{error}: name a package once")))?;
    let file = args.output.display().to_string();
    std::fs::write(&args.output, &jar)
        .map_err(|source| CliError::Write { path: file.clone(), source })?;
    let packages = api.of_platform(args.platform).chain(args.beside.iter().copied());
    let packages = packages.filter(|package| !package.name().starts_with("java/"));
    let line = |package: Package<'_>| Line {
        name: package.name().replace('/', "."),
        version: package.version().to_string(),
    };
    let packages: Vec<Line> = packages.map(line).collect();
    if ui.json {
        let platform = args.platform.name.clone();
        return ui.document(&Document { ok: true, file, platform, bytes: jar.len(), packages });
    }
    let lines = packages.iter().map(|line| format!("  {} {}\n", line.name, line.version));
    ui.print(&format!(
        "{file}: classes of Java Card {} to compile against, {} bytes\n{}",
        args.platform.name,
        jar.len(),
        lines.collect::<String>()
    ))
}
