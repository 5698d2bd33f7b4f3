//! `purse keys kcv`: check values.

use std::fmt::Display;
use std::io::{self, IsTerminal};

use crypto::custody::is_public_test_key;
use crypto::{KeyCheckValue, Suite};
use keystore::{Component, combine, prompt, read_secret_text};
use serde::Serialize;
use zeroize::Zeroizing;

use super::provider::{self, KeysArgs};
use super::row::{self, KeyDocument};
use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Arguments of `purse keys kcv`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("key").required(true).args(["name", "from"])))]
pub struct Args {
    /// The key, such as jtt978/1001/purchase/01/01.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    keys: KeysArgs,
    /// Where lab keys are meant, whose.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// A file with the key, or with up to three components of it, one HEX[:KCV] per line; - is
    /// stdin, on a terminal without echo.
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// Suite of a key that is read: 3des or sm4.
    #[arg(long, value_name = "SUITE", default_value = "3des", value_parser = suite)]
    suite: Suite,
}

#[derive(Serialize)]
struct HeldDocument {
    ok: bool,
    provider: String,
    #[serde(flatten)]
    key: KeyDocument,
}

#[derive(Serialize)]
struct ReadDocument {
    ok: bool,
    algorithm: &'static str,
    kcv: String,
    public: bool,
    components: Vec<String>,
}

/// Tells it.
///
/// # Errors
/// An unknown key, no key in what is read, a provider that cannot be asked.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match (&args.name, &args.from) {
        (Some(name), _) => held(ui, args, name),
        (None, Some(from)) => read(ui, args.suite, from),
        (None, None) => Err(CliError::Usage("name a key, or say --from FILE".to_owned())),
    }
}

fn held(ui: &Ui, args: &Args, name: &str) -> Result<(), CliError> {
    let name = provider::name(name)?;
    let profile = provider::profile(args.profile.as_deref(), Some(&name))?;
    let custody = args.keys.open(&[&profile])?;
    let record = custody.record(&name)?;
    if ui.json {
        let (provider, key) = (custody.describe(), KeyDocument::of(&record));
        return ui.document(&HeldDocument { ok: true, provider, key });
    }
    ui.print(&row::line(ui, &record, 0))
}

fn read(ui: &Ui, suite: Suite, from: &str) -> Result<(), CliError> {
    let components = if from == "-" && io::stdin().is_terminal() {
        typed(ui, suite)?
    } else {
        listed(suite, from)?
    };
    let key = combine(suite, &components, None).map_err(|problem| wrong(from, problem))?;
    let value = |of: &crypto::Key| of.check_value(suite);
    let values: Vec<KeyCheckValue> = components.iter().map(|part| value(part.key())).collect();
    let public = is_public_test_key(suite, &key);
    if ui.json {
        return ui.document(&ReadDocument {
            ok: true,
            algorithm: suite.name(),
            kcv: value(&key).to_string(),
            public,
            components: values.iter().map(KeyCheckValue::to_string).collect(),
        });
    }
    let say = |en, zh| ui.lang.pick(en, zh);
    let mut out = String::new();
    if let [_, _, ..] = values.as_slice() {
        for (at, value) in (1..).zip(&values) {
            out += &format!("{} {at}  KCV {value}\n", say("component", "密钥分量"));
        }
    }
    let note = if public { ui.toned(Tone::Warning, row::public_word(ui)) } else { String::new() };
    let line = format!("{}  KCV {}  {note}", row::suite_name(suite), value(&key));
    ui.print(&format!("{out}{}\n", line.trim_end()))
}

/// Components from a file or a pipe, one per line.
fn listed(suite: Suite, from: &str) -> Result<Vec<Component>, CliError> {
    let (text, origin) = read_secret_text(from)?;
    let mut components = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default().trim();
        if !content.is_empty() {
            let place = format!("{origin}:{line}");
            let part = Component::parse(suite, content);
            components.push(part.map_err(|problem| wrong(&place, problem))?);
        }
    }
    Ok(components)
}

/// Components from the terminal, without echo; an empty one is the end.
fn typed(ui: &Ui, suite: Suite) -> Result<Vec<Component>, CliError> {
    let mut components = Vec::new();
    ui.say("key or components in hex, each as HEX or HEX:KCV; an empty line ends");
    while components.len() < Component::MOST {
        let what = format!("component {}", components.len() + 1);
        let secret = prompt(&what).map_err(keystore::KeystoreError::from)?;
        let text =
            secret.map(|secret| Zeroizing::new(secret.expose().to_vec())).unwrap_or_default();
        let text = std::str::from_utf8(&text).map_err(|_| wrong(&what, "it is no text"))?.trim();
        if text.is_empty() {
            break;
        }
        components.push(Component::parse(suite, text).map_err(|problem| wrong(&what, problem))?);
    }
    Ok(components)
}

fn wrong(place: &str, problem: impl Display) -> CliError {
    CliError::mistyped(
        format!("{place}: {problem}"),
        "one HEX or HEX:KCV per line, 16 or 32 digits each",
    )
}

fn suite(text: &str) -> Result<Suite, String> {
    Suite::named(text).ok_or_else(|| "write 3des or sm4".to_owned())
}
