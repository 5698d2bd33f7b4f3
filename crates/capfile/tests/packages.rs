//! A package of our own in every format: read and written again, byte for byte.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod sample;

use std::fs;
use std::path::{Path, PathBuf};

use capfile::cap::{
    CapFile, Component, Container, Format, FormatVersion, NamedApplet, Tag, components,
};

/// The formats, by the names of their fixtures.
fn formats() -> Vec<(&'static str, CapFile)> {
    let compact = Format::compact;
    let extended = Format { version: FormatVersion::V2_3, extended: true };
    vec![
        ("counter-2.1", sample::counter(compact(FormatVersion::V2_1), false)),
        ("counter-2.2", sample::counter(compact(FormatVersion::V2_2), true)),
        ("counter-2.3", sample::counter(compact(FormatVersion::V2_3), true)),
        ("counter-2.3-extended", sample::counter(extended, false)),
    ]
}

fn fixture(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/javacard/counter");
    folder.join(format!("{name}.components"))
}

/// A component a line: its name and its bytes.
fn lines(components: &[Component]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let line = |one: &Component| format!("{} {}\n", one.tag.name(), hex(&one.bytes));
    components.iter().map(line).collect()
}

fn parsed(lines: &str) -> Vec<Component> {
    let component = |line: &str| {
        let (name, hex) = line.split_once(' ').unwrap();
        let tag = Tag::STANDARD.into_iter().find(|tag| tag.name() == name).unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Component { tag, bytes: (0..hex.len()).step_by(2).map(byte).collect() }
    };
    lines.lines().map(component).collect()
}

#[test]
fn the_fixtures_are_what_the_model_writes_and_read_as_the_model() {
    for (name, cap) in formats() {
        let written = cap.to_components().unwrap();
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(fixture(name), lines(&written)).unwrap();
        }
        let kept = fs::read_to_string(fixture(name)).unwrap().replace("\r\n", "\n");
        assert_eq!(lines(&written), kept, "{name}: UPDATE_FIXTURES=1 cargo test -p capfile");
        let read = CapFile::read(&parsed(&kept)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, cap, "{name}");
        assert_eq!(read.to_components().unwrap(), written, "{name}");
    }
}

#[test]
fn a_card_is_given_the_same_components_back_to_back() {
    for (name, cap) in formats() {
        let written = cap.to_components().unwrap();
        let bytes: Vec<u8> = written.iter().flat_map(|one| one.bytes.clone()).collect();
        assert_eq!(components(&bytes).unwrap(), written, "{name}");
        let (read, container) = CapFile::open(&bytes, name).unwrap();
        assert_eq!((read, container), (cap, None), "{name}");
    }
}

#[test]
fn a_jar_has_the_components_and_who_the_applets_are() {
    for (name, cap) in formats() {
        let aid = cap.applets.as_ref().unwrap().applets[0].aid;
        let class = "demo.counter.Counter".to_owned();
        let container = Container {
            package: "demo/counter".to_owned(),
            applets: vec![NamedApplet { aid, class }],
        };
        let jar = cap.to_jar(&container).unwrap();
        assert_eq!(cap.to_jar(&container).unwrap(), jar, "{name}: the same each time");
        let (read, found) = CapFile::open(&jar, name).unwrap();
        assert_eq!((read, found), (cap, Some(container)), "{name}");
    }
}

#[test]
fn every_cut_of_a_file_is_refused_with_the_place() {
    for (name, cap) in formats() {
        let bytes: Vec<u8> =
            cap.to_components().unwrap().iter().flat_map(|one| one.bytes.clone()).collect();
        let ends: Vec<usize> = cap
            .to_components()
            .unwrap()
            .iter()
            .scan(0, |end, one| {
                *end += one.bytes.len();
                Some(*end)
            })
            .collect();
        for end in 0..bytes.len() {
            let read = CapFile::open(&bytes[..end], name);
            // Whole components that need not be there may be missing from the end.
            assert!(read.is_err() || ends.contains(&end), "{name}: {end} bytes");
        }
    }
}

#[test]
fn a_component_that_is_missing_or_there_twice_is_named() {
    let cap = sample::counter(Format::compact(FormatVersion::V2_1), false);
    let all = cap.to_components().unwrap();
    let without: Vec<Component> =
        all.iter().filter(|one| one.tag != Tag::Method).cloned().collect();
    let error = CapFile::read(&without).unwrap_err().to_string();
    assert!(error.starts_with("Method component") && error.contains("missing"), "{error}");
    let mut twice = all;
    twice.push(twice[0].clone());
    let error = CapFile::read(&twice).unwrap_err().to_string();
    assert!(error.starts_with("Header component") && error.contains("there twice"), "{error}");
}

#[test]
fn a_vendors_components_are_kept_whatever_the_order() {
    let extended = Format { version: FormatVersion::V2_3, extended: true };
    for format in [Format::compact(FormatVersion::V2_1), extended] {
        let cap = sample::counter(format, false);
        let mut all = cap.to_components().unwrap();
        for tag in [200, 128] {
            all.insert(3, Component { tag: Tag::Custom(tag), bytes: vec![tag, 0, 1, 0xAA] });
        }
        if format.extended {
            // Its layout is not known; it is kept as it is.
            all.push(Component { tag: Tag::Debug, bytes: vec![12, 0, 0, 0, 1, 0xBB] });
        }
        let read = CapFile::read(&all).unwrap();
        all.sort_by_key(|component| component.tag.byte());
        assert_eq!(read.to_components().unwrap(), all);
        assert_eq!(CapFile::read(&all).unwrap(), read);
        let container = Container { package: "demo/counter".to_owned(), applets: Vec::new() };
        let jar = read.to_jar(&container).unwrap();
        assert_eq!(CapFile::open(&jar, "vendor.cap").unwrap().0, read);
    }
}

#[test]
fn what_is_no_package_says_what_it_is() {
    for (bytes, words) in [
        (&b"\xCA\xFE\xBA\xBE...."[..], "CAFEBABE, a JAR (504B0304) or components"),
        (b"", "0 bytes long"),
        (b"PK\x03\x04", "a JAR archive, whole"),
    ] {
        let error = CapFile::open(bytes, "x.cap").unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let empty = capfile::jar::Archive {
        entries: vec![capfile::jar::Entry { name: "A.class".to_owned(), bytes: vec![1] }],
    };
    let error = CapFile::open(&empty.to_bytes().unwrap(), "x.jar").unwrap_err().to_string();
    assert!(error.contains("a JAR of classes is made a CAP file by a converter"), "{error}");
}

#[test]
fn what_does_not_fit_its_field_says_what_and_how_much_there_may_be() {
    use capfile::cap::{ArrayInit, ClassEntry, Resource};
    let refused = |change: fn(&mut CapFile)| {
        let mut cap = sample::counter(Format::compact(FormatVersion::V2_3), true);
        change(&mut cap);
        cap.to_components().unwrap_err().to_string()
    };
    let imports = refused(|cap| cap.imports.packages = vec![cap.imports.packages[0]; 256]);
    assert_eq!(
        imports,
        "Import component: number of imports is 256, the file format allows at most 255"
    );
    let name = refused(|cap| cap.header.packages[0].name = vec![b'a'; 300]);
    assert!(name.contains("length of the package name is 300"), "{name}");
    let interfaces = refused(|cap| {
        if let ClassEntry::Class(class) = &mut cap.classes.entries[1] {
            class.interfaces = vec![class.interfaces[0].clone(); 16];
        }
    });
    assert!(interfaces.contains("number of interfaces is 16, the file format allows at most 15"));
    let methods = refused(|cap| cap.methods.blocks[0].methods = vec![0; 65_536]);
    assert!(methods.contains("Method component: size is 65545"), "{methods}");
    let array = refused(|cap| {
        cap.static_fields.arrays = vec![ArrayInit { element: 3, values: vec![0; 70_000] }];
    });
    assert!(array.contains("size of an array is 70000"), "{array}");
    // Resources may be larger than other components.
    let mut cap = sample::counter(Format::compact(FormatVersion::V2_3), true);
    let resources = &mut cap.static_resources.as_mut().unwrap().resources;
    resources[0] = Resource { id: 1, data: vec![7; 70_000] };
    assert_eq!(CapFile::read(&cap.to_components().unwrap()).unwrap(), cap);
}
