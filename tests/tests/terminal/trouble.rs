//! Taps that go wrong: silence and lost power, at every command and every memory write.

use emulator::VirtualCard;
use link::{CardControl, CardTransport, Fault, Loss, Mute, Repeat};
use terminal::{Engine, FlowError, Outcome, Program, Timestamp};

use crate::lab::{Books, Lab, NOW, tap};

/// How a tap is disturbed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// Not at all.
    None,
    /// Silence at the Nth command since reset.
    Silence(u64, Loss),
    /// Power is lost at the Kth memory write from now.
    Tear(u64),
}

/// One tap with trouble, for 250 fen where the flow is not free. The card is whole again afterwards.
pub fn disturbed(
    engine: &mut Engine<'_>,
    program: &Program,
    lab: &Lab,
    now: Timestamp,
    card: VirtualCard,
    trouble: Trouble,
    books: &mut Books,
) -> (Result<Outcome, FlowError>, VirtualCard) {
    let order = lab.order(250);
    let mut card = card;
    let mut fault = match trouble {
        Trouble::None => Fault::new(card),
        Trouble::Silence(at, loss) => {
            Fault::new(card).mute(Mute { at, loss, repeat: Repeat::Once })
        }
        Trouble::Tear(write) => {
            card.tear(write).unwrap();
            Fault::new(card)
        }
    };
    let outcome = tap(engine, program, &order, now, &mut fault, books);
    (outcome, untorn(fault.into_inner()))
}

/// The card without power, and without a tear that is still to come.
fn untorn(card: VirtualCard) -> VirtualCard {
    let mut copy = card.card().fork();
    copy.memory_mut().tear_at(None);
    VirtualCard::volatile(copy)
}

/// Commands and memory writes of an undisturbed tap.
pub fn measure(lab: &Lab, program: &Program, card: &VirtualCard) -> (u64, u64) {
    struct Counting(VirtualCard, u64);
    impl CardTransport for Counting {
        fn reset(&mut self) -> Result<link::Atr, link::LinkError> {
            self.0.reset()
        }
        fn power_off(&mut self) -> Result<(), link::LinkError> {
            self.0.power_off()
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, link::LinkError> {
            self.1 += 1;
            self.0.transmit(command)
        }
        fn describe(&self) -> String {
            self.0.describe()
        }
    }
    let mut engine = lab.local(0);
    let mut counting = Counting(VirtualCard::volatile(card.card().fork()), 0);
    let mut books = Books::default();
    let order = lab.order(250);
    let outcome = tap(&mut engine, program, &order, NOW, &mut counting, &mut books).unwrap();
    assert_eq!(outcome, Outcome::Accepted);
    (counting.1, counting.0.card().memory().writes())
}

/// Every trouble there is in a tap of this card.
pub fn troubles(lab: &Lab, program: &Program, card: &VirtualCard) -> Vec<Trouble> {
    let (commands, writes) = measure(lab, program, card);
    assert!(writes > 0 && commands > 3);
    let silences = (1..=commands)
        .flat_map(|at| [Trouble::Silence(at, Loss::Command), Trouble::Silence(at, Loss::Answer)]);
    silences.chain((1..=writes).map(Trouble::Tear)).collect()
}
