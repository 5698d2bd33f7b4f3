//! TOML with its places kept: every value knows the file, line and column it was written at.
//!
//! Profiles and catalogue are both read through [`Section`], which collects problems instead of
//! stopping at the first one.

mod flatten;
mod merge;
mod section;
mod source;
mod tree;
mod values;

pub(crate) use flatten::flatten;
pub(crate) use merge::merge;
pub(crate) use section::Section;
pub(crate) use source::{Log, MAX_TEXT, Place};
pub(crate) use tree::{Node, Table, Value, parse};
pub(crate) use values::{FromNode, Refusal, Word, word, words};
