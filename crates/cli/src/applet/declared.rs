//! Lines of declarations. Class files have lines for code only, so that what is said about a field, a
//! class or a method without code has none; the source has.

use std::collections::HashSet;
use std::path::Path;

use super::compile::ClassBytes;
use super::said::Said;
use crate::cap::input;

/// Finds lines in sources.
pub(super) struct Declarations {
    /// Names of the classes, with dots before the class and `$` in it.
    classes: HashSet<String>,
}

/// What a line declares.
#[derive(Clone, Copy)]
enum Declared<'a> {
    Class(&'a str),
    Field(&'a str),
    Method(&'a str),
}

impl Declarations {
    pub(super) fn of(classes: &[ClassBytes]) -> Self {
        let name =
            |class: &ClassBytes| class.name.strip_suffix(".class").map(|it| it.replace('/', "."));
        Self { classes: classes.iter().filter_map(name).collect() }
    }

    /// With the line of what it is about, where there is none yet and the source has one.
    pub(super) fn located(&self, mut said: Said) -> Said {
        if said.line.is_none()
            && let (Some(file), Some(construct)) = (&said.file, &said.construct)
            && let Ok(bytes) = input::bytes(Path::new(file))
        {
            said.line = self.line(construct, &String::from_utf8_lossy(&bytes));
        }
        said
    }

    fn line(&self, construct: &str, source: &str) -> Option<u32> {
        let name = construct.split('(').next().unwrap_or(construct);
        let (class, member) = if self.classes.contains(name) {
            (name, None)
        } else {
            let (class, member) = name.rsplit_once('.')?;
            let is_method = construct.len() > name.len();
            let declared =
                if is_method { Declared::Method(member) } else { Declared::Field(member) };
            (self.classes.contains(class).then_some(class)?, Some(declared))
        };
        let class = Declared::Class(class.rsplit(['.', '$']).next().unwrap_or(class));
        let mut lines = (1u32..).zip(source.lines()).filter(|(_, line)| !is_comment(line));
        let (at, line) = lines.find(|(_, line)| class.is_in(line))?;
        let Some(member) = member else { return Some(at) };
        // A member may stand in the line of its class.
        let rest = std::iter::once((at, line)).chain(lines);
        rest.into_iter().find(|(_, line)| member.is_in(line)).map(|(at, _)| at)
    }
}

fn is_comment(line: &str) -> bool {
    ["//", "*", "/*"].iter().any(|start| line.trim_start().starts_with(start))
}

impl Declared<'_> {
    fn is_in(self, line: &str) -> bool {
        let (Self::Class(name) | Self::Field(name) | Self::Method(name)) = self;
        line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            let after = line.get(at.saturating_add(name.len())..).unwrap_or_default();
            let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
            whole && self.fits(before.trim_end(), after.trim_start())
        })
    }

    /// Whether a name that stands so is declared there, not used.
    fn fits(self, before: &str, after: &str) -> bool {
        match self {
            Self::Class(_) => {
                let word = before.rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
                ["class", "interface", "enum", "record"].contains(&word)
            }
            // A type stands before the name.
            Self::Field(_) => {
                before.ends_with(|c: char| is_part(c) || c == ']' || c == ',' || c == '>')
                    && after.starts_with(['=', ';', ',', '['])
                    && !before.ends_with("return")
            }
            Self::Method(_) => {
                before.ends_with(|c: char| is_part(c) || c == ']' || c == '>')
                    && after.starts_with('(')
                    && !["new", "return"].iter().any(|word| before.ends_with(word))
            }
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
package a;

/** class Bad has a float f. */
public class Bad {
    float g, f = 1;
    enum E { ONE }

    void use() {
        f = 2;
        m(); return f;
    }

    native void m();
    static class Inner { char f; }
}
";

    fn line(construct: &str) -> Option<u32> {
        let class = |name: &str| ClassBytes { name: format!("a/{name}.class"), bytes: Vec::new() };
        let classes = ["Bad", "Bad$E", "Bad$Inner"].map(class);
        Declarations::of(&classes).line(construct, SOURCE)
    }

    #[test]
    fn declarations_are_found_and_uses_are_not() {
        assert_eq!(line("a.Bad"), Some(4));
        assert_eq!(line("a.Bad.f"), Some(5));
        assert_eq!(line("a.Bad.g"), Some(5));
        assert_eq!(line("a.Bad$E"), Some(6));
        assert_eq!(line("a.Bad.m()"), Some(13));
        assert_eq!(line("a.Bad$Inner.f"), Some(14));
    }

    #[test]
    fn what_is_not_in_the_source_has_no_line() {
        assert_eq!(line("a.Bad.access$0(a.Bad)"), None);
        assert_eq!(line("a.Other.f"), None);
        assert_eq!(line("applet Bad"), None);
    }
}
