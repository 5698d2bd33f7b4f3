//! Bytes that are no command: why, where, and with which status word.

use apdu::{Case, CommandApdu};
use applet_spec::{Catalogue, CommandSet};
use proptest::collection::vec;
use proptest::prelude::*;
use purse::{CommandError, DataFault, Language, PinError, Problem, PurseCommand};

use crate::{bytes, rules, strategy};

fn refusal(hex: &str) -> CommandError {
    PurseCommand::parse(&CommandApdu::new(&bytes(hex)), rules("pboc")).unwrap_err()
}

#[test]
fn a_refusal_says_what_where_and_with_which_status_word() {
    for (hex, status, expected) in [
        ("", 0x6700, "header at offset 0: 0 bytes are too few for CLA INS P1 P2"),
        ("00A404", 0x6700, "header at offset 3: 3 bytes are too few for CLA INS P1 P2"),
        ("00A4040009 A000", 0x6700, "Lc at offset 4: Lc claims 9 bytes at offset 5, 2 follow"),
        ("90500102", 0x6E00, "CLA at offset 0: no command has class 90 here"),
        ("00500102", 0x6E00, "CLA at offset 0: no command has class 00 here"),
        ("80FB0000", 0x6D00, "INS at offset 1: no command has instruction FB"),
        (
            "8054020000",
            0x6A86,
            "debit-for-purchase: P1 P2 at offset 2: 02 00 are none of the command's",
        ),
        ("00B09F0000", 0x6A86, "read-binary: P1 P2 at offset 2: 9F 00 are none of the command's"),
        ("00B201C500", 0x6A86, "read-record: P1 P2 at offset 2: 01 C5 are none of the command's"),
        (
            "80540100 04 01020304",
            0x6700,
            "debit-for-purchase: Lc at offset 4: 15 bytes expected, 4 found",
        ),
        ("0020000000", 0x6700, "verify: Lc at offset 4: 2 to 8 bytes expected, 0 found"),
        (
            "0082000004 01020304",
            0x6700,
            "external-authenticate: Lc at offset 4: 8 or 16 bytes expected, 4 found",
        ),
        ("00840000 01 00", 0x6700, "get-challenge: Lc at offset 4: no data expected, 1 found"),
        ("0084000005", 0x6700, "get-challenge: Le at offset 4: 4 or 8 expected, 5 found"),
        ("00840000 000010", 0x6700, "get-challenge: Le at offset 4: 4 or 8 expected, 16 found"),
        ("00840000", 0x6700, "get-challenge: Le at offset 4: 4 or 8 expected, 0 found"),
        (
            "00A4000003 3F0001",
            0x6700,
            "select: Lc at offset 4: a file identifier of 2 bytes expected, 3 found",
        ),
        (
            "00A40400",
            0x6700,
            "select: Lc at offset 4: a DF name of 1 to 16 bytes expected, 0 found",
        ),
        (
            "00B0950004 01020304",
            0x6700,
            "read-binary: Lc at offset 4: no data under this class expected, 4 found",
        ),
        (
            "04B0950000",
            0x6700,
            "read-binary: Lc at offset 4: a MAC of 4 bytes at the end expected, 0 found",
        ),
        (
            "04D6950003 010203",
            0x6700,
            "update-binary: Lc at offset 4: a MAC of 4 bytes at the end expected, 3 found",
        ),
        (
            "0020000003 12FFFF",
            0x6A80,
            "verify: PIN at offset 5: a PIN has 2 to 6 bytes before its FF filler, not 1",
        ),
        (
            "00200000 000003 12FFFF",
            0x6A80,
            "verify: PIN at offset 7: a PIN has 2 to 6 bytes before its FF filler, not 1",
        ),
        (
            "0020000003 12FF34",
            0x6A80,
            "verify: PIN at offset 5: a PIN has FF only as filler at its end",
        ),
        (
            "805E010005 1234567890",
            0x6A80,
            "change-pin: data at offset 5: no FF between old and new PIN",
        ),
        (
            "805E010006 123456FF78FF",
            0x6A80,
            "change-pin: PIN at offset 9: a PIN has 2 to 6 bytes before its FF filler, not 1",
        ),
        (
            "805E010006 12FF12345678",
            0x6A80,
            "change-pin: PIN at offset 5: a PIN has 2 to 6 bytes before its FF filler, not 1",
        ),
    ] {
        let refusal = refusal(hex);
        assert_eq!(refusal.to_string(), expected, "{hex}");
        assert_eq!(refusal.status(rules("pboc")).0, status, "{hex}");
    }
}

#[test]
fn a_refusal_is_told_in_chinese_too() {
    for (hex, expected) in [
        ("00A404", "偏移 3 处 header: 只有 3 字节, 不足 CLA INS P1 P2"),
        ("0020000000", "偏移 4 处 Lc: 应为 2 至 8 字节, 实为 0"),
        ("0082000004 01020304", "偏移 4 处 Lc: 应为 8 或 16 字节, 实为 4"),
        ("0020000003 12FF34", "偏移 5 处 PIN: 密码中 FF 只能作末尾填充"),
    ] {
        assert_eq!(refusal(hex).in_words(Language::Chinese), expected, "{hex}");
    }
}

#[test]
fn a_pin_with_filler_inside_is_none_on_either_side() {
    let found = refusal("805E010008 123456 FF 78FF90 12").problem;
    assert_eq!(found, Problem::Data(DataFault::Pin(PinError::FillerInside)));
}

/// Bytes that look like commands: of the catalogue, with lengths and data that may not fit.
pub fn command_like() -> impl Strategy<Value = Vec<u8>> {
    let header = (proptest::sample::select(CommandSet::Purse.own()), any::<[u8; 2]>(), 0..4_usize)
        .prop_map(|(id, [p1, p2], small)| {
            let spec = Catalogue::entry(id);
            let cla = spec.cla.get(small).or(spec.cla.first()).copied().unwrap();
            let [p1, p2] = if small > 1 { [p1 & 7, p2 & 7] } else { [p1, p2] };
            vec![cla, spec.ins, p1, p2]
        });
    let body = prop_oneof![
        vec(any::<u8>(), 0..24),
        vec(any::<u8>(), 0..24).prop_map(|data| [&[data.len() as u8], &data[..]].concat()),
        vec(any::<u8>(), 1..24).prop_map(|data| [&[0, 0, data.len() as u8], &data[..]].concat()),
    ];
    prop_oneof![
        1 => vec(any::<u8>(), 0..12),
        8 => (header, body).prop_map(|(header, body)| [header, body].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_are_a_command_or_have_a_reason_within_them(
        raw in command_like(),
        rules in strategy::rules(),
    ) {
        let apdu = CommandApdu::new(&raw);
        match PurseCommand::parse(&apdu, rules) {
            // What a card understands a host can say, but for Le and the form of the lengths.
            Ok(command) => {
                let said = command.to_apdu();
                prop_assert_eq!(said.header[0..2].to_vec(), raw[0..2].to_vec());
                let again = said.to_bytes().unwrap();
                prop_assert_eq!(PurseCommand::parse(&CommandApdu::new(&again), rules), Ok(command));
            }
            Err(error) => {
                prop_assert!(error.offset <= raw.len(), "{} in {} bytes", error, raw.len());
                let status = error.status(rules);
                prop_assert!(
                    [0x6700, 0x6A80, 0x6A86, 0x6D00, 0x6E00].contains(&status.0),
                    "{}: {}", error, status
                );
                let malformed = matches!(apdu.case(), Case::Malformed(_));
                prop_assert_eq!(malformed, matches!(error.problem, Problem::Malformed(_)));
                for language in [Language::English, Language::Chinese] {
                    prop_assert!(error.in_words(language).contains(&error.offset.to_string()));
                }
            }
        }
    }
}
