//! The file tree in card memory: fixed-size headers in linked lists, data behind them.
//!
//! Everything that personalisation can create and commands can change lies here, at addresses that
//! a card image keeps; the layout has a version word. See `docs/design/card-memory.md`.

mod directory;
mod file;
mod key;
mod pin;
mod purse;
mod sam;
mod site;

use nvm::{Nvm, NvmError};

pub use directory::{Df, NewDf, add_df};
pub use file::{Ef, Structure};
pub use key::KeySlot;
pub use pin::PinSlot;
pub use purse::{Purse, PurseState, PurseTerms, StoredProof};
pub use sam::SamKeySlot;
pub use site::Site;

use directory::df;
use file::EF_SIZE;
use site::Heap;

/// Layout version, in the first four bytes of memory.
pub const LAYOUT: [u8; 4] = *b"PK\x00\x01";
/// Whole-card state: 00 or 01 (CARD BLOCK).
pub const CARD_BLOCKED: u32 = 4;
/// Address of the first free byte.
const FREE: u32 = 8;
/// Address of the MF.
const FIRST_DF: u32 = 12;
/// Length (00 or 09) and value of the identification code.
pub const CODE: u32 = 16;
/// Where allocation starts.
const HEAP: u32 = 32;

/// A link to another header; zero is none.
pub type Address = u32;

/// How an application is blocked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocked {
    /// Not.
    No,
    /// Until unblocked.
    Temporarily,
    /// For ever.
    Permanently,
}

type Read<T> = Result<T, NvmError>;

/// Writes the frame of an empty card.
pub fn format(memory: &mut Nvm) -> Read<()> {
    memory.put(0, &LAYOUT)?;
    memory.put(FREE, &HEAP.to_be_bytes())
}

/// Whether the memory is laid out as this program expects: known layout, and lists that end inside
/// the memory. To be asked of memory that comes from outside, before anything walks it.
pub fn check(memory: &Nvm) -> Result<(), String> {
    let damaged = |what: &str, at: Address| format!("{what} at address {at:#x} cannot be");
    let read = |error: NvmError| error.to_string();
    let layout = memory.array::<4>(0).map_err(read)?;
    if layout != LAYOUT {
        let [_, _, high, low] = layout;
        return Err(format!("its memory layout is {high:02X}{low:02X}, this program knows 0001"));
    }
    // Room is taken upwards and directories stand in the order of their addresses, so that the links
    // of every list go up: none can be a ring.
    let mut last = 0;
    let mut df = memory.be32(FIRST_DF).map_err(read)?;
    while df != 0 {
        if df <= last {
            return Err(damaged("a directory", df));
        }
        last = df;
        if let Some(site) = Df(df).site(memory).map_err(read)?
            && !site.plausible(df, memory.size())
        {
            return Err(damaged("the region of a directory", df));
        }
        for head in [df + df::FIRST_EF, df + df::FIRST_KEY] {
            let mut before = df;
            let mut at = memory.be32(head).map_err(read)?;
            while at != 0 {
                if at <= before {
                    return Err(damaged("a file or key", at));
                }
                before = at;
                at = memory.be32(at).map_err(read)?;
            }
        }
        df = memory.be32(df).map_err(read)?;
    }
    if last == 0 { Err("it has no directory".to_owned()) } else { Ok(()) }
}

/// Writes bytes only where they change, so that cards made from one template share their pages, and
/// what is zero already is not written.
pub fn write(memory: &mut Nvm, address: Address, bytes: &[u8]) -> Read<()> {
    let mut at = address;
    for chunk in bytes.chunks(32) {
        let mut held = [0; 32];
        let held = held.get_mut(..chunk.len()).unwrap_or_default();
        memory.read(at, held)?;
        if held != chunk {
            memory.put(at, chunk)?;
        }
        at += chunk.len() as u32;
    }
    Ok(())
}

/// Takes `size` bytes of the heap.
pub fn allocate(memory: &mut Nvm, size: u32) -> Read<Address> {
    Heap::of_card(memory).take(memory, size)
}

/// Bytes of the heap that are free.
pub fn room(memory: &Nvm) -> Read<u32> {
    Ok(memory.size().saturating_sub(memory.be32(FREE)?))
}

/// Hangs the header at `address` on the end of the list that starts at `head`. Headers begin with
/// their link.
fn link(memory: &mut Nvm, head: Address, address: Address) -> Read<()> {
    let mut at = head;
    loop {
        match memory.be32(at)? {
            0 => return memory.put(at, &address.to_be_bytes()),
            following => at = following,
        }
    }
}

/// Writes a length byte and the bytes behind it.
fn put_counted(memory: &mut Nvm, address: Address, bytes: &[u8]) -> Read<()> {
    memory.put(address, &[&[bytes.len() as u8][..], bytes].concat())
}

/// Up to `N` bytes behind a byte that says how many there are.
fn counted<const N: usize>(memory: &Nvm, address: Address) -> Read<Vec<u8>> {
    let length = memory.byte(address)?;
    Ok(memory.array::<N>(address + 1)?.into_iter().take(length.into()).collect())
}
