//! A card family as data: everything that differs between cards, typed and already checked.
//!
//! A [`Profile`] is what the emulator personalises a card from. Its key-free part, [`Rules`], is
//! all that parsing, MAC inputs and flows need, on the card and on the host.

mod directory;
mod issuing;
mod key;
mod lookup;
mod psam;
mod purse;
mod right;
mod rules;
mod sam;

use crate::Template;

pub use directory::*;
pub use issuing::*;
pub use key::*;
pub use psam::*;
pub use purse::*;
pub use right::*;
pub use rules::*;

/// One card family (卡片规格), read from TOML and valid as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Short name, as in `--profile jtt978`.
    pub name: String,
    /// Version of the profile; every report prints it beside the name.
    pub version: String,
    /// One sentence in English.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
    /// Whether keys may be shown.
    pub custody: Custody,
    /// What the chip says of itself at power-on.
    pub chip: Chip,
    /// The 8-byte diversification input (应用序列号后 8 字节) of a card made without an own one.
    pub serial: [u8; 8],
    /// The 9-byte security authentication code (安全认证识别码), where the family has one.
    pub authentication_code: Option<[u8; 9]>,
    /// Label from which lab master keys are made; only under [`Custody::Lab`].
    pub lab_seed: Option<String>,
    /// Diversification factors (分散因子), applied in this order: highest level first.
    pub factors: Vec<Template>,
    /// What makes it a PSAM; `None` for cards.
    pub psam: Option<PsamSpec>,
    /// The key-free rules.
    pub rules: Rules,
    /// Directories; the first is the MF (3F00).
    pub directories: Vec<Directory>,
    /// The text this profile was read from; goes into card images, so that a card can always be
    /// opened with the rules it was made under.
    pub text: String,
}

/// Who may see keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    /// Public test keys; `profile show` prints them.
    Lab,
    /// Keys are never printed, only their check values.
    Sealed,
}

/// Answer-to-reset material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Historical bytes (at most 15); the ATR is built from them for the protocol in use.
    pub historical: Vec<u8>,
    /// Complete ATS of the contactless side, from TL on.
    pub ats: Vec<u8>,
}
