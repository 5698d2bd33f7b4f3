//! Which mistake makes the code that was sent.

mod search;

use applet_spec::Profile;
use crypto::Mac;
use crypto::custody::{CustodyError, KeyCustody, KeyRecord};

use self::search::Search;
use crate::candidate::Candidates;
use crate::disagreement::purchase_of;
use crate::engine::{Block, Engine};
use crate::hypothesis::Finding;
use crate::mistakes::Case;
use crate::right::{self, Missing};
use crate::scenario::Scenario;
use crate::transaction::{Received, Transaction};
use crate::{Code, Mistake, Reading};

/// What is said of a code that was sent.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The code.
    pub received: Received,
    /// What it should be, by these keys and what the trace says.
    pub right: Option<Mac>,
    /// What was found.
    pub verdict: Verdict,
    /// How far was looked.
    pub effort: Effort,
    /// How much was tried.
    pub tried: Tried,
    /// What could not be tried, and why.
    pub untried: Vec<Untried>,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The code is right.
    Right,
    /// These fit; more than one only by chance.
    Found(Vec<Finding>),
    /// Nothing that was tried fits.
    NothingFits,
    /// It cannot be computed.
    Missing(Missing),
    /// The keys are not to be had.
    NoKey(CustodyError),
}

/// How many computations were compared with the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// With one mistake.
    pub singles: usize,
    /// With two.
    pub pairs: usize,
    /// With every value of a field.
    pub searched: usize,
}

/// A mistake that could not be tried.
#[derive(Clone, Debug)]
pub struct Untried {
    /// Which.
    pub mistake: &'static Mistake,
    /// Why not.
    pub why: CustodyError,
}

impl Tried {
    /// All of them.
    pub const fn all(self) -> usize {
        self.singles + self.pairs + self.searched
    }

    /// How many of them are expected to fit a four-byte code by chance alone.
    pub fn expected_by_chance(self) -> f64 {
        self.all() as f64 / 2_f64.powi(32)
    }
}

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Single mistakes only: some hundred computations.
    Singles,
    /// Also pairs and searches: some hundred thousand.
    Whole,
}

impl Effort {
    /// Spelling in JSON.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Singles => "singles",
            Self::Whole => "whole",
        }
    }
}

/// Looks into every code that a transaction was sent with.
pub fn diagnose(
    profile: &Profile,
    custody: &dyn KeyCustody,
    reading: &Reading,
    transaction: &Transaction,
    effort: Effort,
) -> Vec<Diagnosis> {
    let mut examination = Examination::new(profile, custody, reading, transaction, effort);
    transaction.received.iter().map(|received| examination.diagnose(received)).collect()
}

/// What is shared between the codes of a transaction.
struct Examination<'e> {
    profile: &'e Profile,
    reading: &'e Reading,
    transaction: &'e Transaction,
    effort: Effort,
    right: Vec<(Code, Result<Scenario, Missing>)>,
    engine: Engine<'e>,
    /// What the custody has. One that cannot list it can still derive what is asked for by name.
    records: Result<Vec<KeyRecord>, CustodyError>,
    /// Values that stand near the transaction; found where a code is wrong.
    found: Option<Candidates>,
}

impl<'e> Examination<'e> {
    fn new(
        profile: &'e Profile,
        custody: &'e dyn KeyCustody,
        reading: &'e Reading,
        transaction: &'e Transaction,
        effort: Effort,
    ) -> Self {
        let of = |code: &Code| (*code, right::scenario(profile, transaction, *code));
        Self {
            profile,
            reading,
            transaction,
            effort,
            right: transaction.flow.codes().iter().map(of).collect(),
            engine: Engine::new(custody),
            records: custody.records(),
            found: None,
        }
    }

    fn diagnose(&mut self, received: &Received) -> Diagnosis {
        let mut out = Diagnosis {
            received: *received,
            right: None,
            verdict: Verdict::NothingFits,
            effort: self.effort,
            tried: Tried::default(),
            untried: Vec::new(),
        };
        let right = self.right.iter().find(|(code, _)| *code == received.code);
        let right = match right.map_or(Err(Missing::Code(received.code)), |(_, one)| one.clone()) {
            Ok(scenario) => scenario,
            Err(missing) => return Diagnosis { verdict: Verdict::Missing(missing), ..out },
        };
        let block = match self.engine.last_block(&right) {
            Ok(block) => block,
            Err(error) => return Diagnosis { verdict: Verdict::NoKey(error), ..out },
        };
        let mac = Mac(right.taken.from(block.as_bytes()));
        out.right = Some(mac);
        if mac == received.mac {
            return Diagnosis { verdict: Verdict::Right, ..out };
        }
        self.look(right, block, out)
    }

    fn look(&mut self, right: Scenario, right_block: Block, mut out: Diagnosis) -> Diagnosis {
        let (reading, transaction) = (self.reading, self.transaction);
        let found = self.found.get_or_insert_with(|| {
            let of_psam = purchase_of(reading, transaction).map(|purchase| purchase.place);
            let step = transaction.step.map(|step| step.place);
            let places = [transaction.place, step, of_psam];
            reading.found.near(&places.into_iter().flatten().collect::<Vec<_>>())
        });
        let others: Vec<(Code, &Scenario)> = self
            .right
            .iter()
            .filter_map(|(code, scenario)| Some((*code, scenario.as_ref().ok()?)))
            .collect();
        let case = Case {
            profile: self.profile,
            transaction,
            code: out.received.code,
            sent: out.received.mac,
            found,
            records: self.records.as_deref(),
            others: &others,
        };
        let mut search = Search::new(&mut self.engine, &case, &right, right_block);
        let single = search.singles();
        let found = match self.effort {
            Effort::Singles => single,
            Effort::Whole => single.or_else(|| search.pairs()).or_else(|| search.values()),
        };
        (out.tried, out.untried) = search.end();
        out.verdict = found.map_or(Verdict::NothingFits, Verdict::Found);
        out
    }
}
