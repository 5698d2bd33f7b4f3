//! The published ciphertexts and MACs of FMCOS cards, made by the host side.

use applet_spec::{Protection, RightsByte, vectors};
use crypto::custody::{HeldKeys, KeyName};
use crypto::{Key, Mac, Suite};
use purse::issuing::*;
use purse::{FileRef, Protected, ProtectedKey, PurseCommand};

use crate::bytes;

const DES: Suite = Suite::TripleDes;

fn input(vector: &str, name: &str) -> Vec<u8> {
    vectors::find(vector).unwrap().input(name).unwrap().to_vec()
}

fn output(vector: &str, name: &str) -> Vec<u8> {
    vectors::find(vector).unwrap().output(name).unwrap().to_vec()
}

fn key(vector: &str) -> TransportKey {
    TransportKey::Known(DES, Key::new(&input(vector, "key")).unwrap())
}

/// The bytes of a challenge of four that a vector gives as a whole block.
fn challenge(vector: &str) -> Vec<u8> {
    let iv = input(vector, "iv");
    assert_eq!(iv[4..], [0; 4]);
    iv[..4].to_vec()
}

fn nobody() -> HeldKeys {
    HeldKeys::public("nobody", [])
}

#[test]
fn external_authentication_is_that_of_the_vectors() {
    let custody = nobody();
    for (vector, length) in [("fmcos-extauth-des", 4), ("fmcos-default-extauth", 8)] {
        let challenge = &input(vector, "data")[..length];
        let seal = Seal { key: &key(vector), custody: &custody, challenge };
        let cryptogram = output(vector, "out");
        let command = PurseCommand::ExternalAuthenticate { key: 0x00, cryptogram };
        assert_eq!(seal.authenticate(0x00), Ok(command), "{vector}");
    }
    let challenge = input("fmcos-default-extauth", "data");
    let seal = Seal { key: &TransportKey::blank(), custody: &custody, challenge: &challenge };
    let apdu = seal.authenticate(0x00).unwrap().to_apdu().to_bytes().unwrap();
    assert_eq!(apdu, bytes("00820000 08 A0DBBFC1192FF24A"), "the key of a blank card");
}

#[test]
fn keys_are_added_and_changed_by_the_published_commands() {
    let name = KeyName::new("sample").unwrap();
    let value = Key::new(&bytes("1122334455667788")).unwrap();
    let custody = HeldKeys::public("sample", [(name.clone(), DES, value)]);
    let data = KeyData::Held(CardKey { name, factors: Vec::new() });
    let head = KeyHead {
        role: KeyRole::Authentication { next_state: 0xAA, counter: ErrorCounter::UNLIMITED },
        protection: Protection::EncryptedMac,
        use_right: RightsByte::ALWAYS,
        change_right: RightsByte::ALWAYS,
    };
    let plain = input("fmcos-writekey-enc-1", "data");
    assert_eq!(plain[1..6], head.to_bytes());
    let whole = |vector: &str| [input(vector, "data"), output(vector, "mac")].concat();

    let (vector, master) = ("fmcos-writekey-mac-1", key("fmcos-writekey-mac-1"));
    let challenge_1 = challenge(vector);
    let seal = Seal { key: &master, custody: &custody, challenge: &challenge_1 };
    let command = seal.write_key(0x02, &head, &data).unwrap();
    assert_eq!(command.to_apdu().to_bytes(), Ok(whole(vector)));
    assert!(whole(vector).windows(16).any(|part| part == output("fmcos-writekey-enc-1", "out")));

    let vector = "fmcos-writekey-mac-2";
    let challenge_2 = challenge(vector);
    let seal = Seal { key: &master, custody: &custody, challenge: &challenge_2 };
    let target = (KeyType::AUTHENTICATION, 0x01);
    let command = seal.change_key(target, head.protection, Some(&head), &data).unwrap();
    assert_eq!(command.to_apdu().to_bytes(), Ok(whole(vector)));

    // The third is a record that asks for no line protection any more, brought under it.
    let open = KeyHead { protection: Protection::None, ..head };
    let command = seal.change_key(target, head.protection, Some(&open), &data).unwrap();
    let purse::IssuingCommand::WriteKey { data: sent, .. } = command else { panic!("WRITE KEY") };
    assert_eq!(sent.data(), output("fmcos-writekey-enc-3", "out"));

    // In clear, as two published sequences have it.
    let command = seal.write_key(0x01, &open, &data).unwrap();
    let text = "80D40101 0D 39F0F0AAFF 1122334455667788";
    assert_eq!(command.to_apdu().to_bytes(), Ok(bytes(text)));
}

#[test]
fn updates_under_line_protection_are_those_of_the_vectors() {
    let custody = nobody();
    for (vector, file) in
        [("klks-mac-update-binary", FileRef::Current), ("klks-mac-file05", FileRef::Sfi(0x05))]
    {
        let covered = input(vector, "data");
        let data = Protected::Plain(covered[5..].to_vec());
        let plain = PurseCommand::UpdateBinary { file, offset: 0, data };
        let challenge = challenge(vector);
        let seal = Seal { key: &key(vector), custody: &custody, challenge: &challenge };
        let command = seal.protect(plain.clone(), Protection::Mac).unwrap();
        let whole = [covered, output(vector, "mac")].concat();
        assert_eq!(command.to_apdu().to_bytes(), Ok(whole), "{vector}");
        assert_eq!(seal.protect(plain.clone(), Protection::None), Ok(plain));
    }
}

#[test]
fn every_published_vector_of_fmcos_cards_is_a_test() {
    let here = [
        "fmcos-extauth-des",
        "fmcos-default-extauth",
        "fmcos-writekey-enc-1",
        "fmcos-writekey-mac-1",
        "fmcos-writekey-mac-2",
        "fmcos-writekey-enc-3",
        "klks-mac-update-binary",
        "klks-mac-file05",
    ];
    // What a card makes is tested with the emulator.
    let of_the_card = [
        "fmcos-intauth-enc",
        "fmcos-intauth-mac",
        "klks-mac-read-response",
        "klks-mac-read-command",
    ];
    for vector in vectors::all().iter().filter(|v| v.profile == "fmcos" || v.id.starts_with("klks"))
    {
        let id = vector.id.as_str();
        assert!(here.contains(&id) || of_the_card.contains(&id), "{id} is tested nowhere");
    }
}

#[test]
fn a_key_that_is_written_is_in_no_debug_text() {
    let record = bytes("39F0F0AAFF1122334455667788");
    for data in [ProtectedKey::plain(record.clone()), ProtectedKey::secured(record, Mac([9; 4]))] {
        let command = purse::IssuingCommand::WriteKey { target: 0x01, index: 0x02, data };
        let whole = purse::Command::Issuing(command.clone());
        for text in [format!("{command:?}"), format!("{whole:?}"), format!("{command:#?}")] {
            assert!(text.contains("13 bytes") && !text.contains("0x11"), "{text}");
            assert!(!text.contains("17, 34") && !text.contains("1122"), "{text}");
        }
    }
}
