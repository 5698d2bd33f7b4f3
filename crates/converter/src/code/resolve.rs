//! Each instruction for itself: names resolved, everything that Java Card has not refused.

use std::collections::HashSet;

use capfile::class::code::{Instruction, Operand as Raw, mnemonic};
use capfile::class::{Constant as PoolConstant, Variable, access, op};

use super::{Constant, Context};
use crate::diagnostic::Sink;
use crate::front::{ClassRef, MemberRef, Signature, Type};

/// An instruction whose names are resolved.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) pc: u16,
    pub(super) opcode: u8,
    pub(super) raw: &'a Raw,
    pub(super) meaning: Meaning,
}

/// What an instruction's operand means.
#[derive(Debug)]
pub(super) enum Meaning {
    None,
    Number(i32),
    /// A local variable of that JVM number and what is known of it.
    Local(u16, Known),
    Field {
        constant: Constant,
        kind: Type,
    },
    Call {
        constant: Constant,
        signature: Signature,
    },
    InterfaceCall {
        class: ClassRef,
        token: u8,
        signature: Signature,
    },
    Class(ClassRef),
    /// `checkcast` and `instanceof`: the card's code of the type, and its class.
    Test(u8, Option<ClassRef>),
    /// Card's code of a primitive element type.
    ArrayType(u8),
}

/// What is known of a local variable's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Byte,
    Short,
    Int,
    Reference,
    Nothing,
}

const APART: &str = "The class files do not belong together: compile all sources again.";
const INT: &str = "Use short, or allow int (--int) if the cards support it.";

/// Resolves all instructions; `None` when one was refused.
pub(super) fn resolve<'a>(
    context: &Context<'_>,
    list: &'a [Instruction],
    sink: &mut Sink,
) -> Option<Vec<Step<'a>>> {
    let mut resolver = Resolver { context, sink, is_refused: false, said: HashSet::new() };
    resolver.variables();
    let steps = list
        .iter()
        .enumerate()
        .map(|(at, instruction)| {
            let next = list.get(at.saturating_add(1)).map_or(u16::MAX, |next| next.pc);
            let meaning = resolver.meaning(instruction, next);
            Step {
                pc: instruction.pc,
                opcode: instruction.opcode,
                raw: &instruction.operand,
                meaning,
            }
        })
        .collect();
    (!resolver.is_refused).then_some(steps)
}

struct Resolver<'a, 'b> {
    context: &'a Context<'a>,
    sink: &'b mut Sink,
    is_refused: bool,
    /// Lines and advice given: one mistake in the source is many instructions.
    said: HashSet<(Option<u16>, String)>,
}

impl Resolver<'_, '_> {
    fn refuse(&mut self, pc: u16, text: impl Into<String>, hint: &str) -> Meaning {
        self.is_refused = true;
        let place = self.context.place(Some(pc));
        if hint.is_empty() || self.said.insert((place.line, hint.to_owned())) {
            self.sink.error(&place, text, hint);
        }
        Meaning::None
    }

    /// Whether a class or one above it is refused already, so that what is missing in it says
    /// nothing new.
    fn is_known_refused(&mut self, class: ClassRef) -> bool {
        let program = self.context.program;
        let is_refused = program.chain(class).iter().any(|class| match class {
            ClassRef::Internal(index) => {
                program.class(*index).is_some_and(|class| class.is_refused)
            }
            ClassRef::External(_) => false,
        });
        self.is_refused |= is_refused;
        is_refused
    }

    /// Refuses local variables of types that Java Card has not.
    fn variables(&mut self) {
        let parameters = self.context.method.signature.parameters.iter();
        let words = parameters.map(Type::jvm_words).fold(0, u16::saturating_add);
        let first = words.saturating_add(u16::from(!self.context.method.is_static()));
        let variables: &[Variable] = &self.context.code.variables;
        for variable in variables.iter().filter(|variable| variable.index >= first) {
            let Some(kind) = Type::parse(&variable.descriptor) else { continue };
            if let Some((name, hint)) = kind.unsupported() {
                self.refuse(
                    variable.start.saturating_sub(1),
                    format!("local variable {} has type {name}", variable.name),
                    hint,
                );
            } else if kind.has_int() && !self.context.request.options.int {
                self.refuse(
                    variable.start.saturating_sub(1),
                    format!("local variable {} has type {}", variable.name, kind.java()),
                    INT,
                );
            }
        }
    }

    fn meaning(&mut self, instruction: &Instruction, next: u16) -> Meaning {
        let pc = instruction.pc;
        match (instruction.opcode, &instruction.operand) {
            (op::ICONST_M1..=op::ICONST_5 | op::BIPUSH | op::SIPUSH, Raw::Value(value)) => {
                Meaning::Number(*value)
            }
            (op::LDC | op::LDC_W | op::LDC2_W, Raw::Pool(index)) => self.load(pc, *index),
            (op::ILOAD | op::ALOAD | op::RET, Raw::Local(local))
            | (op::ILOAD_0..=op::ILOAD_3 | op::ALOAD_0..=op::ALOAD_3, Raw::Local(local)) => {
                Meaning::Local(*local, self.known(*local, pc))
            }
            (op::ISTORE | op::ASTORE, Raw::Local(local))
            | (op::ISTORE_0..=op::ISTORE_3 | op::ASTORE_0..=op::ASTORE_3, Raw::Local(local)) => {
                Meaning::Local(*local, self.known(*local, next))
            }
            (op::IINC, Raw::Increment(local, _)) => {
                Meaning::Local(*local, self.known(*local, pc))
            }
            (op::GETSTATIC..=op::PUTFIELD, Raw::Pool(index)) => {
                self.field(pc, instruction.opcode, *index)
            }
            (op::INVOKEVIRTUAL..=op::INVOKESTATIC, Raw::Pool(index))
            | (op::INVOKEINTERFACE, Raw::Interface(index, _)) => {
                self.call(pc, instruction.opcode, *index)
            }
            (op::INVOKEDYNAMIC, _) => self.refuse(
                pc,
                "invokedynamic: a lambda, a method reference or a string concatenation",
                "Write a class that implements the interface; keep text in byte arrays and copy it with Util.arrayCopy. Compile with --release 8.",
            ),
            (op::NEW, Raw::Pool(index)) => match self.class(pc, *index) {
                Some((Type::Class(_), Some(class))) => Meaning::Class(class),
                Some(_) => self.refuse(pc, "`new` of something that is no class", ""),
                None => Meaning::None,
            },
            (op::NEWARRAY, Raw::ArrayType(code)) => self.new_array(pc, *code),
            (op::ANEWARRAY, Raw::Pool(index)) => match self.class(pc, *index) {
                Some((Type::Class(_), Some(class))) => Meaning::Class(class),
                Some((Type::Array(_), _)) => {
                    let (name, hint) = multi();
                    self.refuse(pc, format!("a {name} is made"), hint)
                }
                Some(_) => self.refuse(pc, "an array of something that is no class", ""),
                None => Meaning::None,
            },
            (op::MULTIANEWARRAY, _) => {
                let (name, hint) = multi();
                self.refuse(pc, format!("a {name} is made"), hint)
            }
            (op::CHECKCAST | op::INSTANCEOF, Raw::Pool(index)) => match self.class(pc, *index) {
                Some((kind, class)) => match test_code(&kind) {
                    Some(code) => Meaning::Test(code, class),
                    None => self.refuse(pc, "a cast to something that is no class", ""),
                },
                None => Meaning::None,
            },
            (op::MONITORENTER, _) => self.refuse(
                pc,
                "synchronized block",
                "A card runs one thread: take `synchronized` away; use JCSystem.beginTransaction() to make changes atomic.",
            ),
            (op::MONITOREXIT, _) => {
                self.is_refused = true;
                Meaning::None
            }
            (opcode, _) => match unsupported_opcode(opcode) {
                Some((text, hint)) => self.refuse(pc, text, hint),
                None => Meaning::None,
            },
        }
    }

    fn load(&mut self, pc: u16, index: u16) -> Meaning {
        match self.context.class.file.pool.entry(index) {
            Some(PoolConstant::Integer(value)) => {
                let is_short = i16::try_from(*value).is_ok();
                if !is_short && !self.context.request.options.int {
                    return self.refuse(
                        pc,
                        format!("constant {value} does not fit into a short"),
                        "Write it as a cast, (short) 0xFFFF, or allow int (--int) if the cards support it.",
                    );
                }
                Meaning::Number(*value)
            }
            Some(PoolConstant::String(_)) => {
                let (_, hint) = string();
                self.refuse(pc, "a String constant", hint)
            }
            Some(PoolConstant::Float(_)) => {
                self.refuse(pc, "a constant of type float", number_hint(&Type::Float))
            }
            Some(PoolConstant::Long(_)) => {
                self.refuse(pc, "a constant of type long", number_hint(&Type::Long))
            }
            Some(PoolConstant::Double(_)) => {
                self.refuse(pc, "a constant of type double", number_hint(&Type::Double))
            }
            Some(PoolConstant::Class(_)) => {
                self.refuse(pc, "a class literal", "Java Card has no java.lang.Class.")
            }
            other => {
                let kind = other.map_or("nothing", PoolConstant::kind);
                self.refuse(pc, format!("a constant that is {kind}"), "")
            }
        }
    }

    /// What the debug tables say of a local at a program counter.
    fn known(&self, local: u16, pc: u16) -> Known {
        let variable = self.context.code.variables.iter().find(|variable| {
            variable.index == local
                && variable.start <= pc
                && pc < variable.start.saturating_add(variable.length)
        });
        let kind = variable.and_then(|variable| Type::parse(&variable.descriptor));
        match kind {
            Some(Type::Boolean | Type::Byte) => Known::Byte,
            Some(Type::Short) => Known::Short,
            Some(Type::Int) => Known::Int,
            Some(Type::Class(_) | Type::Array(_)) => Known::Reference,
            _ => Known::Nothing,
        }
    }

    fn class(&mut self, pc: u16, index: u16) -> Option<(Type, Option<ClassRef>)> {
        let name = match self.context.class.file.pool.class(&self.context.class.file.part, index) {
            Ok(name) => name,
            Err(malformed) => {
                self.refuse(pc, malformed.to_string(), "Compile the sources again.");
                return None;
            }
        };
        let Some(kind) = Type::of_class_constant(name) else {
            self.refuse(pc, format!("`{name}` names no class"), "Compile the sources again.");
            return None;
        };
        if !self.check_type(pc, &kind, "a class that is used") {
            return None;
        }
        match kind.class() {
            None => Some((kind, None)),
            Some(name) => match self.context.program.resolve_class(name) {
                Ok(class) => Some((kind, Some(class))),
                Err(_) if builds_strings(name) => {
                    let (_, hint) = string();
                    self.refuse(pc, "a String concatenation", hint);
                    None
                }
                Err(unresolved) => {
                    self.refuse(pc, unresolved.text(), &unresolved.hint());
                    None
                }
            },
        }
    }

    /// Refuses a type that Java Card has not.
    fn check_type(&mut self, pc: u16, kind: &Type, what: &str) -> bool {
        if let Some((name, hint)) = kind.unsupported() {
            self.refuse(pc, format!("{what} has type {name}"), hint);
            false
        } else if kind.has_int() && !self.context.request.options.int {
            self.refuse(pc, format!("{what} has type {}", kind.java()), INT);
            false
        } else {
            true
        }
    }

    fn field(&mut self, pc: u16, opcode: u8, index: u16) -> Meaning {
        let file = &self.context.class.file;
        let reference = match file.pool.field(&file.part, index) {
            Ok(reference) => reference,
            Err(malformed) => {
                return self.refuse(pc, malformed.to_string(), "Compile the sources again.");
            }
        };
        let title = format!("{}.{}", reference.class.replace('/', "."), reference.name);
        let Some(kind) = Type::parse(reference.descriptor) else {
            return self.refuse(pc, format!("field {title} has no type"), "");
        };
        if !self.check_type(pc, &kind, &format!("field {title}")) {
            return Meaning::None;
        }
        let class = match self.context.program.resolve_class(reference.class) {
            Ok(class) => class,
            Err(unresolved) => return self.refuse(pc, unresolved.text(), &unresolved.hint()),
        };
        let program = self.context.program;
        if self.is_known_refused(class) {
            return Meaning::None;
        }
        let Some(member) = program.resolve_field(class, reference.name, reference.descriptor)
        else {
            let unresolved = crate::front::Unresolved::Member(format!("field {title}"));
            return self.refuse(pc, unresolved.text(), &unresolved.hint());
        };
        let field_access = program.field_access(member);
        if field_access & access::PRIVATE != 0 && !self.is_own(member) {
            return self.refuse(pc, format!("field {title} is private in another class"), APART);
        }
        let is_static = field_access & access::STATIC != 0;
        if is_static != matches!(opcode, op::GETSTATIC | op::PUTSTATIC) {
            return self.refuse(
                pc,
                format!("field {title} is {}static", if is_static { "" } else { "not " }),
                APART,
            );
        }
        let named = match class == ClassRef::Internal(self.context.class_index) {
            // What a class inherits goes by the declaring class when it names itself.
            true => member.class,
            false => self.named(class, member),
        };
        let constant = if is_static {
            Constant::StaticField(member, named)
        } else {
            Constant::InstanceField(member, named)
        };
        if is_static && program.is_constant(member) {
            return self.refuse(
                pc,
                format!("constant {title} takes no room on the card and cannot be read there"),
                "Compile the sources again.",
            );
        }
        Meaning::Field { constant, kind }
    }

    fn call(&mut self, pc: u16, opcode: u8, index: u16) -> Meaning {
        let file = &self.context.class.file;
        let reference = match file.pool.method(&file.part, index) {
            Ok(reference) => reference,
            Err(malformed) => {
                return self.refuse(pc, malformed.to_string(), "Compile the sources again.");
            }
        };
        let Some(signature) = Signature::parse(reference.descriptor) else {
            return self.refuse(pc, format!("method {} has no types", reference.name), "");
        };
        let title = format!(
            "{}.{}({})",
            reference.class.replace('/', "."),
            reference.name,
            signature.java(),
        );
        if builds_strings(reference.class) {
            let (_, hint) = string();
            return self.refuse(pc, "a String concatenation", hint);
        }
        for kind in signature.types() {
            if !self.check_type(pc, kind, &format!("a parameter or the result of {title}")) {
                return Meaning::None;
            }
        }
        let program = self.context.program;
        // Arrays have the methods of Object.
        let name =
            if reference.class.starts_with('[') { "java/lang/Object" } else { reference.class };
        let class = match program.resolve_class(name) {
            Ok(class) => class,
            Err(unresolved) => return self.refuse(pc, unresolved.text(), &unresolved.hint()),
        };
        for kind in signature.types().filter_map(Type::class) {
            if let Err(unresolved) = program.resolve_class(kind) {
                return self.refuse(pc, unresolved.text(), &unresolved.hint());
            }
        }
        if program.is_interface(class)
            && opcode != op::INVOKESTATIC
            && let Some(token) =
                program.interface_token(class, reference.name, reference.descriptor)
        {
            return Meaning::InterfaceCall { class, token, signature };
        }
        let holder = if program.is_interface(class) && opcode != op::INVOKESTATIC {
            program.resolve_class("java/lang/Object").unwrap_or(class)
        } else {
            class
        };
        if self.is_known_refused(class) {
            return Meaning::None;
        }
        let found = if reference.name == "<init>" {
            program.own_method(holder, reference.name, reference.descriptor)
        } else {
            program.resolve_method(holder, reference.name, reference.descriptor)
        };
        let Some(member) = found else {
            let unresolved = crate::front::Unresolved::Member(format!("method {title}"));
            return self.refuse(pc, unresolved.text(), &unresolved.hint());
        };
        match self.constant_of_call(opcode, reference.name, member, holder) {
            Ok(constant) => Meaning::Call { constant, signature },
            Err(text) => self.refuse(pc, format!("method {title} {text}"), APART),
        }
    }

    /// How a method is called is decided by what it is: from Java 11 on javac calls private methods
    /// of the whole nest like public ones.
    fn constant_of_call(
        &self,
        opcode: u8,
        name: &str,
        member: MemberRef,
        named: ClassRef,
    ) -> Result<Constant, &'static str> {
        let access = self.context.program.method_access(member);
        let is_static = access & access::STATIC != 0;
        if access & access::PRIVATE != 0 && !self.is_own(member) {
            return Err("is private in another class");
        }
        if is_static != (opcode == op::INVOKESTATIC) {
            return Err(if is_static { "is static" } else { "is not static" });
        }
        if name.starts_with('<') && (name != "<init>" || opcode != op::INVOKESPECIAL) {
            return Err("cannot be called so");
        }
        let is_own = self.is_own(member);
        let named = self.named(named, member);
        Ok(if is_static || name == "<init>" || access & access::PRIVATE != 0 {
            Constant::Static(member, named)
        } else if opcode == op::INVOKESPECIAL && !is_own {
            Constant::Super(self.context.class_index, member)
        } else {
            Constant::Virtual(member, named)
        })
    }

    fn is_own(&self, member: MemberRef) -> bool {
        member.class == ClassRef::Internal(self.context.class_index)
    }

    /// By which class a member goes in the constant pool: the one that is named, though one entry
    /// for each member would do.
    fn named(&self, class: ClassRef, member: MemberRef) -> ClassRef {
        match self.context.request.options.optimize {
            true => member.class,
            false => class,
        }
    }

    fn new_array(&mut self, pc: u16, code: u8) -> Meaning {
        let kind = match code {
            4 => return Meaning::ArrayType(10),
            8 => return Meaning::ArrayType(11),
            9 => return Meaning::ArrayType(12),
            10 if self.context.request.options.int => return Meaning::ArrayType(13),
            10 => return self.refuse(pc, "an array of int is made", INT),
            5 => Type::Char,
            6 => Type::Float,
            7 => Type::Double,
            11 => Type::Long,
            _ => return self.refuse(pc, format!("array type {code} is unknown"), ""),
        };
        let text = format!("an array of {} is made", kind.java());
        self.refuse(pc, text, number_hint(&kind))
    }
}

fn test_code(kind: &Type) -> Option<u8> {
    match kind {
        Type::Class(_) => Some(0),
        Type::Array(element) => match &**element {
            Type::Boolean => Some(10),
            Type::Byte => Some(11),
            Type::Short => Some(12),
            Type::Int => Some(13),
            Type::Class(_) => Some(14),
            _ => None,
        },
        _ => None,
    }
}

fn number_hint(kind: &Type) -> &'static str {
    kind.unsupported().map_or("", |(_, hint)| hint)
}

fn string() -> (&'static str, &'static str) {
    Type::Class("java/lang/String".to_owned()).unsupported().unwrap_or(("String", ""))
}

/// Classes by which javac joins strings.
fn builds_strings(class: &str) -> bool {
    matches!(class, "java/lang/StringBuilder" | "java/lang/StringBuffer")
}

fn multi() -> (&'static str, &'static str) {
    let row = Type::Array(Box::new(Type::Byte));
    Type::Array(Box::new(row)).unsupported().unwrap_or(("multi-dimensional array", ""))
}

/// Instructions of types that Java Card has not.
fn unsupported_opcode(opcode: u8) -> Option<(String, &'static str)> {
    let name = mnemonic(opcode)?;
    let kind = match name {
        "i2c" => Type::Char,
        "caload" | "castore" => Type::Char,
        "i2l" | "f2l" | "d2l" => Type::Long,
        "i2f" | "l2f" | "d2f" => Type::Float,
        "i2d" | "l2d" | "f2d" => Type::Double,
        "l2i" | "lcmp" | "laload" | "lastore" => Type::Long,
        "f2i" | "fcmpl" | "fcmpg" | "faload" | "fastore" => Type::Float,
        "d2i" | "dcmpl" | "dcmpg" | "daload" | "dastore" => Type::Double,
        "jsr_w" | "goto_w" | "wide" => return None,
        _ => match (name.as_bytes().first(), name) {
            (_, "dup" | "dup_x1" | "dup_x2" | "dup2" | "dup2_x1" | "dup2_x2" | "lookupswitch") => {
                return None;
            }
            (Some(b'l'), _) if !name.starts_with("ldc") => Type::Long,
            (Some(b'f'), _) => Type::Float,
            (Some(b'd'), _) => Type::Double,
            _ => return None,
        },
    };
    Some((format!("code of type {} ({name})", kind.java()), number_hint(&kind)))
}
