//! Readers and what is in them, and what changes when a hand comes near. PC/SC is asked elsewhere.

use link::Atr;

/// A reader, as PC/SC shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSlot {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub slot: Slot,
    /// How often a card came or went, where PC/SC counts it.
    pub events: u32,
}

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing.
    Empty,
    /// A card.
    Card {
        /// Its answer to reset.
        atr: Atr,
        /// Who uses it.
        used: Use,
    },
    /// A card that does not answer its reset.
    Mute,
    /// Nothing that PC/SC can tell: the reader is gone, or refuses.
    Unavailable,
}

/// Who uses a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nobody.
    Nobody,
    /// Programs that share it.
    Shared,
    /// One program, which lets nobody else.
    Exclusive,
}

/// Something that happened at the readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderEvent {
    /// Name of the reader.
    pub reader: String,
    /// What happened.
    pub change: Change,
    /// It tells what was there when the watch began.
    pub initial: bool,
}

/// What happened at a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was plugged in.
    ReaderAdded,
    /// It was unplugged.
    ReaderRemoved,
    /// A card was put in; without ATR where it does not answer its reset.
    CardInserted(Option<Atr>),
    /// The card was taken out.
    CardRemoved,
}

/// What happened between two looks at the readers, reader by reader in the order of `after`; those
/// that are gone come first. A card that was changed for another between the looks left and came.
pub fn changes(before: &[ReaderSlot], after: &[ReaderSlot]) -> Vec<(String, Change)> {
    let mut happened = Vec::new();
    let mut tell = |name: &str, change| happened.push((name.to_owned(), change));
    for old in before.iter().filter(|old| find(after, &old.name).is_none()) {
        if card(&old.slot).is_some() {
            tell(&old.name, Change::CardRemoved);
        }
        tell(&old.name, Change::ReaderRemoved);
    }
    for new in after {
        let old = find(before, &new.name);
        if old.is_none() {
            tell(&new.name, Change::ReaderAdded);
        }
        let (was, is) = (old.and_then(|old| card(&old.slot)), card(&new.slot));
        let swapped = was != is || old.is_some_and(|old| old.events != new.events);
        if was.is_some() && swapped {
            tell(&new.name, Change::CardRemoved);
        }
        if let Some(atr) = is.filter(|_| was.is_none() || swapped) {
            tell(&new.name, Change::CardInserted(atr.cloned()));
        }
    }
    happened
}

fn find<'r>(readers: &'r [ReaderSlot], name: &str) -> Option<&'r ReaderSlot> {
    readers.iter().find(|reader| reader.name == name)
}

/// Whether there is a card, and its ATR where it has one.
fn card(slot: &Slot) -> Option<Option<&Atr>> {
    match slot {
        Slot::Card { atr, .. } => Some(Some(atr)),
        Slot::Mute => Some(None),
        Slot::Empty | Slot::Unavailable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str, slot: Slot, events: u32) -> ReaderSlot {
        ReaderSlot { name: name.to_owned(), slot, events }
    }

    fn with_card(byte: u8, used: Use) -> Slot {
        Slot::Card { atr: Atr(vec![0x3B, byte]), used }
    }

    fn told(before: &[ReaderSlot], after: &[ReaderSlot]) -> Vec<String> {
        let words = |(name, change): (String, Change)| format!("{name} {change:?}");
        changes(before, after).into_iter().map(words).collect()
    }

    #[test]
    fn cards_and_readers_that_come_and_go_are_told() {
        let empty = [reader("A", Slot::Empty, 0)];
        let full = [reader("A", with_card(1, Use::Nobody), 1)];
        assert_eq!(told(&[], &empty), ["A ReaderAdded"]);
        assert_eq!(told(&empty, &full), ["A CardInserted(Some(3B01))"]);
        assert_eq!(told(&full, &empty), ["A CardRemoved"]);
        assert_eq!(told(&full, &[]), ["A CardRemoved", "A ReaderRemoved"]);
        assert_eq!(told(&[], &full), ["A ReaderAdded", "A CardInserted(Some(3B01))"]);
        assert_eq!(told(&empty, &[reader("A", Slot::Mute, 1)]), ["A CardInserted(None)"]);
    }

    #[test]
    fn who_uses_a_card_is_no_event_and_a_quick_exchange_is_two() {
        let one = [reader("A", with_card(1, Use::Nobody), 1)];
        assert_eq!(told(&one, &[reader("A", with_card(1, Use::Shared), 1)]), [""; 0]);
        let swapped = ["A CardRemoved", "A CardInserted(Some(3B02))"];
        assert_eq!(told(&one, &[reader("A", with_card(2, Use::Nobody), 1)]), swapped);
        let again = ["A CardRemoved", "A CardInserted(Some(3B01))"];
        assert_eq!(told(&one, &[reader("A", with_card(1, Use::Nobody), 3)]), again);
    }
}
