//! The Debug component.

use std::cmp::Reverse;
use std::collections::HashMap;

use capfile::cap;
use capfile::class::{Variable, access as java};

use crate::code::{Assembled, Bodies, Body};
use crate::front::{Class, ClassRef, Method, Program};
use crate::layout::{MethodLayout, Package, Tokens};

/// Names, lines and local variables.
pub(super) fn debug(program: &Program, package: &Package, bodies: &Bodies) -> Option<cap::Debug> {
    let mut strings = Strings::default();
    let name = strings.index(&program.package)?;
    let mut classes = Vec::new();
    for index in 0..program.classes.len() {
        classes.push(class_debug(program, package, bodies, index, &mut strings)?);
    }
    Some(cap::Debug { strings: strings.list, package: name, classes })
}

fn class_debug(
    program: &Program,
    package: &Package,
    bodies: &Bodies,
    index: usize,
    strings: &mut Strings,
) -> Option<cap::ClassDebug> {
    let class = program.class(index)?;
    let tokens = package.class_tokens(index)?;
    let name = strings.index(&class.name)?;
    let superclass = class.superclass.map_or("java/lang/Object", |class| program.class_name(class));
    let superclass = strings.index(superclass)?;
    let source_file = strings.index(class.source_file.as_deref().unwrap_or_default())?;
    let mut interfaces = Vec::new();
    for interface in &class.interfaces {
        interfaces.push(strings.index(program.class_name(*interface))?);
    }
    let mut fields = Vec::new();
    for at in field_order(class, tokens) {
        let field = class.fields.get(at)?;
        let contents = match (field.constant, package.image.offset(index, at)) {
            (Some(value), _) => value.cast_unsigned(),
            (None, Some(offset)) => offset.into(),
            (None, None) => tokens.fields.get(at).copied().map_or(0, u32::from),
        };
        fields.push(cap::FieldDebug {
            name: strings.index(&field.name)?,
            descriptor: strings.index(&field.descriptor)?,
            access: field.access,
            contents,
        });
    }
    let mut methods = Vec::new();
    for (at, method) in class.methods.iter().enumerate() {
        let layout = package.methods.get(index)?.get(at)?;
        let body = bodies.get(&(index, at));
        methods.push(method_debug(method, layout, body, strings)?);
    }
    Some(cap::ClassDebug {
        name,
        access: class.access & !java::SUPER,
        this: package.class_ref(program, ClassRef::Internal(index)),
        superclass,
        source_file,
        interfaces,
        fields,
        methods,
    })
}

/// Fields of objects by token, then static ones that others may see, then the rest.
fn field_order(class: &Class, tokens: &Tokens) -> Vec<usize> {
    let mut order = tokens.instance_fields.clone();
    for is_exported in [true, false] {
        let statics = class
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| field.is_static() && field.is_exported() == is_exported);
        order.extend(statics.map(|(at, _)| at));
    }
    order
}

fn method_debug(
    method: &Method,
    layout: &MethodLayout,
    body: Option<&Body>,
    strings: &mut Strings,
) -> Option<cap::MethodDebug> {
    let name = strings.index(&method.name)?;
    let descriptor = strings.index(&method.descriptor)?;
    let mut debug = cap::MethodDebug {
        name,
        descriptor,
        access: method.access,
        // What has no code is said to be nowhere.
        offset: 0,
        header_length: 0,
        code_length: 0,
        variables: Vec::new(),
        lines: Vec::new(),
    };
    let (Some(assembled), Some(body), Some(code)) = (&layout.body, body, &method.code) else {
        return Some(debug);
    };
    let places = Places { assembled };
    debug.offset = layout.offset;
    debug.header_length = u8::try_from(layout.header.len()).ok()?;
    debug.code_length = u16::try_from(assembled.code.len()).ok()?;
    let mut variables: Vec<&Variable> = code.variables.iter().collect();
    variables.sort_by_key(|variable| (variable.index, Reverse(variable.start)));
    for variable in variables {
        let local = body.locals.get(usize::from(variable.index)).copied()?;
        let start = places.offset(variable.start.into());
        let end = places.offset(usize::from(variable.start).saturating_add(variable.length.into()));
        debug.variables.push(cap::VariableDebug {
            index: u8::try_from(local).ok()?,
            name: strings.index(&variable.name)?,
            descriptor: strings.index(&variable.descriptor)?,
            start: u16::try_from(start).ok()?,
            length: u16::try_from(end.saturating_sub(start)).ok()?,
        });
    }
    for (at, line) in code.lines.iter().enumerate() {
        let start = places.offset(line.pc.into());
        let next = code.lines.get(at.saturating_add(1));
        let end = next.map_or(assembled.code.len(), |next| places.offset(next.pc.into()));
        debug.lines.push(cap::LineDebug {
            start: u16::try_from(start).ok()?,
            end: u16::try_from(end.saturating_sub(1)).ok()?,
            line: line.line,
        });
    }
    Some(debug)
}

/// Where JVM instructions went.
struct Places<'a> {
    assembled: &'a Assembled,
}

impl Places<'_> {
    fn offset(&self, pc: usize) -> usize {
        let starts = &self.assembled.starts;
        let place = starts.partition_point(|(start, _)| usize::from(*start) < pc);
        starts.get(place).map_or(self.assembled.code.len(), |(_, offset)| *offset)
    }
}

/// Strings, each once.
#[derive(Default)]
struct Strings {
    list: Vec<Vec<u8>>,
    known: HashMap<String, u16>,
}

impl Strings {
    fn index(&mut self, text: &str) -> Option<u16> {
        if let Some(index) = self.known.get(text) {
            return Some(*index);
        }
        let index = u16::try_from(self.list.len()).ok()?;
        self.list.push(text.as_bytes().to_vec());
        self.known.insert(text.to_owned(), index);
        Some(index)
    }
}
