//! SELECT: by name, beginning of a name, next occurrence, file identifier.

use apdu::tlv::{self, Node};
use apdu::{DfName, StatusWord};
use applet_spec::FciForm;
use purse::{Occurrence, SelectBy};

use super::tree::{Blocked, Df, Ef, Structure};
use super::wrong::Deviation;
use super::{Outcome, Rights, Session};
use crate::application::{Halt, Reply};

impl Session<'_, '_> {
    pub(super) fn select(&mut self, by: SelectBy, occurrence: Occurrence) -> Outcome {
        match by {
            SelectBy::Mf => {
                let master = Df::master(self.memory)?;
                self.enter(master)
            }
            SelectBy::Fid(fid) => self.select_fid(fid),
            SelectBy::Name(name) => {
                let found = self.by_name(&name, occurrence)?;
                self.enter(found.ok_or(StatusWord::FILE_NOT_FOUND)?)
            }
        }
    }

    fn select_fid(&mut self, fid: u16) -> Outcome {
        for df in Df::all(self.memory).collect::<Vec<_>>() {
            if df.fid(self.memory)? == fid {
                return self.enter(df);
            }
        }
        let file = self.df().by_fid(self.memory, fid)?.ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.state.current_file = file.address;
        self.state.current_record = 0;
        Ok(Reply::done())
    }

    /// Directories whose name begins with `name`, in order; NEXT goes on after the current one.
    fn by_name(&self, name: &DfName, occurrence: Occurrence) -> Result<Option<Df>, Halt> {
        let mut passed = occurrence == Occurrence::First;
        for df in Df::all(self.memory) {
            let own = df.name(self.memory)?;
            let named = self.or_wrong(
                own.starts_with(name.as_bytes()),
                Deviation::PartialNameUnmatched,
                own == name.as_bytes(),
            );
            if passed && named {
                return Ok(Some(df));
            }
            passed |= df == self.df();
        }
        Ok(None)
    }

    /// Makes a directory the current one: its security state, current file, challenge, running
    /// transaction and "code given" start anew.
    fn enter(&mut self, df: Df) -> Outcome {
        let master = Df::master(self.memory)?;
        self.state.building = df.is_open_ground(self.memory)?;
        if self.df() == master {
            self.state.master_state = self.state.rights.state;
        }
        self.state.current = df;
        self.state.current_file = 0;
        if !self.deviates(Deviation::PinStateSurvivesSelect) {
            self.state.rights = Rights::default();
        }
        self.state.code_given &= self.deviates(Deviation::CodeSurvivesSelect);
        let sam = std::mem::take(&mut self.state.sam);
        if self.deviates(Deviation::PsamKeySurvivesSelect) {
            self.state.sam = sam.only_key();
        }
        let rules = self.rules.status;
        match df.blocked(self.memory)? {
            Blocked::No => Ok(Reply::data(self.fci(df)?)),
            Blocked::Temporarily if rules.fci_when_blocked => {
                Ok(Reply { data: self.fci(df)?, status: rules.select_blocked })
            }
            Blocked::Temporarily => Err(Halt::Status(rules.select_blocked)),
            Blocked::Permanently => Err(Halt::Status(rules.permanently_blocked)),
        }
    }

    /// File control information, in the directory's form.
    fn fci(&self, df: Df) -> Result<Vec<u8>, Halt> {
        let name = df.name(self.memory)?;
        let proprietary = match df.fci(self.memory)? {
            FciForm::Dir { sfi } => vec![Node::Primitive(0x88, vec![sfi])],
            FciForm::Bare => Vec::new(),
            FciForm::Ppse => vec![Node::Constructed(0xBF0C, self.applications()?)],
            FciForm::PublicFile { version, sfi } => {
                let version = version.map(|version| Node::Primitive(0x9F08, version));
                let content = match df.by_sfi(self.memory, sfi)?.filter(fits_fci) {
                    Some(file) => {
                        let mut content = vec![0; usize::from(file.size)];
                        self.memory.read(file.data, &mut content)?;
                        content
                    }
                    None => Vec::new(),
                };
                let left_out = self.deviates(Deviation::FciWithoutPublicFile);
                let content = (!left_out).then_some(Node::Primitive(0x9F0C, content));
                version.into_iter().chain(content).collect()
            }
        };
        let mut inner = Vec::new();
        if !name.is_empty() {
            inner.push(Node::Primitive(0x84, name));
        }
        inner.push(Node::Constructed(0xA5, proprietary));
        tlv::write(&Node::Constructed(0x6F, inner))
            .map_err(|error| Halt::Bug(format!("FCI cannot be written: {error}")))
    }

    /// Directory entries of all labelled applications.
    fn applications(&self) -> Result<Vec<Node>, Halt> {
        let mut entries = Vec::new();
        for df in Df::all(self.memory) {
            let (name, label) = (df.name(self.memory)?, df.label(self.memory)?);
            if !label.is_empty() {
                entries.push(Node::Constructed(
                    0x61,
                    vec![Node::Primitive(0x4F, name), Node::Primitive(0x50, label)],
                ));
            }
        }
        Ok(entries)
    }
}

/// A file that a command made may be anything.
fn fits_fci(file: &Ef) -> bool {
    file.structure == Structure::Binary && file.size <= applet_spec::FciForm::MOST_PUBLIC
}
