//! The right way to compute a code of a transaction: rules of the profile, values of the
//! transaction, fields as the command layer (`purse::mac`) lays them out.

use std::fmt;
use std::sync::Arc;

use applet_spec::{KeyKind, KeySpec, Profile};
use crypto::Suite;
use crypto::custody::KeyName;
use purse::mac::{self, MacInput, Moment};
use purse::{Amount, Language, Limit};

use crate::scenario::{
    DirectForm, Fields, Halves, KeyChoice, KeyForm, Padding, Scenario, SessionForm, SessionOrder,
    Suites, Taken,
};
use crate::transaction::{Transaction, Values};
use crate::{Code, Field, Flow};

/// What is missing to compute a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The profile has no such key.
    Key(KeyKind, u8),
    /// A covered field is not known.
    Field(Field),
    /// The card's random is not known.
    Random,
    /// The transaction has no such code.
    Code(Code),
}

impl Missing {
    /// In words.
    pub fn in_words(self, language: Language) -> String {
        match (self, language) {
            (Self::Key(kind, index), Language::English) => {
                format!("the profile has no {} key with index {index:02X}", kind.text())
            }
            (Self::Key(kind, index), Language::Chinese) => {
                format!("规格中没有索引 {index:02X} 的 {} 密钥", kind.text())
            }
            (Self::Field(field), Language::English) => {
                format!("the {} is not known", field.name(language))
            }
            (Self::Field(field), Language::Chinese) => format!("{} 未知", field.name(language)),
            (Self::Random, _) => {
                language.pick("the card's random is not known", "卡片随机数未知").to_owned()
            }
            (Self::Code(code), Language::English) => {
                format!("this transaction has no {}", code.text())
            }
            (Self::Code(code), Language::Chinese) => format!("此交易没有 {}", code.text()),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

/// The right scenario of a code.
pub(crate) fn scenario(
    profile: &Profile,
    transaction: &Transaction,
    code: Code,
) -> Result<Scenario, Missing> {
    if !transaction.flow.codes().contains(&code) {
        return Err(Missing::Code(code));
    }
    let spec = transaction.key(profile, code).ok_or(match code {
        Code::Tac => {
            let index = profile.rules.tac_index_for(transaction.key_index);
            Missing::Key(KeyKind::Tac, index)
        }
        Code::Mac1 | Code::Mac2 | Code::Mac3 => {
            Missing::Key(transaction.flow.key(), transaction.key_index)
        }
    })?;
    let key = choice(profile, transaction, spec, code);
    let values = &transaction.values;
    let input = input(transaction, code)?;
    let mut layout = transaction.flow.layout(code).to_vec();
    if covers_code(transaction.flow, code) && values.code.is_some() {
        layout.push(Field::IdentificationCode);
    }
    let mut fields = known_fields(transaction);
    let mut rest = input.as_bytes();
    for field in &layout {
        let (bytes, after) = rest.split_at_checked(field.width()).unwrap_or((rest, &[]));
        fields.set(*field, bytes);
        rest = after;
    }
    debug_assert!(rest.is_empty(), "the layout of {code:?} is that of purse::mac");
    let suite = spec.suite;
    let form = match (code, suite) {
        (Code::Tac, Suite::TripleDes) => KeyForm::Direct(DirectForm::Folded),
        (Code::Tac, Suite::Sm4) => KeyForm::Direct(DirectForm::Whole),
        (Code::Mac1 | Code::Mac2 | Code::Mac3, _) => KeyForm::Session(SessionForm::Right),
    };
    let [r0, r1, r2, r3, s0, s1, t0, t1] = session_input(transaction.flow, values, form)?;
    Ok(Scenario {
        key: Arc::new(key),
        levels: transaction.card.factors(profile),
        halves: Halves::Both,
        suites: Suites { diversification: suite, session: suite, mac: suite },
        form,
        random: [r0, r1, r2, r3],
        serial: [s0, s1],
        tail: [t0, t1],
        order: SessionOrder::RandomSerialTail,
        layout,
        fields,
        initial: [0; 16],
        padding: Padding::Always,
        taken: Taken::Left,
    })
}

/// Whether the identification code may be part of a code.
pub(crate) const fn covers_code(flow: Flow, code: Code) -> bool {
    matches!((code, flow.online()), (Code::Mac1, false))
}

/// The slot's key in the version that the card answered; nobody says the version of the TAC key, so
/// it is the profile's. Where the custody does not have that version, no other is right.
fn choice(profile: &Profile, transaction: &Transaction, spec: &KeySpec, code: Code) -> KeyChoice {
    let answered = transaction.key_version.filter(|_| code != Code::Tac);
    let version = answered.unwrap_or(spec.version);
    key_choice(profile, transaction.directory, &KeySpec { version, ..spec.clone() })
}

/// A key slot as a choice.
pub(crate) fn key_choice(profile: &Profile, directory: u16, spec: &KeySpec) -> KeyChoice {
    let name = profile
        .directories
        .iter()
        .find(|one| one.fid == directory)
        .map_or_else(|| KeyName::joined([]), |one| profile.custody_name(one, spec));
    KeyChoice { kind: spec.kind, index: spec.index, version: spec.version, name }
}

/// What a code covers, as the command layer lays it out.
fn input(transaction: &Transaction, code: Code) -> Result<MacInput, Missing> {
    let values = &transaction.values;
    let flow = transaction.flow;
    let amount = || values.amount.ok_or(Missing::Field(Field::Amount));
    let balance = || values.balance.ok_or(Missing::Field(Field::Balance));
    let serial = || values.serial.ok_or(Missing::Field(Field::Serial));
    let terminal = || values.terminal.ok_or(Missing::Field(Field::Terminal));
    let old_limit = || values.old_limit.ok_or(Missing::Field(Field::OldLimit));
    let new_limit = || values.new_limit.ok_or(Missing::Field(Field::NewLimit));
    let kind = transaction.transaction_type;
    let moment = || -> Result<Moment, Missing> {
        Ok(Moment {
            transaction_type: kind,
            terminal: terminal()?,
            date: values.date.ok_or(Missing::Field(Field::Date))?,
            time: values.time.ok_or(Missing::Field(Field::Time))?,
        })
    };
    let after = || balance_after(flow, values).ok_or(Missing::Field(Field::BalanceAfter));
    Ok(match (flow, code) {
        (Flow::Purchase | Flow::Cash | Flow::Capp, Code::Mac1) => {
            mac::purchase_mac1(amount()?, &moment()?, values.code.as_ref())
        }
        (Flow::Purchase | Flow::Cash | Flow::Capp, Code::Mac2) => mac::purchase_mac2(amount()?),
        (Flow::Purchase | Flow::Cash | Flow::Capp, Code::Mac3 | Code::Tac) => {
            let serial = values.terminal_serial.ok_or(Missing::Field(Field::TerminalSerial))?;
            mac::purchase_tac(amount()?, &moment()?, serial)
        }
        (Flow::Load | Flow::Unload, Code::Mac1) => {
            mac::online_mac1(balance()?, amount()?, kind, terminal()?)
        }
        (Flow::Load | Flow::Unload, Code::Mac2) => mac::online_mac2(amount()?, &moment()?),
        (Flow::Load | Flow::Unload, Code::Mac3 | Code::Tac) => {
            mac::online_proof(after()?, serial()?, amount()?, &moment()?)
        }
        (Flow::Overdraft, Code::Mac1) => {
            mac::overdraft_mac1(balance()?, old_limit()?, kind, terminal()?)
        }
        (Flow::Overdraft, Code::Mac2) => mac::overdraft_mac2(new_limit()?, &moment()?),
        (Flow::Overdraft, Code::Mac3 | Code::Tac) => {
            mac::overdraft_tac(after()?, serial()?, new_limit()?, &moment()?)
        }
    })
}

/// Every field that is known, also those that the code does not cover.
fn known_fields(transaction: &Transaction) -> Fields {
    let values = &transaction.values;
    let mut out = Fields::default();
    let mut set = |field, bytes: Option<&[u8]>| {
        if let Some(bytes) = bytes {
            out.set(field, bytes);
        }
    };
    let four = |amount: Option<Amount>| amount.map(Amount::to_bytes);
    let three = |limit: Option<Limit>| limit.map(Limit::to_bytes);
    let after = balance_after(transaction.flow, values);
    set(Field::Balance, four(values.balance).as_ref().map(|b| &b[..]));
    set(Field::BalanceAfter, four(after).as_ref().map(|b| &b[..]));
    set(Field::Serial, values.serial.map(u16::to_be_bytes).as_ref().map(|b| &b[..]));
    set(Field::Amount, four(values.amount).as_ref().map(|b| &b[..]));
    set(Field::OldLimit, three(values.old_limit).as_ref().map(|b| &b[..]));
    set(Field::NewLimit, three(values.new_limit).as_ref().map(|b| &b[..]));
    set(Field::Type, Some(&[transaction.transaction_type as u8]));
    set(Field::Terminal, values.terminal.as_ref().map(|id| &id.0[..]));
    set(Field::TerminalSerial, values.terminal_serial.as_ref().map(|serial| &serial.0[..]));
    set(Field::Date, values.date.as_ref().map(|date| &date.0[..]));
    set(Field::Time, values.time.as_ref().map(|time| &time.0[..]));
    set(Field::IdentificationCode, values.code.as_ref().map(|code| &code.0[..]));
    out
}

/// The stored balance that a transaction leaves.
fn balance_after(flow: Flow, values: &Values) -> Option<Amount> {
    let balance = values.balance?.0;
    let after = match flow {
        Flow::Load => balance.wrapping_add(values.amount?.0),
        Flow::Purchase | Flow::Cash | Flow::Capp | Flow::Unload => {
            balance.wrapping_sub(values.amount?.0)
        }
        Flow::Overdraft => {
            balance.wrapping_add(values.new_limit?.fen()).wrapping_sub(values.old_limit?.fen())
        }
    };
    Some(Amount(after))
}

/// The session key input; zero where there is no session key and it is not known.
fn session_input(flow: Flow, values: &Values, form: KeyForm) -> Result<[u8; 8], Missing> {
    let needed = matches!(form, KeyForm::Session(_));
    let part = |there: bool, missing| if there || !needed { Ok(()) } else { Err(missing) };
    part(values.random.is_some(), Missing::Random)?;
    part(values.serial.is_some(), Missing::Field(Field::Serial))?;
    part(flow.online() || values.terminal_serial.is_some(), Missing::Field(Field::TerminalSerial))?;
    let (random, serial) = (values.random.unwrap_or_default(), values.serial.unwrap_or_default());
    Ok(if flow.online() {
        mac::online_session_input(random, serial)
    } else {
        mac::offline_session_input(random, serial, values.terminal_serial.unwrap_or_default())
    })
}
