//! What a suite file says, typed: families, rules, cases, steps, expectations.
//!
//! Everything here is as it was written; nothing is looked up in a profile yet. Matrices are
//! multiplied out already: one [`Case`] is one run.

use std::sync::Arc;
use std::time::Duration;

use applet_spec::{CommandId, PurseKind};

use crate::Text;

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// File, or the name of a built-in suite.
    pub origin: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A suite file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its family.
    pub family: Arc<Family>,
    /// Its cases, multiplied out, in the order of the file.
    pub cases: Vec<Arc<Case>>,
}

/// A family of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Name that is typed: `purchase`.
    pub name: String,
    /// What its case ids begin with: `EP_XF`.
    pub prefix: String,
    /// Name in reports.
    pub title: Text,
    /// Version of the suite file.
    pub version: String,
}

/// A rule that cases prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Family and short name: `purchase.debit`.
    pub id: String,
    /// The rule in one sentence.
    pub text: Text,
    /// What it rests on.
    pub source: String,
}

/// Who wrote a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Somebody, by hand, from the facts.
    Hand,
    /// This program, from the command catalogue.
    Catalogue,
}

/// A case: one numbered thing that a card must do.
#[derive(Clone, Debug)]
pub struct Case {
    /// Id with its parameters: `EP_XF_004:amount=250`; blanks in their values are left out.
    pub id: String,
    /// Id without them: `EP_XF_004`.
    pub base: String,
    /// Its family.
    pub family: Arc<Family>,
    /// Who wrote it.
    pub author: Author,
    /// Where; `None` for generated cases.
    pub written: Option<Written>,
    /// What is proved.
    pub purpose: Text,
    /// What a failure breaks, the main one first.
    pub rules: Vec<Arc<Rule>>,
    /// What the expectation rests on, beside the rules' own sources.
    pub source: Option<String>,
    /// Wrong cards that it is there to catch.
    pub catches: Vec<String>,
    /// When it applies.
    pub applies: Vec<Condition>,
    /// How the card is when the first step begins.
    pub start: Start,
    /// Settings of the card, before that.
    pub card: Vec<(String, String)>,
    /// The terminal.
    pub terminal: TerminalConfig,
    /// Whether it may lock something for good or use up tries.
    pub destructive: bool,
    /// Steps, in order.
    pub steps: Vec<Step>,
}

/// A condition on the card's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The word, as written, without `!`.
    pub word: String,
    /// Written with `!`.
    pub negated: bool,
}

/// How the card is when a case begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Reset, main application selected.
    Selected,
    /// Reset.
    Reset,
    /// Without power.
    Off,
}

/// The terminal of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalConfig {
    /// Terminal number (终端机编号).
    pub number: [u8; 6],
    /// Terminal transaction serial (终端交易序号).
    pub serial: u32,
    /// Date, BCD.
    pub date: [u8; 4],
    /// Time, BCD.
    pub time: [u8; 3],
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            number: [0x01, 0x10, 0x00, 0x00, 0x00, 0x01],
            serial: 1,
            date: [0x20, 0x26, 0x11, 0x22],
            time: [0x08, 0x30, 0x15],
        }
    }
}

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
            captures: Vec::new(),
        }
    }
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

/// What must come back. Of steps without an answer (`do`, `set`) nothing is asked.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Status words, one of which it must be.
    pub status: Vec<StatusPattern>,
    /// Fields of the answer, by their catalogue name.
    pub fields: Vec<(String, Value)>,
    /// The whole answer data.
    pub data: Option<Value>,
    /// Bytes of answer data.
    pub length: Option<u16>,
    /// What is at a path of tags.
    pub tlv: Vec<(Vec<u32>, TlvExpect)>,
    /// What the answer data must not be.
    pub differs: Option<Value>,
    /// Longest time.
    pub within: Option<Duration>,
    /// What of the card may be in between after a loss of power that `tear` asks for.
    pub torn: Vec<Change>,
}

/// A status word, or several with some digits free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// Four hexadecimal digits; `None` is any digit.
    Digits([Option<u8>; 4]),
    /// The profile's `rules.status.FIELD`, without `status.`; or another field by its whole name,
    /// `psam.wrong-mac2`. [`status_field`](crate::profile_fields::status_field) knows them.
    Profile(String),
}

impl StatusPattern {
    /// Exactly this status word.
    pub fn exactly(status: apdu::StatusWord) -> Self {
        Self::Digits([12, 8, 4, 0].map(|shift| Some((status.0 >> shift & 0xF) as u8)))
    }
}

/// What is at a path.
#[derive(Clone, Debug)]
pub enum TlvExpect {
    /// The element is there.
    Present,
    /// It is not.
    Absent,
    /// Its value.
    Is(Value),
}

/// A name for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The name, without `$`.
    pub name: String,
    /// What it is.
    pub from: CaptureFrom,
}

/// What is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureFrom {
    /// A field of the answer.
    Field(String),
    /// The answer data from a byte on, up to another.
    Data(usize, Option<usize>),
    /// The value at a path.
    Tlv(Vec<u32>),
}

/// A part of a card's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Stored balance of a purse.
    Balance(PurseName),
    /// Overdraft limit.
    Limit(PurseName),
    /// Offline serial.
    Offline(PurseName),
    /// Online serial.
    Online(PurseName),
    /// What GET TRANSACTION PROOF knows.
    Proof,
    /// Content or records of a file of the main application.
    File(u8),
    /// The files that the profile's transaction logs go to.
    Log,
    /// The PIN or its tries.
    Pin,
    /// Tries of keys.
    Keys,
    /// Locks of application and card.
    Lock,
    /// Wrong transaction MACs counted.
    WrongMacs,
    /// Terminal transaction serial of a PSAM.
    TerminalSerial,
    /// Everything.
    Anything,
}

/// Which purse a [`Change`] is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PurseName {
    /// Electronic deposit 电子存折.
    Ed,
    /// Electronic purse 电子钱包.
    Ep,
}

/// A value as written: literals get their bytes from the format of the field they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Where.
    pub written: Option<Written>,
    /// What.
    pub expression: Expression,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `2.50`, `0x0005`, `01 10 ..`, `??`: read by the format of the field.
    Literal(String),
    /// `$name`.
    Name(String),
    /// `$name[0..4]`, bytes from and up to; of a call or of parentheses too.
    Slice(Box<Expression>, usize, usize),
    /// `mac1(amount=2.51)`.
    Call(String, Vec<(String, Expression)>),
    /// `a + b` and the like.
    Operation(Operator, Box<Expression>, Box<Expression>),
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Sum of numbers.
    Plus,
    /// Difference of numbers.
    Minus,
    /// Exclusive or of bytes.
    Xor,
    /// Bytes behind each other.
    Join,
}

impl Value {
    /// A literal of this program.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { written: None, expression: Expression::Literal(text.into()) }
    }
}
