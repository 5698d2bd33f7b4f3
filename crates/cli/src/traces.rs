//! `purse trace`: what went over a link, read afterwards.

mod convert;
mod view;
mod words;

use std::path::{Path, PathBuf};

use applet_spec::Catalogue;
use link::Recording;
use reader::{LogFormat, UnknownLogFormat};

use crate::error::CliError;
use crate::recordings;
use crate::ui::Ui;

/// Arguments of `purse trace`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE is a recording (--record FILE beside any --card), or a log of apdu4j, GlobalPlatformPro, OpenSC \
(debug log or opensc-tool), pcsc-spy, pcscd --apdu, or lines of hex; - reads stdin. Secrets are masked.

Examples:
  purse trace view session.rec
  purse trace view --lang zh opensc-debug.log
  purse trace convert pcsc-spy.log > session.rec && purse card info --card replay:session.rec
  purse trace convert --to jsonl session.rec")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every command and answer in words.
    View(ViewArgs),
    /// Turn a log into a recording, which replays, or into JSON lines.
    Convert(ConvertArgs),
}

/// What is read.
#[derive(Debug, clap::Args)]
struct Source {
    /// The recording or log.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who wrote it: recording, apdu4j, opensc, pcsc-spy, pcscd, hex, or auto.
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = log_format)]
    from: Format,
    /// Which card, where a log has several: a part of its reader's name.
    #[arg(long, value_name = "NAME-PART")]
    reader: Option<String>,
}

/// Arguments of `purse trace view`.
#[derive(Debug, clap::Args)]
pub struct ViewArgs {
    #[command(flatten)]
    source: Source,
    /// The card's family, where its SELECT does not tell.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
}

/// Arguments of `purse trace convert`.
#[derive(Debug, clap::Args)]
pub struct ConvertArgs {
    #[command(flatten)]
    source: Source,
    /// What to make of it.
    #[arg(long, value_enum, default_value = "recording")]
    to: Target,
}

/// What `convert` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// A recording (docs/formats/recording.md).
    Recording,
    /// One JSON object per event.
    Jsonl,
}

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Auto,
    Known(LogFormat),
}

fn log_format(text: &str) -> Result<Format, UnknownLogFormat> {
    match text {
        "auto" => Ok(Format::Auto),
        _ => text.parse().map(Format::Known),
    }
}

/// Does it.
///
/// # Errors
/// A file that cannot be read, with its line.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::View(args) => view::run(ui, args),
        Verb::Convert(args) => convert::run(ui, args),
    }
}

impl Source {
    fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// Reads it; also who wrote it.
    fn read(&self) -> Result<(Recording, LogFormat), CliError> {
        let text = recordings::read(Path::new(&self.file))?;
        let format = match self.from {
            Format::Auto => LogFormat::recognise(&text),
            Format::Known(format) => format,
        };
        let recording = format.read(&text, self.reader.as_deref(), Catalogue::carries_secret);
        let recording = recording.map_err(|error| {
            CliError::Recording(format!("{}:{}: {}", self.name(), error.line, error.problem))
        })?;
        Ok((recording, format))
    }
}
