//! The reference data: classes, requests, results.

use std::path::PathBuf;

use capfile::api::Api;
use capfile::export::ExportFile;
use converter::{Applet, ClassInput, Converted, Errors, Options, Request, Target};
use serde_json::Value;

pub struct Corpus {
    root: PathBuf,
}

/// A package for a target: what was asked for and what came out.
pub struct Reference {
    pub name: String,
    pub target: Target,
    pub package: String,
    pub aid: Vec<u8>,
    pub version: (u8, u8),
    pub applets: Vec<(Vec<u8>, String)>,
    pub options: Options,
    pub uses: Vec<String>,
    /// Class files: name and bytes.
    pub classes: Vec<(String, Vec<u8>)>,
    /// By name, from the tag on.
    pub components: Vec<(String, Vec<u8>)>,
    pub export: Vec<u8>,
}

impl Corpus {
    /// The corpus, if there is one.
    pub fn find() -> Option<Self> {
        let Some(root) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
            println!("SKIPPED: PURSEKIT_GOLDEN does not say where the reference data is");
            return None;
        };
        assert!(root.join("expected").is_dir(), "PURSEKIT_GOLDEN is set and has no expected/");
        Some(Self { root })
    }

    fn json(&self, path: &str) -> Value {
        let path = self.root.join(path);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap()
    }

    /// All packages and targets, by name.
    pub fn references(&self) -> Vec<Reference> {
        let mut names: Vec<String> = std::fs::read_dir(self.root.join("expected"))
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".json").map(str::to_owned)
            })
            .filter(|name| name != "negative" && name != "opcode-coverage")
            .collect();
        names.sort();
        names.iter().flat_map(|name| self.of_package(name)).collect()
    }

    fn of_package(&self, name: &str) -> Vec<Reference> {
        let expected = self.json(&format!("expected/{name}.json"));
        let classes = self.json(&format!("classes/{}.json", name.trim_end_matches("_debug")));
        let kits = expected["kits"].as_object().unwrap();
        let list = kits.iter().map(|(kit, result)| {
            assert_eq!(result["accepted"], true, "{name} {kit}");
            let (major, minor) = text(&expected["version"]).split_once('.').map_or_else(
                || panic!("version of {name}"),
                |(major, minor)| (major.parse().unwrap(), minor.parse().unwrap()),
            );
            let applets = array(&expected["applets"]);
            let options: Vec<&str> = array(&expected["options"]).iter().map(text).collect();
            let components = result["components"].as_object().unwrap().iter();
            Reference {
                name: name.to_owned(),
                target: Target::by_name(kit).unwrap(),
                package: text(&expected["package"]).to_owned(),
                aid: hex(&expected["package_aid"]),
                version: (major, minor),
                applets: applets
                    .iter()
                    .map(|applet| (hex(&applet["aid"]), text(&applet["class"]).to_owned()))
                    .collect(),
                options: Options {
                    int: options.contains(&"-i"),
                    debug: options.contains(&"-debug"),
                    optimize: false,
                },
                uses: array(&expected["uses"]).iter().map(|used| text(used).to_owned()).collect(),
                classes: class_files(&classes, kit),
                components: components.map(|(name, digits)| (name.clone(), hex(digits))).collect(),
                export: hex(&result["exp"]),
            }
        });
        list.collect()
    }

    /// Converts what the reference was made of.
    pub fn convert(&self, reference: &Reference) -> Result<Converted, Errors> {
        convert(reference, &self.imports(reference))
    }

    /// Export files of the platform and of the packages that it uses.
    pub fn imports(&self, reference: &Reference) -> Vec<ExportFile> {
        let mut imports = platform_exports(reference.target);
        for used in &reference.uses {
            if used.starts_with("org.globalplatform") {
                let api = Api::built_in();
                let platform = api.platform(reference.target.name()).unwrap();
                let package = api.package("org/globalplatform", "1.1".parse().unwrap()).unwrap();
                imports.push(package.export(platform));
            } else {
                let expected = self.json(&format!("expected/{used}.json"));
                let bytes = hex(&expected["kits"][reference.target.name()]["exp"]);
                imports.push(ExportFile::read(&bytes, used).unwrap());
            }
        }
        imports
    }
}

/// Export files of a platform.
fn platform_exports(target: Target) -> Vec<ExportFile> {
    let api = Api::built_in();
    api.exports(api.platform(target.name()).unwrap())
}

fn convert(reference: &Reference, imports: &[ExportFile]) -> Result<Converted, Errors> {
    let classes: Vec<ClassInput<'_>> =
        reference.classes.iter().map(|(name, bytes)| ClassInput { name, bytes }).collect();
    let applets: Vec<Applet<'_>> =
        reference.applets.iter().map(|(aid, class)| Applet { aid, class }).collect();
    converter::convert(&Request {
        classes: &classes,
        package: &reference.package,
        aid: &reference.aid,
        version: reference.version,
        applets: &applets,
        target: reference.target,
        options: reference.options,
        imports,
    })
}

/// A package that the reference refuses.
pub struct Refusal {
    pub name: String,
    pub request: Reference,
    /// Lines that its messages name.
    pub lines: Vec<u16>,
    pub messages: Vec<String>,
}

impl Corpus {
    /// Packages that the reference refuses; their class files are kept with the project.
    pub fn refusals(&self) -> Vec<Refusal> {
        let list = self.json("expected/negative.json");
        array(&list).iter().map(refusal).collect()
    }
}

fn refusal(entry: &Value) -> Refusal {
    let name = text(&entry["name"]).trim_start_matches("neg/").to_owned();
    let folder =
        format!("{}/../../tests/fixtures/javacard/refused/{name}", env!("CARGO_MANIFEST_DIR"),);
    let classes = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let classes = classes.filter(|path| path.extension().is_some_and(|ending| ending == "class"));
    let classes = classes.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(&path).unwrap())
    });
    let messages: Vec<String> = array(&entry["kits"]["3.0.5"]["messages"])
        .iter()
        .map(|message| text(message).to_owned())
        .collect();
    let lines = messages.iter().filter_map(|message| {
        let (_, after) = message.split_once("line ")?;
        after.split_once(':')?.0.parse().ok()
    });
    Refusal {
        lines: lines.collect(),
        messages,
        request: Reference {
            name: name.clone(),
            target: Target::Jc305,
            package: text(&entry["package"]).to_owned(),
            aid: hex(&entry["package_aid"]),
            version: (1, 0),
            applets: array(&entry["applets"])
                .iter()
                .map(|applet| (hex(&applet["aid"]), text(&applet["class"]).to_owned()))
                .collect(),
            options: Options {
                int: array(&entry["options"]).iter().any(|option| text(option) == "-i"),
                ..Options::default()
            },
            uses: Vec::new(),
            classes: classes.collect(),
            components: Vec::new(),
            export: Vec::new(),
        },
        name,
    }
}

/// Class files of a kit; their version bytes are kept apart.
fn class_files(classes: &Value, kit: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (name, variants) in classes["classes"].as_object().unwrap() {
        let variant = array(variants)
            .iter()
            .find(|variant| array(&variant["kits"]).iter().any(|known| text(known) == kit));
        let Some(variant) = variant else { continue };
        let major = classes["major_of"]
            .get(name)
            .and_then(|own| own.as_u64().or_else(|| own.get(kit)?.as_u64()))
            .or_else(|| classes["major"][kit].as_u64())
            .unwrap();
        let mut bytes = hex(&variant["hex"]);
        bytes[4..8].copy_from_slice(&u32::try_from(major).unwrap().to_be_bytes());
        files.push((format!("{name}.class"), bytes));
    }
    files
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    ::hex::decode(text(value)).unwrap()
}
