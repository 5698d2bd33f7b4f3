//! The other side of the card in a case: which card it is, the running transaction as the host knows
//! it, and from that every value that a case leaves to it.
