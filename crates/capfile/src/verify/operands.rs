//! Operands: what can be said of an instruction without following the method.

use super::Rule;
use super::bodies::Body;
use super::classes::{Answer, ClassId};
use super::constants;
use super::index::{FieldTarget, Index, Target, Visibility};
use super::refusal::Refusals;
use super::types::Resolved;
use crate::cap::{ClassRef, Constant, Header, StaticRef, access};
use crate::class::access as java;
use crate::instruction::{Instruction, Located, Opcode, Operands, Slot};

/// Checks all instructions of a method. False if it cannot be followed.
pub(super) fn check(
    index: &Index<'_>,
    body: &Body<'_>,
    sound: &[bool],
    targets: &dyn Fn(i64) -> bool,
    refusals: &mut Refusals,
) -> bool {
    let mut can_follow = true;
    let locals = usize::from(body.header.arguments).saturating_add(body.header.max_locals.into());
    let current = index.method(body.method).map_or(ClassId::Unknown, |method| method.class);
    for located in &body.code {
        let mut refuse = |rule: Rule, detail: String, refusals: &mut Refusals| {
            can_follow = false;
            body.refuse(index, Some(located), rule, detail, refusals);
        };
        for distance in located.instruction.branches() {
            let target = i64::from(located.at).saturating_add(distance.into());
            if !targets(target) {
                let detail = format!("it leads to bytecode {target}");
                refuse(Rule::BranchTarget, detail, refusals);
            }
        }
        if let Some((local, words)) = located.instruction.local()
            && usize::from(local).saturating_add(words.into()) > locals
        {
            let detail = format!("local variable {local} of {locals} words");
            refuse(Rule::LocalNumber, detail, refusals);
        }
        let checks = [values(located), int(index, located)];
        for (rule, detail) in checks.into_iter().flatten() {
            refuse(rule, detail, refusals);
        }
        match constant(index, &located.instruction, current, sound) {
            Ok(()) => {}
            // The constant was refused already.
            Err(None) => can_follow = false,
            Err(Some((rule, detail))) => {
                can_follow = false;
                body.refuse(index, Some(located), rule, detail, refusals);
            }
        }
    }
    can_follow
}

/// Operands that are values.
fn values(located: &Located) -> Option<(Rule, String)> {
    let operand = |detail: String| Some((Rule::Operand, detail));
    match (located.instruction.opcode, &located.instruction.operands) {
        (Opcode::DupX, Operands::Words { top, down }) => {
            let most = top.saturating_add(4);
            let sound = (1..=4).contains(top) && (*down == 0 || down >= top && *down <= most);
            if sound { None } else { operand(format!("{top} words, {down} down")) }
        }
        (Opcode::SwapX, Operands::Words { top, down }) => {
            let sound = (1..=2).contains(top) && (1..=2).contains(down);
            if sound { None } else { operand(format!("{top} words with {down}")) }
        }
        (_, Operands::ArrayType(kind)) if !(10..=13).contains(kind) => {
            operand(format!("array type {kind}"))
        }
        (_, Operands::TypeTest { kind: kind @ 10..=13, constant: constant @ 1.. }) => {
            operand(format!("type {kind} with constant {constant}, which should be 0"))
        }
        (_, Operands::TypeTest { kind, .. }) if !matches!(kind, 0 | 10..=14) => {
            operand(format!("type {kind}"))
        }
        (_, Operands::Lookup { pairs, .. }) => {
            let values = pairs.iter().map(|(value, _)| *value);
            let next = pairs.iter().skip(1).map(|(value, _)| *value);
            let wrong = values.zip(next).find(|(value, next)| value >= next);
            wrong.map(|(value, next)| (Rule::SwitchOrder, format!("{next} stands after {value}")))
        }
        _ => None,
    }
}

fn int(index: &Index<'_>, located: &Located) -> Option<(Rule, String)> {
    if index.cap.header.flags & Header::INT != 0 {
        return None;
    }
    let operation = located.instruction.opcode.operation();
    let is_int = |slot: &Slot| matches!(slot, Slot::Int | Slot::IntArray);
    let works = operation.takes.iter().chain(operation.gives).any(is_int)
        || matches!(located.instruction.opcode, Opcode::Iinc | Opcode::IincW)
        || matches!(
            located.instruction.operands,
            Operands::ArrayType(13) | Operands::TypeTest { kind: 13, .. }
        );
    works.then(|| (Rule::IntFlag, "it works on int".to_owned()))
}

type Found = Result<(), Option<(Rule, String)>>;

/// The constant: there, of the kind, and open to the class.
fn constant(
    index: &Index<'_>,
    instruction: &Instruction,
    current: ClassId,
    sound: &[bool],
) -> Found {
    let Some(operand) = instruction.constant() else { return Ok(()) };
    let number = operand.index;
    let Some(constant) = index.constant(number) else {
        let detail = format!("constant {number} of {}", index.cap.constant_pool.constants.len());
        return Err(Some((Rule::ConstantKind, detail)));
    };
    if sound.get(usize::from(number)) != Some(&true) {
        return Err(None);
    }
    let refuse =
        |rule: Rule, detail: String| Err(Some((rule, format!("constant {number}: {detail}"))));
    let kind = Wanted::of(instruction.opcode);
    match (kind, constant) {
        (Some(Wanted::Class), Constant::Class { class, .. }) => {
            self::class(index, instruction, class, current)
        }
        (Some(Wanted::StaticField), Constant::StaticField(_))
        | (Some(Wanted::InstanceField), Constant::InstanceField { .. }) => {
            let Some(signature) = index.constant_signature(number.into()) else { return Err(None) };
            if !letter_fits(instruction.opcode, signature.result()) {
                let detail = "the field is of another type".to_owned();
                return refuse(Rule::FieldKind, detail);
            }
            field(index, instruction, constant, current)
        }
        (Some(Wanted::Virtual), Constant::VirtualMethod { class, token }) => {
            let Some(id) = index.classes.find(class) else { return Err(None) };
            method(index, index.virtual_method(id, token), current)
        }
        (Some(Wanted::Special), Constant::StaticMethod(member)) => {
            let target = index.static_method(member);
            if let Some((_, _, flags)) = index.target_access(target) {
                let is_init = flags & access::INIT != 0;
                let is_private = flags & (access::PRIVATE | access::STATIC) == access::PRIVATE;
                if !is_init && !is_private {
                    let detail = "the method is static or virtual".to_owned();
                    return refuse(Rule::InvokeKind, detail);
                }
            }
            method(index, target, current)
        }
        (Some(Wanted::Special), Constant::SuperMethod { class, token }) => {
            let Some(id) = index.classes.find(class) else { return Err(None) };
            if id != current {
                let detail = format!("it is for calls from {}", index.classes.name(id));
                return refuse(Rule::InvokeKind, detail);
            }
            let above = index.classes.superclass(id).unwrap_or(ClassId::Unknown);
            let target = index.virtual_method(above, token);
            let flags = index.target_access(target).map_or(0, |(_, _, flags)| flags);
            if flags & access::ABSTRACT_METHOD != 0 {
                return refuse(Rule::InvokeKind, "the method is abstract".to_owned());
            }
            method(index, target, current)
        }
        (Some(Wanted::Static), Constant::StaticMethod(member)) => {
            let target = index.static_method(member);
            let flags = index.target_access(target).map(|(_, _, flags)| flags);
            if flags.is_some_and(|flags| flags & access::STATIC == 0) {
                return refuse(Rule::InvokeKind, "the method is not static".to_owned());
            }
            method(index, target, current)
        }
        _ => refuse(Rule::ConstantKind, format!("a {}", constant_words(constant))),
    }
}

fn constant_words(constant: Constant) -> &'static str {
    match constant {
        Constant::Class { .. } => "class",
        Constant::InstanceField { .. } => "field of objects",
        Constant::VirtualMethod { .. } => "virtual method",
        Constant::SuperMethod { .. } => "method of a superclass",
        Constant::StaticField(_) => "static field",
        Constant::StaticMethod(_) => "static method or constructor",
    }
}

/// The kind of constant that an opcode works on.
enum Wanted {
    Class,
    InstanceField,
    StaticField,
    Virtual,
    Special,
    Static,
}

impl Wanted {
    fn of(opcode: Opcode) -> Option<Self> {
        use Opcode as O;
        Some(match opcode {
            O::New | O::Anewarray | O::Checkcast | O::Instanceof | O::Invokeinterface => {
                Self::Class
            }
            O::Invokevirtual => Self::Virtual,
            O::Invokespecial => Self::Special,
            O::Invokestatic => Self::Static,
            opcode => match FieldAccess::of(opcode)? {
                FieldAccess { is_static: true, .. } => Self::StaticField,
                _ => Self::InstanceField,
            },
        })
    }
}

/// What a field instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldAccess {
    pub(super) is_static: bool,
    pub(super) puts: bool,
    /// The object is local variable 0.
    pub(super) of_this: bool,
}

impl FieldAccess {
    pub(super) fn of(opcode: Opcode) -> Option<Self> {
        let mnemonic = opcode.mnemonic();
        let (puts, rest) = match (mnemonic.strip_prefix("put"), mnemonic.strip_prefix("get")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return None,
        };
        let is_static = rest.starts_with("static");
        Some(Self { is_static, puts, of_this: rest.ends_with("_this") })
    }
}

/// Whether the letter in a field instruction's name is that of a type.
fn letter_fits(opcode: Opcode, field: Resolved) -> bool {
    let letter = match field {
        Resolved::Boolean | Resolved::Byte => "b",
        Resolved::Short => "s",
        Resolved::Int => "i",
        _ => "a",
    };
    opcode.mnemonic().split('_').nth(1) == Some(letter)
}

fn class(index: &Index<'_>, instruction: &Instruction, class: ClassRef, current: ClassId) -> Found {
    let id = constants::class(index, class).map_err(Some)?;
    let is_interface = index.classes.is_interface(id);
    let name = || index.classes.name(id);
    let described = index.described_class(id).map(|class| class.descriptor.access);
    if described.is_some_and(|flags| flags & access::PUBLIC == 0)
        && !index.same_package(id, current)
    {
        return Err(Some((Rule::PackageAccess, format!("{} is not public", name()))));
    }
    match (instruction.opcode, &instruction.operands) {
        (Opcode::New, _) => {
            let is_abstract = match (described, index.classes.export(id)) {
                (Some(flags), _) => flags & access::ABSTRACT_CLASS != 0,
                (None, Some(export)) => export.access & java::ABSTRACT != 0,
                (None, None) => false,
            };
            if is_abstract || is_interface == Some(true) {
                let detail = format!("{} is abstract", name());
                return Err(Some((Rule::Instantiable, detail)));
            }
        }
        (_, Operands::Interface { words, token, .. }) => {
            if is_interface == Some(false) {
                let detail = format!("{} is no interface", name());
                return Err(Some((Rule::InvokeKind, detail)));
            }
            let target = index.interface_method(id, *token);
            if target == Target::Missing {
                let detail = format!("{} has no method {token}", name());
                return Err(Some((Rule::ConstantMethod, detail)));
            }
            if let Some(signature) = index.target_signature(target) {
                let wanted = signature.words().saturating_add(1);
                if wanted != usize::from(*words) {
                    let detail = format!("{words} words, the method has {wanted}");
                    return Err(Some((Rule::InterfaceWords, detail)));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Private, package and protected, as far as the object does not matter.
fn open(index: &Index<'_>, visible: Visibility, declaring: ClassId, current: ClassId) -> Found {
    let name = || index.classes.name(declaring);
    match visible {
        Visibility::Public => Ok(()),
        Visibility::Private if declaring == current => Ok(()),
        Visibility::Private => {
            Err(Some((Rule::PrivateAccess, format!("it is private in {}", name()))))
        }
        _ if index.same_package(declaring, current) => Ok(()),
        Visibility::Package => {
            Err(Some((Rule::PackageAccess, format!("it belongs to the package of {}", name()))))
        }
        // Whether a constructor may be called depends on the object.
        Visibility::Protected if index.classes.extends(current, declaring) != Answer::No => Ok(()),
        Visibility::Protected => {
            Err(Some((Rule::ProtectedAccess, format!("it is protected in {}", name()))))
        }
    }
}

fn method(index: &Index<'_>, target: Target, current: ClassId) -> Found {
    match index.target_access(target) {
        Some((visible, declaring, _)) => open(index, visible, declaring, current),
        None => Ok(()),
    }
}

fn field(
    index: &Index<'_>,
    instruction: &Instruction,
    constant: Constant,
    current: ClassId,
) -> Found {
    let target = match constant {
        Constant::StaticField(member) => index.static_field(member),
        Constant::InstanceField { class, token } => match index.classes.find(class) {
            Some(id) => index.instance_field(id, token),
            None => return Err(None),
        },
        _ => FieldTarget::Unknown,
    };
    let Some((_, visible, declaring, flags)) = index.field_facts(target) else { return Ok(()) };
    open(index, visible, declaring, current)?;
    let puts = FieldAccess::of(instruction.opcode).is_some_and(|found| found.puts);
    if puts && flags & access::FINAL != 0 && declaring != current {
        let detail = format!("it is final in {}", index.classes.name(declaring));
        return Err(Some((Rule::FinalField, detail)));
    }
    Ok(())
}

/// Whether a member is protected in another package, so that the object matters.
pub(super) fn is_foreign_protected(
    index: &Index<'_>,
    visible: Visibility,
    declaring: ClassId,
    current: ClassId,
) -> bool {
    visible == Visibility::Protected && !index.same_package(declaring, current)
}

/// The class whose constructor a constant means.
pub(super) fn constructed(index: &Index<'_>, member: StaticRef) -> Option<ClassId> {
    match member {
        StaticRef::Internal { .. } => match index.static_method(member) {
            Target::Here(method) => index.method(method).map(|method| method.class),
            _ => None,
        },
        StaticRef::External { package, class, .. } => {
            index.classes.find(ClassRef::External { package, class })
        }
    }
}
