//! Cards of every state, on both targets.

use link::{CardControl, CardTransport};
use perso::engine::{Event, LastTry, RecordState, RunError, SourceError, Stranger, WorkError};

use crate::station::Station;

pub const FMCOS: &str = "target = \"fmcos\"\nprofile = \"fmcos-ep\"\n";
const VIRTUAL: &str = "target = \"virtual\"\nprofile = ";

#[test]
fn a_blank_card_becomes_a_card_of_the_family_and_proves_its_keys() {
    let job = format!("{FMCOS}[verify]\ntransaction = \"0.01\"\n");
    let mut station = Station::new(&job, "serial,balance\n1,10.00\n2,\n");
    station.passes();
    assert_eq!(station.status(0, "ep.balance"), "10.00");
    assert_eq!(station.status(1, "ep.balance"), "0.00");
    let record = station.record(0);
    assert_eq!(record.progress.done, record.steps);
    assert_eq!(record.operator.as_deref(), Some("Zhang"));
    let proofs: Vec<(&str, Option<&str>)> =
        record.keys.iter().map(|key| (key.name.as_str(), key.proof.as_deref())).collect();
    assert_eq!(
        proofs,
        [
            ("3F00/card-master/00/01", Some("EXTERNAL AUTHENTICATE")),
            ("3F00/maintenance/00/01", None),
            ("3F01/application-master/00/01", Some("EXTERNAL AUTHENTICATE")),
            ("3F01/load/01/01", Some("MAC1 of INITIALIZE FOR LOAD")),
            ("3F01/maintenance/00/01", Some("MAC of UPDATE BINARY")),
            ("3F01/pin-reload/00/01", Some("MAC of RELOAD PIN")),
            ("3F01/pin-unblock/00/01", None),
            ("3F01/purchase/01/01", Some("MAC2 of a purchase")),
            ("3F01/tac/00/01", Some("TAC of a purchase")),
        ]
    );
    assert!(record.checks.iter().all(|check| check.fault.is_none()));
    assert_ne!(
        station.record(0).keys[0].kcv,
        station.record(1).keys[0].kcv,
        "keys are diversified"
    );
}

/// A state: a column, a value, what the card's status then says.
const STATES: &[(&str, &str, &str, &str)] = &[
    ("balance", "123.45", "ep.balance", "123.45"),
    ("online-serial", "4", "ep.online-serial", "0x0004"),
    ("offline-serial", "3", "ep.offline-serial", "0x0003"),
    ("log", "full", "ep.offline-serial", "0x000A"),
    ("pin-tries", "1", "pin-tries", "1"),
    ("pin-tries", "2", "pin-tries", "2"),
    ("locked", "temporary", "locked", "temporary"),
    ("locked", "permanent", "locked", "permanent"),
    ("locked", "card", "locked", "card"),
    ("expired", "yes", "valid-to", "20200102"),
    ("valid-from", "20300101", "valid-from", "20300101"),
    ("valid-to", "20240229", "valid-to", "20240229"),
];

#[test]
fn a_native_card_is_brought_into_every_state_that_commands_lead_to() {
    for (key, value, shown, expected) in STATES {
        // Serials and the log want money to be moved.
        let csv = match *key {
            "balance" => format!("serial,{key}\n1,{value}\n"),
            _ => format!("serial,balance,{key}\n1,10.00,{value}\n"),
        };
        let mut station = Station::new(FMCOS, &csv);
        station.passes();
        assert_eq!(station.status(0, shown), *expected, "{key} = {value}");
    }
}

#[test]
fn records_and_files_are_what_the_row_says() {
    let record = format!("012E01{}", "00".repeat(45));
    let csv = format!("serial,record.17.1,file.16.2,holder-document\n1,{record},AABB,ABC\n");
    let mut station = Station::new(FMCOS, &csv);
    station.passes();
    let card = station.card_of(0);
    card.reset().unwrap();
    let mut send =
        |text: &str| hex::encode_upper(card.transmit(&hex::decode(text).unwrap()).unwrap());
    send("00A4040009A00000000386980701");
    assert_eq!(send("00B201BC00"), format!("{record}9000"));
    assert_eq!(&send("00B0960000")[4..12], "AABB0000");
}

#[test]
fn what_only_a_virtual_card_can_be_is_refused_with_its_cell() {
    for (job, csv, said) in [
        (
            FMCOS,
            "serial,offline-serial\n1,0xFFFE\n",
            "cards.csv:2:3: offline-serial: it takes 65535 transactions, more than 64; use target = \"virtual\"",
        ),
        (
            FMCOS,
            "serial,online-serial\n1,3\n",
            "cards.csv:2:3: online-serial: 3 loads need at least 0.03",
        ),
        (
            FMCOS,
            "serial,balance,online-serial\n1,1.00,0\n",
            "cards.csv:2:8: online-serial: 1.00 is loaded online, at least once",
        ),
        (FMCOS, "serial,balance,log\n1,1.00,empty\n", "cards.csv:2:8: log: the balance is loaded"),
        (
            FMCOS,
            "serial,offline-serial,log\n1,2,full\n",
            "the log takes 10 transactions to be full",
        ),
        (FMCOS, "serial,overdraft-limit\n1,1.00\n", "overdraft-limit"),
        (FMCOS, "serial,wrong-macs\n1,2\n", "cards.csv:2:3: wrong-macs: wrong MACs are not sent"),
        (FMCOS, "serial,key-tries.maintenance.0\n1,2\n", "wrong tries of a key are not given"),
        (FMCOS, "serial,city\n1,2900\n", "no city code is known"),
        (
            "target = \"fmcos\"\nprofile = \"jtt978\"\n",
            "serial\n1\n",
            "job.toml:4:11: profile: fmcos-blank 1.0.0 cannot become a card of jtt978 1.0.0",
        ),
        (
            "target = \"fmcos\"\nprofile = \"nothing\"\n",
            "serial\n1\n",
            "no built-in profile has this name",
        ),
    ] {
        let found = Station::try_new(job, csv).err().unwrap_or_else(|| panic!("{csv} is taken"));
        assert!(found.contains(said), "{csv}\nsaid {found}\nnot  {said}");
    }
}

#[test]
fn a_virtual_card_is_brought_into_every_state() {
    for profile in ["pboc", "jtt978", "cjt166", "jtt978-sm4", "pboc-sm4"] {
        let job = format!("{VIRTUAL}\"{profile}\"\n");
        let mut station = Station::new(
            &job,
            "serial,balance,online-serial,offline-serial,log,expired,pin-tries,locked\n\
             1,10.00,0xFFFF,0xFFFE,,,,\n2,,,,full,yes,,\n3,,,,,,1,temporary\n4,,,,empty,,0,no\n",
        );
        station.passes();
        assert_eq!(station.status(0, "ep.online-serial"), "0xFFFF", "{profile}");
        assert_eq!(station.status(1, "valid-to"), "20200102", "{profile}");
        assert_eq!(station.status(2, "locked"), "temporary", "{profile}");
        assert_eq!(station.status(3, "pin-tries"), "0", "{profile}");
        let proved = |number: usize| {
            station.record(number).keys.iter().filter(|key| key.proof.is_some()).count()
        };
        // At the last serial no load begins, and proves no key; another purse may prove it.
        assert!(proved(3) >= proved(0) && proved(0) >= 4, "{profile}: {} {}", proved(3), proved(0));
        assert!(profile != "jtt978" || proved(3) > proved(0));
    }
}

#[test]
fn key_versions_of_the_job_are_on_the_card() {
    let job = format!("{FMCOS}[keys]\nversion = 7\nversions = {{ purchase = 0x41 }}\n");
    let mut station = Station::new(&job, "serial\n1\n");
    station.passes();
    let names: Vec<&str> = station.record(0).keys.iter().map(|key| key.name.as_str()).collect();
    assert!(
        names.contains(&"3F01/purchase/01/41") && names.contains(&"3F01/load/01/07"),
        "{names:?}"
    );
}

#[test]
fn a_lab_card_is_erased_and_used_again() {
    let mut first = Station::new(FMCOS, "serial,balance,locked\n1,10.00,temporary\n2,5.00,\n");
    first.passes();
    for (policy, taken) in [("refuse", false), ("erase", true)] {
        let job = format!("{FMCOS}on-used = \"{policy}\"\n");
        let mut second = Station::new(&job, "serial,balance\n77,1.00\n");
        let used = first.card_of(1).card().fork();
        second.reader.cards.push(emulator::VirtualCard::volatile(used));
        second.reader.stack.push(0);
        second.passes();
        let told = second.record(0).card.as_ref().and_then(|card| card.uid.clone());
        assert_eq!(told.as_deref() == Some("0000"), taken, "{policy}");
        let refused = |event: &Event| matches!(event, Event::Turned { why: Stranger::Used(_) });
        assert_eq!(second.events.iter().any(refused), !taken, "{policy}");
    }
}

#[test]
fn a_card_of_other_keys_is_not_tried_to_its_last_try() {
    let other = include_str!("../../../applet-spec/profiles/fmcos-ep.toml");
    let other = other
        .replace("pursekit lab fmcos-ep", "another lab")
        .replace("name = \"fmcos-ep\"", "name = \"fmcos-other\"");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    std::fs::write(&path, other).unwrap();
    let job = format!("target = \"fmcos\"\nprofile = \"{}\"\n", path.display());
    let mut theirs = Station::new(&job, "serial\n5\n");
    theirs.passes();
    let job = format!("{FMCOS}on-used = \"erase\"\n");
    let mut ours = Station::new(&job, "serial\n1\n");
    let used = theirs.card_of(0).card().fork();
    ours.reader.cards.push(emulator::VirtualCard::volatile(used));
    ours.reader.stack = vec![0, 0, 0];
    ours.passes();
    // Its own key by our masters, and the key of a blank card: two tries, and the third is kept.
    let tries = |station: &mut Station| {
        let status = station.reader.cards[0].status().unwrap();
        let key = "3F00.key-tries.card-master.0";
        status
            .into_iter()
            .find(|(known, _)| known.ends_with("key-tries.card-master.0"))
            .unwrap_or_else(|| panic!("no {key}"))
            .1
    };
    assert_eq!(tries(&mut ours), "1");
    let kept = |event: &&Event| matches!(event, Event::Turned { why: Stranger::LastTry(_) });
    assert_eq!(ours.events.iter().filter(kept).count(), 2, "{:#?}", ours.events);
    // Somebody says that it may be spent.
    ours.last_try = LastTry::Spend;
    ours.retry_rejected = true;
    ours.reader.stack = vec![0];
    ours.book.records.clear();
    ours.run().unwrap();
    assert_eq!(tries(&mut ours), "0");
}

#[test]
fn the_last_pin_try_is_spent_only_where_somebody_says_so() {
    let mut station = Station::new(FMCOS, "serial,pin-tries\n1,0\n");
    station.run().unwrap();
    assert_eq!(station.record(0).state, RecordState::Rejected);
    assert_eq!(station.status(0, "pin-tries"), "1");
    station.last_try = LastTry::Spend;
    station.retry_rejected = true;
    station.reader.stack = vec![0];
    station.passes();
    assert_eq!(station.status(0, "pin-tries"), "0");
}

#[test]
fn a_virtual_card_is_not_made_over_one_that_came_there_in_between() {
    let mut station = Station::new(&format!("{VIRTUAL}\"jtt978\"\n"), "serial\n1\n");
    station.reader.pressed.insert(0);
    for _ in 0..2 {
        let ended = station.run().expect_err("another card is there");
        assert!(matches!(ended, RunError::Work(WorkError::Source(SourceError::Occupied(_)))));
        // Nothing was begun: the next run must not take the other card for its own leftover.
        assert_eq!(station.book.records.len(), 0);
        station.reader.stack = vec![0];
    }
    station.reader.pressed.clear();
    station.passes();
}
