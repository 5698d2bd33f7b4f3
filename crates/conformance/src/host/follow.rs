//! What follows from an answer.

use apdu::{CommandApdu, StatusWord};
use applet_spec::{
    Catalogue, CodeInMac1, CommandId, Field, PurseKind, SamUsage, TransactionEffect,
};
use purse::answer::{OnlineInitialized, PurchaseInitialized, SamInitialized, UpdateInitialized};
use purse::{Date, IdentificationCode, TerminalId, TerminalSerial, Time};
use zeroize::Zeroizing;

use super::inputs::factors;
use super::known::Delivered;
use super::transaction::Transaction;
use super::{Host, Prepared};
use crate::{RunKind, TransactionState};

impl Host<'_> {
    pub(super) fn follow(&mut self, sent: &Prepared, status: StatusWord, data: &[u8]) {
        let apdu = CommandApdu::new(&sent.bytes);
        let Some(command) = sent.command else {
            self.known.state = TransactionState::Idle;
            return;
        };
        let spec = Catalogue::entry(command);
        let running = self.known.state;
        let ends = match spec.transaction {
            TransactionEffect::Keeps => false,
            TransactionEffect::Read => !self.profile.rules.read_keeps_transaction,
            _ => true,
        };
        if ends {
            self.known.state = TransactionState::Idle;
        }
        if command == CommandId::Select {
            self.entered(&apdu, status);
            return;
        }
        if !status.is_ok() {
            match command {
                CommandId::CheckIdentificationCode => self.known.code_counts = false,
                CommandId::DeliverKey => self.known.delivered = None,
                CommandId::Verify | CommandId::ChangePin => self.known.verified = false,
                _ => {}
            }
            return;
        }
        self.follow_file(command, &apdu);
        match command {
            CommandId::GetChallenge => self.known.challenge = Some(data.to_vec()),
            CommandId::GetIdentificationCode => {
                if let Ok(code) = data.try_into() {
                    self.known.code = Some(code);
                    self.known.code_counts = true;
                }
            }
            CommandId::CheckIdentificationCode => {
                self.known.code = apdu.data().try_into().ok();
                self.known.code_counts = self.known.code.is_some();
            }
            CommandId::Verify => self.known.verified = true,
            CommandId::ChangePin => {
                let new = apdu.data().split(|byte| *byte == 0xFF).next_back();
                self.known.pin = new.map(|pin| Zeroizing::new(pin.to_vec()));
            }
            CommandId::ReloadPin => {
                let new = apdu.data().split_last_chunk::<4>();
                self.known.pin = new.map(|(pin, _)| Zeroizing::new(pin.to_vec()));
            }
            CommandId::DeliverKey => {
                let sent = factors(apdu.data()).unwrap_or_default();
                self.known.delivered = Some(Delivered {
                    usage: SamUsage(apdu.p1()),
                    number: apdu.p2(),
                    factors: sent.into_iter().rev().collect(),
                });
            }
            _ => {}
        }
        if let Some(next) = running.continued_by(command) {
            self.known.state = next;
        }
        if spec.transaction == TransactionEffect::Starts {
            let purpose = RunKind::of(command);
            let begun = purpose.and_then(|purpose| self.begun(purpose, &apdu, data));
            if let (Some(transaction), Some(state)) = (begun, TransactionState::begun_by(command)) {
                self.known.state = state;
                self.known.transaction = Some(transaction);
            }
        }
    }

    /// The identification code that MAC1 covers now.
    pub(super) fn code_in_mac1(&self) -> Option<IdentificationCode> {
        let told = self.known.code.filter(|_| self.known.code_counts);
        let code = match self.profile.rules.code_in_mac1 {
            CodeInMac1::Never => None,
            CodeInMac1::After80Ca => told,
            CodeInMac1::Always => told.or(self.known.code).or(self.profile.authentication_code),
        };
        code.map(IdentificationCode)
    }

    /// A directory that was selected; one that is locked is current all the same.
    fn entered(&mut self, apdu: &CommandApdu<'_>, status: StatusWord) {
        let rules = &self.profile.rules.status;
        let current = [StatusWord::OK, rules.select_blocked, rules.permanently_blocked];
        if !current.contains(&status) {
            return;
        }
        let directories = &self.profile.directories;
        let wanted = apdu.data();
        let found = match (apdu.p1(), wanted) {
            (_, []) => Some(0),
            (0x00, [high, low]) => {
                let fid = u16::from_be_bytes([*high, *low]);
                directories.iter().position(|directory| directory.fid == fid)
            }
            (_, name) => {
                let from = if apdu.p2() == 0x02 { self.known.directory + 1 } else { 0 };
                let mut after = directories.iter().enumerate().skip(from);
                let found = after.find(|(_, directory)| directory.name.starts_with(name));
                found.map(|(at, _)| at)
            }
        };
        match found {
            Some(at) => self.known.enter(at),
            None => {
                let fid = wanted.try_into().ok().map(u16::from_be_bytes);
                let files = self.directory().map_or(&[][..], |directory| &directory.files);
                let file = files.iter().find(|file| Some(file.fid) == fid);
                self.known.file = file.map(|file| file.sfi);
            }
        }
    }

    /// A file named by its SFI is the current one then.
    fn follow_file(&mut self, command: CommandId, apdu: &CommandApdu<'_>) {
        let sfi = match command {
            CommandId::ReadBinary | CommandId::UpdateBinary if apdu.p1() & 0x80 != 0 => {
                apdu.p1() & 0x1F
            }
            CommandId::ReadRecord | CommandId::UpdateRecord | CommandId::AppendRecord => {
                apdu.p2() >> 3
            }
            _ => return,
        };
        if sfi != 0 {
            self.known.file = Some(sfi);
        }
    }

    /// The transaction that an INITIALIZE began; `None` where command or answer are not what the
    /// catalogue says.
    fn begun(&self, purpose: RunKind, apdu: &CommandApdu<'_>, data: &[u8]) -> Option<Transaction> {
        let blank = Transaction::blank(purpose, self);
        let told = match purpose {
            RunKind::SamPurchase => return self.begun_at_sam(blank, apdu, data),
            RunKind::Load | RunKind::Unload => {
                let answer = OnlineInitialized::parse(data).ok()?;
                Transaction {
                    balance: answer.balance.0,
                    serial: answer.serial,
                    key_version: answer.key_version,
                    algorithm: answer.algorithm,
                    random: answer.random,
                    ..blank
                }
            }
            RunKind::Overdraft => {
                let answer = UpdateInitialized::parse(data).ok()?;
                Transaction {
                    balance: answer.balance.0,
                    serial: answer.serial,
                    limit: answer.limit,
                    key_version: answer.key_version,
                    algorithm: answer.algorithm,
                    random: answer.random,
                    ..blank
                }
            }
            RunKind::Purchase | RunKind::Cash | RunKind::Capp => {
                let answer = PurchaseInitialized::parse(data).ok()?;
                Transaction {
                    balance: answer.balance.0,
                    serial: answer.serial,
                    limit: answer.limit,
                    key_version: answer.key_version,
                    algorithm: answer.algorithm,
                    random: answer.random,
                    code: self.code_in_mac1(),
                    ..blank
                }
            }
        };
        let purse = match apdu.p2() {
            0x01 => PurseKind::Deposit,
            _ => PurseKind::Purse,
        };
        let (key_index, rest) = apdu.data().split_first()?;
        let (amount, terminal) = match purpose {
            RunKind::Overdraft => (0, rest),
            _ => {
                let (amount, terminal) = rest.split_first_chunk::<4>()?;
                (u32::from_be_bytes(*amount), terminal)
            }
        };
        Some(Transaction {
            kind: purpose.kind(purse, &self.profile.rules) as u8,
            key_index: *key_index,
            amount,
            terminal: TerminalId(terminal.try_into().ok()?),
            ..told
        })
    }

    fn begun_at_sam(
        &self,
        blank: Transaction,
        apdu: &CommandApdu<'_>,
        data: &[u8],
    ) -> Option<Transaction> {
        let answer = SamInitialized::parse(data).ok()?;
        let fields = &Catalogue::entry(CommandId::InitializeSamForPurchase).fields;
        let field = |name: &str| field(fields, name, apdu.data()).map(|(_, bytes)| bytes);
        let terminal_serial: TerminalSerial = answer.terminal_serial;
        let mut sent = factors(field("diversification factors, the card's first")?).ok()?;
        sent.reverse();
        Some(Transaction {
            random: field("random number of the card")?.try_into().ok()?,
            serial: u16::from_be_bytes(field("offline serial of the card")?.try_into().ok()?),
            amount: u32::from_be_bytes(field("amount")?.try_into().ok()?),
            kind: field("transaction type")?.first().copied()?,
            date: Date(field("date")?.try_into().ok()?),
            time: Time(field("time")?.try_into().ok()?),
            key_version: field("key version")?.first().copied()?,
            algorithm: field("algorithm id")?.first().copied()?,
            terminal_serial,
            code: self.code_in_mac1(),
            factors: Some(sent),
            ..blank
        })
    }
}

/// A field of command or answer data, and its bytes; `None` where the data ends before it does.
pub(super) fn field<'f, 'd>(
    fields: &'f [Field],
    name: &str,
    data: &'d [u8],
) -> Option<(&'f Field, &'d [u8])> {
    let mut rest = data;
    for field in fields {
        let (own, after) = match field.len {
            Some(length) => rest.split_at_checked(usize::from(length))?,
            None => (rest, &[][..]),
        };
        if field.name == name {
            return Some((field, own));
        }
        rest = after;
    }
    None
}
