//! What happens to an image when the disk fails.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::disk::Disk;
use super::{CardImage, Durability, ImageError};
use crate::Nvm;

/// A disk with so many bytes left, that writes as much of a record as it can.
struct FullDisk {
    inner: Box<dyn Disk>,
    room: Arc<AtomicUsize>,
    /// operations that fail whatever the room
    refused: Arc<Mutex<Vec<Operation>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Operation {
    Cut,
    Sync,
}

impl FullDisk {
    fn ask(&self, operation: Operation) -> io::Result<()> {
        if self.refused.lock().unwrap().contains(&operation) {
            return Err(io::Error::other("no"));
        }
        Ok(())
    }
}

impl Disk for FullDisk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed);
        self.inner.append(&bytes[..bytes.len().min(room)])?;
        if bytes.len() > room { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.ask(Operation::Cut)?;
        self.inner.cut(length)
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        if contents.len() > self.room.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.replace(contents)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.ask(Operation::Sync)?;
        self.inner.sync()
    }
}

struct Bench {
    image: Option<CardImage>,
    nvm: Nvm,
    path: PathBuf,
    room: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<Operation>>>,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card");
        let nvm = Nvm::new(4096);
        let image = CardImage::create(&path, &nvm, b"", Durability::Process).unwrap();
        let room = Arc::new(AtomicUsize::new(usize::MAX));
        let refused = Arc::default();
        let mut bench =
            Bench { image: Some(image), nvm, path, room, refused, _directory: directory };
        bench.put_full_disk_under();
        bench
    }

    /// The image over a disk that this bench can fill.
    fn put_full_disk_under(&mut self) {
        struct Nowhere;
        impl Disk for Nowhere {
            fn append(&mut self, _: &[u8]) -> io::Result<()> {
                Ok(())
            }
            fn cut(&mut self, _: u64) -> io::Result<()> {
                Ok(())
            }
            fn replace(&mut self, _: &[u8]) -> io::Result<()> {
                Ok(())
            }
            fn sync(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let image = self.image.as_mut().unwrap();
        let inner = std::mem::replace(&mut image.disk, Box::new(Nowhere));
        let (room, refused) = (self.room.clone(), self.refused.clone());
        image.disk = Box::new(FullDisk { inner, room, refused });
    }

    fn persist(&mut self) -> Result<(), ImageError> {
        self.image.as_mut().unwrap().persist(&self.nvm, b"")
    }

    fn room(&self, bytes: usize) {
        self.room.store(bytes, Ordering::Relaxed);
    }

    fn refuse(&self, operations: &[Operation]) {
        *self.refused.lock().unwrap() = operations.to_vec();
    }

    fn reopened(&mut self) -> Nvm {
        self.image = None;
        let (image, nvm, _) = CardImage::open(&self.path, Durability::Process).unwrap();
        self.image = Some(image);
        self.put_full_disk_under();
        nvm
    }
}

#[test]
fn a_full_disk_leaves_the_state_before_whatever_was_written() {
    for room in 0..60 {
        let mut bench = Bench::new();
        bench.nvm.put(8, &[1; 10]).unwrap();
        bench.persist().unwrap();
        let before = bench.nvm.fork();
        let length = std::fs::metadata(&bench.path).unwrap().len();

        bench.nvm.put(100, &[2; 40]).unwrap();
        bench.room(room);
        assert!(matches!(bench.persist(), Err(ImageError::StorageFull { .. })));
        assert_eq!(std::fs::metadata(&bench.path).unwrap().len(), length);
        assert!(bench.reopened().same_contents(&before));

        bench.room(usize::MAX);
        bench.persist().unwrap();
        assert!(bench.reopened().same_contents(&bench.nvm));
    }
}

#[test]
fn a_half_written_record_that_cannot_be_cut_off_is_cut_off_later() {
    let mut bench = Bench::new();
    bench.nvm.put(100, &[2; 40]).unwrap();
    bench.room(30);
    bench.refuse(&[Operation::Cut]);
    assert!(matches!(bench.persist(), Err(ImageError::StorageFull { .. })));
    bench.room(usize::MAX);
    assert!(matches!(bench.persist(), Err(ImageError::Io { .. })));
    bench.refuse(&[]);
    bench.persist().unwrap();
    assert!(bench.reopened().same_contents(&bench.nvm));

    bench.nvm.put(100, &[3; 40]).unwrap();
    bench.room(30);
    bench.refuse(&[Operation::Cut]);
    bench.persist().unwrap_err();
    let reopened = bench.reopened();
    assert_eq!(bench.image.as_ref().unwrap().dropped_bytes(), 30);
    assert!(!reopened.same_contents(&bench.nvm));
}

#[test]
fn a_record_that_did_not_reach_the_disk_is_taken_back() {
    let mut bench = Bench::new();
    let before = bench.nvm.fork();
    bench.nvm.put(100, &[2; 40]).unwrap();
    bench.refuse(&[Operation::Sync]);
    assert!(matches!(bench.persist(), Err(ImageError::Io { .. })));
    bench.refuse(&[]);
    assert!(bench.reopened().same_contents(&before));
    bench.persist().unwrap();
    assert!(bench.reopened().same_contents(&bench.nvm));
}

#[test]
fn without_room_for_a_new_base_the_journal_goes_on() {
    let mut bench = Bench::new();
    bench.nvm.put(0, &[0xFF; 4000]).unwrap();
    bench.persist().unwrap();
    let length = |bench: &Bench| std::fs::metadata(&bench.path).unwrap().len();
    bench.room(1000);
    for round in 0..200u8 {
        bench.nvm.put(0, &[round; 500]).unwrap();
        bench.persist().unwrap();
    }
    assert!(length(&bench) > 64 * 1024);
    assert!(bench.reopened().same_contents(&bench.nvm));
    bench.room(usize::MAX);
    bench.nvm.put(0, &[0; 500]).unwrap();
    bench.persist().unwrap();
    assert!(length(&bench) < 5000);
    assert!(bench.reopened().same_contents(&bench.nvm));
}

#[test]
fn a_new_base_that_was_not_synced_is_still_the_image() {
    let mut bench = Bench::new();
    for round in 1..100u8 {
        bench.nvm.put(0, &[round; 3000]).unwrap();
        if round % 2 == 0 {
            bench.refuse(&[Operation::Sync]);
            assert!(matches!(bench.persist(), Err(ImageError::Io { .. })));
            bench.refuse(&[]);
        }
        bench.persist().unwrap();
    }
    assert!(bench.reopened().same_contents(&bench.nvm));
}
