//! The state machine of a run.

mod known;
mod working;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use known::Batch;

use super::decide::{Decision, Known, Presence, Stranger, decide};
use super::event::{Event, How, Left, Tally};
use super::{
    Choice, Entry, Identity, LastTry, Record, RecordState, Refusal, RunPolicy, Serial, Sighting,
};

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// Wait for a card: [`Told::Arrived`], [`Told::NoMoreCards`].
    Await(Wanted),
    /// Reset the card and say what it is: [`Told::Seen`].
    Look,
    /// Make ready for a serial: [`Told::Prepared`].
    Prepare(Serial),
    /// Bring the card to where it can go on: [`Told::Approached`], [`Told::NotThisCard`].
    Approach {
        /// Serial.
        serial: Serial,
        /// From where.
        start: Start,
    },
    /// Take a step: [`Told::Stepped`].
    Step {
        /// Serial.
        serial: Serial,
        /// Which.
        at: u32,
        /// It may have been taken before.
        again: bool,
    },
    /// Keep this in the journal: [`Told::Kept`].
    Keep {
        /// What.
        entries: Vec<Entry>,
        /// It must outlast a loss of power, not only the end of this process.
        sync: bool,
    },
    /// Have the card taken away: [`Told::Gone`].
    TakeAway,
    /// Nothing more.
    End,
}

/// Which cards are of use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A blank card, for this serial.
    pub next: Option<Serial>,
    /// The cards that were begun, by UID.
    pub begun: Vec<String>,
}

/// Where work on a card starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the beginning, on a blank card.
    Blank,
    /// At the beginning, on a used card.
    Used,
    /// At a step, which may have been taken.
    At(u32),
    /// At the beginning, on a card that may be as far as this step.
    From(u32),
}

/// The work on one card, as far as the machine needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The steps.
    pub steps: Vec<StepKind>,
    /// From this step on the card may bear the serial.
    pub bears_serial: u32,
    /// After this step it surely bears none.
    pub erases: Option<u32>,
}

/// A step, as far as the machine needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// It can be repeated at will.
    Free,
    /// It makes another card of the card.
    Once,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A card is there.
    Arrived(Option<String>),
    /// There are no more.
    NoMoreCards,
    /// The card is this.
    Seen(Sighting),
    /// The work is this.
    Prepared(Outline),
    /// The card is where this step can be taken.
    Approached(u32),
    /// The card is not the one that was begun, or no blank one.
    NotThisCard {
        /// Why not.
        why: String,
        /// A key of it has one try left now.
        last_try: bool,
    },
    /// The card is blank, and not the one that was begun.
    Blank,
    /// The step is taken.
    Stepped,
    /// It is kept.
    Kept,
    /// The card is taken away.
    Gone,
    /// It did not work.
    Failed(Trouble),
}

/// Why something with a card did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No card in the reader.
    NoCard(String),
    /// No answer, and the card is still there as far as the reader knows.
    Silent(String),
    /// The card refuses; again may help.
    Refused(String),
    /// The card is not as it should be; again does not help.
    Wrong(String),
    /// It would spend the last try of a key or PIN.
    LastTry(String),
}

/// The state machine of a run.
pub struct Machine {
    policy: RunPolicy,
    batch: Batch,
    state: State,
    /// To be kept.
    pending: Vec<Entry>,
    events: VecDeque<Event>,
    skipped: BTreeSet<Serial>,
    /// Cards that failed for a serial before they bore it.
    bad: BTreeMap<Serial, u8>,
    /// Times that something was tried again with the card that is in.
    troubles: u8,
    /// The serial that was begun on the card that is in.
    present: Option<Serial>,
    seconds: u64,
    operator: Option<String>,
    finish: bool,
    stop: bool,
    /// The person wants the card that is in tried again.
    retry: bool,
    no_more: bool,
    made: u32,
    turned: u32,
}

enum State {
    Idle,
    Waiting,
    Looking,
    Working(Box<working::Work>),
    /// A card is in that is not worked on any more.
    Leaving,
    Ended,
}

impl Machine {
    /// A run over these serials in their order, with what the journal has of them.
    pub fn new(
        serials: Vec<Serial>,
        records: impl IntoIterator<Item = (Serial, Record)>,
        refused: impl IntoIterator<Item = Refusal>,
        policy: RunPolicy,
    ) -> Self {
        Self {
            policy,
            batch: Batch::new(serials, records, refused),
            state: State::Idle,
            pending: Vec::new(),
            events: VecDeque::new(),
            skipped: BTreeSet::new(),
            bad: BTreeMap::new(),
            troubles: 0,
            present: None,
            seconds: 0,
            operator: None,
            finish: false,
            stop: false,
            retry: false,
            no_more: false,
            made: 0,
            turned: 0,
        }
    }

    /// The cards of begun serials ended with an earlier process: these serials wait again.
    pub fn release_begun(&mut self) {
        for serial in self.batch.begun() {
            self.release(serial);
        }
    }

    fn release(&mut self, serial: Serial) {
        self.batch.forget(serial);
        self.pending.push(Entry::Released(serial));
        self.events.push_back(Event::Released { serial });
    }

    /// Only these serials are made in this run.
    pub fn restrict(&mut self, only: &[Serial]) {
        self.skipped = self.batch.all().filter(|serial| !only.contains(serial)).collect();
    }

    /// The begun cards of these serials are lost: they are not waited for, and never made again.
    pub fn give_up(&mut self, lost: &[Serial]) {
        for serial in lost {
            let begun = self.batch.records.get(serial);
            let Some(record) = begun.filter(|record| record.state == RecordState::Begun) else {
                continue;
            };
            let mut record = record.clone();
            (record.state, record.ended) = (RecordState::Rejected, Some(self.seconds));
            record.reason = Some("given up: its card is lost".to_owned());
            self.keep_record(*serial, record);
        }
    }

    /// Whether there is nothing more to do with the card of this UID.
    pub fn is_settled(&self, uid: &str) -> bool {
        self.batch.is_settled(uid, self.policy.retry_rejected)
    }

    /// What records say of when it is.
    pub fn set_time(&mut self, seconds: u64) {
        self.seconds = seconds;
    }

    /// What records say of who works.
    pub fn set_operator(&mut self, operator: Option<&str>) {
        self.operator = operator.map(str::to_owned);
    }

    /// What happened since it was asked last.
    pub fn events(&mut self) -> impl Iterator<Item = Event> {
        std::mem::take(&mut self.events).into_iter()
    }

    /// The record of a serial, as the machine has it.
    pub fn record(&self, serial: Serial) -> Option<&Record> {
        self.batch.records.get(&serial)
    }

    /// How many are how far.
    pub fn tally(&self) -> Tally {
        let mut tally = self.batch.tally();
        (tally.passed_now, tally.turned) = (self.made, self.turned);
        tally
    }

    /// What the person wants.
    pub fn choose(&mut self, choice: Choice) {
        match choice {
            Choice::None => {}
            Choice::Skip => self.skip(),
            Choice::Retry => self.retry = matches!(self.state, State::Leaving),
            Choice::Finish => self.finish = true,
            Choice::Stop => self.stop = true,
        }
    }

    /// What is to be done next. Asked again without being told, it says the same.
    pub fn ask(&mut self) -> Do {
        if self.stop && !matches!(self.state, State::Ended) {
            self.lay_down();
            self.end(Some(Left::Stopped));
        }
        loop {
            match &self.state {
                State::Idle if self.to_keep() => return self.keep(),
                State::Idle => self.idle(),
                State::Waiting if self.finish => self.state = State::Idle,
                State::Waiting => {
                    let next = self.wanted_serial();
                    return Do::Await(Wanted {
                        next,
                        begun: self.batch.open_uids(self.policy.retry_rejected),
                    });
                }
                State::Looking => return Do::Look,
                State::Working(work) => {
                    let record = self.batch.records.get(&work.serial);
                    return work.next(&self.policy, &self.pending, record);
                }
                State::Leaving if self.to_keep() => return self.keep(),
                State::Leaving if self.retry => self.state = State::Looking,
                State::Leaving if self.finish || self.is_done() => self.state = State::Idle,
                State::Leaving => return Do::TakeAway,
                State::Ended if !self.pending.is_empty() => return self.keep(),
                State::Ended => return Do::End,
            }
        }
    }

    /// What came of it.
    pub fn tell(&mut self, told: Told) {
        match (&mut self.state, told) {
            (_, Told::Kept) => self.kept(),
            (State::Waiting, Told::Arrived(uid)) => {
                self.events.push_back(Event::Arrived { uid });
                (self.troubles, self.present) = (0, None);
                self.state = State::Looking;
            }
            (State::Waiting, Told::NoMoreCards) => {
                self.no_more = true;
                self.state = State::Idle;
            }
            (State::Looking, Told::Seen(sighting)) => self.seen(sighting),
            (State::Looking, Told::Failed(Trouble::NoCard(_))) => self.state = State::Idle,
            (State::Looking, Told::Failed(trouble)) => {
                self.turn(Stranger::Silent(trouble.text().to_owned()));
            }
            (State::Leaving, Told::Gone | Told::Failed(_)) => self.state = State::Idle,
            (State::Working(_), told) => self.worked(told),
            _ => {}
        }
    }

    /// Whether something is to be kept before anything else happens. Of virtual cards it is kept
    /// together with what comes next, so that the disk is waited for once per card.
    fn to_keep(&self) -> bool {
        !self.pending.is_empty() && self.policy.sync.syncs_steps()
    }

    fn keep(&self) -> Do {
        Do::Keep { entries: self.pending.clone(), sync: true }
    }

    fn idle(&mut self) {
        let left = if self.finish {
            Some(Left::Finished)
        } else if self.policy.limit.is_some_and(|limit| self.made >= limit) {
            Some(Left::Limit)
        } else if self.no_more {
            Some(Left::NoMoreCards)
        } else if self.next_serial().is_none() && !self.waits_for_known() {
            None
        } else {
            let next = self.wanted_serial();
            let begun = self.batch.open(self.policy.retry_rejected);
            self.events.push_back(Event::Insert { next, begun });
            self.state = State::Waiting;
            return;
        };
        let tally = self.tally();
        let all = tally.begun == 0 && tally.waiting == 0;
        self.end(left.filter(|_| !all));
    }

    /// Whether cards that are known already are of use.
    fn waits_for_known(&self) -> bool {
        let again = self.policy.retry_rejected && self.batch.has_rejected();
        again || !self.batch.begun().is_empty()
    }

    /// Whether nothing that was asked for is left to do.
    pub fn is_done(&self) -> bool {
        let enough = self.policy.limit.is_some_and(|limit| self.made >= limit);
        enough || (self.next_serial().is_none() && !self.waits_for_known())
    }

    fn end(&mut self, left: Option<Left>) {
        self.events.push_back(Event::Ended { left });
        self.state = State::Ended;
    }

    fn seen(&mut self, sighting: Sighting) {
        let again = std::mem::take(&mut self.retry) || self.policy.retry_rejected;
        let spend = self.policy.last_try == LastTry::Spend;
        let presence = Presence { serial: self.present, again, spend };
        let decision = decide(&self.batch, &sighting, &self.policy.cards, presence);
        let reached =
            // What was finished and rejected afterwards is checked again: that is its last step.
            |serial| {
                self.batch.records.get(&serial).map_or(0, |record| {
                    record.progress.reached().min(record.steps.saturating_sub(1))
                })
            };
        let (serial, start, how) = match decision {
            Decision::New | Decision::EraseUsed => {
                let Some(serial) = self.next_serial() else {
                    return self.turn(Stranger::NothingLeft);
                };
                if decision == Decision::New {
                    (serial, Start::Blank, How::New)
                } else {
                    (serial, Start::Used, How::EraseUsed)
                }
            }
            Decision::Resume(serial) => {
                let at = reached(serial);
                (serial, Start::At(at), How::Resume { at })
            }
            Decision::Redo(serial) => (serial, Start::From(reached(serial)), How::Redo),
            Decision::Done(serial) => return self.already(serial, true),
            Decision::Rejected(serial) => return self.already(serial, false),
            Decision::Turn(Stranger::NotIssued(serial)) => {
                // Somebody else's journal issued it: it must not be issued again.
                self.reject_unmade(serial, sighting.card);
                return self.turn(Stranger::NotIssued(serial));
            }
            Decision::Turn(why) => return self.turn(why),
        };
        let work = working::Work::new(serial, sighting.card, start, how);
        self.present = Some(serial);
        self.state = State::Working(Box::new(work));
    }

    fn reject_unmade(&mut self, serial: Serial, card: Identity) {
        let mut record = Record::begun(card, 0, self.seconds);
        record.state = RecordState::Rejected;
        record.ended = Some(self.seconds);
        record.operator.clone_from(&self.operator);
        record.reason = Some("a card that this journal has not made bears the serial".to_owned());
        self.keep_record(serial, record);
    }

    fn keep_record(&mut self, serial: Serial, record: Record) {
        self.pending.push(Entry::Record(serial, Box::new(record.clone())));
        self.batch.insert(serial, record);
    }

    fn already(&mut self, serial: Serial, passed: bool) {
        self.events.push_back(Event::Already { serial, passed });
        self.leave();
    }

    fn turn(&mut self, why: Stranger) {
        self.turned += 1;
        self.events.push_back(Event::Turned { why });
        self.leave();
    }

    fn leave(&mut self) {
        self.events.push_back(Event::TakeAway);
        self.state = State::Leaving;
    }

    fn skip(&mut self) {
        match &self.state {
            State::Waiting | State::Idle => {
                if let Some(serial) = self.next_serial() {
                    self.skipped.insert(serial);
                    self.events.push_back(Event::Skipped { serial });
                    self.state = State::Idle;
                }
            }
            State::Working(work) => {
                let serial = work.serial;
                self.lay_down();
                self.skipped.insert(serial);
                self.events.push_back(Event::Skipped { serial });
                self.leave();
            }
            _ => {}
        }
    }

    /// The serial that a blank card would get now. A begun card without a UID comes back first: two of
    /// them could not be told apart.
    fn wanted_serial(&self) -> Option<Serial> {
        self.next_serial().filter(|_| self.batch.half_made().is_none())
    }

    fn next_serial(&self) -> Option<Serial> {
        self.batch.waiting().find(|serial| !self.skipped.contains(serial))
    }
}

impl Trouble {
    /// Whether a key or PIN has one try left now.
    fn last_try(&self) -> bool {
        matches!(self, Self::LastTry(_))
    }

    /// What happened.
    pub fn text(&self) -> &str {
        match self {
            Self::NoCard(text)
            | Self::Silent(text)
            | Self::Refused(text)
            | Self::Wrong(text)
            | Self::LastTry(text) => text,
        }
    }
}
