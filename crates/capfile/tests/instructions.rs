//! Every instruction: its table, its page, its bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::Path;

use capfile::Part;
use capfile::bytes::Cursor;
use capfile::instruction::{Flow, Form, Instruction, Opcode, Operands, decode_all, page};
use proptest::prelude::*;

static PART: Part = Part::Component("Method");

fn read(bytes: &[u8]) -> Instruction {
    let mut from = Cursor::new(&PART, bytes);
    let instruction = Instruction::read(&mut from).unwrap();
    assert!(from.is_at_end(), "{instruction:?} leaves {} bytes", from.left());
    instruction
}

fn written(instruction: &Instruction) -> Vec<u8> {
    let mut bytes = Vec::new();
    instruction.write(&mut bytes).unwrap();
    bytes
}

/// Operands of each form at their extremes, with the bytes that they are.
fn examples(form: Form) -> Vec<(Operands, Vec<u8>)> {
    let constant = |index| Operands::Constant(index);
    match form {
        Form::None => vec![(Operands::None, vec![])],
        Form::Local => vec![(Operands::Local(0), vec![0]), (Operands::Local(255), vec![255])],
        Form::Byte => vec![(Operands::Value(-128), vec![0x80]), (Operands::Value(127), vec![0x7F])],
        Form::Short => vec![
            (Operands::Value(-32_768), vec![0x80, 0]),
            (Operands::Value(32_767), vec![0x7F, 0xFF]),
        ],
        Form::Int => vec![
            (Operands::Value(i32::MIN), vec![0x80, 0, 0, 0]),
            (Operands::Value(0x0102_0304), vec![1, 2, 3, 4]),
        ],
        Form::ByteIncrement => vec![
            (Operands::Increment { local: 3, by: -128 }, vec![3, 0x80]),
            (Operands::Increment { local: 255, by: 127 }, vec![255, 0x7F]),
        ],
        Form::ShortIncrement => vec![
            (Operands::Increment { local: 3, by: -32_768 }, vec![3, 0x80, 0]),
            (Operands::Increment { local: 255, by: 258 }, vec![255, 1, 2]),
        ],
        Form::ByteBranch => {
            vec![(Operands::Branch(-128), vec![0x80]), (Operands::Branch(127), vec![0x7F])]
        }
        Form::ShortBranch => vec![
            (Operands::Branch(-32_768), vec![0x80, 0]),
            (Operands::Branch(32_767), vec![0x7F, 0xFF]),
        ],
        Form::ByteIndex => vec![(constant(0), vec![0]), (constant(255), vec![255])],
        Form::ShortIndex => vec![(constant(0), vec![0, 0]), (constant(0xFFFF), vec![0xFF; 2])],
        Form::Words => vec![(Operands::Words { top: 1, down: 2 }, vec![0x12])],
        Form::ArrayType => vec![(Operands::ArrayType(13), vec![13])],
        Form::TypeTest => vec![
            (Operands::TypeTest { kind: 0, constant: 0x0102 }, vec![0, 1, 2]),
            (Operands::TypeTest { kind: 11, constant: 0 }, vec![11, 0, 0]),
        ],
        Form::Interface => {
            vec![(Operands::Interface { words: 2, constant: 0x0304, token: 5 }, vec![2, 3, 4, 5])]
        }
        Form::ShortTable => vec![(
            Operands::Table { default: 9, low: -1, targets: vec![7, -8] },
            vec![0, 9, 0xFF, 0xFF, 0, 0, 0, 7, 0xFF, 0xF8],
        )],
        Form::IntTable => vec![(
            Operands::Table { default: 9, low: -1, targets: vec![7] },
            vec![0, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 7],
        )],
        Form::ShortLookup => vec![
            (Operands::Lookup { default: 9, pairs: vec![] }, vec![0, 9, 0, 0]),
            (
                Operands::Lookup { default: 9, pairs: vec![(-2, 7), (3, -8)] },
                vec![0, 9, 0, 2, 0xFF, 0xFE, 0, 7, 0, 3, 0xFF, 0xF8],
            ),
        ],
        Form::IntLookup => vec![(
            Operands::Lookup { default: 9, pairs: vec![(i32::MAX, -8)] },
            vec![0, 9, 0, 1, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xF8],
        )],
    }
}

#[test]
fn every_opcode_is_read_as_it_was_written_and_has_the_length_it_says() {
    for operation in Opcode::all() {
        for (operands, bytes) in examples(operation.form) {
            let instruction = Instruction::with(operation.opcode, operands);
            let expected: Vec<u8> = std::iter::once(operation.opcode.byte()).chain(bytes).collect();
            assert_eq!(written(&instruction), expected, "{instruction:?}");
            assert_eq!(read(&expected), instruction);
            assert_eq!(instruction.length(), expected.len(), "{instruction:?}");
            for end in 0..expected.len() {
                let cut = Instruction::read(&mut Cursor::new(&PART, &expected[..end]));
                assert!(cut.is_err(), "{instruction:?} cut to {end} bytes");
            }
        }
    }
}

#[test]
fn operands_of_another_form_are_not_written() {
    let forms: Vec<Form> = Opcode::all().map(|operation| operation.form).collect();
    for operation in Opcode::all() {
        for form in &forms {
            for (operands, bytes) in examples(*form) {
                let instruction = Instruction::with(operation.opcode, operands.clone());
                let mut code = vec![0xAA];
                if instruction.write(&mut code).is_ok() {
                    // What is written is read as the same.
                    assert_eq!(read(&code[1..]), instruction);
                } else {
                    assert_ne!(*form, operation.form, "{instruction:?} {bytes:?}");
                    assert_eq!(code, [0xAA], "nothing is left behind");
                }
            }
        }
    }
}

#[test]
fn constants_branches_and_locals_are_found_in_every_form() {
    for operation in Opcode::all() {
        for (operands, _) in examples(operation.form) {
            let instruction = Instruction::with(operation.opcode, operands);
            let bytes = written(&instruction);
            if let Some(constant) = instruction.constant() {
                let start = usize::from(constant.offset);
                let operand = &bytes[start..start + usize::from(constant.width)];
                let index = operand.iter().fold(0, |index, byte| index << 8 | u16::from(*byte));
                assert_eq!(index, constant.index, "{instruction:?}");
            }
            let branches = matches!(
                operation.flow,
                Flow::Branch | Flow::Jump | Flow::Subroutine | Flow::Switch
            );
            assert_eq!(!instruction.branches().is_empty(), branches, "{instruction:?}");
            let names_local = operation.mnemonic.ends_with("_this")
                || ["load", "store", "inc", "ret"].iter().any(|word| {
                    let name = operation.mnemonic;
                    name.contains(word)
                        && !name.contains("return")
                        && !["aaload", "baload", "saload", "iaload"].contains(&name)
                        && !["aastore", "bastore", "sastore", "iastore"].contains(&name)
                });
            assert_eq!(instruction.local().is_some(), names_local, "{instruction:?}");
        }
    }
}

/// What the names say of the stack: an independent reading of the table.
#[test]
fn words_on_the_stack_agree_with_what_the_names_say() {
    for operation in Opcode::all() {
        let (operands, _) = examples(operation.form).swap_remove(0);
        let instruction = Instruction::with(operation.opcode, operands);
        let Some((takes, gives)) = instruction.stack_words() else {
            let name = operation.mnemonic;
            assert!(name.starts_with("invoke"), "{name}");
            continue;
        };
        let change = i32::from(gives) - i32::from(takes);
        let name = operation.mnemonic;
        let base = name.trim_end_matches("_w");
        let expected = match base {
            "nop" | "swap_x" | "goto" | "ret" | "return" | "s2b" | "sneg" | "ineg" | "sinc"
            | "iinc" | "newarray" | "anewarray" | "arraylength" | "checkcast" | "instanceof" => 0,
            "dup" => 1,
            "dup2" => 2,
            // The example copies one word.
            "dup_x" => 1,
            "jsr" | "new" | "aconst_null" | "bspush" | "sspush" => 1,
            "bipush" | "sipush" | "iipush" => 2,
            "pop" | "athrow" | "areturn" | "sreturn" => -1,
            "pop2" | "ireturn" => -2,
            "s2i" => 1,
            "i2b" | "i2s" => -1,
            "icmp" => -3,
            "aaload" | "baload" | "saload" => -1,
            "iaload" => 0,
            "aastore" | "bastore" | "sastore" => -3,
            "iastore" => -4,
            "stableswitch" | "slookupswitch" => -1,
            "itableswitch" | "ilookupswitch" => -2,
            _ if base.starts_with("sconst") => 1,
            _ if base.starts_with("iconst") => 2,
            _ if base.starts_with("if_") => -2,
            _ if base.starts_with("if") => -1,
            _ if base.starts_with("iload") => 2,
            _ if base.starts_with("aload") || base.starts_with("sload") => 1,
            _ if base.starts_with("istore") => -2,
            _ if base.starts_with("astore") || base.starts_with("sstore") => -1,
            "getstatic_i" | "getfield_i_this" => 2,
            _ if base.starts_with("getstatic")
                || base.ends_with("_this") && base.starts_with('g') =>
            {
                1
            }
            "putstatic_i" | "putfield_i_this" => -2,
            _ if base.starts_with("putstatic") || base.ends_with("_this") => -1,
            "getfield_i" => 1,
            _ if base.starts_with("getfield") => 0,
            "putfield_i" => -3,
            _ if base.starts_with("putfield") => -2,
            // Two of a kind make one.
            _ if base.starts_with('s') => -1,
            _ => -2,
        };
        assert_eq!(change, expected, "{name}");
    }
}

#[test]
fn the_page_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/instructions.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    let there = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    assert!(there == page(), "docs/instructions.md is old; UPDATE_DOCS=1 cargo test -p capfile");
}

proptest! {
    #[test]
    fn what_can_be_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(code) = decode_all(&mut Cursor::new(&PART, &bytes)) {
            let mut written = Vec::new();
            for located in &code {
                prop_assert_eq!(usize::from(located.at), written.len());
                let before = written.len();
                located.instruction.write(&mut written).unwrap();
                prop_assert_eq!(located.instruction.length(), written.len() - before);
            }
            prop_assert_eq!(written, bytes);
        }
    }
}
