//! A card of a profile on the bench, with everything its other side knows.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

mod chip;
mod host;
mod keys;
mod view;

use std::sync::Arc;

use apdu::DfName;
use applet_spec::{Profile, PurseKind};
use crypto::custody::HeldKeys;
use emulator::{Card, CardMaker, LabKeys, Protocol, VirtualCard};
use link::CardTransport;
use purse::{Date, Pin, TerminalId, Time};
use terminal::{CardSession, Terminal, Timestamp};

pub use chip::{Answer, Bytes, Chip};
pub use host::{Begun, DATE, Init, Kind, Step, TERMINAL, TIME, spoilt};
pub use keys::CardKeys;
pub use view::{PINS, View};

/// A card on the bench, with what its other side knows.
pub struct Bench {
    pub profile: Arc<Profile>,
    pub keys: CardKeys,
    pub custody: HeldKeys,
    pub maker: CardMaker,
}

impl Bench {
    pub fn new(name: &str) -> Self {
        Self::of(Profile::find(name).expect("built-in profile"))
    }

    /// A built-in profile with `changes` laid over it.
    pub fn with(base: &str, changes: &str) -> Self {
        let head = format!("extends = \"{base}\"\nname = \"{base}-changed\"\nversion = \"0\"\n");
        let profile = Profile::parse(&(head + changes), "changes");
        Self::of(Arc::new(profile.unwrap_or_else(|errors| panic!("{errors}"))))
    }

    /// Every built-in profile with purses.
    pub fn all() -> Vec<Self> {
        Profile::built_in_cards().map(|profile| Self::of(profile.clone())).collect()
    }

    pub fn of(profile: Arc<Profile>) -> Self {
        let directory = profile.application().expect("a purse application");
        let factors = profile.factors_for(&profile.serial);
        let keys = CardKeys::derive(&LabKeys(&profile), directory, &factors);
        let maker = CardMaker::new(profile.clone()).expect("the profile makes cards");
        Self { keys, custody: profile.lab_custody(), maker, profile }
    }

    /// A fresh card.
    pub fn card(&self) -> Card {
        self.maker.lab_card(1).expect("lab card")
    }

    /// A fresh card with power, as it is after reset.
    pub fn chip(&self) -> Chip {
        Chip::new(self.card())
    }

    /// A fresh card with its application selected and its PIN verified.
    pub fn opened(&self) -> Chip {
        let mut chip = self.chip();
        self.reopen(&mut chip);
        chip
    }

    /// A card with its application open and `fen` in each purse.
    pub fn rich(&self, fen: u32) -> Chip {
        let mut chip = self.opened();
        for purse in self.purses() {
            self.transact(&mut chip, Init::new(Kind::Load, purse, fen));
        }
        chip
    }

    /// Selects the application and verifies the PIN.
    #[track_caller]
    pub fn reopen(&self, chip: &mut Chip) {
        chip.ok(self.select());
        chip.ok("0020 0000 03 123456");
    }

    /// SELECT of the application.
    pub fn select(&self) -> Vec<u8> {
        let name = &self.profile.application().expect("application").name;
        [&[0x00, 0xA4, 0x04, 0x00, name.len() as u8], &name[..]].concat()
    }

    /// A fresh card in a reader, powered.
    pub fn inserted(&self) -> VirtualCard {
        let mut card = VirtualCard::volatile(self.card());
        card.reset().expect("ATR");
        card
    }

    pub fn terminal(&self) -> Terminal<'_> {
        let now = Timestamp::from_bcd(Date(DATE), Time(TIME)).expect("a moment");
        let (serial, id) = (&self.profile.serial, TerminalId(TERMINAL));
        Terminal::local(&self.profile, &self.custody, serial, id, now).expect("a purchase key")
    }

    pub fn aid(&self) -> DfName {
        DfName::new(&self.profile.application().expect("application").name).expect("AID")
    }

    pub fn pin(&self) -> Option<Pin> {
        let spec = self.profile.application()?.pin.as_ref()?;
        Some(Pin::new(&spec.value).expect("PIN"))
    }

    /// Selects the application, and verifies the PIN where there is one.
    pub fn open(&self, card: &mut CardSession<'_>) {
        card.select(&self.aid()).expect("select");
        if let Some(pin) = self.pin() {
            card.verify(&pin).expect("verify");
        }
    }

    pub fn purses(&self) -> Vec<PurseKind> {
        self.profile.application().expect("application").purses.iter().map(|p| p.kind).collect()
    }
}

/// Turns the card into one of another protocol, freshly powered.
pub fn over(mut card: Card, protocol: Protocol) -> Chip {
    card.power_off();
    card.set_protocol(protocol);
    Chip::new(card)
}
