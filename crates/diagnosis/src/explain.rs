//! What a code covers, field by field and block by block.

use applet_spec::{KeyKind, Profile};
use crypto::custody::{CustodyError, KeyCustody};
use crypto::{Key, KeyCheckValue, Mac, Suite};
use purse::Language;

use crate::engine::{self, Engine};
use crate::right::{self, Missing};
use crate::scenario::{DirectForm, KeyForm, Scenario};
use crate::transaction::Transaction;
use crate::{Code, Field, Maker, Received};

/// How a code of a transaction is made.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Which.
    pub code: Code,
    /// Who makes it.
    pub maker: Maker,
    /// The code, each time it was sent.
    pub received: Vec<Received>,
    /// How it is made; or why that cannot be told.
    pub made: Result<Making, Missing>,
}

/// How a code is made: what needs no key, and what its key makes of it.
#[derive(Clone, Debug)]
pub struct Making {
    /// The algorithm.
    pub suite: Suite,
    /// The key it starts from.
    pub key: KeyUse,
    /// Input of the session key (过程密钥); `None` of a TAC.
    pub session: Option<Vec<Piece<SessionPart>>>,
    /// What is covered, in order.
    pub input: Vec<Piece<Field>>,
    /// What fills it up to whole blocks.
    pub padding: Piece<()>,
    /// What the key makes of it; or why it is not to be had.
    pub keyed: Result<Keyed, CustodyError>,
}

/// A key and where it comes from.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// What it is for.
    pub kind: KeyKind,
    /// Index.
    pub index: u8,
    /// Version.
    pub version: u8,
    /// What its custody calls the stored key.
    pub name: String,
    /// Diversification factors, highest level first.
    pub factors: Vec<[u8; 8]>,
    /// How the card key goes into the MAC.
    pub role: KeyRole,
}

/// What a key makes of an input. Keys and what says something of them are there where the stored
/// key is certainly public.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Check value of the card key.
    pub check_value: KeyCheckValue,
    /// The card key.
    pub card_key: Option<Vec<u8>>,
    /// Check value of the session key.
    pub session_check_value: Option<KeyCheckValue>,
    /// The session key.
    pub session_key: Option<Vec<u8>>,
    /// The blocks.
    pub rounds: Vec<Round>,
    /// The code.
    pub code: Mac,
}

/// How a card key goes into a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// The session key is made from it.
    Session,
    /// Its halves are folded, left xor right.
    Folded,
    /// As it is.
    Whole,
}

/// A part of the session key input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionPart {
    /// Random of the card.
    Random,
    /// Offline serial before the increment.
    OfflineSerial,
    /// Online serial before the increment.
    OnlineSerial,
    /// Last two bytes of the terminal serial.
    TerminalSerial,
    /// 8000.
    Filler,
}

/// Some bytes of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<T> {
    /// First byte.
    pub offset: usize,
    /// What it is.
    pub what: T,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A block on its way through the MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The block as it is covered.
    pub plain: Vec<u8>,
    /// Xor the result before, and enciphered; where the card key is public.
    pub chain: Option<(Vec<u8>, Vec<u8>)>,
}

/// Explains every code of a transaction.
pub fn explain(
    profile: &Profile,
    custody: &dyn KeyCustody,
    transaction: &Transaction,
) -> Vec<Explanation> {
    let mut engine = Engine::new(custody);
    let codes = transaction.flow.codes().iter();
    codes
        .map(|code| {
            let of_code = |one: &&Received| one.code == *code;
            let scenario = right::scenario(profile, transaction, *code);
            Explanation {
                code: *code,
                maker: transaction.flow.maker(*code),
                received: transaction.received.iter().filter(of_code).copied().collect(),
                made: scenario.map(|scenario| making(&mut engine, custody, transaction, &scenario)),
            }
        })
        .collect()
}

impl SessionPart {
    /// Name.
    pub fn name(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Random => ("random of the card", "卡片随机数"),
            Self::OfflineSerial => ("offline serial, before", "脱机交易序号 (交易前)"),
            Self::OnlineSerial => ("online serial, before", "联机交易序号 (交易前)"),
            Self::TerminalSerial => ("terminal serial, last two bytes", "终端交易序号后两字节"),
            Self::Filler => ("fixed", "固定值"),
        };
        language.pick(english, chinese)
    }
}

impl Explanation {
    /// The code, where it can be computed.
    pub fn computed(&self) -> Option<Mac> {
        self.made.as_ref().ok()?.keyed.as_ref().ok().map(|keyed| keyed.code)
    }
}

fn making(
    engine: &mut Engine<'_>,
    custody: &dyn KeyCustody,
    transaction: &Transaction,
    scenario: &Scenario,
) -> Making {
    let suite = scenario.suites.mac;
    let mut input = Vec::new();
    let mut offset = 0;
    for field in &scenario.layout {
        let bytes = scenario.fields.of(*field).to_vec();
        let length = bytes.len();
        input.push(Piece { offset, what: *field, bytes });
        offset += length;
    }
    let padding = scenario.padded(suite.block()).split_off(offset);
    let role = match scenario.form {
        KeyForm::Session(_) => KeyRole::Session,
        KeyForm::Direct(DirectForm::Folded) => KeyRole::Folded,
        KeyForm::Direct(_) => KeyRole::Whole,
    };
    Making {
        suite,
        key: KeyUse {
            kind: scenario.key.kind,
            index: scenario.key.index,
            version: scenario.key.version,
            name: scenario.key.name.to_string(),
            factors: scenario.levels.clone(),
            role,
        },
        session: (role == KeyRole::Session).then(|| session(transaction, scenario)),
        input,
        padding: Piece { offset, what: (), bytes: padding },
        keyed: keyed(engine, custody, scenario),
    }
}

fn keyed(
    engine: &mut Engine<'_>,
    custody: &dyn KeyCustody,
    scenario: &Scenario,
) -> Result<Keyed, CustodyError> {
    let shown = custody.record(&scenario.key.name)?.shown;
    let suite = scenario.suites.mac;
    let key = engine.card_key(scenario)?;
    let session = engine.session_key(scenario)?;
    let session_key = session.as_ref().and_then(|bytes| Key::new(bytes).ok());
    let rounds = engine.rounds(scenario)?;
    let last = rounds.last().map_or(&[][..], |round| &round.result);
    let code = Mac(scenario.taken.from(last));
    let round = |round: engine::Round| Round {
        plain: round.plain,
        chain: shown.then_some((round.mixed, round.result)),
    };
    Ok(Keyed {
        check_value: key.check_value(suite),
        card_key: shown.then(|| key.expose().to_vec()),
        session_check_value: session_key.map(|key| key.check_value(suite)),
        session_key: session.filter(|_| shown).map(|bytes| bytes.to_vec()),
        rounds: rounds.into_iter().map(round).collect(),
        code,
    })
}

fn session(transaction: &Transaction, scenario: &Scenario) -> Vec<Piece<SessionPart>> {
    let (serial, tail) = if transaction.flow.online() {
        (SessionPart::OnlineSerial, SessionPart::Filler)
    } else {
        (SessionPart::OfflineSerial, SessionPart::TerminalSerial)
    };
    let piece = |offset, what, bytes: &[u8]| Piece { offset, what, bytes: bytes.to_vec() };
    vec![
        piece(0, SessionPart::Random, &scenario.random),
        piece(4, serial, &scenario.serial),
        piece(6, tail, &scenario.tail),
    ]
}
