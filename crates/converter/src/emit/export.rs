//! The Export component and the export file.

use std::collections::HashMap;

use capfile::cap;
use capfile::class::access as java;
use capfile::export::{
    self, ExportAttribute, ExportClass, ExportConstant, ExportField, ExportFile, ExportMethod,
};

use crate::diagnostic::Sink;
use crate::front::{ClassRef, MemberRef, Program};
use crate::layout::{NONE, Package};
use crate::request::Request;

/// Classes that others may use: of a library all that are public; of applets public shareable
/// interfaces.
pub(super) fn exported_classes(program: &Program, request: &Request<'_>) -> Vec<usize> {
    let is_library = request.applets.is_empty();
    let exported = program.classes.iter().enumerate().filter(|(_, class)| {
        class.is_public() && (is_library || class.is_interface() && class.is_shareable)
    });
    exported.map(|(index, _)| index).collect()
}

/// The Export component, if there is something to export.
pub(super) fn exports(
    program: &Program,
    package: &Package,
    exported: &[usize],
) -> Option<cap::Exports> {
    if exported.is_empty() {
        return None;
    }
    let class = |index: &usize| -> Option<cap::ExportedClass> {
        let class = program.class(*index)?;
        let tokens = package.class_tokens(*index)?;
        let mut fields: Vec<(u8, u16)> = Vec::new();
        for at in 0..class.fields.len() {
            if let (Some(token), Some(offset)) =
                (tokens.fields.get(at), package.image.offset(*index, at))
                && *token != NONE
            {
                fields.push((*token, offset));
            }
        }
        fields.sort_unstable();
        let mut methods: Vec<(u8, u16)> = Vec::new();
        for (at, method) in class.methods.iter().enumerate() {
            let is_fixed = method.is_static() || method.is_constructor();
            if is_fixed && let Some(token) = tokens.methods.get(at).filter(|token| **token != NONE)
            {
                methods.push((*token, package.method_offset(*index, at)));
            }
        }
        methods.sort_unstable();
        Some(cap::ExportedClass {
            class: package.class_offsets.get(*index).copied()?,
            fields: fields.into_iter().map(|(_, offset)| offset).collect(),
            methods: methods
                .into_iter()
                .map(|(_, offset)| cap::MethodPlace::compact(offset))
                .collect(),
        })
    };
    let classes = exported.iter().map(class).collect::<Option<Vec<_>>>()?;
    Some(cap::Exports::compact(classes))
}

/// The export file.
pub(super) fn export_file(
    program: &Program,
    package: &Package,
    request: &Request<'_>,
    sink: &mut Sink,
) -> Option<ExportFile> {
    let version = match request.target.has_format_23() {
        true => cap::FormatVersion::V2_3,
        false => cap::FormatVersion::V2_1,
    };
    let mut constants = Constants::default();
    let mut classes = Vec::new();
    for index in exported_classes(program, request) {
        classes.push(export_class(program, package, index, version, &mut constants)?);
    }
    let (major, minor) = request.version;
    let info = cap::PackageInfo {
        version: cap::Version { major, minor },
        aid: super::aid(request.aid, "package AID", sink)?,
    };
    let flags = u8::from(request.applets.is_empty());
    let this_package = constants.package(&program.package, flags, info)?;
    let mut referenced_packages = Vec::new();
    if version >= cap::FormatVersion::V2_3 {
        for index in &package.imports.packages {
            let imported = program.imports.get(*index)?;
            let flags = u8::from(imported.is_library);
            referenced_packages.push(constants.package(&imported.name, flags, imported.info)?);
        }
    }
    Some(ExportFile {
        version,
        constants: constants.list,
        this_package,
        referenced_packages,
        classes,
    })
}

fn export_class(
    program: &Program,
    package: &Package,
    index: usize,
    version: cap::FormatVersion,
    constants: &mut Constants,
) -> Option<ExportClass> {
    let class = program.class(index)?;
    let tokens = package.class_tokens(index)?;
    let mut fields = Vec::new();
    for (at, field) in class.fields.iter().enumerate().filter(|(_, field)| field.is_exported()) {
        let name = constants.text(&field.name)?;
        let descriptor = constants.text(&field.descriptor)?;
        let mut attributes = Vec::new();
        if let Some(value) = field.constant {
            let attribute = constants.text("ConstantValue")?;
            let data = constants.integer(value)?.to_be_bytes().to_vec();
            attributes.push(ExportAttribute { name: attribute, data });
        }
        fields.push(ExportField {
            token: tokens.fields.get(at).copied().unwrap_or(NONE),
            access: field.access,
            name,
            descriptor,
            attributes,
        });
    }
    let mut methods = Vec::new();
    for (token, access, name, descriptor) in listed_methods(program, package, index)? {
        methods.push(ExportMethod {
            token,
            access,
            name: constants.text(&name)?,
            descriptor: constants.text(&descriptor)?,
        });
    }
    let name = constants.class(&class.name)?;
    let this = ClassRef::Internal(index);
    let mut supers = Vec::new();
    for class in program.supers_for_export(this) {
        supers.push(constants.class(program.class_name(class))?);
    }
    let mut interfaces = Vec::new();
    for interface in program.all_interfaces(this) {
        interfaces.push(constants.class(program.class_name(interface))?);
    }
    let mut access = class.access & !java::SUPER;
    if class.is_shareable {
        access |= export::access::SHAREABLE;
    }
    if class.is_remote {
        access |= export::access::REMOTE;
    }
    let inheritable_count = match version >= cap::FormatVersion::V2_3 && !class.is_interface() {
        true => u8::try_from(tokens.public.len()).unwrap_or(NONE),
        false => 0,
    };
    Some(ExportClass {
        token: tokens.class?,
        access,
        name,
        supers,
        interfaces,
        fields,
        methods,
        inheritable_count,
    })
}

type Listed = (u8, u16, String, String);

/// Methods that others may call, inherited ones too.
fn listed_methods(program: &Program, package: &Package, index: usize) -> Option<Vec<Listed>> {
    let class = program.class(index)?;
    let mut listed: Vec<Listed> = Vec::new();
    if class.is_interface() {
        for (token, member) in class.interface_methods.iter().enumerate() {
            let (name, descriptor) = program.method_names(*member)?;
            let access = program.method_access(*member);
            let token = u8::try_from(token).ok()?;
            listed.push((token, access, name.to_owned(), descriptor.to_owned()));
        }
        return Some(listed);
    }
    for (at, method) in class.methods.iter().enumerate() {
        if method.is_exported() {
            let member = MemberRef { class: ClassRef::Internal(index), index: at };
            listed.push((
                package.method_token(program, member),
                method.access,
                method.name.clone(),
                method.descriptor.clone(),
            ));
        }
    }
    let tokens = package.class_tokens(index)?;
    for (token, entry) in tokens.public.iter().enumerate().filter(|(_, entry)| !entry.is_own) {
        let member = program.resolve_method(
            ClassRef::Internal(index),
            &entry.name,
            &entry.descriptor,
        )?;
        listed.push((
            u8::try_from(token).ok()?,
            program.method_access(member),
            entry.name.clone(),
            entry.descriptor.clone(),
        ));
    }
    Some(listed)
}

/// Constants of an export file, each once.
#[derive(Default)]
struct Constants {
    list: Vec<ExportConstant>,
    texts: HashMap<String, u16>,
    integers: HashMap<i32, u16>,
    classes: HashMap<String, u16>,
}

impl Constants {
    fn push(&mut self, constant: ExportConstant) -> Option<u16> {
        let index = u16::try_from(self.list.len()).ok()?;
        self.list.push(constant);
        Some(index)
    }

    fn text(&mut self, text: &str) -> Option<u16> {
        if let Some(index) = self.texts.get(text) {
            return Some(*index);
        }
        let index = self.push(ExportConstant::Utf8(text.as_bytes().to_vec()))?;
        self.texts.insert(text.to_owned(), index);
        Some(index)
    }

    fn integer(&mut self, value: i32) -> Option<u16> {
        if let Some(index) = self.integers.get(&value) {
            return Some(*index);
        }
        let index = self.push(ExportConstant::Integer(value))?;
        self.integers.insert(value, index);
        Some(index)
    }

    fn class(&mut self, name: &str) -> Option<u16> {
        if let Some(index) = self.classes.get(name) {
            return Some(*index);
        }
        let text = self.text(name)?;
        let index = self.push(ExportConstant::Class(text))?;
        self.classes.insert(name.to_owned(), index);
        Some(index)
    }

    fn package(&mut self, name: &str, flags: u8, package: cap::PackageInfo) -> Option<u16> {
        let name = self.text(name)?;
        self.push(ExportConstant::Package { flags, name, package })
    }
}
