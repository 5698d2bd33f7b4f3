//! What is persisted, how much is written for it, and who may open it.

use std::fs;
use std::path::Path;

use nvm::Nvm;
use nvm::image::{CardImage, Durability, ImageError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{create, length, open, open_card, place, same, with_history};

#[test]
fn a_card_opens_as_it_was_persisted_and_switched_off() {
    let (_directory, path) = place();
    let (_, history) = with_history(&path);
    let (image, nvm, meta) = open(&path).unwrap();
    assert!(!nvm.powered());
    assert_eq!(image.dropped_bytes(), 0);
    assert!(same(&(nvm, meta), &history.last().unwrap().1));
}

#[test]
fn a_transaction_open_at_the_last_persist_is_undone_after_opening() {
    let (_directory, path) = place();
    let mut nvm = Nvm::new(64);
    nvm.put(0, &[1; 4]).unwrap();
    let mut image = create(&path, &nvm, b"").unwrap();
    nvm.begin().unwrap();
    nvm.put(0, &[2; 4]).unwrap();
    nvm.tear_at(Some(3));
    nvm.put_raw(8, &[3; 4]).unwrap_err();
    image.persist(&nvm, b"").unwrap();
    drop(image);
    let (_, mut nvm, _) = open(&path).unwrap();
    nvm.power_on().unwrap();
    assert_eq!(nvm.array(0), Ok([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn nothing_changed_writes_nothing_and_little_changed_writes_little() {
    let (_directory, path) = place();
    let mut nvm = Nvm::new(64 * 1024);
    let mut image = create(&path, &nvm, b"meta").unwrap();
    assert!(length(&path) < 100, "zero pages are not stored");
    let before = length(&path);
    image.persist(&nvm, b"meta").unwrap();
    nvm.put(9, &[0; 40]).unwrap();
    image.persist(&nvm, b"meta").unwrap();
    assert_eq!(length(&path), before);
    nvm.begin().unwrap();
    nvm.put(900, &[1; 4]).unwrap();
    nvm.put(910, &[1; 23]).unwrap();
    nvm.commit().unwrap();
    image.persist(&nvm, b"meta").unwrap();
    assert_eq!(length(&path), before + 20 + 7 + 33);
}

#[test]
fn an_existing_file_is_never_replaced() {
    let (_directory, path) = place();
    fs::write(&path, b"a shopping list").unwrap();
    let outcome = create(&path, &Nvm::new(16), b"");
    assert!(matches!(outcome, Err(ImageError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"a shopping list");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let (directory, _) = place();
    let outcome = create(&directory.path().join("none/card"), &Nvm::new(16), b"");
    let message = outcome.err().unwrap().to_string();
    assert!(message.contains("find the directory of card image"), "{message}");
}

#[test]
fn a_second_opener_is_locked_out_by_every_name_until_the_first_is_gone() {
    let (_directory, path) = place();
    let image = create(&path, &Nvm::new(16), b"").unwrap();
    assert!(matches!(open(&path), Err(ImageError::Locked { .. })));
    #[cfg(unix)]
    {
        let link = path.with_extension("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(open(&link), Err(ImageError::Locked { .. })));
    }
    drop(image);
    assert!(open(&path).is_ok());
}

#[test]
fn the_journal_is_folded_into_a_new_base_and_the_lock_holds_over_it() {
    let (_directory, path) = place();
    let mut nvm = Nvm::new(4096);
    let mut image = CardImage::create(&path, &nvm, b"", Durability::Host).unwrap();
    let mut longest = 0;
    for round in 0..300u32 {
        nvm.put(round % 64, &[round as u8; 3000]).unwrap();
        image.persist(&nvm, &round.to_be_bytes()).unwrap();
        longest = longest.max(length(&path));
        assert!(matches!(open(&path), Err(ImageError::Locked { .. })));
    }
    assert!(longest < 64 * 1024 + 4096, "{longest}");
    drop(image);
    let card = (nvm, 299u32.to_be_bytes().to_vec());
    assert!(same(&open_card(&path).unwrap(), &card));
    assert!(!path.with_extension("purse.new").exists());
}

#[test]
fn a_card_of_another_size_can_take_the_place() {
    let (_directory, path) = place();
    let mut image = create(&path, &Nvm::new(16), b"").unwrap();
    let mut larger = Nvm::with_log(100_000, 77);
    larger.put(99_999, &[1]).unwrap();
    image.persist(&larger, b"x").unwrap();
    drop(image);
    let (nvm, meta) = open_card(&path).unwrap();
    assert_eq!((nvm.size(), nvm.log_size()), (100_000, 77));
    assert!(same(&(nvm, meta), &(larger, b"x".to_vec())));
}

#[test]
fn meta_bytes_have_a_limit() {
    let (_directory, path) = place();
    let mut image = create(&path, &Nvm::new(16), &[1; 4096]).unwrap();
    let outcome = image.persist(&Nvm::new(16), &[1; 4097]);
    assert!(matches!(outcome, Err(ImageError::TooLong { length: 4097, .. })));
}

#[cfg(unix)]
#[test]
fn an_image_is_its_owners_alone_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_directory, path) = place();
    let mut image = create(&path, &Nvm::new(16), b"").unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    image.persist(&Nvm::new(32), b"").unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[derive(Clone, Debug)]
enum Op {
    Put(u32, Vec<u8>),
    Blob(Vec<u8>),
    DropBlobs(u8),
    Begin,
    Commit,
    Tear(u64),
    Meta(Vec<u8>),
    Persist,
    Reopen,
    PowerOn,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..5000u32, vec(any::<u8>(), 0..600)).prop_map(|(at, bytes)| Op::Put(at, bytes)),
        1 => vec(any::<u8>(), 0..50).prop_map(Op::Blob),
        1 => any::<u8>().prop_map(Op::DropBlobs),
        1 => Just(Op::Begin),
        1 => Just(Op::Commit),
        1 => (1..9u64).prop_map(Op::Tear),
        1 => vec(any::<u8>(), 0..20).prop_map(Op::Meta),
        3 => Just(Op::Persist),
        2 => Just(Op::Reopen),
        2 => Just(Op::PowerOn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_persisted_is_what_opens(ops in vec(op(), 1..60)) {
        let (_directory, path) = place();
        let (mut nvm, mut meta) = (Nvm::new(5000), Vec::new());
        let mut image = create(&path, &nvm, &meta).unwrap();
        for op in ops {
            // A refused write, or a card without power, is as good a state as any.
            let _ = match op {
                Op::Put(at, bytes) => nvm.put_raw(at, &bytes),
                Op::Begin => nvm.begin(),
                Op::Commit => nvm.commit(),
                Op::PowerOn => nvm.power_on(),
                Op::Tear(k) => { nvm.tear_at(Some(k)); Ok(()) }
                Op::Blob(bytes) => { nvm.add_blob(bytes.into()); Ok(()) }
                Op::DropBlobs(half) => { nvm.retain_blobs(|id| id.as_bytes()[0] > half); Ok(()) }
                Op::Meta(bytes) => { meta = bytes; Ok(()) }
                Op::Persist => { image.persist(&nvm, &meta).unwrap(); Ok(()) }
                Op::Reopen => {
                    image.persist(&nvm, &meta).unwrap();
                    drop(image);
                    let (again, mut opened, opened_meta) = open(&path).unwrap();
                    image = again;
                    prop_assert!(same(&(opened.fork(), opened_meta), &(nvm.fork(), meta.clone())));
                    prop_assert_eq!(opened.power_on(), Ok(()));
                    nvm.tear_at(None);
                    nvm.power_on().unwrap();
                    prop_assert!(opened.same_contents(&nvm));
                    nvm = opened;
                    Ok(())
                }
            };
        }
    }
}
