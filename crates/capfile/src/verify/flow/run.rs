//! Following one method.

use std::collections::{BTreeSet, HashMap};

use super::super::Rule;
use super::super::bodies::Body;
use super::super::classes::{Answer, ClassId, Known};
use super::super::index::Index;
use super::super::operands;
use super::super::refusal::Refusals;
use super::super::types::Resolved;
use super::Work;
use super::effect::{Effect, Machine};
use super::frame::{Depths, Frame};
use super::kinds::{ANY, KindId, Kinds, Word};
use super::subroutine::{Subroutine, Ways};
use crate::cap::{Constant, access};
use crate::instruction::{Flow, Located, Opcode};

/// How it went, besides refusals.
pub(super) enum Outcome {
    Followed,
    /// From this bytecode on it was not, since a called method is not known.
    Unchecked(u16),
    TooComplex,
}

/// Follows a method.
pub(super) fn follow(
    index: &Index<'_>,
    body: &Body<'_>,
    sound: &[bool],
    kinds: &mut Kinds<'_, '_>,
    refusals: &mut Refusals,
) -> Outcome {
    let offsets = Offsets::of(body);
    let can_follow =
        operands::check(index, body, sound, &|at| offsets.index(at).is_some(), refusals);
    let Some(method) = index.method(body.method) else { return Outcome::Followed };
    let Some(catches) = catches(index, body, sound, kinds, refusals) else {
        return Outcome::Followed;
    };
    let Some(signature) = index.signature(method).filter(|_| can_follow) else {
        return Outcome::Followed;
    };
    let flags = method.descriptor.access;
    let is_root = index.classes.superclass(method.class).is_none();
    let is_constructor = flags & access::INIT != 0 && !is_root;
    let mut entry =
        Frame { locals: Vec::new(), stack: Vec::new(), is_constructed: !is_constructor };
    if flags & access::STATIC == 0 {
        let this =
            if is_constructor { Word::This } else { Word::Reference(kinds.object(method.class)) };
        entry.locals.push(this);
    }
    for parameter in signature.parameters() {
        match (*parameter, kinds.of(*parameter)) {
            (_, Some(kind)) => entry.locals.push(Word::Reference(kind)),
            (Resolved::Int, None) => entry.locals.extend([Word::IntHigh, Word::IntLow]),
            (_, None) => entry.locals.push(Word::Short),
        }
    }
    let locals = usize::from(body.header.arguments).saturating_add(body.header.max_locals.into());
    entry.locals.resize(locals, Word::Unusable);
    let machine = Machine {
        index,
        body,
        class: method.class,
        result: signature.result(),
        max_stack: body.header.max_stack.into(),
    };
    let (regions, covers) = regions(body);
    let mut run = Run {
        machine,
        offsets,
        kinds,
        refusals,
        states: vec![None; body.code.len()],
        is_leader: leaders(body, &catches),
        queue: BTreeSet::new(),
        catches,
        regions,
        covers,
        subroutines: HashMap::new(),
        unchecked: None,
    };
    if !run.meet(0, &entry) || !run.settle() {
        return Outcome::TooComplex;
    }
    match run.unchecked {
        Some(at) => Outcome::Unchecked(at),
        None => Outcome::Followed,
    }
}

/// Indexes of instructions by their offsets.
struct Offsets(Vec<Option<u16>>);

impl Offsets {
    fn of(body: &Body<'_>) -> Self {
        let mut offsets = vec![None; body.length.into()];
        for (index, located) in (0..=u16::MAX).zip(&body.code) {
            if let Some(slot) = offsets.get_mut(usize::from(located.at)) {
                *slot = Some(index);
            }
        }
        Self(offsets)
    }

    fn index(&self, offset: i64) -> Option<usize> {
        let offset = usize::try_from(offset).ok()?;
        self.0.get(offset).copied().flatten().map(usize::from)
    }
}

/// An exception handler.
struct Catch {
    /// Index of its first instruction.
    handler: usize,
    kind: KindId,
}

/// None if a catch type was refused, now or before.
fn catches(
    index: &Index<'_>,
    body: &Body<'_>,
    sound: &[bool],
    kinds: &mut Kinds<'_, '_>,
    refusals: &mut Refusals,
) -> Option<Vec<Catch>> {
    let offsets = (!body.handlers.is_empty()).then(|| Offsets::of(body));
    let mut catches = Vec::new();
    for (at, handler) in body.handlers.iter().enumerate() {
        let kind = match handler.catch_type {
            0 => throwable(index, kinds),
            number => {
                let constant = index.constant(number);
                let id = match constant {
                    Some(Constant::Class { class, .. }) => index.classes.find(class),
                    _ => None,
                };
                let is_sound = sound.get(usize::from(number)) == Some(&true);
                let fits = id.is_some_and(|id| {
                    index.classes.extends_known(id, Known::Throwable) != Answer::No
                });
                if !fits {
                    if is_sound || constant.is_none() {
                        let which = body.first_handler.saturating_add(at);
                        let detail = format!("handler {which} catches constant {number}");
                        body.refuse(index, None, Rule::CatchType, detail, refusals);
                    }
                    return None;
                }
                kinds.object(id?)
            }
        };
        let inner = |offset: u16| offset.checked_sub(body.start);
        let handler = offsets.as_ref()?.index(inner(handler.handler)?.into())?;
        catches.push(Catch { handler, kind });
    }
    Some(catches)
}

/// What a handler for everything gets.
fn throwable(index: &Index<'_>, kinds: &mut Kinds<'_, '_>) -> KindId {
    index.classes.throwable().map_or(ANY, |class| kinds.object(class))
}

/// Where states are kept: at all that is come to not only from the instruction before.
fn leaders(body: &Body<'_>, catches: &[Catch]) -> Vec<bool> {
    let offsets = Offsets::of(body);
    let mut leaders = vec![false; body.code.len()];
    let mut lead = |index: usize| {
        if let Some(leader) = leaders.get_mut(index) {
            *leader = true;
        }
    };
    lead(0);
    catches.iter().for_each(|one| lead(one.handler));
    for (index, located) in body.code.iter().enumerate() {
        for distance in located.instruction.branches() {
            let target = i64::from(located.at).saturating_add(distance.into());
            offsets.index(target).into_iter().for_each(&mut lead);
        }
        if located.instruction.flow() == Flow::Subroutine {
            lead(index.saturating_add(1));
        }
    }
    leaders
}

/// Which handlers cover each instruction: the number of a set for each, and the sets.
fn regions(body: &Body<'_>) -> (Vec<u16>, Vec<Vec<usize>>) {
    let mut bounds: Vec<u16> = body
        .handlers
        .iter()
        .filter_map(|handler| handler.start.checked_sub(body.start))
        .zip(body.handlers)
        .flat_map(|(start, handler)| [start, start.saturating_add(handler.length)])
        .collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut sets = vec![Vec::new()];
    for bound in &bounds {
        let covers = |(_, handler): &(usize, &crate::cap::ExceptionHandler)| {
            handler.start.checked_sub(body.start).is_some_and(|start| {
                start <= *bound && *bound < start.saturating_add(handler.length)
            })
        };
        sets.push(body.handlers.iter().enumerate().filter(covers).map(|(at, _)| at).collect());
    }
    let mut regions = Vec::with_capacity(body.code.len());
    let mut number = 0usize;
    for located in &body.code {
        while bounds.get(number).is_some_and(|bound| *bound <= located.at) {
            number = number.saturating_add(1);
        }
        regions.push(u16::try_from(number).unwrap_or_default());
    }
    (regions, sets)
}

struct Run<'r, 'i, 'a, 'k> {
    machine: Machine<'r, 'a>,
    offsets: Offsets,
    kinds: &'r mut Kinds<'i, 'k>,
    refusals: &'r mut Refusals,
    /// By instruction, kept for leaders.
    states: Vec<Option<Frame>>,
    is_leader: Vec<bool>,
    /// Leaders whose state has changed.
    queue: BTreeSet<usize>,
    catches: Vec<Catch>,
    /// By instruction: its set of handlers.
    regions: Vec<u16>,
    covers: Vec<Vec<usize>>,
    subroutines: HashMap<usize, Subroutine>,
    unchecked: Option<u16>,
}

impl Run<'_, '_, '_, '_> {
    fn settle(&mut self) -> bool {
        while let Some(leader) = self.queue.pop_first() {
            let Some(state) = self.states.get(leader).cloned().flatten() else { continue };
            if !self.straight(leader, state) {
                return false;
            }
            if self.refusals.is_full() {
                return true;
            }
        }
        true
    }

    /// A state comes to a leader. False when the work is spent.
    fn meet(&mut self, leader: usize, state: &Frame) -> bool {
        let Some(slot) = self.states.get_mut(leader) else { return true };
        let changed = match slot {
            None => {
                *slot = Some(state.clone());
                true
            }
            Some(known) => match known.join(state, self.kinds) {
                Ok(changed) => changed,
                Err(Depths(one, other)) => {
                    let located = self.machine.body.code.get(leader);
                    let detail = format!("{one} words on one way, {other} on another");
                    let (index, body) = (self.machine.index, self.machine.body);
                    body.refuse(index, located, Rule::JoinDepth, detail, self.refusals);
                    false
                }
            },
        };
        if changed {
            self.queue.insert(leader);
        }
        Work::spend(state.words().saturating_add(1), self.machine.index)
    }

    /// From a leader on, until control goes elsewhere or comes to another leader.
    fn straight(&mut self, leader: usize, mut state: Frame) -> bool {
        let mut at = leader;
        // Handlers have the state of all that they cover; once told, only stores change it.
        let mut told: Option<u16> = None;
        loop {
            let body = self.machine.body;
            let Some(located) = body.code.get(at) else { return true };
            if !Work::spend(2, self.machine.index) {
                return false;
            }
            let region = self.regions.get(at).copied().unwrap_or_default();
            if told != Some(region) {
                if !self.tell_handlers(region, &state) {
                    return false;
                }
                told = Some(region);
            }
            let effect = match self.machine.step(located, &mut state, self.kinds) {
                Ok(effect) => effect,
                Err((rule, detail)) => {
                    let index = self.machine.index;
                    body.refuse(index, Some(located), rule, detail, self.refusals);
                    return true;
                }
            };
            match effect {
                Effect::Next => {}
                Effect::Locals => told = None,
                Effect::Unknown => {
                    let first = self.unchecked.map_or(located.at, |first| first.min(located.at));
                    self.unchecked = Some(first);
                    return true;
                }
            }
            match self.go(at, located, &state) {
                Go::On => {}
                Go::Elsewhere => return true,
                Go::Spent => return false,
            }
            at = at.saturating_add(1);
            if at >= body.code.len() {
                let index = self.machine.index;
                let detail = "it is the last instruction, and control goes on".to_owned();
                body.refuse(index, Some(located), Rule::FallsOff, detail, self.refusals);
                return true;
            }
            if self.is_leader.get(at) == Some(&true) {
                return self.meet(at, &state);
            }
        }
    }

    fn tell_handlers(&mut self, region: u16, state: &Frame) -> bool {
        let set = self.covers.get(usize::from(region)).cloned().unwrap_or_default();
        for number in set {
            let Some(catch) = self.catches.get(number) else { continue };
            let (handler, kind) = (catch.handler, catch.kind);
            if self.machine.max_stack == 0 {
                let located = self.machine.body.code.get(handler);
                let detail = "the exception finds no place on the stack".to_owned();
                let (index, body) = (self.machine.index, self.machine.body);
                body.refuse(index, located, Rule::StackDepth, detail, self.refusals);
                continue;
            }
            let caught = Frame {
                locals: state.locals.clone(),
                stack: vec![Word::Reference(kind)],
                is_constructed: state.is_constructed,
            };
            if !self.meet(handler, &caught) {
                return false;
            }
        }
        true
    }

    /// To targets, and on if control goes on.
    fn go(&mut self, at: usize, located: &Located, state: &Frame) -> Go {
        let flow = located.instruction.flow();
        match flow {
            Flow::Next => Go::On,
            Flow::Return | Flow::Throw => Go::Elsewhere,
            Flow::Branch | Flow::Jump | Flow::Switch => {
                let mut known = BTreeSet::new();
                for distance in located.instruction.branches() {
                    let target = i64::from(located.at).saturating_add(distance.into());
                    let Some(target) = self.offsets.index(target) else { continue };
                    if known.insert(target) && !self.meet(target, state) {
                        return Go::Spent;
                    }
                }
                if flow == Flow::Branch { Go::On } else { Go::Elsewhere }
            }
            Flow::Subroutine => self.call(at, located, state),
            Flow::SubroutineReturn => self.leave(located, state),
        }
    }

    fn call(&mut self, at: usize, located: &Located, state: &Frame) -> Go {
        let distance = located.instruction.branches().first().copied().unwrap_or_default();
        let target = i64::from(located.at).saturating_add(distance.into());
        let Some(entry) = self.offsets.index(target) else { return Go::Elsewhere };
        let mut inside = state.clone();
        let Ok(name) = u16::try_from(entry) else { return Go::Elsewhere };
        inside.stack.push(Word::Address(name));
        let next = at.saturating_add(1);
        if next >= self.machine.body.code.len() {
            let (index, body) = (self.machine.index, self.machine.body);
            let detail = "the subroutine would return behind the end".to_owned();
            body.refuse(index, Some(located), Rule::FallsOff, detail, self.refusals);
            return Go::Elsewhere;
        }
        self.know(entry);
        let Some(subroutine) = self.subroutines.get_mut(&entry) else { return Go::Elsewhere };
        match subroutine.calls.get_mut(&at) {
            None => {
                subroutine.calls.insert(at, state.clone());
            }
            Some(known) => {
                // A difference in depth shows at the entry.
                let _ = known.join(state, self.kinds);
            }
        }
        if !self.meet(entry, &inside) || !self.come_back(entry, Some(at)) {
            return Go::Spent;
        }
        Go::Elsewhere
    }

    fn know(&mut self, entry: usize) {
        if self.subroutines.contains_key(&entry) {
            return;
        }
        let mut steps = 0usize;
        let handlers_of = |at: usize| -> Vec<usize> {
            let region = self.regions.get(at).copied().unwrap_or_default();
            let set = self.covers.get(usize::from(region)).map_or(&[][..], Vec::as_slice);
            set.iter().filter_map(|number| Some(self.catches.get(*number)?.handler)).collect()
        };
        let ways = Ways {
            code: &self.machine.body.code,
            index_at: &|at| self.offsets.index(at),
            handlers_of: &handlers_of,
            locals: usize::from(self.machine.body.header.arguments)
                .saturating_add(self.machine.body.header.max_locals.into()),
        };
        let subroutine = ways.subroutine(entry, &mut steps);
        Work::spend(steps, self.machine.index);
        self.subroutines.insert(entry, subroutine);
    }

    fn leave(&mut self, located: &Located, state: &Frame) -> Go {
        let local = located.instruction.local().map_or(0, |(local, _)| usize::from(local));
        let Some(Word::Address(name)) = state.locals.get(local).copied() else {
            let (index, body) = (self.machine.index, self.machine.body);
            let detail = format!("local variable {local} holds no return address");
            body.refuse(index, Some(located), Rule::Subroutine, detail, self.refusals);
            return Go::Elsewhere;
        };
        let entry = usize::from(name);
        let Some(subroutine) = self.subroutines.get_mut(&entry) else { return Go::Elsewhere };
        match &mut subroutine.end {
            None => subroutine.end = Some(state.clone()),
            Some(end) => {
                if let Err(Depths(one, other)) = end.join(state, self.kinds) {
                    let detail = format!("{one} words on one way out, {other} on another");
                    let (index, body) = (self.machine.index, self.machine.body);
                    body.refuse(index, Some(located), Rule::JoinDepth, detail, self.refusals);
                    return Go::Elsewhere;
                }
            }
        }
        if self.come_back(entry, None) { Go::Elsewhere } else { Go::Spent }
    }

    /// A subroutine returns to its calls, or to one of them.
    fn come_back(&mut self, entry: usize, only: Option<usize>) -> bool {
        let Some(subroutine) = self.subroutines.get(&entry) else { return true };
        let Some(end) = &subroutine.end else { return true };
        let mut states = Vec::new();
        for (call, before) in &subroutine.calls {
            if only.is_some_and(|only| only != *call) {
                continue;
            }
            let words = end.words().saturating_mul(2).saturating_add(1);
            if !Work::spend(words, self.machine.index) {
                return false;
            }
            states.push((call.saturating_add(1), returned(subroutine, end, before, entry)));
        }
        // The order of a hash table must not show in messages.
        states.sort_by_key(|(next, _)| *next);
        states.into_iter().all(|(next, state)| self.meet(next, &state))
    }
}

/// The state after a call: what the subroutine cannot write is as before. Objects that are not
/// initialised, and return addresses that were used up, are not usable any more.
fn returned(subroutine: &Subroutine, end: &Frame, before: &Frame, entry: usize) -> Frame {
    let mut after = end.clone();
    let words = after.locals.iter_mut().zip(&before.locals).zip(&subroutine.writes);
    for ((word, before), is_written) in words {
        if *is_written {
            if matches!(word, Word::Address(_)) {
                *word = Word::Unusable;
            }
        } else {
            *word = *before;
        }
    }
    let is_used = |word: &Word| match word {
        Word::Address(name) => usize::from(*name) == entry,
        Word::New(_) => true,
        _ => false,
    };
    for word in after.locals.iter_mut().filter(|word| is_used(word)) {
        *word = Word::Unusable;
    }
    let addresses = |word: &&mut Word| matches!(word, Word::Address(_) | Word::New(_));
    for word in after.stack.iter_mut().filter(addresses) {
        *word = Word::Unusable;
    }
    after.mend();
    after
}

enum Go {
    On,
    Elsewhere,
    Spent,
}

/// The class of an instruction's `new`.
pub(super) fn made(index: &Index<'_>, body: &Body<'_>, at: u16) -> Option<ClassId> {
    let found = body.code.binary_search_by_key(&at, |located| located.at).ok()?;
    let instruction = &body.code.get(found)?.instruction;
    if instruction.opcode != Opcode::New {
        return None;
    }
    match index.constant(instruction.constant()?.index)? {
        Constant::Class { class, .. } => index.classes.find(class),
        _ => None,
    }
}
