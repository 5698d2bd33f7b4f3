//! The verifier: valid packages are accepted, with and without export files; changed ones are
//! refused, or the change is shown to be harmless.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod corpus;
mod golden;
