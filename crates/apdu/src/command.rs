//! Command APDUs: seen as they arrived ([`CommandApdu`]), and made ([`CommandBuf`]).

use std::fmt;

use zeroize::Zeroize;

/// A command as it arrived: any bytes, with the ISO 7816-3 case they have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CommandApdu<'a> {
    raw: &'a [u8],
    case: Case,
    data: &'a [u8],
}

/// ISO 7816-3 cases. `ne` is the number of answer bytes asked for, 256 or 65536 where Le is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Case 1: no data either way.
    Header,
    /// Case 2: answer data only.
    Answer {
        /// Bytes asked for.
        ne: u32,
        /// Three-byte Le.
        extended: bool,
    },
    /// Case 3: command data only.
    Data {
        /// Three-byte Lc.
        extended: bool,
    },
    /// Case 4: command data and answer data.
    Both {
        /// Bytes asked for.
        ne: u32,
        /// Three-byte Lc, two-byte Le.
        extended: bool,
    },
    /// None of the cases: the lengths in the bytes do not add up.
    Malformed(Malformed),
}

/// Why bytes are not a command of any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer than the four header bytes.
    #[error("{length} bytes are too few for CLA INS P1 P2")]
    TooShort {
        /// Bytes there are.
        length: usize,
    },
    /// Lc claims another number of bytes than follow.
    #[error("Lc claims {claimed} bytes at offset {offset}, {present} follow")]
    WrongLc {
        /// Where the data would start.
        offset: usize,
        /// What Lc says.
        claimed: usize,
        /// What is there (data and Le together).
        present: usize,
    },
}

impl<'a> CommandApdu<'a> {
    /// Looks at `raw`; never fails, see [`Case::Malformed`].
    pub fn new(raw: &'a [u8]) -> Self {
        let (case, data) = dissect(raw);
        Self { raw, case, data }
    }

    /// The bytes as they arrived.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The ISO case.
    pub fn case(&self) -> Case {
        self.case
    }

    /// CLA; 00 where there is none.
    pub fn cla(&self) -> u8 {
        self.byte(0)
    }

    /// INS; 00 where there is none.
    pub fn ins(&self) -> u8 {
        self.byte(1)
    }

    /// P1; 00 where there is none.
    pub fn p1(&self) -> u8 {
        self.byte(2)
    }

    /// P2; 00 where there is none.
    pub fn p2(&self) -> u8 {
        self.byte(3)
    }

    /// Command data; empty where there is none.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Answer bytes asked for; `None` where Le is absent.
    pub fn ne(&self) -> Option<u32> {
        match self.case {
            Case::Answer { ne, .. } | Case::Both { ne, .. } => Some(ne),
            _ => None,
        }
    }

    /// Le as one byte would say it (256 is 00); `None` where Le is absent.
    pub fn le(&self) -> Option<u8> {
        self.ne().map(|ne| ne as u8)
    }

    /// Where the command data starts; the end of the APDU where there is none.
    pub fn data_offset(&self) -> usize {
        let offset = if self.extended() { 7 } else { 5 };
        if self.data.is_empty() { self.raw.len() } else { offset }
    }

    /// Where Le starts (with the 00 before it, where that announces the extended form); the end
    /// of the APDU where there is none.
    pub fn le_offset(&self) -> usize {
        let bytes = match self.case {
            Case::Answer { extended: false, .. } | Case::Both { extended: false, .. } => 1,
            Case::Both { extended: true, .. } => 2,
            Case::Answer { extended: true, .. } => 3,
            Case::Header | Case::Data { .. } | Case::Malformed(_) => 0,
        };
        self.raw.len().saturating_sub(bytes)
    }

    /// Whether lengths are written in the extended form.
    pub fn extended(&self) -> bool {
        match self.case {
            Case::Answer { extended, .. }
            | Case::Data { extended }
            | Case::Both { extended, .. } => extended,
            Case::Header | Case::Malformed(_) => false,
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.raw.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Debug for CommandApdu<'_> {
    /// Header and lengths only: data may be a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = [self.cla(), self.ins(), self.p1(), self.p2()];
        write!(f, "{a:02X}{b:02X}{c:02X}{d:02X} {:?}, {} data bytes", self.case, self.data.len())
    }
}

fn dissect(raw: &[u8]) -> (Case, &[u8]) {
    let Some((_, body)) = raw.split_first_chunk::<4>() else {
        return (Case::Malformed(Malformed::TooShort { length: raw.len() }), &[]);
    };
    match *body {
        [] => (Case::Header, &[]),
        [le] => (Case::Answer { ne: ne(u32::from(le), 0x100), extended: false }, &[]),
        [0, high, low] => {
            let le = u32::from(u16::from_be_bytes([high, low]));
            (Case::Answer { ne: ne(le, 0x1_0000), extended: true }, &[])
        }
        [0, high, low, ref rest @ ..] => {
            let lc = usize::from(u16::from_be_bytes([high, low]));
            with_data(rest, lc, 7, true)
        }
        [lc, ref rest @ ..] => with_data(rest, usize::from(lc), 5, false),
    }
}

fn with_data(rest: &[u8], lc: usize, offset: usize, extended: bool) -> (Case, &[u8]) {
    let wrong = Case::Malformed(Malformed::WrongLc { offset, claimed: lc, present: rest.len() });
    let Some((data, tail)) = rest.split_at_checked(lc).filter(|_| lc > 0) else {
        return (wrong, &[]);
    };
    match (tail, extended) {
        ([], _) => (Case::Data { extended }, data),
        (&[le], false) => (Case::Both { ne: ne(u32::from(le), 0x100), extended }, data),
        (&[high, low], true) => {
            let le = u32::from(u16::from_be_bytes([high, low]));
            (Case::Both { ne: ne(le, 0x1_0000), extended }, data)
        }
        _ => (wrong, &[]),
    }
}

fn ne(le: u32, zero: u32) -> u32 {
    if le == 0 { zero } else { le }
}

/// A command being made: header, data, answer length. Its data may be a key or a PIN, and is zeroized
/// on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandBuf {
    /// CLA INS P1 P2.
    pub header: [u8; 4],
    /// Command data, up to 65535 bytes.
    pub data: Vec<u8>,
    /// Answer bytes asked for (1 to 65536); `None` leaves Le out.
    pub ne: Option<u32>,
}

/// Why a command cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// More data than Lc can say.
    #[error("{0} data bytes are more than an APDU carries (65535)")]
    TooLong(usize),
    /// Le out of range.
    #[error("{0} answer bytes cannot be asked for: 1 to 65536")]
    WrongNe(u32),
}

impl CommandBuf {
    /// A command without data and Le.
    pub fn new(header: [u8; 4]) -> Self {
        Self { header, data: Vec::new(), ne: None }
    }

    /// With data.
    #[must_use]
    pub fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    /// With Le for `ne` bytes.
    #[must_use]
    pub fn ne(mut self, ne: u32) -> Self {
        self.ne = Some(ne);
        self
    }

    /// Bytes of the command: short form where it fits, else extended.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let extended = self.data.len() > 0xFF || self.ne.is_some_and(|ne| ne > 0x100);
        self.encode(extended)
    }

    /// Bytes of the command in extended form.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn to_extended_bytes(&self) -> Result<Vec<u8>, BuildError> {
        self.encode(true)
    }

    fn encode(&self, extended: bool) -> Result<Vec<u8>, BuildError> {
        let lc =
            u16::try_from(self.data.len()).map_err(|_| BuildError::TooLong(self.data.len()))?;
        if let Some(ne) = self.ne.filter(|ne| *ne == 0 || *ne > 0x1_0000) {
            return Err(BuildError::WrongNe(ne));
        }
        let mut out = Vec::with_capacity(self.data.len() + 9);
        out.extend_from_slice(&self.header);
        if extended && (lc > 0 || self.ne.is_some()) {
            out.push(0);
        }
        if lc > 0 {
            if extended {
                out.extend_from_slice(&lc.to_be_bytes());
            } else {
                out.push(lc as u8);
            }
            out.extend_from_slice(&self.data);
        }
        if let Some(ne) = self.ne {
            if extended {
                out.extend_from_slice(&(ne as u16).to_be_bytes());
            } else {
                out.push(ne as u8);
            }
        }
        Ok(out)
    }
}

impl Drop for CommandBuf {
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl fmt::Debug for CommandBuf {
    /// Header and lengths only: data may be a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.header;
        write!(f, "{a:02X}{b:02X}{c:02X}{d:02X}, {} data bytes", self.data.len())
    }
}
