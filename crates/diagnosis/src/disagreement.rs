//! What needs no key: messages of the trace that say different things about one value.
//!
//! A terminal tells its PSAM and the card the same transaction. Where it tells them different ones,
//! MAC1 is wrong, whatever the keys are.

use applet_spec::{CodeInMac1, Profile};
use crypto::Mac;
use purse::Language;

use crate::reading::{Reading, SamExchange};
use crate::transaction::Transaction;
use crate::{Code, Source, Trace};

/// Two messages that say different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// About what.
    pub about: About,
    /// What the card was told or answered.
    pub card: Said,
    /// What the PSAM was told or gave.
    pub psam: Said,
    /// The PSAM's value is another code of this transaction.
    pub resembles: Option<Code>,
}

/// What was said, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where; `None` where nobody said anything.
    pub source: Option<Source>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

macro_rules! abouts {
    ($($variant:ident $id:literal $english:literal $chinese:literal;)*) => {
        /// What two messages disagree about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum About { $(#[doc = $english] $variant),* }

        impl About {
            /// Spelling in JSON.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// Name.
            pub fn name(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($english, $chinese)),* }
            }
        }
    };
}

abouts! {
    Terminal "terminal" "terminal number" "终端机编号";
    Random "random" "random of the card" "卡片随机数";
    Serial "serial" "card serial" "卡片交易序号";
    Amount "amount" "amount" "交易金额";
    Type "type" "transaction type" "交易类型标识";
    Date "date" "date" "交易日期";
    Time "time" "time" "交易时间";
    KeyVersion "key-version" "key version" "密钥版本";
    Algorithm "algorithm" "algorithm id" "算法标识";
    Factors "factors" "diversification factors" "分散因子";
    Code "identification-code" "identification code" "安全认证识别码";
    TerminalSerial "terminal-serial" "terminal serial" "终端交易序号";
    Mac1 "mac1" "MAC1" "MAC1";
    Mac2 "mac2" "MAC2" "MAC2";
}

impl Disagreement {
    /// In a line.
    pub fn in_words(&self, trace: &Trace, language: Language) -> String {
        let said = |said: &Said| match said.source {
            Some(source) => {
                format!("{} ({})", hex::encode_upper(&said.bytes), source.in_words(trace, language))
            }
            None => language.pick("nothing", "无").to_owned(),
        };
        let (card, psam) = (said(&self.card), said(&self.psam));
        let about = self.about.name(language);
        let like = self.resembles.map(|code| match language {
            Language::English => format!(", which is the {}", code.text()),
            Language::Chinese => format!(", 即 {}", code.text()),
        });
        let like = like.unwrap_or_default();
        match language {
            Language::English => format!("{about}: card {card}, PSAM {psam}{like}"),
            Language::Chinese => format!("{about}: 卡片 {card}, PSAM {psam}{like}"),
        }
    }
}

/// What was said to the card and to the PSAM about one transaction, and differs.
pub fn disagreements(
    profile: &Profile,
    reading: &Reading,
    transaction: &Transaction,
) -> Vec<Disagreement> {
    if transaction.flow.online() {
        return Vec::new();
    }
    let mut out = Comparison { transaction, out: Vec::new() };
    out.terminal(reading);
    out.code(profile, reading);
    if let Some(purchase) = purchase_of(reading, transaction) {
        out.told(profile, purchase);
        out.gave(purchase);
        out.checked(reading, purchase);
    }
    out.out
}

/// The PSAM's part of a transaction: it was told the card's random, gave the MAC1 that was sent, or
/// stands between the two steps.
pub(crate) fn purchase_of<'r>(
    reading: &'r Reading,
    transaction: &Transaction,
) -> Option<&'r SamExchange> {
    let random = |one: &&SamExchange| Some(one.told.random) == transaction.values.random;
    let sent = transaction.first(Code::Mac1).map(|received| received.mac);
    let mac = |one: &&SamExchange| sent.is_some() && one.gave.map(|(_, mac)| mac) == sent;
    let between = |one: &&SamExchange| {
        let (Some(first), Some(step)) = (transaction.place, transaction.step) else { return false };
        first < one.place && one.place < step.place
    };
    let sam = || reading.sam.iter();
    sam().find(random).or_else(|| sam().find(mac)).or_else(|| sam().rfind(between))
}

struct Comparison<'c> {
    transaction: &'c Transaction,
    out: Vec<Disagreement>,
}

impl Comparison<'_> {
    fn terminal(&mut self, reading: &Reading) {
        let of_psam = || {
            let found = reading.found.terminals.iter();
            found.filter(|one| matches!(one.source, Source::SamFile(_)))
        };
        let Some(own) = self.transaction.values.terminal else { return };
        if let Some(other) = of_psam().next()
            && of_psam().all(|one| one.value != own)
        {
            self.differ(About::Terminal, Some(&own.0), &other.value.0, other.source);
        }
    }

    fn code(&mut self, profile: &Profile, reading: &Reading) {
        let mut codes = reading.found.codes.iter();
        let checked = codes.rfind(|one| matches!(one.source, Source::SamCode(_)));
        let source = self.transaction.place.map(Source::Initialize);
        let own = self.transaction.values.code.map(|code| code.0.to_vec());
        let asked = !reading.sam.is_empty();
        let (card, psam) = match (own, checked) {
            (Some(own), Some(other)) if own != other.value.0 => {
                (Said { source, bytes: own }, said(other.source, &other.value.0))
            }
            (Some(own), None) if asked => (Said { source, bytes: own }, NOTHING),
            (None, Some(other)) if profile.rules.code_in_mac1 != CodeInMac1::Never => {
                (NOTHING, said(other.source, &other.value.0))
            }
            _ => return,
        };
        self.out.push(Disagreement { about: About::Code, card, psam, resembles: None });
    }

    fn told(&mut self, profile: &Profile, purchase: &SamExchange) {
        let (transaction, told) = (self.transaction, &purchase.told);
        let values = &transaction.values;
        let source = Source::SamCommand(purchase.place);
        let bytes = |one: Option<[u8; 4]>| one.map(|bytes| bytes.to_vec());
        let amount = values.amount.map(|amount| amount.to_bytes());
        for (about, own, other) in [
            (About::Random, bytes(values.random), told.random.to_vec()),
            (
                About::Serial,
                values.serial.map(|serial| serial.to_be_bytes().to_vec()),
                told.serial.to_be_bytes().to_vec(),
            ),
            (About::Amount, bytes(amount), told.amount.to_bytes().to_vec()),
            (
                About::Type,
                Some(vec![transaction.transaction_type as u8]),
                vec![told.transaction_type],
            ),
            (About::Date, bytes(values.date.map(|date| date.0)), told.date.0.to_vec()),
            (About::Time, values.time.map(|time| time.0.to_vec()), told.time.0.to_vec()),
            (
                About::KeyVersion,
                transaction.key_version.map(|version| vec![version]),
                vec![told.key_version],
            ),
            (
                About::Algorithm,
                transaction.algorithm.map(|algorithm| vec![algorithm]),
                vec![told.algorithm],
            ),
        ] {
            self.differ(about, own.as_deref(), &other, source);
        }
        // Only what the trace tells of the card can disagree with what the PSAM was told.
        if transaction.card.source != Source::Profile {
            let own: Vec<u8> =
                transaction.card.factors(profile).iter().rev().flatten().copied().collect();
            self.differ(About::Factors, Some(&own), &told.factors.concat(), source);
        }
    }

    fn gave(&mut self, purchase: &SamExchange) {
        let Some((serial, mac)) = purchase.gave else { return };
        let source = Source::SamAnswer(purchase.place);
        let own = self.transaction.values.terminal_serial;
        self.differ(
            About::TerminalSerial,
            own.map(|own| own.0).as_ref().map(|own| &own[..]),
            &serial.0,
            source,
        );
        let sent = self.transaction.first(Code::Mac1).map(|received| received.mac.0);
        self.differ(About::Mac1, sent.as_ref().map(|sent| &sent[..]), &mac.0, source);
    }

    /// The MAC2 that the PSAM was given after this purchase and before the next.
    fn checked(&mut self, reading: &Reading, purchase: &SamExchange) {
        let here =
            |place: crate::Place| place.input == purchase.place.input && place > purchase.place;
        let next = reading.sam.iter().map(|one| one.place).find(|place| here(*place));
        let check = reading
            .sam_checks
            .iter()
            .find(|check| here(check.place) && next.is_none_or(|next| check.place < next));
        let (Some(check), Some(own)) = (check, self.transaction.first(Code::Mac2)) else { return };
        let own: Mac = own.mac;
        let source = Source::SamCommand(check.place);
        self.differ(About::Mac2, Some(&own.0), &check.mac2.0, source);
        let tac = self.transaction.first(Code::Tac).map(|received| received.mac);
        if let Some(last) = self.out.last_mut().filter(|last| last.about == About::Mac2) {
            last.resembles = (tac == Some(check.mac2)).then_some(Code::Tac);
        }
    }

    fn differ(&mut self, about: About, own: Option<&[u8]>, other: &[u8], source: Source) {
        let Some(own) = own.filter(|own| *own != other) else { return };
        let card = Said { source: self.source(about), bytes: own.to_vec() };
        self.out.push(Disagreement { about, card, psam: said(source, other), resembles: None });
    }

    /// Where the card's side of it stands.
    fn source(&self, about: About) -> Option<Source> {
        let step = self.transaction.step.map(|step| step.place);
        match about {
            About::Terminal | About::Amount | About::Type | About::Code => {
                self.transaction.place.map(Source::Initialize)
            }
            About::Random | About::Serial | About::KeyVersion | About::Algorithm => {
                self.transaction.place.map(Source::Initialized)
            }
            About::Date | About::Time | About::TerminalSerial | About::Mac1 => {
                step.map(Source::Step)
            }
            About::Mac2 => step.map(Source::StepAnswer),
            About::Factors => Some(self.transaction.card.source),
        }
    }
}

const NOTHING: Said = Said { source: None, bytes: Vec::new() };

fn said(source: Source, bytes: &[u8]) -> Said {
    Said { source: Some(source), bytes: bytes.to_vec() }
}
