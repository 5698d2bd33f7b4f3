//! Blank cards that are built, keyed, erased and built again by commands.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

#[path = "../common/mod.rs"]
mod common;

mod built;
mod bytes;
mod erase;
mod files;
mod hostile;
mod keys;
mod reclaimed;
mod rights;
mod torn;

use apdu::StatusWord;
use applet_spec::Profile;
use common::{Bench, Chip};
use crypto::custody::HeldKeys;
use emulator::CardMaker;
use emulator::native::tree;
use nvm::Nvm;
use purse::issuing::{Choices, KeyWriting, Sequence, Step, Verdict};

/// A blank card with power.
fn blank() -> Chip {
    blank_of("fmcos-blank", "")
}

/// A blank card of a profile with changes laid over it.
fn blank_of(base: &str, changes: &str) -> Chip {
    let head = format!("extends = \"{base}\"\nname = \"changed\"\nversion = \"0\"\n");
    let profile = Profile::parse(&(head + changes), "changes");
    let profile = profile.unwrap_or_else(|errors| panic!("{errors}"));
    let maker = CardMaker::new(std::sync::Arc::new(profile)).expect("it makes cards");
    Chip::new(maker.lab_card(1).expect("lab card"))
}

/// A blank card whose MF was erased: open ground.
fn erased() -> Chip {
    let mut chip = blank();
    authenticate(&mut chip, "FFFFFFFFFFFFFFFF", 0x00).expect("the key of a blank card");
    chip.ok("800E0000");
    chip
}

/// EXTERNAL AUTHENTICATE with an 8- or 16-byte key.
fn authenticate(chip: &mut Chip, key: &str, index: u8) -> Result<(), u16> {
    let key = crypto::Key::new(&hex::decode(key).unwrap()).unwrap();
    let challenge = chip.ok("0084000008");
    let suite = crypto::Suite::TripleDes;
    let cryptogram = crypto::authentication_cryptogram(suite, &key, &challenge, false);
    let answer = chip.send([&[0x00, 0x82, 0x00, index, 0x08], &cryptogram[..]].concat());
    if answer.status == 0x9000 { Ok(()) } else { Err(answer.status) }
}

/// DEBIT FOR PURCHASE of nothing by a purchase key 1111..2222.., after INITIALIZE answered `begun`.
fn debit(begun: &[u8], kind: u8) -> Vec<u8> {
    let key = crypto::Key::new(&[[0x11; 8], [0x22; 8]].concat()).unwrap();
    let suite = crypto::Suite::TripleDes;
    let input: [u8; 8] = [&begun[11..15], &begun[4..6], &[0, 1]].concat().try_into().unwrap();
    let session = crypto::SessionKey::derive(suite, &crypto::BlockCipher::new(suite, &key), &input);
    let moment = [0x20, 0x26, 0x01, 0x01, 0x12, 0x00, 0x00];
    let mac1 = session.mac(&[&[0; 4][..], &[kind], &[0x66; 6], &moment].concat()).0;
    [&[0x80, 0x54, 0x01, 0x00, 0x0F, 0, 0, 0, 1][..], &moment, &mac1, &[8]].concat()
}

/// The steps that build a card of a family out of a blank one, and the family's keys.
struct Builder {
    bench: Bench,
    custody: HeldKeys,
    sequence: Sequence,
}

impl Builder {
    fn of(family: &str, keys: KeyWriting) -> Self {
        let bench = Bench::new(family);
        let blank = Profile::built_in("fmcos-blank").unwrap();
        let choices = Choices { keys, ..Choices::default() };
        let sequence = Sequence::of(&bench.profile, &bench.profile.serial, blank, &choices);
        let sequence = sequence.unwrap_or_else(|error| panic!("{error}"));
        Self { custody: bench.profile.lab_custody(), bench, sequence }
    }

    /// A card that was built.
    fn built(&self) -> Chip {
        let mut chip = blank();
        self.take_all(&mut chip, self.sequence.steps());
        chip.reset();
        chip
    }

    #[track_caller]
    fn take_all(&self, chip: &mut Chip, steps: &[Step]) {
        for step in steps {
            let words = step.in_words(purse::Language::English);
            assert_eq!(self.take(chip, step), Some(Verdict::Done), "{words}");
        }
    }

    /// Takes one step; `None` where power is lost at it.
    fn take(&self, chip: &mut Chip, step: &Step) -> Option<Verdict> {
        let challenge = match step.challenge() {
            Some(length) => chip.attempt(vec![0x00, 0x84, 0x00, 0x00, length])?.data,
            None => Vec::new(),
        };
        let command = step.command(&self.custody, &challenge).expect("lab keys");
        let answer = chip.attempt(command.to_apdu().to_bytes().unwrap())?;
        Some(step.verdict(StatusWord(answer.status)))
    }
}

/// Card memory as far as anything is kept in it: what nobody has is zeroed. Two cards with equal
/// contents are the same card.
fn kept(memory: &Nvm) -> Nvm {
    let mut kept = memory.fork();
    kept.tear_at(None);
    if !kept.powered() {
        kept.power_on().unwrap();
    }
    tree::check(&kept).unwrap_or_else(|why| panic!("{why}"));
    for df in tree::Df::all(&kept.fork()) {
        let Some(site) = df.site(&kept).unwrap() else { continue };
        let free = vec![0; site.room() as usize];
        kept.put_raw(site.free(), &free).unwrap();
    }
    kept
}

/// Whether two cards keep the same.
fn same(one: &Chip, other: &Chip) -> bool {
    kept(one.card.memory()).same_contents(&kept(other.card.memory()))
}
