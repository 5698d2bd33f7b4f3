//! Rights: the PIN of purses, who reads and writes which file, and under which class.

use apdu::StatusWord;
use applet_spec::{
    Access, CommandId, CommandSpec, FileKind, FileSpec, Protection, PurseKind, PurseSpec, StateNeed,
};

use super::bytes::{Bytes, StepWords as _, profiles};
use super::example::{self, at_file, is_binary, protects_reads};
use super::making::{Kind, Maker, name};
use super::plan;
use crate::{Action, Case, Place, StatusPattern, Step, Text};

const SECURITY_STATUS: StatusWord = StatusWord(0x6982);
const OTHER_CLASS: StatusWord = StatusWord(0x6900);
const NO_RECORD: StatusWord = StatusWord(0x6A83);

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    use CommandId as C;
    let (rule, steps) = match spec.id {
        C::ReadBinary | C::ReadRecord => ("rights.file", reading(maker, spec)),
        C::UpdateBinary | C::UpdateRecord | C::AppendRecord => {
            ("rights.file", writing(maker, spec))
        }
        _ => ("rights.purse", [purses(maker, spec), elsewhere(maker, spec)].concat()),
    };
    let (en, zh) = (&spec.name, &spec.name_zh);
    let purpose = Text {
        en: format!("{en} is for who has the right to, and in the form that the profile asks for"),
        zh: format!("{zh}须满足规格所要求的权限与形式"),
    };
    maker.case(Kind::Rights, name(spec, "RIGHTS"), purpose, &[rule], steps)
}

/// Each purse without the PIN, and with it.
fn purses(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let (Some(uses), Some(application)) = (example::use_of(spec.id), maker.purses()) else {
        return Vec::new();
    };
    let ask = |kind: PurseKind| match spec.id {
        CommandId::GetBalance => {
            let p1 = example::balance_p1(maker.profile);
            Bytes::of(spec).with_parameters(p1, kind as u8).step()
        }
        command => plan::initialize(kind, command),
    };
    let purses = || application.purses.iter().filter(|purse| purse.allows.contains(&uses));
    let without = purses().map(|purse| {
        let step = ask(purse.kind).noted("without the PIN", "未验证密码");
        match purse.pin_for.contains(&uses) {
            true => step.expecting([StatusPattern::exactly(SECURITY_STATUS)]),
            false => step,
        }
    });
    let mut steps: Vec<Step> = without.collect();
    if let Some(verify) = plan::verify(maker.profile) {
        steps.push(verify);
        steps.extend(purses().map(|purse| ask(purse.kind).noted("with the PIN", "已验证密码")));
    }
    if spec.id == CommandId::InitializeForLoad {
        steps.extend(purses().flat_map(|purse| full(purse, ask(purse.kind))));
    }
    steps
}

/// A load into a purse that holds all it may.
fn full(purse: &PurseSpec, load: Step) -> [Step; 2] {
    let prefix = if purse.kind == PurseKind::Deposit { "ed" } else { "ep" };
    let balance = (format!("{prefix}.balance"), format!("{}fen", purse.maximum));
    let mut refused = load.expecting([StatusPattern::exactly(StatusWord::CONDITIONS)]);
    refused.covers = Some("the balance would be above its maximum".to_owned());
    [Step::new(Action::Set(vec![balance])), refused.noted("a full purse", "余额已达上限")]
}

/// What belongs to an application, in the MF.
fn elsewhere(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let place = ["no purse application is selected", "no application with keys is selected"];
    let reason = spec.status.iter().find(|(status, reason)| {
        let named = place.iter().any(|place| reason.when.contains(place));
        *status == StatusWord::CONDITIONS && named
    });
    let Some((status, reason)) = reason else { return Vec::new() };
    let mut step = Bytes::of(spec).answers(*status).noted("in the MF", "在主文件下");
    step.covers = Some(reason.when.clone());
    if maker.application.is_none() {
        return vec![step];
    }
    vec![Step::new(Action::Select(Place::Mf)), step]
}

fn files<'m>(maker: &'m Maker<'_>, command: CommandId) -> impl Iterator<Item = &'m FileSpec> {
    let files = maker.application.map_or(&[][..], |application| &application.files);
    files
        .iter()
        .filter(move |file| matches!(file.kind, FileKind::Binary { .. }) == is_binary(command))
}

fn reading(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let mut steps = Vec::new();
    for file in files(maker, spec.id) {
        let plain = at_file(Bytes::of(spec), spec.id, file);
        let secured = plain.clone().with_class(0x04).with_data([0; 4]);
        let empty = !is_binary(spec.id) && file.content.is_empty();
        let noted = |step: Step| {
            let sfi = file.sfi;
            step.noted(format!("file {sfi:02X}"), format!("文件 {sfi:02X}"))
        };
        match refusal(file.read) {
            Right::Given if protects_reads(file) => steps.push(noted(plain.answers(OTHER_CLASS))),
            Right::Given => {
                steps.push(noted(match empty {
                    true => plain.step().expecting(maybe_empty()),
                    false => plain.step(),
                }));
                steps.push(noted(secured.answers(OTHER_CLASS)).noted(
                    format!(
                        "file {:02X} under secure messaging, which it does not ask for",
                        file.sfi
                    ),
                    format!("文件 {:02X} 未要求安全报文", file.sfi),
                ));
            }
            Right::Missing => steps.push(noted(plain.answers(SECURITY_STATUS))),
            Right::Internal => {
                steps.push(noted(plain.step().expecting([profiles("internal-file")])))
            }
            Right::Unknown => {}
        }
    }
    steps
}

fn writing(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let mut steps = Vec::new();
    for file in files(maker, spec.id) {
        let plain = at_file(Bytes::of(spec), spec.id, file);
        let secured = plain.clone().with_class(0x04).with_data([0; 5]);
        let noted = |step: Step| {
            let sfi = file.sfi;
            step.noted(format!("file {sfi:02X}"), format!("文件 {sfi:02X}"))
        };
        // A file that can be read but never written is no internal one.
        let right = match (file.read, refusal(file.update)) {
            (Access::Never, Right::Internal) => Right::Internal,
            (_, Right::Internal) => Right::Missing,
            (_, right) => right,
        };
        let wrong_class = match file.protection {
            Protection::None => secured.clone(),
            Protection::Mac | Protection::EncryptedMac => plain.clone(),
        };
        match right {
            Right::Given => {
                steps.push(noted(wrong_class.answers(OTHER_CLASS)));
                if file.protection != Protection::None {
                    steps.push(noted(secured.answers(StatusWord::NO_CHALLENGE)));
                }
            }
            Right::Missing => steps.push(noted(plain.answers(SECURITY_STATUS))),
            Right::Internal => {
                steps.push(noted(plain.step().expecting([profiles("internal-file")])))
            }
            Right::Unknown => {}
        }
    }
    steps
}

/// A card that was used has records where the profile delivers none.
fn maybe_empty() -> [StatusPattern; 2] {
    [NO_RECORD, StatusWord::OK].map(StatusPattern::exactly)
}

/// Whether somebody has a right who was not authenticated.
enum Right {
    Given,
    Missing,
    /// Nobody ever has.
    Internal,
    /// It depends on a state of the MF.
    Unknown,
}

fn refusal(access: Access) -> Right {
    match access {
        Access::Free => Right::Given,
        Access::Pin | Access::Authenticated => Right::Missing,
        Access::Never => Right::Internal,
        Access::State(right) => match right.need() {
            StateNeed::Nothing => Right::Given,
            StateNeed::Between { low: 1.., .. } | StateNeed::Never => Right::Missing,
            StateNeed::Between { .. } | StateNeed::MasterFrom(_) => Right::Unknown,
        },
    }
}
