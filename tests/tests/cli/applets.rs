//! `purse applet`, and `purse cap stubs`: projects, the compiler, what is refused and how.
//!
//! What compiles wants a JDK on the `PATH`, and is skipped loudly without one.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Said, run, run_in, text};

/// The compiler on the `PATH`.
fn javac() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join("javac"));
    let found = found.into_iter().find(|program| program.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no javac on the PATH");
    }
    found
}

/// A project in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// What `purse applet new` makes.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("hello");
        run(&["applet", "new", text(&name)]).fine();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("hello").join(below)
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let path = self.path(file);
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(old), "no {old:?} in {file}");
        fs::write(path, before.replace(old, new)).unwrap();
    }

    fn source(&self, class: &str, text: &str) {
        let path = self.path(&format!("src/com/example/hello/{class}.java"));
        fs::write(path, format!("package com.example.hello;\n{text}\n")).unwrap();
    }

    fn run(&self, verb: &str, more: &[&str]) -> Said {
        let folder = self.path("");
        let first = ["applet", verb, "--project", text(&folder)];
        run(&first.iter().chain(more).copied().collect::<Vec<_>>())
    }
}

/// File, line and first words of every error.
fn errors(document: &Value) -> Vec<(String, u64, String)> {
    let all = document["diagnostics"].as_array().unwrap();
    let told = |one: &Value| {
        let file = Path::new(one["file"].as_str().unwrap()).file_name().unwrap();
        let line = one["line"].as_u64().unwrap();
        (file.to_str().unwrap().to_owned(), line, one["text"].as_str().unwrap().to_owned())
    };
    all.iter().filter(|one| one["severity"] == "error").map(told).collect()
}

#[test]
fn a_new_project_builds_and_what_it_builds_is_the_same_every_time() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    let document = project.run("build", &["--json"]).fine().json();
    assert_eq!(document["package"], "com.example.hello");
    assert_eq!(document["applets"][0]["class"], "Hello");
    let imports = &document["imports"];
    assert_eq!(imports[0]["package"], "javacard.framework");
    assert_eq!(imports[0]["version"], "1.6");
    let components = document["components"].as_array().unwrap();
    let sum: u64 = components.iter().map(|one| one["bytes"].as_u64().unwrap()).sum();
    let descriptor = components.iter().find(|one| one["name"] == "Descriptor").unwrap();
    assert_eq!(document["load"].as_u64().unwrap(), sum - descriptor["bytes"].as_u64().unwrap());
    assert!(document["verified"]["instructions"].as_u64().unwrap() > 50, "{document}");
    assert_eq!(document["verified"]["unchecked"], Value::Array(Vec::new()));

    let cap = fs::read(project.path("hello.cap")).unwrap();
    assert_eq!(document["cap"]["bytes"].as_u64().unwrap(), cap.len() as u64);
    let out = project.path("again");
    project.run("build", &["-o", text(&out)]).fine();
    assert_eq!(fs::read(out.join("hello.cap")).unwrap(), cap);
    assert_eq!(
        fs::read(out.join("hello.exp")).unwrap(),
        fs::read(project.path("hello.exp")).unwrap()
    );
    let exported = run(&["cap", "exp", text(&out.join("hello.exp"))]).fine();
    assert!(exported.stdout.starts_with("package com.example.hello 1.0"), "{}", exported.stdout);
}

#[test]
fn a_new_project_never_changes_what_is_there() {
    let project = Project::new();
    let hello = project.path("");
    run(&["applet", "new", text(&hello)]).refused(2, &["is there already"]);
    let named = project.folder.path().join("1st");
    run(&["applet", "new", text(&named)]).refused(2, &["is no name of an applet", "next:"]);
    let other = project.folder.path().join("other");
    let long = "F0".repeat(16);
    run(&["applet", "new", text(&other), "--aid", &long]).refused(2, &["at most 15 bytes"]);
    assert!(!other.exists());
}

#[test]
fn check_makes_everything_and_writes_nothing() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    let said = project.run("check", &[]).fine();
    assert!(said.stdout.contains("verified   ok"), "{}", said.stdout);
    assert!(!said.stdout.contains("wrote"), "{}", said.stdout);
    assert!(!project.path("hello.cap").exists());
}

#[test]
fn all_that_java_card_has_not_is_told_at_once_with_its_lines() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    project.source(
        "Bad",
        "class Bad {\n  static short large(short a) {\n    long b = a;\n    return (short) b;\n  }\n  \
         static Object joined(Object a) {\n    return \"a\" + a;\n  }\n  static short wide(short a) {\n    \
         int b = a;\n    return (short) (b * b / 3);\n  }\n}",
    );
    let document = project.run("build", &["--json"]);
    assert_eq!(document.code, Some(50), "{}", document.stdout);
    let document = document.json();
    assert_eq!(document["ok"], false);
    assert_eq!(document["error"]["kind"], "class-file");
    let errors = errors(&document);
    for (line, words) in [(4, "long"), (8, "String"), (11, "int")] {
        let told = errors
            .iter()
            .any(|(file, at, text)| file == "Bad.java" && *at == line && text.contains(words));
        assert!(told, "nothing about {words} in line {line}: {errors:?}");
    }
    assert!(errors.windows(2).all(|pair| pair[0].1 <= pair[1].1), "not by line: {errors:?}");
    let said = project.run("build", &[]);
    said.refused(50, &["Bad.java:4: error: ", "the package is refused", "int = true", "next: "]);
    assert!(!project.path("hello.cap").exists());

    // With int allowed, its error is gone.
    project.edit("applet.toml", "int = false", "int = true");
    let document = project.run("check", &["--json"]).json();
    assert!(
        !self::errors(&document).iter().any(|(_, line, _)| (10..=12).contains(line)),
        "{document}"
    );
}

#[test]
fn what_javac_refuses_is_passed_on_with_file_and_line() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    project.source("Bad", "class Bad {\n  short a = gone;\n}");
    let document = project.run("build", &["--json"]).json();
    let first = &document["diagnostics"][0];
    assert_eq!((&first["by"], &first["line"]), (&Value::from("javac"), &Value::from(3)));
    project
        .run("build", &[])
        .refused(50, &["Bad.java:3: error: cannot find symbol", "short a = gone"]);
    project.source("Bad", "import org.globalplatform.GPSystem;\nclass Bad {}");
    project
        .run("build", &[])
        .refused(50, &["does not exist", "under [api]: \"org.globalplatform\""]);
    project.source("Bad", "class Bad {}");
    project.edit("applet.toml", "com.example.hello", "com.example.helo");
    project
        .run("build", &[])
        .refused(2, &["sources of package com.example.hello", "says com.example.helo"]);
}

#[test]
fn without_a_compiler_the_message_says_how_to_get_one() {
    let project = Project::new();
    let folder = project.path("");
    let arguments = ["applet", "build", "--project", text(&folder)];
    let empty = [("PATH", ""), ("JAVA_HOME", "/nowhere")];
    run_in(&empty, &arguments, "").refused(
        96,
        &[
            "no Java compiler: javac is not in JAVA_HOME (/nowhere)",
            "next: install a JDK",
            "adoptium",
        ],
    );
}

#[test]
fn a_project_file_with_mistakes_is_told_all_of_them_with_lines() {
    let project = Project::new();
    project.edit("applet.toml", "version = \"1.0\"", "version = \"1\"");
    project.edit("applet.toml", "class = \"Hello\"", "klass = \"Hello\"");
    project.edit("applet.toml", "target = \"3.0.5\"", "target = \"3.5\"");
    project.edit(
        "applet.toml",
        "# imports = [\"../library/library.exp\"]",
        "imports = [\"gone.exp\"]",
    );
    let said = project.run("build", &[]).refused(
        96,
        &[
            "package.version: \"1\" is no version",
            "applet[0].klass: unknown key; did you mean \"class\"?",
            "build.target: \"3.5\" is no platform version; write one of 2.2.2, 3.0.4",
            "build.imports[0]: export file gone.exp: ",
            "applet.toml:8:11: ",
        ],
    );
    assert!(said.stdout.is_empty());
    let problems = project.run("check", &["--json"]).json();
    assert_eq!(problems["error"]["problems"].as_array().unwrap().len(), 5, "{problems}");
    let nowhere = project.path("src");
    run(&["applet", "build", "--project", text(&nowhere)])
        .refused(4, &["there is no ", "purse applet new NAME"]);
}

#[test]
fn a_library_is_imported_by_its_export_file_alone() {
    if javac().is_none() {
        return;
    }
    let library = Project::new();
    let toml = "[package]\nname = \"com.example.hello\"\naid = \"F04B495400AA\"\nversion = \"1.3\"\n\
                [build]\ntarget = \"3.2.0\"\n";
    fs::write(library.path("applet.toml"), toml).unwrap();
    fs::remove_file(library.path("src/com/example/hello/Hello.java")).unwrap();
    library.run("build", &[]).fine();

    let user = Project::new();
    let toml = "[package]\nname = \"user\"\naid = \"F04B495400BB\"\nversion = \"1.0\"\n\
                [build]\ntarget = \"3.2.0\"\nimports = [\"lib.exp\"]\n";
    fs::write(user.path("applet.toml"), toml).unwrap();
    fs::remove_dir_all(user.path("src")).unwrap();
    fs::create_dir(user.path("src")).unwrap();
    let source = "package user;\npublic class Twice {\n  com.example.hello.Tally tally;\n  \
                  public boolean add(short a) { return tally.add(a) && tally.add(a); }\n}\n";
    fs::write(user.path("src/Twice.java"), source).unwrap();
    user.run("build", &[])
        .refused(96, &["build.imports[0]", "export file lib.exp", "ask its vendor"]);

    fs::copy(library.path("hello.exp"), user.path("lib.exp")).unwrap();
    let document = user.run("build", &["--json"]).fine().json();
    let imports = document["imports"].as_array().unwrap();
    let import = imports.iter().find(|one| one["package"] == "com.example.hello").unwrap();
    assert_eq!(import["version"], "1.3");
    assert_eq!(import["aid"], "F04B495400AA");

    // Made for 3.2.0, it does not go with 3.1.0.
    user.edit("applet.toml", "3.2.0", "3.1.0");
    let framework = "package com.example.hello;\npublic class Uses {\n  \
                     public static boolean any(javacard.framework.AID a) { return a != null; }\n}\n";
    fs::write(library.path("src/Uses.java"), framework).unwrap();
    library.run("build", &[]).fine();
    fs::copy(library.path("hello.exp"), user.path("lib.exp")).unwrap();
    user.run("check", &[]).refused(
        96,
        &["lib.exp was made with javacard.framework 1.9, but the build has 1.8", "newer target"],
    );
}

#[test]
fn class_files_convert_to_what_a_build_of_their_sources_makes() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    let classes = project.path("classes");
    project.run("build", &["--classes", text(&classes)]).fine();
    let out = project.path("out");
    let arguments = [
        "applet",
        "convert",
        "--classes",
        text(&classes),
        "--package",
        "com.example.hello",
        "--package-aid",
        "F04B49540068656C6C6F",
        "--version",
        "1.0",
        "--applet",
        "F04B49540068656C6C6F01=Hello",
        "--target",
        "3.0.5",
        "-o",
        text(&out),
    ];
    run(&arguments).fine();
    for file in ["hello.cap", "hello.exp"] {
        assert_eq!(fs::read(out.join(file)).unwrap(), fs::read(project.path(file)).unwrap());
    }
    let mut other = arguments;
    other[11] = "F0000000010201=Hello";
    run(&other).refused(50, &["F0000000010201", "first five bytes"]);
    other[11] = "F000=Hello";
    run(&other).refused(2, &["an AID has 5 to 16 bytes, not 2"]);
    other = arguments;
    other[3] = text(&out);
    run(&other).refused(4, &["there is no class file below", "purse cap stubs"]);
}

#[test]
fn stubs_are_written_the_same_every_time_and_unknown_names_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.jar"), folder.path().join("b.jar"));
    let platform = ["cap", "stubs", "--platform", "3.0.4", "--api", "org.globalplatform=1.1", "-o"];
    let with = |more: &[&str]| {
        platform.iter().chain(more).map(|one| (*one).to_owned()).collect::<Vec<_>>()
    };
    let run_all =
        |arguments: &[String]| run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let document = run_all(&with(&[text(&first), "--json"])).fine().json();
    let packages = document["packages"].as_array().unwrap();
    let last = packages.last().unwrap();
    assert_eq!((&last["name"], &last["version"]), (&"org.globalplatform".into(), &"1.1".into()));
    assert!(packages.iter().all(|one| one["name"] != "java.lang"), "{document}");
    run_all(&with(&[text(&second)])).fine();
    assert_eq!(fs::read(first).unwrap(), fs::read(&second).unwrap());

    run(&["cap", "stubs", "--platform", "3.0", "-o", text(&second)])
        .refused(2, &["there is no platform 3.0; the platforms are 2.2.1, 2.2.2"]);
    run(&["cap", "stubs", "--platform", "3.0.4", "--api", "org.visa=1.0", "-o", text(&second)])
        .refused(2, &["there is no package org.visa; the packages are org.globalplatform"]);
}

/// A compiler that knows no Java 8, or none of the options that came with Java 9.
#[cfg(unix)]
fn odd_javac(folder: &Path, real: &Path, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;

    let program = folder.join("bin/javac");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    let real = real.display();
    fs::write(&program, format!("#!/bin/sh\n{body}\nexec {real} \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    folder.to_owned()
}

#[cfg(unix)]
#[test]
fn compilers_that_are_too_new_or_too_old_for_release_8_do_what_they_can() {
    let Some(real) = javac() else { return };
    let too_new = "case \"$*\" in\n  *--help*) echo '  Supported releases: '; echo '     11, 12, 13'; \
                   exit 0;;\n  *'--release 8'*) echo 'error: release version 8 not supported' >&2; \
                   exit 2;;\nesac";
    let too_old = "case \"$*\" in\n  *--release*) echo 'javac: invalid flag: --release' >&2; exit 2;;\n\
                   esac";
    for (body, major) in [(too_new, 55), (too_old, 52)] {
        let project = Project::new();
        let home = odd_javac(&project.path("jdk"), &real, body);
        let (folder, classes) = (project.path(""), project.path("classes"));
        let arguments =
            ["applet", "build", "--project", text(&folder), "--classes", text(&classes)];
        run_in(&[("JAVA_HOME", text(&home))], &arguments, "").fine();
        let class = fs::read(classes.join("com/example/hello/Tally.class")).unwrap();
        assert_eq!(class[7], major);
    }
    let project = Project::new();
    let home = odd_javac(&project.path("jdk"), &real, "echo 'out of luck' >&2; exit 3");
    let folder = project.path("");
    let arguments = ["applet", "check", "--project", text(&folder)];
    run_in(&[("JAVA_HOME", text(&home))], &arguments, "")
        .refused(50, &["javac failed: out of luck", "next: try the compiler by itself"]);
}

#[test]
fn the_test_of_a_new_project_passes() {
    if javac().is_none() {
        return;
    }
    let project = Project::new();
    let classes = project.path("build/classes");
    project.run("build", &["--classes", text(&classes)]).fine();
    let done = Command::new("java")
        .arg("-cp")
        .args([&classes, &project.path("test/TallyTest.java")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Tally: ok\n", "{done:?}");
}
