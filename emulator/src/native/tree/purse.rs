//! Purses, their logs' routing, and the proof of the last transaction.

use applet_spec::{PurseKind, RightsByte};
use nvm::Nvm;
use purse::{Amount, Limit};

use super::directory::df;
use super::{Address, Df, Read};

/// A purse in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purse(pub Address);

/// What changes in a purse, written at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PurseState {
    /// Stored balance, overdraft limit included.
    pub balance: Amount,
    /// Online serial.
    pub online: u16,
    /// Offline serial.
    pub offline: u16,
    /// Overdraft limit.
    pub limit: Limit,
}

/// What does not change in a purse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PurseTerms {
    /// Largest stored balance.
    pub maximum: Amount,
    /// Bits of [`applet_spec::PinUse`]: what needs the PIN.
    pub pin_for: u8,
    /// Bits of [`applet_spec::PinUse`]: what it can do.
    pub allows: u8,
    /// Its own log, 00 where the directory's routing is followed.
    pub log: u8,
    /// Right to use it.
    pub use_right: RightsByte,
}

/// Offsets in a purse: the balance comes first, what does not change begins with the maximum.
const ONLINE: u32 = 4;
const OFFLINE: u32 = 6;
const LIMIT: u32 = 8;
const MAXIMUM: u32 = 12;
const TERMS: u32 = 16;
const PURSE_SIZE: u32 = 20;

impl PurseTerms {
    /// Bytes of card memory that a purse takes.
    pub const ROOM: u32 = PURSE_SIZE;
}

/// The last transaction's proof (交易认证).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredProof {
    /// Transaction type.
    pub transaction_type: u8,
    /// Serial it is asked for by.
    pub serial: u16,
    /// Whether there is one.
    pub valid: bool,
    /// MAC.
    pub mac: [u8; 4],
    /// TAC.
    pub tac: [u8; 4],
}

impl Df {
    /// Where a purse is.
    pub fn purse(self, memory: &Nvm, kind: PurseKind) -> Read<Option<Purse>> {
        let at = memory.be32(self.0 + purse_link(kind))?;
        Ok(if at == 0 { None } else { Some(Purse(at)) })
    }

    /// Whether it has any purse.
    pub fn is_purse_application(self, memory: &Nvm) -> Read<bool> {
        Ok(memory.array::<8>(self.0 + df::PURSES)? != [0; 8])
    }

    /// Adds a purse that was never used.
    pub fn add_purse(self, memory: &mut Nvm, kind: PurseKind, terms: &PurseTerms) -> Read<Purse> {
        let at = self.heap(memory)?.take(memory, PURSE_SIZE)?;
        let PurseTerms { maximum, pin_for, allows, log, use_right: RightsByte(use_right) } = *terms;
        memory.put(at + MAXIMUM, &maximum.to_bytes())?;
        memory.put(at + TERMS, &[pin_for, allows, log, use_right])?;
        memory.put(self.0 + purse_link(kind), &at.to_be_bytes())?;
        Ok(Purse(at))
    }

    /// SFIs of the logs: purchase, load, other city (00: none).
    pub fn log(self, memory: &Nvm) -> Read<[u8; 3]> {
        memory.array(self.0 + df::LOG)
    }

    /// SFIs of all its logs, those of its purses too; 00 where there is none.
    pub fn logs(self, memory: &Nvm) -> Read<Vec<u8>> {
        let mut logs = self.log(memory)?.to_vec();
        for kind in PurseKind::ALL {
            if let Some(purse) = self.purse(memory, kind)? {
                logs.push(purse.terms(memory)?.log);
            }
        }
        Ok(logs)
    }

    /// Sets the SFIs of the logs.
    pub fn set_log(self, memory: &mut Nvm, sfis: [u8; 3]) -> Read<()> {
        memory.put(self.0 + df::LOG, &sfis)
    }

    /// Wrong transaction MACs in a row.
    pub fn wrong_macs(self, memory: &Nvm) -> Read<u8> {
        memory.byte(self.0 + df::WRONG_MACS)
    }

    /// Sets the count of wrong transaction MACs, as part of the open transaction.
    pub fn set_wrong_macs(self, memory: &mut Nvm, count: u8) -> Read<()> {
        memory.put(self.0 + df::WRONG_MACS, &[count])
    }

    /// The last transaction's proof.
    pub fn proof(self, memory: &Nvm) -> Read<StoredProof> {
        let at = self.0 + df::PROOF;
        Ok(StoredProof {
            transaction_type: memory.byte(at)?,
            serial: memory.be16(at + 1)?,
            valid: memory.byte(at + 3)? != 0,
            mac: memory.array(at + 4)?,
            tac: memory.array(at + 8)?,
        })
    }

    /// Keeps the proof of a transaction, in one write.
    pub fn set_proof(self, memory: &mut Nvm, proof: &StoredProof) -> Read<()> {
        let StoredProof { transaction_type, serial, valid, mac, tac } = *proof;
        let serial = serial.to_be_bytes();
        let bytes = [&[transaction_type][..], &serial, &[u8::from(valid)], &mac, &tac].concat();
        memory.put(self.0 + df::PROOF, &bytes)
    }
}

impl Purse {
    /// What changes.
    pub fn state(self, memory: &Nvm) -> Read<PurseState> {
        Ok(PurseState {
            balance: Amount::from_bytes(memory.array(self.0)?),
            online: memory.be16(self.0 + ONLINE)?,
            offline: memory.be16(self.0 + OFFLINE)?,
            limit: Limit::from_bytes(memory.array(self.0 + LIMIT)?),
        })
    }

    /// Writes what changes.
    pub fn set_state(self, memory: &mut Nvm, state: &PurseState) -> Read<()> {
        let balance = state.balance.to_bytes();
        let (online, offline) = (state.online.to_be_bytes(), state.offline.to_be_bytes());
        let bytes = [&balance[..], &online, &offline, &state.limit.to_bytes()].concat();
        memory.put(self.0, &bytes)
    }

    /// What does not.
    pub fn terms(self, memory: &Nvm) -> Read<PurseTerms> {
        let maximum = Amount::from_bytes(memory.array(self.0 + MAXIMUM)?);
        let [pin_for, allows, log, use_right] = memory.array(self.0 + TERMS)?;
        Ok(PurseTerms { maximum, pin_for, allows, log, use_right: RightsByte(use_right) })
    }
}

fn purse_link(kind: PurseKind) -> u32 {
    match kind {
        PurseKind::Deposit => df::PURSES,
        PurseKind::Purse => df::PURSES + 4,
    }
}
