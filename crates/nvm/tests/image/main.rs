//! Card images on disk: what was persisted is what opens, and what is wrong is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod damage;
mod kept;
mod killed;
mod support;
