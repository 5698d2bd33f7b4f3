//! A CAP file: its components together.

use super::frame::{Format, FormatVersion, Tag, TooLarge};
use super::{
    Applets, Classes, ConstantPool, Debug, Descriptor, Directory, Exports, Header, Imports,
    Methods, ReferenceLocations, StaticFields, StaticResources,
};
use crate::bytes::Cursor;
use crate::{Malformed, Part, Problem};

/// A component as bytes, from its tag on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub tag: Tag,
    /// Tag, size and info.
    pub bytes: Vec<u8>,
}

/// A CAP file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapFile {
    /// What package this is.
    pub header: Header,
    /// Sizes; left out by some loaders.
    pub directory: Option<Directory>,
    /// Applets, if there are any.
    pub applets: Option<Applets>,
    /// Packages that are used.
    pub imports: Imports,
    /// What bytecode names.
    pub constant_pool: ConstantPool,
    /// Interfaces and classes.
    pub classes: Classes,
    /// Handlers and bytecode.
    pub methods: Methods,
    /// Static fields.
    pub static_fields: StaticFields,
    /// Where bytecode refers to constants.
    pub reference_locations: ReferenceLocations,
    /// What other packages may use, if they may.
    pub exports: Option<Exports>,
    /// Types, access and extents; not needed on a card.
    pub descriptor: Option<Descriptor>,
    /// Names and lines; never on a card.
    pub debug: Option<Debug>,
    /// Constant data.
    pub static_resources: Option<StaticResources>,
    /// A vendor's own components, and the Debug component of the extended form, as they are; by tag.
    pub others: Vec<Component>,
}

impl CapFile {
    /// The form of the components.
    pub fn format(&self) -> Format {
        self.header.format()
    }

    /// Reads components, in any order.
    ///
    /// # Errors
    /// A component is malformed, is missing, or is there twice.
    pub fn read(components: &[Component]) -> Result<Self, Malformed> {
        let twice = components.iter().enumerate().find(|(index, component)| {
            let before = components.get(..*index).unwrap_or_default();
            before.iter().any(|earlier| earlier.tag == component.tag)
        });
        if let Some((_, component)) = twice {
            let (found, expected) = ("there twice".to_owned(), "one".to_owned());
            let problem = Problem::Value { what: "the component", found, expected };
            return Err(Malformed { part: component.tag.part(), offset: 0, problem });
        }
        let find = |tag: Tag| components.iter().find(|component| component.tag == tag);
        let bytes = |tag: Tag| find(tag).map(|component| component.bytes.as_slice());
        let needed = |tag: Tag| {
            bytes(tag).ok_or_else(|| {
                let (found, expected) = ("missing".to_owned(), "one".to_owned());
                let problem = Problem::Value { what: "the component", found, expected };
                Malformed { part: tag.part(), offset: 0, problem }
            })
        };
        let header = Header::read(needed(Tag::Header)?)?;
        let format = header.format();
        let optional = |tag: Tag| bytes(tag).map(|bytes| (bytes, format));
        let others = components.iter().filter(|component| match component.tag {
            Tag::Custom(_) => true,
            Tag::Debug => format.extended,
            _ => false,
        });
        let mut others: Vec<Component> = others.cloned().collect();
        others.sort_by_key(|component| component.tag.byte());
        Ok(Self {
            directory: read(optional(Tag::Directory), Directory::read)?,
            applets: read(optional(Tag::Applet), Applets::read)?,
            imports: Imports::read(needed(Tag::Import)?, format)?,
            constant_pool: ConstantPool::read(needed(Tag::ConstantPool)?, format)?,
            classes: Classes::read(needed(Tag::Class)?, format)?,
            methods: Methods::read(needed(Tag::Method)?, format)?,
            static_fields: StaticFields::read(needed(Tag::StaticField)?, format)?,
            reference_locations: ReferenceLocations::read(needed(Tag::ReferenceLocation)?, format)?,
            exports: read(optional(Tag::Export), Exports::read)?,
            descriptor: read(optional(Tag::Descriptor), Descriptor::read)?,
            debug: read(optional(Tag::Debug).filter(|_| !format.extended), Debug::read)?,
            static_resources: read(optional(Tag::StaticResources), StaticResources::read)?,
            others,
            header,
        })
    }

    /// The components as bytes, by tag.
    ///
    /// # Errors
    /// Something is too large for the format.
    pub fn to_components(&self) -> Result<Vec<Component>, TooLarge> {
        let format = self.format();
        let mut all: Vec<Component> = Vec::new();
        let mut add = |tag: Tag, bytes: Option<Result<Vec<u8>, TooLarge>>| {
            if let Some(bytes) = bytes {
                all.push(Component { tag, bytes: bytes? });
            }
            Ok(())
        };
        add(Tag::Header, Some(self.header.to_bytes()))?;
        add(Tag::Directory, self.directory.as_ref().map(|part| part.to_bytes(format)))?;
        add(Tag::Applet, self.applets.as_ref().map(|part| part.to_bytes(format)))?;
        add(Tag::Import, Some(self.imports.to_bytes(format)))?;
        add(Tag::ConstantPool, Some(self.constant_pool.to_bytes(format)))?;
        add(Tag::Class, Some(self.classes.to_bytes(format)))?;
        add(Tag::Method, Some(self.methods.to_bytes(format)))?;
        add(Tag::StaticField, Some(self.static_fields.to_bytes(format)))?;
        add(Tag::ReferenceLocation, Some(self.reference_locations.to_bytes(format)))?;
        add(Tag::Export, self.exports.as_ref().map(|part| part.to_bytes(format)))?;
        add(Tag::Descriptor, self.descriptor.as_ref().map(|part| part.to_bytes(format)))?;
        add(Tag::Debug, self.debug.as_ref().map(|part| part.to_bytes(format)))?;
        let resources = self.static_resources.as_ref();
        add(Tag::StaticResources, resources.map(|part| part.to_bytes(format)))?;
        all.extend(self.others.iter().cloned());
        all.sort_by_key(|component| component.tag.byte());
        Ok(all)
    }

    /// Brings the Directory up to date with the other components.
    ///
    /// # Errors
    /// Something is too large for the format.
    pub fn fill_directory(&mut self) -> Result<(), TooLarge> {
        let format = self.format();
        let arrays = &self.static_fields.arrays;
        let arrays_size: usize = arrays.iter().map(|array| array.values.len()).sum();
        let custom = self.directory.take().map(|directory| directory.custom).unwrap_or_default();
        let listed = match format.version {
            FormatVersion::V2_1 => 11,
            FormatVersion::V2_2 => 12,
            FormatVersion::V2_3 => 13,
        };
        let number = |what, found| super::frame::count(Tag::Directory, what, found);
        let applets = self.applets.as_ref().map_or(0, |applets| applets.applets.len());
        let directory = Directory {
            sizes: vec![0; listed],
            image_size: self.static_fields.image_size,
            array_count: super::frame::count(Tag::Directory, "number of arrays", arrays.len())?,
            array_size: super::frame::count(Tag::Directory, "size of arrays", arrays_size)?,
            import_count: number("number of imports", self.imports.packages.len())?,
            applet_count: number("number of applets", applets)?,
            block_count: match format.extended {
                true => Some(number("number of method blocks", self.methods.blocks.len())?),
                false => None,
            },
            custom,
        };
        self.directory = Some(directory);
        // The Directory's own size does not depend on the numbers in it.
        let components = self.to_components()?;
        if let Some(directory) = &mut self.directory {
            for component in components {
                let head = if component.tag.is_wide(format) { 5 } else { 3 };
                let size = component.bytes.len().saturating_sub(head);
                let size = super::frame::count(Tag::Directory, "size of a component", size)?;
                let index = usize::from(component.tag.byte()).wrapping_sub(1);
                if let Some(listed) = directory.sizes.get_mut(index) {
                    *listed = size;
                }
            }
        }
        Ok(())
    }
}

/// Takes components apart that stand back to back, as a card is given them.
///
/// # Errors
/// They do not start with a Header, a tag is no component, or one does not end.
pub fn components(bytes: &[u8]) -> Result<Vec<Component>, Malformed> {
    let part = Part::Archive("components back to back".to_owned());
    let mut from = Cursor::new(&part, bytes);
    // Flags of the Header: tag, size, magic number and version stand before.
    let extended = bytes.get(9).is_some_and(|flags| flags & Header::EXTENDED != 0);
    let format = Format { version: FormatVersion::V2_3, extended };
    let mut components: Vec<Component> = Vec::new();
    while !from.is_at_end() {
        let at = from.offset();
        let byte = from.u1("tag")?;
        let first = components.is_empty();
        let tag = Tag::from_byte(byte).filter(|tag| !first || *tag == Tag::Header);
        let Some(tag) = tag else {
            let expected = if first { "1 (Header)" } else { "1 to 13, or 128 to 255" };
            let (found, expected) = (byte.to_string(), expected.to_owned());
            return Err(from.wrong_at(at, Problem::Value { what: "tag", found, expected }));
        };
        let size = if tag.is_wide(format) {
            usize::try_from(from.u4("size")?).unwrap_or(usize::MAX)
        } else {
            from.u2("size")?.into()
        };
        from.take(size, "component")?;
        let bytes = bytes.get(at..from.offset()).unwrap_or_default().to_vec();
        components.push(Component { tag, bytes });
    }
    Ok(components)
}

fn read<T>(
    component: Option<(&[u8], Format)>,
    read: impl Fn(&[u8], Format) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    component.map(|(bytes, format)| read(bytes, format)).transpose()
}
