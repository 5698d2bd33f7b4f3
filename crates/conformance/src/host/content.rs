//! Contents of files, records and keys that commands write where a case does not say what.

use applet_spec::{CommandId, FileKind, FileSpec, Protection, RightsByte, SamUsage};
use crypto::{Key, encipher};
use purse::issuing::{
    ErrorCounter, FileStructure, KeyHead, KeyRecord, KeyRole, KeyValue, LineKeys, NewFile,
    NewWorkingFile,
};
use purse::record::capp_id;
use zeroize::Zeroizing;

use super::evaluate::Scope;
use super::keys::CardKey;
use super::{Host, Trouble};

/// Most bytes that one update writes.
const MOST: usize = 128;

/// A key of all 11 for a card that is being built: nobody's, and public.
const NEW_KEY: [u8; 16] = [0x11; 16];

/// A right that everybody has.
const FREE: RightsByte = RightsByte(0xF0);

impl Host<'_> {
    /// What a binary file held when it was delivered, from the offset on; the last byte is another.
    pub(super) fn binary_content(&self, scope: &Scope<'_>) -> Vec<u8> {
        let [_, _, p1, p2] = scope.header.unwrap_or_default();
        let offset = u16::from_be_bytes([if p1 & 0x80 == 0 { p1 } else { 0 }, p2]);
        let Some(file) = self.file_of(scope) else { return vec![0x01; 8] };
        let FileKind::Binary { size } = file.kind else { return vec![0x01; 8] };
        let mut content = self.filled(file, 0);
        content.resize(usize::from(size), 0);
        let from = content.get(usize::from(offset)..).filter(|rest| !rest.is_empty());
        let part = from.map_or(&[0x00][..], |rest| rest.get(..MOST).unwrap_or(rest));
        other_at_the_end(part.to_vec())
    }

    /// The record that the header names, as it was delivered; the last byte is another.
    pub(super) fn record_content(&self, scope: &Scope<'_>) -> Vec<u8> {
        let [_, _, p1, p2] = scope.header.unwrap_or_default();
        let Some(file) = self.file_of(scope) else { return self.first_record(16, 0x01) };
        let longest = record_length(file);
        let by_number = p2 & 0b111 == 0b100;
        let records = || (0..file.content.len()).map(|at| self.filled(file, at));
        let found = match by_number {
            true => records().nth(usize::from(p1).saturating_sub(1)),
            false => records().find(|record| self.id_of(record) == Some(p1)),
        };
        match found.or_else(|| records().next()) {
            Some(record) if !matches!(file.kind, FileKind::Cyclic { .. }) => {
                other_at_the_end(record)
            }
            _ if matches!(file.kind, FileKind::Variable { .. }) => {
                self.first_record(longest.min(16), if by_number { 0x01 } else { p1 })
            }
            _ => other_at_the_end(vec![0; usize::from(longest)]),
        }
    }

    /// A record that a file does not have yet.
    pub(super) fn new_record(&self, scope: &Scope<'_>) -> Vec<u8> {
        let Some(file) = self.file_of(scope) else { return self.first_record(16, 0x7F) };
        let longest = record_length(file);
        if !matches!(file.kind, FileKind::Variable { .. }) {
            return other_at_the_end(vec![0; usize::from(longest)]);
        }
        self.first_record(longest.min(16), 0x7F)
    }

    /// A variable record: id, length, zeros. Those of purse applications have the layout of CAPP
    /// records, others are plain.
    fn first_record(&self, length: u8, id: u8) -> Vec<u8> {
        let rules = &self.profile.rules.capp;
        let of_purses = self.directory().is_some_and(|directory| !directory.purses.is_empty());
        let (id_at, length_at) = match of_purses {
            true => (rules.id_width.saturating_sub(1), rules.length_offset),
            false => (0, 1),
        };
        let length = usize::from(length.max(length_at.saturating_add(2)));
        let rest = length.saturating_sub(usize::from(length_at) + 1) as u8;
        let byte = |at: usize| match at {
            _ if at == usize::from(length_at) => rest,
            _ if at == usize::from(id_at) => id,
            _ => 0,
        };
        (0..length).map(byte).collect()
    }

    fn id_of(&self, record: &[u8]) -> Option<u8> {
        let of_purses = self.directory().is_some_and(|directory| !directory.purses.is_empty());
        match of_purses {
            true => capp_id(&self.profile.rules.capp, record),
            false => record.first().copied(),
        }
    }

    fn filled(&self, file: &FileSpec, at: usize) -> Vec<u8> {
        let template = file.content.get(at);
        template.map_or_else(Vec::new, |template| template.fill(&self.serial, &self.public))
    }

    /// Data of WRITE SAM KEY that changes nothing: the module's first own key, as it is.
    pub(super) fn own_sam_key(&self) -> Result<Vec<u8>, Trouble> {
        let none = || Trouble::not_in_profile("key that a PSAM works with");
        let (directory, slot) = self.sam_keys().next().ok_or_else(none)?;
        let CardKey { key, .. } = self.sam_key(directory, slot, Some(&[]))?;
        let SamUsage(usage) = slot.usage;
        let head = [usage, slot.number(), slot.algorithm_id];
        let plain = Zeroizing::new([&head[..], key.expose()].concat());
        let scope = Scope { command: Some(CommandId::WriteSamKey), ..Scope::default() };
        let CardKey { suite, key } = self.key(self.working_key(&scope)?, None)?;
        Ok(encipher(suite, &key, &plain))
    }

    /// Description of a binary file of 16 bytes that anybody may read and write.
    pub(super) fn new_file() -> Vec<u8> {
        let file = NewWorkingFile {
            structure: FileStructure::Binary { size: 16 },
            protection: Protection::None,
            read: FREE,
            update: FREE,
            keys: LineKeys::PLAIN_READ,
        };
        NewFile::Working(file).to_bytes()
    }

    /// Data of WRITE KEY: an authentication key.
    pub(super) fn new_key(&self, header: [u8; 4]) -> Vec<u8> {
        let head = KeyHead {
            role: KeyRole::Authentication { next_state: 1, counter: ErrorCounter::fresh(3) },
            protection: Protection::None,
            use_right: FREE,
            change_right: FREE,
        };
        let value = KeyValue::Key(Key::double(NEW_KEY));
        let record = KeyRecord { head, value }.to_bytes();
        let [_, _, p1, _] = header;
        // P1 01 adds; any other changes, for which the value is enough.
        let value = if p1 == 0x01 { &record[..] } else { &NEW_KEY[..] };
        value.to_vec()
    }
}

fn record_length(file: &FileSpec) -> u8 {
    match file.kind {
        FileKind::Linear { record, .. }
        | FileKind::Variable { record, .. }
        | FileKind::Cyclic { record, .. } => record,
        FileKind::Binary { .. } => 16,
    }
}

fn other_at_the_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(last) = bytes.last_mut() {
        *last ^= 0x01;
    }
    bytes
}
