//! Constants and variants that can stand for one another: those of one type.

use std::collections::BTreeMap;

use syn::{ImplItem, Item};

use super::operators::type_name;

/// Names of types, each with its variants without fields, or its constants of its own type.
#[derive(Debug, Default)]
pub struct Constants(BTreeMap<String, Vec<String>>);

/// Status words, which a macro declares.
const STATUS_WORDS: [&str; 2] = ["WRONG_DATA", "CONDITIONS"];

impl Constants {
    /// Adds those of a source text; a name that two sources declare is nobody's.
    ///
    /// # Errors
    /// What keeps the text from being Rust.
    pub fn learn(&mut self, source: &str) -> Result<(), syn::Error> {
        for item in &syn::parse_file(source)?.items {
            let (name, names) = match item {
                Item::Enum(item) => {
                    let plain = item.variants.iter().all(|variant| variant.fields.is_empty());
                    let names = item.variants.iter().map(|variant| variant.ident.to_string());
                    (item.ident.to_string(), if plain { names.collect() } else { Vec::new() })
                }
                Item::Impl(item) if item.trait_.is_none() => {
                    let own = type_name(&item.self_ty);
                    let names = item.items.iter().filter_map(|item| match item {
                        ImplItem::Const(item) if type_name(&item.ty) == "Self" => {
                            Some(item.ident.to_string())
                        }
                        _ => None,
                    });
                    (own, names.collect())
                }
                _ => continue,
            };
            if names.len() >= 2 {
                self.0.entry(name).and_modify(Vec::clear).or_insert(names);
            }
        }
        Ok(())
    }

    /// Another one of the same type.
    pub fn another(&self, owner: &str, name: &str) -> Option<&str> {
        let [usual, other] = STATUS_WORDS;
        if owner == "StatusWord" {
            let constant =
                name.chars().all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c));
            return constant.then_some(if name == usual { other } else { usual });
        }
        let names = self.0.get(owner)?;
        let at = names.iter().position(|known| known == name)?;
        names.get((at + 1) % names.len()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_and_constants_of_a_type_follow_one_another() {
        let mut known = Constants::default();
        known
            .learn(
                "enum Kind { A, B = 7, C } enum Held { Key(u8), Pin } enum One { A }
                 impl Usage { pub const X: Self = Self(1); const N: u8 = 1; const Y: Self = X; }",
            )
            .unwrap();
        assert_eq!(known.another("Kind", "A"), Some("B"));
        assert_eq!(known.another("Kind", "C"), Some("A"));
        assert_eq!(known.another("Usage", "X"), Some("Y"));
        assert_eq!(known.another("Usage", "N"), None);
        assert_eq!(known.another("Held", "Pin"), None);
        assert_eq!(known.another("One", "A"), None);
        assert_eq!(known.another("StatusWord", "MAC_INVALID"), Some("WRONG_DATA"));
        assert_eq!(known.another("StatusWord", "WRONG_DATA"), Some("CONDITIONS"));
        assert_eq!(known.another("StatusWord", "more"), None);
        known.learn("enum Kind { D, E }").unwrap();
        assert_eq!(known.another("Kind", "A"), None);
    }
}
