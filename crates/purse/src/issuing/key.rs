//! Key records (密钥记录): the data of WRITE KEY.

use applet_spec::{KeyKind, Protection, RightsByte};
use crypto::Key;
use zeroize::Zeroizing;

use super::description::{protection_bits, protection_of};
use super::{DescriptionError, DescriptionFault};
use crate::Pin;

/// A key as WRITE KEY adds it: five bytes of what may be done with it, then its value. No `Debug`.
///
/// Sources: two manuals and one program run against real cards agree on the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// What it is for, and who may use and change it.
    pub head: KeyHead,
    /// The secret.
    pub value: KeyValue,
}

/// The first five bytes of a key record: `type1 use1 change1`, and two more by the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHead {
    /// What it is for.
    pub role: KeyRole,
    /// Line protection (线路保护) of WRITE KEY that changes it, +80 and +40 of the type.
    pub protection: Protection,
    /// Right to use it.
    pub use_right: RightsByte,
    /// Right to change it; of a PIN always EF.
    pub change_right: RightsByte,
}

/// What a key is for, and what its record says beside the rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// `.. version1 algorithm1`: a key that calculates.
    Working {
        /// Which.
        what: WorkingKey,
        /// Key version (密钥版本).
        version: u8,
        /// Algorithm id (算法标识).
        algorithm: u8,
    },
    /// `.. FF counter1`: a key of the issuer's services.
    Service {
        /// Which.
        what: ServiceKey,
        /// Error counter.
        counter: ErrorCounter,
    },
    /// 39, `.. state1 counter1`: EXTERNAL AUTHENTICATE 外部认证.
    Authentication {
        /// Security state that it leads to (后续状态), in the low half of the byte.
        next_state: u8,
        /// Error counter.
        counter: ErrorCounter,
    },
    /// 3A, `.. state1 counter1`: VERIFY 口令.
    Pin {
        /// Security state that it leads to, in the low half of the byte.
        next_state: u8,
        /// Error counter.
        counter: ErrorCounter,
    },
}

/// The secret of a key record. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// 8 or 16 bytes.
    Key(Key),
    /// 2 to 6 bytes.
    Pin(Pin),
}

/// An error counter (错误计数器): the most tries in its high half, those left in the low one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCounter(pub u8);

macro_rules! key_types {
    (
        $($(#[$doc:meta])* $name:ident {
            $($variant:ident $byte:literal $kind:ident $en:literal $zh:literal;)*
        })*
        { $($other:literal $other_kind:ident $other_en:literal $other_zh:literal;)* }
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[repr(u8)]
            pub enum $name { $(#[doc = concat!($en, " ", $zh, ".")] $variant = $byte),* }
        )*

        /// Every type of a key record.
        const TYPES: &[(u8, KeyKind, &str, &str)] = &[
            $($(($byte, KeyKind::$kind, $en, $zh),)*)*
            $(($other, KeyKind::$other_kind, $other_en, $other_zh),)*
        ];

        $(
            impl $name {
                const ALL: &'static [Self] = &[$(Self::$variant),*];
            }
        )*
    };
}

key_types! {
    /// Keys that calculate; no tries are counted.
    WorkingKey {
        Encipher 0x30 InternalAuthentication "internal authentication, enciphering" "内部认证加密密钥";
        Decipher 0x31 InternalDecipher "internal authentication, deciphering" "内部认证解密密钥";
        Mac 0x32 InternalMac "internal authentication, MAC" "内部认证 MAC 密钥";
        Tac 0x34 Tac "TAC" "TAC 密钥";
        Overdraft 0x3C Overdraft "overdraft update" "修改透支限额密钥";
        Unload 0x3D Unload "unload" "圈提密钥";
        Purchase 0x3E Purchase "purchase" "消费密钥";
        Load 0x3F Load "load" "圈存密钥";
    }
    /// Keys of the issuer's services, with tries.
    ServiceKey {
        Maintenance 0x36 Maintenance "line protection" "线路保护密钥";
        PinUnblock 0x37 PinUnblock "PIN unblocking" "口令解锁密钥";
        PinReset 0x38 PinReset "PIN reload" "口令重装密钥";
    }
    {
        0x39 ExternalAuthentication "external authentication" "外部认证密钥";
        0x3A ExternalAuthentication "PIN" "口令";
    }
}

/// The type of a key record without its line protection bits: P1 of WRITE KEY that changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyType(u8);

impl KeyType {
    /// 39.
    pub const AUTHENTICATION: Self = Self(0x39);
    /// 36.
    pub const MAINTENANCE: Self = Self(ServiceKey::Maintenance as u8);
    /// 3A.
    pub const PIN: Self = Self(0x3A);

    /// The type that a byte stands for, if any; line protection bits are none of it.
    pub fn from_byte(byte: u8) -> Option<Self> {
        TYPES.iter().any(|(known, ..)| *known == byte).then_some(Self(byte))
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The type of keys of a kind; `None` where WRITE KEY has none.
    pub fn of(kind: KeyKind) -> Option<Self> {
        match kind {
            KeyKind::CardMaster | KeyKind::ApplicationMaster => Some(Self::AUTHENTICATION),
            _ => TYPES.iter().find(|(_, known, ..)| *known == kind).map(|(byte, ..)| Self(*byte)),
        }
    }

    /// Kinds that keys of this type may be; none for a PIN.
    pub fn kinds(self) -> &'static [KeyKind] {
        const AUTHENTICATION: &[KeyKind] =
            &[KeyKind::ExternalAuthentication, KeyKind::ApplicationMaster, KeyKind::CardMaster];
        match self {
            Self::PIN => &[],
            Self::AUTHENTICATION => AUTHENTICATION,
            _ => TYPES
                .iter()
                .find(|(byte, ..)| *byte == self.0)
                .map_or(&[], |(_, kind, ..)| std::slice::from_ref(kind)),
        }
    }

    /// Whether its record has an error counter.
    pub fn counts_tries(self) -> bool {
        !WorkingKey::ALL.iter().any(|what| *what as u8 == self.0)
    }

    /// English and Chinese name.
    pub fn names(self) -> (&'static str, &'static str) {
        let found = TYPES.iter().find(|(byte, ..)| *byte == self.0);
        found.map_or(("", ""), |(_, _, english, chinese)| (english, chinese))
    }
}

const TYPE: (&str, &str) = ("key type", "密钥类型");
const RECORD: (&str, &str) = ("key record", "密钥记录");
const EXPECTED: &str = "13 or 21 (7 to 13 for a PIN)";

impl KeyRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`DescriptionError`]; no byte of the value is in it.
    pub fn parse(data: &[u8]) -> Result<Self, DescriptionError> {
        let (head, value) = data.split_first_chunk::<{ KeyHead::LENGTH }>().ok_or_else(|| {
            let fault = DescriptionFault::Length { expected: EXPECTED, found: data.len() };
            DescriptionError::new(RECORD, data.len(), fault)
        })?;
        let head = KeyHead::parse(*head)?;
        let value = KeyValue::parse(head.role.key_type(), value, KeyHead::LENGTH)?;
        Ok(Self { head, value })
    }

    /// The record, with its value in clear.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.head.to_bytes()[..], self.value.expose()].concat())
    }
}

impl KeyHead {
    /// Its bytes.
    pub const LENGTH: usize = 5;

    /// Reads the head of a record.
    ///
    /// # Errors
    /// [`DescriptionError`].
    pub fn parse(bytes: [u8; Self::LENGTH]) -> Result<Self, DescriptionError> {
        let [kind, use_right, change_right, first, second] = bytes;
        let fault = |fault| DescriptionError::new(TYPE, 0, fault);
        let role = KeyRole::parse(kind & 0x3F, first, second)
            .ok_or_else(|| fault(DescriptionFault::Type(kind)))?;
        let protection =
            protection_of(kind).ok_or_else(|| fault(DescriptionFault::Protection(kind)))?;
        let (use_right, change_right) = (RightsByte(use_right), RightsByte(change_right));
        Ok(Self { role, protection, use_right, change_right })
    }

    /// As the record begins.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let kind = self.role.key_type().byte() | protection_bits(self.protection);
        let (first, second) = match self.role {
            KeyRole::Working { version, algorithm, .. } => (version, algorithm),
            KeyRole::Service { counter, .. } => (0xFF, counter.0),
            KeyRole::Authentication { next_state, counter }
            | KeyRole::Pin { next_state, counter } => (next_state, counter.0),
        };
        [kind, self.use_right.0, self.change_right.0, first, second]
    }
}

impl KeyRole {
    pub(super) fn parse(kind: u8, first: u8, second: u8) -> Option<Self> {
        let counter = ErrorCounter(second);
        if kind == KeyType::AUTHENTICATION.byte() {
            return Some(Self::Authentication { next_state: first, counter });
        }
        if kind == KeyType::PIN.byte() {
            return Some(Self::Pin { next_state: first, counter });
        }
        if let Some(what) = WorkingKey::ALL.iter().find(|what| **what as u8 == kind) {
            return Some(Self::Working { what: *what, version: first, algorithm: second });
        }
        let what = ServiceKey::ALL.iter().find(|what| **what as u8 == kind)?;
        Some(Self::Service { what: *what, counter })
    }

    /// The type, without line protection.
    pub fn key_type(self) -> KeyType {
        match self {
            Self::Working { what, .. } => KeyType(what as u8),
            Self::Service { what, .. } => KeyType(what as u8),
            Self::Authentication { .. } => KeyType::AUTHENTICATION,
            Self::Pin { .. } => KeyType::PIN,
        }
    }

    /// Its error counter, where it has one.
    pub fn counter(self) -> Option<ErrorCounter> {
        match self {
            Self::Working { .. } => None,
            Self::Service { counter, .. }
            | Self::Authentication { counter, .. }
            | Self::Pin { counter, .. } => Some(counter),
        }
    }
}

impl KeyValue {
    /// Reads the value of a key of this type, which stands at `offset` of the data.
    ///
    /// # Errors
    /// [`DescriptionError`]; no byte of the value is in it.
    pub fn parse(key_type: KeyType, bytes: &[u8], offset: usize) -> Result<Self, DescriptionError> {
        if key_type == KeyType::PIN {
            let fault =
                |why| DescriptionError::new(("PIN", "口令"), offset, DescriptionFault::Pin(why));
            return Pin::new(bytes).map(Self::Pin).map_err(fault);
        }
        Key::new(bytes).map(Self::Key).map_err(|_| {
            let found = offset + bytes.len();
            let fault = DescriptionFault::Length { expected: EXPECTED, found };
            DescriptionError::new(("key value", "密钥值"), offset, fault)
        })
    }

    /// Its bytes in clear.
    pub fn expose(&self) -> &[u8] {
        match self {
            Self::Key(key) => key.expose(),
            Self::Pin(pin) => pin.expose(),
        }
    }
}

impl ErrorCounter {
    /// So many tries, none of them spent; at most 14.
    pub const fn fresh(tries: u8) -> Self {
        let tries = if tries > 14 { 14 } else { tries };
        Self(tries << 4 | tries)
    }

    /// FF: wrong tries are not counted.
    pub const UNLIMITED: Self = Self(0xFF);

    /// Most tries; `None` where they are not counted (high half F, or the usual 0F).
    pub const fn most(self) -> Option<u8> {
        match self.0 >> 4 {
            0x0F => None,
            0x00 if self.0 == 0x0F => None,
            most => Some(most),
        }
    }

    /// Tries left; `None` where they are not counted.
    pub const fn left(self) -> Option<u8> {
        let left = self.0 & 0x0F;
        match self.most() {
            None => None,
            Some(most) if left > most => Some(most),
            Some(_) => Some(left),
        }
    }
}
