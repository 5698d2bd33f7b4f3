//! What the image tests share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nvm::Nvm;
use nvm::image::{CardImage, Durability, ImageError};
use tempfile::TempDir;

pub type Card = (Nvm, Vec<u8>);

pub fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("card.purse");
    (directory, path)
}

pub fn create(path: &Path, nvm: &Nvm, meta: &[u8]) -> Result<CardImage, ImageError> {
    CardImage::create(path, nvm, meta, Durability::Process)
}

pub fn open(path: &Path) -> Result<(CardImage, Nvm, Vec<u8>), ImageError> {
    CardImage::open(path, Durability::Process)
}

pub fn open_card(path: &Path) -> Result<Card, ImageError> {
    open(path).map(|(_, nvm, meta)| (nvm, meta))
}

pub fn same(a: &Card, b: &Card) -> bool {
    a.0.same_contents(&b.0) && a.0.blobs().eq(b.0.blobs()) && a.1 == b.1
}

pub fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// An image with a few records of each kind, and the card as it was after each.
pub fn with_history(path: &Path) -> (Vec<u8>, Vec<(u64, Card)>) {
    let mut nvm = Nvm::new(2000);
    nvm.put(250, &[1; 12]).unwrap();
    let code = nvm.add_blob(Arc::from(&b"code"[..]));
    let mut image = create(path, &nvm, b"first").unwrap();
    let mut history = vec![(length(path), (nvm.fork(), b"first".to_vec()))];
    let mut keep = |image: &mut CardImage, nvm: &Nvm, meta: &[u8]| {
        image.persist(nvm, meta).unwrap();
        history.push((length(path), (nvm.fork(), meta.to_vec())));
    };
    nvm.put(100, &[2; 4]).unwrap();
    nvm.put(120, &[3; 4]).unwrap();
    keep(&mut image, &nvm, b"first");
    nvm.add_blob(Arc::from(&b"more code"[..]));
    nvm.retain_blobs(|id| *id != code);
    keep(&mut image, &nvm, b"second");
    nvm.begin().unwrap();
    nvm.put(100, &[4; 4]).unwrap();
    nvm.power_off();
    keep(&mut image, &nvm, b"second");
    nvm.power_on().unwrap();
    keep(&mut image, &nvm, b"");
    drop(image);
    (fs::read(path).unwrap(), history)
}

/// Bit by bit from the definition, not from the crate's table.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320))
    })
}

/// A file of these payloads, all checksums right.
pub fn file_of(records: &[(u64, &[u8])]) -> Vec<u8> {
    let mut file = b"PURSECRD\x00\x01\x00\x00".to_vec();
    file.extend_from_slice(&crc32(&file).to_be_bytes());
    for (sequence, payload) in records {
        let mut record = (payload.len() as u32).to_be_bytes().to_vec();
        record.extend_from_slice(&sequence.to_be_bytes());
        record.extend_from_slice(&crc32(&record).to_be_bytes());
        record.extend_from_slice(payload);
        record.extend_from_slice(&crc32(&record).to_be_bytes());
        file.extend_from_slice(&record);
    }
    file
}
