//! First steps: INITIALIZE FOR LOAD, PURCHASE, CASH WITHDRAWAL, CAPP PURCHASE, UNLOAD, UPDATE.

use apdu::StatusWord;
use applet_spec::{Check, InitializeInCapp, KeyKind, PinUse, PurseKind};
use crypto::SessionKey;
use purse::answer::{OnlineInitialized, PurchaseInitialized, UpdateInitialized};
use purse::{Amount, Initialize, Limit, TerminalId, TransactionType, mac};

use super::personalise::bit;
use super::transaction::{self, CompoundInitialized, Initialized, Transaction};
use super::tree::{KeySlot, PurseState, PurseTerms};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

/// What a kind of transaction needs to begin.
struct Need {
    transaction_type: TransactionType,
    key: KeyKind,
    pin_use: PinUse,
}

impl Session<'_, '_> {
    pub(super) fn initialize_for_load(&mut self, running: &Transaction, i: &Initialize) -> Outcome {
        let transaction_type = TransactionType::load(i.purse);
        let (key, pin_use) = (KeyKind::Load, PinUse::Load);
        let need = Need { transaction_type, key, pin_use };
        let (begun, state) = self.begin(running, i, &need)?;
        let (online, answer) = self.online_answer(begun, &state)?;
        self.state.transaction = Transaction::Load(Box::new(online));
        Ok(answer)
    }

    pub(super) fn initialize_for_unload(
        &mut self,
        running: &Transaction,
        i: &Initialize,
    ) -> Outcome {
        let need = Need {
            transaction_type: TransactionType::Unload,
            key: KeyKind::Unload,
            pin_use: PinUse::Unload,
        };
        let (begun, state) = self.begin(running, i, &need)?;
        let (online, answer) = self.online_answer(begun, &state)?;
        self.state.transaction = Transaction::Unload(Box::new(online));
        Ok(answer)
    }

    pub(super) fn initialize_for_purchase(
        &mut self,
        running: &Transaction,
        i: &Initialize,
    ) -> Outcome {
        let transaction_type = TransactionType::purchase(i.purse);
        self.initialize_offline(running, i, transaction_type, PinUse::Purchase)
    }

    pub(super) fn initialize_for_cash(&mut self, running: &Transaction, i: &Initialize) -> Outcome {
        self.initialize_offline(running, i, TransactionType::Cash, PinUse::Cash)
    }

    pub(super) fn initialize_for_capp(&mut self, running: &Transaction, i: &Initialize) -> Outcome {
        self.initialize_offline(running, i, TransactionType::Capp, PinUse::Capp)
    }

    pub(super) fn initialize_for_update(
        &mut self,
        running: &Transaction,
        purse: PurseKind,
        key: u8,
        terminal: TerminalId,
    ) -> Outcome {
        let transaction_type = TransactionType::overdraft(self.rules);
        let need = Need { transaction_type, key: KeyKind::Overdraft, pin_use: PinUse::Overdraft };
        let i = Initialize { purse, key, amount: Amount(0), terminal };
        let (begun, state) = self.begin(running, &i, &need)?;
        let session = self.online_session(&begun, state.online)?;
        let wrong = Deviation::OverdraftMac1WithoutLimit;
        let limit = self.or_wrong(state.limit, wrong, Limit::NONE);
        let input = mac::overdraft_mac1(state.balance, limit, transaction_type, terminal);
        let answer = UpdateInitialized {
            balance: state.balance,
            serial: state.online,
            limit: state.limit,
            key_version: begun.key.version,
            algorithm: begun.key.algorithm,
            random: begun.random,
            mac1: session.mac(input.as_bytes()),
        };
        let update = transaction::OnlineInitialized { begun, session };
        self.state.transaction = Transaction::Update(Box::new(update));
        Ok(Reply::data(answer.to_bytes()))
    }

    fn initialize_offline(
        &mut self,
        running: &Transaction,
        i: &Initialize,
        transaction_type: TransactionType,
        pin_use: PinUse,
    ) -> Outcome {
        let need = Need { transaction_type, key: KeyKind::Purchase, pin_use };
        let (mut begun, mut state) = self.begin(running, i, &need)?;
        self.begin_wrongly(&mut begun, &mut state)?;
        let answer = PurchaseInitialized {
            balance: state.balance,
            serial: state.offline,
            limit: self.or_wrong(state.limit, Deviation::LimitNotTold, Limit::NONE),
            key_version: begun.key.version,
            algorithm: begun.key.algorithm,
            random: begun.random,
        };
        self.state.transaction = match transaction_type {
            TransactionType::Capp => {
                Transaction::Capp(CompoundInitialized { begun, cache: Vec::new() })
            }
            _ => Transaction::Purchase(begun),
        };
        Ok(Reply::fields(&answer.to_bytes()))
    }

    /// The checks of every INITIALIZE, in the profile's order, and the card's random.
    fn begin(
        &mut self,
        running: &Transaction,
        i: &Initialize,
        need: &Need,
    ) -> Result<(Initialized, PurseState), Halt> {
        let df = self.df();
        if !df.is_purse_application(self.memory)? {
            return Err(Halt::Status(StatusWord::CONDITIONS));
        }
        let purse = df.purse(self.memory, i.purse)?.ok_or(StatusWord::WRONG_P1P2)?;
        let terms = purse.terms(self.memory)?;
        if terms.allows & bit(need.pin_use) == 0 {
            return Err(Halt::Status(StatusWord::WRONG_P1P2));
        }
        let state = purse.state(self.memory)?;
        let key = self.transaction_key(need.key, i.key)?.ok_or(StatusWord::KEY_INDEX_UNSUPPORTED);
        for check in &self.rules.check_order {
            let refused: Option<StatusWord> = match check {
                Check::State => self.refuses_now(running, need.transaction_type),
                Check::Key => key.as_ref().err().copied(),
                Check::Rights => {
                    let asked =
                        terms.pin_for & bit(need.pin_use) != 0 && !self.forgets_pin(need.pin_use);
                    let mut given =
                        (!asked || self.holds_rights()) && self.granted(terms.use_right)?;
                    if let Ok(key) = &key {
                        given &= self.granted(key.use_right)?;
                    }
                    (!given).then_some(StatusWord::SECURITY_STATUS)
                }
                Check::Amount => {
                    self.refuse_amount(&terms, &state, need.transaction_type, i.amount)
                }
                Check::Counter => self.refuse_serial(&state, need.transaction_type),
            };
            if let Some(status) = refused {
                return Err(Halt::Status(status));
            }
        }
        let key = self.key_told(key?);
        let random = self.random();
        let random = self.or_wrong(random, Deviation::RandomConstant, [0x5A; 4]);
        let begun = Initialized {
            transaction_type: need.transaction_type,
            purse,
            key,
            amount: i.amount,
            terminal: i.terminal,
            random,
        };
        Ok((begun, state))
    }

    /// The key of a transaction.
    fn transaction_key(&self, kind: KeyKind, index: u8) -> Result<Option<KeySlot>, Halt> {
        let df = self.df();
        match df.key(self.memory, kind, index)? {
            None if self.deviates(Deviation::KeyIndexIgnored) => {
                Ok(df.first_key(self.memory, kind)?)
            }
            found => Ok(found),
        }
    }

    /// An INITIALIZE while a compound purchase is running, and a compound one while anything is,
    /// where the profile refuses that.
    fn refuses_now(&self, running: &Transaction, kind: TransactionType) -> Option<StatusWord> {
        let busy = match (running, kind) {
            (Transaction::Idle, _) => false,
            (Transaction::Capp(_), _) | (_, TransactionType::Capp) => true,
            _ => false,
        };
        let refuse = self.rules.initialize_in_capp == InitializeInCapp::Refuse;
        (busy && refuse).then_some(self.rules.status.wrong_state)
    }

    /// Why the balance does not allow a transaction: no room for a load, no cover for the rest.
    /// Both steps ask, since the purse can be set from outside between them.
    pub(super) fn refuse_amount(
        &self,
        terms: &PurseTerms,
        state: &PurseState,
        kind: TransactionType,
        amount: Amount,
    ) -> Option<StatusWord> {
        let refused = if kind.credits() {
            let after = state.balance.0.checked_add(amount.0);
            let fits = after.is_some_and(|after| after <= terms.maximum.0);
            (!fits).then_some(StatusWord::CONDITIONS)
        } else {
            let covered = amount <= self.spendable(state, kind);
            (!covered).then_some(StatusWord::BALANCE_INSUFFICIENT)
        };
        self.amount_judged(refused, terms, state, kind, amount)
    }

    /// 9402 where the serial that counts is at its end.
    pub(super) fn refuse_serial(
        &self,
        state: &PurseState,
        kind: TransactionType,
    ) -> Option<StatusWord> {
        let serial = if kind.online() { state.online } else { state.offline };
        let full = serial == u16::MAX && self.rules.counter_stops;
        full.then_some(StatusWord::COUNTER_AT_MAXIMUM)
    }

    /// What a transaction may take: the stored balance includes the overdraft limit.
    fn spendable(&self, state: &PurseState, kind: TransactionType) -> Amount {
        let plain =
            matches!(kind, TransactionType::PursePurchase | TransactionType::DepositPurchase);
        if plain && !self.rules.purchase_uses_overdraft {
            return Amount(state.balance.0.saturating_sub(state.limit.fen()));
        }
        state.balance
    }

    /// A PIN was verified or a key authenticated in this directory (any non-zero security state).
    pub(super) fn holds_rights(&self) -> bool {
        self.state.rights.pin || self.state.rights.authenticated
    }

    fn online_session(&self, begun: &Initialized, serial: u16) -> Result<SessionKey, Halt> {
        let key = begun.key.value(self.memory)?;
        let cipher = self.system.keys.cipher(begun.key.suite, &key);
        let wrong = Deviation::SessionSerialAfter;
        let serial = self.or_wrong(serial, wrong, serial.wrapping_add(1));
        let input = mac::online_session_input(begun.random, serial);
        Ok(SessionKey::derive(begun.key.suite, &cipher, &input))
    }

    fn online_answer(
        &self,
        begun: Initialized,
        state: &PurseState,
    ) -> Result<(transaction::OnlineInitialized, Reply), Halt> {
        let session = self.online_session(&begun, state.online)?;
        let balance = self.balance_in_mac1(&begun, state);
        let input = mac::online_mac1(balance, begun.amount, begun.transaction_type, begun.terminal);
        let answer = OnlineInitialized {
            balance: state.balance,
            serial: state.online,
            key_version: begun.key.version,
            algorithm: begun.key.algorithm,
            random: begun.random,
            mac1: session.mac(input.as_bytes()),
        };
        let online = transaction::OnlineInitialized { begun, session };
        Ok((online, Reply::data(answer.to_bytes())))
    }
}
