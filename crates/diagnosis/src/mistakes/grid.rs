//! Where the rows of the table put their scenarios.

use applet_spec::{Directory, Profile};
use crypto::Mac;
use crypto::custody::{CustodyError, KeyRecord};

use super::Mistake;
use crate::candidate::{Candidate, Candidates, Offered};
use crate::scenario::{KeyForm, Scenario, Slots};
use crate::transaction::Transaction;
use crate::{Code, Field, Source};

/// What a row may look at.
pub(crate) struct Case<'c> {
    pub(crate) profile: &'c Profile,
    pub(crate) transaction: &'c Transaction,
    pub(crate) code: Code,
    /// Its value as it was sent.
    pub(crate) sent: Mac,
    pub(crate) found: &'c Candidates,
    /// What the custody has; or why it does not say.
    pub(crate) records: Result<&'c [KeyRecord], &'c CustodyError>,
    /// The right scenarios of the transaction's other codes.
    pub(crate) others: &'c [(Code, &'c Scenario)],
}

/// A way to make a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) mistake: &'static Mistake,
    pub(crate) change: Change,
    /// Where the wrong value was found.
    pub(crate) source: Option<Source>,
}

/// What a mistake makes of the right code.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Another computation, which differs in these slots.
    Scenario(Box<Scenario>, Slots),
    /// A value that is not computed.
    Literal(Mac),
    /// Ways that are not known, as the custody does not say what it has.
    Unknown(CustodyError),
}

/// Takes the scenarios of one row, one by one: a search has more of them than are worth keeping.
pub(crate) struct Grid<'g> {
    pub(crate) right: &'g Scenario,
    pub(crate) case: &'g Case<'g>,
    mistake: &'static Mistake,
    sink: &'g mut dyn FnMut(Variant),
}

impl<'g> Grid<'g> {
    /// Gives every variant of a mistake to `sink`.
    pub(crate) fn each(
        mistake: &'static Mistake,
        right: &'g Scenario,
        case: &'g Case<'g>,
        sink: &'g mut dyn FnMut(Variant),
    ) {
        (mistake.variants)(&mut Self { right, case, mistake, sink });
    }

    /// Adds a scenario, where it is another than the right one.
    pub(crate) fn change(&mut self, edit: impl FnOnce(&mut Scenario)) {
        self.change_from(None, edit);
    }

    /// The same with a value that was found somewhere.
    pub(crate) fn change_from(&mut self, source: Option<Source>, edit: impl FnOnce(&mut Scenario)) {
        let mut scenario = self.right.clone();
        edit(&mut scenario);
        let slots = scenario.changed(self.right);
        if !slots.is_empty() {
            let change = Change::Scenario(Box::new(scenario), slots);
            (self.sink)(Variant { mistake: self.mistake, change, source });
        }
    }

    /// Adds a value that is not computed.
    pub(crate) fn literal(&mut self, mac: Mac, source: Option<Source>) {
        (self.sink)(Variant { mistake: self.mistake, change: Change::Literal(mac), source });
    }

    /// Says that there may be more, of which the custody does not tell.
    pub(crate) fn unknown(&mut self, why: CustodyError) {
        (self.sink)(Variant { mistake: self.mistake, change: Change::Unknown(why), source: None });
    }

    /// Adds the scenario with other bytes in a covered field.
    pub(crate) fn field(&mut self, field: Field, bytes: &[u8], source: Option<Source>) {
        if self.covers(field) {
            self.change_from(source, |one| one.fields.set(field, bytes));
        }
    }

    /// The right bytes of a covered field, changed by `edit`; nothing where the field is not
    /// covered or has another width.
    pub(crate) fn edit<const N: usize>(
        &mut self,
        field: Field,
        edit: impl FnOnce([u8; N]) -> [u8; N],
    ) {
        if let Ok(bytes) = self.right.fields.of(field).try_into() {
            self.field(field, &edit(bytes), None);
        }
    }

    /// Whether the code covers a field.
    pub(crate) fn covers(&self, field: Field) -> bool {
        self.right.layout.contains(&field)
    }

    /// Whether a session key is made.
    pub(crate) fn has_session(&self) -> bool {
        matches!(self.right.form, KeyForm::Session(_))
    }

    /// The directory of the transaction.
    pub(crate) fn directory(&self) -> Option<&'g Directory> {
        let fid = self.case.transaction.directory;
        self.case.profile.directories.iter().find(|one| one.fid == fid)
    }
}

/// The candidates of a list that somebody offers.
pub(crate) fn offered<T: Clone>(
    list: &[Candidate<T>],
    by: Offered,
) -> impl Iterator<Item = (T, Option<Source>)> {
    list.iter()
        .filter(move |candidate| candidate.source.offered() == by)
        .map(|candidate| (candidate.value.clone(), Some(candidate.source)))
}
