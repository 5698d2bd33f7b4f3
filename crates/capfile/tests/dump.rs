//! What a dump says of our own package.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod sample;

use std::fs;
use std::path::Path;

use capfile::cap::{CapFile, ClassRef, Container, Format, FormatVersion, NamedApplet};
use capfile::dump::{ClassDump, Dump, MethodDump, Names};

fn dump(cap: &CapFile) -> Dump {
    Dump::new(cap, None, &Names::built_in()).unwrap()
}

fn compact(version: FormatVersion, debug: bool) -> CapFile {
    sample::counter(Format::compact(version), debug)
}

fn counter(dump: &Dump) -> &ClassDump {
    dump.classes.iter().find(|class| !class.interface).unwrap()
}

fn method<'a>(class: &'a ClassDump, name: &str) -> &'a MethodDump {
    class.methods.iter().find(|method| method.name == name).unwrap()
}

#[test]
fn the_text_has_every_component_in_words() {
    let text = dump(&compact(FormatVersion::V2_3, true)).to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/javacard/counter/counter-2.3.dump.txt");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    assert!(text == kept, "look at the change: UPDATE_FIXTURES=1 cargo test -p capfile");
}

#[test]
fn without_debug_what_other_packages_declare_still_has_its_name() {
    let whole = dump(&compact(FormatVersion::V2_1, false));
    let class = counter(&whole);
    let named: Vec<&str> = class.methods.iter().map(|method| method.name.as_str()).collect();
    assert_eq!(named, ["<init>", "install", "process", "virtual8", "method4"]);
    let process = method(class, "process");
    assert_eq!(process.descriptor, "(Ljavacard/framework/APDU;)V");
    let calls: Vec<&str> = process.code.iter().filter_map(|one| one.refers_to.as_deref()).collect();
    assert_eq!(calls[0], "javacard/framework/Applet.selectingApplet()Z");
    assert_eq!(calls[2], "F05055525345/Class1.virtual8()S");
}

#[test]
fn the_jar_names_the_package_and_the_applet() {
    let cap = compact(FormatVersion::V2_1, false);
    let aid = cap.applets.as_ref().unwrap().applets[0].aid;
    let applets = vec![NamedApplet { aid, class: "Counter".to_owned() }];
    let container = Container { package: "demo/counter".to_owned(), applets };
    let whole = Dump::new(&cap, Some(&container), &Names::built_in()).unwrap();
    assert_eq!(counter(&whole).name, "demo/counter/Counter");
    assert_eq!(whole.applets[0].class.as_deref(), Some("demo/counter/Counter"));
}

#[test]
fn sizes_that_the_directory_has_wrong_are_pointed_out() {
    let mut cap = compact(FormatVersion::V2_1, false);
    assert!(!dump(&cap).to_string().contains("Directory says"));
    cap.directory.as_mut().unwrap().sizes[6] += 1;
    let text = dump(&cap).to_string();
    assert!(text.contains("bytes;  // the Directory says 131, not 130, without tag"), "{text}");
}

#[test]
fn without_any_names_tokens_and_aids_stand_in() {
    let cap = compact(FormatVersion::V2_1, false);
    let whole = Dump::new(&cap, None, &Names::default()).unwrap();
    assert_eq!(counter(&whole).superclass.as_deref(), Some("A0000000620101/Class3"));
    let names: Vec<&str> = whole.constants.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names[5], "A0000000620101/Class3.virtual1()V");
    assert_eq!(names[10], "A0000000620101/Class16.static6([BSS)S");
}

#[test]
fn without_a_descriptor_the_rest_is_shown() {
    let mut cap = compact(FormatVersion::V2_1, false);
    cap.descriptor = None;
    let whole = dump(&cap);
    assert_eq!(counter(&whole).superclass.as_deref(), Some("javacard/framework/Applet"));
    assert_eq!(whole.constants[5].name, "javacard/framework/Applet.register()V");
    assert!(counter(&whole).methods.is_empty());
}

#[test]
fn a_class_that_the_descriptor_has_alone_is_shown_too() {
    let mut cap = compact(FormatVersion::V2_1, false);
    cap.descriptor.as_mut().unwrap().packages[0][1].this = ClassRef::Internal(999);
    let whole = dump(&cap);
    let names: Vec<&str> = whole.classes.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(names, ["F05055525345/Interface0", "F05055525345/Class1", "F05055525345/#999"]);
    assert_eq!((whole.classes[1].methods.len(), whole.classes[2].methods.len()), (0, 5));
}

#[test]
fn bytecode_that_cannot_be_read_is_said_in_its_method_only() {
    let mut cap = compact(FormatVersion::V2_1, false);
    let block = &mut cap.methods.blocks[0];
    // The first opcode of <init>.
    block.methods[2] = 0xC0;
    let whole = dump(&cap);
    let broken = method(counter(&whole), "<init>");
    let problem = "Method component, offset 14 (0x000e): opcode is C0, 00 to B8 is expected";
    assert_eq!(broken.problem.as_deref(), Some(problem));
    assert!(whole.to_string().contains(problem));
    assert!(method(counter(&whole), "process").problem.is_none());
}

#[test]
fn methods_that_lie_over_each_other_are_not_shown_again_and_again() {
    let mut cap = compact(FormatVersion::V2_1, false);
    let descriptor = cap.descriptor.as_mut().unwrap();
    let class = &mut descriptor.packages[0][1];
    let process = class.methods[2];
    class.methods.extend(vec![process; 1000]);
    let whole = dump(&cap);
    let shown = counter(&whole).methods.iter().map(|method| method.code.len()).sum::<usize>();
    assert!(shown < 200, "{shown} instructions");
    let last = counter(&whole).methods.last().unwrap();
    assert!(last.problem.as_deref().unwrap().contains("lies over other methods"));
}

#[test]
fn names_from_outside_do_not_speak_to_the_terminal() {
    let mut cap = compact(FormatVersion::V2_2, true);
    let debug = cap.debug.as_mut().unwrap();
    debug.strings[0] = b"evil\x1b[2Jname".to_vec();
    cap.header.packages[0].name = Vec::new();
    let long = vec![b'x'; 60_000];
    let name = usize::from(debug.classes[1].methods[4].name);
    debug.strings[name] = long;
    let text = dump(&cap).to_string();
    assert!(!text.contains('\x1b'));
    assert!(text.len() < 50_000, "{}", text.len());
}

#[test]
fn the_json_form_has_the_same() {
    let json = serde_json::to_value(dump(&compact(FormatVersion::V2_3, true))).unwrap();
    let process = &json["classes"][1]["methods"][2];
    assert_eq!(process["name"], "process");
    assert_eq!(process["lines"][0]["line"], 18);
    let switch = &process["code"][10];
    assert_eq!(switch["mnemonic"], "slookupswitch");
    assert_eq!(switch["operands"], serde_json::json!([16, 32]));
    assert_eq!(switch["targets"], serde_json::json!([62, 28, 45]));
    assert_eq!(json["static_resources"][1]["data"], "00010203");
}
