//! What a PSAM says of itself.

use applet_spec::{Profile, PsamSpec};
use link::CardTransport;
use purse::{FileRef, Occurrence, PurseCommand, SelectBy};
use serde::Serialize;
use terminal::CardSession;

use super::decode::date;
use crate::error::CliError;
use crate::ui::{Ui, hex_text, padded};

/// What terminals read of a PSAM; `None` where it does not tell.
#[derive(Clone, Debug, Serialize)]
pub struct PsamPart {
    /// Terminal number.
    terminal: Option<String>,
    /// Terminal transaction serial of the next MAC1.
    terminal_serial: Option<u32>,
    /// Key index that terminals name to cards.
    key_index: Option<u8>,
    /// Issuer bytes.
    issuer: Option<String>,
    /// Receiver bytes.
    receiver: Option<String>,
    /// Start of validity.
    valid_from: Option<String>,
    /// End of validity.
    valid_to: Option<String>,
}

/// Reads it; the application is selected before, the MF after.
///
/// # Errors
/// The link.
pub fn read(transport: &mut dyn CardTransport, spec: &PsamSpec) -> Result<PsamPart, CliError> {
    let mut card = CardSession::new(transport);
    let parameters = file(&mut card, Profile::PARAMETER_SFI)?;
    let serial = file(&mut card, spec.serial_file)?;
    let (by, occurrence) = (SelectBy::Fid(0x3F00), Occurrence::First);
    card.exchange(&PurseCommand::Select { by, occurrence })?;
    let terminal = file(&mut card, Profile::TERMINAL_SFI)?;
    let part = |from: usize, to: usize| parameters.get(from..to);
    Ok(PsamPart {
        terminal: terminal.get(..6).map(hex_text),
        terminal_serial: serial.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
        key_index: parameters.first().copied(),
        issuer: part(1, 9).map(hex_text),
        receiver: part(9, 17).map(hex_text),
        valid_from: part(17, 21).map(date),
        valid_to: part(21, 25).map(date),
    })
}

/// The PSAM in words.
pub fn text(ui: &Ui, psam: &PsamPart) -> String {
    let say = |en, zh| ui.lang.pick(en, zh);
    let untold = || say("not told", "未提供").to_owned();
    let serial = psam.terminal_serial.map(|serial| format!("{serial:08X}"));
    let index = psam.key_index.map(|index| format!("{index:02X}"));
    let valid = psam.valid_from.as_ref().zip(psam.valid_to.as_ref());
    let mut out = String::new();
    for (name, value) in [
        (say("terminal", "终端机编号"), psam.terminal.clone()),
        (say("next serial", "终端交易序号"), serial),
        (say("key index", "密钥索引"), index),
        (say("issuer", "发行方"), psam.issuer.clone()),
        (say("receiver", "接收方"), psam.receiver.clone()),
        (say("valid", "有效期"), valid.map(|(from, to)| format!("{from} .. {to}"))),
    ] {
        out += &format!("{} {}\n", padded(name, 13), value.unwrap_or_else(untold));
    }
    out
}

/// The beginning of a file; empty where it may not be read.
fn file(card: &mut CardSession<'_>, sfi: u8) -> Result<Vec<u8>, CliError> {
    let file = FileRef::Sfi(sfi);
    let read = PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None };
    let answer = card.exchange(&read)?;
    Ok(if answer.status.is_ok() { answer.data } else { Vec::new() })
}
