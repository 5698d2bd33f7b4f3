//! Applet component (3): which applets there are, and where their `install` methods stand.

use super::TooLarge;
use super::frame::{Format, MethodPlace, Tag, close, count, open};
use crate::bytes::Sink;
use crate::{Aid, Malformed};

/// The Applet component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applets {
    /// The applets.
    pub applets: Vec<Applet>,
}

/// An applet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applet {
    /// Its AID.
    pub aid: Aid,
    /// Its method `install(byte[], short, byte)`.
    pub install: MethodPlace,
}

impl Applets {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Applet component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Applet.part();
        let mut from = open(&part, Tag::Applet, bytes, format)?;
        let applets = from.u1("number of applets")?;
        let applets = from.list(applets, |from| {
            Ok(Applet { aid: Aid::read(from)?, install: MethodPlace::read(from, format)? })
        })?;
        from.finish()?;
        Ok(Self { applets })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// More than 255 applets.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        info.u1(count(Tag::Applet, "number of applets", self.applets.len())?);
        for applet in &self.applets {
            applet.aid.write(&mut info);
            applet.install.write(&mut info, format);
        }
        close(Tag::Applet, &info, format)
    }
}
