//! Frames of the virtual smart card protocol (vpcd): a two-byte length, most significant byte
//! first, and that many bytes. A payload of one byte 00, 01, 02 or 04 is about power; everything
//! else from the reader is a command APDU. The card sends only answers and its ATR.

/// Most bytes of a payload.
pub const MAX_PAYLOAD: usize = 0xFFFF;

/// What the reader says. The card answers [`Frame::Atr`] and [`Frame::Apdu`] with the payload that
/// is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Take the power away. Not answered.
    PowerOff,
    /// Power up. Not answered.
    PowerOn,
    /// Reset. Not answered.
    Reset,
    /// Answered with the ATR; asked again and again to see whether the card is there.
    Atr,
    /// A length of zero. Means nothing, not answered.
    Empty,
    /// A command, answered with data and status word.
    Apdu(Vec<u8>),
}

/// More bytes than a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are more than a vpcd frame carries ({MAX_PAYLOAD}); ask for fewer")]
pub struct FrameError {
    /// Bytes there are.
    pub length: usize,
}

/// Puts frames together from whatever pieces arrive. Holds what arrived, never what a length
/// promises.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
    start: usize,
}

impl FrameReader {
    /// Takes bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame that a reader sent, when all of it is there.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.take(Frame::new)
    }

    /// The next payload that a card sent, when all of it is there.
    pub fn next_payload(&mut self) -> Option<Vec<u8>> {
        self.take(<[u8]>::to_vec)
    }

    fn take<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (length, rest) = self.bytes.get(self.start..)?.split_first_chunk::<2>()?;
        let payload = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        let taken = read(payload);
        self.start += 2 + payload.len();
        Some(taken)
    }

    /// Bytes of an unfinished frame.
    pub fn pending(&self) -> usize {
        self.bytes.len() - self.start
    }
}

impl Frame {
    /// What `payload` says.
    pub fn new(payload: &[u8]) -> Self {
        match payload {
            [] => Self::Empty,
            [0x00] => Self::PowerOff,
            [0x01] => Self::PowerOn,
            [0x02] => Self::Reset,
            [0x04] => Self::Atr,
            apdu => Self::Apdu(apdu.to_vec()),
        }
    }

    /// The payload that says it.
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::PowerOff => &[0x00],
            Self::PowerOn => &[0x01],
            Self::Reset => &[0x02],
            Self::Atr => &[0x04],
            Self::Empty => &[],
            Self::Apdu(apdu) => apdu,
        }
    }
}

/// A whole frame, length first.
///
/// # Errors
/// [`FrameError`].
pub fn encode(payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    let length = u16::try_from(payload.len()).map_err(|_| FrameError { length: payload.len() })?;
    let mut frame = Vec::with_capacity(2 + payload.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(payload);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: &[&[u8]]) -> (Vec<Frame>, usize) {
        let mut reader = FrameReader::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            frames.extend(std::iter::from_fn(|| reader.next_frame()));
        }
        (frames, reader.pending())
    }

    #[test]
    fn power_frames_are_told_from_commands() {
        let (frames, pending) = read(&[&[0, 1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 4, 0, 0, 0, 1, 3]]);
        let expected = [
            Frame::PowerOff,
            Frame::PowerOn,
            Frame::Reset,
            Frame::Atr,
            Frame::Empty,
            Frame::Apdu(vec![3]),
        ];
        assert_eq!((frames.as_slice(), pending), (expected.as_slice(), 0));
    }

    #[test]
    fn a_boastful_length_holds_only_what_arrived() {
        let (frames, pending) = read(&[&[0xFF], &[0xFF, 1, 2, 3]]);
        assert_eq!((frames.len(), pending), (0, 5));
        let mut reader = FrameReader::default();
        reader.push(&[0xFF, 0xFF]);
        assert!(reader.next_frame().is_none() && reader.bytes.capacity() < 64);
    }

    #[test]
    fn an_answer_of_65535_bytes_fits_and_one_more_does_not() {
        assert_eq!(encode(&vec![0; MAX_PAYLOAD]).unwrap()[..2], [0xFF, 0xFF]);
        assert_eq!(encode(&vec![0; 65_536]), Err(FrameError { length: 65_536 }));
    }

    proptest! {
        #[test]
        fn a_payload_says_its_frame(payload in proptest::collection::vec(any::<u8>(), 0..9)) {
            let frame = Frame::new(&payload);
            prop_assert_eq!(frame.payload(), payload);
        }

        #[test]
        fn frames_come_out_the_same_however_they_are_cut(
            payloads in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..300), 0..8),
            cut in 1_usize..40,
        ) {
            let stream: Vec<u8> =
                payloads.iter().flat_map(|payload| encode(payload).unwrap()).collect();
            let (frames, pending) = read(&stream.chunks(cut).collect::<Vec<_>>());
            let expected: Vec<_> = payloads.iter().map(|payload| Frame::new(payload)).collect();
            prop_assert_eq!((frames, pending), (expected, 0));
        }
    }
}
