//! `purse cap`: packages as files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capfile::api::Api;
use capfile::cap::{CapFile, Component, Container, NamedApplet, Tag};
use serde_json::Value;
use tempfile::TempDir;

use crate::{run, text};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/javacard/counter");

/// A package of our own, in a format.
fn counter(format: &str) -> CapFile {
    let lines = fs::read_to_string(format!("{FIXTURES}/counter-{format}.components")).expect("it");
    let component = |line: &str| {
        let (name, bytes) = line.split_once(' ').expect("name and bytes");
        let tag = Tag::STANDARD.into_iter().find(|tag| tag.name() == name).expect("a component");
        Component { tag, bytes: hex::decode(bytes).expect("hex") }
    };
    let components: Vec<Component> = lines.lines().map(component).collect();
    CapFile::read(&components).expect("a package")
}

/// Writes it as a JAR.
fn jar(folder: &TempDir, name: &str, cap: &CapFile) -> PathBuf {
    let aid = cap.applets.as_ref().expect("applets").applets[0].aid;
    let applets = vec![NamedApplet { aid, class: "Counter".to_owned() }];
    let container = Container { package: "demo/counter".to_owned(), applets };
    written(folder, name, &cap.to_jar(&container).expect("a JAR"))
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn a_dump_has_names_lines_and_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = jar(&folder, "counter.cap", &counter("2.3"));
    let said = run(&["cap", "dump", text(&path)]).fine().stdout;
    let kept = fs::read_to_string(format!("{FIXTURES}/counter-2.3.dump.txt")).expect("it");
    assert_eq!(said, kept.replace("\r\n", "\n"));
    assert!(said.contains("invokevirtual 5;  // javacard/framework/Applet.register()V"), "{said}");

    let document = run(&["cap", "dump", text(&path), "--json"]).fine().json();
    assert_eq!(document["ok"], true);
    assert_eq!(document["package"], "demo/counter");
    assert_eq!(document["classes"][1]["methods"][2]["name"], "process");
    // The page has its members.
    let page = include_str!("../../../docs/json.md");
    let shape = page.split("`purse cap dump` prints `").nth(1).expect("its shape");
    let shape = shape.split('`').next().expect("its end");
    let documented: BTreeSet<&str> = shape.split('"').skip(1).step_by(2).collect();
    let mut found: BTreeSet<&str> =
        document.as_object().expect("an object").keys().map(String::as_str).collect();
    found.remove("ok");
    assert_eq!(found, documented);
}

#[test]
fn components_back_to_back_are_dumped_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let components = counter("2.1").to_components().expect("components");
    let bytes: Vec<u8> = components.into_iter().flat_map(|one| one.bytes).collect();
    let path = written(&folder, "counter.ijc", &bytes);
    let said = run(&["cap", "dump", text(&path)]).fine().stdout;
    assert!(said.starts_with(".package F05055525345 {\n"), "{said}");
}

#[test]
fn export_files_name_what_the_api_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cap = counter("2.1");
    // As if the framework were somebody's own package.
    let aid = "F0DEADBEEF01".parse().expect("an AID");
    cap.imports.packages[0].aid = aid;
    let path = jar(&folder, "counter.cap", &cap);
    let said = run(&["cap", "dump", text(&path)]).fine().stdout;
    assert!(said.contains("// F0DEADBEEF01/Class3.virtual1()V"), "{said}");

    let api = Api::built_in();
    let platform = api.platform("3.0.5").expect("a platform");
    let framework = api.newest("javacard/framework").expect("the framework");
    let mut package = framework.offers(platform);
    package.info.aid = aid;
    let version = capfile::cap::FormatVersion::V2_1;
    let export = capfile::export::ExportFile::of(&package, version).expect("an export file");
    fs::create_dir_all(folder.path().join("exports/deep/in/it")).expect("folders");
    let bytes = export.to_bytes().expect("its bytes");
    written(&folder, "exports/deep/in/it/framework.exp", &bytes);
    let exports = folder.path().join("exports");
    let said = run(&["cap", "dump", text(&path), "--exports", text(&exports)]).fine().stdout;
    assert!(said.contains("// javacard/framework/Applet.register()V"), "{said}");

    written(&folder, "exports/broken.exp", &bytes[..100]);
    run(&["cap", "dump", text(&path), "--exports", text(&exports)])
        .refused(50, &["broken.exp", "offset"]);
}

#[test]
fn two_builds_of_one_source_are_identical() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = jar(&folder, "first.cap", &counter("2.2"));
    let second = jar(&folder, "second.cap", &counter("2.2"));
    assert_eq!(fs::read(&first).expect("it"), fs::read(&second).expect("it"));
    let said = run(&["cap", "diff", text(&first), text(&second)]).fine();
    assert_eq!(said.stdout, "identical\n");
    let said = run(&["cap", "diff", text(&first), text(&second), "--json"]).fine().json();
    assert_eq!((&said["ok"], &said["verdict"]), (&Value::from(true), &Value::from("identical")));
}

#[test]
fn what_differs_is_named_and_ends_with_50() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = jar(&folder, "first.cap", &counter("2.2"));
    let mut cap = counter("2.2");
    cap.imports.packages[0].version.minor = 5;
    let second = jar(&folder, "second.cap", &cap);
    let said = run(&["cap", "diff", text(&first), text(&second)])
        .refused(50, &["first.cap and", "second.cap differ", "purse cap dump"]);
    let words = "different\n\nimport javacard/framework\n  - 1.6\n  + 1.5\n\nbytes\n  \
                 Import: 24 bytes, 1 differ, the first at 4\n";
    assert_eq!(said.stdout, words);
    let said = run(&["cap", "diff", text(&first), text(&second), "--json"]).refused(50, &[]).json();
    assert_eq!((&said["ok"], &said["verdict"]), (&Value::from(false), &Value::from("different")));
    assert_eq!(said["meaning"][0]["what"], "import javacard/framework");
    assert_eq!(said["components"][0]["offset"], 4);
    assert_eq!(said["error"]["kind"], "class-file");
}

#[test]
fn an_export_file_is_listed_with_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let api = Api::built_in();
    let platform = api.platform("3.1.0").expect("a platform");
    let export = api.newest("javacard/framework").expect("the framework").export(platform);
    let path = written(&folder, "framework.exp", &export.to_bytes().expect("its bytes"));
    let said = run(&["cap", "exp", text(&path)]).fine().stdout;
    for line in [
        "library javacard.framework 1.9\n",
        "  AID A0000000620101, export file format 2.3\n",
        "class token 3: public abstract class javacard.framework.Applet\n",
        "    7  public abstract void process(javacard.framework.APDU)\n",
        "    -  public static final byte OFFSET_CLA = 0\n",
    ] {
        assert!(said.contains(line), "no {line:?} in:\n{said}");
    }
    let said = run(&["cap", "exp", text(&path), "--json"]).fine().json();
    assert_eq!((&said["package"], &said["library"]), (&"javacard.framework".into(), &true.into()));
    let class = &said["classes"][3];
    assert_eq!((&class["token"], &class["name"]), (&3.into(), &"javacard.framework.Applet".into()));
}

#[test]
fn files_that_are_no_packages_are_refused_with_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let class = written(&folder, "A.class", b"\xCA\xFE\xBA\xBE\0\0\0\x34");
    run(&["cap", "dump", text(&class)]).refused(50, &["A.class", "offset 0", "CAFEBABE"]);
    run(&["cap", "exp", text(&class)]).refused(50, &["A.class", "magic number is CAFEBABE"]);
    let mut bytes = fs::read(jar(&folder, "counter.cap", &counter("2.1"))).expect("it");
    bytes.truncate(bytes.len() / 2);
    let cut = written(&folder, "cut.cap", &bytes);
    run(&["cap", "dump", text(&cut)]).refused(50, &["cut.cap", "JAR archive, whole"]);
    let nothing = folder.path().join("nothing.cap");
    run(&["cap", "dump", text(&nothing)]).refused(2, &["failed to read", "nothing.cap"]);
    let refused = run(&["cap", "dump", text(&class), "--json"]).refused(50, &[]).json();
    assert_eq!(refused["error"]["kind"], "class-file");
    assert!(Path::new(refused["error"]["message"].as_str().expect("words")).is_absolute());
}

#[test]
fn a_sound_package_is_ok_and_a_changed_one_is_refused_with_place_and_rule() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = jar(&folder, "counter.cap", &counter("2.3"));
    let said = run(&["cap", "verify", text(&path)]).fine().stdout;
    assert!(said.ends_with("counter.cap: ok, 5 methods with 63 instructions, Java Card 3.1.0\n"));
    let extended = jar(&folder, "extended.cap", &counter("2.3-extended"));
    run(&["cap", "verify", text(&path), text(&extended)]).fine();

    let mut changed = counter("2.3");
    let methods = &mut changed.methods.blocks[0].methods;
    let sadd = capfile::instruction::Opcode::Sadd.byte();
    let at = methods.iter().rposition(|byte| *byte == sadd).expect("an addition");
    methods[at] = capfile::instruction::Opcode::Iadd.byte();
    let changed = jar(&folder, "changed.cap", &changed);
    let both = run(&["cap", "verify", text(&path), text(&changed)]);
    let both = both.refused(50, &["1 of 2 files are refused", "docs/cap-rules.md"]);
    for words in ["counter.cap: ok", "changed.cap: Method component", "(iadd)", "[int-flag: "] {
        assert!(both.stdout.contains(words), "no {words:?} in:\n{}", both.stdout);
    }
    let said = run(&["cap", "verify", text(&changed), "--json"]).refused(50, &[]).json();
    assert_eq!((&said["ok"], &said["error"]["kind"]), (&false.into(), &"class-file".into()));
    let refusal = &said["files"][0]["refusals"][0];
    assert_eq!(refusal["rule"], "int-flag");
    assert_eq!(refusal["method"]["instruction"], "iadd");
    assert_eq!(refusal["method"]["name"], "demo/counter/Counter.next()S");
}

#[test]
fn a_platform_that_lacks_what_is_imported_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = jar(&folder, "counter.cap", &counter("2.3"));
    let said = run(&["cap", "verify", text(&path), "--platform", "2.2.1"]).refused(50, &[]);
    assert!(said.stdout.contains("[import-version: "), "{}", said.stdout);
    run(&["cap", "verify", text(&path), "--platform", "1.0"]).refused(2, &["no platform 1.0"]);
    let class = written(&folder, "A.class", b"\xCA\xFE\xBA\xBE\0\0\0\x34");
    let said = run(&["cap", "verify", text(&class)]).refused(50, &["is refused"]);
    assert!(said.stdout.contains("A.class: no CAP file: "), "{}", said.stdout);
}

/// The page's commands say what it shows.
#[test]
fn the_page_shows_what_the_commands_say() {
    let folder = tempfile::tempdir().expect("a folder");
    jar(&folder, "counter.cap", &counter("2.2"));
    let mut newer = counter("2.2");
    let methods = &mut newer.methods.blocks[0].methods;
    let sadd = capfile::instruction::Opcode::Sadd.byte();
    let at = methods.iter().rposition(|byte| *byte == sadd).expect("an addition");
    methods[at] = capfile::instruction::Opcode::Ssub.byte();
    jar(&folder, "newer.cap", &newer);
    let api = Api::built_in();
    let platform = api.platform("3.0.5").expect("a platform");
    let apdu = api.newest("javacardx/apdu").expect("the package").export(platform);
    written(&folder, "apdu.exp", &apdu.to_bytes().expect("its bytes"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cap.md");
    let there = fs::read_to_string(path).expect("the page").replace("\r\n", "\n");
    let mut made = there.clone();
    for shown in tests::console::shown(&there) {
        let output = tests::console::shell(&shown.command, folder.path());
        let said = String::from_utf8(output.stdout).expect("words");
        let block = |output: &str| format!("$ {}\n{output}", shown.command);
        made = made.replacen(&block(&shown.output), &block(&said), 1);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, &made).expect("written");
        return;
    }
    assert!(there == made, "docs/cap.md is old; UPDATE_DOCS=1 cargo test -p tests --test cli cap");
}
