use capfile::api::Api;

use super::*;

const GOOD: &str = "\
[package]
name = \"com.example.hello\"
aid = \"F0 01 02 03 04 05\"
version = \"1.2\"

[[applet]]
class = \"Hello\"
aid = \"F0010203040501\"

[build]
target = \"3.1.0\"
int = true

[api]
\"org.globalplatform\" = \"1.1\"
";

fn read(text: &str) -> Result<Project, String> {
    Project::parse(text, Path::new("project"), "applet.toml").map_err(|errors| errors.to_string())
}

#[track_caller]
fn wrong(text: &str) -> String {
    read(text).unwrap_err()
}

#[test]
fn a_project_says_what_is_made_of_what() {
    let project = read(GOOD).unwrap();
    assert_eq!(project.package, "com.example.hello");
    assert_eq!(
        (project.aid.to_string(), project.version.to_string()),
        ("F00102030405".into(), "1.2".into())
    );
    assert_eq!(project.applets.len(), 1);
    assert_eq!(project.target, Target::Jc310);
    assert_eq!(project.options, Options { int: true, ..Options::default() });
    assert_eq!(
        (project.output.as_str(), project.sources.as_path()),
        ("hello", Path::new("project/src"))
    );
    let beside: Vec<String> = project
        .libraries
        .beside
        .iter()
        .map(|one| format!("{} {}", one.name(), one.version()))
        .collect();
    assert_eq!(beside, ["org/globalplatform 1.1"]);
    assert_eq!(project.libraries.exports().len(), 25);
}

#[test]
fn the_shortest_project_is_a_library_for_3_0_5() {
    let project =
        read("[package]\nname = \"lib\"\naid = \"F001020304\"\nversion = \"1.0\"\n").unwrap();
    assert_eq!(project.target, Target::Jc305);
    assert!(project.applets.is_empty());
    assert_eq!(project.output, "lib");
}

#[test]
fn all_mistakes_are_told_at_once_each_with_line_column_and_mend() {
    let text = "\
[package]
name = \"com/example\"
aid = \"F00102\"
version = \"1\"

[[applet]]
class = \"Hello\"
aid = \"F00102030G\"

[build]
target = \"3.0\"
imports = [\"gone.exp\"]
tests = true

[api]
\"org.globalplatform\" = \"9.0\"
";
    insta_like(
        &wrong(text),
        "\
applet.toml:2:8: package.name: \"com/example\" is no package name; write a Java package in small letters, such as com.example.hello
applet.toml:3:7: package.aid: an AID has 5 to 16 bytes, not 3; write 5 to 16 bytes in hex: the 5 of the RID, then up to 11 of your choice
applet.toml:4:11: package.version: \"1\" is no version; write major.minor, each 0 to 255, in quotes: \"1.0\"
applet.toml:8:7: applet[0].aid: `F00102030G` is not hexadecimal: an AID is written as 10 to 32 digits 0-9 A-F; write 5 to 16 bytes in hex: the 5 of the RID, then up to 11 of your choice
applet.toml:11:10: build.target: \"3.0\" is no platform version; write one of 2.2.2, 3.0.4, 3.0.5, 3.1.0, 3.2.0, in quotes
applet.toml:12:12: build.imports[0]: export file gone.exp: No such file or directory (os error 2); purse applet build makes it in the other package's project; or ask its vendor
applet.toml:13:1: build.tests: unknown key; remove it; the keys here are target, output, sources, int, debug, optimize, imports, class-path
applet.toml:16:24: api.org.globalplatform: there is no version 9.0 of org.globalplatform; the versions are 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7; write the package in quotes and its version: \"org.globalplatform\" = \"1.1\"",
    );
}

#[track_caller]
fn insta_like(found: &str, expected: &str) {
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{found}");
}

#[test]
fn applet_aids_are_the_packages_own_and_different() {
    let other = GOOD.replace("F0010203040501", "F0010203FF01");
    assert_eq!(
        wrong(&other),
        "applet.toml:8:7: applet[0].aid: the RID F0010203FF is not the package's; begin it with the \
         RID of package.aid: F001020304"
    );
    let same = GOOD.replace("F0010203040501", "F00102030405");
    assert!(wrong(&same).contains("it is the package's own AID"), "{}", wrong(&same));
    let twice = format!("{GOOD}\n[[applet]]\nclass = \"Other\"\naid = \"F0010203040501\"\n");
    assert_eq!(
        wrong(&twice),
        "applet.toml:19:7: applet[1].aid: Hello has this AID already; give every applet its own AID"
    );
    let class = format!("{GOOD}\n[[applet]]\nclass = \"Hello\"\naid = \"F0010203040502\"\n");
    assert!(wrong(&class).contains("applet[1].class: Hello is listed already"));
}

#[test]
fn files_of_other_kinds_and_broken_toml_are_told() {
    assert!(wrong("").contains("package: missing key"), "{}", wrong(""));
    assert!(wrong("[package\n").starts_with("applet.toml:1:"), "{}", wrong("[package\n"));
    let path = GOOD.replace("int = true", "output = \"../x\"");
    assert!(wrong(&path).contains("build.output: this is no file name"), "{}", wrong(&path));
}

#[test]
fn an_import_that_is_no_export_file_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("no.exp"), b"PK\x03\x04").unwrap();
    let text = GOOD.replace("int = true", "imports = [\"no.exp\"]");
    let told = Project::parse(&text, folder.path(), "applet.toml").unwrap_err().to_string();
    assert!(
        told.starts_with("applet.toml:12:12: build.imports[0]: export file no.exp, offset 0"),
        "{told}"
    );
    let framework = Api::built_in().package("javacard/framework", Version { major: 1, minor: 9 });
    let newest = platform::platform("3.2.0").unwrap();
    let framework = framework.unwrap().export(newest).to_bytes().unwrap();
    std::fs::write(folder.path().join("no.exp"), framework).unwrap();
    let told = Project::parse(&text, folder.path(), "applet.toml").unwrap_err().to_string();
    assert!(told.contains("no.exp is javacard.framework 1.9, but the build has 1.8"), "{told}");
}
