//! File descriptions and key records: written and read the same, and refused with a reason.

use applet_spec::{Profile, Protection, RightsByte};
use crypto::Key;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use purse::issuing::*;
use purse::{Language, Pin};

use crate::bytes;

fn right() -> impl Strategy<Value = RightsByte> {
    any::<u8>().prop_map(RightsByte)
}

fn protection() -> impl Strategy<Value = Protection> {
    select(&[Protection::None, Protection::Mac, Protection::EncryptedMac][..])
}

fn structure() -> impl Strategy<Value = FileStructure> {
    prop_oneof![
        (1..=0x7FFF_u16).prop_map(|size| FileStructure::Binary { size }),
        (1..=0x7FFF_u16).prop_map(|size| FileStructure::Variable { size }),
        (1..=254_u8, 1..=250_u8).prop_map(|(count, record)| FileStructure::Fixed { count, record }),
        (1..=254_u8, 1..=250_u8)
            .prop_map(|(count, record)| FileStructure::Cyclic { count, record }),
    ]
}

fn line_keys() -> impl Strategy<Value = LineKeys> {
    (any::<bool>(), 0..=3_u8, 0..=3_u8).prop_map(|(protect_read, read, update)| LineKeys {
        protect_read,
        read,
        update,
    })
}

fn new_file() -> impl Strategy<Value = NewFile> {
    let name = proptest::option::of(vec(any::<u8>(), 1..=16));
    let public = prop_oneof![
        (0..=0x1F_u8).prop_map(PublicSfi::Application),
        (0..=0x1F_u8).prop_map(PublicSfi::Directory)
    ];
    prop_oneof![
        (1..=0x7FFF_u16, right(), right(), public, name).prop_map(
            |(size, create, erase, public, name)| {
                let name = name.map(|name| apdu::DfName::new(&name).unwrap());
                NewFile::Directory(NewDirectory { size, create, erase, public, name })
            }
        ),
        (structure(), protection(), right(), right(), line_keys()).prop_map(
            |(structure, protection, read, update, keys)| {
                NewFile::Working(NewWorkingFile { structure, protection, read, update, keys })
            }
        ),
        (right(), any::<u8>())
            .prop_map(|(use_right, log)| NewFile::Purse(NewPurse { use_right, log })),
        (1..=0x7FFF_u16, any::<u8>(), right()).prop_map(|(size, directory, add)| {
            NewFile::Keys(NewKeyFile { size, directory, add })
        }),
    ]
}

/// Any key record, as bytes: keys have no `Debug`.
fn key_record() -> impl Strategy<Value = Vec<u8>> {
    let kinds = vec![0x30, 0x31, 0x32, 0x34, 0x36, 0x37, 0x38, 0x39, 0x3C, 0x3D, 0x3E, 0x3F];
    let key = prop_oneof![vec(any::<u8>(), 8), vec(any::<u8>(), 16)];
    let record = (select(kinds), any::<[u8; 4]>(), key);
    let pin = (Just(0x3A), any::<[u8; 4]>(), vec(0..=0xFE_u8, 2..=6));
    (prop_oneof![record, pin], protection()).prop_map(|((kind, mut rest, value), protection)| {
        let bits = match protection {
            Protection::None => 0x00,
            Protection::Mac => 0x80,
            Protection::EncryptedMac => 0xC0,
        };
        if (0x36..=0x38).contains(&kind) {
            rest[2] = 0xFF;
        }
        [&[kind | bits], &rest[..], &value].concat()
    })
}

proptest! {
    #[test]
    fn a_file_description_reads_as_what_was_written(file in new_file()) {
        let written = file.to_bytes();
        prop_assert_eq!(NewFile::parse(&written), Ok(file));
        prop_assert!((7..=24).contains(&written.len()), "the catalogue has these lengths");
    }

    #[test]
    fn a_key_record_reads_as_what_was_written(record in key_record()) {
        let read = KeyRecord::parse(&record);
        prop_assert_eq!(read.map(|read| read.to_bytes().to_vec()), Ok(record));
    }

    #[test]
    fn any_bytes_are_a_description_or_refused(data in vec(any::<u8>(), 0..40)) {
        if let Ok(file) = NewFile::parse(&data) {
            prop_assert_eq!(NewFile::parse(&file.to_bytes()), Ok(file));
        }
        if let Ok(record) = KeyRecord::parse(&data) {
            let again = KeyRecord::parse(&record.to_bytes());
            prop_assert!(again.is_ok_and(|again| again == record));
        }
    }
}

#[test]
fn published_descriptions_are_understood() {
    let working = |structure, read, update| {
        let (protection, keys) = (Protection::None, LineKeys::PLAIN_READ);
        let (read, update) = (RightsByte(read), RightsByte(update));
        NewFile::Working(NewWorkingFile { structure, protection, read, update, keys })
    };
    let keys =
        |size, directory, add| NewFile::Keys(NewKeyFile { size, directory, add: RightsByte(add) });
    let application = NewDirectory {
        size: 0x1500,
        create: RightsByte::ALWAYS,
        erase: RightsByte::ALWAYS,
        public: PublicSfi::Application(0x15),
        name: Some(apdu::DfName::new(b"walletTest").unwrap()),
    };
    let purse = NewPurse { use_right: RightsByte::ALWAYS, log: 0x18 };
    for (text, file) in [
        ("3F 0050 01 F0 FFFF", keys(0x50, 0x01, 0xF0)),
        ("3F 0200 95 F0 FFFF", keys(0x200, 0x95, 0xF0)),
        ("38 1500 F0 F0 95 FFFF 77616C6C657454657374", NewFile::Directory(application)),
        ("28 0050 FA 99 FFFF", working(FileStructure::Binary { size: 0x50 }, 0xFA, 0x99)),
        ("2A 0213 F0 00 FFFF", working(FileStructure::Fixed { count: 2, record: 19 }, 0xF0, 0x00)),
        (
            "2E 0A17 F0 EF FFFF",
            working(FileStructure::Cyclic { count: 10, record: 23 }, 0xF0, 0xEF),
        ),
        ("2F 0208 F0 00 FF 18", NewFile::Purse(purse)),
    ] {
        assert_eq!(NewFile::parse(&bytes(text)), Ok(file), "{text}");
        assert_eq!(file.to_bytes(), bytes(text));
    }
    let protected = NewFile::parse(&bytes("E8 0050 F0 F0 FF 7E")).unwrap();
    let NewFile::Working(protected) = protected else { panic!("a working file") };
    assert_eq!(protected.protection, Protection::EncryptedMac);
    assert_eq!(protected.keys, LineKeys { protect_read: true, read: 0, update: 1 });
}

#[test]
fn published_key_records_are_understood() {
    let record =
        KeyRecord::parse(&bytes("39 F0 02 44 33 F49DC1BA1B4DEB52647186BC59106C0D")).unwrap();
    let counter = ErrorCounter(0x33);
    assert_eq!((counter.most(), counter.left()), (Some(3), Some(3)));
    let role = KeyRole::Authentication { next_state: 0x44, counter };
    assert_eq!((record.head.role, record.head.change_right), (role, RightsByte(0x02)));
    assert!(
        record.value
            == KeyValue::Key(Key::new(&bytes("F49DC1BA1B4DEB52647186BC59106C0D")).unwrap())
    );

    let pin = KeyRecord::parse(&bytes("3A F0 EF 01 33 123456")).unwrap();
    assert_eq!(pin.head.role, KeyRole::Pin { next_state: 0x01, counter });
    assert!(pin.value == KeyValue::Pin(Pin::new(&[0x12, 0x34, 0x56]).unwrap()));

    let line = KeyRecord::parse(&bytes("F6 F0 F0 FF 33 FFFFFFFFFFFFFFFF")).unwrap();
    assert_eq!(line.head.protection, Protection::EncryptedMac);
    assert_eq!(line.head.role, KeyRole::Service { what: ServiceKey::Maintenance, counter });

    let load = KeyRecord::parse(&bytes("3F F1 02 00 01 A9E6E145F5DF09500A58EEF8575D49DB")).unwrap();
    let role = KeyRole::Working { what: WorkingKey::Load, version: 0x00, algorithm: 0x01 };
    assert_eq!((load.head.role, load.head.use_right), (role, RightsByte(0xF1)));
    for (counter, most, left) in [
        (0xFF, None, None),
        (0x0F, None, None),
        (0x35, Some(3), Some(3)),
        (0x31, Some(3), Some(1)),
        (0x00, Some(0), Some(0)),
    ] {
        let counter = ErrorCounter(counter);
        assert_eq!((counter.most(), counter.left()), (most, left), "{counter:?}");
    }
}

#[test]
fn what_is_no_description_is_refused_with_field_offset_and_reason() {
    for (text, english, chinese) in [
        (
            "28 0050 F0",
            "file description at offset 4: 7 (8 to 24 for a directory) bytes expected in all, 4 found",
            "偏移 4 处 文件描述: 全长应为 7 (8 to 24 for a directory) 字节, 实为 4",
        ),
        (
            "28 0050 F0 F0 FF FF 00",
            "file description at offset 8: 7 bytes expected in all, 8 found",
            "偏移 8 处 文件描述",
        ),
        (
            "38 0100 F0 F0 95 FF",
            "file description at offset 7: 8 to 24 bytes expected in all, 7 found",
            "偏移 7 处 文件描述",
        ),
        (
            "28 0000 F0 F0 FFFF",
            "size at offset 1: 0 is out of range, 1 to 32767",
            "偏移 1 处 文件空间: 0 超出范围 1 至 32767",
        ),
        (
            "2E 00 17 F0 F0 FFFF",
            "number of records at offset 1: 0 is out of range, 1 to 254",
            "记录个数",
        ),
        (
            "2E 0A FF F0 F0 FFFF",
            "record length at offset 2: 255 is out of range, 1 to 250",
            "记录长度",
        ),
        (
            "29 0050 F0 F0 FFFF",
            "file type at offset 0: there is no type 29",
            "偏移 0 处 文件类型: 没有类型 29",
        ),
        ("AF 0208 F0 00 FF 18", "file type at offset 0: there is no type AF", "文件类型"),
        (
            "68 0050 F0 F0 FFFF",
            "file type at offset 0: 68 asks for a line protection that this type does not have",
            "线路保护",
        ),
        (
            "38 0100 F0 F0 45 FFFF",
            "application byte at offset 5: 45 is neither a directory (00 + SFI) nor an application (80 + SFI)",
            "应用文件标识",
        ),
    ] {
        let error = NewFile::parse(&bytes(text)).unwrap_err();
        assert_eq!(error.in_words(Language::English), english, "{text}");
        assert!(error.in_words(Language::Chinese).contains(chinese), "{text}: {error}");
    }
    for (text, english) in [
        (
            "3F F0",
            "key record at offset 2: 13 or 21 (7 to 13 for a PIN) bytes expected in all, 2 found",
        ),
        ("3B F0 F0 00 00 1122334455667788", "key type at offset 0: there is no type 3B"),
        (
            "7F F0 F0 00 00 1122334455667788",
            "key type at offset 0: 7F asks for a line protection that this type does not have",
        ),
        (
            "3F F0 F0 00 00 11223344556677",
            "key value at offset 5: 13 or 21 (7 to 13 for a PIN) bytes expected in all, 12 found",
        ),
        (
            "3A F0 EF 01 33 12",
            "PIN at offset 5: a PIN has 2 to 6 bytes before its FF filler, not 1",
        ),
    ] {
        let error = KeyRecord::parse(&bytes(text)).err().unwrap();
        assert_eq!(error.to_string(), english, "{text}");
    }
}

#[test]
fn a_card_counts_records_with_a_byte_more_and_files_with_their_overhead() {
    let rules = Profile::built_in("fmcos-blank").unwrap().rules.issuing.unwrap();
    for (text, bytes_taken) in [
        ("28 0050 F0 F0 FFFF", 0x58),
        ("2C 0050 F0 F0 FFFF", 0x58),
        ("2E 0550 F0 F0 FFFF", 5 * 0x51 + 8),
        ("3F 0050 01 F0 FFFF", 0x58),
        ("38 1500 F0 F0 95 FFFF", 0x1508),
    ] {
        assert_eq!(NewFile::parse(&bytes(text)).unwrap().takes(&rules).0, bytes_taken, "{text}");
    }
}
