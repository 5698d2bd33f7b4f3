//! BER-TLV within bounds.
//!
//! One flat pass over borrowed bytes, with depth, size and length forms checked, so that nested or
//! boastful input costs nothing. What [`write()`] writes, [`tree`] reads. The crate `iso7816-tlv`
//! knows what a tag is, and is the reader's oracle in the tests; elements are not read or written
//! with it, as 0.4.4 recurses without bound and miscounts values of 127 bytes inside others.

use iso7816_tlv::ber::Tag;

/// Deepest nesting that [`tree`] follows.
pub const MAX_DEPTH: usize = 8;
/// Most bytes that [`tree`] looks at.
pub const MAX_LENGTH: usize = 0x1_0000;

/// One element: its tag number as written (one to three bytes), where its value starts in the
/// bytes that were read, and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Tag as written, big endian.
    pub tag: u32,
    /// Nesting level, 0 outermost.
    pub depth: usize,
    /// Offset of the value.
    pub offset: usize,
    /// Value.
    pub value: &'a [u8],
}

impl Element<'_> {
    /// Whether the value is made of elements itself.
    pub fn constructed(&self) -> bool {
        first_byte(self.tag) & 0x20 != 0
    }
}

/// Why bytes are not TLV. Offsets count from the start of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// The input ends inside a tag, a length or a value.
    #[error("TLV is cut short at offset {offset}: {claimed} more bytes claimed, {present} present")]
    Truncated {
        /// Where.
        offset: usize,
        /// Bytes that should follow.
        claimed: usize,
        /// Bytes that do.
        present: usize,
    },
    /// Tags of more than three bytes.
    #[error("tag at offset {offset} has more than three bytes")]
    TagTooLong {
        /// Where.
        offset: usize,
    },
    /// Indefinite length, or more than two length bytes.
    #[error("length byte {byte:02X} at offset {offset} is not used in card data")]
    LengthForm {
        /// Where.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("elements are nested deeper than {MAX_DEPTH} levels at offset {offset}")]
    TooDeep {
        /// Where.
        offset: usize,
    },
    /// More than [`MAX_LENGTH`] bytes.
    #[error("{length} bytes are more TLV than a card sends ({MAX_LENGTH})")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
}

/// Reads the elements of `bytes` on one level; filler bytes 00 and FF between them are skipped.
pub fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements { bytes, at: 0, depth: 0, base: 0 }
}

/// All elements of `bytes`, parents before their children.
///
/// # Errors
/// [`TlvError`]; nothing is returned of input that is wrong anywhere.
pub fn tree(bytes: &[u8]) -> Result<Vec<Element<'_>>, TlvError> {
    if bytes.len() > MAX_LENGTH {
        return Err(TlvError::TooLong { length: bytes.len() });
    }
    let mut out = Vec::new();
    let mut open = vec![elements(bytes)];
    while let Some(level) = open.last_mut() {
        match level.next().transpose()? {
            None => {
                open.pop();
            }
            Some(element) => {
                out.push(element);
                if element.constructed() {
                    if open.len() >= MAX_DEPTH {
                        return Err(TlvError::TooDeep { offset: element.offset });
                    }
                    open.push(Elements {
                        bytes: element.value,
                        at: 0,
                        depth: element.depth + 1,
                        base: element.offset,
                    });
                }
            }
        }
    }
    Ok(out)
}

/// The first element at `path`, outermost tag first: `find(fci, &[0x6F, 0xA5, 0x9F0C])`.
///
/// # Errors
/// [`TlvError`] where the input is wrong before the element is found.
pub fn find<'a>(bytes: &'a [u8], path: &[u32]) -> Result<Option<&'a [u8]>, TlvError> {
    let mut value = bytes;
    for tag in path {
        let mut found = None;
        for element in elements(value) {
            let element = element?;
            if element.tag == *tag {
                found = Some(element.value);
                break;
            }
        }
        match found {
            Some(inner) => value = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// Iterator of [`elements`]. After an error it ends.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    base: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        while matches!(self.bytes.get(self.at), Some(0x00 | 0xFF)) {
            self.at += 1;
        }
        if self.at >= self.bytes.len() {
            return None;
        }
        let element = self.read();
        if element.is_err() {
            self.at = self.bytes.len();
        }
        Some(element)
    }
}

impl<'a> Elements<'a> {
    fn read(&mut self) -> Result<Element<'a>, TlvError> {
        let start = self.base + self.at;
        let first = self.byte()?;
        let mut tag = u32::from(first);
        if first & 0x1F == 0x1F {
            for extra in 1.. {
                let next = self.byte()?;
                tag = tag << 8 | u32::from(next);
                if next & 0x80 == 0 {
                    break;
                }
                if extra == 2 {
                    return Err(TlvError::TagTooLong { offset: start });
                }
            }
        }
        let length_at = self.base + self.at;
        let length = match self.byte()? {
            short @ 0..=0x7F => usize::from(short),
            0x81 => usize::from(self.byte()?),
            0x82 => usize::from(u16::from_be_bytes([self.byte()?, self.byte()?])),
            byte => return Err(TlvError::LengthForm { offset: length_at, byte }),
        };
        let offset = self.base + self.at;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let value = rest.get(..length).ok_or(TlvError::Truncated {
            offset,
            claimed: length,
            present: rest.len(),
        })?;
        self.at += length;
        Ok(Element { tag, depth: self.depth, offset, value })
    }

    fn byte(&mut self) -> Result<u8, TlvError> {
        let byte = self.bytes.get(self.at).copied().ok_or(TlvError::Truncated {
            offset: self.base + self.at,
            claimed: 1,
            present: 0,
        })?;
        self.at += 1;
        Ok(byte)
    }
}

/// A TLV to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Tag and bytes.
    Primitive(u32, Vec<u8>),
    /// Tag and elements.
    Constructed(u32, Vec<Node>),
}

/// Bytes of `node`, lengths in their shortest form.
///
/// # Errors
/// What [`tree`] would not read back: see [`WriteError`].
pub fn write(node: &Node) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    append(node, 1, &mut out)?;
    if out.len() > MAX_LENGTH {
        return Err(WriteError::TooLong { length: out.len() });
    }
    Ok(out)
}

/// Why a TLV cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Not a BER tag, or one that begins with a filler byte, or its constructed bit does not fit.
    #[error("{0:X} is not a tag for this element")]
    Tag(u32),
    /// Deeper than [`MAX_DEPTH`].
    #[error("elements are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A value longer than two length bytes say, or more than [`MAX_LENGTH`] bytes in all.
    #[error("{length} bytes are more TLV than a card sends ({MAX_LENGTH})")]
    TooLong {
        /// Bytes there would be.
        length: usize,
    },
}

fn append(node: &Node, level: usize, out: &mut Vec<u8>) -> Result<(), WriteError> {
    match node {
        Node::Primitive(tag, value) => element(*tag, false, value, out),
        // Even an empty one: a reader looks inside.
        Node::Constructed(..) if level >= MAX_DEPTH => Err(WriteError::TooDeep),
        Node::Constructed(tag, inner) => {
            let mut value = Vec::new();
            inner.iter().try_for_each(|node| append(node, level + 1, &mut value))?;
            element(*tag, true, &value, out)
        }
    }
}

fn element(tag: u32, constructed: bool, value: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
    let tag = tag_of(tag)
        .filter(|tag| tag.is_constructed() == constructed)
        .ok_or(WriteError::Tag(tag))?;
    out.extend_from_slice(tag.to_bytes());
    match u16::try_from(value.len()).map(u16::to_be_bytes) {
        Ok([0, short @ 0..=0x7F]) => out.push(short),
        Ok([0, byte]) => out.extend([0x81, byte]),
        Ok([high, low]) => out.extend([0x82, high, low]),
        Err(_) => return Err(WriteError::TooLong { length: value.len() }),
    }
    out.extend_from_slice(value);
    Ok(())
}

/// A tag of one to three bytes that does not look like filler.
fn tag_of(tag: u32) -> Option<Tag> {
    let tag = Tag::try_from(u64::from(tag)).ok()?;
    let (first, rest) = tag.to_bytes().split_first()?;
    let continued = first & 0x1F == 0x1F;
    (*first != 0xFF && continued != rest.is_empty()).then_some(tag)
}

fn first_byte(tag: u32) -> u8 {
    tag.to_be_bytes().into_iter().find(|byte| *byte != 0).unwrap_or_default()
}
