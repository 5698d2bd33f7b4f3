//! The Export component and the export file.

use std::sync::Arc;

use capfile::cap;
use capfile::class::access as java;
use capfile::export::{
    self, ExportFile, PackageClass, PackageField, PackageMethod, ReferencedPackage,
};

use crate::diagnostic::Sink;
use crate::front::{Class, ClassRef, MemberRef, Program, Signature, Type};
use crate::layout::{NONE, Package, Tokens};
use crate::request::Request;

/// Access flags that export files know of class files.
const CLASS_ACCESS: u16 = java::PUBLIC | java::FINAL | java::INTERFACE | java::ABSTRACT;
const MEMBER_ACCESS: u16 =
    java::PUBLIC | java::PROTECTED | java::STATIC | java::FINAL | java::ABSTRACT;

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
    let exported = exported_classes(program, request);
    let classes = exported.iter().map(|index| export_class(program, package, *index, version));
    let classes = classes.collect::<Option<Vec<_>>>()?;
    let (major, minor) = request.version;
    let offered = export::Package {
        name: program.package.as_str().into(),
        info: cap::PackageInfo {
            version: cap::Version { major, minor },
            aid: super::aid(request.aid, "package AID", sink)?,
        },
        is_library: request.applets.is_empty(),
        referenced: referenced(program, &classes),
        classes,
    };
    match ExportFile::of(&offered, version) {
        Ok(file) => Some(file),
        Err(too_large) => {
            crate::layout::refuse(program, sink, &too_large.to_string());
            None
        }
    }
}

/// Packages in the order in which what is offered names them.
fn referenced(program: &Program, classes: &[PackageClass]) -> Vec<ReferencedPackage> {
    let mut packages: Vec<usize> = Vec::new();
    let mut meet = |name: &str| {
        if let Ok(ClassRef::External(external)) = program.resolve_class(name)
            && !packages.contains(&external.package)
        {
            packages.push(external.package);
        }
    };
    for class in classes {
        class.supers.iter().chain(&class.interfaces).for_each(|name| meet(name));
        for field in &class.fields {
            Type::parse(&field.descriptor).as_ref().and_then(Type::class).map(&mut meet);
        }
        for method in &class.methods {
            let Some(signature) = Signature::parse(&method.descriptor) else { continue };
            signature.types().filter_map(Type::class).for_each(&mut meet);
        }
    }
    let packages = packages.into_iter().filter_map(|index| program.imports.get(index));
    packages
        .map(|package| ReferencedPackage { name: package.name.clone(), info: package.info })
        .collect()
}

fn export_class(
    program: &Program,
    package: &Package,
    index: usize,
    version: cap::FormatVersion,
) -> Option<PackageClass> {
    let class = program.class(index)?;
    let tokens = package.class_tokens(index)?;
    let this = ClassRef::Internal(index);
    let names = |classes: Vec<ClassRef>| {
        classes.into_iter().map(|class| program.class_name(class).into()).collect::<Vec<Arc<str>>>()
    };
    let mut access = class.access & CLASS_ACCESS;
    if class.is_shareable {
        access |= export::access::SHAREABLE;
    }
    if class.is_remote {
        access |= export::access::REMOTE;
    }
    let has_count = version >= cap::FormatVersion::V2_3 && !class.is_interface();
    Some(PackageClass {
        token: tokens.class?,
        access,
        name: class.name.as_str().into(),
        supers: names(program.superclasses(this)),
        interfaces: names(program.all_interfaces(this)),
        fields: fields(class, tokens),
        methods: methods(program, package, index)?,
        inheritable_count: match has_count {
            true => u8::try_from(tokens.public.len()).unwrap_or(NONE),
            false => 0,
        },
    })
}

/// Fields of objects by token, then static ones as they are written.
fn fields(class: &Class, tokens: &Tokens) -> Vec<PackageField> {
    let statics = class.fields.iter().enumerate().filter(|(_, field)| field.is_static());
    let all = tokens.instance_fields.iter().copied().chain(statics.map(|(at, _)| at));
    let exported = all.filter_map(|at| {
        let field = class.fields.get(at).filter(|field| field.is_exported())?;
        Some(PackageField {
            token: tokens.fields.get(at).copied().unwrap_or(NONE),
            access: field.access & MEMBER_ACCESS,
            name: field.name.as_str().into(),
            descriptor: field.descriptor.as_str().into(),
            value: field.constant,
        })
    });
    exported.collect()
}

/// Methods that others may call, each kind by token, inherited ones too.
fn methods(program: &Program, package: &Package, index: usize) -> Option<Vec<PackageMethod>> {
    let class = program.class(index)?;
    let this = ClassRef::Internal(index);
    let listed = |token: usize, member: MemberRef| -> Option<PackageMethod> {
        let (name, descriptor) = program.method_names(member)?;
        Some(PackageMethod {
            token: u8::try_from(token).ok()?,
            access: program.method_access(member) & MEMBER_ACCESS,
            name: name.into(),
            descriptor: descriptor.into(),
        })
    };
    if class.is_interface() {
        let members = class.interface_methods.iter().enumerate();
        return members.map(|(token, member)| listed(token, *member)).collect();
    }
    let tokens = package.class_tokens(index)?;
    let mut fixed: Vec<PackageMethod> = Vec::new();
    for (at, method) in class.methods.iter().enumerate() {
        if method.is_exported() && (method.is_static() || method.is_constructor()) {
            let token = tokens.methods.get(at).copied().map(usize::from)?;
            fixed.push(listed(token, MemberRef { class: this, index: at })?);
        }
    }
    for (token, entry) in tokens.public.iter().enumerate() {
        let member = program.resolve_method(this, &entry.name, &entry.descriptor)?;
        fixed.push(listed(token, member)?);
    }
    Some(fixed)
}
