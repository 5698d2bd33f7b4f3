//! A card to be made, settled: the profile as this card has it, and the states beyond it.
pub struct CardOrder;
