//! Everything that makes a code, as values that can be changed one by one.
//!
//! A [`Scenario`] is one way to compute a code. A mistake is another scenario that differs from the
//! right one in some [`Slot`]s; two mistakes that differ in different slots can be made together,
//! which is [`Scenario::overlay`].

mod slots;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use applet_spec::KeyKind;
use crypto::Suite;
use crypto::custody::KeyName;

use crate::Field;

pub use slots::{Part, Slot, Slots};

/// One way to compute a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The stored key it starts from.
    pub key: Arc<KeyChoice>,
    /// Diversification factors, highest level first; none is the stored key itself.
    pub levels: Vec<[u8; 8]>,
    /// Which halves of the card key are used.
    pub halves: Halves,
    /// The algorithms of the three steps.
    pub suites: Suites,
    /// How the key of the MAC comes from the card key.
    pub form: KeyForm,
    /// Session key input: random.
    pub random: [u8; 4],
    /// Session key input: card serial.
    pub serial: [u8; 2],
    /// Session key input: the last two bytes.
    pub tail: [u8; 2],
    /// Order of the three.
    pub order: SessionOrder,
    /// Fields that are covered, in order.
    pub layout: Vec<Field>,
    /// Their bytes.
    pub fields: Fields,
    /// Initial value of the MAC.
    pub initial: [u8; 16],
    /// How the input is filled up to whole blocks.
    pub padding: Padding,
    /// Which bytes of the last block are the code.
    pub taken: Taken,
}

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChoice {
    /// What it is for.
    pub kind: KeyKind,
    /// Index.
    pub index: u8,
    /// Version.
    pub version: u8,
    /// What its custody calls it.
    pub name: KeyName,
}

impl Hash for KeyChoice {
    /// Without the name, which follows from the rest.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind, self.index, self.version).hash(state);
    }
}

/// Algorithms of the three steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suites {
    /// Diversification of the card key.
    pub diversification: Suite,
    /// Derivation of the session key.
    pub session: Suite,
    /// MAC.
    pub mac: Suite,
}

/// Which halves of the card key are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Halves {
    /// Both, as they are.
    Both,
    /// Right before left.
    Swapped,
    /// The left one, 8 bytes.
    Left,
    /// The right one, 8 bytes.
    Right,
}

/// How the key of the MAC comes from the card key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyForm {
    /// A session key is made from it.
    Session(SessionForm),
    /// It is used itself.
    Direct(DirectForm),
}

/// How a session key is made and used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionForm {
    /// As it is right: 3DES one block, used as single DES; SM4 `E(input ‖ not input)`.
    Right,
    /// Deciphered in place of enciphered.
    Deciphered,
    /// 3DES: two blocks `E(input) ‖ E(not input)`, used as triple DES.
    SixteenBytes,
    /// The same, used as ISO 9797-1 algorithm 3.
    SixteenBytesRetail,
    /// SM4: `E(input ‖ input)`.
    Repeated,
    /// SM4: `E(input ‖ 00..)`.
    ZeroFilled,
}

/// How a card key is used itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirectForm {
    /// Left half xor right half: single DES; SM4 with the eight bytes zero-filled.
    Folded,
    /// The whole key in every block: triple DES or SM4.
    Whole,
    /// Single DES with the left half.
    Left,
    /// Single DES with the right half.
    Right,
    /// ISO 9797-1 algorithm 3, as in secure messaging.
    Retail,
}

/// Order of the parts of the session key input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionOrder {
    /// As it is right.
    RandomSerialTail,
    /// Random, tail, serial.
    RandomTailSerial,
    /// Serial, random, tail.
    SerialRandomTail,
    /// Serial, tail, random.
    SerialTailRandom,
    /// Tail, random, serial.
    TailRandomSerial,
    /// Tail, serial, random.
    TailSerialRandom,
}

/// How the input is filled up to whole blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// 80 00.., always added.
    Always,
    /// 80 00.., none where the input is whole blocks.
    WhereNeeded,
    /// 00.., always added.
    ZerosAlways,
    /// 00.., none where the input is whole blocks.
    ZerosWhereNeeded,
    /// 80 00.. to whole blocks, and a block 80 00.. behind that.
    Twice,
}

/// Which bytes of the last block are the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// The first four.
    Left,
    /// The second four.
    Second,
    /// The last four.
    Right,
    /// The first four, backwards.
    Reversed,
    /// The first four of upper xor lower half.
    Folded,
    /// All quarters of a 16-byte block xor each other.
    FoldedTwice,
}

/// Bytes of each field; empty where they are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields([FieldBytes; Field::COUNT]);

/// Up to nine bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldBytes {
    bytes: [u8; 9],
    length: u8,
}

impl FieldBytes {
    /// The first nine of them.
    pub fn new(from: &[u8]) -> Self {
        let mut bytes = [0; 9];
        let length = bytes.iter_mut().zip(from).map(|(to, from)| *to = *from).count();
        Self { bytes, length: length as u8 }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self([FieldBytes::default(); Field::COUNT])
    }
}

impl Fields {
    /// Bytes of a field.
    pub fn of(&self, field: Field) -> &[u8] {
        self.0.get(field as usize).map_or(&[], FieldBytes::as_bytes)
    }

    /// Sets the bytes of a field.
    pub fn set(&mut self, field: Field, bytes: &[u8]) {
        if let Some(slot) = self.0.get_mut(field as usize) {
            *slot = FieldBytes::new(bytes);
        }
    }
}

impl Scenario {
    /// The 8-byte session key input.
    pub fn session_input(&self) -> [u8; 8] {
        let (random, serial, tail) = (&self.random[..], &self.serial[..], &self.tail[..]);
        let parts = match self.order {
            SessionOrder::RandomSerialTail => [random, serial, tail],
            SessionOrder::RandomTailSerial => [random, tail, serial],
            SessionOrder::SerialRandomTail => [serial, random, tail],
            SessionOrder::SerialTailRandom => [serial, tail, random],
            SessionOrder::TailRandomSerial => [tail, random, serial],
            SessionOrder::TailSerialRandom => [tail, serial, random],
        };
        let mut out = [0; 8];
        for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        out
    }

    /// The bytes that are covered, without padding.
    pub fn input(&self) -> Vec<u8> {
        self.layout.iter().flat_map(|field| self.fields.of(*field)).copied().collect()
    }

    /// The bytes that are enciphered: [`Self::input`] filled up to whole blocks.
    pub fn padded(&self, block: usize) -> Vec<u8> {
        let mut out = self.input();
        let whole = !out.is_empty() && out.len().is_multiple_of(block);
        let filler = |out: &mut Vec<u8>, first: u8| {
            out.push(first);
            out.resize(out.len().next_multiple_of(block), 0);
        };
        match self.padding {
            Padding::Always => filler(&mut out, 0x80),
            Padding::WhereNeeded if !whole => filler(&mut out, 0x80),
            Padding::ZerosAlways => filler(&mut out, 0x00),
            Padding::ZerosWhereNeeded if !whole => filler(&mut out, 0x00),
            Padding::WhereNeeded | Padding::ZerosWhereNeeded => {}
            Padding::Twice => {
                filler(&mut out, 0x80);
                filler(&mut out, 0x80);
            }
        }
        out
    }
}

impl Taken {
    /// The code that is taken from the last block.
    pub fn from(self, block: &[u8]) -> [u8; 4] {
        let first = |bytes: &[u8]| bytes.first_chunk::<4>().copied().unwrap_or_default();
        match self {
            Self::Left => first(block),
            Self::Second => first(block.get(4..).unwrap_or_default()),
            Self::Right => block.last_chunk::<4>().copied().unwrap_or_default(),
            Self::Reversed => {
                let [a, b, c, d] = first(block);
                [d, c, b, a]
            }
            Self::Folded => fold(block, block.len() / 2),
            Self::FoldedTwice => fold(block, 4),
        }
    }
}

/// The first four of pieces of `length` bytes xor each other.
fn fold(block: &[u8], length: usize) -> [u8; 4] {
    let mut out = [0; 4];
    for piece in block.chunks(length.max(1)) {
        out.iter_mut().zip(piece).for_each(|(to, from)| *to ^= from);
    }
    out
}
