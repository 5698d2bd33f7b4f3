//! The command that runs a case again.

use crate::{Case, Heading};

/// The one command that runs this case as it was run: that of the run, with `--only` and the id,
/// quoted for a shell.
pub fn reproduce(heading: &Heading, case: &Case) -> String {
    format!("{} --only {}", heading.command, quoted(&case.id))
}

/// The word as it is typed in a POSIX shell: in quotes where it has to be.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quoted(word) }
}

/// A word that a POSIX shell reads as `text`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_the_id_as_it_is() {
        for id in ["EP_XF_004:amount=250", "a b", "it's", "$(false)`x`", "", "'", "\"\\"] {
            for word in [quoted(id), shell_word(id)] {
                let line = format!("printf %s {word}");
                let said = Command::new("sh").args(["-c", &line]).output().unwrap();
                assert_eq!(String::from_utf8_lossy(&said.stdout), id);
            }
        }
    }
}
