//! Values that cannot be searched, as the trace and the user offer them.

use crypto::Mac;
use purse::{Amount, Date, IdentificationCode, Language, Limit, TerminalId, TerminalSerial, Time};

use crate::{Place, Trace};

/// Most candidates of a kind that are tried: a trace of a whole day holds more than anybody wants.
const MOST_TRIED: usize = 48;
/// Most candidates of a kind that are looked at for one transaction.
const MOST_SORTED: usize = 1024;
/// Most candidates of a kind that are kept.
const MOST_KEPT: usize = 0x1_0000;

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Given with `--candidate`.
    Given,
    /// The profile's own.
    Profile,
    /// The terminal number in a PSAM's file 16.
    SamFile(Place),
    /// INITIALIZE SAM FOR PURCHASE: what the PSAM was told.
    SamCommand(Place),
    /// Its answer.
    SamAnswer(Place),
    /// The identification code a PSAM was given to check.
    SamCode(Place),
    /// An INITIALIZE command of a purse.
    Initialize(Place),
    /// What a card answered to one.
    Initialized(Place),
    /// A second step: debit, credit, overdraft update.
    Step(Place),
    /// What a card answered to one.
    StepAnswer(Place),
    /// A transaction log record.
    Log(Place),
    /// A card's answer to GET CHALLENGE.
    Challenge(Place),
    /// A card's public file, or identification code.
    Card(Place),
}

/// Who offers a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// What was said to or by a PSAM in the trace.
    Psam,
    /// The rest of the trace.
    Trace,
    /// The user or the profile.
    User,
}

/// A value and where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

/// A candidate given by hand: what it is follows from its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given(Vec<u8>);

/// Why bytes are no candidate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{length} bytes are no candidate: 2 are a serial, 3 a time or limit, 4 a date, amount or \
     terminal serial, 6 a terminal number, 7 date and time, 8 a diversification factor, 9 an \
     identification code"
)]
pub struct GivenError {
    /// Bytes that were given.
    pub length: usize,
}

macro_rules! candidates {
    ($($(#[$doc:meta])* $list:ident: $type:ty;)*) => {
        /// Every value that hypotheses may use.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Candidates {
            $($(#[$doc])* pub(crate) $list: Vec<Candidate<$type>>,)*
            /// MACs that were sent.
            pub(crate) macs: Vec<Candidate<Mac>>,
        }

        impl Candidates {
            /// Of each kind those that stand nearest to `places`, each value once. MACs are
            /// only compared, so all of them stay.
            pub(crate) fn near(&self, places: &[Place]) -> Self {
                Self { $($list: nearest(&self.$list, places),)* macs: self.macs.clone() }
            }
        }
    };
}

candidates! {
    terminals: TerminalId;
    dates: Date;
    times: Time;
    moments: (Date, Time);
    terminal_serials: TerminalSerial;
    amounts: Amount;
    limits: Limit;
    offline_serials: u16;
    online_serials: u16;
    /// Serials of which nobody says what they count.
    serials: u16;
    randoms: [u8; 4];
    /// Random and serial of one answer.
    sessions: ([u8; 4], u16);
    codes: IdentificationCode;
    factors: [u8; 8];
    /// All factors that a PSAM was given, highest level first.
    factor_lists: Vec<[u8; 8]>;
    /// Serials of cards, as keys are derived from them.
    cards: [u8; 8];
}

impl Source {
    /// Who offers it.
    pub(crate) const fn offered(self) -> Offered {
        match self {
            Self::Given | Self::Profile => Offered::User,
            Self::SamFile(_) | Self::SamCommand(_) | Self::SamAnswer(_) | Self::SamCode(_) => {
                Offered::Psam
            }
            Self::Initialize(_)
            | Self::Initialized(_)
            | Self::Step(_)
            | Self::StepAnswer(_)
            | Self::Log(_)
            | Self::Challenge(_)
            | Self::Card(_) => Offered::Trace,
        }
    }

    /// Where in the trace.
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::Given | Self::Profile => None,
            Self::SamFile(place)
            | Self::SamCommand(place)
            | Self::SamAnswer(place)
            | Self::SamCode(place)
            | Self::Initialize(place)
            | Self::Initialized(place)
            | Self::Step(place)
            | Self::StepAnswer(place)
            | Self::Log(place)
            | Self::Challenge(place)
            | Self::Card(place) => Some(place),
        }
    }

    /// In words: `PSAM file 16, line 7`.
    pub fn in_words(self, trace: &Trace, language: Language) -> String {
        let (english, chinese) = match self {
            Self::Given => ("--candidate", "--candidate"),
            Self::Profile => ("the profile", "卡片规格"),
            Self::SamFile(_) => ("PSAM file 16", "PSAM 文件 16"),
            Self::SamCommand(_) => ("told to the PSAM", "发给 PSAM"),
            Self::SamAnswer(_) => ("answered by the PSAM", "PSAM 应答"),
            Self::SamCode(_) => ("given to the PSAM to check", "交 PSAM 校验"),
            Self::Initialize(_) => ("INITIALIZE", "初始化指令"),
            Self::Initialized(_) => ("answer to INITIALIZE", "初始化应答"),
            Self::Step(_) => ("second step", "第二步指令"),
            Self::StepAnswer(_) => ("answer to a second step", "第二步应答"),
            Self::Log(_) => ("log record", "交易明细"),
            Self::Challenge(_) => ("answer to GET CHALLENGE", "取随机数应答"),
            Self::Card(_) => ("a card in the trace", "跟踪中的卡"),
        };
        let what = language.pick(english, chinese);
        match self.place() {
            Some(place) => format!("{what}, {}", trace.place(place, language)),
            None => what.to_owned(),
        }
    }
}

impl Given {
    /// Takes 2, 3, 4, 6, 7, 8 or 9 bytes.
    ///
    /// # Errors
    /// Any other length.
    pub fn new(bytes: &[u8]) -> Result<Self, GivenError> {
        match bytes.len() {
            2..=4 | 6..=9 => Ok(Self(bytes.to_vec())),
            length => Err(GivenError { length }),
        }
    }
}

impl Candidates {
    /// Adds one given by hand, as everything that has its length.
    pub(crate) fn add_given(&mut self, given: &Given) {
        let source = Source::Given;
        match *given.0 {
            [a, b] => push(&mut self.serials, u16::from_be_bytes([a, b]), source),
            [a, b, c] => {
                push(&mut self.times, Time([a, b, c]), source);
                push(&mut self.limits, Limit::from_bytes([a, b, c]), source);
            }
            [a, b, c, d] => {
                let four = [a, b, c, d];
                push(&mut self.dates, Date(four), source);
                push(&mut self.terminal_serials, TerminalSerial(four), source);
                push(&mut self.amounts, Amount::from_bytes(four), source);
                push(&mut self.randoms, four, source);
            }
            [a, b, c, d, e, f] => {
                push(&mut self.terminals, TerminalId([a, b, c, d, e, f]), source);
            }
            [a, b, c, d, e, f, g] => self.add_moment(Date([a, b, c, d]), Time([e, f, g]), source),
            [a, b, c, d, e, f, g, h] => {
                push(&mut self.factors, [a, b, c, d, e, f, g, h], source);
            }
            [a, b, c, d, e, f, g, h, i] => {
                let code = IdentificationCode([a, b, c, d, e, f, g, h, i]);
                push(&mut self.codes, code, source);
            }
            // Other lengths are no candidates.
            _ => {}
        }
    }

    pub(crate) fn add_moment(&mut self, date: Date, time: Time, source: Source) {
        push(&mut self.dates, date, source);
        push(&mut self.times, time, source);
        push(&mut self.moments, (date, time), source);
    }
}

/// Keeps a value, where there is room.
pub(crate) fn push<T>(list: &mut Vec<Candidate<T>>, value: T, source: Source) {
    if list.len() < MOST_KEPT || source == Source::Given {
        list.push(Candidate { value, source });
    }
}

/// What is given comes first, then what stands nearest. Of a value found twice the nearest source
/// stays, unless a later one is a PSAM's, which says more.
fn nearest<T: Clone + PartialEq>(list: &[Candidate<T>], places: &[Place]) -> Vec<Candidate<T>> {
    let distance = |candidate: &&Candidate<T>| match candidate.source.place() {
        None => 0,
        Some(of) => {
            let here = places.iter().filter(|place| place.input == of.input);
            let lines = here.map(|place| place.line.abs_diff(of.line)).min();
            // Nothing of the transaction stands in that input: what stands first is as good.
            1 + lines.unwrap_or(of.line)
        }
    };
    let by_psam = |source: Source| source.offered() == Offered::Psam;
    let mut sorted: Vec<&Candidate<T>> = list.iter().collect();
    if sorted.len() > MOST_SORTED {
        sorted.select_nth_unstable_by_key(MOST_SORTED, distance);
        sorted.truncate(MOST_SORTED);
    }
    sorted.sort_by_key(distance);
    let mut out: Vec<Candidate<T>> = Vec::new();
    for candidate in sorted {
        if let Some(known) = out.iter_mut().find(|known| known.value == candidate.value) {
            if by_psam(candidate.source) && !by_psam(known.source) {
                known.source = candidate.source;
            }
        } else if out.len() < MOST_TRIED {
            out.push(candidate.clone());
        }
    }
    out
}
