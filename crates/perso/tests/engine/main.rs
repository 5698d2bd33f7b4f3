//! A batch over cards of paper: whatever happens at whatever instant, every serial is on exactly one
//! card, and no card is written twice.

mod crashes;
mod decisions;
mod paper;
