//! The contents of one card: a copy of the profile that is written into.

use applet_spec::flow::{FieldAt, Flow};
use applet_spec::{FileKind, FileSpec, Profile, Template};

use super::Unfit;
use crate::engine::Serial;

/// A profile whose contents become those of one card.
pub(super) struct Contents {
    profile: Profile,
    serial: [u8; 8],
}

impl Contents {
    pub(super) fn new(profile: &Profile, serial: Serial) -> Self {
        let mut profile = profile.clone();
        profile.serial = serial.0;
        Self { profile, serial: serial.0 }
    }

    pub(super) fn into_profile(self) -> Profile {
        self.profile
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Bytes of file 15.
    pub(super) fn public(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Unfit> {
        self.file(Profile::PUBLIC_SFI, offset, bytes)
    }

    /// The city in file 15, where terminals of the family look for it.
    pub(super) fn city(&mut self, city: [u8; 2]) -> Result<(), Unfit> {
        // What a terminal of the family runs unless told otherwise.
        let flow = Flow::of_profile(&self.profile).into_iter().next();
        let at = flow.and_then(|flow| {
            let FieldAt { slot, field } = flow.card.city.clone()?;
            (flow.slots.get(slot)?.name == "public").then_some(field.at)
        });
        let Some(at) = at else {
            return Err(Unfit::new(
                format!("no city code is known in file 15 of {}", self.profile.name),
                "write the bytes themselves, in a column such as file.15.2",
            ));
        };
        self.public(at as u16, &city)
    }

    /// Bytes of a binary file.
    pub(super) fn file(&mut self, sfi: u8, offset: u16, bytes: &[u8]) -> Result<(), Unfit> {
        let (serial, public) = (self.serial, self.profile.public_content(&self.serial));
        let file = self.file_mut(sfi)?;
        let FileKind::Binary { size } = file.kind else {
            let mend = format!("write a column record.{sfi:02X}.N");
            return Err(Unfit::new(format!("file {sfi:02X} has records"), mend));
        };
        let end = usize::from(offset) + bytes.len();
        if end > usize::from(size) {
            let message = format!("it reaches to byte {end} of a file of {size}");
            return Err(Unfit::new(message, "shorten it"));
        }
        let mut content = file.content.first().map_or_else(Vec::new, |t| t.fill(&serial, &public));
        content.resize(content.len().max(usize::from(size)), 0);
        put(&mut content, usize::from(offset), bytes);
        file.content = vec![Template::of_bytes(content)];
        Ok(())
    }

    /// A record of a file: one that is there, or the first one after them.
    pub(super) fn record(&mut self, sfi: u8, number: u8, bytes: &[u8]) -> Result<(), Unfit> {
        let file = self.file_mut(sfi)?;
        let (record, count, whole) = match file.kind {
            FileKind::Binary { .. } => {
                let mend = format!("write a column file.{sfi:02X}");
                return Err(Unfit::new(format!("file {sfi:02X} is binary"), mend));
            }
            FileKind::Variable { record, count } => (record, count, false),
            FileKind::Linear { record, count } | FileKind::Cyclic { record, count } => {
                (record, count, true)
            }
        };
        let fits = if whole {
            bytes.len() == usize::from(record)
        } else {
            (1..=usize::from(record)).contains(&bytes.len())
        };
        if !fits {
            let message = format!("{} bytes, the records have {record}", bytes.len());
            return Err(Unfit::new(message, "write as many bytes as a record has"));
        }
        let index = usize::from(number).checked_sub(1);
        let next = file.content.len();
        match index.and_then(|at| file.content.get_mut(at)) {
            Some(content) => *content = Template::of_bytes(bytes),
            None if index == Some(next) && next < usize::from(count) => {
                file.content.push(Template::of_bytes(bytes));
            }
            None => {
                let message = format!("file {sfi:02X} has {next} of {count} records");
                let mend = "name one of them, or the one after them where there is room";
                return Err(Unfit::new(message, mend));
            }
        }
        Ok(())
    }

    /// A record as this card has it; by its number.
    pub(super) fn record_content(&self, sfi: u8, number: u8) -> Option<Vec<u8>> {
        let template = self.file_spec(sfi)?.content.get(usize::from(number).checked_sub(1)?)?;
        Some(template.fill(&self.serial, &self.profile.public_content(&self.serial)))
    }

    /// A file of the application, or else of the MF.
    pub(super) fn file_spec(&self, sfi: u8) -> Option<&FileSpec> {
        let own = self.profile.application().and_then(|directory| directory.file(sfi));
        own.or_else(|| self.profile.directories.first()?.file(sfi))
    }

    fn file_mut(&mut self, sfi: u8) -> Result<&mut FileSpec, Unfit> {
        let absent = || {
            let message = format!("{} has no file {sfi:02X}", self.profile.name);
            Unfit::new(message, "purse profile show tells its files")
        };
        let application = self.profile.directories.iter().position(|d| !d.purses.is_empty());
        let place = application
            .into_iter()
            .chain([0])
            .find(|at| self.profile.directories.get(*at).is_some_and(|d| d.file(sfi).is_some()));
        let Some(place) = place else { return Err(absent()) };
        let directory = self.profile.directories.get_mut(place);
        let files = directory.map(|directory| directory.files.iter_mut()).into_iter().flatten();
        files.into_iter().find(|file| file.sfi == sfi).ok_or_else(|| {
            Unfit::new(format!("file {sfi:02X} is not there"), "purse profile show tells the files")
        })
    }
}

/// Writes bytes where they go; `content` reaches that far.
pub(super) fn put(content: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in content.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
