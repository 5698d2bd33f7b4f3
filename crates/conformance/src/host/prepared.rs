//! A command, made.

use std::fmt;

use applet_spec::CommandId;

use crate::Text;

/// A command as it goes to the card, and what is known of it.
#[derive(Clone)]
pub struct Prepared {
    /// The bytes. They may hold a PIN or a key.
    pub bytes: Vec<u8>,
    /// What it is, for reports: `INITIALIZE FOR PURCHASE`.
    pub title: Text,
    /// Which command of the catalogue; `None` for bytes that are none.
    pub command: Option<CommandId>,
}

impl fmt::Debug for Prepared {
    /// Header and length only: the data may be a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = hex::encode_upper(self.bytes.get(..4).unwrap_or(&self.bytes));
        write!(f, "{} {header}, {} bytes", self.title.en, self.bytes.len())
    }
}
