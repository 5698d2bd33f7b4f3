//! `purse keys derive`: the key of one card.

use crypto::Key;
use crypto::custody::{KeyName, KeyRecord};
use serde::Serialize;

use super::provider::{self, KeysArgs};
use super::row;
use crate::error::CliError;
use crate::ui::{Tone, Ui, hex_text};

/// Arguments of `purse keys derive`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("card").required(true).args(["factor", "serial"])))]
pub struct Args {
    /// The master key, such as jtt978/1001/purchase/01/01.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    keys: KeysArgs,
    /// A diversification factor of 8 bytes; give it again for each level, the highest first.
    #[arg(long, value_name = "HEX")]
    factor: Vec<String>,
    /// The card's 8-byte serial: the profile says which factors follow from it.
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    /// The card family; without it, the one that NAME begins with.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    name: String,
    algorithm: &'static str,
    provider: String,
    public: bool,
    master_kcv: String,
    factors: Vec<String>,
    kcv: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Derives.
///
/// # Errors
/// Wrong factors, an unknown key, a provider that cannot be asked.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let name = provider::name(&args.name)?;
    let profile = provider::profile(args.profile.as_deref(), Some(&name))?;
    let factors = match &args.serial {
        Some(serial) => {
            whose(args, &name, &profile.name)?;
            profile.factors_for(&eight_bytes("--serial", serial)?)
        }
        None => args
            .factor
            .iter()
            .map(|text| eight_bytes("--factor", text))
            .collect::<Result<_, _>>()?,
    };
    let custody = args.keys.open(&[&profile])?;
    let record = custody.record(&name)?;
    let key = custody.derive(&name, &factors)?;
    let document = document(custody.describe(), &record, &factors, &key);
    if ui.json { ui.document(&document) } else { ui.print(&text(ui, &document, &record)) }
}

fn document(provider: String, record: &KeyRecord, factors: &[[u8; 8]], key: &Key) -> Document {
    Document {
        ok: true,
        name: record.name.to_string(),
        algorithm: record.suite.name(),
        provider,
        public: record.public,
        master_kcv: record.check_value.to_string(),
        factors: factors.iter().map(|factor| hex_text(factor)).collect(),
        kcv: key.check_value(record.suite).to_string(),
        key: record.shown.then(|| hex_text(key.expose())),
    }
}

fn text(ui: &Ui, document: &Document, record: &KeyRecord) -> String {
    let say = |en, zh| ui.lang.pick(en, zh);
    let suite = row::suite_name(record.suite);
    let mut out = format!("{}\n{}  {suite}\n", document.provider, document.name);
    out += &format!("{}  KCV {}\n", say("master key", "主密钥    "), document.master_kcv);
    out += &format!("{}  {}\n", say("factors   ", "分散因子  "), document.factors.join(" "));
    out += &format!("{}  KCV {}", say("card key  ", "卡片子密钥"), document.kcv);
    if let Some(key) = &document.key {
        out += &format!("  {key}  {}", ui.toned(Tone::Warning, row::public_word(ui)));
    }
    out + "\n"
}

/// A serial says nothing without the family it is of.
fn whose(args: &Args, name: &KeyName, found: &str) -> Result<(), CliError> {
    if args.profile.is_some() || name.as_str().split('/').next() == Some(found) {
        return Ok(());
    }
    let message =
        format!("the name {name} does not begin with a profile, so --serial says nothing");
    Err(CliError::mistyped(message, "--serial HEX --profile P, or --factor HEX for each level"))
}

fn eight_bytes(option: &str, text: &str) -> Result<[u8; 8], CliError> {
    let mut bytes = [0; 8];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| {
        let message = format!("{option} '{text}' is not 16 hexadecimal digits");
        CliError::mistyped(message, format!("{option} 9999000000000001"))
    })?;
    Ok(bytes)
}
