//! Everything that can be seen of a card from outside, to compare two of them.

use std::collections::{BTreeMap, BTreeSet};

use applet_spec::{FileKind, PinUse, PurseKind};
use emulator::Card;
use emulator::native::settings;

use super::{Bench, Chip, Init, Kind};

/// What was asked, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View(pub BTreeMap<String, String>);

/// PINs the tests use: the profile's, and one to change to.
pub const PINS: [&str; 2] = ["123456", "987654"];

impl Bench {
    /// Looks at a powered-up copy of the card; the card itself does not notice.
    pub fn view(&self, card: &Card) -> View {
        let mut lines = BTreeMap::new();
        let mut card = card.fork();
        card.memory_mut().tear_at(None);
        let mut chip = Chip::new(card);
        for (key, value) in settings::status(chip.card.memory()).expect("status") {
            lines.insert(key, value);
        }
        let Some(pin) = self.accepted_pin(&chip, &mut lines) else {
            return View(lines);
        };
        let mut say = |key: String, value: String| lines.insert(key, value);
        chip.set("pin-tries", "3");
        chip.send(self.select());
        chip.send(&pin);
        let directory = self.profile.application().expect("application");
        for file in &directory.files {
            let commands = match file.kind {
                FileKind::Binary { .. } => vec![format!("00B0 {:02X}00 00", 0x80 | file.sfi)],
                _ => {
                    (1..=12).map(|n| format!("00B2 {n:02X}{:02X} 00", file.sfi << 3 | 4)).collect()
                }
            };
            for command in commands {
                let answer = format!("{:?}", chip.send(&command));
                say(command, answer);
            }
        }
        let mut serials = BTreeSet::new();
        for purse in &directory.purses {
            for use_of in &purse.allows {
                let kind = match use_of {
                    PinUse::Load => Kind::Load,
                    PinUse::Purchase => Kind::Purchase,
                    PinUse::Overdraft => Kind::Update,
                    _ => continue,
                };
                let answer = chip.send(Init::new(kind, purse.kind, 0).apdu());
                let shown = answer.data.len().min(if kind == Kind::Load { 6 } else { 9 });
                let data = hex::encode_upper(&answer.data[..shown]);
                say(
                    format!("{kind:?} of {:?}", purse.kind),
                    format!("{data}{:04X}", answer.status),
                );
                if let Some(&[high, low]) = answer.data.get(4..6) {
                    serials.insert((high, low));
                }
            }
        }
        for kind in 0..=0x11 {
            for (high, low) in &serials {
                let proof = chip.send(vec![0x80, 0x5A, 0, kind, 2, *high, *low, 8]);
                if proof.status == 0x9000 {
                    say("proof".to_owned(), format!("{kind:02X} {proof:?}"));
                }
            }
        }
        View(lines)
    }

    /// Which of the [`PINS`] the card takes, tried on copies with full counters. `None` where the
    /// application answers to nothing.
    fn accepted_pin(&self, chip: &Chip, lines: &mut BTreeMap<String, String>) -> Option<String> {
        let mut accepted = None;
        for pin in PINS {
            let mut copy = chip.clone();
            settings::set(copy.card.memory_mut(), "pin-tries", "3").expect("a PIN");
            copy.send(self.select());
            let command = format!("0020 0000 03 {pin}");
            let answer = copy.send(&command);
            if answer.status == 0x9000 {
                accepted = Some(command.clone());
            }
            lines.insert(format!("PIN {pin}"), format!("{answer:?}"));
        }
        accepted
    }
}

impl View {
    /// Without a line that may differ.
    pub fn without(mut self, key: &str) -> Self {
        self.0.remove(key);
        self
    }

    pub fn stored(&self, purse: PurseKind) -> &str {
        let prefix = if purse == PurseKind::Deposit { "ed" } else { "ep" };
        &self.0[&format!("{prefix}.balance")]
    }
}
