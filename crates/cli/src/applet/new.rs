//! `purse applet new`.

use std::fs;
use std::path::{Path, PathBuf};

use capfile::Aid;
use serde::Serialize;

use super::project::{FILE, is_package};
use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse applet new`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the applet: of the folder that is made, and of what is in it.
    name: PathBuf,
    /// The package, else com.example.NAME.
    #[arg(long, value_name = "PACKAGE")]
    package: Option<String>,
    /// AID of the package, 5 to 15 bytes; else one is made up.
    #[arg(long, value_name = "HEX")]
    aid: Option<Aid>,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    folder: String,
    package: String,
    aid: String,
    applet_aid: String,
    files: Vec<String>,
}

/// What the samples call a project.
struct Names {
    name: String,
    package: String,
    class: String,
    aid: Aid,
    applet_aid: Aid,
}

/// Makes the folder.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let names = Names::of(args)?;
    let folder = &args.name;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(CliError::mistyped(
            format!("{} is there already", folder.display()),
            "another name; purse applet new never changes files",
        ));
    }
    let mut written = Vec::new();
    for (path, text) in names.files() {
        let path = folder.join(path);
        let failed = |source| CliError::Write { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(&path, names.filled(text)).map_err(failed)?;
        written.push(path.display().to_string());
    }
    if ui.json {
        return ui.document(&Document {
            ok: true,
            folder: folder.display().to_string(),
            package: names.package.clone(),
            aid: names.aid.to_string(),
            applet_aid: names.applet_aid.to_string(),
            files: written,
        });
    }
    let lines: String = written.iter().map(|path| format!("  {path}\n")).collect();
    ui.print(&format!("made {}\n{lines}", folder.display()))?;
    ui.say(&format!("next: cd {} && purse applet build", folder.display()));
    Ok(())
}

impl Names {
    fn of(args: &Args) -> Result<Self, CliError> {
        let name = args.name.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let last = name.replace('-', "_").to_lowercase();
        let package = args.package.clone().unwrap_or_else(|| format!("com.example.{last}"));
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts_well || !is_package(&last) || last.contains('.') {
            return Err(CliError::mistyped(
                format!("{name:?} is no name of an applet"),
                "letters, digits, - and _, a letter first: purse applet new hello",
            ));
        }
        let taken = package.split('.').find(|part| KEYWORDS.contains(part));
        if !is_package(&package) || taken.is_some() {
            let why = taken.map(|word| format!(": {word} is a word of Java")).unwrap_or_default();
            return Err(CliError::mistyped(
                format!("{package:?} is no package name{why}"),
                "--package com.example.hello",
            ));
        }
        let aid = match args.aid {
            Some(aid) => aid,
            None => made_up(&last)?,
        };
        let applet_aid = Aid::new(&[aid.as_bytes(), &[1]].concat()).map_err(|error| {
            let next = "an AID of at most 15 bytes, so that the applet's can be longer";
            CliError::mistyped(format!("the applet's AID: {error}"), next)
        })?;
        Ok(Self { class: class_name(&name), name, package, aid, applet_aid })
    }

    /// Path below the folder, and text, of every file.
    fn files(&self) -> Vec<(PathBuf, &'static str)> {
        let package: PathBuf = Path::new("src").join(self.package.split('.').collect::<PathBuf>());
        vec![
            (PathBuf::from(FILE), include_str!("template/applet.toml")),
            (package.join(format!("{}.java", self.class)), include_str!("template/Applet.java")),
            (package.join("Tally.java"), include_str!("template/Tally.java")),
            (PathBuf::from("test/TallyTest.java"), include_str!("template/TallyTest.java")),
            (PathBuf::from("README.md"), include_str!("template/README.md")),
            (PathBuf::from(".gitignore"), include_str!("template/gitignore")),
        ]
    }

    fn filled(&self, text: &str) -> String {
        let output = self.package.rsplit('.').next().unwrap_or(&self.package);
        text.replace("{{name}}", &self.name)
            .replace("{{package}}", &self.package)
            .replace("{{class}}", &self.class)
            .replace("{{output}}", output)
            .replace("{{aid}}", &self.aid.to_string())
            .replace("{{applet-aid}}", &self.applet_aid.to_string())
    }
}

/// Words that are no names in Java, and could be ones of an applet.
const KEYWORDS: &[&str] = &[
    "abstract",
    "assert",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "goto",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "while",
    "_",
];

/// Classes that the samples name, so that no sample can be called so.
const NAMED_IN_SAMPLES: &[&str] =
    &["APDU", "Applet", "ISO7816", "ISOException", "Object", "Tally", "Util"];

/// `my-wallet` is `MyWallet`.
fn class_name(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().collect::<String>() + letters.as_str()
        })
    };
    let class: String = name.split(['-', '_']).map(part).collect();
    if NAMED_IN_SAMPLES.contains(&class.as_str()) { format!("{class}Applet") } else { class }
}

/// A RID that is nobody's (registered ones begin with A or D, national and standard ones with
/// digits), and the name.
fn made_up(name: &str) -> Result<Aid, CliError> {
    let name = name.as_bytes();
    let name = name.get(..name.len().min(10)).unwrap_or_default();
    Aid::new(&[b"\xF0KIT\0", name].concat())
        .map_err(|error| CliError::Bug(format!("a made-up AID: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> Result<Names, String> {
        let args = Args { name: PathBuf::from(name), package: None, aid: None };
        Names::of(&args).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_gives_package_class_and_aids() {
        let told = |name: &str| {
            let names = names(name).unwrap();
            format!("{} {} {} {}", names.package, names.class, names.aid, names.applet_aid)
        };
        assert_eq!(
            told("hello"),
            "com.example.hello Hello F04B49540068656C6C6F F04B49540068656C6C6F01"
        );
        assert_eq!(
            told("a/My-wallet").split(' ').take(2).collect::<Vec<_>>(),
            ["com.example.my_wallet", "MyWallet"]
        );
        let long = names("a-very-long-name-indeed").unwrap();
        assert_eq!(long.applet_aid.as_bytes().len(), 16);
        assert_eq!(names("tally").unwrap().class, "TallyApplet");
    }

    #[test]
    fn names_that_java_cannot_have_are_refused() {
        assert!(names("1st").is_err_and(|told| told == "\"1st\" is no name of an applet"));
        assert!(names("..").is_err());
        assert!(names("a.b").is_err());
        assert!(names("钱包").is_err());
        assert!(names("switch").is_err_and(|told| told.contains("switch is a word of Java")));
    }
}
