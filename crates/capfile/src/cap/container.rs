//! CAP files as files: a JAR with a component per entry, or components back to back.

use std::fmt::Write;

use super::file::{CapFile, Component, components};
use super::frame::{Tag, TooLarge};
use super::header::Header;
use crate::jar::{Archive, Entry, Unwritable};
use crate::{Aid, Malformed, Part, Problem};

/// What a JAR says beside the components.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Name of the package, with slashes: the folder of the components.
    pub package: String,
    /// Names of applet classes.
    pub applets: Vec<NamedApplet>,
}

/// An applet and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedApplet {
    /// Its AID.
    pub aid: Aid,
    /// Its class, as the manifest has it: without the package, or with it and dots.
    pub class: String,
}

/// A CAP file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something is too large for the format.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The archive cannot be made.
    #[error(transparent)]
    Archive(#[from] Unwritable),
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";
const FOLDER: &str = "/javacard/";

impl CapFile {
    /// Reads a file: a JAR, or components back to back as a card is given them (there is no
    /// [`Container`] then). `name` is what messages call it.
    ///
    /// # Errors
    /// It is neither, or a component is malformed, missing, or there twice.
    pub fn open(bytes: &[u8], name: &str) -> Result<(Self, Option<Container>), Malformed> {
        if Archive::is_one(bytes) {
            let archive = Archive::read(bytes, name)?;
            let (components, container) = unpack(&archive, name)?;
            return Ok((Self::read(&components)?, Some(container)));
        }
        if bytes.first() != Some(&Tag::Header.byte()) {
            let found = match bytes.get(..4) {
                Some(start) => start.iter().map(|byte| format!("{byte:02X}")).collect(),
                None => format!("{} bytes long", bytes.len()),
            };
            let expected =
                "a JAR (504B0304) or components that begin with a Header (01)".to_owned();
            let problem = Problem::Value { what: "the start of the file", found, expected };
            let part = Part::Archive(name.to_owned());
            return Err(Malformed { part, offset: 0, problem });
        }
        Ok((Self::read(&components(bytes)?)?, None))
    }

    /// The file as a JAR, the same bytes for the same package: no time of making stands in it.
    ///
    /// # Errors
    /// Something is too large for the format.
    pub fn to_jar(&self, container: &Container) -> Result<Vec<u8>, WriteError> {
        let mut entries =
            vec![Entry { name: MANIFEST.to_owned(), bytes: self.manifest(container).into_bytes() }];
        let format = self.format();
        let folder = format!("{}{FOLDER}", container.package);
        for component in self.to_components()? {
            let wide = component.tag.is_wide(format) && component.tag != Tag::StaticResources;
            let ending = if wide { "capx" } else { "cap" };
            let name = match component.tag {
                Tag::Custom(byte) => format!("{folder}Custom{byte:02X}.{ending}"),
                tag => format!("{folder}{}.{ending}", tag.name()),
            };
            entries.push(Entry { name, bytes: component.bytes });
        }
        Ok(Archive { entries }.to_bytes()?)
    }

    fn manifest(&self, container: &Container) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| add_line(&mut text, key, value);
        line("Manifest-Version", "1.0");
        line("Created-By", "PurseKit");
        line("", "");
        line("Name", &container.package);
        line("Java-Card-CAP-File-Version", &self.header.version.to_string());
        line("Java-Card-Converter-Provider", "PurseKit");
        line("Java-Card-Converter-Version", env!("CARGO_PKG_VERSION"));
        if let Some(named) = self.header.packages.first() {
            line("Java-Card-Package-Version", &named.package.version.to_string());
            line("Java-Card-Package-Name", &container.package.replace('/', "."));
            line("Java-Card-Package-AID", &colons(named.package.aid));
        }
        let applets = self.applets.iter().flat_map(|component| &component.applets);
        for (number, applet) in (1usize..).zip(applets) {
            let named = container.applets.iter().find(|named| named.aid == applet.aid);
            if let Some(named) = named {
                line(&format!("Java-Card-Applet-{number}-Name"), &named.class);
            }
            line(&format!("Java-Card-Applet-{number}-AID"), &colons(applet.aid));
        }
        for (number, package) in (1usize..).zip(&self.imports.packages) {
            let key = format!("Java-Card-Imported-Package-{number}");
            line(&format!("{key}-AID"), &colons(package.aid));
            line(&format!("{key}-Version"), &package.version.to_string());
        }
        let int = if self.header.flags & Header::INT == 0 { "FALSE" } else { "TRUE" };
        line("Java-Card-Integer-Support-Required", int);
        line("", "");
        text
    }
}

/// The components of a JAR, and what it says beside them.
fn unpack(archive: &Archive, name: &str) -> Result<(Vec<Component>, Container), Malformed> {
    let wrong = |what: &'static str, found: String, expected: &str| Malformed {
        part: Part::Archive(name.to_owned()),
        offset: 0,
        problem: Problem::Value { what, found, expected: expected.to_owned() },
    };
    let mut components = Vec::new();
    let mut package: Option<&str> = None;
    for entry in &archive.entries {
        let Some((folder, file)) = entry.name.rsplit_once(FOLDER) else { continue };
        let Some((stem, ending)) = file.rsplit_once('.') else { continue };
        if !matches!(ending, "cap" | "capx") {
            continue;
        }
        if package.is_some_and(|package| package != folder) {
            let found = format!("{} and {folder}", package.unwrap_or_default());
            return Err(wrong("folder of components", found, "one, since a file has one package"));
        }
        package = Some(folder);
        let tag = entry.bytes.first().copied().and_then(Tag::from_byte);
        let named = Tag::STANDARD.into_iter().find(|tag| tag.name() == stem);
        let tag = match (tag, named) {
            (Some(tag), Some(named)) if tag == named => tag,
            (Some(tag @ Tag::Custom(_)), None) => tag,
            (found, _) => {
                let found = found.map_or_else(|| "no tag".to_owned(), |tag| tag.to_string());
                let found = format!("{found} in {}", entry.name);
                return Err(wrong("a component", found, "the one that its entry is named for"));
            }
        };
        components.push(Component { tag, bytes: entry.bytes.clone() });
    }
    let Some(package) = package else {
        let entries = format!("not among its {} entries", archive.entries.len());
        let expected = "PACKAGE/javacard/Header.cap and the others; a JAR of classes is made a CAP \
                        file by a converter";
        return Err(wrong("the Header component", entries, expected));
    };
    let applets = archive.entry(MANIFEST).map(|manifest| applet_names(&manifest.bytes));
    let applets = applets.unwrap_or_default();
    Ok((components, Container { package: package.to_owned(), applets }))
}

/// The applets that a manifest names; what is not understood is left out.
fn applet_names(manifest: &[u8]) -> Vec<NamedApplet> {
    let text = String::from_utf8_lossy(manifest).replace("\r\n", "\n").replace("\n ", "");
    let value = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ").map(str::trim))
    };
    let mut applets = Vec::new();
    for number in 1..=255u8 {
        let class = value(&format!("Java-Card-Applet-{number}-Name"));
        let aid = value(&format!("Java-Card-Applet-{number}-AID"));
        let (Some(class), Some(aid)) = (class, aid) else { break };
        let bytes: Option<Vec<u8>> = aid
            .split(':')
            .map(|byte| u8::from_str_radix(byte.trim().trim_start_matches("0x"), 16).ok())
            .collect();
        if let Some(aid) = bytes.and_then(|bytes| Aid::new(&bytes).ok()) {
            applets.push(NamedApplet { aid, class: class.to_owned() });
        }
    }
    applets
}

/// As manifests write AIDs.
fn colons(aid: Aid) -> String {
    let bytes: Vec<String> = aid.as_bytes().iter().map(|byte| format!("0x{byte:02x}")).collect();
    bytes.join(":")
}

/// A line of at most 72 bytes, and what is longer in lines that begin with a blank. Without a key an
/// empty line, which ends a section.
fn add_line(text: &mut String, key: &str, value: &str) {
    if !key.is_empty() {
        let line = format!("{key}: {value}");
        let mut width = 0usize;
        for letter in line.chars() {
            if width.saturating_add(letter.len_utf8()) > 70 {
                text.push_str("\r\n ");
                width = 1;
            }
            // Writing to a string does not fail.
            let _ = text.write_char(letter);
            width = width.saturating_add(letter.len_utf8());
        }
    }
    text.push_str("\r\n");
}
