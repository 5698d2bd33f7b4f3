//! A place in a source text, and what can stand there instead.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A place that can be mutated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Bytes of the source; empty where something is put in.
    pub range: Range<usize>,
    /// How the switch stands around it.
    pub form: Form,
    /// The function it is in, `Type::name` for methods.
    pub function: String,
    /// What can stand there.
    pub alternatives: Vec<Alternative>,
}

/// How a switch is written around a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `(if on(N) { mutated } else { original })`
    Expression,
    /// `if !on(N) { original }`
    Statement,
    /// At the beginning of a function: `if on(N) { return mutated; }`
    Body,
    /// Behind the pattern of a match arm: ` if !on(N)`
    Guard,
    /// At the beginning of a condition with `let` in it: `!on(N) && `
    LetCondition,
}

/// One mutation of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Number of the mutant, given when all sites are known.
    pub id: u32,
    /// What kind of change it is.
    pub operator: Operator,
    /// The code that stands there, in terms of the source.
    pub code: String,
    /// What changes, as the source has it, in one line.
    pub before: String,
    /// What it becomes, in one line.
    pub after: String,
}

/// What kind of change a mutant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// `==` to `!=`, `<` to `<=` and `>=`.
    Comparison,
    /// `&&` to `||`.
    Logic,
    /// A condition, or a part of one, that always or never holds.
    Condition,
    /// `!x` to `x`, `x.is_empty()` to its opposite.
    Negation,
    /// `+` to `-`, `<<` to `>>`, also within `+=`.
    Arithmetic,
    /// A method of the same type: `wrapping_add` to `wrapping_sub`, `min` to `max`.
    Method,
    /// An integer: one more, or 0.
    Integer,
    /// `true` to `false`.
    Boolean,
    /// A constant or variant to another of its type.
    Constant,
    /// A statement that is not executed.
    Statement,
    /// A function that returns at once.
    Body,
    /// A match arm that is passed over, so that the last one takes its cases.
    Arm,
    /// Two neighbours of a list change places.
    Order,
    /// A part of a list is missing.
    Missing,
    /// Two neighbouring arguments change places.
    Arguments,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comparison => "comparison",
            Self::Logic => "logic",
            Self::Condition => "condition",
            Self::Negation => "negation",
            Self::Arithmetic => "arithmetic",
            Self::Method => "method",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Constant => "constant",
            Self::Statement => "statement",
            Self::Body => "body",
            Self::Arm => "arm",
            Self::Order => "order",
            Self::Missing => "missing",
            Self::Arguments => "arguments",
        })
    }
}

impl Alternative {
    /// One whose code is what is shown.
    pub fn new(operator: Operator, before: &str, after: &str) -> Self {
        Self::written(operator, before, after, after.to_owned())
    }

    /// One whose code needs more than is shown, such as parentheses.
    pub fn written(operator: Operator, before: &str, after: &str, code: String) -> Self {
        Self { id: 0, operator, code, before: one_line(before), after: one_line(after) }
    }
}

/// Text with its line breaks and indentation taken out.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
