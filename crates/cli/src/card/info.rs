//! `purse card info`.

use apdu::tlv;
use link::CardTransport;
use purse::{FileRef, PurseCommand};
use serde::Serialize;
use terminal::CardSession;

use super::OpenedCard;
use super::balance::{self, PurseLine};
use super::decode::PublicFile;
use super::psam::{self, PsamPart};
use super::reading::What;
use crate::error::CliError;
use crate::ui::{Ui, hex_text, padded};

#[derive(Serialize)]
struct Document {
    ok: bool,
    card: String,
    atr: String,
    aid: Option<String>,
    family: Option<String>,
    fci: String,
    public: Option<PublicFile>,
    purses: Vec<PurseLine>,
    psam: Option<PsamPart>,
}

/// Prints what the card is.
pub fn run(ui: &Ui, bench: &mut OpenedCard) -> Result<(), CliError> {
    let psam_spec = bench.selected.profile.as_ref().and_then(|one| one.psam.clone());
    let psam = match &psam_spec {
        Some(spec) => Some(psam::read(bench.transport.as_mut(), spec)?),
        None => None,
    };
    let blank = bench.selected.what == What::BlankCard;
    let public = match tlv::find(&bench.selected.fci, &[0x6F, 0xA5, 0x9F0C]) {
        Ok(Some(bytes)) => PublicFile::of(bytes),
        _ if psam.is_some() || blank => None,
        _ => read_public(bench.transport.as_mut())?,
    };
    let purses = match &psam {
        Some(_) => Vec::new(),
        None if blank => Vec::new(),
        None => balance::read(ui, bench.transport.as_mut(), &bench.selected)?,
    };
    let document = Document {
        ok: true,
        card: bench.transport.describe(),
        atr: bench.atr.to_string(),
        aid: (!blank).then(|| hex_text(&bench.selected.aid)),
        family: bench.family(),
        fci: hex_text(&bench.selected.fci),
        public,
        purses,
        psam,
    };
    if ui.json { ui.document(&document) } else { ui.print(&text(ui, &document)) }
}

fn read_public(transport: &mut dyn CardTransport) -> Result<Option<PublicFile>, CliError> {
    let file = FileRef::Sfi(applet_spec::Profile::PUBLIC_SFI);
    let read = PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None };
    let answer = CardSession::new(transport).exchange(&read)?;
    Ok(PublicFile::of(&answer.data).filter(|_| answer.status.is_ok()))
}

fn text(ui: &Ui, document: &Document) -> String {
    let say = |en, zh| ui.lang.pick(en, zh);
    let unknown = say("unknown; name it with --profile", "未知, 请用 --profile 指定");
    let mut out = String::new();
    let mut line = |name: &str, value: &str| out += &format!("{} {value}\n", padded(name, 13));
    line(say("card", "卡片"), &document.card);
    line("ATR", &document.atr);
    let none = match document.family {
        Some(_) => say("none: a blank card, not built yet", "无: 白卡, 尚未发卡"),
        None => say("no application found: a blank or unknown card", "未找到应用: 白卡或未知卡"),
    };
    line(say("application", "应用 AID"), document.aid.as_deref().unwrap_or(none));
    line(say("family", "卡片规格"), document.family.as_deref().unwrap_or(unknown));
    if let Some(public) = &document.public {
        line(say("issuer", "发卡方"), &public.issuer);
        line(say("serial", "应用序列号"), &public.serial);
        line(say("valid", "有效期"), &format!("{} .. {}", public.valid_from, public.valid_to));
    }
    if let Some(psam) = &document.psam {
        out += &psam::text(ui, psam);
    }
    out + &balance::text(ui, &document.purses)
}
