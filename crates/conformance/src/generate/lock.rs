//! Each command on a locked card: refused by the status word of the lock, but for those that the
//! catalogue lets through.

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec};

use super::bytes::{StepWords as _, profiles};
use super::example;
use super::making::{Kind, Maker, name};
use crate::coverage::LockState as Lock;
use crate::{Action, Case, Deed, Place, Start, StatusPattern, Step, Text};

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    let command = example::of(maker, spec)?;
    let mut steps = Vec::new();
    for lock in Lock::ALL {
        // Only what has an application can be locked but as a card.
        if maker.application.is_none() && lock != Lock::Card {
            continue;
        }
        let locked = vec![("locked".to_owned(), lock.word().to_owned())];
        steps.push(Step::new(Action::Set(locked)));
        steps.push(Step::new(Action::Do(Deed::Reset)));
        if maker.application.is_some() {
            steps.push(Step::new(Action::Select(Place::Application)).expecting([selecting(lock)]));
        }
        let words = lock.words();
        steps.push(under(lock, spec, &command).noted(format!("while {}", words.en), words.zh));
    }
    let (en, zh) = (&spec.name, &spec.name_zh);
    let purpose = Text {
        en: format!("{en} on a locked application or card"),
        zh: format!("应用或卡片锁定时的{zh}"),
    };
    let rules: &[&str] = if spec.when_blocked || spec.when_permanently_blocked {
        &["blocking.still-answered", "blocking.refuses", "blocking.permanent", "blocking.card"]
    } else {
        &["blocking.refuses", "blocking.permanent", "blocking.card"]
    };
    let mut case = maker.case(Kind::Lock, name(spec, "LOCKED"), purpose, rules, steps)?;
    case.start = Start::Reset;
    Some(case)
}

/// What SELECT of the application answers.
fn selecting(lock: Lock) -> StatusPattern {
    match lock {
        Lock::Temporary => profiles("select-blocked"),
        Lock::Permanent => profiles("permanently-blocked"),
        Lock::Card => StatusPattern::exactly(StatusWord::LOCKED),
    }
}

fn under(lock: Lock, spec: &CommandSpec, command: &Step) -> Step {
    let (allowed, refusal) = match lock {
        Lock::Temporary => (spec.when_blocked, profiles("blocked")),
        Lock::Permanent => (spec.when_permanently_blocked, profiles("permanently-blocked")),
        Lock::Card => (false, StatusPattern::exactly(StatusWord::LOCKED)),
    };
    let mut step = match (spec.id, allowed) {
        (CommandId::Select, true) => command.clone().expecting([selecting(lock)]),
        // It is locked, so it could be unlocked; no challenge was asked for.
        (CommandId::ApplicationUnblock, true) => {
            command.clone().expecting([StatusPattern::exactly(StatusWord::NO_CHALLENGE)])
        }
        (_, true) => command.clone(),
        (_, false) => {
            let mut refused = command.clone().expecting([refusal]);
            refused.expect.length = None;
            refused.changes.clear();
            refused
        }
    };
    // The two commands of whose own reasons one is the lock.
    let own = matches!(spec.id, CommandId::ApplicationBlock | CommandId::ApplicationUnblock);
    if own && lock == Lock::Permanent {
        let reason =
            spec.status.iter().find(|(status, _)| *status == StatusWord::PERMANENTLY_LOCKED);
        step.covers = reason.map(|(_, reason)| reason.when.clone());
    }
    step
}
