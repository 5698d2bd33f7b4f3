//! One card under work.

use super::{Do, Event, Machine, Outline, Start, State, StepKind, Stranger, Told, Trouble};
use crate::engine::event::How;
use crate::engine::{Entry, Identity, Record, RecordState, Refusal, RunPolicy, Serial, StepReport};

/// One card under work.
pub(super) struct Work {
    pub(super) serial: Serial,
    pub(super) card: Identity,
    start: Start,
    how: How,
    outline: Outline,
    at: u32,
    /// Step `at` may have been taken already.
    again: bool,
    /// The journal has a record of this work.
    kept: bool,
    /// Something was found out about the card that the journal does not have.
    evidence: bool,
    /// What it has of the serial otherwise.
    before: Option<Record>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Preparing,
    Approaching,
    /// Step `at` is to be taken; the journal knows of it where it must.
    Ready,
    /// Step `at` changes the card, and the journal must know before.
    KeepBefore,
    /// Step `at` has changed the card, and the journal must know.
    KeepAfter,
}

impl Work {
    pub(super) fn new(serial: Serial, card: Identity, start: Start, how: How) -> Self {
        let outline = Outline { steps: Vec::new(), bears_serial: 0, erases: None };
        let phase = Phase::Preparing;
        Self {
            serial,
            card,
            start,
            how,
            outline,
            at: 0,
            again: false,
            kept: false,
            evidence: false,
            before: None,
            phase,
        }
    }

    pub(super) fn next(
        &self,
        policy: &RunPolicy,
        pending: &[Entry],
        record: Option<&Record>,
    ) -> Do {
        let serial = self.serial;
        match self.phase {
            Phase::Preparing => Do::Prepare(serial),
            Phase::Approaching => Do::Approach { serial, start: self.start },
            Phase::Ready => Do::Step { serial, at: self.at, again: self.again },
            Phase::KeepBefore | Phase::KeepAfter => {
                let mut entries = pending.to_vec();
                let Some(record) = record else { return Do::Keep { entries, sync: true } };
                // A card's first record is on the disk before the card is changed, always.
                let whole = !self.kept || self.evidence;
                let sync = whole || policy.sync.syncs_steps() || !entries.is_empty();
                entries.push(if whole {
                    Entry::Record(serial, Box::new(record.clone()))
                } else {
                    Entry::Step { serial, progress: record.progress }
                });
                Do::Keep { entries, sync }
            }
        }
    }

    fn steps(&self) -> u32 {
        self.outline.steps.len() as u32
    }

    /// Whether the card was begun before.
    fn resumes(&self) -> bool {
        matches!(self.how, How::Resume { .. } | How::Redo)
    }

    fn kind(&self, at: u32) -> Option<StepKind> {
        self.outline.steps.get(at as usize).copied()
    }
}

impl Machine {
    /// What came of work on the card.
    pub(super) fn worked(&mut self, told: Told) {
        match told {
            Told::Prepared(outline) => self.prepared(outline),
            Told::Approached(at) => self.approached(at),
            Told::NotThisCard { why, last_try } => self.not_this_card(why, last_try),
            Told::Blank => self.blank_instead(),
            Told::Stepped => self.stepped(),
            Told::Failed(trouble) => self.trouble(trouble),
            _ => {}
        }
    }

    fn work(&mut self) -> Option<&mut Work> {
        match &mut self.state {
            State::Working(work) => Some(work),
            _ => None,
        }
    }

    fn prepared(&mut self, outline: Outline) {
        let (seconds, operator) = (self.seconds, self.operator.clone());
        let Some(work) = self.work() else { return };
        work.outline = outline;
        work.phase = Phase::Approaching;
        let (serial, steps, how, card) = (work.serial, work.steps(), work.how, work.card.clone());
        let resumed = work.resumes();
        self.events.push_back(Event::Started { serial, how, steps });
        let known = self.batch.records.get(&serial).cloned();
        if let Some(work) = self.work() {
            let begun = known.as_ref().is_some_and(|record| record.state == RecordState::Begun);
            work.kept = begun && resumed;
            work.before.clone_from(&known);
        }
        let mut record = match known {
            Some(known) if resumed => known,
            _ => Record::begun(card.clone(), steps, seconds),
        };
        if !matches!(how, How::Resume { .. }) {
            record.progress.attempts += 1;
        }
        (record.state, record.steps, record.card) = (RecordState::Begun, steps, Some(card));
        (record.operator, record.ended, record.reason) = (operator, None, None);
        if !matches!(how, How::Resume { .. }) {
            (record.checks, record.keys) = (Vec::new(), Vec::new());
        }
        self.batch.insert(serial, record);
    }

    /// Adds to the card's record what a step found out.
    pub(crate) fn note(&mut self, report: StepReport) {
        let Some(work) = self.work() else { return };
        work.evidence |= !report.checks.is_empty();
        let serial = work.serial;
        let Some(record) = self.batch.records.get_mut(&serial) else { return };
        record.apdus += report.apdus;
        if report.whole {
            record.checks.clear();
        }
        record.checks.extend(report.checks);
        report.keys.into_iter().for_each(|key| record.note_key(key));
    }

    /// The card is where step `at` can be taken.
    fn approached(&mut self, at: u32) {
        let Some(work) = self.work() else { return };
        // What was begun may be done; so may what an earlier erasure left behind.
        work.again = work.start != Start::Blank || at > 0;
        work.at = at;
        self.enter(at);
    }

    /// Turns to step `at`, or ends the work.
    fn enter(&mut self, at: u32) {
        let writes = self.policy.sync.writes_steps();
        let Some(work) = self.work() else { return };
        let (serial, steps) = (work.serial, work.steps());
        let Some(kind) = work.kind(at) else { return self.pass() };
        work.at = at;
        let once = kind == StepKind::Once;
        let bears = at >= work.outline.bears_serial;
        work.phase = if once && (writes || !work.kept) { Phase::KeepBefore } else { Phase::Ready };
        if let Some(record) = self.batch.records.get_mut(&serial) {
            let progress = &mut record.progress;
            (progress.done, progress.doing) = (at, once.then_some(at));
            progress.bears |= bears;
        }
        self.events.push_back(Event::Step { serial, at, steps });
    }

    fn stepped(&mut self) {
        let writes = self.policy.sync.writes_steps();
        let Some(work) = self.work() else { return };
        work.again = false;
        let (serial, at) = (work.serial, work.at);
        let once = work.kind(at) == Some(StepKind::Once);
        let erased = work.outline.erases == Some(at);
        let keeps = once && writes;
        if keeps {
            work.phase = Phase::KeepAfter;
        }
        if let Some(record) = self.batch.records.get_mut(&serial) {
            let progress = &mut record.progress;
            (progress.done, progress.doing) = (at + 1, None);
            progress.bears &= !erased;
        }
        if !keeps {
            self.enter(at + 1);
        }
    }

    /// The journal has it.
    pub(super) fn kept(&mut self) {
        self.pending.clear();
        let Some(work) = self.work() else { return };
        let (at, phase) = (work.at, work.phase);
        if matches!(phase, Phase::KeepBefore | Phase::KeepAfter) {
            work.evidence = false;
        }
        match phase {
            Phase::KeepBefore => {
                work.kept = true;
                work.phase = Phase::Ready;
            }
            Phase::KeepAfter => self.enter(at + 1),
            Phase::Preparing | Phase::Approaching | Phase::Ready => {}
        }
    }

    /// Leaves a card before it is finished: work that has left no trace is forgotten, and of other
    /// work the journal will know how far it is.
    pub(super) fn lay_down(&mut self) {
        let Some(work) = self.work() else { return };
        let (serial, kept) = (work.serial, work.kept);
        match (work.before.take(), self.batch.records.get(&serial)) {
            (_, Some(record)) if kept => {
                self.pending.push(Entry::Step { serial, progress: record.progress });
            }
            (Some(before), _) => self.batch.insert(serial, before),
            (None, _) => self.batch.forget(serial),
        }
    }

    fn pass(&mut self) {
        let seconds = self.seconds;
        let Some(work) = self.work() else { return };
        let (serial, steps) = (work.serial, work.steps());
        let Some(record) = self.batch.records.get(&serial) else { return };
        let mut record = record.clone();
        (record.state, record.ended) = (RecordState::Passed, Some(seconds));
        record.keys.sort_by(|a, b| a.name.cmp(&b.name));
        (record.progress.done, record.progress.doing) = (steps, None);
        self.keep_record(serial, record);
        self.made += 1;
        self.troubles = 0;
        self.events.push_back(Event::Passed { serial });
        self.leave();
    }

    fn not_this_card(&mut self, why: String, last_try: bool) {
        let Some(work) = self.work() else { return };
        let (serial, card, how) = (work.serial, work.card.clone(), work.how);
        match how {
            // Which card it is nobody knows: what it looks like is remembered, and no serial suffers.
            How::Resume { .. } | How::Redo if card.uid.is_none() => {
                self.lay_down();
                self.refuse(card, why.clone(), last_try);
                self.turn(Stranger::KeyRefused(why));
            }
            How::Resume { .. } | How::Redo => {
                if let Some(record) = self.batch.records.get_mut(&serial).filter(|_| last_try) {
                    record.last_try = true;
                    let record = Box::new(record.clone());
                    self.pending.push(Entry::Record(serial, record));
                }
                self.turn(Stranger::NotTheBegun(serial));
            }
            How::New | How::EraseUsed => {
                self.batch.forget(serial);
                self.refuse(card, why.clone(), last_try);
                self.turn(Stranger::KeyRefused(why));
            }
        }
    }

    /// A blank card is in, where the begun one must come back first.
    fn blank_instead(&mut self) {
        let Some(work) = self.work() else { return };
        let serial = work.serial;
        self.lay_down();
        self.turn(Stranger::BegunFirst(serial));
    }

    fn refuse(&mut self, card: Identity, reason: String, last_try: bool) {
        if card.uid.is_some() || !card.look.is_empty() {
            let refusal = Refusal { card, reason, last_try };
            self.batch.refuse(&refusal);
            self.pending.push(Entry::Refused(refusal));
        }
    }

    fn trouble(&mut self, trouble: Trouble) {
        let Some(work) = self.work() else { return };
        let serial = work.serial;
        let only_by_key = work.kept && work.card.uid.is_none();
        let why = trouble.text().to_owned();
        match trouble {
            Trouble::NoCard(_) => {
                self.lay_down();
                self.events.push_back(Event::Interrupted { serial, why });
                self.state = State::Idle;
            }
            Trouble::Silent(_) | Trouble::Refused(_)
                if self.troubles < self.policy.cards.retries =>
            {
                self.troubles += 1;
                self.lay_down();
                self.events.push_back(Event::Again { serial, why });
                self.state = State::Looking;
            }
            // Nothing but its key tells it, and another card must not get the serial.
            Trouble::Silent(_) if only_by_key => {
                self.lay_down();
                self.events.push_back(Event::Interrupted { serial, why });
                self.leave();
            }
            trouble => self.fail(&trouble),
        }
    }

    fn fail(&mut self, trouble: &Trouble) {
        let (why, last_try) = (trouble.text().to_owned(), trouble.last_try());
        let seconds = self.seconds;
        let Some(work) = self.work() else { return };
        let (serial, card, kept) = (work.serial, work.card.clone(), work.kept);
        let Some(record) = self.batch.records.get(&serial).cloned() else { return };
        let bad = self.bad.entry(serial).or_default();
        *bad += 1;
        if record.progress.bears || *bad > self.policy.cards.retries {
            let mut record = record;
            (record.state, record.ended) = (RecordState::Rejected, Some(seconds));
            (record.reason, record.last_try) = (Some(why.clone()), last_try);
            self.keep_record(serial, record);
            self.events.push_back(Event::Rejected { serial, why });
        } else {
            self.batch.forget(serial);
            if kept {
                self.pending.push(Entry::Released(serial));
            }
            if card.uid.is_some() || matches!(trouble, Trouble::Wrong(_) | Trouble::LastTry(_)) {
                self.refuse(card, why.clone(), last_try);
            }
            self.events.push_back(Event::BadCard { serial, why });
            self.turned += 1;
        }
        self.leave();
    }
}
