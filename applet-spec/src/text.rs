//! TOML with its places kept: every value knows the file, line and column it was written at.
//!
//! Profiles, catalogues and the job files of other rooms are read through [`Section`], which collects
//! problems instead of stopping at the first one.

mod flatten;
mod kind;
mod merge;
mod section;
mod source;
mod tree;
mod values;

pub use crate::words;
pub(crate) use flatten::flatten;
pub(crate) use kind::Kind;
pub use kind::read;
pub(crate) use merge::merge;
pub use section::Section;
pub use source::{Log, MAX_TEXT, Place};
pub use tree::{Entry, Node, Table, Value, parse};
pub use values::{FromNode, Refusal, Word, nearest, spelling, word};
