//! Key objects of a token: how a key is written there, and found again.

use std::collections::BTreeMap;

use crypto::Key;
use crypto::custody::{KeyName, Secrecy};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::TokenError;
use crate::import::NewKey;

/// What is known of a key object.
pub(super) struct TokenKey {
    pub handle: ObjectHandle,
    /// It was imported as a public lab key.
    pub marked_public: bool,
    /// The token lets it encipher.
    pub enciphers: bool,
}

/// Before the name in the id of a public lab key.
const PUBLIC: &[u8] = b"public:";

/// The 3DES keys of a token whose labels are key names.
pub(super) fn find(
    session: &Session,
    provider: &str,
) -> Result<BTreeMap<KeyName, Vec<TokenKey>>, TokenError> {
    const WANTED: &[AttributeType] =
        &[AttributeType::KeyType, AttributeType::Label, AttributeType::Id, AttributeType::Encrypt];
    let refused = |error| TokenError::refused(provider, &error);
    let all = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
    let mut keys: BTreeMap<KeyName, Vec<TokenKey>> = BTreeMap::new();
    for handle in session.find_objects(&all).map_err(refused)? {
        let (mut name, mut of_3des) = (None, false);
        let mut key = TokenKey { handle, marked_public: false, enciphers: false };
        for attribute in session.get_attributes(handle, WANTED).map_err(refused)? {
            match attribute {
                Attribute::KeyType(kind) => {
                    of_3des = [KeyType::DES2, KeyType::DES3].contains(&kind)
                }
                Attribute::Label(label) => {
                    name =
                        std::str::from_utf8(&label).ok().and_then(|text| KeyName::new(text).ok());
                }
                Attribute::Id(id) => key.marked_public = id.starts_with(PUBLIC),
                Attribute::Encrypt(may) => key.enciphers = may,
                _ => {}
            }
        }
        if let (Some(name), true) = (name, of_3des) {
            keys.entry(name).or_default().push(key);
        }
    }
    Ok(keys)
}

/// What a new key object is made of; its copy of the key is zeroized on drop.
pub(super) struct Template(Vec<Attribute>);

impl Template {
    pub fn of(new: &NewKey) -> Self {
        let name = new.name.as_str().as_bytes();
        let id = match new.secrecy {
            Secrecy::Public => [PUBLIC, name].concat(),
            Secrecy::Guarded => name.to_vec(),
        };
        Self(vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::DES2),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(false),
            Attribute::Sign(false),
            Attribute::Verify(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::Label(name.to_vec()),
            Attribute::Id(id),
            Attribute::Value(as_des2(&new.key)),
        ])
    }

    pub fn attributes(&self) -> &[Attribute] {
        &self.0
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        for attribute in &mut self.0 {
            if let Attribute::Value(value) = attribute {
                drop(Zeroizing::new(std::mem::take(value)));
            }
        }
    }
}

/// Two halves, and odd parity, which the cipher ignores and some tokens insist on.
fn as_des2(key: &Key) -> Vec<u8> {
    let half = key.expose().first_chunk::<8>().into_iter().flatten();
    let mut value: Vec<u8> = key.expose().iter().chain(half).take(16).copied().collect();
    for byte in &mut value {
        *byte = (*byte & 0xFE) | ((*byte >> 1).count_ones() as u8 & 1 ^ 1);
    }
    value
}
