//! Which mistake makes the code that was sent.

use apdu::StatusWord;
use applet_spec::Profile;
use crypto::Mac;
use crypto::custody::{CustodyError, KeyCustody, KeyRecord};

use crate::engine::{Block, Engine};
use crate::hypothesis::{Finding, Hypothesis, Made};
use crate::mistakes::{self, Case, Change, Grid, Stage, Variant};
use crate::right::{self, Missing};
use crate::scenario::{Scenario, Slots};
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

impl Diagnosis {
    /// Whether the maker of this code was told that it is wrong: a second step with 9302.
    pub fn refused(&self, transaction: &Transaction) -> bool {
        let status = transaction.step.and_then(|step| step.status);
        self.received.stands_in == crate::StandsIn::Step && status == Some(StatusWord::MAC_INVALID)
    }
}

/// Looks into every code that a transaction was sent with.
pub fn diagnose(
    profile: &Profile,
    custody: &dyn KeyCustody,
    reading: &Reading,
    transaction: &Transaction,
) -> Vec<Diagnosis> {
    let mut search = Search::new(profile, custody, reading, transaction);
    transaction.received.iter().map(|received| search.diagnose(received)).collect()
}

struct Search<'s> {
    profile: &'s Profile,
    reading: &'s Reading,
    transaction: &'s Transaction,
    records: Vec<KeyRecord>,
    right: Vec<(Code, Result<Scenario, Missing>)>,
    computable: Vec<(Code, Scenario)>,
    engine: Engine<'s>,
}

/// A variant that changes the code, ready to be made together with others.
struct Effective {
    variant: Variant,
    scenario: Scenario,
    slots: Slots,
}

/// Hypotheses by what they compute: those with the same last block give the same bytes.
#[derive(Default)]
struct Classes(Vec<(Option<Block>, Finding)>);

impl Classes {
    /// Of a mistake that has several forms with the same bytes, the first is enough.
    fn add(&mut self, computed: Option<Block>, hypothesis: Hypothesis) {
        let same =
            |(block, _): &&mut (Option<Block>, Finding)| computed.is_some() && *block == computed;
        match self.0.iter_mut().find(same) {
            Some((_, finding)) => {
                let ids = hypothesis.ids();
                if finding.alike.iter().all(|known| known.ids() != ids) {
                    finding.alike.push(hypothesis);
                }
            }
            None => self.0.push((computed, Finding { alike: vec![hypothesis] })),
        }
    }

    fn verdict(self) -> Option<Verdict> {
        let findings: Vec<Finding> = self.0.into_iter().map(|(_, finding)| finding).collect();
        (!findings.is_empty()).then_some(Verdict::Found(findings))
    }
}

impl<'s> Search<'s> {
    fn new(
        profile: &'s Profile,
        custody: &'s dyn KeyCustody,
        reading: &'s Reading,
        transaction: &'s Transaction,
    ) -> Self {
        let codes = transaction.flow.codes();
        let right: Vec<_> = codes
            .iter()
            .map(|code| (*code, right::scenario(profile, custody, transaction, *code)))
            .collect();
        let computable = right
            .iter()
            .filter_map(|(code, scenario)| Some((*code, scenario.clone().ok()?)))
            .collect();
        // A custody that cannot list what it has can still derive what is asked for by name.
        let records = custody.records().unwrap_or_default();
        let engine = Engine::new(custody);
        Self { profile, reading, transaction, records, right, computable, engine }
    }

    fn diagnose(&mut self, received: &Received) -> Diagnosis {
        let mut out = Diagnosis {
            received: *received,
            right: None,
            verdict: Verdict::NothingFits,
            tried: Tried::default(),
            untried: Vec::new(),
        };
        let right = self.right.iter().find(|(code, _)| *code == received.code);
        let right = match right {
            Some((_, Ok(scenario))) => scenario.clone(),
            Some((_, Err(missing))) => {
                out.verdict = Verdict::Missing(*missing);
                return out;
            }
            None => {
                out.verdict = Verdict::Missing(Missing::Code(received.code));
                return out;
            }
        };
        let right_block = match self.engine.last_block(&right) {
            Ok(block) => block,
            Err(error) => {
                out.verdict = Verdict::NoKey(error);
                return out;
            }
        };
        let mac = Mac(right.taken.from(right_block.as_bytes()));
        out.right = Some(mac);
        if mac == received.mac {
            out.verdict = Verdict::Right;
            return out;
        }
        out.verdict = self
            .look(&right, &right_block, received, &mut out.tried, &mut out.untried)
            .unwrap_or(Verdict::NothingFits);
        out
    }

    fn look(
        &mut self,
        right: &Scenario,
        right_block: &Block,
        received: &Received,
        tried: &mut Tried,
        untried: &mut Vec<Untried>,
    ) -> Option<Verdict> {
        let computable = std::mem::take(&mut self.computable);
        let records = std::mem::take(&mut self.records);
        let case = Case {
            profile: self.profile,
            transaction: self.transaction,
            code: received.code,
            received: Some(received),
            found: &self.reading.found,
            records: &records,
            others: &computable,
        };
        let mut effective = Vec::new();
        let verdict = self
            .singles(right, right_block, &case, tried, untried, &mut effective)
            .or_else(|| self.pairs(right, received, &effective, tried))
            .or_else(|| self.searches(right, &case, tried));
        self.computable = computable;
        self.records = records;
        verdict
    }

    fn singles(
        &mut self,
        right: &Scenario,
        right_block: &Block,
        case: &Case<'_>,
        tried: &mut Tried,
        untried: &mut Vec<Untried>,
        effective: &mut Vec<Effective>,
    ) -> Option<Verdict> {
        let wanted = case.received?.mac;
        let mut classes = Classes::default();
        let usual = mistakes::all().filter(|mistake| mistake.stage == Stage::Usual);
        for mistake in usual {
            Grid::each(mistake, right, case, &mut |variant| {
                let (scenario, slots) = match &variant.change {
                    Change::Literal(mac) => {
                        tried.singles += 1;
                        if *mac == wanted {
                            classes.add(None, single(&variant, right));
                        }
                        return;
                    }
                    Change::Scenario(scenario, slots) => (scenario.as_ref().clone(), *slots),
                };
                match self.engine.last_block(&scenario) {
                    Ok(block) if block == *right_block && scenario.taken == right.taken => {}
                    Ok(block) => {
                        tried.singles += 1;
                        if Mac(scenario.taken.from(block.as_bytes())) == wanted {
                            classes.add(Some(block), single(&variant, right));
                        }
                        effective.push(Effective { variant, scenario, slots });
                    }
                    Err(why) => {
                        if untried.iter().all(|one| one.mistake.id != mistake.id) {
                            untried.push(Untried { mistake, why });
                        }
                    }
                }
            });
        }
        classes.verdict()
    }

    fn pairs(
        &mut self,
        right: &Scenario,
        received: &Received,
        effective: &[Effective],
        tried: &mut Tried,
    ) -> Option<Verdict> {
        let mut classes = Classes::default();
        let mut rest = effective;
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            for second in behind.iter().filter(|second| second.slots.apart(first.slots)) {
                let mut both = first.scenario.clone();
                both.overlay(&second.scenario, second.slots);
                let Ok(block) = self.engine.last_block(&both) else { continue };
                tried.pairs += 1;
                if Mac(both.taken.from(block.as_bytes())) == received.mac {
                    let made = [first, second].map(|one| Made::new(&one.variant, right));
                    let hypothesis = Hypothesis { mistakes: made.to_vec() };
                    classes.add(Some(block), hypothesis);
                }
            }
        }
        classes.verdict()
    }

    fn searches(
        &mut self,
        right: &Scenario,
        case: &Case<'_>,
        tried: &mut Tried,
    ) -> Option<Verdict> {
        let wanted = case.received?.mac;
        let mut classes = Classes::default();
        for mistake in mistakes::all().filter(|mistake| mistake.stage == Stage::Search) {
            Grid::each(mistake, right, case, &mut |variant| {
                let Change::Scenario(scenario, _) = &variant.change else { return };
                let Ok(block) = self.engine.last_block(scenario) else { return };
                tried.searched += 1;
                if Mac(scenario.taken.from(block.as_bytes())) == wanted {
                    classes.add(Some(block), single(&variant, right));
                }
            });
        }
        classes.verdict()
    }
}

fn single(variant: &Variant, right: &Scenario) -> Hypothesis {
    Hypothesis { mistakes: vec![Made::new(variant, right)] }
}
