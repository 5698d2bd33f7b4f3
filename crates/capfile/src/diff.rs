//! How two CAP files differ: first in what they mean, then in their bytes.
//!
//! What they mean is compared by name: where the constant pool, the types or the methods stand makes
//! no difference there, what they say does. Bytes are compared component by component.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::cap::{CapFile, Component, Container, TooLarge};
use crate::dump::{ClassDump, Dump, FieldDump, MethodDump, Names};

/// How two files differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In short.
    pub verdict: Verdict,
    /// What they mean differs here.
    pub meaning: Vec<Change>,
    /// Components whose bytes differ.
    pub components: Vec<ComponentChange>,
}

/// How two files differ, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every component has the same bytes.
    Identical,
    /// They mean the same; bytes differ.
    Equivalent,
    /// They do not mean the same.
    Different,
}

/// Something that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: `class a/B: method m()V: code`.
    pub what: String,
    /// As it is in the first file; none if it is not there.
    pub first: Option<String>,
    /// As it is in the second.
    pub second: Option<String>,
}

/// A component whose bytes are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentChange {
    /// Its name.
    pub component: String,
    /// Its bytes in the first file; none if it is not there.
    pub first_size: Option<usize>,
    /// Its bytes in the second.
    pub second_size: Option<usize>,
    /// Offset of the first byte that differs, from the tag; none if one is not there.
    pub offset: Option<usize>,
    /// How many bytes differ at the same offset, those that only one has included.
    pub count: usize,
}

/// A file and what is known of it beside its components.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The file.
    pub cap: &'a CapFile,
    /// What its JAR says.
    pub container: Option<&'a Container>,
}

impl Difference {
    /// Compares two files.
    ///
    /// # Errors
    /// A file was changed and no longer fits its format.
    pub fn between(first: Side<'_>, second: Side<'_>, names: &Names) -> Result<Self, TooLarge> {
        let bytes = (first.cap.to_components()?, second.cap.to_components()?);
        let components = component_changes(&bytes.0, &bytes.1);
        if components.is_empty() {
            let (verdict, meaning) = (Verdict::Identical, Vec::new());
            return Ok(Self { verdict, meaning, components });
        }
        let dumps = (
            Dump::new(first.cap, first.container, names)?,
            Dump::new(second.cap, second.container, names)?,
        );
        let meaning = changes(&Facts::of(&dumps.0), &Facts::of(&dumps.1));
        let verdict = if meaning.is_empty() { Verdict::Equivalent } else { Verdict::Different };
        Ok(Self { verdict, meaning, components })
    }
}

/// What a file means, as values by name; and code as lines by method.
#[derive(Default)]
struct Facts {
    values: BTreeMap<String, String>,
    code: BTreeMap<String, Vec<String>>,
    /// In which order things are told.
    order: Vec<String>,
}

impl Facts {
    fn of(dump: &Dump) -> Self {
        let mut facts = Self::default();
        facts.add("package", &dump.package);
        facts.add("package AID", &dump.aid);
        facts.add("package version", &dump.version);
        facts.add("format", &dump.format);
        facts.add("flags", dump.flags.join(" "));
        if let Some(extended) = &dump.extended {
            facts.add("file", format!("{} {}", extended.aid, extended.version));
            for one in &extended.packages {
                facts.add(format!("package {}", one.aid), &one.version);
            }
        }
        for import in &dump.imports {
            let name = import.name.as_ref().unwrap_or(&import.aid);
            facts.add(format!("import {name}"), &import.version);
        }
        for applet in &dump.applets {
            let class = applet.class.as_deref().unwrap_or("?");
            facts.add(format!("applet {}", applet.aid), class);
        }
        for (token, exported) in dump.exports.iter().enumerate() {
            let what = format!("export {} token {token}", exported.package);
            facts.add(what, format!("{} {}", exported.class, exported.methods.join(" ")));
        }
        for resource in &dump.static_resources {
            facts.add(format!("static resource {}", resource.id), &resource.data);
        }
        for other in &dump.others {
            facts.add(format!("component {}", other.name), &other.bytes);
        }
        for class in &dump.classes {
            facts.class(class);
        }
        facts
    }

    fn add(&mut self, what: impl Into<String>, value: impl Into<String>) {
        let what = self.unique(what.into());
        self.values.insert(what.clone(), value.into());
        self.order.push(what);
    }

    /// A name that is there already (in a file that is no package a converter makes) is numbered.
    fn unique(&self, what: String) -> String {
        if !self.values.contains_key(&what) && !self.code.contains_key(&what) {
            return what;
        }
        let number = self.order.len();
        format!("{what} ({number})")
    }

    fn class(&mut self, class: &ClassDump) {
        let kind = if class.interface { "interface" } else { "class" };
        let name = format!("class {}", class.name);
        let token =
            class.token.map_or_else(|| "no token".to_owned(), |token| format!("token {token}"));
        self.add(name.clone(), format!("{} {kind}, {token}", class.access.join(" ")));
        self.add(format!("{name}: superclass"), class.superclass.as_deref().unwrap_or("none"));
        for one in &class.interfaces {
            let by: Vec<String> = one.methods.iter().map(ToString::to_string).collect();
            self.add(format!("{name}: interface {}", one.name), format!("by {}", by.join(" ")));
        }
        if let Some(objects) = &class.objects {
            self.add(format!("{name}: words of an object"), objects.instance_size.to_string());
            let references = (objects.first_reference_token, objects.reference_count);
            let references = format!("{} from token {}", references.1, references.0);
            self.add(format!("{name}: references"), references);
            for (table, base, methods) in [
                ("method", objects.public_base, &objects.public_methods),
                ("package method", objects.package_base, &objects.package_methods),
            ] {
                for (token, method) in (u16::from(base)..).zip(methods) {
                    let method = method.as_deref().unwrap_or("of another package");
                    self.add(format!("{name}: {table} token {token}"), method);
                }
            }
            if let Some(mapping) = &objects.token_mapping {
                self.add(format!("{name}: token mapping"), format!("{mapping:?}"));
            }
            if let Some(count) = objects.inheritable {
                self.add(format!("{name}: inheritable tokens"), count.to_string());
            }
        }
        if let Some(remote) = &class.remote {
            self.add(format!("{name}: remote"), format!("{remote:?}"));
        }
        class.fields.iter().for_each(|field| self.field(&name, field));
        class.methods.iter().for_each(|method| self.method(&name, method));
    }

    fn field(&mut self, class: &str, field: &FieldDump) {
        let token = field.token.map(|token| format!(", token {token}")).unwrap_or_default();
        let value = field.value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
        let words = field.access.join(" ");
        let what = format!("{class}: field {}", field.name);
        self.add(what, format!("{words} {}{value}{token}", field.descriptor));
    }

    fn method(&mut self, class: &str, method: &MethodDump) {
        let what = self.unique(format!("{class}: method {}{}", method.name, method.descriptor));
        let token = method.token.map(|token| format!(", token {token}")).unwrap_or_default();
        self.add(what.clone(), format!("{}{token}", method.access.join(" ")));
        let words = (method.max_stack, method.arguments, method.max_locals);
        let words = format!("stack {}, arguments {}, locals {}", words.0, words.1, words.2);
        self.add(format!("{what}: words"), words);
        if let Some(problem) = &method.problem {
            self.add(format!("{what}: problem"), problem);
        }
        let labels = method.labels();
        let label =
            |place: i32| labels.get(&place).map_or_else(|| "?".to_owned(), |n| format!("L{n}"));
        let handlers = method.handlers.iter().map(|handler| {
            let catches = handler.catches.as_deref().unwrap_or("any");
            let places = (label(handler.start), label(handler.end), label(handler.handler));
            let stop = if handler.stop { ", stop" } else { "" };
            format!("{} to {} handler {} catches {catches}{stop}", places.0, places.1, places.2)
        });
        let handlers: Vec<String> = handlers.collect();
        if !handlers.is_empty() {
            self.add(format!("{what}: handlers"), handlers.join("; "));
        }
        let lines: Vec<String> = method.lines.iter().map(|line| format!("{line:?}")).collect();
        if !lines.is_empty() {
            self.add(format!("{what}: lines"), lines.join(" "));
        }
        for variable in &method.variables {
            let what = format!("{what}: variable {} {}", variable.index, variable.name);
            let end = variable.start.saturating_add(variable.length);
            self.add(what, format!("{} {} to {end}", variable.descriptor, variable.start));
        }
        let code = method.code.iter().map(|instruction| {
            let label = labels.get(&instruction.at.into()).map(|number| format!("L{number}: "));
            let label = label.unwrap_or_default();
            match &instruction.refers_to {
                // Which index of the constant pool it has makes no difference.
                Some(name) => {
                    let kept: Vec<String> = match instruction.operands.as_slice() {
                        [words, _, token] => vec![words.to_string(), token.to_string()],
                        [kind, _] => vec![kind.to_string()],
                        _ => Vec::new(),
                    };
                    let kept = kept.join(" ");
                    let gap = if kept.is_empty() { "" } else { " " };
                    format!("{label}{}{gap}{kept} {name}", instruction.mnemonic)
                }
                None => format!("{label}{}", instruction.words(&labels)),
            }
        });
        let what = format!("{what}: code");
        self.code.insert(what.clone(), code.collect());
        self.order.push(what);
    }
}

fn changes(first: &Facts, second: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    let only_second = second
        .order
        .iter()
        .filter(|what| !first.values.contains_key(*what) && !first.code.contains_key(*what));
    for what in first.order.iter().chain(only_second) {
        if let (Some(one), Some(other)) = (first.code.get(what), second.code.get(what)) {
            if let Some((one, other)) = first_difference(one, other) {
                let what = what.clone();
                changes.push(Change { what, first: Some(one), second: Some(other) });
            }
            continue;
        }
        let value = |facts: &Facts| {
            let code = || facts.code.get(what).map(|code| instructions(code.len()));
            facts.values.get(what).cloned().or_else(code)
        };
        let (one, other) = (value(first), value(second));
        if one != other {
            changes.push(Change { what: what.clone(), first: one, second: other });
        }
    }
    changes
}

fn instructions(count: usize) -> String {
    if count == 1 { "1 instruction".to_owned() } else { format!("{count} instructions") }
}

/// The first place where two codes differ, in words.
fn first_difference(first: &[String], second: &[String]) -> Option<(String, String)> {
    if first == second {
        return None;
    }
    let same = first.iter().zip(second).take_while(|(one, other)| one == other).count();
    let tell = |code: &[String]| {
        let line = code.get(same).map_or("the end", String::as_str);
        format!("{}, instruction {same}: {line}", instructions(code.len()))
    };
    Some((tell(first), tell(second)))
}

fn component_changes(first: &[Component], second: &[Component]) -> Vec<ComponentChange> {
    let mut tags: Vec<_> = first.iter().chain(second).map(|component| component.tag).collect();
    tags.sort();
    tags.dedup();
    let find = |all: &[Component], tag| {
        all.iter().find(|component| component.tag == tag).map(|component| component.bytes.clone())
    };
    let mut changes = Vec::new();
    for tag in tags {
        let (one, other) = (find(first, tag), find(second, tag));
        if one == other {
            continue;
        }
        let (offset, count) = match (&one, &other) {
            (Some(one), Some(other)) => {
                let pairs = || one.iter().zip(other);
                let length = one.len().min(other.len());
                let offset = pairs().position(|(one, other)| one != other).unwrap_or(length);
                let differing = pairs().filter(|(one, other)| one != other).count();
                (Some(offset), differing.saturating_add(one.len().abs_diff(other.len())))
            }
            (one, other) => (None, one.iter().chain(other).map(Vec::len).sum()),
        };
        changes.push(ComponentChange {
            component: tag.to_string(),
            first_size: one.map(|bytes| bytes.len()),
            second_size: other.map(|bytes| bytes.len()),
            offset,
            count,
        });
    }
    changes
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identical => "identical",
            Self::Equivalent => "equivalent: they mean the same, bytes differ",
            Self::Different => "different",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.verdict)?;
        for change in &self.meaning {
            writeln!(f, "\n{}", change.what)?;
            writeln!(f, "  - {}", change.first.as_deref().unwrap_or("not there"))?;
            writeln!(f, "  + {}", change.second.as_deref().unwrap_or("not there"))?;
        }
        if !self.components.is_empty() {
            writeln!(f, "\nbytes")?;
        }
        self.components.iter().try_for_each(|change| {
            let name = &change.component;
            match (change.first_size, change.second_size, change.offset) {
                (Some(first), Some(second), Some(offset)) => {
                    let sizes = match first == second {
                        true => format!("{first} bytes"),
                        false => format!("{first} and {second} bytes"),
                    };
                    writeln!(f, "  {name}: {sizes}, {} differ, the first at {offset}", change.count)
                }
                (Some(first), _, _) => writeln!(f, "  {name}: {first} bytes, not in the second"),
                (_, second, _) => {
                    writeln!(f, "  {name}: not in the first, {} bytes", second.unwrap_or_default())
                }
            }
        })
    }
}
