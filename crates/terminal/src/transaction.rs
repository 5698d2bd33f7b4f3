//! Single transactions, both steps of each, with the roles of issuer and PSAM behind the terminal.

use applet_spec::{KeyKind, Profile, PurseKind, Rules};
use crypto::Mac;
use crypto::custody::KeyCustody;
use purse::{
    Amount, IdentificationCode, Initialize, Limit, RecordRef, TerminalId, TransactionType,
};

use crate::steps::{self, Context};
use crate::{
    CardSession, Factors, FlowError, Issuer, LocalIssuer, LocalPsam, OnlineRequest, Psam, Timestamp,
};

/// Where and when transactions happen, by which rules, and who stands behind them.
pub struct Terminal<'r> {
    /// Rules of the card's profile.
    pub rules: &'r Rules,
    /// Diversification factors of the card.
    pub factors: Factors,
    /// The PSAM.
    pub psam: Box<dyn Psam + 'r>,
    /// The issuer.
    pub issuer: Box<dyn Issuer + 'r>,
    /// The clock.
    pub now: Timestamp,
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

impl<'r> Terminal<'r> {
    /// A terminal whose PSAM and issuer are keys of this side: those of `profile`'s cards, which
    /// `custody` holds under their custody names. `serial` is the card's.
    ///
    /// # Errors
    /// A profile without purchase key.
    pub fn local(
        profile: &'r Profile,
        custody: &'r dyn KeyCustody,
        serial: &[u8; 8],
        id: TerminalId,
        now: Timestamp,
    ) -> Result<Self, FlowError> {
        Ok(Self {
            rules: &profile.rules,
            // A profile has no more levels than there are.
            factors: Factors::new(&profile.factors_for(serial)).unwrap_or_default(),
            psam: Box::new(LocalPsam::new(profile, custody, id, 0)?),
            issuer: Box::new(LocalIssuer::new(profile, custody)),
            now,
        })
    }

    /// Load (圈存).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn load(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let i = self.initialize(purse, self.issuer.key_index(KeyKind::Load)?, amount);
        let kind = steps::load_type(purse);
        card.exclusively(steps::first_step(kind), |card| {
            let request = steps::initialize_online(card, kind, &i, self.factors)?;
            self.online(card, &request, amount)
        })
    }

    /// Unload (圈提).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn unload(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let i = self.initialize(purse, self.issuer.key_index(KeyKind::Unload)?, amount);
        let kind = TransactionType::Unload;
        card.exclusively(steps::first_step(kind), |card| {
            let request = steps::initialize_online(card, kind, &i, self.factors)?;
            self.online(card, &request, amount)
        })
    }

    /// Overdraft limit update (修改透支限额).
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn update_overdraft(
        &mut self,
        card: &mut CardSession<'_>,
        purse: PurseKind,
        limit: Limit,
    ) -> Result<Receipt, FlowError> {
        let kind = TransactionType::overdraft(self.rules);
        let amount = Amount(limit.fen());
        let i = self.initialize(purse, self.issuer.key_index(KeyKind::Overdraft)?, amount);
        card.exclusively(steps::first_step(kind), |card| {
            let request = steps::initialize_update(card, kind, &i, limit, self.factors)?;
            self.online(card, &request, amount)
        })
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
        self.debit(card, steps::purchase_type(purse), purse, amount, &[], None)
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
        self.debit(card, TransactionType::Cash, purse, amount, &[], None)
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
        self.debit(card, TransactionType::Capp, purse, amount, records, code)
    }

    fn debit(
        &mut self,
        card: &mut CardSession<'_>,
        kind: TransactionType,
        purse: PurseKind,
        amount: Amount,
        records: &[CappRecord],
        code: Option<&IdentificationCode>,
    ) -> Result<Receipt, FlowError> {
        let code = steps::code_in_mac1(self.rules, card, code)?;
        let context = Context { factors: self.factors, now: self.now, code };
        let i = self.initialize(purse, self.psam.key_index(), amount);
        card.exclusively(steps::first_step(kind), |card| {
            self.debit_steps(card, kind, &i, &context, records)
        })
    }

    fn debit_steps(
        &mut self,
        card: &mut CardSession<'_>,
        kind: TransactionType,
        i: &Initialize,
        context: &Context,
        records: &[CappRecord],
    ) -> Result<Receipt, FlowError> {
        let (purchase, answer) = steps::initialize_purchase(card, kind, i, context)?;
        for record in records {
            steps::cache(card, record)?;
        }
        let sam = self.psam.mac1(&purchase)?;
        let debited = steps::debit(card, &purchase, &sam)?;
        let judged = self.psam.check_mac2(&purchase, sam.terminal_serial, debited.mac2)?;
        steps::refuse_wrong("DEBIT", "MAC2", debited.mac2, judged, &self.psam.describe())?;
        let judged =
            self.issuer.check_tac(&purchase, i.terminal, sam.terminal_serial, debited.tac)?;
        steps::refuse_wrong("DEBIT", "TAC", debited.tac, judged, &self.issuer.describe())?;
        Ok(Receipt {
            transaction_type: kind,
            amount: i.amount,
            balance_before: answer.balance,
            serial: answer.serial,
            tac: debited.tac,
            mac2: Some(debited.mac2),
        })
    }

    /// The second step with an issuer.
    fn online(
        &mut self,
        card: &mut CardSession<'_>,
        request: &OnlineRequest,
        amount: Amount,
    ) -> Result<Receipt, FlowError> {
        let authorised = self.issuer.authorise(request, self.now)?;
        let code = steps::finish_online(card, request, &authorised)?;
        let judged = self.issuer.check_online(request, &authorised, code)?;
        let name = if request.transaction_type == TransactionType::Unload { "MAC3" } else { "TAC" };
        let step = CardSession::step(&steps::second_step(request, &authorised));
        steps::refuse_wrong(step, name, code, judged, &self.issuer.describe())?;
        let OnlineRequest { transaction_type, balance, serial, .. } = *request;
        Ok(Receipt {
            transaction_type,
            amount,
            balance_before: balance,
            serial,
            tac: code,
            mac2: None,
        })
    }

    fn initialize(&self, purse: PurseKind, key: u8, amount: Amount) -> Initialize {
        Initialize { purse, key, amount, terminal: self.psam.terminal() }
    }
}
