//! The file as a whole: sizes, numbers, flags, AIDs, applets, imports.

use std::collections::HashSet;

use super::classes::{Answer, Known};
use super::index::Index;
use super::places::head;
use super::refusal::Refusals;
use super::types::Resolved;
use super::{Rule, Unchecked};
use crate::cap::{Component, Header, Tag, access};

pub(super) fn check(
    index: &Index<'_>,
    components: &[Component],
    unchecked: &mut Vec<Unchecked>,
    refusals: &mut Refusals,
) {
    directory(index, components, refusals);
    header(index, refusals);
    identifiers(index, refusals);
    applets(index, refusals);
    imports(index, unchecked, refusals);
    resources(index, refusals);
}

fn directory(index: &Index<'_>, components: &[Component], refusals: &mut Refusals) {
    let (cap, format) = (index.cap, index.cap.format());
    let Some(directory) = &cap.directory else {
        let detail = "there is none";
        return refusals.at(Tag::Directory, 0, Rule::DirectoryMissing, detail);
    };
    let mut at = head(Tag::Directory, format);
    for (tag, listed) in Tag::STANDARD.iter().zip(&directory.sizes) {
        let component = components.iter().find(|component| component.tag == *tag);
        let real = component
            .map_or(0, |component| component.bytes.len().saturating_sub(head(*tag, format)));
        if usize::try_from(*listed) != Ok(real) {
            let detail = format!("{tag} has {real} bytes, listed are {listed}");
            refusals.at(Tag::Directory, at, Rule::DirectorySize, detail);
        }
        at = at.saturating_add(if tag.is_wide(format) { 4 } else { 2 });
    }
    // A file of an older format with a younger component: its size is not listed.
    for component in components {
        let number = usize::from(component.tag.byte());
        if number > directory.sizes.len() && !matches!(component.tag, Tag::Custom(_)) {
            let detail = format!("{} does not belong to format {format}", component.tag);
            refusals.at(component.tag, 0, Rule::DirectorySize, detail);
        }
    }
    let arrays = &cap.static_fields.arrays;
    let array_size: usize = arrays.iter().map(|array| array.values.len()).sum();
    let applets = cap.applets.as_ref().map_or(0, |applets| applets.applets.len());
    let vendor = components.iter().filter(|one| matches!(one.tag, Tag::Custom(_))).count();
    let numbers = [
        (
            2usize,
            "bytes of static fields",
            usize::from(directory.image_size),
            usize::from(cap.static_fields.image_size),
        ),
        (2, "arrays", directory.array_count.into(), arrays.len()),
        (2, "bytes of arrays", directory.array_size.into(), array_size),
        (1, "imports", directory.import_count.into(), cap.imports.packages.len()),
        (1, "applets", directory.applet_count.into(), applets),
        (
            usize::from(format.extended),
            "method blocks",
            directory.block_count.map_or(cap.methods.blocks.len(), usize::from),
            cap.methods.blocks.len(),
        ),
        (1, "vendor components", directory.custom.len(), vendor),
    ];
    for (width, what, listed, real) in numbers {
        if listed != real {
            let detail = format!("{real} {what}, listed are {listed}");
            refusals.at(Tag::Directory, at, Rule::DirectoryCount, detail);
        }
        at = at.saturating_add(width);
    }
    let mut tags = HashSet::new();
    for custom in &directory.custom {
        let component = components.iter().find(|one| one.tag.byte() == custom.tag);
        let real = component.map(|one| one.bytes.len().saturating_sub(3));
        let is_vendor = custom.tag >= 128;
        if real != usize::try_from(custom.size).ok() || !is_vendor || !tags.insert(custom.tag) {
            let detail = format!("vendor component {} is not there in that size", custom.tag);
            refusals.at(Tag::Directory, at, Rule::DirectorySize, detail);
        }
        let width = if format.extended { 4usize } else { 2 };
        at = at.saturating_add(2).saturating_add(width).saturating_add(custom.aid.as_bytes().len());
    }
}

/// Offset of the Header's flags: tag, size, magic number and version stand before.
const FLAGS: usize = 9;

fn header(index: &Index<'_>, refusals: &mut Refusals) {
    let cap = index.cap;
    let flags = cap.header.flags;
    let mut flag = |flag: u8, is_there: bool, what: &str| {
        if (flags & flag != 0) != is_there {
            let (said, there) = if is_there { ("not set", "is") } else { ("set", "is no") };
            let detail = format!("the flag is {said}, there {there} {what} component");
            refusals.at(Tag::Header, FLAGS, Rule::HeaderFlags, detail);
        }
    };
    flag(Header::APPLET, cap.applets.is_some(), "an Applet");
    flag(Header::EXPORT, cap.exports.is_some(), "an Export");
    let unknown = flags & !(Header::INT | Header::EXPORT | Header::APPLET | Header::EXTENDED);
    if unknown != 0 {
        let detail = format!("unknown flags {unknown:02X}");
        refusals.at(Tag::Header, FLAGS, Rule::HeaderFlags, detail);
    }
    if cap.header.packages.is_empty() {
        refusals.at(Tag::Header, FLAGS, Rule::HeaderFlags, "no package is named");
    }
}

fn identifiers(index: &Index<'_>, refusals: &mut Refusals) {
    let cap = index.cap;
    let own: HashSet<_> = cap.header.packages.iter().map(|named| named.package.aid).collect();
    let mut at = head(Tag::Import, cap.format()).saturating_add(1);
    let mut known = HashSet::new();
    for info in &cap.imports.packages {
        if own.contains(&info.aid) {
            let detail = format!("the package {} imports itself", info.aid);
            refusals.at(Tag::Import, at, Rule::ApplicationIdentifier, detail);
        } else if !known.insert(info.aid) {
            let detail = format!("{} is imported twice", info.aid);
            refusals.at(Tag::Import, at, Rule::ApplicationIdentifier, detail);
        }
        at = at.saturating_add(3).saturating_add(info.aid.as_bytes().len());
    }
    let mut at = head(Tag::Applet, cap.format()).saturating_add(1);
    let mut known = HashSet::new();
    let rid = cap.header.packages.first().map(|named| named.package.aid);
    for applet in cap.applets.iter().flat_map(|applets| &applets.applets) {
        if !known.insert(applet.aid) {
            let detail = format!("the applet {} is there twice", applet.aid);
            refusals.at(Tag::Applet, at, Rule::ApplicationIdentifier, detail);
        }
        if own.contains(&applet.aid) {
            let detail = format!("an applet has the package's AID {}", applet.aid);
            refusals.at(Tag::Applet, at, Rule::ApplicationIdentifier, detail);
        }
        if let Some(rid) = rid
            && rid.rid() != applet.aid.rid()
        {
            let detail = format!("applet {}, package {rid}", applet.aid);
            refusals.at(Tag::Applet, at, Rule::ApplicationIdentifier, detail);
        }
        let place = if cap.format().extended { 3usize } else { 2 };
        at = at.saturating_add(1).saturating_add(applet.aid.as_bytes().len()).saturating_add(place);
    }
}

fn applets(index: &Index<'_>, refusals: &mut Refusals) {
    let Some(applets) = &index.cap.applets else { return };
    let mut at = head(Tag::Applet, index.cap.format());
    if applets.applets.is_empty() {
        refusals.at(Tag::Applet, at, Rule::AppletCount, "it names none");
    }
    at = at.saturating_add(1);
    let wanted = [Resolved::ByteArray, Resolved::Short, Resolved::Byte, Resolved::Void];
    for applet in &applets.applets {
        at = at.saturating_add(1).saturating_add(applet.aid.as_bytes().len());
        let mut refuse = |why: &str| {
            let detail = format!("applet {}: {why} {}", applet.aid, applet.install);
            refusals.at(Tag::Applet, at, Rule::InstallMethod, detail);
        };
        match index.method_at(applet.install).and_then(|found| index.method(found)) {
            None => refuse("no method stands at"),
            Some(method) => {
                let flags = method.descriptor.access;
                let signature = index.signature(method);
                if flags & (access::PUBLIC | access::STATIC) != access::PUBLIC | access::STATIC {
                    refuse("not a public static method,");
                } else if signature.is_some_and(|signature| signature.types != wanted) {
                    refuse("other parameters or a result,");
                } else if index.classes.extends_known(method.class, Known::Applet) == Answer::No {
                    refuse("not in a subclass of javacard/framework/Applet,");
                }
            }
        }
        at = at.saturating_add(if index.cap.format().extended { 3 } else { 2 });
    }
}

fn imports(index: &Index<'_>, unchecked: &mut Vec<Unchecked>, refusals: &mut Refusals) {
    let packages = &index.cap.imports.packages;
    let mut at = head(Tag::Import, index.cap.format());
    if packages.len() > 128 {
        let detail = format!("{} packages", packages.len());
        refusals.at(Tag::Import, at, Rule::ImportCount, detail);
    }
    at = at.saturating_add(1);
    for (info, export) in packages.iter().zip(&index.classes.imports) {
        let file = export.and_then(|export| index.classes.packages.get(usize::from(export)));
        match file {
            None => unchecked.push(Unchecked::Import(*info)),
            Some(file) => {
                let offered = file.info.version;
                if offered.major != info.version.major || offered.minor < info.version.minor {
                    let detail = format!(
                        "{} ({}) is wanted in version {}, the export file offers {offered}",
                        file.name, info.aid, info.version
                    );
                    refusals.at(Tag::Import, at, Rule::ImportVersion, detail);
                }
            }
        }
        at = at.saturating_add(3).saturating_add(info.aid.as_bytes().len());
    }
}

fn resources(index: &Index<'_>, refusals: &mut Refusals) {
    let mut at = head(Tag::StaticResources, index.cap.format()).saturating_add(2);
    let mut known = HashSet::new();
    for resource in index.cap.static_resources.iter().flat_map(|all| &all.resources) {
        if !known.insert(resource.id) {
            let detail = format!("resource {} is there twice", resource.id);
            refusals.at(Tag::StaticResources, at, Rule::StaticResource, detail);
        }
        if resource.data.len() > 32_767 {
            let detail = format!("resource {} has {} bytes", resource.id, resource.data.len());
            refusals.at(Tag::StaticResources, at, Rule::StaticResource, detail);
        }
        at = at.saturating_add(6);
    }
}
