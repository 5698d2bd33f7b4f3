//! Components and the export file are written.

mod classes;
mod debug;
mod descriptor;
mod export;
mod remote;

use capfile::cap::{self, CapFile};
use capfile::{Aid, AidError};

pub(crate) use classes::classes;

use crate::code::{Bodies, Constant};
use crate::diagnostic::{Place, Sink};
use crate::front::{ClassRef, Initial, MemberRef, Program, Type};
use crate::layout::{self, Package};
use crate::request::{Converted, Request};

/// Writes everything.
pub(crate) fn emit(
    program: &Program,
    package: &Package,
    bodies: &Bodies,
    request: &Request<'_>,
    sink: &mut Sink,
) -> Option<Converted> {
    let cap = cap_file(program, package, bodies, request, sink)?;
    let export = export::export_file(program, package, request, sink)?;
    let components = match cap.to_components() {
        Ok(components) => components,
        Err(too_large) => {
            layout::refuse(program, sink, &too_large.to_string());
            return None;
        }
    };
    let components =
        components.into_iter().map(|component| (component.tag.name(), component.bytes)).collect();
    let export_bytes = match export.to_bytes() {
        Ok(bytes) => bytes,
        Err(too_large) => {
            layout::refuse(program, sink, &too_large.to_string());
            return None;
        }
    };
    Some(Converted { cap, components, export, export_bytes, warnings: Vec::new() })
}

/// Reads an AID of the request.
pub(crate) fn aid(bytes: &[u8], what: &str, sink: &mut Sink) -> Option<Aid> {
    let read: Result<Aid, AidError> = Aid::new(bytes);
    match read {
        Ok(aid) => Some(aid),
        Err(error) => {
            let place = Place { construct: what.to_owned(), ..Place::default() };
            sink.error(&place, error.to_string(), "An AID has 5 to 16 bytes.");
            None
        }
    }
}

fn cap_file(
    program: &Program,
    package: &Package,
    bodies: &Bodies,
    request: &Request<'_>,
    sink: &mut Sink,
) -> Option<CapFile> {
    let exported = export::exported_classes(program, request);
    let (pool, types) = descriptor::types(program, package)?;
    let debug = match request.options.debug {
        true => Some(debug::debug(program, package, bodies)?),
        false => None,
    };
    let mut cap = CapFile {
        header: header(program, package, request, !exported.is_empty(), sink)?,
        directory: None,
        applets: applets(program, package, request, sink)?,
        imports: imports(program, package),
        constant_pool: constant_pool(program, package),
        classes: classes(program, package),
        methods: methods(package),
        static_fields: static_fields(program, package),
        reference_locations: reference_locations(package),
        exports: export::exports(program, package, &exported),
        descriptor: Some(descriptor::descriptor(program, package, pool, types)?),
        debug,
        static_resources: None,
        others: Vec::new(),
    };
    if let Err(too_large) = cap.fill_directory() {
        layout::refuse(program, sink, &too_large.to_string());
        return None;
    }
    Some(cap)
}

fn header(
    program: &Program,
    package: &Package,
    request: &Request<'_>,
    has_exports: bool,
    sink: &mut Sink,
) -> Option<cap::Header> {
    let (major, minor) = request.version;
    let info = cap::PackageInfo {
        version: cap::Version { major, minor },
        aid: aid(request.aid, "package AID", sink)?,
    };
    // From format 2.2 on there is room for the name; newer converters leave it empty where remote
    // calls do not need it.
    let is_remote = program.classes.iter().any(|class| class.is_remote);
    let is_named = package.format.version >= cap::FormatVersion::V2_2
        && (is_remote || !request.target.has_format_23());
    let name = if is_named { program.package.clone().into_bytes() } else { Vec::new() };
    let mut flags = 0;
    if descriptor::has_int(program, package) {
        flags |= cap::Header::INT;
        let place = Place { construct: program.package.replace('/', "."), ..Place::default() };
        sink.warning(
            &place,
            "the package needs cards that support int",
            "Many cards do not; where a short is enough, use short.",
        );
    }
    if has_exports {
        flags |= cap::Header::EXPORT;
    }
    if !request.applets.is_empty() {
        flags |= cap::Header::APPLET;
    }
    Some(cap::Header {
        version: package.format.version,
        flags,
        file: None,
        packages: vec![cap::NamedPackage { package: info, name }],
    })
}

fn applets(
    program: &Program,
    package: &Package,
    request: &Request<'_>,
    sink: &mut Sink,
) -> Option<Option<cap::Applets>> {
    if request.applets.is_empty() {
        return Some(None);
    }
    let mut applets = Vec::new();
    for applet in request.applets {
        let aid = aid(applet.aid, &format!("AID of applet {}", applet.class), sink)?;
        let class = program.own_class(applet.class)?;
        let install = program.install_method(class)?;
        let ClassRef::Internal(declaring) = install.class else { return None };
        let offset = package.method_offset(declaring, install.index);
        applets.push(cap::Applet { aid, install: cap::MethodPlace::compact(offset) });
    }
    Some(Some(cap::Applets { applets }))
}

fn imports(program: &Program, package: &Package) -> cap::Imports {
    let packages = package.imports.packages.iter();
    let packages =
        packages.filter_map(|index| program.imports.get(*index)).map(|package| package.info);
    cap::Imports { packages: packages.collect() }
}

fn constant_pool(program: &Program, package: &Package) -> cap::ConstantPool {
    let constants = package.pool.constants.iter();
    let constants = constants.map(|constant| constant_entry(program, package, *constant));
    cap::ConstantPool { constants: constants.collect() }
}

fn constant_entry(program: &Program, package: &Package, constant: Constant) -> cap::Constant {
    let class_ref = |class: ClassRef| package.class_ref(program, class);
    match constant {
        Constant::Class(class) => cap::Constant::Class { class: class_ref(class), padding: 0 },
        Constant::InstanceField(member, _) => cap::Constant::InstanceField {
            class: class_ref(member.class),
            token: package.field_token(program, member),
        },
        Constant::Virtual(member, _) => cap::Constant::VirtualMethod {
            class: class_ref(member.class),
            token: package.method_token(program, member),
        },
        Constant::Super(class, member) => cap::Constant::SuperMethod {
            class: class_ref(ClassRef::Internal(class)),
            token: package.method_token(program, member),
        },
        Constant::StaticField(member, _) => {
            let token = package.field_token(program, member);
            let offset = |class| package.image.offset(class, member.index).unwrap_or_default();
            cap::Constant::StaticField(static_ref(program, package, member, token, offset))
        }
        Constant::Static(member, _) => {
            let token = package.method_token(program, member);
            let offset = |class| package.method_offset(class, member.index);
            cap::Constant::StaticMethod(static_ref(program, package, member, token, offset))
        }
    }
}

fn static_ref(
    program: &Program,
    package: &Package,
    member: MemberRef,
    token: u8,
    offset: impl Fn(usize) -> u16,
) -> cap::StaticRef {
    match member.class {
        ClassRef::Internal(class) => cap::StaticRef::Internal { block: 0, offset: offset(class) },
        ClassRef::External(external) => cap::StaticRef::External {
            package: package.imports.token(external.package).unwrap_or(layout::NONE),
            class: program.imports.class(external).map_or(layout::NONE, |class| class.token),
            token,
        },
    }
}

fn methods(package: &Package) -> cap::Methods {
    let mut block = cap::MethodBlock::default();
    for layout in package.methods.iter().flatten() {
        let Some(body) = &layout.body else {
            block.methods.extend(&layout.header);
            continue;
        };
        let start = usize::from(layout.offset).saturating_add(layout.header.len());
        let place = |offset: usize| u16::try_from(start.saturating_add(offset)).unwrap_or(u16::MAX);
        for handler in &body.handlers {
            let length = handler.end.saturating_sub(handler.start);
            let catches = handler.catches.map(Constant::Class);
            block.handlers.push(cap::ExceptionHandler {
                start: place(handler.start),
                length: u16::try_from(length).unwrap_or(u16::MAX),
                stop: handler.is_last,
                handler: place(handler.target),
                catch_type: catches.and_then(|class| package.pool.index(class)).unwrap_or(0),
            });
        }
        block.methods.extend(&layout.header);
        block.methods.extend(&body.code);
    }
    cap::Methods::compact(block)
}

fn static_fields(program: &Program, package: &Package) -> cap::StaticFields {
    let image = &package.image;
    let field =
        |place: &(usize, usize)| program.class(place.0).and_then(|class| class.fields.get(place.1));
    let array = |place| -> Option<cap::ArrayInit> {
        let field = field(place)?;
        let (Type::Array(element), Initial::Array(values)) = (&field.kind, &field.initial) else {
            return None;
        };
        let code = match &**element {
            Type::Boolean => 2,
            Type::Byte => 3,
            Type::Short => 4,
            _ => 5,
        };
        let mut bytes = Vec::new();
        values.iter().for_each(|value| number(element, *value, &mut bytes));
        Some(cap::ArrayInit { element: code, values: bytes })
    };
    let mut values = Vec::new();
    for place in &image.values {
        if let Some(field) = field(place)
            && let Initial::Number(value) = field.initial
        {
            number(&field.kind, value, &mut values);
        }
    }
    let references = image.arrays.len().saturating_add(image.references.len());
    cap::StaticFields {
        image_size: image.size,
        reference_count: u16::try_from(references).unwrap_or(u16::MAX),
        arrays: image.arrays.iter().filter_map(array).collect(),
        default_size: image.default_size,
        values,
    }
}

/// A value in as many bytes as its type has.
fn number(kind: &Type, value: i32, to: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let size = match kind {
        Type::Int => 4,
        Type::Boolean | Type::Byte => 1,
        _ => 2,
    };
    to.extend(bytes.get(4_usize.saturating_sub(size)..).unwrap_or_default());
}

fn reference_locations(package: &Package) -> cap::ReferenceLocations {
    let (mut bytes, mut shorts) = (Vec::new(), Vec::new());
    let mut handler = 0_u32;
    for layout in package.methods.iter().flatten() {
        let Some(body) = &layout.body else { continue };
        for one in &body.handlers {
            if one.catches.is_some() {
                shorts.push(handler.saturating_mul(8).saturating_add(7));
            }
            handler = handler.saturating_add(1);
        }
        let start = usize::from(layout.offset).saturating_add(layout.header.len());
        for (at, width) in &body.references {
            let at = u32::try_from(start.saturating_add(*at)).unwrap_or(u32::MAX);
            match width {
                1 => bytes.push(at),
                _ => shorts.push(at),
            }
        }
    }
    shorts.sort_unstable();
    cap::ReferenceLocations::compact(cap::LocationBlock::new(bytes, shorts))
}
