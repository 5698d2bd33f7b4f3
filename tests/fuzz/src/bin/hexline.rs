//! Lines of hex come out the same however the stream is cut; a command that is understood is
//! understood again from its own hex. The first byte says how the stream is cut.
#![no_main]

use emulator::links::hexline::Request;
use emulator::links::lines::{Line, LineReader};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 300;

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Line> {
    let mut reader = LineReader::new(LIMIT);
    pieces.for_each(|piece| reader.push(piece));
    reader.finish();
    std::iter::from_fn(|| reader.next_line()).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let lines = read(std::iter::once(stream));
    assert_eq!(read(stream.chunks(usize::from(*cut).max(1))), lines);
    for line in &lines {
        let Line::Text(text) = line else { continue };
        match Request::parse(text) {
            Ok(Request::Command(command)) => {
                let again = Request::parse(hex::encode(&command).as_bytes());
                assert_eq!(again, Ok(Request::Command(command)));
            }
            Ok(_) => {}
            Err(error) => assert!(error.to_string().starts_with("column ")),
        }
    }
});
