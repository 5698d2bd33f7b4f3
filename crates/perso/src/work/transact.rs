//! Transactions and locks that bring a card into its state: this side plays the issuer and the PSAM.
//!
//! Every one of them asks the card for its serial first. A transaction that was done before this
//! program lost sight of it is recognised by that, and not made twice.

use apdu::{DfName, StatusWord};
use applet_spec::{Catalogue, Directory, KeyKind, KeySpec, PinUse, PurseKind};
use crypto::{Mac, SessionKey};
use purse::answer::{
    AnswerError, Confirmed, Debited, OnlineInitialized, PurchaseInitialized, UpdateInitialized,
};
use purse::mac::{self, secure_messaging_input};
use purse::{
    Amount, BlockKind, Date, Debit, Initialize, Limit, Occurrence, OnlineStep, Pin, PurseCommand,
    SelectBy, TerminalId, TerminalSerial, Time, TransactionType,
};

use super::talk::refused;
use super::{CardKeys, Deed, Talk, TalkError};
use crate::engine::{Again, Trouble};

const NOTHING: Amount = Amount(0);
/// Which of a purse's two serials.
const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

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

/// How many tries the PIN has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTries {
    /// All of them.
    Full,
    /// None.
    Spent,
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
    /// With a card whose application is not selected, and that was given no PIN: one just reset, say.
    /// Whatever it had selected, the first thing that is done selects the application.
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

    /// Brings the card to where PIN tries can be spent from the full number again, or says that
    /// none is left to begin with.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn restore_pin(&mut self) -> Result<PinTries, TalkError> {
        self.select()?;
        let Some(answer) = self.verify_pin()? else { return Ok(PinTries::Full) };
        match answer {
            status if status.is_ok() => Ok(PinTries::Full),
            StatusWord::METHOD_BLOCKED => Ok(PinTries::Spent),
            status => Err(refused("VERIFY", status).into()),
        }
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
        match self.verify_pin()? {
            Some(status) if !status.is_ok() => Err(refused("VERIFY", status).into()),
            _ => Ok(()),
        }
    }

    /// What the card says to its PIN; nothing where it has none.
    fn verify_pin(&mut self) -> Result<Option<StatusWord>, TalkError> {
        let Some(spec) = &self.application.pin else { return Ok(None) };
        let wrong = |text: String| TalkError::Trouble(Trouble::Wrong(text));
        let pin = Pin::new(&spec.value).map_err(|error| wrong(format!("the PIN: {error}")))?;
        let status = self.talk.ask(PurseCommand::Verify { index: spec.index, pin })?.status;
        self.pin_given = status.is_ok();
        Ok(Some(status))
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
        let initialize = |amount, terminal| {
            PurseCommand::InitializeForLoad(Initialize { purse, key: spec.index, amount, terminal })
        };
        let terminal = self.moment.terminal;
        let serial = |data: &[u8]| OnlineInitialized::parse(data).map(|answer| answer.serial);
        if self.done_before(initialize(NOTHING, terminal), serial, ONLINE, online, again)? {
            return Ok(Shown::default());
        }
        let answer = self.talk.send(initialize(amount, terminal))?;
        let answer = parsed(OnlineInitialized::parse(&answer))?;
        untouched(ONLINE, answer.serial, online)?;
        let kind = TransactionType::load(purse);
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
        let initialize = |amount, terminal| {
            let begin = Initialize { purse, key: spec.index, amount, terminal };
            PurseCommand::InitializeForPurchase(begin)
        };
        let terminal = self.moment.terminal;
        let serial = |data: &[u8]| PurchaseInitialized::parse(data).map(|answer| answer.serial);
        if self.done_before(initialize(NOTHING, terminal), serial, OFFLINE, offline, again)? {
            return Ok(Shown::default());
        }
        let answer = self.talk.send(initialize(amount, terminal))?;
        let answer = parsed(PurchaseInitialized::parse(&answer))?;
        untouched(OFFLINE, answer.serial, offline)?;
        let kind = TransactionType::purchase(purse);
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
        let begin = || PurseCommand::InitializeForUpdate { purse, key: spec.index, terminal };
        let serial = |data: &[u8]| UpdateInitialized::parse(data).map(|answer| answer.serial);
        if self.done_before(begin(), serial, ONLINE, Some(online), again)? {
            return Ok(Shown::default());
        }
        let answer = parsed(UpdateInitialized::parse(&self.talk.send(begin())?))?;
        untouched(ONLINE, answer.serial, Some(online))?;
        let kind = TransactionType::overdraft(&self.keys.profile.rules);
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

    /// Whether a transaction that may have been made was. `begin` asks for the serial with an amount
    /// of nothing: with its own amount, a purse that it has emptied or filled would refuse.
    fn done_before(
        &mut self,
        begin: PurseCommand,
        serial: impl Fn(&[u8]) -> Result<u16, AnswerError>,
        which: &str,
        before: Option<u16>,
        again: Again,
    ) -> Result<bool, TalkError> {
        let Some(before) = before.filter(|_| again == Again::Maybe) else { return Ok(false) };
        let name = Catalogue::entry(begin.id()).name.clone();
        let answer = self.talk.ask(begin)?;
        let after = before.wrapping_add(1);
        // The last serial of all begins nothing more.
        let stops = self.keys.profile.rules.counter_stops && after == u16::MAX;
        if stops && answer.status == StatusWord::COUNTER_AT_MAXIMUM {
            return Ok(true);
        }
        if !answer.status.is_ok() {
            return Err(refused(&name, answer.status).into());
        }
        let found = parsed(serial(&answer.data))?;
        if found == after {
            return Ok(true);
        }
        untouched(which, found, Some(before))?;
        Ok(false)
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

/// That nobody else has made transactions with the card.
fn untouched(which: &str, found: u16, expected: Option<u16>) -> Result<(), Trouble> {
    match expected {
        Some(expected) if expected != found => Err(Trouble::Wrong(format!(
            "the {which} serial is {found:04X}, and {expected:04X} is expected: another program \
             has made transactions with the card"
        ))),
        _ => Ok(()),
    }
}

/// What the key gives is not told: it would be a MAC that anybody could use.
fn same(what: &str, received: Mac, expected: Mac) -> Result<(), Trouble> {
    if received == expected {
        return Ok(());
    }
    Err(Trouble::Wrong(format!("{what} is {received}, and its key gives another")))
}

fn parsed<T>(answer: Result<T, AnswerError>) -> Result<T, Trouble> {
    answer.map_err(|error| Trouble::Wrong(error.to_string()))
}
