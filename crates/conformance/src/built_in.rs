//! The suites that come with the program.

/// The rules that they prove.
pub(crate) const RULES: &str = include_str!("../../../tests/suites/rules.toml");

// Name and text of each file, listed by the build script.
include!(concat!(env!("OUT_DIR"), "/suites.rs"));
