//! Checks a finished card through commands, by a path of its own: it reads what the card says,
//! makes the keys from that and not from the order, and has every key proved that the card lets be
//! proved without spending anything.

mod files;
mod keys;
mod purses;

use apdu::{DfName, ResponseApdu, StatusWord};
use applet_spec::{Directory, KeySpec, Profile};
use crypto::custody::KeyCustody;
use purse::setting::Lock;
use purse::{FileRef, Occurrence, Pin, PurseCommand, SelectBy};

use super::{CardKeys, Talk, TalkError};
use crate::engine::{Check, KeyLine, Trouble};
use crate::order::{CardOrder, PurseState};

pub(crate) use files::readable;
pub(crate) use keys::writes;

/// What a finished card should be, beyond its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Purses; what is `None` is not looked at.
    pub purses: Vec<PurseState>,
    /// Records in the transaction log; `None`: not looked at.
    pub log: Option<u32>,
}

/// When a card is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// While it is made: tries are full, and nothing is locked yet.
    Making,
    /// Later: what would give tries back is left alone.
    Made,
}

/// What a check of a card found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was checked.
    pub checks: Vec<Check>,
    /// The keys by their check values, and how the card proved them.
    pub keys: Vec<KeyLine>,
}

/// Checks one card.
pub struct Verifier<'v, 'c> {
    /// The card.
    pub talk: &'v mut Talk<'c>,
    /// Who holds the masters.
    pub custody: &'v dyn KeyCustody,
    /// The family.
    pub profile: &'v Profile,
    /// What was ordered.
    pub order: &'v CardOrder,
    /// What it should be.
    pub expected: &'v Expected,
    /// When this is.
    pub stage: Stage,
}

/// The card as it told of itself.
struct Told {
    factors: Vec<[u8; 8]>,
    /// The PIN was given in the current selection of the application.
    pin_given: bool,
    found: Found,
}

impl Found {
    /// The first thing that is not as it should be.
    pub fn fault(&self) -> Option<String> {
        let first = self.checks.iter().find(|check| check.fault.is_some())?;
        Some(format!("{}: {}", first.what, first.fault.as_deref().unwrap_or_default()))
    }

    fn note(&mut self, what: impl Into<String>, what_zh: impl Into<String>, fault: Option<String>) {
        self.checks.push(Check { what: what.into(), what_zh: what_zh.into(), fault });
    }

    fn proved(&mut self, directory: &Directory, key: &KeySpec, how: &str) {
        let name = key.label(directory);
        if let Some(line) = self.keys.iter_mut().find(|line| line.name == name) {
            line.proof = Some(how.to_owned());
        }
    }
}

impl Verifier<'_, '_> {
    /// Checks it, from a reset on.
    ///
    /// # Errors
    /// [`TalkError`]: the card went away, spent a try, or nobody holds the keys. What is not as it
    /// should be is in what it found.
    pub fn check(mut self) -> Result<Found, TalkError> {
        self.talk.reset()?;
        let lock = self.order.state.lock.filter(|lock| *lock != Lock::No);
        if let Some(lock) = lock.filter(|_| self.stage == Stage::Made) {
            return self.lock(lock);
        }
        let Some(application) = self.profile.application() else {
            let text = format!("{} has no purse application", self.profile.name);
            return Err(Trouble::Wrong(text).into());
        };
        let mut found = Found::default();
        let selected = self.talk.ask(by_name(application)?)?;
        found.note("application selected", "选择应用", refusal(&selected, StatusWord::OK));
        let public = self.read_public(&mut found)?;
        if found.fault().is_some() {
            return Ok(found);
        }
        // The keys of the card that this is, not of the one it should be.
        let serial = self.profile.serial_in(&public).unwrap_or(self.order.serial.0);
        let factors = self.profile.factors_of(&serial, &public);
        found.keys = self.card_keys(&factors).lines()?;
        let mut told = Told { factors, pin_given: false, found };
        self.purses(application, &mut told)?;
        self.proofs(application, &mut told)?;
        self.files(&mut told)?;
        Ok(told.found)
    }

    /// That a locked card refuses as it should.
    fn lock(&mut self, lock: Lock) -> Result<Found, TalkError> {
        let mut found = Found::default();
        let Some(application) = self.profile.application() else { return Ok(found) };
        let status = &self.profile.rules.status;
        let expected = match lock {
            Lock::Temporary => status.select_blocked,
            Lock::Permanent => status.permanently_blocked,
            Lock::Card | Lock::No => StatusWord::LOCKED,
        };
        let answer = self.talk.ask(by_name(application)?)?;
        let fault = refusal(&answer, expected);
        found.note("locked: SELECT is refused", "已锁定: 拒绝选择", fault);
        Ok(found)
    }

    fn read_public(&mut self, found: &mut Found) -> Result<Vec<u8>, TalkError> {
        let file = FileRef::Sfi(Profile::PUBLIC_SFI);
        let read = PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None };
        let answer = self.talk.ask(read)?;
        let expected = self.order.public();
        let fault = refusal(&answer, StatusWord::OK).or_else(|| differs(&answer.data, &expected));
        found.note("file 15 and the serial in it", "文件 15 及应用序列号", fault);
        Ok(answer.data)
    }

    /// The PIN, where its tries may be given back.
    fn give_pin(&mut self, application: &Directory, told: &mut Told) -> Result<bool, TalkError> {
        let Some(spec) = &application.pin else { return Ok(true) };
        if told.pin_given {
            return Ok(true);
        }
        if self.stage == Stage::Made && self.order.state.pin_tries.is_some() {
            return Ok(false);
        }
        let wrong = |text: String| TalkError::Trouble(Trouble::Wrong(text));
        let pin = Pin::new(&spec.value).map_err(|error| wrong(format!("the PIN: {error}")))?;
        self.talk.send(PurseCommand::Verify { index: spec.index, pin })?;
        told.pin_given = true;
        told.found.note("PIN", "PIN", None);
        Ok(true)
    }

    fn card_keys<'k>(&'k self, factors: &'k [[u8; 8]]) -> CardKeys<'k> {
        CardKeys { custody: self.custody, profile: self.profile, factors }
    }
}

/// SELECT by name; the MF and directories without one by fid.
fn by_name(directory: &Directory) -> Result<PurseCommand, TalkError> {
    let by = match DfName::new(&directory.name) {
        Ok(name) if !directory.name.is_empty() => SelectBy::Name(name),
        _ => SelectBy::Fid(directory.fid),
    };
    Ok(PurseCommand::Select { by, occurrence: Occurrence::First })
}

/// Why an answer is another one than expected.
fn refusal(answer: &ResponseApdu, expected: StatusWord) -> Option<String> {
    (answer.status != expected).then(|| {
        format!("answered {} ({}), not {expected}", answer.status, answer.status.meaning())
    })
}

/// Where bytes differ.
fn differs(found: &[u8], expected: &[u8]) -> Option<String> {
    if found == expected {
        return None;
    }
    if found.len() != expected.len() {
        return Some(format!("{} bytes, not {}", found.len(), expected.len()));
    }
    let at = found.iter().zip(expected).position(|(a, b)| a != b)?;
    let from = at..(at + 8).min(found.len());
    let text = |bytes: &[u8]| hex::encode_upper(bytes.get(from.clone()).unwrap_or_default());
    Some(format!("from byte {at} on {}, not {}", text(found), text(expected)))
}
