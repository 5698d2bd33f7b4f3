//! The sequence that makes a card of a family out of a blank one.

use apdu::{CommandApdu, StatusWord};
use applet_spec::{Profile, Protection};
use purse::issuing::*;
use purse::{Command, Language};

use crate::bytes;

const SERIAL: [u8; 8] = *b"\x12\x34\x56\x78\x90\x12\x34\x56";

fn profile(name: &str) -> &'static Profile {
    Profile::built_in(name).unwrap()
}

fn sequence(family: &str, keys: KeyWriting) -> Result<Sequence, SequenceError> {
    let choices = Choices { keys, ..Choices::default() };
    Sequence::of(profile(family), &SERIAL, profile("fmcos-blank"), &choices)
}

/// What the steps send where every challenge is zero; keys as `KK..`.
fn sent(steps: &[Step], family: &str) -> Vec<String> {
    let custody = profile(family).lab_custody();
    let made = steps.iter().map(|step| {
        let challenge = vec![0; step.challenge().unwrap_or(0).into()];
        let command = step.command(&custody, &challenge).unwrap();
        let apdu = command.to_apdu().to_bytes().unwrap();
        let rules = &profile("fmcos-blank").rules;
        let read = Command::parse(&CommandApdu::new(&apdu), rules);
        assert_eq!(read.as_ref(), Ok(&command), "a card understands what is sent");
        apdu
    });
    made.map(hex::encode_upper).collect()
}

#[test]
fn a_purse_card_is_built_by_the_published_sequence() {
    let sequence = sequence("fmcos-ep", KeyWriting::Plain).unwrap();
    let sent = sent(sequence.steps(), "fmcos-ep");
    let expected = [
        // MF: authentication with FF x8, erasure, key file, 39/00, 36/00
        "00A40000023F00",
        "0082000008",
        "800E0000",
        "80E00000073F003001F0FFFF",
        "80D401001539F0FAAA33",
        "0082000008",
        "80D401001536F0FAFF33",
        // directory file
        "80E0000107AC0180F0F0FFFF",
        "04E200081761114F09A00000000386980701500450424F43",
        // application
        "80E03F01113803C0 0A0A95FFFFA00000000386980701",
        "00A40000023F01",
        "80E00000073F00B3950AFFFF",
        "80D401001539F00AAA33",
        "80D401001536F00AFF33",
        "80D401001537F00AFF33",
        "80D401001538F00AFF33",
        "80D40100083AF0EF0133123456",
        "80D40101153EF00A0100",
        "80D40101153FF10A0100",
        "80D401001534F00A0100",
        "80E0001507A8001EF0F0FFFF",
        "04D6950022100100000000000002010000123456789012345620200101209912310000",
        "80E0001607A80037F0F0FFFF",
        "04D696003B",
        "80E0001707AC0180F0F0FFFF",
        "04E200B834012E00",
        "04E200B834022E00",
        "04E200B834032E00",
        "80E00018072E0A17F0EFFFFF",
        "80E00002072F0208F000FF18",
    ];
    assert_eq!(sent.len(), expected.len(), "{sent:#?}");
    for (sent, expected) in sent.iter().zip(expected) {
        let expected = expected.replace(' ', "");
        assert!(sent.starts_with(&expected), "{sent} is not {expected}..");
    }
}

#[test]
fn keys_travel_enciphered_once_there_is_a_master_key() {
    let family = profile("fmcos-ep");
    let (plain, sealed) = (
        sequence("fmcos-ep", KeyWriting::Plain).unwrap(),
        sequence("fmcos-ep", KeyWriting::Enciphered).unwrap(),
    );
    let (open, closed) = (sent(plain.steps(), "fmcos-ep"), sent(sealed.steps(), "fmcos-ep"));
    assert_eq!(open.len(), closed.len());
    let mut enciphered = 0;
    for (at, (open, closed)) in open.iter().zip(&closed).enumerate() {
        if !open.starts_with("80D4") {
            assert_eq!(open, closed);
            continue;
        }
        // The master key of each directory comes first, and in clear.
        let first = open.starts_with("80D4010015 39".replace(' ', "").as_str());
        assert_eq!(closed.starts_with("80D4"), first, "step {at}");
        enciphered += usize::from(!first);
    }
    assert_eq!(enciphered, 8);
    // No card key is in clear among them, but for the two master keys.
    let custody = family.lab_custody();
    let factors = family.factors_for(&SERIAL);
    for directory in &family.directories {
        for key in &directory.keys {
            use crypto::custody::KeyCustody;
            let name = family.custody_name(directory, key);
            let value = hex::encode_upper(custody.derive(&name, &factors).unwrap().expose());
            let shown = closed.iter().any(|apdu| apdu.contains(&value));
            assert_eq!(shown, key.kind.text().ends_with("master"), "{name}");
            assert!(open.iter().any(|apdu| apdu.contains(&value)), "{name}");
        }
    }
}

#[test]
fn each_step_tells_what_it_does_and_what_it_costs() {
    let sequence = sequence("fmcos-ep", KeyWriting::Enciphered).unwrap();
    let steps = sequence.steps();
    let words: Vec<String> = steps.iter().map(|step| step.in_words(Language::English)).collect();
    for expected in [
        "select 3F00",
        "3F00: authenticate with key 39/00",
        "3F00: erase everything in it",
        "3F00: create key file 0000, 48 bytes",
        "3F00: write key 39/00, external authentication",
        "3F00: create directory 3F01 A00000000386980701, 960 bytes",
        "3F01: write key 3A/00, PIN",
        "3F01: write bytes 0 to 29 of file 15",
        "3F01: append record 2 to file 17",
        "3F01: create ring of records 0018, 10 records of 23 bytes",
        "3F01: create purse 0002, log in file 18",
    ] {
        assert!(words.iter().any(|words| words == expected), "{expected} is not in {words:#?}");
    }
    let chinese: Vec<String> = steps.iter().map(|step| step.in_words(Language::Chinese)).collect();
    assert!(chinese.contains(&"3F01: 写入密钥 3F/01, 圈存密钥".to_owned()), "{chinese:#?}");
    assert!(chinese.contains(&"3F00: 擦除全部内容".to_owned()), "{chinese:#?}");

    for (step, words) in steps.iter().zip(&words) {
        let authenticates = words.contains("authenticate");
        let sealed_key = words.contains("write key") && step.challenge().is_some();
        let under_mac = step.challenge().is_some() && !authenticates && !sealed_key;
        let spent = step.spends_try().map(|spent| (spent.directory, spent.key_type, spent.index));
        let expected = match (authenticates || sealed_key, under_mac) {
            (true, _) => Some(KeyType::AUTHENTICATION),
            (_, true) => Some(KeyType::MAINTENANCE),
            _ => None,
        };
        assert_eq!(spent.map(|(_, key_type, _)| key_type), expected, "{words}");
        let changes = ["erase", "create", "write key", "append"].iter().any(|w| words.contains(w));
        assert_eq!(step.irreversible(), changes, "{words}");
        assert_eq!(step.probe().is_some(), words.contains("append"), "{words}");
        assert_eq!(step.verdict(StatusWord::OK), Verdict::Done);
        assert_eq!(step.verdict(StatusWord::SECURITY_STATUS), Verdict::Refused);
    }
}

#[test]
fn an_interrupted_run_goes_on_by_what_leads_to_its_step() {
    let sequence = sequence("fmcos-ep", KeyWriting::Plain).unwrap();
    let words = |steps: &[Step]| -> Vec<String> {
        steps.iter().map(|step| step.in_words(Language::English)).collect()
    };
    let all = words(sequence.steps());
    let at = |text: &str| all.iter().position(|words| words == text).unwrap();
    let own = |steps: Vec<String>, at: usize| steps[..steps.len() - (all.len() - at)].to_vec();

    let update = at("3F01: write bytes 0 to 29 of file 15");
    let lead = own(words(&sequence.resume(update)), update);
    assert_eq!(lead, ["select 3F00", "3F00: authenticate with key 39/00", "select 3F01"]);
    let master = at("3F00: write key 39/00, external authentication");
    assert_eq!(own(words(&sequence.resume(master)), master), ["select 3F00"]);
    let erase = at("3F00: erase everything in it");
    let lead = own(words(&sequence.resume(erase)), erase);
    assert_eq!(lead, ["select 3F00", "3F00: authenticate with key 39/00"]);

    // Beginning again never asks for a key that is not there any more.
    let again = words(&sequence.restart(update));
    assert_eq!(
        again[..3],
        ["select 3F00", "3F00: authenticate with key 39/00", all[erase].as_str()]
    );
    assert_eq!(again.len(), all.len());
    let again = words(&sequence.restart(master));
    assert_eq!(
        again[..4],
        [all[0].clone(), all[master].clone(), all[master + 1].clone(), all[erase].clone()]
    );
    assert_eq!(words(&sequence.restart(1)), all);
}

#[test]
fn what_a_family_has_that_such_a_card_cannot_have_is_told_before_anything_is_sent() {
    for (family, reasons) in [
        ("cjt166", vec!["80CA", "9F08", "all its log records to one file"]),
        (
            "jtt978",
            vec!["9F08", "GET BALANCE", "lists no applications", "TAC keys have the index 00"],
        ),
        ("pboc-sm4", vec!["another suite"]),
    ] {
        let error = sequence(family, KeyWriting::Plain).err().unwrap();
        let told = error.to_string();
        assert!(told.starts_with("fmcos-blank 1.0.0 cannot become a card of"), "{told}");
        for reason in reasons {
            assert!(told.contains(reason), "{reason} is not told: {told}");
        }
    }
    let purse = profile("pboc");
    let error =
        Sequence::of(profile("fmcos-ep"), &SERIAL, purse, &Choices::default()).err().unwrap();
    assert!(error.to_string().contains("not built by commands"), "{error}");
}

#[test]
fn a_bank_card_with_deposit_and_purse_is_built_too() {
    let sequence = sequence("pboc", KeyWriting::Plain).unwrap();
    let sent = sent(sequence.steps(), "pboc");
    let has = |begin: &str| sent.iter().any(|apdu| apdu.starts_with(begin));
    // The deposit asks for the PIN in all, the load key asks for it whichever purse it loads.
    assert!(has("80E00001072F0208F100FF18") && has("80E00002072F0208F000FF18"), "{sent:#?}");
    assert!(has("80D40101153FF1") && has("80D40101153EF0") && has("80D40101153CF1"), "{sent:#?}");
}

#[test]
fn a_family_too_large_for_the_card_is_told_so() {
    let text = profile("fmcos-blank").text.replace("room = 7168", "room = 1000");
    let small = Profile::parse(&text, "small").unwrap();
    let error =
        Sequence::of(profile("fmcos-ep"), &SERIAL, &small, &Choices::default()).err().unwrap();
    assert!(error.to_string().contains("bytes, the card has 1000"), "{error}");
}

#[test]
fn the_protection_of_a_file_is_that_of_its_updates() {
    let sequence = sequence("fmcos-ep", KeyWriting::Plain).unwrap();
    let custody = profile("fmcos-ep").lab_custody();
    let step = sequence
        .steps()
        .iter()
        .find(|step| step.in_words(Language::English).contains("of file 15"));
    let step = step.unwrap();
    assert_eq!(step.challenge(), Some(4));
    let Command::Purse(command) = step.command(&custody, &bytes("01020304")).unwrap() else {
        panic!("UPDATE BINARY")
    };
    let (header, covered) = command.secured_part();
    assert_eq!(header, [0x04, 0xD6, 0x95, 0x00]);
    assert_eq!(covered.len(), 30);
    assert_eq!(profile("fmcos-ep").public_file().unwrap().protection, Protection::Mac);
}
