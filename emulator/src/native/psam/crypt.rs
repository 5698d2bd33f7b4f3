//! DELIVER KEY, and CRYPT with the delivered key.

use apdu::StatusWord;
use applet_spec::{IdentificationCheck, PsamSpec, SamMac, SamPurpose, SamUsage};
use crypto::{BlockCipher, BlockMac, Key, Suite};
use purse::CryptMode;

use super::Running;
use crate::application::{Halt, Reply};
use crate::native::tree::SamKeySlot;
use crate::native::wrong::Deviation;
use crate::native::{Outcome, Session};

/// A diversified key, and what it is for.
#[derive(Clone)]
pub struct Delivered {
    key: Key,
    suite: Suite,
    purpose: SamPurpose,
}

impl Session<'_, '_> {
    pub(super) fn deliver_key(
        &mut self,
        usage: SamUsage,
        number: u8,
        factors: &[[u8; 8]],
    ) -> Outcome {
        // Whoever asks for another key does not go on with the last card's.
        self.state.sam.delivered = None;
        let slot = self.sam_key(usage, number)?;
        let psam = self.psam()?;
        let purpose = usage.purpose().filter(|purpose| delivers(psam, *purpose, &slot));
        let purpose = purpose.ok_or(StatusWord::CONDITIONS)?;
        let key = self.diversified(&slot, factors)?;
        self.state.sam.delivered = Some(Delivered { key, suite: slot.suite, purpose });
        Ok(Reply::done())
    }

    pub(super) fn crypt(
        &mut self,
        running: Option<Running>,
        mode: CryptMode,
        data: &[u8],
    ) -> Outcome {
        let key = self.state.sam.delivered.clone().ok_or(StatusWord::CONDITIONS)?;
        if !data.len().is_multiple_of(key.suite.block()) {
            return Err(Halt::Status(StatusWord::WRONG_LENGTH));
        }
        match mode {
            CryptMode::EncryptLast | CryptMode::EncryptMore => {
                if !key.purpose.enciphers() {
                    return Err(Halt::Status(StatusWord::CONDITIONS));
                }
                let cipher = BlockCipher::new(key.suite, &key.key);
                Ok(Reply::data(cipher.encrypt_ecb(data)))
            }
            CryptMode::MacWhole => {
                let (mac, rest) = key.begin(data)?;
                if rest.is_empty() {
                    return Err(Halt::Status(StatusWord::WRONG_LENGTH));
                }
                self.finish_mac(mac, rest)
            }
            CryptMode::MacFirst => {
                let (mac, rest) = key.begin(data)?;
                self.go_on_with_mac(mac, rest)
            }
            CryptMode::MacNext => {
                let mac = self.begun_mac(running)?;
                self.go_on_with_mac(mac, data)
            }
            CryptMode::MacLast => {
                let mac = self.begun_mac(running)?;
                self.finish_mac(mac, data)
            }
        }
    }

    /// The key that a usage byte and an index, or of purchases a version, name.
    pub(super) fn sam_key(&self, usage: SamUsage, number: u8) -> Result<SamKeySlot, Halt> {
        let mut keys = self.sam_application()?.sam_keys(self.memory);
        let found = keys.find(|slot| slot.usage == usage && slot.number() == number);
        found.ok_or(Halt::Status(StatusWord::KEY_INDEX_UNSUPPORTED))
    }

    fn begun_mac(&self, running: Option<Running>) -> Result<BlockMac, Halt> {
        match running {
            Some(Running::Mac(mac)) => Ok(*mac),
            _ => Err(Halt::Status(self.rules.status.wrong_state)),
        }
    }

    fn go_on_with_mac(&mut self, mut mac: BlockMac, blocks: &[u8]) -> Outcome {
        take(&mut mac, blocks)?;
        self.run(Running::Mac(Box::new(mac)));
        Ok(Reply::done())
    }

    /// Padding behind whole blocks.
    fn one_block_of_padding(&self) -> Result<Vec<u8>, Halt> {
        let key = self.state.sam.delivered.as_ref().ok_or(StatusWord::CONDITIONS)?;
        let mut block = vec![0; key.suite.block()];
        if let Some(first) = block.first_mut() {
            *first = 0x80;
        }
        Ok(block)
    }

    fn finish_mac(&self, mut mac: BlockMac, blocks: &[u8]) -> Outcome {
        take(&mut mac, blocks)?;
        if self.deviates(Deviation::PsamCryptPads) {
            take(&mut mac, &self.one_block_of_padding()?)?;
        }
        let length = usize::from(self.psam()?.mac_length);
        Ok(Reply::data(mac.finish().get(..length).unwrap_or_default()))
    }
}

/// Whether keys of this purpose are delivered. The one behind the laboratory's identification codes
/// never is: codes could be made with it.
fn delivers(psam: &PsamSpec, purpose: SamPurpose, slot: &SamKeySlot) -> bool {
    let secret = match psam.identification {
        IdentificationCheck::Lab { key } => {
            (slot.usage, slot.index) == (SamUsage::IDENTIFICATION, key)
        }
        _ => false,
    };
    psam.deliver.contains(&purpose) && !secret
}

impl Delivered {
    /// A MAC from the initial value that `data` begins with, and what follows it.
    fn begin<'d>(&self, data: &'d [u8]) -> Result<(BlockMac, &'d [u8]), Halt> {
        let form = self.purpose.mac().ok_or(StatusWord::CONDITIONS)?;
        let (initial, rest) = data.split_at_checked(self.suite.block()).unwrap_or((data, &[]));
        let mac = match form {
            SamMac::SecureMessaging => BlockMac::secure_messaging(self.suite, &self.key, initial),
            SamMac::Folded => BlockMac::folded(self.suite, &self.key, initial),
        };
        Ok((mac, rest))
    }
}

/// Whole blocks, as CRYPT has made sure.
fn take(mac: &mut BlockMac, blocks: &[u8]) -> Result<(), Halt> {
    mac.update(blocks).map_err(|error| Halt::Bug(error.to_string()))
}
