//! From a trace to its transactions: which codes were sent, and what is known of what they cover.
//!
//! A trace may hold what was said to a card and to a PSAM, in one input or in several. A command
//! belongs to a PSAM where only PSAMs have it; SELECT counts where it names a directory of the
//! card's family. Nothing here refuses: what is not understood is passed over, and what looks like
//! a transaction and is not whole is told as [`Aside`].

mod card;
mod sam;

use apdu::{CommandApdu, StatusWord};
use applet_spec::{Catalogue, CommandId, CommandSet, Profile};
use purse::{Command, CommandError, IdentificationCode, PurseCommand};

use crate::candidate::{Candidates, push};
use crate::trace::{Event, Exchange};
use crate::transaction::{Card, Transaction};
use crate::{Given, Place, Source, Trace};

pub use sam::{SamCheck, SamExchange};

/// What is known beside the trace.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The card's 8-byte serial, in place of the one that the trace or the profile has.
    pub serial: Option<[u8; 8]>,
    /// Values to try.
    pub candidates: Vec<Given>,
}

/// What a trace holds.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its transactions, in order.
    pub transactions: Vec<Transaction>,
    /// What looks like one and is not whole.
    pub asides: Vec<Aside>,
    /// What PSAMs were asked.
    pub sam: Vec<SamExchange>,
    /// MAC2 that PSAMs were given to check.
    pub sam_checks: Vec<SamCheck>,
    /// The terminal numbers that PSAMs told.
    pub(crate) found: Candidates,
}

/// Something that looks like a step of a transaction and is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Where it stands.
    pub place: Place,
    /// Why it is none.
    pub why: Why,
}

/// Why a step is no transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The card refused INITIALIZE.
    Refused(CommandId, StatusWord),
    /// There is no answer, or none of the right length.
    NoAnswer(CommandId),
    /// A second step without its INITIALIZE.
    NoInitialize(CommandId),
    /// The recording masks its bytes.
    Masked,
    /// The command is wrong in itself.
    Wrong(CommandError),
}

impl Reading {
    /// Reads a trace of cards of `profile`.
    pub fn new(trace: &Trace, profile: &Profile, known: &Known) -> Self {
        let mut reader = Reader::new(profile, known);
        for event in &trace.events {
            match event {
                Event::Reset => reader.reset(),
                Event::Exchange(exchange) => reader.exchange(exchange),
            }
        }
        reader.finish()
    }
}

/// Instructions of INITIALIZE and of the second steps.
const TRANSACTION_INSTRUCTIONS: [u8; 4] = [0x50, 0x52, 0x54, 0x58];

struct Reader<'p> {
    profile: &'p Profile,
    known: &'p Known,
    directory: u16,
    card: Option<Card>,
    /// The code that the card gave in the current selection.
    code: Option<IdentificationCode>,
    running: Option<Transaction>,
    out: Reading,
}

impl<'p> Reader<'p> {
    fn new(profile: &'p Profile, known: &'p Known) -> Self {
        let mut out = Reading::default();
        known.candidates.iter().for_each(|given| out.found.add_given(given));
        if let Some(code) = profile.authentication_code {
            push(&mut out.found.codes, IdentificationCode(code), Source::Profile);
        }
        push(&mut out.found.cards, profile.serial, Source::Profile);
        Self {
            profile,
            known,
            directory: profile.application().map_or(0, |application| application.fid),
            card: None,
            code: None,
            running: None,
            out,
        }
    }

    fn reset(&mut self) {
        // The reset of a PSAM stands in the same trace; that of a card ends its transaction, and
        // then the second step fails for another reason than its MAC.
        if self.running.is_none() {
            self.code = None;
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let apdu = CommandApdu::new(&exchange.command);
        let of_transaction = TRANSACTION_INSTRUCTIONS.contains(&apdu.ins());
        if exchange.masked {
            if of_transaction {
                self.aside(exchange.place, Why::Masked);
            }
            return;
        }
        let rules = &self.profile.rules;
        let psam = Catalogue::of(CommandSet::Psam);
        if let Ok((_, Command::Psam(command))) = Command::parse_with(psam, &apdu, rules) {
            self.sam(exchange, &command);
            return;
        }
        match PurseCommand::parse(&apdu, rules) {
            Ok(command) => self.purse(exchange, &command),
            Err(error) if of_transaction => self.aside(exchange.place, Why::Wrong(error)),
            Err(_) => {}
        }
    }

    fn aside(&mut self, place: Place, why: Why) {
        self.out.asides.push(Aside { place, why });
    }

    /// A card that the trace tells. Where it is the first, what came before it was with this one: a
    /// trace may begin after the card was selected.
    fn told(&mut self, told: Card) {
        let first = self.card.replace(told).is_none();
        if !first {
            return;
        }
        let card = self.card();
        let unknown = |one: &&mut Transaction| one.card.source == Source::Profile;
        let before = self.out.transactions.iter_mut().chain(&mut self.running);
        before.filter(unknown).for_each(|one| one.card = card.clone());
    }

    /// The card that the trace told last, or else the one that is known.
    fn card(&self) -> Card {
        let mut card = self.card.clone().unwrap_or_else(|| {
            Card::of_profile(self.profile, self.profile.serial, Source::Profile)
        });
        if let Some(serial) = self.known.serial {
            if self.card.is_none() {
                card.public = self.profile.public_content(&serial);
            }
            card.serial = serial;
            card.source = Source::Given;
        }
        card
    }

    fn finish(mut self) -> Reading {
        self.out.transactions.extend(self.running.take());
        self.out
    }
}
