//! Building a card: file descriptions, key records, what a host makes of them, the sequence.

mod descriptions;
mod sequence;
mod traces;
mod vectors;
