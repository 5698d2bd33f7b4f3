use super::*;

const SERIAL: Serial = Serial([0, 0, 0, 0, 0, 0, 0, 1]);

fn identity(uid: Option<&str>, atr: &str) -> Identity {
    Identity { uid: uid.map(str::to_owned), atr: atr.to_owned(), look: String::new() }
}

/// Which serial a card is taken for that tells this one.
fn found(kept: Identity, card: Identity) -> Option<Serial> {
    let records = BTreeMap::from([(SERIAL, Record::begun(kept, 10, 1_000))]);
    serial_of(&Sighting { card, holds: Holds::Card(SERIAL) }, &records)
}

#[test]
fn a_card_without_a_uid_is_known_by_its_serial_and_answer_to_reset() {
    let (bare, with) = (identity(None, "3B"), identity(Some("04"), "3B"));
    assert_eq!(found(bare.clone(), bare.clone()), Some(SERIAL));
    assert_eq!(found(with.clone(), bare.clone()), Some(SERIAL));
    assert_eq!(found(bare.clone(), with.clone()), Some(SERIAL));
    assert_eq!(found(with.clone(), with.clone()), Some(SERIAL));
    assert_eq!(found(bare, identity(None, "3F")), None);
    // Two cards with a UID each are two cards.
    assert_eq!(found(with, identity(Some("05"), "3B")), None);
}
