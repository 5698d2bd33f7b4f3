//! Purses, their logs' routing, and the proof of the last transaction.

use applet_spec::{PurseKind, RightsByte};
use nvm::Nvm;
use purse::{Amount, Limit};

use super::directory::df;
use super::{Address, Df, Read, write};

/// A purse in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purse(pub Address);

/// What changes in a purse; twelve bytes, written at once.
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

    /// Adds a purse.
    pub fn add_purse(
        self,
        memory: &mut Nvm,
        kind: PurseKind,
        state: &PurseState,
        terms: &PurseTerms,
    ) -> Read<()> {
        let at = self.heap(memory)?.take(memory, PURSE_SIZE)?;
        write(memory, at, &state.to_bytes())?;
        let [m0, m1, m2, m3] = terms.maximum.to_bytes();
        let PurseTerms { pin_for, allows, log, use_right: RightsByte(use_right), .. } = *terms;
        let terms = [m0, m1, m2, m3, pin_for, allows, log, use_right];
        write(memory, at + 12, &terms)?;
        write(memory, self.0 + purse_link(kind), &at.to_be_bytes())
    }

    /// SFIs of the logs: purchase, load, other city (00: none).
    pub fn log(self, memory: &Nvm) -> Read<[u8; 3]> {
        memory.array(self.0 + df::LOG)
    }

    /// SFIs of all its logs, those of its purses too.
    pub fn logs(self, memory: &Nvm) -> Read<Vec<u8>> {
        let mut logs = self.log(memory)?.to_vec();
        for kind in [PurseKind::Deposit, PurseKind::Purse] {
            if let Some(purse) = self.purse(memory, kind)? {
                logs.push(purse.terms(memory)?.log);
            }
        }
        logs.retain(|sfi| *sfi != 0);
        logs.sort_unstable();
        logs.dedup();
        Ok(logs)
    }

    /// Sets the SFIs of the logs.
    pub fn set_log(self, memory: &mut Nvm, sfis: [u8; 3]) -> Read<()> {
        write(memory, self.0 + df::LOG, &sfis)
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
        let [transaction_type, s0, s1, valid, m0, m1, m2, m3, t0, t1, t2, t3] =
            memory.array::<12>(self.0 + df::PROOF)?;
        Ok(StoredProof {
            transaction_type,
            serial: u16::from_be_bytes([s0, s1]),
            valid: valid != 0,
            mac: [m0, m1, m2, m3],
            tac: [t0, t1, t2, t3],
        })
    }

    /// Keeps the proof of a transaction.
    pub fn set_proof(self, memory: &mut Nvm, proof: &StoredProof) -> Read<()> {
        let [s0, s1] = proof.serial.to_be_bytes();
        let [m0, m1, m2, m3] = proof.mac;
        let [t0, t1, t2, t3] = proof.tac;
        let valid = u8::from(proof.valid);
        let bytes = [proof.transaction_type, s0, s1, valid, m0, m1, m2, m3, t0, t1, t2, t3];
        memory.put(self.0 + df::PROOF, &bytes)
    }
}

impl Purse {
    /// What changes.
    pub fn state(self, memory: &Nvm) -> Read<PurseState> {
        let [b0, b1, b2, b3, n0, n1, f0, f1, l0, l1, l2, _] = memory.array::<12>(self.0)?;
        Ok(PurseState {
            balance: Amount::from_bytes([b0, b1, b2, b3]),
            online: u16::from_be_bytes([n0, n1]),
            offline: u16::from_be_bytes([f0, f1]),
            limit: Limit::from_bytes([l0, l1, l2]),
        })
    }

    /// Writes what changes.
    pub fn set_state(self, memory: &mut Nvm, state: &PurseState) -> Read<()> {
        memory.put(self.0, &state.to_bytes())
    }

    /// What does not.
    pub fn terms(self, memory: &Nvm) -> Read<PurseTerms> {
        let [m0, m1, m2, m3, pin_for, allows, log, use_right] = memory.array::<8>(self.0 + 12)?;
        let maximum = Amount::from_bytes([m0, m1, m2, m3]);
        Ok(PurseTerms { maximum, pin_for, allows, log, use_right: RightsByte(use_right) })
    }
}

impl PurseState {
    /// A purse that was never used.
    pub const EMPTY: Self = Self { balance: Amount(0), online: 0, offline: 0, limit: Limit::NONE };

    pub(super) fn to_bytes(self) -> [u8; 12] {
        let [b0, b1, b2, b3] = self.balance.to_bytes();
        let [n0, n1] = self.online.to_be_bytes();
        let [f0, f1] = self.offline.to_be_bytes();
        let [l0, l1, l2] = self.limit.to_bytes();
        [b0, b1, b2, b3, n0, n1, f0, f1, l0, l1, l2, 0]
    }
}

fn purse_link(kind: PurseKind) -> u32 {
    match kind {
        PurseKind::Deposit => df::PURSES,
        PurseKind::Purse => df::PURSES + 4,
    }
}
