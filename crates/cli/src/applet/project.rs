//! An applet project: what `applet.toml` says. `docs/applet.md` describes it.

use std::path::{Path, PathBuf};

use applet_spec::ProfileErrors;
use applet_spec::text::{self, Log, Section};
use capfile::api::{Package, Version};
use capfile::{Aid, AidError};
use converter::{Options, Target};

use super::libraries::{Import, Libraries};
use super::platform;
use crate::cap::input;
use crate::error::CliError;
use crate::ui::hex_text;

/// Name of the file in a project's folder.
pub(super) const FILE: &str = "applet.toml";

const TOP: &[&str] = &["package", "build", "applet", "api"];
const PACKAGE: &[&str] = &["name", "aid", "version"];
const BUILD: &[&str] =
    &["target", "output", "sources", "int", "debug", "optimize", "imports", "class-path"];
const APPLET: &[&str] = &["class", "aid"];

/// Platform of a project that names none.
const TARGET: Target = Target::Jc305;

/// A project.
#[derive(Debug)]
pub(super) struct Project {
    /// Its folder; empty for the one where the command runs.
    pub(super) folder: PathBuf,
    /// Name of the package, with dots.
    pub(super) package: String,
    pub(super) aid: Aid,
    pub(super) version: Version,
    pub(super) applets: Vec<NamedApplet>,
    pub(super) target: Target,
    pub(super) options: Options,
    /// Name of the files that are made, without ending.
    pub(super) output: String,
    /// Folder of the sources.
    pub(super) sources: PathBuf,
    /// Folders and JARs to compile against, beside the stubs.
    pub(super) class_path: Vec<PathBuf>,
    pub(super) libraries: Libraries,
}

/// An applet of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedApplet {
    pub(super) aid: Aid,
    /// Its class, with or without the package's name.
    pub(super) class: String,
}

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    /// There is none; everything that is wrong with its file.
    pub(super) fn load(folder: &Path) -> Result<Self, CliError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(CliError::NothingThere {
                message: format!("there is no {}", path.display()),
                next: "purse applet new NAME makes a project; or name its folder: --project DIR"
                    .to_owned(),
            });
        }
        let text = text::read(&path, "applet project").map_err(CliError::Project)?;
        Self::parse(&text, folder, &path.display().to_string()).map_err(CliError::Project)
    }

    fn parse(text: &str, folder: &Path, origin: &str) -> Result<Self, ProfileErrors> {
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let project = Section::open(&log, &root, "", TOP).and_then(|top| project(&top, folder));
        let problems = log.into_problems();
        match project {
            Some(project) if problems.is_empty() => Ok(project),
            _ => Err(problems.into()),
        }
    }
}

/// All parts are read before any is missed, so that everything wrong is told at once.
fn project(top: &Section<'_>, folder: &Path) -> Option<Project> {
    if !top.has("package") {
        top.missing("package");
    }
    let package = top.section("package", PACKAGE);
    let name = package.as_ref().and_then(package_name);
    let aid = package.as_ref().and_then(|section| aid(section));
    let version = package.as_ref().and_then(version);
    let applets = applets(top, aid);
    let beside = beside(top);
    let build = top.section("build", BUILD);
    let settings = Settings::read(build.as_ref(), folder);
    let (name, aid, settings) = (name?, aid?, settings?);
    let platform = platform::platform(settings.target.name()).ok()?;
    let libraries = Libraries { platform, beside: beside?, imports: settings.imports };
    if let Some(build) = &build {
        for conflict in libraries.conflicts(&name, aid) {
            build.wrong_item("imports", conflict.import, conflict.message, conflict.mend);
        }
    }
    let last = name.rsplit('.').next().unwrap_or(&name);
    Some(Project {
        folder: folder.to_owned(),
        output: settings.output.unwrap_or_else(|| last.to_owned()),
        package: name,
        aid,
        version: version?,
        applets: applets?,
        target: settings.target,
        options: settings.options,
        sources: folder.join(settings.sources),
        class_path: settings.class_path,
        libraries,
    })
}

fn package_name(section: &Section<'_>) -> Option<String> {
    let name: String = section.need("name")?;
    if is_package(&name) {
        return Some(name);
    }
    let mend = "write a Java package in small letters, such as com.example.hello";
    section.wrong("name", format!("{name:?} is no package name"), mend);
    None
}

/// Whether a text is the name of a Java package.
pub(super) fn is_package(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let part = |part: &str| {
        part.starts_with(first) && part.chars().all(|c| first(c) || c.is_ascii_digit())
    };
    name.len() <= 255 && name.split('.').all(part)
}

fn aid(section: &Section<'_>) -> Option<Aid> {
    let text: String = section.need("aid")?;
    text.parse()
        .map_err(|error: AidError| {
            let mend = "write 5 to 16 bytes in hex: the 5 of the RID, then up to 11 of your choice";
            section.wrong("aid", error.to_string(), mend);
        })
        .ok()
}

fn version(section: &Section<'_>) -> Option<Version> {
    let text: String = section.need("version")?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let version = text.parse().ok().filter(|_| is_plain);
    if version.is_none() {
        let mend = "write major.minor, each 0 to 255, in quotes: \"1.0\"";
        section.wrong("version", format!("{text:?} is no version"), mend);
    }
    version
}

fn applets(top: &Section<'_>, package: Option<Aid>) -> Option<Vec<NamedApplet>> {
    let mut all_read = true;
    let mut applets: Vec<NamedApplet> = Vec::new();
    for section in top.sections("applet", APPLET)? {
        let class: Option<String> = section.need("class");
        let (Some(class), Some(aid)) = (class, aid(&section)) else {
            all_read = false;
            continue;
        };
        if let Some(package) = package.filter(|package| package.rid() != aid.rid()) {
            let (own, wanted) = (hex_text(aid.rid()), hex_text(package.rid()));
            let mend = format!("begin it with the RID of package.aid: {wanted}");
            section.wrong("aid", format!("the RID {own} is not the package's"), mend);
        } else if package == Some(aid) {
            let mend = "make it longer than package.aid, as in package.aid with 01 behind it";
            section.wrong("aid", "it is the package's own AID", mend);
        }
        if let Some(other) = applets.iter().find(|other| other.aid == aid) {
            let message = format!("{} has this AID already", other.class);
            section.wrong("aid", message, "give every applet its own AID");
        }
        if applets.iter().any(|other| other.class == class) {
            let mend =
                "an applet class is listed once; its instances get other AIDs when installed";
            section.wrong("class", format!("{class} is listed already"), mend);
        }
        applets.push(NamedApplet { aid, class });
    }
    all_read.then_some(applets)
}

fn beside(top: &Section<'_>) -> Option<Vec<Package<'static>>> {
    let mut all_known = true;
    let mut beside = Vec::new();
    for (name, version) in top.pairs::<String>("api")? {
        match platform::package(&name, &version) {
            Ok(package) => beside.push(package),
            Err(message) => {
                all_known = false;
                let mend =
                    "write the package in quotes and its version: \"org.globalplatform\" = \"1.1\"";
                top.wrong_entry("api", &name, message, mend);
            }
        }
    }
    all_known.then_some(beside)
}

/// What `[build]` says.
struct Settings {
    target: Target,
    options: Options,
    output: Option<String>,
    sources: PathBuf,
    imports: Vec<Import>,
    class_path: Vec<PathBuf>,
}

impl Settings {
    fn read(build: Option<&Section<'_>>, folder: &Path) -> Option<Self> {
        let Some(build) = build else {
            return Some(Self {
                target: TARGET,
                options: Options::default(),
                output: None,
                sources: PathBuf::from(SOURCES),
                imports: Vec::new(),
                class_path: Vec::new(),
            });
        };
        let target = target(build);
        let (int, debug, optimize) =
            (build.or("int", false), build.or("debug", false), build.or("optimize", false));
        let output = output(build);
        let sources: Option<String> = build.or("sources", SOURCES.to_owned());
        let imports = imports(build, folder);
        let class_path: Option<Vec<String>> = build.list("class-path");
        Some(Self {
            target: target?,
            options: Options { int: int?, debug: debug?, optimize: optimize? },
            output: output?,
            sources: PathBuf::from(sources?),
            imports: imports?,
            class_path: class_path?.into_iter().map(|path| folder.join(path)).collect(),
        })
    }
}

/// Folder of the sources where none is named.
const SOURCES: &str = "src";

fn target(build: &Section<'_>) -> Option<Target> {
    let text: String = build.or("target", TARGET.name().to_owned())?;
    let target = Target::by_name(&text);
    if target.is_none() {
        let known: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
        let mend = format!("write one of {}, in quotes", known.join(", "));
        build.wrong("target", format!("{text:?} is no platform version"), mend);
    }
    target
}

/// A name without folders, or none.
fn output(build: &Section<'_>) -> Option<Option<String>> {
    let output: Option<String> = build.maybe("output")?;
    let is_name =
        |name: &String| !name.is_empty() && !name.contains(['/', '\\', ':']) && name != "..";
    if output.as_ref().is_some_and(|name| !is_name(name)) {
        let mend = "write the name of the files without folder and ending; -o DIR says where";
        build.wrong("output", "this is no file name", mend);
        return None;
    }
    Some(output)
}

fn imports(build: &Section<'_>, folder: &Path) -> Option<Vec<Import>> {
    let paths: Vec<String> = build.list("imports")?;
    let mut all_read = true;
    let mut imports = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        match Import::read(&folder.join(path), path) {
            Ok(import) => imports.push(import),
            Err((message, mend)) => {
                all_read = false;
                build.wrong_item("imports", index, message, mend);
            }
        }
    }
    all_read.then_some(imports)
}

impl Import {
    /// Reads an export file; `name` is what messages call it.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(super) fn read(path: &Path, name: &str) -> Result<Self, (String, String)> {
        let bytes = input::bytes(path).map_err(|error| {
            let mend =
                "purse applet build makes it in the other package's project; or ask its vendor";
            let error = match error {
                CliError::Read { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            (format!("export file {name}: {error}"), mend.to_owned())
        })?;
        let read = capfile::export::ExportFile::read(&bytes, name).and_then(|file| {
            let package = capfile::export::Package::resolve(&file, name)?;
            Ok(Self { name: name.to_owned(), file, package })
        });
        read.map_err(|malformed| {
            let mend = "it is damaged or no export file (.exp): make or get it again";
            (malformed.to_string(), mend.to_owned())
        })
    }
}

#[cfg(test)]
mod tests;
