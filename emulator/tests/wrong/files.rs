//! Files of wrong cards, cards of several, and how they show that they are wrong.

use std::sync::Arc;

use applet_spec::Profile;
use emulator::wrong::{self, Wrong, WrongCard, WrongError};
use emulator::{CardMaker, Protocol, VirtualCard};
use link::{CardControl, CardTransport};
use nvm::image::Durability;

use crate::scratch;

const GOOD: &str = "name = \"mine\"\ntitle = \"It is wrong.\"\ntitle-zh = \"错误。\"\n\
                    rule = \"purchase.mac2\"\nprofiles = [\"pboc\"]\n";

fn built_in(name: &str) -> Arc<Profile> {
    Profile::built_in(name).unwrap().clone()
}

fn right_card(profile: &str) -> VirtualCard {
    VirtualCard::volatile(CardMaker::new(built_in(profile)).unwrap().lab_card(1).unwrap())
}

fn named(names: &[&str]) -> Wrong {
    Wrong::of(names.iter().map(|name| wrong::find(name).unwrap()).collect())
}

#[test]
fn the_files_of_the_shelf_are_named_for_their_cards_and_all_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/wrong-cards");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|file| file.extension() == Some("toml".as_ref())).collect();
    assert!(files.len() >= 60);
    assert_eq!(files.len(), wrong::shelf().len());
    for path in files {
        let card = WrongCard::read(&path).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(card.name.as_str()));
        assert!(card.seen_as.is_some() && card.seen_as_zh.is_some(), "{}", card.name);
        for profile in &card.profiles {
            Wrong::of(vec![Arc::new(card.clone())]).profile(&built_in(profile)).unwrap();
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_line_and_mend() {
    for (text, place, told) in [
        (GOOD.to_owned(), "mine.toml:1:1", "nothing is wrong with this card"),
        (format!("{GOOD}deviation = \"mac2-feild\"\n"), "mine.toml:6:13", "\"mac2-field\""),
        (format!("{GOOD}deviaton = \"mac2-field\"\n"), "mine.toml:6:1", "\"deviation\""),
        (GOOD.replace("\"mine\"", "\"My card\""), "mine.toml:1:8", "small letters"),
        (GOOD.replace("purchase.mac2", "mac2"), "mine.toml:4:8", "dot between"),
        (GOOD.replace("[\"pboc\"]", "[]"), "mine.toml:5:12", "list the profiles"),
    ] {
        let error = WrongCard::parse(&text, "mine.toml").unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(told), "{text}: {error}");
    }
}

#[test]
fn a_change_that_leads_to_no_profile_is_told_at_its_line() {
    let text = format!("{GOOD}[profile.rules]\nlog-seral = \"before\"\n");
    let card = WrongCard::parse(&text, "mine.toml").unwrap();
    let error = Wrong::of(vec![Arc::new(card)]).profile(&built_in("pboc")).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("mine.toml:7:1: rules.log-seral: unknown key"), "{error}");
    assert!(error.contains("\"log-serial\""), "{error}");
}

#[test]
fn an_unknown_name_is_told_with_the_one_that_was_meant() {
    let unknown = wrong::find("mac2-feild").unwrap_err();
    assert!(
        matches!(unknown, WrongError::Unknown { near: Some(ref near), .. } if near == "mac2-field")
    );
}

#[test]
fn a_card_of_another_family_is_refused_with_those_that_it_is_of() {
    let error = named(&["code-ignored"]).profile(&built_in("jtt978")).unwrap_err();
    assert!(error.to_string().contains("is a wrong card of cjt166"), "{error}");
}

#[test]
fn several_wrong_cards_make_one_that_is_wrong_in_several_ways() {
    let wrong = named(&["balance-high-bit", "blocked-select-ok", "log-serial-before"]);
    let acts_by = wrong.profile(&built_in("jtt978")).unwrap();
    assert_eq!(acts_by.rules.log_serial, applet_spec::SerialMoment::Before);
    assert!(acts_by.rules.status.fci_when_blocked);
    let mut card = right_card("jtt978");
    card.go_wrong(wrong).unwrap();
    card.reset().unwrap();
    card.transmit(&hex::decode("00A4040008A000000632010105").unwrap()).unwrap();
    let balance = card.transmit(&hex::decode("805C000204").unwrap()).unwrap();
    assert_eq!(hex::encode_upper(balance), "800000009000");
}

#[test]
fn a_wrong_card_shows_that_it_is_one() {
    let mut card = right_card("jtt978");
    assert!(!card.status().unwrap().iter().any(|(key, _)| key == "wrong"));
    card.go_wrong(named(&["mac2-field", "serial-stays"])).unwrap();
    let status = card.status().unwrap();
    assert!(status.contains(&("wrong".to_owned(), "mac2-field, serial-stays".to_owned())));
    assert!(card.describe().ends_with("jtt978 1.0.0, wrong on purpose: mac2-field, serial-stays"));
    // It says to be what it should be.
    assert_eq!(card.card().system().profile.name, "jtt978");
}

#[test]
fn an_image_keeps_nothing_of_it() {
    let path = scratch("wrong-card.img");
    let _ = std::fs::remove_file(&path);
    let card = CardMaker::new(built_in("jtt978")).unwrap().lab_card(1).unwrap();
    let mut card = VirtualCard::create(card, &path, Durability::Process).unwrap();
    card.go_wrong(named(&["log-serial-before", "mac2-field"])).unwrap();
    card.reset().unwrap();
    drop(card);
    let card = VirtualCard::open(&path, None, Durability::Process, Protocol::T1).unwrap();
    assert!(card.card().system().wrongness().is_right());
    assert_eq!(card.card().system().profile.text, built_in("jtt978").text);
}

#[test]
fn a_card_that_is_made_cannot_be_wrong_from_its_making() {
    let mut card = right_card("cjt166");
    for name in ["factors-swapped", "log-city-ignored"] {
        let error = card.go_wrong(named(&[name])).unwrap_err();
        assert_eq!(error, WrongError::Made { name: name.to_owned() });
    }
    assert!(card.card().system().wrongness().is_right());
}
