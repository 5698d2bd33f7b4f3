//! Transactions and locks that bring a card into its state: this side plays the issuer and the PSAM.
//!
//! Every one of them asks the card for its serial first. A transaction that was done before this
//! program lost sight of it is recognised by that, and not made twice.

use apdu::{DfName, StatusWord};
use applet_spec::{Directory, KeyKind, KeySpec, PinUse, PurseKind};
use crypto::{Mac, SessionKey};
use purse::answer::{
    Confirmed, Debited, OnlineInitialized, PurchaseInitialized, UpdateInitialized,
};
use purse::mac::{self, secure_messaging_input};
use purse::{
    Amount, BlockKind, Date, Debit, Initialize, Limit, Occurrence, OnlineStep, Pin, PurseCommand,
    SelectBy, TerminalId, TerminalSerial, Time, TransactionType,
};

use super::talk::refused;
use super::{CardKeys, Deed, Talk, TalkError};
use crate::engine::{Again, Trouble};

/// Where and when transactions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Terminal number.
    pub terminal: TerminalId,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
}

/// Who makes them, with one card after its reset.
pub struct Teller<'t, 'c> {
    talk: &'t mut Talk<'c>,
    keys: CardKeys<'t>,
    application: &'t Directory,
    moment: Moment,
    selected: bool,
    pin_given: bool,
}

/// What a deed showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Keys that were proved, and how.
    pub proved: Vec<(KeyKind, u8, &'static str)>,
    /// Tries that a wrong PIN left.
    pub tries_left: Option<u8>,
}

impl<'t, 'c> Teller<'t, 'c> {
    /// With a card that was reset, or that was last talked to by this side of `session`.
    pub fn new(
        talk: &'t mut Talk<'c>,
        keys: CardKeys<'t>,
        application: &'t Directory,
        moment: Moment,
    ) -> Self {
        Self { talk, keys, application, moment, selected: false, pin_given: false }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn perform(&mut self, deed: Deed, again: Again) -> Result<Shown, TalkError> {
        match deed {
            Deed::Load { purse, amount, online } => self.load(purse, amount, Some(online), again),
            Deed::Purchase { purse, amount, offline } => {
                self.purchase(purse, amount, Some(offline), again)
            }
            Deed::Limit { purse, limit, online } => self.limit(purse, limit, online, again),
            Deed::WrongPin { left } => self.wrong_pin(left, again),
            Deed::BlockApplication(kind) => self.block(kind, again),
            Deed::BlockCard => self.block_card(again),
            Deed::Verify | Deed::CheckLock => Ok(Shown::default()),
        }
    }

    /// Brings the card to where PIN tries can be spent from the full number again.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn restore_pin(&mut self) -> Result<(), TalkError> {
        self.select()?;
        self.give_pin()
    }

    /// A load and a purchase of the same amount, whatever serials the card has.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn try_out(&mut self, purse: PurseKind, amount: Amount) -> Result<(), TalkError> {
        self.load(purse, amount, None, Again::First)?;
        self.purchase(purse, amount, None, Again::First).map(|_| ())
    }

    fn select(&mut self) -> Result<(), TalkError> {
        if !self.selected {
            self.talk.send(select(self.application)?)?;
            self.selected = true;
        }
        Ok(())
    }

    fn ready_for(&mut self, purse: PurseKind, used: PinUse) -> Result<(), TalkError> {
        self.select()?;
        let asks = self.application.purse(purse).is_some_and(|spec| spec.pin_for.contains(&used));
        if asks && !self.pin_given {
            self.give_pin()?;
        }
        Ok(())
    }

    fn give_pin(&mut self) -> Result<(), TalkError> {
        let Some(spec) = &self.application.pin else { return Ok(()) };
        let wrong = |text: String| TalkError::Trouble(Trouble::Wrong(text));
        let pin = Pin::new(&spec.value).map_err(|error| wrong(format!("the PIN: {error}")))?;
        self.talk.send(PurseCommand::Verify { index: spec.index, pin })?;
        self.pin_given = true;
        Ok(())
    }

    fn load(
        &mut self,
        purse: PurseKind,
        amount: Amount,
        online: Option<u16>,
        again: Again,
    ) -> Result<Shown, TalkError> {
        self.ready_for(purse, PinUse::Load)?;
        let spec = self.slot(KeyKind::Load)?;
        let initialize =
            Initialize { purse, key: spec.index, amount, terminal: self.moment.terminal };
        let answer = self.talk.send(PurseCommand::InitializeForLoad(initialize))?;
        let answer = parsed(OnlineInitialized::parse(&answer))?;
        if done_before("online", answer.serial, online, again)? {
            return Ok(Shown::default());
        }
        let kind = match purse {
            PurseKind::Deposit => TransactionType::DepositLoad,
            PurseKind::Purse => TransactionType::PurseLoad,
        };
        let (suite, cipher) = self.keys.cipher(self.application, spec)?;
        let input = mac::online_session_input(answer.random, answer.serial);
        let session = SessionKey::derive(suite, &cipher, &input);
        let covered = mac::online_mac1(answer.balance, amount, kind, self.moment.terminal);
        same("MAC1 of the load", answer.mac1, session.mac(covered.as_bytes()))?;
        let moment = self.moment(kind);
        let mac2 = session.mac(mac::online_mac2(amount, &moment).as_bytes());
        let step = OnlineStep { date: moment.date, time: moment.time, mac2 };
        let answer_tac = self.talk.send(PurseCommand::CreditForLoad(step))?;
        let after = Amount(answer.balance.0.wrapping_add(amount.0));
        let covered = mac::online_proof(after, answer.serial, amount, &moment);
        let tac = self.keys.tac(self.application, spec)?.tac(covered.as_bytes());
        same("TAC of the load", parsed(Confirmed::parse(&answer_tac))?.code, tac)?;
        Ok(self.proved(spec, "MAC1 of a load", "TAC of a load"))
    }

    fn purchase(
        &mut self,
        purse: PurseKind,
        amount: Amount,
        offline: Option<u16>,
        again: Again,
    ) -> Result<Shown, TalkError> {
        self.ready_for(purse, PinUse::Purchase)?;
        let spec = self.slot(KeyKind::Purchase)?;
        let initialize =
            Initialize { purse, key: spec.index, amount, terminal: self.moment.terminal };
        let answer = self.talk.send(PurseCommand::InitializeForPurchase(initialize))?;
        let answer = parsed(PurchaseInitialized::parse(&answer))?;
        if done_before("offline", answer.serial, offline, again)? {
            return Ok(Shown::default());
        }
        let kind = match purse {
            PurseKind::Deposit => TransactionType::DepositPurchase,
            PurseKind::Purse => TransactionType::PursePurchase,
        };
        let terminal_serial = TerminalSerial((u32::from(answer.serial) + 1).to_be_bytes());
        let (suite, cipher) = self.keys.cipher(self.application, spec)?;
        let input = mac::offline_session_input(answer.random, answer.serial, terminal_serial);
        let session = SessionKey::derive(suite, &cipher, &input);
        let moment = self.moment(kind);
        let mac1 = session.mac(mac::purchase_mac1(amount, &moment, None).as_bytes());
        let (date, time) = (moment.date, moment.time);
        let debit = Debit { terminal_serial, date, time, mac1 };
        let debited = self.talk.send(PurseCommand::DebitForPurchase(debit))?;
        let debited = parsed(Debited::parse(&debited))?;
        let mac2 = session.mac(mac::purchase_mac2(amount).as_bytes());
        same("MAC2 of the purchase", debited.mac2, mac2)?;
        let covered = mac::purchase_tac(amount, &moment, terminal_serial);
        let tac = self.keys.tac(self.application, spec)?.tac(covered.as_bytes());
        same("TAC of the purchase", debited.tac, tac)?;
        Ok(self.proved(spec, "MAC2 of a purchase", "TAC of a purchase"))
    }

    fn limit(
        &mut self,
        purse: PurseKind,
        limit: Limit,
        online: u16,
        again: Again,
    ) -> Result<Shown, TalkError> {
        self.ready_for(purse, PinUse::Overdraft)?;
        let spec = self.slot(KeyKind::Overdraft)?;
        let terminal = self.moment.terminal;
        let begin = PurseCommand::InitializeForUpdate { purse, key: spec.index, terminal };
        let answer = parsed(UpdateInitialized::parse(&self.talk.send(begin)?))?;
        if done_before("online", answer.serial, Some(online), again)? {
            return Ok(Shown::default());
        }
        let kind = TransactionType::from_byte(self.keys.profile.rules.overdraft_type)
            .unwrap_or(TransactionType::Overdraft);
        let (suite, cipher) = self.keys.cipher(self.application, spec)?;
        let input = mac::online_session_input(answer.random, answer.serial);
        let session = SessionKey::derive(suite, &cipher, &input);
        let covered = mac::overdraft_mac1(answer.balance, answer.limit, kind, terminal);
        same("MAC1 of the limit", answer.mac1, session.mac(covered.as_bytes()))?;
        let moment = self.moment(kind);
        let mac2 = session.mac(mac::overdraft_mac2(limit, &moment).as_bytes());
        let step = OnlineStep { date: moment.date, time: moment.time, mac2 };
        let tac = self.talk.send(PurseCommand::UpdateOverdrawLimit { limit, step })?;
        let after = answer.balance.0.wrapping_sub(answer.limit.fen()).wrapping_add(limit.fen());
        let covered = mac::overdraft_tac(Amount(after), answer.serial, limit, &moment);
        let expected = self.keys.tac(self.application, spec)?.tac(covered.as_bytes());
        same("TAC of the limit", parsed(Confirmed::parse(&tac))?.code, expected)?;
        Ok(self.proved(spec, "MAC1 of a limit update", "TAC of a limit update"))
    }

    /// A wrong PIN, as long as the right one and never it.
    fn wrong_pin(&mut self, left: u8, again: Again) -> Result<Shown, TalkError> {
        self.select()?;
        let Some(spec) = &self.application.pin else { return Ok(Shown::default()) };
        let mut value = spec.value.clone();
        if let Some(last) = value.last_mut() {
            // BCD, and never the filler.
            *last = if *last == 0x00 { 0x01 } else { 0x00 };
        }
        let wrong = |text: String| TalkError::Trouble(Trouble::Wrong(text));
        let pin = Pin::new(&value).map_err(|error| wrong(format!("the PIN: {error}")))?;
        self.pin_given = false;
        let answer = self.talk.ask(PurseCommand::Verify { index: spec.index, pin })?;
        let spent = answer.status == StatusWord::tries_left(left)
            || left == 0 && answer.status == StatusWord::METHOD_BLOCKED && again == Again::Maybe;
        if !spent {
            let text = format!("a wrong PIN: {left} tries should be left");
            let found = refused(&text, answer.status);
            return Err(wrong(found.text().to_owned()));
        }
        Ok(Shown { tries_left: Some(left), ..Shown::default() })
    }

    fn block(&mut self, kind: BlockKind, again: Again) -> Result<Shown, TalkError> {
        // A locked application refuses its selection and may be the current one all the same.
        let selected = self.talk.ask(select(self.application)?)?;
        if again == Again::Maybe && selected.status == StatusWord::PERMANENTLY_LOCKED {
            return Ok(Shown::default());
        }
        let named = PurseCommand::ApplicationBlock { kind, mac: Mac([0; 4]) };
        let (spec, mac) = self.protected(KeyKind::ApplicationBlock, &named)?;
        let answer = self.talk.ask(PurseCommand::ApplicationBlock { kind, mac })?;
        let before = again == Again::Maybe && answer.status == StatusWord::PERMANENTLY_LOCKED;
        if !answer.status.is_ok() && !before {
            return Err(refused("APPLICATION BLOCK", answer.status).into());
        }
        Ok(Shown { proved: vec![(spec.kind, spec.index, "APPLICATION BLOCK")], tries_left: None })
    }

    fn block_card(&mut self, again: Again) -> Result<Shown, TalkError> {
        let selected = self.talk.ask(select(self.application)?)?;
        if again == Again::Maybe && selected.status == StatusWord::LOCKED {
            return Ok(Shown::default());
        }
        let named = PurseCommand::CardBlock { mac: Mac([0; 4]) };
        let (spec, mac) = self.protected(KeyKind::CardBlock, &named)?;
        self.talk.send(PurseCommand::CardBlock { mac })?;
        Ok(Shown { proved: vec![(spec.kind, spec.index, "CARD BLOCK")], tries_left: None })
    }

    /// The secure messaging MAC of a command without data, by its own key or else by the maintenance
    /// key (应用维护密钥).
    fn protected(
        &mut self,
        own: KeyKind,
        command: &PurseCommand,
    ) -> Result<(&'t KeySpec, Mac), TalkError> {
        let keys = &self.application.keys;
        let of = |kind| keys.iter().find(move |key| key.kind == kind);
        let spec = of(own).or_else(|| of(KeyKind::Maintenance)).ok_or_else(|| {
            TalkError::Trouble(Trouble::Wrong("the card has no key to lock it by".to_owned()))
        })?;
        let challenge = self.talk.send(PurseCommand::GetChallenge { length: 4 })?;
        let (header, data) = command.secured_part();
        let covered = secure_messaging_input(header, &data);
        Ok((spec, self.keys.mac(self.application, spec, &challenge, &covered)?))
    }

    fn slot(&self, kind: KeyKind) -> Result<&'t KeySpec, TalkError> {
        let found = self.application.keys.iter().find(|key| key.kind == kind);
        found.ok_or_else(|| {
            let text = format!("{} has no {} key", self.keys.profile.name, kind.text());
            TalkError::Trouble(Trouble::Wrong(text))
        })
    }

    fn moment(&self, transaction_type: TransactionType) -> mac::Moment {
        let Moment { terminal, date, time } = self.moment;
        mac::Moment { transaction_type, terminal, date, time }
    }

    fn proved(&self, spec: &KeySpec, by_key: &'static str, by_tac: &'static str) -> Shown {
        let tac = self.keys.profile.rules.tac_index.unwrap_or(spec.index);
        let proved = vec![(spec.kind, spec.index, by_key), (KeyKind::Tac, tac, by_tac)];
        Shown { proved, tries_left: None }
    }
}

/// SELECT of an application by its name, or of a directory without one by its fid.
pub(super) fn select(directory: &Directory) -> Result<PurseCommand, TalkError> {
    let by = match directory.name.as_slice() {
        [] => SelectBy::Fid(directory.fid),
        name => SelectBy::Name(DfName::new(name).map_err(|error| {
            TalkError::Trouble(Trouble::Wrong(format!("name of the application: {error}")))
        })?),
    };
    Ok(PurseCommand::Select { by, occurrence: Occurrence::First })
}

/// Whether a transaction was made already, by the card's serial.
fn done_before(
    which: &str,
    found: u16,
    before: Option<u16>,
    again: Again,
) -> Result<bool, Trouble> {
    let Some(before) = before else { return Ok(false) };
    match found {
        _ if found == before => Ok(false),
        _ if again == Again::Maybe && found == before.wrapping_add(1) => Ok(true),
        _ => Err(Trouble::Wrong(format!(
            "the {which} serial is {found:04X}, and {before:04X} is expected: another program \
             has made transactions with the card"
        ))),
    }
}

fn same(what: &str, received: Mac, expected: Mac) -> Result<(), Trouble> {
    if received == expected {
        return Ok(());
    }
    Err(Trouble::Wrong(format!("{what} is {received}, its key gives {expected}")))
}

fn parsed<T>(answer: Result<T, purse::answer::AnswerError>) -> Result<T, Trouble> {
    answer.map_err(|error| Trouble::Wrong(error.to_string()))
}
