//! The search: single mistakes, pairs of them, every value of a field.

use crypto::Mac;
use crypto::custody::CustodyError;

use super::{Tried, Untried};
use crate::engine::{Block, Engine};
use crate::hypothesis::{Finding, Hypothesis, Made};
use crate::mistakes::{self, Case, Change, Grid, Mistake, Stage, Variant};
use crate::scenario::{Scenario, Slots};

/// A search for what makes one code.
pub(super) struct Search<'s, 'k> {
    engine: &'s mut Engine<'k>,
    case: &'s Case<'s>,
    right: &'s Scenario,
    right_block: Block,
    /// Variants that change the code, to be made together with others.
    effective: Vec<Effective>,
    tried: Tried,
    untried: Vec<Untried>,
}

struct Effective {
    variant: Variant,
    scenario: Scenario,
    slots: Slots,
}

impl<'s, 'k> Search<'s, 'k> {
    pub(super) fn new(
        engine: &'s mut Engine<'k>,
        case: &'s Case<'s>,
        right: &'s Scenario,
        right_block: Block,
    ) -> Self {
        let (effective, untried) = (Vec::new(), Vec::new());
        Self { engine, case, right, right_block, effective, tried: Tried::default(), untried }
    }

    /// How much was tried, and what could not be.
    pub(super) fn end(self) -> (Tried, Vec<Untried>) {
        (self.tried, self.untried)
    }

    /// Every mistake of the table by itself.
    pub(super) fn singles(&mut self) -> Option<Vec<Finding>> {
        let mut classes = Classes::default();
        for mistake in mistakes::all().filter(|mistake| mistake.stage == Stage::Usual) {
            let (case, right) = (self.case, self.right);
            Grid::each(mistake, right, case, &mut |variant| self.single(variant, &mut classes));
        }
        classes.findings()
    }

    fn single(&mut self, variant: Variant, classes: &mut Classes) {
        let (scenario, slots) = match &variant.change {
            Change::Literal(mac) => {
                self.tried.singles += 1;
                if *mac == self.case.sent {
                    classes.add(None, alone(&variant, self.right));
                }
                return;
            }
            Change::Unknown(why) => return self.not_tried(variant.mistake, why.clone()),
            Change::Scenario(scenario, slots) => (scenario.as_ref().clone(), *slots),
        };
        match self.engine.last_block(&scenario) {
            // It changes what does not count here.
            Ok(block) if block == self.right_block && scenario.taken == self.right.taken => {}
            Ok(block) => {
                self.tried.singles += 1;
                if self.fits(&scenario, block) {
                    classes.add(Some(block), alone(&variant, self.right));
                }
                self.effective.push(Effective { variant, scenario, slots });
            }
            Err(why) => self.not_tried(variant.mistake, why),
        }
    }

    fn not_tried(&mut self, mistake: &'static Mistake, why: CustodyError) {
        if self.untried.iter().all(|one| one.mistake.id != mistake.id) {
            self.untried.push(Untried { mistake, why });
        }
    }

    /// Every two that change different things.
    pub(super) fn pairs(&mut self) -> Option<Vec<Finding>> {
        let mut classes = Classes::default();
        let effective = std::mem::take(&mut self.effective);
        let mut rest = effective.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            for second in behind.iter().filter(|second| second.slots.apart(first.slots)) {
                let mut both = first.scenario.clone();
                both.overlay(&second.scenario, second.slots);
                let Ok(block) = self.engine.last_block(&both) else { continue };
                self.tried.pairs += 1;
                if self.fits(&both, block) {
                    let made = [first, second].map(|one| Made::new(&one.variant, self.right));
                    classes.add(Some(block), Hypothesis { mistakes: made.to_vec() });
                }
            }
        }
        classes.findings()
    }

    /// Every value of a field, of one field after the other.
    pub(super) fn values(&mut self) -> Option<Vec<Finding>> {
        let mut searched = mistakes::all().filter(|mistake| mistake.stage == Stage::Search);
        searched.find_map(|mistake| {
            let mut classes = Classes::default();
            let (case, right) = (self.case, self.right);
            Grid::each(mistake, right, case, &mut |variant| {
                let Change::Scenario(scenario, _) = &variant.change else { return };
                let Ok(block) = self.engine.last_block(scenario) else { return };
                self.tried.searched += 1;
                if self.fits(scenario, block) {
                    classes.add(Some(block), alone(&variant, right));
                }
            });
            classes.findings()
        })
    }

    fn fits(&self, scenario: &Scenario, block: Block) -> bool {
        Mac(scenario.taken.from(block.as_bytes())) == self.case.sent
    }
}

fn alone(variant: &Variant, right: &Scenario) -> Hypothesis {
    Hypothesis { mistakes: vec![Made::new(variant, right)] }
}

/// Hypotheses by what they compute: those with the same last block give the same bytes. `None` is
/// for values that are not computed.
#[derive(Default)]
struct Classes(Vec<(Option<Block>, Finding)>);

impl Classes {
    /// Of a mistake that has several forms with the same bytes, the first is enough.
    fn add(&mut self, computed: Option<Block>, hypothesis: Hypothesis) {
        match self.0.iter_mut().find(|(block, _)| *block == computed) {
            Some((_, finding)) => {
                let ids = hypothesis.ids();
                if finding.alike.iter().all(|known| known.ids() != ids) {
                    finding.alike.push(hypothesis);
                }
            }
            None => self.0.push((computed, Finding { alike: vec![hypothesis] })),
        }
    }

    /// What was added. A value that was not computed is the one that was, where there is one.
    fn findings(mut self) -> Option<Vec<Finding>> {
        self.0.sort_by_key(|(block, _)| block.is_none());
        if let [(Some(_), _), (None, _)] = self.0.as_slice()
            && let (Some((_, taken)), Some((_, first))) = (self.0.pop(), self.0.first_mut())
        {
            first.alike.extend(taken.alike);
        }
        let findings: Vec<Finding> = self.0.into_iter().map(|(_, finding)| finding).collect();
        Some(findings).filter(|findings| !findings.is_empty())
    }
}
