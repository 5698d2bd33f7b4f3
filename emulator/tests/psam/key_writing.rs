//! WRITE SAM KEY.

use applet_spec::vectors;
use crypto::{Key, SessionKey, Suite, diversify, encipher};

use crate::common::{Bytes, Chip, DATE, TIME, spoilt};
use crate::module::{Asked, Module, crypt, deliver};

const HEADER: &str = "84D40000";

fn plain(usage: u8, version: u8, algorithm: u8, key: &[u8]) -> Vec<u8> {
    [&[usage, version, algorithm], key].concat()
}

/// The command that writes a key into this module now.
fn write(module: &mut Module, plain: &[u8]) -> Vec<u8> {
    let suite = module.application().keys[0].suite;
    let data = encipher(suite, &module.master_key(), plain);
    module.secured(HEADER, &data)
}

/// MAC1 of a purchase key, put together here.
fn mac1(module: &Module, suite: Suite, root: &Key, asked: &Asked, serial: [u8; 4]) -> [u8; 4] {
    let root = root.clone();
    let key = asked.factors.iter().rev().fold(root, |key, factor| diversify(suite, &key, factor));
    let input = [&asked.random[..], &asked.serial.to_be_bytes(), &serial[2..]].concat();
    let cipher = crypto::BlockCipher::new(suite, &key);
    let session = SessionKey::derive(suite, &cipher, &input.try_into().unwrap());
    let amount = asked.amount.to_be_bytes();
    let terminal = module.terminal();
    session.mac(&[&amount[..], &[asked.kind], &terminal, &DATE, &TIME].concat()).0
}

#[test]
fn a_purchase_key_is_loaded_with_the_published_bytes() {
    let vector = vectors::find("psam-writekey-enc").expect("it is there");
    let master = hex::encode(vector.input("key").unwrap());
    let changes = format!(
        "factors = []\n[[directory]]\nfid = 0x1001\n[[directory.key]]\n\
         kind = \"application-master\"\nindex = 0x00\nmaster = \"{master}\"\n"
    );
    let mut module = Module::with("psam-pboc", &changes);
    let asked = Asked { version: 0, algorithm: 0, ..Asked::any(&module) };
    module.chip.refuses(asked.apdu(), 0x9403);
    let command = module.secured(HEADER, vector.output("out").unwrap());
    assert_eq!(command[..5], "84D400001C".wire());
    module.chip.says(command, "9000");
    let made = module.initialize(&asked);
    // The data is usage 22, version 00, algorithm 00 and the key.
    let root = Key::new(&vector.input("data").unwrap()[3..]).unwrap();
    assert_eq!(made.mac1, mac1(&module, Suite::TripleDes, &root, &asked, made.serial));
}

#[test]
fn keys_are_added_and_replaced() {
    for (name, suite, algorithm) in
        [("psam-jtt978", Suite::TripleDes, 0x00), ("psam-jtt978-sm4", Suite::Sm4, 0x04)]
    {
        let mut module = Module::new(name);
        let asked = Asked { version: 9, ..Asked::any(&module) };
        for root in [*b"the first of two", *b"and then another"] {
            let command = write(&mut module, &plain(0x42, 9, algorithm, &root));
            module.chip.says(command, "9000");
            let made = module.initialize(&asked);
            let root = Key::double(root);
            assert_eq!(made.mac1, mac1(&module, suite, &root, &asked, made.serial));
        }
        // The keys that were there still are.
        let old = Asked::any(&module);
        let made = module.initialize(&old);
        let mac2 = module.mac2(&old, made);
        module.chip.says(crate::module::credit(&mac2), "9000");
        // Of other keys the byte is the index.
        module.chip.refuses(deliver(0x46, 0x09, &[[1; 8], [2; 8]]), 0x9403);
        let before = {
            module.deliver(0x46, 0x01, &[[1; 8], [2; 8]]);
            module.chip.ok(crypt(0x05, &[0; 32]))
        };
        for index in [0x09, 0x01] {
            let command = write(&mut module, &plain(0x46, index, algorithm, &[0x77; 16]));
            module.chip.says(command, "9000");
        }
        let macs = [0x09, 0x01].map(|index| {
            module.deliver(0x46, index, &[[1; 8], [2; 8]]);
            module.chip.ok(crypt(0x05, &[0; 32]))
        });
        assert_eq!(macs[0], macs[1]);
        assert_ne!(macs[0], before);
    }
}

#[test]
fn a_key_of_eight_bytes_is_single_des() {
    let mut module = Module::new("psam-pboc");
    let command = write(&mut module, &plain(0x22, 5, 0x01, &[0x13; 8]));
    assert_eq!(command[4], 0x14);
    module.chip.says(command, "9000");
    let asked = Asked { version: 5, algorithm: 1, ..Asked::any(&module) };
    let made = module.initialize(&asked);
    let root = Key::new(&[0x13; 8]).unwrap();
    assert_eq!(made.mac1, mac1(&module, Suite::TripleDes, &root, &asked, made.serial));
}

#[test]
fn the_master_key_itself_is_replaced_by_usage_00() {
    let mut module = Module::new("psam-jtt978");
    let old = module.master_key();
    let new = Key::double(*b"a new master key");
    let command = write(&mut module, &plain(0x00, 2, 0x00, new.expose()));
    module.chip.says(command, "9000");
    let data = encipher(Suite::TripleDes, &old, &plain(0x42, 9, 0, &[1; 16]));
    let command = module.secured_by(&old, HEADER, &data);
    module.chip.refuses(command, 0x6988);
    let data = encipher(Suite::TripleDes, &new, &plain(0x42, 9, 0, &[1; 16]));
    let command = module.secured_by(&new, HEADER, &data);
    module.chip.says(command, "9000");
}

#[test]
fn what_is_no_key_or_no_use_is_6a80_and_changes_nothing() {
    let mut module = Module::new("psam-jtt978");
    let key = [0x44; 16];
    let useless = [
        plain(0x42, 1, 0x09, &key),     // an algorithm that nobody knows
        plain(0x42, 1, 0x04, &[1; 8]),  // SM4 with eight bytes
        plain(0x42, 1, 0x00, &[1; 15]), // no key length
        plain(0x42, 1, 0x00, &[1; 5]),
        plain(0x02, 1, 0x00, &key), // a purchase key without levels
        plain(0x82, 1, 0x00, &key), // four levels
        plain(0x4A, 1, 0x00, &key), // a purpose that nobody knows
        plain(0x5E, 1, 0x00, &key), // one that this module has no use for
        plain(0x20, 1, 0x00, &key), // a master key with levels
    ];
    for data in &useless {
        let command = write(&mut module, data);
        let before = module.chip.clone();
        let found = module.chip.send(&command);
        let fits = [20, 28, 36].contains(&command[4]);
        assert_eq!(found.status, if fits { 0x6A80 } else { 0x6700 }, "{data:02X?}");
        assert!(module.chip.same_memory(&before), "{data:02X?}");
    }
    // Bytes that decipher to nothing.
    let command = module.secured(HEADER, &[0x99; 24]);
    module.chip.refuses(command, 0x6A80);
}

#[test]
fn a_wrong_mac_costs_a_try_and_a_right_one_gives_it_back() {
    let mut module = Module::new("psam-jtt978");
    let data = plain(0x42, 9, 0x00, &[0x44; 16]);
    let command = write(&mut module, &data);
    module.chip.send("0084000004");
    module.chip.refuses(&command, 0x6988);
    module.chip.refuses(&command, 0x6984);
    let command = spoilt(write(&mut module, &data));
    module.chip.refuses(command, 0x6988);
    let command = write(&mut module, &data);
    module.chip.says(command, "9000");
    for _ in 0..3 {
        let command = spoilt(write(&mut module, &data));
        module.chip.refuses(command, 0x6988);
    }
    let command = write(&mut module, &data);
    module.chip.refuses(command, 0x6983);
    module.chip.reset();
    module.select();
    let command = write(&mut module, &data);
    module.chip.refuses(command, 0x6983);
    // A module without tries still makes MAC1.
    let asked = Asked::any(&module);
    module.initialize(&asked);
    let mut module = Module::new("psam-jtt978");
    module.chip.ok("00A4000002 3F00");
    let command = write(&mut module, &data);
    module.chip.refuses(command, 0x6985);
}

#[test]
fn a_full_module_takes_no_more_keys_and_still_replaces() {
    let mut module = Module::new("psam-pboc");
    let mut added = 0_u32;
    let full = 'full: {
        for usage in [0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2E, 0x2F, 0x42] {
            for number in 2..=0xFF_u8 {
                let command = write(&mut module, &plain(usage, number, 0, &[usage; 16]));
                let answer = module.chip.send(command);
                if answer.status != 0x9000 {
                    break 'full answer.status;
                }
                added += 1;
            }
        }
        0
    };
    assert_eq!(full, 0x6A84);
    assert!(added > 1_000, "{added}");
    let command = write(&mut module, &plain(0x22, 2, 0, &[0x55; 16]));
    module.chip.says(command, "9000");
    let asked = Asked { version: 2, ..Asked::any(&module) };
    let made = module.initialize(&asked);
    let root = Key::double([0x55; 16]);
    assert_eq!(made.mac1, mac1(&module, Suite::TripleDes, &root, &asked, made.serial));
}

#[test]
fn a_torn_key_is_the_old_one_or_the_new_one() {
    let mut module = Module::new("psam-jtt978");
    for (data, factors) in [
        (plain(0x42, 9, 0x00, &[0x44; 16]), 2),
        (plain(0x42, 1, 0x00, &[0x45; 16]), 2),
        (plain(0x00, 3, 0x00, &[0x46; 16]), 2),
    ] {
        let command = write(&mut module, &data);
        let asked =
            Asked { factors: vec![[8; 8]; factors], version: data[1], ..Asked::any(&module) };
        let seen = |chip: &Chip| {
            let mut chip = chip.clone();
            chip.card.memory_mut().tear_at(None);
            chip.reset();
            chip.ok("00A4000002 8011");
            chip
        };
        let (before, mut whole) = (seen(&module.chip), module.chip.clone());
        let start = whole.card.memory().writes();
        whole.says(&command, "9000");
        let writes = whole.card.memory().writes() - start;
        let after = seen(&whole);
        assert!(writes > 0 && !before.same_memory(&after));
        for write in 1..=writes {
            let mut torn = module.chip.clone();
            torn.card.memory_mut().tear_at(Some(write));
            assert_eq!(torn.attempt(&command), None);
            let torn = seen(&torn);
            assert!(torn.same_memory(&before) || torn.same_memory(&after), "{write}/{writes}");
            let mut torn = torn;
            torn.send(asked.apdu());
        }
        // The master key is another one after the last.
        if data[0] != 0 {
            module.chip.says(&command, "9000");
        }
    }
}
