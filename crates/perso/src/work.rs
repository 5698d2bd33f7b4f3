//! What is done to cards: by commands ([`FmcosWorkshop`]), or to virtual cards that are made whole
//! ([`VirtualWorkshop`]). Both check what they made through commands, by code that shares nothing
//! with the code that wrote it ([`verify`]).

mod deed;
mod fmcos;
mod identify;
mod keys;
mod made;
mod reach;
pub(crate) mod survey;
mod talk;
mod transact;
pub mod verify;
mod virtual_card;

pub use deed::Deed;
pub use fmcos::FmcosWorkshop;
pub use identify::identify;
pub use keys::CardKeys;
pub use made::Inspector;
pub use reach::deeds;
pub use talk::{Talk, TalkError};
pub use transact::{Moment, PinTries, Teller};
pub use virtual_card::VirtualWorkshop;
