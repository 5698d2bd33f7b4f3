//! StaticResources component (13, from format 2.3 on): constant data that applets read by number.

use super::TooLarge;
use super::frame::{Format, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::Sink;

/// The StaticResources component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticResources {
    /// The resources, in the order of their directory.
    pub resources: Vec<Resource>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its number.
    pub id: u16,
    /// Its bytes; at most 32,767 for a card.
    pub data: Vec<u8>,
}

impl StaticResources {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no StaticResources component.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::StaticResources.part();
        let mut from = open(&part, Tag::StaticResources, bytes, format)?;
        let directory = from.u2("number of resources")?;
        let directory = from.list(directory, |from| {
            Ok((from.u2("number of a resource")?, from.u4("size of a resource")?))
        })?;
        let resources = directory.into_iter().map(|(id, size)| {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            Ok(Resource { id, data: from.take(size, "resource")?.to_vec() })
        });
        let resources = resources.collect::<Result<_, Malformed>>()?;
        from.finish()?;
        Ok(Self { resources })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// Too many resources or bytes.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u2(count(Tag::StaticResources, "number of resources", self.resources.len())?);
        for resource in &self.resources {
            info.u2(resource.id);
            info.u4(count(Tag::StaticResources, "size of a resource", resource.data.len())?);
        }
        self.resources.iter().for_each(|resource| info.extend(&resource.data));
        close(Tag::StaticResources, &info, format)
    }
}
