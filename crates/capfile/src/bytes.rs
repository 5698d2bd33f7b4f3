//! Numbers from bytes and back: big-endian, bounded, each with a name for the error.

use crate::{Malformed, Part, Problem};

/// Reads from the front of a part; every error has its offset.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    part: &'a Part,
    bytes: &'a [u8],
    at: usize,
    /// Where `bytes` begin in the part.
    base: usize,
}

impl<'a> Cursor<'a> {
    /// Reads a whole part.
    pub fn new(part: &'a Part, bytes: &'a [u8]) -> Self {
        Self { part, bytes, at: 0, base: 0 }
    }

    /// Reads a piece that starts at an offset of the part.
    pub fn starting_at(part: &'a Part, bytes: &'a [u8], base: usize) -> Self {
        Self { part, bytes, at: 0, base }
    }

    /// Offset of the next byte, from the start of the part.
    pub fn offset(&self) -> usize {
        self.base.saturating_add(self.at)
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Whether all is read.
    pub fn is_at_end(&self) -> bool {
        self.left() == 0
    }

    /// The next bytes.
    ///
    /// # Errors
    /// So many are not left.
    pub fn take(&mut self, wanted: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let left = self.left();
        let end = self.at.checked_add(wanted);
        match end.and_then(|end| Some((end, self.bytes.get(self.at..end)?))) {
            Some((end, taken)) => {
                self.at = end;
                Ok(taken)
            }
            None => Err(self.wrong(Problem::Ends { what, wanted, left })),
        }
    }

    /// The next bytes as a part of their own, whose offsets go on counting.
    ///
    /// # Errors
    /// So many are not left.
    pub fn within(&mut self, length: usize, what: &'static str) -> Result<Self, Malformed> {
        let base = self.offset();
        let bytes = self.take(length, what)?;
        Ok(Self { part: self.part, bytes, at: 0, base })
    }

    /// The next bytes, as many as the array holds.
    ///
    /// # Errors
    /// So many are not left.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let left = self.left();
        let taken = self.take(N, what)?;
        taken.try_into().map_err(|_| self.wrong(Problem::Ends { what, wanted: N, left }))
    }

    /// One byte.
    ///
    /// # Errors
    /// None is left.
    pub fn u1(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.array(what).map(u8::from_be_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// They are not left.
    pub fn u2(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// They are not left.
    pub fn u4(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Says that all is read.
    ///
    /// # Errors
    /// Bytes are left.
    pub fn finish(self) -> Result<(), Malformed> {
        match self.left() {
            0 => Ok(()),
            left => Err(self.wrong(Problem::Trailing(left))),
        }
    }

    /// Something is wrong here.
    pub fn wrong(&self, problem: Problem) -> Malformed {
        self.wrong_at(self.offset(), problem)
    }

    /// Something is wrong at an offset of the part.
    pub fn wrong_at(&self, offset: usize, problem: Problem) -> Malformed {
        Malformed { part: self.part.clone(), offset, problem }
    }
}

/// Appends numbers, big-endian.
pub trait Sink {
    /// One byte.
    fn u1(&mut self, value: u8);
    /// Two bytes.
    fn u2(&mut self, value: u16);
    /// Four bytes.
    fn u4(&mut self, value: u32);
}

impl Sink for Vec<u8> {
    fn u1(&mut self, value: u8) {
        self.push(value);
    }

    fn u2(&mut self, value: u16) {
        self.extend(value.to_be_bytes());
    }

    fn u4(&mut self, value: u32) {
        self.extend(value.to_be_bytes());
    }
}
