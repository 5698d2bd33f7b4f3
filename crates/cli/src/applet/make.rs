//! From class files to a CAP file that is verified, and its export file.

use std::fs;
use std::path::{Path, PathBuf};

use capfile::Aid;
use capfile::api::Version;
use capfile::cap::{Container, NamedApplet as ContainedApplet};
use capfile::export::Package;
use capfile::verify::{self, Refusal, Verified};
use converter::{Applet, ClassInput, Converted, Options, Request, Target};

use super::compile::ClassBytes;
use super::libraries::Libraries;
use super::project::NamedApplet;
use super::said::{By, Grave, Said};
use crate::error::CliError;

/// What is made.
#[derive(Debug)]
pub(super) struct Recipe<'a> {
    /// Name of the package, with dots.
    pub(super) package: &'a str,
    pub(super) aid: Aid,
    pub(super) version: Version,
    pub(super) applets: &'a [NamedApplet],
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) libraries: &'a Libraries,
}

/// What was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) converted: Converted,
    /// The CAP file, as a JAR.
    pub(super) jar: Vec<u8>,
    pub(super) verified: Verified,
    pub(super) warnings: Vec<Said>,
}

/// Files that were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) cap: PathBuf,
    pub(super) export: PathBuf,
}

/// Converts and verifies. `place` finds the source file of a class.
///
/// # Errors
/// The package is refused: all that is wrong with it is the inner error.
pub(super) fn make(
    recipe: &Recipe<'_>,
    classes: &[ClassBytes],
    place: impl Fn(&str) -> String,
) -> Result<Result<Made, Vec<Said>>, CliError> {
    let inputs: Vec<ClassInput<'_>> =
        classes.iter().map(|one| ClassInput { name: &one.name, bytes: &one.bytes }).collect();
    let applets: Vec<Applet<'_>> = recipe
        .applets
        .iter()
        .map(|applet| Applet { aid: applet.aid.as_bytes(), class: &applet.class })
        .collect();
    let exports = recipe.libraries.exports();
    let request = Request {
        classes: &inputs,
        package: recipe.package,
        aid: recipe.aid.as_bytes(),
        version: (recipe.version.major, recipe.version.minor),
        applets: &applets,
        target: recipe.target,
        options: recipe.options,
        imports: &exports,
    };
    let mut converted = match converter::convert(&request) {
        Ok(converted) => converted,
        Err(errors) => {
            let said = errors.0.into_iter().map(|one| Said::of_converter(one, &place));
            let mut said: Vec<Said> = said.collect();
            // As one goes through the files, whatever was looked at first.
            said.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
            return Ok(Err(said));
        }
    };
    let warnings = std::mem::take(&mut converted.warnings).into_iter();
    let warnings = warnings.map(|one| Said::of_converter(one, &place)).collect();
    let mut packages = recipe.libraries.packages();
    packages.extend(Package::resolve(&converted.export, recipe.package));
    let context = verify::Context { exports: &packages, ..verify::Context::default() };
    let verified = match verify::verify(&converted.cap, &context) {
        Ok(verified) => verified,
        Err(refusals) => return Ok(Err(refusals.iter().map(of_verifier).collect())),
    };
    let jar = jar(recipe, &converted)?;
    Ok(Ok(Made { converted, jar, verified, warnings }))
}

fn jar(recipe: &Recipe<'_>, converted: &Converted) -> Result<Vec<u8>, CliError> {
    let named = |applet: &NamedApplet| ContainedApplet {
        aid: applet.aid,
        class: applet.class.rsplit('.').next().unwrap_or(&applet.class).to_owned(),
    };
    let container = Container {
        package: recipe.package.replace('.', "/"),
        applets: recipe.applets.iter().map(named).collect(),
    };
    let jar = converted.cap.to_jar(&container);
    jar.map_err(|error| CliError::Bug(format!("the CAP file cannot be written: {error}")))
}

/// The class files were taken, so whatever the verifier minds is a mistake of the converter.
fn of_verifier(refusal: &Refusal) -> Said {
    Said {
        by: By::Verifier,
        severity: Grave::Error,
        file: None,
        line: None,
        construct: None,
        text: refusal.to_string(),
        hint: Some("A mistake of the converter: please report it with the sources.".to_owned()),
    }
}

impl Made {
    /// Writes CAP and export file into a folder, which is made where it is not there.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn write(&self, folder: &Path, name: &str) -> Result<Written, CliError> {
        let write = |path: &Path, bytes: &[u8]| {
            let done = crate::whole_file::replace(path, bytes);
            done.map_err(|source| CliError::Write { path: path.display().to_string(), source })
        };
        fs::create_dir_all(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
            .map_err(|source| CliError::Write { path: folder.display().to_string(), source })?;
        let written = Written {
            cap: folder.join(format!("{name}.cap")),
            export: folder.join(format!("{name}.exp")),
        };
        write(&written.cap, &self.jar)?;
        write(&written.export, &self.converted.export_bytes)?;
        Ok(written)
    }
}
