//! Building and keying a card by commands (发卡, 个人化), as FMCOS has it: what files and keys look
//! like in CREATE FILE and WRITE KEY, how a host makes these commands, and the sequence of them
//! that turns a blank card into one of a family.
//!
//! Card and host share the types: what [`NewFile::to_bytes`] and [`KeyRecord::to_bytes`] write is
//! what `parse` reads. Keys come from a [`KeyCustody`](crypto::custody::KeyCustody); a
//! [`Sequence`] holds their names only.

mod description;
mod error;
mod key;
mod seal;
mod sequence;
mod step;
mod words;

pub use description::{
    FileStructure, LineKeys, NewDirectory, NewFile, NewFileSize, NewKeyFile, NewPurse,
    NewWorkingFile, PublicSfi,
};
pub use error::{DescriptionError, DescriptionFault};
pub use key::{
    ErrorCounter, KeyHead, KeyRecord, KeyRole, KeyType, KeyValue, ServiceKey, WorkingKey,
};
pub use seal::{CardKey, KeyData, Seal, TransportKey};
pub use sequence::{Choices, KeyWriting, Sequence, SequenceError};
pub use step::{Place, SpentTry, Step, Verdict};
pub(crate) use words::FieldInWords;
pub use words::right_in_words;
