//! Transactions that end too early or too late, and commands that a block lets through.

use applet_spec::{CommandId, CommandSpec, TransactionEffect};
use purse::{CommandError, Problem};

use super::{Deviation, NativeSystem, Session};
use crate::native::Outcome;
use crate::native::psam::Running;
use crate::native::transaction::Transaction;
use crate::native::tree::Blocked;

impl NativeSystem {
    /// Whether a command leaves the running transaction alone, where a wrong card decides it.
    #[inline]
    pub(in crate::native) fn keeps_wrongly(&self, id: CommandId) -> Option<bool> {
        match id {
            CommandId::GetBalance if self.deviates(Deviation::BalanceEndsTransaction) => {
                Some(false)
            }
            CommandId::GetTransactionProof if self.deviates(Deviation::ProofEndsTransaction) => {
                Some(false)
            }
            CommandId::Select if self.deviates(Deviation::TransactionSurvivesSelect) => Some(true),
            _ => None,
        }
    }

    /// A copy of the running transaction, for a card that may go on with it whatever happens.
    #[inline]
    pub(in crate::native) fn left_open(&self, running: &Transaction) -> Option<Transaction> {
        let keeps = match running {
            Transaction::Idle => false,
            Transaction::Sam(Running::Purchase(_)) => self.deviates(Deviation::PsamMac2Again),
            _ => {
                self.deviates(Deviation::StateKeptAfterError)
                    || self.deviates(Deviation::StateKeptAfterSuccess)
            }
        };
        keeps.then(|| running.clone())
    }

    /// Goes on with `left` after a command that should have ended it.
    pub(in crate::native) fn leave_open(
        &mut self,
        left: Transaction,
        spec: &CommandSpec,
        outcome: &Outcome,
    ) {
        let goes_on = match (&left, outcome) {
            (Transaction::Sam(_), outcome) => {
                outcome.is_err() && spec.id == CommandId::CreditSamForPurchase
            }
            (_, Err(_)) => self.deviates(Deviation::StateKeptAfterError),
            (_, Ok(_)) => {
                self.deviates(Deviation::StateKeptAfterSuccess)
                    && spec.transaction == TransactionEffect::Continues
                    && matches!(self.volatile.transaction, Transaction::Idle)
            }
        };
        if goes_on {
            self.volatile.transaction = left;
        }
    }

    /// Whether a command with an unknown instruction is answered as if it were done.
    pub(in crate::native) fn takes_unknown(&self, error: &CommandError) -> bool {
        matches!(error.problem, Problem::Instruction(_))
            && self.deviates(Deviation::UnknownInstructionOk)
    }

    /// Whether a block lets a command through that it should not.
    #[inline]
    pub(in crate::native) fn lets_through(
        &self,
        blocked: Blocked,
        spec: Option<&CommandSpec>,
    ) -> bool {
        use CommandId as C;
        let Some(id) = spec.map(|spec| spec.id) else { return false };
        match blocked {
            Blocked::No => false,
            Blocked::Temporarily => {
                let purchase = matches!(
                    id,
                    C::InitializeForPurchase
                        | C::InitializeForCappPurchase
                        | C::UpdateCappDataCache
                        | C::DebitForPurchase
                );
                purchase && self.deviates(Deviation::BlockAllowsPurchase)
            }
            Blocked::Permanently => {
                let lifting = matches!(id, C::GetChallenge | C::ApplicationUnblock);
                lifting && self.deviates(Deviation::PermanentBlockLifted)
            }
        }
    }
}

impl Session<'_, '_> {
    /// Whether APPLICATION UNBLOCK lifts a block that it should not.
    pub(in crate::native) fn lets_unblock(&self, blocked: Blocked) -> bool {
        blocked == Blocked::Permanently && self.deviates(Deviation::PermanentBlockLifted)
    }
}
