//! Card images of earlier versions go on as they were left.

mod common;

use applet_spec::PurseKind;
use common::{Bench, Bytes, Init, Kind};
use emulator::{Protocol, VirtualCard};
use link::{CardControl, CardTransport};
use nvm::image::Durability;

/// A pboc card of the first version that kept cards in files, made with `--seed 5 --set
/// balance=12.34 --set log=full --set pin-tries=2 --set offline-serial=0x0102`, in which the PIN was
/// then verified and a load begun.
const FIRST: &[u8] = include_bytes!("images/pboc-1.0.0.img");

#[test]
fn a_card_of_the_first_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.img");
    std::fs::write(&path, FIRST).unwrap();
    let open = || VirtualCard::open(&path, None, Durability::Process, Protocol::T1).unwrap();
    let mut card = open();
    let status = card.status().unwrap();
    let shown = |key: &str| {
        let found = status.iter().find(|(known, _)| known == key);
        found.unwrap_or_else(|| panic!("no {key}")).1.clone()
    };
    assert_eq!(shown("profile"), "pboc");
    assert_eq!((shown("ep.balance"), shown("ed.balance")), ("12.34".to_owned(), "0.00".to_owned()));
    assert_eq!(shown("ep.offline-serial"), "0x0102");
    assert_eq!(
        (shown("pin-tries"), shown("key-tries.maintenance.0")),
        ("3".to_owned(), "3".to_owned())
    );

    let bench = Bench::new("pboc");
    let mut chip = common::Chip::new(card.card().fork());
    bench.reopen(&mut chip);
    for kind in [Kind::Load, Kind::Purchase, Kind::Capp] {
        for purse in [PurseKind::Purse, PurseKind::Deposit] {
            if kind != Kind::Capp || purse == PurseKind::Purse {
                let begun = bench.begun(&mut chip, Init::new(kind, purse, 7));
                chip.ok(bench.step(&begun).command);
            }
        }
    }
    let command = bench.secured(&mut chip, "04D6951C", &[1, 2], applet_spec::KeyKind::Maintenance);
    chip.ok(command);

    // And in its file.
    card.reset().unwrap();
    card.transmit(&bench.select()).unwrap();
    card.transmit(&"0020000003 654321".wire()).unwrap();
    drop(card);
    let tries = open().status().unwrap();
    assert!(tries.contains(&("pin-tries".to_owned(), "2".to_owned())), "{tries:?}");
}
