//! The ConstantPool component: each constant leads to what it says.

use super::Rule;
use super::classes::ClassId;
use super::index::{FieldTarget, Index, Target, method_kind};
use super::members::Member;
use super::refusal::Refusals;
use crate::cap::{ClassRef, Constant, StaticRef, Tag, access};

/// Checks the constants; says which of them are in order.
pub(super) fn check(index: &Index<'_>, refusals: &mut Refusals) -> Vec<bool> {
    let constants = &index.cap.constant_pool.constants;
    let blocks = index.cap.methods.blocks.len();
    let mut sound = Vec::with_capacity(constants.len());
    for (number, constant) in constants.iter().enumerate() {
        if refusals.is_full() || !index.classes.is_affordable(refusals) {
            break;
        }
        let found = one(index, number, *constant, blocks);
        sound.push(found.is_ok());
        if let Err((rule, detail)) = found {
            let at = index.places.constant(number);
            refusals.at(Tag::ConstantPool, at, rule, format!("constant {number}: {detail}"));
        }
    }
    sound
}

type Found = Result<(), (Rule, String)>;

fn one(index: &Index<'_>, number: usize, constant: Constant, blocks: usize) -> Found {
    match constant {
        Constant::Class { class, padding } => {
            self::class(index, class)?;
            if padding != 0 {
                return Err((Rule::ConstantPadding, format!("the last byte is {padding}")));
            }
            Ok(())
        }
        Constant::InstanceField { class, token } => {
            let id = self::class(index, class)?;
            not_interface(index, id)?;
            let target = index.instance_field(id, token);
            let what = || format!("field {token} of {}", index.classes.name(id));
            field(index, number, target, false, &what)
        }
        Constant::StaticField(member) => {
            if let StaticRef::External { package, class, .. } = member {
                self::class(index, ClassRef::External { package, class })?;
            }
            if let StaticRef::Internal { block: padding @ 1.., .. } = member {
                return Err((Rule::ConstantPadding, format!("the first byte is {padding}")));
            }
            let what = || match member {
                StaticRef::Internal { offset, .. } => format!("static field at {offset}"),
                StaticRef::External { token, .. } => format!("static field {token}"),
            };
            field(index, number, index.static_field(member), true, &what)
        }
        Constant::VirtualMethod { class, token } => {
            let id = self::class(index, class)?;
            if index.classes.is_interface(id) == Some(true) {
                let detail = format!("{} is an interface", index.classes.name(id));
                return Err((Rule::ConstantClass, detail));
            }
            let what = || format!("method {} of {}", virtual_token(token), index.classes.name(id));
            method(index, number, index.virtual_method(id, token), Member::VirtualMethod, &what)
        }
        Constant::SuperMethod { class, token } => {
            let id = self::class(index, class)?;
            if !matches!(id, ClassId::Here(_)) {
                let detail = format!("{} is no class of the file", index.classes.name(id));
                return Err((Rule::ConstantClass, detail));
            }
            not_interface(index, id)?;
            let above = index.classes.superclass(id).unwrap_or(ClassId::Unknown);
            let what =
                || format!("method {} above {}", virtual_token(token), index.classes.name(id));
            method(index, number, index.virtual_method(above, token), Member::VirtualMethod, &what)
        }
        Constant::StaticMethod(member) => {
            match member {
                StaticRef::Internal { block, .. } if usize::from(block) >= blocks => {
                    return Err((Rule::ConstantPadding, format!("method block {block}")));
                }
                StaticRef::Internal { .. } => {}
                StaticRef::External { package, class, .. } => {
                    self::class(index, ClassRef::External { package, class })?;
                }
            }
            let what = || match member {
                StaticRef::Internal { offset, .. } => format!("method at {offset}"),
                StaticRef::External { token, .. } => format!("static method {token}"),
            };
            method(index, number, index.static_method(member), Member::StaticMethod, &what)
        }
    }
}

fn virtual_token(token: u8) -> String {
    if token < 0x80 { token.to_string() } else { format!("{} (package)", token & 0x7F) }
}

/// The class of a reference.
pub(super) fn class(index: &Index<'_>, class: ClassRef) -> Result<ClassId, (Rule, String)> {
    if let Some(id) = index.classes.find(class) {
        return Ok(id);
    }
    Err(match class {
        ClassRef::Internal(offset) => {
            (Rule::ClassOffset, format!("no class stands at offset {offset}"))
        }
        ClassRef::External { package, class } => {
            let count = index.classes.imports.len();
            let file = index
                .classes
                .imports
                .get(usize::from(package))
                .and_then(|export| index.classes.packages.get(usize::from((*export)?)));
            let detail = match file {
                Some(file) => format!("{} exports no class {class}", file.name),
                None => format!("package {package} of {count} imports"),
            };
            (Rule::ClassToken, detail)
        }
    })
}

fn not_interface(index: &Index<'_>, id: ClassId) -> Found {
    if index.classes.is_interface(id) == Some(true) {
        let detail = format!("{} is an interface", index.classes.name(id));
        return Err((Rule::ConstantClass, detail));
    }
    Ok(())
}

fn field(
    index: &Index<'_>,
    number: usize,
    target: FieldTarget,
    is_static: bool,
    what: &dyn Fn() -> String,
) -> Found {
    let Some(signature) = index.constant_signature(number) else { return Ok(()) };
    if !signature.is_field() {
        return Err((Rule::ConstantField, format!("{}: its type is not one of a field", what())));
    }
    if target == FieldTarget::Missing {
        return Err((Rule::ConstantField, format!("there is no {}", what())));
    }
    let Some((field_type, _, _, flags)) = index.field_facts(target) else { return Ok(()) };
    if (flags & access::STATIC != 0) != is_static {
        return Err((Rule::ConstantField, format!("{} is not of that kind", what())));
    }
    if field_type.is_some_and(|declared| !declared.same(signature.result())) {
        return Err((Rule::ConstantField, format!("{} is declared with another type", what())));
    }
    Ok(())
}

fn method(
    index: &Index<'_>,
    number: usize,
    target: Target,
    kind: Member,
    what: &dyn Fn() -> String,
) -> Found {
    if target == Target::Missing {
        return Err((Rule::ConstantMethod, format!("there is no {}", what())));
    }
    let Some(signature) = index.constant_signature(number) else { return Ok(()) };
    if !signature.is_method() {
        return Err((Rule::ConstantMethod, format!("{}: its type is not one of a method", what())));
    }
    if let Some((_, _, flags)) = index.target_access(target) {
        // Private methods are called like static ones.
        let fixed = flags & access::PRIVATE != 0 || method_kind(flags) == Member::StaticMethod;
        if fixed != (kind == Member::StaticMethod) {
            return Err((Rule::ConstantMethod, format!("{} is not of that kind", what())));
        }
    }
    let declared = index.target_signature(target);
    if declared.is_some_and(|declared| !declared.same(signature)) {
        return Err((Rule::ConstantMethod, format!("{} is declared with another type", what())));
    }
    Ok(())
}
