//! A card that was built is a purse card like those that are laid out by a profile.

use applet_spec::{KeyKind, PurseKind};
use purse::issuing::KeyWriting;

use super::common::{Init, Kind, View};
use super::{Builder, blank};

const EP: PurseKind = PurseKind::Purse;
const ED: PurseKind = PurseKind::Deposit;

#[test]
fn a_built_card_looks_like_the_family_it_was_built_for() {
    for (family, keys) in [
        ("fmcos-ep", KeyWriting::Plain),
        ("fmcos-ep", KeyWriting::Enciphered),
        ("pboc", KeyWriting::Enciphered),
    ] {
        let builder = Builder::of(family, keys);
        let mut chip = builder.built();
        let mut own = builder.bench.chip();
        let select = builder.bench.select();
        assert_eq!(chip.send(&select), own.send(&select), "{family}: FCI");
        let text = format!("{:?}", chip.send(&select));
        if family == "fmcos-ep" {
            let public = hex::encode_upper(
                builder.bench.profile.public_content(&builder.bench.profile.serial),
            );
            assert_eq!(text, format!("6F2E8409A00000000386980701A5219F0C1E{public}9000"));
        }
        // The counters are named by kinds of keys, which are fewer on a built card.
        let without_tries = |view: View| {
            let keep = |key: &String| !key.starts_with("key-tries");
            View(view.0.into_iter().filter(|(key, _)| keep(key)).collect())
        };
        let (built, laid_out) = (builder.bench.view(&chip.card), builder.bench.view(&own.card));
        assert_eq!(without_tries(built), without_tries(laid_out), "{family}");
    }
}

#[test]
fn a_built_card_tells_the_same_story_as_its_family() {
    for family in ["fmcos-ep", "pboc"] {
        let builder = Builder::of(family, KeyWriting::Enciphered);
        let bench = &builder.bench;
        let (mut chip, mut own) = (builder.built(), bench.chip());
        for chip in [&mut chip, &mut own] {
            bench.reopen(chip);
            for purse in bench.purses() {
                bench.transact(chip, Init::new(Kind::Load, purse, 1_000));
            }
            bench.transact(chip, Init::new(Kind::Purchase, EP, 250));
            bench.begun(chip, Init::new(Kind::Capp, EP, 7));
            let begun = bench.begun(chip, Init::new(Kind::Capp, EP, 8));
            chip.ok(bench.step(&begun).command);
            if family == "pboc" {
                for kind in [Kind::Purchase, Kind::Cash, Kind::Unload, Kind::Update] {
                    bench.transact(chip, Init::new(kind, ED, 100));
                }
            }
        }
        let (built, laid_out) = (bench.view(&chip.card), bench.view(&own.card));
        for (key, value) in &laid_out.0 {
            // The card's random is in the MAC of a proof, the counters are named by the keys' kinds.
            if key != "proof" && !key.starts_with("key-tries") {
                assert_eq!(built.0.get(key), Some(value), "{family}: {key}");
            }
        }
        let shown = |view: &View| view.0.keys().filter(|key| !key.starts_with("key-tries")).count();
        assert_eq!(shown(&built), shown(&laid_out));
    }
}

#[test]
fn a_load_asks_for_the_pin_because_its_key_does() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Plain);
    let mut chip = builder.built();
    chip.ok(builder.bench.select());
    chip.refuses(Init::new(Kind::Load, EP, 100).apdu(), 0x6982);
    chip.ok(Init::new(Kind::Purchase, EP, 0).apdu());
    chip.ok("0020000003 123456");
    chip.ok(Init::new(Kind::Load, EP, 100).apdu());
}

#[test]
fn log_records_go_to_the_log_that_the_purse_file_names() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Plain);
    let bench = &builder.bench;
    let mut chip = builder.built();
    bench.reopen(&mut chip);
    chip.refuses("00B201C400", 0x6A83);
    let begun = bench.transact(&mut chip, Init::new(Kind::Load, EP, 100));
    let record = [&[0x00, 0x01][..], &bench.step(&begun).log].concat();
    assert_eq!(chip.ok("00B201C400"), record);
    // Only a debit writes it.
    bench.begun(&mut chip, Init::new(Kind::Capp, EP, 1));
    chip.refuses(format!("80DC00C017 {}", "00".repeat(23)), 0x6981);
}

#[test]
fn purses_and_keys_are_not_read_and_do_not_disturb_a_reader() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Plain);
    let mut chip = builder.built();
    chip.ok(builder.bench.select());
    for command in ["00B0820000", "00B2011400"] {
        chip.refuses(command, 0x6982);
    }
    chip.ok("00A40000020000"); // the key file
    for command in ["00B0000000", "00D6000001 FF", "00B2010400"] {
        chip.refuses(command, 0x6982);
    }
    chip.refuses("00B0840000", 0x6A82);
    chip.ok("805C000204");
}

#[test]
fn the_issuer_updates_files_and_unblocks_by_the_keys_that_were_written() {
    let builder = Builder::of("fmcos-ep", KeyWriting::Enciphered);
    let bench = &builder.bench;
    let mut chip = builder.built();
    bench.reopen(&mut chip);
    let command = bench.secured(&mut chip, "04D6951C", &[0xAB, 0xCD], KeyKind::Maintenance);
    chip.ok(command);
    assert_eq!(chip.ok("00B0951C02"), [0xAB, 0xCD]);
    for _ in 0..3 {
        chip.send("0020000003 654321");
    }
    chip.refuses("0020000003 123456", 0x6983);
    let (suite, key) = bench.keys.key(KeyKind::PinUnblock, 0).unwrap();
    let pin = crypto::encipher(suite, key, &[0x12, 0x34, 0x56]);
    let command = bench.secured(&mut chip, "84240000", &pin, KeyKind::PinUnblock);
    chip.ok(command);
    chip.ok("0020000003 123456");
    let command = bench.secured(&mut chip, "841E0000", &[], KeyKind::Maintenance);
    chip.ok(command);
    chip.refuses("805C000204", 0x6985);
    let command = bench.secured(&mut chip, "84180000", &[], KeyKind::Maintenance);
    chip.ok(command);
    chip.ok("805C000204");
}

#[test]
fn a_blank_card_is_no_purse_card() {
    let mut chip = blank();
    chip.says("00A40000023F00", "6F15 840E 315041592E5359532E4444463031 A503 880101 9000");
    chip.refuses("00A4040009 A00000000386980701", 0x6A82);
    chip.refuses("805C000204", 0x6985);
    chip.refuses("00B0810000", 0x6A82);
    assert_eq!(chip.shown("locked"), "no");
    assert_eq!(chip.shown("key-tries.card-master.0"), "3");
}

#[test]
fn a_card_is_built_in_its_file_and_a_damaged_one_is_told() {
    use emulator::{Protocol, VirtualCard, VirtualCardError};
    use nvm::image::Durability;

    let builder = Builder::of("fmcos-ep", KeyWriting::Plain);
    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, card| {
        let path = folder.path().join(name);
        drop(VirtualCard::create(card, &path, Durability::Process).unwrap());
        VirtualCard::open(&path, None, Durability::Process, Protocol::T1)
    };
    let built = builder.built();
    let card = keep("whole.img", built.card.fork()).unwrap();
    let mut chip = super::common::Chip::new(card.card().fork());
    builder.bench.reopen(&mut chip);
    chip.says("805C000204", "00000000 9000");

    // The MF is at 32, how it is built behind its header of 88; then where its region goes on, and
    // where it ends.
    let site = 32 + 88;
    let spoils: [(u32, &[u8]); 3] =
        [(site + 8, &[0xFF; 3]), (site + 4, &[0x00; 4]), (32 + 49, &[0x00, 0x01])];
    for (at, bytes) in spoils {
        let mut damaged = built.card.fork();
        damaged.memory_mut().put(at, bytes).unwrap();
        let opened = keep(&format!("{at}.img"), damaged);
        assert!(matches!(opened, Err(VirtualCardError::NotACard { .. })), "{at}");
    }
}
