//! Tokens of classes, fields and methods, and the tables of virtual methods.

use crate::diagnostic::Sink;
use crate::front::{Class, ClassRef, Exported, Field, MemberRef, Program};

/// In place of a token: there is none.
pub(crate) const NONE: u8 = 0xFF;

/// Tokens of a class and its members.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Its own, if it is public.
    pub(crate) class: Option<u8>,
    /// By method.
    pub(crate) methods: Vec<u8>,
    /// By field.
    pub(crate) fields: Vec<u8>,
    /// Fields of objects, by token.
    pub(crate) instance_fields: Vec<usize>,
    /// Words of them.
    pub(crate) instance_words: u16,
    /// Words of them and of those that superclasses of this package have.
    all_words: u16,
    /// Token of the first of them that is a reference.
    pub(crate) first_reference: Option<u8>,
    pub(crate) reference_count: u8,
    /// Public and protected virtual methods, by token, inherited ones too.
    pub(crate) public: Vec<Virtual>,
    /// How many of them the superclass has.
    pub(crate) inherited_public: usize,
    /// Virtual methods that are visible in the package, likewise.
    pub(crate) package: Vec<Virtual>,
    pub(crate) inherited_package: usize,
}

/// An entry of a table of virtual methods.
#[derive(Clone, Debug)]
pub(crate) struct Virtual {
    pub(crate) name: String,
    pub(crate) descriptor: String,
    /// The method, where it is one of this package.
    pub(crate) method: Option<MemberRef>,
    /// The class declares it itself.
    pub(crate) is_own: bool,
}

/// Most virtual methods of a kind that a class may have: tokens have 7 bits.
const MOST_VIRTUAL: usize = 128;

/// Assigns all tokens; superclasses stand before their subclasses.
pub(super) fn assign(program: &Program, sink: &mut Sink) -> Option<Vec<Tokens>> {
    let mut all: Vec<Tokens> = Vec::with_capacity(program.classes.len());
    let mut next_class = 0_u8;
    for (index, class) in program.classes.iter().enumerate() {
        let mut tokens = Tokens {
            methods: vec![NONE; class.methods.len()],
            fields: vec![NONE; class.fields.len()],
            ..Tokens::default()
        };
        if class.is_public() {
            tokens.class = Some(next_class);
            next_class = next_class.saturating_add(1);
        }
        if class.is_interface() {
            interface_methods(program, index, class, &mut tokens);
        } else {
            static_methods(class, &mut tokens);
            inherit(program, class, &all, &mut tokens);
            virtual_methods(index, class, &mut tokens);
        }
        instance_fields(class, &mut tokens);
        tokens.all_words = tokens.instance_words.saturating_add(match class.superclass {
            Some(ClassRef::Internal(above)) => all.get(above).map_or(0, |above| above.all_words),
            _ => 0,
        });
        if tokens.all_words > 255 {
            let text = format!(
                "objects of the class have {} words of fields, those of superclasses included, more than 255",
                tokens.all_words,
            );
            sink.error(&class.place(), text, "Put values into arrays, or split the class.");
        }
        static_fields(class, &mut tokens);
        let virtual_count = tokens.public.len().max(tokens.package.len());
        if virtual_count > MOST_VIRTUAL {
            let text = format!("the class has {virtual_count} virtual methods, more than 128");
            sink.error(&class.place(), text, "Split the class.");
        }
        all.push(tokens);
    }
    sink.stop_at_errors()?;
    Some(all)
}

fn interface_methods(program: &Program, index: usize, class: &Class, tokens: &mut Tokens) {
    for (at, method) in class.methods.iter().enumerate() {
        let token =
            program.interface_token(ClassRef::Internal(index), &method.name, &method.descriptor);
        set(&mut tokens.methods, at, token.unwrap_or(NONE));
    }
}

/// Static methods and constructors have one numbering.
fn static_methods(class: &Class, tokens: &mut Tokens) {
    let mut next = 0_u8;
    for (at, method) in class.methods.iter().enumerate() {
        if (method.is_static() || method.is_constructor()) && method.is_exported() {
            set(&mut tokens.methods, at, next);
            next = next.saturating_add(1);
        }
    }
}

fn inherit(program: &Program, class: &Class, all: &[Tokens], tokens: &mut Tokens) {
    match class.superclass {
        Some(ClassRef::Internal(above)) => {
            let Some(above) = all.get(above) else { return };
            tokens.public = above.public.clone();
            tokens.package = above.package.clone();
        }
        Some(ClassRef::External(above)) => {
            let Some(above) = program.imports.class(above) else { return };
            for method in above.virtual_methods() {
                let token = usize::from(method.token);
                // A gap in the tokens, which no true export file has, is filled with what nothing
                // overrides.
                while tokens.public.len() < token && token < MOST_VIRTUAL {
                    tokens.public.push(Virtual {
                        name: String::new(),
                        descriptor: String::new(),
                        method: None,
                        is_own: false,
                    });
                }
                tokens.public.push(Virtual {
                    name: method.name.to_string(),
                    descriptor: method.descriptor.to_string(),
                    method: None,
                    is_own: false,
                });
            }
        }
        None => {}
    }
    for entry in tokens.public.iter_mut().chain(&mut tokens.package) {
        entry.is_own = false;
    }
    tokens.inherited_public = tokens.public.len();
    tokens.inherited_package = tokens.package.len();
}

fn virtual_methods(index: usize, class: &Class, tokens: &mut Tokens) {
    for (at, method) in class.methods.iter().enumerate() {
        if !method.is_virtual() {
            continue;
        }
        let (table, tag) = if method.is_exported() {
            (&mut tokens.public, 0)
        } else {
            (&mut tokens.package, 0x80)
        };
        let place = table.iter().position(|entry| method.is(&entry.name, &entry.descriptor));
        let entry = Virtual {
            name: method.name.clone(),
            descriptor: method.descriptor.clone(),
            method: Some(MemberRef { class: ClassRef::Internal(index), index: at }),
            is_own: true,
        };
        let token = place.unwrap_or(table.len());
        match table.get_mut(token) {
            Some(slot) => *slot = entry,
            None => table.push(entry),
        }
        let token = u8::try_from(token).unwrap_or(u8::MAX) | tag;
        set(&mut tokens.methods, at, token);
    }
}

/// Numbers fields of objects: visible ones first, and references together.
fn instance_fields(class: &Class, tokens: &mut Tokens) {
    let rank = |field: &Field| match (field.is_exported(), field.kind.is_reference()) {
        (true, false) => 0,
        (true, true) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    let mut fields: Vec<usize> = (0..class.fields.len()).collect();
    fields.retain(|at| class.fields.get(*at).is_some_and(|field| !field.is_static()));
    fields.sort_by_key(|at| class.fields.get(*at).map_or(4, rank));
    for at in &fields {
        // An int takes two tokens, as it takes two words.
        let token = u8::try_from(tokens.instance_words).unwrap_or(NONE);
        set(&mut tokens.fields, *at, token);
        let Some(field) = class.fields.get(*at) else { continue };
        tokens.instance_words = tokens.instance_words.saturating_add(field.kind.words());
        if field.kind.is_reference() {
            tokens.first_reference.get_or_insert(token);
            tokens.reference_count = tokens.reference_count.saturating_add(1);
        }
    }
    tokens.instance_fields = fields;
}

fn static_fields(class: &Class, tokens: &mut Tokens) {
    let mut next = 0_u8;
    for (at, field) in class.fields.iter().enumerate() {
        if field.is_static() && field.is_exported() && field.constant.is_none() {
            set(&mut tokens.fields, at, next);
            next = next.saturating_add(1);
        }
    }
}

fn set(tokens: &mut [u8], at: usize, token: u8) {
    if let Some(slot) = tokens.get_mut(at) {
        *slot = token;
    }
}

impl Tokens {
    /// The first entry of the table of public methods, as a token.
    pub(crate) fn public_base(&self) -> usize {
        base(&self.public, self.inherited_public)
    }

    /// The first entry of the table of package methods, as a token.
    pub(crate) fn package_base(&self) -> usize {
        base(&self.package, self.inherited_package)
    }
}

/// The lowest token that the class overrides, else the number of those that it inherits.
fn base(table: &[Virtual], inherited: usize) -> usize {
    table.iter().position(|entry| entry.is_own).unwrap_or(inherited).min(inherited)
}
