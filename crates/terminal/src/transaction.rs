//! The two-step transactions, with the roles of issuer and PSAM played by local card keys.

use applet_spec::{CodeInMac1, KeyKind, PurseKind, Rules};
use crypto::{Mac, SessionKey};
use purse::answer::{
    AnswerError, Confirmed, Debited, OnlineInitialized, PurchaseInitialized, UpdateInitialized,
};
use purse::mac::{self, MacInput, Moment};
use purse::{
    Amount, Date, Debit, IdentificationCode, Initialize, Limit, OnlineStep, PurseCommand,
    RecordRef, TerminalId, TerminalSerial, Time, TransactionType,
};

use crate::{CardKeys, CardSession, FlowError};

/// Where and when a transaction happens, and by which rules and keys.
pub struct Terminal<'k> {
    /// Rules of the card's profile.
    pub rules: &'k Rules,
    /// Keys of the card.
    pub keys: &'k CardKeys,
    /// Terminal number.
    pub id: TerminalId,
    /// Terminal transaction serial; counted up by every purchase.
    pub serial: u32,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
}

/// What a finished transaction leaves: the card's values before, and the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Transaction type.
    pub transaction_type: TransactionType,
    /// Amount.
    pub amount: Amount,
    /// Stored balance before.
    pub balance_before: Amount,
    /// Card serial before the increment.
    pub serial: u16,
    /// TAC (MAC3 of an unload).
    pub tac: Mac,
    /// MAC2 of a purchase.
    pub mac2: Option<Mac>,
}

/// A record that a compound purchase writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CappRecord {
    /// SFI of the file.
    pub sfi: u8,
    /// Which record.
    pub record: RecordRef,
    /// Its content.
    pub data: Vec<u8>,
}

/// What tells a load from an unload.
struct OnlineSteps {
    kind: TransactionType,
    key: KeyKind,
    initialize: fn(Initialize) -> PurseCommand,
    finish: fn(OnlineStep) -> PurseCommand,
}

/// A load or unload that the card has confirmed with a code still to be checked.
struct Online {
    key: u8,
    answer: OnlineInitialized,
    session: SessionKey,
    command: PurseCommand,
    code: Mac,
}

impl Online {
    /// What the code covers.
    fn proof(
        &self,
        terminal: &Terminal<'_>,
        kind: TransactionType,
        after: Amount,
        amount: Amount,
    ) -> MacInput {
        mac::online_proof(after, self.answer.serial, amount, &terminal.moment(kind))
    }
}

impl Terminal<'_> {
    /// Load (圈存).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn load(
        &self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let kind = match purse {
            PurseKind::Deposit => TransactionType::DepositLoad,
            PurseKind::Purse => TransactionType::PurseLoad,
        };
        let steps = OnlineSteps {
            kind,
            key: KeyKind::Load,
            initialize: PurseCommand::InitializeForLoad,
            finish: PurseCommand::CreditForLoad,
        };
        let online = self.online(card, &steps, purse, amount)?;
        let after = Amount(online.answer.balance.0.wrapping_add(amount.0));
        let tac = self.tac(online.key, online.proof(self, kind, after, amount).as_bytes())?;
        check(&online.command, "TAC", online.code, tac)?;
        let OnlineInitialized { balance, serial, .. } = online.answer;
        Ok(self.receipt(kind, amount, balance, serial, tac, None))
    }

    /// Unload (圈提).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn unload(
        &self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let kind = TransactionType::Unload;
        let steps = OnlineSteps {
            kind,
            key: KeyKind::Unload,
            initialize: PurseCommand::InitializeForUnload,
            finish: PurseCommand::DebitForUnload,
        };
        let online = self.online(card, &steps, purse, amount)?;
        let after = Amount(online.answer.balance.0.wrapping_sub(amount.0));
        let mac3 = online.session.mac(online.proof(self, kind, after, amount).as_bytes());
        check(&online.command, "MAC3", online.code, mac3)?;
        let OnlineInitialized { balance, serial, .. } = online.answer;
        Ok(self.receipt(kind, amount, balance, serial, mac3, None))
    }

    /// Overdraft limit update (修改透支限额).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn update_overdraft(
        &self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        limit: Limit,
    ) -> Result<Receipt, FlowError> {
        let key = self.keys.first_index(KeyKind::Overdraft)?;
        let command = PurseCommand::InitializeForUpdate { purse, key, terminal: self.id };
        card.exclusively(CardSession::step(&command), |card| {
            self.overdraft_steps(card, &command, key, limit)
        })
    }

    fn overdraft_steps(
        &self,
        card: &mut CardSession<'_>,
        command: &PurseCommand,
        key: u8,
        limit: Limit,
    ) -> Result<Receipt, FlowError> {
        let kind = TransactionType::from_byte(self.rules.overdraft_type)
            .unwrap_or(TransactionType::Overdraft);
        let answer = self.finish(card, command, UpdateInitialized::parse)?;
        let session = self.online_session(KeyKind::Overdraft, key, answer.random, answer.serial)?;
        let input = mac::overdraft_mac1(answer.balance, answer.limit, kind, self.id);
        check(command, "MAC1", answer.mac1, session.mac(input.as_bytes()))?;
        let moment = self.moment(kind);
        let mac2 = session.mac(mac::overdraft_mac2(limit, &moment).as_bytes());
        let step = OnlineStep { date: self.date, time: self.time, mac2 };
        let command = PurseCommand::UpdateOverdrawLimit { limit, step };
        let confirmed = self.finish(card, &command, Confirmed::parse)?;
        let raised = answer.balance.0.wrapping_add(limit.fen());
        let after = Amount(raised.wrapping_sub(answer.limit.fen()));
        let input = mac::overdraft_tac(after, answer.serial, limit, &moment);
        let tac = self.tac(key, input.as_bytes())?;
        check(&command, "TAC", confirmed.code, tac)?;
        let amount = Amount(limit.fen());
        Ok(self.receipt(kind, amount, answer.balance, answer.serial, tac, None))
    }

    /// Purchase (消费).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn purchase(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let kind = match purse {
            PurseKind::Deposit => TransactionType::DepositPurchase,
            PurseKind::Purse => TransactionType::PursePurchase,
        };
        let key = self.keys.first_index(KeyKind::Purchase)?;
        let i = Initialize { purse, key, amount, terminal: self.id };
        self.debit(card, &PurseCommand::InitializeForPurchase(i), &i, kind, &[], None)
    }

    /// Cash withdrawal (取现).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn cash(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let key = self.keys.first_index(KeyKind::Purchase)?;
        let i = Initialize { purse, key, amount, terminal: self.id };
        let command = PurseCommand::InitializeForCashWithdrawal(i);
        self.debit(card, &command, &i, TransactionType::Cash, &[], None)
    }

    /// Compound purchase (复合消费) with its records. `code` is the identification code where it
    /// was read from the card in this selection, past this session.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn capp_purchase(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
        records: &[CappRecord],
        code: Option<&IdentificationCode>,
    ) -> Result<Receipt, FlowError> {
        let key = self.keys.first_index(KeyKind::Purchase)?;
        let i = Initialize { purse, key, amount, terminal: self.id };
        let command = PurseCommand::InitializeForCappPurchase(i);
        self.debit(card, &command, &i, TransactionType::Capp, records, code)
    }

    fn debit(
        &mut self,
        card: &mut CardSession<'_>,
        initialize: &PurseCommand,
        i: &Initialize,
        kind: TransactionType,
        records: &[CappRecord],
        code: Option<&IdentificationCode>,
    ) -> Result<Receipt, FlowError> {
        let code = self.code_in_mac1(card, code)?;
        card.exclusively(CardSession::step(initialize), |card| {
            self.debit_steps(card, initialize, i, kind, records, code.as_ref())
        })
    }

    fn debit_steps(
        &mut self,
        card: &mut CardSession<'_>,
        initialize: &PurseCommand,
        i: &Initialize,
        kind: TransactionType,
        records: &[CappRecord],
        code: Option<&IdentificationCode>,
    ) -> Result<Receipt, FlowError> {
        let answer = self.finish(card, initialize, PurchaseInitialized::parse)?;
        for record in records {
            card.send(&PurseCommand::UpdateCappDataCache {
                sfi: record.sfi,
                record: record.record,
                data: record.data.clone(),
            })?;
        }
        self.serial = self.serial.wrapping_add(1);
        let terminal_serial = TerminalSerial(self.serial.to_be_bytes());
        let (suite, cipher) = self.keys.cipher(KeyKind::Purchase, i.key)?;
        let input = mac::offline_session_input(answer.random, answer.serial, terminal_serial);
        let session = SessionKey::derive(suite, cipher, &input);
        let moment = self.moment(kind);
        let mac1 = session.mac(mac::purchase_mac1(i.amount, &moment, code).as_bytes());
        let (date, time) = (self.date, self.time);
        let command = PurseCommand::DebitForPurchase(Debit { terminal_serial, date, time, mac1 });
        let debited = self.finish(card, &command, Debited::parse)?;
        let mac2 = session.mac(mac::purchase_mac2(i.amount).as_bytes());
        check(&command, "MAC2", debited.mac2, mac2)?;
        let input = mac::purchase_tac(i.amount, &moment, terminal_serial);
        let tac = self.tac(i.key, input.as_bytes())?;
        check(&command, "TAC", debited.tac, tac)?;
        Ok(self.receipt(kind, i.amount, answer.balance, answer.serial, tac, Some(mac2)))
    }

    /// The identification code where MAC1 covers it: once the card gave it, or always.
    fn code_in_mac1(
        &self,
        card: &mut CardSession<'_>,
        known: Option<&IdentificationCode>,
    ) -> Result<Option<IdentificationCode>, FlowError> {
        let given = known.copied().or(card.code_given());
        match (self.rules.code_in_mac1, given) {
            (CodeInMac1::Never, _) => Ok(None),
            (CodeInMac1::Always, None) => card.identification_code().map(Some),
            (CodeInMac1::Always | CodeInMac1::After80Ca, given) => Ok(given),
        }
    }

    /// Both steps of a load or unload, up to the code that the card answers.
    fn online(
        &self,
        card: &mut CardSession<'_>,
        steps: &OnlineSteps,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Online, FlowError> {
        let key = self.keys.first_index(steps.key)?;
        let command = (steps.initialize)(Initialize { purse, key, amount, terminal: self.id });
        card.exclusively(CardSession::step(&command), |card| {
            self.online_steps(card, steps, &command, key, amount)
        })
    }

    fn online_steps(
        &self,
        card: &mut CardSession<'_>,
        steps: &OnlineSteps,
        command: &PurseCommand,
        key: u8,
        amount: Amount,
    ) -> Result<Online, FlowError> {
        let answer = self.finish(card, command, OnlineInitialized::parse)?;
        let session = self.online_session(steps.key, key, answer.random, answer.serial)?;
        let input = mac::online_mac1(answer.balance, amount, steps.kind, self.id);
        check(command, "MAC1", answer.mac1, session.mac(input.as_bytes()))?;
        let mac2 = session.mac(mac::online_mac2(amount, &self.moment(steps.kind)).as_bytes());
        let command = (steps.finish)(OnlineStep { date: self.date, time: self.time, mac2 });
        let code = self.finish(card, &command, Confirmed::parse)?.code;
        Ok(Online { key, answer, session, command, code })
    }

    fn online_session(
        &self,
        kind: KeyKind,
        index: u8,
        random: [u8; 4],
        serial: u16,
    ) -> Result<SessionKey, FlowError> {
        let (suite, cipher) = self.keys.cipher(kind, index)?;
        Ok(SessionKey::derive(suite, cipher, &mac::online_session_input(random, serial)))
    }

    fn tac(&self, key: u8, input: &[u8]) -> Result<Mac, FlowError> {
        Ok(self.keys.tac(self.rules.tac_index.unwrap_or(key))?.tac(input))
    }

    fn moment(&self, transaction_type: TransactionType) -> Moment {
        Moment { transaction_type, terminal: self.id, date: self.date, time: self.time }
    }

    fn finish<T>(
        &self,
        card: &mut CardSession<'_>,
        command: &PurseCommand,
        parse: impl Fn(&[u8]) -> Result<T, AnswerError>,
    ) -> Result<T, FlowError> {
        let data = card.send(command)?;
        let step = CardSession::step(command);
        parse(&data).map_err(|source| FlowError::Answer { step, source })
    }

    fn receipt(
        &self,
        transaction_type: TransactionType,
        amount: Amount,
        balance_before: Amount,
        serial: u16,
        tac: Mac,
        mac2: Option<Mac>,
    ) -> Receipt {
        Receipt { transaction_type, amount, balance_before, serial, tac, mac2 }
    }
}

fn check(
    command: &PurseCommand,
    code: &'static str,
    received: Mac,
    expected: Mac,
) -> Result<(), FlowError> {
    if received == expected {
        return Ok(());
    }
    Err(FlowError::WrongMac { step: CardSession::step(command), code, received, expected })
}
