//! Where two components differ, for people.

use capfile::bytes::Cursor;
use capfile::cap::{CapFile, Component, Tag};
use capfile::instruction::{Located, decode_all};
use converter::Converted;

use crate::corpus::Reference;

/// The first byte that differs, with what stands around it.
pub fn bytes(ours: &[u8], theirs: &[u8]) -> String {
    let at = ours
        .iter()
        .zip(theirs)
        .position(|(one, other)| one != other)
        .unwrap_or(ours.len().min(theirs.len()));
    let around = |bytes: &[u8]| {
        let end = (at + 12).min(bytes.len());
        hex::encode_upper(&bytes[at.saturating_sub(4).min(end)..end])
    };
    format!(
        "{} bytes against {}, from {at} on: {} against {}",
        ours.len(),
        theirs.len(),
        around(ours),
        around(theirs),
    )
}

/// Writes both files in full, part by part, to be compared with a tool of one's choice.
pub fn show(reference: &Reference, converted: &Converted) {
    let components: Vec<Component> = reference
        .components
        .iter()
        .map(|(name, bytes)| {
            let tag = Tag::STANDARD.into_iter().find(|tag| tag.name() == name).unwrap();
            Component { tag, bytes: bytes.clone() }
        })
        .collect();
    let theirs = CapFile::read(&components).unwrap();
    let ours = &converted.cap;
    let parts = [
        ("Header", format!("{:#?}", ours.header), format!("{:#?}", theirs.header)),
        ("Import", format!("{:#?}", ours.imports), format!("{:#?}", theirs.imports)),
        ("Applet", format!("{:#?}", ours.applets), format!("{:#?}", theirs.applets)),
        ("Code", code(ours), code(&theirs)),
        (
            "ConstantPool",
            lines(&ours.constant_pool.constants),
            lines(&theirs.constant_pool.constants),
        ),
        ("Class", lines(&ours.classes.entries), lines(&theirs.classes.entries)),
        (
            "Handlers",
            lines(&ours.methods.blocks[0].handlers),
            lines(&theirs.methods.blocks[0].handlers),
        ),
        (
            "StaticField",
            format!("{:#?}", ours.static_fields),
            format!("{:#?}", theirs.static_fields),
        ),
        ("Export", format!("{:#?}", ours.exports), format!("{:#?}", theirs.exports)),
        ("Descriptor", descriptor(ours), descriptor(&theirs)),
        ("Debug", debug(ours), debug(&theirs)),
        ("export file", export(&converted.export), {
            let read = capfile::export::ExportFile::read(&reference.export, "reference");
            export(&read.unwrap())
        }),
    ];
    let (mut all_ours, mut all_theirs) = (String::new(), String::new());
    for (name, ours, theirs) in parts {
        all_ours += &format!("== {name}\n{ours}\n");
        all_theirs += &format!("== {name}\n{theirs}\n");
    }
    let folder = std::env::temp_dir().join("pursekit-golden");
    std::fs::create_dir_all(&folder).unwrap();
    for (who, text) in [("ours", all_ours), ("reference", all_theirs)] {
        let path = folder.join(format!("{who}.txt"));
        std::fs::write(&path, text).unwrap();
        println!("{} {}: {}", reference.name, reference.target.name(), path.display());
    }
}

fn debug(cap: &CapFile) -> String {
    let Some(debug) = &cap.debug else { return String::new() };
    let mut text = String::new();
    for (index, string) in debug.strings.iter().enumerate() {
        text += &format!("{index} {}\n", String::from_utf8_lossy(string));
    }
    text += &format!("package {}\n", debug.package);
    for class in &debug.classes {
        text += &format!(
            "class {} {:04X} {} super {} file {} {:?}\n",
            class.name,
            class.access,
            class.this,
            class.superclass,
            class.source_file,
            class.interfaces,
        );
        text += &lines(&class.fields);
        for method in &class.methods {
            text += &format!(
                "method {} {} {:04X} at {} header {} code {}\n",
                method.name,
                method.descriptor,
                method.access,
                method.offset,
                method.header_length,
                method.code_length,
            );
            text += &lines(&method.variables);
            text += &lines(&method.lines);
        }
    }
    text
}

fn export(file: &capfile::export::ExportFile) -> String {
    let package = capfile::export::Package::resolve(file, "this").unwrap();
    let mut text = format!("{} {:?} {:?}\n", package.name, package.info, package.referenced);
    for class in &package.classes {
        text += &format!(
            "class {} {:04X} {} {:?} {:?} {}\n",
            class.token,
            class.access,
            class.name,
            class.supers,
            class.interfaces,
            class.inheritable_count,
        );
        text += &lines(&class.fields);
        text += &lines(&class.methods);
    }
    text + &lines(&file.constants)
}

fn lines<T: std::fmt::Debug>(list: &[T]) -> String {
    list.iter().map(|one| format!("{one:?}\n")).collect()
}

fn descriptor(cap: &CapFile) -> String {
    let Some(descriptor) = &cap.descriptor else { return String::new() };
    let mut text = String::new();
    for class in descriptor.classes() {
        text += &format!(
            "class {} {:02X} {} {:?}\n",
            class.token, class.access, class.this, class.interfaces
        );
        text += &lines(&class.fields);
        text += &lines(&class.methods);
    }
    text += &format!("{:04X?}\n", descriptor.types.constants);
    text += &hex::encode_upper(&descriptor.types.descriptors);
    text
}

/// Instructions of all methods.
fn code(cap: &CapFile) -> String {
    let Some(descriptor) = &cap.descriptor else { return String::new() };
    let part = Tag::Method.part();
    let mut text = String::new();
    for class in descriptor.classes() {
        for (index, method) in class.methods.iter().enumerate() {
            if method.place.offset == 0 {
                continue;
            }
            let block = &cap.methods.blocks[0];
            let (header, code) = block.method(method.place.offset, method.code_length, 3).unwrap();
            text += &format!("method {index} of class {} {header:?}\n", class.this);
            let list = decode_all(&mut Cursor::new(&part, code)).unwrap();
            for Located { instruction, .. } in list {
                let operands = match instruction.constant() {
                    Some(constant) => {
                        let constant = cap.constant_pool.constants.get(usize::from(constant.index));
                        match constant {
                            // Offsets depend on everything before.
                            Some(capfile::cap::Constant::StaticMethod(
                                capfile::cap::StaticRef::Internal { .. },
                            )) => "own method".to_owned(),
                            other => format!("{other:?}"),
                        }
                    }
                    // Where branches go depends on what is between.
                    None if instruction.branches().is_empty() => {
                        format!("{:?}", instruction.operands)
                    }
                    None => String::new(),
                };
                text += &format!("  {} {operands}\n", instruction.opcode);
            }
        }
    }
    text
}
