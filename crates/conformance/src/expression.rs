//! Values as they are written: names, calls and operators, from text and back to text.

mod read;

use std::fmt;

use crate::{Expression, Operator};

pub(crate) use read::read;

/// Most parts of one value: literals, names, calls, operators and ranges.
pub const MAX_PARTS: usize = 64;
/// Most parentheses and calls inside each other.
pub const MAX_DEPTH: usize = 16;

/// Names that every case may use, without `$`.
pub const NAMES: &[&str] = &[
    // After a successful INITIALIZE.
    "amount",
    "balance",
    "serial",
    "limit",
    "new-limit",
    "random",
    "key-version",
    "algorithm",
    "type",
    // Always.
    "terminal",
    "terminal-serial",
    "date",
    "time",
    "pin",
    "card-serial",
    "aid",
    "code",
    "challenge",
    "historical",
];

/// How a literal is read; of fields, their catalogue format says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralForm {
    /// An amount: `2.50` yuan, `250fen`.
    Fen,
    /// Decimal, or `0x..`.
    Number,
    /// An amount or a number: beside `+` and `-`.
    Quantity,
    /// Eight digits.
    Date,
    /// Six digits.
    Time,
    /// Hexadecimal bytes with free blanks.
    Bytes,
    /// The same, where `??` is any byte.
    Mask,
    /// The same as `Bytes`, or `none`.
    BytesOrNone,
    /// A kind of key, `load`, or the 16 bytes of one that a case has made itself.
    Key,
}

/// An input of a call.
pub struct ArgumentForm {
    /// Its name.
    pub name: &'static str,
    /// How a literal of it is read.
    pub form: LiteralForm,
}

/// Every input of every call.
pub const ARGUMENTS: &[ArgumentForm] = &[
    input("amount", LiteralForm::Fen),
    input("balance", LiteralForm::Fen),
    input("serial", LiteralForm::Number),
    input("limit", LiteralForm::Fen),
    input("new-limit", LiteralForm::Fen),
    input("random", LiteralForm::Bytes),
    input("type", LiteralForm::Bytes),
    input("terminal", LiteralForm::Bytes),
    input("terminal-serial", LiteralForm::Number),
    input("date", LiteralForm::Date),
    input("time", LiteralForm::Time),
    input("code", LiteralForm::BytesOrNone),
    input("key", LiteralForm::Key),
    input("index", LiteralForm::Number),
    input("header", LiteralForm::Bytes),
    input("data", LiteralForm::Bytes),
    input("challenge", LiteralForm::Bytes),
    input("factors", LiteralForm::Bytes),
    input("of", LiteralForm::Bytes),
    input("byte", LiteralForm::Bytes),
    input("times", LiteralForm::Number),
];

const fn input(name: &'static str, form: LiteralForm) -> ArgumentForm {
    ArgumentForm { name, form }
}

/// A call: its name, the inputs that must be said, and those that may be.
pub struct CallForm {
    /// Its name.
    pub name: &'static str,
    /// Inputs that must be said.
    pub needs: &'static [&'static str],
    /// Inputs that may be said in place of those of the running transaction.
    pub takes: &'static [&'static str],
}

/// Inputs of the MACs and TAC of a transaction.
const TRANSACTION: &[&str] = &[
    "amount",
    "balance",
    "serial",
    "limit",
    "new-limit",
    "random",
    "type",
    "terminal",
    "terminal-serial",
    "date",
    "time",
    "code",
    "key",
    "index",
    "factors",
];

/// Every call.
pub const CALLS: &[CallForm] = &[
    call("mac1", &[], TRANSACTION),
    call("mac2", &[], TRANSACTION),
    call("mac3", &[], TRANSACTION),
    call("tac", &[], TRANSACTION),
    call("sm", &[], &["key", "index", "header", "data", "challenge", "factors"]),
    call("mac", &["data"], &["key", "index", "challenge", "factors"]),
    call("cryptogram", &[], &["key", "index", "challenge", "factors"]),
    call("pin-mac", &[], &["key", "index", "data", "factors"]),
    call("encipher", &["data"], &["key", "index", "factors"]),
    call("decipher", &["data"], &["key", "index", "factors"]),
    call("ecb", &["data"], &["key", "index", "factors"]),
    call("right-code", &[], &[]),
    call("kcv", &[], &["key", "index", "factors"]),
    call("length", &["of"], &[]),
    call("repeat", &["byte", "times"], &[]),
];

const fn call(
    name: &'static str,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
) -> CallForm {
    CallForm { name, needs, takes }
}

/// Why a text is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {message}; {mend}")]
pub struct ExpressionError {
    /// Byte of the text, from 0.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub mend: String,
}

impl Expression {
    /// Reads a value. Calls and their inputs must be known; names and literals are what they are,
    /// since what they mean depends on where they stand.
    ///
    /// # Errors
    /// What is wrong, and at which byte.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        read(text).map(|reading| reading.expression)
    }
}

/// How a literal for this input of a call is read.
pub fn argument_form(name: &str) -> Option<LiteralForm> {
    ARGUMENTS.iter().find(|known| known.name == name).map(|known| known.form)
}

impl Operator {
    /// The sign.
    pub const fn sign(self) -> char {
        match self {
            Self::Plus => '+',
            Self::Minus => '-',
            Self::Xor => '^',
            Self::Join => '|',
        }
    }
}

/// As it is written: reading it again gives the same.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Name(name) => write!(f, "${name}"),
            Self::Slice(of, from, to) => match **of {
                Self::Literal(_) | Self::Operation(..) => write!(f, "({of})[{from}..{to}]"),
                _ => write!(f, "{of}[{from}..{to}]"),
            },
            Self::Call(name, arguments) => {
                write!(f, "{name}(")?;
                for (at, (input, value)) in arguments.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{input}={value}")?;
                }
                f.write_str(")")
            }
            Self::Operation(operator, left, right) => {
                let sign = operator.sign();
                match **right {
                    Self::Operation(..) => write!(f, "{left} {sign} ({right})"),
                    _ => write!(f, "{left} {sign} {right}"),
                }
            }
        }
    }
}
