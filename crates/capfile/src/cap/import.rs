//! Import component (4): the packages that are used.

use super::TooLarge;
use super::frame::{Format, PackageInfo, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::Sink;

/// The Import component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// The packages; the index is the package token that stands for it elsewhere.
    pub packages: Vec<PackageInfo>,
}

impl Imports {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Import component.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Import.part();
        let mut from = open(&part, Tag::Import, bytes, format)?;
        let packages = from.u1("number of imports")?;
        let packages = from.list(packages, PackageInfo::read)?;
        from.finish()?;
        Ok(Self { packages })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// More than 255 packages.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u1(count(Tag::Import, "number of imports", self.packages.len())?);
        self.packages.iter().for_each(|package| package.write(&mut info));
        close(Tag::Import, &info, format)
    }
}
