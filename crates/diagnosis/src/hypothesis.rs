//! What fits a wrong code: one mistake, or two at once.

use purse::Language;

use crate::mistakes::{Group, Mistake, Variant};
use crate::scenario::{KeyChoice, Part, Scenario, Slot, Slots};
use crate::{Field, Source};

/// Hypotheses that give identical bytes in this transaction: nothing can tell them apart. The first
/// is the one that is tried first.
#[derive(Clone, Debug)]
pub struct Finding {
    /// At least one.
    pub alike: Vec<Hypothesis>,
}

/// One mistake, or two that were made at once.
#[derive(Clone, Debug)]
pub struct Hypothesis {
    /// One or two.
    pub mistakes: Vec<Made>,
}

/// A mistake as it was made here.
#[derive(Clone, Debug)]
pub struct Made {
    /// Which.
    pub mistake: &'static Mistake,
    /// What is other than it should be, where that can be said in bytes.
    pub differences: Vec<Difference>,
    /// Where the wrong value was found.
    pub source: Option<Source>,
}

/// A value that is other than it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    slot: Slot,
    used: Shown,
    right: Shown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Bytes(Vec<u8>),
    Levels(Vec<[u8; 8]>),
    Key(KeyChoice),
    Fields(Vec<Field>),
}

impl Hypothesis {
    /// Names of its mistakes.
    pub fn ids(&self) -> Vec<&'static str> {
        self.mistakes.iter().map(|made| made.mistake.id).collect()
    }
}

impl Made {
    pub(crate) fn new(variant: &Variant, right: &Scenario) -> Self {
        let differences = match &variant.change {
            crate::mistakes::Change::Scenario(used, slots)
                if variant.mistake.group != Group::Mixed =>
            {
                differences(used, right, *slots)
            }
            _ => Vec::new(),
        };
        Self { mistake: variant.mistake, differences, source: variant.source }
    }
}

impl Difference {
    /// Name of the value.
    pub fn name(&self, language: Language) -> &'static str {
        let (english, chinese) = match self.slot {
            Slot::Field(field) => return field.name(language),
            Slot::Part(Part::Key) => ("key", "密钥"),
            Slot::Part(Part::Levels) => ("factors", "分散因子"),
            Slot::Part(Part::Random) => ("random", "随机数"),
            Slot::Part(Part::Serial) => ("card serial", "卡片交易序号"),
            Slot::Part(Part::Tail) => ("last two bytes", "末两字节"),
            Slot::Part(Part::Layout) => ("fields", "数据项"),
            Slot::Part(Part::Initial) => ("initial value", "初始值"),
            Slot::Part(_) => ("", ""),
        };
        language.pick(english, chinese)
    }

    /// What was used.
    pub fn used(&self, language: Language) -> String {
        self.used.in_words(language)
    }

    /// What is right.
    pub fn right(&self, language: Language) -> String {
        self.right.in_words(language)
    }
}

impl Shown {
    fn of(scenario: &Scenario, slot: Slot) -> Option<Self> {
        Some(match slot {
            Slot::Field(field) => Self::Bytes(scenario.fields.of(field).to_vec()),
            Slot::Part(Part::Key) => Self::Key(scenario.key.as_ref().clone()),
            Slot::Part(Part::Levels) => Self::Levels(scenario.levels.clone()),
            Slot::Part(Part::Random) => Self::Bytes(scenario.random.to_vec()),
            Slot::Part(Part::Serial) => Self::Bytes(scenario.serial.to_vec()),
            Slot::Part(Part::Tail) => Self::Bytes(scenario.tail.to_vec()),
            Slot::Part(Part::Layout) => Self::Fields(scenario.layout.clone()),
            Slot::Part(Part::Initial) => Self::Bytes(scenario.initial.to_vec()),
            // The sentence of the mistake says it.
            Slot::Part(
                Part::Halves
                | Part::Suites
                | Part::Form
                | Part::Order
                | Part::Padding
                | Part::Taken,
            ) => return None,
        })
    }

    fn in_words(&self, language: Language) -> String {
        match self {
            Self::Bytes(bytes) => hex::encode_upper(bytes),
            Self::Levels(levels) if levels.is_empty() => language.pick("none", "无").to_owned(),
            Self::Levels(levels) => {
                levels.iter().map(hex::encode_upper).collect::<Vec<_>>().join(" ")
            }
            Self::Key(KeyChoice { kind, index, version, .. }) => {
                format!("{} {index:02X}/{version:02X}", kind.text())
            }
            Self::Fields(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.name(language)).collect();
                names.join(language.pick(", ", ", "))
            }
        }
    }
}

fn differences(used: &Scenario, right: &Scenario, slots: Slots) -> Vec<Difference> {
    // A field that is only known, not covered, says nothing.
    let counts = |slot: &Slot| match slot {
        Slot::Field(field) => used.layout.contains(field),
        Slot::Part(_) => true,
    };
    slots
        .iter()
        .filter(counts)
        .filter_map(|slot| {
            Some(Difference { slot, used: Shown::of(used, slot)?, right: Shown::of(right, slot)? })
        })
        .collect()
}
