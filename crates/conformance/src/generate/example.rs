//! One way to send each command to an unlocked card that was not asked for a challenge, and what must
//! come back. Wrong MACs are sent only where nothing counts them.

use apdu::StatusWord;
use applet_spec::{
    Access, CommandId, CommandSpec, FileKind, FileSpec, IdentificationCheck, IssuingRules, KeyKind,
    PinUse, PlainKeys, Profile, Protection, PurseSpec,
};

use super::bytes::{Bytes, StepWords as _, profiles, sent};
use super::making::Maker;
use super::plan;
use crate::{Action, Change, Place, Send, StatusPattern, Step};

/// The step. `None` for a command of which nothing is said here yet.
pub(super) fn of(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Step> {
    use CommandId as C;
    let profile = maker.profile;
    let bytes = Bytes::of(spec);
    let exactly = |status: u16| StatusPattern::exactly(StatusWord(status));
    let answers = |bytes: Bytes, status: u16| bytes.answers(StatusWord(status));
    let wrong_state = || bytes.step().expecting([profiles("wrong-state")]);
    let key = |kind| maker.application?.keys.iter().find(|key| key.kind == kind);
    let maintenance = || key(KeyKind::Maintenance).is_some();
    Some(match spec.id {
        C::Select if maker.application.is_some() => Step::new(Action::Select(Place::Application)),
        C::Select => Step::new(Action::Select(Place::Mf)),
        C::GetResponse => answers(bytes, 0x6F00),
        C::ReadBinary | C::ReadRecord => match readable(maker, spec.id) {
            Some(file) => at_file(bytes, spec.id, file).step(),
            None => answers(at_missing(bytes, spec.id), 0x6A82),
        },
        C::UpdateBinary | C::UpdateRecord | C::AppendRecord => {
            match protected(maker, spec.id) {
                // No challenge was asked for.
                Some(file) => {
                    let data = vec![0; 5];
                    let secured = bytes.with_class(0x04).with_data(data);
                    answers(at_file(secured, spec.id, file), 0x6984)
                }
                None => answers(at_missing(bytes, spec.id), 0x6A82),
            }
        }
        C::GetChallenge => {
            let length = *profile.rules.challenge_lengths.first()?;
            bytes.with_le(Some(length.into())).step().of_length(length.into())
        }
        C::ExternalAuthenticate => answers(bytes.with_parameters(0x00, 0x01), 0x6984),
        C::InternalAuthenticate => match internal_authenticate(maker, bytes.clone()) {
            Some(bytes) => bytes.step().of_length(16),
            None => answers(bytes.with_parameters(0x00, 0x01), 0x6A88),
        },
        C::Verify => match plan::verify(profile) {
            Some(step) => step,
            None => answers(bytes.with_data([0x12, 0x34]), 0x6A88),
        },
        C::ChangePin => {
            let pin = maker.application.and_then(|application| application.pin.as_ref());
            let value = pin.map_or(&[0x12, 0x34][..], |pin| &pin.value);
            // To itself.
            let data = [value, &[0xFF], value].concat();
            match pin {
                Some(pin) => bytes.with_parameters(0x01, pin.index).with_data(data).step(),
                None => answers(bytes.with_data(data), 0x6A88),
            }
        }
        C::ReloadPin => {
            let pin = maker.application.and_then(|application| application.pin.as_ref());
            match pin.filter(|_| key(KeyKind::PinReset).is_some()) {
                Some(_) => {
                    let mut step = sent(Send::new(C::ReloadPin));
                    step.changes = vec![Change::Pin];
                    step
                }
                None => {
                    let data = [0x12, 0x34, 0, 0, 0, 0];
                    answers(bytes.with_data(data), 0x6A88)
                }
            }
        }
        C::PinUnblock => {
            let pin = maker.application.is_some_and(|application| application.pin.is_some());
            let there = pin && key(KeyKind::PinUnblock).is_some();
            answers(bytes, if there { 0x6985 } else { 0x6A88 })
        }
        C::ApplicationBlock => {
            let there = maintenance() || key(KeyKind::ApplicationBlock).is_some();
            answers(bytes, if there { 0x6984 } else { 0x9403 })
        }
        C::ApplicationUnblock => answers(bytes, 0x6985),
        C::CardBlock => {
            let there = maintenance() || key(KeyKind::CardBlock).is_some();
            answers(bytes, if there { 0x6984 } else { 0x6A88 })
        }
        C::GetBalance => match free_balance(maker, bytes.clone()) {
            Some(bytes) => bytes.step().of_length(4),
            None => answers(bytes, if maker.purses().is_some() { 0x6982 } else { 0x6985 }),
        },
        // No transaction has type 00.
        C::GetTransactionProof => bytes.step().expecting([profiles("no-proof")]),
        C::GetIdentificationCode => match profile.authentication_code {
            Some(_) => bytes.step().of_length(9),
            None => answers(bytes, 0x6A88),
        },
        C::InitializeForLoad
        | C::InitializeForPurchase
        | C::InitializeForCashWithdrawal
        | C::InitializeForCappPurchase
        | C::InitializeForUnload
        | C::InitializeForUpdate => match purse_for(maker, spec.id) {
            Some(purse) => plan::initialize(purse.kind, spec.id),
            None => answers(bytes, if maker.purses().is_some() { 0x6A86 } else { 0x6985 }),
        },
        C::InitializeSamForPurchase => {
            let psam = profile.psam.as_ref()?;
            let mut step = sent(Send::new(spec.id));
            step.changes = vec![Change::TerminalSerial, Change::File(psam.serial_file)];
            step
        }
        C::CreditForLoad
        | C::DebitForPurchase
        | C::DebitForUnload
        | C::UpdateOverdrawLimit
        | C::UpdateCappDataCache
        | C::CreditSamForPurchase => wrong_state(),
        C::DeliverKey => match plan::deliver_mac_key(profile) {
            Some(step) => step,
            None => answers(bytes.with_parameters(0x1F, 0xEE), 0x9403),
        },
        // The last piece of a MAC, of which there was no first; or no key was delivered.
        C::Crypt => bytes
            .with_parameters(0x01, 0x00)
            .with_data(vec![0; 16])
            .step()
            .expecting([exactly(0x6985), profiles("wrong-state")]),
        C::CheckIdentificationCode => {
            match profile.psam.as_ref().map(|psam| &psam.identification) {
                Some(IdentificationCheck::Any | IdentificationCheck::Lab { .. }) => {
                    sent(Send::new(spec.id))
                }
                Some(IdentificationCheck::List(codes)) => {
                    bytes.with_data(codes.first()?.to_vec()).step()
                }
                _ => answers(bytes, 0x6985),
            }
        }
        C::WriteSamKey => answers(bytes, 0x6984),
        C::CreateFile => answers(bytes, 0x6A80),
        C::EraseDirectory => answers(bytes, 0x6982),
        C::WriteKey => {
            let in_clear = |rules: IssuingRules| rules.plain_keys == PlainKeys::Always;
            let answer = if profile.rules.issuing.is_none_or(in_clear) { 0x6A80 } else { 0x6900 };
            answers(bytes.with_parameters(0x01, 0x00), answer)
        }
    })
}

/// What the PIN of a purse is asked for, of the commands that it is.
pub(super) const fn use_of(command: CommandId) -> Option<PinUse> {
    Some(match command {
        CommandId::GetBalance => PinUse::Balance,
        CommandId::InitializeForLoad => PinUse::Load,
        CommandId::InitializeForPurchase => PinUse::Purchase,
        CommandId::InitializeForCashWithdrawal => PinUse::Cash,
        CommandId::InitializeForCappPurchase => PinUse::Capp,
        CommandId::InitializeForUnload => PinUse::Unload,
        CommandId::InitializeForUpdate => PinUse::Overdraft,
        _ => return None,
    })
}

/// The purse that an INITIALIZE is for, and the plans begin with: the EP, where it allows it.
pub(super) fn purse_for<'m>(maker: &'m Maker<'_>, command: CommandId) -> Option<&'m PurseSpec> {
    let uses = use_of(command)?;
    maker.purses()?.purses.iter().rev().find(|purse| purse.allows.contains(&uses))
}

/// A P1 of GET BALANCE that the profile has.
pub(super) fn balance_p1(profile: &Profile) -> u8 {
    profile.rules.balance_p1.first().map_or(0x00, |(p1, _)| *p1)
}

/// Puts the file into P1 or P2: its beginning, or record 1.
pub(super) fn at_file(bytes: Bytes, command: CommandId, file: &FileSpec) -> Bytes {
    at(bytes, command, file.sfi)
}

/// Whether a command is one for binary files; the other file commands are for records.
pub(super) const fn is_binary(command: CommandId) -> bool {
    matches!(command, CommandId::ReadBinary | CommandId::UpdateBinary)
}

fn at_missing(bytes: Bytes, command: CommandId) -> Bytes {
    at(bytes, command, 0x1D)
}

/// The same for a file by its short identifier; 00 is the selected one.
pub(super) fn at(bytes: Bytes, command: CommandId, sfi: u8) -> Bytes {
    match command {
        CommandId::ReadBinary | CommandId::UpdateBinary => {
            let p1 = if sfi == 0x00 { 0x00 } else { 0x80 | sfi };
            bytes.with_parameters(p1, 0x00)
        }
        CommandId::AppendRecord => bytes.with_parameters(0x00, sfi << 3),
        _ => bytes.with_parameters(0x01, sfi << 3 | 0x04),
    }
}

/// A file that is read plainly and has something to read.
pub(super) fn readable<'m>(maker: &'m Maker<'_>, command: CommandId) -> Option<&'m FileSpec> {
    maker.application?.files.iter().find(|file| {
        let binary = matches!(file.kind, FileKind::Binary { .. });
        let free = file.read == Access::Free && !protects_reads(file);
        free && binary == is_binary(command) && (binary || !file.content.is_empty())
    })
}

/// A file that is written under line protection, by anybody.
pub(super) fn protected<'m>(maker: &'m Maker<'_>, command: CommandId) -> Option<&'m FileSpec> {
    maker.application?.files.iter().find(|file| {
        let binary = matches!(file.kind, FileKind::Binary { .. });
        let free = file.update == Access::Free && file.protection != Protection::None;
        free && binary == is_binary(command)
    })
}

pub(super) fn protects_reads(file: &FileSpec) -> bool {
    file.protect_read && file.protection != Protection::None
}

/// GET BALANCE of a purse whose balance is told to anybody.
pub(super) fn free_balance(maker: &Maker<'_>, bytes: Bytes) -> Option<Bytes> {
    let mut purses = maker.purses()?.purses.iter();
    let purse = purses.find(|purse| !purse.pin_for.contains(&PinUse::Balance))?;
    Some(bytes.with_parameters(balance_p1(maker.profile), purse.kind as u8))
}

/// INTERNAL AUTHENTICATE over 16 bytes, where there is a key for it.
pub(super) fn internal_authenticate(maker: &Maker<'_>, bytes: Bytes) -> Option<Bytes> {
    let mut keys = maker.application?.keys.iter();
    let key = keys.find(|key| key.kind == KeyKind::InternalAuthentication)?;
    Some(bytes.with_parameters(0x00, key.index).with_data([0x11; 16]))
}
