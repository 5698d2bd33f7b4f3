//! What settles an open transaction, and what does not: other amounts, silence, codes nobody can check.

use applet_spec::PurseKind;
use emulator::VirtualCard;
use link::{Atr, CardTransport, LinkError, Loss};
use purse::answer::SamInitialized;
use purse::{IdentificationCode, TerminalId, TerminalSerial};
use terminal::{
    BlockRequest, Check, Engine, FlowError, LocalPsam, Outcome, Psam, Purchase, Verdict,
};

use crate::lab::{Books, Lab, NOW, tap};
use crate::trouble::{Trouble, disturbed, measure};

const EP: PurseKind = PurseKind::Purse;
const INITIALIZE: u8 = 0x50;
const GET_BALANCE: u8 = 0x5C;
const READ_RECORD: u8 = 0xB2;

/// A card on whose way somebody meddles: what is answered, where it is anything.
struct Meddled<F> {
    card: VirtualCard,
    meddle: F,
}

impl<F: FnMut(u8) -> Option<Result<Vec<u8>, LinkError>>> CardTransport for Meddled<F> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.card.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        match (self.meddle)(command[1]) {
            Some(instead) => instead,
            None => self.card.transmit(command),
        }
    }

    fn describe(&self) -> String {
        self.card.describe()
    }
}

/// A PSAM that cannot check MAC2 any more, and a TAC only where it has the key.
struct Forgetful<'l> {
    psam: LocalPsam<'l>,
    tac_key: bool,
}

impl Psam for Forgetful<'_> {
    fn describe(&self) -> String {
        self.psam.describe()
    }

    fn terminal(&self) -> TerminalId {
        self.psam.terminal()
    }

    fn key_index(&self) -> u8 {
        self.psam.key_index()
    }

    fn check_code(&mut self, code: &IdentificationCode) -> Result<Check, FlowError> {
        self.psam.check_code(code)
    }

    fn mac1(&mut self, purchase: &Purchase) -> Result<SamInitialized, FlowError> {
        self.psam.mac1(purchase)
    }

    fn check_mac2(
        &mut self,
        _: &Purchase,
        _: TerminalSerial,
        _: crypto::Mac,
    ) -> Result<Check, FlowError> {
        Ok(Check::Unknown)
    }

    fn check_tac(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        tac: crypto::Mac,
    ) -> Result<Check, FlowError> {
        match self.tac_key {
            true => self.psam.check_tac(purchase, serial, tac),
            false => Ok(Check::Unknown),
        }
    }

    fn block_mac(&mut self, request: &BlockRequest) -> Result<crypto::Mac, FlowError> {
        self.psam.block_mac(request)
    }
}

/// A tap for 250 fen whose second step is lost.
fn lose(
    engine: &mut Engine<'_>,
    lab: &Lab,
    flow: &str,
    loss: Loss,
    books: &mut Books,
) -> VirtualCard {
    let (program, start) = (lab.program(flow), lab.card(10_000));
    let (commands, _) = measure(lab, &program, &start);
    let trouble = Trouble::Silence(commands, loss);
    let (lost, card) = disturbed(engine, &program, lab, NOW, start, trouble, books);
    assert_eq!(lost.unwrap(), Outcome::Lost);
    card
}

#[test]
fn an_order_of_another_amount_is_made_beside_the_lost_one() {
    let lab = Lab::new("jtt978");
    for (flow, sign) in [("tunion-load", 1), ("tunion-purchase", -1)] {
        for (loss, told) in [(Loss::Command, &[500][..]), (Loss::Answer, &[250, 500])] {
            let (mut engine, mut books) = (lab.local(0), Books::default());
            let mut card = lose(&mut engine, &lab, flow, loss, &mut books);
            let (program, order) = (lab.program(flow), lab.order(500));
            let now = NOW.plus(5);
            let outcome = tap(&mut engine, &program, &order, now, &mut card, &mut books).unwrap();
            assert_eq!(outcome, Outcome::Accepted, "{flow} {loss:?}");
            let amounts: Vec<u32> =
                books.transactions.iter().map(|record| record.attempt.amount().0).collect();
            assert_eq!(amounts, told, "{flow} {loss:?}");
            let moved: u32 = told.iter().sum();
            let after = i64::from(lab.balance(&mut card, EP));
            assert_eq!(after, 10_000 + sign * i64::from(moved), "{flow} {loss:?}");
            assert!(books.open.is_empty(), "{flow} {loss:?}");
        }
    }
}

#[test]
fn a_card_pulled_while_it_is_asked_for_its_balance_is_asked_again() {
    let lab = Lab::new("jtt978");
    let (mut engine, mut books) = (lab.local(0), Books::default());
    let card = lose(&mut engine, &lab, "tunion-bus", Loss::Command, &mut books);
    let (program, order) = (lab.program("tunion-bus"), lab.order(250));
    let meddle = |instruction| match instruction {
        INITIALIZE => Some(Ok(vec![0x69, 0x85])),
        GET_BALANCE => Some(Err(LinkError::Mute)),
        _ => None,
    };
    let mut pulled = Meddled { card, meddle };
    let asked = tap(&mut engine, &program, &order, NOW.plus(5), &mut pulled, &mut books);
    assert!(matches!(asked, Err(FlowError::Link { .. })), "{asked:?}");
    assert!(books.transactions.is_empty() && engine.open().len() == 1);
    let mut card = pulled.card;
    let outcome = tap(&mut engine, &program, &order, NOW.plus(9), &mut card, &mut books).unwrap();
    assert_eq!((outcome, books.transactions.len()), (Outcome::Accepted, 1));
    assert_eq!(lab.balance(&mut card, EP), 9_750);
}

#[test]
fn a_proof_that_nobody_can_check_is_taken_only_with_the_card_s_log() {
    let lab = Lab::new("jtt978");
    let (program, order) = (lab.program("tunion-bus"), lab.order(250));
    for (tac_key, log, outcome, checked) in [
        (false, true, Outcome::Recovered, Check::Unknown),
        (false, false, Outcome::Grey, Check::Unknown),
        (true, false, Outcome::Recovered, Check::Right),
    ] {
        let place = format!("TAC key {tac_key}, log {log}");
        let psam = Forgetful { psam: lab.local_psam(), tac_key };
        let mut engine = Engine::new(Box::new(psam), None, lab.site());
        let mut books = Books::default();
        let card = lose(&mut engine, &lab, "tunion-bus", Loss::Answer, &mut books);
        let unreadable =
            |instruction| (instruction == READ_RECORD && !log).then(|| Ok(vec![0x69, 0x82]));
        let mut card = Meddled { card, meddle: unreadable };
        let tapped = tap(&mut engine, &program, &order, NOW.plus(5), &mut card, &mut books);
        assert_eq!(tapped.unwrap(), outcome, "{place}");
        let record = books.last();
        assert_eq!(record.verdict == Verdict::Grey, outcome == Outcome::Grey, "{place}");
        assert_eq!(record.tac_check, checked, "{place}");
        assert_eq!(lab.balance(&mut card.card, EP), 9_750, "{place}: charged once");
    }
}

#[test]
fn a_wrong_mac1_is_told_without_the_right_one() {
    struct Turned(VirtualCard, Vec<u8>);
    impl CardTransport for Turned {
        fn reset(&mut self) -> Result<Atr, LinkError> {
            self.0.reset()
        }

        fn power_off(&mut self) -> Result<(), LinkError> {
            self.0.power_off()
        }

        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
            let mut answer = self.0.transmit(command)?;
            if command[1] == INITIALIZE {
                // Balance, serial, key version, algorithm, random; then MAC1.
                self.1 = answer[12..16].to_vec();
                answer[12] ^= 1;
            }
            Ok(answer)
        }

        fn describe(&self) -> String {
            self.0.describe()
        }
    }
    let lab = Lab::new("jtt978");
    let (mut engine, mut books) = (lab.local(0), Books::default());
    let mut card = Turned(lab.card(10_000), Vec::new());
    let program = lab.program("tunion-load");
    let wrong = tap(&mut engine, &program, &lab.order(250), NOW, &mut card, &mut books);
    let error = wrong.unwrap_err();
    assert!(matches!(error, FlowError::WrongMac { .. }) && error.is_of_the_card(), "{error:?}");
    let right = hex::encode_upper(&card.1);
    assert!(!error.to_string().contains(&right), "{right} is told: {error}");
}
