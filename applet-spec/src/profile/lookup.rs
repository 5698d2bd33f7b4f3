//! Finding things in a profile, and what follows from it for one card.

use apdu::tlv;
use crypto::custody::{HeldKeys, KeyName};
use crypto::{Key, Suite, lab_master};

use super::{
    Custody, Directory, FciForm, FileKind, FileSpec, KeyKind, KeySpec, Profile, PurseKind,
    PurseSpec,
};
use crate::Template;

impl Profile {
    /// SFI of the public file (公共应用信息文件).
    pub const PUBLIC_SFI: u8 = 0x15;

    /// The first directory with a purse.
    pub fn application(&self) -> Option<&Directory> {
        self.directories.iter().find(|directory| !directory.purses.is_empty())
    }

    /// The directory that the card is there for: the first purse application, or that of a PSAM.
    pub fn main_directory(&self) -> Option<&Directory> {
        self.application().or_else(|| self.sam_application())
    }

    /// The public file that `{public:A..B}` in factors and in directories without an own one means:
    /// file 15 of the first purse application.
    pub fn public_file(&self) -> Option<&FileSpec> {
        self.application()?.file(Self::PUBLIC_SFI)
    }

    /// Content of that file for a card with this serial; empty where there is none.
    pub fn public_content(&self, serial: &[u8; 8]) -> Vec<u8> {
        let template = self.public_file().and_then(|file| file.content.first());
        template.map_or_else(Vec::new, |template| template.fill(serial, &[]))
    }

    /// The diversification factors of a card with this serial, in the order they are applied.
    pub fn factors_for(&self, serial: &[u8; 8]) -> Vec<[u8; 8]> {
        self.factors_of(serial, &self.public_content(serial))
    }

    /// The same for a card whose public file (file 15) is known.
    pub fn factors_of(&self, serial: &[u8; 8], public: &[u8]) -> Vec<[u8; 8]> {
        let fill = |factor: &Template| factor.fill(serial, public).try_into().ok();
        self.factors.iter().filter_map(fill).collect()
    }

    /// Where the 8-byte serial stands in the public file.
    pub fn serial_offset(&self) -> Option<usize> {
        self.public_file()?.content.first()?.serial_offset()
    }

    /// The serial of the card with this public file.
    pub fn serial_in(&self, public: &[u8]) -> Option<[u8; 8]> {
        public.get(self.serial_offset()?..)?.first_chunk().copied()
    }

    /// Whether a card whose main directory has this name and FCI may be of the family. Families
    /// with the same name differ in whether the FCI tells a version.
    pub fn may_be(&self, name: &[u8], fci: &[u8]) -> bool {
        let Some(application) = self.main_directory() else { return false };
        let told = tlv::find(fci, &[0x6F, 0xA5, 0x9F08]).ok().flatten();
        let version = match &application.fci {
            FciForm::PublicFile { version, .. } => version.as_deref(),
            _ => None,
        };
        application.name == name && told == version
    }

    /// What custody calls the master key behind a key slot:
    /// `PROFILE/DIRECTORY/KIND/INDEX/VERSION`, `jtt978/1001/purchase/01/01`.
    pub fn custody_name(&self, directory: &Directory, key: &KeySpec) -> KeyName {
        KeyName::joined([self.name.as_str(), &key.label(directory)])
    }

    /// The master key behind a key slot under lab custody: written in the profile, or made from
    /// its lab seed and the slot's [label](KeySpec::label). `None` where keys come from elsewhere.
    pub fn lab_master(&self, directory: &Directory, key: &KeySpec) -> Option<Key> {
        if let Some(master) = &key.master {
            return Some(Key::double(master.0));
        }
        let seed = self.lab_seed.as_ref().filter(|_| self.custody == Custody::Lab)?;
        Some(lab_master(seed, &key.label(directory)))
    }

    /// The lab master keys, with their custody names; none where keys come from elsewhere. Those of
    /// a PSAM are its own and, under their names, those of the profile it serves.
    pub fn lab_keys(&self) -> impl Iterator<Item = (KeyName, Suite, Key)> {
        self.directories.iter().flat_map(move |directory| {
            let keys = directory.keys.iter().filter_map(move |key| {
                let master = self.lab_master(directory, key)?;
                Some((self.custody_name(directory, key), key.suite, master))
            });
            keys.chain(self.lab_sam_keys(directory))
        })
    }

    /// The provider of the lab keys.
    pub fn lab_custody(&self) -> HeldKeys {
        HeldKeys::public(format!("lab keys of {} {}", self.name, self.version), self.lab_keys())
    }

    /// Bytes of a card that the profile takes: contents, and a rough count for headers and keys.
    pub fn footprint(&self) -> usize {
        const DIRECTORY: usize = 64;
        const KEY: usize = 32;
        const FILE: usize = 16;
        let of_directory = |directory: &Directory| {
            let files = directory.files.iter().map(|file| FILE + file.kind.bytes());
            let keys = directory.keys.len() + directory.sam_keys.len();
            DIRECTORY + KEY * keys + files.sum::<usize>()
        };
        self.directories.iter().map(of_directory).sum()
    }

    pub(crate) fn public_file_size(&self) -> Option<u16> {
        match self.public_file()?.kind {
            FileKind::Binary { size } => Some(size),
            _ => None,
        }
    }
}

impl Directory {
    /// The file with this short identifier.
    pub fn file(&self, sfi: u8) -> Option<&FileSpec> {
        self.files.iter().find(|file| file.sfi == sfi)
    }

    /// The key of this kind and index.
    pub fn key(&self, kind: KeyKind, index: u8) -> Option<&KeySpec> {
        self.keys.iter().find(|key| key.kind == kind && key.index == index)
    }

    /// The purse of this kind.
    pub fn purse(&self, kind: PurseKind) -> Option<&PurseSpec> {
        self.purses.iter().find(|purse| purse.kind == kind)
    }
}

impl KeySpec {
    /// The slot within its profile, `DIRECTORY/KIND/INDEX/VERSION`: lab keys are made from it, and
    /// custody names end with it.
    pub fn label(&self, directory: &Directory) -> String {
        let (fid, kind) = (directory.fid, self.kind.text());
        format!("{fid:04X}/{kind}/{:02X}/{:02X}", self.index, self.version)
    }
}

impl FileKind {
    /// Bytes of content when full.
    pub fn bytes(self) -> usize {
        match self {
            Self::Binary { size } => usize::from(size),
            Self::Linear { record, count }
            | Self::Variable { record, count }
            | Self::Cyclic { record, count } => usize::from(record) * usize::from(count),
        }
    }
}
