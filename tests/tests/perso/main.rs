//! Batches against the emulator's blank cards, in one process: every state, every mishap.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod checked;
mod made;
mod mishaps;
mod nameless;
mod station;
