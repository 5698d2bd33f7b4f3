//! The Export component, and the package's own export file.

use std::collections::HashSet;

use super::Rule;
use super::index::{FieldTarget, Index, Visibility, method_kind, visibility};
use super::members::{Member, Members};
use super::refusal::Refusals;
use super::types::Signature;
use crate::cap::{ClassRef, ExportedClass, StaticRef, Tag, access};
use crate::class::access as java;

const PART: Tag = Tag::Export;

pub(super) fn check(index: &Index<'_>, refusals: &mut Refusals) {
    let packages = index.cap.exports.iter().flat_map(|exports| &exports.packages);
    for (package, classes) in packages.enumerate() {
        let mut known = HashSet::new();
        for (token, class) in (0..=u8::MAX).zip(classes) {
            let at = index.places.exported(package, token.into());
            if !known.insert(class.class) {
                let detail = format!("class #{} is exported twice", class.class);
                refusals.at(PART, at, Rule::ExportedClass, detail);
            }
            one(index, token, class, at, refusals);
        }
    }
    own(index, refusals);
}

fn one(index: &Index<'_>, token: u8, class: &ExportedClass, at: usize, refusals: &mut Refusals) {
    let id = index.classes.find(ClassRef::Internal(class.class));
    let Some(id) = id else {
        let detail = format!("no class stands at offset {}", class.class);
        return refusals.at(PART, at, Rule::ClassOffset, detail);
    };
    let Some(described) = index.described_class(id) else { return };
    let name = index.classes.name(id);
    let (flags, found) = (described.descriptor.access, described.descriptor.token);
    if flags & access::PUBLIC == 0 || found != token {
        let public = if flags & access::PUBLIC == 0 { "not public, " } else { "" };
        let detail = format!("class {token}, {name}, is {public}token {found} in the Descriptor");
        refusals.at(PART, at, Rule::ExportedClass, detail);
    }
    let mut fields = HashSet::new();
    let mut place = at.saturating_add(4);
    for (token, offset) in (0..=u8::MAX).zip(&class.fields) {
        let target = index.static_field(StaticRef::Internal { block: 0, offset: *offset });
        let sound = match target {
            FieldTarget::Here(field) => index.fields.get(field).is_some_and(|field| {
                field.class == id
                    && field.descriptor.token == token
                    && is_offered(field.descriptor.access)
            }),
            _ => false,
        };
        if !sound {
            let detail = format!("static field {token} of {name} at {offset}");
            refusals.at(PART, place, Rule::ExportedMember, detail);
        }
        fields.insert(token);
        place = place.saturating_add(2);
    }
    let mut methods = HashSet::new();
    for (token, method) in (0..=u8::MAX).zip(&class.methods) {
        let found = index.method_at(*method).and_then(|found| index.method(found));
        let sound = found.is_some_and(|found| {
            let descriptor = found.descriptor;
            found.class == id
                && descriptor.token == token
                && is_offered(descriptor.access)
                && method_kind(descriptor.access) == Member::StaticMethod
        });
        if !sound {
            let detail = format!("static method {token} of {name} {method}");
            refusals.at(PART, place, Rule::ExportedMember, detail);
        }
        methods.insert(token);
        place = place.saturating_add(if index.cap.format().extended { 3 } else { 2 });
    }
    if flags & access::INTERFACE != 0 {
        return;
    }
    // What is offered is exported.
    let of_methods = described.descriptor.methods.iter().filter(|method| {
        method_kind(method.access) == Member::StaticMethod && is_offered(method.access)
    });
    let of_fields = described
        .descriptor
        .fields
        .iter()
        .filter(|field| field.access & access::STATIC != 0 && is_offered(field.access));
    let missing = of_methods.map(|method| method.token).find(|token| !methods.contains(token));
    let missing =
        missing.or(of_fields.map(|field| field.token).find(|token| !fields.contains(token)));
    if let Some(missing) = missing {
        let detail = format!("member {missing} of {name} is not exported");
        refusals.at(PART, at, Rule::ExportedMember, detail);
    }
}

fn is_offered(flags: u8) -> bool {
    matches!(visibility(flags), Visibility::Public | Visibility::Protected)
}

/// Against the export file that was written with the CAP file.
fn own(index: &Index<'_>, refusals: &mut Refusals) {
    let Some(own) = index.classes.own else { return };
    let Some(exports) = index.cap.exports.as_ref().and_then(|all| all.packages.first()) else {
        if !own.classes.is_empty() {
            let detail = format!("{} exports {} classes", own.name, own.classes.len());
            refusals.at(PART, 0, Rule::ExportFile, detail);
        }
        return;
    };
    if own.classes.len() != exports.len() {
        let (here, there) = (exports.len(), own.classes.len());
        let detail = format!("{here} classes are exported, {there} in the export file");
        refusals.at(PART, 3, Rule::ExportFile, detail);
    }
    for (token, exported) in (0..=u8::MAX).zip(exports) {
        let at = index.places.exported(0, token.into());
        let Some(class) = own.class(token) else {
            let detail = format!("the export file has no class {token}");
            refusals.at(PART, at, Rule::ExportFile, detail);
            continue;
        };
        let members = Members::of(class);
        let mut refuse = |detail: String| {
            refusals.at(PART, at, Rule::ExportFile, format!("{}: {detail}", class.name));
        };
        let id = index.classes.find(ClassRef::Internal(exported.class));
        let Some(described) = id.and_then(|id| index.described_class(id)) else { continue };
        let flags = described.descriptor.access;
        if (flags & access::INTERFACE != 0) != (class.access & java::INTERFACE != 0) {
            refuse("only one of both is an interface".to_owned());
        }
        for method in &described.descriptor.methods {
            if !is_offered(method.access) {
                continue;
            }
            let found = members.find(method_kind(method.access), method.token);
            let Some(found) = found.and_then(|at| class.methods.get(at)) else {
                refuse(format!("the export file has no method {}", method.token));
                continue;
            };
            let own = index.signatures.at(method.signature).ok().flatten();
            // Classes of the package itself are not known by name here.
            let there = Signature::of_text(&found.descriptor, &index.classes);
            let differs = match (own, there) {
                (Some(own), Some(there)) => !own.same(&there),
                (Some(_), None) => true,
                (None, _) => false,
            };
            if differs {
                refuse(format!("method {} is {} there", method.token, found.descriptor));
            }
        }
        for field in &described.descriptor.fields {
            let is_static = field.access & access::STATIC != 0;
            let kind = if is_static { Member::StaticField } else { Member::InstanceField };
            if is_offered(field.access) && members.find(kind, field.token).is_none() {
                refuse(format!("the export file has no field {}", field.token));
            }
        }
    }
}
