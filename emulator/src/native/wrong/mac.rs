//! MACs of wrong cards: what they cover, by which session key, and which are believed.

use crypto::{Mac, SessionKey};
use purse::mac::{self, MacInput};
use purse::{Amount, TerminalSerial, TransactionType};

use super::{Deviation, Session};
use crate::native::Challenge;
use crate::native::transaction::Initialized;
use crate::native::tree::PurseState;

/// In MAC1 of a purchase: `amount4 ‖ type1 ‖ terminal6 ‖ date4 ‖ time3`, and the code.
const AMOUNT: usize = 4;
const DATE: usize = 11;
const CODE: usize = 18;

impl Session<'_, '_> {
    /// Input of the session key of a purchase.
    #[inline]
    pub(in crate::native) fn session_input(
        &self,
        random: [u8; 4],
        serial: u16,
        terminal: TerminalSerial,
    ) -> [u8; 8] {
        let random = self.or_wrong(random, Deviation::SessionWithoutRandom, [0; 4]);
        let after = serial.wrapping_add(1);
        let serial = self.or_wrong(serial, Deviation::SessionSerialAfter, after);
        let nothing = TerminalSerial([0; 4]);
        let terminal = self.or_wrong(terminal, Deviation::SessionWithoutTerminalSerial, nothing);
        mac::offline_session_input(random, serial, terminal)
    }

    /// The balance that MAC1 of a load covers.
    pub(in crate::native) fn balance_in_mac1(
        &self,
        begun: &Initialized,
        state: &PurseState,
    ) -> Amount {
        if begun.transaction_type.credits() && self.deviates(Deviation::LoadMac1NewBalance) {
            return Amount(state.balance.0.wrapping_add(begun.amount.0));
        }
        state.balance
    }

    /// MAC1 of a purchase, as the card makes it.
    #[inline]
    pub(in crate::native) fn mac1_expected(&self, session: &SessionKey, input: &MacInput) -> Mac {
        let bytes = input.as_bytes();
        let without = if self.deviates(Deviation::Mac1WithoutDate) {
            DATE..CODE
        } else if self.deviates(Deviation::AmountUncovered) {
            0..AMOUNT
        } else {
            return session.mac(bytes);
        };
        let covered: Vec<u8> = bytes
            .iter()
            .enumerate()
            .filter(|(at, _)| !without.contains(at))
            .map(|(_, byte)| *byte)
            .collect();
        session.mac(&covered)
    }

    /// MAC1 of a terminal, as far as the card looks at it.
    #[inline]
    pub(in crate::native) fn mac1_believed(&self, received: Mac, expected: Mac) -> Mac {
        if self.deviates(Deviation::Mac1Unchecked) {
            return expected;
        }
        let (Mac([a, b, c, _]), Mac([_, _, _, last])) = (received, expected);
        self.or_wrong(received, Deviation::Mac1ThreeBytes, Mac([a, b, c, last]))
    }

    /// MAC2 of an issuer, as far as the card looks at it.
    pub(in crate::native) fn mac2_believed(
        &self,
        kind: TransactionType,
        received: Mac,
        expected: Mac,
    ) -> Mac {
        let deviation = match kind {
            _ if kind.credits() => Deviation::LoadMac2Unchecked,
            TransactionType::Unload => Deviation::UnloadMac2Unchecked,
            _ => Deviation::OverdraftMac2Unchecked,
        };
        self.or_wrong(received, deviation, expected)
    }

    /// The challenge of a card that needs none.
    pub(in crate::native) fn challenge_not_needed(&self) -> Option<Challenge> {
        let nothing = Challenge { bytes: [0; 16], length: 8 };
        self.deviates(Deviation::ChallengeNotNeeded).then_some(nothing)
    }

    /// What a secure messaging MAC begins with and covers.
    pub(in crate::native) fn covered_by_secure_mac(
        &self,
        challenge: Challenge,
        input: Vec<u8>,
    ) -> (Challenge, Vec<u8>) {
        /// CLA, INS, P1, P2, Lc.
        const HEADER: usize = 5;
        let nothing = Challenge { bytes: [0; 16], ..challenge };
        let start = self.or_wrong(challenge, Deviation::SmChallengeUncovered, nothing);
        if self.deviates(Deviation::SmHeaderUncovered) {
            return (start, input.get(HEADER..).unwrap_or_default().to_vec());
        }
        (start, input)
    }
}
