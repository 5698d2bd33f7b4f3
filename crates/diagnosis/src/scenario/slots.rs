//! Which parts of a scenario differ from another, and taking them over.

use super::Scenario;
use crate::Field;

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots(u32);

/// A part of a [`Scenario`] that changes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// One of its plain members.
    Part(Part),
    /// The bytes of a field.
    Field(Field),
}

macro_rules! parts {
    ($($variant:ident $member:ident),* $(,)?) => {
        /// The plain members of a [`Scenario`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Part { $($variant),* }

        impl Part {
            const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        impl Scenario {
            fn part_differs(&self, other: &Self, part: Part) -> bool {
                match part { $(Part::$variant => self.$member != other.$member),* }
            }

            fn take_part(&mut self, other: &Self, part: Part) {
                match part { $(Part::$variant => self.$member.clone_from(&other.$member)),* }
            }
        }
    };
}

parts! {
    Key key,
    Levels levels,
    Halves halves,
    Suites suites,
    Form form,
    Random random,
    Serial serial,
    Tail tail,
    Order order,
    Layout layout,
    Initial initial,
    Padding padding,
    Taken taken,
}

impl Slot {
    fn all() -> impl Iterator<Item = Self> {
        let parts = Part::ALL.iter().map(|part| Self::Part(*part));
        parts.chain(Field::ALL.into_iter().map(Self::Field))
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Part(part) => 1 << part as u8,
            Self::Field(field) => 1 << (16 + field as u8),
        }
    }
}

impl Slots {
    /// Whether none is in both.
    pub const fn apart(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its slots.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        Slot::all().filter(move |slot| self.0 & slot.bit() != 0)
    }
}

impl Scenario {
    /// The slots in which it differs from `base`.
    pub fn changed(&self, base: &Self) -> Slots {
        let differs = |slot: &Slot| match *slot {
            Slot::Part(part) => self.part_differs(base, part),
            Slot::Field(field) => self.fields.of(field) != base.fields.of(field),
        };
        Slots(Slot::all().filter(differs).fold(0, |bits, slot| bits | slot.bit()))
    }

    /// Takes over `slots` of another.
    pub fn overlay(&mut self, other: &Self, slots: Slots) {
        for slot in slots.iter() {
            match slot {
                Slot::Part(part) => self.take_part(other, part),
                Slot::Field(field) => self.fields.set(field, other.fields.of(field)),
            }
        }
    }
}
