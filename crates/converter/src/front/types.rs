//! Types and descriptors.

/// A type as a descriptor says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Void,
    Boolean,
    Byte,
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
    /// Name with `/`.
    Class(String),
    Array(Box<Type>),
}

/// Parameters and result of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
}

impl Type {
    /// Reads a whole field descriptor.
    pub(crate) fn parse(descriptor: &str) -> Option<Self> {
        match take(descriptor)? {
            (Self::Void, _) => None,
            (parsed, "") => Some(parsed),
            _ => None,
        }
    }

    /// Reads the name of a class constant, which may be an array's descriptor.
    pub(crate) fn of_class_constant(name: &str) -> Option<Self> {
        if name.starts_with('[') { Self::parse(name) } else { Some(Self::Class(name.to_owned())) }
    }

    /// Words on the stack of the card.
    pub(crate) fn words(&self) -> u16 {
        match self {
            Self::Void => 0,
            Self::Int => 2,
            _ => 1,
        }
    }

    /// Words on the stack of the JVM.
    pub(crate) fn jvm_words(&self) -> u16 {
        match self {
            Self::Void => 0,
            Self::Long | Self::Double => 2,
            _ => 1,
        }
    }

    /// Whether values are references.
    pub(crate) fn is_reference(&self) -> bool {
        matches!(self, Self::Class(_) | Self::Array(_))
    }

    /// The class that is named in it, if any.
    pub(crate) fn class(&self) -> Option<&str> {
        match self {
            Self::Class(name) => Some(name),
            Self::Array(element) => element.class(),
            _ => None,
        }
    }

    /// What Java Card has not: the type's name and what to take instead.
    pub(crate) fn unsupported(&self) -> Option<(&'static str, &'static str)> {
        const NUMBERS: &str = "Java Card has boolean, byte and short (and int where the card supports it); keep larger numbers in byte arrays or as several shorts.";
        const CHARS: &str = "Java Card has no char: keep characters as bytes, in byte arrays.";
        const STRINGS: &str = "Java Card has no String: keep text as a byte array, such as {'a', 'b'} with casts to byte.";
        const FLAT: &str =
            "Use one array and compute the index: a[(short) (row * WIDTH + column)].";
        match self {
            Self::Char => Some(("char", CHARS)),
            Self::Long => Some(("long", NUMBERS)),
            Self::Float => Some(("float", NUMBERS)),
            Self::Double => Some(("double", NUMBERS)),
            Self::Class(name) if name == "java/lang/String" => Some(("String", STRINGS)),
            Self::Array(element) => match &**element {
                Self::Char => Some(("char[]", CHARS)),
                Self::Long => Some(("long[]", NUMBERS)),
                Self::Float => Some(("float[]", NUMBERS)),
                Self::Double => Some(("double[]", NUMBERS)),
                Self::Array(_) => Some(("multi-dimensional array", FLAT)),
                Self::Class(name) if name == "java/lang/String" => Some(("String[]", STRINGS)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether `int` is in it.
    pub(crate) fn has_int(&self) -> bool {
        match self {
            Self::Int => true,
            Self::Array(element) => element.has_int(),
            _ => false,
        }
    }

    /// As Java source writes it.
    pub(crate) fn java(&self) -> String {
        match self {
            Self::Void => "void".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Byte => "byte".to_owned(),
            Self::Char => "char".to_owned(),
            Self::Short => "short".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Long => "long".to_owned(),
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Class(name) => name.replace('/', "."),
            Self::Array(element) => {
                let mut text = element.java();
                text.push_str("[]");
                text
            }
        }
    }
}

impl Signature {
    /// Reads a method descriptor.
    pub(crate) fn parse(descriptor: &str) -> Option<Self> {
        let mut rest = descriptor.strip_prefix('(')?;
        let mut parameters = Vec::new();
        loop {
            if let Some(result) = rest.strip_prefix(')') {
                let (result, rest) = take(result)?;
                return rest.is_empty().then_some(Self { parameters, result });
            }
            let (parameter, after) = take(rest)?;
            if parameter == Type::Void || parameters.len() >= 255 {
                return None;
            }
            parameters.push(parameter);
            rest = after;
        }
    }

    /// Parameters and result.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.parameters.iter().chain(std::iter::once(&self.result))
    }

    /// Words of the parameters on the card, without the object.
    pub(crate) fn parameter_words(&self) -> u16 {
        self.parameters.iter().map(Type::words).fold(0, u16::saturating_add)
    }

    /// Parameters as Java source writes them.
    pub(crate) fn java(&self) -> String {
        self.parameters.iter().map(Type::java).collect::<Vec<_>>().join(", ")
    }
}

fn take(text: &str) -> Option<(Type, &str)> {
    let dimensions = text.bytes().take_while(|byte| *byte == b'[').count();
    if dimensions > 255 {
        return None;
    }
    let text = text.get(dimensions..)?;
    let rest = || text.get(1..).unwrap_or("");
    let (element, rest) = match text.bytes().next()? {
        b'V' if dimensions == 0 => (Type::Void, rest()),
        b'Z' => (Type::Boolean, rest()),
        b'B' => (Type::Byte, rest()),
        b'C' => (Type::Char, rest()),
        b'S' => (Type::Short, rest()),
        b'I' => (Type::Int, rest()),
        b'J' => (Type::Long, rest()),
        b'F' => (Type::Float, rest()),
        b'D' => (Type::Double, rest()),
        b'L' => {
            let (name, rest) = rest().split_once(';')?;
            (Type::Class(name.to_owned()), rest)
        }
        _ => return None,
    };
    let array = (0..dimensions).fold(element, |inner, _| Type::Array(Box::new(inner)));
    Some((array, rest))
}
