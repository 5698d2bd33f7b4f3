//! Files of one kind: how long they may be, which come with the program, and how one extends
//! another.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Log, MAX_TEXT, Node, Place, Value, merge, parse};
use crate::ProfileErrors;

/// A kind of file that users write and the program brings some of.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// What it is called: `profile`.
    pub what: &'static str,
    /// Names of those that come with the program.
    pub names: &'static [&'static str],
    /// Their texts.
    pub text: fn(&str) -> Option<&'static str>,
}

/// Reads a file that users write. `what` is what errors call its kind: `wrong card`.
///
/// # Errors
/// It cannot be read, is too long, or is not UTF-8.
pub fn read(path: &Path, what: &'static str) -> Result<String, ProfileErrors> {
    Kind { what, names: &[], text: |_| None }.read(path)
}

impl Kind {
    /// Whether a name is a path: anything with a `/` or `\` in it or with `.toml` at its end.
    pub(crate) fn is_path(name: &str) -> bool {
        name.contains(['/', '\\']) || name.ends_with(".toml")
    }

    /// Where no built-in has a name.
    pub(crate) fn unknown(self, name: &str) -> ProfileErrors {
        let Self { what, names, .. } = self;
        ProfileErrors::of_file(
            name,
            format!("no built-in {what} has this name"),
            format!(
                "use one of {}, or the path of a {what} file such as ./mine.toml",
                names.join(", ")
            ),
        )
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is too long, or is not UTF-8.
    pub(crate) fn read(self, path: &Path) -> Result<String, ProfileErrors> {
        let origin = path.display().to_string();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                ProfileErrors::of_file(&origin, error.to_string(), "check the path and its rights")
            })?;
        self.decode(&bytes, &origin).map(str::to_owned)
    }

    /// Bytes that should be UTF-8.
    ///
    /// # Errors
    /// They are not, or too many.
    pub(crate) fn decode<'b>(
        self,
        bytes: &'b [u8],
        origin: &str,
    ) -> Result<&'b str, ProfileErrors> {
        self.refuse_long(bytes.len(), origin)?;
        std::str::from_utf8(bytes).or_else(|error| {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let log = Log::default();
            let text = log.open(origin, &String::from_utf8_lossy(good));
            log.problem(
                Place { text, offset: good.len() },
                "",
                "not UTF-8 from here on",
                "save the file as UTF-8 (an editor may have used GBK)",
            );
            log.finish(None)
        })
    }

    pub(crate) fn refuse_long(self, length: usize, origin: &str) -> Result<(), ProfileErrors> {
        if length <= MAX_TEXT {
            return Ok(());
        }
        let what = self.what;
        Err(ProfileErrors::of_file(
            origin,
            format!("longer than {} KiB", MAX_TEXT / 1024),
            format!("this is no {what}; a {what} has a few KiB"),
        ))
    }

    /// Lays the text onto the built-in one it `extends`, if it does.
    pub(crate) fn extend(self, log: &Log, own: Node) -> (Node, bool) {
        let Value::Table(table) = &own.value else { return (own, false) };
        let Some(entry) = table.find("extends") else { return (own, false) };
        let (at, what) = (entry.node.at, self.what);
        let Value::Text(base) = &entry.node.value else {
            let found = format!("found {}", entry.node.value.kind());
            log.problem(
                at,
                "extends",
                found,
                format!("write the name of a built-in {what} in quotes"),
            );
            return (own, false);
        };
        let Some(text) = (self.text)(base) else {
            let mend = format!("write one of {}", self.names.join(", "));
            log.problem(at, "extends", format!("{base:?} is no built-in {what}"), mend);
            return (own, false);
        };
        for key in ["name", "version"] {
            if table.find(key).is_none() {
                let mend = format!("add `{key} = ..`: reports must not take it for {base}");
                log.problem(at, key, "missing key", mend);
            }
        }
        let origin = format!("{base}.toml (built in)");
        // A built-in may extend another one; the chain ends because no built-in extends itself.
        let (base, _) = self.extend(log, parse(log, &origin, text));
        let mut merged = merge(base, own);
        if let Value::Table(table) = &mut merged.value {
            table.entries.retain(|entry| entry.key != "extends");
        }
        (merged, true)
    }
}
