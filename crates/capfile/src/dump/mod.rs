//! What files say, with names: as text for people, as serialisable structs for scripts.
//!
//! [`Dump`] is a CAP file, [`ExportListing`] an export file; both have a text form (`Display`) and a
//! `Serialize` form. [`Names`] knows what other packages offer.

mod build;
mod descriptor;
mod export;
mod model;
mod names;
mod resolve;
mod text;

pub use descriptor::declared;
pub use export::{ExportListing, ListedClass, ListedField, ListedMethod};
pub use model::*;
pub use names::Names;
