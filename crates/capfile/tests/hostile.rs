//! Bytes from anywhere: every reader gives a package or an error, within bounds.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod sample;

use capfile::api::Api;
use capfile::cap::{CapFile, Component, Container, Format, FormatVersion, Tag, components};
use capfile::diff::{Difference, Side};
use capfile::dump::{Dump, ExportListing, Names};
use capfile::export::{ExportFile, Package};
use capfile::jar::Archive;
use proptest::prelude::*;

fn formats() -> Vec<CapFile> {
    let compact = Format::compact;
    let extended = Format { version: FormatVersion::V2_3, extended: true };
    vec![
        sample::counter(compact(FormatVersion::V2_1), false),
        sample::counter(compact(FormatVersion::V2_2), true),
        sample::counter(compact(FormatVersion::V2_3), true),
        sample::counter(extended, false),
    ]
}

fn joined(components: &[Component]) -> Vec<u8> {
    components.iter().flat_map(|component| component.bytes.clone()).collect()
}

/// Everything that is done with a file; what is read must be written the same.
fn use_cap(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok((cap, container)) = CapFile::open(bytes, "hostile.cap") else { return Ok(()) };
    let written = cap.to_components().unwrap();
    prop_assert_eq!(&CapFile::read(&written).unwrap(), &cap);
    let names = Names::built_in();
    let dump = Dump::new(&cap, container.as_ref(), &names).unwrap();
    prop_assert!(dump.to_string().len() < 3_000_000);
    let own = sample::counter(cap.format(), false);
    let sides = [&cap, &own].map(|cap| Side { cap, container: None });
    let difference = Difference::between(sides[0], sides[1], &names).unwrap();
    prop_assert!(!difference.to_string().is_empty());
    Ok(())
}

fn use_export(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(export) = ExportFile::read(bytes, "hostile.exp") else { return Ok(()) };
    prop_assert_eq!(export.to_bytes().unwrap(), bytes);
    if let Ok(listing) = ExportListing::new(&export, "hostile.exp") {
        prop_assert!(!listing.to_string().is_empty());
        prop_assert!(Package::resolve(&export, "hostile.exp").is_ok());
    }
    Ok(())
}

/// Changes of single bytes, at places that are taken from the whole length.
fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
}

fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (index, value) in changes {
        let at = index.index(bytes.len());
        bytes[at] = *value;
    }
    bytes
}

fn export_file() -> Vec<u8> {
    let api = Api::built_in();
    let platform = api.platform("3.1.0").unwrap();
    let package = api.newest("javacardx/crypto").unwrap();
    package.export(platform).to_bytes().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        use_cap(&bytes)?;
        use_export(&bytes)?;
        prop_assert!(Archive::read(&bytes, "hostile.jar").is_err());
        prop_assert!(components(&bytes).is_err() || bytes.is_empty());
    }

    #[test]
    fn random_components(tag in 0usize..13, format in 0usize..4, info in prop::collection::vec(any::<u8>(), 0..400)) {
        let cap = &formats()[format];
        let mut all = cap.to_components().unwrap();
        let tag = Tag::STANDARD[tag];
        if let Some(component) = all.iter_mut().find(|component| component.tag == tag) {
            let head = if tag.is_wide(cap.format()) { 5 } else { 3 };
            component.bytes.truncate(1);
            let size = u32::try_from(info.len()).unwrap().to_be_bytes();
            component.bytes.extend(&size[5 - head..]);
            component.bytes.extend(info);
        }
        use_cap(&joined(&all))?;
    }

    #[test]
    fn changed_packages(format in 0usize..4, changes in changes()) {
        use_cap(&changed(joined(&formats()[format].to_components().unwrap()), &changes))?;
    }

    #[test]
    fn changed_archives(format in 0usize..4, changes in changes()) {
        let container = Container { package: "demo/counter".to_owned(), applets: Vec::new() };
        use_cap(&changed(formats()[format].to_jar(&container).unwrap(), &changes))?;
    }

    #[test]
    fn changed_export_files(changes in changes()) {
        use_export(&changed(export_file(), &changes))?;
    }
}

#[test]
fn tables_that_claim_65535_entries_cost_nothing() {
    let mut export = vec![0x00, 0xFA, 0xCA, 0xDE, 1, 2, 0xFF, 0xFF];
    assert!(ExportFile::read(&export, "hostile.exp").is_err());
    export.extend([1, 0xFF, 0xFF]);
    assert!(ExportFile::read(&export, "hostile.exp").is_err());
    let mut all = formats()[0].to_components().unwrap();
    let pool = all.iter_mut().find(|component| component.tag == Tag::ConstantPool).unwrap();
    pool.bytes[3..5].copy_from_slice(&[0xFF, 0xFF]);
    let error = CapFile::read(&all).unwrap_err().to_string();
    let expected = "ConstantPool component, offset 65 (0x0041): constant needs 4 bytes, 0 are left";
    assert_eq!(error, expected);
}

#[test]
fn classes_that_extend_each_other_in_a_circle_are_dumped() {
    use capfile::cap::{ClassEntry, ClassRef, Constant};
    let mut cap = formats().swap_remove(0);
    let itself = ClassRef::Internal(3);
    if let ClassEntry::Class(class) = &mut cap.classes.entries[1] {
        class.superclass = Some(itself);
    }
    cap.constant_pool.constants[7] = Constant::VirtualMethod { class: itself, token: 99 };
    let dump = Dump::new(&cap, None, &Names::built_in()).unwrap();
    assert_eq!(dump.constants[7].name, "F05055525345/Class1.virtual99()S");
}

/// The longest line of classes that a Class component holds, each with a long name, and as many
/// constants as there may be that ask for a method all the way up.
#[test]
fn the_largest_of_everything_is_dumped_in_bounded_time_and_space() {
    use capfile::cap::{Class, ClassEntry, ClassRef, Constant};
    let mut cap = formats().swap_remove(0);
    let plain = Class {
        flags: 0,
        superclass: None,
        instance_size: 0,
        first_reference_token: 0xFF,
        reference_count: 0,
        public_base: 0,
        public_methods: Vec::new(),
        package_base: 0,
        package_methods: Vec::new(),
        interfaces: Vec::new(),
        remote: None,
        tokens: None,
    };
    let count: u16 = 3200;
    let class = |index: u16| {
        let superclass = index.checked_sub(1).map(|index| ClassRef::Internal(index * 10));
        ClassEntry::Class(Class { superclass, ..plain.clone() })
    };
    cap.classes.entries = (0..count).map(class).collect();
    let last = ClassRef::Internal((count - 1) * 10);
    let asks = Constant::VirtualMethod { class: last, token: 99 };
    cap.constant_pool.constants = vec![asks; 16_000];
    let start = std::time::Instant::now();
    let dump = Dump::new(&cap, None, &Names::built_in()).unwrap();
    assert!(dump.constants[0].name.contains(".virtual99("), "{}", dump.constants[0].name);
    let text = dump.to_string();
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    let seconds = start.elapsed().as_secs();
    assert!(seconds < 30, "{seconds} s");
}
