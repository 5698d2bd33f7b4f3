//! The memory's single promises, one by one.

use std::sync::Arc;

use nvm::{BlobId, Nvm, NvmError};

#[test]
fn a_new_memory_is_on_and_zero_and_ends_at_its_size() {
    let card = Nvm::new(1000);
    assert!(card.powered());
    assert_eq!(card.array(992), Ok([0; 8]));
    assert_eq!(
        card.array::<8>(993),
        Err(NvmError::OutOfRange { address: 993, length: 8, size: 1000 })
    );
    assert_eq!(card.read(1000, &mut []), Ok(()));
    assert!(card.read(1001, &mut []).is_err());
    assert!(card.byte(u32::MAX).is_err());
    assert_eq!(Nvm::new(0).put(0, &[]), Ok(()));
    assert!(Nvm::new(0).put(0, &[1]).is_err());
}

#[test]
fn every_size_keeps_its_first_and_last_bytes() {
    for size in [1, 255, 256, 257, 4096, 4097, 1 << 16, (1 << 16) + 1, 1 << 20, (1 << 20) + 1]
        .into_iter()
        .chain([1 << 24, (1 << 24) + 1, 1 << 28, (1 << 28) + 1, u32::MAX])
    {
        let mut card = Nvm::new(size);
        card.put(0, &[1]).unwrap();
        card.put(size - 1, &[2]).unwrap();
        assert_eq!(card.byte(size - 1), Ok(2));
        assert_eq!(card.byte(0), Ok(if size == 1 { 2 } else { 1 }));
        assert!(card.put(size, &[3]).is_err(), "size {size}");
        assert!(card.put(size - 1, &[3, 3]).is_err(), "size {size}");
    }
}

#[test]
fn numbers_read_big_endian_over_a_page_border() {
    let mut card = Nvm::new(512);
    card.put(254, &[0x12, 0x34, 0x56, 0x78]).unwrap();
    assert_eq!(card.be32(254), Ok(0x1234_5678));
    assert_eq!(card.be16(255), Ok(0x3456));
    assert_eq!(card.byte(257), Ok(0x78));
}

#[test]
fn transactions_do_not_nest_and_do_not_end_twice() {
    let mut card = Nvm::new(16);
    assert_eq!(card.commit(), Err(NvmError::NoTransaction));
    assert_eq!(card.abort(), Err(NvmError::NoTransaction));
    card.begin().unwrap();
    assert_eq!(card.begin(), Err(NvmError::TransactionOpen));
    card.commit().unwrap();
    assert_eq!(card.commit(), Err(NvmError::NoTransaction));
}

#[test]
fn a_full_log_leaves_the_transaction_to_be_aborted() {
    let mut card = Nvm::with_log(64, 20);
    card.begin().unwrap();
    card.put(0, &[1; 10]).unwrap();
    assert_eq!(card.put(20, &[1]), Err(NvmError::LogFull { needed: 9, free: 2 }));
    assert_eq!(card.put(2, &[2; 8]), Ok(()), "these bytes are logged already");
    assert_eq!(card.put_outside(20, &[3]), Ok(()), "a try counter needs no log");
    card.abort().unwrap();
    assert_eq!(card.array(0), Ok([0; 10]));
    assert_eq!(card.byte(20), Ok(3));
}

#[test]
fn an_outside_write_survives_the_undoing_of_the_same_bytes() {
    let mut card = Nvm::new(64);
    card.begin().unwrap();
    card.put(8, &[1; 4]).unwrap();
    card.put(4, &[2; 12]).unwrap();
    card.put_outside(6, &[9; 4]).unwrap();
    card.put(7, &[3; 2]).unwrap();
    card.power_off();
    card.power_on().unwrap();
    assert_eq!(card.array(4), Ok([0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn an_atomic_write_is_not_torn_and_a_raw_one_is() {
    let mut card = Nvm::new(64);
    card.tear_at(Some(1));
    assert_eq!(card.put(0, &[1; 4]), Err(NvmError::PowerLost));
    card.power_on().unwrap();
    assert_eq!(card.array(0), Ok([0; 4]));
    card.tear_at(Some(1));
    assert_eq!(card.put_raw(0, &[1; 4]), Err(NvmError::PowerLost));
    card.power_on().unwrap();
    assert_eq!(card.array(0), Ok([1, 1, 0, 0]));
}

#[test]
fn without_power_nothing_works_but_power_on() {
    let mut card = Nvm::new(64);
    card.tear_at(Some(0));
    assert!(!card.powered());
    assert_eq!(card.byte(0), Err(NvmError::PowerLost));
    assert_eq!(card.begin(), Err(NvmError::PowerLost));
    assert_eq!(card.commit(), Err(NvmError::PowerLost));
    assert_eq!(card.abort(), Err(NvmError::PowerLost));
    assert_eq!(card.put(0, &[]), Err(NvmError::PowerLost));
    assert_eq!(card.put_outside(0, &[1]), Err(NvmError::PowerLost));
    assert_eq!(card.power_on(), Ok(()));
    assert_eq!(card.put(0, &[1]), Ok(()));
}

#[test]
fn a_tear_still_ahead_strikes_the_recovery() {
    let mut card = Nvm::new(64);
    card.put(0, &[7; 4]).unwrap();
    card.begin().unwrap();
    card.put(0, &[8; 4]).unwrap();
    card.tear_at(Some(2));
    card.power_off();
    assert_eq!(card.power_on(), Err(NvmError::PowerLost));
    assert_eq!(card.power_on(), Ok(()));
    assert_eq!(card.writes(), 2);
    assert_eq!(card.array(0), Ok([7; 4]));
}

#[test]
fn a_fork_costs_nothing_until_it_writes_and_then_only_its_path() {
    let mut card = Nvm::new(64 * 1024);
    for page in 0..256 {
        card.put(page * 256, &[1; 256]).unwrap();
    }
    let mut fork = card.fork();
    assert_eq!(fork.heap_bytes_apart_from(&card), 0);
    fork.put(0x120, &[2; 4]).unwrap();
    assert_eq!(fork.heap_bytes_apart_from(&card), 2 * (128 + 16) + 256 + 16);
    assert!(size_of::<Nvm>() <= 128);
    assert!(!fork.same_contents(&card));
    fork.put(0x120, &[1; 4]).unwrap();
    assert!(fork.same_contents(&card));
}

#[test]
fn zeros_written_are_the_same_as_zeros_never_written() {
    let mut card = Nvm::new(4096);
    card.put(100, &[0; 300]).unwrap();
    assert!(card.same_contents(&Nvm::new(4096)));
    assert!(!card.same_contents(&Nvm::new(4095)));
}

#[test]
fn blobs_are_kept_once_and_by_content() {
    let mut card = Nvm::new(16);
    let code: Arc<[u8]> = Arc::from(&b"abc"[..]);
    let id = card.add_blob(code.clone());
    // The example of GB/T 32905-2016, A.1.
    let name = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
    assert_eq!(id.to_string(), name);
    assert_eq!(card.add_blob(Arc::from(&b"abc"[..])), id);
    assert_eq!(card.blobs().count(), 1);

    let mut fork = card.fork();
    assert!(Arc::ptr_eq(&fork.blob(&id).unwrap(), &code));
    let other = fork.add_blob(Arc::from(&b"other"[..]));
    assert_eq!(card.blob(&other), None);
    fork.retain_blobs(|kept| *kept == other);
    assert_eq!((fork.blob(&id), card.blobs().count()), (None, 1));
    assert_eq!(BlobId::from_bytes(*id.as_bytes()), BlobId::of(b"abc"));
}
