//! What is wanted of a card, typed, with its place.

use applet_spec::KeyKind;
use purse::Date;
use purse::setting::{SETTINGS, Setting, SettingError};

use crate::calendar;
use crate::problem::{Place, Problem};

/// Something that is wanted of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub what: What,
    /// Its column or key.
    pub key: String,
    /// Its value as it was written.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A state that `--set` knows too.
    Set(Setting),
    /// City code (城市代码) of file 15. Keys are diversified by what file 15 says, so they follow it.
    City([u8; 2]),
    /// An open trip.
    Trip(Trip),
    /// A field of the holder file (持卡人基本数据文件).
    Holder(HolderField),
}

/// A trip in the metro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// None.
    None,
    /// Entered, not left.
    Open,
}

/// A field of the holder file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HolderField {
    /// Name; GBK on the card.
    Name(String),
    /// Number of an identity document.
    Document(String),
    /// Kind of that document (证件类型).
    DocumentKind(u8),
    /// Card type (卡类型标识).
    CardType(u8),
    /// Member of the operator's staff (本行职工标识).
    Staff(bool),
}

/// What two wishes cannot both be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Balance, limit or serial of a purse; the key without and with the purse's name is not the
    /// same slot until the profile is known.
    Purse(&'static str, Option<applet_spec::PurseKind>),
    /// A key of its own.
    Key(&'static str),
    /// Tries of a key.
    KeyTries(KeyKind, u8),
    /// A record.
    Record(u8, u8),
    /// Bytes of a file.
    File(u8, u16),
}

/// Columns that `--set` does not know.
const OWN: &[&str] = &[
    "city",
    "trip",
    "holder-name",
    "holder-document",
    "holder-document-kind",
    "holder-card-type",
    "holder-staff",
];

/// What `--set` knows of PSAMs.
const OF_PSAMS: &[&str] = &["terminal", "terminal-serial"];

impl Wish {
    /// Every column there is, but the serial and the note.
    pub fn columns() -> impl Iterator<Item = &'static str> {
        let of_cards =
            SETTINGS.iter().map(|setting| setting.key).filter(|key| !OF_PSAMS.contains(key));
        of_cards.chain(OWN.iter().copied())
    }

    /// Whether there is a column of this name.
    pub fn knows(name: &str) -> bool {
        // Whatever the value is: only an unknown key is refused as one.
        OWN.contains(&name)
            || !OF_PSAMS.contains(&name)
                && !matches!(Setting::parse(name, ""), Err(SettingError::UnknownKey { .. }))
    }

    /// Reads a cell.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(key: &str, value: &str, place: &Place) -> Result<Self, Box<Problem>> {
        let wrong = |message: String, mend: &str| Box::new(place.problem(key, message, mend));
        let what = own(key, value)
            .map_err(|(message, mend)| wrong(message, mend))?
            .map_or_else(|| set(key, value, place), Ok)?;
        let (key, value, place) = (key.to_owned(), value.to_owned(), place.clone());
        Ok(Self { what, key, value, place })
    }

    /// What it is about.
    pub fn slot(&self) -> Slot {
        match &self.what {
            What::City(_) => Slot::Key("city"),
            What::Trip(_) => Slot::Key("trip"),
            What::Holder(field) => Slot::Key(field.key()),
            What::Set(setting) => match setting {
                Setting::Balance { purse, .. } => Slot::Purse("balance", *purse),
                Setting::OverdraftLimit { purse, .. } => Slot::Purse("overdraft-limit", *purse),
                Setting::OfflineSerial { purse, .. } => Slot::Purse("offline-serial", *purse),
                Setting::OnlineSerial { purse, .. } => Slot::Purse("online-serial", *purse),
                Setting::Locked(_) => Slot::Key("locked"),
                Setting::ValidFrom(_) => Slot::Key("valid-from"),
                Setting::ValidTo(_) => Slot::Key("valid-to"),
                Setting::PinTries(_) => Slot::Key("pin-tries"),
                Setting::KeyTries { kind, index, .. } => Slot::KeyTries(*kind, *index),
                Setting::WrongMacs(_) => Slot::Key("wrong-macs"),
                Setting::Log(_) => Slot::Key("log"),
                Setting::Record { sfi, number, .. } => Slot::Record(*sfi, *number),
                Setting::File { sfi, offset, .. } => Slot::File(*sfi, *offset),
                Setting::Terminal(_) => Slot::Key("terminal"),
                Setting::TerminalSerial(_) => Slot::Key("terminal-serial"),
            },
        }
    }

    /// Something wrong with it.
    pub fn problem(&self, message: impl Into<String>, mend: impl Into<String>) -> Problem {
        self.place.problem(&self.key, message, mend)
    }
}

impl HolderField {
    fn key(&self) -> &'static str {
        match self {
            Self::Name(_) => "holder-name",
            Self::Document(_) => "holder-document",
            Self::DocumentKind(_) => "holder-document-kind",
            Self::CardType(_) => "holder-card-type",
            Self::Staff(_) => "holder-staff",
        }
    }
}

/// A state that `--set` knows too. Dates are those of a calendar here: a card that expires on the
/// 30th of February is a slip, not a state.
fn set(key: &str, value: &str, place: &Place) -> Result<What, Box<Problem>> {
    let setting = Setting::parse(key, value).map_err(|error| match error {
        SettingError::Value { reason, expected, value, .. } => {
            let message = format!("'{value}': {reason}");
            Box::new(place.problem(key, message, format!("write {expected}")))
        }
        other => Box::new(place.problem(key, other.to_string(), "mend the name of the column")),
    })?;
    if let Setting::ValidFrom(date) | Setting::ValidTo(date) = &setting {
        day(*date).map_err(|message| {
            Box::new(place.problem(key, message, "write a day of the calendar, YYYYMMDD"))
        })?;
    }
    Ok(What::Set(setting))
}

fn day(date: Date) -> Result<(), String> {
    calendar::check(date).map_err(|error| format!("{date} is no day: {error}"))
}

type Refused = (String, &'static str);

/// A column of our own; `None` where it is none.
fn own(key: &str, value: &str) -> Result<Option<What>, Refused> {
    Ok(Some(match key {
        "city" => What::City(byte_string(value)?),
        "trip" => What::Trip(match value {
            "no" => Trip::None,
            "open" => Trip::Open,
            _ => return Err((format!("'{value}' is no state of a trip"), "write open or no")),
        }),
        "holder-name" => What::Holder(HolderField::Name(line(value)?)),
        "holder-document" => What::Holder(HolderField::Document(line(value)?)),
        "holder-document-kind" => {
            let [kind] = byte_string(value)?;
            What::Holder(HolderField::DocumentKind(kind))
        }
        "holder-card-type" => {
            let [kind] = byte_string(value)?;
            What::Holder(HolderField::CardType(kind))
        }
        "holder-staff" => What::Holder(HolderField::Staff(match value {
            "yes" => true,
            "no" => false,
            _ => return Err((format!("'{value}' is neither yes nor no"), "write yes or no")),
        })),
        _ => return Ok(None),
    }))
}

fn line(value: &str) -> Result<String, Refused> {
    if value.chars().any(char::is_control) {
        return Err(("it has more than one line".to_owned(), "write it in one line"));
    }
    Ok(value.to_owned())
}

fn byte_string<const N: usize>(value: &str) -> Result<[u8; N], Refused> {
    let bytes = hex::decode(value).ok().and_then(|bytes| bytes.try_into().ok());
    let mend = if N == 1 { "write two hexadecimal digits" } else { "write four digits" };
    bytes.ok_or_else(|| (format!("'{value}' is not {} digits", 2 * N), mend))
}
