//! The PSAM, against cards of the families it serves and against the known answers.
//!
//! Commands and MAC inputs are put together byte by byte here; nothing of the command layer is used
//! but in `role`, where the typed host side drives the PSAM.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

#[path = "../common/mod.rs"]
mod common;

mod crypt;
mod files;
mod hostile;
mod identification;
mod key_writing;
mod machine;
mod module;
mod protocol;
mod purchase;
mod role;
mod serial;
