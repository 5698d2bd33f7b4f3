//! Commands and responses: every ISO case in both forms, and bytes that are none.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use apdu::{
    BuildError, Case, CommandApdu, CommandBuf, DfName, Malformed, ResponseApdu, StatusWord,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn case(hex: &str) -> Case {
    CommandApdu::new(&hex::decode(hex.replace(' ', "")).unwrap()).case()
}

/// The command that `apdu` is, made anew.
fn remade(apdu: &CommandApdu<'_>) -> Vec<u8> {
    let header = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let made = CommandBuf { header, data: apdu.data().to_vec(), ne: apdu.ne() };
    let bytes = if apdu.extended() { made.to_extended_bytes() } else { made.to_bytes() };
    bytes.unwrap()
}

#[test]
fn every_case_is_recognised_in_its_short_and_extended_form() {
    for (hex, expected) in [
        ("00A40000", Case::Header),
        ("00B09500 1E", Case::Answer { ne: 0x1E, extended: false }),
        ("00B09500 00", Case::Answer { ne: 0x100, extended: false }),
        ("00B09500 000100", Case::Answer { ne: 0x100, extended: true }),
        ("00B09500 000000", Case::Answer { ne: 0x1_0000, extended: true }),
        ("00A40000 02 3F00", Case::Data { extended: false }),
        ("00A40000 000002 3F00", Case::Data { extended: true }),
        ("00A40000 02 3F00 00", Case::Both { ne: 0x100, extended: false }),
        ("00A40000 02 3F00 10", Case::Both { ne: 0x10, extended: false }),
        ("00A40000 000002 3F00 0010", Case::Both { ne: 0x10, extended: true }),
        ("00A40000 000002 3F00 0000", Case::Both { ne: 0x1_0000, extended: true }),
    ] {
        assert_eq!(case(hex), expected, "{hex}");
    }
}

#[test]
fn lengths_that_do_not_add_up_are_told_with_what_they_claim() {
    let wrong =
        |offset, claimed, present| Case::Malformed(Malformed::WrongLc { offset, claimed, present });
    for (hex, expected) in [
        ("", Case::Malformed(Malformed::TooShort { length: 0 })),
        ("00A404", Case::Malformed(Malformed::TooShort { length: 3 })),
        ("00A40000 02 3F", wrong(5, 2, 1)),
        ("00A40000 02 3F00 0000", wrong(5, 2, 4)),
        ("00A40000 00 3F", wrong(5, 0, 1)),
        ("00A40000 000002 3F", wrong(7, 2, 1)),
        ("00A40000 000002 3F00 00", wrong(7, 2, 3)),
        ("00A40000 000000 3F00", wrong(7, 0, 2)),
        ("00A40000 00FFFF 3F00", wrong(7, 0xFFFF, 2)),
    ] {
        assert_eq!(case(hex), expected, "{hex}");
    }
}

#[test]
fn what_an_apdu_cannot_say_is_not_written() {
    let header = [0, 0xB0, 0, 0];
    assert_eq!(CommandBuf::new(header).ne(0).to_bytes(), Err(BuildError::WrongNe(0)));
    assert_eq!(CommandBuf::new(header).ne(0x1_0001).to_bytes(), Err(BuildError::WrongNe(0x1_0001)));
    let long = CommandBuf::new(header).data(&[0; 0x1_0000]);
    assert_eq!(long.to_bytes(), Err(BuildError::TooLong(0x1_0000)));
}

#[test]
fn debug_output_shows_no_data() {
    let verify = CommandBuf::new([0, 0x20, 0, 0]).data(&[0x12, 0x34, 0x56]);
    let bytes = verify.to_bytes().unwrap();
    for shown in [format!("{verify:?}"), format!("{:?}", CommandApdu::new(&bytes))] {
        assert!(shown.contains("3 data bytes") && !shown.contains("1234"), "{shown}");
        assert!(!shown.contains("18, 52"), "{shown}");
    }
}

#[test]
fn responses_keep_data_and_status_word() {
    let response = ResponseApdu::parse(&[0x6F, 0x00, 0x90, 0x00]).unwrap();
    assert_eq!((response.data.as_slice(), response.status), (&[0x6F, 0x00][..], StatusWord::OK));
    assert_eq!(response.to_bytes(), [0x6F, 0x00, 0x90, 0x00]);
    assert_eq!(ResponseApdu::from(StatusWord::LOCKED).to_bytes(), [0x6A, 0x81]);
    assert_eq!(ResponseApdu::parse(&[0x90]).unwrap_err().length, 1);
}

#[test]
fn df_names_have_1_to_16_bytes() {
    for length in 0..=20 {
        let bytes = vec![0xA0; length];
        match DfName::new(&bytes) {
            Ok(name) => assert_eq!(name.as_bytes(), bytes),
            Err(error) => assert_eq!(error.length, length),
        }
        assert_eq!(DfName::new(&bytes).is_ok(), (1..=16).contains(&length), "{length}");
    }
    assert_eq!(DfName::new(b"PAY.SZT").unwrap().to_string(), "5041592E535A54");
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..=20),
        2 => vec(any::<u8>(), 253..=258),
        1 => vec(any::<u8>(), 0xFFF0..=0xFFFF),
    ]
}

fn ne() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![
        Just(None),
        (1..=0x1_0000_u32).prop_map(Some),
        proptest::sample::select(&[1, 0xFF, 0x100, 0x101, 0xFFFF, 0x1_0000][..]).prop_map(Some),
    ]
}

proptest! {
    #[test]
    fn a_command_that_was_made_is_read_back(header: [u8; 4], data in data(), ne in ne()) {
        let made = CommandBuf { header, data, ne };
        let fits = made.data.len() <= 0xFF && ne.is_none_or(|ne| ne <= 0x100);
        let shortest = (made.to_bytes().unwrap(), !fits);
        let extended = (made.to_extended_bytes().unwrap(), !made.data.is_empty() || ne.is_some());
        for (bytes, extended) in [shortest, extended] {
            let read = CommandApdu::new(&bytes);
            prop_assert_eq!([read.cla(), read.ins(), read.p1(), read.p2()], header);
            prop_assert_eq!(read.data(), &made.data);
            prop_assert_eq!(read.ne(), ne);
            prop_assert_eq!(read.raw(), &bytes);
            prop_assert_eq!(read.extended(), extended);
            prop_assert_eq!(&bytes[read.data_offset()..][..made.data.len()], &made.data);
            let le = bytes[read.le_offset()..].iter().fold(0, |le, b| le << 8 | u32::from(*b));
            let all = if extended { 0x1_0000 } else { 0x100 };
            prop_assert_eq!(le, ne.map_or(0, |ne| ne % all));
        }
    }

    #[test]
    fn any_bytes_are_kept_and_those_of_a_case_say_all_there_is(
        raw in prop_oneof![
            vec(any::<u8>(), 0..=24),
            (vec(any::<u8>(), 4), vec(prop_oneof![Just(0_u8), 1..8_u8], 0..=16))
                .prop_map(|(header, body)| [header, body].concat()),
        ]
    ) {
        let apdu = CommandApdu::new(&raw);
        prop_assert_eq!(apdu.raw(), &raw);
        match apdu.case() {
            Case::Malformed(_) => prop_assert!(apdu.data().is_empty() && apdu.ne().is_none()),
            _ => prop_assert_eq!(remade(&apdu), raw),
        }
    }

    #[test]
    fn a_response_is_read_back(bytes in vec(any::<u8>(), 0..=300)) {
        match ResponseApdu::parse(&bytes) {
            Ok(response) => prop_assert_eq!(response.to_bytes(), bytes),
            Err(error) => prop_assert_eq!((error.length, bytes.len() < 2), (bytes.len(), true)),
        }
    }
}
