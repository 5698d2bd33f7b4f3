//! The Class component: who extends whom, tables of virtual methods, interfaces.

use std::collections::HashSet;

use super::Rule;
use super::classes::{Answer, ClassId, Known};
use super::constants;
use super::index::{Index, Target, Visibility};
use super::refusal::Refusals;
use super::types::Signature;
use crate::cap::{
    Class, ClassEntry, ClassRef, FieldPlace, FormatVersion, MethodPlace, Tag, TypeDescriptor,
    access,
};
use crate::class::access as java;

const PART: Tag = Tag::Class;

pub(super) fn check(index: &Index<'_>, refusals: &mut Refusals) {
    let mut classes_began = false;
    let entries = index.cap.classes.entries.iter().zip(&index.classes.offsets);
    for (number, (found, offset)) in (0..=u16::MAX).zip(entries) {
        let entry =
            Entry { index, number, id: ClassId::Here(number), at: index.places.class(*offset) };
        if *offset > 0x7FFF {
            let detail = format!("a class stands at {offset}, references reach to 32767");
            refusals.at(PART, entry.at, Rule::ClassOffset, detail);
        }
        match found {
            ClassEntry::Interface(interface) => {
                if classes_began {
                    let detail = format!("the interface {} stands after a class", entry.name());
                    refusals.at(PART, entry.at, Rule::ClassOrder, detail);
                }
                entry.interfaces(&interface.superinterfaces, refusals);
                entry.flags(interface.flags, refusals);
            }
            ClassEntry::Class(class) => {
                classes_began = true;
                entry.superclass(class, refusals);
                let interfaces: Vec<ClassRef> =
                    class.interfaces.iter().map(|implemented| implemented.interface).collect();
                entry.interfaces(&interfaces, refusals);
                entry.flags(class.flags, refusals);
                entry.fields(class, refusals);
                entry.table(class, false, refusals);
                entry.table(class, true, refusals);
                entry.implements(class, refusals);
                entry.remote(class, refusals);
                entry.tokens(class, refusals);
            }
        }
        if refusals.is_full() || !index.classes.is_affordable(refusals) {
            return;
        }
    }
}

/// An entry of the component.
struct Entry<'i, 'a> {
    index: &'i Index<'a>,
    number: u16,
    id: ClassId,
    at: usize,
}

impl Entry<'_, '_> {
    fn name(&self) -> String {
        self.index.classes.name(self.id)
    }

    /// Flags of the Descriptor.
    fn access(&self) -> u8 {
        self.index.described_class(self.id).map_or(0, |class| class.descriptor.access)
    }

    fn refuse(&self, refusals: &mut Refusals, rule: Rule, detail: String) {
        refusals.at(PART, self.at, rule, detail);
    }

    /// A class that this one extends or implements; refused if it stands later.
    fn above(&self, class: ClassRef, refusals: &mut Refusals) -> Option<ClassId> {
        match constants::class(self.index, class) {
            Err((rule, detail)) => {
                self.refuse(refusals, rule, format!("{}: {detail}", self.name()));
                None
            }
            Ok(ClassId::Here(above)) if above >= self.number => {
                let detail = format!(
                    "{} stands after {}",
                    self.index.classes.name(ClassId::Here(above)),
                    self.name()
                );
                self.refuse(refusals, Rule::ClassOrder, detail);
                None
            }
            Ok(id) => Some(id),
        }
    }

    fn superclass(&self, class: &Class, refusals: &mut Refusals) {
        let classes = &self.index.classes;
        let Some(superclass) = class.superclass else {
            let is_lang = self
                .index
                .cap
                .header
                .packages
                .iter()
                .any(|named| named.package.aid.as_bytes() == [0xA0, 0, 0, 0, 0x62, 0, 1]);
            if !is_lang {
                let detail = format!("{} has no superclass", self.name());
                self.refuse(refusals, Rule::Superclass, detail);
            }
            return;
        };
        let Some(above) = self.above(superclass, refusals) else { return };
        let is_final = match classes.export(above) {
            Some(export) => export.access & java::FINAL != 0,
            None => self
                .index
                .described_class(above)
                .is_some_and(|class| class.descriptor.access & access::FINAL != 0),
        };
        if is_final || classes.is_interface(above) == Some(true) {
            let why = if is_final { "final" } else { "an interface" };
            let detail =
                format!("{}, which {} extends, is {why}", classes.name(above), self.name());
            self.refuse(refusals, Rule::Superclass, detail);
        }
    }

    fn interfaces(&self, listed: &[ClassRef], refusals: &mut Refusals) {
        let classes = &self.index.classes;
        let ids: Vec<ClassId> =
            listed.iter().filter_map(|class| self.above(*class, refusals)).collect();
        let mut known: HashSet<ClassId> = HashSet::new();
        for id in &ids {
            if classes.is_interface(*id) == Some(false) {
                let detail = format!("{} is no interface", classes.name(*id));
                self.refuse(refusals, Rule::Superinterface, detail);
            }
            if !known.insert(*id) {
                let detail = format!("{} is listed twice", classes.name(*id));
                self.refuse(refusals, Rule::Superinterface, detail);
            }
        }
        // What superclasses implement is not repeated.
        let above = match classes.superclass(self.id) {
            Some(above) if !ids.is_empty() => classes.interfaces(above),
            _ => Vec::new(),
        };
        known.extend(above);
        for id in &ids {
            let missing = classes
                .interfaces(*id)
                .into_iter()
                .find(|above| !known.contains(above) && *above != ClassId::Unknown);
            if let Some(missing) = missing {
                let (listed, missing) = (classes.name(*id), classes.name(missing));
                let detail =
                    format!("{listed} extends {missing}, which {} does not list", self.name());
                self.refuse(refusals, Rule::Superinterface, detail);
            }
        }
    }

    fn flags(&self, flags: u8, refusals: &mut Refusals) {
        let mut flag = |flag: u8, known: Known, what: &str| {
            let is_set = flags & flag != 0;
            let wrong = match self.index.classes.extends_known(self.id, known) {
                Answer::Yes => !is_set,
                Answer::No => is_set,
                Answer::Maybe => false,
            };
            if wrong {
                let not = if is_set { "but is not" } else { "is not so marked but is" };
                let detail = format!("{} is marked or used as {what}: it {not}", self.name());
                self.refuse(refusals, Rule::ClassFlags, detail);
            }
        };
        flag(ClassEntry::SHAREABLE, Known::Shareable, "shareable");
        flag(ClassEntry::REMOTE, Known::Remote, "remote");
        if flags & 1 != 0 {
            let detail = format!("{} has unknown flags {flags:X}", self.name());
            self.refuse(refusals, Rule::ClassFlags, detail);
        }
    }

    fn fields(&self, class: &Class, refusals: &mut Refusals) {
        let Some(described) = self.index.described_class(self.id) else { return };
        let (mut words, mut references) = (0usize, Vec::new());
        for field in &described.descriptor.fields {
            let FieldPlace::Instance { token, .. } = field.place else { continue };
            let Some(field_type) = self.index.field_type(field) else { return };
            words = words.saturating_add(field_type.words());
            if field_type.is_reference() {
                references.push(token);
            }
        }
        references.sort_unstable();
        let first = references.first().copied().unwrap_or(0xFF);
        let last = references.last().copied();
        let is_run = last.is_none_or(|last| {
            usize::from(last.saturating_sub(first)).saturating_add(1) == references.len()
        });
        let wanted = (words, first, references.len());
        let found = (
            usize::from(class.instance_size),
            class.first_reference_token,
            usize::from(class.reference_count),
        );
        if wanted != found || !is_run {
            let words = |(words, first, count): (usize, u8, usize)| {
                format!("{words} words, {count} references from token {first} on")
            };
            let detail = format!(
                "{} has {}; its fields make {}{}",
                self.name(),
                words(found),
                words(wanted),
                if is_run { "" } else { ", which are not in a row" },
            );
            self.refuse(refusals, Rule::InstanceSize, detail);
        }
        let chain = self.index.classes.chain(self.id);
        let sizes = chain.iter().filter_map(|id| match self.index.classes.entry(*id) {
            Some(ClassEntry::Class(class)) => Some(usize::from(class.instance_size)),
            _ => None,
        });
        let total: usize = sizes.sum();
        if total > 255 {
            let detail = format!("objects of {} have {total} words", self.name());
            self.refuse(refusals, Rule::InstanceSize, detail);
        }
    }

    /// Virtual methods that the superclass has, if that is known.
    fn inherited(&self, is_package: bool) -> Option<usize> {
        let above = self.index.classes.superclass(self.id);
        match above.and_then(|above| self.index.classes.entry(above)) {
            Some(ClassEntry::Class(class)) => {
                let (base, table) = table(class, is_package);
                Some(usize::from(base).saturating_add(table.len()))
            }
            Some(ClassEntry::Interface(_)) => None,
            None => match above {
                None => Some(0),
                // Package-private methods of other packages are not inherited.
                Some(_) if is_package => Some(0),
                Some(above) => self.index.classes.inherited(above),
            },
        }
    }

    fn table(&self, class: &Class, is_package: bool, refusals: &mut Refusals) {
        let (base, places) = table(class, is_package);
        let what = if is_package { "package" } else { "public" };
        let end = usize::from(base).saturating_add(places.len());
        let refuse = |refusals: &mut Refusals, rule: Rule, detail: String| {
            let detail = format!("{}, {what} methods: {detail}", self.name());
            self.refuse(refusals, rule, detail);
        };
        let Some(described) = self.index.described_class(self.id) else { return };
        let own: Vec<u8> = described
            .descriptor
            .methods
            .iter()
            .filter(|method| method.access & (access::STATIC | access::INIT | access::PRIVATE) == 0)
            .filter(|method| method.token != 0xFF && (method.token >= 0x80) == is_package)
            .map(|method| method.token & 0x7F)
            .collect();
        let inherited = self.inherited(is_package);
        let lowest = own.iter().map(|token| usize::from(*token)).min();
        let top = own.iter().map(|token| usize::from(*token).saturating_add(1)).max();
        if let Some(inherited) = inherited {
            let wanted_base = lowest.map_or(inherited, |lowest| lowest.min(inherited));
            let wanted_end = top.unwrap_or(0).max(inherited);
            if (usize::from(base), end) != (wanted_base, wanted_end) {
                let detail =
                    format!("tokens {base} to {end}, should be {wanted_base} to {wanted_end}");
                refuse(refusals, Rule::MethodTable, detail);
                return;
            }
        } else if lowest.is_some_and(|lowest| usize::from(base) > lowest)
            || top.is_some_and(|top| end < top)
        {
            refuse(refusals, Rule::MethodTable, format!("tokens {base} to {end} are not all"));
            return;
        }
        if end > 128 {
            refuse(refusals, Rule::MethodTable, format!("tokens go to {end}, the last is 127"));
            return;
        }
        self.slots(base, places, is_package, &refuse, refusals);
    }

    fn slots(
        &self,
        base: u8,
        places: &[MethodPlace],
        is_package: bool,
        refuse: &dyn Fn(&mut Refusals, Rule, String),
        refusals: &mut Refusals,
    ) {
        let Some(described) = self.index.described_class(self.id) else { return };
        let own: std::collections::HashMap<u8, MethodPlace> = described
            .descriptor
            .methods
            .iter()
            .filter(|method| method.access & (access::STATIC | access::INIT | access::PRIVATE) == 0)
            .filter(|method| (method.token >= 0x80) == is_package)
            .map(|method| (method.token, method.place))
            .collect();
        let above = self.index.classes.superclass(self.id).unwrap_or(ClassId::Unknown);
        let is_abstract = self.access() & access::ABSTRACT_CLASS != 0;
        for (slot, place) in (0..=u8::MAX).zip(places) {
            let token = base.saturating_add(slot) | if is_package { 0x80 } else { 0 };
            let inherited = self.index.virtual_method(above, token);
            let wanted = match (own.get(&token), inherited) {
                (Some(own), _) => Some(*own),
                (None, Target::Here(method)) => {
                    self.index.method(method).map(|method| method.descriptor.place)
                }
                (None, _) => None,
            };
            let found = (place.offset != 0xFFFF).then_some(*place);
            if wanted != found {
                let words = |place: Option<MethodPlace>| {
                    place.map_or_else(|| "65535".to_owned(), |place| place.to_string())
                };
                let detail =
                    format!("token {token} is {}, should be {}", words(found), words(wanted));
                refuse(refusals, Rule::MethodTable, detail);
                continue;
            }
            let target = self.index.virtual_method(self.id, token);
            if own.contains_key(&token) {
                self.overrides(token, target, inherited, refuse, refusals);
            } else if inherited == Target::Missing {
                refuse(refusals, Rule::MethodTable, format!("nothing has token {token}"));
            }
            let flags = self.index.target_access(target).map_or(0, |(_, _, flags)| flags);
            if !is_abstract && flags & access::ABSTRACT_METHOD != 0 {
                refuse(refusals, Rule::AbstractMethod, format!("token {token} is abstract"));
            }
        }
        if !is_abstract {
            self.inherited_code(base, above, is_package, refuse, refusals);
        }
    }

    /// Tokens below the table are inherited as they are.
    fn inherited_code(
        &self,
        base: u8,
        above: ClassId,
        is_package: bool,
        refuse: &dyn Fn(&mut Refusals, Rule, String),
        refusals: &mut Refusals,
    ) {
        for token in 0..base.min(128) {
            let token = token | if is_package { 0x80 } else { 0 };
            let target = self.index.virtual_method(above, token);
            let flags = self.index.target_access(target).map_or(0, |(_, _, flags)| flags);
            if flags & access::ABSTRACT_METHOD != 0 {
                refuse(refusals, Rule::AbstractMethod, format!("token {token} is abstract"));
            }
        }
    }

    fn overrides(
        &self,
        token: u8,
        own: Target,
        inherited: Target,
        refuse: &dyn Fn(&mut Refusals, Rule, String),
        refusals: &mut Refusals,
    ) {
        let (Some((visible, _, _)), Some((was, _, flags))) =
            (self.index.target_access(own), self.index.target_access(inherited))
        else {
            return;
        };
        if flags & access::FINAL != 0 {
            refuse(refusals, Rule::Override, format!("token {token} overrides a final method"));
        }
        if rank(visible) < rank(was) {
            let detail = format!("token {token} is less visible than what it overrides");
            refuse(refusals, Rule::Override, detail);
        }
        let types = (self.index.target_signature(own), self.index.target_signature(inherited));
        if let (Some(own), Some(inherited)) = types
            && !own.same(&inherited)
        {
            let detail = format!("token {token} has another type than what it overrides");
            refuse(refusals, Rule::Override, detail);
        }
    }

    fn implements(&self, class: &Class, refusals: &mut Refusals) {
        let index = self.index;
        let is_abstract = self.access() & access::ABSTRACT_CLASS != 0;
        for implemented in &class.interfaces {
            let Some(interface) = index.classes.find(implemented.interface) else { continue };
            let refuse = |refusals: &mut Refusals, detail: String| {
                let detail = format!(
                    "{} implements {}: {detail}",
                    self.name(),
                    index.classes.name(interface)
                );
                self.refuse(refusals, Rule::InterfaceMethod, detail);
            };
            let count = match interface {
                ClassId::Here(_) => {
                    index.described_class(interface).map(|class| class.descriptor.methods.len())
                }
                _ => index.classes.export(interface).map(|class| class.methods.len()),
            };
            if count.is_some_and(|count| count != implemented.methods.len()) {
                let detail = format!("{} methods are listed", implemented.methods.len());
                refuse(refusals, detail);
                continue;
            }
            for (method, token) in (0..=u8::MAX).zip(&implemented.methods) {
                let wanted = index.interface_method(interface, method);
                if *token == 0xFF && is_abstract {
                    continue;
                }
                let target = if *token < 0x80 {
                    index.virtual_method(self.id, *token)
                } else {
                    Target::Missing
                };
                let Some((visible, _, _)) = index.target_access(target) else {
                    if target == Target::Missing {
                        refuse(
                            refusals,
                            format!("method {method} is token {token}, which is not there"),
                        );
                    }
                    continue;
                };
                if visible != Visibility::Public {
                    refuse(
                        refusals,
                        format!("method {method} is token {token}, which is not public"),
                    );
                }
                let types = (index.target_signature(wanted), index.target_signature(target));
                if let (Some(wanted), Some(found)) = types
                    && !wanted.same(&found)
                {
                    refuse(refusals, format!("method {method} is token {token}, of another type"));
                }
            }
        }
    }

    fn remote(&self, class: &Class, refusals: &mut Refusals) {
        let Some(remote) = &class.remote else { return };
        let pool = &self.index.cap.classes.signature_pool;
        for method in &remote.methods {
            let bytes = pool.get(usize::from(method.signature)..).unwrap_or_default();
            let types = TypeDescriptor::from_bytes(bytes);
            let written = types.as_ref().and_then(TypeDescriptor::to_bytes);
            let ends = written.is_some_and(|written| bytes.starts_with(&written));
            let target = self.index.virtual_method(self.id, method.token);
            let found = types.and_then(|types| Signature::of(&types, &self.index.classes));
            let is_type = match (found, self.index.target_signature(target)) {
                (Some(found), Some(declared)) => ends && found.same(&declared),
                (found, None) => ends && found.is_some(),
                (None, _) => false,
            };
            if !is_type || target == Target::Missing || method.token >= 0x80 {
                let detail = format!(
                    "{}: remote method {:04X} has token {} and type {}",
                    self.name(),
                    method.hash,
                    method.token,
                    method.signature
                );
                self.refuse(refusals, Rule::RemoteMethod, detail);
            }
        }
        for interface in &remote.interfaces {
            let id = self.index.classes.find(*interface);
            if id.is_none_or(|id| self.index.classes.extends(self.id, id) == Answer::No) {
                let detail = format!("{} does not implement {interface}", self.name());
                self.refuse(refusals, Rule::RemoteMethod, detail);
            }
        }
    }

    fn tokens(&self, class: &Class, refusals: &mut Refusals) {
        if self.index.cap.format().version < FormatVersion::V2_3 {
            return;
        }
        let Some(tokens) = &class.tokens else { return };
        let inherited = self.inherited(false);
        let wrong = (0usize..).zip(&tokens.mapping).find(|(token, mapped)| {
            let is_new = **mapped == 0xFF;
            let is_kept = usize::from(**mapped) == *token;
            match inherited {
                Some(inherited) if *token < inherited => !is_kept,
                Some(_) => !is_new,
                None => !is_new && !is_kept,
            }
        });
        if let Some((token, mapped)) = wrong {
            let detail = format!("{}: token {token} is mapped to {mapped}", self.name());
            self.refuse(refusals, Rule::TokenMapping, detail);
        }
        if usize::from(tokens.inheritable_count) > tokens.mapping.len() {
            let (count, all) = (tokens.inheritable_count, tokens.mapping.len());
            let detail = format!("{}: {count} of {all} tokens are inheritable", self.name());
            self.refuse(refusals, Rule::TokenMapping, detail);
        }
    }
}

fn table(class: &Class, is_package: bool) -> (u8, &[MethodPlace]) {
    if is_package {
        (class.package_base, &class.package_methods)
    } else {
        (class.public_base, &class.public_methods)
    }
}

fn rank(visible: Visibility) -> u8 {
    match visible {
        Visibility::Private => 0,
        Visibility::Package => 1,
        Visibility::Protected => 2,
        Visibility::Public => 3,
    }
}
