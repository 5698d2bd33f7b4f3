//! Finding things in a profile, and what follows from it for one card.

use super::{Directory, FileKind, FileSpec, KeyKind, KeySpec, Profile, PurseKind, PurseSpec};

impl Profile {
    /// SFI of the public file (公共应用信息文件).
    pub const PUBLIC_SFI: u8 = 0x15;

    /// The first directory with a purse.
    pub fn application(&self) -> Option<&Directory> {
        self.directories.iter().find(|directory| !directory.purses.is_empty())
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
        let public = self.public_content(serial);
        self.factors
            .iter()
            .filter_map(|factor| factor.fill(serial, &public).try_into().ok())
            .collect()
    }

    /// Bytes of a card that the profile takes: contents, and a rough count for headers and keys.
    pub fn footprint(&self) -> usize {
        const DIRECTORY: usize = 64;
        const KEY: usize = 32;
        const FILE: usize = 16;
        let of_directory = |directory: &Directory| {
            let files = directory.files.iter().map(|file| FILE + file.kind.bytes());
            DIRECTORY + KEY * directory.keys.len() + files.sum::<usize>()
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
