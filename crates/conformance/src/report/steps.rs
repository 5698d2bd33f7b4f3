//! Steps of a case in words, as they are written.

use applet_spec::{Catalogue, FieldFormat, PurseKind};
use purse::Language;

use super::words::{self, Word};
use crate::{
    Action, Capture, CaptureFrom, Case, Deed, Expect, Expression, Le, Place, Protect, RunKind,
    Send, Step, TlvExpect, Value,
};

/// A step in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepWords {
    /// Its number, from 1.
    pub number: usize,
    /// What is done: `DEBIT FOR PURCHASE, MAC1 = mac1() ^ 00000001`.
    pub action: String,
    /// What must come back, and what may change.
    pub expect: Vec<String>,
    /// What its author notes.
    pub note: Option<String>,
}

/// The steps of a case, as they are written: names of the suite format, names of commands and
/// fields in the language. What the catalogue says is secret is left out where it is written as
/// bytes.
pub fn steps_in_words(case: &Case, language: Language) -> Vec<StepWords> {
    let words = |(index, step): (usize, &Step)| StepWords {
        number: index + 1,
        action: action(step, language),
        expect: expect(step, language),
        note: step.note.as_ref().map(|note| note.in_language(language).to_owned()),
    };
    case.steps.iter().enumerate().map(words).collect()
}

fn action(step: &Step, language: Language) -> String {
    let mut parts = match &step.action {
        Action::Send(send) => sent(send, language),
        Action::Raw(value) => {
            vec![format!("{} {}", words::BYTES.of(language), raw(value, language))]
        }
        Action::Select(place) => vec![format!("SELECT {}", selected(place, language))],
        Action::Run(run) => {
            let mut parts = vec![run_name(run.kind).of(language).to_owned()];
            parts.extend(run.purse.map(|purse| purse_name(purse, language).to_owned()));
            parts.extend(run.key.map(|key| format!("{} {key:02X}", words::KEY.of(language))));
            parts.extend(run.fields.iter().map(|(name, v)| format!("{name} = {}", written(v))));
            parts
        }
        Action::Do(deed) => vec![deed_name(*deed).of(language).to_owned()],
        Action::Set(settings) => {
            let settings = settings.iter().map(|(key, value)| format!("{key} = {value}"));
            std::iter::once(words::SET.of(language).to_owned()).chain(settings).collect()
        }
    };
    if step.repeat > 1 {
        parts.push(format!("{} × {}", words::REPEATED.of(language), step.repeat));
    }
    if step.tear {
        parts.push(words::TORN.of(language).to_owned());
    }
    parts.join(", ")
}

fn sent(send: &Send, language: Language) -> Vec<String> {
    let spec = Catalogue::entry(send.command);
    let mut parts = vec![language.pick(&spec.name, &spec.name_zh).clone()];
    let mut say = |name: &str, value: String| parts.push(format!("{name} = {value}"));
    for (name, value) in [("CLA", &send.class), ("P1", &send.p1), ("P2", &send.p2)] {
        value.iter().for_each(|value| say(name, written(value)));
    }
    send.purse.iter().for_each(|p| say(words::PURSE.of(language), purse_name(*p, language).into()));
    send.file.iter().for_each(|file| say(words::FILE.of(language), format!("{file:02X}")));
    send.record.iter().for_each(|record| say(words::RECORD.of(language), record.to_string()));
    send.mode.iter().for_each(|mode| say(words::MODE.of(language), format!("{mode:02X}")));
    send.offset.iter().for_each(|offset| say(words::OFFSET.of(language), offset.to_string()));
    send.key.iter().for_each(|key| say(words::KEY.of(language), format!("{key:02X}")));
    let protect = send.protect.map(|protect| match protect {
        Protect::Mac => "MAC",
        Protect::EncryptedMac => words::ENCIPHERED.of(language),
    });
    protect.iter().for_each(|value| say(words::PROTECTED.of(language), (*value).to_owned()));
    for (name, value) in &send.fields {
        let field = spec.fields.iter().find(|field| field.name == *name);
        let secret = field.is_some_and(|field| field.format == FieldFormat::Secret);
        let name = field.map_or(name, |field| language.pick(&field.name, &field.name_zh));
        say(name, if secret { named(value, language) } else { written(value) });
    }
    let hides = Catalogue::carries_secret(spec.ins);
    let body = |value| if hides { named(value, language) } else { written(value) };
    send.body.iter().for_each(|value| say(words::DATA.of(language), body(value)));
    match send.le {
        Some(Le::Absent) => say("Le", words::NONE.of(language).to_owned()),
        Some(Le::Bytes(bytes)) => say("Le", bytes.to_string()),
        None => {}
    }
    parts
}

fn expect(step: &Step, language: Language) -> Vec<String> {
    let Expect { status, fields, data, length, tlv, differs, within, torn } = &step.expect;
    let mut out = Vec::new();
    if !status.is_empty() {
        out.push(status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / "));
    }
    let spec = match &step.action {
        Action::Send(send) => Some(Catalogue::entry(send.command)),
        _ => None,
    };
    for (name, value) in fields {
        let field = spec.and_then(|spec| spec.answer.iter().find(|field| field.name == *name));
        let name = field.map_or(name, |field| language.pick(&field.name, &field.name_zh));
        out.push(format!("{name} = {}", written(value)));
    }
    out.extend(data.iter().map(|v| format!("{} = {}", words::DATA.of(language), written(v))));
    out.extend(length.map(|length| format!("{} = {length}", words::LENGTH.of(language))));
    out.extend(tlv.iter().map(|(tags, must)| match must {
        TlvExpect::Present => format!("{}: {}", path(tags), words::PRESENT.of(language)),
        TlvExpect::Absent => format!("{}: {}", path(tags), words::ABSENT.of(language)),
        TlvExpect::Is(value) => format!("{} = {}", path(tags), written(value)),
    }));
    out.extend(differs.iter().map(|v| format!("{} ≠ {}", words::DATA.of(language), written(v))));
    out.extend(
        within.map(|time| format!("{} {} ms", words::WITHIN.of(language), time.as_millis())),
    );
    out.extend(step.captures.iter().map(|capture| captured(capture, language)));
    if !step.changes.is_empty() {
        let changes: Vec<String> = step.changes.iter().map(ToString::to_string).collect();
        out.push(format!("{}: {}", words::MAY_CHANGE.of(language), changes.join(", ")));
    }
    if !torn.is_empty() {
        let torn: Vec<String> = torn.iter().map(ToString::to_string).collect();
        out.push(format!("{}: {}", words::MAY_BE_BETWEEN.of(language), torn.join(", ")));
    }
    out
}

/// A value as it is written.
fn written(value: &Value) -> String {
    value.expression.to_string()
}

/// A value whose literals are secret.
fn named(value: &Value, language: Language) -> String {
    match &value.expression {
        Expression::Name(_) | Expression::Call(..) => written(value),
        _ => words::NOT_SHOWN.of(language).to_owned(),
    }
}

/// A command written as bytes, without the data of those that carry secrets.
fn raw(value: &Value, language: Language) -> String {
    let text = written(value);
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digit = |at: usize| digits.get(at).and_then(|c| c.to_digit(16));
    let ins = digit(2).zip(digit(3)).and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
    if digits.len() <= 8 || !ins.is_some_and(Catalogue::carries_secret) {
        return text;
    }
    let header: String = digits.iter().take(8).collect();
    format!("{header} ({})", words::NOT_SHOWN.of(language))
}

fn path(tags: &[u32]) -> String {
    tags.iter().map(|tag| format!("{tag:02X}")).collect::<Vec<_>>().join("/")
}

fn captured(capture: &Capture, language: Language) -> String {
    let data = words::DATA.of(language);
    let from = match &capture.from {
        CaptureFrom::Field(name) => name.clone(),
        CaptureFrom::Data(0, None) => data.to_owned(),
        CaptureFrom::Data(from, None) => format!("{data}[{from}..]"),
        CaptureFrom::Data(from, Some(to)) => format!("{data}[{from}..{to}]"),
        CaptureFrom::Tlv(tags) => path(tags),
    };
    format!("${} := {from}", capture.name)
}

fn selected(place: &Place, language: Language) -> String {
    match place {
        Place::Application => words::APPLICATION.of(language).to_owned(),
        Place::Mf => "MF".to_owned(),
        Place::Ppse => "PPSE".to_owned(),
        Place::Fid(fid) => format!("{fid:04X}"),
        Place::Name(name) => hex::encode_upper(name),
    }
}

fn purse_name(purse: PurseKind, language: Language) -> &'static str {
    match purse {
        PurseKind::Deposit => words::ED.of(language),
        PurseKind::Purse => words::EP.of(language),
    }
}

fn run_name(kind: RunKind) -> Word {
    match kind {
        RunKind::Load => words::LOAD,
        RunKind::Purchase => words::PURCHASE,
        RunKind::Capp => words::CAPP,
        RunKind::Cash => words::CASH,
        RunKind::Unload => words::UNLOAD,
        RunKind::Overdraft => words::OVERDRAFT,
        RunKind::SamPurchase => words::SAM_PURCHASE,
    }
}

fn deed_name(deed: Deed) -> Word {
    match deed {
        Deed::Reset => words::RESET,
        Deed::PowerOff => words::POWER_OFF,
        Deed::Remove => words::REMOVE,
        Deed::Insert => words::INSERT,
    }
}
