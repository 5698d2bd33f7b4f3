//! Coverage-guided fuzzing with libFuzzer on stable Rust: LLVM's coverage pass is asked for by
//! compiler flags, and libFuzzer itself comes with the crate `libfuzzer-sys`.
//!
//! Targets are the files in `tests/fuzz/src/bin`, seeds lie in `tests/fuzz/seeds/TARGET`. What a
//! run finds (corpus, failing inputs) stays under `target/fuzz`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, cargo, root, run};

/// The fuzz package, from the top of the tree.
pub const MANIFEST: &str = "tests/fuzz/Cargo.toml";
const FOLDER: &str = "tests/fuzz";
const DEFAULT_SECONDS: u64 = 60;

/// Counters at every edge, and operands of comparisons to guess from.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing";

/// `cargo xtask fuzz TARGET|all [--seconds N]`, `cargo xtask fuzz TARGET FILE...`.
pub fn task(arguments: &[String]) -> Result<(), Failure> {
    let known = targets()?;
    let asked = Asked::parse(arguments, &known)?;
    let fuzzer = Fuzzer::build(&asked.targets)?;
    for target in &asked.targets {
        if asked.inputs.is_empty() {
            fuzzer.fuzz(target, asked.seconds)?;
        } else {
            fuzzer.replay(target, &asked.inputs)?;
        }
    }
    Ok(())
}

/// Fuzzes every target, `seconds` in total.
pub fn smoke(seconds: u64) -> Result<(), Failure> {
    let targets = targets()?;
    let fuzzer = Fuzzer::build(&targets)?;
    let count = u64::try_from(targets.len()).unwrap_or(1).max(1);
    targets.iter().try_for_each(|target| fuzzer.fuzz(target, (seconds / count).max(1)))
}

#[derive(Debug, PartialEq, Eq)]
struct Asked {
    targets: Vec<String>,
    seconds: u64,
    inputs: Vec<PathBuf>,
}

impl Asked {
    fn parse(arguments: &[String], known: &[String]) -> Result<Self, Failure> {
        let usage = || {
            Failure(format!(
                "cargo xtask fuzz TARGET|all [--seconds N], or TARGET FILE...; targets are {}",
                known.join(", ")
            ))
        };
        let (target, rest) = arguments.split_first().ok_or_else(usage)?;
        let targets = match target.as_str() {
            "all" => known.to_vec(),
            name if known.iter().any(|known| known == name) => vec![name.to_owned()],
            _ => return Err(usage()),
        };
        let (seconds, files) = match rest {
            [option, number, rest @ ..] if option == "--seconds" => {
                (number.parse().ok().filter(|n| *n > 0).ok_or_else(usage)?, rest)
            }
            rest => (DEFAULT_SECONDS, rest),
        };
        if files.iter().any(|file| file.starts_with('-')) {
            return Err(usage());
        }
        let here = std::env::current_dir().unwrap_or_default();
        Ok(Self { targets, seconds, inputs: files.iter().map(|file| here.join(file)).collect() })
    }
}

/// Fuzz targets that are built.
struct Fuzzer {
    programs: PathBuf,
    results: PathBuf,
}

impl Fuzzer {
    fn build(targets: &[String]) -> Result<Self, Failure> {
        let host = host()?;
        let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let results = root().join(folder).join("fuzz");
        // With --target the flags are not applied to build scripts, which have no fuzzer.
        let mut build = cargo(&["build", "--release", "--manifest-path", MANIFEST]);
        build.args(["--target", &host]).arg("--target-dir").arg(&results);
        for target in targets {
            build.args(["--bin", target]);
        }
        build.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
        run(&mut build)?;
        Ok(Self { programs: results.join(host).join("release"), results })
    }

    fn fuzz(&self, target: &str, seconds: u64) -> Result<(), Failure> {
        let corpus = self.results.join("corpus").join(target);
        let failures = self.results.join("failures").join(target);
        for folder in [&corpus, &failures] {
            fs::create_dir_all(folder)
                .map_err(|error| Failure(format!("cannot make {}: {error}", folder.display())))?;
        }
        let mut fuzz = Command::new(self.programs.join(target));
        fuzz.arg(&corpus);
        let seeds = root().join(FOLDER).join("seeds").join(target);
        if seeds.is_dir() {
            fuzz.arg(seeds);
        }
        fuzz.arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", failures.display()))
            .args(["-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]);
        eprintln!("xtask: fuzzing {target} for {seconds} s");
        let output = fuzz
            .output()
            .map_err(|error| Failure(format!("cannot run the fuzz target {target}: {error}")))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            eprintln!("xtask: {target}: {} inputs, none failed", executed(&said));
            return Ok(());
        }
        eprintln!("{said}");
        Err(Failure(format!(
            "fuzz target {target}: {}; the input is in {}; run it alone: cargo xtask fuzz {target} \
             FILE; once mended, keep it in {FOLDER}/seeds/{target}",
            output.status,
            failures.display()
        )))
    }

    fn replay(&self, target: &str, inputs: &[PathBuf]) -> Result<(), Failure> {
        run(Command::new(self.programs.join(target)).args(inputs))
    }
}

/// How many inputs libFuzzer tried, by its own account.
fn executed(said: &str) -> &str {
    let lines = said.lines();
    let mut counts = lines.filter_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    counts.next().map_or("some", str::trim)
}

fn targets() -> Result<Vec<String>, Failure> {
    let folder = root().join(FOLDER).join("src/bin");
    let listed = fs::read_dir(&folder)
        .map_err(|error| Failure(format!("cannot list {}: {error}", folder.display())))?;
    let mut names: Vec<String> = listed.filter_map(|entry| target(&entry.ok()?.path())).collect();
    names.sort();
    Ok(names)
}

fn target(path: &Path) -> Option<String> {
    path.extension().filter(|extension| *extension == "rs")?;
    Some(path.file_stem()?.to_str()?.to_owned())
}

fn host() -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| Failure(format!("cannot run rustc: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    host.ok_or_else(|| Failure("rustc -vV does not name its host".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Asked, String> {
        let known = ["a", "b"].map(str::to_owned);
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Asked::parse(&words, &known).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_target_all_a_time_and_inputs_are_understood() {
        let asked = parse(&["all", "--seconds", "5"]).unwrap();
        assert_eq!((asked.targets.len(), asked.seconds, asked.inputs.len()), (2, 5, 0));
        let asked = parse(&["b", "/tmp/x", "/tmp/y"]).unwrap();
        assert_eq!((asked.targets, asked.inputs.len()), (vec!["b".to_owned()], 2));
    }

    #[test]
    fn what_is_not_understood_names_the_targets() {
        for words in [&[][..], &["c"], &["a", "--seconds"], &["a", "--seconds", "0"], &["a", "-x"]]
        {
            assert!(parse(words).unwrap_err().ends_with("targets are a, b"), "{words:?}");
        }
    }

    #[test]
    fn every_target_has_seeds_and_no_seeds_are_left_of_a_target_that_is_gone() {
        let targets = targets().unwrap();
        let mut seeds: Vec<String> = fs::read_dir(root().join(FOLDER).join("seeds"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        seeds.sort();
        assert_eq!(seeds, targets);
    }
}
