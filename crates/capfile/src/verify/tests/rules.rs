//! Every rule refuses something.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::corpus::{fixtures, of_platform};
use super::made::{Made, OBJECT, SELF, THROWABLE};
use crate::Aid;
use crate::bytes::Cursor;
use crate::cap::{
    CapFile, Class, ClassEntry, ClassRef, Constant, ConstantPool, FieldDescriptor, FieldPlace,
    Header, MethodDescriptor, MethodPlace, PackageInfo, StaticRef, Tag, Type, Version, access,
};
use crate::export::Package;
use crate::instruction::{Located, decode_all};
use crate::verify::{Context, Rule, verify};

/// A sample, changed.
fn changed(name: &str, change: impl Fn(&mut CapFile)) -> CapFile {
    let sample = fixtures().into_iter().find(|sample| sample.name == name);
    let mut cap = sample.unwrap_or_else(|| panic!("no {name}")).cap;
    change(&mut cap);
    cap
}

/// The same, with sizes brought up to date.
fn fitted(name: &str, change: impl Fn(&mut CapFile)) -> CapFile {
    let mut cap = changed(name, change);
    cap.fill_directory().unwrap();
    cap
}

fn made(code: &[u8]) -> CapFile {
    Made::new(code).cap()
}

fn with_types(code: &[u8], types: &[Type]) -> CapFile {
    let mut made = Made::new(code);
    made.types = types.to_vec();
    made.cap()
}

fn with_constant(code: &[u8], constant: Constant, types: Option<Vec<Type>>) -> CapFile {
    let mut made = Made::new(code);
    made.constants = vec![(constant, types)];
    made.cap()
}

fn class(cap: &mut CapFile, fits: impl Fn(&Class) -> bool) -> &mut Class {
    let classes = cap.classes.entries.iter_mut().filter_map(|entry| match entry {
        ClassEntry::Class(class) => Some(class),
        ClassEntry::Interface(_) => None,
    });
    classes.into_iter().find(|class| fits(class)).unwrap()
}

fn constant(cap: &mut CapFile, fits: impl Fn(&Constant) -> bool) -> &mut Constant {
    let ConstantPool { constants } = &mut cap.constant_pool;
    constants.iter_mut().find(|constant| fits(constant)).unwrap()
}

fn methods(cap: &mut CapFile) -> impl Iterator<Item = &mut MethodDescriptor> {
    let classes = cap.descriptor.as_mut().unwrap().packages.iter_mut().flatten();
    classes.flat_map(|class| &mut class.methods)
}

fn fields(cap: &mut CapFile) -> impl Iterator<Item = &mut FieldDescriptor> {
    let classes = cap.descriptor.as_mut().unwrap().packages.iter_mut().flatten();
    classes.flat_map(|class| &mut class.fields)
}

/// Changes the bytes of the first instruction that a change takes.
fn patch(cap: &mut CapFile, change: impl Fn(&Located, &mut [u8]) -> bool) {
    let places: Vec<MethodDescriptor> = methods(cap).map(|method| *method).collect();
    let block = &mut cap.methods.blocks[0];
    for method in places.iter().filter(|method| method.code_length != 0) {
        let (header, code) = block.method(method.place.offset, method.code_length, 0).unwrap();
        let part = Tag::Method.part();
        let code = decode_all(&mut Cursor::new(&part, code)).unwrap();
        let start = usize::from(method.place.offset) - block.first_method();
        let start = start + usize::from(header.length());
        for located in &code {
            let at = start + usize::from(located.at);
            let bytes = &mut block.methods[at..at + located.instruction.length()];
            if change(located, bytes) {
                return;
            }
        }
    }
    panic!("no such instruction");
}

fn opcode(cap: &mut CapFile, was: u8, is: u8) {
    patch(cap, |located, bytes| {
        let found = located.instruction.opcode.byte() == was;
        if found {
            bytes[0] = is;
        }
        found
    });
}

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

/// Calls the protected `register()` of Applet, from a class that is none.
fn calls_register() -> CapFile {
    let applet = ClassRef::External { package: 1, class: 3 };
    let register = Constant::VirtualMethod { class: applet, token: 1 };
    let mut cap = with_constant(&[0x01, 0x8B, 0x00, 0x00, 0x7A], register, Some(vec![Type::Void]));
    let version = Version { major: 1, minor: 0 };
    cap.imports.packages.push(PackageInfo { version, aid: aid("A0000000620101") });
    cap.fill_directory().unwrap();
    cap
}

fn file_and_parts() -> Vec<(Rule, CapFile)> {
    use Rule as R;
    let is_class = |constant: &Constant| matches!(constant, Constant::Class { .. });
    vec![
        (
            R::ComponentSize,
            changed("exc-2.2.2", |cap| {
                cap.methods.blocks[0].methods = vec![0; 70_000];
            }),
        ),
        (R::DirectoryMissing, changed("exc-2.2.2", |cap| cap.directory = None)),
        (
            R::DirectorySize,
            changed("exc-2.2.2", |cap| {
                cap.directory.as_mut().unwrap().sizes[6] += 1;
            }),
        ),
        (
            R::DirectoryCount,
            changed("exc-2.2.2", |cap| {
                cap.directory.as_mut().unwrap().import_count += 1;
            }),
        ),
        (R::HeaderFlags, changed("exc-2.2.2", |cap| cap.header.flags ^= Header::EXPORT)),
        (R::IntFlag, changed("intops-3.0.5", |cap| cap.header.flags &= !Header::INT)),
        (
            R::ApplicationIdentifier,
            fitted("exc-2.2.2", |cap| {
                cap.applets.as_mut().unwrap().applets[0].aid = aid("D1560000010101");
            }),
        ),
        (R::TooComplex, {
            let code = [0x71, 0x00, 0x03].repeat(8_000);
            let mut made = Made::new(&[&code[..], &[0x7A]].concat());
            (made.max_stack, made.max_locals) = (255, 255);
            made.cap()
        }),
        (R::AppletCount, fitted("exc-2.2.2", |cap| cap.applets.as_mut().unwrap().applets.clear())),
        (
            R::InstallMethod,
            changed("exc-2.2.2", |cap| {
                cap.applets.as_mut().unwrap().applets[0].install.offset += 1;
            }),
        ),
        (
            R::ImportCount,
            fitted("exc-2.2.2", |cap| {
                let version = Version { major: 1, minor: 0 };
                let more = (0..128u8).map(|last| Aid::new(&[0xF0, 1, 2, 3, 4, last]).unwrap());
                cap.imports.packages.extend(more.map(|aid| PackageInfo { version, aid }));
            }),
        ),
        (
            R::ImportVersion,
            changed("exc-2.2.2", |cap| {
                cap.imports.packages[0].version.minor = 99;
            }),
        ),
        (
            R::ConstantPadding,
            changed("exc-2.2.2", |cap| {
                if let Constant::Class { padding, .. } = constant(cap, is_class) {
                    *padding = 1;
                }
            }),
        ),
        (
            R::ConstantClass,
            changed("ifaces-3.2.0", |cap| {
                let is_virtual = |one: &Constant| matches!(one, Constant::VirtualMethod { .. });
                if let Constant::VirtualMethod { class, .. } = constant(cap, is_virtual) {
                    // The first interface stands behind the length of the signature pool.
                    *class = ClassRef::Internal(2);
                }
            }),
        ),
        (
            R::ConstantField,
            changed("ifaces-3.2.0", |cap| {
                let is_field = |one: &Constant| matches!(one, Constant::InstanceField { .. });
                if let Constant::InstanceField { token, .. } = constant(cap, is_field) {
                    *token = 200;
                }
            }),
        ),
        (
            R::ConstantMethod,
            changed("ifaces-3.2.0", |cap| {
                let is_virtual = |one: &Constant| matches!(one, Constant::VirtualMethod { .. });
                if let Constant::VirtualMethod { token, .. } = constant(cap, is_virtual) {
                    *token = 100;
                }
            }),
        ),
        (
            R::ClassOffset,
            changed("exc-2.2.2", |cap| {
                if let Constant::Class { class, .. } = constant(cap, is_class) {
                    *class = ClassRef::Internal(1);
                }
            }),
        ),
        (
            R::ClassToken,
            changed("exc-2.2.2", |cap| {
                if let Constant::Class { class, .. } = constant(cap, is_class) {
                    *class = ClassRef::External { package: 100, class: 0 };
                }
            }),
        ),
        (R::ImageSize, changed("statics-2.2.2", |cap| cap.static_fields.image_size += 1)),
        (R::ArrayInit, changed("statics-2.2.2", |cap| cap.static_fields.arrays[0].element = 9)),
        (
            R::StaticPlace,
            changed("statics-2.2.2", |cap| {
                for field in fields(cap) {
                    if let FieldPlace::Static(place) = &mut field.place {
                        *place = StaticRef::Internal { block: 0, offset: 0 };
                    }
                }
            }),
        ),
        (
            R::ReferenceLocation,
            changed("exc-2.2.2", |cap| {
                cap.reference_locations.blocks[0].short_deltas[0] += 1;
            }),
        ),
        (
            R::ExportedClass,
            changed("lib-3.1.0", |cap| {
                cap.exports.as_mut().unwrap().packages[0].swap(0, 1);
            }),
        ),
        (
            R::ExportedMember,
            changed("lib-3.1.0", |cap| {
                let classes = cap.exports.as_mut().unwrap().packages[0].iter_mut();
                classes.flat_map(|class| &mut class.methods).for_each(|place| place.offset += 1);
            }),
        ),
        (
            R::DebugReference,
            changed("inherit_debug-3.0.5", |cap| {
                cap.debug.as_mut().unwrap().package = 9_999;
            }),
        ),
        (
            R::StaticResource,
            fitted("counter-2.3-extended", |cap| {
                let resources = &mut cap.static_resources.as_mut().unwrap().resources;
                resources.push(resources[0].clone());
            }),
        ),
    ]
}

fn classes_and_methods() -> Vec<(Rule, CapFile)> {
    use Rule as R;
    vec![
        (R::ClassOrder, {
            let mut cap = made(&[0x7A]);
            class(&mut cap, |_| true).superclass = Some(SELF);
            cap
        }),
        (
            R::Superclass,
            changed("ifaces-3.2.0", |cap| {
                class(cap, |_| true).superclass = Some(ClassRef::Internal(2));
            }),
        ),
        (
            R::Superinterface,
            fitted("ifaces-3.2.0", |cap| {
                let class = class(cap, |class| !class.interfaces.is_empty());
                class.interfaces.push(class.interfaces[0].clone());
            }),
        ),
        (R::ClassFlags, changed("exc-2.2.2", |cap| class(cap, |_| true).flags |= 1)),
        (R::InstanceSize, changed("exc-2.2.2", |cap| class(cap, |_| true).instance_size += 1)),
        (
            R::MethodTable,
            changed("exc-2.2.2", |cap| {
                let class = class(cap, |class| !class.public_methods.is_empty());
                class.public_methods[0] = MethodPlace::compact(0xFFFF);
            }),
        ),
        (
            R::Override,
            changed("inherit_debug-3.0.5", |cap| {
                let concrete =
                    access::STATIC | access::INIT | access::ABSTRACT_METHOD | access::PRIVATE;
                methods(cap)
                    .filter(|method| method.access & concrete == 0)
                    .for_each(|method| method.access |= access::FINAL);
            }),
        ),
        (
            R::AbstractMethod,
            changed("ifaces-3.2.0", |cap| {
                let classes = cap.descriptor.as_mut().unwrap().packages[0].iter_mut();
                classes
                    .filter(|class| class.access & access::INTERFACE == 0)
                    .for_each(|class| class.access &= !access::ABSTRACT_CLASS);
            }),
        ),
        (
            R::InterfaceMethod,
            changed("ifaces-3.2.0", |cap| {
                class(cap, |class| !class.interfaces.is_empty()).interfaces[0].methods[0] = 0x7F;
            }),
        ),
        (
            R::RemoteMethod,
            changed("rmi-2.2.2", |cap| {
                let class = class(cap, |class| class.remote.is_some());
                class.remote.as_mut().unwrap().methods[0].token = 100;
            }),
        ),
        (
            R::TokenMapping,
            changed("ifaces-3.2.0", |cap| {
                class(cap, |_| true).tokens.as_mut().unwrap().mapping[0] = 5;
            }),
        ),
        (R::MethodExtent, fitted("exc-2.2.2", |cap| cap.methods.blocks[0].methods.push(0x7A))),
        (
            R::MethodHeader,
            changed("exc-2.2.2", |cap| {
                cap.methods.blocks[0].methods[0] |= 0x10;
            }),
        ),
        (
            R::HandlerExtent,
            changed("exc-2.2.2", |cap| {
                cap.methods.blocks[0].handlers[0].length = 0x7FFF;
            }),
        ),
        (
            R::HandlerStop,
            changed("exc-2.2.2", |cap| {
                let handler = &mut cap.methods.blocks[0].handlers[0];
                handler.stop = !handler.stop;
            }),
        ),
        (R::CatchType, {
            let mut made = Made::new(&[0x00, 0x7A, 0x3B, 0x7A]);
            made.handlers = vec![(0, 1, 2, 1)];
            let class = |class| (Constant::Class { class, padding: 0 }, None);
            made.constants = vec![class(THROWABLE), class(SELF)];
            made.cap()
        }),
        (R::DescriptorMissing, fitted("exc-2.2.2", |cap| cap.descriptor = None)),
        (
            R::DescriptorClass,
            fitted("exc-2.2.2", |cap| {
                cap.descriptor.as_mut().unwrap().packages[0].pop();
            }),
        ),
        (
            R::AccessFlags,
            changed("exc-2.2.2", |cap| {
                methods(cap).for_each(|method| method.access |= 0x20);
            }),
        ),
        (
            R::TypeOffset,
            changed("exc-2.2.2", |cap| {
                methods(cap).for_each(|method| method.signature = 1);
            }),
        ),
        (
            R::TypePool,
            fitted("exc-2.2.2", |cap| {
                cap.descriptor.as_mut().unwrap().types.constants.pop();
            }),
        ),
        (
            R::FieldToken,
            changed("statics-2.2.2", |cap| {
                fields(cap).for_each(|field| field.token = 77);
            }),
        ),
        (
            R::MethodToken,
            changed("exc-2.2.2", |cap| {
                methods(cap).for_each(|method| method.token = 77);
            }),
        ),
        (
            R::MethodPlace,
            changed("exc-2.2.2", |cap| {
                let place = methods(cap).next().unwrap().place;
                methods(cap).for_each(|method| method.place = place);
            }),
        ),
    ]
}

fn instructions() -> Vec<(Rule, CapFile)> {
    use Rule as R;
    let init = Constant::StaticMethod(StaticRef::External { package: 0, class: 0, token: 0 });
    vec![
        (R::Instruction, made(&[0xFE, 0x7A])),
        (R::Operand, made(&[0x04, 0x90, 14, 0x3B, 0x7A])),
        (R::BranchTarget, made(&[0x70, 0x01, 0x7A])),
        (R::FallsOff, made(&[0x00])),
        (R::SwitchOrder, made(&[0x04, 0x75, 0, 13, 0, 2, 0, 2, 0, 13, 0, 1, 0, 13, 0x7A])),
        (R::ConstantKind, with_constant(&[0x8F, 0, 0, 0x3B, 0x7A], init, Some(vec![Type::Void]))),
        // getfield_a_this as getfield_s_this.
        (R::FieldKind, changed("ifaces-3.2.0", |cap| opcode(cap, 0xAD, 0xAF))),
        (R::StackDepth, made(&[0x3B, 0x7A])),
        (R::StackType, made(&[0x01, 0x4B, 0x3B, 0x7A])),
        (R::LocalNumber, made(&[0x16, 200, 0x3B, 0x7A])),
        (R::LocalType, made(&[0x1C, 0x3B, 0x7A])),
        (R::IntHalves, made(&[0x0A, 0x3B, 0x7A])),
        (R::JoinDepth, made(&[0x03, 0x60, 0x03, 0x04, 0x7A])),
        // An Object is thrown.
        (R::Argument, with_types(&[0x18, 0x93], &[Type::Object(OBJECT), Type::Void])),
        (R::ReturnType, made(&[0x04, 0x78])),
        (R::Initialised, {
            let object = Constant::Class { class: OBJECT, padding: 0 };
            with_constant(&[0x8F, 0, 0, 0x66, 2, 0x7A], object, None)
        }),
        (
            R::Instantiable,
            changed("ifaces-3.2.0", |cap| {
                let index = Cell::new(0);
                patch(cap, |located, _| {
                    let constant = located.instruction.constant();
                    index.set(constant.map_or(0, |constant| constant.index));
                    located.instruction.opcode.byte() == 0x8F
                });
                let index = usize::from(index.get());
                let class = ClassRef::Internal(2);
                cap.constant_pool.constants[index] = Constant::Class { class, padding: 0 };
            }),
        ),
        (R::InvokeKind, with_constant(&[0x8D, 0, 0, 0x7A], init, Some(vec![Type::Void]))),
        (
            R::InterfaceWords,
            changed("ifaces-3.2.0", |cap| {
                patch(cap, |located, bytes| {
                    let found = located.instruction.opcode.byte() == 0x8E;
                    if found {
                        bytes[1] += 1;
                    }
                    found
                });
            }),
        ),
        (
            R::PrivateAccess,
            changed("inherit_debug-3.0.5", |cap| {
                fields(cap).for_each(|field| field.access = field.access & !7 | access::PRIVATE);
                methods(cap).filter(|method| method.access & access::INIT != 0).for_each(
                    |method| {
                        method.access = method.access & !7 | access::PRIVATE;
                    },
                );
            }),
        ),
        (R::ProtectedAccess, calls_register()),
        (
            R::FinalField,
            changed("inherit_debug-3.0.5", |cap| {
                fields(cap).for_each(|field| field.access |= access::FINAL);
            }),
        ),
        (R::Subroutine, made(&[0x72, 0x00])),
    ]
}

fn refuses(cap: &CapFile, exports: &[Package]) -> Vec<Rule> {
    match verify(cap, &Context { exports, ..Context::default() }) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(|refusal| refusal.rule).collect(),
    }
}

/// Rules that are broken by an export file, not by the CAP file.
fn by_export_files(known: &mut BTreeSet<Rule>) {
    let samples = fixtures();
    let lib = samples.iter().find(|sample| sample.name == "lib-3.1.0").unwrap();
    let mut exports = of_platform("3.1.0").to_vec();
    let mut own = lib.export.clone().unwrap();
    own.classes.pop();
    exports.push(own);
    assert!(refuses(&lib.cap, &exports).contains(&Rule::ExportFile));
    known.insert(Rule::ExportFile);

    let mut exports = of_platform("3.1.0").to_vec();
    for class in exports.iter_mut().flat_map(|package| &mut package.classes) {
        if &*class.name == "javacard/framework/Applet" {
            class.methods.iter_mut().for_each(|method| method.access &= !7);
        }
    }
    assert!(refuses(&calls_register(), &exports).contains(&Rule::PackageAccess));
    known.insert(Rule::PackageAccess);
}

#[test]
fn every_rule_refuses_something() {
    let mut known = BTreeSet::new();
    let all = [file_and_parts(), classes_and_methods(), instructions()];
    for (rule, cap) in all.into_iter().flatten() {
        let found = refuses(&cap, of_platform("3.2.0"));
        assert!(found.contains(&rule), "{rule} is not among {found:?}");
        known.insert(rule);
    }
    by_export_files(&mut known);
    let missing: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !known.contains(rule)).collect();
    assert!(missing.is_empty(), "nothing is refused by {missing:?}");
}
