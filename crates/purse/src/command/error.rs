//! Why bytes are not a purse command.

use std::fmt;

use apdu::{Malformed, StatusWord};
use applet_spec::{CommandId, Lengths, Rules};

use crate::{Language, PinError};

/// Why a command APDU is refused before the card's state is looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CommandError {
    /// The command it seems to be.
    pub command: Option<CommandId>,
    /// The field that is wrong.
    pub field: &'static str,
    /// Where the field is in the APDU; its length where the field is missing.
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
        expected: Expected,
        /// What came.
        found: usize,
    },
    /// The data says something it should not (6A80).
    Data(DataFault),
}

/// A length that a command has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Data of one of these lengths.
    Data(Lengths),
    /// A DF name of 1 to 16 bytes.
    Name,
    /// A file identifier of 2 bytes.
    FileId,
    /// A secure messaging MAC of 4 bytes at the end of the data, which this class asks for.
    Mac,
    /// No data, as there is none under this class.
    NoData,
    /// Le of one of the challenge lengths of the profile.
    Challenge(Vec<u8>),
}

/// What the data of a command should not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFault {
    /// No FF between old and new PIN.
    NoSeparator,
    /// Not a PIN.
    Pin(PinError),
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

    /// Which field, where, and what is wrong with it.
    pub fn in_words(&self, language: Language) -> String {
        let (field, offset, why) = (self.field, self.offset, self.problem.in_words(language));
        match language {
            Language::English => format!("{field} at offset {offset}: {why}"),
            Language::Chinese => format!("偏移 {offset} 处 {field}: {why}"),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(command) = self.command {
            write!(f, "{}: ", command.text())?;
        }
        f.write_str(&self.in_words(Language::English))
    }
}

impl Problem {
    fn in_words(&self, language: Language) -> String {
        match (self, language) {
            (Self::Malformed(why), Language::English) => why.to_string(),
            (Self::Malformed(Malformed::TooShort { length }), Language::Chinese) => {
                format!("只有 {length} 字节, 不足 CLA INS P1 P2")
            }
            (Self::Malformed(Malformed::WrongLc { claimed, present, .. }), Language::Chinese) => {
                format!("Lc 为 {claimed} 字节, 其后实有 {present} 字节")
            }
            (Self::Class(cla), Language::English) => format!("no command has class {cla:02X} here"),
            (Self::Class(cla), Language::Chinese) => format!("没有 CLA 为 {cla:02X} 的此种指令"),
            (Self::Instruction(ins), Language::English) => {
                format!("no command has instruction {ins:02X}")
            }
            (Self::Instruction(ins), Language::Chinese) => format!("没有 INS 为 {ins:02X} 的指令"),
            (Self::Parameters([p1, p2]), Language::English) => {
                format!("{p1:02X} {p2:02X} are none of the command's")
            }
            (Self::Parameters([p1, p2]), Language::Chinese) => {
                format!("指令没有 {p1:02X} {p2:02X} 这组参数")
            }
            (Self::Length { expected, found }, Language::English) => {
                format!("{} expected, {found} found", expected.in_words(language))
            }
            (Self::Length { expected, found }, Language::Chinese) => {
                format!("应为 {}, 实为 {found}", expected.in_words(language))
            }
            (Self::Data(fault), _) => fault.in_words(language),
        }
    }
}

impl Expected {
    fn in_words(&self, language: Language) -> String {
        match self {
            Self::Data(Lengths::None) => language.pick("no data", "无数据").to_owned(),
            Self::Data(Lengths::OneOf(lengths)) => {
                format!("{} {}", alternatives(lengths, language), language.pick("bytes", "字节"))
            }
            Self::Data(Lengths::Range(low, high)) => match language {
                Language::English => format!("{low} to {high} bytes"),
                Language::Chinese => format!("{low} 至 {high} 字节"),
            },
            Self::Name => {
                language.pick("a DF name of 1 to 16 bytes", "1 至 16 字节的 DF 名称").to_owned()
            }
            Self::FileId => {
                language.pick("a file identifier of 2 bytes", "2 字节的文件标识符").to_owned()
            }
            Self::Mac => language
                .pick("a MAC of 4 bytes at the end", "末尾 4 字节的安全报文鉴别码")
                .to_owned(),
            Self::NoData => language.pick("no data under this class", "此 CLA 下无数据").to_owned(),
            Self::Challenge(lengths) => alternatives(lengths, language),
        }
    }
}

impl DataFault {
    fn in_words(self, language: Language) -> String {
        match (self, language) {
            (Self::NoSeparator, Language::English) => "no FF between old and new PIN".to_owned(),
            (Self::NoSeparator, Language::Chinese) => "新旧密码之间没有 FF".to_owned(),
            (Self::Pin(why), Language::English) => why.to_string(),
            (Self::Pin(PinError::Length(length)), Language::Chinese) => {
                format!("密码应为 2 至 6 字节 (填充 FF 之前), 实为 {length}")
            }
            (Self::Pin(PinError::FillerInside), Language::Chinese) => {
                "密码中 FF 只能作末尾填充".to_owned()
            }
        }
    }
}

/// `8 or 16`.
fn alternatives<T: ToString>(values: &[T], language: Language) -> String {
    let words: Vec<String> = values.iter().map(T::to_string).collect();
    words.join(language.pick(" or ", " 或 "))
}
