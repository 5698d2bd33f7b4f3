//! A second opinion: methods are walked with values that know what they are, and no walk of an
//! accepted method may ever take one kind of word for another.
//!
//! Nothing here is shared with the data flow: no joins, no fixpoint, real return addresses, and what
//! an instruction does is told by the words of the instruction table alone. Branches, switches and
//! exceptions are chosen by chance. Of references it is only known whether they are initialised.

use crate::cap::access;
use crate::instruction::{Flow, Instruction, Opcode, Operands, Slot};
use crate::verify::bodies::Body;
use crate::verify::index::Index;
use crate::verify::types::{Resolved, Signature};

/// A word and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Nothing,
    Short,
    High,
    Low,
    Reference,
    /// Not initialised yet; by the step that made it.
    Raw(usize),
    /// Return to the instruction of that index.
    Back(usize),
}

/// Numbers by chance, the same each time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % limit.max(1)
    }
}

struct Walk<'w, 'a> {
    index: &'w Index<'a>,
    body: &'w Body<'a>,
    locals: Vec<Word>,
    stack: Vec<Word>,
    /// A constructor that called no other yet.
    raw_this: bool,
}

type Wrong = String;

/// Walks a method some times.
pub(super) fn walk(
    index: &Index<'_>,
    body: &Body<'_>,
    walks: usize,
    dice: &mut Dice,
) -> Result<(), Wrong> {
    let method = index.method(body.method).unwrap();
    let signature = index.signature(method).unwrap();
    let flags = method.descriptor.access;
    for _ in 0..walks {
        let raw_this =
            flags & access::INIT != 0 && index.classes.superclass(method.class).is_some();
        let mut locals = Vec::new();
        if flags & access::STATIC == 0 {
            locals.push(if raw_this { Word::Raw(0) } else { Word::Reference });
        }
        signature.parameters().iter().for_each(|part| locals.extend(words(*part)));
        let size = usize::from(body.header.arguments) + usize::from(body.header.max_locals);
        locals.resize(size, Word::Nothing);
        let mut walk = Walk { index, body, locals, stack: Vec::new(), raw_this };
        walk.run(signature.result(), dice)?;
    }
    Ok(())
}

fn words(part: Resolved) -> Vec<Word> {
    match part {
        Resolved::Void => vec![],
        Resolved::Int => vec![Word::High, Word::Low],
        part if part.is_reference() => vec![Word::Reference],
        _ => vec![Word::Short],
    }
}

impl Walk<'_, '_> {
    fn run(&mut self, result: Resolved, dice: &mut Dice) -> Result<(), Wrong> {
        let mut at = 0;
        for step in 1..400 {
            let located = self.body.code.get(at).ok_or("control leaves the method")?;
            let instruction = &located.instruction;
            let wrong = |why: String| format!("bytecode {}: {why}", located.at);
            if let Some(handler) = self.exception(located.at, dice) {
                self.stack = vec![Word::Reference];
                at = handler;
                continue;
            }
            self.effect(instruction, step, result).map_err(wrong)?;
            if self.stack.len() > usize::from(self.body.header.max_stack) {
                return Err(wrong("the stack is too deep".to_owned()));
            }
            let targets: Vec<usize> = instruction
                .branches()
                .iter()
                .map(|distance| self.find(i64::from(located.at) + i64::from(*distance)))
                .collect::<Result<_, _>>()?;
            at = match instruction.flow() {
                Flow::Next => at + 1,
                Flow::Branch if dice.below(2) == 0 => at + 1,
                Flow::Branch | Flow::Jump | Flow::Switch => targets[dice.below(targets.len())],
                Flow::Subroutine => {
                    self.stack.push(Word::Back(at + 1));
                    if self.stack.len() > usize::from(self.body.header.max_stack) {
                        return Err(wrong("the stack is too deep".to_owned()));
                    }
                    targets[0]
                }
                Flow::SubroutineReturn => {
                    let (local, _) = instruction.local().unwrap();
                    match self.locals.get(usize::from(local)) {
                        Some(Word::Back(back)) => *back,
                        other => return Err(wrong(format!("returns to {other:?}"))),
                    }
                }
                Flow::Return | Flow::Throw => return Ok(()),
            };
        }
        Ok(())
    }

    fn find(&self, offset: i64) -> Result<usize, Wrong> {
        let found = self.body.code.iter().position(|one| i64::from(one.at) == offset);
        found.ok_or_else(|| format!("a branch to {offset}"))
    }

    fn exception(&self, at: u16, dice: &mut Dice) -> Option<usize> {
        let here = self.body.start + at;
        let covers = |handler: &&crate::cap::ExceptionHandler| {
            handler.start <= here && here < handler.start + handler.length
        };
        let covering: Vec<_> = self.body.handlers.iter().filter(covers).collect();
        if covering.is_empty() || dice.below(8) != 0 {
            return None;
        }
        let handler = covering[dice.below(covering.len())].handler - self.body.start;
        self.find(handler.into()).ok()
    }

    fn pop(&mut self) -> Result<Word, Wrong> {
        self.stack.pop().ok_or_else(|| "the stack is empty".to_owned())
    }

    fn pop_is(&mut self, wanted: Word) -> Result<(), Wrong> {
        let word = self.pop()?;
        if word == wanted { Ok(()) } else { Err(format!("{word:?} for {wanted:?}")) }
    }

    fn take(&mut self, part: Resolved) -> Result<(), Wrong> {
        words(part).into_iter().rev().try_for_each(|word| self.pop_is(word))
    }

    /// Words of a store or load: the local, and what is in it.
    fn local(&mut self, instruction: &Instruction) -> Result<usize, Wrong> {
        let (local, words) = instruction.local().ok_or("no local variable")?;
        let local = usize::from(local);
        if local + usize::from(words) > self.locals.len() {
            return Err(format!("local variable {local}"));
        }
        Ok(local)
    }

    fn effect(
        &mut self,
        instruction: &Instruction,
        step: usize,
        result: Resolved,
    ) -> Result<(), Wrong> {
        let mnemonic = instruction.opcode.mnemonic();
        let constant = instruction.constant();
        let signature = constant.and_then(|one| self.index.constant_signature(one.index.into()));
        if mnemonic.starts_with("aload") {
            let local = self.local(instruction)?;
            match self.locals[local] {
                word @ (Word::Reference | Word::Raw(_)) => self.stack.push(word),
                word => return Err(format!("{word:?} is loaded")),
            }
        } else if mnemonic.starts_with("astore") {
            let (local, word) = (self.local(instruction)?, self.pop()?);
            if !matches!(word, Word::Reference | Word::Raw(_) | Word::Back(_)) {
                return Err(format!("{word:?} is stored"));
            }
            self.locals[local] = word;
        } else if mnemonic.starts_with("sload") || mnemonic.starts_with("sinc") {
            let local = self.local(instruction)?;
            if self.locals[local] != Word::Short {
                return Err(format!("{:?} is read as short", self.locals[local]));
            }
            if mnemonic.starts_with("sload") {
                self.stack.push(Word::Short);
            }
        } else if mnemonic.starts_with("iload") || mnemonic.starts_with("iinc") {
            let local = self.local(instruction)?;
            if self.locals[local..local + 2] != [Word::High, Word::Low] {
                return Err("half an int is read".to_owned());
            }
            if mnemonic.starts_with("iload") {
                self.stack.extend([Word::High, Word::Low]);
            }
        } else if mnemonic.starts_with("sstore") {
            let local = self.local(instruction)?;
            self.pop_is(Word::Short)?;
            self.locals[local] = Word::Short;
        } else if mnemonic.starts_with("istore") {
            let local = self.local(instruction)?;
            self.take(Resolved::Int)?;
            self.locals[local] = Word::High;
            self.locals[local + 1] = Word::Low;
        } else if mnemonic == "return" || mnemonic.len() == 7 && mnemonic.ends_with("return") {
            if (mnemonic == "return") != (result == Resolved::Void) {
                return Err("returns nothing, or something".to_owned());
            }
            self.take(result)?;
            if self.raw_this {
                return Err("no constructor was called".to_owned());
            }
        } else if mnemonic.contains("field") || mnemonic.contains("static_") {
            self.field(mnemonic, signature.ok_or("no type")?.result())?;
        } else if mnemonic.starts_with("invoke") {
            let signature = signature.cloned().or_else(|| self.interface(instruction));
            self.invoke(instruction.opcode, &signature.ok_or("no type")?)?;
        } else if mnemonic == "new" {
            self.stack.push(Word::Raw(step));
        } else {
            self.other(instruction)?;
        }
        Ok(())
    }

    fn interface(&self, instruction: &Instruction) -> Option<Signature> {
        let Operands::Interface { constant, token, .. } = instruction.operands else { return None };
        let crate::cap::Constant::Class { class, .. } = self.index.constant(constant)? else {
            return None;
        };
        let id = self.index.classes.find(class)?;
        let target = self.index.interface_method(id, token);
        self.index.target_signature(target).map(|signature| (*signature).clone())
    }

    fn field(&mut self, mnemonic: &str, part: Resolved) -> Result<(), Wrong> {
        let puts = mnemonic.starts_with("put");
        if puts {
            self.take(part)?;
        }
        if mnemonic.ends_with("_this") {
            let word = self.locals.first().copied();
            if word != Some(Word::Reference) && !(puts && word == Some(Word::Raw(0))) {
                return Err(format!("{word:?} is this"));
            }
        } else if mnemonic.contains("field") {
            match self.pop()? {
                Word::Reference => {}
                Word::Raw(0) if puts => {}
                word => return Err(format!("{word:?} has a field")),
            }
        }
        if !puts {
            self.stack.extend(words(part));
        }
        Ok(())
    }

    fn invoke(&mut self, opcode: Opcode, signature: &Signature) -> Result<(), Wrong> {
        for part in signature.parameters().iter().rev() {
            self.take(*part)?;
        }
        if opcode != Opcode::Invokestatic {
            match self.pop()? {
                Word::Reference => {}
                raw @ Word::Raw(made) if opcode == Opcode::Invokespecial => {
                    self.raw_this &= made != 0;
                    for word in self.locals.iter_mut().chain(&mut self.stack) {
                        if *word == raw {
                            *word = Word::Reference;
                        }
                    }
                }
                word => return Err(format!("a method of {word:?} is called")),
            }
        }
        self.stack.extend(words(signature.result()));
        Ok(())
    }

    /// By the words of the table.
    fn other(&mut self, instruction: &Instruction) -> Result<(), Wrong> {
        let operation = instruction.opcode.operation();
        let moves = |slot: &Slot| matches!(slot, Slot::Word | Slot::Words);
        if operation.takes.iter().any(moves) {
            return self.moved(instruction);
        }
        for slot in operation.takes.iter().rev() {
            match slot {
                Slot::Short => self.pop_is(Word::Short)?,
                Slot::Int => self.take(Resolved::Int)?,
                _ => self.pop_is(Word::Reference)?,
            }
        }
        for slot in operation.gives {
            match slot {
                Slot::Short => self.stack.push(Word::Short),
                Slot::Int => self.stack.extend([Word::High, Word::Low]),
                // Of jsr: the walk itself does it.
                Slot::Address => {}
                _ => self.stack.push(Word::Reference),
            }
        }
        Ok(())
    }

    fn moved(&mut self, instruction: &Instruction) -> Result<(), Wrong> {
        let (top, down) = match (instruction.opcode, &instruction.operands) {
            (Opcode::Pop, _) => return self.pop().map(|_| ()),
            (Opcode::Pop2, _) => {
                self.pop()?;
                return self.pop().map(|_| ());
            }
            (Opcode::Dup, _) => (1, 0),
            (Opcode::Dup2, _) => (2, 0),
            (_, Operands::Words { top, down }) => (usize::from(*top), usize::from(*down)),
            _ => return Err("words of no number".to_owned()),
        };
        let depth = self.stack.len();
        if instruction.opcode == Opcode::SwapX {
            let start = depth.checked_sub(top + down).ok_or("the stack is empty")?;
            self.stack[start..].rotate_right(top);
            return Ok(());
        }
        let start = depth.checked_sub(top.max(down)).ok_or("the stack is empty")?;
        let copied = self.stack[depth - top..].to_vec();
        let place = if down == 0 { depth } else { start };
        for (at, word) in copied.into_iter().enumerate() {
            self.stack.insert(place + at, word);
        }
        Ok(())
    }
}
