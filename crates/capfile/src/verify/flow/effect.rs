//! What one instruction does to the state, by the table of the instruction set.

use super::super::Rule;
use super::super::bodies::Body;
use super::super::classes::{Answer, ClassId, Known};
use super::super::index::{FieldTarget, Index, Target};
use super::super::operands::{FieldAccess, constructed, is_foreign_protected};
use super::super::types::{Resolved, Signature};
use super::frame::Frame;
use super::kinds::{ANY, Kind, KindId, Kinds, Word};
use super::run::made;
use crate::cap::{Constant, access};
use crate::instruction::{Located, Opcode, Operands, Slot};

/// What follows from an instruction, besides a new state.
pub(super) enum Effect {
    Next,
    /// Local variables have changed.
    Locals,
    /// The called method is not known, and so what it leaves on the stack.
    Unknown,
}

/// What stays the same in a method.
pub(super) struct Machine<'r, 'a> {
    pub(super) index: &'r Index<'a>,
    pub(super) body: &'r Body<'r>,
    /// The class of the method.
    pub(super) class: ClassId,
    /// What it returns.
    pub(super) result: Resolved,
    pub(super) max_stack: usize,
}

type Wrong = (Rule, String);

impl Machine<'_, '_> {
    /// Does an instruction.
    pub(super) fn step(
        &self,
        located: &Located,
        state: &mut Frame,
        kinds: &mut Kinds<'_, '_>,
    ) -> Result<Effect, Wrong> {
        let opcode = located.instruction.opcode;
        let mut work = Stack { state, kinds, max: self.max_stack };
        use Opcode as O;
        match opcode {
            O::AconstNull => work.push(Word::Null)?,
            O::Aload | O::Aload0 | O::Aload1 | O::Aload2 | O::Aload3 => {
                let word = work.local(local(located))?;
                let fits =
                    matches!(word, Word::Null | Word::Reference(_) | Word::New(_) | Word::This);
                if !fits {
                    return Err(work.wrong_local(local(located), word, "a reference"));
                }
                work.push(word)?;
            }
            O::Sload | O::Sload0 | O::Sload1 | O::Sload2 | O::Sload3 => {
                work.local_is(local(located), Word::Short)?;
                work.push(Word::Short)?;
            }
            O::Iload | O::Iload0 | O::Iload1 | O::Iload2 | O::Iload3 => {
                work.local_int(local(located))?;
                work.push_type(Resolved::Int)?;
            }
            O::Sinc | O::SincW => work.local_is(local(located), Word::Short)?,
            O::Iinc | O::IincW => work.local_int(local(located))?,
            O::Astore | O::Astore0 | O::Astore1 | O::Astore2 | O::Astore3 => {
                let word = work.pop()?;
                let fits =
                    !matches!(word, Word::Short | Word::IntHigh | Word::IntLow | Word::Unusable);
                if !fits {
                    return Err(work.wrong(word, "a reference"));
                }
                work.state.set(local(located), word);
                return Ok(Effect::Locals);
            }
            O::Sstore | O::Sstore0 | O::Sstore1 | O::Sstore2 | O::Sstore3 => {
                work.pop_short()?;
                work.state.set(local(located), Word::Short);
                return Ok(Effect::Locals);
            }
            O::Istore | O::Istore0 | O::Istore1 | O::Istore2 | O::Istore3 => {
                work.pop_int()?;
                let first = local(located);
                work.state.set(first, Word::Unusable);
                work.state.set(first.saturating_add(1), Word::IntLow);
                work.state.set(first, Word::IntHigh);
                return Ok(Effect::Locals);
            }
            O::Pop | O::Pop2 | O::Dup | O::Dup2 | O::DupX | O::SwapX => {
                work.shuffle(opcode, &located.instruction.operands)?;
            }
            O::Aaload => {
                work.pop_short()?;
                let array = work.pop_array(Slot::ReferenceArray)?;
                let word = array.map_or(Word::Null, |kind| element(kind, work.kinds));
                work.push(word)?;
            }
            O::Newarray => {
                work.pop_short()?;
                let kind = match located.instruction.operands {
                    Operands::ArrayType(10) => Kind::BooleanArray,
                    Operands::ArrayType(11) => Kind::ByteArray,
                    Operands::ArrayType(12) => Kind::ShortArray,
                    Operands::ArrayType(13) => Kind::IntArray,
                    _ => Kind::Any,
                };
                let kind = work.kinds.id(kind);
                work.push(Word::Reference(kind))?;
            }
            O::Anewarray => {
                work.pop_short()?;
                let kind = match self.class_of(located) {
                    Some(class) => work.kinds.object_array(class),
                    None => ANY,
                };
                work.push(Word::Reference(kind))?;
            }
            O::New => {
                let word = Word::New(located.at);
                // An object of an earlier round that is still not initialised.
                work.state.replace(word, Word::Unusable);
                work.push(word)?;
                return Ok(Effect::Locals);
            }
            O::Checkcast | O::Instanceof => {
                work.pop_reference()?;
                if opcode == O::Instanceof {
                    work.push(Word::Short)?;
                } else {
                    let kind = self.test(located, work.kinds);
                    work.push(Word::Reference(kind))?;
                }
            }
            O::Athrow => {
                if let Some(kind) = work.pop_reference()? {
                    self.throws(kind, &work)?;
                }
            }
            O::Areturn | O::Sreturn | O::Ireturn | O::Return => self.returns(opcode, &mut work)?,
            O::Invokevirtual | O::Invokespecial | O::Invokestatic | O::Invokeinterface => {
                return self.invoke(located, &mut work);
            }
            opcode => match FieldAccess::of(opcode) {
                Some(field) => self.field(located, field, &mut work)?,
                None => work.by_table(opcode)?,
            },
        }
        Ok(Effect::Next)
    }

    fn class_of(&self, located: &Located) -> Option<ClassId> {
        let constant = located.instruction.constant()?;
        match self.index.constant(constant.index)? {
            Constant::Class { class, .. } => self.index.classes.find(class),
            _ => None,
        }
    }

    /// The kind that `checkcast` leaves.
    fn test(&self, located: &Located, kinds: &mut Kinds<'_, '_>) -> KindId {
        let Operands::TypeTest { kind, .. } = located.instruction.operands else { return ANY };
        match kind {
            10 => kinds.id(Kind::BooleanArray),
            11 => kinds.id(Kind::ByteArray),
            12 => kinds.id(Kind::ShortArray),
            13 => kinds.id(Kind::IntArray),
            14 => self.class_of(located).map_or(ANY, |class| kinds.object_array(class)),
            _ => self.class_of(located).map_or(ANY, |class| kinds.object(class)),
        }
    }

    fn throws(&self, kind: KindId, work: &Stack<'_, '_, '_, '_>) -> Result<(), Wrong> {
        let is_throwable = match work.kinds.get(kind) {
            Kind::Any => true,
            Kind::Object(objects) => {
                self.index.classes.extends_known(objects.class, Known::Throwable) != Answer::No
            }
            _ => false,
        };
        if is_throwable {
            return Ok(());
        }
        let detail = format!("{} is thrown, which is no Throwable", work.kinds.name(kind));
        Err((Rule::Argument, detail))
    }

    fn returns(&self, opcode: Opcode, work: &mut Stack<'_, '_, '_, '_>) -> Result<(), Wrong> {
        let fits = match opcode {
            Opcode::Return => self.result == Resolved::Void,
            Opcode::Areturn => self.result.is_reference(),
            Opcode::Ireturn => self.result == Resolved::Int,
            _ => matches!(self.result, Resolved::Boolean | Resolved::Byte | Resolved::Short),
        };
        if !fits {
            let detail = format!("the method returns {}", work.kinds.declared(self.result));
            return Err((Rule::ReturnType, detail));
        }
        if opcode != Opcode::Return {
            work.pop_type(self.result, Rule::ReturnType)?;
        }
        if !work.state.is_constructed {
            let detail = "no other constructor was called".to_owned();
            return Err((Rule::Initialised, detail));
        }
        Ok(())
    }

    fn field(
        &self,
        located: &Located,
        field: FieldAccess,
        work: &mut Stack<'_, '_, '_, '_>,
    ) -> Result<(), Wrong> {
        let number = located.instruction.constant().map_or(0, |constant| constant.index);
        let field_type =
            self.index.constant_signature(number.into()).map_or(Resolved::Void, Signature::result);
        if field.puts {
            work.pop_type(field_type, Rule::Argument)?;
        }
        if let Some(Constant::InstanceField { class, token }) = self.index.constant(number)
            && !field.is_static
        {
            let object = if field.of_this { work.local(0)? } else { work.pop()? };
            let declaring = self.index.classes.find(class).unwrap_or(ClassId::Unknown);
            let target = self.index.instance_field(declaring, token);
            self.field_object(object, declaring, target, field, work)?;
        }
        if !field.puts {
            work.push_type(field_type)?;
        }
        Ok(())
    }

    fn field_object(
        &self,
        object: Word,
        declaring: ClassId,
        target: FieldTarget,
        field: FieldAccess,
        work: &Stack<'_, '_, '_, '_>,
    ) -> Result<(), Wrong> {
        // Own fields may be set before another constructor is called.
        if object == Word::This && field.puts && declaring == self.class {
            return Ok(());
        }
        let Some(kind) = work.reference(object)? else { return Ok(()) };
        if !work.kinds.is(kind, Resolved::Object(declaring)) {
            let (found, wanted) = (work.kinds.name(kind), self.index.classes.name(declaring));
            return Err((Rule::Argument, format!("{found} has no field of {wanted}")));
        }
        match self.index.field_facts(target) {
            Some((_, visible, of, _))
                if is_foreign_protected(self.index, visible, of, self.class) =>
            {
                self.own_object(kind, work)
            }
            _ => Ok(()),
        }
    }

    /// Protected members of other packages are used on objects of the class itself.
    fn own_object(&self, kind: KindId, work: &Stack<'_, '_, '_, '_>) -> Result<(), Wrong> {
        if work.kinds.is(kind, Resolved::Object(self.class)) {
            return Ok(());
        }
        let (found, own) = (work.kinds.name(kind), self.index.classes.name(self.class));
        Err((Rule::ProtectedAccess, format!("of {found}, in {own}")))
    }

    fn invoke(&self, located: &Located, work: &mut Stack<'_, '_, '_, '_>) -> Result<Effect, Wrong> {
        let number = located.instruction.constant().map_or(0, |constant| constant.index);
        let Some(constant) = self.index.constant(number) else { return Ok(Effect::Unknown) };
        let index = self.index;
        let find = |class| index.classes.find(class).unwrap_or(ClassId::Unknown);
        let (receiver, target) = match (constant, &located.instruction.operands) {
            (Constant::Class { class, .. }, Operands::Interface { token, .. }) => {
                let interface = find(class);
                let target = index.interface_method(interface, *token);
                let Some(signature) = index.target_signature(target) else {
                    return Ok(Effect::Unknown);
                };
                work.arguments(&signature)?;
                self.receiver(Receiver::Object(interface), target, work)?;
                work.push_type(signature.result())?;
                return Ok(Effect::Next);
            }
            (Constant::VirtualMethod { class, token }, _) => {
                let class = find(class);
                (Some(Receiver::Object(class)), index.virtual_method(class, token))
            }
            (Constant::SuperMethod { class, token }, _) => {
                let class = find(class);
                let above = index.classes.superclass(class).unwrap_or(ClassId::Unknown);
                (Some(Receiver::Object(class)), index.virtual_method(above, token))
            }
            (Constant::StaticMethod(member), _) => {
                let target = index.static_method(member);
                let receiver = if located.instruction.opcode == Opcode::Invokestatic {
                    None
                } else {
                    let flags = index.target_access(target).map(|(_, _, flags)| flags);
                    // What other packages offer to invokespecial are constructors.
                    let is_init = flags.is_none_or(|flags| flags & access::INIT != 0);
                    let class = constructed(index, member).unwrap_or(ClassId::Unknown);
                    Some(if is_init { Receiver::New(class) } else { Receiver::Object(class) })
                };
                (receiver, target)
            }
            _ => return Ok(Effect::Unknown),
        };
        let Some(signature) = index.constant_signature(number.into()) else {
            return Ok(Effect::Unknown);
        };
        work.arguments(signature)?;
        let is_construction = matches!(receiver, Some(Receiver::New(_)));
        if let Some(receiver) = receiver {
            self.receiver(receiver, target, work)?;
        }
        work.push_type(signature.result())?;
        Ok(if is_construction { Effect::Locals } else { Effect::Next })
    }

    fn receiver(
        &self,
        wanted: Receiver,
        target: Target,
        work: &mut Stack<'_, '_, '_, '_>,
    ) -> Result<(), Wrong> {
        let word = work.pop()?;
        let class = match wanted {
            Receiver::New(class) => return self.construct(word, class, target, work),
            Receiver::Object(class) => class,
        };
        let Some(kind) = work.reference(word)? else { return Ok(()) };
        if !work.kinds.is(kind, Resolved::Object(class)) {
            let (found, wanted) = (work.kinds.name(kind), self.index.classes.name(class));
            return Err((Rule::Argument, format!("a method of {wanted} is called on {found}")));
        }
        match self.index.target_access(target) {
            Some((visible, of, _)) if is_foreign_protected(self.index, visible, of, self.class) => {
                self.own_object(kind, work)
            }
            _ => Ok(()),
        }
    }

    fn construct(
        &self,
        word: Word,
        class: ClassId,
        target: Target,
        work: &mut Stack<'_, '_, '_, '_>,
    ) -> Result<(), Wrong> {
        let classes = &self.index.classes;
        let of = match word {
            Word::This => {
                let above = classes.superclass(self.class);
                if class != self.class && above != Some(class) {
                    let name = classes.name(class);
                    let detail = format!("the constructor of {name}, which is no superclass");
                    return Err((Rule::Initialised, detail));
                }
                work.state.is_constructed = true;
                self.class
            }
            Word::New(at) => {
                let made = made(self.index, self.body, at).unwrap_or(ClassId::Unknown);
                if made != class {
                    let (made, class) = (classes.name(made), classes.name(class));
                    let detail = format!("the constructor of {class}, for an object of {made}");
                    return Err((Rule::Initialised, detail));
                }
                if let Some((visible, of, _)) = self.index.target_access(target)
                    && is_foreign_protected(self.index, visible, of, self.class)
                {
                    let detail = format!("the constructor of {} is protected", classes.name(of));
                    return Err((Rule::ProtectedAccess, detail));
                }
                made
            }
            word => {
                let detail = format!("a constructor is called on {}", work.kinds.word(word));
                return Err((Rule::Initialised, detail));
            }
        };
        let kind = work.kinds.object(of);
        work.state.replace(word, Word::Reference(kind));
        Ok(())
    }
}

/// On what a method is called.
#[derive(Clone, Copy)]
enum Receiver {
    Object(ClassId),
    New(ClassId),
}

fn local(located: &Located) -> usize {
    located.instruction.local().map_or(0, |(local, _)| usize::from(local))
}

fn element(array: KindId, kinds: &mut Kinds<'_, '_>) -> Word {
    match kinds.get(array).clone() {
        Kind::ObjectArray(objects) => Word::Reference(kinds.id(Kind::Object(objects))),
        _ => Word::Reference(ANY),
    }
}

/// The state, with what is needed to work on it.
struct Stack<'s, 'q, 'i, 'k> {
    state: &'s mut Frame,
    kinds: &'q mut Kinds<'i, 'k>,
    max: usize,
}

impl Stack<'_, '_, '_, '_> {
    fn push(&mut self, word: Word) -> Result<(), Wrong> {
        if self.state.stack.len() >= self.max {
            let detail = format!("more than {} words are on the stack", self.max);
            return Err((Rule::StackDepth, detail));
        }
        self.state.stack.push(word);
        Ok(())
    }

    fn push_type(&mut self, declared: Resolved) -> Result<(), Wrong> {
        match (declared, self.kinds.of(declared)) {
            (_, Some(kind)) => self.push(Word::Reference(kind)),
            (Resolved::Void, None) => Ok(()),
            (Resolved::Int, None) => {
                self.push(Word::IntHigh)?;
                self.push(Word::IntLow)
            }
            (_, None) => self.push(Word::Short),
        }
    }

    fn pop(&mut self) -> Result<Word, Wrong> {
        let empty = || (Rule::StackDepth, "the stack is empty".to_owned());
        self.state.stack.pop().ok_or_else(empty)
    }

    fn pop_short(&mut self) -> Result<(), Wrong> {
        match self.pop()? {
            Word::Short => Ok(()),
            word => Err(self.wrong(word, "a short")),
        }
    }

    fn pop_int(&mut self) -> Result<(), Wrong> {
        let low = self.pop()?;
        if low != Word::IntLow {
            return Err(self.wrong(low, "an int"));
        }
        match self.pop()? {
            Word::IntHigh => Ok(()),
            word => Err(self.wrong(word, "an int")),
        }
    }

    /// The kind of a word that is a reference; none of null.
    fn reference(&self, word: Word) -> Result<Option<KindId>, Wrong> {
        match word {
            Word::Null => Ok(None),
            Word::Reference(kind) => Ok(Some(kind)),
            Word::New(_) | Word::This => Err((Rule::Initialised, self.kinds.word(word))),
            word => Err(self.wrong(word, "a reference")),
        }
    }

    fn pop_reference(&mut self) -> Result<Option<KindId>, Wrong> {
        let word = self.pop()?;
        self.reference(word)
    }

    fn pop_array(&mut self, slot: Slot) -> Result<Option<KindId>, Wrong> {
        let Some(kind) = self.pop_reference()? else { return Ok(None) };
        let fits = match (slot, self.kinds.get(kind)) {
            (_, Kind::Any) => true,
            (Slot::ByteArray, found) => matches!(found, Kind::BooleanArray | Kind::ByteArray),
            (Slot::ShortArray, found) => *found == Kind::ShortArray,
            (Slot::IntArray, found) => *found == Kind::IntArray,
            (Slot::ReferenceArray, found) => matches!(found, Kind::ObjectArray(_)),
            (_, found) => !matches!(found, Kind::Object(_)),
        };
        if fits {
            return Ok(Some(kind));
        }
        Err(self.wrong(Word::Reference(kind), slot.name()))
    }

    /// A value of a declared type.
    fn pop_type(&mut self, declared: Resolved, rule: Rule) -> Result<(), Wrong> {
        match declared {
            Resolved::Void => Ok(()),
            Resolved::Int => self.pop_int(),
            Resolved::Boolean | Resolved::Byte | Resolved::Short => self.pop_short(),
            declared => match self.pop_reference()? {
                Some(kind) if !self.kinds.is(kind, declared) => {
                    let (found, wanted) = (self.kinds.name(kind), self.kinds.declared(declared));
                    Err((rule, format!("{found} is given, {wanted} is declared")))
                }
                _ => Ok(()),
            },
        }
    }

    fn arguments(&mut self, signature: &Signature) -> Result<(), Wrong> {
        let parameters = signature.parameters().iter().rev();
        parameters.into_iter().try_for_each(|part| self.pop_type(*part, Rule::Argument))
    }

    fn local(&self, local: usize) -> Result<Word, Wrong> {
        let missing = || (Rule::LocalNumber, format!("there is no local variable {local}"));
        self.state.locals.get(local).copied().ok_or_else(missing)
    }

    fn local_is(&self, local: usize, wanted: Word) -> Result<(), Wrong> {
        let word = self.local(local)?;
        if word == wanted { Ok(()) } else { Err(self.wrong_local(local, word, "a short")) }
    }

    fn local_int(&self, local: usize) -> Result<(), Wrong> {
        let (high, low) = (self.local(local)?, self.local(local.saturating_add(1))?);
        match (high, low) {
            (Word::IntHigh, Word::IntLow) => Ok(()),
            _ => Err(self.wrong_local(local, high, "an int")),
        }
    }

    fn wrong(&self, word: Word, wanted: &str) -> Wrong {
        (Rule::StackType, format!("{} is on the stack, {wanted} should be", self.kinds.word(word)))
    }

    fn wrong_local(&self, local: usize, word: Word, wanted: &str) -> Wrong {
        let found = self.kinds.word(word);
        (Rule::LocalType, format!("local variable {local} holds {found}, {wanted} is read"))
    }

    /// Instructions that move words.
    fn shuffle(&mut self, opcode: Opcode, operands: &Operands) -> Result<(), Wrong> {
        match (opcode, operands) {
            (Opcode::Pop, _) => {
                self.whole(1)?;
                self.drop(1);
            }
            (Opcode::Pop2, _) => {
                self.whole(2)?;
                self.drop(2);
            }
            (Opcode::Dup, _) => self.copy(1, 0)?,
            (Opcode::Dup2, _) => self.copy(2, 0)?,
            (Opcode::DupX, Operands::Words { top, down }) => {
                self.copy((*top).into(), (*down).into())?;
            }
            (Opcode::SwapX, Operands::Words { top, down }) => {
                let (top, down) = (usize::from(*top), usize::from(*down));
                self.whole(top)?;
                self.whole(top.saturating_add(down))?;
                let start = self.state.stack.len().saturating_sub(top.saturating_add(down));
                if let Some(words) = self.state.stack.get_mut(start..) {
                    words.rotate_left(down);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the topmost words are there and no int is parted at their end.
    fn whole(&self, words: usize) -> Result<(), Wrong> {
        let stack = &self.state.stack;
        let Some(start) = stack.len().checked_sub(words) else {
            let detail = format!("{words} words are moved, {} are there", stack.len());
            return Err((Rule::StackDepth, detail));
        };
        if stack.get(start) == Some(&Word::IntLow) {
            let detail = format!("the topmost {words} words begin within an int");
            return Err((Rule::IntHalves, detail));
        }
        Ok(())
    }

    fn drop(&mut self, words: usize) {
        let left = self.state.stack.len().saturating_sub(words);
        self.state.stack.truncate(left);
    }

    /// Copies the topmost words and inserts them some words down; with 0, on top.
    fn copy(&mut self, top: usize, down: usize) -> Result<(), Wrong> {
        self.whole(top)?;
        self.whole(top.max(down))?;
        let length = self.state.stack.len();
        if length.saturating_add(top) > self.max {
            let detail = format!("more than {} words are on the stack", self.max);
            return Err((Rule::StackDepth, detail));
        }
        let copied =
            self.state.stack.get(length.saturating_sub(top)..).unwrap_or_default().to_vec();
        let place = length.saturating_sub(down);
        self.state.stack.splice(place..place, copied);
        Ok(())
    }

    /// Takes and leaves what the table says.
    fn by_table(&mut self, opcode: Opcode) -> Result<(), Wrong> {
        let operation = opcode.operation();
        for slot in operation.takes.iter().rev() {
            match slot {
                Slot::Short => self.pop_short()?,
                Slot::Int => self.pop_int()?,
                Slot::Reference => {
                    self.pop_reference()?;
                }
                Slot::ByteArray
                | Slot::ShortArray
                | Slot::IntArray
                | Slot::ReferenceArray
                | Slot::Array => {
                    self.pop_array(*slot)?;
                }
                _ => {
                    self.pop()?;
                }
            }
        }
        for slot in operation.gives {
            match slot {
                Slot::Short => self.push(Word::Short)?,
                Slot::Int => self.push_type(Resolved::Int)?,
                // What a jump to a subroutine leaves, the jump itself does.
                Slot::Address => {}
                _ => self.push(Word::Reference(ANY))?,
            }
        }
        Ok(())
    }
}
