//! Published commands, byte for byte, and what a card calculates with keys that were written.

use applet_spec::vectors;

use super::common::Chip;
use super::{authenticate, erased};

fn output(vector: &str, name: &str) -> Vec<u8> {
    vectors::find(vector).unwrap().output(name).unwrap().to_vec()
}

/// A directory with key file, in which plain keys of 8 bytes are written.
fn with_keys(keys: &[&str]) -> Chip {
    let mut chip = erased();
    chip.ok("80E0000007 3F0100 01 F0FFFF");
    for key in keys {
        chip.ok(*key);
    }
    chip
}

#[test]
fn a_published_session_on_a_blank_card_goes_through() {
    // The order and bytes of three published descriptions and a program run against real cards.
    let mut chip = erased();
    chip.ok("80E0000007 3F0050 01 F0 FFFF");
    chip.ok("80D401000D 36 F0 F0 FF 33 FFFFFFFFFFFFFFFF");
    chip.ok("80D4010015 39 F0 F0 AA 33 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    chip.ok("80E0000807 2A 0213 F0 00 FFFF");
    chip.ok("80E03F0112 38 1500 F0 F0 95 FFFF 77616C6C657454657374");
    chip.ok("00A404000A 77616C6C657454657374");
    chip.ok("80E0000007 3F 0200 95 F0 FFFF");
    for key in [
        "30 F0 F4 05 98 C4608B786AF1992343E91A076670AE7C",
        "31 F0 F4 05 98 B8D4190C76856901FC686F36AB9B1CE0",
        "32 F0 F4 05 98 46A3EA8B254EE2749CC681050FD0DBCC",
        "34 F0 02 00 01 2B8A438742C851566F02D881B09D58C0",
        "36 F0 02 FF 33 8A021972BFEC9D152CA9EB82D7D12C09",
        "37 F0 02 FF 33 D8F60FA2D791F3A658D27C05458243ED",
        "38 F0 02 FF 33 FB487A6D1B7CBF1BF84C666B8338376E",
        "39 F0 02 44 33 F49DC1BA1B4DEB52647186BC59106C0D",
        "3E F0 02 00 01 EB18CE6986C820970E876219052CE0CF",
        "3F F0 02 00 01 A9E6E145F5DF09500A58EEF8575D49DB",
        "3D F0 02 00 01 97FB4EDA4B5237035946EE62D325D909",
        "3C F0 02 00 01 94F63C4FAE5E4977D749928AD12BC128",
    ] {
        chip.ok(format!("80D4010015 {key}"));
    }
    chip.ok("80D4010008 3A F0 EF 01 33 123456");
    chip.ok("80E0001807 2E 0517 F0 EF FFFF");
    chip.ok("80E0001907 2E 0517 F0 EF FFFF");
    chip.ok("80E0000207 2F 0208 F0 00 FF 18");
    chip.ok("80E0000107 2F 0208 F0 00 FF 19");

    chip.reset();
    chip.ok("00A404000A 77616C6C657454657374");
    chip.ok("0020000003 123456");
    chip.says("805C000204", "00000000 9000");
    chip.says("805C000104", "00000000 9000");
    authenticate(&mut chip, "F49DC1BA1B4DEB52647186BC59106C0D", 0x00).unwrap();
    assert_eq!(chip.ok("805000020B 00 000003E8 666666666666 10").len(), 16);
}

#[test]
fn a_built_card_answers_a_published_load_and_purchase() {
    // The key and TAC key of the published record; the randoms are this card's own, so what can be
    // compared is that the codes follow by the same rules (see `built`), here with an 8-byte key.
    let mut chip = with_keys(&[
        "80D4010115 3F F0 F0 00 00 00112233445566778899AABBCCDDEEFF",
        "80D401000D 34 F0 F0 00 00 8888888888888888",
    ]);
    chip.ok("80E0001807 2E 0A17 F0 EF FFFF");
    chip.ok("80E0000207 2F 0208 F0 00 FF 18");
    let begun = chip.ok("805000020B 01 00002000 001122334455 10");
    let key = crypto::Key::new(&hex::decode("00112233445566778899AABBCCDDEEFF").unwrap()).unwrap();
    let suite = crypto::Suite::TripleDes;
    let cipher = crypto::BlockCipher::new(suite, &key);
    let input: [u8; 8] = [&begun[8..12], &begun[4..6], &[0x80, 0x00]].concat().try_into().unwrap();
    let session = crypto::SessionKey::derive(suite, &cipher, &input);
    let data = hex::decode("000000000000200002001122334455").unwrap();
    assert_eq!(begun[12..], session.mac(&data).0);
    let mac2 = session.mac(&hex::decode("000020000200112233445520161216105800").unwrap()).0;
    let step = [hex::decode("805200000B20161216105800").unwrap(), mac2.to_vec(), vec![4]].concat();
    // The published TAC: balance, serial, amount and time are the same, and no random is in it.
    assert_eq!(hex::encode_upper(chip.ok(step)), "FA00066D");
}

#[test]
fn internal_authentication_is_that_of_the_vectors() {
    let mut chip = with_keys(&[
        "80D401000D 30 F0 F0 00 00 1122334455667788",
        "80D401000D 32 F0 F0 00 00 1122334455667788",
        "80D401000D 31 F0 F0 00 00 1122334455667788",
    ]);
    let cryptogram = output("fmcos-intauth-enc", "out");
    assert_eq!(chip.ok("0088000008 0102030405060708"), cryptogram);
    assert_eq!(chip.ok("0088020008 0102030405060708"), output("fmcos-intauth-mac", "mac"));
    let deciphered = chip.ok([&[0x00, 0x88, 0x01, 0x00, 0x08], &cryptogram[..]].concat());
    assert_eq!(deciphered, [1, 2, 3, 4, 5, 6, 7, 8]);
    // Each type is good for its own mode.
    let mut chip = with_keys(&["80D401000D 30 F0 F0 00 00 1122334455667788"]);
    chip.refuses("0088010008 0102030405060708", 0x6A88);
    chip.refuses("0088020008 0102030405060708", 0x6A88);
}

#[test]
fn protected_reads_are_answered_by_the_rule_of_the_vectors() {
    let mut chip = with_keys(&["80D4010015 36 F0 F0 FF 33 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"]);
    chip.ok("80E0000507 A8 0010 F0 F0 FF 7F");
    chip.ok("00A40000020005");
    let key = crypto::Key::new(&[0xFF; 16]).unwrap();
    let mac = |challenge: &[u8], data: &[u8]| {
        crypto::secure_messaging_mac(crypto::Suite::TripleDes, &key, challenge, data).0
    };
    // The MACs themselves are checked where they are calculated; here, that the card covers the same.
    let text = vectors::find("klks-mac-update-binary").unwrap().input("data").unwrap().to_vec();
    let challenge = chip.ok("0084000004");
    chip.ok([&text[..], &mac(&challenge, &text)].concat());
    let read = vectors::find("klks-mac-read-command").unwrap().input("data").unwrap().to_vec();
    let challenge = chip.ok("0084000004");
    let answer = chip.ok([&read[..], &mac(&challenge, &read), &[0x00]].concat());
    let held = vectors::find("klks-mac-read-response").unwrap().input("data").unwrap().to_vec();
    assert_eq!(answer, [&held[..], &mac(&challenge, &held)].concat());
    chip.refuses("00B0000000", 0x6900);
}
