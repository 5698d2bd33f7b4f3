//! From command to APDU: what a host sends is exactly what a card understands.

use apdu::CommandBuf;
use applet_spec::{Catalogue, CommandId, PurseKind};
use crypto::Mac;

use super::{
    BlockKind, FileRef, Initialize, Occurrence, OnlineStep, Protected, PurseCommand, RecordRef,
    SelectBy,
};
use crate::Pin;

impl PurseCommand {
    /// The command as an APDU, with the Le that a caller normally sends. Encode it with
    /// [`CommandBuf::to_bytes`] or [`CommandBuf::to_extended_bytes`].
    ///
    /// An SFI other than 01 to 1E, or an offset that P1 P2 do not carry (above FF beside an SFI,
    /// above 7FFF without), becomes parameters that no card takes (6A86), never another place in
    /// a file.
    pub fn to_apdu(&self) -> CommandBuf {
        assemble(self.id(), self.secured(), self.parameters(), self.data(), self.ne())
    }

    /// Header and data under a secure messaging MAC, for the one who makes or checks it.
    pub fn secured_part(&self) -> ([u8; 4], Vec<u8>) {
        let mut apdu = self.to_apdu();
        let mut data = std::mem::take(&mut apdu.data);
        data.truncate(data.len().saturating_sub(4));
        (apdu.header, data)
    }

    fn secured(&self) -> bool {
        match self {
            Self::ReadBinary { mac, .. } | Self::ReadRecord { mac, .. } => mac.is_some(),
            Self::UpdateBinary { data, .. }
            | Self::UpdateRecord { data, .. }
            | Self::AppendRecord { data, .. } => data.mac().is_some(),
            _ => false,
        }
    }

    fn parameters(&self) -> [u8; 2] {
        match self {
            Self::Select { by, occurrence } => [
                if matches!(by, SelectBy::Name(_)) { 0x04 } else { 0x00 },
                if *occurrence == Occurrence::Next { 0x02 } else { 0x00 },
            ],
            Self::ReadBinary { file, offset, .. } | Self::UpdateBinary { file, offset, .. } => {
                match (file, offset.to_be_bytes()) {
                    (FileRef::Current, [high @ 0..=0x7F, low]) => [high, low],
                    (FileRef::Sfi(sfi @ 0..=0x1E), [0, low]) => [0x80 | sfi, low],
                    (_, [_, low]) => [0xFF, low],
                }
            }
            Self::ReadRecord { file, record, .. } | Self::UpdateRecord { file, record, .. } => {
                record_parameters(*file, *record)
            }
            Self::UpdateCappDataCache { sfi, record, .. } => {
                record_parameters(FileRef::from_sfi(*sfi), *record)
            }
            Self::AppendRecord { file, .. } => record_parameters(*file, RecordRef::First(0x00)),
            Self::ExternalAuthenticate { key, .. } => [0x00, *key],
            Self::InternalAuthenticate { mode, key, .. } => [*mode, *key],
            Self::Verify { index, .. } => [0x00, *index],
            Self::ChangePin { index, .. } => [0x01, *index],
            Self::ReloadPin { index, .. } => [0x00, *index],
            Self::PinUnblock { index, p2, .. } => [*index, *p2],
            Self::ApplicationBlock { kind, .. } => [0x00, u8::from(*kind == BlockKind::Permanent)],
            Self::GetBalance { form, purse } => [*form, *purse as u8],
            Self::GetTransactionProof { transaction_type, .. } => [0x00, *transaction_type],
            Self::InitializeForLoad(i) => [0x00, i.purse as u8],
            Self::InitializeForPurchase(i) => [0x01, i.purse as u8],
            Self::InitializeForCashWithdrawal(i) => [0x02, i.purse as u8],
            Self::InitializeForCappPurchase(i) => [0x03, i.purse as u8],
            Self::InitializeForUpdate { purse, .. } => [0x04, *purse as u8],
            Self::InitializeForUnload(i) => [0x05, i.purse as u8],
            Self::DebitForPurchase(_) => [0x01, 0x00],
            Self::DebitForUnload(_) => [0x03, 0x00],
            Self::GetResponse { .. }
            | Self::GetChallenge { .. }
            | Self::ApplicationUnblock { .. }
            | Self::CardBlock { .. }
            | Self::GetIdentificationCode
            | Self::CreditForLoad(_)
            | Self::UpdateOverdrawLimit { .. } => [0x00, 0x00],
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Select { by, .. } => match by {
                SelectBy::Mf => Vec::new(),
                SelectBy::Fid(fid) => fid.to_be_bytes().to_vec(),
                SelectBy::Name(name) => name.as_bytes().to_vec(),
            },
            Self::ReadBinary { mac, .. } | Self::ReadRecord { mac, .. } => {
                mac.map_or(Vec::new(), |mac| mac.0.to_vec())
            }
            Self::UpdateBinary { data, .. }
            | Self::UpdateRecord { data, .. }
            | Self::AppendRecord { data, .. } => data.to_bytes(),
            Self::ExternalAuthenticate { cryptogram, .. } => cryptogram.clone(),
            Self::InternalAuthenticate { data, .. } | Self::UpdateCappDataCache { data, .. } => {
                data.clone()
            }
            Self::Verify { pin, .. } => pin.expose().to_vec(),
            Self::ChangePin { old, new, .. } => [old.expose(), &[0xFF], new.expose()].concat(),
            Self::ReloadPin { pin, mac, .. } => with_mac(Pin::expose(pin), *mac),
            Self::PinUnblock { enciphered, mac, .. } => with_mac(enciphered, *mac),
            Self::ApplicationBlock { mac, .. }
            | Self::ApplicationUnblock { mac }
            | Self::CardBlock { mac } => mac.0.to_vec(),
            Self::GetTransactionProof { serial, .. } => serial.to_be_bytes().to_vec(),
            Self::InitializeForLoad(i)
            | Self::InitializeForPurchase(i)
            | Self::InitializeForCashWithdrawal(i)
            | Self::InitializeForCappPurchase(i)
            | Self::InitializeForUnload(i) => initialize(i),
            Self::CreditForLoad(step) | Self::DebitForUnload(step) => online(&[], step),
            Self::DebitForPurchase(debit) => {
                [&debit.terminal_serial.0[..], &debit.date.0, &debit.time.0, &debit.mac1.0].concat()
            }
            Self::InitializeForUpdate { key, terminal, .. } => [&[*key][..], &terminal.0].concat(),
            Self::UpdateOverdrawLimit { limit, step } => online(&limit.to_bytes(), step),
            Self::GetResponse { .. }
            | Self::GetChallenge { .. }
            | Self::GetBalance { .. }
            | Self::GetIdentificationCode => Vec::new(),
        }
    }

    /// Le where it is part of the command; `None` leaves it to the catalogue.
    fn ne(&self) -> Option<Option<u32>> {
        match self {
            Self::ReadBinary { ne, .. } | Self::ReadRecord { ne, .. } => Some(*ne),
            Self::GetResponse { ne } => Some(Some(*ne)),
            Self::GetChallenge { length } => Some(Some(u32::from(*length))),
            _ => None,
        }
    }
}

/// A command of the catalogue: its class (that of secure messaging where it is `secured`) and
/// instruction, and the Le of the catalogue where `ne` does not say another.
pub(super) fn assemble(
    id: CommandId,
    secured: bool,
    [p1, p2]: [u8; 2],
    data: Vec<u8>,
    ne: Option<Option<u32>>,
) -> CommandBuf {
    let spec = Catalogue::entry(id);
    let plain = spec.cla.iter().copied().find(|cla| Some(*cla) != spec.secure_class);
    let cla = if secured { spec.secure_class } else { plain.or(spec.secure_class) };
    CommandBuf {
        header: [cla.unwrap_or_default(), spec.ins, p1, p2],
        data,
        ne: ne.unwrap_or(spec.le.map(|le| if le == 0 { 0x100 } else { u32::from(le) })),
    }
}

impl Protected {
    /// Data and MAC as they are sent.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Plain(data) => data.clone(),
            Self::Secured { data, mac } => with_mac(data, *mac),
        }
    }
}

impl Initialize {
    /// A transaction of the EP 电子钱包.
    pub fn ep(key: u8, amount: crate::Amount, terminal: crate::TerminalId) -> Self {
        Self { purse: PurseKind::Purse, key, amount, terminal }
    }
}

fn record_parameters(file: FileRef, record: RecordRef) -> [u8; 2] {
    let (p1, mode) = record.parameters();
    let sfi = match file {
        FileRef::Current => 0,
        FileRef::Sfi(sfi @ 1..=0x1E) => sfi,
        FileRef::Sfi(_) => 0x1F,
    };
    [p1, sfi << 3 | mode]
}

pub(super) fn with_mac(data: &[u8], mac: Mac) -> Vec<u8> {
    [data, &mac.0].concat()
}

fn initialize(i: &Initialize) -> Vec<u8> {
    [&[i.key][..], &i.amount.to_bytes(), &i.terminal.0].concat()
}

fn online(head: &[u8], step: &OnlineStep) -> Vec<u8> {
    [head, &step.date.0, &step.time.0, &step.mac2.0].concat()
}
