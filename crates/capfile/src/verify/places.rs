//! Where things stand in the components: offsets from the tag, for refusals.

use crate::cap::{CapFile, Format, MethodPlace, Tag};

/// Offsets of what a component holds.
pub(super) struct Places {
    format: Format,
    /// Of each class in the Descriptor component.
    descriptor_classes: Vec<usize>,
    /// Of the type pool there.
    types: usize,
    /// Of each class in the Export component, by package.
    exported: Vec<Vec<usize>>,
    /// Of each handler table in the Method component, by block.
    blocks: Vec<usize>,
}

impl Places {
    pub(super) fn new(cap: &CapFile) -> Self {
        let format = cap.format();
        let mut at = head(Tag::Descriptor, format).saturating_add(usize::from(format.extended));
        let mut descriptor_classes = Vec::new();
        let method = if format.extended { 13usize } else { 12 };
        for package in cap.descriptor.iter().flat_map(|descriptor| &descriptor.packages) {
            at = at.saturating_add(1);
            for class in package {
                descriptor_classes.push(at);
                at = at
                    .saturating_add(9)
                    .saturating_add(class.interfaces.len().saturating_mul(2))
                    .saturating_add(class.fields.len().saturating_mul(7))
                    .saturating_add(class.methods.len().saturating_mul(method));
            }
        }
        let types = at;
        let mut at = head(Tag::Export, format).saturating_add(usize::from(format.extended));
        let mut exported = Vec::new();
        for package in cap.exports.iter().flat_map(|exports| &exports.packages) {
            at = at.saturating_add(1);
            let mut classes = Vec::new();
            for class in package {
                classes.push(at);
                let place = if format.extended { 3usize } else { 2 };
                at = at
                    .saturating_add(4)
                    .saturating_add(class.fields.len().saturating_mul(2))
                    .saturating_add(class.methods.len().saturating_mul(place));
            }
            exported.push(classes);
        }
        let mut at = head(Tag::Method, format);
        if format.extended {
            at = at.saturating_add(1).saturating_add(cap.methods.blocks.len().saturating_mul(4));
        }
        let mut blocks = Vec::new();
        for block in &cap.methods.blocks {
            blocks.push(at);
            at = at.saturating_add(block.first_method()).saturating_add(block.methods.len());
        }
        Self { format, descriptor_classes, types, exported, blocks }
    }

    /// A class of the Class component, by its offset in the info.
    pub(super) fn class(&self, offset: u16) -> usize {
        head(Tag::Class, self.format).saturating_add(offset.into())
    }

    pub(super) fn constant(&self, index: usize) -> usize {
        index.saturating_mul(4).saturating_add(5)
    }

    /// The type of a constant in the Descriptor.
    pub(super) fn constant_type(&self, index: usize) -> usize {
        self.types.saturating_add(index.saturating_mul(2)).saturating_add(2)
    }

    /// A place in the type pool, by its offset there.
    pub(super) fn in_types(&self, offset: usize) -> usize {
        self.types.saturating_add(offset)
    }

    /// A class in the Descriptor, by its number over all packages.
    pub(super) fn described(&self, class: usize) -> usize {
        self.descriptor_classes.get(class).copied().unwrap_or_default()
    }

    /// A field of it.
    pub(super) fn described_field(&self, class: usize, interfaces: usize, field: usize) -> usize {
        self.described(class)
            .saturating_add(9)
            .saturating_add(interfaces.saturating_mul(2))
            .saturating_add(field.saturating_mul(7))
    }

    /// A method of it.
    pub(super) fn described_method(
        &self,
        class: usize,
        interfaces: usize,
        fields: usize,
        method: usize,
    ) -> usize {
        let size = if self.format.extended { 13 } else { 12 };
        self.described_field(class, interfaces, fields).saturating_add(method.saturating_mul(size))
    }

    pub(super) fn exported(&self, package: usize, class: usize) -> usize {
        let classes = self.exported.get(package);
        classes.and_then(|classes| classes.get(class)).copied().unwrap_or_default()
    }

    /// A block of the Method component.
    pub(super) fn block(&self, block: u8) -> usize {
        self.blocks.get(usize::from(block)).copied().unwrap_or_default()
    }

    /// A method, or something in its block.
    pub(super) fn method(&self, place: MethodPlace) -> usize {
        self.block(place.block).saturating_add(place.offset.into())
    }

    /// An exception handler.
    pub(super) fn handler(&self, block: u8, index: usize) -> usize {
        self.block(block).saturating_add(1).saturating_add(index.saturating_mul(8))
    }
}

/// Bytes of tag and size.
pub(super) fn head(tag: Tag, format: Format) -> usize {
    if tag.is_wide(format) { 5 } else { 3 }
}
