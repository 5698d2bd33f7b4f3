//! The command that runs a case again.

use crate::{Case, Heading};

/// The one command that runs this case as it was run: that of the run, with `--only` and the id,
/// quoted for a shell.
pub fn reproduce(heading: &Heading, case: &Case) -> String {
    format!("{} --only {}", heading.command, quoted(&case.id))
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
            let line = format!("printf %s {}", quoted(id));
            let said = Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&said.stdout), id);
        }
    }
}
