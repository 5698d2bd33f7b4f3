//! What wrong cards tell.

use crypto::Mac;
use purse::IdentificationCode;

use super::{Deviation, Session};
use crate::native::tree::KeySlot;

impl Session<'_, '_> {
    /// The right value, or on a card that deviates so, the wrong one.
    #[inline]
    pub(in crate::native) fn or_wrong<T>(&self, right: T, deviation: Deviation, wrong: T) -> T {
        if self.deviates(deviation) { wrong } else { right }
    }

    /// A transaction key as INITIALIZE tells of it.
    #[inline]
    pub(in crate::native) fn key_told(&self, key: KeySlot) -> KeySlot {
        let version = key.version.wrapping_add(1);
        KeySlot {
            version: self.or_wrong(key.version, Deviation::KeyVersionWrong, version),
            algorithm: self.or_wrong(key.algorithm, Deviation::AlgorithmWrong, !key.algorithm),
            ..key
        }
    }

    /// Two codes of an answer, in the order in which they are told.
    #[inline]
    pub(in crate::native) fn in_order(
        &self,
        first: Mac,
        second: Mac,
        deviation: Deviation,
    ) -> (Mac, Mac) {
        self.or_wrong((first, second), deviation, (second, first))
    }

    /// The identification code as 80CA tells it.
    pub(in crate::native) fn code_told(&mut self, code: IdentificationCode) -> IdentificationCode {
        if !self.deviates(Deviation::CodeChanges) {
            return code;
        }
        let [mid, u0, u1, u2, u3, ..] = code.0;
        let [a, b, c, d] = self.random();
        IdentificationCode([mid, u0, u1, u2, u3, a, b, c, d])
    }
}
