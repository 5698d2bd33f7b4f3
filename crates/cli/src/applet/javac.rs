//! The Java compiler: where it is, how it is run, what it says.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::said::{By, Grave, Said};
use crate::error::CliError;

/// Release of Java that is asked for: its class files have all that Java Card has, and little more.
const RELEASE: u32 = 8;

/// A Java compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Javac {
    program: PathBuf,
}

/// What is to be compiled.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) sources: &'a [PathBuf],
    pub(super) class_path: &'a [PathBuf],
    /// Where class files are put.
    pub(super) output: &'a Path,
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Compiled {
    /// Well; with warnings.
    Well(Vec<Said>),
    /// The sources are refused.
    Refused(Vec<Said>),
}

impl Javac {
    /// The compiler of `JAVA_HOME`, else the first on the `PATH`.
    ///
    /// # Errors
    /// There is none; says where it was looked for, and how to get one.
    pub(super) fn find() -> Result<Self, CliError> {
        Self::find_in(env::var_os("JAVA_HOME"), env::var_os("PATH"))
    }

    fn find_in(home: Option<OsString>, path: Option<OsString>) -> Result<Self, CliError> {
        let name = format!("javac{}", env::consts::EXE_SUFFIX);
        let home = home.filter(|home| !home.is_empty()).map(PathBuf::from);
        let in_home = home.as_ref().map(|home| home.join("bin").join(&name));
        let path = path.unwrap_or_default();
        let on_path = env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty());
        let on_path = on_path.map(|folder| folder.join(&name));
        match in_home.into_iter().chain(on_path).find(|program| program.is_file()) {
            Some(program) => Ok(Self { program }),
            None => Err(CliError::NoJavac(match home {
                Some(home) => {
                    let home = home.display();
                    format!("javac is not in JAVA_HOME ({home}) and not on the PATH")
                }
                None => "JAVA_HOME is not set, and javac is not on the PATH".to_owned(),
            })),
        }
    }

    /// Compiles.
    ///
    /// # Errors
    /// The compiler cannot be run.
    pub(super) fn compile(&self, task: &Task<'_>) -> Result<Compiled, CliError> {
        let (fine, said) = self.run(task, &["--release", &RELEASE.to_string()])?;
        if fine {
            return Ok(Compiled::Well(diagnostics(&said)));
        }
        // Before Java 9 there was no --release; one day there will be no Java 8.
        let (fine, said) = if said.contains("invalid flag: --release") {
            self.run(task, &["-source", "1.8", "-target", "1.8"])?
        } else if said.contains(&format!("release version {RELEASE} not supported"))
            && let Some(oldest) = self.oldest_release()?
        {
            self.run(task, &["--release", &oldest.to_string()])?
        } else {
            (fine, said)
        };
        let diagnostics = diagnostics(&said);
        match fine {
            true => Ok(Compiled::Well(diagnostics)),
            false if diagnostics.iter().any(|one| one.severity == Grave::Error) => {
                Ok(Compiled::Refused(diagnostics))
            }
            false => Err(CliError::Javac {
                program: self.program.display().to_string(),
                said: said.trim().to_owned(),
            }),
        }
    }

    /// Runs it once: whether it did well, and what it said.
    fn run(&self, task: &Task<'_>, release: &[&str]) -> Result<(bool, String), CliError> {
        let class_path = env::join_paths(task.class_path)
            .map_err(|error| CliError::Usage(format!("a name on the class path: {error}")))?;
        let mut command = self.command();
        command
            .args(release)
            // That the release is old is meant.
            .args(["-g", "-Xlint:-options", "-encoding", "UTF-8", "-proc:none", "-implicit:none"])
            .arg("-cp")
            .arg(class_path)
            .arg("-d")
            .arg(task.output)
            .args(task.sources);
        self.output(&mut command)
    }

    /// The oldest release that this compiler knows.
    fn oldest_release(&self) -> Result<Option<u32>, CliError> {
        let (_, help) = self.output(self.command().arg("--help"))?;
        Ok(oldest_release(&help))
    }

    /// English and UTF-8, whatever the user's language is: what it says is read here.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-J-Duser.language=en", "-J-Dfile.encoding=UTF-8"]);
        command.args(["-J-Dstdout.encoding=UTF-8", "-J-Dstderr.encoding=UTF-8"]);
        command
    }

    fn output(&self, command: &mut Command) -> Result<(bool, String), CliError> {
        let done = command.output().map_err(|source| CliError::Read {
            path: self.program.display().to_string(),
            source,
        })?;
        let said = [done.stderr, done.stdout].concat();
        Ok((done.status.success(), String::from_utf8_lossy(&said).into_owned()))
    }
}

/// `Supported releases: 11, 12, 13` in what `--help` says, maybe over a line's end.
fn oldest_release(help: &str) -> Option<u32> {
    let (_, rest) = help.split_once("Supported releases:")?;
    let numbers =
        rest.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    numbers.map_while(|word| word.parse().ok()).min()
}

/// Takes apart what the compiler says: `File.java:3: error: what is wrong`, and below it the line
/// with a mark.
fn diagnostics(said: &str) -> Vec<Said> {
    let mut out: Vec<Said> = Vec::new();
    for line in said.lines() {
        match diagnostic(line) {
            Some(one) => out.push(one),
            None if is_aside(line) => {}
            None => {
                if let Some(last) = out.last_mut() {
                    last.text += "\n";
                    last.text += line;
                }
            }
        }
    }
    out
}

fn diagnostic(line: &str) -> Option<Said> {
    let with = |words: &'static str, severity| {
        let (place, text) = line.split_once(words)?;
        Some((Some(place), severity, text))
    };
    let without = |words: &str, severity| Some((None, severity, line.strip_prefix(words)?));
    let (place, severity, text) = with(": error: ", Grave::Error)
        .or_else(|| with(": warning: ", Grave::Warning))
        .or_else(|| without("error: ", Grave::Error))
        .or_else(|| without("warning: ", Grave::Warning))?;
    let (file, line) = match place {
        Some(place) => {
            let (file, line) = place.rsplit_once(':')?;
            (Some(file.to_owned()), Some(line.parse().ok()?))
        }
        None => (None, None),
    };
    let text = text.to_owned();
    Some(Said { by: By::Javac, severity, file, line, construct: None, text, hint: None })
}

/// `2 errors`, `1 warning`, `Note: Recompile with -Xlint:deprecation for details.`
fn is_aside(line: &str) -> bool {
    if line.starts_with("Note: ") {
        return true;
    }
    let Some((number, what)) = line.split_once(' ') else { return false };
    number.parse::<u32>().is_ok() && ["error", "errors", "warning", "warnings"].contains(&what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_says_is_taken_apart() {
        let said = "src/A.java:3: error: ';' expected\n        x = 1\n             ^\n\
                    src/B.java:7: warning: [removal] finalize() is gone\n1 error\n1 warning\n\
                    Note: some more\nerror: file not found: C.java\nwarning: [x] odd\n";
        let told: Vec<_> = diagnostics(said)
            .into_iter()
            .map(|one| (one.severity, one.file, one.line, one.text))
            .collect();
        assert_eq!(
            told,
            [
                (
                    Grave::Error,
                    Some("src/A.java".to_owned()),
                    Some(3),
                    "';' expected\n        x = 1\n             ^".to_owned()
                ),
                (
                    Grave::Warning,
                    Some("src/B.java".to_owned()),
                    Some(7),
                    "[removal] finalize() is gone".to_owned()
                ),
                (Grave::Error, None, None, "file not found: C.java".to_owned()),
                (Grave::Warning, None, None, "[x] odd".to_owned()),
            ]
        );
    }

    #[test]
    fn the_oldest_release_is_found_in_the_help() {
        let old = "Compile for it. Supported releases: 7, 8, 9, 17\n  -s <directory>  where\n";
        assert_eq!(oldest_release(old), Some(7));
        let new =
            "  Supported releases: \n       11, 12, 13,\n       14\n  -s <directory>  where\n";
        assert_eq!(oldest_release(new), Some(11));
        assert_eq!(oldest_release("usage: javac <options>"), None);
    }

    #[test]
    fn without_a_compiler_the_error_says_where_it_was_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Some(folder.path().as_os_str().to_owned());
        let told = Javac::find_in(empty.clone(), empty.clone()).unwrap_err().to_string();
        let home = folder.path().display();
        assert_eq!(
            told,
            format!(
                "there is no Java compiler: javac is not in JAVA_HOME ({home}) and not on the PATH"
            )
        );
        let told = Javac::find_in(None, empty).unwrap_err().to_string();
        assert_eq!(
            told,
            "there is no Java compiler: JAVA_HOME is not set, and javac is not on the PATH"
        );
    }

    #[test]
    fn java_home_goes_before_the_path() {
        let (home, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = format!("javac{}", env::consts::EXE_SUFFIX);
        std::fs::write(path.path().join(&name), "").unwrap();
        let find = || {
            let home = Some(home.path().as_os_str().to_owned());
            Javac::find_in(home, Some(path.path().as_os_str().to_owned())).unwrap().program
        };
        assert_eq!(find(), path.path().join(&name));
        std::fs::create_dir(home.path().join("bin")).unwrap();
        std::fs::write(home.path().join("bin").join(&name), "").unwrap();
        assert_eq!(find(), home.path().join("bin").join(&name));
    }
}
