//! The checks of a flow: whether this card is served.

use applet_spec::flow::{CheckStep, Condition, FieldAt, Refusal, When};

use super::Engine;
use super::state::{Halt, Run};
use crate::CardSession;

impl Engine<'_> {
    /// Refuses the card where something is not so, and blocks it where the flow says so.
    pub(super) fn check(
        &mut self,
        run: &Run<'_>,
        card: &mut CardSession<'_>,
        check: &CheckStep,
    ) -> Result<(), Halt> {
        if check.when == When::Foreign && !run.foreign {
            return Ok(());
        }
        let Some(reason) = self.failed(run, check) else { return Ok(()) };
        let Some(kind) = check.block else { return Err(Halt::refuse(reason)) };
        // The card is refused however the blocking goes; a link that fails is told as such.
        let blocked = match self.block(run, card, kind) {
            Ok(()) => Some(kind),
            Err(Halt::Refuse { .. }) => None,
            Err(other) => return Err(other),
        };
        Err(Halt::Refuse { reason, status: None, blocked })
    }

    fn failed(&self, run: &Run<'_>, check: &CheckStep) -> Option<Refusal> {
        match &check.that {
            Condition::Equals { field, values } => {
                let right = run.field(field).is_some_and(|is| values.iter().any(|v| v == is));
                (!right).then_some(check.refuse)
            }
            Condition::Valid { from, to } => {
                let today = run.now.date().0;
                match (run.field(from), run.field(to)) {
                    // BCD dates compare as they stand.
                    (Some(from), _) if from > &today[..] => Some(Refusal::NotYetValid),
                    (Some(_), Some(to)) if to >= &today[..] => None,
                    _ => Some(Refusal::Expired),
                }
            }
            Condition::WhiteList => run.card().and_then(|card| self.tables.unlisted(card)),
            Condition::BlackList => {
                let listed = run.card().is_some_and(|card| self.tables.black_listed(card));
                listed.then_some(check.refuse)
            }
            Condition::BalanceAtMost(most) => {
                let fits = run.told_balance.is_some_and(|balance| balance.0 <= *most);
                (!fits).then_some(check.refuse)
            }
        }
    }
}

impl Run<'_> {
    /// A field of something that was read.
    pub(super) fn field(&self, at: &FieldAt) -> Option<&[u8]> {
        self.slots.get(at.slot).and_then(|read| at.of(read))
    }
}
