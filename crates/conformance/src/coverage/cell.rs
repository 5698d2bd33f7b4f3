//! The cells of the table: what can be shown of a command.

use apdu::StatusWord;
use applet_spec::{Catalogue, CommandId, CommandSet, CommandSpec, TransactionEffect};

use super::LockState;
use crate::TransactionState;
use crate::text::text;
use crate::{Le, Text};

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Of cards with which commands.
    pub set: Set,
    /// Which command; `None`: of no command in particular.
    pub command: Option<&'static str>,
    /// What of it.
    pub aspect: Aspect,
}

/// A command set, with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Set {
    /// Purse cards.
    Purse,
    /// PSAMs.
    Psam,
    /// Cards that are built by commands.
    Fmcos,
}

/// What of a command is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// A rule of its format.
    Format(FormatRule),
    /// That it is sent while a transaction is running.
    While(TransactionState),
    /// That it is sent to a locked card.
    Locked(LockState),
    /// A status word, and its reason where the catalogue names one.
    Status(u16, Option<String>),
}

/// A rule of format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FormatRule {
    /// Another class: 6E00.
    Class,
    /// No such instruction: 6D00.
    Instruction,
    /// Other parameters: 6A86.
    Parameters,
    /// Another length: 6700.
    Length,
    /// A form of Le.
    Le(LeForm),
}

/// Le beside the length of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeForm {
    /// None.
    Absent,
    /// 00.
    Zero,
    /// The length of the answer.
    Exact,
    /// More.
    Longer,
    /// Less; of READ.
    Shorter,
}

impl Cell {
    /// All cells of a set. Status words and Le of a command stand with the set that describes it.
    pub fn all(catalogue: &Catalogue) -> Vec<Self> {
        let set = Set::from(catalogue.set());
        let instruction = Aspect::Format(FormatRule::Instruction);
        let mut out = vec![Self { set, command: None, aspect: instruction }];
        for spec in catalogue.commands() {
            let cell = |aspect| Self { set, command: Some(spec.id.text()), aspect };
            let rules = [FormatRule::Class, FormatRule::Parameters, FormatRule::Length];
            let constrained = |rule: &FormatRule| match rule {
                FormatRule::Parameters => narrows_parameters(spec),
                _ => true,
            };
            out.extend(rules.into_iter().filter(constrained).map(|r| cell(Aspect::Format(r))));
            let states = TransactionState::of(catalogue.set()).iter();
            out.extend(states.map(|state| cell(Aspect::While(*state))));
            let locks = match catalogue.set() {
                // Before it is built, there is no application to lock.
                CommandSet::Fmcos => &LockState::ALL[2..],
                _ => &LockState::ALL[..],
            };
            out.extend(locks.iter().map(|lock| cell(Aspect::Locked(*lock))));
            if spec.id.home() == catalogue.set() {
                let le = LeForm::of(spec).iter();
                out.extend(le.map(|form| cell(Aspect::Format(FormatRule::Le(*form)))));
                out.push(cell(Aspect::Status(StatusWord::OK.0, None)));
                out.extend(spec.status.iter().map(|(status, reason)| {
                    cell(Aspect::Status(status.0, Some(reason.when.clone())))
                }));
            }
        }
        out
    }
}

/// Whether there are P1 or P2 that the command does not have.
fn narrows_parameters(spec: &CommandSpec) -> bool {
    use CommandId as C;
    let open = |pattern| matches!(pattern, &applet_spec::Pattern::Any);
    !(open(&spec.p1) && open(&spec.p2))
        || matches!(
            spec.id,
            C::ReadBinary
                | C::UpdateBinary
                | C::ReadRecord
                | C::UpdateRecord
                | C::UpdateCappDataCache
        )
}

impl LeForm {
    /// The forms that differ for a command. Where an answer may be as long as Le 00 says, or nobody
    /// knows how long it is, there are none but that and no Le. What a shorter Le gives outside of
    /// READ is known of no card.
    pub const fn of(spec: &CommandSpec) -> &'static [Self] {
        match (spec.le, spec.transaction) {
            (None, _) => &[],
            (Some(_), TransactionEffect::Read) => {
                &[Self::Absent, Self::Zero, Self::Exact, Self::Longer, Self::Shorter]
            }
            (Some(0x100), _) => &[Self::Absent, Self::Zero],
            (Some(_), _) => &[Self::Absent, Self::Zero, Self::Exact, Self::Longer],
        }
    }

    /// The Le of this form, for an answer of `length` bytes.
    pub const fn le(self, length: u16) -> Le {
        match self {
            Self::Absent => Le::Absent,
            Self::Zero => Le::Bytes(0x100),
            Self::Exact => Le::Bytes(length),
            Self::Longer => Le::Bytes(length + 1),
            Self::Shorter => Le::Bytes(length.saturating_sub(1)),
        }
    }

    /// Which form this Le is, for an answer of `length` bytes.
    pub fn told(le: Option<u16>, length: u16) -> Self {
        match le {
            None => Self::Absent,
            Some(0x100) => Self::Zero,
            Some(le) if le == length => Self::Exact,
            Some(le) if le > length => Self::Longer,
            Some(_) => Self::Shorter,
        }
    }

    /// In a sentence's place.
    pub fn words(self) -> Text {
        let (en, zh) = match self {
            Self::Absent => ("without Le", "无 Le"),
            Self::Zero => ("Le 00", "Le 为 00"),
            Self::Exact => ("Le as long as the answer", "Le 等于响应长度"),
            Self::Longer => ("Le longer than the answer", "Le 大于响应长度"),
            Self::Shorter => ("Le shorter than the answer", "Le 小于响应长度"),
        };
        text(en, zh)
    }
}

impl Aspect {
    /// In tables: `length`, `while load`, `locked card`, `6985: no purse application is selected`.
    pub fn words(&self) -> String {
        match self {
            Self::Format(rule) => rule.word().to_owned(),
            Self::While(state) => format!("while {}", state.word()),
            Self::Locked(lock) => format!("locked {}", lock.word()),
            Self::Status(status, None) => format!("{status:04X}"),
            Self::Status(status, Some(when)) => format!("{status:04X}: {when}"),
        }
    }
}

impl From<CommandSet> for Set {
    fn from(set: CommandSet) -> Self {
        match set {
            CommandSet::Purse => Self::Purse,
            CommandSet::Psam => Self::Psam,
            CommandSet::Fmcos => Self::Fmcos,
        }
    }
}

impl Set {
    /// Its word in catalogues and in `coverage.toml`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Purse => "purse",
            Self::Psam => "psam",
            Self::Fmcos => "fmcos",
        }
    }
}
