//! JAR archives: read within bounds, written the same way every time.
//!
//! Nothing here writes files; names of entries are names and no paths.

use std::collections::HashSet;
use std::io::{Cursor, Read, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use crate::{Malformed, Part, Problem};

/// Most entries that are read.
pub const MOST_ENTRIES: usize = 4096;
/// Most bytes that an entry may have, unpacked.
pub const LONGEST_ENTRY: u64 = 16 * 1024 * 1024;
/// Most bytes that all entries together may have, unpacked.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// An archive in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The files in it, in their order; folders are left out.
    pub entries: Vec<Entry>,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, with slashes.
    pub name: String,
    /// Its bytes, unpacked.
    pub bytes: Vec<u8>,
}

/// An archive that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the archive cannot be written: {0}")]
pub struct Unwritable(#[from] ZipError);

impl Archive {
    /// Whether these bytes begin as an archive does.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04")
    }

    /// Reads an archive; `name` is what messages call it. Memory grows with what is really there:
    /// an entry that claims or has too much is refused before it is unpacked whole.
    ///
    /// # Errors
    /// Bytes that are no archive, an entry that is damaged, encrypted, or packed in a way that JARs
    /// do not know, a name that is there twice, more than [`MOST_ENTRIES`], [`LONGEST_ENTRY`] or
    /// [`MOST_BYTES`].
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, Malformed> {
        let wrong = |offset: u64, what: &'static str, found: String, expected: String| Malformed {
            part: Part::Archive(name.to_owned()),
            offset: usize::try_from(offset).unwrap_or(usize::MAX),
            problem: Problem::Value { what, found, expected },
        };
        let damaged = |offset: u64, what: &'static str, error: &dyn std::fmt::Display| {
            wrong(offset, what, error.to_string(), "a JAR archive, whole".to_owned())
        };
        let mut archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| damaged(0, "the archive", &error))?;
        if archive.len() > MOST_ENTRIES {
            let (found, most) = (archive.len().to_string(), format!("at most {MOST_ENTRIES}"));
            return Err(wrong(0, "number of entries", found, most));
        }
        let mut names = HashSet::new();
        let mut entries = Vec::new();
        let mut left = MOST_BYTES;
        for index in 0..archive.len() {
            let mut packed =
                archive.by_index(index).map_err(|error| damaged(0, "an entry", &error))?;
            let at = packed.header_start();
            let name = packed.name().map_err(|error| damaged(at, "name of an entry", &error))?;
            let name = name.into_owned();
            if packed.is_dir() {
                continue;
            }
            let most = LONGEST_ENTRY.min(left);
            let claimed = packed.size();
            if claimed > most {
                let expected = format!("at most {most} bytes");
                return Err(wrong(at, "size of an entry", format!("{claimed} ({name})"), expected));
            }
            let mut unpacked = Vec::new();
            (&mut packed)
                .take(most.saturating_add(1))
                .read_to_end(&mut unpacked)
                .map_err(|error| damaged(at, "an entry", &format!("{name}: {error}")))?;
            let length = u64::try_from(unpacked.len()).unwrap_or(u64::MAX);
            if length != claimed {
                let found = format!("{length} or more ({name})");
                return Err(wrong(at, "size of an entry", found, format!("{claimed}, as it says")));
            }
            left = left.saturating_sub(length);
            if !names.insert(name.clone()) {
                return Err(wrong(at, "name of an entry", name, "one entry of a name".to_owned()));
            }
            entries.push(Entry { name, bytes: unpacked });
        }
        if archive.has_duplicate_names() {
            let found = "there twice".to_owned();
            return Err(wrong(0, "name of an entry", found, "one entry of a name".to_owned()));
        }
        Ok(Self { entries })
    }

    /// The archive as bytes, the same for the same entries: their order, one fixed time, nothing of
    /// the machine. `META-INF/` is packed, the rest is stored, so that components can be found in
    /// the file as they are.
    ///
    /// # Errors
    /// A name twice, or more than the format holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unwritable> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in &self.entries {
            let packed = match entry.name.starts_with("META-INF/") {
                true => CompressionMethod::Deflated,
                false => CompressionMethod::Stored,
            };
            let options = SimpleFileOptions::default()
                .compression_method(packed)
                .last_modified_time(DateTime::default())
                .system(System::Unix)
                .unix_permissions(0o644);
            archive.start_file(entry.name.as_str(), options)?;
            archive.write_all(&entry.bytes).map_err(ZipError::from)?;
        }
        Ok(archive.finish()?.into_inner())
    }

    /// An entry by name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Archive {
        let entry = |(name, bytes): &(&str, &[u8])| Entry {
            name: (*name).to_owned(),
            bytes: bytes.to_vec(),
        };
        Archive { entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn what_is_written_is_read_and_written_the_same_again() {
        let whole = archive(&[
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"),
            ("a/javacard/Header.cap", b"\x01\x00\x00"),
        ]);
        let bytes = whole.to_bytes().unwrap();
        assert_eq!(Archive::read(&bytes, "a.cap").unwrap(), whole);
        assert_eq!(whole.to_bytes().unwrap(), bytes);
        assert!(Archive::is_one(&bytes));
    }

    #[test]
    fn the_same_entries_are_the_same_bytes_on_every_machine() {
        let bytes = archive(&[("a", b"1")]).to_bytes().unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        // 0000 2100 is 1980-01-01 00:00; 0A03 says made by Unix, A481 mode 100644.
        let expected =
            "504B0304 0A00 0000 0000 0000 2100 B7EFDC83 01000000 01000000 0100 0000 61 31
            504B0102 0A03 0A00 0000 0000 0000 2100 B7EFDC83 01000000 01000000 0100 0000 0000 0000
            0000 0000A481 00000000 61
            504B0506 0000 0000 0100 0100 2F000000 20000000 0000";
        assert_eq!(hex, expected.split_whitespace().collect::<String>());
    }

    #[test]
    fn an_entry_that_unpacks_to_more_than_may_be_is_refused() {
        let zeros = vec![0; usize::try_from(LONGEST_ENTRY).unwrap() + 1];
        let bytes = archive(&[("META-INF/bomb", &zeros)]).to_bytes().unwrap();
        assert!(bytes.len() < 100_000, "it is a bomb: {} bytes", bytes.len());
        let error = Archive::read(&bytes, "bomb.cap").unwrap_err().to_string();
        assert!(error.contains("size of an entry is 16777217 (META-INF/bomb)"), "{error}");
    }

    #[test]
    fn an_entry_that_unpacks_to_more_than_it_claims_is_refused() {
        let bytes = archive(&[("META-INF/x", &[0; 1000])]).to_bytes().unwrap();
        // Both headers say 1000 bytes; now they say 10.
        let mut lying = bytes;
        for at in 0..lying.len() - 4 {
            if lying[at..at + 4] == 1000u32.to_le_bytes() {
                lying[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
            }
        }
        let error = Archive::read(&lying, "lying.cap").unwrap_err().to_string();
        assert!(error.starts_with("archive lying.cap, offset 0"), "{error}");
    }

    #[test]
    fn all_entries_together_are_bounded_too() {
        let zeros = vec![0; usize::try_from(LONGEST_ENTRY).unwrap()];
        let names = ["META-INF/1", "META-INF/2", "META-INF/3", "META-INF/4", "META-INF/5"];
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &zeros[..])).collect();
        let bytes = archive(&entries).to_bytes().unwrap();
        let error = Archive::read(&bytes, "bomb.cap").unwrap_err().to_string();
        assert!(error.contains("at most 0 bytes is expected"), "{error}");
    }

    #[test]
    fn too_many_entries_are_refused() {
        let names: Vec<String> = (0..=MOST_ENTRIES).map(|number| number.to_string()).collect();
        let entries: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), &[][..])).collect();
        let bytes = archive(&entries).to_bytes().unwrap();
        let error = Archive::read(&bytes, "many.cap").unwrap_err().to_string();
        assert!(error.contains("number of entries is 4097, at most 4096"), "{error}");
    }

    #[test]
    fn a_name_twice_is_refused() {
        let bytes = archive(&[("a", b"1"), ("b", b"2")]).to_bytes().unwrap();
        let twice: Vec<u8> =
            bytes.iter().map(|byte| if *byte == b'b' { b'a' } else { *byte }).collect();
        let error = Archive::read(&twice, "twice.cap").unwrap_err().to_string();
        assert!(error.contains("one entry of a name"), "{error}");
        assert!(archive(&[("a", b"1"), ("a", b"2")]).to_bytes().is_err());
    }

    #[test]
    fn a_cut_or_damaged_archive_says_so() {
        let bytes = archive(&[("a", b"some bytes")]).to_bytes().unwrap();
        for end in 0..bytes.len() {
            assert!(Archive::read(&bytes[..end], "cut.cap").is_err(), "{end} bytes");
        }
        let start = bytes.windows(10).position(|window| window == b"some bytes").unwrap();
        let mut damaged = bytes;
        damaged[start] = b'S';
        let error = Archive::read(&damaged, "damaged.cap").unwrap_err().to_string();
        assert!(error.contains("an entry is a:"), "{error}");
    }
}
