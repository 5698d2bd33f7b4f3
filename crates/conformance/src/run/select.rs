//! Which cases are run, in which order, and why others are not. Nothing here touches a card.

use std::sync::Arc;

use applet_spec::Profile;

use super::wear::Wear;
use super::words::text;
use super::{Destructive, Hand, Options, Order};
use crate::{Action, Case, Deed, Start, Text};

/// What will be done.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Every selected case, in order, run or not.
    pub entries: Vec<Entry>,
    /// Ids that were asked for and that no case has.
    pub unknown: Vec<String>,
}

/// A selected case.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The case.
    pub case: Arc<Case>,
    /// It may lock something for good or use up tries of a card of this profile.
    pub destructive: bool,
    /// Why it is not run, if it is not.
    pub skipped: Option<Text>,
}

impl Selection {
    /// The cases that will be run.
    pub fn run(&self) -> impl Iterator<Item = &Arc<Case>> {
        self.entries.iter().filter(|entry| entry.skipped.is_none()).map(|entry| &entry.case)
    }

    /// Those of them that may lock something for good or use up tries.
    pub fn destructive(&self) -> impl Iterator<Item = &Arc<Case>> {
        let worn = self.entries.iter().filter(|entry| entry.skipped.is_none() && entry.destructive);
        worn.map(|entry| &entry.case)
    }

    /// The cases that will not, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&Arc<Case>, &Text)> {
        self.entries.iter().filter_map(|entry| Some((&entry.case, entry.skipped.as_ref()?)))
    }
}

/// Selects of `cases` what `options` ask for and a card of `profile` can show. Without a hand at the
/// card, what may use it up comes last, the worst at the end.
pub fn select(cases: &[Arc<Case>], options: &Options, profile: &Profile, hand: Hand) -> Selection {
    let named = |case: &Case, id: &String| *id == case.id || *id == case.base;
    let is_known = |id: &&String| cases.iter().any(|case| named(case, id));
    let unknown = options.only.iter().filter(|id| !is_known(id)).cloned().collect();
    let wanted = |case: &&Arc<Case>| {
        (options.only.is_empty() || options.only.iter().any(|id| named(case, id)))
            && options.containing.as_deref().is_none_or(|text| contains(case, text))
            && options.partition.is_none_or(|partition| partition.holds(&case.base))
    };
    let entry = |case: &Arc<Case>| Entry {
        case: Arc::clone(case),
        destructive: Wear::of(case, profile) != Wear::Nothing,
        skipped: unfit(case, options, profile, hand),
    };
    let mut entries: Vec<Entry> = cases.iter().filter(wanted).map(entry).collect();
    if let Order::Shuffled(seed) = options.order {
        shuffle(&mut entries, seed);
    }
    if hand == Hand::None {
        entries.sort_by_key(|entry| Wear::of(&entry.case, profile));
    }
    Selection { entries, unknown }
}

/// Why a case is not run.
fn unfit(case: &Case, options: &Options, profile: &Profile, hand: Hand) -> Option<Text> {
    if let Some(condition) = case.applies.iter().find(|condition| !condition.holds(profile)) {
        let not = if condition.negated { "!" } else { "" };
        let (word, name) = (&condition.word, &profile.name);
        return Some(text(
            format!("not for {name}: it applies where '{not}{word}' holds"),
            format!("不适用于 {name}: 适用条件为 '{not}{word}'"),
        ));
    }
    match hand {
        Hand::AtTheCard => None,
        Hand::None => needs_hand(case).or_else(|| destroys(case, options, profile)),
    }
}

fn destroys(case: &Case, options: &Options, profile: &Profile) -> Option<Text> {
    let worn = Wear::of(case, profile) != Wear::Nothing;
    (worn && options.destructive == Destructive::Skipped).then(|| {
        text(
            "it may lock the card for good or use up tries; allow it with --allow-destructive",
            "可能永久锁定卡片或耗尽尝试次数; 用 --allow-destructive 允许",
        )
    })
}

/// What of a case only a hand at the card can do. A balance alone can be reached by transactions.
fn needs_hand(case: &Case) -> Option<Text> {
    let unset = case.card.iter().find(|(key, _)| !super::reach::reachable(key));
    let reason = |en: String, zh: String| {
        Some(text(
            format!("{en}, which only an emulated card with its control channel can do"),
            format!("{zh}, 只有带控制通道的虚拟卡能做到"),
        ))
    };
    if let Some((key, value)) = unset {
        return reason(format!("it sets {key}={value}"), format!("需要设置 {key}={value}"));
    }
    if !case.card.is_empty() && case.start != Start::Selected {
        return reason("it sets a balance before a reset".into(), "复位前需要设置余额".into());
    }
    case.steps.iter().find_map(|step| match &step.action {
        _ if step.tear => {
            reason("power is lost at every memory write".into(), "在每次写存储时掉电".into())
        }
        Action::Set(_) => reason("it sets values in its middle".into(), "中途设置卡片状态".into()),
        Action::Do(Deed::Remove | Deed::Insert) => {
            reason("the card is pulled out".into(), "需要拔出卡片".into())
        }
        _ => None,
    })
}

fn contains(case: &Case, text: &str) -> bool {
    let text = text.to_lowercase();
    let rules = case.rules.iter().map(|rule| &rule.id);
    [&case.id, &case.purpose.en, &case.purpose.zh]
        .into_iter()
        .chain(rules)
        .chain(&case.catches)
        .any(|held| held.to_lowercase().contains(&text))
}

/// Fisher and Yates, on splitmix64.
fn shuffle(entries: &mut [Entry], seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    for last in (1..entries.len()).rev() {
        entries.swap(last, (next() % (last as u64 + 1)) as usize);
    }
}
