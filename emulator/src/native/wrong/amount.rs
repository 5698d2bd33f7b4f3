//! Balances and serials that wrong cards leave behind, and amounts that they judge wrongly.

use apdu::StatusWord;
use applet_spec::PinUse;
use purse::{Amount, TransactionType};

use super::{Deviation, Session};
use crate::application::Halt;
use crate::native::transaction::Initialized;
use crate::native::tree::{PurseState, PurseTerms};

impl Session<'_, '_> {
    /// Why an amount is refused: for the `right` reason, but by a wrong card.
    #[inline]
    pub(in crate::native) fn amount_judged(
        &self,
        right: Option<StatusWord>,
        terms: &PurseTerms,
        state: &PurseState,
        kind: TransactionType,
        amount: Amount,
    ) -> Option<StatusWord> {
        if self.system.deviations.is_empty() {
            return right;
        }
        self.amount_misjudged(terms, state, kind, amount).unwrap_or(right)
    }

    /// What a wrong card says to an amount: a status word, or that it is well; `None` where it
    /// judges like any other.
    #[expect(clippy::option_option, reason = "no judgement, a good one, or a status word")]
    fn amount_misjudged(
        &self,
        terms: &PurseTerms,
        state: &PurseState,
        kind: TransactionType,
        amount: Amount,
    ) -> Option<Option<StatusWord>> {
        let nothing = amount == Amount(0);
        if kind.credits() {
            let after = state.balance.0.checked_add(amount.0);
            return match after {
                _ if nothing && self.deviates(Deviation::LoadProbeRefused) => {
                    Some(Some(StatusWord::CONDITIONS))
                }
                Some(after) if after > terms.maximum.0 => {
                    self.deviates(Deviation::LoadBeyondMaximum).then_some(None)
                }
                None => self.deviates(Deviation::LoadOverflows).then_some(None),
                Some(_) => None,
            };
        }
        if kind.online() {
            return None;
        }
        if nothing && self.deviates(Deviation::FreeTripRefused) {
            return Some(Some(StatusWord::BALANCE_INSUFFICIENT));
        }
        (amount > state.balance && self.deviates(Deviation::ShortBalanceAccepted)).then_some(None)
    }

    /// Whether the PIN that a transaction needs is forgotten.
    #[inline]
    pub(in crate::native) fn forgets_pin(&self, pin_use: PinUse) -> bool {
        pin_use == PinUse::Load && self.deviates(Deviation::LoadWithoutPin)
    }

    /// The purse after a load.
    pub(in crate::native) fn credited(
        &self,
        right: PurseState,
        before: &PurseState,
        amount: Amount,
    ) -> PurseState {
        let mut after = right;
        if self.deviates(Deviation::LoadOverflows) {
            after.balance = Amount(before.balance.0.wrapping_add(amount.0));
        }
        if self.deviates(Deviation::LoadBalanceStays) {
            after.balance = before.balance;
        }
        after
    }

    /// The purse after a purchase.
    #[inline]
    pub(in crate::native) fn debited(&self, right: PurseState, before: &PurseState) -> PurseState {
        let mut after = right;
        if self.deviates(Deviation::BalanceNotLowered) {
            after.balance = before.balance;
        }
        if self.deviates(Deviation::OneFenMore) {
            after.balance = Amount(after.balance.0.saturating_sub(1));
        }
        if self.deviates(Deviation::SerialStays) {
            after.offline = before.offline;
        }
        if self.deviates(Deviation::OtherSerialAdvances) {
            after.offline = before.offline;
            after.online = before.online.wrapping_add(1);
        }
        after
    }

    /// What a wrong card does at INITIALIZE of a purchase, once it is allowed.
    #[inline]
    pub(in crate::native) fn begin_wrongly(
        &mut self,
        begun: &mut Initialized,
        state: &mut PurseState,
    ) -> Result<(), Halt> {
        let compound = begun.transaction_type == TransactionType::Capp;
        if compound && self.deviates(Deviation::CappType06) {
            begun.transaction_type = TransactionType::PursePurchase;
        }
        if self.deviates(Deviation::SerialAdvancesEarly) {
            state.offline = state.offline.wrapping_add(1);
            begun.purse.set_state(self.memory, state)?;
        }
        Ok(())
    }
}
