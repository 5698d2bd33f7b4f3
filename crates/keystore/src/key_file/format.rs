//! The bytes of a key file, and what seals them. No I/O.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use crypto::custody::{HeldKeys, KeyName, Secrecy};
use crypto::{Key, Suite};
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

use super::{Cost, CostError, KeyFileError};
use crate::secret::Secret;

/// Newest format version.
pub(super) const VERSION: u16 = 1;
/// Most bytes of a file.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

const MAGIC: &[u8; 8] = b"PURSEKEY";
const HEADER: usize = 64;
const TAG: usize = 16;
const DIGEST: usize = 32;

/// Why bytes are not read, or not made.
#[derive(Debug)]
pub(super) enum Flaw {
    Foreign(&'static str),
    NewerVersion(u16),
    Damaged(&'static str),
    TooCostly(CostError),
    WrongPassphrase,
    TooLarge,
}

impl Flaw {
    pub fn in_file(self, path: &Path) -> KeyFileError {
        let path = path.to_path_buf();
        match self {
            Self::Foreign(why) => KeyFileError::Foreign { path, why },
            Self::NewerVersion(found) => KeyFileError::NewerVersion { path, found },
            Self::Damaged(why) => KeyFileError::Damaged { path, why },
            Self::TooCostly(source) => KeyFileError::TooCostly { path, source },
            Self::WrongPassphrase => KeyFileError::WrongPassphrase { path },
            Self::TooLarge => KeyFileError::TooLarge { path, most: MOST_BYTES },
        }
    }
}

/// What a passphrase becomes: it opens a file and seals it again.
pub(super) struct Opener {
    cost: Cost,
    salt: [u8; 16],
    key: Zeroizing<[u8; 32]>,
}

impl Opener {
    /// Does the work that a guess costs.
    pub fn new(cost: Cost, salt: [u8; 16], passphrase: &Secret) -> Result<Self, Flaw> {
        let [memory, passes, lanes] = cost.numbers();
        let mut key = Zeroizing::new([0; 32]);
        Params::new(memory, passes, lanes, Some(key.len()))
            .and_then(|params| {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    passphrase.expose(),
                    &salt,
                    key.as_mut(),
                )
            })
            // Bounds are checked by `Cost`; what is left is a passphrase of 4 GiB.
            .map_err(|_| Flaw::WrongPassphrase)?;
        Ok(Self { cost, salt, key })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.key).into())
    }
}

/// A file that is undamaged as far as can be told without its passphrase.
pub(super) struct Sealed<'b> {
    header: &'b [u8],
    cost: Cost,
    salt: [u8; 16],
    nonce: [u8; 24],
    ciphertext: &'b [u8],
}

impl<'b> Sealed<'b> {
    /// Takes a file apart.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Flaw> {
        if !bytes.starts_with(MAGIC) {
            let empty = bytes.is_empty();
            return Err(Flaw::Foreign(if empty {
                "it is empty"
            } else {
                "it does not begin as one"
            }));
        }
        let mut rest = Cursor(bytes);
        let short = Flaw::Damaged("its end is missing");
        let _: [u8; 8] = rest.take().ok_or(Flaw::Damaged("its end is missing"))?;
        let version = u16::from_be_bytes(rest.take().ok_or(short)?);
        if version > VERSION {
            return Err(Flaw::NewerVersion(version));
        }
        if bytes.len() > MOST_BYTES {
            return Err(Flaw::Damaged("it is longer than a key file can be"));
        }
        let (body, digest) =
            bytes.split_at_checked(bytes.len().saturating_sub(DIGEST)).unwrap_or_default();
        if Sm3::digest(body).as_slice() != digest {
            return Err(Flaw::Damaged("its bytes are not those that were written"));
        }
        let short = || Flaw::Damaged("its end is missing");
        let (header, ciphertext) = body.split_at_checked(HEADER).ok_or_else(short)?;
        if ciphertext.len() < TAG {
            return Err(short());
        }
        let mut fields = Cursor(header.get(10..).unwrap_or_default());
        let read = (|| {
            let zero = u16::from_be_bytes(fields.take()?);
            let [memory, passes, lanes] =
                [fields.take()?, fields.take()?, fields.take()?].map(u32::from_be_bytes);
            Some((version, zero, [memory, passes, lanes], fields.take()?, fields.take()?))
        })();
        let (1, 0, [memory, passes, lanes], salt, nonce) = read.ok_or_else(short)? else {
            return Err(Flaw::Damaged("its header is none that a key file has"));
        };
        let cost = Cost::new(memory, passes, lanes).map_err(Flaw::TooCostly)?;
        Ok(Self { header, cost, salt, nonce, ciphertext })
    }

    /// Does the work that a guess at the passphrase costs.
    pub fn opener(&self, passphrase: &Secret) -> Result<Opener, Flaw> {
        Opener::new(self.cost, self.salt, passphrase)
    }

    /// Opens it.
    pub fn open(&self, opener: &Opener, provider: &str) -> Result<HeldKeys, Flaw> {
        let payload = Payload { msg: self.ciphertext, aad: self.header };
        let plain = opener.cipher().decrypt(&self.nonce.into(), payload);
        read_entries(&Zeroizing::new(plain.map_err(|_| Flaw::WrongPassphrase)?), provider).ok_or(
            Flaw::Damaged("its passphrase is right, and what it holds is not a list of keys"),
        )
    }
}

/// Seals keys: the bytes of a file. `nonce` is never used twice.
pub(super) fn seal(opener: &Opener, nonce: [u8; 24], keys: &HeldKeys) -> Result<Vec<u8>, Flaw> {
    let mut file = Vec::new();
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_be_bytes());
    file.extend_from_slice(&[0; 2]);
    for number in opener.cost.numbers() {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.extend_from_slice(&opener.salt);
    file.extend_from_slice(&nonce);
    let plain = write_entries(keys);
    let payload = Payload { msg: &plain, aad: &file };
    let ciphertext = opener.cipher().encrypt(&nonce.into(), payload).map_err(|_| Flaw::TooLarge)?;
    file.extend_from_slice(&ciphertext);
    let digest = Sm3::digest(&file);
    file.extend_from_slice(&digest);
    if file.len() > MOST_BYTES {
        return Err(Flaw::TooLarge);
    }
    Ok(file)
}

fn write_entries(keys: &HeldKeys) -> Zeroizing<Vec<u8>> {
    /// Four bytes of head, a name, a key.
    const MOST: usize = 4 + KeyName::LONGEST + 16;
    // With its whole room from the start, no copies of keys are left behind by growing.
    let room = keys.expose().count().saturating_mul(MOST);
    let mut plain = Zeroizing::new(Vec::with_capacity(room));
    for (name, suite, key, secrecy) in keys.expose() {
        let suite = match suite {
            Suite::TripleDes => 1,
            Suite::Sm4 => 2,
        };
        let public = u8::from(secrecy == Secrecy::Public);
        let name = name.as_str().as_bytes();
        plain.extend_from_slice(&[suite, public, key.len() as u8, name.len() as u8]);
        plain.extend_from_slice(name);
        plain.extend_from_slice(key.expose());
    }
    plain
}

fn read_entries(plain: &[u8], provider: &str) -> Option<HeldKeys> {
    let mut keys = HeldKeys::new(provider);
    let mut rest = Cursor(plain);
    while !rest.0.is_empty() {
        let [suite, public, key, name] = rest.take()?;
        let suite = match suite {
            1 => Suite::TripleDes,
            2 => Suite::Sm4,
            _ => return None,
        };
        let secrecy = match public {
            0 => Secrecy::Guarded,
            1 => Secrecy::Public,
            _ => return None,
        };
        let name = std::str::from_utf8(rest.slice(usize::from(name))?).ok()?;
        let name = KeyName::new(name).ok()?;
        let key = Key::new(rest.slice(usize::from(key))?).ok()?;
        if keys.stored(&name).is_some() {
            return None;
        }
        keys.insert(name, suite, key, secrecy);
    }
    Some(keys)
}

/// Bytes yet to be read.
struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    fn slice(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }
}
