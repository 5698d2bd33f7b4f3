//! Response APDUs.

use crate::StatusWord;

/// A response: data and status word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseApdu {
    /// Answer data.
    pub data: Vec<u8>,
    /// Status word.
    pub status: StatusWord,
}

/// Why bytes are not a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are too few for a response: SW1 SW2 are missing")]
pub struct ResponseError {
    /// Bytes there are.
    pub length: usize,
}

impl ResponseApdu {
    /// Takes a response apart.
    ///
    /// # Errors
    /// Fewer than two bytes.
    pub fn parse(raw: &[u8]) -> Result<Self, ResponseError> {
        let (data, status) =
            raw.split_last_chunk::<2>().ok_or(ResponseError { length: raw.len() })?;
        Ok(Self { data: data.to_vec(), status: StatusWord(u16::from_be_bytes(*status)) })
    }

    /// A status word without data.
    pub fn status(status: StatusWord) -> Self {
        Self { data: Vec::new(), status }
    }

    /// Bytes on the line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + 2);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(&self.status.bytes());
        out
    }
}

impl From<StatusWord> for ResponseApdu {
    fn from(status: StatusWord) -> Self {
        Self::status(status)
    }
}
