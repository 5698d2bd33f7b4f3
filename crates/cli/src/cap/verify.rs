//! `purse cap verify`.

use std::path::{Path, PathBuf};

use capfile::api::Platform;
use capfile::cap::CapFile;
use capfile::export::Package;
use capfile::verify::{self, Context, Refusal, Verified};
use serde::Serialize;

use super::input::{self, NamesArgs};
use crate::applet::platform;
use crate::error::CliError;
use crate::exit::Exit;
use crate::ui::{Tone, Ui};

/// Arguments of `purse cap verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CAP files: JARs, or components back to back.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The platform whose API packages it must go with; else the oldest that has what the file
    /// imports.
    #[arg(long, value_name = "V", value_parser = platform::platform)]
    platform: Option<&'static Platform>,
    #[command(flatten)]
    names: NamesArgs,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    files: Vec<File>,
}

/// What there is to say of a file.
#[derive(Serialize)]
struct File {
    file: String,
    ok: bool,
    /// The platform it was verified against.
    platform: Option<String>,
    methods: usize,
    instructions: usize,
    unchecked: Vec<String>,
    /// Why its bytes are no CAP file at all.
    malformed: Option<String>,
    refusals: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    component: String,
    offset: usize,
    method: Option<MethodOf>,
    rule: &'static str,
    asks: &'static str,
    detail: String,
    next: &'static str,
    #[serde(skip)]
    words: String,
}

#[derive(Serialize)]
struct MethodOf {
    name: Option<String>,
    block: u8,
    offset: u16,
    bytecode: Option<u16>,
    instruction: Option<&'static str>,
}

/// Verifies them all, then says which are refused.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let exports = packages(args)?;
    let files: Vec<File> = args
        .files
        .iter()
        .map(|path| one(path, args.platform, &exports))
        .collect::<Result<_, _>>()?;
    if !ui.json {
        for file in &files {
            tell(ui, file)?;
        }
    }
    let refused = files.iter().filter(|file| !file.ok).count();
    let (all, first) = (files.len(), files.iter().find(|file| !file.ok));
    let message = match (first, all) {
        (None, _) => {
            return if ui.json { ui.document(&Document { ok: true, files }) } else { Ok(()) };
        }
        (Some(file), 1) => format!("{} is refused", file.file),
        (Some(_), _) => format!("{refused} of {all} files are refused"),
    };
    let document = ui.json.then(|| serde_json::to_value(Document { ok: false, files }));
    let document = document
        .transpose()
        .map_err(|error| CliError::Bug(format!("a result is no JSON: {error}")))?;
    Err(CliError::Unfinished {
        exit: Exit::ClassFile,
        message,
        next: "each refusal says what to do; purse cap dump shows the file; the rules are in \
               docs/cap-rules.md"
            .to_owned(),
        document: document.map(Box::new),
    })
}

/// The export files that were named.
fn packages(args: &Args) -> Result<Vec<Package>, CliError> {
    let resolve = |(path, file): (PathBuf, _)| {
        let package = Package::resolve(&file, &path.display().to_string());
        package.map_err(|source| input::malformed(&path, source))
    };
    args.names.exports()?.into_iter().map(resolve).collect()
}

fn one(
    path: &Path,
    platform: Option<&'static Platform>,
    exports: &[Package],
) -> Result<File, CliError> {
    let mut file = File {
        file: path.display().to_string(),
        ok: false,
        platform: None,
        methods: 0,
        instructions: 0,
        unchecked: Vec::new(),
        malformed: None,
        refusals: Vec::new(),
    };
    let bytes = input::bytes(path)?;
    let cap = match CapFile::open(&bytes, &file.file) {
        Ok((cap, _)) => cap,
        Err(problem) => {
            file.malformed = Some(problem.to_string());
            return Ok(file);
        }
    };
    let imports = &cap.imports.packages;
    let platform = platform.or_else(|| verify::oldest_with(imports));
    let known = platform.map(|platform| verify::offered(platform, imports)).unwrap_or_default();
    // What the user names stands before what the program knows.
    let is_named = |known: &Package| exports.iter().any(|one| one.info.aid == known.info.aid);
    let mut all: Vec<Package> = exports.to_vec();
    all.extend(known.into_iter().filter(|known| !is_named(known)));
    file.platform = platform.map(|platform| platform.name.clone());
    match verify::verify(&cap, &Context { exports: &all, ..Context::default() }) {
        Ok(Verified { methods, instructions, unchecked, .. }) => {
            file.ok = true;
            (file.methods, file.instructions) = (methods, instructions);
            file.unchecked = unchecked.iter().map(ToString::to_string).collect();
        }
        Err(refusals) => file.refusals = refusals.iter().map(Refused::of).collect(),
    }
    Ok(file)
}

impl Refused {
    fn of(refusal: &Refusal) -> Self {
        let method = refusal.method.as_ref().map(|method| MethodOf {
            name: method.name.clone(),
            block: method.place.block,
            offset: method.place.offset,
            bytecode: method.instruction.map(|(at, _)| at),
            instruction: method.instruction.map(|(_, mnemonic)| mnemonic),
        });
        Self {
            component: refusal.component.to_string(),
            offset: refusal.offset,
            method,
            rule: refusal.rule.id(),
            asks: refusal.rule.text(),
            detail: refusal.detail.clone(),
            next: refusal.rule.next(),
            words: refusal.to_string(),
        }
    }
}

fn tell(ui: &Ui, file: &File) -> Result<(), CliError> {
    let name = &file.file;
    if let Some(problem) = &file.malformed {
        return ui.print(&format!("{name}: {} {problem}\n", ui.toned(Tone::Bad, "no CAP file:")));
    }
    if file.ok {
        for unchecked in &file.unchecked {
            let note = ui.toned_talk(Tone::Warning, "not checked:");
            ui.say(&format!("{name}: {note} {unchecked}; name one with --exports"));
        }
        let platform = file.platform.as_deref().unwrap_or("unknown");
        return ui.print(&format!(
            "{name}: {}, {} methods with {} instructions, Java Card {platform}\n",
            ui.toned(Tone::Good, "ok"),
            file.methods,
            file.instructions,
        ));
    }
    let mut text = String::new();
    for refusal in &file.refusals {
        let (words, next) = (&refusal.words, refusal.next);
        text += &format!("{name}: {words}\n");
        text += &format!("    {next}\n");
    }
    ui.print(&text)
}
