//! Le: left out, 00, as long as the answer, longer, and of READ shorter.

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec, FileKind, TransactionEffect};

use super::bytes::{Bytes, StepWords as _, sent};
use super::example::{self, at_file};
use super::making::{Kind, Maker, name};
use super::plan::{self, Plan};
use crate::TransactionState as State;
use crate::coverage::LeForm;
use crate::{Action, Case, Le, Send, Step, Text};

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    spec.le?;
    let steps: Vec<Step> =
        LeForm::of(spec).iter().flat_map(|form| in_form(maker, spec, *form)).collect();
    let (en, zh) = (&spec.name, &spec.name_zh);
    let purpose = Text {
        en: format!("{en} answers whatever its Le is"),
        zh: format!("{zh}对各种 Le 的应答"),
    };
    let rules: &[&str] = match (spec.id, spec.transaction) {
        (CommandId::GetChallenge, _) => &["format.challenge"],
        (_, TransactionEffect::Read) => &["format.le", "files.le"],
        _ => &["format.le"],
    };
    maker.case(Kind::Format, name(spec, "LE"), purpose, rules, steps)
}

/// The steps that send the command with a form of Le, in the state that it belongs to.
fn in_form(maker: &Maker<'_>, spec: &CommandSpec, form: LeForm) -> Vec<Step> {
    let words = form.words();
    let noted = |step: Step| step.noted(words.en.clone(), words.zh.clone());
    let fixed = fixed_length(spec);
    match (spec.transaction, fixed) {
        (TransactionEffect::Read, _) => reading(maker, spec, form).map(noted).into_iter().collect(),
        (TransactionEffect::Starts, Some(length)) => {
            let challenge = maker.catalogue.command(CommandId::GetChallenge);
            let over: Vec<Step> =
                challenge.and_then(|spec| example::of(maker, spec)).into_iter().collect();
            let begun = State::begun_by(spec.id);
            let Some(plan) = maker.plans.iter().find(|plan| Some(plan.state) == begun) else {
                return Vec::new();
            };
            last_with(plan.setup.clone(), form.le(length)).map_or_else(
                Vec::new,
                |(before, step)| {
                    // What the last form began is over first.
                    [over, before, vec![noted(step.of_length(length))]].concat()
                },
            )
        }
        (TransactionEffect::Continues, Some(length)) => {
            let Some(plan) = continued(maker, spec.id) else { return Vec::new() };
            let steps = [plan.setup.clone(), plan.completion.clone()].concat();
            last_with(steps, form.le(length)).map_or_else(Vec::new, |(before, step)| {
                [before, vec![noted(step.of_length(length))]].concat()
            })
        }
        _ => others(maker, spec, form).into_iter().map(noted).collect(),
    }
}

fn others(maker: &Maker<'_>, spec: &CommandSpec, form: LeForm) -> Vec<Step> {
    use CommandId as C;
    let bytes = Bytes::of(spec);
    let refused = |bytes: Bytes, status: u16| vec![bytes.answers(StatusWord(status))];
    match spec.id {
        C::Select => maker.application.map_or_else(Vec::new, |application| {
            let by_name = bytes.with_parameters(0x04, 0x00).with_data(application.name.clone());
            vec![by_name.with_le(le(form.le(0))).step()]
        }),
        C::GetResponse => refused(bytes.with_le(le(form.le(0))), 0x6F00),
        C::GetChallenge => challenge(maker, &bytes, form),
        C::GetBalance => answered(example::free_balance(maker, bytes), form, 4),
        C::InternalAuthenticate => answered(example::internal_authenticate(maker, bytes), form, 16),
        C::GetIdentificationCode => {
            answered(maker.profile.authentication_code.map(|_| bytes), form, 9)
        }
        C::GetTransactionProof => proof(maker, form),
        C::Crypt => crypt(maker, bytes, form),
        _ => Vec::new(),
    }
}

/// Every length but those that the card offers, and those.
fn challenge(maker: &Maker<'_>, bytes: &Bytes, form: LeForm) -> Vec<Step> {
    let offered = &maker.profile.rules.challenge_lengths;
    let with = |length| bytes.clone().with_le(length);
    let wrong = StatusWord(0x6700);
    match form {
        LeForm::Absent => vec![with(None).answers(wrong)],
        LeForm::Zero => vec![with(Some(0x100)).answers(wrong)],
        LeForm::Exact => {
            let right = offered.iter().map(|length| u16::from(*length));
            right.map(|length| with(Some(length)).step().of_length(length)).collect()
        }
        LeForm::Longer | LeForm::Shorter => {
            let other = (1..=0xFF_u8).filter(|length| !offered.contains(length));
            other.map(|length| with(Some(length.into())).answers(wrong)).collect()
        }
    }
}

/// The first bytes of a file, or its record 1.
fn reading(maker: &Maker<'_>, spec: &CommandSpec, form: LeForm) -> Option<Step> {
    let file = example::readable(maker, spec.id)?;
    let held = match file.kind {
        FileKind::Binary { size } => size,
        _ => {
            let serial = &maker.profile.serial;
            let public = maker.profile.public_content(serial);
            file.content.first()?.fill(serial, &public).len() as u16
        }
    };
    let command = at_file(Bytes::of(spec), spec.id, file).with_le(le(form.le(held)));
    Some(command.step().of_length(if form == LeForm::Shorter { held - 1 } else { held }))
}

/// The command with a form of Le, whose whole answer comes.
fn answered(command: Option<Bytes>, form: LeForm, length: u16) -> Vec<Step> {
    let with_le = |command: Bytes| command.with_le(le(form.le(length))).step().of_length(length);
    command.map(with_le).into_iter().collect()
}

/// The proof of a purchase that was just made.
fn proof(maker: &Maker<'_>, form: LeForm) -> Vec<Step> {
    let purchase = maker.plans.iter().find(|plan| plan.state == State::Purchase);
    purchase.map_or_else(Vec::new, |purchase| {
        let mut proof = sent(Send::new(CommandId::GetTransactionProof)).of_length(8);
        set_le(&mut proof, form.le(8));
        [purchase.setup.clone(), purchase.completion.clone(), vec![proof]].concat()
    })
}

/// A whole MAC with a delivered key.
fn crypt(maker: &Maker<'_>, bytes: Bytes, form: LeForm) -> Vec<Step> {
    let Some(deliver) = plan::deliver_mac_key(maker.profile) else { return Vec::new() };
    let length = maker.profile.psam.as_ref().map_or(4, |psam| u16::from(psam.mac_length));
    let whole = bytes.with_parameters(0x05, 0x00).with_data(vec![0; 32]);
    vec![deliver, whole.with_le(le(form.le(length))).step().of_length(length)]
}

fn continued<'m>(maker: &'m Maker<'_>, command: CommandId) -> Option<&'m Plan> {
    maker.plans.iter().find(|plan| plan.state.continued_by(command) == Some(State::Idle))
}

/// Splits off the last step, with this Le.
fn last_with(mut steps: Vec<Step>, le: Le) -> Option<(Vec<Step>, Step)> {
    let mut last = steps.pop()?;
    set_le(&mut last, le);
    Some((steps, last))
}

fn set_le(step: &mut Step, le: Le) {
    if let Action::Send(send) = &mut step.action {
        send.le = Some(le);
    }
}

const fn le(le: Le) -> Option<u16> {
    match le {
        Le::Absent => None,
        Le::Bytes(bytes) => Some(bytes),
    }
}

/// Bytes of an answer, where all its fields have a length.
fn fixed_length(spec: &CommandSpec) -> Option<u16> {
    spec.answer.iter().map(|field| field.len).sum()
}
