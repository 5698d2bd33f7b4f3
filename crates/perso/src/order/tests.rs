use std::path::Path;

use applet_spec::Profile;
use purse::setting::Lock;

use super::*;
use crate::cards::of_text;

const MOMENT: (Date, Time) = (Date([0x20, 0x26, 0x11, 0x25]), Time([0x08, 0x30, 0x00]));

fn job(profile: &str) -> Job {
    let text = format!(
        "name = \"lab\"\ntarget = \"virtual\"\nprofile = \"{profile}\"\ncards = \"cards.csv\"\n"
    );
    Job::parse(text.as_bytes(), Path::new("job.toml")).unwrap_or_else(|e| panic!("{e}"))
}

fn settled(profile: &str, csv: &str) -> Result<CardOrder, String> {
    let job = job(profile);
    let rows = of_text(&job, csv).unwrap_or_else(|e| panic!("{e}"));
    settle(&job, &Profile::find(profile).expect("built in"), &rows[0], MOMENT)
        .map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn record(order: &CardOrder, sfi: u8, number: usize) -> String {
    let file = order.profile.application().and_then(|d| d.file(sfi)).expect("a file");
    hex::encode_upper(file.content[number - 1].fill(&order.serial.0, &order.public()))
}

#[test]
fn file_15_says_what_was_asked_for_and_the_keys_follow_it() {
    let order =
        settled("jtt978", "serial,city,valid-from,expired\n9999000000000042,2900,20240229,yes\n")
            .expect("an order");
    let public = hex::encode_upper(order.public());
    assert_eq!(
        public,
        "01012900FFFFFFFF020103109999000000000042202402292020010200".to_owned() + "00"
    );
    let issuer: [u8; 8] = [0x01, 0x01, 0x29, 0x00, 0xFF, 0xFF, 0xFF, 0xFF];
    assert_eq!(order.factors(), [issuer, order.serial.0]);
}

#[test]
fn an_open_trip_is_what_the_gate_leaves_behind() {
    let order = settled("jtt978", "serial,trip,city\n1,open,2900\n").expect("an order");
    let metro = record(&order, 0x1A, 1);
    assert_eq!(metro.len(), 256);
    assert!(metro.starts_with("27017D010100"), "{metro}");
    assert_eq!(&metro[28..30], "01", "in");
    assert_eq!(&metro[30..34], "2900", "entry city");
    assert_eq!(&metro[134..148], "20261125083000", "entry time");
    let trip = record(&order, 0x1E, 1);
    assert!(trip.starts_with("030000000000000001"), "{trip}");
    assert_eq!(&trip[50..64], "20261125083000");
    let order = settled("cjt166", "serial,trip\n1,open\n").expect("an order");
    let file = order.profile.application().and_then(|d| d.file(0x17)).expect("file 17");
    let opened = (1..=file.content.len()).map(|n| record(&order, 0x17, n));
    assert!(opened.into_iter().any(|r| r.starts_with("092E") && &r[8..10] == "01"));
}

#[test]
fn the_holder_is_written_in_gbk() {
    let order = settled(
        "pboc",
        "serial,holder-name,holder-document,holder-document-kind,holder-staff\n1,张三,110101199001011234,05,yes\n",
    )
    .expect("an order");
    let file = order.profile.application().and_then(|d| d.file(0x16)).expect("file 16");
    let content = hex::encode_upper(file.content[0].fill(&order.serial.0, &[]));
    assert!(content.starts_with("0001D5C5C8FD00"), "{content}");
    assert_eq!(&content[44..80], hex::encode("110101199001011234"));
    assert_eq!(&content[108..], "05");
}

#[test]
fn states_beyond_the_contents_are_kept_typed() {
    let order = settled(
        "pboc",
        "serial,balance,ed.balance,ep.offline-serial,locked,pin-tries,log,key-tries.maintenance.0\n\
         1,10.00,5.00,3,temporary,1,full,2\n",
    )
    .expect("an order");
    let state = &order.state;
    let (ep, ed) = (&state.purses[0], &state.purses[1]);
    assert_eq!(
        (ep.kind, ep.balance, ep.offline),
        (PurseKind::Purse, Some(purse::Amount(1000)), Some(3))
    );
    assert_eq!((ed.kind, ed.balance), (PurseKind::Deposit, Some(purse::Amount(500))));
    assert_eq!((state.lock, state.pin_tries), (Some(Lock::Temporary), Some(1)));
    assert_eq!(state.key_tries.len(), 1);
    assert!(state.spoiled_by_transactions());
    assert_eq!(state.wishes.len(), 7);
}

#[test]
fn what_the_card_has_no_place_for_is_told_by_its_cell() {
    for (profile, csv, said) in [
        (
            "jtt978",
            "serial,ed.balance\n1,1.00\n",
            "cards.csv:2:3: ed.balance: jtt978 has no such purse",
        ),
        (
            "pboc",
            "serial,city\n1,2900\n",
            "cards.csv:2:3: city: no city code is known in file 15 of pboc",
        ),
        ("pboc", "serial,trip\n1,open\n", "cards.csv:2:3: trip: no flow is known"),
        ("cjt166", "serial,holder-name\n1,x\n", "no layout is known of the holder file of cjt166"),
        (
            "pboc",
            "serial,holder-name\n1,abcdefghijklmnopqrstu\n",
            "takes 21 bytes in GBK, there are 20",
        ),
        ("pboc", "serial,holder-name\n1,😀\n", "a character that GBK does not have"),
        ("pboc", "serial,pin-tries\n1,9\n", "its PIN has 3 tries; write 0 to 3"),
        ("pboc", "serial,key-tries.load.1\n1,1\n", "pboc has no key load 1 whose tries it counts"),
        ("pboc", "serial,file.16.54\n1,AABB\n", "it reaches to byte 56 of a file of 55"),
        ("pboc", "serial,file.18\n1,AA\n", "file 18 has records; write a column record.18.N"),
        ("pboc", "serial,record.17.5\n1,AA\n", "file 17 has 3 of 8 records"),
        ("pboc", "serial,record.18.1\n1,AA\n", "1 bytes, the records have 23"),
        ("pboc", "serial,record.15.1\n1,AA\n", "file 15 is binary"),
        ("pboc", "serial,file.05\n1,AA\n", "pboc has no file 05"),
    ] {
        let found = settled(profile, csv).expect_err(csv);
        assert!(found.contains(said), "{csv}\nsaid {found}\nnot  {said}");
    }
}
