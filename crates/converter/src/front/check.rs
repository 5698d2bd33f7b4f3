//! Rules that classes keep whatever their code does.

use capfile::class::access;

use super::{Class, ClassRef, Field, Method, Program, Type};
use crate::diagnostic::Sink;
use crate::request::Request;

const INT: &str = "Use short, or allow int (--int) if the cards support it.";

/// Fields a class may have.
const MOST_FIELDS: usize = 255;

pub(super) fn check(program: &Program, request: &Request<'_>, sink: &mut Sink) {
    for (index, class) in program.classes.iter().enumerate() {
        if class.is_refused {
            continue;
        }
        for field in &class.fields {
            check_field(class, field, request, sink);
        }
        for method in &class.methods {
            check_method(class, method, request, sink);
        }
        if class.fields.len() > MOST_FIELDS {
            let text = format!("the class has {} fields, more than 255", class.fields.len());
            sink.error(&class.place(), text, "Put values into arrays, or split the class.");
        }
        check_visibility(program, index, class, sink);
        check_overriding(program, class, sink);
        if lacks_variables(class) {
            sink.warning(
                &class.place(),
                "the class file does not say what types local variables have, so that they are guessed",
                "Compile with -g.",
            );
        }
    }
}

/// Whether code has variables of which no table tells.
fn lacks_variables(class: &Class) -> bool {
    class.methods.iter().any(|method| {
        let words = method.signature.parameters.iter().map(Type::jvm_words);
        let words = words.fold(u16::from(!method.is_static()), u16::saturating_add);
        let code = method.code.as_ref();
        code.is_some_and(|code| code.max_locals > words && code.variables.is_empty())
    })
}

fn check_field(class: &Class, field: &Field, request: &Request<'_>, sink: &mut Sink) {
    let place = class.member_place(&field.name);
    if let Some((name, hint)) = field.kind.unsupported() {
        sink.error(&place, format!("the field has type {name}"), hint);
    } else if field.kind.has_int() && !request.options.int {
        sink.error(&place, format!("the field has type {}", field.kind.java()), INT);
    }
    if field.access & VOLATILE != 0 {
        sink.error(
            &place,
            "the field is volatile",
            "A card runs one thread: take `volatile` away.",
        );
    }
    if field.access & TRANSIENT != 0 {
        sink.error(
            &place,
            "the field is transient",
            "What is lost at reset or deselect is an array of JCSystem.makeTransientByteArray() or its like.",
        );
    }
}

/// Access flag of fields; the same bit makes a bridge of a method.
const VOLATILE: u16 = 0x0040;
/// Access flag of fields.
const TRANSIENT: u16 = 0x0080;

fn check_method(class: &Class, method: &Method, request: &Request<'_>, sink: &mut Sink) {
    let mut place = class.member_place(&method.java());
    place.line = method.code.as_ref().and_then(|code| crate::code::line_at(code, 0));
    if method.access & access::SYNCHRONIZED != 0 {
        sink.error(
            &place,
            "the method is synchronized",
            "A card runs one thread: take `synchronized` away.",
        );
    }
    if method.access & access::NATIVE != 0 {
        sink.error(
            &place,
            "the method is native",
            "Packages bring no native code: write the method in Java.",
        );
    }
    if class.is_interface() && !method.is_abstract() {
        sink.error(
            &place,
            "a method of an interface has code",
            "Interfaces of Java Card have abstract methods only: move the code to a class.",
        );
    }
    let accessor = match method.access & access::SYNTHETIC != 0
        && method.name.starts_with("access$")
    {
        true => {
            " (javac made the method for an inner class that changes a private member: make the member visible in the package)"
        }
        false => "",
    };
    let parameters = method.signature.parameters.iter().map(|kind| (kind, "a parameter"));
    for (kind, what) in parameters.chain([(&method.signature.result, "the result")]) {
        if let Some((name, hint)) = kind.unsupported() {
            sink.error(&place, format!("{what} has type {name}{accessor}"), hint);
        } else if kind.has_int() && !request.options.int {
            sink.error(&place, format!("{what} has type {}{accessor}", kind.java()), INT);
        }
    }
}

/// What others may see must not stand on what they may not see.
fn check_visibility(program: &Program, index: usize, class: &Class, sink: &mut Sink) {
    if !class.is_public() {
        return;
    }
    let place = class.place();
    let own = |class: &ClassRef| match class {
        ClassRef::Internal(index) => program.class(*index).filter(|class| !class.is_public()),
        ClassRef::External(_) => None,
    };
    for interface in program.all_interfaces(ClassRef::Internal(index)).iter().filter_map(own) {
        let name = interface.name.replace('/', ".");
        if class.is_interface() {
            let text = format!(
                "the public interface extends {name}, which is visible in the package only"
            );
            sink.error(&place, text, "Make both public, or neither.");
        } else if !interface.fields.is_empty() {
            let text = format!(
                "the public class implements {name}, which has fields and is visible in the package only"
            );
            sink.error(
                &place,
                text,
                "Make the interface public, or move its constants to a class.",
            );
        }
    }
    if class.is_interface() {
        return;
    }
    let supers = program.superclasses(ClassRef::Internal(index));
    for above in supers.iter().filter_map(own) {
        let visible = above
            .methods
            .iter()
            .find(|method| method.is_exported() && (method.is_virtual() || method.is_static()));
        if let Some(method) = visible {
            let text = format!(
                "the public class extends {}, which is visible in the package only and has a public or protected method, {}",
                above.name.replace('/', "."),
                method.java(),
            );
            sink.error(
                &place,
                text,
                "Make the superclass public, or its methods visible in the package only.",
            );
        }
    }
}

/// A method that is visible in the package keeps its token when it is overridden.
fn check_overriding(program: &Program, class: &Class, sink: &mut Sink) {
    let Some(superclass) = class.superclass else { return };
    for method in class.methods.iter().filter(|method| method.is_virtual() && method.is_exported())
    {
        let Some(member) = program.resolve_method(superclass, &method.name, &method.descriptor)
        else {
            continue;
        };
        let overridden = program.method_access(member);
        let is_hidden = overridden
            & (access::PUBLIC | access::PROTECTED | access::PRIVATE | access::STATIC)
            == 0;
        if is_hidden && matches!(member.class, ClassRef::Internal(_)) {
            let text = format!(
                "the method overrides one of {} that is visible in the package only, and is public or protected itself",
                program.class_name(member.class).replace('/', "."),
            );
            sink.error(
                &class.member_place(&method.java()),
                text,
                "Give both methods the same visibility.",
            );
        }
    }
}
