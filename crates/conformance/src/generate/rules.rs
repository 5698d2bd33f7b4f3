//! The rules that generated cases prove.

use std::sync::Arc;

use crate::{Rule, Rules};

/// The built-in rule `id`.
pub(super) fn named(id: &str) -> Arc<Rule> {
    match Rules::built_in().find(id) {
        Some(rule) => rule.clone(),
        None => unreachable!("tests/suites/rules.toml has no {id}"),
    }
}
