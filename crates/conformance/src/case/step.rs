//! What a step does.

use std::sync::OnceLock;

use applet_spec::{Catalogue, CommandId, Field, FieldFormat, PurseKind};

use super::{Capture, Change, Expect, Value, Written};
use crate::Text;

/// A step: what is done, and what must come back.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is written; `None` in generated cases.
    pub written: Option<Written>,
    /// What is done.
    pub action: Action,
    /// How often, at least once.
    pub repeat: u16,
    /// For the report.
    pub note: Option<Text>,
    /// Which of the catalogue's reasons for the expected status word this step shows, in its English
    /// words, where there are several.
    pub covers: Option<String>,
    /// What must come back.
    pub expect: Expect,
    /// What of the card may change.
    pub changes: Vec<Change>,
    /// Whether power is lost at every memory write of it, one after the other.
    pub tear: bool,
    /// Only cards that talk this protocol do it, and nothing is fetched below it.
    pub protocol: Option<Protocol>,
    /// Names for later.
    pub captures: Vec<Capture>,
}

impl Step {
    /// A step of which only is said what it does: once, and 9000 must come back.
    pub fn new(action: Action) -> Self {
        Self {
            written: None,
            action,
            repeat: 1,
            note: None,
            covers: None,
            expect: Expect::default(),
            changes: Vec::new(),
            tear: false,
            protocol: None,
            captures: Vec::new(),
        }
    }
}

/// A transmission protocol whose own answers a step looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// T=0: answers that wait (61xx), and a corrected Le (6Cxx).
    T0,
    /// T=1: every answer comes at once.
    T1,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A command of the catalogue.
    Send(Box<Send>),
    /// A command as bytes.
    Raw(Value),
    /// SELECT.
    Select(Place),
    /// A whole transaction, everything checked.
    Run(Box<Run>),
    /// Power, and the card in the reader.
    Do(Deed),
    /// Settings of the card.
    Set(Vec<(String, String)>),
}

impl Action {
    /// The commands of the catalogue that are sent; `None` where none or unnamed bytes are.
    pub(crate) fn commands(&self) -> Option<&[CommandId]> {
        match self {
            Self::Send(send) => Some(std::slice::from_ref(&send.command)),
            Self::Run(run) => Some(run.kind.commands()),
            Self::Select(_) => Some(&[CommandId::Select]),
            Self::Raw(_) | Self::Do(_) | Self::Set(_) => None,
        }
    }

    /// The fields of their answers; those of the answer to reset.
    pub(crate) fn answer_fields(&self) -> Vec<&'static Field> {
        if let Self::Do(Deed::Reset) = self {
            return answer_to_reset().iter().collect();
        }
        let commands = self.commands().unwrap_or_default();
        commands.iter().flat_map(|id| &Catalogue::entry(*id).answer).collect()
    }
}

/// What may be expected of an answer to reset beside its form.
pub(crate) fn answer_to_reset() -> &'static [Field; 2] {
    static FIELDS: OnceLock<[Field; 2]> = OnceLock::new();
    let field = |name: &str, name_zh: &str, len| {
        let (name, name_zh) = (name.to_owned(), name_zh.to_owned());
        Field { name, name_zh, len, format: FieldFormat::Hex }
    };
    FIELDS.get_or_init(|| [field("TS", "TS", Some(1)), field("historical bytes", "历史字节", None)])
}

/// A command of the catalogue. What is not said follows from the catalogue, the profile and the
/// running transaction.
#[derive(Clone, Debug)]
pub struct Send {
    /// Which.
    pub command: CommandId,
    /// CLA.
    pub class: Option<Value>,
    /// P1.
    pub p1: Option<Value>,
    /// P2.
    pub p2: Option<Value>,
    /// Which purse.
    pub purse: Option<PurseKind>,
    /// Short file identifier.
    pub file: Option<u8>,
    /// Record number or id.
    pub record: Option<u8>,
    /// Mode bits of P2 of record commands.
    pub mode: Option<u8>,
    /// Offset in a binary file.
    pub offset: Option<u16>,
    /// Key index.
    pub key: Option<u8>,
    /// Secure messaging.
    pub protect: Option<Protect>,
    /// Fields of the command data, by their catalogue name.
    pub fields: Vec<(String, Value)>,
    /// The whole command data in place of the fields.
    pub body: Option<Value>,
    /// Le in place of the catalogue's.
    pub le: Option<Le>,
}

impl Send {
    /// A command of which nothing is said.
    pub fn new(command: CommandId) -> Self {
        Self {
            command,
            class: None,
            p1: None,
            p2: None,
            purse: None,
            file: None,
            record: None,
            mode: None,
            offset: None,
            key: None,
            protect: None,
            fields: Vec::new(),
            body: None,
            le: None,
        }
    }
}

/// Le of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Le {
    /// None is sent.
    Absent,
    /// Bytes asked for, 1 to 256; 256 is Le 00.
    Bytes(u16),
}

/// Secure messaging (线路保护) of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protect {
    /// MAC.
    Mac,
    /// Enciphered, with MAC.
    EncryptedMac,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The profile's main application.
    Application,
    /// The MF.
    Mf,
    /// The payment system environment of the contactless side.
    Ppse,
    /// A file identifier.
    Fid(u16),
    /// A DF name.
    Name(Vec<u8>),
}

/// A whole transaction.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which.
    pub kind: RunKind,
    /// Which purse.
    pub purse: Option<PurseKind>,
    /// Key index.
    pub key: Option<u8>,
    /// Fields, as of [`Send`]; of either command.
    pub fields: Vec<(String, Value)>,
}

/// Which transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// Load 圈存.
    Load,
    /// Purchase 消费.
    Purchase,
    /// Compound purchase 复合消费, with one record.
    Capp,
    /// Cash withdrawal 取现.
    Cash,
    /// Unload 圈提.
    Unload,
    /// Overdraft update 修改透支限额.
    Overdraft,
    /// A purchase's MAC1 and MAC2 at a PSAM.
    SamPurchase,
}

impl RunKind {
    /// The commands that such a transaction is made of, in order.
    pub const fn commands(self) -> &'static [CommandId] {
        match self {
            Self::Load => &[CommandId::InitializeForLoad, CommandId::CreditForLoad],
            Self::Purchase => &[CommandId::InitializeForPurchase, CommandId::DebitForPurchase],
            Self::Capp => &[
                CommandId::InitializeForCappPurchase,
                CommandId::UpdateCappDataCache,
                CommandId::DebitForPurchase,
            ],
            Self::Cash => &[CommandId::InitializeForCashWithdrawal, CommandId::DebitForPurchase],
            Self::Unload => &[CommandId::InitializeForUnload, CommandId::DebitForUnload],
            Self::Overdraft => &[CommandId::InitializeForUpdate, CommandId::UpdateOverdrawLimit],
            Self::SamPurchase => {
                &[CommandId::InitializeSamForPurchase, CommandId::CreditSamForPurchase]
            }
        }
    }
}

/// Power, and the card in the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Reset, with power from then on.
    Reset,
    /// Power off.
    PowerOff,
    /// The card is pulled out.
    Remove,
    /// The card is put in.
    Insert,
}
