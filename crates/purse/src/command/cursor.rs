//! A cursor over the data of a command whose class, instruction, parameters and length are right.

use apdu::CommandApdu;
use applet_spec::{CommandSpec, Rules};
use crypto::Mac;

use super::{CommandError, DataFault, Expected, Problem, Protected};
use crate::Pin;

/// What is left of the command data, and what is needed to take it apart.
pub(super) struct Fields<'a> {
    pub(super) spec: &'a CommandSpec,
    pub(super) apdu: &'a CommandApdu<'a>,
    pub(super) rest: &'a [u8],
    pub(super) rules: &'a Rules,
}

impl<'a> Fields<'a> {
    pub(super) fn secured(&self) -> bool {
        self.spec.secure_class == Some(self.apdu.cla())
    }

    pub(super) fn protected(&mut self) -> Result<Protected, CommandError> {
        if !self.secured() {
            return Ok(Protected::Plain(self.all()));
        }
        let (data, mac) = self.split_mac()?;
        Ok(Protected::Secured { data: data.to_vec(), mac })
    }

    pub(super) fn read_mac(&mut self) -> Result<Option<Mac>, CommandError> {
        if self.secured() { self.mac().map(Some) } else { Ok(None) }
    }

    pub(super) fn mac(&mut self) -> Result<Mac, CommandError> {
        match self.rest.split_first_chunk() {
            Some((mac, rest)) => {
                self.rest = rest;
                Ok(Mac(*mac))
            }
            None => Err(self.wrong_lc(Expected::Mac)),
        }
    }

    /// What is left, without its last four bytes, and those.
    pub(super) fn split_mac(&mut self) -> Result<(&'a [u8], Mac), CommandError> {
        let (data, mac) =
            self.rest.split_last_chunk::<4>().ok_or_else(|| self.wrong_lc(Expected::Mac))?;
        self.rest = &[];
        Ok((data, Mac(*mac)))
    }

    pub(super) fn pin(&mut self) -> Result<Pin, CommandError> {
        let data = std::mem::take(&mut self.rest);
        self.pin_of(data, self.apdu.data_offset())
    }

    pub(super) fn pin_of(&self, bytes: &[u8], offset: usize) -> Result<Pin, CommandError> {
        Pin::new(bytes).map_err(|why| self.error("PIN", offset, Problem::Data(DataFault::Pin(why))))
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], CommandError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.wrong_lc(Expected::Data(self.spec.lc.clone())))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn all(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest).to_vec()
    }

    /// Data is left only where the catalogue allows a MAC and the class says there is none.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong_lc(Expected::NoData)) }
    }

    pub(super) fn wrong_parameters(&self) -> CommandError {
        self.error("P1 P2", 2, Problem::Parameters([self.apdu.p1(), self.apdu.p2()]))
    }

    pub(super) fn wrong_lc(&self, expected: Expected) -> CommandError {
        let found = self.apdu.data().len();
        self.error("Lc", 4, Problem::Length { expected, found })
    }

    pub(super) fn error(
        &self,
        field: &'static str,
        offset: usize,
        problem: Problem,
    ) -> CommandError {
        CommandError { command: Some(self.spec.id), field, offset, problem }
    }
}
