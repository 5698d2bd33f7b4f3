//! How our own package differs from versions of itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod sample;

use capfile::cap::{CapFile, ConstantPool, Format, FormatVersion, Tag};
use capfile::diff::{Change, Difference, Side, Verdict};
use capfile::dump::Names;
use capfile::instruction::Opcode;

fn counter() -> CapFile {
    sample::counter(Format::compact(FormatVersion::V2_2), true)
}

fn difference(first: &CapFile, second: &CapFile) -> Difference {
    let side = |cap| Side { cap, container: None };
    Difference::between(side(first), side(second), &Names::built_in()).unwrap()
}

fn only(difference: &Difference) -> &Change {
    assert_eq!(difference.verdict, Verdict::Different);
    assert_eq!(difference.meaning.len(), 1, "{difference}");
    &difference.meaning[0]
}

#[test]
fn a_file_is_identical_with_itself() {
    let same = difference(&counter(), &counter());
    assert_eq!(same.verdict, Verdict::Identical);
    assert_eq!(same.to_string(), "identical\n");
}

#[test]
fn another_instruction_is_shown_with_its_method() {
    let mut other = counter();
    let block = &mut other.methods.blocks[0].methods;
    let sadd = block.iter().rposition(|byte| *byte == Opcode::Sadd.byte()).unwrap();
    block[sadd] = Opcode::Ssub.byte();
    let found = difference(&counter(), &other);
    let change = only(&found);
    assert_eq!(change.what, "class demo/counter/Counter: method next()S: code");
    assert_eq!(change.first.as_deref(), Some("7 instructions, instruction 3: sadd"));
    assert_eq!(change.second.as_deref(), Some("7 instructions, instruction 3: ssub"));
    assert_eq!(found.components.len(), 1);
    assert_eq!(found.components[0].component, "Method");
    assert_eq!(found.components[0].count, 1);
}

#[test]
fn another_order_of_constants_means_the_same() {
    let mut other = counter();
    // Entries 5 and 6, which are named from 2-byte operands only, change places.
    other.constant_pool.constants.swap(5, 6);
    other.descriptor.as_mut().unwrap().types.constants.swap(5, 6);
    let block = &mut other.methods.blocks[0].methods;
    for at in 0..block.len() - 2 {
        if block[at] == Opcode::Invokevirtual.byte() && block[at + 1] == 0 {
            block[at + 2] = match block[at + 2] {
                5 => 6,
                6 => 5,
                index => index,
            };
        }
    }
    let found = difference(&counter(), &other);
    assert_eq!(found.verdict, Verdict::Equivalent, "{found}");
    let components: Vec<&str> =
        found.components.iter().map(|change| change.component.as_str()).collect();
    assert_eq!(components, ["ConstantPool", "Method", "Descriptor"]);
}

#[test]
fn versions_values_and_fields_are_compared_by_name() {
    let mut other = counter();
    other.imports.packages[0].version.minor = 5;
    let found = difference(&counter(), &other);
    assert_eq!(only(&found).what, "import javacard/framework");

    let mut other = counter();
    other.static_fields.arrays[0].values[0] = 0;
    let found = difference(&counter(), &other);
    assert_eq!(only(&found).what, "class demo/counter/Counter: field GREETING");
    let second = only(&found).second.as_deref().unwrap();
    assert_eq!(second, "private static final [B = {0, 111, 117, 110, 116, 101, 114}");
}

#[test]
fn what_only_one_has_is_said() {
    let mut other = counter();
    other.descriptor.as_mut().unwrap().packages[0][1].methods.pop();
    let found = difference(&counter(), &other);
    let gone: Vec<&Change> =
        found.meaning.iter().filter(|change| change.second.is_none()).collect();
    assert!(gone.iter().any(|change| change.what.ends_with("method divide(SS)S: code")), "{found}");
    assert!(found.to_string().contains("  + not there\n"));

    let mut other = counter();
    other.debug = None;
    let found = difference(&counter(), &other);
    let debug = found.components.iter().find(|one| one.component == Tag::Debug.name()).unwrap();
    assert_eq!(debug.second_size, None);
    assert!(found.to_string().contains("not in the second"));
}

#[test]
fn files_that_make_no_sense_are_compared_all_the_same() {
    let mut other = counter();
    other.constant_pool = ConstantPool::default();
    other.classes.entries.clear();
    assert_eq!(difference(&counter(), &other).verdict, Verdict::Different);
    assert_eq!(difference(&other, &counter()).verdict, Verdict::Different);
}
