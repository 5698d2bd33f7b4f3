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
    "code",
    "challenge",
];

/// How a literal is read; of fields, their catalogue format says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralForm {
    /// An amount: `2.50` yuan, `250fen`.
    Fen,
    /// Decimal, or `0x..`.
    Number,
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
    /// A kind of key: `load`; of a PSAM its purpose.
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
    ArgumentForm { name: "amount", form: LiteralForm::Fen },
    ArgumentForm { name: "balance", form: LiteralForm::Fen },
    ArgumentForm { name: "serial", form: LiteralForm::Number },
    ArgumentForm { name: "limit", form: LiteralForm::Fen },
    ArgumentForm { name: "new-limit", form: LiteralForm::Fen },
    ArgumentForm { name: "random", form: LiteralForm::Bytes },
    ArgumentForm { name: "type", form: LiteralForm::Bytes },
    ArgumentForm { name: "terminal", form: LiteralForm::Bytes },
    ArgumentForm { name: "terminal-serial", form: LiteralForm::Number },
    ArgumentForm { name: "date", form: LiteralForm::Date },
    ArgumentForm { name: "time", form: LiteralForm::Time },
    ArgumentForm { name: "code", form: LiteralForm::BytesOrNone },
    ArgumentForm { name: "key", form: LiteralForm::Key },
    ArgumentForm { name: "index", form: LiteralForm::Number },
    ArgumentForm { name: "header", form: LiteralForm::Bytes },
    ArgumentForm { name: "data", form: LiteralForm::Bytes },
    ArgumentForm { name: "challenge", form: LiteralForm::Bytes },
    ArgumentForm { name: "factors", form: LiteralForm::BytesOrNone },
    ArgumentForm { name: "of", form: LiteralForm::Bytes },
    ArgumentForm { name: "byte", form: LiteralForm::Bytes },
    ArgumentForm { name: "times", form: LiteralForm::Number },
];

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
    CallForm { name: "mac1", needs: &[], takes: TRANSACTION },
    CallForm { name: "mac2", needs: &[], takes: TRANSACTION },
    CallForm { name: "mac3", needs: &[], takes: TRANSACTION },
    CallForm { name: "tac", needs: &[], takes: TRANSACTION },
    CallForm {
        name: "sm",
        needs: &[],
        takes: &["key", "index", "header", "data", "challenge", "factors"],
    },
    CallForm {
        name: "cryptogram",
        needs: &[],
        takes: &["key", "index", "challenge", "data", "factors"],
    },
    CallForm { name: "pin-mac", needs: &[], takes: &["key", "index", "data", "factors"] },
    CallForm { name: "encipher", needs: &["data"], takes: &["key", "index", "factors"] },
    CallForm { name: "decipher", needs: &["data"], takes: &["key", "index", "factors"] },
    CallForm { name: "right-code", needs: &[], takes: &["code", "key", "index"] },
    CallForm { name: "kcv", needs: &[], takes: &["key", "index", "factors"] },
    CallForm { name: "length", needs: &["of"], takes: &[] },
    CallForm { name: "repeat", needs: &["byte", "times"], takes: &[] },
];

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
