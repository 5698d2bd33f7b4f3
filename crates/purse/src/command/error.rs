//! Why bytes are not a purse command.

use std::fmt;

use apdu::{Malformed, StatusWord};
use applet_spec::{CommandId, Rules};

/// Why a command APDU is refused before the card's state is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CommandError {
    /// The command it seems to be.
    pub command: Option<CommandId>,
    /// The field that is wrong.
    pub field: &'static str,
    /// Where the field is in the APDU.
    pub offset: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The lengths of the APDU do not add up (6700).
    Malformed(Malformed),
    /// No such class (6E00).
    Class(u8),
    /// No such instruction (6D00).
    Instruction(u8),
    /// P1 or P2 is none of the command's (6A86).
    Parameters([u8; 2]),
    /// Lc or Le is none of the command's (6700).
    Length {
        /// What the command has.
        expected: &'static str,
        /// What came.
        found: usize,
    },
    /// The data says something it should not (6A80).
    Data(&'static str),
}

impl CommandError {
    /// The status word the card answers.
    pub fn status(&self, _rules: &Rules) -> StatusWord {
        match self.problem {
            Problem::Malformed(_) | Problem::Length { .. } => StatusWord::WRONG_LENGTH,
            Problem::Class(_) => StatusWord::UNKNOWN_CLASS,
            Problem::Instruction(_) => StatusWord::UNKNOWN_INS,
            Problem::Parameters(_) => StatusWord::WRONG_P1P2,
            Problem::Data(_) => StatusWord::WRONG_DATA,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = self.command {
            write!(f, "{}: ", command.text())?;
        }
        write!(f, "{} at offset {}: ", self.field, self.offset)?;
        match &self.problem {
            Problem::Malformed(why) => write!(f, "{why}"),
            Problem::Class(cla) => write!(f, "no command has class {cla:02X} here"),
            Problem::Instruction(ins) => write!(f, "no command has instruction {ins:02X}"),
            Problem::Parameters([p1, p2]) => {
                write!(f, "P1 P2 {p1:02X}{p2:02X} are none of the command's")
            }
            Problem::Length { expected, found } => {
                write!(f, "{expected} expected, {found} found")
            }
            Problem::Data(why) => f.write_str(why),
        }
    }
}
