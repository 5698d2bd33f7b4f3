//! Each command in each state of a transaction: the transaction is there afterwards or it is not, as
//! the catalogue says, and so after a refused form of the command.

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec, InitializeInCapp, TransactionEffect};

use super::bytes::{Bytes, StepWords as _, profiles};
use super::making::{Kind, Maker, name};
use super::plan::Plan;
use super::{example, format, plan};
use crate::TransactionState as State;
use crate::{Case, StatusPattern, Step, Text};

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    let command = example::of(maker, spec)?;
    let mut steps = Vec::new();
    for plan in &maker.plans {
        steps.extend(noted(in_state(maker, spec, &command, plan), plan.state));
        if let Some(refused) = refused(spec).filter(|_| plan.state != State::Idle) {
            let keeps = spec.transaction == TransactionEffect::Keeps;
            let shown = with(plan, refused, after(plan, keeps));
            steps.extend(noted(shown, plan.state));
        }
    }
    let (en, zh) = (&spec.name, &spec.name_zh);
    let (rule, does, does_zh) = match spec.transaction {
        TransactionEffect::Keeps => ("transaction.keeps", "leaves it alone", "不影响交易"),
        TransactionEffect::Read => {
            ("transaction.read-ends", "does what the profile says", "按规格处理")
        }
        TransactionEffect::Starts => ("transaction.replaced", "takes its place", "取代原交易"),
        TransactionEffect::Continues => (
            "transaction.step",
            "is refused where it is none of its steps",
            "非当前交易的步骤被拒绝",
        ),
        TransactionEffect::Ends => ("transaction.other-ends", "ends it", "结束交易"),
    };
    let purpose = Text {
        en: format!("While any transaction is running, {en} {does}"),
        zh: format!("交易进行中收到{zh}: {does_zh}"),
    };
    let rules = &[rule, "transaction.error-ends"];
    maker.case(Kind::Transaction, name(spec, "STATES"), purpose, rules, steps)
}

/// The steps that show what a command in its right form does in a state; none where it is the
/// state's own next step, which other cases send.
fn in_state(maker: &Maker<'_>, spec: &CommandSpec, command: &Step, plan: &Plan) -> Vec<Step> {
    let rules = &maker.profile.rules;
    match spec.transaction {
        TransactionEffect::Starts => starts(maker, spec, command, plan),
        TransactionEffect::Continues | TransactionEffect::Ends
            if is_own_step(spec.id, plan.state) =>
        {
            let early = plan.state == State::Capp && spec.id == CommandId::DebitForPurchase;
            if early && !rules.capp.allow_no_record {
                return with(plan, command.clone(), vec![]);
            }
            if plan.state == State::CappCached && spec.id == CommandId::UpdateCappDataCache {
                return second_record(maker, plan);
            }
            [plan.setup.clone(), plan.completion.clone()].concat()
        }
        TransactionEffect::Keeps => with(plan, command.clone(), after(plan, true)),
        TransactionEffect::Read => {
            with(plan, command.clone(), after(plan, rules.read_keeps_transaction))
        }
        TransactionEffect::Continues | TransactionEffect::Ends => {
            with(plan, command.clone(), after(plan, false))
        }
    }
}

/// The record once more, where the cache has room for it.
fn second_record(maker: &Maker<'_>, plan: &Plan) -> Vec<Step> {
    let Some(update) = plan.setup.last() else { return Vec::new() };
    if plan::fits_twice(maker.profile) {
        return with(plan, update.clone(), plan.completion.clone());
    }
    let full = update.clone().expecting([StatusPattern::exactly(StatusWord::NO_SPACE)]);
    with(plan, full, after(plan, false))
}

/// INITIALIZE in a state: its own second step goes on, or it is refused and nothing runs any more.
fn starts(maker: &Maker<'_>, spec: &CommandSpec, command: &Step, plan: &Plan) -> Vec<Step> {
    let begun = State::begun_by(spec.id);
    let next = begun.and_then(|begun| maker.plans.iter().find(|plan| plan.state == begun));
    let Some(next) = next else {
        // No purse allows it, so it is refused.
        return with(plan, command.clone(), after(plan, false));
    };
    let compound = |state| matches!(state, State::Capp | State::CappCached);
    let busy = compound(plan.state) || compound(next.state) && plan.state != State::Idle;
    if busy && maker.profile.rules.initialize_in_capp == InitializeInCapp::Refuse {
        let refused = command.clone().expecting([profiles("wrong-state")]);
        return with(plan, refused, after(plan, false));
    }
    // A PIN that the new one needs is verified before the old one begins.
    let pin: Vec<Step> = next.setup.iter().take(next.setup.len() - 1).cloned().collect();
    let replaced = with(plan, command.clone(), next.completion.clone());
    let mut steps = [pin.clone(), replaced].concat();
    // Where the new one goes on by the same command, that cannot tell them apart.
    let apart = plan.state.next_step().is_some_and(|step| next.state.continued_by(step).is_none());
    if let Some(over) = plan.over.as_ref().filter(|_| apart) {
        steps.extend([pin, with(plan, command.clone(), vec![over.clone()])].concat());
    }
    steps
}

/// Setup of the state, the command, and what comes after.
fn with(plan: &Plan, command: Step, after: Vec<Step>) -> Vec<Step> {
    [plan.setup.clone(), vec![command], after].concat()
}

/// What shows that the transaction is still running, or is over.
fn after(plan: &Plan, kept: bool) -> Vec<Step> {
    if kept {
        return plan.completion.clone();
    }
    plan.over.iter().cloned().collect()
}

/// A form of the command that is refused before anything is looked at, by its length.
fn refused(spec: &CommandSpec) -> Option<Step> {
    // What a refused READ does where READ keeps a transaction is known of no card.
    if spec.transaction == TransactionEffect::Read {
        return None;
    }
    let length = format::edges(&spec.lc).into_iter().find(|length| *length != 0);
    let bytes = Bytes::of(spec).with_le(None);
    let data = vec![0; length?];
    Some(bytes.with_data(data).answers(StatusWord(0x6700)))
}

fn is_own_step(command: CommandId, state: State) -> bool {
    state.continued_by(command).is_some() || command == CommandId::Crypt && state == State::SamMac
}

fn noted(steps: Vec<Step>, state: State) -> Vec<Step> {
    let words = state.words();
    let note = |step: Step| match step.note {
        Some(_) => step,
        None => step.noted(format!("while {}", words.en), words.zh.clone()),
    };
    steps.into_iter().map(note).collect()
}
