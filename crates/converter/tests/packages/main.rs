//! Packages that are kept with the project, in `tests/fixtures/javacard`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod converted;
mod fixtures;
mod mutated;
mod refused;
