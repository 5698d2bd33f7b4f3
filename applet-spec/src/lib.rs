//! What the applet is, as data: card families (profiles), the APDU catalogue, known answers; and
//! what terminals do with it ([`flow`]).
//!
//! This room reads and validates; it does no cryptography and knows no card. See [`Profile`],
//! [`Rules`] and [`Catalogue`].

#![warn(clippy::indexing_slicing)]

mod catalogue;
pub mod flow;
mod load;
mod problem;
mod profile;
mod template;
pub mod text;
pub mod vectors;

pub use catalogue::*;
pub use problem::{Problem, ProfileErrors};
pub use profile::*;
pub use template::{Template, TemplateError};
