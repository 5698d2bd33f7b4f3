//! What the TAC of a wrong card covers.

use purse::TransactionType;
use purse::mac::Moment;

use super::{Deviation, Session};

impl Session<'_, '_> {
    /// Who, where and when, as the TAC covers it.
    #[inline]
    pub(in crate::native) fn moment_in_tac(&self, moment: Moment) -> Moment {
        let kind = TransactionType::PursePurchase;
        let wrong = Deviation::TacTypeFixed;
        let transaction_type = self.or_wrong(moment.transaction_type, wrong, kind);
        Moment { transaction_type, ..moment }
    }
}
