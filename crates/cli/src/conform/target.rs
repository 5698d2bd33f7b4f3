//! The real card that is meant, and what is said before it is touched.

use apdu::StatusWord;
use applet_spec::Profile;
use conformance::run::Selection;
use link::{Atr, CardTransport};
use purse::{FileRef, Occurrence, PurseCommand, SelectBy};

use crate::error::CliError;
use crate::ui::{Ui, hex_text};

/// The card that is meant, as it was typed.
pub struct Wanted<'w> {
    /// Serial, hexadecimal.
    pub serial: Option<&'w str>,
    /// Answer to reset, hexadecimal.
    pub atr: Option<&'w str>,
}

/// Whether the card in the reader is the one that is meant; its answer to reset.
///
/// # Errors
/// Nobody said which card is meant, or it is another one.
pub fn meant(
    card: &mut dyn CardTransport,
    profile: &Profile,
    wanted: &Wanted<'_>,
) -> Result<Atr, CliError> {
    let atr = card.reset()?;
    let serial = serial(card, profile)?;
    let shown = serial.map_or("unknown".to_owned(), |serial| hex_text(&serial));
    let next = match serial {
        Some(serial) => format!("--serial {}, or --atr {atr}", hex_text(&serial)),
        None => format!("--atr {atr}"),
    };
    if wanted.serial.is_none() && wanted.atr.is_none() {
        let message = format!(
            "{} holds a real card (serial {shown}); say that it is the one to be tested",
            card.describe()
        );
        return Err(CliError::mistyped(message, next));
    }
    let same = |typed: &str, found: &[u8]| {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        hex::decode(typed).is_ok_and(|typed| typed == found)
    };
    let right_serial = wanted.serial.is_none_or(|typed| serial.is_some_and(|s| same(typed, &s)));
    let right_atr = wanted.atr.is_none_or(|typed| same(typed, &atr.0));
    if right_serial && right_atr {
        return Ok(atr);
    }
    let message = format!("another card is in {}: serial {shown}, ATR {atr}", card.describe());
    Err(CliError::mistyped(message, format!("put the right card in, or {next}")))
}

/// The card's serial from its public file, where it has one.
fn serial(card: &mut dyn CardTransport, profile: &Profile) -> Result<Option<[u8; 8]>, CliError> {
    let Some(application) = profile.main_directory() else { return Ok(None) };
    let Ok(name) = apdu::DfName::new(&application.name) else { return Ok(None) };
    let select = PurseCommand::Select { by: SelectBy::Name(name), occurrence: Occurrence::First };
    let read = PurseCommand::ReadBinary {
        file: FileRef::Sfi(Profile::PUBLIC_SFI),
        offset: 0,
        ne: Some(256),
        mac: None,
    };
    let bytes = |command: &PurseCommand| {
        let built = command.to_apdu().to_bytes();
        built.map_err(|error| CliError::Bug(format!("a command cannot be built: {error}")))
    };
    card.transmit(&bytes(&select)?)?;
    let answer = card.transmit(&bytes(&read)?)?;
    let Some((data, [sw1, sw2])) = answer.split_last_chunk::<2>() else { return Ok(None) };
    let status = StatusWord(u16::from_be_bytes([*sw1, *sw2]));
    Ok(profile.serial_in(data).filter(|_| status.is_ok()))
}

/// Says what will happen to a real card.
pub fn announce(ui: &Ui, selection: &Selection, profile: &Profile) {
    ui.say(&sentence(ui, selection, profile));
}

/// Prints what would be run.
///
/// # Errors
/// [`CliError::Output`].
pub fn tell_plan(ui: &Ui, selection: &Selection, profile: &Profile) -> Result<(), CliError> {
    if ui.json {
        let cases: Vec<_> = selection
            .entries
            .iter()
            .map(|entry| {
                serde_json::json!({
                    "id": entry.case.id,
                    "run": entry.skipped.is_none(),
                    "destructive": entry.destructive,
                    "why": entry.skipped.as_ref().map(|why| ui.lang.pick(&why.en, &why.zh)),
                })
            })
            .collect();
        return ui.document(&serde_json::json!({ "ok": true, "cases": cases }));
    }
    let mut out = sentence(ui, selection, profile) + "\n";
    for entry in &selection.entries {
        let mark = match (&entry.skipped, entry.destructive) {
            (Some(_), _) => "-",
            (None, true) => "!",
            (None, false) => "+",
        };
        let purpose = ui.lang.pick(&entry.case.purpose.en, &entry.case.purpose.zh);
        out += &format!("{mark} {} {purpose}", entry.case.id);
        if let Some(why) = &entry.skipped {
            out += &format!(" ({})", ui.lang.pick(&why.en, &why.zh));
        }
        out.push('\n');
    }
    ui.print(&out)
}

fn sentence(ui: &Ui, selection: &Selection, profile: &Profile) -> String {
    let run = selection.run().count();
    let destructive = selection.destructive().count();
    let skipped = selection.entries.len() - run;
    let (name, version) = (&profile.name, &profile.version);
    ui.lang.pick(
        format!(
            "{name} {version}: {run} cases to be run, {destructive} of them may lock something or \
             use up tries; {skipped} skipped"
        ),
        format!(
            "{name} {version}: 将运行 {run} 个用例, 其中 {destructive} 个可能锁定或耗尽次数; 跳过 \
             {skipped} 个"
        ),
    )
}
