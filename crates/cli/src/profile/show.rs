//! `purse profile show`: one profile, as text and in the JSON shape that `docs/json.md` fixes.

mod psam;

use applet_spec::{Custody, Directory, FileKind, KeySpec, PinUse, Profile};
use crypto::{Key, Suite};
use emulator::LabKeys;
use emulator::native::personalise::diversified;
use serde::Serialize;

use crate::error::CliError;
use crate::ui::{Tone, Ui, hex_text};
use psam::PsamPart;

#[derive(Serialize)]
struct Document<'p> {
    ok: bool,
    name: &'p str,
    version: &'p str,
    summary: &'p str,
    summary_zh: &'p str,
    aid: String,
    algorithm: &'static str,
    serial: String,
    pin: Option<String>,
    custody: &'static str,
    factors: Vec<String>,
    authentication_code: Option<String>,
    psam: Option<PsamPart<'p>>,
    keys: Vec<KeyLine>,
    files: Vec<FileLine<'p>>,
}

#[derive(Serialize)]
struct KeyLine {
    kind: &'static str,
    index: u8,
    version: u8,
    algorithm: &'static str,
    directory: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<u8>,
    kcv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<String>,
}

#[derive(Serialize)]
struct FileLine<'p> {
    sfi: String,
    fid: String,
    directory: String,
    kind: &'static str,
    size: usize,
    record: Option<u8>,
    count: Option<u8>,
    title: &'p str,
    title_zh: &'p str,
}

/// Shows a profile.
///
/// # Errors
/// [`CliError::Output`].
pub fn run(ui: &Ui, profile: &Profile) -> Result<(), CliError> {
    let document = document(profile)?;
    if ui.json { ui.document(&document) } else { ui.print(&text(ui, profile, &document)) }
}

fn document(profile: &Profile) -> Result<Document<'_>, CliError> {
    let factors = profile.factors_for(&profile.serial);
    let mut keys = Vec::new();
    let mut files = Vec::new();
    for directory in application_first(profile) {
        for key in &directory.keys {
            keys.push(key_line(profile, directory, key, &factors)?);
        }
        for key in &directory.sam_keys {
            keys.push(psam::key_line(profile, directory, key)?);
        }
        files.extend(directory.files.iter().map(|file| file_line(directory, file)));
    }
    Ok(Document {
        ok: true,
        name: &profile.name,
        version: &profile.version,
        summary: &profile.summary,
        summary_zh: &profile.summary_zh,
        aid: profile.main_directory().map_or_else(String::new, |app| hex_text(&app.name)),
        algorithm: profile.rules.suite.name(),
        serial: hex_text(&profile.serial),
        pin: pin_of_load(profile).map(hex_text),
        custody: match profile.custody {
            Custody::Lab => "lab",
            Custody::Sealed => "sealed",
        },
        factors: factors.iter().map(|factor| hex_text(factor)).collect(),
        authentication_code: profile.authentication_code.map(|code| hex_text(&code)),
        psam: profile.psam.as_ref().map(PsamPart::of),
        keys,
        files,
    })
}

/// The directories, those with purses or keys of a PSAM before the others, each group in the
/// profile's order.
fn application_first(profile: &Profile) -> impl Iterator<Item = &Directory> {
    let main = |one: &&Directory| !(one.purses.is_empty() && one.sam_keys.is_empty());
    let with = profile.directories.iter().filter(main);
    with.chain(profile.directories.iter().filter(move |one| !main(one)))
}

/// The PIN, where a load needs it.
fn pin_of_load(profile: &Profile) -> Option<&[u8]> {
    let application = profile.application()?;
    let needed = application.purses.iter().any(|purse| purse.pin_for.contains(&PinUse::Load));
    application.pin.as_ref().filter(|_| needed).map(|pin| pin.value.as_slice())
}

fn key_line(
    profile: &Profile,
    directory: &Directory,
    key: &KeySpec,
    factors: &[[u8; 8]],
) -> Result<KeyLine, CliError> {
    let shown = match profile.custody {
        Custody::Lab => {
            let master = LabKeys(profile).master(directory, key)?;
            let card = diversified(&master, key, factors);
            Some((master, card))
        }
        Custody::Sealed => None,
    };
    let (master, card) = shown.unzip();
    let clear = |key: &Key| hex_text(key.expose());
    Ok(KeyLine {
        kind: key.kind.text(),
        index: key.index,
        version: key.version,
        algorithm: key.suite.name(),
        directory: format!("{:04X}", directory.fid),
        usage: None,
        levels: None,
        kcv: card.as_ref().map(|card| card.check_value(key.suite).to_string()),
        master: master.as_ref().map(clear),
        card: card.as_ref().map(clear),
    })
}

fn file_line<'p>(directory: &Directory, file: &'p applet_spec::FileSpec) -> FileLine<'p> {
    let (kind, record, count) = match file.kind {
        FileKind::Binary { .. } => ("binary", None, None),
        FileKind::Linear { record, count } => ("linear", Some(record), Some(count)),
        FileKind::Variable { record, count } => ("variable", Some(record), Some(count)),
        FileKind::Cyclic { record, count } => ("cyclic", Some(record), Some(count)),
    };
    FileLine {
        sfi: format!("{:02X}", file.sfi),
        fid: format!("{:04X}", file.fid),
        directory: format!("{:04X}", directory.fid),
        kind,
        size: file.kind.bytes(),
        record,
        count,
        title: &file.title,
        title_zh: &file.title_zh,
    }
}

fn text(ui: &Ui, profile: &Profile, document: &Document<'_>) -> String {
    let say = |en, zh| ui.lang.pick(en, zh);
    let heading = |en, zh| format!("\n{}\n", ui.toned(Tone::Strong, say(en, zh)));
    let suite = match profile.rules.suite {
        Suite::TripleDes => "3DES",
        Suite::Sm4 => "SM4",
    };
    let none = say("none", "无").to_owned();
    let or_none = |text: String| if text.is_empty() { none.clone() } else { text };
    let mut out = format!(
        "{} {}  {}\n",
        document.name,
        document.version,
        say(document.summary, document.summary_zh)
    );
    let mut lines = vec![
        (say("application", "应用 AID"), or_none(document.aid.clone())),
        (say("algorithm", "算法"), suite.to_owned()),
        (say("serial", "分散序列号"), document.serial.clone()),
        (say("factors", "分散因子"), or_none(document.factors.join(" "))),
    ];
    match &document.psam {
        Some(psam) => lines.extend(psam.lines(ui)),
        None => lines.extend([
            (say("PIN for load", "圈存 PIN"), document.pin.clone().unwrap_or_else(|| none.clone())),
            (
                say("identification code", "安全认证识别码"),
                document.authentication_code.clone().unwrap_or(none),
            ),
        ]),
    }
    lines.push((say("custody", "密钥保管"), document.custody.to_owned()));
    for (name, value) in lines {
        out += &format!("{name:<20} {value}\n");
    }
    out += &heading("keys", "密钥");
    out += match document.psam {
        Some(_) => "dir  use kind                    lvl idx ver alg  KCV    key\n",
        None => "dir  kind                    idx ver alg  KCV    card key\n",
    };
    for key in &document.keys {
        let levels = key.levels.map_or_else(String::new, |levels| levels.to_string());
        let (usage, levels) = match document.psam {
            Some(_) => {
                (format!("{:<4}", key.usage.as_deref().unwrap_or("")), format!("{levels:<4}"))
            }
            None => (String::new(), String::new()),
        };
        out += &format!(
            "{:4} {usage}{:<23} {levels}{:02X}  {:02X}  {:<4} {:<6} {}\n",
            key.directory,
            key.kind,
            key.index,
            key.version,
            key.algorithm,
            key.kcv.as_deref().unwrap_or("-"),
            key.card.as_deref().unwrap_or("-"),
        );
    }
    out += &heading("files", "文件");
    out += "dir  sfi fid  kind     records   bytes title\n";
    for file in &document.files {
        let records = match (file.record, file.count) {
            (Some(record), Some(count)) => format!("{count} x {record}"),
            _ => String::new(),
        };
        out += &format!(
            "{:4} {:3} {:4} {:<8} {:<9} {:>5} {}\n",
            file.directory,
            file.sfi,
            file.fid,
            file.kind,
            records,
            file.size,
            say(file.title, file.title_zh),
        );
    }
    out
}
