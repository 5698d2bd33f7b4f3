//! JVM bytecode becomes Java Card instructions.
//!
//! A method passes four stages: [`resolve`] looks at every instruction for itself and says all that
//! Java Card has not; [`flow`] follows the values on the stack; [`narrow`] decides which values must
//! be `int`; [`generate`] writes instructions whose operands are still names. When the constant pool
//! is laid out, [`assemble`] makes bytes.

mod assemble;
mod flow;
mod generate;
mod narrow;
mod resolve;
mod shorten;

use std::collections::HashMap;

use capfile::class::Code;
use capfile::class::code::instructions;
use capfile::instruction::{Opcode, Operands};

pub(crate) use assemble::{Assembled, Style, assemble};

use crate::diagnostic::{Place, Sink};
use crate::front::{Class, ClassRef, MemberRef, Method, Program};
use crate::request::Request;

/// An entry of the constant pool, by names instead of tokens. Members go with the class that the
/// code names, which may inherit them: the same member has an entry for each class it is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Class(ClassRef),
    InstanceField(MemberRef, ClassRef),
    Virtual(MemberRef, ClassRef),
    /// A method of a superclass, called from the class with that index.
    Super(usize, MemberRef),
    StaticField(MemberRef, ClassRef),
    /// A static or private method or a constructor.
    Static(MemberRef, ClassRef),
}

/// A method's body in Java Card instructions.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) items: Vec<Item>,
    pub(crate) handlers: Vec<Handler>,
    /// Words of parameters and locals.
    pub(crate) local_words: u16,
    /// Where a JVM local went, by its number there.
    pub(crate) locals: Vec<u16>,
    /// Items at which JVM instructions begin, in order.
    pub(crate) starts: Vec<(u16, usize)>,
    /// Local 0 is the object.
    pub(crate) has_this: bool,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) opcode: Opcode,
    pub(crate) operand: Operand,
    /// Words that are taken from the stack and put there.
    pub(crate) takes: u16,
    pub(crate) gives: u16,
    /// Words above those before it that the instructions had of which it was made.
    pub(crate) peak: u16,
    /// Whether something jumps here.
    pub(crate) is_target: bool,
}

/// What an instruction works on. Branches are indexes of items.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Plain(Operands),
    Constant(Constant),
    TypeTest(u8, Option<ClassRef>),
    Interface(u8, ClassRef, u8),
    Branch(usize),
    Table { default: usize, low: i32, targets: Vec<usize> },
    Lookup { default: usize, rows: Vec<(i32, usize)> },
}

impl Operand {
    /// Items it goes to, the default of a switch first.
    pub(crate) fn targets(&self) -> Vec<usize> {
        match self {
            Self::Branch(target) => vec![*target],
            Self::Table { default, targets, .. } => {
                std::iter::once(*default).chain(targets.iter().copied()).collect()
            }
            Self::Lookup { default, rows } => {
                let targets = rows.iter().map(|(_, target)| *target);
                std::iter::once(*default).chain(targets).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The constant it names.
    pub(crate) fn constant(&self) -> Option<Constant> {
        match self {
            Self::Constant(constant) => Some(*constant),
            Self::TypeTest(_, Some(class)) | Self::Interface(_, class, _) => {
                Some(Constant::Class(*class))
            }
            _ => None,
        }
    }
}

/// An exception handler; ends are indexes of items.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) target: usize,
    pub(crate) catches: Option<ClassRef>,
}

/// Bodies of all methods that have one, by class and method index.
pub(crate) type Bodies = HashMap<(usize, usize), Body>;

/// Translates all methods.
pub(crate) fn translate(program: &Program, request: &Request<'_>, sink: &mut Sink) -> Bodies {
    let mut bodies = Bodies::new();
    for (class_index, class) in program.classes.iter().enumerate() {
        if class.is_refused {
            continue;
        }
        for (index, method) in class.methods.iter().enumerate() {
            let Some(code) = &method.code else { continue };
            let context = Context { program, request, class, class_index, method, code };
            if let Some(body) = translate_one(&context, sink) {
                bodies.insert((class_index, index), body);
            }
        }
    }
    bodies
}

fn translate_one(context: &Context<'_>, sink: &mut Sink) -> Option<Body> {
    let list = match instructions(&context.class.file.part, context.code) {
        Ok(list) => list,
        Err(malformed) => {
            sink.error(&context.place(None), malformed.to_string(), "Compile the sources again.");
            return None;
        }
    };
    let steps = resolve::resolve(context, &list, sink)?;
    let flow = flow::analyse(context, &steps, sink)?;
    let types = narrow::decide(context, &steps, flow, sink)?;
    generate::generate(context, &steps, &types, sink)
}

/// What a translation needs to know.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) request: &'a Request<'a>,
    pub(crate) class: &'a Class,
    pub(crate) class_index: usize,
    pub(crate) method: &'a Method,
    pub(crate) code: &'a Code,
}

impl Context<'_> {
    /// Where an instruction is in the source.
    pub(crate) fn place(&self, pc: Option<u16>) -> Place {
        let mut place = self.class.place();
        place.construct.push('.');
        place.construct.push_str(&self.method.java());
        place.line = pc.and_then(|pc| line_at(self.code, pc));
        place
    }
}

/// Source line of an instruction.
pub(crate) fn line_at(code: &Code, pc: u16) -> Option<u16> {
    code.lines.iter().filter(|line| line.pc <= pc).max_by_key(|line| line.pc).map(|line| line.line)
}
