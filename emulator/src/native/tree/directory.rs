//! Directory headers (MF, PSE, ADF).

use applet_spec::{FciForm, RightsByte};
use nvm::Nvm;

use super::site::SITE_SIZE;
use super::{
    Address, Blocked, EF_SIZE, Ef, FIRST_DF, Read, Site, allocate, counted, link, put_counted,
};

/// A directory header.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Df(pub Address);

/// Offsets in a directory header; the link to the next one comes first.
pub(super) mod df {
    pub const FID: u32 = 4;
    pub const NAME: u32 = 6;
    pub const BLOCKED: u32 = 23;
    /// Form (00 is the bare one) and SFI.
    pub const FCI: u32 = 24;
    pub const VERSION: u32 = 26;
    pub const LABEL: u32 = 32;
    /// Address of the site, of directories that are built by commands.
    pub const SITE: u32 = 49;
    pub const SAM_SERIAL: u32 = 51;
    pub const FIRST_EF: u32 = 52;
    pub const FIRST_KEY: u32 = 56;
    pub const PIN: u32 = 60;
    pub const PURSES: u32 = 64;
    pub const LOG: u32 = 72;
    pub const WRONG_MACS: u32 = 75;
    pub const PROOF: u32 = 76;
    pub const SIZE: u32 = 88;
}

/// Adds a directory at the end of the list.
pub fn add_df(
    memory: &mut Nvm,
    fid: u16,
    name: &[u8],
    fci: &FciForm,
    label: Option<&[u8]>,
) -> Read<Df> {
    let df = Df(allocate(memory, df::SIZE)?);
    df.describe(memory, fid, name, fci)?;
    put_counted(memory, df.0 + df::LABEL, label.unwrap_or_default())?;
    link(memory, FIRST_DF, df.0)?;
    Ok(df)
}

/// A directory that is made by a command.
pub struct NewDf<'n> {
    /// File identifier.
    pub fid: u16,
    /// DF name; empty where it is found by fid only.
    pub name: &'n [u8],
    /// What SELECT answers.
    pub fci: FciForm,
    /// Bytes it may hold, by the card's own count.
    pub size: u16,
    /// Right to create in it.
    pub create: RightsByte,
    /// Right to erase it.
    pub erase: RightsByte,
    /// How deep directories may lie in it.
    pub inner: usize,
}

impl NewDf<'_> {
    /// Bytes of card memory that it takes of the directory it is made in.
    pub fn bytes(&self) -> u32 {
        Self::HEADERS + Site::region(self.size, self.inner)
    }

    /// Bytes of that which its headers take, at the beginning.
    pub const HEADERS: u32 = df::SIZE + SITE_SIZE;
}

impl Df {
    /// The MF.
    pub fn master(memory: &Nvm) -> Read<Df> {
        memory.be32(FIRST_DF).map(Df)
    }

    /// All directories, the MF first.
    pub fn all(memory: &Nvm) -> impl Iterator<Item = Df> {
        let first = memory.be32(FIRST_DF).unwrap_or_default();
        std::iter::successors(Some(first), |at| memory.be32(*at).ok())
            .take_while(|at| *at != 0)
            .map(Df)
    }

    /// Writes into its header, which is zero, what SELECT finds it by and answers.
    fn describe(self, memory: &mut Nvm, fid: u16, name: &[u8], fci: &FciForm) -> Read<()> {
        memory.put(self.0 + df::FID, &fid.to_be_bytes())?;
        put_counted(memory, self.0 + df::NAME, name)?;
        let at = self.0 + df::FCI;
        match fci {
            FciForm::Bare => Ok(()),
            FciForm::Dir { sfi } => memory.put(at, &[1, *sfi]),
            FciForm::Ppse => memory.put(at, &[2]),
            FciForm::PublicFile { version, sfi } => {
                memory.put(at, &[3, *sfi])?;
                let version = version.as_deref().unwrap_or_default();
                put_counted(memory, self.0 + df::VERSION, version)
            }
        }
    }

    /// File identifier.
    pub fn fid(self, memory: &Nvm) -> Read<u16> {
        memory.be16(self.0 + df::FID)
    }

    /// DF name.
    pub fn name(self, memory: &Nvm) -> Read<Vec<u8>> {
        counted::<16>(memory, self.0 + df::NAME)
    }

    /// Label in directory records.
    pub fn label(self, memory: &Nvm) -> Read<Vec<u8>> {
        counted::<16>(memory, self.0 + df::LABEL)
    }

    /// FCI form.
    pub fn fci(self, memory: &Nvm) -> Read<FciForm> {
        let [form, sfi] = memory.array(self.0 + df::FCI)?;
        Ok(match form {
            1 => FciForm::Dir { sfi },
            2 => FciForm::Ppse,
            3 => {
                let version = counted::<5>(memory, self.0 + df::VERSION)?;
                FciForm::PublicFile { version: Some(version).filter(|v| !v.is_empty()), sfi }
            }
            _ => FciForm::Bare,
        })
    }

    /// Block state.
    pub fn blocked(self, memory: &Nvm) -> Read<Blocked> {
        Ok(match memory.byte(self.0 + df::BLOCKED)? {
            0 => Blocked::No,
            1 => Blocked::Temporarily,
            _ => Blocked::Permanently,
        })
    }

    /// Sets the block state.
    pub fn block(self, memory: &mut Nvm, blocked: Blocked) -> Read<()> {
        memory.put(self.0 + df::BLOCKED, &[blocked as u8])
    }

    /// The file with a short identifier.
    pub fn by_sfi(self, memory: &Nvm, sfi: u8) -> Read<Option<Ef>> {
        self.find(memory, |ef| ef.sfi == sfi)
    }

    /// The file with an identifier.
    pub fn by_fid(self, memory: &Nvm, fid: u16) -> Read<Option<Ef>> {
        self.find(memory, |ef| ef.fid == fid)
    }

    /// All files.
    pub fn files(self, memory: &Nvm) -> impl Iterator<Item = Ef> {
        let first = memory.be32(self.0 + df::FIRST_EF).unwrap_or_default();
        std::iter::successors(Ef::at(memory, first).ok().flatten(), |ef| {
            Ef::at(memory, ef.next).ok().flatten()
        })
    }

    fn find(self, memory: &Nvm, wanted: impl Fn(&Ef) -> bool) -> Read<Option<Ef>> {
        let mut at = memory.be32(self.0 + df::FIRST_EF)?;
        while let Some(ef) = Ef::at(memory, at)? {
            if wanted(&ef) {
                return Ok(Some(ef));
            }
            at = ef.next;
        }
        Ok(None)
    }

    /// Makes a directory in this one, whose region has the room and is zero there.
    pub fn add_child(self, memory: &mut Nvm, new: &NewDf<'_>) -> Read<Df> {
        let at = self.heap(memory)?.take(memory, new.bytes())?;
        // Directories stand in the order of their addresses.
        let before = Df::all(memory).take_while(|df| df.0 < at).last().unwrap_or(self);
        let next = memory.be32(before.0)?;
        let (df, site) = (Df(at), Site::new(at + df::SIZE, self.0, new));
        df.describe(memory, new.fid, new.name, &new.fci)?;
        memory.put(at, &next.to_be_bytes())?;
        memory.put(before.0, &at.to_be_bytes())?;
        df.set_site(memory, site)?;
        Ok(df)
    }

    /// Adds a file and its room; where they are is filled in.
    pub fn add_file(self, memory: &mut Nvm, mut header: Ef, bytes: u32) -> Read<()> {
        let heap = self.heap(memory)?;
        header.address = heap.take(memory, EF_SIZE)?;
        header.data = heap.take(memory, bytes)?;
        header.write(memory)?;
        link(memory, self.0 + df::FIRST_EF, header.address)
    }
}
