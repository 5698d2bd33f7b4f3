//! `purse keys import`: keys into a key file or a token.

use std::io::{self, IsTerminal};

use applet_spec::Profile;
use crypto::custody::{KeyRecord, Secrecy};
use keystore::{Environment, Imported, NewKey, Outcome, Replacing, parse_keys, read_secret_text};
use serde::Serialize;

use super::provider;
use super::row::{self, KeyDocument};
use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Arguments of `purse keys import`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("list").required(true).args(["file", "lab"])))]
pub struct Args {
    /// A list of keys; - is stdin.
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// The public lab keys of this profile, all of them.
    #[arg(long, value_name = "P")]
    lab: Option<String>,
    /// Where to: file:PATH (made where there is none) or pkcs11:MODULE[?token=LABEL].
    #[arg(long, value_name = "SPEC")]
    to: String,
    /// Put keys in the place of other keys of the same name.
    #[arg(long)]
    replace: bool,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    to: String,
    keys: Vec<ImportedDocument>,
}

#[derive(Serialize)]
struct ImportedDocument {
    #[serde(flatten)]
    key: KeyDocument,
    outcome: &'static str,
    replaced_kcv: Option<String>,
}

/// Imports.
///
/// # Errors
/// A wrong list, a name that is taken, a provider that cannot keep them.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let to = provider::spec(&args.to)?;
    let keys = match (&args.lab, &args.file) {
        (Some(profile), _) => lab_keys(profile)?,
        (None, Some(file)) => listed(file)?,
        (None, None) => return Err(CliError::Usage("name a list of keys, or --lab P".to_owned())),
    };
    let replacing = if args.replace { Replacing::Allowed } else { Replacing::Never };
    let imported = to.import(keys, replacing, &Environment)?;
    if args.lab.is_none() {
        warn_of_public(ui, imported.iter().map(|one| &one.record));
    }
    if ui.json {
        let keys = imported.iter().map(ImportedDocument::of).collect();
        return ui.document(&Document { ok: true, to: to.to_string(), keys });
    }
    let width = row::width(imported.iter().map(|one| &one.record));
    let line = |one: &Imported| {
        let (word, was) = said(ui, one.outcome);
        format!("{word}  {}{was}\n", row::line(ui, &one.record, width).trim_end())
    };
    let lines: String = imported.iter().map(line).collect();
    let keys = ui.lang.pick(if imported.len() == 1 { "key" } else { "keys" }, "个密钥");
    ui.print(&format!("{lines}{} {keys} -> {to}\n", imported.len()))
}

fn lab_keys(profile: &str) -> Result<Vec<NewKey>, CliError> {
    let profile = Profile::find(profile)?;
    let new = |(name, suite, key)| NewKey { name, suite, key, secrecy: Secrecy::Public };
    let keys: Vec<_> = profile.lab_keys().map(new).collect();
    if keys.is_empty() {
        return Err(keystore::KeystoreError::NoLabKeys { profile: profile.name.clone() }.into());
    }
    Ok(keys)
}

fn listed(file: &str) -> Result<Vec<NewKey>, CliError> {
    if file == "-" && io::stdin().is_terminal() {
        return Err(CliError::mistyped(
            "keys that are typed here would be seen on the screen",
            "purse keys import FILE --to .., or pipe the list into purse keys import - --to ..",
        ));
    }
    let (text, origin) = read_secret_text(file)?;
    Ok(parse_keys(&text, &origin)?)
}

fn warn_of_public<'r>(ui: &Ui, records: impl Iterator<Item = &'r KeyRecord>) {
    for record in records.filter(|record| record.public) {
        let warning = ui.toned_talk(Tone::Warning, "warning:");
        let KeyRecord { name, check_value, .. } = record;
        ui.say(&format!(
            "{warning} {name} (KCV {check_value}) is a test key that anybody may know; it protects \
             nothing"
        ));
    }
}

/// What became of a key, and the check value of the one before.
fn said(ui: &Ui, outcome: Outcome) -> (&'static str, String) {
    let say = |en, zh| ui.lang.pick(en, zh);
    match outcome {
        Outcome::Added => (say("added    ", "新增"), String::new()),
        Outcome::Unchanged => (say("unchanged", "未变"), String::new()),
        Outcome::Replaced(old) => {
            let was = old.map(|old| format!("  ({} {old})", say("was", "原为")));
            (say("replaced ", "替换"), was.unwrap_or_default())
        }
    }
}

impl ImportedDocument {
    fn of(imported: &Imported) -> Self {
        let (outcome, old) = match imported.outcome {
            Outcome::Added => ("added", None),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Replaced(old) => ("replaced", old.map(|old| old.to_string())),
        };
        Self { key: KeyDocument::of(&imported.record), outcome, replaced_kcv: old }
    }
}
