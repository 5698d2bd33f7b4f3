//! Types of values while bytecode is followed, and what two of them have in common.

use std::collections::HashMap;

use super::super::classes::{Answer, ClassId, Classes};
use super::super::types::Resolved;

/// A word (16 bits) of the stack or of a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Word {
    /// Nothing that may be used.
    Unusable,
    Short,
    /// The first word of an int.
    IntHigh,
    /// The second word of an int.
    IntLow,
    Null,
    Reference(KindId),
    /// An object that `new` made, before its constructor was called; by the offset of `new`.
    New(u16),
    /// The object of a constructor that has not called another constructor yet.
    This,
    /// Where a subroutine returns to; by its first instruction.
    Address(u16),
}

/// A kind of reference, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) struct KindId(u16);

/// A kind of reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Any at all: nothing is known.
    Any,
    BooleanArray,
    ByteArray,
    ShortArray,
    IntArray,
    Object(Objects),
    ObjectArray(Objects),
}

/// Objects of a class; and where ways join, of the class and interfaces that all have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Objects {
    pub(super) class: ClassId,
    /// All interfaces, sorted, where they are more than the class has.
    interfaces: Vec<ClassId>,
}

/// Kinds, each kept once.
pub(super) struct Kinds<'i, 'a> {
    classes: &'i Classes<'a>,
    kinds: Vec<Kind>,
    by_kind: HashMap<Kind, KindId>,
    joins: HashMap<(KindId, KindId), KindId>,
}

/// The kind of which nothing is known.
pub(super) const ANY: KindId = KindId(0);

impl<'i, 'a> Kinds<'i, 'a> {
    pub(super) fn new(classes: &'i Classes<'a>) -> Self {
        let by_kind = HashMap::from([(Kind::Any, ANY)]);
        Self { classes, kinds: vec![Kind::Any], by_kind, joins: HashMap::new() }
    }

    pub(super) fn get(&self, id: KindId) -> &Kind {
        self.kinds.get(usize::from(id.0)).unwrap_or(&Kind::Any)
    }

    /// The number of a kind. When there are too many, nothing more is known of new ones.
    pub(super) fn id(&mut self, kind: Kind) -> KindId {
        if let Some(id) = self.by_kind.get(&kind) {
            return *id;
        }
        let Ok(number) = u16::try_from(self.kinds.len()) else { return ANY };
        self.kinds.push(kind.clone());
        self.by_kind.insert(kind, KindId(number));
        KindId(number)
    }

    pub(super) fn object(&mut self, class: ClassId) -> KindId {
        match class {
            ClassId::Unknown => ANY,
            class => self.id(Kind::Object(Objects { class, interfaces: Vec::new() })),
        }
    }

    pub(super) fn object_array(&mut self, class: ClassId) -> KindId {
        self.id(Kind::ObjectArray(Objects { class, interfaces: Vec::new() }))
    }

    /// The kind of a declared type; none of primitive types.
    pub(super) fn of(&mut self, declared: Resolved) -> Option<KindId> {
        Some(match declared {
            Resolved::Void
            | Resolved::Boolean
            | Resolved::Byte
            | Resolved::Short
            | Resolved::Int => return None,
            Resolved::BooleanArray => self.id(Kind::BooleanArray),
            Resolved::ByteArray => self.id(Kind::ByteArray),
            Resolved::ShortArray => self.id(Kind::ShortArray),
            Resolved::IntArray => self.id(Kind::IntArray),
            Resolved::Object(class) => self.object(class),
            Resolved::ObjectArray(class) => self.object_array(class),
        })
    }

    /// Whether references of a kind may stand where a declared type is asked for.
    pub(super) fn is(&self, id: KindId, declared: Resolved) -> bool {
        match (self.get(id), declared) {
            (Kind::Any, declared) => declared.is_reference(),
            (Kind::BooleanArray, Resolved::BooleanArray)
            | (Kind::ByteArray, Resolved::ByteArray)
            | (Kind::ShortArray, Resolved::ShortArray)
            | (Kind::IntArray, Resolved::IntArray) => true,
            (Kind::ObjectArray(objects), Resolved::ObjectArray(class))
            | (Kind::Object(objects), Resolved::Object(class)) => self.are(objects, class),
            // Arrays are objects.
            (Kind::Object(_), _) => false,
            (_, Resolved::Object(class)) => class == ClassId::Object || class == ClassId::Unknown,
            _ => false,
        }
    }

    fn are(&self, objects: &Objects, class: ClassId) -> bool {
        objects.interfaces.contains(&class)
            || self.classes.extends(objects.class, class) != Answer::No
    }

    /// What two kinds have in common.
    pub(super) fn join(&mut self, one: KindId, other: KindId) -> KindId {
        if one == other {
            return one;
        }
        let key = if one < other { (one, other) } else { (other, one) };
        if let Some(known) = self.joins.get(&key) {
            return *known;
        }
        let kind = match (self.get(one), self.get(other)) {
            (Kind::Any, _) | (_, Kind::Any) => Kind::Any,
            (Kind::Object(one), Kind::Object(other)) => {
                self.common(one, other).map_or(Kind::Any, Kind::Object)
            }
            (Kind::ObjectArray(one), Kind::ObjectArray(other)) => {
                self.common(one, other).map_or(Kind::Any, Kind::ObjectArray)
            }
            _ => Kind::Object(Objects { class: ClassId::Object, interfaces: Vec::new() }),
        };
        let joined = self.id(kind);
        self.joins.insert(key, joined);
        joined
    }

    /// None where it cannot be known.
    fn common(&self, one: &Objects, other: &Objects) -> Option<Objects> {
        let plain = |objects: &Objects| objects.interfaces.is_empty();
        for (below, above) in [(one, other), (other, one)] {
            if plain(above) && self.sure(below, above.class) {
                return Some(above.clone());
            }
        }
        if !self.classes.is_closed(one.class) || !self.classes.is_closed(other.class) {
            return None;
        }
        let chain = self.classes.chain(other.class);
        let class = self.classes.chain(one.class).into_iter().find(|class| chain.contains(class));
        let class = class.unwrap_or(ClassId::Object);
        let class = match self.classes.is_interface(class) {
            Some(true) => ClassId::Object,
            _ => class,
        };
        let others = self.all_interfaces(other);
        let mut interfaces = self.all_interfaces(one);
        interfaces.retain(|interface| others.binary_search(interface).is_ok());
        if interfaces == self.classes.interfaces(class) {
            interfaces = Vec::new();
        }
        Some(Objects { class, interfaces })
    }

    fn sure(&self, objects: &Objects, class: ClassId) -> bool {
        objects.interfaces.contains(&class)
            || self.classes.extends(objects.class, class) == Answer::Yes
    }

    fn all_interfaces(&self, objects: &Objects) -> Vec<ClassId> {
        if objects.interfaces.is_empty() {
            self.classes.interfaces(objects.class)
        } else {
            objects.interfaces.clone()
        }
    }

    /// In words.
    pub(super) fn name(&self, id: KindId) -> String {
        let objects = |objects: &Objects| {
            let mut name = self.classes.name(objects.class);
            for interface in &objects.interfaces {
                name.push('&');
                name.push_str(&self.classes.name(*interface));
            }
            name
        };
        match self.get(id) {
            Kind::Any => "a reference".to_owned(),
            Kind::BooleanArray => "boolean[]".to_owned(),
            Kind::ByteArray => "byte[]".to_owned(),
            Kind::ShortArray => "short[]".to_owned(),
            Kind::IntArray => "int[]".to_owned(),
            Kind::Object(of) => objects(of),
            Kind::ObjectArray(of) => format!("{}[]", objects(of)),
        }
    }

    /// A word in words.
    pub(super) fn word(&self, word: Word) -> String {
        match word {
            Word::Unusable => "nothing".to_owned(),
            Word::Short => "a short".to_owned(),
            Word::IntHigh => "the first word of an int".to_owned(),
            Word::IntLow => "an int".to_owned(),
            Word::Null => "null".to_owned(),
            Word::Reference(id) => self.name(id),
            Word::New(at) => format!("a new object of bytecode {at}, not initialised"),
            Word::This => "this, not initialised".to_owned(),
            Word::Address(_) => "a return address".to_owned(),
        }
    }

    /// A declared type in words.
    pub(super) fn declared(&self, declared: Resolved) -> String {
        match declared {
            Resolved::Void => "void".to_owned(),
            Resolved::Boolean => "boolean".to_owned(),
            Resolved::Byte => "byte".to_owned(),
            Resolved::Short => "short".to_owned(),
            Resolved::Int => "int".to_owned(),
            Resolved::BooleanArray => "boolean[]".to_owned(),
            Resolved::ByteArray => "byte[]".to_owned(),
            Resolved::ShortArray => "short[]".to_owned(),
            Resolved::IntArray => "int[]".to_owned(),
            Resolved::Object(class) => self.classes.name(class),
            Resolved::ObjectArray(class) => format!("{}[]", self.classes.name(class)),
        }
    }
}
