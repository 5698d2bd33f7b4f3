//! Rules and wrong cards, each with a case of its own.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{Author, Case, Rule};

/// Rules that no case proves which somebody wrote by hand: the generated ones follow the table that
/// the virtual card follows, too.
pub fn rules_without_case<'c>(
    rules: &'c [Arc<Rule>],
    cases: impl IntoIterator<Item = &'c Arc<Case>>,
) -> Vec<&'c Rule> {
    let by_hand = cases.into_iter().filter(|case| case.author == Author::Hand);
    let proved: HashSet<&str> =
        by_hand.flat_map(|case| &case.rules).map(|rule| rule.id.as_str()).collect();
    let all = rules.iter().map(AsRef::as_ref);
    all.filter(|rule: &&Rule| !proved.contains(rule.id.as_str())).collect()
}

/// Names of wrong cards that no case is there to catch.
pub fn wrong_cards_without_case<'n>(
    names: &'n [String],
    cases: impl IntoIterator<Item = &'n Arc<Case>>,
) -> Vec<&'n str> {
    let caught: HashSet<&str> =
        cases.into_iter().flat_map(|case| &case.catches).map(String::as_str).collect();
    names.iter().map(String::as_str).filter(|name| !caught.contains(name)).collect()
}
