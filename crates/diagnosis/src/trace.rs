//! What was said over a link, from recordings.

use apdu::{CommandApdu, ResponseApdu};
use link::{Outcome, Recording, StepKind};
use purse::Language;

/// Most answer bytes put together from pieces; more is no answer of a card.
const MOST_ANSWER: usize = 0x1_0000;

/// Everything that was said, in the order of the inputs.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    inputs: Vec<Input>,
    pub(crate) events: Vec<Event>,
}

/// Where in the inputs something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which input, from 0.
    pub input: usize,
    /// Line, or number of the argument; from 1.
    pub line: usize,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A card was reset or lost its power.
    Reset,
    /// A command and its whole answer.
    Exchange(Exchange),
}

/// A command and its whole answer: what GET RESPONSE fetched is joined to it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) place: Place,
    /// Its bytes; those that the recording masks are zero.
    pub(crate) command: Vec<u8>,
    /// Some of its bytes are masked.
    pub(crate) masked: bool,
    /// `None` where there was none, or none of two bytes.
    pub(crate) answer: Option<ResponseApdu>,
}

#[derive(Clone, Debug)]
struct Input {
    name: String,
    counted: Counted,
}

/// What [`Place::line`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Lines of a file.
    Lines,
    /// Arguments of a command line.
    Arguments,
}

impl Trace {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a recording; `name` is what places are told by where there are several inputs.
    pub fn add(&mut self, name: &str, counted: Counted, recording: &Recording) {
        let input = self.inputs.len();
        self.inputs.push(Input { name: name.to_owned(), counted });
        let mut joined = Joined::default();
        for step in &recording.steps {
            let place = Place { input, line: step.line };
            match &step.kind {
                StepKind::Reset(_) | StepKind::PowerOff => joined.reset(),
                StepKind::Exchange(pattern, outcome) => {
                    let answer = match outcome {
                        Outcome::Bytes(bytes) => ResponseApdu::parse(bytes).ok(),
                        Outcome::Mute | Outcome::NoCard | Outcome::Failed(_) => None,
                    };
                    joined.push(Exchange {
                        place,
                        command: pattern.0.iter().map(|byte| byte.unwrap_or_default()).collect(),
                        masked: pattern.0.iter().any(Option::is_none),
                        answer,
                    });
                }
            }
        }
        self.events.extend(joined.finish());
    }

    /// Every command that was answered, and its whole answer.
    pub fn exchanges(&self) -> impl DoubleEndedIterator<Item = (&[u8], &ResponseApdu)> {
        self.events.iter().filter_map(|event| match event {
            Event::Exchange(Exchange { command, answer: Some(answer), .. }) => {
                Some((command.as_slice(), answer))
            }
            Event::Exchange(_) | Event::Reset => None,
        })
    }

    /// A place in words.
    pub fn place(&self, place: Place, language: Language) -> String {
        let input = self.inputs.get(place.input);
        let line = place.line;
        let counted = input.map_or(Counted::Lines, |input| input.counted);
        let words = match (counted, language) {
            (Counted::Lines, Language::English) => format!("line {line}"),
            (Counted::Lines, Language::Chinese) => format!("第 {line} 行"),
            (Counted::Arguments, Language::English) => format!("argument {line}"),
            (Counted::Arguments, Language::Chinese) => format!("第 {line} 个参数"),
        };
        match input.filter(|_| self.inputs.len() > 1) {
            Some(input) => format!("{} {words}", input.name),
            None => words,
        }
    }
}

/// Joins what GET RESPONSE fetches to the answer it is a part of.
#[derive(Default)]
struct Joined {
    events: Vec<Event>,
    /// An exchange of whose answer more waits.
    open: Option<Exchange>,
}

impl Joined {
    fn reset(&mut self) {
        self.close();
        self.events.push(Event::Reset);
    }

    fn push(&mut self, exchange: Exchange) {
        let exchange = match self.open.take() {
            Some(mut open) if CommandApdu::new(&exchange.command).ins() == 0xC0 => {
                let wrong_le = |piece: &&ResponseApdu| piece.status.bytes().first() == Some(&0x6C);
                let piece = exchange.answer.as_ref().filter(|piece| !wrong_le(piece));
                if let (Some(whole), Some(piece)) = (&mut open.answer, piece) {
                    whole.data.extend_from_slice(&piece.data);
                    whole.status = piece.status;
                }
                open
            }
            Some(open) => {
                self.events.push(Event::Exchange(open));
                exchange
            }
            None => exchange,
        };
        let waits = exchange.answer.as_ref().is_some_and(|answer| {
            answer.status.bytes().first() == Some(&0x61) && answer.data.len() <= MOST_ANSWER
        });
        if waits {
            self.open = Some(exchange);
        } else {
            self.events.push(Event::Exchange(exchange));
        }
    }

    fn close(&mut self) {
        self.events.extend(self.open.take().map(Event::Exchange));
    }

    fn finish(mut self) -> Vec<Event> {
        self.close();
        self.events
    }
}
