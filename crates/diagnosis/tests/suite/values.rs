//! The values of the transaction, and everything else that the trace says or the user gives.

pub const TERMINAL: [u8; 6] = [0x01, 0x10, 0x23, 0x45, 0x67, 0x89];
pub const DATE: [u8; 4] = [0x20, 0x26, 0x11, 0x22];
pub const TIME: [u8; 3] = [0x12, 0x34, 0x56];
pub const AMOUNT: u32 = 1234;
pub const LIMIT: u32 = 54_321;
pub const TERMINAL_SERIAL: [u8; 4] = [0x0A, 0x0B, 0x0C, 0x0D];

/// What the PSAM in the trace has.
pub const SAM_TERMINAL: [u8; 6] = [0x31, 0x32, 0x33, 0x34, 0x35, 0x36];
pub const SAM_DATE: [u8; 4] = [0x20, 0x26, 0x11, 0x23];
pub const SAM_TIME: [u8; 3] = [0x00, 0x00, 0x59];
pub const SAM_AMOUNT: u32 = 777;
pub const SAM_SERIAL: [u8; 2] = [0x0A, 0x5C];
pub const SAM_RANDOM: [u8; 4] = [0xD1, 0xD2, 0xD3, 0xD4];
pub const SAM_TERMINAL_SERIAL: [u8; 4] = [0x00, 0x00, 0x77, 0x78];
/// The card's first.
pub const SAM_FACTORS: [[u8; 8]; 2] = [[0x51; 8], [0x52; 8]];
pub const SAM_CODE: [u8; 9] = [0x85, 1, 2, 3, 4, 5, 6, 7, 8];

/// The transaction before.
pub const EARLIER_TERMINAL: [u8; 6] = [0x01, 0x10, 0x00, 0x00, 0x00, 0x42];
pub const EARLIER_DATE: [u8; 4] = [0x20, 0x26, 0x10, 0x31];
pub const EARLIER_TIME: [u8; 3] = [0x23, 0x59, 0x01];
pub const EARLIER_AMOUNT: u32 = 99;
pub const EARLIER_TERMINAL_SERIAL: [u8; 4] = [0x0A, 0x0B, 0x0C, 0x01];

/// Another card.
pub const OTHER_CARD: [u8; 8] = *b"\x12\x34\x00\x00\x99\x99\x00\x07";
pub const OTHER_CODE: [u8; 9] = [0x86, 8, 7, 6, 5, 4, 3, 2, 1];

/// What is given by hand.
pub const GIVEN_TERMINAL: [u8; 6] = [0x99, 0x88, 0x77, 0x66, 0x55, 0x44];
pub const GIVEN_MOMENT: [u8; 7] = [0x20, 0x25, 0x01, 0x02, 0x03, 0x04, 0x05];
pub const GIVEN_FOUR: [u8; 4] = [0x00, 0x00, 0x13, 0x57];
pub const GIVEN_LIMIT: [u8; 3] = [0x00, 0x24, 0x68];
pub const GIVEN_SERIAL: [u8; 2] = [0x7A, 0x7B];
pub const GIVEN_FACTOR: [u8; 8] = [0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8];
pub const GIVEN_CODE: [u8; 9] = [0x87, 9, 9, 9, 9, 9, 9, 9, 9];
