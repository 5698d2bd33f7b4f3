//! How long conversions take, by the size of the package: `cargo bench -p converter`.
//!
//! Packages are made of copies of one class with the names changed, so that only the number of
//! methods differs.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use capfile::api::Api;
use capfile::export::{ExportFile, Package};
use capfile::verify::{Context, verify};
use converter::{Applet, ClassInput, Converted, Options, Request, Target};

/// What is copied.
const CLASS: &[u8] = include_bytes!("../../../tests/fixtures/javacard/converted/arith/Arith.class");
/// Copies in a package; the largest has methods of about 60 KB.
const COPIES: [usize; 4] = [8, 12, 16, 32];
const ROUNDS: u32 = 20;

fn main() -> ExitCode {
    let api = Api::built_in();
    let Some(platform) = api.platform("3.0.5") else { return ExitCode::FAILURE };
    let imports = api.exports(platform);
    println!("methods   CAP bytes   convert    per method   convert + verify + write");
    for copies in COPIES {
        let classes: Vec<(String, Vec<u8>)> = (0..copies).map(copy).collect();
        let Some(result) = measure(&classes, &imports) else { return ExitCode::FAILURE };
        let bytes: usize = result.converted.components.iter().map(|(_, bytes)| bytes.len()).sum();
        println!(
            "{:7} {bytes:11} {:8.2} ms {:8.2} us {:19.2} ms",
            result.methods,
            millis(result.converting),
            millis(result.converting) * 1000.0 / result.methods as f64,
            millis(result.everything),
        );
    }
    if let Some(peak) = peak_memory() {
        println!("peak memory of all this: {peak}");
    }
    ExitCode::SUCCESS
}

struct Measured {
    converted: Converted,
    methods: usize,
    converting: Duration,
    everything: Duration,
}

/// The best of some rounds.
fn measure(classes: &[(String, Vec<u8>)], imports: &[ExportFile]) -> Option<Measured> {
    let inputs: Vec<ClassInput<'_>> =
        classes.iter().map(|(name, bytes)| ClassInput { name, bytes }).collect();
    let request = Request {
        classes: &inputs,
        package: "golden.arith",
        aid: &[0xF0, 0x47, 0x4F, 0x4C, 0x44, 1],
        version: (1, 0),
        applets: &[Applet { aid: &[0xF0, 0x47, 0x4F, 0x4C, 0x44, 1, 1], class: "Ar000" }],
        target: Target::Jc305,
        options: Options::default(),
        imports,
    };
    let packages: Vec<Package> =
        imports.iter().filter_map(|file| Package::resolve(file, "platform").ok()).collect();
    let mut best: Option<Measured> = None;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let converted = match converter::convert(&request) {
            Ok(converted) => converted,
            Err(errors) => {
                eprintln!("{errors}");
                return None;
            }
        };
        let converting = start.elapsed();
        let verified =
            verify(&converted.cap, &Context { exports: &packages, ..Context::default() });
        let methods = match verified {
            Ok(verified) => verified.methods,
            Err(refusals) => {
                refusals.iter().for_each(|refusal| eprintln!("{refusal}"));
                return None;
            }
        };
        converted.cap.to_components().ok()?;
        let everything = start.elapsed();
        if best.as_ref().is_none_or(|best| everything < best.everything) {
            best = Some(Measured { converted, methods, converting, everything });
        }
    }
    best
}

/// The class under another name of the same length.
fn copy(number: usize) -> (String, Vec<u8>) {
    let (old, new) = (b"arith/Arith", format!("arith/Ar{number:03}"));
    let mut bytes = CLASS.to_vec();
    for at in 0..bytes.len() {
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(old))
            && let Some(place) = bytes.get_mut(at..at + old.len())
        {
            place.copy_from_slice(new.as_bytes());
        }
    }
    (format!("Ar{number:03}.class"), bytes)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Where the system says it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}
