//! A session keeps others away from the card for as long as its work takes, and no longer.

use applet_spec::PurseKind;
use link::{Atr, CardTransport, LinkError};
use purse::Amount;
use terminal::{CardSession, FlowError};

/// A card that answers once, another program beside it or not, and what was asked of it.
struct Told {
    answer: Option<Vec<u8>>,
    busy: bool,
    said: Vec<&'static str>,
}

impl Told {
    fn new(answer: Option<Vec<u8>>) -> Self {
        Self { answer, busy: false, said: Vec::new() }
    }
}

impl CardTransport for Told {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        Ok(Atr(vec![0x3B, 0x00]))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        Ok(())
    }

    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.said.push("command");
        self.answer.take().ok_or(LinkError::Mute)
    }

    fn describe(&self) -> String {
        "told".to_owned()
    }

    fn begin_exclusive(&mut self) -> Result<(), LinkError> {
        self.said.push("begin");
        if self.busy { Err(LinkError::Busy(self.describe())) } else { Ok(()) }
    }

    fn end_exclusive(&mut self) -> Result<(), LinkError> {
        self.said.push("end");
        Err(LinkError::Disturbed(self.describe()))
    }
}

fn balance(card: &mut Told) -> Result<Amount, FlowError> {
    let mut session = CardSession::new(card);
    session.exclusively("GET BALANCE", |session| session.balance(PurseKind::Purse))
}

#[test]
fn the_scope_ends_on_every_way_out_and_how_it_ends_changes_no_result() {
    let mut good = Told::new(Some(vec![0, 0, 3, 0xE8, 0x90, 0x00]));
    assert_eq!(balance(&mut good).unwrap(), Amount(1000));
    assert_eq!(good.said, ["begin", "command", "end"]);
    let mut silent = Told::new(None);
    let error = balance(&mut silent).unwrap_err();
    assert!(matches!(error, FlowError::Link { source: LinkError::Mute, .. }), "{error:?}");
    assert_eq!(silent.said, ["begin", "command", "end"]);
}

#[test]
fn nothing_is_sent_to_a_card_that_another_program_holds() {
    let mut held = Told { busy: true, ..Told::new(None) };
    let error = balance(&mut held).unwrap_err();
    assert!(matches!(error, FlowError::Link { source: LinkError::Busy(_), .. }), "{error:?}");
    assert_eq!(held.said, ["begin"]);
}
