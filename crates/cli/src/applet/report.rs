//! What was made, in words and as a document: sizes and what they will take of a card.

use capfile::cap::{CapFile, Tag};
use serde::Serialize;

use super::make::{Made, Recipe, Written};
use crate::error::CliError;
use crate::ui::{Tone, Ui};

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    package: &'a str,
    aid: String,
    version: String,
    target: &'static str,
    cap: File,
    export: File,
    applets: Vec<AppletLine<'a>>,
    imports: Vec<ImportLine>,
    components: Vec<Component>,
    load: usize,
    footprint: Footprint,
    verified: Verified,
    warnings: &'a [super::said::Said],
}

/// A file, or what it would have been.
#[derive(Serialize)]
struct File {
    path: Option<String>,
    bytes: usize,
}

#[derive(Serialize)]
struct AppletLine<'a> {
    aid: String,
    class: &'a str,
}

#[derive(Serialize)]
struct ImportLine {
    package: Option<String>,
    aid: String,
    version: String,
}

#[derive(Serialize)]
struct Component {
    name: &'static str,
    bytes: usize,
}

#[derive(Serialize)]
struct Verified {
    methods: usize,
    instructions: usize,
    unchecked: Vec<String>,
}

/// An estimate of what the package takes of a card once it is loaded, in bytes. Cards differ: some
/// keep the constant pool, some round up to pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Footprint {
    /// What stays for running, linking and naming: the infos of Applet, Import, ConstantPool, Class,
    /// Method and Export.
    code: usize,
    /// Static fields, and the arrays they are initialised with.
    data: usize,
}

impl Footprint {
    fn of(cap: &CapFile, components: &[(&'static str, Vec<u8>)]) -> Self {
        let stays = |name: &str| KEPT.iter().any(|tag| tag.name() == name);
        let code = components.iter().filter(|(name, _)| stays(name));
        let statics = &cap.static_fields;
        let arrays = statics.arrays.iter().map(|array| array.values.len()).sum::<usize>();
        Self {
            code: code.map(|(_, bytes)| bytes.len().saturating_sub(HEAD)).sum(),
            data: usize::from(statics.image_size).saturating_add(arrays),
        }
    }
}

/// Components that cards keep.
const KEPT: &[Tag] =
    &[Tag::Applet, Tag::Import, Tag::ConstantPool, Tag::Class, Tag::Method, Tag::Export];
/// Components that are not sent to a card.
const NOT_LOADED: &[Tag] = &[Tag::Descriptor, Tag::Debug];
/// Tag and size of a component, in bytes.
const HEAD: usize = 3;

/// Bytes of the components that a card is sent, without the head of the load file.
fn load(components: &[(&'static str, Vec<u8>)]) -> usize {
    let sent = |name: &str| !NOT_LOADED.iter().any(|tag| tag.name() == name);
    components.iter().filter(|(name, _)| sent(name)).map(|(_, bytes)| bytes.len()).sum()
}

/// Tells what was made, and where it was written, if it was.
///
/// # Errors
/// stdout is gone.
pub(super) fn tell(
    ui: &Ui,
    recipe: &Recipe<'_>,
    made: &Made,
    written: Option<&Written>,
    warnings: &[super::said::Said],
) -> Result<(), CliError> {
    super::said::tell(ui, warnings);
    let document = document(recipe, made, written, warnings);
    match ui.json {
        true => ui.document(&document),
        false => ui.print(&text(ui, &document)),
    }
}

fn document<'a>(
    recipe: &'a Recipe<'_>,
    made: &Made,
    written: Option<&Written>,
    warnings: &'a [super::said::Said],
) -> Document<'a> {
    let converted = &made.converted;
    let applet = |applet: &'a super::project::NamedApplet| AppletLine {
        aid: applet.aid.to_string(),
        class: &applet.class,
    };
    let packages = recipe.libraries.packages();
    let imports = converted.cap.imports.packages.iter().map(|info| {
        let named = packages.iter().find(|package| package.info == *info);
        ImportLine {
            package: named.map(|package| package.name.replace('/', ".")),
            aid: info.aid.to_string(),
            version: info.version.to_string(),
        }
    });
    let components = converted.components.iter();
    let path = |of: fn(&Written) -> &std::path::Path| {
        written.map(|written| of(written).display().to_string())
    };
    Document {
        ok: true,
        package: recipe.package,
        aid: recipe.aid.to_string(),
        version: recipe.version.to_string(),
        target: recipe.target.name(),
        cap: File { path: path(|written| &written.cap), bytes: made.jar.len() },
        export: File { path: path(|written| &written.export), bytes: converted.export_bytes.len() },
        applets: recipe.applets.iter().map(applet).collect(),
        imports: imports.collect(),
        components: components
            .map(|(name, bytes)| Component { name, bytes: bytes.len() })
            .collect(),
        load: load(&converted.components),
        footprint: Footprint::of(&converted.cap, &converted.components),
        verified: Verified {
            methods: made.verified.methods,
            instructions: made.verified.instructions,
            unchecked: made.verified.unchecked.iter().map(ToString::to_string).collect(),
        },
        warnings,
    }
}

fn text(ui: &Ui, document: &Document<'_>) -> String {
    let Document { package, version, aid, target, footprint, .. } = document;
    let mut out = format!("{package} {version}, AID {aid}, for Java Card {target}\n");
    for applet in &document.applets {
        out += &format!("  applet {}, AID {}\n", applet.class, applet.aid);
    }
    for import in &document.imports {
        let name = import.package.as_deref().unwrap_or(&import.aid);
        out += &format!("  imports {name} {}\n", import.version);
    }
    out += "\n";
    for component in &document.components {
        out += &format!("  {:<16}{:>6} bytes\n", component.name, component.bytes);
    }
    out += &format!(
        "\nto load    {:>6} bytes, without Descriptor and Debug\ninstalled  {:>6} bytes, estimated: {} \
         of code and tables, {} of static data\n",
        document.load,
        footprint.code.saturating_add(footprint.data),
        footprint.code,
        footprint.data
    );
    let Verified { methods, instructions, unchecked } = &document.verified;
    let good = ui.toned(Tone::Good, "ok");
    out += &format!("verified   {good}: {methods} methods, {instructions} instructions\n");
    for one in unchecked {
        out += &format!("  not checked: {one}\n");
    }
    for file in [&document.cap, &document.export] {
        if let Some(path) = &file.path {
            out += &format!("wrote      {path}, {} bytes\n", file.bytes);
        }
    }
    out
}
