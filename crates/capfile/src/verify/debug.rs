//! The Debug component: what it refers to is there.

use std::collections::{HashMap, HashSet};

use super::Rule;
use super::index::Index;
use super::places::head;
use super::refusal::Refusals;
use crate::cap::{Debug, MethodPlace, Tag};

const PART: Tag = Tag::Debug;

pub(super) fn check(index: &Index<'_>, debug: &Debug, refusals: &mut Refusals) {
    let strings = debug.strings.len();
    let mut at = head(PART, index.cap.format()).saturating_add(2);
    for string in &debug.strings {
        at = at.saturating_add(2).saturating_add(string.len());
    }
    name(debug.package, strings, at, refusals);
    at = at.saturating_add(4);
    let methods: HashMap<MethodPlace, u16> = index
        .methods
        .iter()
        .filter(|method| !method.of_interface)
        .map(|method| (method.descriptor.place, method.descriptor.code_length))
        .collect();
    let mut known = HashSet::new();
    for class in &debug.classes {
        if index.classes.find(class.this).is_none() || !known.insert(class.this) {
            let detail = format!("class {} is not there, or there twice", class.this);
            refusals.at(PART, at.saturating_add(4), Rule::DebugReference, detail);
        }
        name(class.name, strings, at, refusals);
        for index in [class.superclass, class.source_file].iter().chain(&class.interfaces) {
            // 65535 and 0 stand for none.
            if *index != 0xFFFF {
                name(*index, strings, at, refusals);
            }
        }
        at = at.saturating_add(15).saturating_add(class.interfaces.len().saturating_mul(2));
        for field in &class.fields {
            name(field.name, strings, at, refusals);
            name(field.descriptor, strings, at, refusals);
            at = at.saturating_add(10);
        }
        for method in &class.methods {
            name(method.name, strings, at, refusals);
            name(method.descriptor, strings, at, refusals);
            let place = MethodPlace::compact(method.offset);
            let length = methods.get(&place).copied();
            if method.code_length != 0 && length != Some(method.code_length) {
                let detail = format!("no method of {} bytes stands {place}", method.code_length);
                refusals.at(PART, at, Rule::DebugReference, detail);
            }
            at = at.saturating_add(15);
            for variable in &method.variables {
                name(variable.name, strings, at, refusals);
                name(variable.descriptor, strings, at, refusals);
                let end = u32::from(variable.start).saturating_add(variable.length.into());
                if end > u32::from(method.code_length) {
                    let detail = format!("a variable goes to {end} of {}", method.code_length);
                    refusals.at(PART, at, Rule::DebugReference, detail);
                }
                at = at.saturating_add(9);
            }
            for line in &method.lines {
                if line.start > line.end || line.end >= method.code_length {
                    let detail =
                        format!("line {} is bytes {} to {}", line.line, line.start, line.end);
                    refusals.at(PART, at, Rule::DebugReference, detail);
                }
                at = at.saturating_add(6);
            }
        }
    }
}

fn name(index: u16, strings: usize, at: usize, refusals: &mut Refusals) {
    if usize::from(index) >= strings {
        let detail = format!("name {index} of {strings}");
        refusals.at(PART, at, Rule::DebugReference, detail);
    }
}
