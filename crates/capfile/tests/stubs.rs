//! The stub classes, as `javac` sees them.
//!
//! Wants a JDK (`JAVA_HOME`, or `javac` on the `PATH`); the golden corpus, where `PURSEKIT_GOLDEN`
//! names its folder, is compiled whole.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use capfile::api::{Api, Platform, Version};
use capfile::class::ClassFile;
use capfile::export::{ExportFile, Package};
use serde_json::Value;

/// A compiler with its version, where there is one.
struct Javac {
    program: PathBuf,
    version: String,
}

fn javac() -> Option<Javac> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/javac"));
    let mut programs = home.into_iter().chain([PathBuf::from("javac")]);
    let found = programs.find_map(|program| {
        let said = Command::new(&program).arg("-version").output().ok()?;
        let said = String::from_utf8([said.stdout, said.stderr].concat()).ok()?;
        let version = said.trim().strip_prefix("javac ")?.to_owned();
        Some(Javac { program, version })
    });
    if found.is_none() {
        eprintln!("SKIPPED: there is no javac, neither in JAVA_HOME nor on the PATH");
    }
    found
}

/// Compiles for a platform, with GlobalPlatform 1.1 beside it.
fn compile(
    javac: &Javac,
    platform: &Platform,
    release: &str,
    sources: &[PathBuf],
    folder: &Path,
) -> Result<(), String> {
    let api = Api::built_in();
    let global_platform = api.package("org/globalplatform", Version { major: 1, minor: 1 });
    let stubs = folder.join("stubs.jar");
    fs::write(&stubs, api.stubs(platform, global_platform).to_bytes().unwrap()).unwrap();
    let done = Command::new(&javac.program)
        // Short runs are faster with the quick compiler of the virtual machine.
        .args([
            "-J-XX:TieredStopAtLevel=1",
            "-g",
            "-nowarn",
            "-Xlint:-options",
            "-encoding",
            "UTF-8",
            "-proc:none",
        ])
        .args(["--release", release, "-cp"])
        .arg(std::env::join_paths([&stubs, folder]).unwrap())
        .args([Path::new("-d"), folder])
        .args(sources)
        .output()
        .unwrap();
    done.status.success().then_some(()).ok_or(String::from_utf8_lossy(&done.stderr).into_owned())
}

/// What a use of every corner of the stubs looks like: constants that are compiled in, nested
/// classes, checked exceptions, inherited and overloaded methods.
const SAMPLE: &str = "
    package sample;
    import javacard.framework.*;
    import javacard.security.*;
    public class Sample extends Applet implements MultiSelectable {
        static final short AT = ISO7816.OFFSET_CDATA + 1;
        public static void install(byte[] data, short from, byte length) {
            new Sample().register(data, from, length);
        }
        public boolean select(boolean again) { return !again; }
        public void deselect(boolean again) { }
        public void process(APDU apdu) {
            MessageDigest.OneShot digest = MessageDigest.OneShot.open(MessageDigest.ALG_SHA);
            try { UserException.throwIt(AT); } catch (UserException e) { ISOException.throwIt(e.getReason()); }
            digest.doFinal(apdu.getBuffer(), AT, (short) 1, apdu.getBuffer(), (short) 0);
            digest.close();
        }
    }";

fn in_new_folder<T>(test: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    test(folder.path())
}

fn compile_sample(platform: &str, text: &str) -> Option<Result<ClassFile, String>> {
    let javac = javac()?;
    Some(in_new_folder(|folder| {
        let source = folder.join("Sample.java");
        fs::write(&source, text).unwrap();
        let platform = Api::built_in().platform(platform).unwrap();
        compile(&javac, platform, "8", &[source], folder)?;
        let class = fs::read(folder.join("sample/Sample.class")).unwrap();
        Ok(ClassFile::read("Sample", &class).unwrap())
    }))
}

#[test]
fn javac_compiles_an_applet_against_the_stubs_and_constants_go_into_it() {
    let Some(class) = compile_sample("3.0.5", SAMPLE) else { return };
    let class = class.unwrap();
    let at = class.fields.iter().find(|field| class.text(field.name) == Ok("AT")).unwrap();
    let value = class.constant_value(at).unwrap();
    assert_eq!(value, Some(&capfile::class::Constant::Integer(6)));
}

#[test]
fn javac_refuses_what_the_platform_has_not() {
    // `MessageDigest.OneShot` came with 3.0.5.
    let Some(class) = compile_sample("3.0.4", SAMPLE) else { return };
    let said = class.unwrap_err();
    assert!(said.contains("OneShot"), "{said}");
    // `UserException` is checked: who throws it says so.
    let careless = SAMPLE.replace("catch (UserException e)", "catch (ISOException e)");
    let said = compile_sample("3.0.5", &careless).unwrap().unwrap_err();
    assert!(said.contains("unreported exception UserException"), "{said}");
    // `JCSystem` has no constructor.
    let odd = SAMPLE.replace("new Sample()", "new JCSystem()");
    let said = compile_sample("3.0.5", &odd).unwrap().unwrap_err();
    assert!(said.contains("JCSystem"), "{said}");
}

#[test]
fn the_golden_sources_give_the_class_files_that_the_reference_was_given() {
    let Some(golden) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
        eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name the golden corpus");
        return;
    };
    let Some(javac) = javac() else { return };
    for platform in Api::built_in().platforms().iter().filter(|one| one.name != "2.2.1") {
        let packages = packages(&golden, &platform.name);
        assert!(packages.len() > 45, "{}: only {} packages", platform.name, packages.len());
        let sources: Vec<PathBuf> = packages
            .iter()
            .flat_map(|package| package["sources"].as_array().unwrap())
            .map(|source| golden.join(source.as_str().unwrap()))
            .collect();
        in_new_folder(|folder| {
            compile(&javac, platform, "8", &sources, folder)
                .unwrap_or_else(|said| panic!("{}: {said}", platform.name));
            for package in &packages {
                let compiler = &package["javac"];
                let same = compiler["per_kit"][&platform.name]["release"] == "8"
                    && compiler["version"] == *javac.version;
                for (class, expected) in class_files(&golden, package, &platform.name) {
                    let name = package["package"].as_str().unwrap().replace('.', "/");
                    let path = folder.join(name).join(format!("{class}.class"));
                    let mut bytes =
                        fs::read(&path).unwrap_or_else(|_| panic!("{}", path.display()));
                    bytes[4..8].fill(0);
                    // Another compiler may write other code, but the same classes.
                    assert!(!same || bytes == expected, "{} differs", path.display());
                }
            }
        });
    }
}

#[test]
fn an_export_file_alone_is_enough_to_compile_against_its_package() {
    let Some(golden) = std::env::var_os("PURSEKIT_GOLDEN").map(PathBuf::from) else {
        eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name the golden corpus");
        return;
    };
    let Some(javac) = javac() else { return };
    let packages = packages(&golden, "3.2.0");
    let named = |name: &str| packages.iter().find(|package| package["name"] == name).unwrap();
    let export = hex(named("lib")["kits"]["3.2.0"]["exp"].as_str().unwrap());
    let export = ExportFile::read(&export, "lib.exp").unwrap();
    let stubs = Package::resolve(&export, "lib.exp").unwrap().stubs().unwrap();
    in_new_folder(|folder| {
        for stub in &stubs {
            let path = folder.join(&stub.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &stub.bytes).unwrap();
        }
        let user = named("libuser");
        let sources = user["sources"].as_array().unwrap();
        let sources: Vec<_> =
            sources.iter().map(|source| golden.join(source.as_str().unwrap())).collect();
        compile(&javac, Api::built_in().platform("3.2.0").unwrap(), "8", &sources, folder).unwrap();
        for (class, expected) in class_files(&golden, user, "3.2.0") {
            let path = folder.join("golden/libuser").join(format!("{class}.class"));
            let mut bytes = fs::read(&path).unwrap();
            bytes[4..8].fill(0);
            let same = user["javac"]["version"] == *javac.version;
            assert!(!same || bytes == expected, "{} differs", path.display());
        }
    });
}

/// The class files that the reference was given for a kit, without their version.
fn class_files(golden: &Path, package: &Value, kit: &str) -> Vec<(String, Vec<u8>)> {
    let name = package["name"].as_str().unwrap();
    let text = fs::read(golden.join(format!("classes/{name}.json"))).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut out = Vec::new();
    for (class, variants) in document["classes"].as_object().unwrap() {
        for variant in variants.as_array().unwrap() {
            if variant["kits"].as_array().unwrap().iter().any(|one| one == kit) {
                out.push((class.clone(), hex(variant["hex"].as_str().unwrap())));
            }
        }
    }
    assert!(!out.is_empty(), "{name} has no classes for {kit}");
    out
}

fn hex(digits: &str) -> Vec<u8> {
    let at = (0..digits.len()).step_by(2);
    at.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Packages of the corpus that a kit accepts and `javac` can make.
fn packages(golden: &Path, kit: &str) -> Vec<Value> {
    let entries = fs::read_dir(golden.join("expected")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let all = files.map(|path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap());
    all.filter(|package| {
        let name = package["name"].as_str().unwrap_or_default();
        // One class of `rawops` is made by an assembler; `_debug` is another conversion of the same.
        package["kits"][kit].is_object() && name != "rawops" && !name.ends_with("_debug")
    })
    .collect()
}
