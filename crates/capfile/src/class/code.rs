//! JVM instructions: one table, and what is decoded by it.

use super::Code;
use crate::{Malformed, Part, Problem};

/// An instruction of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Offset of the opcode in the code, in bytes.
    pub pc: u16,
    /// Opcode; `wide` is folded into the instruction that it widens.
    pub opcode: u8,
    /// What follows the opcode.
    pub operand: Operand,
}

/// What follows an opcode. Branches are absolute program counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Nothing.
    None,
    /// A number that is pushed.
    Value(i32),
    /// A local variable.
    Local(u16),
    /// A local variable and what is added to it.
    Increment(u16, i16),
    /// A constant pool index.
    Pool(u16),
    /// Where to go.
    Branch(u16),
    /// Code of a primitive element type.
    ArrayType(u8),
    /// `invokeinterface`: pool index, words of arguments.
    Interface(u16, u8),
    /// `multianewarray`: pool index, dimensions.
    Dimensions(u16, u8),
    /// `tableswitch`.
    Table {
        /// Where to go when no row fits.
        default: u16,
        /// Value of the first row.
        low: i32,
        /// Where to go for `low`, `low + 1` and so on.
        targets: Vec<u16>,
    },
    /// `lookupswitch`.
    Lookup {
        /// Where to go when no row fits.
        default: u16,
        /// Value and where to go.
        rows: Vec<(i32, u16)>,
    },
}

/// Mnemonic of an opcode.
pub fn mnemonic(opcode: u8) -> Option<&'static str> {
    TABLE.get(usize::from(opcode)).map(|row| row.0)
}

/// Decodes a method's code.
///
/// # Errors
/// An opcode is unknown, an operand is cut off, or a branch goes where no instruction starts.
pub fn instructions(part: &Part, code: &Code) -> Result<Vec<Instruction>, Malformed> {
    let decoder = Decoder { part, bytes: &code.bytes, base: code.offset };
    decoder.check_length()?;
    let mut instructions = Vec::new();
    let mut starts = vec![false; code.bytes.len()];
    let mut at = 0;
    while at < code.bytes.len() {
        if let Some(start) = starts.get_mut(at) {
            *start = true;
        }
        let (instruction, next) = decoder.one(at)?;
        instructions.push(instruction);
        at = next;
    }
    for instruction in &instructions {
        let is_start = |pc: u16| starts.get(usize::from(pc)) == Some(&true);
        let wrong = match &instruction.operand {
            Operand::Branch(target) => (!is_start(*target)).then_some(*target),
            Operand::Table { default, targets, .. } => {
                std::iter::once(default).chain(targets).copied().find(|pc| !is_start(*pc))
            }
            Operand::Lookup { default, rows } => std::iter::once(*default)
                .chain(rows.iter().map(|(_, target)| *target))
                .find(|pc| !is_start(*pc)),
            _ => None,
        };
        if let Some(target) = wrong {
            return Err(decoder.wrong(
                usize::from(instruction.pc),
                "target of a branch",
                target.to_string(),
                "the start of an instruction",
            ));
        }
    }
    Ok(instructions)
}

#[derive(Clone, Copy)]
enum Format {
    None,
    Byte,
    Short,
    Ldc,
    Pool,
    Local,
    Implied(u16),
    Constant(i32),
    Increment,
    Branch,
    WideBranch,
    ArrayType,
    Interface,
    Dynamic,
    Dimensions,
    Table,
    Lookup,
    Wide,
}

struct Decoder<'a> {
    part: &'a Part,
    bytes: &'a [u8],
    base: usize,
}

impl Decoder<'_> {
    fn check_length(&self) -> Result<(), Malformed> {
        if self.bytes.is_empty() || self.bytes.len() > usize::from(u16::MAX) {
            let length = self.bytes.len().to_string();
            return Err(self.wrong(0, "length of the code", length, "1 to 65535 bytes"));
        }
        Ok(())
    }

    fn one(&self, at: usize) -> Result<(Instruction, usize), Malformed> {
        let opcode = self.u1(at)?;
        let Some((_, format)) = TABLE.get(usize::from(opcode)) else {
            return Err(self.wrong(at, "opcode", format!("{opcode:02X}"), "00 to C9"));
        };
        let pc = u16::try_from(at).unwrap_or(u16::MAX);
        let next = at.saturating_add(1);
        let made = |operand, end: usize| Ok((Instruction { pc, opcode, operand }, end));
        match format {
            Format::None => made(Operand::None, next),
            Format::Constant(value) => made(Operand::Value(*value), next),
            Format::Implied(local) => made(Operand::Local(*local), next),
            Format::Byte => {
                let value = i8::from_be_bytes([self.u1(next)?]);
                made(Operand::Value(i32::from(value)), next.saturating_add(1))
            }
            Format::Short => {
                made(Operand::Value(i32::from(self.s2(next)?)), next.saturating_add(2))
            }
            Format::Ldc => made(Operand::Pool(u16::from(self.u1(next)?)), next.saturating_add(1)),
            Format::Pool => made(Operand::Pool(self.u2(next)?), next.saturating_add(2)),
            Format::Local => {
                made(Operand::Local(u16::from(self.u1(next)?)), next.saturating_add(1))
            }
            Format::Increment => {
                let by = i8::from_be_bytes([self.u1(next.saturating_add(1))?]);
                let operand = Operand::Increment(u16::from(self.u1(next)?), i16::from(by));
                made(operand, next.saturating_add(2))
            }
            Format::Branch => {
                let target = self.target(at, i32::from(self.s2(next)?))?;
                made(Operand::Branch(target), next.saturating_add(2))
            }
            Format::WideBranch => {
                let target = self.target(at, self.s4(next)?)?;
                made(Operand::Branch(target), next.saturating_add(4))
            }
            Format::ArrayType => made(Operand::ArrayType(self.u1(next)?), next.saturating_add(1)),
            Format::Interface => {
                let words = self.u1(next.saturating_add(2))?;
                self.u1(next.saturating_add(3))?;
                made(Operand::Interface(self.u2(next)?, words), next.saturating_add(4))
            }
            Format::Dynamic => {
                self.u2(next.saturating_add(2))?;
                made(Operand::Pool(self.u2(next)?), next.saturating_add(4))
            }
            Format::Dimensions => {
                let dimensions = self.u1(next.saturating_add(2))?;
                made(Operand::Dimensions(self.u2(next)?, dimensions), next.saturating_add(3))
            }
            Format::Table => self.table(at, pc, opcode),
            Format::Lookup => self.lookup(at, pc, opcode),
            Format::Wide => self.wide(at, pc),
        }
    }

    fn table(&self, at: usize, pc: u16, opcode: u8) -> Result<(Instruction, usize), Malformed> {
        let mut next = aligned(at);
        let default = self.target(at, self.s4(next)?)?;
        let low = self.s4(next.saturating_add(4))?;
        let high = self.s4(next.saturating_add(8))?;
        next = next.saturating_add(12);
        if high < low {
            return Err(self.wrong(
                at,
                "last value of a switch",
                high.to_string(),
                "not below the first",
            ));
        }
        let mut targets = Vec::new();
        let rows = i64::from(high).saturating_sub(i64::from(low)).saturating_add(1);
        for _ in 0..rows {
            targets.push(self.target(at, self.s4(next)?)?);
            next = next.saturating_add(4);
        }
        let operand = Operand::Table { default, low, targets };
        Ok((Instruction { pc, opcode, operand }, next))
    }

    fn lookup(&self, at: usize, pc: u16, opcode: u8) -> Result<(Instruction, usize), Malformed> {
        let mut next = aligned(at);
        let default = self.target(at, self.s4(next)?)?;
        let count = self.s4(next.saturating_add(4))?;
        next = next.saturating_add(8);
        let mut rows = Vec::new();
        for _ in 0..count {
            let value = self.s4(next)?;
            rows.push((value, self.target(at, self.s4(next.saturating_add(4))?)?));
            next = next.saturating_add(8);
        }
        let operand = Operand::Lookup { default, rows };
        Ok((Instruction { pc, opcode, operand }, next))
    }

    fn wide(&self, at: usize, pc: u16) -> Result<(Instruction, usize), Malformed> {
        let next = at.saturating_add(1);
        let opcode = self.u1(next)?;
        let local = self.u2(next.saturating_add(1))?;
        match TABLE.get(usize::from(opcode)).map(|row| row.1) {
            Some(Format::Local) => {
                let operand = Operand::Local(local);
                Ok((Instruction { pc, opcode, operand }, next.saturating_add(3)))
            }
            Some(Format::Increment) => {
                let by = self.s2(next.saturating_add(3))?;
                let operand = Operand::Increment(local, by);
                Ok((Instruction { pc, opcode, operand }, next.saturating_add(5)))
            }
            _ => Err(self.wrong(
                next,
                "widened opcode",
                format!("{opcode:02X}"),
                "one with a local variable",
            )),
        }
    }

    fn target(&self, at: usize, by: i32) -> Result<u16, Malformed> {
        let target = i64::try_from(at).unwrap_or(i64::MAX).saturating_add(i64::from(by));
        u16::try_from(target).map_err(|_| {
            self.wrong(at, "target of a branch", target.to_string(), "an offset in the code")
        })
    }

    fn u1(&self, at: usize) -> Result<u8, Malformed> {
        self.bytes.get(at).copied().ok_or_else(|| self.ends(at, 1))
    }

    fn u2(&self, at: usize) -> Result<u16, Malformed> {
        self.array(at).map(u16::from_be_bytes)
    }

    fn s2(&self, at: usize) -> Result<i16, Malformed> {
        self.array(at).map(i16::from_be_bytes)
    }

    fn s4(&self, at: usize) -> Result<i32, Malformed> {
        self.array(at).map(i32::from_be_bytes)
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Malformed> {
        self.bytes
            .get(at..at.saturating_add(N))
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| self.ends(at, N))
    }

    fn ends(&self, at: usize, wanted: usize) -> Malformed {
        let left = self.bytes.len().saturating_sub(at);
        let problem = Problem::Ends { what: "operand of an instruction", wanted, left };
        Malformed { part: self.part.clone(), offset: self.base.saturating_add(at), problem }
    }

    fn wrong(&self, at: usize, what: &'static str, found: String, expected: &str) -> Malformed {
        let problem = Problem::Value { what, found, expected: expected.to_owned() };
        Malformed { part: self.part.clone(), offset: self.base.saturating_add(at), problem }
    }
}

/// First offset after an opcode that is a multiple of four.
fn aligned(at: usize) -> usize {
    at.saturating_add(4) & !3
}

/// Mnemonic and operand of each instruction, in opcode order.
const TABLE: [(&str, Format); 202] = [
    ("nop", Format::None),
    ("aconst_null", Format::None),
    ("iconst_m1", Format::Constant(-1)),
    ("iconst_0", Format::Constant(0)),
    ("iconst_1", Format::Constant(1)),
    ("iconst_2", Format::Constant(2)),
    ("iconst_3", Format::Constant(3)),
    ("iconst_4", Format::Constant(4)),
    ("iconst_5", Format::Constant(5)),
    ("lconst_0", Format::None),
    ("lconst_1", Format::None),
    ("fconst_0", Format::None),
    ("fconst_1", Format::None),
    ("fconst_2", Format::None),
    ("dconst_0", Format::None),
    ("dconst_1", Format::None),
    ("bipush", Format::Byte),
    ("sipush", Format::Short),
    ("ldc", Format::Ldc),
    ("ldc_w", Format::Pool),
    ("ldc2_w", Format::Pool),
    ("iload", Format::Local),
    ("lload", Format::Local),
    ("fload", Format::Local),
    ("dload", Format::Local),
    ("aload", Format::Local),
    ("iload_0", Format::Implied(0)),
    ("iload_1", Format::Implied(1)),
    ("iload_2", Format::Implied(2)),
    ("iload_3", Format::Implied(3)),
    ("lload_0", Format::Implied(0)),
    ("lload_1", Format::Implied(1)),
    ("lload_2", Format::Implied(2)),
    ("lload_3", Format::Implied(3)),
    ("fload_0", Format::Implied(0)),
    ("fload_1", Format::Implied(1)),
    ("fload_2", Format::Implied(2)),
    ("fload_3", Format::Implied(3)),
    ("dload_0", Format::Implied(0)),
    ("dload_1", Format::Implied(1)),
    ("dload_2", Format::Implied(2)),
    ("dload_3", Format::Implied(3)),
    ("aload_0", Format::Implied(0)),
    ("aload_1", Format::Implied(1)),
    ("aload_2", Format::Implied(2)),
    ("aload_3", Format::Implied(3)),
    ("iaload", Format::None),
    ("laload", Format::None),
    ("faload", Format::None),
    ("daload", Format::None),
    ("aaload", Format::None),
    ("baload", Format::None),
    ("caload", Format::None),
    ("saload", Format::None),
    ("istore", Format::Local),
    ("lstore", Format::Local),
    ("fstore", Format::Local),
    ("dstore", Format::Local),
    ("astore", Format::Local),
    ("istore_0", Format::Implied(0)),
    ("istore_1", Format::Implied(1)),
    ("istore_2", Format::Implied(2)),
    ("istore_3", Format::Implied(3)),
    ("lstore_0", Format::Implied(0)),
    ("lstore_1", Format::Implied(1)),
    ("lstore_2", Format::Implied(2)),
    ("lstore_3", Format::Implied(3)),
    ("fstore_0", Format::Implied(0)),
    ("fstore_1", Format::Implied(1)),
    ("fstore_2", Format::Implied(2)),
    ("fstore_3", Format::Implied(3)),
    ("dstore_0", Format::Implied(0)),
    ("dstore_1", Format::Implied(1)),
    ("dstore_2", Format::Implied(2)),
    ("dstore_3", Format::Implied(3)),
    ("astore_0", Format::Implied(0)),
    ("astore_1", Format::Implied(1)),
    ("astore_2", Format::Implied(2)),
    ("astore_3", Format::Implied(3)),
    ("iastore", Format::None),
    ("lastore", Format::None),
    ("fastore", Format::None),
    ("dastore", Format::None),
    ("aastore", Format::None),
    ("bastore", Format::None),
    ("castore", Format::None),
    ("sastore", Format::None),
    ("pop", Format::None),
    ("pop2", Format::None),
    ("dup", Format::None),
    ("dup_x1", Format::None),
    ("dup_x2", Format::None),
    ("dup2", Format::None),
    ("dup2_x1", Format::None),
    ("dup2_x2", Format::None),
    ("swap", Format::None),
    ("iadd", Format::None),
    ("ladd", Format::None),
    ("fadd", Format::None),
    ("dadd", Format::None),
    ("isub", Format::None),
    ("lsub", Format::None),
    ("fsub", Format::None),
    ("dsub", Format::None),
    ("imul", Format::None),
    ("lmul", Format::None),
    ("fmul", Format::None),
    ("dmul", Format::None),
    ("idiv", Format::None),
    ("ldiv", Format::None),
    ("fdiv", Format::None),
    ("ddiv", Format::None),
    ("irem", Format::None),
    ("lrem", Format::None),
    ("frem", Format::None),
    ("drem", Format::None),
    ("ineg", Format::None),
    ("lneg", Format::None),
    ("fneg", Format::None),
    ("dneg", Format::None),
    ("ishl", Format::None),
    ("lshl", Format::None),
    ("ishr", Format::None),
    ("lshr", Format::None),
    ("iushr", Format::None),
    ("lushr", Format::None),
    ("iand", Format::None),
    ("land", Format::None),
    ("ior", Format::None),
    ("lor", Format::None),
    ("ixor", Format::None),
    ("lxor", Format::None),
    ("iinc", Format::Increment),
    ("i2l", Format::None),
    ("i2f", Format::None),
    ("i2d", Format::None),
    ("l2i", Format::None),
    ("l2f", Format::None),
    ("l2d", Format::None),
    ("f2i", Format::None),
    ("f2l", Format::None),
    ("f2d", Format::None),
    ("d2i", Format::None),
    ("d2l", Format::None),
    ("d2f", Format::None),
    ("i2b", Format::None),
    ("i2c", Format::None),
    ("i2s", Format::None),
    ("lcmp", Format::None),
    ("fcmpl", Format::None),
    ("fcmpg", Format::None),
    ("dcmpl", Format::None),
    ("dcmpg", Format::None),
    ("ifeq", Format::Branch),
    ("ifne", Format::Branch),
    ("iflt", Format::Branch),
    ("ifge", Format::Branch),
    ("ifgt", Format::Branch),
    ("ifle", Format::Branch),
    ("if_icmpeq", Format::Branch),
    ("if_icmpne", Format::Branch),
    ("if_icmplt", Format::Branch),
    ("if_icmpge", Format::Branch),
    ("if_icmpgt", Format::Branch),
    ("if_icmple", Format::Branch),
    ("if_acmpeq", Format::Branch),
    ("if_acmpne", Format::Branch),
    ("goto", Format::Branch),
    ("jsr", Format::Branch),
    ("ret", Format::Local),
    ("tableswitch", Format::Table),
    ("lookupswitch", Format::Lookup),
    ("ireturn", Format::None),
    ("lreturn", Format::None),
    ("freturn", Format::None),
    ("dreturn", Format::None),
    ("areturn", Format::None),
    ("return", Format::None),
    ("getstatic", Format::Pool),
    ("putstatic", Format::Pool),
    ("getfield", Format::Pool),
    ("putfield", Format::Pool),
    ("invokevirtual", Format::Pool),
    ("invokespecial", Format::Pool),
    ("invokestatic", Format::Pool),
    ("invokeinterface", Format::Interface),
    ("invokedynamic", Format::Dynamic),
    ("new", Format::Pool),
    ("newarray", Format::ArrayType),
    ("anewarray", Format::Pool),
    ("arraylength", Format::None),
    ("athrow", Format::None),
    ("checkcast", Format::Pool),
    ("instanceof", Format::Pool),
    ("monitorenter", Format::None),
    ("monitorexit", Format::None),
    ("wide", Format::Wide),
    ("multianewarray", Format::Dimensions),
    ("ifnull", Format::Branch),
    ("ifnonnull", Format::Branch),
    ("goto_w", Format::WideBranch),
    ("jsr_w", Format::WideBranch),
];
