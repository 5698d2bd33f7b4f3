//! Bytecode by hand: what is accepted and what is refused, rule by rule.

use super::corpus::of_platform;
use super::made::{Made, OBJECT, SELF, THROWABLE};
use crate::cap::{Constant, StaticRef, Type};
use crate::verify::{Context, Rule, verify};

/// All rules that refuse it.
fn rules(made: &Made) -> Vec<Rule> {
    match verify(&made.cap(), &Context { exports: of_platform("3.1.0"), ..Context::default() }) {
        Ok(verified) => {
            assert_eq!(verified.unchecked, []);
            Vec::new()
        }
        Err(refusals) => refusals.iter().map(|refusal| refusal.rule).collect(),
    }
}

#[track_caller]
fn accepted(code: &[u8]) {
    assert_eq!(rules(&Made::new(code)), []);
}

#[track_caller]
fn refused(code: &[u8], rule: Rule) {
    assert_eq!(rules(&Made::new(code)), [rule]);
}

const RETURN: u8 = 0x7A;

#[test]
fn types_on_the_stack_are_those_that_are_asked_for() {
    accepted(&[0x04, 0x05, 0x41, 0x3B, RETURN]);
    refused(&[0x01, 0x05, 0x41, 0x3B, RETURN], Rule::StackType);
    refused(&[0x0A, 0x05, 0x41, 0x3B, RETURN], Rule::StackType);
    refused(&[0x05, 0x41, 0x3B, RETURN], Rule::StackDepth);
    refused(&[0x05; 9], Rule::StackDepth);
    refused(&[0x04, 0x66, 0x02, RETURN], Rule::StackType);
    refused(&[0x01, 0x92, 0x3B], Rule::FallsOff);
}

#[test]
fn an_int_has_two_words_that_stay_together() {
    accepted(&[0x0A, 0x0B, 0x42, 0x3C, RETURN]);
    accepted(&[0x0A, 0x3E, 0x42, 0x3C, RETURN]);
    refused(&[0x0A, 0x3B, RETURN], Rule::IntHalves);
    refused(&[0x0A, 0x3D, RETURN], Rule::IntHalves);
    refused(&[0x0A, 0x04, 0x3E, RETURN], Rule::IntHalves);
    // dup_x of one word over the whole int, over half of it.
    accepted(&[0x0A, 0x04, 0x3F, 0x13, 0x3B, 0x3C, 0x3B, RETURN]);
    refused(&[0x0A, 0x04, 0x3F, 0x12, RETURN], Rule::IntHalves);
    accepted(&[0x0A, 0x04, 0x40, 0x12, 0x3C, 0x3B, RETURN]);
    refused(&[0x0A, 0x04, 0x40, 0x11, RETURN], Rule::IntHalves);
    // istore_0, then a short in its second word.
    accepted(&[0x0A, 0x33, 0x20, 0x3C, RETURN]);
    refused(&[0x0A, 0x33, 0x03, 0x30, 0x20, RETURN], Rule::LocalType);
    refused(&[0x0A, 0x33, 0x03, 0x2F, 0x21, RETURN], Rule::LocalType);
}

#[test]
fn ways_that_join_agree() {
    // if (0) push 1 else push nothing
    refused(&[0x03, 0x60, 0x03, 0x04, RETURN], Rule::JoinDepth);
    // A local variable that is a short on one way and a reference on the other is neither.
    let join = [0x03, 0x60, 0x06, 0x04, 0x2F, 0x70, 0x04, 0x01, 0x2B];
    let with = |end: &[u8]| [&join[..], end].concat();
    accepted(&with(&[RETURN]));
    refused(&with(&[0x1C, 0x3B, RETURN]), Rule::LocalType);
    refused(&with(&[0x18, 0x3B, RETURN]), Rule::LocalType);
    // A loop that makes a short of it on the way back.
    refused(&[0x01, 0x2B, 0x18, 0x3B, 0x04, 0x2F, 0x70, 0xFC], Rule::LocalType);
}

#[test]
fn branches_lead_to_instructions() {
    refused(&[0x70, 0x01, RETURN], Rule::BranchTarget);
    refused(&[0x70, 0x03, RETURN], Rule::BranchTarget);
    refused(&[0x70, 0xFF, RETURN], Rule::BranchTarget);
    accepted(&[0x70, 0x00]);
    refused(&[0xB9, RETURN], Rule::Instruction);
    // slookupswitch with values that do not ascend.
    let switch = |values: [u8; 2]| {
        let [one, other] = values;
        [vec![0x04, 0x75, 0, 13, 0, 2, 0, one, 0, 13, 0, other, 0, 13], vec![RETURN]].concat()
    };
    accepted(&switch([1, 2]));
    refused(&switch([2, 1]), Rule::SwitchOrder);
    refused(&switch([2, 2]), Rule::SwitchOrder);
}

#[test]
fn a_subroutine_returns_to_each_of_its_calls() {
    // 0 sconst_1, 1 sstore_0, 2 jsr 10, 5 sload_0, 6 jsr 10, 9 return; 10 astore_1, 11 ret 1
    let both = [0x04, 0x2F, 0x71, 0x00, 0x08, 0x1C, 0x71, 0x00, 0x04, RETURN, 0x2C, 0x72, 0x01];
    // The second call has a word more on the stack.
    refused(&both, Rule::JoinDepth);
    let popped = [
        0x04, 0x2F, 0x71, 0x00, 0x0A, 0x1C, 0x3B, 0x71, 0x00, 0x05, 0x1C, RETURN, 0x2C, 0x72, 0x01,
    ];
    accepted(&popped);
    // Local variable 0 is a short at one call and null at the other: each finds its own again.
    let different = [
        0x04, 0x2F, 0x71, 0x00, 0x0D, 0x1C, 0x3B, 0x01, 0x2B, 0x71, 0x00, 0x06, 0x18, 0x3B, RETURN,
        0x2C, 0x72, 0x01,
    ];
    accepted(&different);
    // Unless the subroutine writes it.
    let written =
        [0x04, 0x2F, 0x71, 0x00, 0x07, 0x18, 0x3B, RETURN, 0x00, 0x2C, 0x03, 0x2F, 0x72, 0x01];
    refused(&written, Rule::LocalType);
}

#[test]
fn a_return_address_is_used_once_and_is_no_reference() {
    // 0 jsr 4, 3 return; 4 astore_1, 5 aload_1
    refused(&[0x71, 0x00, 0x04, RETURN, 0x2C, 0x19, 0x3B, RETURN], Rule::LocalType);
    // 0 jsr 6, 3 ret 1, 5 return; 6 astore_1, 7 ret 1
    let twice = [0x71, 0x00, 0x06, 0x72, 0x01, RETURN, 0x2C, 0x72, 0x01];
    refused(&twice, Rule::Subroutine);
    refused(&[0x72, 0x00], Rule::Subroutine);
    // The address in the way of another value.
    refused(&[0x71, 0x00, 0x03, 0x77], Rule::ReturnType);
}

#[test]
fn objects_are_initialised_once_before_they_are_used() {
    let object = |code: &[u8]| {
        let mut made = Made::new(code);
        let init = StaticRef::External { package: 0, class: 0, token: 0 };
        let equals = Constant::VirtualMethod { class: OBJECT, token: 0 };
        made.constants = vec![
            (Constant::Class { class: OBJECT, padding: 0 }, None),
            (Constant::StaticMethod(init), Some(vec![Type::Void])),
            (equals, Some(vec![Type::Object(OBJECT), Type::Boolean])),
        ];
        rules(&made)
    };
    let new = [0x8F, 0x00, 0x00];
    let init = [0x8C, 0x00, 0x01];
    let equals = [0x8B, 0x00, 0x02];
    let code = |parts: &[&[u8]]| object(&parts.concat());
    assert_eq!(code(&[&new, &[0x3D], &init, &[0x3B, RETURN]]), []);
    assert_eq!(code(&[&new, &[0x3D], &init, &[0x01], &equals, &[0x3B, RETURN]]), []);
    assert_eq!(code(&[&new, &[0x01], &equals, &[0x3B, RETURN]]), [Rule::Initialised]);
    assert_eq!(code(&[&new, &[0x3D], &init, &init, &[RETURN]]), [Rule::Initialised]);
    assert_eq!(code(&[&[0x01], &init, &[RETURN]]), [Rule::Initialised]);
    // A loop with the object of the round before: 0 new, 3 astore_0, 4 goto 0.
    assert_eq!(code(&[&new, &[0x2B, 0x70, 0xFC]]), []);
    // 0 aconst_null, 1 astore_0, 2 new, 5 aload_0: what `new` made a round ago is not to be had.
    let again = [&[0x01, 0x2B][..], &new, &[0x18, 0x3B, 0x2B, 0x70, 0xFA]].concat();
    assert_eq!(object(&again), [Rule::LocalType]);
}

#[test]
fn a_handler_starts_with_the_exception_and_what_all_it_covers_have_in_common() {
    let made = |code: &[u8], handlers: &[(u16, u16, u16, u16)]| {
        let mut made = Made::new(code);
        made.handlers = handlers.to_vec();
        made.constants = vec![
            (Constant::Class { class: SELF, padding: 0 }, None),
            (Constant::Class { class: THROWABLE, padding: 0 }, None),
        ];
        rules(&made)
    };
    // 0 sconst_1, 1 sstore_0, 2 nop, 3 return; 4 pop, 5 sload_0, 6 pop, 7 return
    let code = [0x04, 0x2F, 0x00, RETURN, 0x3B, 0x1C, 0x3B, RETURN];
    assert_eq!(made(&code, &[(2, 1, 4, 0)]), []);
    assert_eq!(made(&code, &[(2, 1, 4, 1)]), []);
    // Before the store there is no value.
    assert_eq!(made(&code, &[(1, 1, 4, 0)]), [Rule::LocalType]);
    // What is thrown can be thrown again; it is no short.
    let code = [0x04, 0x2F, 0x00, RETURN, 0x93];
    assert_eq!(made(&code, &[(2, 1, 4, 1)]), []);
    let code = [0x04, 0x2F, 0x00, RETURN, 0x2F, RETURN];
    assert_eq!(made(&code, &[(2, 1, 4, 1)]), [Rule::StackType]);
    // The class itself is no Throwable, but constant 0 would mean any.
    let mut swapped = Made::new(&[0x04, 0x2F, 0x00, RETURN, 0x3B, RETURN]);
    swapped.handlers = vec![(2, 1, 4, 1)];
    swapped.constants = vec![
        (Constant::Class { class: THROWABLE, padding: 0 }, None),
        (Constant::Class { class: SELF, padding: 0 }, None),
    ];
    assert_eq!(rules(&swapped), [Rule::CatchType]);
    let halves = [0x10, 0x05, 0x3B, RETURN, 0x3B, RETURN];
    assert_eq!(made(&halves, &[(1, 1, 4, 0)]), [Rule::HandlerExtent]);
    assert_eq!(made(&halves, &[(0, 0, 4, 0)]), [Rule::HandlerExtent]);
    assert_eq!(made(&halves, &[(0, 2, 1, 0)]), [Rule::HandlerExtent]);
}

#[test]
fn arrays_are_told_apart() {
    // sconst_1; newarray TYPE; sconst_0; LOAD; pop
    let load = |kind: u8, load: u8, pop: u8| vec![0x04, 0x90, kind, 0x03, load, pop, RETURN];
    accepted(&load(10, 0x25, 0x3B));
    accepted(&load(11, 0x25, 0x3B));
    accepted(&load(12, 0x26, 0x3B));
    accepted(&load(13, 0x27, 0x3C));
    refused(&load(11, 0x26, 0x3B), Rule::StackType);
    refused(&load(12, 0x24, 0x3B), Rule::StackType);
    refused(&load(13, 0x26, 0x3B), Rule::StackType);
    refused(&load(14, 0x25, 0x3B), Rule::Operand);
    // Of null everything can be read: it throws.
    accepted(&[0x01, 0x03, 0x26, 0x3B, RETURN]);
}

#[test]
fn a_method_returns_what_it_declares() {
    let returns = |types: &[Type], code: &[u8]| {
        let mut made = Made::new(code);
        made.types = types.to_vec();
        rules(&made)
    };
    assert_eq!(returns(&[Type::Short], &[0x04, 0x78]), []);
    assert_eq!(returns(&[Type::Int], &[0x0A, 0x79]), []);
    assert_eq!(returns(&[Type::Object(OBJECT)], &[0x01, 0x77]), []);
    assert_eq!(returns(&[Type::Short], &[RETURN]), [Rule::ReturnType]);
    assert_eq!(returns(&[Type::Void], &[0x04, 0x78]), [Rule::ReturnType]);
    assert_eq!(returns(&[Type::Short], &[0x0A, 0x79]), [Rule::ReturnType]);
    let array = [Type::Object(OBJECT), Type::ByteArray];
    assert_eq!(returns(&array, &[0x18, 0x77]), [Rule::ReturnType]);
    assert_eq!(returns(&array, &[0x18, 0x94, 11, 0, 0, 0x77]), []);
    assert_eq!(returns(&[Type::ByteArray, Type::Object(OBJECT)], &[0x18, 0x77]), []);
}
