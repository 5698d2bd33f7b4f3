//! Answer data of the commands of purse cards and PSAMs, written by the card and read by the host.

use crypto::Mac;

use crate::{Amount, Limit, TerminalSerial};

/// Why answer data is not what the command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{answer}: {expected} bytes expected, {found} received")]
pub struct AnswerError {
    /// The answer.
    pub answer: &'static str,
    /// Its length.
    pub expected: usize,
    /// What came.
    pub found: usize,
}

/// Declares an answer as its fields, each with its bytes on the line, in order.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident $text:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty [$len:literal] $to:expr, $from:expr;)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// Bytes of the answer.
            pub const LENGTH: usize = 0 $(+ $len)*;

            /// As the card sends it.
            pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
                let mut out = [0; Self::LENGTH];
                let mut at = 0;
                $(
                    let bytes: [u8; $len] = ($to)(self.$field);
                    for (to, from) in out.iter_mut().skip(at).zip(bytes) {
                        *to = from;
                    }
                    at += $len;
                )*
                debug_assert_eq!(at, Self::LENGTH);
                out
            }

            /// Reads it.
            ///
            /// # Errors
            /// Another length than [`Self::LENGTH`].
            pub fn parse(bytes: &[u8]) -> Result<Self, AnswerError> {
                let found = bytes.len();
                let wrong = AnswerError { answer: $text, expected: Self::LENGTH, found };
                let mut rest = bytes;
                $(
                    let (head, tail) = rest.split_first_chunk::<$len>().ok_or(wrong)?;
                    let $field: $type = ($from)(*head);
                    rest = tail;
                )*
                if rest.is_empty() { Ok(Self { $($field),* }) } else { Err(wrong) }
            }
        }
    )*};
}

answers! {
    /// Answer of GET BALANCE.
    Balance "GET BALANCE" {
        /// The balance asked for.
        balance: Amount [4] Amount::to_bytes, Amount::from_bytes;
    }

    /// Answer of INITIALIZE FOR LOAD and INITIALIZE FOR UNLOAD.
    OnlineInitialized "INITIALIZE FOR LOAD / UNLOAD" {
        /// Stored balance, overdraft limit included.
        balance: Amount [4] Amount::to_bytes, Amount::from_bytes;
        /// Online serial (联机交易序号), before the increment.
        serial: u16 [2] u16::to_be_bytes, u16::from_be_bytes;
        /// Key version.
        key_version: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Algorithm id.
        algorithm: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Random of the card.
        random: [u8; 4] [4] std::convert::identity, std::convert::identity;
        /// MAC1.
        mac1: Mac [4] mac_bytes, Mac;
    }

    /// Answer of INITIALIZE FOR PURCHASE, CASH WITHDRAWAL and CAPP PURCHASE.
    PurchaseInitialized "INITIALIZE FOR PURCHASE" {
        /// Stored balance, overdraft limit included.
        balance: Amount [4] Amount::to_bytes, Amount::from_bytes;
        /// Offline serial (脱机交易序号), before the increment.
        serial: u16 [2] u16::to_be_bytes, u16::from_be_bytes;
        /// Overdraft limit.
        limit: Limit [3] Limit::to_bytes, Limit::from_bytes;
        /// Key version.
        key_version: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Algorithm id.
        algorithm: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Random of the card.
        random: [u8; 4] [4] std::convert::identity, std::convert::identity;
    }

    /// Answer of INITIALIZE FOR UPDATE.
    UpdateInitialized "INITIALIZE FOR UPDATE" {
        /// Stored balance, overdraft limit included.
        balance: Amount [4] Amount::to_bytes, Amount::from_bytes;
        /// Online serial, before the increment.
        serial: u16 [2] u16::to_be_bytes, u16::from_be_bytes;
        /// Overdraft limit so far.
        limit: Limit [3] Limit::to_bytes, Limit::from_bytes;
        /// Key version.
        key_version: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Algorithm id.
        algorithm: u8 [1] u8::to_be_bytes, u8::from_be_bytes;
        /// Random of the card.
        random: [u8; 4] [4] std::convert::identity, std::convert::identity;
        /// MAC1.
        mac1: Mac [4] mac_bytes, Mac;
    }

    /// Answer of DEBIT FOR PURCHASE, CASH WITHDRAWAL and CAPP PURCHASE: TAC first.
    Debited "DEBIT" {
        /// TAC.
        tac: Mac [4] mac_bytes, Mac;
        /// MAC2.
        mac2: Mac [4] mac_bytes, Mac;
    }

    /// Answer of CREDIT FOR LOAD and UPDATE OVERDRAW LIMIT (a TAC), and of DEBIT FOR UNLOAD (MAC3).
    Confirmed "CREDIT FOR LOAD" {
        /// TAC or MAC3.
        code: Mac [4] mac_bytes, Mac;
    }

    /// Answer of GET TRANSACTION PROOF: MAC first, the reverse of a debit.
    Proof "GET TRANSACTION PROOF" {
        /// MAC2 of a purchase, MAC3 of an unload, zero otherwise.
        mac: Mac [4] mac_bytes, Mac;
        /// TAC; zero of an unload.
        tac: Mac [4] mac_bytes, Mac;
    }

    /// Answer of INITIALIZE SAM FOR PURCHASE.
    SamInitialized "INITIALIZE SAM FOR PURCHASE" {
        /// Terminal transaction serial (终端交易序号) that MAC1 was made with; the debit carries it.
        terminal_serial: TerminalSerial [4] serial_bytes, TerminalSerial;
        /// MAC1.
        mac1: Mac [4] mac_bytes, Mac;
    }
}

fn serial_bytes(serial: TerminalSerial) -> [u8; 4] {
    serial.0
}

fn mac_bytes(mac: Mac) -> [u8; 4] {
    mac.0
}
