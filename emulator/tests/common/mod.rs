//! A card of a built-in profile and a terminal with its lab keys.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use applet_spec::{Profile, PurseKind};
use apdu::DfName;
use emulator::{Card, CardMaker, LabKeys, MasterKeys, VirtualCard};
use link::CardTransport;
use purse::{Date, Pin, TerminalId, Time};
use terminal::{CardKeys, CardSession, Terminal};

/// A card on the bench, with what its other side knows.
pub struct Bench {
    pub profile: Arc<Profile>,
    pub keys: CardKeys,
    pub maker: CardMaker,
}

impl Bench {
    pub fn new(name: &str) -> Self {
        Self::of(Profile::find(name).expect("built-in profile"))
    }

    pub fn of(profile: Arc<Profile>) -> Self {
        let directory = profile.application().expect("a purse application");
        let factors = profile.factors_for(&profile.serial);
        let lab = LabKeys(&profile);
        let keys = CardKeys::derive(directory, &factors, |spec| lab.master(directory, spec))
            .expect("lab keys");
        let maker = CardMaker::new(profile.clone()).expect("the profile makes cards");
        Self { keys, maker, profile }
    }

    /// A fresh card.
    pub fn card(&self) -> Card {
        self.maker.lab_card(1).expect("lab card")
    }

    /// A fresh card in a reader, powered.
    pub fn inserted(&self) -> VirtualCard {
        let mut card = VirtualCard::volatile(self.card());
        card.reset().expect("ATR");
        card
    }

    pub fn terminal(&self) -> Terminal<'_> {
        Terminal {
            rules: &self.profile.rules,
            keys: &self.keys,
            id: TerminalId([0x01, 0x10, 0x00, 0x00, 0x00, 0x01]),
            serial: 0,
            date: Date([0x20, 0x26, 0x11, 0x22]),
            time: Time([0x12, 0x34, 0x56]),
        }
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
