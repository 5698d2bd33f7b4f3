//! Balances, serials, and the transaction keys that the card proves when a transaction begins.
//!
//! Transactions are begun with an amount of nothing and not finished: nothing is changed by that.

use apdu::{ResponseApdu, StatusWord};
use applet_spec::{Directory, KeyKind, KeySpec, PinUse, PurseSpec};
use crypto::{Mac, SessionKey};
use purse::answer::{Balance, OnlineInitialized, PurchaseInitialized, UpdateInitialized};
use purse::mac;
use purse::{Amount, Initialize, PurseCommand, TerminalId, TransactionType};

use super::{Told, Verifier, refusal};
use crate::order::PurseState;
use crate::work::TalkError;

const NOTHING: Amount = Amount(0);
const TERMINAL: TerminalId = TerminalId([0; 6]);

impl Verifier<'_, '_> {
    pub(super) fn purses(
        &mut self,
        application: &Directory,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        for spec in &application.purses {
            let name = if spec.kind == applet_spec::PurseKind::Deposit { "ED" } else { "EP" };
            let none = PurseState {
                kind: spec.kind,
                balance: None,
                limit: None,
                online: None,
                offline: None,
            };
            let expected = self.expected.purses.iter().find(|purse| purse.kind == spec.kind);
            let purse =
                Purse { application, spec, name, wanted: expected.unwrap_or(&none).clone() };
            self.balance(&purse, told)?;
            self.begin_load(&purse, told)?;
            self.begin_purchase(&purse, told)?;
            self.begin_unload(&purse, told)?;
            self.begin_update(&purse, told)?;
        }
        Ok(())
    }

    /// Whether the purse has the transaction, with the PIN given where it asks for it.
    fn ready(
        &mut self,
        purse: &Purse<'_>,
        used: PinUse,
        told: &mut Told,
    ) -> Result<bool, TalkError> {
        if !purse.spec.allows.contains(&used) {
            return Ok(false);
        }
        if purse.spec.pin_for.contains(&used) {
            return self.give_pin(purse.application, told);
        }
        Ok(true)
    }

    fn balance(&mut self, purse: &Purse<'_>, told: &mut Told) -> Result<(), TalkError> {
        let Some(wanted) = purse.wanted.balance else { return Ok(()) };
        if !self.ready(purse, PinUse::Balance, told)? {
            return Ok(());
        }
        let answer = self.talk.ask(PurseCommand::GetBalance { form: 0, purse: purse.spec.kind })?;
        let fault =
            refusal(&answer, StatusWord::OK).or_else(|| match Balance::parse(&answer.data) {
                Ok(found) => unequal(found.balance, wanted),
                Err(error) => Some(error.to_string()),
            });
        let name = purse.name;
        told.found.note(format!("balance of the {name}"), format!("{name} 余额"), fault);
        Ok(())
    }

    fn begin_load(&mut self, purse: &Purse<'_>, told: &mut Told) -> Result<(), TalkError> {
        let Some(key) = purse.key(KeyKind::Load) else { return Ok(()) };
        if !self.ready(purse, PinUse::Load, told)? {
            return Ok(());
        }
        let begin = purse.initialize(key);
        let answer = self.talk.ask(PurseCommand::InitializeForLoad(begin))?;
        let kind = TransactionType::load(purse.spec.kind);
        self.online(purse, key, kind, &answer, "INITIALIZE FOR LOAD", told)
    }

    fn begin_unload(&mut self, purse: &Purse<'_>, told: &mut Told) -> Result<(), TalkError> {
        let Some(key) = purse.key(KeyKind::Unload) else { return Ok(()) };
        if !self.ready(purse, PinUse::Unload, told)? {
            return Ok(());
        }
        let begin = purse.initialize(key);
        let answer = self.talk.ask(PurseCommand::InitializeForUnload(begin))?;
        let kind = TransactionType::Unload;
        self.online(purse, key, kind, &answer, "INITIALIZE FOR UNLOAD", told)
    }

    /// Online serial and MAC1 of a load or unload.
    fn online(
        &mut self,
        purse: &Purse<'_>,
        key: &KeySpec,
        kind: TransactionType,
        answer: &ResponseApdu,
        name: &'static str,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let title = format!("{name} of the {}", purse.name);
        let title_zh = format!("{} {}初始化", purse.name, kind.names().1);
        if self.at_maximum(purse.wanted.online, answer) {
            told.found.note(title, title_zh, None);
            return Ok(());
        }
        let fault = match refusal(answer, StatusWord::OK) {
            Some(fault) => Some(fault),
            None => match OnlineInitialized::parse(&answer.data) {
                Err(error) => Some(error.to_string()),
                Ok(found) => {
                    let covered = mac::online_mac1(found.balance, NOTHING, kind, TERMINAL);
                    let told_of = (found.serial, found.random);
                    let mac1 = self.online_mac(purse, key, told_of, covered.as_bytes(), told)?;
                    serial("online", found.serial, purse.wanted.online)
                        .or_else(|| version(key, found.key_version, found.algorithm))
                        .or_else(|| unequal_mac(found.mac1, mac1))
                }
            },
        };
        if fault.is_none() {
            told.found.proved(purse.application, key, &format!("MAC1 of {name}"));
        }
        told.found.note(title, title_zh, fault);
        Ok(())
    }

    fn begin_update(&mut self, purse: &Purse<'_>, told: &mut Told) -> Result<(), TalkError> {
        let Some(key) = purse.key(KeyKind::Overdraft) else { return Ok(()) };
        if !self.ready(purse, PinUse::Overdraft, told)? {
            return Ok(());
        }
        let (purse_kind, index) = (purse.spec.kind, key.index);
        let begin =
            PurseCommand::InitializeForUpdate { purse: purse_kind, key: index, terminal: TERMINAL };
        let answer = self.talk.ask(begin)?;
        let title = format!("INITIALIZE FOR UPDATE of the {}", purse.name);
        let title_zh = format!("{} 修改透支限额初始化", purse.name);
        if self.at_maximum(purse.wanted.online, &answer) {
            told.found.note(title, title_zh, None);
            return Ok(());
        }
        let kind = TransactionType::overdraft(&self.profile.rules);
        let fault = match refusal(&answer, StatusWord::OK) {
            Some(fault) => Some(fault),
            None => match UpdateInitialized::parse(&answer.data) {
                Err(error) => Some(error.to_string()),
                Ok(found) => {
                    let covered = mac::overdraft_mac1(found.balance, found.limit, kind, TERMINAL);
                    let told_of = (found.serial, found.random);
                    let mac1 = self.online_mac(purse, key, told_of, covered.as_bytes(), told)?;
                    limit(found.limit, purse.wanted.limit)
                        .or_else(|| serial("online", found.serial, purse.wanted.online))
                        .or_else(|| unequal_mac(found.mac1, mac1))
                }
            },
        };
        if fault.is_none() {
            told.found.proved(purse.application, key, "MAC1 of INITIALIZE FOR UPDATE");
        }
        told.found.note(title, title_zh, fault);
        Ok(())
    }

    /// Offline serial, limit, and which key the card takes; only a purchase proves that.
    fn begin_purchase(&mut self, purse: &Purse<'_>, told: &mut Told) -> Result<(), TalkError> {
        let Some(key) = purse.key(KeyKind::Purchase) else { return Ok(()) };
        if !self.ready(purse, PinUse::Purchase, told)? {
            return Ok(());
        }
        let begin = purse.initialize(key);
        let answer = self.talk.ask(PurseCommand::InitializeForPurchase(begin))?;
        let title = format!("INITIALIZE FOR PURCHASE of the {}", purse.name);
        let title_zh = format!("{} 消费初始化", purse.name);
        let fault = if self.at_maximum(purse.wanted.offline, &answer) {
            None
        } else {
            refusal(&answer, StatusWord::OK).or_else(|| {
                match PurchaseInitialized::parse(&answer.data) {
                    Err(error) => Some(error.to_string()),
                    Ok(found) => serial("offline", found.serial, purse.wanted.offline)
                        .or_else(|| version(key, found.key_version, found.algorithm))
                        .or_else(|| limit(found.limit, purse.wanted.limit)),
                }
            })
        };
        told.found.note(title, title_zh, fault);
        Ok(())
    }

    fn online_mac(
        &self,
        purse: &Purse<'_>,
        key: &KeySpec,
        (serial, random): (u16, [u8; 4]),
        covered: &[u8],
        told: &Told,
    ) -> Result<Mac, TalkError> {
        let (suite, cipher) = self.card_keys(&told.factors).cipher(purse.application, key)?;
        let input = mac::online_session_input(random, serial);
        Ok(SessionKey::derive(suite, &cipher, &input).mac(covered))
    }

    /// A card whose serial is at its maximum refuses to begin, as it should.
    fn at_maximum(&self, wanted: Option<u16>, answer: &ResponseApdu) -> bool {
        let stops = self.profile.rules.counter_stops && wanted == Some(u16::MAX);
        stops && answer.status == StatusWord::COUNTER_AT_MAXIMUM
    }
}

/// A purse under check.
struct Purse<'p> {
    application: &'p Directory,
    spec: &'p PurseSpec,
    name: &'static str,
    wanted: PurseState,
}

impl<'p> Purse<'p> {
    fn key(&self, kind: KeyKind) -> Option<&'p KeySpec> {
        self.application.keys.iter().find(|key| key.kind == kind)
    }

    fn initialize(&self, key: &KeySpec) -> Initialize {
        let (purse, key) = (self.spec.kind, key.index);
        Initialize { purse, key, amount: NOTHING, terminal: TERMINAL }
    }
}

fn unequal(found: Amount, wanted: Amount) -> Option<String> {
    (found != wanted).then(|| format!("{found}, not {wanted}"))
}

fn serial(which: &str, found: u16, wanted: Option<u16>) -> Option<String> {
    let wanted = wanted.filter(|wanted| *wanted != found)?;
    Some(format!("{which} serial {found:04X}, not {wanted:04X}"))
}

fn limit(found: purse::Limit, wanted: Option<purse::Limit>) -> Option<String> {
    let wanted = wanted.filter(|wanted| *wanted != found)?;
    let (found, wanted) = (Amount(found.fen()), Amount(wanted.fen()));
    Some(format!("overdraft limit {found}, not {wanted}"))
}

fn version(key: &KeySpec, version: u8, algorithm: u8) -> Option<String> {
    ((version, algorithm) != (key.version, key.algorithm_id)).then(|| {
        format!(
            "key version {version:02X} and algorithm {algorithm:02X}, not {:02X} and {:02X}",
            key.version, key.algorithm_id
        )
    })
}

/// What the key gives is not told: it would be a MAC that anybody could use.
fn unequal_mac(found: Mac, expected: Mac) -> Option<String> {
    (found != expected).then(|| format!("MAC1 is {found}, and the key gives another"))
}
