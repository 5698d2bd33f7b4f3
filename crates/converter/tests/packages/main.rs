//! Packages that are kept with the project, in `tests/fixtures/javacard`.

mod converted;
mod fixtures;
mod mutated;
mod refused;
