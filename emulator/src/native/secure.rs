//! Challenges, EXTERNAL and INTERNAL AUTHENTICATE, and secure messaging (线路保护).
//!
//! A try of a key is spent after its MAC or cryptogram was found wrong, so power lost in that very
//! write forgives it. (A PIN's try is spent before; see [`super::pin`].) What real cards do is not
//! known; the last try and the lock that follows it come together here.

use apdu::StatusWord;
use applet_spec::{KeyKind, Protection};
use crypto::{
    BlockCipher, Mac, authentication_cryptogram, decipher, encipher, secure_messaging_mac,
};
use purse::Protected;
use purse::mac::secure_messaging_input;
use subtle::ConstantTimeEq;

use super::tree::{Blocked, Ef, KeySlot};
use super::wrong::Deviation;
use super::{Challenge, Outcome, Session};
use crate::application::{Halt, Reply};

/// What a wrong secure messaging MAC costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongMac {
    /// A try of the key; the last one locks the application for ever.
    Counts,
    /// Nothing.
    IsFree,
}

impl Session<'_, '_> {
    pub(super) fn give_challenge(&mut self, length: u8) -> Outcome {
        let bytes: [u8; 16] = self.random();
        let bytes = self.or_wrong(bytes, Deviation::ChallengeConstant, [0x5A; 16]);
        let challenge = Challenge { bytes, length: usize::from(length) };
        let answer = challenge.as_bytes().to_vec();
        self.state.challenge = Some(challenge);
        Ok(Reply::data(answer))
    }

    pub(super) fn external_authenticate(&mut self, index: u8, cryptogram: &[u8]) -> Outcome {
        let challenge = self.challenge.ok_or(StatusWord::NO_CHALLENGE)?;
        let df = self.df();
        let kinds = [
            KeyKind::ExternalAuthentication,
            KeyKind::ApplicationMaster,
            KeyKind::CardMaster,
            KeyKind::Maintenance,
        ];
        // Where keys are written by type, a maintenance key is good for its own purpose only.
        let most = if self.rules.issuing.is_some() { 3 } else { kinds.len() };
        let mut slot = None;
        for kind in kinds.into_iter().take(most) {
            slot = match slot {
                None => df.key(self.memory, kind, index)?,
                found => found,
            };
        }
        let slot = self.usable(slot)?;
        if slot.tries == 0 {
            return Err(Halt::Status(StatusWord::METHOD_BLOCKED));
        }
        let key = slot.value(self.memory)?;
        let fold = self.rules.fold_authentication;
        let expected = authentication_cryptogram(slot.suite, &key, challenge.as_bytes(), fold);
        if expected.len() != cryptogram.len() {
            return Err(Halt::Status(StatusWord::WRONG_LENGTH));
        }
        let right = bool::from(expected.ct_eq(cryptogram));
        if right || self.deviates(Deviation::AuthenticationUnchecked) {
            if !self.deviates(Deviation::AuthenticationTriesStay) {
                self.restore_tries(&slot)?;
            }
            self.state.rights.authenticated = slot.next_state != 0;
            self.state.rights.state = slot.next_state;
            return Ok(Reply::done());
        }
        self.state.rights = super::Rights::default();
        let left = self.spend_try(&slot)?;
        Err(Halt::Status(StatusWord::tries_left(left)))
    }

    pub(super) fn internal_authenticate(&mut self, mode: u8, index: u8, data: &[u8]) -> Outcome {
        let kind = match mode {
            0x01 if self.rules.issuing.is_some() => KeyKind::InternalDecipher,
            0x02 if self.rules.issuing.is_some() => KeyKind::InternalMac,
            _ => KeyKind::InternalAuthentication,
        };
        let slot = self.df().key(self.memory, kind, index)?;
        let slot = self.usable(slot)?;
        let key = slot.value(self.memory)?;
        let cipher = BlockCipher::new(slot.suite, &key);
        let padded = || {
            let mut padded = data.to_vec();
            if !padded.len().is_multiple_of(cipher.block()) {
                padded.push(0x80);
            }
            padded
        };
        Ok(Reply::data(match mode {
            0x00 => cipher.encrypt_ecb(&padded()),
            0x01 if data.len().is_multiple_of(cipher.block()) => cipher.decrypt_ecb(data),
            0x01 => return Err(Halt::Status(StatusWord::WRONG_LENGTH)),
            _ => secure_messaging_mac(slot.suite, &key, &[], data).0.to_vec(),
        }))
    }

    /// Data of an UPDATE or APPEND, once its class, MAC and encipherment are what the file asks
    /// for.
    pub(super) fn unwrap_update(&mut self, file: &Ef, data: &Protected) -> Result<Vec<u8>, Halt> {
        match (file.protection, data) {
            (Protection::None, Protected::Plain(data)) => Ok(data.clone()),
            (Protection::Mac | Protection::EncryptedMac, Protected::Secured { data, mac }) => {
                let slot = self.maintenance_key(file.key)?;
                self.check_secured(&slot, data, *mac, WrongMac::Counts)?;
                if file.protection == Protection::Mac {
                    return Ok(data.clone());
                }
                let key = slot.value(self.memory)?;
                decipher(slot.suite, &key, data).map_err(|_| Halt::Status(StatusWord::WRONG_DATA))
            }
            (_, Protected::Plain(data)) if self.deviates(Deviation::FileUnprotected) => {
                Ok(data.clone())
            }
            _ => Err(Halt::Status(StatusWord::CLASS_NOT_FOR_FILE)),
        }
    }

    /// A protected read carries a MAC; a plain one must not.
    pub(super) fn check_read_protection(
        &mut self,
        file: &Ef,
        mac: Option<Mac>,
    ) -> Result<(), Halt> {
        match (protects_reads(file), mac) {
            (false, None) => Ok(()),
            (true, Some(mac)) => {
                let slot = self.maintenance_key(file.read_key)?;
                self.check_secured(&slot, &[], mac, WrongMac::Counts)
            }
            _ => Err(Halt::Status(StatusWord::CLASS_NOT_FOR_FILE)),
        }
    }

    /// Answer of a read: with a MAC under the same challenge, and enciphered, where the file says
    /// so.
    pub(super) fn protect_answer(&mut self, file: &Ef, mut data: Vec<u8>) -> Outcome {
        let Some(challenge) = self.challenge.filter(|_| protects_reads(file)) else {
            return Ok(Reply::data(data));
        };
        let slot = self.maintenance_key(file.read_key)?;
        let key = slot.value(self.memory)?;
        if file.protection == Protection::EncryptedMac {
            if data.len() > 0xFF {
                return Err(Halt::Status(StatusWord::WRONG_LENGTH));
            }
            data = encipher(slot.suite, &key, &data);
        }
        let mac = secure_messaging_mac(slot.suite, &key, challenge.as_bytes(), &data);
        data.extend_from_slice(&mac.0);
        Ok(Reply::data(data))
    }

    /// Checks the secure messaging MAC of the command in hand, over its header and `data`.
    pub(super) fn check_secured(
        &mut self,
        slot: &KeySlot,
        data: &[u8],
        mac: Mac,
        cost: WrongMac,
    ) -> Result<(), Halt> {
        let right = self.secured_rightly(slot, data, mac)?;
        self.judge(slot, right, cost)
    }

    /// Whether the secure messaging MAC of the command in hand is right; nothing is counted.
    pub(super) fn secured_rightly(
        &self,
        slot: &KeySlot,
        data: &[u8],
        mac: Mac,
    ) -> Result<bool, Halt> {
        let challenge = self.challenge.or_else(|| self.challenge_not_needed());
        let challenge = challenge.ok_or(StatusWord::NO_CHALLENGE)?;
        if self.deviates(Deviation::SmMacUnchecked) {
            return Ok(true);
        }
        let apdu = self.apdu;
        let header = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
        let key = slot.value(self.memory)?;
        let input = secure_messaging_input(header, data);
        let (start, input) = self.covered_by_secure_mac(challenge, input);
        Ok(mac == secure_messaging_mac(slot.suite, &key, start.as_bytes(), &input))
    }

    /// Counts a right or wrong MAC of a maintenance-like key: 6988, and the last wrong one in an
    /// application locks it for ever (9303). In the MF and other directories nothing locks.
    pub(super) fn judge(
        &mut self,
        slot: &KeySlot,
        right: bool,
        cost: WrongMac,
    ) -> Result<(), Halt> {
        if cost == WrongMac::IsFree {
            return if right { Ok(()) } else { Err(Halt::Status(StatusWord::SM_MAC_WRONG)) };
        }
        if slot.tries == 0 {
            return Err(Halt::Status(StatusWord::METHOD_BLOCKED));
        }
        if right {
            return match self.deviates(Deviation::SmTriesNotRestored) {
                true => Ok(()),
                false => self.restore_tries(slot),
            };
        }
        Err(self.count_against(slot, |_| StatusWord::SM_MAC_WRONG)?)
    }

    /// Spends a try of a maintenance-like key for something wrong; `status` is told the tries
    /// left. The last try of a key and the lock come together or not at all.
    pub(super) fn count_against(
        &mut self,
        slot: &KeySlot,
        status: impl FnOnce(u8) -> StatusWord,
    ) -> Result<Halt, Halt> {
        if self.deviates(Deviation::SmTriesNotCounted) {
            return Ok(Halt::Status(status(slot.tries)));
        }
        let df = self.df();
        let last = slot.tries == 1 && !self.deviates(Deviation::SmNeverLocks);
        if !last || !df.is_purse_application(self.memory)? {
            return Ok(Halt::Status(status(self.spend_try(slot)?)));
        }
        self.atomically(|session| {
            slot.use_up(session.memory)?;
            Ok(df.block(session.memory, Blocked::Permanently)?)
        })?;
        Ok(Halt::Status(self.rules.status.permanently_blocked))
    }

    pub(super) fn maintenance_key(&self, index: u8) -> Result<KeySlot, Halt> {
        let slot = self.df().key(self.memory, KeyKind::Maintenance, index)?;
        self.usable(slot)
    }

    /// A key that is there and may be used.
    pub(super) fn usable(&self, slot: Option<KeySlot>) -> Result<KeySlot, Halt> {
        let slot = slot.ok_or(StatusWord::KEY_NOT_FOUND)?;
        if !self.granted(slot.use_right)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        Ok(slot)
    }

    fn spend_try(&mut self, slot: &KeySlot) -> Result<u8, Halt> {
        if slot.tries_max == KeySlot::UNLIMITED {
            return Ok(0x0F);
        }
        let left = slot.tries.saturating_sub(1);
        slot.set_tries(self.memory, left)?;
        Ok(left)
    }

    pub(super) fn restore_tries(&mut self, slot: &KeySlot) -> Result<(), Halt> {
        if slot.tries != slot.tries_max {
            slot.set_tries(self.memory, slot.tries_max)?;
        }
        Ok(())
    }
}

impl Challenge {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

fn protects_reads(file: &Ef) -> bool {
    file.protect_read && file.protection != Protection::None
}
