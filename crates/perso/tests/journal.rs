//! The journal as a file: what goes in comes out, and no other file is taken for one.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

use perso::engine::{
    Entry, Identity, KeyLine, Lasting, Ledger, Progress, Record, RecordState, Refusal, Serial,
};
use perso::journal::{Binding, Held, Journal, JournalError};
use proptest::prelude::*;

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lab.journal")
    }

    fn create(&self) -> Journal {
        Journal::create(&self.path(), &binding()).unwrap()
    }

    fn read(&self) -> Held {
        Journal::open(&self.path()).unwrap().1
    }
}

fn binding() -> Binding {
    Binding::new("lab", "fmcos-ep 1", b"job", b"cards", &["profile"], 1_700_000_000)
}

fn serial(number: u8) -> Serial {
    Serial([0, 0, 0, 0, 0, 0, 0, number])
}

fn card(uid: &str) -> Identity {
    Identity { uid: Some(uid.to_owned()), atr: "3B00".to_owned(), look: String::new() }
}

fn begun(uid: &str) -> Record {
    let mut record = Record::begun(card(uid), 40, 1_700_000_001);
    record.progress.attempts = 1;
    record.operator = Some("张三".to_owned());
    let name = "3F01/purchase/01/01".to_owned();
    record.note_key(KeyLine { name, kcv: "A1B2C3".to_owned(), proof: None });
    record
}

fn step(number: u8, progress: Progress) -> Entry {
    Entry::Step { serial: serial(number), progress }
}

fn progress(done: u32, doing: Option<u32>) -> Progress {
    Progress { attempts: 1, done, doing, bears: done > 3 }
}

fn kept(number: u8, uid: &str) -> Entry {
    Entry::Record(serial(number), Box::new(begun(uid)))
}

#[test]
fn what_is_kept_is_there_after_the_program_ends() {
    let room = Room::new();
    let refusal =
        Refusal { card: card("04FF"), reason: "used <by> others".to_owned(), last_try: true };
    let mut passed = begun("0402");
    passed.state = RecordState::Passed;
    passed.ended = Some(1_700_000_009);
    {
        let mut journal = room.create();
        let entries = [kept(1, "0401"), Entry::Record(serial(2), Box::new(passed.clone()))];
        journal.keep(&entries, Lasting::Power).unwrap();
        journal.keep(&[Entry::Refused(refusal.clone())], Lasting::Power).unwrap();
        journal.keep(&[kept(3, "0403")], Lasting::Power).unwrap();
        journal.keep(&[Entry::Released(serial(3))], Lasting::Power).unwrap();
        journal.keep(&[step(1, progress(4, Some(4)))], Lasting::Power).unwrap();
    }
    let held = room.read();
    let numbers: Vec<Serial> = held.records.keys().copied().collect();
    assert_eq!(numbers, [serial(1), serial(2)]);
    let mut first = begun("0401");
    first.progress = progress(4, Some(4));
    assert_eq!(held.records[&serial(1)], first);
    assert_eq!(held.records[&serial(2)], passed);
    assert_eq!(held.refused, [refusal]);
}

#[test]
fn a_journal_that_goes_on_is_added_to() {
    let room = Room::new();
    {
        let mut journal = room.create();
        journal.keep(&[kept(1, "0401")], Lasting::Power).unwrap();
        journal.keep(&[step(1, progress(7, Some(7)))], Lasting::Process).unwrap();
        journal.keep(&[step(1, progress(8, None))], Lasting::Process).unwrap();
    }
    let first = fs::read(room.path()).unwrap();
    {
        let (mut journal, held) = Journal::open(&room.path()).unwrap();
        assert_eq!(held.records[&serial(1)].progress, progress(8, None));
        assert_eq!(journal.binding(), &binding());
        journal.keep(&[kept(2, "0402")], Lasting::Power).unwrap();
        journal.keep(&[step(2, progress(1, None))], Lasting::Process).unwrap();
    }
    assert!(fs::read(room.path()).unwrap().starts_with(&first));
    let held = room.read();
    assert_eq!(held.records[&serial(1)].progress, progress(8, None));
    assert_eq!(held.records[&serial(2)].progress, progress(1, None));
    let before = fs::read(room.path()).unwrap();
    room.read();
    assert_eq!(fs::read(room.path()).unwrap(), before, "who only reads changes nothing");
}

#[test]
fn a_line_that_a_kill_left_half_written_is_as_if_it_was_never_begun() {
    let room = Room::new();
    let mut ends = Vec::new();
    {
        let mut journal = room.create();
        journal.keep(&[kept(1, "0401")], Lasting::Power).unwrap();
        for done in 0..4 {
            ends.push(fs::metadata(room.path()).unwrap().len() as usize);
            journal.keep(&[step(1, progress(done, Some(done)))], Lasting::Process).unwrap();
        }
    }
    let whole = fs::read(room.path()).unwrap();
    for cut in ends[1]..ends[3] {
        let mut bytes = whole[..cut].to_vec();
        // What a loss of power leaves behind is often zeros.
        bytes.resize(cut + cut % 3 * 100, 0);
        fs::write(room.path(), bytes).unwrap();
        let last = if cut < ends[2] { 0 } else { 1 };
        let (mut journal, held) = Journal::open(&room.path()).unwrap();
        assert_eq!(held.records[&serial(1)].progress, progress(last, Some(last)), "{cut}");
        journal.keep(&[step(1, progress(30, None))], Lasting::Power).unwrap();
        drop(journal);
        assert_eq!(room.read().records[&serial(1)].progress, progress(30, None), "{cut}");
    }
}

#[test]
fn a_journal_serves_the_files_it_was_begun_with() {
    let room = Room::new();
    let journal = room.create();
    let of = |job: &[u8], cards: &[u8], profiles: &[&str]| {
        Binding::new("other", "other 2", job, cards, profiles, 5)
    };
    assert!(journal.serves(&of(b"job", b"cards", &["profile"])).is_ok());
    for (binding, what) in [
        (of(b"jab", b"cards", &["profile"]), ": the job file differs"),
        (of(b"job", b"cards\n", &["profile"]), ": the cards file differs"),
        (of(b"job", b"cards", &["profile", ""]), ": the profile differs"),
        (of(b"", b"", &[]), ": the job file, the cards file, the profile differs"),
    ] {
        let error = journal.serves(&binding).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(error.contains("lab (fmcos-ep 1)") && error.contains("other (other 2)"), "{error}");
    }
}

#[test]
fn a_journal_is_one_program_s_at_a_time() {
    let room = Room::new();
    let journal = room.create();
    assert!(matches!(Journal::open(&room.path()), Err(JournalError::Locked { .. })));
    let again = Journal::create(&room.path(), &binding());
    assert!(matches!(again, Err(JournalError::Exists { .. })));
    drop(journal);
    assert_eq!(room.read(), Held::default());
}

#[test]
fn a_journal_that_was_never_whole_is_begun_anew() {
    let room = Room::new();
    let beside = room.path().with_extension("journal.new");
    fs::write(&beside, b"half a journal").unwrap();
    drop(room.create());
    assert_eq!(room.read(), Held::default());
    assert!(!beside.exists());
}

#[test]
fn what_is_no_journal_is_left_as_it_is() {
    let room = Room::new();
    let missing = Journal::open(&room.path());
    assert!(matches!(missing, Err(JournalError::Missing { .. })));
    let text = b"purse-perso-diary 1\n";
    for bytes in [&b""[..], b"#!/bin/sh\n", text, &[0; 8192], &[0xFF; 3 << 20]] {
        fs::write(room.path(), bytes).unwrap();
        let opened = Journal::open(&room.path());
        assert!(matches!(opened, Err(JournalError::Foreign { .. })));
        assert_eq!(fs::read(room.path()).unwrap(), bytes);
    }
    let folder = Journal::open(room.folder.path()).err();
    assert!(matches!(folder, Some(JournalError::Foreign { .. })), "{folder:?}");
}

#[test]
fn a_journal_of_a_later_program_is_not_touched() {
    let room = Room::new();
    drop(room.create());
    let text = fs::read_to_string(room.path()).unwrap();
    let later = text.replacen("purse-perso-journal 1", "purse-perso-journal 2", 1);
    fs::write(room.path(), &later).unwrap();
    let error = Journal::open(&room.path()).err().unwrap();
    assert!(error.to_string().contains("has journal format 2"), "{error}");
    assert_eq!(fs::read_to_string(room.path()).unwrap(), later);
}

/// A journal with something in it, and what it held after each of its lines.
fn full(path: &Path) -> (Vec<u8>, Vec<Held>) {
    let mut journal = Journal::create(path, &binding()).unwrap();
    let mut history = vec![Held::default()];
    let mut keep = |entries: &[Entry], lasting, change: &dyn Fn(&mut Held)| {
        journal.keep(entries, lasting).unwrap();
        let mut held = history.last().unwrap().clone();
        change(&mut held);
        history.push(held);
    };
    for number in 1..5 {
        let record = begun(&format!("04{number:02X}"));
        let entry = Entry::Record(serial(number), Box::new(record.clone()));
        keep(&[entry], Lasting::Power, &|held| {
            held.records.insert(serial(number), record.clone());
        });
        let lasting = if number % 2 == 0 { Lasting::Power } else { Lasting::Process };
        keep(&[step(number, progress(5, None))], lasting, &|held| {
            held.records.get_mut(&serial(number)).unwrap().progress = progress(5, None);
        });
    }
    drop(journal);
    (fs::read(path).unwrap(), history)
}

fn read_of(path: &Path, bytes: &[u8]) -> Result<Held, JournalError> {
    fs::write(path, bytes).unwrap();
    Journal::open(path).map(|(_, held)| held)
}

#[test]
fn damage_to_any_byte_of_a_closed_journal_is_told() {
    let room = Room::new();
    let (whole, history) = full(&room.path());
    // The last line stands apart, and says nothing but that all others are there.
    let last = whole.len() - whole.rsplit(|byte| *byte == b'\n').nth(1).unwrap().len() - 2;
    for at in 0..whole.len() {
        for flip in [0x01, 0x20, whole[at] ^ b'\n'].into_iter().filter(|flip| *flip != 0) {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            match read_of(&room.path(), &bytes) {
                Ok(held) if at >= last => assert_eq!(Some(&held), history.last()),
                Err(
                    JournalError::Damaged { .. }
                    | JournalError::Foreign { .. }
                    | JournalError::Format { .. },
                ) if at < last => {}
                other => panic!("{at} of {last}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_damaged_line_is_named() {
    let room = Room::new();
    let (whole, _) = full(&room.path());
    let mut lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let told = |lines: &[&[u8]]| read_of(&room.path(), &lines.concat()).unwrap_err().to_string();
    lines.swap(4, 5);
    assert!(told(&lines).contains("line 5 is not as it was written"), "{}", told(&lines));
    lines.swap(4, 5);
    let taken = lines.remove(6);
    assert!(told(&lines).contains("line 7 is not as it was written"), "{}", told(&lines));
    lines.insert(6, taken);
    lines.insert(6, taken);
    assert!(told(&lines).contains("line 8 is not as it was written"), "{}", told(&lines));
}

proptest! {
    /// As a loss of power leaves it: of what was not synced, any blocks may be missing.
    #[test]
    fn what_lasts_is_never_lost_and_nothing_is_made_up(
        cut in 0_usize..4000, zeros in prop::collection::vec((0_usize..4000, 1_usize..300), 0..3)
    ) {
        let room = Room::new();
        let (whole, history) = full(&room.path());
        let mut bytes = whole[..cut.min(whole.len())].to_vec();
        for (from, length) in zeros {
            let to = (from + length).min(bytes.len());
            if let Some(hole) = bytes.get_mut(from..to) {
                hole.fill(0);
            }
        }
        match read_of(&room.path(), &bytes) {
            Ok(held) => prop_assert!(history.contains(&held), "{held:?}"),
            Err(
                JournalError::Damaged { .. }
                | JournalError::Foreign { .. }
                | JournalError::Format { .. },
            ) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
