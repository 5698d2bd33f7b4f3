//! The terminal transaction serial: what it is, when it goes on, and that it outlives everything.

use std::collections::BTreeSet;

use emulator::VirtualCard;
use link::{CardControl, CardTransport};

use crate::common::{Bytes, Chip, spoilt};
use crate::module::{Asked, Module, credit};

const AFTER: &str = "[psam]\nserial-advances = \"after-8072\"\n";

#[test]
fn every_mac1_has_a_serial_of_its_own_and_it_outlives_reset_and_selection() {
    let mut module = Module::new("psam-jtt978");
    let asked = Asked::any(&module);
    for expected in 1..10_u32 {
        assert_eq!(module.next_serial(), expected);
        assert_eq!(module.initialize(&asked).serial, expected.to_be_bytes());
        assert_eq!(module.chip.ok("00B0980004"), (expected + 1).to_be_bytes());
        match expected % 3 {
            0 => module.chip.reset(),
            1 => module.select(),
            _ => {}
        }
        module.select();
    }
}

#[test]
fn after_8072_the_serial_goes_on_with_a_right_mac2_only() {
    for name in ["psam-jtt978", "psam-pboc", "psam-jtt978-sm4"] {
        let mut module = Module::with(name, AFTER);
        let asked = Asked::any(&module);
        for expected in 1..6_u32 {
            let made = module.initialize(&asked);
            assert_eq!(made.serial, expected.to_be_bytes());
            assert_eq!(module.initialize(&asked), made, "not yet used up");
            let mac2 = module.mac2(&asked, made);
            module.chip.refuses(spoilt(credit(&mac2)), 0x9302);
            module.chip.reset();
            module.select();
            assert_eq!(module.next_serial(), expected);
            assert_eq!(module.initialize(&asked), made);
            module.chip.says(credit(&mac2), "9000");
            assert_eq!(module.next_serial(), expected + 1);
            module.chip.reset();
            module.select();
        }
    }
}

#[test]
fn at_its_maximum_there_is_no_more_mac1() {
    for changes in ["", AFTER] {
        let mut module = Module::with("psam-cjt166", changes);
        let asked = Asked::any(&module);
        module.chip.set("terminal-serial", "0xFFFFFFFE");
        let made = module.initialize(&asked);
        assert_eq!(made.serial, [0xFF, 0xFF, 0xFF, 0xFE]);
        let mac2 = module.mac2(&asked, made);
        module.chip.says(credit(&mac2), "9000");
        let before = module.chip.clone();
        for _ in 0..3 {
            module.chip.refuses(asked.apdu(), 0x9402);
            module.chip.refuses(credit(&mac2), 0x6901);
        }
        assert!(module.chip.same_memory(&before));
    }
    let mut wraps = Module::with("psam-cjt166", "[rules]\ncounter-stops = false\n");
    wraps.chip.set("terminal-serial", "0xFFFFFFFF");
    let asked = Asked::any(&wraps);
    assert_eq!(wraps.initialize(&asked).serial, [0xFF; 4]);
    assert_eq!(wraps.initialize(&asked).serial, [0; 4]);
}

/// Power is lost at every write of the command; what the serial is then.
fn torn(chip: &Chip, command: &[u8]) -> Vec<u32> {
    let mut whole = chip.clone();
    let start = whole.card.memory().writes();
    whole.send(command);
    let writes = whole.card.memory().writes() - start;
    assert!(writes > 0, "nothing is written");
    let serial_after = |mut chip: Chip| {
        chip.card.memory_mut().tear_at(None);
        chip.reset();
        let shown = chip.shown("terminal-serial");
        u32::from_str_radix(&shown[2..], 16).unwrap()
    };
    let mut serials = Vec::new();
    for write in 1..=writes {
        let mut chip = chip.clone();
        chip.card.memory_mut().tear_at(Some(write));
        assert_eq!(chip.attempt(command), None, "no answer where power was lost");
        serials.push(serial_after(chip));
    }
    // Power lost at the write that never comes: the command was done.
    let mut chip = chip.clone();
    chip.card.memory_mut().tear_at(Some(writes + 1));
    assert!(chip.attempt(command).is_some());
    serials.push(serial_after(chip));
    serials
}

#[test]
fn the_serial_is_used_up_in_the_memory_before_mac1_leaves() {
    for name in ["psam-jtt978", "psam-pboc", "psam-cjt166", "psam-jtt978-sm4"] {
        let mut module = Module::new(name);
        let asked = Asked::any(&module);
        for _ in 0..3 {
            let before = module.next_serial();
            let serials = torn(&module.chip, &asked.apdu());
            let (last, lost) = serials.split_last().unwrap();
            assert_eq!(*last, before + 1, "who has the answer has used the serial up");
            assert!(lost.iter().all(|serial| *serial == before || *serial == before + 1));
            module.initialize(&asked);
        }
    }
}

#[test]
fn a_torn_confirmation_leaves_the_serial_before_or_after() {
    let mut module = Module::with("psam-jtt978", AFTER);
    let asked = Asked::any(&module);
    let made = module.initialize(&asked);
    let mac2 = module.mac2(&asked, made);
    let serials = torn(&module.chip, &credit(&mac2));
    let (last, lost) = serials.split_last().unwrap();
    assert_eq!(*last, 2);
    assert!(lost.iter().all(|serial| (1..=2).contains(serial)));
}

#[test]
fn no_serial_comes_twice_whatever_tears_or_gets_lost() {
    let module = Module::new("psam-jtt978");
    let asked = Asked::any(&module);
    let mut card = VirtualCard::volatile(module.card().fork());
    let mut given = BTreeSet::new();
    let select = "00A4000002 8011".wire();
    card.reset().unwrap();
    for round in 0..60_u64 {
        if round % 4 == 3 {
            card.tear(1 + round % 5).unwrap();
        }
        let ok = |answer: &[u8]| answer.ends_with(&[0x90, 0x00]);
        let selected = card.transmit(&select);
        let answer = selected.and_then(|_| card.transmit(&asked.apdu()));
        match answer {
            Ok(answer) => {
                assert!(ok(&answer));
                assert!(given.insert(answer[..4].to_vec()), "serial given twice");
            }
            Err(_) => while card.reset().is_err() {},
        }
        if round % 7 == 0 {
            card.reset().unwrap();
        }
    }
    assert!(given.len() > 30, "{}", given.len());
}

#[test]
fn the_serial_may_be_hidden_from_terminals() {
    let hidden = "[[directory]]\nfid = 0x8011\n[[directory.file]]\nsfi = 0x18\nread = \"never\"\n";
    let mut module = Module::with("psam-jtt978", hidden);
    module.chip.refuses("00B0980004", 0x6A82);
    let asked = Asked::any(&module);
    module.initialize(&asked);
    assert_eq!(module.next_serial(), 2);
    // It may be kept in another file.
    let moved = "[psam]\nserial-file = 0x19\n[[directory]]\nfid = 0x8011\n[[directory.file]]\n\
                 sfi = 0x19\ntitle = \"serial\"\ntitle-zh = \"序号\"\nkind = \"binary\"\nsize = 4\n\
                 content = \"00000042\"\n";
    let mut module = Module::with("psam-jtt978", moved);
    assert_eq!(module.initialize(&asked).serial, [0, 0, 0, 0x42]);
    assert_eq!(module.chip.ok("00B0980004"), [0, 0, 0, 1]);
    assert_eq!(module.chip.ok("00B0990004"), [0, 0, 0, 0x43]);
}
