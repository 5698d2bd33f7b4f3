//! vpcd frames come out the same however the stream is cut, and nothing is kept that did not
//! arrive. The first byte says how it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use link::vpcd::{Frame, FrameReader};

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, usize) {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(frame) = reader.next_frame() {
            frames.push(frame);
        }
    }
    (frames, reader.pending())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = read(std::iter::once(stream));
    assert!(whole.1 <= stream.len());
    assert_eq!(read(stream.chunks(usize::from(*cut).max(1))), whole);
});
