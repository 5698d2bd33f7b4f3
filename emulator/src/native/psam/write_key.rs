//! WRITE SAM KEY (装载密钥): a key is added, or replaced whole.

use apdu::StatusWord;
use applet_spec::{KeyKind, SamPurpose, SamUsage, suite_of_algorithm};
use crypto::{Key, Mac, Suite, decipher};
use zeroize::Zeroizing;

use crate::application::{Halt, Reply};
use crate::native::secure::WrongMac;
use crate::native::tree::{self, Df, KeySlot, SamKeySlot};
use crate::native::{Outcome, Session};

/// What the enciphered data says.
struct NewKey {
    usage: SamUsage,
    /// Version of a purchase key, index of others.
    number: u8,
    algorithm: u8,
    suite: Suite,
    value: Key,
}

impl Session<'_, '_> {
    pub(super) fn write_sam_key(&mut self, enciphered: &[u8], mac: Mac) -> Outcome {
        let application = self.sam_application()?;
        let master = application
            .first_key(self.memory, KeyKind::ApplicationMaster)?
            .ok_or(StatusWord::CONDITIONS)?;
        self.check_secured(&master, enciphered, mac, WrongMac::Counts)?;
        let transport = master.value(self.memory)?;
        let plain = decipher(master.suite, &transport, enciphered).map(Zeroizing::new);
        let plain = plain.map_err(|_| StatusWord::WRONG_DATA)?;
        let new = self.new_key(application, &plain)?;
        if new.usage == SamUsage::MASTER {
            let NewKey { number: version, algorithm, suite, value, .. } = new;
            let slot = KeySlot { version, algorithm, suite, tries: master.tries_max, ..master };
            slot.replace(self.memory, &value)?;
            return Ok(Reply::done());
        }
        self.put_sam_key(application, &new)?;
        Ok(Reply::done())
    }

    /// `usage ‖ version ‖ algorithm ‖ key`, if this module has a use for such a key.
    fn new_key(&self, application: Df, plain: &[u8]) -> Result<NewKey, Halt> {
        let wrong = Halt::Status(StatusWord::WRONG_DATA);
        let Some(([usage, number, algorithm], value)) = plain.split_first_chunk::<3>() else {
            return Err(wrong);
        };
        let usage = SamUsage(*usage);
        let known = application.sam_keys(self.memory).find(|slot| slot.algorithm == *algorithm);
        let suite = known.map(|slot| slot.suite).or_else(|| suite_of_algorithm(*algorithm));
        let value = Key::new(value).ok();
        let (Some(suite), Some(value)) = (suite, value) else { return Err(wrong) };
        let fits = suite != Suite::Sm4 || value.len() == 16;
        if !(fits && useful(usage)) {
            return Err(wrong);
        }
        Ok(NewKey { usage, number: *number, algorithm: *algorithm, suite, value })
    }

    fn put_sam_key(&mut self, application: Df, new: &NewKey) -> Result<(), Halt> {
        let NewKey { usage, number, algorithm, suite, .. } = *new;
        let old = application.sam_keys(self.memory).find(|slot| {
            let same_algorithm = !usage.by_version() || slot.algorithm == algorithm;
            slot.usage == usage && slot.number() == number && same_algorithm
        });
        if let Some(old) = old {
            let slot = SamKeySlot { algorithm, suite, ..old };
            return Ok(slot.replace(self.memory, &new.value)?);
        }
        if tree::room(self.memory)? < SamKeySlot::SIZE {
            return Err(Halt::Status(StatusWord::NO_SPACE));
        }
        let (index, version) = (number, number);
        let slot = SamKeySlot { address: 0, usage, index, version, algorithm, suite };
        self.atomically(|session| Ok(application.add_sam_key(session.memory, &slot, &new.value)?))
    }
}

/// Whether a module works with keys of this usage: in purchases, by CRYPT, or as its master key.
fn useful(usage: SamUsage) -> bool {
    let levels = usage.levels();
    levels <= SamUsage::MOST_LEVELS
        && match usage.purpose() {
            Some(SamPurpose::Purchase) => levels > 0,
            Some(SamPurpose::Master) => levels == 0,
            Some(purpose) => purpose.calculates(),
            None => false,
        }
}
