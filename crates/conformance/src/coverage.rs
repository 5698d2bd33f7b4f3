//! What the suites cover: command × rule × state × status word (覆盖率).
//!
//! Cells come from the catalogues; what covers them is told from the cases alone, which are followed
//! step by step without a card. A cell without a case needs a reason in `coverage.toml`.

mod by_rule;
mod cell;
mod follow;
mod lock;
mod reasons;
mod render;
mod sent;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use applet_spec::{Catalogue, CommandSet, Profile};

use crate::{Case, Text, generate};

pub use by_rule::{rules_without_case, wrong_cards_without_case};
pub use cell::{Aspect, Cell, FormatRule, LeForm, Set};
pub use follow::states_after;
pub use lock::LockState;
pub use reasons::{Reason, Reasons};

/// The table.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Every cell, in the order of the catalogues.
    pub cells: Vec<CoveredCell>,
    /// Reasons of `coverage.toml` that have no cell any more, or one that cases cover, in words.
    pub stale: Vec<String>,
    /// Steps whose `covers` is no reason of their command for the status word, in words.
    pub mistakes: Vec<String>,
}

/// A cell and what covers it.
#[derive(Clone, Debug)]
pub struct CoveredCell {
    /// The cell.
    pub cell: Cell,
    /// Ids of cases, without parameters; some of them, where there are many.
    pub cases: Vec<String>,
    /// How many cases.
    pub count: usize,
    /// Why there is none.
    pub reason: Option<Text>,
}

/// Cases that a cell names at most.
const NAMED: usize = 5;

/// What the cases, and those that are generated, cover on cards of these profiles.
pub fn table<'c>(
    cases: impl IntoIterator<Item = &'c Arc<Case>>,
    profiles: &[&Profile],
    reasons: &Reasons,
) -> Coverage {
    let cases: Vec<&Arc<Case>> = cases.into_iter().collect();
    let mut covered: BTreeMap<Cell, BTreeSet<String>> = BTreeMap::new();
    let mut unknown: BTreeMap<(String, usize, String), bool> = BTreeMap::new();
    for profile in profiles {
        let generated = generate::cases(profile);
        let applies = |case: &Case| case.applies.iter().all(|condition| condition.holds(profile));
        let written = cases.iter().copied().filter(|case| applies(case));
        for case in written.chain(&generated) {
            let (cells, wrong) = follow::follow(case, profile);
            for cell in cells {
                covered.entry(cell).or_default().insert(case.base.clone());
            }
            for wrong in wrong {
                unknown.insert((case.base.clone(), wrong.step, wrong.text), true);
            }
        }
    }
    let sets = [CommandSet::Purse, CommandSet::Psam, CommandSet::Fmcos];
    let cells = sets.into_iter().flat_map(|set| Cell::all(Catalogue::of(set)));
    let cells = cells
        .map(|cell| {
            let by = covered.get(&cell);
            let reason = reasons.of(&cell).map(|reason| reason.reason.clone());
            CoveredCell {
                cases: by.into_iter().flatten().take(NAMED).cloned().collect(),
                count: by.map_or(0, BTreeSet::len),
                reason: reason.filter(|_| by.is_none()),
                cell,
            }
        })
        .collect();
    let mut coverage = Coverage { cells, stale: Vec::new(), mistakes: Vec::new() };
    coverage.stale = reasons.stale(&coverage.cells);
    let told = |(case, step, text): &(String, usize, String)| {
        format!("{case}, step {}: {text:?} is no reason for the status word it expects", step + 1)
    };
    coverage.mistakes = unknown.keys().map(told).collect();
    coverage
}

impl Coverage {
    /// Cells with neither a case nor a reason.
    pub fn empty(&self) -> impl Iterator<Item = &CoveredCell> {
        self.cells.iter().filter(|cell| cell.count == 0 && cell.reason.is_none())
    }
}
