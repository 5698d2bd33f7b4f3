//! The PSAM played by keys of this side.

use applet_spec::{KeyKind, Profile};
use crypto::custody::KeyCustody;
use crypto::{Mac, SessionKey, secure_messaging_mac};
use purse::answer::SamInitialized;
use purse::mac;
use purse::{IdentificationCode, PurseCommand, TerminalId, TerminalSerial};

use super::{BlockRequest, Check, Psam, Purchase, block_key};
use crate::FlowError;
use crate::keys::Keyring;

/// A PSAM made of master keys and a counter.
pub struct LocalPsam<'c> {
    keys: Keyring<'c>,
    terminal: TerminalId,
    key_index: u8,
    serial: u32,
}

impl<'c> LocalPsam<'c> {
    /// For cards of `profile`, whose master keys `custody` holds under their custody names. `last`
    /// is the terminal serial that was used last; the next is one more.
    ///
    /// # Errors
    /// A profile without purchase key.
    pub fn new(
        profile: &'c Profile,
        custody: &'c dyn KeyCustody,
        terminal: TerminalId,
        last: u32,
    ) -> Result<Self, FlowError> {
        let keys = Keyring::new(profile, custody);
        let key_index = keys.first(KeyKind::Purchase)?.index;
        Ok(Self { keys, terminal, key_index, serial: last })
    }

    /// The session key of a purchase is derived again whenever it is needed, and lives no longer.
    fn session(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
    ) -> Result<SessionKey, FlowError> {
        let Purchase { factors, key, random, serial: card_serial, .. } = purchase;
        let (suite, cipher) =
            self.keys.cipher(factors, KeyKind::Purchase, key.index, Some(key.version))?;
        let input = mac::offline_session_input(*random, *card_serial, serial);
        Ok(SessionKey::derive(suite, cipher, &input))
    }
}

impl Psam for LocalPsam<'_> {
    fn describe(&self) -> String {
        format!("PSAM of {}", self.keys.holder())
    }

    fn terminal(&self) -> TerminalId {
        self.terminal
    }

    fn key_index(&self) -> u8 {
        self.key_index
    }

    fn serial_to_keep(&self) -> Option<u32> {
        Some(self.serial)
    }

    /// How real modules check is not public; what is known here is the code of the profile's cards.
    fn check_code(&mut self, code: &IdentificationCode) -> Result<Check, FlowError> {
        let known = self.keys.profile().authentication_code == Some(code.0);
        Ok(if known { Check::Right } else { Check::Unknown })
    }

    fn mac1(&mut self, purchase: &Purchase) -> Result<SamInitialized, FlowError> {
        self.serial = self.serial.wrapping_add(1);
        let serial = TerminalSerial(self.serial.to_be_bytes());
        let moment = purchase.moment(self.terminal);
        let input = mac::purchase_mac1(purchase.amount, &moment, purchase.code.as_ref());
        let mac1 = self.session(purchase, serial)?.mac(input.as_bytes());
        Ok(SamInitialized { terminal_serial: serial, mac1 })
    }

    fn check_mac2(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        mac2: Mac,
    ) -> Result<Check, FlowError> {
        let input = mac::purchase_mac2(purchase.amount);
        Ok(Check::of(mac2, self.session(purchase, serial)?.mac(input.as_bytes())))
    }

    fn check_tac(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        tac: Mac,
    ) -> Result<Check, FlowError> {
        let index = self.keys.tac_index(purchase.key.index);
        let input = mac::purchase_tac(purchase.amount, &purchase.moment(self.terminal), serial);
        Ok(Check::of(tac, self.keys.tac(&purchase.factors, index)?.tac(input.as_bytes())))
    }

    fn block_mac(&mut self, request: &BlockRequest) -> Result<Mac, FlowError> {
        let spec = block_key(self.keys.profile())?;
        let (suite, key) = self.keys.key(&request.factors, spec.kind, spec.index)?;
        let input = block_input(request);
        Ok(secure_messaging_mac(suite, key, &request.challenge, &input))
    }
}

/// What the MAC of APPLICATION BLOCK covers: `84 1E 00 kind 04`.
pub(super) fn block_input(request: &BlockRequest) -> Vec<u8> {
    let unsigned = PurseCommand::ApplicationBlock { kind: request.kind, mac: Mac([0; 4]) };
    let (header, data) = unsigned.secured_part();
    mac::secure_messaging_input(header, &data)
}
