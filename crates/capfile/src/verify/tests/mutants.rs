//! Mutation: bytes of valid packages are changed, one at a time. Each change is refused on reading,
//! refused by a rule, or is in a class of changes that do no harm; and what is accepted never goes
//! wrong when its methods are walked.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::corpus::{Sample, exports, fixtures, golden, needed};
use super::harmless;
use super::walk::{Dice, walk};
use crate::cap::{CapFile, Component, Tag};
use crate::export::Package;
use crate::verify::refusal::Refusals;
use crate::verify::{Context, Rule, bodies, classes::Classes, index::Index, verify};

/// What became of changes.
#[derive(Default)]
struct Counts {
    changes: usize,
    unreadable: usize,
    /// By rule: the first refusal of each change.
    refused: BTreeMap<Rule, usize>,
    /// By class.
    harmless: BTreeMap<&'static str, usize>,
    /// By component: changes, and those that were accepted.
    components: BTreeMap<Tag, (usize, usize)>,
    walked: usize,
    wrong: Vec<String>,
}

impl Counts {
    fn try_one(
        &mut self,
        sample: &Sample,
        components: &[Component],
        (part, at, byte): (usize, usize, u8),
        exports: &[Package],
        dice: &mut Dice,
    ) {
        let mut changed = components.to_vec();
        let before = std::mem::replace(&mut changed[part].bytes[at], byte);
        if before == byte {
            return;
        }
        let tag = changed[part].tag;
        self.changes += 1;
        let of_component = self.components.entry(tag).or_default();
        of_component.0 += 1;
        let Ok(cap) = CapFile::read(&changed) else {
            self.unreadable += 1;
            return;
        };
        let name = format!("{}: {tag} {at}: {before:02X} to {byte:02X}", sample.name);
        let context = Context { exports, ..Context::default() };
        match verify(&cap, &context) {
            Err(refusals) => {
                let first = refusals.first().map(|refusal| refusal.rule);
                *self.refused.entry(first.unwrap()).or_default() += 1;
            }
            // What could not be looked at was not accepted.
            Ok(verified) if !verified.unchecked.is_empty() => {
                *self.refused.entry(Rule::ClassToken).or_default() += 1;
            }
            Ok(_) => {
                of_component.1 += 1;
                match harmless::class(&sample.cap, &cap) {
                    Some(class) => *self.harmless.entry(class).or_default() += 1,
                    None => self.wrong.push(format!("{name}: accepted")),
                }
                if tag == Tag::Method {
                    self.walked += 1;
                    if let Err(why) = walk_all(&cap, exports, 6, dice) {
                        self.wrong.push(format!("{name}: accepted, and goes wrong: {why}"));
                    }
                }
            }
        }
    }

    fn report(&self, what: &str) {
        let refused: usize = self.refused.values().sum();
        let harmless: usize = self.harmless.values().sum();
        let mut text = format!(
            "{what}: {} changes: {} unreadable, {refused} refused by rule, {harmless} harmless \
             ({} of them in methods, walked)\n",
            self.changes, self.unreadable, self.walked
        );
        for (tag, (changes, accepted)) in &self.components {
            writeln!(text, "  {tag}: {changes} changes, {accepted} accepted").unwrap();
        }
        for (rule, count) in &self.refused {
            writeln!(text, "  {count:6} {rule}").unwrap();
        }
        for (class, count) in &self.harmless {
            writeln!(text, "  {count:6} harmless: {class}").unwrap();
        }
        eprintln!("{text}");
        let shown: Vec<&str> = self.wrong.iter().take(60).map(String::as_str).collect();
        assert!(shown.is_empty(), "{} changes:\n{}", self.wrong.len(), shown.join("\n"));
    }
}

/// Walks all methods of a package.
fn walk_all(
    cap: &CapFile,
    exports: &[Package],
    walks: usize,
    dice: &mut Dice,
) -> Result<(), String> {
    let offsets = cap.classes.offsets(cap.format()).unwrap();
    let index = Index::new(cap, Classes::new(cap, exports, offsets, u64::MAX));
    let bodies = bodies::check(&index, &mut Refusals::new(1));
    bodies.iter().try_for_each(|body| {
        walk(&index, body, walks, dice).map_err(|why| format!("method {}: {why}", body.place))
    })
}

/// Changes of a sample: some at random places, to values near and far.
fn change(sample: &Sample, exports: &[Package], changes: usize, counts: &mut Counts, seed: u64) {
    let components = sample.cap.to_components().unwrap();
    let exports = needed(&sample.cap, exports);
    let mut dice = Dice::new(seed);
    let bytes: usize = components.iter().map(|component| component.bytes.len()).sum();
    for _ in 0..changes {
        let mut at = dice.below(bytes);
        let mut part = 0;
        while at >= components[part].bytes.len() {
            at -= components[part].bytes.len();
            part += 1;
        }
        let before = components[part].bytes[at];
        let byte = match dice.below(6) {
            0 => before.wrapping_add(1),
            1 => before.wrapping_sub(1),
            2 => before ^ 0x80,
            3 => before ^ 1 << dice.below(8),
            4 => 0,
            _ => u8::try_from(dice.below(256)).unwrap(),
        };
        counts.try_one(sample, &components, (part, at, byte), &exports, &mut dice);
    }
}

fn numbers(samples: &[Sample]) -> HashMap<String, u64> {
    samples.iter().zip(1u64..).map(|(sample, number)| (sample.name.clone(), number)).collect()
}

#[test]
fn changed_packages_of_our_own_are_refused_or_harmless() {
    let samples = fixtures();
    let (exports, seeds) = (exports(&samples), numbers(&samples));
    let mut counts = Counts::default();
    for sample in &samples {
        let changes = if std::env::var_os("PURSEKIT_LONG").is_some() { 4_000 } else { 200 };
        change(sample, &exports[&sample.platform], changes, &mut counts, seeds[&sample.name]);
    }
    counts.report("own packages");
    assert!(counts.refused.len() > 30, "{} rules have refused something", counts.refused.len());
}

#[test]
fn changed_golden_packages_are_refused_or_harmless() {
    let samples = golden();
    let (exports, seeds) = (exports(&samples), numbers(&samples));
    let mut counts = Counts::default();
    for sample in &samples {
        let changes = if std::env::var_os("PURSEKIT_LONG").is_some() { 600 } else { 12 };
        change(sample, &exports[&sample.platform], changes, &mut counts, seeds[&sample.name]);
    }
    counts.report("golden packages");
}

#[test]
fn walks_through_accepted_packages_do_not_go_wrong() {
    let mut samples = fixtures();
    samples.extend(golden());
    let exports = exports(&samples);
    let mut dice = Dice::new(5);
    for sample in &samples {
        let needed = needed(&sample.cap, &exports[&sample.platform]);
        if let Err(why) = walk_all(&sample.cap, &needed, 20, &mut dice) {
            panic!("{}: {why}", sample.name);
        }
    }
}
