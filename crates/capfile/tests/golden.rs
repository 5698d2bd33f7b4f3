//! Every package of the golden corpus: read and written again, byte for byte.
//!
//! The corpus does not lie in this repository; the variable `PURSEKIT_GOLDEN` names its folder. What
//! runs without it stands in `packages.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::PathBuf;

use capfile::cap::{CapFile, Component, Container, Tag, components};
use capfile::diff::{Difference, Side, Verdict};
use capfile::dump::{Dump, InstructionDump, MethodDump, Names};
use capfile::export::{ExportFile, Package};
use serde_json::Value;

/// A package of the corpus, as one kit converted it.
struct Golden {
    /// Package and kit.
    name: String,
    package: String,
    components: Vec<Component>,
    export: Vec<u8>,
}

/// All of them; none, and a word about it, where the corpus is not here.
fn corpus() -> Vec<Golden> {
    let Some(folder) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
        eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name the golden corpus");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("expected"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let Some(kits) = document["kits"].as_object() else { continue };
        for (kit, result) in kits {
            let Some(listed) = result["components"].as_object() else { continue };
            let of_tag = |tag: Tag| {
                let bytes = hex(listed.get(tag.name())?.as_str()?);
                Some(Component { tag, bytes })
            };
            let name = document["name"].as_str().unwrap();
            all.push(Golden {
                name: format!("{name} {kit}"),
                package: document["package"].as_str().unwrap().replace('.', "/"),
                components: Tag::STANDARD.into_iter().filter_map(of_tag).collect(),
                export: hex(result["exp"].as_str().unwrap()),
            });
        }
    }
    assert!(all.len() >= 279, "the corpus has {} packages", all.len());
    all
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(byte).collect()
}

#[test]
fn components_are_written_as_they_were_read() {
    for golden in corpus() {
        let cap = CapFile::read(&golden.components)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        let written = cap.to_components().unwrap();
        for (written, read) in written.iter().zip(&golden.components) {
            assert_eq!(written, read, "{}: {}", golden.name, read.tag);
        }
        assert_eq!(written.len(), golden.components.len(), "{}", golden.name);
    }
}

#[test]
fn components_back_to_back_are_taken_apart() {
    for golden in corpus() {
        let bytes: Vec<u8> =
            golden.components.iter().flat_map(|component| component.bytes.clone()).collect();
        assert_eq!(components(&bytes).unwrap(), golden.components, "{}", golden.name);
    }
}

#[test]
fn the_directory_can_be_made_from_the_others() {
    for golden in corpus() {
        let mut cap = CapFile::read(&golden.components).unwrap();
        let read = cap.directory.take();
        cap.fill_directory().unwrap();
        assert_eq!(cap.directory, read, "{}", golden.name);
    }
}

#[test]
fn a_jar_gives_back_what_was_put_in() {
    for golden in corpus() {
        let cap = CapFile::read(&golden.components).unwrap();
        let container = Container { package: golden.package, applets: Vec::new() };
        let jar = cap.to_jar(&container).unwrap();
        let (read, found) = CapFile::open(&jar, &golden.name).unwrap();
        assert_eq!((&read, found.as_ref()), (&cap, Some(&container)), "{}", golden.name);
        assert_eq!(read.to_components().unwrap(), golden.components, "{}", golden.name);
        assert_eq!(read.to_jar(&container).unwrap(), jar, "{}", golden.name);
    }
}

#[test]
fn export_files_are_written_as_they_were_read_and_every_name_is_there() {
    for golden in corpus() {
        let export = ExportFile::read(&golden.export, &golden.name)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        assert_eq!(export.to_bytes().unwrap(), golden.export, "{}", golden.name);
        let package = Package::resolve(&export, &golden.name).unwrap();
        assert_eq!(package.name.as_ref(), golden.package, "{}", golden.name);
    }
}

#[test]
fn every_constant_instruction_and_type_has_a_name() {
    let corpus = corpus();
    let mut names = Names::built_in();
    for golden in &corpus {
        let export = ExportFile::read(&golden.export, &golden.name).unwrap();
        names.add(Package::resolve(&export, &golden.name).unwrap());
    }
    let mut instructions = 0;
    for golden in &corpus {
        let cap = CapFile::read(&golden.components).unwrap();
        let dump = Dump::new(&cap, None, &names).unwrap();
        assert_eq!(dump.package, golden.package, "{}", golden.name);
        let constants = dump.constants.iter().map(|constant| constant.name.as_str());
        for method in dump.classes.iter().flat_map(|class| &class.methods) {
            assert_eq!(method.problem, None, "{} {}", golden.name, method.name);
            instructions += method.code.len();
            let whole = !method.descriptor.contains('?');
            assert!(whole, "{} {}{}", golden.name, method.name, method.descriptor);
        }
        for name in constants {
            // Every package that is used is in the corpus, but for one of GlobalPlatform, which the
            // API tables have.
            let unnamed = name.contains('?') || name.contains('#') || name.contains('@');
            assert!(!unnamed && !name.starts_with("A0"), "{}: {name}", golden.name);
        }
    }
    assert!(corpus.is_empty() || instructions > 100_000, "{instructions} instructions");
}

#[test]
fn remote_classes_have_the_names_and_methods_of_remote_calls() {
    for golden in corpus().iter().filter(|golden| golden.name.starts_with("rmi ")) {
        let cap = CapFile::read(&golden.components).unwrap();
        let dump = Dump::new(&cap, None, &Names::built_in()).unwrap();
        let named: Vec<&str> = dump.classes.iter().map(|class| class.name.as_str()).collect();
        assert!(named.iter().any(|name| name.ends_with("/Till")), "{}: {named:?}", golden.name);
        let class = dump.classes.iter().find(|class| class.name.ends_with("/TillImpl")).unwrap();
        for remote in &class.remote.as_ref().unwrap().methods {
            let method = class.methods.iter().find(|one| one.token == Some(remote.token)).unwrap();
            assert_eq!(remote.descriptor, method.descriptor, "{}", golden.name);
        }
    }
}

/// Kits 2.2.2 and 3.0.4 have the same code generator, and other versions of the API.
#[test]
fn what_two_kits_make_of_a_package_differs_in_imports_only() {
    let corpus = corpus();
    let mut compared = 0;
    for old in corpus.iter().filter(|golden| golden.name.ends_with(" 2.2.2")) {
        let name = old.name.replace(" 2.2.2", " 3.0.4");
        let Some(new) = corpus.iter().find(|golden| golden.name == name) else { continue };
        let caps = [old, new].map(|golden| CapFile::read(&golden.components).unwrap());
        let [old_side, new_side] = [0, 1].map(|index| Side { cap: &caps[index], container: None });
        let found = Difference::between(old_side, new_side, &Names::built_in()).unwrap();
        let differs = old.components != new.components;
        assert_eq!(found.verdict != Verdict::Identical, differs, "{name}: {found}");
        for change in &found.meaning {
            assert!(change.what.starts_with("import "), "{name}: {found}");
        }
        compared += 1;
    }
    assert!(corpus.is_empty() || compared > 50, "{compared} packages");
}

/// The corpus has the reference's own text of some packages: one of generator G1, one of G2.
#[test]
fn dumps_say_the_same_as_the_text_of_the_reference() {
    let corpus = corpus();
    let folder = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from).unwrap_or_default();
    let mut compared = 0;
    for golden in &corpus {
        let (package, kit) = golden.name.split_once(' ').unwrap();
        let file = match kit {
            "2.2.2" => format!("{package}.jca.txt"),
            "3.2.0" => format!("{package}.g2.jca.txt"),
            _ => continue,
        };
        let Ok(text) = fs::read_to_string(folder.join("expected").join(file)) else { continue };
        let cap = CapFile::read(&golden.components).unwrap();
        let container = Container { package: golden.package.clone(), applets: Vec::new() };
        let dump = Dump::new(&cap, Some(&container), &Names::built_in()).unwrap();
        // Without debugging information nobody knows the names of classes that are not public.
        let folder_of_own = format!("L{}/", golden.package);
        let own = |descriptor: &str| {
            let parts = descriptor.split(&folder_of_own).enumerate().map(|(index, part)| {
                match (index, part.split_once(';')) {
                    (0, _) | (_, None) => part.to_owned(),
                    (_, Some((_, rest))) => format!("Lown;{rest}"),
                }
            });
            parts.collect::<String>()
        };
        let methods: Vec<&MethodDump> = dump
            .classes
            .iter()
            .flat_map(|class| &class.methods)
            .filter(|method| !method.code.is_empty())
            .collect();
        let expected = reference_methods(&text);
        assert_eq!(methods.len(), expected.len(), "{}", golden.name);
        for (method, mut expected) in methods.iter().zip(expected) {
            expected.descriptor = own(&expected.descriptor);
            let code = method.code.iter().map(words).collect();
            let found = ReferenceMethod {
                descriptor: own(&method.descriptor),
                stack: method.max_stack,
                locals: method.max_locals,
                code,
            };
            assert_eq!(found, expected, "{} {}", golden.name, method.name);
            compared += 1;
        }
    }
    assert!(corpus.is_empty() || compared > 400, "{compared} methods");
}

#[derive(Debug, Default, PartialEq, Eq)]
struct ReferenceMethod {
    descriptor: String,
    stack: u8,
    locals: u8,
    code: Vec<Vec<String>>,
}

/// Mnemonic and operands without targets.
fn words(instruction: &InstructionDump) -> Vec<String> {
    let mut operands: Vec<String> = instruction.operands.iter().map(ToString::to_string).collect();
    match instruction.mnemonic {
        // The reference writes the highest value too.
        "stableswitch" | "itableswitch" => {
            let low = instruction.operands[0];
            let targets = i32::try_from(instruction.targets.len()).unwrap();
            operands.push((low + targets - 2).to_string());
        }
        // The reference writes the number of values before them.
        "slookupswitch" | "ilookupswitch" => operands.insert(0, operands.len().to_string()),
        // The reference writes the byte.
        "dup_x" | "swap_x" => {
            let byte = instruction.operands[0] << 4 | instruction.operands[1];
            operands = vec![byte.to_string()];
        }
        _ => {}
    }
    std::iter::once(instruction.mnemonic.to_owned()).chain(operands).collect()
}

fn reference_methods(text: &str) -> Vec<ReferenceMethod> {
    let mut methods: Vec<ReferenceMethod> = Vec::new();
    for line in text.lines() {
        let (line, _) = line.split_once("//").unwrap_or((line, ""));
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(".method") {
            let start = rest.find('(').unwrap();
            let descriptor = rest[start..].split_whitespace().next().unwrap();
            let descriptor = descriptor.trim_end_matches(&[';', '{'][..]);
            let reference = descriptor.rsplit_once(')').unwrap().1.contains('L');
            methods.push(ReferenceMethod {
                descriptor: format!("{descriptor}{}", if reference { ";" } else { "" }),
                ..ReferenceMethod::default()
            });
        }
        let Some(method) = methods.last_mut() else { continue };
        let number = |rest: &str| rest.trim().trim_end_matches(';').parse().unwrap();
        if let Some(rest) = line.strip_prefix(".stack") {
            method.stack = number(rest);
        } else if let Some(rest) = line.strip_prefix(".locals") {
            method.locals = number(rest);
        } else if let Some(code) = line.strip_suffix(';').filter(|line| !line.starts_with('.')) {
            let words = code.split_whitespace().filter(|word| !is_label(word));
            let words: Vec<String> =
                words.map(|word| word.split(':').next().unwrap().to_owned()).collect();
            let known = |word: &String| capfile::instruction::Opcode::from_mnemonic(word).is_some();
            if words.first().is_some_and(known) {
                method.code.push(words);
            }
        }
    }
    methods.retain(|method| !method.code.is_empty());
    methods
}

/// `L12`, `L12:`.
fn is_label(word: &str) -> bool {
    let digits = word.trim_end_matches(':').strip_prefix('L');
    digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}
