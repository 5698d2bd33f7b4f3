//! Java Card packages as files: class files, CAP files and export files.
//!
//! Everything is read in tiers. [`bytes`] gives bounded numbers with names; over it stand plain
//! structs, one per component or table, that hold what the file says and nothing else, so that
//! reading and writing again gives the same bytes. What a file *means*, text, differences, rules, is
//! computed from those structs.
//!
//! The crate knows no card, no purse and no converter.

mod aid;
pub mod api;
pub mod bytes;
pub mod cap;
pub mod class;
pub mod diff;
pub mod dump;
mod error;
pub mod export;
pub mod instruction;
pub mod jar;
mod stub;
pub mod verify;

pub use aid::{Aid, AidError};
pub use error::{Malformed, Part, Problem};
