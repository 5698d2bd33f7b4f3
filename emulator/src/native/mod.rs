//! The native card system: one application that owns the file tree, the MF, the payment system
//! environments and every native purse application.
//!
//! A command goes through here once: blocked? known? then the running transaction is taken out of
//! the state, and the command's handler puts back what is left of it. So every error, and every
//! command that the catalogue does not say keeps a transaction, ends it.

mod blocking;
mod capp;
mod debit;
mod files;
mod initialize;
mod issuing;
pub mod personalise;
mod pin;
mod psam;
mod records;
mod secure;
mod select;
pub mod settings;
mod transaction;
pub mod tree;
pub mod wrong;

use std::sync::Arc;

use apdu::{CommandApdu, StatusWord};
use applet_spec::{Catalogue, CommandSpec, Rules, TransactionEffect};
use crypto::Entropy;
use nvm::Nvm;
use purse::{Command, CommandError, PurseCommand};

use crate::application::{Application, Context, Halt, Reply};
use crate::issue::CardSystem;
use transaction::Transaction;
use tree::{Blocked, Df};
use wrong::Deviation;

/// The native card system: what all cards of a profile share, and what is lost with the power.
/// Everything else is in card memory.
#[derive(Clone)]
pub struct NativeSystem {
    system: Arc<CardSystem>,
    volatile: Volatile,
}

/// What is lost with the power.
#[derive(Clone, Default)]
struct Volatile {
    /// Selected directory; the MF after reset.
    current: Df,
    /// Header address of the selected file, 0 without one.
    current_file: tree::Address,
    /// Record that NEXT and PREVIOUS go from, of `current_file`.
    current_record: u8,
    /// Security state reached in the current directory.
    rights: Rights,
    /// That of the MF, while another directory is the current one.
    master_state: u8,
    /// The current directory was without keys when it was selected, or was erased since: every
    /// right is given in it.
    building: bool,
    challenge: Option<Challenge>,
    /// The identification code was asked for in this selection.
    code_given: bool,
    transaction: Transaction,
    /// What a PSAM was given in this selection.
    sam: psam::Granted,
}

/// The current file and record of the selected directory.
#[derive(Clone, Copy)]
pub struct Position {
    directory: Df,
    file: tree::Address,
    record: u8,
}

/// Security state (安全状态) of a directory.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Rights {
    /// After VERIFY.
    pin: bool,
    /// After EXTERNAL AUTHENTICATE.
    authenticated: bool,
    /// 0 to 15, as the last of the two said.
    state: u8,
}

/// A random number that was given out, good for the next command only.
#[derive(Clone, Copy)]
struct Challenge {
    bytes: [u8; 16],
    length: usize,
}

/// What a handler works with.
struct Session<'s, 'c> {
    state: &'s mut Volatile,
    memory: &'s mut Nvm,
    entropy: &'s mut dyn Entropy,
    rules: &'c Rules,
    system: &'c CardSystem,
    apdu: &'s CommandApdu<'s>,
    /// The challenge of the command before, if that was GET CHALLENGE.
    challenge: Option<Challenge>,
}

type Outcome = Result<Reply, Halt>;

impl NativeSystem {
    /// Without power, nothing selected.
    pub fn new(system: Arc<CardSystem>) -> Self {
        Self { system, volatile: Volatile::default() }
    }

    /// The current file and record.
    pub fn position(&self) -> Position {
        let Volatile { current, current_file, current_record, .. } = self.volatile;
        Position { directory: current, file: current_file, record: current_record }
    }

    /// Makes what was current before a command current again, unless it was a SELECT.
    pub fn return_to(&mut self, position: Position) {
        if position.directory == self.volatile.current {
            self.volatile.current_file = position.file;
            self.volatile.current_record = position.record;
        }
    }

    /// Which transaction is running, in words.
    pub fn transaction_name(&self) -> &'static str {
        self.volatile.transaction.name()
    }
}

impl Application for NativeSystem {
    fn reset(&mut self, memory: &Nvm) {
        let kept = self.kept_over_reset();
        let current = Df::master(memory).unwrap_or_default();
        let building = current.is_open_ground(memory).unwrap_or_default();
        self.volatile = Volatile { current, building, ..Volatile::default() };
        if let Some((directory, transaction)) = kept {
            self.volatile.current = directory;
            self.volatile.transaction = transaction;
        }
    }

    fn process(&mut self, context: &mut Context<'_>, apdu: &CommandApdu<'_>) -> Outcome {
        let system = self.system.clone();
        let rules = &system.acts_by.rules;
        let challenge = self.volatile.challenge.take();
        if self.deviates(Deviation::ChallengeLivesOn) {
            self.volatile.challenge = challenge;
        }
        let transaction = std::mem::take(&mut self.volatile.transaction);
        let taken_for = self.taken_for(apdu, rules);
        let apdu = &taken_for.as_deref().map_or(*apdu, CommandApdu::new);
        let parsed = Command::parse_with(Catalogue::of(rules.commands), apdu, rules);
        self.check_blocked(context.memory, rules, &parsed)?;
        let (spec, command) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                // A command that leaves the transaction alone does so when it is refused, too.
                let spec = error.command.map(Catalogue::entry);
                if spec.is_some_and(|spec| spec.transaction == TransactionEffect::Keeps)
                    || self.deviates(Deviation::StateKeptAfterError)
                {
                    self.volatile.transaction = transaction;
                }
                return self.refused(&error, rules);
            }
        };
        let keep = match spec.transaction {
            TransactionEffect::Keeps => true,
            TransactionEffect::Read => rules.read_keeps_transaction,
            _ => false,
        };
        let keep = self.keeps_wrongly(spec.id).unwrap_or(keep);
        let left = self.left_open(&transaction);
        let mut session = Session {
            state: &mut self.volatile,
            memory: context.memory,
            entropy: context.entropy,
            rules,
            system: &system,
            apdu,
            challenge,
        };
        if keep {
            let outcome = session.execute(command, Transaction::Idle);
            self.volatile.transaction = transaction;
            return outcome;
        }
        let outcome = session.execute(command, transaction);
        if let Some(left) = left {
            self.leave_open(left, spec, &outcome);
        }
        outcome
    }
}

impl NativeSystem {
    /// Card lock and application lock come before everything else.
    fn check_blocked(
        &self,
        memory: &Nvm,
        rules: &Rules,
        parsed: &Result<(&CommandSpec, Command), CommandError>,
    ) -> Result<(), Halt> {
        if memory.byte(tree::CARD_BLOCKED)? != 0 {
            return Err(Halt::Status(StatusWord::LOCKED));
        }
        let blocked = self.volatile.current.blocked(memory)?;
        if blocked == Blocked::No {
            return Ok(());
        }
        let spec = match parsed {
            Ok((spec, _)) => Some(*spec),
            Err(error) => error.command.map(Catalogue::entry),
        };
        let (allowed, status) = match blocked {
            Blocked::Permanently => {
                (spec.is_some_and(|s| s.when_permanently_blocked), rules.status.permanently_blocked)
            }
            _ => (spec.is_some_and(|s| s.when_blocked), rules.status.blocked),
        };
        if allowed || self.lets_through(blocked, spec) {
            return Ok(());
        }
        Err(Halt::Status(status))
    }

    /// The answer to a command that cannot be read.
    fn refused(&self, error: &CommandError, rules: &Rules) -> Outcome {
        if self.takes_unknown(error) {
            return Ok(Reply::done());
        }
        Err(Halt::Status(error.status(rules)))
    }
}

impl Session<'_, '_> {
    fn execute(&mut self, command: Command, transaction: Transaction) -> Outcome {
        match command {
            Command::Purse(command) => self.execute_purse(command, transaction),
            Command::Psam(command) => self.execute_psam(command, transaction),
            Command::Issuing(command) => self.execute_issuing(command),
        }
    }

    fn execute_purse(&mut self, command: PurseCommand, transaction: Transaction) -> Outcome {
        use PurseCommand as C;
        match command {
            C::Select { by, occurrence } => self.select(by, occurrence),
            C::GetResponse { .. } => Err(Halt::Status(StatusWord::NO_DATA)),
            C::ReadBinary { file, offset, ne, mac } => self.read_binary(file, offset, ne, mac),
            C::UpdateBinary { file, offset, data } => self.update_binary(file, offset, &data),
            C::ReadRecord { file, record, ne, mac } => self.read_record(file, record, ne, mac),
            C::UpdateRecord { file, record, data } => self.update_record(file, record, &data),
            C::AppendRecord { file, data } => self.append_record(file, &data),
            C::GetChallenge { length } => self.give_challenge(length),
            C::ExternalAuthenticate { key, cryptogram } => {
                self.external_authenticate(key, &cryptogram)
            }
            C::InternalAuthenticate { mode, key, data } => {
                self.internal_authenticate(mode, key, &data)
            }
            C::Verify { index, pin } => self.verify(index, &pin),
            C::ChangePin { index, old, new } => self.change_pin(index, &old, &new),
            C::ReloadPin { index, pin, mac } => self.reload_pin(index, &pin, mac),
            C::PinUnblock { ref enciphered, mac, .. } => self.pin_unblock(enciphered, mac),
            C::ApplicationBlock { kind, mac } => self.application_block(kind, mac),
            C::ApplicationUnblock { mac } => self.application_unblock(mac),
            C::CardBlock { mac } => self.card_block(mac),
            C::GetBalance { form, purse } => self.give_balance(form, purse),
            C::GetTransactionProof { transaction_type, serial } => {
                self.give_proof(transaction_type, serial)
            }
            C::GetIdentificationCode => self.give_identification_code(),
            C::InitializeForLoad(i) => self.initialize_for_load(&transaction, &i),
            C::CreditForLoad(step) => self.credit_for_load(transaction, &step),
            C::InitializeForPurchase(i) => self.initialize_for_purchase(&transaction, &i),
            C::InitializeForCashWithdrawal(i) => self.initialize_for_cash(&transaction, &i),
            C::InitializeForCappPurchase(i) => self.initialize_for_capp(&transaction, &i),
            C::UpdateCappDataCache { sfi, record, data } => {
                self.update_capp_data_cache(transaction, sfi, record, data)
            }
            C::DebitForPurchase(debit) => self.debit_for_purchase(transaction, &debit),
            C::InitializeForUnload(i) => self.initialize_for_unload(&transaction, &i),
            C::DebitForUnload(step) => self.debit_for_unload(transaction, &step),
            C::InitializeForUpdate { purse, key, terminal } => {
                self.initialize_for_update(&transaction, purse, key, terminal)
            }
            C::UpdateOverdrawLimit { limit, step } => {
                self.update_overdraw_limit(transaction, limit, &step)
            }
        }
    }

    /// GET of the identification code; from then on, and until SELECT, MAC1 may cover it.
    fn give_identification_code(&mut self) -> Outcome {
        let code = self.identification_code()?.ok_or(StatusWord::KEY_NOT_FOUND)?;
        self.state.code_given = true;
        let code = self.code_told(code);
        Ok(Reply::data(code.0))
    }

    fn identification_code(&self) -> Result<Option<purse::IdentificationCode>, Halt> {
        Ok(match self.memory.byte(tree::CODE)? {
            9 => Some(purse::IdentificationCode(self.memory.array(tree::CODE + 1)?)),
            _ => None,
        })
    }

    /// The current directory.
    fn df(&self) -> Df {
        self.state.current
    }

    /// Changes several things or none: commits what `work` wrote, takes it back where it fails.
    /// Nothing else opens a memory transaction, so that none outlives its command.
    fn atomically(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Halt>) -> Result<(), Halt> {
        self.memory.begin()?;
        match work(self) {
            Ok(()) => Ok(self.memory.commit()?),
            Err(Halt::PowerLost) => Err(Halt::PowerLost),
            Err(halt) => {
                self.memory.abort()?;
                Err(halt)
            }
        }
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.entropy.fill(&mut out);
        out
    }
}
