//! Tokens, orders, offsets: everything gets its place.

mod image;
mod imports;
mod pool;
mod tokens;

use capfile::cap;

use crate::code::{Assembled, Bodies, Constant, Style, assemble};
use crate::diagnostic::{Place, Sink};
use crate::front::{ClassRef, MemberRef, Program, Signature, Type};
use crate::request::Request;

pub(crate) use image::Image;
pub(crate) use imports::ImportOrder;
pub(crate) use pool::Pool;
pub(crate) use tokens::{NONE, Tokens, Virtual};

/// A package whose parts have their places.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) format: cap::Format,
    pub(crate) imports: ImportOrder,
    /// By class.
    pub(crate) tokens: Vec<Tokens>,
    pub(crate) image: Image,
    pub(crate) pool: Pool,
    /// By class: its offset in the Class component's info.
    pub(crate) class_offsets: Vec<u16>,
    /// By class and method: where it stands in the Method component's info.
    pub(crate) methods: Vec<Vec<MethodLayout>>,
    /// All handlers, by method.
    pub(crate) handler_count: usize,
}

/// A method's place.
#[derive(Debug, Default)]
pub(crate) struct MethodLayout {
    /// Offset in the Method component's info; 0 for methods of interfaces.
    pub(crate) offset: u16,
    pub(crate) header: Vec<u8>,
    pub(crate) first_handler: u16,
    pub(crate) body: Option<Assembled>,
}

/// Gives everything its place.
pub(crate) fn lay_out(
    program: &Program,
    bodies: &Bodies,
    request: &Request<'_>,
    sink: &mut Sink,
) -> Option<Package> {
    let tokens = tokens::assign(program, sink)?;
    let image = image::lay_out(program, sink)?;
    let imports = imports::order(program, bodies, sink)?;
    let pool = pool::lay_out(program, bodies, sink)?;
    let format = format(program, bodies, request);
    let mut package = Package {
        format,
        imports,
        tokens,
        image,
        pool,
        class_offsets: vec![0; program.classes.len()],
        methods: Vec::new(),
        handler_count: 0,
    };
    let classes = crate::emit::classes(program, &package);
    match classes.offsets(format) {
        Ok(offsets) => package.class_offsets = offsets,
        Err(too_large) => {
            refuse(program, sink, &too_large.to_string());
            return None;
        }
    }
    place_methods(program, bodies, request, &mut package, sink)?;
    Some(package)
}

/// Something about the package as a whole.
pub(crate) fn refuse(program: &Program, sink: &mut Sink, text: &str) {
    let place = Place { construct: program.package.replace('/', "."), ..Place::default() };
    sink.error(&place, text, "Split the package: export what both halves need from a library.");
}

/// Format 2.3 of platforms that have it, 2.2 where something needs it, else 2.1, which more cards
/// know. A package without any class is the same in all formats and is written in the oldest.
fn format(program: &Program, bodies: &Bodies, request: &Request<'_>) -> cap::Format {
    let has_classes = program.classes.iter().any(|class| !class.is_interface());
    let is_remote = program.classes.iter().any(|class| class.is_remote);
    let version = if request.target.has_format_23() && (has_classes || !bodies.is_empty()) {
        cap::FormatVersion::V2_3
    } else if request.options.debug || is_remote {
        cap::FormatVersion::V2_2
    } else {
        cap::FormatVersion::V2_1
    };
    cap::Format::compact(version)
}

fn place_methods(
    program: &Program,
    bodies: &Bodies,
    request: &Request<'_>,
    package: &mut Package,
    sink: &mut Sink,
) -> Option<()> {
    let handlers: usize = bodies.values().map(|body| body.handlers.len()).sum();
    if handlers > 255 {
        let text = format!("the package has {handlers} exception handlers, more than 255");
        refuse(program, sink, &text);
    }
    let style = Style {
        has_short_puts: request.target.has_short_puts() || request.options.optimize,
        is_small: request.options.optimize,
    };
    let mut offset = handlers.saturating_mul(8).saturating_add(1);
    let mut handler = 0_usize;
    for (class_index, class) in program.classes.iter().enumerate() {
        let mut layouts = Vec::with_capacity(class.methods.len());
        for (index, method) in class.methods.iter().enumerate() {
            if class.is_interface() {
                layouts.push(MethodLayout::default());
                continue;
            }
            let mut layout = MethodLayout::default();
            let place = class.member_place(&method.java());
            match u16::try_from(offset) {
                Ok(offset) => layout.offset = offset,
                Err(_) => {
                    refuse(program, sink, "the methods of the package have more than 65535 bytes");
                    return None;
                }
            }
            layout.first_handler = u16::try_from(handler).unwrap_or(u16::MAX);
            let arguments =
                method.signature.parameter_words().saturating_add(u16::from(!method.is_static()));
            let (mut flags, mut stack, mut locals) = (0, 0, 0);
            match bodies.get(&(class_index, index)) {
                None => flags = cap::MethodHeader::ABSTRACT,
                Some(body) => {
                    let index_of = |constant: Constant| package.pool.index(constant);
                    match assemble(body, &index_of, style) {
                        Ok(assembled) => {
                            stack = assembled.max_stack;
                            locals = body.local_words.saturating_sub(arguments);
                            handler = handler.saturating_add(assembled.handlers.len());
                            layout.body = Some(assembled);
                        }
                        Err(text) => sink.error(&place, text, "Split the method."),
                    }
                }
            }
            match header(flags, stack, arguments, locals) {
                Ok(header) => layout.header = header,
                Err(text) => sink.error(&place, text, "Split the method."),
            }
            let length = layout.body.as_ref().map_or(0, |body| body.code.len());
            offset = offset.saturating_add(layout.header.len()).saturating_add(length);
            layouts.push(layout);
        }
        package.methods.push(layouts);
    }
    package.handler_count = handler;
    sink.stop_at_errors()
}

fn header(flags: u8, stack: u16, arguments: u16, locals: u16) -> Result<Vec<u8>, String> {
    let byte = |what: &str, words: u16| {
        u8::try_from(words)
            .map_err(|_| format!("the method has {words} words of {what}, more than 255"))
    };
    let mut header = cap::MethodHeader::new(
        byte("operand stack", stack)?,
        byte("parameters", arguments)?,
        byte("local variables", locals)?,
    );
    header.flags |= flags;
    Ok(header.to_bytes())
}

impl Package {
    /// How the CAP file names a class.
    pub(crate) fn class_ref(&self, program: &Program, class: ClassRef) -> cap::ClassRef {
        match class {
            ClassRef::Internal(index) => {
                cap::ClassRef::Internal(self.class_offsets.get(index).copied().unwrap_or_default())
            }
            ClassRef::External(external) => cap::ClassRef::External {
                package: self.imports.token(external.package).unwrap_or(NONE),
                class: program.imports.class(external).map_or(NONE, |class| class.token),
            },
        }
    }

    fn cap_type(&self, program: &Program, kind: &Type) -> Option<cap::Type> {
        let class = |name: &str| {
            program.resolve_class(name).ok().map(|class| self.class_ref(program, class))
        };
        Some(match kind {
            Type::Void => cap::Type::Void,
            Type::Boolean => cap::Type::Boolean,
            Type::Byte => cap::Type::Byte,
            Type::Short => cap::Type::Short,
            Type::Int => cap::Type::Int,
            Type::Class(name) => cap::Type::Object(class(name)?),
            Type::Array(element) => match &**element {
                Type::Boolean => cap::Type::BooleanArray,
                Type::Byte => cap::Type::ByteArray,
                Type::Short => cap::Type::ShortArray,
                Type::Int => cap::Type::IntArray,
                Type::Class(name) => cap::Type::ObjectArray(class(name)?),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// A field's type as the card's descriptors say it.
    pub(crate) fn field_type(&self, program: &Program, kind: &Type) -> Option<Vec<u8>> {
        let types = vec![self.cap_type(program, kind)?];
        cap::TypeDescriptor { types }.to_bytes()
    }

    /// A method's type as the card's descriptors say it.
    pub(crate) fn method_type(&self, program: &Program, signature: &Signature) -> Option<Vec<u8>> {
        let types = signature.types().map(|kind| self.cap_type(program, kind));
        cap::TypeDescriptor { types: types.collect::<Option<_>>()? }.to_bytes()
    }

    pub(crate) fn class_tokens(&self, class: usize) -> Option<&Tokens> {
        self.tokens.get(class)
    }

    /// Token of a method in its class; [`NONE`] where it has none.
    pub(crate) fn method_token(&self, program: &Program, member: MemberRef) -> u8 {
        match member.class {
            ClassRef::Internal(class) => self
                .class_tokens(class)
                .and_then(|tokens| tokens.methods.get(member.index))
                .copied()
                .unwrap_or(NONE),
            ClassRef::External(external) => program
                .imports
                .class(external)
                .and_then(|class| class.methods.get(member.index))
                .map_or(NONE, |method| method.token),
        }
    }

    /// Token of a field in its class; [`NONE`] where it has none.
    pub(crate) fn field_token(&self, program: &Program, member: MemberRef) -> u8 {
        match member.class {
            ClassRef::Internal(class) => self
                .class_tokens(class)
                .and_then(|tokens| tokens.fields.get(member.index))
                .copied()
                .unwrap_or(NONE),
            ClassRef::External(external) => program
                .imports
                .class(external)
                .and_then(|class| class.fields.get(member.index))
                .map_or(NONE, |field| field.token),
        }
    }

    /// Offset of a method of this package.
    pub(crate) fn method_offset(&self, class: usize, index: usize) -> u16 {
        self.methods
            .get(class)
            .and_then(|methods| methods.get(index))
            .map_or(0, |layout| layout.offset)
    }
}
