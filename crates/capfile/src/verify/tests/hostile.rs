//! Files made to hurt: work grows with their size or they are refused, and nothing panics.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::corpus::{Sample, fixtures, of_platform};
use super::made::{Made, OBJECT, SELF};
use crate::cap::{CapFile, ClassEntry, ClassRef, Component, Constant, Interface};
use crate::verify::{Context, Rule, Verified, WORK, WORK_PER_BYTE, verify};

fn outcome(cap: &CapFile) -> Result<Verified, Vec<Rule>> {
    verify(cap, &Context { exports: of_platform("3.1.0"), ..Context::default() })
        .map_err(|refusals| refusals.iter().map(|refusal| refusal.rule).collect())
}

/// Bytecode of about so many bytes.
fn repeated(part: &[u8], bytes: usize) -> Vec<u8> {
    part.iter().copied().cycle().take(bytes / part.len() * part.len()).collect()
}

fn wide(code: Vec<u8>) -> Made {
    let mut made = Made::new(&code);
    (made.max_stack, made.max_locals) = (255, 255);
    made
}

#[test]
fn work_grows_with_the_size() {
    // sconst_0; ifeq +2: each third byte is a place where ways join.
    let work = |bytes: usize| {
        let mut code = repeated(&[0x03, 0x60, 0x02], bytes);
        code.push(0x7A);
        outcome(&wide(code).cap()).unwrap().work
    };
    let (one, four) = (work(5_000), work(20_000));
    assert!(four < one * 9 / 2, "{one} steps for 5000 bytes, {four} for 20000");
}

#[test]
fn code_whose_data_flow_takes_too_long_is_refused() {
    // A ring of jumps in which an unusable local variable moves one further each time round.
    let mut code = Vec::new();
    (0..=254).for_each(|local: u8| code.extend([0x03, 0x29, local]));
    let start = code.len();
    (0..254).for_each(|local: u8| code.extend([0x15, local, 0x28, local, 0x70, 0x02]));
    assert!(start < code.len());
    code.push(0x7A);
    assert_eq!(outcome(&wide(code).cap()).unwrap_err(), [Rule::LocalType]);

    // Subroutines in subroutines: what each can write is looked up in all that follow.
    let mut code = repeated(&[0x71, 0x00, 0x03], 30_000);
    code.push(0x7A);
    let rules = outcome(&wide(code).cap()).unwrap_err();
    assert!(rules == [Rule::TooComplex] || rules == [Rule::StackDepth], "{rules:?}");
}

#[test]
fn subroutines_that_call_each_other_end() {
    // 0 jsr 4; 3 return; 4 astore_0; 5 jsr 4; 8 ret 0
    let code = [0x71, 0x00, 0x04, 0x7A, 0x2B, 0x71, 0xFF, 0xFF, 0x72, 0x00];
    // A card would run out of nothing: it goes round for ever.
    assert!(outcome(&Made::new(&code).cap()).unwrap().work < 1_000);
}

#[test]
fn classes_that_extend_each_other_are_refused() {
    let mut cap = Made::new(&[0x7A]).cap();
    if let ClassEntry::Class(class) = &mut cap.classes.entries[0] {
        class.superclass = Some(SELF);
    }
    let rules = outcome(&cap).unwrap_err();
    assert!(rules.contains(&Rule::ClassOrder), "{rules:?}");

    let mut cap = Made::new(&[0x7A]).cap();
    let interface = |above| {
        let superinterfaces = vec![ClassRef::Internal(above)];
        ClassEntry::Interface(Interface {
            flags: ClassEntry::INTERFACE,
            superinterfaces,
            name: None,
        })
    };
    cap.classes.entries = vec![interface(5), interface(2)];
    let rules = outcome(&cap).unwrap_err();
    assert!(rules.contains(&Rule::ClassOrder), "{rules:?}");
}

#[test]
fn thousands_of_classes_above_each_other_end() {
    let mut cap = Made::new(&[0x7A]).cap();
    let Some(ClassEntry::Class(first)) = cap.classes.entries.first().cloned() else { panic!() };
    let size = 13u16;
    for number in 1..2_400u16 {
        let mut class = first.clone();
        class.superclass = Some(ClassRef::Internal(2 + (number - 1) * size));
        class.public_base = 120;
        class.tokens.as_mut().unwrap().mapping = vec![0; 120];
        cap.classes.entries.push(ClassEntry::Class(class));
    }
    let offsets = cap.classes.offsets(cap.format()).map(|offsets| offsets.len());
    // Too large for the format, or refused by a rule: in either case at once.
    if offsets.is_ok() {
        let _ = cap.fill_directory();
    }
    assert!(outcome(&cap).is_err());
}

#[test]
fn a_pool_full_of_constants_ends() {
    let mut made = Made::new(&[0x7A]);
    let equals = Constant::VirtualMethod { class: SELF, token: 0 };
    let types = vec![crate::cap::Type::Object(OBJECT), crate::cap::Type::Boolean];
    made.constants = vec![(equals, Some(types)); 8_000];
    assert_eq!(outcome(&made.cap()).unwrap().methods, 1);
}

/// As a card reader would get it: all components, some bytes changed, some cut off.
fn mangled(sample: &Sample, changes: &[(usize, usize, u8)], cut: Option<(usize, usize)>) {
    let mut components: Vec<Component> = sample.cap.to_components().unwrap();
    for (part, at, byte) in changes {
        let part = part % components.len();
        let bytes = &mut components[part].bytes;
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
    if let Some((part, at)) = cut {
        let part = part % components.len();
        let bytes = &mut components[part].bytes;
        let at = at % bytes.len();
        bytes.truncate(at);
    }
    let Ok(cap) = CapFile::read(&components) else { return };
    let bytes: usize = components.iter().map(|component| component.bytes.len()).sum();
    for exports in [of_platform(&sample.platform), &[]] {
        match verify(&cap, &Context { exports, limit: 10 }) {
            Ok(verified) => {
                let most = WORK + WORK_PER_BYTE * u64::try_from(bytes).unwrap();
                assert!(verified.work <= most, "{} steps", verified.work);
            }
            Err(refusals) => {
                assert!((1..=10).contains(&refusals.len()), "{} refusals", refusals.len());
                refusals.iter().for_each(|refusal| assert!(!refusal.to_string().is_empty()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn mangled_packages_never_panic(
        which in 0usize..1_000,
        changes in prop::collection::vec((0usize..1_000, 0usize..100_000, any::<u8>()), 1..12),
        cut in prop::option::weighted(0.05, (0usize..1_000, 0usize..100_000)),
    ) {
        static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(fixtures);
        let samples = &*SAMPLES;
        mangled(&samples[which % samples.len()], &changes, cut);
    }

    #[test]
    fn any_bytecode_is_followed_or_refused(code in prop::collection::vec(0u8..0xB9, 1..60)) {
        let mut made = Made::new(&code);
        made.constants = vec![(Constant::Class { class: OBJECT, padding: 0 }, None)];
        let _ = outcome(&made.cap());
    }
}
