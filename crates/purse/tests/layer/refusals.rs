//! Traces of bytes that are not understood: they are shown, never fatal, and tell no secret.

use applet_spec::{CommandId, FieldFormat};
use proptest::collection::vec;
use proptest::prelude::*;
use purse::Language;
use purse::trace::{Decoded, Decoder};

use crate::{bytes, errors, rules, strategy};

fn told(hex: &str) -> Decoded {
    Decoder::new(rules("pboc"), Language::English).command(&bytes(hex))
}

#[test]
fn a_wrong_command_is_shown_with_its_bytes_and_the_reason() {
    for (hex, expected) in [
        ("", "no command\n  ! header at offset 0: 0 bytes are too few for CLA INS P1 P2"),
        ("80CA", "no command 80CA\n  ! header at offset 2: 2 bytes are too few for CLA INS P1 P2"),
        (
            "00A40400 0E 3150",
            "SELECT\n  data: 0E3150\n  ! Lc at offset 4: Lc claims 14 bytes at offset 5, 2 follow",
        ),
        (
            "80500602 02 0102 10",
            "unknown command 80 50 06 02\n  data: 0102\n  Le: 16\n  \
             ! P1 P2 at offset 2: 06 02 are none of the command's",
        ),
        (
            "80520000 0D 20161216 105800 8AFA5718 0102",
            "CREDIT FOR LOAD\n  date: 2016-12-16\n  time: 10:58:00\n  MAC2: 8AFA5718\n  \
             more data: 0102\n  ! Lc at offset 4: 11 bytes expected, 13 found",
        ),
        (
            "80540100 04 00000057",
            "DEBIT FOR PURCHASE\n  terminal transaction serial: 87 (00000057)\n  \
             ! Lc at offset 4: 15 bytes expected, 4 found",
        ),
        (
            "80FB0000 03 010203",
            "unknown command 80 FB 00 00\n  data: 3 bytes, not shown\n  \
             ! INS at offset 1: no command has instruction FB",
        ),
        (
            "00B09F00 00",
            "READ BINARY\n  Le: 256\n  ! P1 P2 at offset 2: 9F 00 are none of the command's",
        ),
    ] {
        assert_eq!(told(hex).to_string(), expected, "{hex}");
    }
}

#[test]
fn answers_without_a_command_are_told_by_their_status_word() {
    let mut decoder = Decoder::new(rules("pboc"), Language::Chinese);
    assert_eq!(decoder.answer(&[0x69, 0x85]).to_string(), "6985 使用条件不满足");
    assert_eq!(decoder.answer(&[0xAB, 0x90, 0x00]).to_string(), "9000 成功\n  数据: AB");
    assert_eq!(decoder.answer(&[0x90]).to_string(), "没有状态字\n  ! 少于两字节");
}

#[test]
fn a_pin_in_a_wrong_command_is_not_shown() {
    for hex in [
        "00200000 03 123456",             // right
        "00200000 123456",                // no Lc
        "00200000 12 3456",               // no Lc, which the PIN then seems to be
        "00200000 04 123456",             // wrong Lc
        "00200000 09 123456123456123456", // too long
        "01200000 03 123456",             // another channel
        "00200100 03 123456",             // another P1
        "00200000 000003 123456",         // extended
        "00240001 03 123456",             // CHANGE REFERENCE DATA of another standard
        "002C0001 03 123456",             // RESET RETRY COUNTER of another standard
        "805E0100 07 123456FF123456",
        "805E0100 06 123456123456",                     // no separator
        "80D40100 10 12345612345612345612345612345612", // a key
        "00200000 1234",
        "00200000 123456 00",
    ] {
        for language in [Language::English, Language::Chinese] {
            let mut decoder = Decoder::new(rules("pboc"), language);
            let told = decoder.command(&bytes(hex));
            let words = told.to_string();
            assert!(!words.contains("3456") && !words.contains("18"), "{hex}: {words}");
            assert!(!words.contains("4660"), "{hex}: {words}");
            decoder.answer(&bytes("6700"));
        }
    }
}

/// Bytes that look like commands and answers, in any order.
fn exchange() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let said = strategy::command().prop_map(|(command, _)| command.to_apdu().to_bytes().unwrap());
    let fetch = Just(vec![0x00, 0xC0, 0x00, 0x00, 0x00]);
    let command = prop_oneof![4 => said, 2 => errors::command_like(), 2 => fetch];
    let status = prop_oneof![
        3 => Just([0x90, 0x00]),
        3 => any::<u8>().prop_map(|waiting| [0x61, waiting]),
        1 => any::<[u8; 2]>(),
    ];
    let tlv =
        vec(proptest::sample::select(&b"\x6F\x30\x84\x9F\x0C\x81\x82\x00\x01\x03"[..]), 0..60);
    let data = prop_oneof![vec(any::<u8>(), 0..30), tlv, vec(any::<u8>(), 23)];
    let answer = (data, status).prop_map(|(data, status)| [data, status.to_vec()].concat());
    let answer = prop_oneof![9 => answer, 1 => vec(any::<u8>(), 0..3)];
    vec((command, answer), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_exchange_is_told_within_its_bytes_and_within_bounds(
        exchange in exchange(),
        rules in strategy::rules(),
        chinese: bool,
    ) {
        let language = if chinese { Language::Chinese } else { Language::English };
        let mut decoder = Decoder::new(rules, language);
        let mut data = 0;
        for (command, answer) in exchange {
            let told = decoder.command(&command);
            prop_assert!(!told.title.is_empty());
            for field in &told.fields {
                prop_assert!(field.offset + field.length <= command.len(), "{:?}", field);
            }
            prop_assert!(told.to_string().len() < 2_000 + 60 * command.len());

            data += answer.len();
            let told = decoder.answer(&answer);
            for field in &told.fields {
                prop_assert!(field.offset + field.length <= data, "{:?}", field);
            }
            prop_assert!(told.to_string().len() < 2_000 + 60 * data);
        }
    }

    #[test]
    fn no_secret_is_told(
        id in proptest::sample::select(&[
            CommandId::Verify,
            CommandId::ChangePin,
            CommandId::ReloadPin,
            CommandId::PinUnblock,
            CommandId::ExternalAuthenticate,
        ][..]),
        secret in vec(0x11..=0xFE_u8, 6),
        mac in strategy::mac(),
        header: [u8; 2],
        cut in 0..6_usize,
        cla: Option<u8>,
        chinese: bool,
    ) {
        let spec = applet_spec::Catalogue::entry(id);
        prop_assert!(spec.fields.iter().any(|field| field.format == FieldFormat::Secret));
        let [p1, p2] = if cut == 0 { header } else { [header[0] & 1, header[1] & 1] };
        let data = match id {
            CommandId::ChangePin => [&secret[..], &[0xFF], &secret].concat(),
            CommandId::ReloadPin => [&secret[..], &mac.0].concat(),
            CommandId::PinUnblock => [&secret[..], &secret[..2], &mac.0].concat(),
            CommandId::ExternalAuthenticate => [&secret[..], &secret[..2]].concat(),
            _ => secret.clone(),
        };
        let header = [cla.unwrap_or(spec.cla[0]), spec.ins, p1, p2];
        let mut command = [&header[..], &[data.len() as u8], &data].concat();
        match cut {
            1 => { command.pop(); }
            2 => command.extend([0, 0]),
            3 => { command.remove(4); }
            _ => {}
        }
        let language = if chinese { Language::Chinese } else { Language::English };
        let told = Decoder::new(rules("pboc"), language).command(&command);
        let words = told.to_string();
        for part in secret.windows(2) {
            let part = hex::encode_upper(part);
            let value = told.fields.iter().any(|field| field.value.contains(&part)
                && !field.name.contains("MAC") && !field.name.contains("鉴别码"));
            prop_assert!(!value, "{}", words);
        }
        prop_assert!(!words.contains(&hex::encode_upper(&secret)), "{}", words);
    }
}

#[test]
fn a_long_answer_that_never_ends_is_not_kept() {
    let mut decoder = Decoder::new(rules("pboc"), Language::English);
    decoder.command(&bytes("00A4000000"));
    let piece = [vec![0x5A; 0x1_0000], vec![0x61, 0x00]].concat();
    for _ in 0..4 {
        let told = decoder.answer(&piece);
        assert!(told.fields[0].offset <= 0x1_0000);
        decoder.command(&bytes("00C0000000"));
    }
}
