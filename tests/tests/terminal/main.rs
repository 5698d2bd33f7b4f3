//! Flows against cards and PSAMs that are not there: what is charged, written, refused, recovered.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod chaos;
mod flows;
mod hostile;
mod lab;
mod recordings;
mod recovery;
mod settling;
mod tables;
mod trouble;
