//! The card of a case, followed without one: which transaction it is in the middle of before each
//! step, and how it is locked, if all that is expected comes.

use apdu::StatusWord;
use applet_spec::{Catalogue, CommandId, CommandSpec, Mismatch, Profile, TransactionEffect};

use super::sent::Sent;
use super::{Aspect, Cell, FormatRule, LockState, Set};
use crate::profile_fields::status_in_catalogue;
use crate::{Action, Case, Deed, StatusPattern, Step, TransactionState};

/// What a step is told to cover, and none of the reasons for its status word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoSuchReason {
    /// Which step, from 0.
    pub(super) step: usize,
    /// The text.
    pub(super) text: String,
}

/// Cells that a case covers on cards of a profile.
pub(super) fn follow(case: &Case, profile: &Profile) -> (Vec<Cell>, Vec<NoSuchReason>) {
    let mut follower = Follower::new(profile);
    let mut wrong = Vec::new();
    follower.set(&case.card);
    for (at, step) in case.steps.iter().enumerate() {
        let covers = follower.cells.len();
        for _ in 0..step.repeat.clamp(1, 2) {
            follower.step(step);
        }
        if let Some(text) = &step.covers {
            let new = follower.cells.get(covers..).unwrap_or_default();
            let named =
                |cell: &Cell| matches!(&cell.aspect, Aspect::Status(_, Some(when)) if when == text);
            if !new.iter().any(named) {
                wrong.push(NoSuchReason { step: at, text: text.clone() });
            }
        }
    }
    (follower.cells, wrong)
}

/// Which transaction is running after each step of a case, on a card of a profile that does all that
/// is expected of it.
pub fn states_after(case: &Case, profile: &Profile) -> Vec<TransactionState> {
    let mut follower = Follower::new(profile);
    follower.set(&case.card);
    let after = case.steps.iter().map(|step| {
        for _ in 0..step.repeat.clamp(1, 2) {
            follower.step(step);
        }
        follower.state
    });
    after.collect()
}

struct Follower<'p> {
    profile: &'p Profile,
    catalogue: &'static Catalogue,
    state: TransactionState,
    lock: Option<LockState>,
    cells: Vec<Cell>,
}

impl<'p> Follower<'p> {
    fn new(profile: &'p Profile) -> Self {
        let catalogue = Catalogue::of(profile.rules.commands);
        let state = TransactionState::Idle;
        Self { profile, catalogue, state, lock: None, cells: Vec::new() }
    }

    fn step(&mut self, step: &Step) {
        // Not every card does it.
        if step.protocol.is_some() {
            return;
        }
        match Sent::of(step, self.profile) {
            Sent::Nothing => self.without_command(step),
            Sent::Several(commands) => {
                for id in commands {
                    if let Some(spec) = self.catalogue.command(*id) {
                        self.command(spec, &[], None, (None, None));
                    }
                }
            }
            Sent::Wrong(mismatch, near) => self.wrong(step, mismatch, &near),
            Sent::Command { id, parameters, le } => {
                let Some(spec) = self.catalogue.command(id) else { return };
                // A refused command shows nothing of its Le, except where that is what it is
                // refused for, or it has no other answer.
                let answers = matches!(id, CommandId::GetChallenge | CommandId::GetResponse)
                    || self.only(&step.expect.status) == Some(StatusWord::OK);
                if let Some(form) = le.filter(|_| answers && self.lock.is_none()) {
                    self.cover(Some(spec), Aspect::Format(FormatRule::Le(form)));
                }
                self.command(spec, &step.expect.status, step.covers.as_deref(), parameters);
            }
        }
    }

    fn without_command(&mut self, step: &Step) {
        match &step.action {
            Action::Do(Deed::Reset | Deed::PowerOff | Deed::Remove | Deed::Insert) => {
                self.state = TransactionState::Idle;
            }
            Action::Set(settings) => self.set(settings),
            Action::Send(_) | Action::Raw(_) | Action::Select(_) | Action::Run(_) => {
                self.state = TransactionState::Idle;
            }
        }
    }

    fn set(&mut self, settings: &[(String, String)]) {
        for (_, value) in settings.iter().filter(|(key, _)| key == "locked") {
            self.lock = LockState::ALL.into_iter().find(|lock| lock.word() == value);
        }
    }

    /// A command that its format forbids.
    fn wrong(&mut self, step: &Step, mismatch: Mismatch, near: &[CommandId]) {
        let (rule, status) = match mismatch {
            Mismatch::Class => (FormatRule::Class, 0x6E00),
            Mismatch::Instruction => (FormatRule::Instruction, 0x6D00),
            Mismatch::Parameters(_) => (FormatRule::Parameters, 0x6A86),
            Mismatch::Length(_) => (FormatRule::Length, 0x6700),
        };
        let expected = self.only(&step.expect.status) == Some(StatusWord(status));
        if expected && self.lock.is_none() {
            match rule {
                FormatRule::Instruction => self.cover(None, Aspect::Format(rule)),
                _ => {
                    for spec in near.iter().filter_map(|id| self.catalogue.command(*id)) {
                        self.cover(Some(spec), Aspect::Format(rule));
                    }
                }
            }
        }
        let keeps = match mismatch {
            Mismatch::Class | Mismatch::Instruction => false,
            Mismatch::Parameters(id) | Mismatch::Length(id) => {
                let spec = self.catalogue.command(id);
                spec.is_some_and(|spec| spec.transaction == TransactionEffect::Keeps)
            }
        };
        if !keeps {
            self.state = TransactionState::Idle;
        }
    }

    /// A command in its right form.
    fn command(
        &mut self,
        spec: &'static CommandSpec,
        status: &[StatusPattern],
        covers: Option<&str>,
        parameters: (Option<u8>, Option<u8>),
    ) {
        match self.lock {
            Some(lock) => self.cover(Some(spec), Aspect::Locked(lock)),
            None => self.cover(Some(spec), Aspect::While(self.state)),
        }
        let only = self.only(status);
        if let Some(status) = only {
            self.answered(spec, status, covers);
        }
        let succeeded = status.is_empty()
            || status.iter().any(|pattern| self.digits(pattern) == Some(StatusWord::OK));
        self.go_on(spec, succeeded, parameters);
        self.lock_after(spec, only, parameters.1);
    }

    fn answered(&mut self, spec: &'static CommandSpec, status: StatusWord, covers: Option<&str>) {
        if status.is_ok() {
            return self.cover(Some(spec), Aspect::Status(status.0, None));
        }
        let passes = match self.lock {
            None => true,
            Some(LockState::Temporary) => spec.when_blocked,
            Some(LockState::Permanent) => spec.when_permanently_blocked,
            Some(LockState::Card) => spec.id == CommandId::Select,
        };
        let mut reasons: Vec<&str> = spec
            .status
            .iter()
            .filter(|(listed, _)| *listed == status)
            .map(|(_, reason)| reason.when.as_str())
            .collect();
        match covers {
            Some(text) => reasons.retain(|when| *when == text),
            // Refused for the lock, whatever else the status word means.
            None if !passes => return,
            None => {}
        }
        match reasons.as_slice() {
            [when] => self.cover(Some(spec), Aspect::Status(status.0, Some((*when).to_owned()))),
            [] if status == StatusWord::WRONG_P1P2 => {
                self.cover(Some(spec), Aspect::Format(FormatRule::Parameters));
            }
            [] if status == StatusWord::WRONG_LENGTH => {
                self.cover(Some(spec), Aspect::Format(FormatRule::Length));
            }
            _ => {}
        }
    }

    /// The transaction after a command.
    fn go_on(&mut self, spec: &CommandSpec, succeeded: bool, (p1, _): (Option<u8>, Option<u8>)) {
        let next = match spec.transaction {
            TransactionEffect::Keeps => self.state,
            TransactionEffect::Read if self.profile.rules.read_keeps_transaction => self.state,
            _ if !succeeded => TransactionState::Idle,
            TransactionEffect::Starts => {
                TransactionState::begun_by(spec.id).unwrap_or(TransactionState::Idle)
            }
            TransactionEffect::Continues => {
                self.state.continued_by(spec.id).unwrap_or(TransactionState::Idle)
            }
            // The first and next piece of a MAC.
            TransactionEffect::Ends
                if spec.id == CommandId::Crypt && matches!(p1, Some(0x03 | 0x07)) =>
            {
                TransactionState::SamMac
            }
            TransactionEffect::Ends | TransactionEffect::Read => TransactionState::Idle,
        };
        self.state = next;
    }

    fn lock_after(&mut self, spec: &CommandSpec, status: Option<StatusWord>, p2: Option<u8>) {
        let done = status == Some(StatusWord::OK);
        match spec.id {
            CommandId::ApplicationBlock if done => {
                let permanent = p2 == Some(0x01);
                self.lock =
                    Some(if permanent { LockState::Permanent } else { LockState::Temporary });
            }
            CommandId::ApplicationUnblock if done => self.lock = None,
            CommandId::CardBlock if done => self.lock = Some(LockState::Card),
            // The last try of a key is gone.
            _ if status == Some(StatusWord::PERMANENTLY_LOCKED) && self.lock.is_none() => {
                self.lock = Some(LockState::Permanent);
            }
            _ => {}
        }
    }

    fn cover(&mut self, spec: Option<&'static CommandSpec>, aspect: Aspect) {
        let set = Set::from(self.catalogue.set());
        self.cells.push(Cell { set, command: spec.map(|spec| spec.id.text()), aspect });
        // Status words and Le of a shared command stand with the set that describes it.
        if let (Some(spec), Some(cell)) = (spec, self.cells.last_mut())
            && matches!(cell.aspect, Aspect::Status(..) | Aspect::Format(FormatRule::Le(_)))
        {
            cell.set = Set::from(spec.id.home());
        }
    }

    /// The status word that must come, where it is one; digits that are free are 0, as the catalogue
    /// writes them.
    fn only(&self, status: &[StatusPattern]) -> Option<StatusWord> {
        match status {
            [] => Some(StatusWord::OK),
            [pattern] => self.digits(pattern),
            _ => None,
        }
    }

    /// As the catalogue writes it: counts are 0, and what profiles choose is what most do.
    fn digits(&self, pattern: &StatusPattern) -> Option<StatusWord> {
        let status = match pattern {
            StatusPattern::Digits(digits) => {
                digits.iter().fold(0, |word, digit| word << 4 | u16::from(digit.unwrap_or(0)))
            }
            StatusPattern::Profile(field) => status_in_catalogue(self.profile, field)?.0,
        };
        Some(StatusWord(match status {
            0x63C0..=0x63CF => 0x63C0,
            0x6C00..=0x6CFF => 0x6C00,
            other => other,
        }))
    }
}
