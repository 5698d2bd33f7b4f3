//! The memory against a model that is two vectors: what it holds now, and what it will hold if
//! the open transaction is undone.

use nvm::{Nvm, NvmError};
use proptest::collection::vec;
use proptest::prelude::*;

const SIZE: u32 = 700;
const LOG: u32 = 90;

#[derive(Clone, Debug)]
enum Op {
    Begin,
    Commit,
    Abort,
    Put(u32, Vec<u8>),
    PutRaw(u32, Vec<u8>),
    PutOutside(u32, Vec<u8>),
    TearAt(u64),
    PowerOff,
    PowerOn,
}

#[derive(Clone)]
struct Card {
    nvm: Nvm,
    now: Vec<u8>,
    undone: Option<Vec<u8>>,
}

impl Card {
    fn new() -> Card {
        Card { nvm: Nvm::with_log(SIZE, LOG), now: vec![0; SIZE as usize], undone: None }
    }

    /// Does it to both; `tears` are the writes at which recovery, if it comes to that, fails.
    fn run(&mut self, op: &Op, tears: &[u64]) -> Result<(), TestCaseError> {
        let before = self.nvm.writes();
        let outcome = match op {
            Op::Begin => self.nvm.begin(),
            Op::Commit => self.nvm.commit(),
            Op::Abort => self.nvm.abort(),
            Op::Put(at, bytes) => self.nvm.put(*at, bytes),
            Op::PutRaw(at, bytes) => self.nvm.put_raw(*at, bytes),
            Op::PutOutside(at, bytes) => self.nvm.put_outside(*at, bytes),
            Op::TearAt(k) => {
                self.nvm.tear_at(Some(*k));
                return Ok(());
            }
            Op::PowerOff => {
                self.nvm.power_off();
                Err(NvmError::PowerLost)
            }
            Op::PowerOn => {
                // A card that has power is reset by it: the open transaction is undone.
                let outcome = self.nvm.power_on();
                if let Some(undone) = self.undone.take() {
                    self.now = undone;
                }
                outcome
            }
        };
        match outcome {
            Ok(()) => self.happened(op)?,
            Err(NvmError::PowerLost) => {
                prop_assert!(!self.nvm.powered());
                prop_assert_eq!(self.nvm.byte(0), Err(NvmError::PowerLost));
                if let (Op::PutRaw(at, bytes), None) = (op, &self.undone) {
                    self.write_now(*at, &bytes[..bytes.len() / 2]);
                }
                self.recover(tears)?;
            }
            Err(NvmError::LogFull { needed, free }) => {
                prop_assert!(needed > free && self.undone.is_some());
                prop_assert_eq!(self.nvm.writes(), before);
            }
            Err(NvmError::OutOfRange { .. }) => {
                let (Op::Put(at, bytes) | Op::PutRaw(at, bytes) | Op::PutOutside(at, bytes)) = op
                else {
                    return Err(TestCaseError::fail("only a write can reach outside"));
                };
                prop_assert!(*at as usize + bytes.len() > SIZE as usize);
            }
            Err(NvmError::TransactionOpen) => prop_assert!(self.undone.is_some()),
            Err(NvmError::NoTransaction) => prop_assert!(self.undone.is_none()),
        }
        self.check()
    }

    fn happened(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Begin => {
                prop_assert!(self.undone.is_none());
                self.undone = Some(self.now.clone());
            }
            Op::Commit => prop_assert!(self.undone.take().is_some()),
            Op::Abort => match self.undone.take() {
                Some(undone) => self.now = undone,
                None => return Err(TestCaseError::fail("aborted no transaction")),
            },
            Op::Put(at, bytes) | Op::PutRaw(at, bytes) => self.write_now(*at, bytes),
            Op::PutOutside(at, bytes) => {
                self.write_now(*at, bytes);
                if let Some(undone) = &mut self.undone {
                    undone[*at as usize..][..bytes.len()].copy_from_slice(bytes);
                }
            }
            Op::TearAt(_) | Op::PowerOff | Op::PowerOn => {}
        }
        Ok(())
    }

    fn recover(&mut self, tears: &[u64]) -> Result<(), TestCaseError> {
        for k in tears {
            self.nvm.tear_at(Some(*k));
            if self.nvm.power_on().is_ok() {
                break;
            }
            prop_assert!(!self.nvm.powered());
        }
        self.nvm.tear_at(None);
        prop_assert_eq!(self.nvm.power_on(), Ok(()));
        prop_assert_eq!((self.nvm.power_on(), self.nvm.writes()), (Ok(()), 0));
        if let Some(undone) = self.undone.take() {
            self.now = undone;
        }
        Ok(())
    }

    fn write_now(&mut self, at: u32, bytes: &[u8]) {
        self.now[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let mut bytes = vec![0; SIZE as usize];
        prop_assert_eq!(self.nvm.read(0, &mut bytes), Ok(()));
        prop_assert_eq!(self.nvm.in_transaction(), self.undone.is_some());
        prop_assert_eq!(&bytes, &self.now);
        Ok(())
    }
}

fn op() -> impl Strategy<Value = Op> {
    // Few addresses, so that writes meet; some over page borders and the end of the memory.
    let address = || prop_oneof![4 => 0..24u32, 3 => 245..262u32, 1 => 680..705u32];
    let bytes = || vec(any::<u8>(), 0..14);
    prop_oneof![
        3 => Just(Op::Begin),
        2 => Just(Op::Commit),
        1 => Just(Op::Abort),
        8 => (address(), bytes()).prop_map(|(at, bytes)| Op::Put(at, bytes)),
        3 => (address(), bytes()).prop_map(|(at, bytes)| Op::PutRaw(at, bytes)),
        3 => (address(), bytes()).prop_map(|(at, bytes)| Op::PutOutside(at, bytes)),
        1 => (1..12u64).prop_map(Op::TearAt),
        1 => Just(Op::PowerOff),
        1 => Just(Op::PowerOn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_transaction_happens_or_does_not_whatever_comes(
        ops in vec(op(), 1..60),
        tears in vec(1..6u64, 0..4),
    ) {
        let mut card = Card::new();
        for op in &ops {
            card.run(op, &tears)?;
        }
    }

    #[test]
    fn forks_live_their_own_lives(
        steps in vec((op(), any::<prop::sample::Index>(), prop::bool::weighted(0.2)), 1..80),
    ) {
        let mut cards = vec![Card::new()];
        for (op, which, fork) in &steps {
            let which = which.index(cards.len());
            if *fork {
                let twin = cards[which].clone();
                prop_assert!(twin.nvm.same_contents(&cards[which].nvm));
                cards.push(twin);
            }
            cards[which].run(op, &[])?;
        }
        for card in &cards {
            card.check()?;
            prop_assert_eq!(card.nvm.same_contents(&cards[0].nvm), card.now == cards[0].now);
        }
    }
}

#[test]
fn power_lost_at_every_write_and_at_every_write_of_the_recovery() {
    let story = [
        Op::Put(250, vec![1; 12]),
        Op::Begin,
        Op::Put(4, vec![2; 4]),
        Op::PutRaw(252, vec![3; 8]),
        Op::Put(4, vec![4; 4]),
        Op::PutOutside(5, vec![5; 2]),
        Op::PutOutside(300, vec![6; 2]),
        Op::Commit,
        Op::PutRaw(0, vec![7; 9]),
        Op::Begin,
        Op::PutRaw(0, vec![8; 30]),
        Op::Put(20, vec![9; 20]),
        Op::Abort,
    ];
    let mut calm = Card::new();
    story.iter().for_each(|op| calm.run(op, &[]).unwrap());
    let total = calm.nvm.writes();
    assert_eq!(total, 1 + (3 + 3 + 1 + 1 + 1 + 1) + 1 + (3 + 3 + 3));
    for k in 1..=total + 1 {
        for recovery in 1..6 {
            let mut card = Card::new();
            card.nvm.tear_at(Some(k));
            for op in &story {
                let outcome = card.run(op, &[recovery, 1, recovery]);
                assert!(outcome.is_ok(), "tear {k}, recovery {recovery}, {op:?}: {outcome:?}");
                if card.nvm.writes() == 0 && k <= total {
                    break;
                }
            }
        }
    }
}
