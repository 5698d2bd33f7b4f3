//! Who stands behind the terminal: the PSAM, and the issuer.
//!
//! A flow knows the two roles by what may be asked of them. Both are played by keys of this side
//! ([`LocalPsam`], [`LocalIssuer`]); the PSAM also by a card of its own, real or virtual
//! ([`CardPsam`]).

mod card;
mod local_issuer;
mod local_psam;

use applet_spec::{KeyKind, Profile};
use crypto::Mac;
use purse::answer::SamInitialized;
use purse::mac::Moment;
use purse::{
    Amount, BlockKind, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time,
    TransactionType,
};

use crate::{Factors, FlowError, Timestamp};

pub use card::CardPsam;
pub use local_issuer::LocalIssuer;
pub use local_psam::LocalPsam;

/// A purchase, cash withdrawal or compound purchase that a card has initialized: all that its MACs
/// and its TAC depend on, but for the terminal's number and serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Transaction type.
    pub transaction_type: TransactionType,
    /// Amount.
    pub amount: Amount,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
    /// Diversification factors of the card.
    pub factors: Factors,
    /// The purchase key.
    pub key: KeyId,
    /// Random of the card.
    pub random: [u8; 4],
    /// Offline serial of the card, before the increment.
    pub serial: u16,
    /// The identification code, where MAC1 covers it.
    pub code: Option<IdentificationCode>,
}

/// A load, unload or overdraft update that a card has initialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineRequest {
    /// Transaction type.
    pub transaction_type: TransactionType,
    /// How much.
    pub terms: OnlineTerms,
    /// Terminal number.
    pub terminal: TerminalId,
    /// Diversification factors of the card.
    pub factors: Factors,
    /// The key.
    pub key: KeyId,
    /// Random of the card.
    pub random: [u8; 4],
    /// Online serial of the card, before the increment.
    pub serial: u16,
    /// Stored balance before, overdraft limit included.
    pub balance: Amount,
    /// MAC1 of the card.
    pub mac1: Mac,
}

/// How much an online transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnlineTerms {
    /// Load and unload.
    Amount(Amount),
    /// Overdraft update.
    Limit {
        /// The limit so far.
        old: Limit,
        /// The new one.
        new: Limit,
    },
}

/// A transaction key of a card: the index that INITIALIZE named, and what the card answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId {
    /// Index (密钥索引).
    pub index: u8,
    /// Version (密钥版本).
    pub version: u8,
    /// Algorithm id (算法标识).
    pub algorithm: u8,
}

/// What the issuer gives for the second step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Date of the issuer.
    pub date: Date,
    /// Time of the issuer.
    pub time: Time,
    /// MAC2.
    pub mac2: Mac,
}

/// What is needed for the MAC of APPLICATION BLOCK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// Diversification factors of the card.
    pub factors: Factors,
    /// For a time, or for ever.
    pub kind: BlockKind,
    /// The card's challenge (4 bytes).
    pub challenge: [u8; 4],
}

/// What came of checking a MAC, a TAC or a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is what the key gives.
    Right,
    /// It is not.
    Wrong,
    /// Nobody here can tell.
    Unknown,
}

/// A purchase secure access module (消费安全存取模块): makes MAC1, checks MAC2, counts the terminal
/// serial.
pub trait Psam {
    /// What it is, for people.
    fn describe(&self) -> String;

    /// The terminal number it holds (file 16).
    fn terminal(&self) -> TerminalId;

    /// Index of the purchase key that INITIALIZE is to name (first byte of file 17).
    fn key_index(&self) -> u8;

    /// Terminal serial of the last [`mac1`](Self::mac1), where the PSAM does not keep it itself.
    fn serial_to_keep(&self) -> Option<u32> {
        None
    }

    /// Checks the card's identification code (校验安全认证识别码); the next MAC1 covers it.
    ///
    /// # Errors
    /// [`FlowError`].
    fn check_code(&mut self, code: &IdentificationCode) -> Result<Check, FlowError>;

    /// MAC1 and the terminal serial of a purchase. The serial is used up by it.
    ///
    /// # Errors
    /// [`FlowError`].
    fn mac1(&mut self, purchase: &Purchase) -> Result<SamInitialized, FlowError>;

    /// Checks the MAC2 of a purchase that [`mac1`](Self::mac1) was made for with this serial. A
    /// PSAM that has made another since cannot tell.
    ///
    /// # Errors
    /// [`FlowError`].
    fn check_mac2(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        mac2: Mac,
    ) -> Result<Check, FlowError>;

    /// Checks the TAC of a purchase, where the module has the key; ends its session.
    ///
    /// # Errors
    /// [`FlowError`].
    fn check_tac(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        tac: Mac,
    ) -> Result<Check, FlowError>;

    /// MAC of APPLICATION BLOCK (应用锁定), by the delivered maintenance key.
    ///
    /// # Errors
    /// [`FlowError`].
    fn block_mac(&mut self, request: &BlockRequest) -> Result<Mac, FlowError>;
}

/// An issuer (发卡方): authorises loads, unloads and overdraft updates, and checks TACs.
pub trait Issuer {
    /// What it is, for people.
    fn describe(&self) -> String;

    /// Index of the key that INITIALIZE is to name, by its kind.
    ///
    /// # Errors
    /// [`FlowError::NoKey`].
    fn key_index(&self, kind: KeyKind) -> Result<u8, FlowError>;

    /// Checks MAC1 and gives MAC2, with date and time that it covers.
    ///
    /// # Errors
    /// [`FlowError::WrongMac`] of MAC1, and others.
    fn authorise(
        &mut self,
        request: &OnlineRequest,
        now: Timestamp,
    ) -> Result<Authorisation, FlowError>;

    /// Checks the TAC (of an unload: MAC3) that the card answered, or that it proves later.
    ///
    /// # Errors
    /// [`FlowError`].
    fn check_online(
        &mut self,
        request: &OnlineRequest,
        at: &Authorisation,
        code: Mac,
    ) -> Result<Check, FlowError>;

    /// Checks the TAC of a purchase.
    ///
    /// # Errors
    /// [`FlowError`].
    fn check_tac(
        &mut self,
        purchase: &Purchase,
        terminal: TerminalId,
        serial: TerminalSerial,
        tac: Mac,
    ) -> Result<Check, FlowError>;
}

impl Check {
    /// Right or wrong.
    pub(crate) fn of(received: Mac, expected: Mac) -> Self {
        if received == expected { Self::Right } else { Self::Wrong }
    }
}

impl Purchase {
    /// The tail of its MAC inputs.
    pub fn moment(&self, terminal: TerminalId) -> Moment {
        let Self { transaction_type, date, time, .. } = *self;
        Moment { transaction_type, terminal, date, time }
    }
}

impl OnlineRequest {
    /// The tail of its MAC inputs.
    pub fn moment(&self, date: Date, time: Time) -> Moment {
        let Self { transaction_type, terminal, .. } = *self;
        Moment { transaction_type, terminal, date, time }
    }

    /// Amount; of an overdraft update the new limit.
    pub fn amount(&self) -> Amount {
        match self.terms {
            OnlineTerms::Amount(amount) => amount,
            OnlineTerms::Limit { new, .. } => Amount(new.fen()),
        }
    }

    /// Stored balance after the second step.
    pub fn balance_after(&self) -> Amount {
        let before = self.balance.0;
        Amount(match (self.terms, self.transaction_type.credits()) {
            (OnlineTerms::Amount(amount), true) => before.wrapping_add(amount.0),
            (OnlineTerms::Amount(amount), false) => before.wrapping_sub(amount.0),
            (OnlineTerms::Limit { old, new }, _) => {
                before.wrapping_add(new.fen()).wrapping_sub(old.fen())
            }
        })
    }

    /// The kind of key behind its session.
    pub fn key_kind(&self) -> KeyKind {
        match self.transaction_type {
            TransactionType::Unload => KeyKind::Unload,
            TransactionType::Overdraft | TransactionType::MobileOverdraft => KeyKind::Overdraft,
            _ => KeyKind::Load,
        }
    }
}

/// The key that blocks an application: its own, or where the directory has none, the maintenance
/// key.
fn block_key(profile: &Profile) -> Result<&applet_spec::KeySpec, FlowError> {
    let keys = profile.application().map_or(&[][..], |directory| &directory.keys);
    let find = |kind| keys.iter().find(|key| key.kind == kind);
    find(KeyKind::ApplicationBlock).or_else(|| find(KeyKind::Maintenance)).ok_or(FlowError::NoKey {
        kind: KeyKind::Maintenance.text(),
        index: 0,
        version: None,
    })
}
