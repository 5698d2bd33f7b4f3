//! Challenges, authentication and secure messaging (facts 2.3, 3, 4.1).
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::KeyKind;
use common::{Bench, Chip, spoilt};
use crypto::{authentication_cryptogram, decipher, encipher, secure_messaging_mac};

const MAINTENANCE: KeyKind = KeyKind::Maintenance;

/// Index of the external authentication key of the application.
fn external(bench: &Bench) -> u8 {
    bench.keys.first_index(KeyKind::ExternalAuthentication).unwrap()
}

/// EXTERNAL AUTHENTICATE with the right cryptogram over a challenge of `length` bytes.
fn authenticate(bench: &Bench, chip: &mut Chip, length: u8) -> Vec<u8> {
    let index = external(bench);
    let challenge = chip.ok(vec![0x00, 0x84, 0, 0, length]);
    assert_eq!(challenge.len(), usize::from(length));
    let (suite, key) = bench.keys.key(KeyKind::ExternalAuthentication, index).unwrap();
    let fold = bench.rules().fold_authentication;
    let cryptogram = authentication_cryptogram(suite, key, &challenge, fold);
    [&[0x00, 0x82, 0x00, index, cryptogram.len() as u8], &cryptogram[..]].concat()
}

#[test]
fn a_challenge_has_a_length_of_the_profile_and_never_comes_twice() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        let sm4 = bench.rules().challenge_lengths.contains(&16);
        for length in 0..=0x20_u8 {
            let offered = [4, 8].contains(&length) || (sm4 && length == 16);
            let answer = chip.send(vec![0x00, 0x84, 0, 0, length]);
            assert_eq!(answer.status, if offered { 0x9000 } else { 0x6700 }, "{length}");
        }
        assert_ne!(chip.ok("0084000008"), chip.ok("0084000008"));
    }
}

#[test]
fn a_challenge_lives_for_one_command() {
    let bench = Bench::new("pboc");
    let mut chip = bench.opened();
    for between in ["805C000204", "00B0950000", "00C0000000", "00FF0000", "805A0006020001", "00A4"]
    {
        let command = authenticate(&bench, &mut chip, 8);
        chip.send(between);
        chip.refuses(&command, 0x6984);
    }
    let command = authenticate(&bench, &mut chip, 8);
    chip.ok(&command);
    chip.refuses(&command, 0x6984);
    // Consumed by a failure as well.
    let command = authenticate(&bench, &mut chip, 8);
    chip.refuses(spoilt(command.clone()), 0x63C2);
    chip.refuses(&command, 0x6984);
    let command = authenticate(&bench, &mut chip, 8);
    chip.reset();
    chip.ok(bench.select());
    chip.refuses(&command, 0x6984);
}

#[test]
fn the_cryptogram_has_the_length_of_the_suite_and_may_be_folded() {
    for (name, lengths) in [("pboc", [8, 8]), ("pboc-sm4", [16, 16])] {
        let bench = Bench::new(name);
        let mut chip = bench.opened();
        for (challenge, length) in [4, 8].into_iter().zip(lengths) {
            let command = authenticate(&bench, &mut chip, challenge);
            assert_eq!(command.len(), 5 + length);
            chip.says(&command, "9000");
            let command = authenticate(&bench, &mut chip, challenge);
            let other = 24 - length;
            let index = external(&bench);
            chip.refuses([vec![0, 0x82, 0, index, other as u8], vec![0; other]].concat(), 0x6700);
            chip.refuses(&command, 0x6984);
        }
    }
    let bench = Bench::new("pboc-sm4");
    let mut chip = bench.opened();
    let command = authenticate(&bench, &mut chip, 16);
    chip.says(&command, "9000");
    let folds = "[rules]\nfold-authentication = true\n";
    for (name, challenge) in [("pboc-sm4", 16), ("pboc-sm4", 4)] {
        let bench = Bench::with(name, folds);
        let mut chip = bench.opened();
        let command = authenticate(&bench, &mut chip, challenge);
        assert_eq!(command.len(), 5 + 8);
        chip.says(&command, "9000");
    }
    let long = "[rules]\nchallenge-lengths = [16]\nfold-authentication = true\n";
    let bench = Bench::with("pboc", long);
    let mut chip = bench.opened();
    let command = authenticate(&bench, &mut chip, 16);
    assert_eq!(command.len(), 5 + 8);
    chip.says(&command, "9000");
}

#[test]
fn three_wrong_cryptograms_lock_the_key_for_good() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.opened();
    for left in [0x63C2, 0x63C1] {
        let command = authenticate(&bench, &mut chip, 8);
        chip.refuses(spoilt(command), left);
    }
    let command = authenticate(&bench, &mut chip, 8);
    chip.ok(command); // success gives the tries back
    for left in [0x63C2, 0x63C1, 0x63C0] {
        let command = authenticate(&bench, &mut chip, 8);
        chip.refuses(spoilt(command), left);
        chip.reset();
        chip.ok(bench.select());
    }
    let command = authenticate(&bench, &mut chip, 8);
    chip.refuses(command, 0x6983);
    chip.ok("0084000008");
    chip.refuses("0082000708 0000000000000000", 0x6A88);
    assert_eq!(chip.shown("locked"), "no");
}

#[test]
fn a_failure_takes_every_right_away() {
    let bench = Bench::new("pboc");
    let mut chip = bench.rich(100);
    chip.ok("805C000104");
    let command = authenticate(&bench, &mut chip, 8);
    chip.refuses(spoilt(command), 0x63C2);
    chip.refuses("805C000104", 0x6982);
    let command = authenticate(&bench, &mut chip, 8);
    chip.ok(command);
    chip.ok("805C000104");
    chip.ok("00A40000");
    chip.ok(bench.select());
    chip.refuses("805C000104", 0x6982);
}

#[test]
fn internal_authenticate_enciphers_deciphers_or_macs() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        let Some(index) = bench.keys.first_index(KeyKind::InternalAuthentication) else { continue };
        let (suite, key) = bench.keys.key(KeyKind::InternalAuthentication, index).unwrap();
        let (_, cipher) = bench.keys.cipher(KeyKind::InternalAuthentication, index).unwrap();
        let block: Vec<u8> = (0..suite.block() as u8).collect();
        let ask = |mode: u8, data: &[u8]| {
            [&[0x00, 0x88, mode, index, data.len() as u8], data, &[0]].concat()
        };
        assert_eq!(chip.ok(ask(0, &block)), cipher.encrypt_ecb(&block));
        assert_eq!(chip.ok(ask(1, &cipher.encrypt_ecb(&block))), block);
        let padded = [&block[..], &[0xAA, 0x80]].concat();
        assert_eq!(chip.ok(ask(0, &padded[..block.len() + 1])), cipher.encrypt_ecb(&padded));
        let mac = secure_messaging_mac(suite, key, &[], &block);
        assert_eq!(chip.ok(ask(2, &block)), mac.0);
        chip.refuses(ask(1, &block[1..]), 0x6700);
        chip.refuses(ask(3, &block), 0x6A86);
        chip.refuses([&[0x00, 0x88, 0x00, 0x09, 8], &[0; 8][..]].concat(), 0x6A88);
    }
}

#[test]
fn an_update_needs_its_mac_over_header_length_and_data() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        let data = [0x20, 0x26, 0x01, 0x01];
        let right = bench.secured(&mut chip, "04D69514", &data, MAINTENANCE);
        assert_eq!(right[4], 8, "Lc counts the MAC");
        let mut torn = chip.clone();
        torn.refuses(spoilt(right.clone()), 0x6988);
        chip.says(&right, "9000");
        chip.says("00B0951404", "20260101 9000");
        chip.refuses(&right, 0x6984);
        // Over the challenge, too, of either length.
        let index = bench.keys.first_index(MAINTENANCE).unwrap();
        let key = bench.keys.key(MAINTENANCE, index).unwrap();
        let challenge = chip.ok("0084000008");
        chip.says(bench.secured_with(&challenge, "04D69514", &data, key), "9000");
        let challenge = chip.ok("0084000008");
        let command = bench.secured_with(&challenge, "04D69515", &data[1..], key);
        let elsewhere = [&[0x04, 0xD6, 0x95, 0x16], &command[4..]].concat();
        chip.refuses(elsewhere, 0x6988);
    }
}

#[test]
fn the_class_must_be_what_the_file_asks_for() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    chip.refuses("00D6951401 20", 0x6900);
    chip.refuses("00DC01D401 20", 0x6900);
    chip.refuses("00E200D001 20", 0x6900);
    chip.refuses("04D6951403 202020", 0x6700); // no room for a MAC
    chip.refuses("04D6951405 20 00000000", 0x6984);
    let command = bench.secured(&mut chip, "04D69520", &[1], MAINTENANCE);
    chip.refuses(command, 0x6B00);
    let command = bench.secured(&mut chip, "04D6951D", &[1, 2], MAINTENANCE);
    chip.refuses(command, 0x6700);
    let command = bench.secured(&mut chip, "04D68300", &[1], MAINTENANCE);
    chip.refuses(command, 0x6A82);
}

#[test]
fn records_are_updated_and_appended_under_mac() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    let record = [&[0x27, 0x02, 0x7D][..], &[0x5A; 125]].concat();
    let command = bench.secured(&mut chip, "04DC02D4", &record, MAINTENANCE);
    chip.says(command, "9000");
    assert_eq!(chip.ok("00B202D400"), record);
    let command = bench.secured(&mut chip, "04DC02D4", &record[1..], MAINTENANCE);
    chip.refuses(command, 0x6A85);
    let command = bench.secured(&mut chip, "04E200D0", &record, MAINTENANCE);
    chip.says(command, "9000");
    assert_eq!(chip.ok("00B204D400"), record);
    let wrong = [&[0x27, 0x02, 0x7C][..], &[0x5A; 125]].concat();
    let command = bench.secured(&mut chip, "04E200D0", &wrong, MAINTENANCE);
    chip.refuses(command, 0x6A85);
}

/// File 12 enciphered, file 15 read under MAC, file 16 both.
const LINES: &str = r#"
[[directory]]
fid = 0x1001
[[directory.file]]
sfi = 0x12
title = "enciphered"
title-zh = "密文"
kind = "binary"
size = 16
update = "free"
protection = "encrypted-mac"
key-index = 0x01
[[directory.file]]
sfi = 0x15
protect-read = true
[[directory.file]]
sfi = 0x16
protection = "encrypted-mac"
protect-read = true
"#;

#[test]
fn an_enciphered_update_carries_length_data_and_padding_inside() {
    for name in ["jtt978", "jtt978-sm4"] {
        let bench = Bench::with(name, LINES);
        let mut chip = bench.opened();
        let (suite, key) = bench.keys.key(MAINTENANCE, 1).unwrap();
        for length in [1, 7, 8, 15, 16] {
            let data = vec![length as u8; length];
            let enciphered = encipher(suite, key, &data);
            let command = bench.secured(&mut chip, "04D69200", &enciphered, MAINTENANCE);
            chip.says(command, "9000");
            assert_eq!(chip.ok("00B09200")[..length], data);
        }
        // A right MAC over what does not decipher, and over plain data.
        let command = bench.secured(&mut chip, "04D69200", &[0; 16], MAINTENANCE);
        chip.refuses(command, 0x6A80);
        let command = bench.secured(&mut chip, "04D69200", &[1, 2, 3], MAINTENANCE);
        chip.refuses(command, 0x6A80);
        let too_long = encipher(suite, key, &[7; 17]);
        let command = bench.secured(&mut chip, "04D69200", &too_long, MAINTENANCE);
        chip.refuses(command, 0x6700);
    }
}

#[test]
fn a_protected_read_answers_data_and_a_mac_under_the_same_challenge() {
    for name in ["jtt978", "jtt978-sm4"] {
        let bench = Bench::with(name, LINES);
        let mut chip = bench.opened();
        let (suite, key) = bench.keys.key(MAINTENANCE, 1).unwrap();
        chip.refuses("00B0950000", 0x6900);
        chip.refuses("04B0950004 00000000 00", 0x6984);
        for (header, enciphered) in [("04B09500", false), ("04B09600", true)] {
            let challenge = chip.ok("0084000004");
            let command = bench.secured_with(&challenge, header, &[], (suite, key));
            let answer = chip.ok([&command[..], &[0]].concat());
            let (data, mac) = answer.split_last_chunk::<4>().unwrap();
            assert_eq!(*mac, secure_messaging_mac(suite, key, &challenge, data).0);
            let plain =
                if enciphered { decipher(suite, key, data).unwrap() } else { data.to_vec() };
            assert_eq!(plain.len(), if enciphered { 55 } else { 30 });
        }
        let command = bench.secured(&mut chip, "04B09500", &[], MAINTENANCE);
        chip.refuses(spoilt(command), 0x6988);
    }
}

#[test]
fn three_wrong_macs_lock_the_application_for_ever_at_that_very_command() {
    for bench in Bench::all() {
        let mut chip = bench.opened();
        for status in [0x6988, 0x6988, 0x9303] {
            let command = bench.secured(&mut chip, "04D69514", &[0x20], MAINTENANCE);
            chip.refuses(spoilt(command), status);
        }
        chip.refuses("805C000204", 0x9303);
        chip.reset();
        chip.refuses(bench.select(), 0x9303);
        chip.refuses("0020000003 123456", 0x9303);
        assert_eq!(chip.shown("locked"), "permanent");
        chip.ok("00A40000"); // the rest of the card goes on
    }
}

#[test]
fn a_right_mac_gives_the_tries_back() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.opened();
    for _ in 0..3 {
        for _ in 0..2 {
            let command = bench.secured(&mut chip, "04D69514", &[0x20], MAINTENANCE);
            chip.refuses(spoilt(command), 0x6988);
            chip.reset();
            bench.reopen(&mut chip);
        }
        let command = bench.secured(&mut chip, "04D69514", &[0x20], MAINTENANCE);
        chip.ok(command);
    }
}

#[test]
fn in_the_mf_the_counter_falls_and_nothing_locks() {
    let bench = Bench::new("cjt166");
    let mut chip = bench.chip();
    for status in [0x6988, 0x6988, 0x6988, 0x6983] {
        chip.ok("0084000004");
        chip.refuses("04D6850005 00 00000000", status);
    }
    bench.reopen(&mut chip);
    assert_eq!(chip.shown("locked"), "no");
}
