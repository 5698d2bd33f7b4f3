//! Explain and diagnose, through their public interfaces.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
#![expect(clippy::indexing_slicing, reason = "tests fail by panicking")]

mod documents;
mod layout;
mod maker;
mod planted;
mod plants;
mod reading;
mod scene;
mod values;
mod vectors;
