//! Running programs, saying so first.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a task failed, for people.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The top of the source tree.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// `cargo` with these arguments, at the top of the tree.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Says what is run, runs it, and fails where it does.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    eprintln!("xtask: {line}");
    let status =
        command.status().map_err(|error| Failure(format!("cannot run {line}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{line}: {status}"))) }
}

/// Whether a program is there and ends well, silently.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether a program can be found, in the places for administrators too.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_the_tree_is_where_the_workspace_is() {
        assert!(root().join("applet-spec").is_dir());
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_is_named() {
        let failed = run(&mut Command::new("false")).unwrap_err().to_string();
        assert!(failed.starts_with("false: exit status: 1"), "{failed}");
        let missing = run(&mut Command::new("/no/such-program")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot run such-program:"), "{missing}");
        assert!(succeeds("true", &[]) && !succeeds("false", &[]) && !succeeds("no-such", &[]));
        assert!(installed("sh") && !installed("no-such-program"));
    }
}
