//! DELIVER KEY and CRYPT.

use applet_spec::{KeyKind, PurseKind, vectors};
use crypto::{BlockCipher, Key, Suite, TacKey, diversify, secure_messaging_mac};
use proptest::prelude::*;

use crate::common::{Bench, Bytes, DATE, Init, Kind, TERMINAL, TIME};
use crate::module::{Asked, Module, PAIRS, card_first, crypt, deliver, padded};

/// A PSAM with one key more, whose value is given.
fn with_key(base: &str, usage: u8, number: u8, master: &str, more: &str) -> Module {
    let fid = Module::new(base).application().fid;
    let changes = format!(
        "{more}[[directory]]\nfid = {fid}\n[[directory.sam-key]]\nusage = {usage}\n\
         index = {number}\nversion = {number}\nmaster = \"{master}\"\n"
    );
    Module::with(base, &changes)
}

#[test]
fn the_blacklist_lock_mac_is_that_of_the_known_answer() {
    let vector = vectors::find("d-app-block-mac").expect("it is there");
    let master = hex::encode(vector.input("master").unwrap());
    let mut module = with_key("psam-jtt978", 0x45, 0x02, &master, "");
    module.chip.says("801A450210 1234567890123456 01011000FFFFFFFF", "9000");
    module.chip.says("80FA050010 5D72B3FD00000000 841E000004800000 00", "92868AB8 9000");
    assert_eq!(vector.output("mac").unwrap(), "92868AB8".wire());
}

#[test]
fn a_card_is_locked_with_the_mac_of_its_psam() {
    for (family, psam) in PAIRS {
        let bench = Bench::new(family);
        let (mut card, mut module) = (bench.opened(), Module::new(psam));
        let factors = card_first(&bench.profile);
        let usage = (factors.len() as u8) << 5 | 5;
        let index = bench.keys.first_index(KeyKind::Maintenance).unwrap();
        module.deliver(usage, index, &factors);
        let challenge = card.ok("0084000004");
        let block = bench.rules().suite.block();
        let mut data = challenge;
        data.resize(block, 0);
        data.extend(padded(block, &"841E000004".wire()));
        let mac = module.chip.ok(crypt(0x05, &data));
        assert_eq!(mac.len(), 4);
        card.says([&"841E000004".wire()[..], &mac].concat(), "9000");
        card.refuses(bench.select(), 0x6A81);
    }
}

#[test]
fn a_file_is_updated_with_the_mac_of_the_psam() {
    let bench = Bench::new("jtt978");
    let (mut card, mut module) = (bench.opened(), Module::new("psam-jtt978"));
    module.deliver(0x46, 0x01, &card_first(&bench.profile));
    let mut data = card.ok("0084000004");
    data.resize(8, 0);
    let command = "04D6960006 ABCD".wire();
    data.extend(padded(8, &command));
    let mac = module.chip.ok(crypt(0x05, &data));
    card.says([command, mac].concat(), "9000");
    assert_eq!(card.ok("00B0960002"), [0xAB, 0xCD]);
}

#[test]
fn a_challenge_is_enciphered_with_the_maintenance_key() {
    let bench = Bench::new("jtt978");
    let (mut card, mut module) = (bench.opened(), Module::new("psam-jtt978"));
    module.deliver(0x45, 0x01, &card_first(&bench.profile));
    let challenge = card.ok("0084000008");
    let key = bench.keys.key(KeyKind::Maintenance, 1).unwrap();
    let cryptogram = module.chip.ok(crypt(0x00, &challenge));
    assert_eq!(cryptogram, BlockCipher::new(key.0, key.1).encrypt_ecb(&challenge));
}

#[test]
fn a_tac_is_checked_with_the_folded_key() {
    for (family, psam) in PAIRS {
        let bench = Bench::new(family);
        let (mut card, mut module) = (bench.rich(100), Module::new(psam));
        let begun = bench.begun(&mut card, Init::new(Kind::Purchase, PurseKind::Purse, 9));
        let tac = card.ok(&bench.step(&begun).command)[..4].to_vec();
        let factors = card_first(&bench.profile);
        let index = bench.rules().tac_index.unwrap();
        module.deliver((factors.len() as u8) << 5 | 4, index, &factors);
        let block = bench.rules().suite.block();
        let head = [&[0, 0, 0, 9, 0x06][..], &TERMINAL, &begun.terminal_serial].concat();
        let data = padded(block, &[&head[..], &DATE, &TIME].concat());
        let data = [vec![0; block], data].concat();
        assert_eq!(module.chip.ok(crypt(0x05, &data)), tac, "{family}");
    }
}

#[test]
fn a_mac_may_have_eight_bytes() {
    let mut module = Module::with("psam-jtt978", "[psam]\nmac-length = 8\n");
    let short = Module::new("psam-jtt978");
    let factors = card_first(module.profile.served().unwrap());
    let mut answers = Vec::new();
    for module in [&mut module, &mut short.clone()] {
        module.deliver(0x45, 0x01, &factors);
        answers.push(module.chip.ok(crypt(0x05, &[0x5A; 24])));
    }
    assert_eq!((answers[0].len(), answers[1].len()), (8, 4));
    assert_eq!(answers[0][..4], answers[1]);
}

#[test]
fn each_purpose_calculates_what_it_is_for() {
    // MAC, enciphering; the folded MAC has its own test.
    let purposes = [
        (0x03, true, true),
        (0x04, true, false),
        (0x05, true, true),
        (0x06, true, false),
        (0x07, false, true),
        (0x08, true, true),
        (0x0C, true, false),
        (0x0E, false, true),
        (0x0F, false, true),
    ];
    let all = "[psam]\ndeliver = [\"pin-unblock\", \"tac\", \"application-maintenance\", \"mac\", \
               \"encrypt\", \"mac-and-encrypt\", \"vendor-tac\", \"external-authentication\", \
               \"internal-authentication\"]\n";
    let master = "00112233445566778899AABBCCDDEEFF";
    for (purpose, mac, encipher) in purposes {
        let usage = 0x20 | purpose;
        let mut module = with_key("psam-pboc", usage, 0x0A, master, all);
        module.deliver(usage, 0x0A, &[[7; 8]]);
        let key =
            diversify(Suite::TripleDes, &Key::double(master.wire().try_into().unwrap()), &[7; 8]);
        // A zero initial value, and nothing but padding: what the MACs over no data are.
        let answer = module.chip.send(crypt(0x05, &[&[0; 8][..], &padded(8, &[])].concat()));
        let expected = match purpose {
            0x04 | 0x0C => TacKey::new(Suite::TripleDes, &key).tac(&[]),
            _ => secure_messaging_mac(Suite::TripleDes, &key, &[], &[]),
        };
        let expected = if mac { (0x9000, expected.0.to_vec()) } else { (0x6985, Vec::new()) };
        assert_eq!((answer.status, answer.data), expected, "{purpose:02X}");
        for mode in [0x00, 0x02] {
            let answer = module.chip.send(crypt(mode, &[0x3C; 16]));
            let out = BlockCipher::new(Suite::TripleDes, &key).encrypt_ecb(&[0x3C; 16]);
            let expected = if encipher { (0x9000, out) } else { (0x6985, Vec::new()) };
            assert_eq!((answer.status, answer.data), expected, "{purpose:02X}");
        }
    }
}

#[test]
fn keys_that_are_not_delivered_and_keys_that_are_not_there_are_refused() {
    let mut module = Module::new("psam-cjt166");
    let factors = card_first(module.profile.served().unwrap());
    for (usage, number, status) in [
        (0x42, 0x01, 0x6985), // a purchase key
        (0x06, 0x09, 0x6985), // the one behind identification codes
        (0x42, 0x02, 0x9403),
        (0x45, 0x01, 0x9403),
        (0x25, 0x00, 0x9403),
        (0x5F, 0x00, 0x9403),
    ] {
        module.chip.refuses(deliver(usage, number, &factors), status);
    }
    for count in [0, 1, 3] {
        module.chip.refuses(deliver(0x45, 0x00, &vec![[1; 8]; count]), 0x6700);
    }
    module.deliver(0x45, 0x00, &factors);
    module.chip.ok("00A4000002 3F00");
    module.chip.refuses(deliver(0x45, 0x00, &factors), 0x6985);

    let mut sealed = Module::with("psam-jtt978", "[psam]\ndeliver = [\"mac\"]\n");
    sealed.chip.refuses(deliver(0x45, 0x01, &factors), 0x6985);
    sealed.deliver(0x46, 0x01, &factors);
}

#[test]
fn a_delivered_key_lasts_until_the_next_one_a_selection_or_a_reset() {
    let mut module = Module::new("psam-jtt978");
    let factors = card_first(module.profile.served().unwrap());
    let data = crypt(0x05, &[0x11; 16]);
    module.chip.refuses(&data, 0x6985);
    module.deliver(0x45, 0x01, &factors);
    let mac = module.chip.ok(&data);
    let asked = Asked::any(&module);
    module.initialize(&asked);
    for between in ["00B0970019", "0084000004", "80CA000009 000000000000000000", "00FF0000"] {
        module.chip.send(between);
        assert_eq!(module.chip.ok(&data), mac, "{between}");
    }
    module.deliver(0x45, 0x01, &[[1; 8], [2; 8]]);
    assert_ne!(module.chip.ok(&data), mac, "another card's key");
    // A key that is refused takes the one before with it.
    module.chip.refuses(deliver(0x45, 0x77, &factors), 0x9403);
    module.chip.refuses(&data, 0x6985);
    module.deliver(0x45, 0x01, &factors);
    module.select();
    module.chip.refuses(&data, 0x6985);
    module.deliver(0x45, 0x01, &factors);
    module.chip.reset();
    module.select();
    module.chip.refuses(&data, 0x6985);
}

#[test]
fn lengths_that_are_no_blocks_and_pieces_out_of_turn_are_refused() {
    for (psam, block) in [("psam-jtt978", 8), ("psam-jtt978-sm4", 16)] {
        let mut module = Module::new(psam);
        let factors = card_first(module.profile.served().unwrap());
        module.deliver(0x45, 0x01, &factors);
        for mode in [0x00, 0x01, 0x02, 0x03, 0x05, 0x07] {
            module.chip.refuses(crypt(mode, &vec![0; 3 * block - 1]), 0x6700);
            module.chip.refuses(crypt(mode, &vec![0; 3 * block + 1]), 0x6700);
        }
        module.chip.refuses(crypt(0x05, &vec![0; block]), 0x6700);
        for mode in [0x01, 0x03] {
            module.chip.refuses(crypt(mode, &vec![0; block]), 0x6901);
        }
        module.chip.refuses(crypt(0x04, &vec![0; block]), 0x6A86);
        // A chain ends by anything else, and by its last piece.
        for between in [crypt(0x00, &vec![0; block]), "0084000004".wire(), "00FF0000".wire()] {
            module.chip.says(crypt(0x07, &vec![0; block]), "9000");
            module.chip.send(between);
            module.chip.refuses(crypt(0x01, &vec![0; block]), 0x6901);
        }
        module.chip.says(crypt(0x07, &vec![0; block]), "9000");
        module.chip.ok(crypt(0x01, &vec![0; block]));
        module.chip.refuses(crypt(0x01, &vec![0; block]), 0x6901);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_mac_in_pieces_is_the_mac_as_a_whole(
        sm4: bool,
        usage in prop::sample::select(vec![0x44_u8, 0x45, 0x46]),
        factors: [[u8; 8]; 2],
        data in prop::collection::vec(any::<u8>(), 16..200),
        cuts in prop::collection::vec(1..6_usize, 0..5),
    ) {
        let (psam, block) = if sm4 { ("psam-jtt978-sm4", 16) } else { ("psam-jtt978", 8) };
        let mut module = Module::new(psam);
        module.deliver(usage, 0x01, &factors);
        let data = padded(block, &data);
        let whole = module.chip.ok(crypt(0x05, &data));
        let (mut rest, mut mode) = (data.as_slice(), 0x07);
        for cut in cuts {
            if rest.len() <= cut * block {
                break;
            }
            let (piece, left) = rest.split_at(cut * block);
            module.chip.says(crypt(mode, piece), "9000");
            (rest, mode) = (left, 0x03);
        }
        if mode == 0x07 {
            let (piece, left) = rest.split_at(block);
            module.chip.says(crypt(mode, piece), "9000");
            rest = left;
        }
        prop_assert_eq!(module.chip.ok(crypt(0x01, rest)), whole);
    }
}
