//! ISO 7816-4 words: the vocabulary of the whole workspace.
//!
//! [`CommandApdu`] is lossless and lenient: any bytes that arrived can be held, shown and traced,
//! with their ISO case. What a command *means* is the business of the rooms above. [`tlv`] reads
//! BER-TLV from strangers within bounds.

#![warn(clippy::indexing_slicing)]

mod command;
mod name;
mod response;
mod status;
pub mod tlv;

pub use command::{BuildError, Case, CommandApdu, CommandBuf, Malformed};
pub use name::{DfName, NameError};
pub use response::{ResponseApdu, ResponseError};
pub use status::StatusWord;
