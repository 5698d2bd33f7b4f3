//! What a dump says of our own package.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod sample;

use capfile::cap::{CapFile, Format, FormatVersion};
use capfile::dump::{Dump, Names};

fn dump(cap: &CapFile) -> Dump {
    Dump::new(cap, None, &Names::built_in()).unwrap()
}

#[test]
fn show() {
    for (version, debug) in [(FormatVersion::V2_1, false), (FormatVersion::V2_3, true)] {
        println!("{}", dump(&sample::counter(Format::compact(version), debug)));
    }
}
