//! Descriptors of class files as Java declares things.

/// A field or method as Java declares it: `declared("get", "([BS)S")` is `short get(byte[], short)`.
/// What is no descriptor is shown as it is, behind the name. Classes have dots.
pub fn declared(name: &str, descriptor: &str) -> String {
    java(name, descriptor).unwrap_or_else(|| format!("{name}{descriptor}"))
}

fn java(name: &str, descriptor: &str) -> Option<String> {
    let Some(inside) = descriptor.strip_prefix('(') else {
        let (field, rest) = one(descriptor)?;
        return rest.is_empty().then(|| format!("{field} {name}"));
    };
    let (mut left, result) = inside.split_once(')')?;
    let mut parameters = Vec::new();
    while !left.is_empty() {
        let (parameter, rest) = one(left)?;
        parameters.push(parameter);
        left = rest;
    }
    let (result, rest) = one(result)?;
    rest.is_empty().then(|| format!("{result} {name}({})", parameters.join(", ")))
}

/// The first type of a descriptor, and what follows it.
fn one(descriptor: &str) -> Option<(String, &str)> {
    let element = descriptor.trim_start_matches('[');
    let dimensions = descriptor.len().saturating_sub(element.len());
    let (name, rest) = match element.strip_prefix('L') {
        Some(class) => {
            let (class, rest) = class.split_once(';')?;
            (class.replace('/', "."), rest)
        }
        None => {
            let mut letters = element.chars();
            let primitive = match letters.next()? {
                'V' => "void",
                'Z' => "boolean",
                'B' => "byte",
                'S' => "short",
                'C' => "char",
                'I' => "int",
                'J' => "long",
                'F' => "float",
                'D' => "double",
                _ => return None,
            };
            (primitive.to_owned(), letters.as_str())
        }
    };
    Some((name + &"[]".repeat(dimensions), rest))
}

#[cfg(test)]
mod tests {
    use super::declared;

    #[test]
    fn fields_and_methods_read_as_java_declares_them() {
        assert_eq!(declared("OFFSET_CLA", "B"), "byte OFFSET_CLA");
        assert_eq!(declared("install", "([BSB)V"), "void install(byte[], short, byte)");
        let shared = declared("shared", "(Ljavacard/framework/AID;B)[Ljava/lang/Object;");
        assert_eq!(shared, "java.lang.Object[] shared(javacard.framework.AID, byte)");
    }

    #[test]
    fn what_is_no_descriptor_is_shown_as_it_is() {
        for wrong in ["", "(", "(B", "(B)", "Q", "(Lx)V", "BB", "()VV"] {
            assert_eq!(declared("m", wrong), format!("m{wrong}"));
        }
    }
}
