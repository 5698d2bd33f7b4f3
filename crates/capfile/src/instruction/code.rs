//! One instruction: read from bytecode, and written again.

use super::{Flow, Form, Opcode, Slot};
use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Problem};

/// An opcode with its operands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// What is done.
    pub opcode: Opcode,
    /// To what.
    pub operands: Operands,
}

/// Operands, by what they mean; how many bytes they have is a matter of the opcode. Distances are
/// in bytes from the opcode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operands {
    /// None.
    None,
    /// The number of a local variable, in words.
    Local(u8),
    /// A value to push.
    Value(i32),
    /// A value to add to a local variable.
    Increment {
        /// The local variable.
        local: u8,
        /// What is added.
        by: i16,
    },
    /// How far to branch.
    Branch(i16),
    /// An index into the constant pool.
    Constant(u16),
    /// What `dup_x` copies and `swap_x` exchanges.
    Words {
        /// Words on top (0 to 15).
        top: u8,
        /// Words down to which `dup_x` inserts, or which `swap_x` exchanges with those on top.
        down: u8,
    },
    /// Element type of a new array: 10 boolean, 11 byte, 12 short, 13 int.
    ArrayType(u8),
    /// What `checkcast` and `instanceof` ask for.
    TypeTest {
        /// 0 a class or interface, 10 to 13 an array of a primitive type, 14 one of references.
        kind: u8,
        /// The class in the constant pool; 0 for arrays of primitive types.
        constant: u16,
    },
    /// What `invokeinterface` calls.
    Interface {
        /// Words of the arguments, with the object.
        words: u8,
        /// The interface in the constant pool.
        constant: u16,
        /// Token of the method in the interface.
        token: u8,
    },
    /// Targets by value, from the lowest up.
    Table {
        /// Where all other values go.
        default: i16,
        /// The lowest value.
        low: i32,
        /// Where the values go; not empty.
        targets: Vec<i16>,
    },
    /// Targets of single values.
    Lookup {
        /// Where all other values go.
        default: i16,
        /// Values and where they go.
        pairs: Vec<(i32, i16)>,
    },
}

/// Operands that the opcode cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot have these operands: {:?}", .0.opcode, .0.operands)]
pub struct Misfit(pub Instruction);

/// An instruction and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Bytes from the start of the method's bytecode.
    pub at: u16,
    /// What stands there.
    pub instruction: Instruction,
}

/// Reads bytecode to its end.
///
/// # Errors
/// Bytes that are no instruction, an instruction that does not end, or more than 65,535 bytes.
pub fn decode_all(code: &mut Cursor<'_>) -> Result<Vec<Located>, Malformed> {
    let start = code.offset();
    let mut instructions = Vec::new();
    while !code.is_at_end() {
        let at = code.offset().saturating_sub(start);
        let at = u16::try_from(at).map_err(|_| {
            code.wrong(Problem::Value {
                what: "offset in bytecode",
                found: at.to_string(),
                expected: "at most 65535".to_owned(),
            })
        })?;
        instructions.push(Located { at, instruction: Instruction::read(code)? });
    }
    Ok(instructions)
}

impl Instruction {
    /// An opcode without operands.
    pub fn plain(opcode: Opcode) -> Self {
        Self { opcode, operands: Operands::None }
    }

    /// An opcode with operands.
    pub fn with(opcode: Opcode, operands: Operands) -> Self {
        Self { opcode, operands }
    }

    /// Reads one.
    ///
    /// # Errors
    /// The byte is no opcode, the operands end early, or a table's highest value is below its lowest.
    pub fn read(code: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let at = code.offset();
        let byte = code.u1("opcode")?;
        let opcode = Opcode::from_byte(byte).ok_or_else(|| {
            code.wrong_at(
                at,
                Problem::Value {
                    what: "opcode",
                    found: format!("{byte:02X}"),
                    expected: "00 to B8".to_owned(),
                },
            )
        })?;
        let operands = read_operands(opcode.operation().form, code)?;
        Ok(Self { opcode, operands })
    }

    /// Appends its bytes.
    ///
    /// # Errors
    /// The opcode cannot have these operands; nothing is appended then.
    pub fn write(&self, code: &mut Vec<u8>) -> Result<(), Misfit> {
        let before = code.len();
        code.u1(self.opcode.byte());
        write_operands(self.opcode.operation().form, &self.operands, code).ok_or_else(|| {
            code.truncate(before);
            Misfit(self.clone())
        })
    }

    /// Bytes of it.
    pub fn length(&self) -> usize {
        let values = |count: usize, width: usize| count.saturating_mul(width);
        match (self.opcode.operation().form, &self.operands) {
            (Form::ShortTable, Operands::Table { targets, .. }) => {
                values(targets.len(), 2).saturating_add(7)
            }
            (Form::IntTable, Operands::Table { targets, .. }) => {
                values(targets.len(), 2).saturating_add(11)
            }
            (Form::ShortLookup, Operands::Lookup { pairs, .. }) => {
                values(pairs.len(), 4).saturating_add(5)
            }
            (Form::IntLookup, Operands::Lookup { pairs, .. }) => {
                values(pairs.len(), 6).saturating_add(5)
            }
            (Form::None, _) => 1,
            (
                Form::Local
                | Form::Byte
                | Form::ByteBranch
                | Form::ByteIndex
                | Form::Words
                | Form::ArrayType,
                _,
            ) => 2,
            (Form::Short | Form::ByteIncrement | Form::ShortBranch | Form::ShortIndex, _) => 3,
            (Form::ShortIncrement | Form::TypeTest, _) => 4,
            (Form::Int | Form::Interface, _) => 5,
            (Form::ShortTable | Form::IntTable | Form::ShortLookup | Form::IntLookup, _) => 1,
        }
    }

    /// Its reference to the constant pool, if it has one: the index, and where in the instruction
    /// its operand stands and how many bytes it has. A test for an array of a primitive type has none.
    pub fn constant(&self) -> Option<ConstantOperand> {
        let (index, offset, width) = match (self.opcode.operation().form, &self.operands) {
            (Form::ByteIndex, Operands::Constant(index)) => (*index, 1, 1),
            (Form::ShortIndex, Operands::Constant(index)) => (*index, 1, 2),
            (Form::Interface, Operands::Interface { constant, .. }) => (*constant, 2, 2),
            (Form::TypeTest, Operands::TypeTest { kind, constant })
                if !(10..=13).contains(kind) =>
            {
                (*constant, 2, 2)
            }
            _ => return None,
        };
        Some(ConstantOperand { index, offset, width })
    }

    /// Distances to everything it may branch to, the default of a switch first.
    pub fn branches(&self) -> Vec<i16> {
        match &self.operands {
            Operands::Branch(distance) => vec![*distance],
            Operands::Table { default, targets, .. } => {
                std::iter::once(*default).chain(targets.iter().copied()).collect()
            }
            Operands::Lookup { default, pairs } => {
                let targets = pairs.iter().map(|(_, distance)| *distance);
                std::iter::once(*default).chain(targets).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The local variable it names, and how many words of it, in its operand or in its opcode.
    pub fn local(&self) -> Option<(u8, u8)> {
        use Opcode as O;
        let words = match self.opcode {
            O::Iload | O::Istore | O::Iinc | O::IincW => 2,
            _ => 1,
        };
        match self.operands {
            Operands::Local(local) | Operands::Increment { local, .. } => {
                return Some((local, words));
            }
            _ => {}
        }
        let from = |first: Opcode| self.opcode.byte().wrapping_sub(first.byte());
        match self.opcode {
            O::Aload0 | O::Aload1 | O::Aload2 | O::Aload3 => Some((from(O::Aload0), 1)),
            O::Sload0 | O::Sload1 | O::Sload2 | O::Sload3 => Some((from(O::Sload0), 1)),
            O::Iload0 | O::Iload1 | O::Iload2 | O::Iload3 => Some((from(O::Iload0), 2)),
            O::Astore0 | O::Astore1 | O::Astore2 | O::Astore3 => Some((from(O::Astore0), 1)),
            O::Sstore0 | O::Sstore1 | O::Sstore2 | O::Sstore3 => Some((from(O::Sstore0), 1)),
            O::Istore0 | O::Istore1 | O::Istore2 | O::Istore3 => Some((from(O::Istore0), 2)),
            O::GetfieldAThis | O::GetfieldBThis | O::GetfieldSThis | O::GetfieldIThis => {
                Some((0, 1))
            }
            O::PutfieldAThis | O::PutfieldBThis | O::PutfieldSThis | O::PutfieldIThis => {
                Some((0, 1))
            }
            _ => None,
        }
    }

    /// Words it takes from the stack and words it leaves there; none for calls, whose descriptor
    /// says it.
    pub fn stack_words(&self) -> Option<(u8, u8)> {
        match (self.opcode, &self.operands) {
            // From m + (n - m) words down to n; with n = 0 the copy lies on top.
            (Opcode::DupX, Operands::Words { top, down }) => {
                let taken = (*top).max(*down);
                Some((taken, taken.saturating_add(*top)))
            }
            (Opcode::SwapX, Operands::Words { top, down }) => {
                let words = top.saturating_add(*down);
                Some((words, words))
            }
            _ => {
                let operation = self.opcode.operation();
                Some((words_of(operation.takes)?, words_of(operation.gives)?))
            }
        }
    }

    /// Where control goes after it.
    pub fn flow(&self) -> Flow {
        self.opcode.operation().flow
    }
}

/// Where an instruction refers to the constant pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantOperand {
    /// The index.
    pub index: u16,
    /// Bytes from the opcode to the operand.
    pub offset: u8,
    /// Bytes of the operand, 1 or 2.
    pub width: u8,
}

fn words_of(slots: &[Slot]) -> Option<u8> {
    slots.iter().try_fold(0u8, |sum, slot| Some(sum.saturating_add(slot.words()?)))
}

fn read_operands(form: Form, code: &mut Cursor<'_>) -> Result<Operands, Malformed> {
    Ok(match form {
        Form::None => Operands::None,
        Form::Local => Operands::Local(code.u1("local variable")?),
        Form::Byte => Operands::Value(code.s1("value")?.into()),
        Form::Short => Operands::Value(code.s2("value")?.into()),
        Form::Int => Operands::Value(code.s4("value")?),
        Form::ByteIncrement => Operands::Increment {
            local: code.u1("local variable")?,
            by: code.s1("increment")?.into(),
        },
        Form::ShortIncrement => {
            Operands::Increment { local: code.u1("local variable")?, by: code.s2("increment")? }
        }
        Form::ByteBranch => Operands::Branch(code.s1("branch distance")?.into()),
        Form::ShortBranch => Operands::Branch(code.s2("branch distance")?),
        Form::ByteIndex => Operands::Constant(code.u1("constant pool index")?.into()),
        Form::ShortIndex => Operands::Constant(code.u2("constant pool index")?),
        Form::Words => {
            let byte = code.u1("numbers of words")?;
            Operands::Words { top: byte >> 4, down: byte & 0x0F }
        }
        Form::ArrayType => Operands::ArrayType(code.u1("array type")?),
        Form::TypeTest => Operands::TypeTest {
            kind: code.u1("kind of type")?,
            constant: code.u2("constant pool index")?,
        },
        Form::Interface => Operands::Interface {
            words: code.u1("words of arguments")?,
            constant: code.u2("constant pool index")?,
            token: code.u1("method token")?,
        },
        Form::ShortTable => {
            let default = code.s2("default distance")?;
            let (low, high) = (code.s2("lowest value")?, code.s2("highest value")?);
            read_table(code, default, low.into(), high.into())?
        }
        Form::IntTable => {
            let default = code.s2("default distance")?;
            let (low, high) = (code.s4("lowest value")?, code.s4("highest value")?);
            read_table(code, default, low, high)?
        }
        Form::ShortLookup => {
            read_lookup(code, 4, |code| code.s2("value of a case").map(i32::from))?
        }
        Form::IntLookup => read_lookup(code, 6, |code| code.s4("value of a case"))?,
    })
}

fn read_table(
    code: &mut Cursor<'_>,
    default: i16,
    low: i32,
    high: i32,
) -> Result<Operands, Malformed> {
    let count = i64::from(high).saturating_sub(low.into()).saturating_add(1);
    let count = usize::try_from(count).ok().filter(|count| *count > 0).ok_or_else(|| {
        code.wrong(Problem::Value {
            what: "highest value of a switch",
            found: high.to_string(),
            expected: format!("at least the lowest, {low}"),
        })
    })?;
    let mut distances = code.within(count.saturating_mul(2), "distances of a switch")?;
    let mut targets = Vec::with_capacity(count);
    while !distances.is_at_end() {
        targets.push(distances.s2("distance")?);
    }
    Ok(Operands::Table { default, low, targets })
}

fn read_lookup(
    code: &mut Cursor<'_>,
    pair: usize,
    value: impl Fn(&mut Cursor<'_>) -> Result<i32, Malformed>,
) -> Result<Operands, Malformed> {
    let default = code.s2("default distance")?;
    let count = usize::from(code.u2("number of cases")?);
    let mut cases = code.within(count.saturating_mul(pair), "cases of a switch")?;
    let mut pairs = Vec::with_capacity(count);
    while !cases.is_at_end() {
        pairs.push((value(&mut cases)?, cases.s2("distance")?));
    }
    Ok(Operands::Lookup { default, pairs })
}

/// None where they do not fit.
fn write_operands(form: Form, operands: &Operands, code: &mut Vec<u8>) -> Option<()> {
    match (form, operands) {
        (Form::None, Operands::None) => {}
        (Form::Local, Operands::Local(local)) => code.u1(*local),
        (Form::Byte, Operands::Value(value)) => code.s1(i8::try_from(*value).ok()?),
        (Form::Short, Operands::Value(value)) => code.s2(i16::try_from(*value).ok()?),
        (Form::Int, Operands::Value(value)) => code.s4(*value),
        (Form::ByteIncrement, Operands::Increment { local, by }) => {
            code.u1(*local);
            code.s1(i8::try_from(*by).ok()?);
        }
        (Form::ShortIncrement, Operands::Increment { local, by }) => {
            code.u1(*local);
            code.s2(*by);
        }
        (Form::ByteBranch, Operands::Branch(distance)) => {
            code.s1(i8::try_from(*distance).ok()?);
        }
        (Form::ShortBranch, Operands::Branch(distance)) => code.s2(*distance),
        (Form::ByteIndex, Operands::Constant(index)) => code.u1(u8::try_from(*index).ok()?),
        (Form::ShortIndex, Operands::Constant(index)) => code.u2(*index),
        (Form::Words, Operands::Words { top: top @ 0..=15, down: down @ 0..=15 }) => {
            code.u1(top << 4 | down);
        }
        (Form::ArrayType, Operands::ArrayType(array)) => code.u1(*array),
        (Form::TypeTest, Operands::TypeTest { kind, constant }) => {
            code.u1(*kind);
            code.u2(*constant);
        }
        (Form::Interface, Operands::Interface { words, constant, token }) => {
            code.u1(*words);
            code.u2(*constant);
            code.u1(*token);
        }
        (Form::ShortTable, Operands::Table { default, low, targets }) => {
            let high = highest(*low, targets)?;
            code.s2(*default);
            code.s2(i16::try_from(*low).ok()?);
            code.s2(i16::try_from(high).ok()?);
            targets.iter().for_each(|target| code.s2(*target));
        }
        (Form::IntTable, Operands::Table { default, low, targets }) => {
            let high = highest(*low, targets)?;
            code.s2(*default);
            code.s4(*low);
            code.s4(high);
            targets.iter().for_each(|target| code.s2(*target));
        }
        (Form::ShortLookup, Operands::Lookup { default, pairs }) => {
            code.s2(*default);
            code.u2(u16::try_from(pairs.len()).ok()?);
            for (value, target) in pairs {
                code.s2(i16::try_from(*value).ok()?);
                code.s2(*target);
            }
        }
        (Form::IntLookup, Operands::Lookup { default, pairs }) => {
            code.s2(*default);
            code.u2(u16::try_from(pairs.len()).ok()?);
            for (value, target) in pairs {
                code.s4(*value);
                code.s2(*target);
            }
        }
        _ => return None,
    }
    Some(())
}

fn highest(low: i32, targets: &[i16]) -> Option<i32> {
    let last = targets.len().checked_sub(1)?;
    low.checked_add(i32::try_from(last).ok()?)
}
