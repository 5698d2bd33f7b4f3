//! From APDU to purse command: class, instruction, parameters and length are right; what is left is
//! to take the fields apart.

use apdu::DfName;
use applet_spec::{CommandId, PurseKind};

use super::cursor::Fields;
use super::{
    BlockKind, CommandError, DataFault, Debit, Expected, FileRef, Initialize, Occurrence,
    OnlineStep, Problem, PurseCommand, RecordRef, SelectBy,
};
use crate::{Amount, Date, Limit, TerminalId, TerminalSerial, Time};

impl Fields<'_> {
    /// The purse command of the catalogue entry; `None` where the entry is none of a purse card.
    pub(super) fn purse_command(&mut self) -> Result<Option<PurseCommand>, CommandError> {
        let (p1, p2) = (self.apdu.p1(), self.apdu.p2());
        Ok(Some(match self.spec.id {
            CommandId::Select => self.select()?,
            CommandId::GetResponse => {
                PurseCommand::GetResponse { ne: self.apdu.ne().unwrap_or(0x100) }
            }
            CommandId::ReadBinary => {
                let (file, offset) = self.binary()?;
                PurseCommand::ReadBinary { file, offset, ne: self.apdu.ne(), mac: self.read_mac()? }
            }
            CommandId::UpdateBinary => {
                let (file, offset) = self.binary()?;
                PurseCommand::UpdateBinary { file, offset, data: self.protected()? }
            }
            CommandId::ReadRecord => {
                let (file, record) = self.record()?;
                PurseCommand::ReadRecord { file, record, ne: self.apdu.ne(), mac: self.read_mac()? }
            }
            CommandId::UpdateRecord => {
                let (file, record) = self.record()?;
                PurseCommand::UpdateRecord { file, record, data: self.protected()? }
            }
            CommandId::AppendRecord => {
                let (file, _) = self.record()?;
                PurseCommand::AppendRecord { file, data: self.protected()? }
            }
            CommandId::GetChallenge => self.challenge()?,
            CommandId::ExternalAuthenticate => {
                PurseCommand::ExternalAuthenticate { key: p2, cryptogram: self.all() }
            }
            CommandId::InternalAuthenticate => {
                PurseCommand::InternalAuthenticate { mode: p1, key: p2, data: self.all() }
            }
            CommandId::Verify => {
                let pin = self.pin()?;
                PurseCommand::Verify { index: p2, pin }
            }
            CommandId::ChangePin => self.change_pin()?,
            CommandId::ReloadPin => {
                let (pin, mac) = self.split_mac()?;
                let pin = self.pin_of(pin, self.apdu.data_offset())?;
                PurseCommand::ReloadPin { index: p2, pin, mac }
            }
            CommandId::PinUnblock => {
                let (enciphered, mac) = self.split_mac()?;
                let enciphered = enciphered.to_vec();
                PurseCommand::PinUnblock { index: p1, p2, enciphered, mac }
            }
            CommandId::ApplicationBlock => {
                let kind = if p2 == 1 { BlockKind::Permanent } else { BlockKind::Temporary };
                PurseCommand::ApplicationBlock { kind, mac: self.mac()? }
            }
            CommandId::ApplicationUnblock => PurseCommand::ApplicationUnblock { mac: self.mac()? },
            CommandId::CardBlock => PurseCommand::CardBlock { mac: self.mac()? },
            CommandId::GetBalance => PurseCommand::GetBalance { form: p1, purse: self.purse()? },
            CommandId::GetTransactionProof => PurseCommand::GetTransactionProof {
                transaction_type: p2,
                serial: u16::from_be_bytes(self.take()?),
            },
            CommandId::GetIdentificationCode => PurseCommand::GetIdentificationCode,
            CommandId::InitializeForLoad => PurseCommand::InitializeForLoad(self.initialize()?),
            CommandId::CreditForLoad => PurseCommand::CreditForLoad(self.online_step()?),
            CommandId::InitializeForPurchase => {
                PurseCommand::InitializeForPurchase(self.initialize()?)
            }
            CommandId::InitializeForCashWithdrawal => {
                PurseCommand::InitializeForCashWithdrawal(self.initialize()?)
            }
            CommandId::InitializeForCappPurchase => {
                PurseCommand::InitializeForCappPurchase(self.initialize()?)
            }
            CommandId::UpdateCappDataCache => {
                let (file, record) = self.record()?;
                PurseCommand::UpdateCappDataCache { sfi: file.sfi(), record, data: self.all() }
            }
            CommandId::DebitForPurchase => PurseCommand::DebitForPurchase(Debit {
                terminal_serial: TerminalSerial(self.take()?),
                date: Date(self.take()?),
                time: Time(self.take()?),
                mac1: self.mac()?,
            }),
            CommandId::InitializeForUnload => PurseCommand::InitializeForUnload(self.initialize()?),
            CommandId::DebitForUnload => PurseCommand::DebitForUnload(self.online_step()?),
            CommandId::InitializeForUpdate => {
                let [key] = self.take()?;
                let terminal = TerminalId(self.take()?);
                PurseCommand::InitializeForUpdate { purse: self.purse()?, key, terminal }
            }
            CommandId::UpdateOverdrawLimit => PurseCommand::UpdateOverdrawLimit {
                limit: Limit::from_bytes(self.take()?),
                step: self.online_step()?,
            },
            _ => return Ok(None),
        }))
    }

    fn select(&mut self) -> Result<PurseCommand, CommandError> {
        let data = self.all();
        let by = match (self.apdu.p1(), data.as_slice()) {
            (0x00, []) => SelectBy::Mf,
            (0x00, &[high, low]) => SelectBy::Fid(u16::from_be_bytes([high, low])),
            (0x04, name) => match DfName::new(name) {
                Ok(name) => SelectBy::Name(name),
                Err(_) => return Err(self.wrong_lc(Expected::Name)),
            },
            _ => return Err(self.wrong_lc(Expected::FileId)),
        };
        let occurrence = if self.apdu.p2() == 0x02 { Occurrence::Next } else { Occurrence::First };
        Ok(PurseCommand::Select { by, occurrence })
    }

    fn challenge(&mut self) -> Result<PurseCommand, CommandError> {
        let ne = self.apdu.ne();
        ne.and_then(|ne| u8::try_from(ne).ok())
            .filter(|length| self.rules.challenge_lengths.contains(length))
            .map(|length| PurseCommand::GetChallenge { length })
            .ok_or_else(|| {
                let expected = Expected::Challenge(self.rules.challenge_lengths.clone());
                let found = ne.unwrap_or_default() as usize;
                self.error("Le", self.apdu.le_offset(), Problem::Length { expected, found })
            })
    }

    fn change_pin(&mut self) -> Result<PurseCommand, CommandError> {
        // The old PIN ends at the first FF; the new one follows to the end.
        let data = std::mem::take(&mut self.rest);
        let start = self.apdu.data_offset();
        let Some(at) = data.iter().position(|byte| *byte == 0xFF) else {
            return Err(self.error("data", start, Problem::Data(DataFault::NoSeparator)));
        };
        let (old, new) = data.split_at(at);
        Ok(PurseCommand::ChangePin {
            index: self.apdu.p2(),
            old: self.pin_of(old, start)?,
            new: self.pin_of(new.get(1..).unwrap_or_default(), start + at + 1)?,
        })
    }

    fn initialize(&mut self) -> Result<Initialize, CommandError> {
        let [key] = self.take()?;
        Ok(Initialize {
            purse: self.purse()?,
            key,
            amount: Amount::from_bytes(self.take()?),
            terminal: TerminalId(self.take()?),
        })
    }

    fn online_step(&mut self) -> Result<OnlineStep, CommandError> {
        Ok(OnlineStep { date: Date(self.take()?), time: Time(self.take()?), mac2: self.mac()? })
    }

    fn purse(&self) -> Result<PurseKind, CommandError> {
        match self.apdu.p2() {
            0x01 => Ok(PurseKind::Deposit),
            0x02 => Ok(PurseKind::Purse),
            _ => Err(self.wrong_parameters()),
        }
    }

    /// P1 with its high bit names an SFI and P2 the offset; else both are the offset.
    fn binary(&self) -> Result<(FileRef, u16), CommandError> {
        let (p1, p2) = (self.apdu.p1(), self.apdu.p2());
        match (p1 & 0x80, p1 & 0x60, p1 & 0x1F) {
            (0, ..) => Ok((FileRef::Current, u16::from_be_bytes([p1, p2]))),
            (_, 0, sfi @ 1..=0x1E) => Ok((FileRef::Sfi(sfi), u16::from(p2))),
            _ => Err(self.wrong_parameters()),
        }
    }

    fn record(&self) -> Result<(FileRef, RecordRef), CommandError> {
        let p2 = self.apdu.p2();
        let sfi = p2 >> 3;
        RecordRef::from_parameters(self.apdu.p1(), p2 & 0x07)
            .filter(|_| sfi <= 0x1E)
            .map(|record| (FileRef::from_sfi(sfi), record))
            .ok_or_else(|| self.wrong_parameters())
    }
}
