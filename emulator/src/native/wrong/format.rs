//! Commands that are wrong, and that a wrong card takes for right ones.

use apdu::{Case, CommandApdu};
use applet_spec::{Catalogue, Rules};
use purse::{Command, CommandError, Problem};

use super::{Deviation, NativeSystem};

impl NativeSystem {
    /// What a command that is refused is taken for, by a card that takes it for another.
    #[inline]
    pub(in crate::native) fn taken_for(
        &self,
        apdu: &CommandApdu<'_>,
        rules: &Rules,
    ) -> Option<Vec<u8>> {
        if self.system.deviations.is_empty() {
            return None;
        }
        let problem = problem(apdu, rules)?;
        match problem {
            Problem::Class(_) if self.deviates(Deviation::ClassIgnored) => {
                const CLASSES: [u8; 4] = [0x80, 0x00, 0x84, 0x04];
                let known = |bytes: &Vec<u8>| {
                    !matches!(
                        problem_of(bytes, rules),
                        Some(Problem::Class(_) | Problem::Instruction(_))
                    )
                };
                CLASSES.iter().map(|class| with(apdu, 0, *class)).find(known)
            }
            Problem::Parameters(_) if self.deviates(Deviation::P1p2Ignored) => {
                let p1 = with(apdu, 2, 0x00);
                let p2 = with(apdu, 3, 0x00);
                let both = with(&CommandApdu::new(&p1), 3, 0x00);
                let known = |bytes: &Vec<u8>| problem_of(bytes, rules).is_none();
                [p1, p2, both].into_iter().find(known)
            }
            Problem::Length { .. } if self.deviates(Deviation::LongerDataAccepted) => {
                let known = |bytes: &Vec<u8>| problem_of(bytes, rules).is_none();
                (0..apdu.data().len().min(0x100)).rev().map(|length| cut(apdu, length)).find(known)
            }
            _ => None,
        }
    }
}

fn problem(apdu: &CommandApdu<'_>, rules: &Rules) -> Option<Problem> {
    let parsed = Command::parse_with(Catalogue::of(rules.commands), apdu, rules);
    parsed.err().map(|CommandError { problem, .. }| problem)
}

fn problem_of(bytes: &[u8], rules: &Rules) -> Option<Problem> {
    problem(&CommandApdu::new(bytes), rules)
}

/// The command with another byte in its header.
fn with(apdu: &CommandApdu<'_>, at: usize, value: u8) -> Vec<u8> {
    let mut bytes = apdu.raw().to_vec();
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
    bytes
}

/// The command with the first `length` bytes of its data.
fn cut(apdu: &CommandApdu<'_>, length: usize) -> Vec<u8> {
    let mut bytes = vec![apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    if length > 0 {
        bytes.push(length as u8);
        bytes.extend_from_slice(apdu.data().get(..length).unwrap_or_default());
    }
    if let Case::Both { ne, .. } = apdu.case() {
        bytes.push(ne as u8);
    }
    bytes
}
