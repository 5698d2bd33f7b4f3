//! What wrong cards forget without power.

use nvm::{Nvm, NvmError};

use super::{Deviation, NativeSystem};
use crate::issue::CardSystem;
use crate::native::transaction::Transaction;
use crate::native::tree::{Blocked, Df, StoredProof};

/// What a wrong card has lost when it has power again.
///
/// # Errors
/// The memory; power may be lost in it.
pub fn after_reset(system: &CardSystem, memory: &mut Nvm) -> Result<(), NvmError> {
    if system.deviations.is_empty() {
        return Ok(());
    }
    let lost = |deviation| system.deviations.has(deviation);
    let directories: Vec<Df> = Df::all(memory).collect();
    for df in directories {
        if lost(Deviation::ProofLostAfterReset) && df.is_purse_application(memory)? {
            let proof = df.proof(memory)?;
            df.set_proof(memory, &StoredProof { valid: false, ..proof })?;
        }
        if lost(Deviation::PinCounterResetByPower)
            && let Some(pin) = df.pin(memory)?
        {
            pin.set_tries(memory, pin.tries_max)?;
        }
        if lost(Deviation::LockLostAfterReset) && df.blocked(memory)? != Blocked::No {
            df.block(memory, Blocked::No)?;
        }
    }
    Ok(())
}

impl NativeSystem {
    /// The running transaction and its directory, where they survive a reset.
    pub(in crate::native) fn kept_over_reset(&self) -> Option<(Df, Transaction)> {
        let running = !matches!(self.volatile.transaction, Transaction::Idle);
        let kept = running && self.deviates(Deviation::StateKeptAfterReset);
        kept.then(|| (self.volatile.current, self.volatile.transaction.clone()))
    }
}
