//! Static initialisers: what they assign becomes the static image, since a card runs none.

use capfile::class::code::{Instruction, Operand, instructions, mnemonic};
use capfile::class::{Constant, op};

use super::{Class, Initial, Program, Type};
use crate::diagnostic::Sink;
use crate::request::Request;

const HINT: &str = "Static fields of a card start with constants, null or arrays of constants; do everything else in install() or in a constructor.";

/// A value on the stack of an initialiser.
#[derive(Clone, Debug)]
enum Value {
    Number(i32),
    Null,
    /// Index in the list of arrays.
    Array(usize),
    /// Something that was refused already.
    Refused,
}

/// Reads what each class's initialiser assigns, and drops the initialisers.
pub(super) fn evaluate(program: &mut Program, _request: &Request<'_>, sink: &mut Sink) {
    for class in &mut program.classes {
        let Some(at) = class.methods.iter().position(|method| method.name == "<clinit>") else {
            continue;
        };
        let initialiser = class.methods.remove(at);
        let Some(code) = initialiser.code.filter(|_| !class.is_refused) else { continue };
        if class.is_interface() {
            refuse_interface_fields(class, sink);
            continue;
        }
        match instructions(&class.file.part, &code) {
            Ok(list) => run(class, &code, &list, sink),
            Err(malformed) => sink.error(&class.place(), malformed.to_string(), ""),
        }
    }
}

fn refuse_interface_fields(class: &Class, sink: &mut Sink) {
    for field in class.fields.iter().filter(|field| field.constant.is_none()) {
        sink.error(
            &class.member_place(&field.name),
            "fields of interfaces may only be primitive compile-time constants",
            "Move the field to a class.",
        );
    }
}

fn run(class: &mut Class, code: &capfile::class::Code, list: &[Instruction], sink: &mut Sink) {
    let mut stack: Vec<Value> = Vec::new();
    let mut arrays: Vec<(Type, Vec<i32>)> = Vec::new();
    let mut last_refused = None;
    // Each array's elements are in the code, so that no honest initialiser has more than its bytes.
    let mut room: usize = 0x1_0000;
    for instruction in list {
        let mut refuse = |class: &Class, text: String, sink: &mut Sink| {
            let line = crate::code::line_at(code, instruction.pc);
            if last_refused != Some(line) {
                let mut place = class.member_place("<clinit>");
                place.construct = format!("static initialiser of {}", class.name.replace('/', "."));
                place.line = line;
                sink.error(&place, text, HINT);
                last_refused = Some(line);
            }
        };
        match (instruction.opcode, &instruction.operand) {
            (op::NOP, _) => {}
            (op::ACONST_NULL, _) => stack.push(Value::Null),
            (op::ICONST_M1..=op::SIPUSH, Operand::Value(value)) => {
                stack.push(Value::Number(*value))
            }
            (op::LDC | op::LDC_W, Operand::Pool(index)) => match class.file.pool.entry(*index) {
                Some(Constant::Integer(value)) => stack.push(Value::Number(*value)),
                other => {
                    let kind = other.map_or("nothing", Constant::kind);
                    refuse(class, format!("a static field cannot start with {kind}"), sink);
                    stack.push(Value::Refused);
                }
            },
            (op::I2B, _) => convert(&mut stack, |value| i32::from(value as i8)),
            (op::I2S, _) => convert(&mut stack, |value| i32::from(value as i16)),
            (op::INEG, _) => convert(&mut stack, i32::wrapping_neg),
            (op::DUP, _) => {
                let top = stack.last().cloned().unwrap_or(Value::Refused);
                stack.push(top);
            }
            (op::POP, _) => {
                stack.pop();
            }
            (op::NEWARRAY, Operand::ArrayType(code)) => {
                let element = match code {
                    4 => Some(Type::Boolean),
                    8 => Some(Type::Byte),
                    9 => Some(Type::Short),
                    10 => Some(Type::Int),
                    _ => None,
                };
                let length = match stack.pop() {
                    Some(Value::Number(length)) => usize::try_from(length).ok(),
                    _ => None,
                };
                match (element, length) {
                    (Some(element), Some(length)) if length <= 0x7FFF && length <= room => {
                        room = room.saturating_sub(length);
                        stack.push(Value::Array(arrays.len()));
                        arrays.push((element, vec![0; length]));
                    }
                    (Some(_), _) => {
                        refuse(
                            class,
                            "an array in a static initialiser is too long".to_owned(),
                            sink,
                        );
                        stack.push(Value::Refused);
                    }
                    (None, _) => {
                        refuse(
                            class,
                            "an array of a type that Java Card has not is made in a static initialiser"
                                .to_owned(),
                            sink,
                        );
                        stack.push(Value::Refused);
                    }
                }
            }
            (op::BASTORE | op::SASTORE | op::IASTORE, _) => {
                let (value, index, array) = (stack.pop(), stack.pop(), stack.pop());
                if let (
                    Some(Value::Number(value)),
                    Some(Value::Number(index)),
                    Some(Value::Array(array)),
                ) = (value, index, array)
                    && let Some(slot) = usize::try_from(index)
                        .ok()
                        .and_then(|index| arrays.get_mut(array)?.1.get_mut(index))
                {
                    *slot = value;
                } else {
                    refuse(
                        class,
                        "an array element starts with something that is no constant".to_owned(),
                        sink,
                    );
                }
            }
            (op::PUTSTATIC, Operand::Pool(index)) => {
                let value = stack.pop().unwrap_or(Value::Refused);
                if let Err(text) = assign(class, *index, value, &arrays) {
                    refuse(class, text, sink);
                }
            }
            (op::RETURN, _) => return,
            (opcode, _) => {
                let name = mnemonic(opcode).unwrap_or("an unknown instruction");
                refuse(
                    class,
                    format!(
                        "a static initialiser has code that only a running card could execute ({name})"
                    ),
                    sink,
                );
                stack.clear();
                stack.push(Value::Refused);
            }
        }
    }
}

fn convert(stack: &mut [Value], by: impl Fn(i32) -> i32) {
    if let Some(Value::Number(value)) = stack.last_mut() {
        *value = by(*value);
    }
}

fn assign(
    class: &mut Class,
    index: u16,
    value: Value,
    arrays: &[(Type, Vec<i32>)],
) -> Result<(), String> {
    let reference = class
        .file
        .pool
        .field(&class.file.part, index)
        .map_err(|malformed| malformed.to_string())?;
    if reference.class != class.name {
        return Err(format!(
            "a static field of another class, {}.{}, is assigned",
            reference.class.replace('/', "."),
            reference.name,
        ));
    }
    let (name, descriptor) = (reference.name.to_owned(), reference.descriptor.to_owned());
    let field = class
        .fields
        .iter_mut()
        .find(|field| field.name == name && field.descriptor == descriptor && field.is_static())
        .ok_or_else(|| format!("field {name} is not found"))?;
    field.initial = match (value, &field.kind) {
        (Value::Number(value), Type::Boolean | Type::Byte | Type::Short | Type::Int) => {
            Initial::Number(value)
        }
        (Value::Null, Type::Class(_) | Type::Array(_)) => Initial::Default,
        (Value::Array(array), Type::Array(element)) => {
            let (kind, values) = arrays.get(array).ok_or("an array is lost")?;
            if kind != &**element {
                return Err(format!("field {name} starts with an array of another type"));
            }
            Initial::Array(values.clone())
        }
        (Value::Refused, _) => return Ok(()),
        _ => return Err(format!("field {name} starts with something that is no constant")),
    };
    Ok(())
}
