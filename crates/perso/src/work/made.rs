//! Checks cards that were made before: the same check, and the job's load and purchase once more.

use crypto::custody::KeyCustody;

use super::reach::{expected, tested_purse};
use super::verify::{Expected, Found, Stage, Verifier};
use super::virtual_card::{self, locked};
use super::{CardKeys, Deed, Moment, Talk, TalkError, Teller, deeds};
use crate::batch::Batch;
use crate::engine::{Check, Record, Trouble};
use crate::job::Target;
use crate::order::CardOrder;

/// Who checks cards that were made.
pub struct Inspector<'i> {
    /// The batch.
    pub batch: &'i Batch,
    /// Who holds the keys.
    pub custody: &'i dyn KeyCustody,
    /// When and where transactions are made.
    pub moment: Moment,
}

impl Inspector<'_> {
    /// Checks the card of an order. `record` is what the journal has of it; how often it was tried
    /// out before is in there.
    ///
    /// # Errors
    /// [`TalkError`]; what is not as it should be is in what was found.
    pub fn check(
        &self,
        talk: &mut Talk<'_>,
        order: &CardOrder,
        record: &Record,
    ) -> Result<Found, TalkError> {
        let expected = self.expected(order, record);
        let (custody, profile, stage) = (self.custody, &*self.batch.profile, Stage::Made);
        Verifier { talk, custody, profile, order, expected: &expected, stage }.check()
    }

    /// Whether the job's load and purchase are made with it.
    pub fn tries_out(&self, order: &CardOrder) -> bool {
        let asked = self.batch.job.verify.transaction.is_some();
        asked && !order.state.spoiled_by_transactions() && order.state.pin_tries.is_none()
    }

    /// Makes the job's load and purchase: both step through every MAC and TAC.
    ///
    /// # Errors
    /// [`TalkError`].
    pub fn try_out(
        &self,
        talk: &mut Talk<'_>,
        order: &CardOrder,
        found: &mut Found,
    ) -> Result<(), TalkError> {
        let application = order.profile.application();
        let purse = application.and_then(tested_purse).map(|spec| spec.kind);
        let amount = self.batch.job.verify.transaction;
        let (Some(application), Some(purse), Some(amount)) = (application, purse, amount) else {
            return Ok(());
        };
        let factors = order.factors();
        let keys = CardKeys { custody: self.custody, profile: &order.profile, factors: &factors };
        talk.reset()?;
        let mut teller = Teller::new(talk, keys, application, self.moment);
        let done = teller.try_out(purse, amount);
        let fault = match done {
            Ok(()) => None,
            Err(TalkError::Trouble(Trouble::Refused(why) | Trouble::Wrong(why))) => Some(why),
            Err(other) => return Err(other),
        };
        let (what, what_zh) =
            (format!("load and purchase of {amount}"), format!("圈存并消费 {amount}"));
        found.checks.push(Check { what, what_zh, fault });
        Ok(())
    }

    fn expected(&self, order: &CardOrder, record: &Record) -> Expected {
        let mut expected = match self.batch.job.target {
            Target::Virtual => virtual_card::expected(order),
            Target::Fmcos => {
                let deeds: Vec<Deed> =
                    deeds(order, self.batch.job.verify.transaction).unwrap_or_default();
                let lasting = deeds.iter().filter(|deed| deed.transacts()).count();
                let purses = expected(&order.profile, &deeds);
                Expected { purses, log: Some(lasting as u32) }
            }
        };
        // What was tried out since has moved them on.
        if record.tried_out > 0 {
            expected.log = None;
            for purse in &mut expected.purses {
                (purse.online, purse.offline) = (None, None);
            }
        }
        if locked(order) {
            expected.log = None;
        }
        expected
    }
}
