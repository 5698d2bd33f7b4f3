//! Cards and modules that answer anything: no answer makes the engine panic, and none that is not a
//! second step's leaves anything open.

use link::{Atr, BitFlips, CardTransport, Fault, LinkError};
use proptest::prelude::*;
use terminal::{Outcome, Program};

use crate::lab::{Books, Lab, NOW, tap};

/// Answers what it is given, whatever is asked, and falls silent then.
struct Liar {
    answers: std::vec::IntoIter<Vec<u8>>,
    asked: usize,
}

impl CardTransport for Liar {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        Ok(Atr(vec![0x3B, 0x00]))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.asked += 1;
        self.answers.next().ok_or(LinkError::Mute)
    }

    fn describe(&self) -> String {
        "liar".to_owned()
    }
}

/// An answer: anything, or what such a step may answer, with lengths that fit or nearly do.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let status = prop_oneof![
        8 => Just([0x90, 0x00]),
        1 => any::<[u8; 2]>(),
        1 => Just([0x94, 0x01]),
        1 => Just([0x6A, 0x83]),
    ];
    let length = prop_oneof![0_usize..40, Just(30), Just(60), Just(128), Just(48), 0_usize..300];
    (length, any::<u8>(), any::<u64>(), status).prop_map(|(length, fill, seed, status)| {
        let noise = |at: usize| (seed.rotate_left(at as u32 * 7) as u8) ^ fill;
        let mut data: Vec<u8> = (0..length).map(noise).collect();
        data.extend(status);
        data
    })
}

/// A public file that lets the flow go on, so that later steps see nonsense too.
fn public() -> Vec<u8> {
    let mut out = hex::decode("01011000FFFFFFFF0201031099990000000000012020010120991231").unwrap();
    out.resize(30, 0);
    out.extend([0x90, 0x00]);
    out
}

fn programs(lab: &Lab) -> Vec<Program> {
    let flows = applet_spec::flow::Flow::of_profile(&lab.profile);
    flows.iter().map(|flow| lab.program(&flow.name)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_answer_panics(answers in proptest::collection::vec(answer(), 0..40), good: bool) {
        for family in ["pboc", "cjt166", "jtt978"] {
            let lab = Lab::new(family);
            for program in programs(&lab) {
                let mut answers = answers.clone();
                if good {
                    let at = if family == "cjt166" { 3 } else { 2 };
                    let ok = vec![0x90, 0x00];
                    answers.splice(0..0, std::iter::repeat_n(ok, at));
                    answers.insert(at, public());
                }
                let mut card = Liar { answers: answers.into_iter(), asked: 0 };
                let mut engine = lab.local(0);
                let mut books = Books::default();
                // Twice: the second tap has something to settle where the first left it open.
                for _ in 0..2 {
                    let outcome =
                        tap(&mut engine, &program, &lab.order(250), NOW, &mut card, &mut books);
                    let lost = matches!(outcome, Ok(Outcome::Lost));
                    prop_assert!(!lost || !engine.open().is_empty());
                }
                prop_assert_eq!(&books.open[..], engine.open());
            }
        }
    }

    #[test]
    fn no_psam_panics(answers in proptest::collection::vec(answer(), 0..20)) {
        let lab = Lab::new("cjt166");
        let mut psam = Liar { answers: answers.into_iter(), asked: 0 };
        let places = [purse::SelectBy::Fid(0x1001)];
        let Ok(psam) = terminal::CardPsam::open(&mut psam, &lab.profile, &places) else {
            return Ok(());
        };
        let mut engine = lab.engine(Box::new(psam));
        let (mut card, mut books) = (lab.card(10_000), Books::default());
        let program = lab.program("cjt-purchase");
        for _ in 0..3 {
            let _ = tap(&mut engine, &program, &lab.order(250), NOW, &mut card, &mut books);
        }
        prop_assert!(books.transactions.len() <= 3);
    }

    /// One bit of one answer in three is turned over on its way: a card may be refused or its code be
    /// wrong, but what the records say was charged is what was charged.
    #[test]
    fn turned_bits_lose_no_charge(seed: u32) {
        let lab = Lab::new("jtt978");
        let program = lab.program("tunion-bus");
        let (mut engine, mut books) = (lab.local(0), Books::default());
        let mut card = Fault::new(lab.card(10_000)).flips(BitFlips::new(seed, 3));
        for ride in 0..8 {
            let now = NOW.plus(ride * 10);
            let _ = tap(&mut engine, &program, &lab.order(250), now, &mut card, &mut books);
        }
        let mut card = card.into_inner();
        let charged = 10_000 - lab.balance(&mut card, applet_spec::PurseKind::Purse);
        engine.give_up(&mut books).unwrap();
        prop_assert!(charged <= 250 * books.transactions.len() as u32);
    }
}
