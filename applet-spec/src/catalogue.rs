//! The APDU catalogues (指令表): one entry per command, read from `commands*.toml`.
//!
//! The card's parser, the trace decoder, the docs tables and the generated negative tests all come
//! from these entries; none of them has a second copy of a class, an instruction, a length, or of
//! what a command does to a running transaction. There is a catalogue for each [`CommandSet`]; what
//! sets have in common is described once and shared.

mod load;
mod markdown;

use apdu::StatusWord;

/// The commands of a set: its own in the order of its file, then those it shares.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub(crate) set: CommandSet,
    pub(crate) version: String,
    pub(crate) commands: Vec<CommandSpec>,
    /// For each INS, indices into `commands`.
    pub(crate) by_ins: Vec<Vec<u16>>,
    /// For each CLA, whether any command has it.
    pub(crate) classes: Vec<bool>,
}

/// One command.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// Which command.
    pub id: CommandId,
    /// English name in capitals, as the field writes it.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Where the rule comes from, in words.
    pub source: String,
    /// Class bytes.
    pub cla: Vec<u8>,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: Pattern,
    /// Second parameter.
    pub p2: Pattern,
    /// Length of the command data.
    pub lc: Lengths,
    /// Le that a caller normally sends, 256 for 00; `None` where the answer has no data.
    pub le: Option<u16>,
    /// Fields of the command data, in order.
    pub fields: Vec<Field>,
    /// Fields of the answer data, in order.
    pub answer: Vec<Field>,
    /// What it does to a running transaction.
    pub transaction: TransactionEffect,
    /// Allowed while the application is temporarily blocked.
    pub when_blocked: bool,
    /// Allowed while the application is permanently blocked.
    pub when_permanently_blocked: bool,
    /// Whether the data ends in a 4-byte secure messaging MAC: `Some(cla)` is the class that says
    /// so (04 or 84). Where the command has that class only, `fields` ends in the MAC; where it has
    /// other classes too, `fields` leaves the MAC out and it comes off first.
    pub secure_class: Option<u8>,
    /// What a MAC or TAC in it covers, in words.
    pub mac: Option<String>,
    /// Status words it answers with, and when.
    pub status: Vec<(StatusWord, StatusReason)>,
}

/// When a command answers a status word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReason {
    /// In English.
    pub when: String,
    /// In Chinese.
    pub when_zh: String,
}

/// Values a parameter byte may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Any value.
    Any,
    /// One of these.
    OneOf(Vec<u8>),
    /// `value & mask == bits`, written `bits/mask` in the file.
    Masked {
        /// Bits that must be equal.
        bits: u8,
        /// Which bits count.
        mask: u8,
    },
}

/// Lengths that the command data may have, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lengths {
    /// No data.
    None,
    /// One of these.
    OneOf(Vec<u16>),
    /// From the first to the second, both included.
    Range(u16, u16),
}

/// A field of command or answer data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Bytes; `None` takes what is left.
    pub len: Option<u16>,
    /// How to show it.
    pub format: FieldFormat,
}

/// How a field is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFormat {
    /// Hexadecimal.
    Hex,
    /// Fen, big endian, shown in yuan too.
    Fen,
    /// A number, big endian.
    Number,
    /// BCD date YYYYMMDD.
    Date,
    /// BCD time HHMMSS.
    Time,
    /// MAC or TAC, hexadecimal.
    Mac,
    /// TLV, taken apart.
    Tlv,
    /// Never shown (PIN, cryptograms over secrets).
    Secret,
}

/// What a command does to a running transaction (交易状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionEffect {
    /// Leaves it as it is.
    Keeps,
    /// Ends it.
    Ends,
    /// READ: ends it, or keeps it where the profile says so.
    Read,
    /// Starts one (INITIALIZE).
    Starts,
    /// A further step of one.
    Continues,
}

macro_rules! command_ids {
    ($($set:ident { $($variant:ident $text:literal),* $(,)? })*) => {
        /// The commands of the catalogues. The spelling in their files is kebab-case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each name is the command's own")]
        pub enum CommandId { $($($variant),*),* }

        impl CommandId {
            /// Every command of every set.
            pub const ALL: &'static [CommandId] = &[$($(CommandId::$variant),*),*];

            /// Spelling in the catalogue files.
            pub const fn text(self) -> &'static str {
                match self { $($(CommandId::$variant => $text),*),* }
            }

            /// The set that describes it; others may share it.
            pub const fn home(self) -> CommandSet {
                match self { $($(CommandId::$variant)|* => CommandSet::$set),* }
            }
        }

        impl CommandSet {
            /// The commands that this set describes, in order; it may share those of others.
            pub const fn own(self) -> &'static [CommandId] {
                match self { $(CommandSet::$set => &[$(CommandId::$variant),*]),* }
            }
        }
    };
}

/// What a card understands as a whole (指令集): a profile has one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandSet {
    /// A purse card (用户卡).
    Purse,
    /// A PSAM (消费安全存取模块).
    Psam,
    /// A purse card that is built and keyed by FMCOS commands.
    Fmcos,
}

command_ids! {
    Purse {
        Select "select",
        GetResponse "get-response",
        ReadBinary "read-binary",
        UpdateBinary "update-binary",
        ReadRecord "read-record",
        UpdateRecord "update-record",
        AppendRecord "append-record",
        GetChallenge "get-challenge",
        ExternalAuthenticate "external-authenticate",
        InternalAuthenticate "internal-authenticate",
        Verify "verify",
        ChangePin "change-pin",
        ReloadPin "reload-pin",
        PinUnblock "pin-unblock",
        ApplicationBlock "application-block",
        ApplicationUnblock "application-unblock",
        CardBlock "card-block",
        GetBalance "get-balance",
        GetTransactionProof "get-transaction-proof",
        GetIdentificationCode "get-identification-code",
        InitializeForLoad "initialize-for-load",
        CreditForLoad "credit-for-load",
        InitializeForPurchase "initialize-for-purchase",
        InitializeForCashWithdrawal "initialize-for-cash-withdrawal",
        InitializeForCappPurchase "initialize-for-capp-purchase",
        UpdateCappDataCache "update-capp-data-cache",
        DebitForPurchase "debit-for-purchase",
        InitializeForUnload "initialize-for-unload",
        DebitForUnload "debit-for-unload",
        InitializeForUpdate "initialize-for-update",
        UpdateOverdrawLimit "update-overdraw-limit",
    }
    Psam {
        InitializeSamForPurchase "initialize-sam-for-purchase",
        CreditSamForPurchase "credit-sam-for-purchase",
        DeliverKey "deliver-key",
        Crypt "crypt",
        CheckIdentificationCode "check-identification-code",
        WriteSamKey "write-sam-key",
    }
    Fmcos {
        CreateFile "create-file",
        EraseDirectory "erase-directory",
        WriteKey "write-key",
    }
}

/// Why a command APDU is not one of the catalogue's. In the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// No command has this class, or not with this instruction (6E00).
    Class,
    /// No command has this instruction (6D00).
    Instruction,
    /// P1 or P2 is none of the command's (6A86).
    Parameters(CommandId),
    /// Lc is none of the command's (6700).
    Length(CommandId),
}

impl Catalogue {
    /// Which commands these are.
    pub fn set(&self) -> CommandSet {
        self.set
    }

    /// Version of the catalogue file.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All commands: the set's own in the order of the file, then those it shares.
    pub fn commands(&self) -> &[CommandSpec] {
        &self.commands
    }

    /// The entry of `id`.
    pub fn command(&self, id: CommandId) -> Option<&CommandSpec> {
        self.commands.iter().find(|c| c.id == id)
    }

    /// The entry of `id`, from the set that describes it; every catalogue has all of its own, which
    /// its loader checks.
    ///
    /// # Panics
    /// Never for a loaded catalogue.
    pub fn entry(id: CommandId) -> &'static CommandSpec {
        match Self::of(id.home()).command(id) {
            Some(spec) => spec,
            None => unreachable!("the loader refuses a catalogue without {}", id.text()),
        }
    }

    /// Whether the data of commands with this instruction is kept out of talk, logs and recordings:
    /// it may be a PIN, a key or a cryptogram in a command of any set, or no set knows the
    /// instruction.
    pub fn carries_secret(ins: u8) -> bool {
        let mut named = CommandId::ALL.iter().map(|id| Self::entry(*id)).filter(|c| c.ins == ins);
        let secret = |command: &CommandSpec| {
            command.fields.iter().any(|field| field.format == FieldFormat::Secret)
        };
        named.next().is_none_or(|first| secret(first) || named.any(secret))
    }

    /// Finds the command that class, instruction, parameters and data length belong to.
    ///
    /// # Errors
    /// [`Mismatch`], the first check that fails: class, instruction, parameters, length.
    pub fn find(
        &self,
        cla: u8,
        ins: u8,
        p1: u8,
        p2: u8,
        lc: usize,
    ) -> Result<&CommandSpec, Mismatch> {
        if !self.classes.get(usize::from(cla)).copied().unwrap_or(false) {
            return Err(Mismatch::Class);
        }
        let candidates = self.by_ins.get(usize::from(ins)).map_or(&[][..], Vec::as_slice);
        if candidates.is_empty() {
            return Err(Mismatch::Instruction);
        }
        let mut best = Mismatch::Class;
        for spec in candidates.iter().filter_map(|i| self.commands.get(usize::from(*i))) {
            if !spec.cla.contains(&cla) {
                continue;
            }
            if !(spec.p1.matches(p1) && spec.p2.matches(p2)) {
                if best == Mismatch::Class {
                    best = Mismatch::Parameters(spec.id);
                }
                continue;
            }
            if spec.lc.allows(lc) {
                return Ok(spec);
            }
            best = Mismatch::Length(spec.id);
        }
        Err(best)
    }
}

impl Pattern {
    /// Whether `value` fits.
    pub fn matches(&self, value: u8) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(values) => values.contains(&value),
            Self::Masked { bits, mask } => value & mask == *bits,
        }
    }
}

impl Lengths {
    /// Whether data of `length` bytes fits.
    pub fn allows(&self, length: usize) -> bool {
        match self {
            Self::None => length == 0,
            Self::OneOf(lengths) => lengths.iter().any(|l| usize::from(*l) == length),
            Self::Range(low, high) => (usize::from(*low)..=usize::from(*high)).contains(&length),
        }
    }
}
