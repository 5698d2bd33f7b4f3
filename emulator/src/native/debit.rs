//! Second steps: CREDIT FOR LOAD, DEBIT FOR PURCHASE and FOR UNLOAD, UPDATE OVERDRAW LIMIT; GET
//! BALANCE and GET TRANSACTION PROOF.
//!
//! Each checks the other side's MAC, and writes everything that changes in one memory
//! transaction: CAPP records, log, balance and serial, proof.

use apdu::StatusWord;
use applet_spec::{BalanceForm, CodeInMac1, KeyKind, PinUse, Profile, PurseKind, SerialMoment};
use crypto::{Mac, SessionKey, secure_messaging_mac};
use purse::answer::{Balance, Confirmed, Debited, Proof};
use purse::mac::{self, MacInput, Moment};
use purse::record::LogRecord;
use purse::{Amount, Debit, Limit, OnlineStep, TerminalId, TerminalSerial, TransactionType};

use super::personalise::bit;
use super::transaction::{
    CachedRecord, Initialized, Mac1Verified, Mac2Verified, OnlineInitialized, Transaction,
};
use super::tree::{Blocked, Df, Ef, KeySlot, PurseState, StoredProof};
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

/// Everything a transaction changes.
pub(super) struct Entry<'e> {
    pub(super) begun: &'e Initialized,
    moment: &'e Moment,
    pub(super) after: PurseState,
    /// Serial of this transaction, before the increment.
    serial: u16,
    /// Amount as the log shows it.
    logged: Amount,
    codes: Codes,
    pub(super) records: &'e [CachedRecord],
}

/// What the proof of a transaction keeps; zero where the transaction has none.
struct Codes {
    mac: Mac,
    tac: Mac,
}

impl Session<'_, '_> {
    pub(super) fn credit_for_load(&mut self, running: Transaction, step: &OnlineStep) -> Outcome {
        let Transaction::Load(load) = running else {
            return Err(Halt::Status(self.rules.status.wrong_state));
        };
        let (begun, moment) = (load.begun, moment(&load.begun, step));
        let verified = self.check_mac2(&load, mac::online_mac2(begun.amount, &moment), step)?;
        let before = self.funded(&begun)?;
        let balance = Amount(before.balance.0.saturating_add(begun.amount.0));
        let after = PurseState { balance, ..before };
        let balance = self.or_wrong(after.balance, Deviation::TacOldBalance, before.balance);
        let serial =
            self.or_wrong(before.online, Deviation::TacSerialAfter, before.online.wrapping_add(1));
        let input = mac::online_proof(balance, serial, begun.amount, &self.moment_in_tac(moment));
        let tac = self.tac(&begun, &load.session, &input)?;
        let codes = Codes { mac: Mac([0; 4]), tac };
        let after = self.credited(after, &before, begun.amount);
        self.commit_online(verified, &begun, &moment, after, begun.amount, codes)?;
        Ok(Reply::data(Confirmed { code: tac }.to_bytes()))
    }

    pub(super) fn debit_for_unload(&mut self, running: Transaction, step: &OnlineStep) -> Outcome {
        let Transaction::Unload(unload) = running else {
            return Err(Halt::Status(self.rules.status.wrong_state));
        };
        let (begun, moment) = (unload.begun, moment(&unload.begun, step));
        let verified = self.check_mac2(&unload, mac::online_mac2(begun.amount, &moment), step)?;
        let before = self.funded(&begun)?;
        let balance = Amount(before.balance.0.saturating_sub(begun.amount.0));
        let after = PurseState { balance, ..before };
        let balance = self.or_wrong(after.balance, Deviation::UnloadMac3OldBalance, before.balance);
        let input = mac::online_proof(balance, before.online, begun.amount, &moment);
        let mac3 = unload.session.mac(input.as_bytes());
        let codes = Codes { mac: mac3, tac: Mac([0; 4]) };
        self.commit_online(verified, &begun, &moment, after, begun.amount, codes)?;
        Ok(Reply::data(Confirmed { code: mac3 }.to_bytes()))
    }

    pub(super) fn update_overdraw_limit(
        &mut self,
        running: Transaction,
        limit: Limit,
        step: &OnlineStep,
    ) -> Outcome {
        let Transaction::Update(update) = running else {
            return Err(Halt::Status(self.rules.status.wrong_state));
        };
        let (begun, moment) = (update.begun, moment(&update.begun, step));
        let verified = self.check_mac2(&update, mac::overdraft_mac2(limit, &moment), step)?;
        let before = self.funded(&begun)?;
        let maximum = begun.purse.terms(self.memory)?.maximum;
        // What was overdrawn must stay within the new limit.
        let raised = u64::from(before.balance.0) + u64::from(limit.fen());
        let balance = raised
            .checked_sub(u64::from(before.limit.fen()))
            .and_then(|balance| u32::try_from(balance).ok())
            .filter(|balance| *balance <= maximum.0)
            .ok_or(StatusWord::CONDITIONS)?;
        let after = PurseState { balance: Amount(balance), limit, ..before };
        let moment_in_tac = self.moment_in_tac(moment);
        let input = mac::overdraft_tac(after.balance, before.online, limit, &moment_in_tac);
        let tac = self.tac(&begun, &update.session, &input)?;
        let codes = Codes { mac: Mac([0; 4]), tac };
        let forgetful = PurseState { balance: before.balance, ..after };
        let after = self.or_wrong(after, Deviation::OverdraftBalanceKept, forgetful);
        self.commit_online(verified, &begun, &moment, after, Amount(limit.fen()), codes)?;
        Ok(Reply::data(Confirmed { code: tac }.to_bytes()))
    }

    pub(super) fn debit_for_purchase(&mut self, running: Transaction, debit: &Debit) -> Outcome {
        let (begun, records) = match running {
            Transaction::Purchase(begun) => (begun, Vec::new()),
            Transaction::Capp(compound)
                if !compound.cache.is_empty() || self.rules.capp.allow_no_record =>
            {
                (compound.begun, compound.cache)
            }
            _ => return Err(Halt::Status(self.rules.status.wrong_state)),
        };
        let moment = Moment {
            transaction_type: begun.transaction_type,
            terminal: begun.terminal,
            date: debit.date,
            time: debit.time,
        };
        let offline = begun.purse.state(self.memory)?.offline;
        let key = begun.key.value(self.memory)?;
        let cipher = self.system.keys.cipher(begun.key.suite, &key);
        let input = self.session_input(begun.random, offline, debit.terminal_serial);
        let session = SessionKey::derive(begun.key.suite, &cipher, &input);
        let code = match self.rules.code_in_mac1 {
            CodeInMac1::Never => None,
            CodeInMac1::After80Ca if !self.state.code_given => None,
            CodeInMac1::After80Ca | CodeInMac1::Always => self.identification_code()?,
        };
        let input = mac::purchase_mac1(begun.amount, &moment, code.as_ref());
        let expected = self.mac1_expected(&session, &input);
        let received = self.mac1_believed(debit.mac1, expected);
        let Some(verified) = Mac1Verified::compare(received, expected) else {
            return Err(self.wrong_mac(begun.transaction_type)?);
        };
        let before = self.funded(&begun)?;
        let balance = Amount(before.balance.0.saturating_sub(begun.amount.0));
        let offline = before.offline.wrapping_add(1);
        let after = self.debited(PurseState { balance, offline, ..before }, &before);
        let amount = self.or_wrong(begun.amount, Deviation::Mac2Field, after.balance);
        let mac2 = session.mac(mac::purchase_mac2(amount).as_bytes());
        let wrong = Deviation::TacWithoutTerminalSerial;
        let serial = self.or_wrong(debit.terminal_serial, wrong, TerminalSerial([0; 4]));
        let input = mac::purchase_tac(begun.amount, &self.moment_in_tac(moment), serial);
        let tac = self.tac(&begun, &session, &input)?;
        self.commit_purchase(
            verified,
            &Entry {
                begun: &begun,
                moment: &moment,
                after,
                serial: before.offline,
                logged: begun.amount,
                codes: Codes { mac: mac2, tac },
                records: &records,
            },
        )?;
        let (tac, mac2) = self.in_order(tac, mac2, Deviation::DebitOrder);
        Ok(Reply::fields(&Debited { tac, mac2 }.to_bytes()))
    }

    pub(super) fn give_balance(&mut self, form: u8, kind: PurseKind) -> Outcome {
        let df = self.df();
        if !df.is_purse_application(self.memory)? {
            return Err(Halt::Status(StatusWord::CONDITIONS));
        }
        let purse = df.purse(self.memory, kind)?.ok_or(StatusWord::WRONG_P1P2)?;
        let form = self
            .rules
            .balance_p1
            .iter()
            .find(|(p1, _)| *p1 == form)
            .map(|(_, form)| *form)
            .or_else(|| self.deviates(Deviation::BalanceFormAny).then_some(BalanceForm::Stored))
            .ok_or(StatusWord::WRONG_P1P2)?;
        let terms = purse.terms(self.memory)?;
        let asked = terms.pin_for & bit(PinUse::Balance) != 0;
        if asked && !self.holds_rights() || !self.granted(terms.use_right)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        let state = purse.state(self.memory)?;
        let (stored, limit) = (state.balance.0, state.limit.fen());
        let (actual, used) = (stored.saturating_sub(limit), limit.saturating_sub(stored));
        let high = if self.deviates(Deviation::BalanceHighBit) { 1 << 31 } else { 0 };
        let one = |balance| Reply::data(Balance { balance: Amount(balance | high) }.to_bytes());
        Ok(match form {
            BalanceForm::Stored => one(stored),
            BalanceForm::Limit => one(limit),
            BalanceForm::Used => one(used),
            BalanceForm::Actual => one(actual),
            BalanceForm::FourWords => {
                Reply::data([actual, limit, used, stored].map(u32::to_be_bytes).concat())
            }
        })
    }

    pub(super) fn give_proof(&mut self, transaction_type: u8, serial: u16) -> Outcome {
        let proof = self.df().proof(self.memory)?;
        let same_type =
            proof.transaction_type == transaction_type || self.deviates(Deviation::ProofAnyType);
        let same_serial = proof.serial == serial || self.deviates(Deviation::ProofAnySerial);
        if !(proof.valid && same_type && same_serial) {
            return Err(Halt::Status(self.rules.status.no_proof));
        }
        if self.deviates(Deviation::ProofOnce) {
            self.df().set_proof(self.memory, &StoredProof { valid: false, ..proof })?;
        }
        let (mac, tac) = self.in_order(Mac(proof.mac), Mac(proof.tac), Deviation::ProofOrder);
        let answer = Proof { mac, tac };
        Ok(Reply::data(answer.to_bytes()))
    }

    /// The issuer's MAC2, or the status word of a wrong one.
    fn check_mac2(
        &mut self,
        online: &OnlineInitialized,
        input: MacInput,
        step: &OnlineStep,
    ) -> Result<Mac2Verified, Halt> {
        let expected = online.session.mac(input.as_bytes());
        let received = self.mac2_believed(online.begun.transaction_type, step.mac2, expected);
        match Mac2Verified::compare(received, expected) {
            Some(verified) => Ok(verified),
            None => Err(self.wrong_mac(online.begun.transaction_type)?),
        }
    }

    /// The purse as it is now, if it still allows what INITIALIZE promised.
    fn funded(&self, begun: &Initialized) -> Result<PurseState, Halt> {
        let state = begun.purse.state(self.memory)?;
        let terms = begun.purse.terms(self.memory)?;
        let kind = begun.transaction_type;
        let refused = self.refuse_amount(&terms, &state, kind, begun.amount);
        match refused.or_else(|| self.refuse_serial(&state, kind)) {
            Some(status) => Err(Halt::Status(status)),
            None => Ok(state),
        }
    }

    fn commit_online(
        &mut self,
        _verified: Mac2Verified,
        begun: &Initialized,
        moment: &Moment,
        mut after: PurseState,
        logged: Amount,
        codes: Codes,
    ) -> Result<(), Halt> {
        let serial = after.online;
        after.online = self.or_wrong(serial.wrapping_add(1), Deviation::OnlineSerialStays, serial);
        self.commit(&Entry { begun, moment, after, serial, logged, codes, records: &[] })
    }

    fn commit_purchase(&mut self, _verified: Mac1Verified, entry: &Entry<'_>) -> Result<(), Halt> {
        self.commit(entry)
    }

    /// CAPP records, log, purse and proof together, or none of them.
    fn commit(&mut self, entry: &Entry<'_>) -> Result<(), Halt> {
        let df = self.df();
        let after = entry.serial.wrapping_add(1);
        let moment_of = |when| if when == SerialMoment::Before { entry.serial } else { after };
        let record = LogRecord {
            serial: moment_of(self.rules.log_serial),
            limit: entry.after.limit,
            amount: entry.logged,
            transaction_type: entry.begun.transaction_type as u8,
            terminal: entry.begun.terminal,
            date: entry.moment.date,
            time: entry.moment.time,
        };
        let proof = StoredProof {
            transaction_type: entry.begun.transaction_type as u8,
            serial: moment_of(self.rules.proof_serial),
            valid: true,
            mac: entry.codes.mac.0,
            tac: entry.codes.tac.0,
        };
        let proof = self.proof_kept(proof)?;
        let log = self.log_file(entry.begun)?;
        let record = self.logged(record, &entry.after);
        let (records, log) = self.commit_ahead(entry, log, &record)?;
        self.atomically(|session| {
            session.write_cached(records)?;
            if let Some(log) = log {
                session.append_to_log(&log, &record)?;
            }
            entry.begun.purse.set_state(session.memory, &entry.after)?;
            df.set_proof(session.memory, &proof)?;
            session.forget_wrong_macs()
        })
    }

    /// Where a log record goes: the purse's own log, or the file that the profile's routing names,
    /// else that of purchases.
    fn log_file(&self, begun: &Initialized) -> Result<Option<Ef>, Halt> {
        let (df, kind, terminal) = (self.df(), begun.transaction_type, begun.terminal);
        let own_log = begun.purse.terms(self.memory)?.log;
        if own_log != 0 {
            return Ok(df.by_sfi(self.memory, own_log)?);
        }
        let [purchase, load, other_city] = df.log(self.memory)?;
        let sfi = if kind.credits() {
            load
        } else if !kind.online() && self.in_other_city(df, terminal)? {
            other_city
        } else {
            purchase
        };
        Ok(match df.by_sfi(self.memory, sfi)? {
            Some(log) => Some(log),
            None => df.by_sfi(self.memory, purchase)?,
        })
    }

    pub(super) fn append_to_log(&mut self, file: &Ef, record: &LogRecord) -> Result<(), Halt> {
        if self.logs_wrongly(file, record)? {
            return Ok(());
        }
        self.append_to(file, &record.to_bytes())
    }

    /// The first two bytes of the terminal number are not the city code of the public file.
    fn in_other_city(&self, df: Df, terminal: TerminalId) -> Result<bool, Halt> {
        let public = df.by_sfi(self.memory, Profile::PUBLIC_SFI)?;
        let city = public.map(|public| self.memory.array::<2>(public.data + 2)).transpose()?;
        Ok(city.is_some_and(|city| !terminal.0.starts_with(&city)))
    }

    /// The TAC over `input`.
    fn tac(
        &self,
        begun: &Initialized,
        session: &SessionKey,
        input: &MacInput,
    ) -> Result<Mac, Halt> {
        if self.deviates(Deviation::TacBySessionKey) {
            return Ok(session.mac(input.as_bytes()));
        }
        let slot = self.tac_key(begun)?;
        let key = slot.value(self.memory)?;
        if self.deviates(Deviation::TacKeyNotFolded) {
            return Ok(secure_messaging_mac(slot.suite, &key, &[], input.as_bytes()));
        }
        Ok(self.system.keys.tac(slot.suite, &key).tac(input.as_bytes()))
    }

    fn tac_key(&self, begun: &Initialized) -> Result<KeySlot, Halt> {
        let index = self.rules.tac_index_for(begun.key.index);
        let slot = self.df().key(self.memory, KeyKind::Tac, index)?;
        Ok(slot.ok_or(StatusWord::KEY_INDEX_UNSUPPORTED)?)
    }

    /// The next wrong transaction MAC is the first again.
    pub(super) fn forget_wrong_macs(&mut self) -> Result<(), Halt> {
        let df = self.df();
        if df.wrong_macs(self.memory)? != 0 {
            df.set_wrong_macs(self.memory, 0)?;
        }
        Ok(())
    }

    /// A wrong transaction MAC: 9302, or where the profile counts them, the last one locks the
    /// application. Compound purchases never count.
    fn wrong_mac(&mut self, kind: TransactionType) -> Result<Halt, Halt> {
        let Some(limit) = self.rules.wrong_mac_limit.filter(|_| kind != TransactionType::Capp)
        else {
            return Ok(Halt::Status(StatusWord::MAC_INVALID));
        };
        let df = self.df();
        let count = df.wrong_macs(self.memory)?.saturating_add(1);
        let last = count >= limit;
        self.atomically(|session| {
            df.set_wrong_macs(session.memory, count)?;
            if last {
                df.block(session.memory, Blocked::Temporarily)?;
            }
            Ok(())
        })?;
        Ok(Halt::Status(if last { StatusWord::CONDITIONS } else { StatusWord::MAC_INVALID }))
    }
}

fn moment(begun: &Initialized, step: &OnlineStep) -> Moment {
    Moment {
        transaction_type: begun.transaction_type,
        terminal: begun.terminal,
        date: step.date,
        time: step.time,
    }
}
