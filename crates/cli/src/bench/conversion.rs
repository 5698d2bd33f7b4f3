//! Class files to a CAP file that is verified and written: time by the size of the package, and the
//! memory of a process that does it once.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use capfile::Aid;
use capfile::api::Api;
use capfile::cap::{Container, NamedApplet};
use capfile::export::Package;
use capfile::verify::{self, Context};
use converter::{Applet, ClassInput, Options, Request, Target};

use super::package;

/// Parts of the packages that are measured: about 8, 20 and 60 KB of CAP.
pub(super) const SMALL: u8 = 6;
pub(super) const USUAL: u8 = 15;
pub(super) const LARGE: u8 = 46;
/// The platform.
const TARGET: Target = Target::Jc305;
/// Rounds at least, however short the time.
const ROUNDS: u32 = 3;
/// What stands before the number in the last line of `--peak-of`.
pub(super) const PEAK: &str = "peak memory in bytes: ";

/// What one package costs.
pub(super) struct Figures {
    pub(super) classes: usize,
    /// Methods whose bytecode was followed.
    pub(super) methods: usize,
    /// Bytes of all components.
    pub(super) cap: usize,
    /// Bytes of the CAP file, as a JAR.
    pub(super) jar: usize,
    /// The best of all rounds, step by step.
    pub(super) times: Times,
}

/// Times of one round.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// Making the platform's export files from the tables.
    pub(super) load: Duration,
    pub(super) convert: Duration,
    pub(super) verify: Duration,
    /// Making JAR and export file, and putting both on the disk, synced.
    pub(super) write: Duration,
}

impl Times {
    pub(super) fn total(&self) -> Duration {
        self.load + self.convert + self.verify + self.write
    }

    /// The better time of each step.
    fn better(self, other: Self) -> Self {
        Self {
            load: self.load.min(other.load),
            convert: self.convert.min(other.convert),
            verify: self.verify.min(other.verify),
            write: self.write.min(other.write),
        }
    }
}

impl Figures {
    /// Time that grows with the package: converting it, and following it as the verifier does.
    pub(super) fn work(&self) -> Duration {
        self.times.convert + self.times.verify
    }

    /// Time of each method that this package has more than another.
    pub(super) fn each_beyond(&self, other: &Self) -> Duration {
        let methods = u32::try_from(self.methods.saturating_sub(other.methods)).unwrap_or(u32::MAX);
        self.work().saturating_sub(other.work()) / methods.max(1)
    }
}

/// The packages, smallest first, measured alternately.
pub(super) fn measure(budget: Duration) -> Result<Vec<Figures>, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let sizes = [SMALL, USUAL, LARGE];
    let packages: Vec<_> = sizes
        .into_iter()
        .map(package::classes)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let mut best: Vec<Figures> = Vec::new();
    let (start, mut round) = (Instant::now(), 0);
    while round < ROUNDS || start.elapsed() < budget {
        for (place, classes) in packages.iter().enumerate() {
            let figures = once(classes, folder.path())?;
            match best.get_mut(place) {
                Some(known) => known.times = known.times.better(figures.times),
                None => best.push(figures),
            }
        }
        round += 1;
    }
    Ok(best)
}

/// Does what `purse applet convert` does, in its order.
fn once(classes: &[(String, Vec<u8>)], folder: &Path) -> Result<Figures, String> {
    let inputs: Vec<ClassInput<'_>> =
        classes.iter().map(|(name, bytes)| ClassInput { name, bytes }).collect();
    let (aid, applet): (Aid, Aid) = (parsed(package::AID)?, parsed(package::APPLET_AID)?);
    let start = Instant::now();
    let api = Api::built_in();
    let platform = api.platform(TARGET.name()).ok_or("a target without tables")?;
    let exports = api.exports(platform);
    let loaded = Instant::now();
    let converted = converter::convert(&Request {
        classes: &inputs,
        package: package::NAME,
        aid: aid.as_bytes(),
        version: (1, 0),
        applets: &[Applet { aid: applet.as_bytes(), class: package::APPLET }],
        target: TARGET,
        options: Options::default(),
        imports: &exports,
    })
    .map_err(|errors| errors.to_string())?;
    let made = Instant::now();
    let mut packages: Vec<Package> =
        api.of_platform(platform).map(|package| package.offers(platform)).collect();
    packages.extend(Package::resolve(&converted.export, package::NAME));
    let verified =
        verify::verify(&converted.cap, &Context { exports: &packages, ..Context::default() });
    let verified = verified
        .map_err(|refusals| refusals.iter().map(|one| format!("{one}\n")).collect::<String>())?;
    let sure = Instant::now();
    let container = Container {
        package: package::NAME.replace('.', "/"),
        applets: vec![NamedApplet { aid: applet, class: package::APPLET.to_owned() }],
    };
    let jar = converted.cap.to_jar(&container).map_err(|error| error.to_string())?;
    for (name, bytes) in [("made.cap", &jar), ("made.exp", &converted.export_bytes)] {
        crate::whole_file::replace(&folder.join(name), bytes)
            .map_err(|error| format!("{name} cannot be written: {error}"))?;
    }
    let done = Instant::now();
    Ok(Figures {
        classes: classes.len(),
        methods: verified.methods,
        cap: converted.components.iter().map(|(_, bytes)| bytes.len()).sum(),
        jar: jar.len(),
        times: Times {
            load: loaded - start,
            convert: made - loaded,
            verify: sure - made,
            write: done - sure,
        },
    })
}

fn parsed(aid: &str) -> Result<Aid, String> {
    aid.parse().map_err(|error: capfile::AidError| error.to_string())
}

/// A process that converts one package.
pub(super) struct Alone {
    /// Most resident bytes that it had; `None` where the system does not tell.
    pub(super) peak: Option<u64>,
    /// From starting it to its end.
    pub(super) time: Duration,
}

/// Runs `purse applet convert` on class files in a folder, in a process of its own.
pub(super) fn alone(parts: u8) -> Result<Alone, String> {
    let failed = |error: std::io::Error| format!("a temporary folder: {error}");
    let folder = tempfile::tempdir().map_err(failed)?;
    for (name, bytes) in package::classes(parts).map_err(|error| error.to_string())? {
        std::fs::write(folder.path().join(name), bytes).map_err(failed)?;
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let applet = format!("{}={}", package::APPLET_AID, package::APPLET);
    let words = [
        ("--package", OsStr::new(package::NAME)),
        ("--package-aid", OsStr::new(package::AID)),
        ("--version", OsStr::new("1.0")),
        ("--applet", OsStr::new(&applet)),
        ("--target", OsStr::new(TARGET.name())),
        ("--classes", folder.path().as_os_str()),
        ("--output", folder.path().as_os_str()),
    ];
    let start = Instant::now();
    let done = Command::new(&program)
        .args(["bench", "--peak-of", "applet", "convert"])
        .args(words.into_iter().flat_map(|(option, value)| [OsStr::new(option), value]))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} cannot be run: {error}", program.display()))?;
    let time = start.elapsed();
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        return Err(format!("purse applet convert: {}: {said}", done.status));
    }
    let peak = said.lines().rev().find_map(|line| line.strip_prefix(PEAK)?.parse().ok());
    Ok(Alone { peak, time })
}

/// Most resident bytes that this process ever had, where /proc tells.
pub(super) fn peak() -> Option<u64> {
    super::resident_bytes("VmHWM:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Vec<Figures> {
        measure(Duration::ZERO).unwrap()
    }

    #[test]
    fn the_packages_convert_verify_and_are_of_the_sizes_they_stand_for() {
        let sizes: Vec<usize> = figures().iter().map(|one| one.cap).collect();
        let [small, usual, large] = sizes[..] else { panic!("{sizes:?}") };
        assert!((7_000..10_000).contains(&small), "{sizes:?}");
        assert!((18_000..23_000).contains(&usual), "{sizes:?}");
        assert!((58_000..64_000).contains(&large), "{sizes:?}");
    }

    #[test]
    fn every_part_has_as_many_methods() {
        let figures = figures();
        let methods = |parts: u8| 3 + 18 * usize::from(parts);
        let counted: Vec<usize> = figures.iter().map(|one| one.methods).collect();
        assert_eq!(counted, [SMALL, USUAL, LARGE].map(methods));
        assert!(figures.iter().all(|one| one.jar > one.cap && one.classes > 7));
    }
}
