//! From a family's profile to steps.

use apdu::DfName;
use applet_spec::{
    Access, Directory, FciForm, FileKind, FileSpec, IssuingRules, KeyKind, KeySpec, PinUse,
    Profile, Protection, PurseSpec, RightsByte,
};

use super::super::step::{Action, Line};
use super::super::{
    CardKey, ErrorCounter, FileStructure, KeyData, KeyHead, KeyRole, KeyType, LineKeys,
    NewDirectory, NewFile, NewKeyFile, NewPurse, NewWorkingFile, Place, PublicSfi, Step,
    TransportKey,
};
use super::{Choices, KeyWriting};
use crate::{FileRef, Pin};

/// Fid of every key file.
const KEY_FILE: u16 = 0x0000;
/// Application byte of the MF in its key file.
const MASTER_SFI: u8 = 0x01;
/// Most bytes that one UPDATE BINARY writes, so that its offset and its MAC fit.
const CHUNK: usize = 0x80;

/// The steps for a family that [fits](super::fits).
pub(super) fn steps(
    family: &Profile,
    serial: &[u8; 8],
    rules: &IssuingRules,
    choices: &Choices,
) -> Vec<Step> {
    let Some((master, others)) = family.directories.split_first() else { return Vec::new() };
    let public = family.public_content(serial);
    let factors = family.factors_of(serial, &public);
    let card_master = master_key(master);
    let state = card_master.map_or(0, |key| key.next_state);
    let builder = Builder { family, serial, public, factors, rules, choices, state };

    let place = Place::of(master.fid);
    let at_master = |action| Step { place, action };
    let present = choices.present.clone();
    let mut out = vec![
        Step::select(place),
        at_master(Action::Authenticate { index: 0x00, key: present }),
        at_master(Action::Erase),
    ];
    let mut keys = builder.keys(master, RightsByte::from_state(state));
    out.push(builder.key_file(master, &keys, RightsByte::ALWAYS));
    let others_of_master = keys.split_off(1);
    out.append(&mut keys);
    if let Some(key) = card_master {
        let key = TransportKey::Held(builder.card_key(master, key));
        out.push(at_master(Action::Authenticate { index: 0x00, key }));
    }
    out.extend(others_of_master);
    for file in &master.files {
        out.extend(builder.file(master, file));
    }
    for directory in others {
        out.extend(builder.directory(master.fid, directory));
    }
    out
}

/// The key 39/00 of a directory: its master key, which the others are written under.
pub(super) fn master_key(directory: &Directory) -> Option<&KeySpec> {
    let is_master = |key: &&KeySpec| {
        key.index == 0x00 && KeyType::of(key.kind) == Some(KeyType::AUTHENTICATION)
    };
    directory.keys.iter().find(is_master)
}

struct Builder<'b> {
    family: &'b Profile,
    serial: &'b [u8; 8],
    public: Vec<u8>,
    factors: Vec<[u8; 8]>,
    rules: &'b IssuingRules,
    choices: &'b Choices,
    /// Security state that the MF's master key leads to.
    state: u8,
}

impl Builder<'_> {
    fn directory(&self, master: u16, directory: &Directory) -> Vec<Step> {
        let by_issuer = RightsByte::from_master_state(self.state);
        let keys = self.keys(directory, by_issuer);
        let mut inside = vec![self.key_file(directory, &keys, by_issuer)];
        inside.extend(keys);
        for file in &directory.files {
            inside.extend(self.file(directory, file));
        }
        let log = directory.log.map_or(0, |log| log.purchase);
        for purse in &directory.purses {
            let use_right = purse_right(directory, purse);
            let file = NewFile::Purse(NewPurse { use_right, log });
            inside.push(create(directory.fid, purse.kind as u16, file));
        }
        let size: u32 = inside.iter().filter_map(|step| step.takes(self.rules)).sum();
        let file = NewFile::Directory(NewDirectory {
            size: u16::try_from(size.next_multiple_of(0x10)).unwrap_or(u16::MAX),
            create: by_issuer,
            erase: by_issuer,
            public: match directory.fci {
                FciForm::PublicFile { sfi, .. } => PublicSfi::Application(sfi),
                FciForm::Dir { sfi } => PublicSfi::Directory(sfi),
                FciForm::Bare | FciForm::Ppse => PublicSfi::Directory(0x00),
            },
            name: DfName::new(&directory.name).ok(),
        });
        let mut out = vec![create(master, directory.fid, file)];
        out.push(Step::select(Place::of(directory.fid)));
        out.extend(inside);
        out
    }

    fn key_file(&self, directory: &Directory, keys: &[Step], add: RightsByte) -> Step {
        let overhead = u16::from(self.rules.key_overhead);
        let size = keys.iter().map(|step| step.value_length() + overhead).sum();
        let application = match directory.fci {
            FciForm::PublicFile { sfi, .. } => PublicSfi::Application(sfi).to_byte(),
            _ => MASTER_SFI,
        };
        let file = NewFile::Keys(NewKeyFile { size, directory: application, add });
        create(directory.fid, KEY_FILE, file)
    }

    /// WRITE KEY for every key and the PIN, the master key first.
    fn keys(&self, directory: &Directory, change: RightsByte) -> Vec<Step> {
        let place = Place::of(directory.fid);
        let master = master_key(directory);
        let transport = match master {
            Some(key) => TransportKey::Held(self.card_key(directory, key)),
            None => self.choices.present.clone(),
        };
        let mut records = Vec::new();
        for key in &directory.keys {
            let Some(role) = role_of(key) else { continue };
            let sealed = self.choices.keys == KeyWriting::Enciphered
                && master.is_some_and(|master| !std::ptr::eq(master, key));
            let head = KeyHead {
                role,
                protection: if sealed { Protection::EncryptedMac } else { Protection::None },
                use_right: use_right(directory, key.kind),
                change_right: change,
            };
            records.push((key.index, head, KeyData::Held(self.card_key(directory, key))));
        }
        if let Some((pin, value)) =
            directory.pin.as_ref().and_then(|pin| Some((pin, Pin::new(&pin.value).ok()?)))
        {
            let sealed = self.choices.keys == KeyWriting::Enciphered && master.is_some();
            let (next_state, counter) = (pin.next_state, ErrorCounter::fresh(pin.tries));
            let head = KeyHead {
                role: KeyRole::Pin { next_state, counter },
                protection: if sealed { Protection::EncryptedMac } else { Protection::None },
                use_right: RightsByte::ALWAYS,
                change_right: RightsByte::NEVER,
            };
            records.push((pin.index, head, KeyData::Pin(value)));
        }
        records.sort_by_key(|(index, head, _)| (rank(head.role.key_type()), *index));
        let step = |(index, head, data)| {
            let transport = transport.clone();
            Step { place, action: Action::WriteKey { index, head, data, transport } }
        };
        records.into_iter().map(step).collect()
    }

    fn card_key(&self, directory: &Directory, key: &KeySpec) -> CardKey {
        let name = self.family.custody_name(directory, key);
        CardKey { name, factors: self.factors.clone() }
    }

    /// CREATE FILE, and what writes its content.
    fn file(&self, directory: &Directory, spec: &FileSpec) -> Vec<Step> {
        let contents: Vec<Vec<u8>> =
            spec.content.iter().map(|content| content.fill(self.serial, &self.public)).collect();
        let written = spec.update != Access::Never || contents.iter().flatten().any(|b| *b != 0);
        let structure = match spec.kind {
            FileKind::Binary { size } => FileStructure::Binary { size },
            FileKind::Linear { record, count } => FileStructure::Fixed { count, record },
            FileKind::Variable { record, count } => {
                FileStructure::Variable { size: u16::from(record) * u16::from(count) }
            }
            FileKind::Cyclic { record, count } => FileStructure::Cyclic { count, record },
        };
        let update = match spec.update {
            // The issuer must be able to write the content after a loss of power, too.
            Access::Never if written && !contents.is_empty() => {
                RightsByte::from_master_state(self.state)
            }
            access => right(directory, access),
        };
        let file = NewFile::Working(NewWorkingFile {
            structure,
            protection: spec.protection,
            read: right(directory, spec.read),
            update,
            keys: LineKeys {
                protect_read: spec.protect_read && spec.protection != Protection::None,
                read: spec.key_index,
                update: spec.key_index,
            },
        });
        let mut out = vec![create(directory.fid, spec.fid, file)];
        if written {
            out.extend(self.contents(directory, spec, contents));
        }
        out
    }

    fn contents(
        &self,
        directory: &Directory,
        spec: &FileSpec,
        mut contents: Vec<Vec<u8>>,
    ) -> Vec<Step> {
        let key = directory.key(KeyKind::Maintenance, spec.key_index);
        let line = key.filter(|_| spec.protection != Protection::None).map(|key| Line {
            protection: spec.protection,
            index: spec.key_index,
            key: TransportKey::Held(self.card_key(directory, key)),
        });
        let sfi = spec.sfi;
        if let FileKind::Binary { .. } = spec.kind {
            return contents
                .iter()
                .flat_map(|content| updates(directory, spec, content, &line))
                .collect();
        }
        if let FileKind::Cyclic { .. } = spec.kind {
            // The record that is appended last is number 1.
            contents.reverse();
        }
        let append = |(number, data)| {
            let action = Action::Append { sfi, number, data, line: line.clone() };
            Step { place: Place::of(directory.fid), action }
        };
        (1..=u8::MAX).zip(contents).map(append).collect()
    }
}

/// UPDATE BINARY in pieces. The first ones name the file; further offsets need it selected.
fn updates(
    directory: &Directory,
    spec: &FileSpec,
    content: &[u8],
    line: &Option<Line>,
) -> Vec<Step> {
    let named = Place::of(directory.fid);
    let selected = Place { file: Some(spec.fid), ..named };
    let mut out = Vec::new();
    for (at, piece) in content.chunks(CHUNK).enumerate() {
        let offset = (at * CHUNK) as u16;
        let (place, file) = match offset {
            0..=0xFF => (named, FileRef::Sfi(spec.sfi)),
            _ => (selected, FileRef::Current),
        };
        if place == selected && out.last().is_none_or(|last: &Step| last.place != selected) {
            out.push(Step::select(selected));
        }
        let action = Action::Update { file, offset, data: piece.to_vec(), line: line.clone() };
        out.push(Step { place, action });
    }
    out
}

fn create(directory: u16, fid: u16, file: NewFile) -> Step {
    Step { place: Place::of(directory), action: Action::Create { fid, file } }
}

/// The role of a profile's key in a key record; `None` where WRITE KEY has no type for it.
fn role_of(key: &KeySpec) -> Option<KeyRole> {
    let counter = key.tries.map_or(ErrorCounter::UNLIMITED, ErrorCounter::fresh);
    let key_type = KeyType::of(key.kind)?;
    let (first, second) = match key_type {
        // Both halves, as the published records have it.
        KeyType::AUTHENTICATION => (key.next_state << 4 | key.next_state & 0x0F, counter.0),
        _ if key_type.counts_tries() => (0xFF, counter.0),
        _ => (key.version, key.algorithm_id),
    };
    KeyRole::parse(key_type.byte(), first, second)
}

/// The order of the published sequence.
fn rank(key_type: KeyType) -> usize {
    const ORDER: [u8; 13] =
        [0x39, 0x36, 0x37, 0x38, 0x3A, 0x3E, 0x3F, 0x3D, 0x3C, 0x34, 0x30, 0x31, 0x32];
    ORDER.iter().position(|byte| *byte == key_type.byte()).unwrap_or(ORDER.len())
}

/// A right of a file as a range of security states.
pub(super) fn right(directory: &Directory, access: Access) -> RightsByte {
    match access {
        Access::Free => RightsByte::ALWAYS,
        Access::Never => RightsByte::NEVER,
        Access::State(right) => right,
        Access::Pin => pin_right(directory),
        Access::Authenticated => {
            let states = directory.keys.iter().filter(|key| {
                KeyType::of(key.kind) == Some(KeyType::AUTHENTICATION) && key.next_state != 0
            });
            states.map(|key| key.next_state).min().map_or(RightsByte::NEVER, RightsByte::from_state)
        }
    }
}

fn pin_right(directory: &Directory) -> RightsByte {
    let state = directory.pin.as_ref().map(|pin| pin.next_state);
    state.map_or(RightsByte::NEVER, RightsByte::from_state)
}

/// Right to use a purse file: the PIN's where every use of the purse asks for it.
pub(super) fn purse_right(directory: &Directory, purse: &PurseSpec) -> RightsByte {
    let all = purse.allows.iter().all(|used| purse.pin_for.contains(used));
    if all { pin_right(directory) } else { RightsByte::ALWAYS }
}

/// Right to use a transaction key: the PIN's where every purse asks for it.
pub(super) fn use_right(directory: &Directory, kind: KeyKind) -> RightsByte {
    let uses: &[PinUse] = match kind {
        KeyKind::Load => &[PinUse::Load],
        KeyKind::Unload => &[PinUse::Unload],
        KeyKind::Overdraft => &[PinUse::Overdraft],
        KeyKind::Purchase => &[PinUse::Purchase, PinUse::Cash, PinUse::Capp],
        _ => return RightsByte::ALWAYS,
    };
    let asks = |purse: &PurseSpec| {
        uses.iter()
            .filter(|used| purse.allows.contains(used))
            .all(|used| purse.pin_for.contains(used))
    };
    if !directory.purses.is_empty() && directory.purses.iter().all(asks) {
        pin_right(directory)
    } else {
        RightsByte::ALWAYS
    }
}
