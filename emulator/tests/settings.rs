//! Every value of a card that a tester can set: what is accepted, what it does, what is refused.

mod common;

use common::{Bench, Bytes, Chip};
use emulator::VirtualCard;
use link::{CardControl, CardTransport, ControlError};
use purse::setting::SETTINGS;

/// A setting of the table: its key there, and examples on a `pboc` card.
struct Example {
    key: &'static str,
    /// Key, value, a command, what it answers then.
    good: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Key and value.
    bad: &'static [(&'static str, &'static str)],
}

const PURCHASE: &str = "8050 0102 0B 01 00000000 000000000000 0F";
const ED_LOAD: &str = "8050 0001 0B 01 00000000 000000000000 10";

const EXAMPLES: &[Example] = &[
    Example {
        key: "balance",
        good: &[
            ("balance", "10.00", "805C000204", "000003E8 9000"),
            ("balance", "1fen", "805C000204", "00000001 9000"),
            ("ep.balance", "42949672.95", "805C000204", "FFFFFFFF 9000"),
            ("ed.balance", "0.05", "805C000104", "00000005 9000"),
        ],
        bad: &[
            ("balance", "10"),
            ("balance", "42949672.96"),
            ("balance", "-1.00"),
            ("ed.balance", ""),
            ("ep.balance", "1.0"),
        ],
    },
    Example {
        key: "overdraft-limit",
        good: &[(
            "ed.overdraft-limit",
            "167772.15",
            "8050 0401 07 01 000000000000 13",
            "00000000 0000 FFFFFF",
        )],
        bad: &[("overdraft-limit", "167772.16"), ("overdraft-limit", "much")],
    },
    Example {
        key: "offline-serial",
        good: &[
            ("offline-serial", "258", PURCHASE, "00000000 0102"),
            ("ep.offline-serial", "0xFFFE", PURCHASE, "00000000 FFFE"),
        ],
        bad: &[("offline-serial", "65536"), ("offline-serial", "0x"), ("offline-serial", "-1")],
    },
    Example {
        key: "online-serial",
        good: &[("ed.online-serial", "0x00AB", ED_LOAD, "00000000 00AB")],
        bad: &[("online-serial", "70000"), ("ed.online-serial", "FF")],
    },
    Example {
        key: "locked",
        good: &[
            ("locked", "temporary", "805C000204", "6985"),
            ("locked", "permanent", "805C000204", "9303"),
            ("locked", "card", "00A40000", "6A81"),
            ("locked", "no", "805C000204", "00000000 9000"),
        ],
        bad: &[("locked", "yes"), ("locked", "")],
    },
    Example {
        key: "expired",
        good: &[
            ("expired", "yes", "00B0951408", "20200101 20200102 9000"),
            ("expired", "no", "00B0951408", "20200101 20991231 9000"),
        ],
        bad: &[("expired", "maybe")],
    },
    Example {
        key: "valid-from",
        good: &[("valid-from", "20300405", "00B0951404", "20300405 9000")],
        bad: &[("valid-from", "2030-04-05"), ("valid-from", "203004"), ("valid-from", "2030040A")],
    },
    Example {
        key: "valid-to",
        good: &[("valid-to", "20300405", "00B0951804", "20300405 9000")],
        bad: &[("valid-to", "never"), ("valid-to", "203004050")],
    },
    Example {
        key: "pin-tries",
        good: &[
            ("pin-tries", "1", "0020000003 654321", "63C0"),
            ("pin-tries", "0", "0020000003 123456", "6983"),
            ("pin-tries", "15", "0020000003 654321", "63CE"),
        ],
        bad: &[("pin-tries", "16"), ("pin-tries", "many")],
    },
    Example {
        key: "key-tries.KIND.INDEX",
        good: &[
            ("key-tries.external-authentication.1", "0", "0082000108 0000000000000000", "6983"),
            ("key-tries.external-authentication.1", "2", "0082000108 0000000000000000", "63C1"),
        ],
        bad: &[
            ("key-tries.maintenance.0", "16"),
            ("key-tries.maintenance.7", "1"),
            ("key-tries.door.1", "1"),
        ],
    },
    Example {
        key: "wrong-macs",
        good: &[("wrong-macs", "2", "805C000204", "00000000 9000")],
        bad: &[("wrong-macs", "256")],
    },
    Example {
        key: "log",
        good: &[
            (
                "log",
                "full",
                "00B20AC417",
                "0001 000000 00000001 06 000000000001 20200101 120000 9000",
            ),
            ("log", "empty", "00B201C417", "6A83"),
        ],
        bad: &[("log", "half")],
    },
    // The next two are of PSAMs, whose own tests set them.
    Example {
        key: "terminal",
        good: &[],
        bad: &[
            ("terminal", "0110000000"),
            ("terminal", "01100000000G"),
            ("terminal", "011000000001"),
        ],
    },
    Example {
        key: "terminal-serial",
        good: &[],
        bad: &[("terminal-serial", "4294967296"), ("terminal-serial", "1")],
    },
    Example {
        key: "record.SFI.N",
        good: &[
            ("record.17.1", "01 03 00 AB CD", "00B201BC00", "010300ABCD 9000"),
            ("record.17.4", "07020001", "00B204BC00", "07020001 9000"),
            (
                "record.18.1",
                "0001000000000000010600000000000120260101120000",
                "00B201C400",
                "0001000000000000010600000000000120260101120000 9000",
            ),
        ],
        bad: &[
            ("record.17.5", "0102"),
            ("record.17.0", "0102"),
            ("record.17.x", "0102"),
            ("record.1A.1", "0102"),
            ("record.15.1", "0102"),
            ("record.18.1", "0102"),
            ("record.zz.1", "00"),
            ("record.17.1", "0G"),
        ],
    },
    Example {
        key: "file.SFI",
        good: &[("file.16", "AABB", "00B0960003", "AABB00 9000")],
        bad: &[("file.18", "AA"), ("file.05", "AA"), ("file.16", "A")],
    },
    Example {
        key: "file.SFI.OFFSET",
        good: &[
            ("file.16.54", "EE", "00B0963501", "00 9000"),
            ("file.16.54", "EE", "00B0963601", "EE 9000"),
        ],
        bad: &[
            ("file.16.54", "EEEE"),
            ("file.16.99", "EE"),
            ("file.16.x", "EE"),
            ("file.16.", "EE"),
        ],
    },
];

/// What a card says to a command once the application is selected, the PIN verified where it can be,
/// and a challenge taken where one is needed.
fn asked(card: &VirtualCard, bench: &Bench, command: &str) -> Vec<u8> {
    let mut chip = Chip { card: card.card().fork() };
    chip.card.memory_mut().tear_at(None);
    chip.reset();
    chip.send(bench.select());
    if !command.starts_with("0020") {
        chip.send("0020000003 123456");
    }
    if command.starts_with("0082") {
        chip.send("0084000008");
    }
    let answer = chip.send(command);
    [&answer.data[..], &answer.status.to_be_bytes()].concat()
}

#[test]
fn the_table_is_covered_by_examples() {
    let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    let shown: Vec<&str> = EXAMPLES.iter().map(|example| example.key).collect();
    assert_eq!(known, shown);
    assert!(SETTINGS.iter().all(|setting| !setting.help.is_empty() && !setting.value.is_empty()));
}

#[test]
fn a_good_value_is_set_with_and_without_power() {
    let bench = Bench::new("pboc");
    for (key, value, command, expected) in EXAMPLES.iter().flat_map(|example| example.good) {
        for powered in [false, true] {
            let mut card = VirtualCard::volatile(bench.card());
            if powered {
                card.reset().expect("ATR");
            }
            card.set(key, value).unwrap_or_else(|error| panic!("{key} = {value}: {error}"));
            assert_eq!(card.card().powered(), powered);
            let answer = asked(&card, &bench, command);
            assert!(answer.starts_with(&expected.wire()), "{key} = {value}: {answer:02X?}");
        }
    }
}

#[test]
fn a_bad_value_is_refused_by_its_key_and_changes_nothing() {
    let bench = Bench::new("pboc");
    for (key, value) in EXAMPLES.iter().flat_map(|example| example.bad) {
        for powered in [false, true] {
            let mut card = VirtualCard::volatile(bench.card());
            if powered {
                card.reset().expect("ATR");
            }
            let before = card.card().memory().fork();
            let refused = card.set(key, value).expect_err(key);
            let ControlError::Value(text) = refused else { panic!("{key}: {refused:?}") };
            assert!(text.contains(key), "{key}: {text}");
            assert!(card.card().memory().same_contents(&before), "{key} = {value}");
        }
    }
}

#[test]
fn an_unknown_key_is_told_which_there_are() {
    let bench = Bench::new("jtt978");
    let mut card = bench.inserted();
    for key in ["", "colour", "ed", "balance.x", "key-tries.maintenance", "record.17", "file"] {
        let refused = card.set(key, "1").expect_err(key).to_string();
        assert!(refused.contains("overdraft-limit") || refused.contains("no "), "{key}: {refused}");
    }
    let absent = card.set("ed.balance", "1.00").expect_err("no ED").to_string();
    assert!(absent.contains("ed.balance"), "{absent}");
}

#[test]
fn what_is_set_in_the_middle_of_a_transaction_is_what_the_next_step_finds() {
    let bench = Bench::new("jtt978");
    let mut chip = bench.rich(1_000);
    let purchase = common::Init::new(common::Kind::Purchase, applet_spec::PurseKind::Purse, 500);
    let begun = bench.begin(&mut chip, purchase).expect("begins");
    chip.set("balance", "4.99");
    chip.refuses(&bench.step(&begun).command, 0x9401);
    assert_eq!(chip.ok("805C000204"), 499_u32.to_be_bytes());
}

#[test]
fn settings_outlive_power_and_land_in_the_state_file() {
    let bench = Bench::new("cjt166");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("card.img");
    let durability = nvm::image::Durability::Process;
    let mut card = VirtualCard::create(bench.card(), &path, durability).expect("file");
    card.set("balance", "3.21").expect("set");
    card.set("pin-tries", "1").expect("set");
    drop(card);
    let opened = VirtualCard::open(&path, None, durability, emulator::Protocol::T1);
    let mut card = opened.expect("the card");
    let status = card.status().expect("status");
    for pair in [("ep.balance", "3.21"), ("pin-tries", "1"), ("powered", "no")] {
        assert!(status.contains(&(pair.0.to_owned(), pair.1.to_owned())), "{pair:?}");
    }
}

#[test]
fn a_set_that_is_torn_is_done_or_not_done() {
    let bench = Bench::new("pboc");
    let fresh = bench.inserted();
    for write in 1..40 {
        let mut card = VirtualCard::volatile(fresh.card().fork());
        card.tear(write).expect("tear");
        let done = card.set("log", "full").is_ok();
        card.reset().expect("ATR");
        let answer = asked(&card, &bench, "00B201C417");
        if done {
            assert_eq!(answer.len(), 25);
            return;
        }
        assert_eq!(answer, [0x6A, 0x83], "torn at write {write}");
    }
    panic!("never done");
}
