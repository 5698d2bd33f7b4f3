//! Directories that are built by commands: what they may hold, and the memory that is theirs.
//!
//! Each has a region: its files, keys and child directories lie in it, one behind the other, and
//! nothing else does. Erasing starts the region anew, so no room is lost however often a card is
//! built, and whatever is made in one directory stays out of the others.

use applet_spec::{IssuingRules, RightsByte};
use nvm::Nvm;

use super::directory::df;
use super::{Address, Df, Ef, FREE, NewDf, Read, Structure};

/// Where room is taken from.
#[derive(Clone, Copy)]
pub(super) struct Heap {
    /// Where the first free address is kept.
    free: Address,
    /// Where the room ends.
    end: Address,
}

/// How a directory is built, and its region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Site {
    /// Where this is in memory; the region begins behind it.
    address: Address,
    /// The directory it was made in; that of the MF is 0.
    pub parent: Address,
    /// First byte of the region that is free.
    free: Address,
    /// Where the region ends.
    end: Address,
    /// Bytes that the directory may hold, by the card's own count.
    pub size: u16,
    /// Right to create.
    pub create: RightsByte,
    /// Right to erase.
    pub erase: RightsByte,
}

/// Bytes of a site in memory.
pub(super) const SITE_SIZE: u32 = 16;
/// Offset of `free` in it.
const SITE_FREE: u32 = 4;
/// Offset of the byte before the three of `end`.
const SITE_BEFORE_END: u32 = 7;
/// Offset of `size`.
const SITE_COUNT: u32 = 11;
/// Offset of the two rights.
const SITE_RIGHTS: u32 = 13;

impl Heap {
    /// That of cards that are laid out by a profile.
    pub(super) fn of_card(memory: &Nvm) -> Self {
        Self { free: FREE, end: memory.size() }
    }

    /// Takes `size` bytes.
    pub(super) fn take(self, memory: &mut Nvm, size: u32) -> Read<Address> {
        let at = memory.be32(self.free)?;
        let end = at.saturating_add(size);
        if end > self.end {
            let (length, size) = (size as usize, self.end);
            return Err(nvm::NvmError::OutOfRange { address: at, length, size });
        }
        memory.put(self.free, &end.to_be_bytes())?;
        Ok(at)
    }
}

impl Site {
    /// Bytes of card memory for a directory of `size` bytes by the card's own count, in which
    /// directories may lie `inner` deep: headers here are larger than what such a card counts for
    /// them. Three times the count is enough for files and keys of any size; there is room for the
    /// headers of four directories in one that holds no deeper ones, and of two around these.
    pub fn region(size: u16, inner: usize) -> u32 {
        let directories = match inner {
            0 => 0x40,
            1 => 0x280,
            _ => 0x5E0,
        };
        3 * u32::from(size) + directories
    }

    /// The site of a directory that is being made, at an address inside the region of `parent`.
    pub(super) fn new(address: Address, parent: Address, new: &NewDf<'_>) -> Self {
        let start = address + SITE_SIZE;
        let (size, create, erase) = (new.size, new.create, new.erase);
        Self {
            address,
            parent,
            free: start,
            end: start + Self::region(size, new.inner),
            size,
            create,
            erase,
        }
    }

    /// Where the next thing that is made will lie.
    pub fn free(&self) -> Address {
        self.free
    }

    /// Bytes of the region that are free.
    pub fn room(&self) -> u32 {
        self.end.saturating_sub(self.free)
    }

    /// Where the region begins.
    pub fn start(&self) -> Address {
        self.address + SITE_SIZE
    }

    /// Where it ends.
    pub fn end(&self) -> Address {
        self.end
    }

    pub(super) fn at(memory: &Nvm, address: Address) -> Read<Self> {
        let [create, erase] = memory.array(address + SITE_RIGHTS)?;
        Ok(Self {
            address,
            parent: memory.be16(address)?.into(),
            free: memory.be32(address + SITE_FREE)?,
            end: memory.be32(address + SITE_BEFORE_END)? & 0x00FF_FFFF,
            size: memory.be16(address + SITE_COUNT)?,
            create: RightsByte(create),
            erase: RightsByte(erase),
        })
    }

    fn write(&self, memory: &mut Nvm) -> Read<()> {
        let [_, end @ ..] = self.end.to_be_bytes();
        let bytes = [
            &(self.parent << 16).to_be_bytes()[..],
            &self.free.to_be_bytes(),
            &end,
            &self.size.to_be_bytes(),
            &[self.create.0, self.erase.0],
        ];
        memory.put(self.address, &bytes.concat())
    }

    /// Whether it can be the site of the directory at `df`, in memory of `size` bytes.
    pub(super) fn plausible(&self, df: Address, size: u32) -> bool {
        self.parent < df
            && df < self.address
            && self.start() <= self.free
            && self.free <= self.end
            && self.end <= size
    }
}

impl Df {
    /// Its site, if it is built by commands.
    pub fn site(self, memory: &Nvm) -> Read<Option<Site>> {
        match memory.be16(self.0 + df::SITE)? {
            0 => Ok(None),
            address => Site::at(memory, address.into()).map(Some),
        }
    }

    /// Where its files and keys are put.
    pub(super) fn heap(self, memory: &Nvm) -> Read<Heap> {
        Ok(match self.site(memory)? {
            Some(site) => Heap { free: site.address + SITE_FREE, end: site.end },
            None => Heap::of_card(memory),
        })
    }

    /// Makes the MF of a new card one that is built by commands; all of memory is its region.
    pub fn build_master(self, memory: &mut Nvm, rules: &IssuingRules) -> Read<()> {
        let address = Heap::of_card(memory).take(memory, SITE_SIZE)?;
        let end = memory.size();
        let free = address + SITE_SIZE;
        let IssuingRules { room: size, create, erase, .. } = *rules;
        self.set_site(memory, Site { address, parent: 0, free, end, size, create, erase })?;
        // Nothing else takes of it.
        memory.put(FREE, &end.to_be_bytes())
    }

    /// Makes it one that is built by commands. Its site lies right behind its header.
    pub(super) fn set_site(self, memory: &mut Nvm, site: Site) -> Read<()> {
        site.write(memory)?;
        // Card memory has 64 KiB.
        let address = u16::try_from(site.address).unwrap_or_default();
        memory.put(self.0 + df::SITE, &address.to_be_bytes())
    }

    /// Directories that were made in it.
    pub fn children(self, memory: &Nvm) -> impl Iterator<Item = (Df, Site)> {
        let sites = Df::all(memory).filter_map(|df| Some((df, df.site(memory).ok()??)));
        sites.filter(move |(_, site)| site.parent == self.0)
    }

    /// Its key file.
    pub fn key_file(self, memory: &Nvm) -> Read<Option<Ef>> {
        Ok(self.files(memory).find(|file| file.structure == Structure::Keys))
    }

    /// Whether anything may be done in it (without rights): it is built by commands and has no key
    /// file yet. Sources: one description and one page agree; what is built stays open until the
    /// directory is left.
    pub fn is_open_ground(self, memory: &Nvm) -> Read<bool> {
        Ok(self.site(memory)?.is_some() && self.key_file(memory)?.is_none())
    }

    /// Forgets everything that was made in it, child directories too, as part of the open
    /// transaction. What is `kept` of it: its key file with keys and PIN, or nothing.
    pub fn erase(self, memory: &mut Nvm, site: &Site, kept: Option<&Ef>) -> Read<()> {
        const LISTS: usize = (df::SIZE - df::FIRST_EF) as usize;
        let mut lists = memory.array::<LISTS>(self.0 + df::FIRST_EF)?;
        let keep = if kept.is_some() { (df::PURSES - df::FIRST_EF) as usize } else { 0 };
        lists.iter_mut().skip(keep).for_each(|byte| *byte = 0);
        let mut free = site.start();
        if let Some(file) = kept {
            // Files follow it; keys and PIN stay where they are.
            memory.put(file.address, &[0; 4])?;
            free = self.keys_end(memory, file)?;
        }
        memory.put(self.0 + df::FIRST_EF, &lists)?;
        memory.put(site.address + SITE_FREE, &free.to_be_bytes())?;
        let next = Df::all(memory).find(|df| df.0 >= site.end).map_or(0, |df| df.0);
        memory.put(self.0, &next.to_be_bytes())
    }

    /// The first address behind its key file, keys and PIN.
    fn keys_end(self, memory: &Nvm, file: &Ef) -> Read<Address> {
        let keys = self.keys(memory).map(|key| key.address + super::key::KEY_SIZE);
        let pin = self.pin(memory)?.map(|pin| pin.address + super::pin::PIN_SIZE);
        let last = keys.chain(pin).max().unwrap_or(0);
        Ok(last.max(file.address + super::EF_SIZE))
    }
}
