//! VERIFY, CHANGE PIN, RELOAD PIN, PIN UNBLOCK.
//!
//! A try is spent before the PIN is compared and given back after, so that pulling the card in
//! between never gains one.

use apdu::StatusWord;
use applet_spec::KeyKind;
use crypto::{Mac, decipher, pin_reload_mac};
use purse::Pin;
use subtle::ConstantTimeEq;

use super::secure::WrongMac;
use super::tree::PinSlot;
use super::wrong::Deviation;
use super::{Outcome, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn verify(&mut self, index: u8, pin: &Pin) -> Outcome {
        let slot = self.pin_slot(index)?;
        self.try_pin(&slot, pin)?;
        self.state.rights.pin = slot.next_state != 0;
        self.state.rights.state = slot.next_state;
        Ok(Reply::done())
    }

    pub(super) fn change_pin(&mut self, index: u8, old: &Pin, new: &Pin) -> Outcome {
        let slot = self.pin_slot(index)?;
        if !self.deviates(Deviation::ChangePinOldIgnored) {
            self.try_pin(&slot, old)?;
        }
        self.atomically(|session| Ok(slot.replace(session.memory, new.padded())?))?;
        Ok(Reply::done())
    }

    /// The MAC is by DRPK over the PIN alone, without challenge (重装密钥).
    pub(super) fn reload_pin(&mut self, index: u8, pin: &Pin, mac: Mac) -> Outcome {
        let slot = self.pin_slot(index)?;
        let key_slot = self.first_key(KeyKind::PinReset)?;
        let key = key_slot.value(self.memory)?;
        let expected = pin_reload_mac(key_slot.suite, &key, pin.expose());
        let right = mac == expected || self.deviates(Deviation::ReloadPinMacUnchecked);
        self.judge(&key_slot, right, WrongMac::Counts)?;
        self.atomically(|session| Ok(slot.replace(session.memory, pin.padded())?))?;
        Ok(Reply::done())
    }

    /// Gives a blocked PIN its tries back, for who knows the PIN and has the unblocking key.
    pub(super) fn pin_unblock(&mut self, enciphered: &[u8], mac: Mac) -> Outcome {
        let df = self.df();
        let slot = df.pin(self.memory)?.ok_or(StatusWord::KEY_NOT_FOUND)?;
        let key_slot = self.first_key(KeyKind::PinUnblock)?;
        if slot.tries != 0 && !self.deviates(Deviation::PinUnblockedUnasked) {
            return Err(Halt::Status(StatusWord::CONDITIONS));
        }
        let right = self.secured_rightly(&key_slot, enciphered, mac)?;
        if key_slot.tries == 0 {
            return Err(Halt::Status(StatusWord::METHOD_BLOCKED));
        }
        if !right {
            return Err(self.count_against(&key_slot, |_| StatusWord::SM_MAC_WRONG)?);
        }
        let key = key_slot.value(self.memory)?;
        let plain = decipher(key_slot.suite, &key, enciphered);
        let pin = plain.ok().and_then(|plain| Pin::new(&plain).ok());
        if !pin.is_some_and(|pin| bool::from(pin.padded().ct_eq(&slot.value))) {
            // A wrong PIN inside costs a try of the unblocking key, like a wrong MAC.
            return Err(self.count_against(&key_slot, StatusWord::tries_left)?);
        }
        self.restore_tries(&key_slot)?;
        slot.set_tries(self.memory, slot.tries_max)?;
        Ok(Reply::done())
    }

    fn pin_slot(&self, index: u8) -> Result<PinSlot, Halt> {
        let slot = self.df().pin(self.memory)?.filter(|slot| slot.index == index);
        let slot = slot.ok_or(StatusWord::KEY_NOT_FOUND)?;
        if !self.granted(slot.use_right)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        Ok(slot)
    }

    pub(super) fn first_key(&self, kind: KeyKind) -> Result<super::tree::KeySlot, Halt> {
        let slot = self.df().first_key(self.memory, kind)?;
        self.usable(slot)
    }

    /// A wrong PIN takes back what a right one before it gave.
    fn take_back_pin(&mut self) {
        if self.deviates(Deviation::PinStateSurvivesWrongPin) {
            return;
        }
        if std::mem::take(&mut self.state.rights.pin) {
            self.state.rights.state = 0;
        }
    }

    fn try_pin(&mut self, slot: &PinSlot, pin: &Pin) -> Result<(), Halt> {
        let left = self.tries_left(slot, slot.tries.checked_sub(1));
        let left = left.ok_or(Halt::Status(StatusWord::METHOD_BLOCKED))?;
        if slot.tries_max == PinSlot::UNLIMITED {
            return self.compare_pin(slot, pin, 0x0F);
        }
        slot.set_tries(self.memory, left)?;
        self.compare_pin(slot, pin, left)?;
        let wrong = Deviation::PinTriesNotRestored;
        slot.set_tries(self.memory, self.or_wrong(slot.tries_max, wrong, slot.tries))?;
        Ok(())
    }

    fn compare_pin(&mut self, slot: &PinSlot, pin: &Pin, left: u8) -> Result<(), Halt> {
        if !bool::from(self.pin_compared(slot, pin).ct_eq(&slot.value)) {
            self.take_back_pin();
            let shown = left + u8::from(self.deviates(Deviation::PinTriesShownWrong));
            return Err(Halt::Status(StatusWord::tries_left(shown)));
        }
        Ok(())
    }
}
