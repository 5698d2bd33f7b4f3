//! Values as they are written.

use super::Written;

/// A value as written: literals get their bytes from the format of the field they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Where.
    pub written: Option<Written>,
    /// What.
    pub expression: Expression,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `2.50`, `0x0005`, `01 10 ..`, `??`: read by the format of the field.
    Literal(String),
    /// `$name`.
    Name(String),
    /// `$name[0..4]`, bytes from and up to; of a call or of parentheses too.
    Slice(Box<Expression>, usize, usize),
    /// `mac1(amount=2.51)`.
    Call(String, Vec<(String, Expression)>),
    /// `a + b` and the like.
    Operation(Operator, Box<Expression>, Box<Expression>),
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Sum of numbers.
    Plus,
    /// Difference of numbers.
    Minus,
    /// Exclusive or of bytes.
    Xor,
    /// Bytes behind each other.
    Join,
}

impl Value {
    /// A literal of this program.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { written: None, expression: Expression::Literal(text.into()) }
    }
}
