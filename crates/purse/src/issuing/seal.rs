//! Host side of the commands that need a key: authentication, WRITE KEY, updates under line
//! protection. Keys stay with their holder or live for the moment of one command.

use applet_spec::Protection;
use crypto::custody::{CustodyError, KeyCustody, KeyName, MacForm, Transport, Wrapping};
use crypto::{Key, Mac, Suite, encipher};
use zeroize::Zeroizing;

use super::{KeyHead, KeyType, KeyValue};
use crate::mac::secure_messaging_input;
use crate::{IssuingCommand, Pin, Protected, ProtectedKey, PurseCommand};

/// A card key (卡片子密钥) that a holder can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardKey {
    /// The stored key it is made from.
    pub name: KeyName,
    /// Diversification factors, highest level first.
    pub factors: Vec<[u8; 8]>,
}

/// A key that protects a command or authenticates this side. No `Debug` of a key.
#[derive(Clone, PartialEq, Eq)]
pub enum TransportKey {
    /// One that a holder can make.
    Held(CardKey),
    /// One that anybody knows or was handed over, as that of a blank card.
    Known(Suite, Key),
}

/// The secret that WRITE KEY brings. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyData {
    /// A key that a holder can make.
    Held(CardKey),
    /// A PIN.
    Pin(Pin),
}

/// A key, who holds it, and the card's challenge: what it takes to make a command that the card
/// trusts. The challenge has 4, 8 or 16 bytes and came right before.
#[derive(Clone, Copy)]
pub struct Seal<'s> {
    /// The key that authenticates this side, or protects the command: for keys the master key
    /// (39/00) of the directory, for files a maintenance key (36).
    pub key: &'s TransportKey,
    /// Holder of this key and of those that are written.
    pub custody: &'s dyn KeyCustody,
    /// The card's challenge; empty where the command needs none.
    pub challenge: &'s [u8],
}

impl Seal<'_> {
    /// EXTERNAL AUTHENTICATE 外部认证 with key `index`.
    ///
    /// # Errors
    /// The holder of the key.
    pub fn authenticate(&self, index: u8) -> Result<PurseCommand, CustodyError> {
        let block = self.key.suite(self.custody)?.block();
        let mut blocks = self.challenge.to_vec();
        blocks.resize(blocks.len().next_multiple_of(block), 0x00);
        let cryptogram = self.key.encrypt(self.custody, &blocks)?;
        Ok(PurseCommand::ExternalAuthenticate { key: index, cryptogram })
    }

    /// WRITE KEY 写密钥 that adds a key. The line protection that the head asks for holds for this
    /// command too: none, a MAC, or encipherment and a MAC.
    ///
    /// # Errors
    /// The holder of the keys.
    pub fn write_key(
        &self,
        index: u8,
        head: &KeyHead,
        data: &KeyData,
    ) -> Result<IssuingCommand, CustodyError> {
        const ADD: u8 = 0x01;
        self.key_command([ADD, index], head.protection, &head.to_bytes(), data)
    }

    /// WRITE KEY that changes a key which asks for the line protection `held`: by a whole record
    /// where a head is given, else by the new value alone.
    ///
    /// # Errors
    /// The holder of the keys.
    pub fn change_key(
        &self,
        (key_type, index): (KeyType, u8),
        held: Protection,
        head: Option<&KeyHead>,
        data: &KeyData,
    ) -> Result<IssuingCommand, CustodyError> {
        let head = head.map(KeyHead::to_bytes);
        let head = head.as_ref().map_or(&[][..], |head| head);
        self.key_command([key_type.byte(), index], held, head, data)
    }

    /// UPDATE or APPEND with plain data, put under a file's line protection; any other command as
    /// it is.
    ///
    /// # Errors
    /// The holder of the key.
    pub fn protect(
        &self,
        mut command: PurseCommand,
        protection: Protection,
    ) -> Result<PurseCommand, CustodyError> {
        let Some(data) = update_data(&mut command).filter(|_| protection != Protection::None)
        else {
            return Ok(command);
        };
        let content = match protection {
            Protection::EncryptedMac => self.key.encipher(self.custody, data.data())?,
            _ => data.data().to_vec(),
        };
        // The header depends on there being a MAC, which depends on the header.
        *data = Protected::Secured { data: content.clone(), mac: Mac([0; 4]) };
        let (header, covered) = command.secured_part();
        let mac = self.mac(&secure_messaging_input(header, &covered))?;
        if let Some(data) = update_data(&mut command) {
            *data = Protected::Secured { data: content, mac };
        }
        Ok(command)
    }

    fn key_command(
        &self,
        [target, index]: [u8; 2],
        protection: Protection,
        head: &[u8],
        data: &KeyData,
    ) -> Result<IssuingCommand, CustodyError> {
        let parameters = [target, index];
        let data = match (protection, data) {
            (Protection::None, data) => ProtectedKey::plain(self.clear(head, data)?),
            (Protection::Mac, data) => self.secured(parameters, self.clear(head, data)?)?,
            (Protection::EncryptedMac, KeyData::Held(key)) => {
                self.wrapped(parameters, head, key)?
            }
            (Protection::EncryptedMac, KeyData::Pin(_)) => {
                let content = self.key.encipher(self.custody, &self.clear(head, data)?)?;
                self.secured(parameters, Zeroizing::new(content))?
            }
        };
        Ok(IssuingCommand::WriteKey { target, index, data })
    }

    /// Enciphered by the holder, so that the key is never in clear here.
    fn wrapped(
        &self,
        [target, index]: [u8; 2],
        head: &[u8],
        key: &CardKey,
    ) -> Result<ProtectedKey, CustodyError> {
        let transport = match self.key {
            TransportKey::Held(CardKey { name, factors }) => Transport::Stored(name, factors),
            TransportKey::Known(suite, key) => Transport::Given(*suite, key),
        };
        let wrapped = self.custody.wrap(&Wrapping {
            name: &key.name,
            factors: &key.factors,
            head,
            header: header(target, index),
            challenge: self.challenge,
            transport,
        })?;
        Ok(ProtectedKey::secured(wrapped.ciphertext, wrapped.mac))
    }

    fn secured(
        &self,
        [target, index]: [u8; 2],
        content: Zeroizing<Vec<u8>>,
    ) -> Result<ProtectedKey, CustodyError> {
        let covered = Zeroizing::new(secure_messaging_input(header(target, index), &content));
        let mac = self.mac(&covered)?;
        Ok(ProtectedKey::secured(content, mac))
    }

    fn mac(&self, data: &[u8]) -> Result<Mac, CustodyError> {
        self.key.mac(self.custody, self.challenge, data)
    }

    fn clear(&self, head: &[u8], data: &KeyData) -> Result<Zeroizing<Vec<u8>>, CustodyError> {
        let value = match data {
            KeyData::Held(CardKey { name, factors }) => {
                KeyValue::Key(self.custody.derive(name, factors)?)
            }
            KeyData::Pin(pin) => KeyValue::Pin(pin.clone()),
        };
        Ok(Zeroizing::new([head, value.expose()].concat()))
    }
}

/// The data of UPDATE and APPEND.
fn update_data(command: &mut PurseCommand) -> Option<&mut Protected> {
    match command {
        PurseCommand::UpdateBinary { data, .. }
        | PurseCommand::UpdateRecord { data, .. }
        | PurseCommand::AppendRecord { data, .. } => Some(data),
        _ => None,
    }
}

/// CLA INS P1 P2 of WRITE KEY under line protection.
fn header(target: u8, index: u8) -> [u8; 4] {
    let data = ProtectedKey::secured(Vec::new(), Mac([0; 4]));
    IssuingCommand::WriteKey { target, index, data }.to_apdu().header
}

impl TransportKey {
    /// The key of a blank card, 39/00: FF x8. Vector `fmcos-default-extauth`.
    pub fn blank() -> Self {
        Self::Known(Suite::TripleDes, Key::double([0xFF; 16]))
    }

    fn suite(&self, custody: &dyn KeyCustody) -> Result<Suite, CustodyError> {
        match self {
            Self::Held(key) => custody.suite(&key.name),
            Self::Known(suite, _) => Ok(*suite),
        }
    }

    fn encrypt(&self, custody: &dyn KeyCustody, blocks: &[u8]) -> Result<Vec<u8>, CustodyError> {
        match self {
            Self::Held(key) => custody.encrypt(&key.name, &key.factors, blocks),
            Self::Known(suite, key) => {
                Ok(crypto::BlockCipher::new(*suite, key).encrypt_ecb(blocks))
            }
        }
    }

    fn mac(
        &self,
        custody: &dyn KeyCustody,
        challenge: &[u8],
        data: &[u8],
    ) -> Result<Mac, CustodyError> {
        let form = MacForm::SecureMessaging { challenge };
        match self {
            Self::Held(key) => custody.mac(&key.name, &key.factors, form, data),
            Self::Known(suite, key) => Ok(form.compute(*suite, key, data)),
        }
    }

    fn encipher(&self, custody: &dyn KeyCustody, data: &[u8]) -> Result<Vec<u8>, CustodyError> {
        match self {
            Self::Held(key) => {
                let card_key = custody.derive(&key.name, &key.factors)?;
                Ok(encipher(custody.suite(&key.name)?, &card_key, data))
            }
            Self::Known(suite, key) => Ok(encipher(*suite, key, data)),
        }
    }
}
