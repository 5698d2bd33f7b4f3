//! What a code covers, field by field and block by block.

use applet_spec::{KeyKind, Profile};
use crypto::custody::{CustodyError, KeyCustody};
use crypto::{Key, KeyCheckValue, Mac, Suite};

use crate::engine::Engine;
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
    pub made: Result<Making, Unexplained>,
}

/// How a code is made.
#[derive(Clone, Debug)]
pub struct Making {
    /// The algorithm.
    pub suite: Suite,
    /// The card key.
    pub key: KeyUse,
    /// The session key; `None` of a TAC.
    pub session: Option<SessionUse>,
    /// What is covered, in order.
    pub input: Vec<Piece<Field>>,
    /// What fills it up to whole blocks.
    pub padding: Piece<()>,
    /// The blocks.
    pub rounds: Vec<Round>,
    /// The code.
    pub code: Mac,
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
    /// Check value of the card key.
    pub check_value: KeyCheckValue,
    /// The card key, where it is public.
    pub clear: Option<Vec<u8>>,
    /// How the key goes into the MAC.
    pub role: KeyRole,
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

/// A session key (过程密钥) and what it is made from.
#[derive(Clone, Debug)]
pub struct SessionUse {
    /// Its input.
    pub input: Vec<Piece<SessionPart>>,
    /// Its check value.
    pub check_value: KeyCheckValue,
    /// The key, where the card key is public.
    pub clear: Option<Vec<u8>>,
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

/// Why it cannot be told how a code is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// Something is not known.
    #[error("{0}")]
    Missing(Missing),
    /// The key is not to be had.
    #[error("{0}")]
    NoKey(CustodyError),
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
        .map(|code| Explanation {
            code: *code,
            maker: transaction.flow.maker(*code),
            received: transaction
                .received
                .iter()
                .filter(|one| one.code == *code)
                .copied()
                .collect(),
            made: right::scenario(profile, custody, transaction, *code)
                .map_err(Unexplained::Missing)
                .and_then(|scenario| {
                    making(&mut engine, custody, transaction, &scenario).map_err(Unexplained::NoKey)
                }),
        })
        .collect()
}

impl Explanation {
    /// Whether a code that was sent is the one computed.
    pub fn fits(&self, received: &Received) -> Option<bool> {
        self.made.as_ref().ok().map(|making| making.code == received.mac)
    }
}

fn making(
    engine: &mut Engine<'_>,
    custody: &dyn KeyCustody,
    transaction: &Transaction,
    scenario: &Scenario,
) -> Result<Making, CustodyError> {
    let public = custody.record(&scenario.key.name)?.public;
    let suite = scenario.suites.mac;
    let key = engine.card_key(scenario)?;
    let rounds = engine.rounds(scenario)?;
    let last = rounds.last().map_or(&[][..], |round| &round.result);
    let code = Mac(scenario.taken.from(last));
    let session = session(engine, transaction, scenario, public)?;
    let mut input = Vec::new();
    let mut offset = 0;
    for field in &scenario.layout {
        let bytes = scenario.fields.of(*field).to_vec();
        let length = bytes.len();
        input.push(Piece { offset, what: *field, bytes });
        offset += length;
    }
    let padded: Vec<u8> = rounds.iter().flat_map(|round| &round.plain).copied().collect();
    let padding =
        Piece { offset, what: (), bytes: padded.get(offset..).unwrap_or_default().to_vec() };
    let rounds = rounds
        .into_iter()
        .map(|round| Round {
            plain: round.plain,
            chain: public.then_some((round.mixed, round.result)),
        })
        .collect();
    Ok(Making {
        suite,
        key: KeyUse {
            kind: scenario.key.kind,
            index: scenario.key.index,
            version: scenario.key.version,
            name: scenario.key.name.to_string(),
            factors: scenario.levels.clone(),
            check_value: key.check_value(suite),
            clear: public.then(|| key.expose().to_vec()),
            role: match scenario.form {
                KeyForm::Session(_) => KeyRole::Session,
                KeyForm::Direct(DirectForm::Folded) if key.len() == 16 => KeyRole::Folded,
                KeyForm::Direct(_) => KeyRole::Whole,
            },
        },
        session,
        input,
        padding,
        rounds,
        code,
    })
}

fn session(
    engine: &mut Engine<'_>,
    transaction: &Transaction,
    scenario: &Scenario,
    public: bool,
) -> Result<Option<SessionUse>, CustodyError> {
    let Some(bytes) = engine.session_key(scenario)? else { return Ok(None) };
    let Ok(key) = Key::new(&bytes) else { return Ok(None) };
    let (serial, tail) = if transaction.flow.online() {
        (SessionPart::OnlineSerial, SessionPart::Filler)
    } else {
        (SessionPart::OfflineSerial, SessionPart::TerminalSerial)
    };
    let piece = |offset, what, bytes: &[u8]| Piece { offset, what, bytes: bytes.to_vec() };
    Ok(Some(SessionUse {
        input: vec![
            piece(0, SessionPart::Random, &scenario.random),
            piece(4, serial, &scenario.serial),
            piece(6, tail, &scenario.tail),
        ],
        check_value: key.check_value(scenario.suites.mac),
        clear: public.then(|| bytes.to_vec()),
    }))
}
