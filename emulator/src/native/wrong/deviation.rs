//! The table of everything that a wrong card can do.

macro_rules! deviations {
    ($($(#[doc = $doc:literal])+ $variant:ident $word:literal;)+) => {
        /// Something that a card does and should not (偏差). The word is how wrong cards' files
        /// name it; the wrong card of that name on the shelf says who would notice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Deviation {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Deviation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        applet_spec::words! { Deviation { $($word => Deviation::$variant),+ } }
    };
}

deviations! {
    /// SELECT answers an FCI without file 15 (9F0C).
    FciWithoutPublicFile "fci-without-public-file";
    /// SELECT finds an application by its whole name only.
    PartialNameUnmatched "partial-name-unmatched";
    /// SELECT keeps the security state of the PIN.
    PinStateSurvivesSelect "pin-state-survives-select";
    /// SELECT leaves a running transaction alive.
    TransactionSurvivesSelect "transaction-survives-select";
    /// READ BINARY and READ RECORD answer everything where fewer bytes are asked for.
    LeIgnored "le-ignored";
    /// Files with MAC protection are updated without a MAC too.
    FileUnprotected "file-unprotected";
    /// READ BINARY beyond the end of a file answers zeros.
    OffsetBeyondEndZeros "offset-beyond-end-zeros";
    /// READ RECORD answers zeros for a record that was never written.
    MissingRecordZeros "missing-record-zeros";
    /// READ RECORD by identifier answers the first record, whatever its id.
    RecordIdIgnored "record-id-ignored";
    /// A log record holds the new balance in place of the amount.
    LogAmountBalance "log-amount-balance";
    /// Every log record says type 06, loads and compound purchases too.
    LogTypeFixed "log-type-fixed";
    /// Log records hold zeros in place of the terminal number.
    LogTerminalZero "log-terminal-zero";
    /// Log records hold zeros in place of the time.
    LogTimeZero "log-time-zero";
    /// A full log takes no more records: it is no ring.
    LogStopsWhenFull "log-stops-when-full";
    /// Each log record is written over the one before.
    LogOverwritesNewest "log-overwrites-newest";
    /// Record 1 of a ring is the oldest and not the newest.
    LogOldestFirst "log-oldest-first";
    /// GET BALANCE answers with bit 31 set.
    BalanceHighBit "balance-high-bit";
    /// GET BALANCE answers the stored balance for every P1.
    BalanceFormAny "balance-form-any";
    /// MAC2 of a purchase covers the new balance and not the amount.
    Mac2Field "mac2-field";
    /// MAC1 of a purchase is not checked.
    Mac1Unchecked "mac1-unchecked";
    /// Only the first three bytes of MAC1 are compared.
    Mac1ThreeBytes "mac1-three-bytes";
    /// MAC1 is expected over amount, type and terminal number, without date and time.
    Mac1WithoutDate "mac1-without-date";
    /// MAC1 is expected without the amount.
    AmountUncovered "amount-uncovered";
    /// DEBIT answers MAC2 before the TAC.
    DebitOrder "debit-order";
    /// A purchase is answered and logged, and the balance stays.
    BalanceNotLowered "balance-not-lowered";
    /// A purchase takes one fen more than its amount.
    OneFenMore "one-fen-more";
    /// A purchase of more than the balance is accepted and leaves 0.
    ShortBalanceAccepted "short-balance-accepted";
    /// A purchase of amount 0 is refused.
    FreeTripRefused "free-trip-refused";
    /// INITIALIZE FOR PURCHASE answers an overdraft limit of 0.
    LimitNotTold "limit-not-told";
    /// The session key of a purchase is made without the card's random.
    SessionWithoutRandom "session-without-random";
    /// The session key of a purchase is made without the terminal serial.
    SessionWithoutTerminalSerial "session-without-terminal-serial";
    /// Session keys are made with the serial after the increment.
    SessionSerialAfter "session-serial-after";
    /// INITIALIZE answers the same random every time.
    RandomConstant "random-constant";
    /// GET CHALLENGE answers the same random every time.
    ChallengeConstant "challenge-constant";
    /// An unknown key index is taken for the first key of its kind.
    KeyIndexIgnored "key-index-ignored";
    /// INITIALIZE answers a key version that is one too high.
    KeyVersionWrong "key-version-wrong";
    /// INITIALIZE answers another algorithm identifier than the key's.
    AlgorithmWrong "algorithm-wrong";
    /// Card keys are derived with the factors in the wrong order: the card's first, then the
    /// issuer's.
    FactorsSwapped "factors-swapped";
    /// A right EXTERNAL AUTHENTICATE does not give the key's tries back.
    AuthenticationTriesStay "authentication-tries-stay";
    /// EXTERNAL AUTHENTICATE accepts every cryptogram.
    AuthenticationUnchecked "authentication-unchecked";
    /// An error leaves the running transaction alive.
    StateKeptAfterError "state-kept-after-error";
    /// A finished transaction stays open.
    StateKeptAfterSuccess "state-kept-after-success";
    /// A running transaction survives a reset.
    StateKeptAfterReset "state-kept-after-reset";
    /// GET BALANCE ends a running transaction.
    BalanceEndsTransaction "balance-ends-transaction";
    /// GET TRANSACTION PROOF ends a running transaction.
    ProofEndsTransaction "proof-ends-transaction";
    /// The offline serial does not advance.
    SerialStays "serial-stays";
    /// The online serial does not advance.
    OnlineSerialStays "online-serial-stays";
    /// The offline serial advances at INITIALIZE too.
    SerialAdvancesEarly "serial-advances-early";
    /// A purchase advances the online serial in place of the offline one.
    OtherSerialAdvances "other-serial-advances";
    /// The proof of the last transaction is lost at a reset.
    ProofLostAfterReset "proof-lost-after-reset";
    /// The proof is given once only.
    ProofOnce "proof-once";
    /// The proof is given for every serial.
    ProofAnySerial "proof-any-serial";
    /// The proof is given for every transaction type.
    ProofAnyType "proof-any-type";
    /// The proof is TAC, MAC and not MAC, TAC.
    ProofOrder "proof-order";
    /// A proof is not replaced by that of the next transaction.
    ProofFirstKept "proof-first-kept";
    /// The proof of a load holds the TAC in both fields.
    ProofOfLoadWithMac "proof-of-load-with-mac";
    /// The TAC key is used whole and not folded.
    TacKeyNotFolded "tac-key-not-folded";
    /// The TAC is made with the session key.
    TacBySessionKey "tac-by-session-key";
    /// The TAC covers type 06 in every transaction.
    TacTypeFixed "tac-type-fixed";
    /// The TAC of a purchase covers zeros in place of the terminal serial.
    TacWithoutTerminalSerial "tac-without-terminal-serial";
    /// The TAC of a load covers the balance before the load.
    TacOldBalance "tac-old-balance";
    /// The TAC of a load covers the serial after the increment.
    TacSerialAfter "tac-serial-after";
    /// MAC1 of a load covers the balance that the load will lead to.
    LoadMac1NewBalance "load-mac1-new-balance";
    /// MAC2 of a load is not checked.
    LoadMac2Unchecked "load-mac2-unchecked";
    /// A load is answered and logged, and the balance stays.
    LoadBalanceStays "load-balance-stays";
    /// A load beyond the maximum balance is accepted.
    LoadBeyondMaximum "load-beyond-maximum";
    /// A load that does not fit into 32 bits wraps around.
    LoadOverflows "load-overflows";
    /// A load needs no PIN.
    LoadWithoutPin "load-without-pin";
    /// A load of amount 0 is refused.
    LoadProbeRefused "load-probe-refused";
    /// MAC2 of an unload is not checked.
    UnloadMac2Unchecked "unload-mac2-unchecked";
    /// MAC3 of an unload covers the balance before it.
    UnloadMac3OldBalance "unload-mac3-old-balance";
    /// An overdraft update changes the limit and not the balance that includes it.
    OverdraftBalanceKept "overdraft-balance-kept";
    /// MAC2 of an overdraft update is not checked.
    OverdraftMac2Unchecked "overdraft-mac2-unchecked";
    /// MAC1 of an overdraft update covers a limit of 0 and not the old one.
    OverdraftMac1WithoutLimit "overdraft-mac1-without-limit";
    /// UPDATE CAPP DATA CACHE writes its record at once, without the debit.
    CappRecordWithoutDebit "capp-record-without-debit";
    /// The lock flag of a compound purchase record is ignored.
    CappLockIgnored "capp-lock-ignored";
    /// Only the record cached last is written with the debit.
    CappLastRecordOnly "capp-last-record-only";
    /// A record named by its id goes into the first record of the file.
    CappWrongRecord "capp-wrong-record";
    /// Cached data that is shorter than the record leaves the old bytes behind it.
    CappNotZeroFilled "capp-not-zero-filled";
    /// A cached trip record is written over the newest one.
    CappRingOverwritten "capp-ring-overwritten";
    /// A compound purchase counts as type 06 in MAC1, TAC and log.
    CappType06 "capp-type-06";
    /// The log record is written before the rest, and outside of it.
    LogBeforeCommit "log-before-commit";
    /// Compound purchase records are committed before the debit.
    CappTornApart "capp-torn-apart";
    /// The balance is committed before serial, log and proof.
    PurchaseTornApart "purchase-torn-apart";
    /// A wrong PIN costs no try.
    PinTriesNotCounted "pin-tries-not-counted";
    /// A PIN without tries left is still compared.
    PinLocksLate "pin-locks-late";
    /// A right PIN does not give the tries back.
    PinTriesNotRestored "pin-tries-not-restored";
    /// Power gives the tries of the PIN back.
    PinCounterResetByPower "pin-counter-reset-by-power";
    /// The last byte of a PIN is not compared.
    PinLastByteIgnored "pin-last-byte-ignored";
    /// 63Cx shows one try more than is left.
    PinTriesShownWrong "pin-tries-shown-wrong";
    /// A wrong PIN does not take back what a right one gave.
    PinStateSurvivesWrongPin "pin-state-survives-wrong-pin";
    /// CHANGE PIN does not compare the old PIN.
    ChangePinOldIgnored "change-pin-old-ignored";
    /// RELOAD PIN does not check its MAC.
    ReloadPinMacUnchecked "reload-pin-mac-unchecked";
    /// PIN UNBLOCK is accepted while the PIN is not blocked.
    PinUnblockedUnasked "pin-unblocked-unasked";
    /// A blocked application is unblocked by a reset.
    LockLostAfterReset "lock-lost-after-reset";
    /// APPLICATION BLOCK does not check its MAC.
    BlockMacUnchecked "block-mac-unchecked";
    /// APPLICATION UNBLOCK does not check its MAC.
    UnblockMacUnchecked "unblock-mac-unchecked";
    /// A temporarily blocked application still makes purchases.
    BlockAllowsPurchase "block-allows-purchase";
    /// A permanent block can be lifted like a temporary one.
    PermanentBlockLifted "permanent-block-lifted";
    /// CARD BLOCK blocks the current application only.
    CardBlockOneApplication "card-block-one-application";
    /// The MAC of a protected command is not checked.
    SmMacUnchecked "sm-mac-unchecked";
    /// The MAC of a protected command does not cover its header.
    SmHeaderUncovered "sm-header-uncovered";
    /// The MAC of a protected command begins with zeros in place of the challenge.
    SmChallengeUncovered "sm-challenge-uncovered";
    /// A wrong MAC costs the key no try.
    SmTriesNotCounted "sm-tries-not-counted";
    /// A right MAC does not give the key's tries back.
    SmTriesNotRestored "sm-tries-not-restored";
    /// The third wrong MAC does not lock the application.
    SmNeverLocks "sm-never-locks";
    /// A challenge is good for more than the next command.
    ChallengeLivesOn "challenge-lives-on";
    /// A protected command without a challenge is checked against zeros.
    ChallengeNotNeeded "challenge-not-needed";
    /// The class byte is not checked.
    ClassIgnored "class-ignored";
    /// P1 and P2 that the card does not know are taken for 00.
    P1p2Ignored "p1p2-ignored";
    /// Command data that is too long is cut to what is expected.
    LongerDataAccepted "longer-data-accepted";
    /// An unknown instruction is answered with 9000.
    UnknownInstructionOk "unknown-instruction-ok";
    /// 80CA gives another code every time.
    CodeChanges "code-changes";
    /// That the code was asked for survives SELECT.
    CodeSurvivesSelect "code-survives-select";
    /// The terminal serial does not advance.
    PsamSerialStays "psam-serial-stays";
    /// MAC1 covers a terminal number of zeros.
    PsamMac1TerminalZero "psam-mac1-terminal-zero";
    /// MAC1 covers type 06 whatever was asked for.
    PsamMac1TypeFixed "psam-mac1-type-fixed";
    /// MAC2 is not checked.
    PsamMac2Unchecked "psam-mac2-unchecked";
    /// A purchase goes on after a wrong MAC2.
    PsamMac2Again "psam-mac2-again";
    /// Factors are applied in the order in which they are sent.
    PsamFactorsSwapped "psam-factors-swapped";
    /// A purchase key is found whatever version is asked for.
    PsamKeyVersionIgnored "psam-key-version-ignored";
    /// A delivered key survives SELECT.
    PsamKeySurvivesSelect "psam-key-survives-select";
    /// 80FA pads data that is padded already.
    PsamCryptPads "psam-crypt-pads";
}

/// A set of deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations(u128);

const _: () = assert!(Deviation::ALL.len() <= u128::BITS as usize, "a deviation is a bit");

impl Deviations {
    /// Whether the card does this.
    #[inline]
    pub const fn has(self, deviation: Deviation) -> bool {
        self.0 & (1 << deviation as u8) != 0
    }

    /// Whether the card does nothing wrong.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Deviation> for Deviations {
    fn from_iter<I: IntoIterator<Item = Deviation>>(deviations: I) -> Self {
        Self(deviations.into_iter().fold(0, |set, deviation| set | 1 << deviation as u8))
    }
}

impl Deviation {
    /// The word that names it.
    pub fn text(self) -> &'static str {
        applet_spec::text::spelling(self)
    }
}
