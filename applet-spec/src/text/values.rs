//! From a TOML value to a Rust value.

use super::{Node, Value};
use crate::Template;

/// Why a value is not what the key wants: what is wrong, what to do.
#[derive(Debug)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub mend: String,
}

impl Refusal {
    /// Says both.
    pub fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { message: message.into(), mend: mend.into() }
    }
}

/// Something a key may hold.
pub trait FromNode: Sized {
    /// Takes the value.
    ///
    /// # Errors
    /// [`Refusal`].
    fn from_node(node: &Node) -> Result<Self, Refusal>;
}

fn wrong_type(node: &Node, wanted: &str) -> Refusal {
    Refusal::new(format!("found {}", node.value.kind()), format!("write {wanted}"))
}

fn number(node: &Node, low: i64, high: i64, wanted: &str) -> Result<i64, Refusal> {
    let Value::Number { value, hex } = &node.value else {
        return Err(wrong_type(node, wanted));
    };
    if (low..=high).contains(value) {
        return Ok(*value);
    }
    let shown = if *hex { format!("0x{value:X}") } else { value.to_string() };
    Err(Refusal::new(format!("{shown} is out of range"), format!("write {wanted}")))
}

macro_rules! numbers {
    ($($ty:ty: $wanted:literal),*) => {$(
        impl FromNode for $ty {
            fn from_node(node: &Node) -> Result<Self, Refusal> {
                number(node, 0, i64::from(<$ty>::MAX), $wanted)
                    .and_then(|value| <$ty>::try_from(value).map_err(|_| wrong_type(node, $wanted)))
            }
        }
    )*};
}

numbers! {
    u8: "a number from 0 to 255 (0x00 to 0xFF)",
    u16: "a number from 0 to 65535 (0x0000 to 0xFFFF)",
    u32: "a number from 0 to 4294967295"
}

impl FromNode for bool {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Flag(flag) => Ok(*flag),
            _ => Err(wrong_type(node, "true or false")),
        }
    }
}

impl FromNode for String {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(wrong_type(node, "a text in double quotes")),
        }
    }
}

/// A list of numbers.
impl FromNode for Vec<u32> {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        match &node.value {
            Value::List(items) => items.iter().map(u32::from_node).collect(),
            _ => Err(wrong_type(node, "a list of numbers in brackets")),
        }
    }
}

impl FromNode for Template {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let Value::Text(text) = &node.value else {
            return Err(wrong_type(
                node,
                "hexadecimal bytes in double quotes, such as \"01 0A FF\"",
            ));
        };
        Template::parse(text).map_err(|error| Refusal::new(error.to_string(), error.mend()))
    }
}

/// Bytes without holes.
impl FromNode for Vec<u8> {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        Template::from_node(node)?.bytes().ok_or_else(|| {
            Refusal::new(
                "{serial} and {public:..} cannot stand here",
                "write the bytes themselves; only file contents and factors may depend on the card",
            )
        })
    }
}

impl<const N: usize> FromNode for [u8; N] {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let bytes = Vec::<u8>::from_node(node)?;
        Self::try_from(bytes.as_slice()).map_err(|_| {
            Refusal::new(
                format!("{} bytes given", bytes.len()),
                format!("write exactly {N} bytes ({} hexadecimal digits)", 2 * N),
            )
        })
    }
}

impl FromNode for apdu::StatusWord {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        u16::from_node(node)
            .map(Self)
            .map_err(|refusal| Refusal::new(refusal.message, "write a status word such as 0x6A81"))
    }
}

/// A value spelled as one of a few words.
pub trait Word: Sized + Copy + 'static {
    /// Spelling and value.
    const WORDS: &'static [(&'static str, Self)];
}

/// Declares the spelling of choices: how a word of a text becomes a value of a type.
#[macro_export]
macro_rules! words {
    ($($ty:ty { $($text:literal => $value:expr),* $(,)? })*) => {$(
        impl $crate::text::Word for $ty {
            const WORDS: &'static [(&'static str, Self)] = &[$(($text, $value)),*];
        }
        impl $crate::text::FromNode for $ty {
            fn from_node(node: &$crate::text::Node) -> Result<Self, $crate::text::Refusal> {
                $crate::text::word(node)
            }
        }
    )*};
}

/// The value of a word.
///
/// # Errors
/// [`Refusal`], with the words there are.
pub fn word<W: Word>(node: &Node) -> Result<W, Refusal> {
    let known: Vec<&str> = W::WORDS.iter().map(|(text, _)| *text).collect();
    let list = format!("write one of: {}", known.join(", "));
    let Value::Text(text) = &node.value else {
        return Err(wrong_type(node, &list["write ".len()..]));
    };
    if let Some((_, value)) = W::WORDS.iter().find(|(known, _)| known == text) {
        return Ok(*value);
    }
    let mend = match nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean {near:?}? {list}"),
        None => list,
    };
    Err(Refusal::new(format!("{text:?} is not known here"), mend))
}

/// The spelling of a word.
pub fn spelling<W: Word + PartialEq>(value: W) -> &'static str {
    W::WORDS.iter().find(|(_, known)| *known == value).map_or("?", |(text, _)| text)
}

/// The known word that `text` is most likely a slip of.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |text: &str| text.to_lowercase().replace('_', "-");
    let text = folded(&text.chars().take(64).collect::<String>());
    known
        .map(|word| (distance(&text, &folded(word)), word))
        .filter(|(distance, word)| *distance <= 1.max(word.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Edit distance (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut above_left = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let here = (above_left + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            above_left = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
