//! Instructions of the card are written, one JVM instruction after the other.

use std::collections::HashSet;

use capfile::class::code::Operand as Raw;
use capfile::class::op;
use capfile::instruction::{Opcode as O, Operands};

use super::flow::{Use, Value};
use super::narrow::Types;
use super::resolve::{Known, Meaning, Step};
use super::{Body, Constant, Context, Handler, Item, Operand, assemble, shorten};
use crate::diagnostic::Sink;
use crate::front::Type;

const DEEP: &str = "Write the assignments one by one.";

/// Writes a method's instructions.
pub(super) fn generate(
    context: &Context<'_>,
    steps: &[Step<'_>],
    types: &Types,
    sink: &mut Sink,
) -> Option<Body> {
    let (locals, local_words) = locals(context, types);
    let mut writer = Writer {
        types,
        items: Vec::new(),
        locals,
        refused: None,
        returns_int: context.method.signature.result == Type::Int,
        targets: Vec::new(),
        starts: Vec::with_capacity(steps.len()),
        is_entered: false,
        is_own: false,
        is_small: context.request.options.optimize,
    };
    let entered = entered(context, steps);
    let shortcuts = shorten::find(context, steps, &types.flow);
    for (at, step) in steps.iter().enumerate() {
        writer.starts.push((step.pc, writer.items.len()));
        writer.is_entered |= entered.contains(&step.pc);
        let Some(usage) = types.flow.step(at) else { continue };
        if shortcuts.dropped.contains(&at) {
            continue;
        }
        writer.is_own = shortcuts.own.contains(&at);
        writer.step(step, usage);
        if let Some(text) = writer.refused.take() {
            sink.error(&context.place(Some(step.pc)), text, DEEP);
            return None;
        }
    }
    let Writer { mut items, locals, targets, starts, .. } = writer;
    let place_of = |pc: u16| match starts.binary_search_by_key(&pc, |(start, _)| *start) {
        Ok(found) => starts.get(found).map_or(items.len(), |(_, item)| *item),
        Err(_) => items.len(),
    };
    let mut handlers = Vec::new();
    for handler in &context.code.handlers {
        let catches = match handler.catch_type {
            0 => None,
            index => Some(caught(context, index, sink)?),
        };
        handlers.push(Handler {
            start: place_of(handler.start),
            end: place_of(handler.end),
            target: place_of(handler.target),
            catches,
        });
    }
    let resolved: Vec<(usize, Operand)> = targets
        .iter()
        .map(|(item, target)| {
            let operand = match target {
                Raw::Branch(pc) => Operand::Branch(place_of(*pc)),
                Raw::Table { default, low, targets } => Operand::Table {
                    default: place_of(*default),
                    low: *low,
                    targets: targets.iter().map(|pc| place_of(*pc)).collect(),
                },
                Raw::Lookup { default, rows } => Operand::Lookup {
                    default: place_of(*default),
                    rows: rows.iter().map(|(value, pc)| (*value, place_of(*pc))).collect(),
                },
                _ => Operand::Plain(Operands::None),
            };
            (*item, operand)
        })
        .collect();
    for (item, operand) in resolved {
        if let Some(item) = items.get_mut(item) {
            item.operand = operand;
        }
    }
    let has_this = !context.method.is_static();
    Some(Body { items, handlers, local_words, locals, starts, has_this })
}

/// Program counters at which something arrives that is not the instruction before.
fn entered(context: &Context<'_>, steps: &[Step<'_>]) -> HashSet<u16> {
    let mut entered: HashSet<u16> =
        context.code.handlers.iter().map(|handler| handler.target).collect();
    for step in steps {
        match step.raw {
            Raw::Branch(target) => {
                entered.insert(*target);
            }
            Raw::Table { default, targets, .. } => {
                entered.insert(*default);
                entered.extend(targets);
            }
            Raw::Lookup { default, rows } => {
                entered.insert(*default);
                entered.extend(rows.iter().map(|(_, target)| *target));
            }
            _ => {}
        }
    }
    entered
}

fn caught(context: &Context<'_>, index: u16, sink: &mut Sink) -> Option<crate::front::ClassRef> {
    let name = match context.class.file.pool.class(&context.class.file.part, index) {
        Ok(name) => name,
        Err(malformed) => {
            sink.error(&context.place(None), malformed.to_string(), "Compile the sources again.");
            return None;
        }
    };
    match context.program.resolve_class(name) {
        Ok(class) => Some(class),
        Err(unresolved) => {
            let text = format!("a caught exception: {}", unresolved.text());
            sink.error(&context.place(None), text, &unresolved.hint());
            None
        }
    }
}

fn argument_words(context: &Context<'_>) -> u16 {
    context
        .method
        .signature
        .parameter_words()
        .saturating_add(u16::from(!context.method.is_static()))
}

/// Gives each JVM local its number on the card, where an int takes two words, and says how many
/// words there are.
fn locals(context: &Context<'_>, types: &Types) -> (Vec<u16>, u16) {
    let mut next = 0_u16;
    let mut numbers = Vec::with_capacity(types.wide.len());
    for wide in &types.wide {
        numbers.push(next);
        next = next.saturating_add(if *wide { 2 } else { 1 });
    }
    (numbers, next.max(argument_words(context)))
}

struct Writer<'a> {
    types: &'a Types,
    items: Vec<Item>,
    locals: Vec<u16>,
    refused: Option<String>,
    returns_int: bool,
    /// Items that go somewhere, and where to in the JVM's code.
    targets: Vec<(usize, Raw)>,
    /// Items at which JVM instructions begin.
    starts: Vec<(u16, usize)>,
    /// Something arrives at the next item.
    is_entered: bool,
    /// The step works on a field of `this`, which is not on the stack.
    is_own: bool,
    /// What saves bytes is done, though the usual converter does not.
    is_small: bool,
}

impl Writer<'_> {
    fn push(&mut self, opcode: O, operand: Operand, takes: u16, gives: u16) {
        let is_target = std::mem::take(&mut self.is_entered);
        self.items.push(Item { opcode, operand, takes, gives, peak: 0, is_target });
    }

    /// An instruction whose effect on the stack the instruction table says.
    fn plain(&mut self, opcode: O) {
        self.with(opcode, Operands::None);
    }

    fn with(&mut self, opcode: O, operands: Operands) {
        self.stacked(opcode, Operand::Plain(operands));
    }

    fn stacked(&mut self, opcode: O, operand: Operand) {
        let operation = opcode.operation();
        let words = |slots: &[capfile::instruction::Slot]| {
            slots.iter().map(|slot| u16::from(slot.words().unwrap_or(0))).sum()
        };
        let (takes, gives) = (words(operation.takes), words(operation.gives));
        self.push(opcode, operand, takes, gives);
    }

    fn going(&mut self, opcode: O, raw: &Raw) {
        self.targets.push((self.items.len(), raw.clone()));
        self.plain(opcode);
    }

    fn is_int(&self, value: Option<&Value>) -> bool {
        value.is_some_and(|value| self.types.flow.is_number(*value) && self.types.is_int(*value))
    }

    /// After something short was pushed that must be an int.
    fn widen(&mut self, usage: &Use) {
        if self.is_int(usage.gives.as_ref()) {
            self.plain(O::S2i);
        }
    }

    /// Before something short is taken from the top, which may be an int.
    fn narrow(&mut self, value: Option<&Value>) {
        if self.is_int(value) {
            self.plain(O::I2s);
        }
    }

    fn local(&mut self, local: u16) -> u8 {
        let number = self.locals.get(usize::from(local)).copied().unwrap_or(u16::MAX);
        u8::try_from(number).unwrap_or_else(|_| {
            self.refused = Some("the method has more than 255 words of local variables".to_owned());
            0
        })
    }

    /// A load or store, in its short form where there is one.
    fn access(&mut self, local: u16, long: O, short: [O; 4]) {
        let number = self.local(local);
        match short.get(usize::from(number)) {
            Some(opcode) => self.plain(*opcode),
            None => self.with(long, Operands::Local(number)),
        }
    }

    fn constant(&mut self, value: i32, is_int: bool) {
        if is_int {
            let short = [
                O::IconstM1,
                O::Iconst0,
                O::Iconst1,
                O::Iconst2,
                O::Iconst3,
                O::Iconst4,
                O::Iconst5,
            ];
            self.number(value, short, O::Bipush, O::Sipush, O::Iipush);
        } else {
            let short = [
                O::SconstM1,
                O::Sconst0,
                O::Sconst1,
                O::Sconst2,
                O::Sconst3,
                O::Sconst4,
                O::Sconst5,
            ];
            self.number(value, short, O::Bspush, O::Sspush, O::Sspush);
        }
    }

    fn number(&mut self, value: i32, small: [O; 7], byte: O, short: O, int: O) {
        let place = usize::try_from(value.saturating_add(1)).ok();
        if let Some(opcode) = place.and_then(|place| small.get(place)) {
            self.plain(*opcode);
        } else if i8::try_from(value).is_ok() {
            self.with(byte, Operands::Value(value));
        } else if i16::try_from(value).is_ok() {
            self.with(short, Operands::Value(value));
        } else {
            self.with(int, Operands::Value(value));
        }
    }

    fn step(&mut self, step: &Step<'_>, usage: &Use) {
        let takes = usage.takes.as_slice();
        match (&step.meaning, step.opcode) {
            (Meaning::Number(value), _) => {
                self.constant(*value, self.is_int(usage.gives.as_ref()));
            }
            (Meaning::Local(local, known), _) => self.local_step(step, usage, *local, *known),
            (Meaning::Field { constant, kind }, opcode) => {
                self.field(opcode, *constant, kind, usage);
            }
            (Meaning::Call { constant, signature }, opcode) => {
                self.arguments(&signature.parameters, takes);
                let call = match (constant, opcode) {
                    (_, op::INVOKESTATIC) => O::Invokestatic,
                    (Constant::Virtual(..), _) => O::Invokevirtual,
                    _ => O::Invokespecial,
                };
                let object = u16::from(opcode != op::INVOKESTATIC);
                let words = signature.parameter_words().saturating_add(object);
                self.push(call, Operand::Constant(*constant), words, signature.result.words());
                if signature.result != Type::Int {
                    self.widen(usage);
                }
            }
            (Meaning::InterfaceCall { class, token, signature }, _) => {
                self.arguments(&signature.parameters, takes);
                let words = signature.parameter_words().saturating_add(1);
                let operand =
                    Operand::Interface(u8::try_from(words).unwrap_or(u8::MAX), *class, *token);
                self.push(O::Invokeinterface, operand, words, signature.result.words());
                if signature.result != Type::Int {
                    self.widen(usage);
                }
            }
            (Meaning::Class(class), op::NEW) => {
                self.stacked(O::New, Operand::Constant(Constant::Class(*class)));
            }
            (Meaning::Class(class), _) => {
                self.narrow(takes.last());
                self.stacked(O::Anewarray, Operand::Constant(Constant::Class(*class)));
            }
            (Meaning::ArrayType(code), _) => {
                self.narrow(takes.last());
                self.with(O::Newarray, Operands::ArrayType(*code));
            }
            (Meaning::Test(code, class), op::CHECKCAST) => {
                self.stacked(O::Checkcast, Operand::TypeTest(*code, *class));
            }
            (Meaning::Test(code, class), _) => {
                self.stacked(O::Instanceof, Operand::TypeTest(*code, *class));
                self.widen(usage);
            }
            (Meaning::None, _) => self.bare(step, usage),
        }
    }

    fn local_step(&mut self, step: &Step<'_>, usage: &Use, local: u16, known: Known) {
        let is_int = self.types.local_is_int(local, known);
        match step.opcode {
            op::ALOAD | op::ALOAD_0..=op::ALOAD_3 => {
                self.access(local, O::Aload, [O::Aload0, O::Aload1, O::Aload2, O::Aload3]);
            }
            op::ASTORE | op::ASTORE_0..=op::ASTORE_3 => {
                self.access(local, O::Astore, [O::Astore0, O::Astore1, O::Astore2, O::Astore3]);
            }
            op::ILOAD | op::ILOAD_0..=op::ILOAD_3 if is_int => {
                self.access(local, O::Iload, [O::Iload0, O::Iload1, O::Iload2, O::Iload3]);
            }
            op::ILOAD | op::ILOAD_0..=op::ILOAD_3 => {
                self.access(local, O::Sload, [O::Sload0, O::Sload1, O::Sload2, O::Sload3]);
                self.widen(usage);
            }
            op::ISTORE | op::ISTORE_0..=op::ISTORE_3 if is_int => {
                self.access(local, O::Istore, [O::Istore0, O::Istore1, O::Istore2, O::Istore3]);
            }
            op::ISTORE | op::ISTORE_0..=op::ISTORE_3 => {
                self.narrow(usage.takes.last());
                self.access(local, O::Sstore, [O::Sstore0, O::Sstore1, O::Sstore2, O::Sstore3]);
                self.join_increment();
            }
            op::IINC => {
                if let Raw::Increment(_, by) = step.raw {
                    let number = self.local(local);
                    let opcode = match (is_int, i8::try_from(*by).is_ok()) {
                        (true, true) => O::Iinc,
                        (true, false) => O::IincW,
                        (false, true) => O::Sinc,
                        (false, false) => O::SincW,
                    };
                    self.with(opcode, Operands::Increment { local: number, by: *by });
                }
            }
            op::RET => {
                let number = self.local(local);
                self.with(O::Ret, Operands::Local(number));
            }
            _ => {}
        }
    }

    /// `sload n, k, sadd, sstore n` is `sinc n k` for a k of one byte, and `sinc_w` in small code.
    fn join_increment(&mut self) {
        let Some(first) = self.items.len().checked_sub(4) else { return };
        let Some([load, value_item, add, store]) = self.items.get(first..) else { return };
        let (Some(from), Some(to)) = (short_load(load), short_store(store)) else { return };
        let Some(value) = pushed(value_item) else { return };
        let by = match add.opcode {
            O::Sadd => Some(value),
            O::Ssub => value.checked_neg(),
            _ => None,
        };
        let Some(by) = by else { return };
        let opcode = match [by, value].iter().all(|number| i8::try_from(*number).is_ok()) {
            true => O::Sinc,
            false if self.is_small => O::SincW,
            false => return,
        };
        if from != to || [value_item, add, store].iter().any(|item| item.is_target) {
            return;
        }
        self.is_entered |= load.is_target;
        self.items.truncate(first);
        for (_, item) in &mut self.starts {
            *item = (*item).min(first);
        }
        self.with(opcode, Operands::Increment { local: to, by });
        if let Some(item) = self.items.last_mut() {
            item.peak = 2;
        }
    }

    fn arguments(&mut self, parameters: &[Type], takes: &[Value]) {
        let values = takes.len().saturating_sub(parameters.len());
        for (at, (kind, value)) in
            parameters.iter().zip(takes.get(values..).unwrap_or_default()).enumerate()
        {
            if *kind == Type::Int || kind.is_reference() || !self.is_int(Some(value)) {
                continue;
            }
            if at.saturating_add(1) == parameters.len() {
                self.narrow(Some(value));
            } else {
                self.refused = Some(
                    "a value that is assigned and passed on at once is int in one place and short in another"
                        .to_owned(),
                );
            }
        }
    }

    fn field(&mut self, opcode: u8, constant: Constant, kind: &Type, usage: &Use) {
        let of = |a, b, s, i| match kind {
            Type::Boolean | Type::Byte => b,
            Type::Short => s,
            Type::Int => i,
            _ => a,
        };
        let words = kind.words();
        let is_short = *kind != Type::Int && !kind.is_reference();
        let operand = || Operand::Constant(constant);
        match opcode {
            op::GETSTATIC => {
                let get = of(O::GetstaticA, O::GetstaticB, O::GetstaticS, O::GetstaticI);
                self.push(get, operand(), 0, words);
            }
            op::GETFIELD => {
                let get = of(O::GetfieldA, O::GetfieldB, O::GetfieldS, O::GetfieldI);
                match assemble::this_get(get).filter(|_| self.is_own) {
                    Some(get) => self.push(get, operand(), 0, words),
                    None => self.push(get, operand(), 1, words),
                }
            }
            _ if is_short => self.narrow(usage.takes.last()),
            _ => {}
        }
        match opcode {
            op::GETSTATIC | op::GETFIELD if is_short => self.widen(usage),
            op::PUTSTATIC => {
                let put = of(O::PutstaticA, O::PutstaticB, O::PutstaticS, O::PutstaticI);
                self.push(put, operand(), words, 0);
            }
            op::PUTFIELD => {
                let put = of(O::PutfieldA, O::PutfieldB, O::PutfieldS, O::PutfieldI);
                match assemble::this_put(put).filter(|_| self.is_own) {
                    Some(put) => self.push(put, operand(), words, 0),
                    None => self.push(put, operand(), words.saturating_add(1), 0),
                }
            }
            _ => {}
        }
    }

    /// Instructions that say nothing but what they do.
    fn bare(&mut self, step: &Step<'_>, usage: &Use) {
        let takes = usage.takes.as_slice();
        let is_int = self.is_int(usage.gives.as_ref());
        let operands_int = takes.iter().any(|value| self.is_int(Some(value)));
        let one = |int: O, short: O| if operands_int || is_int { int } else { short };
        match step.opcode {
            op::NOP => self.plain(O::Nop),
            op::ACONST_NULL => self.plain(O::AconstNull),
            op::IALOAD | op::AALOAD | op::BALOAD | op::SALOAD => {
                self.element_load(step.opcode, usage)
            }
            op::IASTORE => self.plain(O::Iastore),
            op::AASTORE => self.plain(O::Aastore),
            op::BASTORE => {
                self.narrow(takes.last());
                self.plain(O::Bastore);
            }
            op::SASTORE => {
                self.narrow(takes.last());
                self.plain(O::Sastore);
            }
            op::POP | op::POP2 => self.pop(takes),
            op::DUP..=op::SWAP => self.shuffle(step.opcode, takes),
            op::IADD => self.plain(one(O::Iadd, O::Sadd)),
            op::ISUB => self.plain(one(O::Isub, O::Ssub)),
            op::IMUL => self.plain(one(O::Imul, O::Smul)),
            op::IDIV => self.plain(one(O::Idiv, O::Sdiv)),
            op::IREM => self.plain(one(O::Irem, O::Srem)),
            op::INEG => self.plain(one(O::Ineg, O::Sneg)),
            op::ISHL => self.plain(one(O::Ishl, O::Sshl)),
            op::ISHR => self.plain(one(O::Ishr, O::Sshr)),
            op::IUSHR => self.plain(one(O::Iushr, O::Sushr)),
            op::IAND => self.plain(one(O::Iand, O::Sand)),
            op::IOR => self.plain(one(O::Ior, O::Sor)),
            op::IXOR => self.plain(one(O::Ixor, O::Sxor)),
            op::I2B => {
                if operands_int {
                    self.plain(O::I2b);
                } else if !takes.iter().all(|value| self.types.is_byte(*value)) {
                    self.plain(O::S2b);
                }
                self.widen(usage);
            }
            op::I2S => {
                self.narrow(takes.last());
                self.widen(usage);
            }
            op::IFEQ..=op::IFLE => {
                if operands_int {
                    self.plain(O::Iconst0);
                    self.plain(O::Icmp);
                }
                let branches = [O::Ifeq, O::Ifne, O::Iflt, O::Ifge, O::Ifgt, O::Ifle];
                self.branch(&branches, op::IFEQ, step);
            }
            op::IF_ICMPEQ..=op::IF_ICMPLE if operands_int => {
                self.plain(O::Icmp);
                let branches = [O::Ifeq, O::Ifne, O::Iflt, O::Ifge, O::Ifgt, O::Ifle];
                self.branch(&branches, op::IF_ICMPEQ, step);
            }
            op::IF_ICMPEQ..=op::IF_ICMPLE => {
                let branches =
                    [O::IfScmpeq, O::IfScmpne, O::IfScmplt, O::IfScmpge, O::IfScmpgt, O::IfScmple];
                self.branch(&branches, op::IF_ICMPEQ, step);
            }
            op::IF_ACMPEQ | op::IF_ACMPNE => {
                self.branch(&[O::IfAcmpeq, O::IfAcmpne], op::IF_ACMPEQ, step);
            }
            op::IFNULL | op::IFNONNULL => {
                self.branch(&[O::Ifnull, O::Ifnonnull], op::IFNULL, step);
            }
            op::GOTO | op::GOTO_W => self.going(O::Goto, step.raw),
            op::JSR | op::JSR_W => self.going(O::Jsr, step.raw),
            op::TABLESWITCH => self.going(one(O::Itableswitch, O::Stableswitch), step.raw),
            op::LOOKUPSWITCH => self.going(one(O::Ilookupswitch, O::Slookupswitch), step.raw),
            op::IRETURN if operands_int && self.returns_int => self.plain(O::Ireturn),
            op::IRETURN => {
                self.narrow(takes.last());
                self.plain(O::Sreturn);
            }
            op::ARETURN => self.plain(O::Areturn),
            op::RETURN => self.plain(O::Return),
            op::ARRAYLENGTH => {
                self.plain(O::Arraylength);
                self.widen(usage);
            }
            op::ATHROW => self.plain(O::Athrow),
            opcode => {
                let name = capfile::class::code::mnemonic(opcode).unwrap_or("an instruction");
                self.refused = Some(format!("Java Card has no {name}"));
            }
        }
    }

    fn element_load(&mut self, opcode: u8, usage: &Use) {
        self.plain(match opcode {
            op::IALOAD => O::Iaload,
            op::AALOAD => O::Aaload,
            op::BALOAD => O::Baload,
            _ => O::Saload,
        });
        if matches!(opcode, op::BALOAD | op::SALOAD) {
            self.widen(usage);
        }
    }

    fn branch(&mut self, branches: &[O], first: u8, step: &Step<'_>) {
        let place = usize::from(step.opcode.saturating_sub(first));
        if let Some(opcode) = branches.get(place) {
            self.going(*opcode, step.raw);
        }
    }

    fn words(&self, values: &[Value]) -> u16 {
        values.iter().map(|value| self.types.words(*value)).fold(0, u16::saturating_add)
    }

    fn pop(&mut self, takes: &[Value]) {
        let mut words = self.words(takes);
        while words >= 2 {
            self.plain(O::Pop2);
            words = words.saturating_sub(2);
        }
        if words == 1 {
            self.plain(O::Pop);
        }
    }

    /// `dup` and its like: a copy of the topmost values is put below others.
    fn shuffle(&mut self, opcode: u8, takes: &[Value]) {
        let copied = match opcode {
            op::DUP | op::DUP_X1 | op::DUP_X2 | op::SWAP => 1,
            _ => 2,
        };
        let split = takes.len().saturating_sub(copied);
        let (below, copied) = takes.split_at_checked(split).unwrap_or_default();
        let (top, below) = (self.words(copied), self.words(below));
        let words = |top: u16, down: u16| {
            let top = u8::try_from(top).ok()?;
            Some(Operands::Words { top, down: u8::try_from(down).ok()? })
        };
        let all = top.saturating_add(below);
        match (opcode, top, below) {
            (op::SWAP, ..) => {
                if let Some(operands) = words(top, below) {
                    self.push(O::SwapX, Operand::Plain(operands), all, all);
                }
            }
            (_, 1, 0) => self.plain(O::Dup),
            (_, 2, 0) => self.plain(O::Dup2),
            _ => {
                let down = if below == 0 { 0 } else { all };
                if let Some(operands) = words(top, down) {
                    self.push(O::DupX, Operand::Plain(operands), all, all.saturating_add(top));
                }
            }
        }
    }
}

fn short_load(item: &Item) -> Option<u8> {
    match (item.opcode, &item.operand) {
        (O::Sload0, _) => Some(0),
        (O::Sload1, _) => Some(1),
        (O::Sload2, _) => Some(2),
        (O::Sload3, _) => Some(3),
        (O::Sload, Operand::Plain(Operands::Local(local))) => Some(*local),
        _ => None,
    }
}

fn short_store(item: &Item) -> Option<u8> {
    match (item.opcode, &item.operand) {
        (O::Sstore0, _) => Some(0),
        (O::Sstore1, _) => Some(1),
        (O::Sstore2, _) => Some(2),
        (O::Sstore3, _) => Some(3),
        (O::Sstore, Operand::Plain(Operands::Local(local))) => Some(*local),
        _ => None,
    }
}

/// The short that an instruction pushes.
fn pushed(item: &Item) -> Option<i16> {
    match (item.opcode, &item.operand) {
        (O::SconstM1, _) => Some(-1),
        (O::Sconst0, _) => Some(0),
        (O::Sconst1, _) => Some(1),
        (O::Sconst2, _) => Some(2),
        (O::Sconst3, _) => Some(3),
        (O::Sconst4, _) => Some(4),
        (O::Sconst5, _) => Some(5),
        (O::Bspush | O::Sspush, Operand::Plain(Operands::Value(value))) => {
            i16::try_from(*value).ok()
        }
        _ => None,
    }
}
