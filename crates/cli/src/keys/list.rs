//! `purse keys list`.

use crypto::custody::CustodyError;
use serde::Serialize;

use super::provider::{self, KeysArgs};
use super::row::{self, KeyDocument};
use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Arguments of `purse keys list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    keys: KeysArgs,
    /// Whose lab keys, where no other provider is named.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    provider: String,
    keys: Vec<KeyDocument>,
    left_out: Vec<String>,
}

/// Lists.
///
/// # Errors
/// A provider that cannot be asked.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let profile = provider::profile(args.profile.as_deref(), None)?;
    let custody = args.keys.open(&[&profile])?;
    let records = custody.records()?;
    let left_out: Vec<_> = custody.left_out().iter().map(CustodyError::to_string).collect();
    let provider = custody.describe();
    if ui.json {
        let keys = records.iter().map(KeyDocument::of).collect();
        return ui.document(&Document { ok: true, provider, keys, left_out });
    }
    for why in &left_out {
        ui.say(&format!("{} {why}", ui.toned_talk(Tone::Warning, "warning:")));
    }
    let width = row::width(records.iter());
    let lines: String = records.iter().map(|record| row::line(ui, record, width)).collect();
    ui.print(&format!("{provider}\n{}{lines}", row::heading(ui, width)))
}
