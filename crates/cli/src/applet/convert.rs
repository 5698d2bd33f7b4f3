//! `purse applet convert`.

use std::path::PathBuf;

use capfile::Aid;
use capfile::api::{Package, Version};
use converter::{Options, Target};

use super::compile;
use super::libraries::{Import, Libraries};
use super::make::{self, Recipe};
use super::project::{NamedApplet, is_package};
use super::{platform, report, said};
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse applet convert`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the class files: the package's own, or the one that its name begins in.
    #[arg(long, value_name = "DIR")]
    classes: PathBuf,
    /// The package, as in com.example.hello.
    #[arg(long, value_name = "NAME", value_parser = package_name)]
    package: String,
    /// Its AID: 5 to 16 bytes.
    #[arg(long, value_name = "HEX")]
    package_aid: Aid,
    /// Its version.
    #[arg(long, value_name = "M.m")]
    version: Version,
    /// An applet: its AID and its class.
    #[arg(long = "applet", value_name = "HEX=CLASS", value_parser = applet)]
    applets: Vec<NamedApplet>,
    /// The platform: 2.2.2, 3.0.4, 3.0.5, 3.1.0 or 3.2.0.
    #[arg(long, value_name = "V", value_parser = target)]
    target: Target,
    /// The type int is allowed; not all cards have it.
    #[arg(long)]
    int: bool,
    /// Make a Debug component.
    #[arg(long)]
    debug: bool,
    /// Make code smaller than the usual converter does.
    #[arg(long)]
    optimize: bool,
    /// The export file of a package that is imported.
    #[arg(long = "import", value_name = "FILE.exp")]
    imports: Vec<PathBuf>,
    /// A known package that may be imported, as in `org.globalplatform=1.1`.
    #[arg(long = "api", value_name = "NAME=VERSION", value_parser = platform::beside)]
    beside: Vec<Package<'static>>,
    /// Where CAP and export file are put, called by the last part of the package's name.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

fn package_name(name: &str) -> Result<String, String> {
    let wrong = || format!("{name:?} is no package name: write it as in com.example.hello");
    is_package(name).then(|| name.to_owned()).ok_or_else(wrong)
}

fn applet(text: &str) -> Result<NamedApplet, String> {
    let (aid, class) = text.split_once('=').ok_or("write AID=CLASS, as in F00102030401=Hello")?;
    let aid = aid.parse().map_err(|error: capfile::AidError| error.to_string())?;
    Ok(NamedApplet { aid, class: class.to_owned() })
}

fn target(name: &str) -> Result<Target, String> {
    let known: Vec<&str> = Target::ALL.iter().map(|target| target.name()).collect();
    Target::by_name(name).ok_or_else(|| format!("the platforms are {}", known.join(", ")))
}

/// Converts, verifies, writes.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let libraries = args.libraries()?;
    let recipe = Recipe {
        package: &args.package,
        aid: args.package_aid,
        version: args.version,
        applets: &args.applets,
        target: args.target,
        options: Options { int: args.int, debug: args.debug, optimize: args.optimize },
        libraries: &libraries,
    };
    let mut classes = compile::class_files(&args.folder())?;
    // Folders below are other packages.
    classes.retain(|class| !class.name.contains('/'));
    if classes.is_empty() {
        return Err(CliError::NothingThere {
            message: format!("there is no class file below {}", args.classes.display()),
            next:
                "compile first: javac --release 8 -cp stubs.jar -d DIR FILE.java; purse cap stubs \
                   makes stubs.jar"
                    .to_owned(),
        });
    }
    match make::make(&recipe, &classes, str::to_owned)? {
        Ok(made) => {
            let last = args.package.rsplit('.').next().unwrap_or(&args.package);
            let written = made.write(&args.output, last)?;
            report::tell(ui, &recipe, &made, Some(&written), &made.warnings)
        }
        Err(said) => Err(said::refuse(
            ui,
            &said,
            "docs/applet.md says what Java Card has not, and what to do",
        )),
    }
}

impl Args {
    /// Where the package's own class files are.
    fn folder(&self) -> PathBuf {
        let own: PathBuf = self.package.split('.').collect();
        let below = self.classes.join(own);
        if below.is_dir() { below } else { self.classes.clone() }
    }

    fn libraries(&self) -> Result<Libraries, CliError> {
        let platform = platform::platform(self.target.name())
            .map_err(|why| CliError::Bug(format!("a target without tables: {why}")))?;
        let mut imports = Vec::new();
        for path in &self.imports {
            let read = Import::read(path, &path.display().to_string());
            imports.push(read.map_err(|(message, next)| CliError::Mistyped { message, next })?);
        }
        let libraries = Libraries { platform, beside: self.beside.clone(), imports };
        match libraries.conflicts(&self.package, self.package_aid).into_iter().next() {
            Some(conflict) => {
                Err(CliError::Mistyped { message: conflict.message, next: conflict.mend })
            }
            None => Ok(libraries),
        }
    }
}
