//! The Debug component.

use std::collections::HashMap;

use capfile::cap;

use crate::front::{ClassRef, Program};
use crate::layout::Package;

/// Names, lines and local variables.
pub(super) fn debug(program: &Program, package: &Package) -> Option<cap::Debug> {
    let mut strings = Strings::default();
    let package_name = strings.index(&program.package)?;
    let mut classes = Vec::new();
    for (index, class) in program.classes.iter().enumerate() {
        let name = strings.index(&class.name)?;
        let superclass =
            class.superclass.map_or("java/lang/Object", |class| program.class_name(class));
        let superclass = strings.index(superclass)?;
        let source_file = strings.index(class.source_file.as_deref().unwrap_or_default())?;
        let mut interfaces = Vec::new();
        for interface in &class.interfaces {
            interfaces.push(strings.index(program.class_name(*interface))?);
        }
        classes.push(cap::ClassDebug {
            name,
            access: class.access,
            this: package.class_ref(program, ClassRef::Internal(index)),
            superclass,
            source_file,
            interfaces,
            fields: Vec::new(),
            methods: Vec::new(),
        });
    }
    Some(cap::Debug { strings: strings.list, package: package_name, classes })
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
