//! A refusal: where, which rule, and what is wrong there.

use std::collections::HashSet;
use std::fmt;

use super::Rule;
use crate::cap::{MethodPlace, Tag};

/// Why a CAP file is refused: one place of it that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The component.
    pub component: Tag,
    /// Byte offset from the component's tag.
    pub offset: usize,
    /// The method, if it is in one.
    pub method: Option<MethodAt>,
    /// The rule that is broken.
    pub rule: Rule,
    /// What is there, and what should be.
    pub detail: String,
}

/// A place in a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodAt {
    /// The method.
    pub place: MethodPlace,
    /// Its name, if an export file or the Debug component has it: `package/Class.method(descriptor)`.
    pub name: Option<String>,
    /// Bytes from the start of its bytecode, and the instruction's name.
    pub instruction: Option<(u16, &'static str)>,
}

impl fmt::Display for Refusal {
    /// Without what to do next, which [`Rule::next`] says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} component, offset {} ({:#06x})", self.component, self.offset, self.offset)?;
        if let Some(method) = &self.method {
            write!(f, ", {method}")?;
        }
        write!(f, ": {} [{}: {}]", self.detail, self.rule, self.rule.text())
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for MethodAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "method {name} {}", self.place)?,
            None => write!(f, "method {}", self.place)?,
        }
        match self.instruction {
            Some((at, mnemonic)) => write!(f, ", bytecode {at} ({mnemonic})"),
            None => Ok(()),
        }
    }
}

/// Where refusals are put: each once, and a bounded number of them.
pub(super) struct Refusals {
    found: Vec<Refusal>,
    known: HashSet<(u8, usize, Rule)>,
    limit: usize,
}

impl Refusals {
    pub(super) fn new(limit: usize) -> Self {
        Self { found: Vec::new(), known: HashSet::new(), limit: limit.max(1) }
    }

    /// Whether no more are kept, so that looking for them is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn add(&mut self, refusal: Refusal) {
        let key = (refusal.component.byte(), refusal.offset, refusal.rule);
        if !self.is_full() && self.known.insert(key) {
            self.found.push(refusal);
        }
    }

    /// Outside of methods.
    pub(super) fn at(
        &mut self,
        component: Tag,
        offset: usize,
        rule: Rule,
        detail: impl Into<String>,
    ) {
        self.add(Refusal { component, offset, method: None, rule, detail: detail.into() });
    }

    pub(super) fn into_found(self) -> Vec<Refusal> {
        self.found
    }
}
