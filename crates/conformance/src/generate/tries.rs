//! Commands under a key whose tries are counted: without a challenge, with a wrong MAC, with the last
//! try, and with none left.

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec, Directory, FileSpec, KeyKind, KeySpec};

use super::bytes::{Bytes, StepWords as _, profiles};
use super::example::{at_file, protected};
use super::making::{Kind, Maker, name};
use crate::{Action, Case, Change, StatusPattern, Step, Text};

/// A command with a wrong MAC, and the key that it would be right by.
struct Keyed {
    command: Bytes,
    kind: KeyKind,
    index: u8,
    tries: u8,
    /// How the card must be for the MAC to be looked at.
    settings: Vec<(String, String)>,
    /// Whether its MAC begins with a challenge.
    challenge: bool,
}

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    let keyed = keyed(maker, spec)?;
    let mut steps = Vec::new();
    let set = |tries: u8| {
        let key = format!("key-tries.{}.{}", keyed.kind.text(), keyed.index);
        let mut settings = keyed.settings.clone();
        settings.push((key, tries.to_string()));
        Step::new(Action::Set(settings))
    };
    let asked = || keyed.challenge.then(|| get_challenge(maker)).flatten();
    let exactly = |status| [StatusPattern::exactly(status)];
    let noted = |step: Step, en: &str, zh: &str| step.noted(en, zh);
    let sent = || keyed.command.step();
    if keyed.challenge {
        steps.extend([
            set(keyed.tries),
            noted(sent().expecting(exactly(StatusWord::NO_CHALLENGE)), "no challenge", "无随机数"),
        ]);
    }
    steps.push(set(keyed.tries));
    steps.extend(asked());
    let mut wrong = sent().expecting(exactly(StatusWord::SM_MAC_WRONG));
    wrong.changes = vec![Change::Keys];
    steps.push(noted(wrong, "a wrong MAC", "MAC 错误"));
    steps.push(set(0));
    steps.extend(asked());
    let none = sent().expecting(exactly(StatusWord::METHOD_BLOCKED));
    steps.push(noted(none, "no tries left", "可试次数已用尽"));
    steps.push(set(1));
    steps.extend(asked());
    // Only a purse application is locked with its key.
    let mut last = match maker.purses() {
        Some(_) => sent().expecting([profiles("permanently-blocked")]),
        None => sent().expecting(exactly(StatusWord::SM_MAC_WRONG)),
    };
    last.changes = vec![Change::Keys, Change::Lock];
    steps.push(noted(last, "a wrong MAC for the last try", "最后一次 MAC 错误"));
    let (en, zh) = (&spec.name, &spec.name_zh);
    let purpose = Text {
        en: format!(
            "A wrong MAC of {en} costs its key a try, and the last one what follows from it"
        ),
        zh: format!("{zh}的 MAC 错误消耗密钥可试次数, 用尽后锁定"),
    };
    let rules = &["secure-messaging.tries", "secure-messaging.mac", "secure-messaging.lock"];
    let mut case = maker.case(Kind::Rights, name(spec, "TRIES"), purpose, rules, steps)?;
    case.destructive = true;
    Some(case)
}

fn get_challenge(maker: &Maker<'_>) -> Option<Step> {
    let spec = maker.catalogue.command(CommandId::GetChallenge)?;
    let length = maker.profile.rules.challenge_lengths.first()?;
    Some(Bytes::of(spec).with_le(Some((*length).into())).step())
}

fn keyed(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Keyed> {
    use CommandId as C;
    let bytes = Bytes::of(spec);
    let directory = maker.application.or_else(|| maker.profile.directories.first())?;
    let setting = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let (command, key, settings, challenge) = match spec.id {
        C::UpdateBinary | C::UpdateRecord | C::AppendRecord => {
            let file: &FileSpec = protected(maker, spec.id)?;
            let secured = bytes.with_class(spec.secure_class?).with_data([0; 5]);
            let key = directory.key(KeyKind::Maintenance, file.key_index)?;
            (at_file(secured, spec.id, file), key, Vec::new(), true)
        }
        C::ReloadPin => {
            let pin = directory.pin.as_ref()?;
            let data = [pin.value.as_slice(), &[0; 4]].concat();
            let command = bytes.with_parameters(0x00, pin.index).with_data(data);
            (command, first(directory, &[KeyKind::PinReset])?, Vec::new(), false)
        }
        C::PinUnblock => {
            directory.pin.as_ref()?;
            (bytes, first(directory, &[KeyKind::PinUnblock])?, setting("pin-tries", "0"), true)
        }
        C::ApplicationUnblock if maker.purses().is_some() => {
            let kinds = [KeyKind::ApplicationUnblock, KeyKind::Maintenance];
            (bytes, first(directory, &kinds)?, setting("locked", "temporary"), true)
        }
        C::WriteSamKey => (bytes, first(directory, &[KeyKind::ApplicationMaster])?, vec![], true),
        C::WriteKey => {
            let secured = bytes.with_class(spec.secure_class?).with_parameters(0x01, 0x00);
            let secured = secured.with_data([0; 20]);
            (secured, first(directory, &[KeyKind::CardMaster])?, vec![], true)
        }
        _ => return None,
    };
    let tries = key.tries?;
    Some(Keyed { command, kind: key.kind, index: key.index, tries, settings, challenge })
}

/// The first key of the first of these kinds that there is.
fn first<'d>(directory: &'d Directory, kinds: &[KeyKind]) -> Option<&'d KeySpec> {
    kinds.iter().find_map(|kind| directory.keys.iter().find(|key| key.kind == *kind))
}
