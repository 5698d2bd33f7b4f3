//! The right value of every field that a case does not say: one table.

use applet_spec::{Catalogue, CommandId, CommandSpec, Field, KeyKind, Lengths, SerialMoment};
use crypto::encipher;
use purse::{Amount, Limit};
use zeroize::Zeroizing;

use super::format::settled;
use super::keys::{CardKey, Which};
use super::make::Making;
use super::transaction::Transaction;
use super::{Host, Trouble, ValueFormat};
use crate::{Expression, RunKind, Send};

/// Amount of a transaction where nothing was said and none was made: 1.00.
const USUAL_AMOUNT: Amount = Amount(100);

/// A new overdraft limit: 10.00.
const USUAL_LIMIT: u32 = 1000;

/// PIN that is sent to cards of families without one.
const USUAL_PIN: [u8; 3] = [0x12, 0x34, 0x56];

/// What a PSAM is told of a card: its random, and its offline serial.
const CARD_RANDOM: [u8; 4] = [0xA1, 0xB2, 0xC3, 0xD4];
const CARD_SERIAL: [u8; 2] = [0x00, 0x05];

impl Host<'_> {
    /// The right value of a field. Codes that need a key which the profile does not have are zero,
    /// so that the command can be sent to any card.
    pub(super) fn usual(&self, making: &Making<'_>, field: &Field) -> Result<Vec<u8>, Trouble> {
        match self.field(making, field) {
            Err(Trouble::NotInProfile { .. }) => {
                let spec = Catalogue::entry(making.send.command);
                Ok(vec![0; field.len.map_or_else(|| shortest(spec), usize::from)])
            }
            made => made,
        }
    }

    fn field(&self, making: &Making<'_>, field: &Field) -> Result<Vec<u8>, Trouble> {
        use CommandId as C;
        let scope = making.scope();
        let call = |name: &str| {
            let call = Expression::Call(name.to_owned(), Vec::new());
            settled(self.evaluate(&call, ValueFormat::BYTES, &scope)?)
        };
        let Send { command, key, .. } = *making.send;
        Ok(match (command, field.name.as_str()) {
            (C::Select, _) => self.main_name(),
            (_, "key index") => {
                let purpose = RunKind::of(command);
                let kind = purpose.map_or(KeyKind::Purchase, |purpose| purpose.key());
                vec![key.unwrap_or_else(|| self.index_or_one(kind))]
            }
            (_, "amount") => {
                let last = self.known.transaction.as_ref().map(|last| Amount(last.amount));
                last.unwrap_or(USUAL_AMOUNT).to_bytes().to_vec()
            }
            (_, "terminal number") => self.terminal_number().to_vec(),
            (_, "terminal transaction serial") => self.terminal.serial.to_be_bytes().to_vec(),
            (_, "date") => self.terminal.date.to_vec(),
            (_, "time") => self.terminal.time.to_vec(),
            (_, "MAC1") => call("mac1")?,
            (C::ReloadPin, "MAC") => call("pin-mac")?,
            (_, "MAC2") => call("mac2")?,
            (_, "secure messaging MAC") => call("sm")?,
            (C::ExternalAuthenticate, _) => call("cryptogram")?,
            (C::InternalAuthenticate, _) => self.plain_blocks(making)?,
            (C::Verify, _) | (C::ReloadPin, _) => self.usual_pin(),
            (C::ChangePin, _) => [&self.usual_pin()[..], &[0xFF], &self.usual_pin()].concat(),
            (C::PinUnblock, _) => {
                let CardKey { suite, key } = self.key(Which::first(KeyKind::PinUnblock), None)?;
                encipher(suite, &key, &Zeroizing::new(self.usual_pin()))
            }
            (_, "new overdraft limit") => {
                Limit::new(USUAL_LIMIT).unwrap_or_default().to_bytes().to_vec()
            }
            (C::GetTransactionProof, _) => self.proof_serial().to_be_bytes().to_vec(),
            (C::UpdateBinary, _) => self.binary_content(&scope),
            (C::UpdateRecord | C::UpdateCappDataCache, _) => self.record_content(&scope),
            (C::AppendRecord, _) => self.new_record(&scope),
            (C::InitializeSamForPurchase, name) => self.sam_field(making, name)?,
            (C::DeliverKey, _) => {
                let [_, _, usage, _] = making.header;
                let mut factors = self.served_factors(applet_spec::SamUsage(usage).levels());
                factors.reverse();
                factors.concat()
            }
            (C::Crypt, _) => self.plain_blocks(making)?,
            (C::CheckIdentificationCode, _) => call("right-code")?,
            (C::WriteSamKey, _) => self.own_sam_key()?,
            (C::CreateFile, _) => Self::new_file(),
            (C::WriteKey, _) => self.new_key(making.header),
            // A field that a later catalogue brings has its zeros, or nothing.
            _ => vec![0; field.len.map_or(0, usize::from)],
        })
    }

    /// Fields of INITIALIZE SAM FOR PURCHASE, as the default card of the served family has them.
    fn sam_field(&self, making: &Making<'_>, name: &str) -> Result<Vec<u8>, Trouble> {
        let none = || Trouble::not_in_profile("purchase key");
        let purchase = || {
            let mut keys = self.sam_keys().map(|(_, key)| key);
            let asked = making.send.key;
            keys.find(|key| key.usage.by_version() && asked.is_none_or(|v| key.version == v))
        };
        Ok(match name {
            "random number of the card" => CARD_RANDOM.to_vec(),
            "offline serial of the card" => CARD_SERIAL.to_vec(),
            "transaction type" => {
                let rules = &self.card_profile().rules;
                let purse = making.send.purse.unwrap_or_else(|| self.usual_purse(None));
                vec![RunKind::SamPurchase.kind(purse, rules) as u8]
            }
            "key version" => vec![purchase().ok_or_else(none)?.version],
            "algorithm id" => vec![purchase().ok_or_else(none)?.algorithm_id],
            _ => {
                let mut factors = self.served_factors(purchase().ok_or_else(none)?.usage.levels());
                factors.reverse();
                factors.concat()
            }
        })
    }

    pub(super) fn usual_pin(&self) -> Vec<u8> {
        self.pin().map_or(USUAL_PIN.to_vec(), <[u8]>::to_vec)
    }

    /// Name of the main application.
    pub(super) fn main_name(&self) -> Vec<u8> {
        self.profile.main_directory().map_or_else(
            || self.profile.directories.first().map_or_else(Vec::new, |mf| mf.name.clone()),
            |directory| directory.name.clone(),
        )
    }

    /// What GET TRANSACTION PROOF asks for: the serial of the last transaction.
    fn proof_serial(&self) -> u16 {
        let last = self.known.transaction.as_ref().map_or(0, |last| last.serial);
        match self.profile.rules.proof_serial {
            SerialMoment::Before => last,
            SerialMoment::After => last.wrapping_add(1),
        }
    }

    /// Whole blocks of data; before a MAC of CRYPT, a zero initial value.
    fn plain_blocks(&self, making: &Making<'_>) -> Result<Vec<u8>, Trouble> {
        let [_, _, p1, _] = making.header;
        let scope = making.scope();
        let suite = match self.working_key(&scope).and_then(|which| self.key(which, None)) {
            Ok(CardKey { suite, .. }) => suite,
            Err(Trouble::NotInProfile { .. }) => self.profile.rules.suite,
            Err(other) => return Err(other),
        };
        let block: Vec<u8> =
            (1..=suite.block() as u8).map(|byte| byte.wrapping_mul(0x11)).collect();
        let begins_mac = making.send.command == CommandId::Crypt && matches!(p1, 0x05 | 0x07);
        Ok(if begins_mac { [vec![0; block.len()], block].concat() } else { block })
    }
}

impl Transaction {
    /// The inputs of a step that nothing went before.
    pub(super) fn blank(purpose: RunKind, host: &Host<'_>) -> Self {
        let rules = &host.card_profile().rules;
        let purse = host.usual_purse(purpose.pin_use());
        let (limit, new_limit) = (Limit::NONE, Limit::NONE);
        Self {
            purpose,
            kind: purpose.kind(purse, rules) as u8,
            key_index: host.index_or_one(purpose.key()),
            key_version: 0,
            algorithm: 0,
            amount: USUAL_AMOUNT.0,
            balance: 0,
            balance_after: None,
            serial: 0,
            limit,
            new_limit,
            random: [0; 4],
            terminal: purse::TerminalId(host.terminal_number()),
            terminal_serial: purse::TerminalSerial(host.terminal.serial.to_be_bytes()),
            date: purse::Date(host.terminal.date),
            time: purse::Time(host.terminal.time),
            code: None,
            factors: None,
        }
    }
}

/// The fewest bytes that a command takes for its field without a length.
fn shortest(spec: &CommandSpec) -> usize {
    let least = match &spec.lc {
        Lengths::None => 0,
        Lengths::OneOf(lengths) => lengths.iter().copied().min().unwrap_or_default(),
        Lengths::Range(low, _) => *low,
    };
    let others: u16 = spec.fields.iter().filter_map(|field| field.len).sum();
    usize::from(least.saturating_sub(others))
}
