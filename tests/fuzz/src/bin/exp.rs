//! Any bytes are an export file or are refused; one that is read is written the same again, and
//! where its indices lead somewhere it is listed.
#![no_main]

use capfile::dump::{ExportListing, Names};
use capfile::export::{ExportFile, Package};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(export) = ExportFile::read(bytes, "fuzz.exp") else { return };
    assert_eq!(export.to_bytes().as_deref(), Ok(bytes));
    let Ok(package) = Package::resolve(&export, "fuzz.exp") else { return };
    let listing = ExportListing::new(&export, "fuzz.exp").expect("what is resolved is listed");
    assert_eq!(listing.classes.len(), package.classes.len());
    assert!(!listing.to_string().is_empty());
    // The same said by other constants.
    if let Ok(again) = ExportFile::of(&package, export.version) {
        assert_eq!(
            Package::resolve(&again, "fuzz.exp").as_ref().map(|one| &one.classes),
            Ok(&package.classes)
        );
    }
    Names::built_in().add(package);
});
