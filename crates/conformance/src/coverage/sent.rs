//! What a step sends, as far as it can be told without a card.

use applet_spec::{Catalogue, CommandId, CommandSpec, FileKind, Mismatch, Profile};

use super::LeForm;
use crate::{Action, Expression, Le, Operator, Place, Protect, Send, Step, Value};

/// What is sent.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// A command of the catalogue, right in its format as far as can be told.
    Command {
        /// Which.
        id: CommandId,
        /// P1 and P2, where they are said.
        parameters: (Option<u8>, Option<u8>),
        /// How its Le is beside the answer, where that can be told.
        le: Option<LeForm>,
    },
    /// Something that the format forbids: the rule, and the commands that it is close to.
    Wrong(Mismatch, Vec<CommandId>),
    /// Whole transactions: their commands, in order.
    Several(&'static [CommandId]),
    /// No command.
    Nothing,
}

impl Sent {
    /// Of a step, to a card of this profile.
    pub(super) fn of(step: &Step, profile: &Profile) -> Self {
        let catalogue = Catalogue::of(profile.rules.commands);
        match &step.action {
            Action::Send(send) => of_send(send, catalogue, profile),
            Action::Raw(value) => {
                let head = head(&value.expression);
                of_bytes(&head.bytes, head.whole, catalogue, profile)
            }
            Action::Select(place) => {
                let le = match place {
                    Place::Application
                    | Place::Mf
                    | Place::Ppse
                    | Place::Fid(_)
                    | Place::Name(_) => Some(LeForm::Zero),
                };
                Self::Command { id: CommandId::Select, parameters: (None, None), le }
            }
            Action::Run(run) => Self::Several(run.kind.commands()),
            Action::Do(_) | Action::Set(_) => Self::Nothing,
        }
    }
}

fn of_send(send: &Send, catalogue: &Catalogue, profile: &Profile) -> Sent {
    let Some(spec) = catalogue.command(send.command) else { return Sent::Nothing };
    let byte = |value: &Option<Value>| match value.as_ref().map(|value| head(&value.expression)) {
        Some(Head { bytes, whole: true }) if bytes.len() == 1 => bytes.first().copied(),
        _ => None,
    };
    let (class, p1, p2) = (byte(&send.class), byte(&send.p1), byte(&send.p2));
    let wrong = |mismatch| Sent::Wrong(mismatch, vec![spec.id]);
    if class.is_some_and(|class| !spec.cla.contains(&class)) {
        return wrong(Mismatch::Class);
    }
    if p1.is_some_and(|p1| !spec.p1.matches(p1)) || p2.is_some_and(|p2| !spec.p2.matches(p2)) {
        return wrong(Mismatch::Parameters(spec.id));
    }
    let body = send.body.as_ref().map(|body| head(&body.expression)).filter(|body| body.whole);
    let mac =
        if matches!(send.protect, Some(Protect::Mac | Protect::EncryptedMac)) { 4 } else { 0 };
    if body.is_some_and(|body| !spec.lc.allows(body.bytes.len() + mac)) {
        return wrong(Mismatch::Length(spec.id));
    }
    let le = match send.le {
        None => spec.le,
        Some(Le::Absent) => None,
        Some(Le::Bytes(bytes)) => Some(bytes),
    };
    let le = whole_answer(spec, le, profile, (p1, p2));
    Sent::Command { id: spec.id, parameters: (p1, p2), le }
}

fn of_bytes(bytes: &[u8], whole: bool, catalogue: &Catalogue, profile: &Profile) -> Sent {
    let &[class, ins, p1, p2, ref rest @ ..] = bytes else { return Sent::Nothing };
    // Without data: nothing more, or Le alone. Else Lc, data, perhaps Le.
    let (length, le) = match rest {
        [] => (0, None),
        [le] if whole => (0, Some(*le)),
        [length, after @ ..] => {
            let length = usize::from(*length);
            (length, after.get(length).copied().filter(|_| whole))
        }
    };
    let le = le.map(|le| if le == 0 { 0x100 } else { u16::from(le) });
    match catalogue.find(class, ins, p1, p2, length) {
        Ok(spec) => {
            let le = whole_answer(spec, le, profile, (Some(p1), Some(p2)));
            Sent::Command { id: spec.id, parameters: (Some(p1), Some(p2)), le }
        }
        Err(mismatch) => {
            let near = |spec: &&CommandSpec| {
                spec.ins == ins
                    && match mismatch {
                        Mismatch::Class => {
                            let parameters = spec.p1.matches(p1) && spec.p2.matches(p2);
                            parameters && spec.lc.allows(length)
                        }
                        Mismatch::Instruction => false,
                        Mismatch::Parameters(_) => {
                            let one = spec.p1.matches(p1) || spec.p2.matches(p2);
                            spec.cla.contains(&class) && one
                        }
                        Mismatch::Length(id) => spec.id == id,
                    }
            };
            let ids = catalogue.commands().iter().filter(near).map(|spec| spec.id).collect();
            Sent::Wrong(mismatch, ids)
        }
    }
}

/// How Le is beside the whole answer, where its length is known.
fn whole_answer(
    spec: &CommandSpec,
    le: Option<u16>,
    profile: &Profile,
    parameters: (Option<u8>, Option<u8>),
) -> Option<LeForm> {
    spec.le?;
    let le = match le {
        None => return Some(LeForm::Absent),
        Some(0x100) => return Some(LeForm::Zero),
        Some(le) => le,
    };
    let fixed: Option<u16> = spec.answer.iter().map(|field| field.len).sum();
    let length = match spec.id {
        CommandId::GetBalance => 4,
        CommandId::GetChallenge => {
            let offered = &profile.rules.challenge_lengths;
            let right = u8::try_from(le).is_ok_and(|le| offered.contains(&le));
            return Some(if right { LeForm::Exact } else { LeForm::Longer });
        }
        CommandId::ReadBinary | CommandId::ReadRecord => held(spec.id, profile, parameters)?,
        _ => fixed?,
    };
    Some(LeForm::told(Some(le), length))
}

/// Bytes that a READ of the main application could give.
fn held(command: CommandId, profile: &Profile, (p1, p2): (Option<u8>, Option<u8>)) -> Option<u16> {
    let binary = command == CommandId::ReadBinary;
    let (p1, p2) = (p1?, p2?);
    let sfi = if binary { p1 & 0x1F } else { p2 >> 3 };
    let file = profile.main_directory()?.file(sfi)?;
    match file.kind {
        FileKind::Binary { size } => size.checked_sub(u16::from(p2)),
        FileKind::Variable { .. } => {
            let public = profile.public_content(&profile.serial);
            let content = file.content.first()?.fill(&profile.serial, &public);
            u16::try_from(content.len()).ok()
        }
        FileKind::Linear { record, .. } | FileKind::Cyclic { record, .. } => Some(record.into()),
    }
}

/// The bytes that a value begins with, and whether they are all of it.
struct Head {
    bytes: Vec<u8>,
    whole: bool,
}

fn head(expression: &Expression) -> Head {
    let nothing = Head { bytes: Vec::new(), whole: false };
    match expression {
        Expression::Literal(text) => literal(text).unwrap_or(nothing),
        Expression::Operation(Operator::Join, first, second) => {
            let mut bytes = head(first);
            if bytes.whole {
                let rest = head(second);
                bytes.bytes.extend(rest.bytes);
                bytes.whole = rest.whole;
            }
            bytes
        }
        _ => nothing,
    }
}

/// Hexadecimal up to what is none.
fn literal(text: &str) -> Option<Head> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let hexadecimal: String = digits.chars().take_while(char::is_ascii_hexdigit).collect();
    let whole = hexadecimal.len() == digits.len();
    let even = hexadecimal.get(..hexadecimal.len() & !1)?;
    Some(Head { bytes: hex::decode(even).ok()?, whole })
}
