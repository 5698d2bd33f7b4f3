//! `purse applet build` and `purse applet check`.

use std::fs;
use std::path::{Path, PathBuf};

use super::compile::{self, ClassBytes};
use super::declared::Declarations;
use super::make::{self, Made, Recipe};
use super::project::Project;
use super::report;
use super::said::{self, Said};
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse applet check`.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

/// Arguments of `purse applet build`.
#[derive(Debug, clap::Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    project: CheckArgs,
    /// Where CAP and export file are put; else the project's folder.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Keep the class files in this folder.
    #[arg(long, value_name = "DIR")]
    classes: Option<PathBuf>,
}

/// Makes all and writes it.
pub(super) fn build(ui: &Ui, args: &BuildArgs) -> Result<(), CliError> {
    let project = args.project.load()?;
    let (classes, made, said) = all(ui, &project)?;
    if let Some(folder) = &args.classes {
        keep(&classes, folder)?;
    }
    let written = made.write(args.output.as_ref().unwrap_or(&project.folder), &project.output)?;
    report::tell(ui, &recipe(&project), &made, Some(&written), &said)
}

/// Makes all and writes nothing.
pub(super) fn check(ui: &Ui, args: &CheckArgs) -> Result<(), CliError> {
    let project = args.load()?;
    let (_, made, said) = all(ui, &project)?;
    report::tell(ui, &recipe(&project), &made, None, &said)
}

impl CheckArgs {
    fn load(&self) -> Result<Project, CliError> {
        // Files here are called without `./`, as people call them.
        let here = self.project.as_os_str() == ".";
        Project::load(if here { Path::new("") } else { &self.project })
    }
}

/// Class files, what was made of them, and what was said about it.
fn all(ui: &Ui, project: &Project) -> Result<(Vec<ClassBytes>, Made, Vec<Said>), CliError> {
    let sources = compile::sources(project)?;
    let refused = |said: Vec<Said>, next| Err(said::refuse(ui, &said, next));
    let classes = match compile::compile(project, &sources)? {
        Ok(classes) => classes,
        Err(said) => return refused(said, "mend the Java sources, then purse applet build again"),
    };
    one_package(project, &classes.files)?;
    let mut said = classes.warnings;
    let lines = Declarations::of(&classes.files);
    let place = |file: &str| source_of(&sources, &project.package, file);
    match make::make(&recipe(project), &classes.files, place)? {
        Ok(mut made) => {
            said.extend(made.warnings.drain(..).map(in_a_project).map(|one| lines.located(one)));
            Ok((classes.files, made, said))
        }
        Err(errors) => {
            said.extend(errors.into_iter().map(in_a_project).map(|one| lines.located(one)));
            // As one goes through the files.
            said.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
            refused(
                said,
                "mend the sources or applet.toml; docs/applet.md says what Java Card has not",
            )
        }
    }
}

/// Sources of the package that the project names.
fn one_package(project: &Project, classes: &[ClassBytes]) -> Result<(), CliError> {
    let of = |class: &ClassBytes| {
        class
            .name
            .rsplit_once('/')
            .map(|(package, _)| package.replace('/', "."))
            .unwrap_or_default()
    };
    match classes.iter().map(of).find(|package| *package != project.package) {
        None => Ok(()),
        Some(other) => Err(CliError::mistyped(
            format!(
                "there are sources of package {other}, and applet.toml says {}",
                project.package
            ),
            "one project makes one package: name it in applet.toml, and put others into projects of \
             their own",
        )),
    }
}

/// Advice names options of `purse applet convert`; a project has keys instead.
fn in_a_project(said: Said) -> Said {
    let hint = said.hint.map(|hint| hint.replace("(--int)", "(int = true in applet.toml)"));
    Said { hint, ..said }
}

fn recipe(project: &Project) -> Recipe<'_> {
    Recipe {
        package: &project.package,
        aid: project.aid,
        version: project.version,
        applets: &project.applets,
        target: project.target,
        options: project.options,
        libraries: &project.libraries,
    }
}

/// The source that a class file calls by its name only.
fn source_of(sources: &[PathBuf], package: &str, file: &str) -> String {
    let below: PathBuf = package.split('.').chain([file]).collect();
    let mut found = sources.iter().filter(|source| source.ends_with(&below));
    let source = found.next().or_else(|| sources.iter().find(|source| source.ends_with(file)));
    source.map_or_else(|| file.to_owned(), |source| source.display().to_string())
}

fn keep(classes: &[ClassBytes], folder: &Path) -> Result<(), CliError> {
    for class in classes {
        let path = folder.join(&class.name);
        let failed = |source| CliError::Write { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(&path, &class.bytes).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_file_s_source_is_found_in_its_package() {
        let sources = ["src/com/a/Hello.java", "src/com/b/Hello.java", "src/Old.java"];
        let sources: Vec<PathBuf> = sources.iter().map(PathBuf::from).collect();
        assert_eq!(source_of(&sources, "com.b", "Hello.java"), "src/com/b/Hello.java");
        assert_eq!(source_of(&sources, "com.b", "Old.java"), "src/Old.java");
        assert_eq!(source_of(&sources, "com.b", "Gone.java"), "Gone.java");
    }
}
