//! Any log of any program is read or refused, and what is read is a recording. The first byte says
//! whose log it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use link::Recording;
use reader::LogFormat;

fuzz_target!(|bytes: &[u8]| {
    let Some((format, text)) = bytes.split_first() else { return };
    let format = LogFormat::ALL[usize::from(*format) % LogFormat::ALL.len()];
    let text = String::from_utf8_lossy(text);
    let _ = LogFormat::recognise(&text);
    if let Ok(recording) = format.read(&text, None, |_| true) {
        assert!(Recording::parse(&recording.to_string()).is_ok());
    }
});
