//! Personalisation in process: a profile, a serial and master keys become card memory.
//!
//! Two steps: [`template`] lays out everything that cards of a profile share, [`fill`] writes what
//! depends on the serial. Cards made from one template share the pages that are equal.

use applet_spec::{
    Directory, FileKind, FileSpec, KeySpec, PinUse, Profile, Protection, RightsByte, SamKeySpec,
};
use crypto::custody::{CustodyError, KeyCustody};
use crypto::{Key, diversify};
use nvm::{Nvm, NvmError};
use purse::{Amount, Limit};

use super::tree::{self, Df, Ef, KeySlot, PinSlot, PurseState, PurseTerms, SamKeySlot, Structure};

/// Bytes of card memory.
pub const MEMORY: u32 = 0x1_0000;

/// What memory holds where a card keeps no right.
const ANYBODY: RightsByte = RightsByte(0x00);

/// Whoever holds master keys. They stay there: what is asked for is the key of one card.
pub trait MasterKeys {
    /// The card key (卡片子密钥) of a key slot: its master key diversified by each factor, highest
    /// first.
    ///
    /// # Errors
    /// Where there is no such master key, or its holder fails.
    fn card_key(
        &self,
        directory: &Directory,
        key: &KeySpec,
        factors: &[[u8; 8]],
    ) -> Result<Key, PersonaliseError>;

    /// The value of a PSAM's key slot: a master key, or one diversified by the highest factors.
    ///
    /// # Errors
    /// Where there is no such key, or its holder does not give it.
    fn sam_key(&self, directory: &Directory, key: &SamKeySpec) -> Result<Key, PersonaliseError>;
}

/// Master keys of a profile under lab custody: written in it, or made from its lab seed.
pub struct LabKeys<'p>(pub &'p Profile);

/// Master keys of a profile that a provider holds under their custody names.
pub struct CustodyKeys<'c> {
    /// The profile.
    pub profile: &'c Profile,
    /// The provider.
    pub custody: &'c dyn KeyCustody,
}

/// Why a card cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonaliseError {
    /// No master key.
    #[error(
        "profile {profile}: no master key for {key} of directory {directory}: give it a lab-seed \
         or the key a master (custody = \"lab\"), or pass keys in"
    )]
    NoMasterKey {
        /// Profile.
        profile: String,
        /// Directory fid.
        directory: String,
        /// Key kind and index.
        key: String,
    },
    /// The holder of the master keys does not give a card key.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// It does not fit.
    #[error("profile {profile} needs more than {MEMORY} bytes of card memory ({reason})")]
    TooLarge {
        /// Profile.
        profile: String,
        /// What the memory said.
        reason: NvmError,
    },
}

impl LabKeys<'_> {
    /// The master key behind a key slot.
    ///
    /// # Errors
    /// [`PersonaliseError::NoMasterKey`].
    pub fn master(&self, directory: &Directory, key: &KeySpec) -> Result<Key, PersonaliseError> {
        let profile = self.0;
        profile.lab_master(directory, key).ok_or_else(|| PersonaliseError::NoMasterKey {
            profile: profile.name.clone(),
            directory: format!("{:04X}", directory.fid),
            key: format!("{} {:02X}", key.kind.text(), key.index),
        })
    }
}

impl MasterKeys for LabKeys<'_> {
    fn card_key(
        &self,
        directory: &Directory,
        key: &KeySpec,
        factors: &[[u8; 8]],
    ) -> Result<Key, PersonaliseError> {
        Ok(diversified(&self.master(directory, key)?, key, factors))
    }

    fn sam_key(&self, directory: &Directory, key: &SamKeySpec) -> Result<Key, PersonaliseError> {
        let profile = self.0;
        profile.lab_sam_key(directory, key).ok_or_else(|| PersonaliseError::NoMasterKey {
            profile: profile.name.clone(),
            directory: format!("{:04X}", directory.fid),
            key: format!("PSAM key {:02X} {:02X}", key.usage.0, key.number()),
        })
    }
}

impl MasterKeys for CustodyKeys<'_> {
    fn card_key(
        &self,
        directory: &Directory,
        key: &KeySpec,
        factors: &[[u8; 8]],
    ) -> Result<Key, PersonaliseError> {
        let name = self.profile.custody_name(directory, key);
        Ok(self.custody.derive(&name, factors)?)
    }

    fn sam_key(&self, directory: &Directory, key: &SamKeySpec) -> Result<Key, PersonaliseError> {
        let name = self.profile.sam_custody_name(directory, key);
        Ok(self.custody.derive(&name, &self.profile.sam_factors(key))?)
    }
}

/// Lays out the memory of a card of `profile`, without keys and contents.
///
/// # Errors
/// [`PersonaliseError::TooLarge`].
pub fn template(profile: &Profile) -> Result<Nvm, PersonaliseError> {
    lay_out(profile).map_err(|reason| too_large(profile, reason))
}

/// Writes keys and file contents of the card with `serial` into memory laid out by [`template`].
///
/// # Errors
/// A missing master key.
pub fn fill(
    memory: &mut Nvm,
    profile: &Profile,
    serial: &[u8; 8],
    masters: &dyn MasterKeys,
) -> Result<(), PersonaliseError> {
    let io = |reason| too_large(profile, reason);
    let dfs: Vec<Df> = Df::all(memory).collect();
    let public = profile.public_content(serial);
    let factors = profile.factors_for(serial);
    for (directory, df) in profile.directories.iter().zip(dfs) {
        for file in &directory.files {
            fill_file(memory, df, file, serial, &public).map_err(io)?;
        }
        for key in &directory.keys {
            let card_key = masters.card_key(directory, key, &factors)?;
            if let Some(slot) = df.key(memory, key.kind, key.index).map_err(io)? {
                slot.set_value(memory, &card_key).map_err(io)?;
            }
        }
        for key in &directory.sam_keys {
            let value = masters.sam_key(directory, key)?;
            df.add_sam_key(memory, &sam_slot(key), &value).map_err(io)?;
        }
    }
    Ok(())
}

/// A card key (卡片子密钥): the master key diversified by the profile's factors, highest first.
pub fn diversified(master: &Key, key: &KeySpec, factors: &[[u8; 8]]) -> Key {
    factors.iter().fold(master.clone(), |value, factor| diversify(key.suite, &value, factor))
}

fn lay_out(profile: &Profile) -> Result<Nvm, NvmError> {
    let mut memory = Nvm::new(MEMORY);
    let memory_ref = &mut memory;
    tree::format(memory_ref)?;
    if let Some(code) = profile.authentication_code {
        tree::write(memory_ref, tree::CODE, &[9])?;
        tree::write(memory_ref, tree::CODE + 1, &code)?;
    }
    for directory in &profile.directories {
        let label = directory.label.as_deref();
        let df = tree::add_df(memory_ref, directory.fid, &directory.name, &directory.fci, label)?;
        if let Some(rules) = &profile.rules.issuing {
            df.build_master(memory_ref, rules)?;
            df.add_file(memory_ref, Ef::key_file(0x0000, rules.key_file, rules.add_key), 0)?;
        }
        for file in &directory.files {
            add_file(memory_ref, df, file)?;
        }
        for key in &directory.keys {
            let tries = key.tries.unwrap_or(KeySlot::UNLIMITED);
            // The key itself comes with `fill`.
            df.add_key(
                memory_ref,
                &KeySlot {
                    address: 0,
                    next: 0,
                    kind: key.kind as u8,
                    index: key.index,
                    version: key.version,
                    algorithm: key.algorithm_id,
                    suite: key.suite,
                    tries_max: tries,
                    tries,
                    next_state: key.next_state,
                    use_right: key.use_right.unwrap_or(ANYBODY),
                    change_right: key.change_right.unwrap_or(ANYBODY),
                    protection: Protection::None,
                },
                &Key::double([0; 16]),
            )?;
        }
        if let Some(pin) = &directory.pin {
            let mut value = [0xFF; 6];
            for (to, from) in value.iter_mut().zip(&pin.value) {
                *to = *from;
            }
            let (index, tries, next_state) = (pin.index, pin.tries, pin.next_state);
            let slot = PinSlot {
                address: 0,
                index,
                tries_max: tries,
                tries,
                next_state,
                value,
                use_right: ANYBODY,
                change_right: ANYBODY,
            };
            df.add_pin(memory_ref, slot)?;
        }
        for spec in &directory.purses {
            let state = PurseState {
                balance: Amount(spec.balance),
                online: 0,
                offline: 0,
                limit: spec.overdraft.and_then(Limit::new).unwrap_or_default(),
            };
            let terms = PurseTerms {
                maximum: Amount(spec.maximum),
                pin_for: bits(&spec.pin_for),
                allows: bits(&spec.allows),
                log: 0,
                use_right: ANYBODY,
            };
            df.add_purse(memory_ref, spec.kind, &terms)?.set_state(memory_ref, &state)?;
        }
        if let Some(psam) = profile.psam.as_ref().filter(|_| !directory.sam_keys.is_empty()) {
            df.set_sam_serial(memory_ref, psam.serial_file)?;
        }
        if let Some(log) = directory.log {
            let sfis = [log.purchase, log.load, log.other_city.unwrap_or_default()];
            df.set_log(memory_ref, sfis)?;
        }
    }
    Ok(memory)
}

fn sam_slot(key: &SamKeySpec) -> SamKeySlot {
    SamKeySlot {
        address: 0,
        usage: key.usage,
        index: key.index,
        version: key.version,
        algorithm: key.algorithm_id,
        suite: key.suite,
    }
}

fn add_file(memory: &mut Nvm, df: Df, file: &FileSpec) -> Result<(), NvmError> {
    let (structure, record, count, size) = match file.kind {
        FileKind::Binary { size } => (Structure::Binary, 0, 0, size),
        FileKind::Linear { record, count } => (Structure::Linear, record, count, 0),
        FileKind::Variable { record, count } => (Structure::Variable, record, count, 0),
        FileKind::Cyclic { record, count } => (Structure::Cyclic, record, count, 0),
    };
    let used = if structure == Structure::Binary { 0 } else { file.content.len().min(255) as u8 };
    let header = Ef {
        fid: file.fid,
        sfi: file.sfi,
        structure,
        record,
        count,
        size,
        read: file.read,
        update: file.update,
        protection: file.protection,
        protect_read: file.protect_read,
        key: file.key_index,
        read_key: file.key_index,
        used,
        // Content lists record 1 first, and record 1 of a ring is its newest.
        head: if structure == Structure::Cyclic { used.saturating_sub(1) } else { 0 },
        ..Ef::default()
    };
    let room = match structure {
        Structure::Binary => u32::from(size),
        _ => header.stride() * u32::from(count),
    };
    df.add_file(memory, header, room)
}

fn fill_file(
    memory: &mut Nvm,
    df: Df,
    file: &FileSpec,
    serial: &[u8; 8],
    public: &[u8],
) -> Result<(), NvmError> {
    let Some(ef) = df.by_sfi(memory, file.sfi)? else {
        return Ok(());
    };
    for (number, content) in (1..=255_u8).zip(&file.content) {
        let mut bytes = content.fill(serial, public);
        match ef.structure {
            Structure::Binary => tree::write(memory, ef.data, &bytes)?,
            Structure::Variable => {
                bytes.insert(0, bytes.len() as u8);
                let at = ef.slot(memory, number)?.unwrap_or(ef.data);
                tree::write(memory, at, &bytes)?;
            }
            _ => {
                let at = ef.slot(memory, number)?.unwrap_or(ef.data);
                tree::write(memory, at, &bytes)?;
            }
        }
    }
    Ok(())
}

/// A set of uses as the memory holds it.
pub fn bits(uses: &[PinUse]) -> u8 {
    uses.iter().fold(0, |bits, pin_use| bits | bit(*pin_use))
}

/// A use as a bit.
pub fn bit(pin_use: PinUse) -> u8 {
    match pin_use {
        PinUse::Balance => 0x01,
        PinUse::Load => 0x02,
        PinUse::Purchase => 0x04,
        PinUse::Cash => 0x08,
        PinUse::Unload => 0x10,
        PinUse::Overdraft => 0x20,
        PinUse::Capp => 0x40,
    }
}

fn too_large(profile: &Profile, reason: NvmError) -> PersonaliseError {
    PersonaliseError::TooLarge { profile: profile.name.clone(), reason }
}
