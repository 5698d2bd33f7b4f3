//! What files say, with names: as text for people, as serialisable structs for scripts.

mod descriptor;
mod export;

pub use descriptor::declared;
pub use export::{ExportListing, ListedClass, ListedField, ListedMethod};
