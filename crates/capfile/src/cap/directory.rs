//! Directory component (2): sizes of all the others.

use super::TooLarge;
use super::frame::{Format, FormatVersion, Tag, close, count, open};
use crate::bytes::{Cursor, Sink};
use crate::{Aid, Malformed};

/// The Directory component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Bytes of the info of each component from tag 1 up, without tag and size: 11 in format 2.1, 12
    /// in 2.2, 13 in 2.3.
    pub sizes: Vec<u32>,
    /// Bytes of the static field image.
    pub image_size: u16,
    /// Arrays with initial values.
    pub array_count: u16,
    /// Bytes of their values.
    pub array_size: u16,
    /// Imported packages.
    pub import_count: u8,
    /// Applets.
    pub applet_count: u8,
    /// Blocks of the Method component, in the extended form.
    pub block_count: Option<u8>,
    /// A vendor's own components.
    pub custom: Vec<CustomSize>,
}

/// What the Directory says of a vendor's own component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSize {
    /// Its tag, 128 to 255.
    pub tag: u8,
    /// Bytes of its info.
    pub size: u32,
    /// Its AID.
    pub aid: Aid,
}

impl Directory {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Directory of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Directory.part();
        let mut from = open(&part, Tag::Directory, bytes, format)?;
        let sizes = listed(format)
            .iter()
            .map(|tag| read_size(&mut from, tag.is_wide(format)))
            .collect::<Result<_, _>>()?;
        let image_size = from.u2("size of the static field image")?;
        let array_count = from.u2("number of arrays")?;
        let array_size = from.u2("size of arrays")?;
        let import_count = from.u1("number of imports")?;
        let applet_count = from.u1("number of applets")?;
        let block_count = match format.extended {
            true => Some(from.u1("number of method blocks")?),
            false => None,
        };
        let custom = from.u1("number of custom components")?;
        let custom = from.list(custom, |from| {
            Ok(CustomSize {
                tag: from.u1("tag of a custom component")?,
                size: read_size(from, format.extended)?,
                aid: Aid::read(from)?,
            })
        })?;
        from.finish()?;
        Ok(Self {
            sizes,
            image_size,
            array_count,
            array_size,
            import_count,
            applet_count,
            block_count,
            custom,
        })
    }

    /// The bytes of the component. Sizes that are missing are written as 0.
    ///
    /// # Errors
    /// A number that its field cannot hold.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        for (index, tag) in listed(format).iter().enumerate() {
            let size = self.sizes.get(index).copied().unwrap_or_default();
            write_size(&mut info, size, tag.is_wide(format))?;
        }
        for number in [self.image_size, self.array_count, self.array_size] {
            info.u2(number);
        }
        info.extend([self.import_count, self.applet_count]);
        if format.extended {
            info.u1(self.block_count.unwrap_or_default());
        }
        info.u1(count(Tag::Directory, "number of custom components", self.custom.len())?);
        for custom in &self.custom {
            info.u1(custom.tag);
            write_size(&mut info, custom.size, format.extended)?;
            custom.aid.write(&mut info);
        }
        close(Tag::Directory, &info, format)
    }

    /// Bytes of a component's info, if the format lists it.
    pub fn size(&self, tag: Tag) -> Option<u32> {
        let index = usize::from(tag.byte()).checked_sub(1)?;
        self.sizes.get(index).copied()
    }
}

/// The components whose sizes a format lists.
fn listed(format: Format) -> &'static [Tag] {
    let count = match format.version {
        FormatVersion::V2_1 => 11,
        FormatVersion::V2_2 => 12,
        FormatVersion::V2_3 => 13,
    };
    Tag::STANDARD.get(..count).unwrap_or(&Tag::STANDARD)
}

fn read_size(from: &mut Cursor<'_>, wide: bool) -> Result<u32, Malformed> {
    match wide {
        true => from.u4("size of a component"),
        false => from.u2("size of a component").map(u32::from),
    }
}

fn write_size(info: &mut Vec<u8>, size: u32, wide: bool) -> Result<(), TooLarge> {
    if wide {
        info.u4(size);
    } else {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        info.u2(count(Tag::Directory, "size of a component", size)?);
    }
    Ok(())
}
