//! Newtypes of the fields in commands, answers and records. All numbers are big endian.

use std::fmt;

use applet_spec::{PurseKind, Rules};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// An amount or balance in fen (分), four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub u32);

/// Why text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not an amount: {}, up to 42949672.95", forms(text))]
pub struct AmountError {
    /// What was given.
    pub text: String,
}

/// What to write instead. A number without decimals may be meant as yuan or as fen.
fn forms(text: &str) -> String {
    let plain = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match plain {
        true => format!("its decimals are missing; write {text}.00 (yuan) or {text}fen"),
        false => "write yuan with two decimals (10.00) or fen (1000fen)".to_owned(),
    }
}

impl Amount {
    /// Four bytes, big endian.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// From four bytes, big endian.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }
}

impl std::str::FromStr for Amount {
    type Err = AmountError;

    /// `10.00` is yuan and always has two decimals; `1000fen` is fen.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |part: &str| -> Option<u64> {
            let plain =
                !part.is_empty() && part.len() <= 10 && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        };
        let fen = if let Some(fen) = text.strip_suffix("fen") {
            digits(fen)
        } else if let Some((yuan, cents)) = text.split_once('.') {
            digits(yuan)
                .zip(digits(cents).filter(|_| cents.len() == 2))
                .map(|(yuan, cents)| yuan * 100 + cents)
        } else {
            None
        };
        fen.and_then(|fen| u32::try_from(fen).ok())
            .map(Self)
            .ok_or_else(|| AmountError { text: text.to_owned() })
    }
}

impl fmt::Display for Amount {
    /// In yuan: `10.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// An overdraft limit (透支限额) in fen, three bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limit(u32);

impl Limit {
    /// Largest limit.
    pub const MAX: Self = Self(0xFF_FFFF);
    /// No overdraft.
    pub const NONE: Self = Self(0);

    /// `None` where it does not fit three bytes.
    pub const fn new(fen: u32) -> Option<Self> {
        if fen <= 0xFF_FFFF { Some(Self(fen)) } else { None }
    }

    /// In fen.
    pub const fn fen(self) -> u32 {
        self.0
    }

    /// Three bytes, big endian.
    pub const fn to_bytes(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// From three bytes, big endian.
    pub const fn from_bytes([a, b, c]: [u8; 3]) -> Self {
        Self(u32::from_be_bytes([0, a, b, c]))
    }
}

/// Terminal number (终端机编号).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TerminalId(pub [u8; 6]);

/// Terminal transaction serial (终端交易序号).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TerminalSerial(pub [u8; 4]);

/// Date YYYYMMDD in BCD; the card takes any bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Date(pub [u8; 4]);

/// Time HHMMSS in BCD; the card takes any bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Time(pub [u8; 3]);

/// The 9-byte security authentication code (安全认证识别码): MID1, UID4, code4.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentificationCode(pub [u8; 9]);

macro_rules! hex_fields {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    )*};
}

hex_fields!(TerminalId, TerminalSerial, Date, Time, IdentificationCode);

/// Transaction type byte (交易类型标识).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TransactionType {
    /// ED load 存折圈存.
    DepositLoad = 0x01,
    /// EP load 钱包圈存.
    PurseLoad = 0x02,
    /// Unload 圈提.
    Unload = 0x03,
    /// Cash withdrawal 取现.
    Cash = 0x04,
    /// ED purchase 存折消费.
    DepositPurchase = 0x05,
    /// EP purchase 钱包消费.
    PursePurchase = 0x06,
    /// Overdraft limit update 修改透支限额.
    Overdraft = 0x07,
    /// Compound purchase 复合消费.
    Capp = 0x09,
    /// Overdraft limit update of mobile-operator purses (one vendor).
    MobileOverdraft = 0x11,
}

impl TransactionType {
    /// Every type.
    pub const ALL: [Self; 9] = [
        Self::DepositLoad,
        Self::PurseLoad,
        Self::Unload,
        Self::Cash,
        Self::DepositPurchase,
        Self::PursePurchase,
        Self::Overdraft,
        Self::Capp,
        Self::MobileOverdraft,
    ];

    /// The type of a byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|t| *t as u8 == byte)
    }

    /// The type of a load of a purse.
    pub const fn load(purse: PurseKind) -> Self {
        match purse {
            PurseKind::Deposit => Self::DepositLoad,
            PurseKind::Purse => Self::PurseLoad,
        }
    }

    /// The type of a plain purchase from a purse.
    pub const fn purchase(purse: PurseKind) -> Self {
        match purse {
            PurseKind::Deposit => Self::DepositPurchase,
            PurseKind::Purse => Self::PursePurchase,
        }
    }

    /// The type of an overdraft limit update, which the rules of a family name.
    pub fn overdraft(rules: &Rules) -> Self {
        Self::from_byte(rules.overdraft_type).unwrap_or(Self::Overdraft)
    }

    /// Whether it adds to the balance.
    pub const fn credits(self) -> bool {
        matches!(self, Self::DepositLoad | Self::PurseLoad)
    }

    /// Whether it is made with an issuer and counts the online serial.
    pub const fn online(self) -> bool {
        matches!(
            self,
            Self::DepositLoad
                | Self::PurseLoad
                | Self::Unload
                | Self::Overdraft
                | Self::MobileOverdraft
        )
    }

    /// Name in English and Chinese.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::DepositLoad => ("ED load", "存折圈存"),
            Self::PurseLoad => ("EP load", "钱包圈存"),
            Self::Unload => ("unload", "圈提"),
            Self::Cash => ("cash withdrawal", "取现"),
            Self::DepositPurchase => ("ED purchase", "存折消费"),
            Self::PursePurchase => ("EP purchase", "钱包消费"),
            Self::Overdraft | Self::MobileOverdraft => ("overdraft update", "修改透支限额"),
            Self::Capp => ("compound purchase", "复合消费"),
        }
    }
}

/// A PIN (个人密码): 2 to 6 bytes of BCD. Zeroized, no `Debug` of the value.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pin {
    bytes: [u8; 6],
    length: u8,
}

/// Why bytes are not a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Too few or too many bytes.
    #[error("a PIN has 2 to 6 bytes before its FF filler, not {0}")]
    Length(usize),
    /// Something follows the filler. CHANGE PIN separates two PINs by FF, so none can hold one.
    #[error("a PIN has FF only as filler at its end")]
    FillerInside,
}

impl Pin {
    /// Takes 2 to 6 bytes; trailing FF bytes are filler and do not count.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn new(value: &[u8]) -> Result<Self, PinError> {
        let filler = value.iter().rev().take_while(|byte| **byte == 0xFF).count();
        let length = value.len() - filler;
        if !(2..=6).contains(&length) {
            return Err(PinError::Length(length));
        }
        let mut bytes = [0xFF; 6];
        for (to, from) in bytes.iter_mut().zip(value.iter().take(length)) {
            if *from == 0xFF {
                return Err(PinError::FillerInside);
            }
            *to = *from;
        }
        Ok(Self { bytes, length: length as u8 })
    }

    /// The PIN's bytes, without filler.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }

    /// Six bytes with FF filler.
    pub fn padded(&self) -> [u8; 6] {
        self.bytes
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Pin {}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}
