//! A class file from strangers is read and written again unchanged; as a package of its own it is
//! converted or refused with reasons, and what it is converted to reads back.
#![no_main]

use std::sync::OnceLock;

use capfile::api::Api;
use capfile::cap::CapFile;
use capfile::class::ClassFile;
use capfile::export::ExportFile;
use converter::{ClassInput, Options, Request, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = ClassFile::read("Fuzz.class", bytes) else { return };
    assert_eq!(file.to_bytes(), bytes);
    let Ok(name) = file.name() else { return };
    let package = name.rsplit_once('/').map_or("", |(package, _)| package);
    let way = bytes.len();
    let options = Options { int: way % 2 == 0, debug: way % 3 == 0, optimize: way % 5 == 0 };
    let request = Request {
        classes: &[ClassInput { name: "Fuzz.class", bytes }],
        package,
        aid: &[0xF0, 1, 2, 3, 4, 5],
        version: (1, 0),
        applets: &[],
        target: Target::Jc320,
        options,
        imports: exports(),
    };
    match converter::convert(&request) {
        Ok(converted) => {
            let components = converted.cap.to_components().expect("components were written before");
            assert_eq!(CapFile::read(&components).as_ref(), Ok(&converted.cap));
        }
        Err(errors) => assert!(!errors.0.is_empty()),
    }
});

fn exports() -> &'static [ExportFile] {
    static EXPORTS: OnceLock<Vec<ExportFile>> = OnceLock::new();
    EXPORTS.get_or_init(|| {
        let api = Api::built_in();
        api.platform("3.2.0").map(|platform| api.exports(platform)).unwrap_or_default()
    })
}
