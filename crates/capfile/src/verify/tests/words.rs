//! The words of refusals, as people read them.

use super::corpus::{fixtures, needed, of_platform};
use super::made::Made;
use crate::cap::CapFile;
use crate::export::Package;
use crate::verify::{Context, verify};

fn words(cap: &CapFile, exports: &[Package]) -> Vec<String> {
    let refusals = verify(cap, &Context { exports, ..Context::default() }).unwrap_err();
    refusals.iter().map(ToString::to_string).collect()
}

#[test]
fn a_refusal_says_component_offset_method_rule_and_what_is_there() {
    let cap = Made::new(&[0x01, 0x05, 0x41, 0x3B, 0x7A]).cap();
    assert_eq!(
        words(&cap, of_platform("3.1.0")),
        [
            "Method component, offset 8 (0x0008), method @1, bytecode 2 (sadd): null is on the stack, a \
          short should be [stack-type: an instruction finds on the stack the types that it works on]"
        ]
    );
}

#[test]
fn methods_are_called_by_the_names_of_the_debug_component() {
    let mut samples = fixtures();
    let at = samples.iter().position(|sample| sample.name == "inherit_debug-3.0.5").unwrap();
    let mut sample = samples.swap_remove(at);
    let descriptor = sample.cap.descriptor.as_ref().unwrap();
    let first =
        descriptor.classes().flat_map(|class| &class.methods).find(|method| method.code_length > 4);
    let place = first.unwrap().place;
    let block = &mut sample.cap.methods.blocks[0];
    let header = usize::from(place.offset) - block.first_method();
    // No opcode.
    block.methods[header + 2] = 0xFE;
    let exports = needed(&sample.cap, of_platform("3.0.5"));
    let found = words(&sample.cap, &exports);
    let named = found.iter().find(|words| words.contains("[instruction:")).unwrap();
    assert!(named.contains("method golden/inherit/"), "{named}");
    assert!(named.contains("opcode is FE, 00 to B8 is expected"), "{named}");
}

#[test]
fn methods_are_called_by_the_names_of_the_own_export_file() {
    let mut samples = fixtures();
    let at = samples.iter().position(|sample| sample.name == "lib-3.1.0").unwrap();
    let mut sample = samples.swap_remove(at);
    let exported = sample.cap.exports.as_ref().unwrap().packages[0].iter();
    let place = exported.flat_map(|class| &class.methods).next().copied().unwrap();
    let block = &mut sample.cap.methods.blocks[0];
    let header = usize::from(place.offset) - block.first_method();
    block.methods[header + 2] = 0xFE;
    let mut exports = needed(&sample.cap, of_platform("3.1.0"));
    exports.extend(sample.export.clone());
    let found = words(&sample.cap, &exports);
    let named = found.iter().find(|words| words.contains("[instruction:")).unwrap();
    assert!(named.contains("method golden/lib/"), "{named}");
}

#[test]
fn a_newer_version_than_the_platform_has_says_so() {
    let samples = fixtures();
    let sample = samples.iter().find(|sample| sample.name == "ifaces-3.2.0").unwrap();
    let found = words(&sample.cap, of_platform("2.2.2"));
    assert_eq!(
        found,
        ["Import component, offset 14 (0x000e): javacard/framework (A0000000620101) is wanted in \
          version 1.9, the export file offers 1.3 [import-version: the imported version is offered: \
          the same major number, and at most the minor number of the export file]"]
    );
}

#[test]
fn no_more_refusals_are_kept_than_asked_for() {
    let mut samples = fixtures();
    let sample = &mut samples[0];
    sample.cap.methods.blocks[0].methods.fill(0xFE);
    for limit in [1, 3] {
        let refusals = verify(&sample.cap, &Context { exports: &[], limit }).unwrap_err();
        assert_eq!(refusals.len(), limit);
    }
}
