//! Files that are not as they were written.

use std::fs::{self, OpenOptions};
use std::path::Path;

use nvm::Nvm;
use nvm::image::ImageError;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{crc32, create, file_of, length, open, open_card, place, same, with_history};

#[test]
fn a_file_cut_anywhere_opens_as_a_card_that_was_or_says_why_not() {
    let (directory, path) = place();
    let (bytes, history) = with_history(&path);
    for cut in 0..bytes.len() {
        let path = directory.path().join(format!("cut-{cut}"));
        fs::write(&path, &bytes[..cut]).unwrap();
        let was = history.iter().rev().find(|(end, _)| *end <= cut as u64);
        match (open(&path), was) {
            (Ok((image, nvm, meta)), Some((end, card))) => {
                assert!(same(&(nvm, meta), card), "cut at {cut}");
                assert_eq!(image.dropped_bytes(), cut as u64 - end);
                assert_eq!(length(&path), *end, "the rest is cut away");
            }
            (Err(ImageError::Foreign { .. }), None) => assert_eq!(cut, 0),
            (Err(ImageError::Damaged { .. }), None) => {}
            (outcome, _) => panic!("cut at {cut}: {:?}", outcome.err()),
        }
    }
}

#[test]
fn a_wrong_byte_anywhere_is_found_or_lies_in_the_dropped_last_record() {
    let (directory, path) = place();
    let (bytes, history) = with_history(&path);
    let [.., (last_start, before_last), _] = &history[..] else { unreachable!() };
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let path = directory.path().join(format!("flip-{at}-{flip}"));
            fs::write(&path, &bytes).unwrap();
            match open_card(&path) {
                Ok(card) => {
                    assert!(at as u64 >= *last_start, "byte {at}");
                    assert!(same(&card, before_last), "byte {at}");
                }
                Err(ImageError::Foreign { .. }) => assert!(at < 8),
                Err(ImageError::Damaged { offset, .. }) => {
                    assert!(offset <= at as u64 && offset < *last_start, "byte {at}: {offset}");
                    assert_eq!(fs::read(&path).unwrap(), bytes, "a damaged file is left alone");
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn a_last_record_of_unwritten_blocks_is_dropped() {
    let (_directory, path) = place();
    let (bytes, history) = with_history(&path);
    fs::write(&path, [&bytes[..], &[0; 4096]].concat()).unwrap();
    let (image, nvm, meta) = open(&path).unwrap();
    assert_eq!(image.dropped_bytes(), 4096);
    assert!(same(&(nvm, meta), &history.last().unwrap().1));
}

#[test]
fn a_damaged_record_is_named_with_its_place_and_what_to_do() {
    let (_directory, path) = place();
    let (mut bytes, history) = with_history(&path);
    let start = history[0].0;
    bytes[start as usize + 20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let message = open_card(&path).err().unwrap().to_string();
    assert_eq!(
        message,
        format!(
            "card image {} is damaged at byte {start}: a record's checksum is wrong; restore a \
             copy, or cut the file to {start} bytes to go back to the card as it was before that \
             point",
            path.canonicalize().unwrap().display()
        )
    );
    OpenOptions::new().write(true).open(&path).unwrap().set_len(start).unwrap();
    assert!(same(&open_card(&path).unwrap(), &history[0].1));
}

#[test]
fn what_is_no_image_is_called_so() {
    let (directory, path) = place();
    let is_foreign = |path: &Path| matches!(open(path), Err(ImageError::Foreign { .. }));
    assert!(matches!(open(&path), Err(ImageError::Missing { .. })));
    assert!(is_foreign(directory.path()));
    fs::write(&path, b"").unwrap();
    assert!(is_foreign(&path));
    fs::write(&path, b"[package]\nname = \"x\"\n").unwrap();
    assert!(is_foreign(&path));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no lock file beside it");
    if cfg!(unix) {
        assert!(is_foreign(Path::new("/dev/null")));
    }
}

#[test]
fn a_newer_version_is_refused_by_its_number() {
    let (_directory, path) = place();
    // Made by the format's rules: version 2, its checksum right.
    let mut header = b"PURSECRD\x00\x02\x00\x00".to_vec();
    header.extend_from_slice(&crc32(&header).to_be_bytes());
    fs::write(&path, &header).unwrap();
    assert!(matches!(open(&path), Err(ImageError::NewerVersion { found: 2, .. })));
}

#[test]
fn a_claimed_length_is_not_believed() {
    let (_directory, path) = place();
    drop(create(&path, &Nvm::new(16), b"").unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let mut head = [&u32::MAX.to_be_bytes()[..], &1u64.to_be_bytes()].concat();
    head.extend_from_slice(&crc32(&head).to_be_bytes());
    bytes.extend_from_slice(&head);
    fs::write(&path, &bytes).unwrap();
    let (image, ..) = open(&path).unwrap();
    assert_eq!(image.dropped_bytes(), 16);
}

/// A memory of 512 bytes with a log of 40.
const BASE: &[u8] = &[0, 0, 0, 2, 0, 0, 0, 0, 40];

#[test]
fn a_record_missing_or_twice_is_damage() {
    let (_directory, path) = place();
    let change = |at: u8| [1, 0, 0, 0, at, 0, 1, 9];
    for order in [[1, 3, 4], [1, 1, 2], [2, 1, 3], [0, 1, 2]] {
        let [a, b, c] = order;
        let (x, y, z) = (change(1), change(2), change(3));
        fs::write(&path, file_of(&[(0, BASE), (a, &x), (b, &y), (c, &z)])).unwrap();
        let message = open_card(&path).err().unwrap().to_string();
        assert!(message.contains("a record is missing or out of order"), "{message}");
    }
}

#[test]
fn a_record_that_says_what_cannot_be_is_damage() {
    let (_directory, path) = place();
    let entry = |log: &[u8]| [&[2, 0, 0, 0, log.len() as u8], log].concat();
    let right = entry(&[7, 7, 0, 0, 1, 0xFE, 0, 0, 0, 2]);
    fs::write(&path, file_of(&[(0, BASE), (1, &right)])).unwrap();
    let (mut nvm, _) = open_card(&path).unwrap();
    nvm.power_on().unwrap();
    assert_eq!(nvm.array(510), Ok([7, 7]));
    for wrong in [
        entry(&[7, 7, 0, 0, 1, 0xFF, 0, 0, 0, 2]),
        entry(&[7, 7, 0, 0, 0, 0, 0, 0, 0, 3]),
        entry(&[7, 7, 0, 0, 0, 0, 0, 0, 0, 1]),
        entry(&[[7; 33].as_slice(), &[0, 0, 0, 0, 0, 0, 0, 33]].concat()),
        vec![0, 0, 0, 2, 0, 0, 0, 0, 40],
        vec![1, 0, 0, 1, 0xFF, 0, 2, 1, 1],
        vec![1, 0, 0, 0, 0, 0, 0],
        vec![1, 0, 0, 0, 0, 0, 5, 1, 1],
        vec![4, 0xFF, 0xFF, 0xFF, 0xFF],
        [&[3, 0x10, 0x01][..], &[0; 4097]].concat(),
        vec![6],
    ] {
        fs::write(&path, file_of(&[(0, BASE), (1, &wrong)])).unwrap();
        let message = open_card(&path).err().unwrap().to_string();
        assert!(message.contains("a record says what cannot be"), "{message} for {wrong:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        tail in vec(any::<u8>(), 0..200),
        start in prop_oneof![Just(&b""[..]), Just(&b"PURSECRD\x00\x01\x00\x00"[..])],
    ) {
        let (_directory, path) = place();
        fs::write(&path, [start, &tail].concat()).unwrap();
        prop_assert!(open(&path).is_err());
    }

    /// Bytes whose checksums are right get past the frame: the payload's reader is on its own.
    #[test]
    fn records_that_say_nonsense_never_panic(
        base in vec(any::<u8>(), 0..30),
        items in vec((0..7u8, vec(prop_oneof![Just(0u8), 0..20u8, any::<u8>()], 0..20)), 0..6),
    ) {
        let (_directory, path) = place();
        let sized = [BASE, &items.iter().flat_map(|(tag, bytes)| {
            std::iter::once(*tag).chain(bytes.iter().copied())
        }).collect::<Vec<u8>>()].concat();
        for payload in [base, sized] {
            fs::write(&path, file_of(&[(0, &payload)])).unwrap();
            if let Ok((_, mut nvm, _)) = open(&path) {
                prop_assert_eq!(nvm.power_on(), Ok(()));
            }
        }
    }
}
