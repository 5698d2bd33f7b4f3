use super::*;
use crate::class::{ClassFile, Constant};
use crate::export::{self, ExportFile};
use crate::jar::Archive;

fn package(name: &str, major: u8, minor: u8) -> Package<'static> {
    Api::built_in().package(name, Version { major, minor }).expect("it is in the tables")
}

#[test]
fn every_platform_has_its_packages_in_the_tables() {
    let api = Api::built_in();
    let names: Vec<&str> = api.platforms().iter().map(|platform| platform.name.as_str()).collect();
    assert_eq!(names, ["2.2.1", "2.2.2", "3.0.4", "3.0.5", "3.1.0", "3.2.0"]);
    for platform in api.platforms() {
        assert_eq!(api.of_platform(platform).count(), platform.packages.len(), "{}", platform.name);
    }
}

#[test]
fn whatever_a_table_names_is_in_the_tables() {
    let api = Api::built_in();
    for class in api.packages().iter().flat_map(|package| &package.classes) {
        for parent in parents(class) {
            assert!(api.class(parent).is_some(), "{}: {parent}", class.name);
        }
    }
}

#[test]
fn tokens_are_given_once() {
    for table in Api::built_in().packages() {
        for version in &table.versions {
            let package = package(&table.name, version.major, version.minor);
            let tokens: Vec<u8> = package.classes().map(|class| class.token).collect();
            let expected: Vec<u8> = (0..).take(tokens.len()).collect();
            assert_eq!(tokens, expected, "{} {version}", table.name);
            for class in package.classes() {
                let listed = package.listed(class);
                let with_tokens =
                    listed.iter().filter(|one| !matches!(one.kind, MemberKind::Constant(_)));
                let mut orders: Vec<_> = with_tokens.map(|member| member.order()).collect();
                let before = orders.len();
                orders.dedup();
                assert_eq!(orders.len(), before, "{} {version}", class.name);
            }
        }
    }
}

#[test]
fn what_is_inherited_is_listed_with_its_token() {
    let framework = package("javacard/framework", 1, 3);
    let class =
        framework.classes().find(|class| class.name.ends_with("/ISOException")).expect("a class");
    let listed: Vec<_> =
        framework.listed(class).into_iter().map(|one| (one.kind, one.name.as_str())).collect();
    assert_eq!(
        listed,
        [
            (MemberKind::StaticMethod(0), "<init>"),
            (MemberKind::StaticMethod(1), "throwIt"),
            (MemberKind::VirtualMethod(0), "equals"),
            (MemberKind::VirtualMethod(1), "getReason"),
            (MemberKind::VirtualMethod(2), "setReason"),
        ]
    );
    let exceptions = ["Object", "Throwable", "Exception", "RuntimeException"];
    let mut above: Vec<String> =
        exceptions.iter().map(|name| format!("java/lang/{name}")).collect();
    above.push("javacard/framework/CardRuntimeException".to_owned());
    assert_eq!(framework.superclasses(class), above);
}

#[test]
fn a_version_has_what_came_with_it_and_before() {
    let has = |minor: u8, name: &str| {
        package("javacard/framework", 1, minor).classes().any(|class| class.name.ends_with(name))
    };
    assert!(!has(3, "/OwnerPINBuilder"));
    assert!(has(6, "/OwnerPINBuilder"));
}

#[test]
fn the_inheritable_tokens_are_all_or_what_the_table_says() {
    let inheritable = |minor: u8, name: &str| {
        let security = package("javacard/security", 1, minor);
        let class = security.classes().find(|class| class.name.ends_with(name)).expect("a class");
        security.inheritable(class)
    };
    assert_eq!(inheritable(8, "/KeyAgreement"), 4);
    assert_eq!(inheritable(7, "/KeyAgreement"), 4);
    assert_eq!(inheritable(8, "/Key"), 0);
}

#[test]
fn export_files_of_every_platform_read_back_as_what_the_tables_offer() {
    let api = Api::built_in();
    for platform in api.platforms() {
        for (listed, package) in platform.packages.iter().zip(api.of_platform(platform)) {
            let bytes = package.export(platform).to_bytes().expect("it fits");
            let file = ExportFile::read(&bytes, &listed.name).expect("its own bytes");
            let mut expected = package.offers(platform);
            if listed.format < FormatVersion::V2_3 {
                expected.referenced.clear();
                expected.classes.iter_mut().for_each(|class| class.inheritable_count = 0);
            }
            assert_eq!((file.version, package.name()), (listed.format, &*listed.name));
            assert_eq!(export::Package::resolve(&file, &listed.name), Ok(expected));
        }
        assert_eq!(api.exports(platform).len(), platform.packages.len());
    }
}

#[test]
fn packages_that_are_referred_to_stand_in_the_order_they_are_met_in() {
    let api = Api::built_in();
    let newest = api.platform("3.2.0").expect("a platform");
    let certificates = package("javacardx/security/cert", 1, 0).offers(newest);
    let referenced: Vec<String> = certificates
        .referenced
        .iter()
        .map(|one| format!("{} {}", one.name, one.info.version))
        .collect();
    assert_eq!(referenced, ["java/lang 1.0", "javacard/security 1.8", "javacard/framework 1.9"]);
}

#[test]
fn stubs_are_class_files_with_the_constants_of_the_table() {
    let api = Api::built_in();
    for platform in api.platforms() {
        let other = api.packages().iter().filter(|one| one.name.starts_with("org/"));
        let beside = other.filter_map(|table| api.newest(&table.name));
        let jar =
            api.stubs(platform, beside).to_bytes().expect("it fits, and no class stands twice");
        let jar = Archive::read(&jar, "stubs.jar").expect("its own bytes");
        for stub in jar.entries.iter().filter(|entry| entry.name != "META-INF/MANIFEST.MF") {
            let file = ClassFile::read(&stub.name, &stub.bytes).expect("a class file");
            let name = file.name().expect("a name");
            assert_eq!(format!("{name}.class"), stub.name);
            assert!(!name.starts_with("java/"), "a JDK has {name} itself");
            let class = api.class(name).expect("it is in the tables");
            for field in &file.fields {
                let name = file.text(field.name).expect("a name");
                let own = class.members.iter().find(|member| member.name == name).expect("a field");
                let value = match own.kind {
                    MemberKind::Constant(value) => Some(Constant::Integer(value)),
                    _ => None,
                };
                let written = file.constant_value(field).expect("a value");
                assert_eq!(written.cloned(), value, "{} {name}", stub.name);
            }
        }
    }
}
