//! Logs of other programs, read as recordings: what people already have when a card misbehaves.
//!
//! None of these programs tells everything a recording does. A log that shows no reset begins with
//! an empty `# ATR`; a command whose answer is not in the log is `mute`. Secrets are masked as the
//! recorder does it.

mod apdu4j;
mod build;
mod hexpairs;
mod opensc;
mod pcscd;
mod spy;
mod text;

use std::fmt;
use std::str::FromStr;

use link::{Recording, RecordingError, Secrecy};

use self::build::Builder;

/// Who wrote a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// This program: a recording.
    Recording,
    /// apdu4j and GlobalPlatformPro: `A>> ..` and `A<< ..` lines, or a dump.
    Apdu4j,
    /// OpenSC: the debug log of its library, or what opensc-tool prints.
    OpenSc,
    /// pcsc-spy: the PC/SC calls of a program.
    PcscSpy,
    /// pcscd with --apdu: `APDU: ..` and `SW: ..` lines.
    Pcscd,
    /// Lines of hex, with marks such as `>` and `<`, or command and answer by turns.
    Hex,
}

impl LogFormat {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Recording, Self::Apdu4j, Self::OpenSc, Self::PcscSpy, Self::Pcscd, Self::Hex];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Apdu4j => "apdu4j",
            Self::OpenSc => "opensc",
            Self::PcscSpy => "pcsc-spy",
            Self::Pcscd => "pcscd",
            Self::Hex => "hex",
        }
    }

    /// Who wrote `text`, by its marks; plain hex where there are none. A recording needs no header.
    pub fn recognise(text: &str) -> Self {
        let mut found = Self::Hex;
        let (mut commands, mut events) = (false, false);
        for line in text.lines() {
            let line = text::plain(line);
            let line = line.trim();
            if line.starts_with("# recording") {
                return Self::Recording;
            }
            if line.contains("Outgoing APDU") || line.starts_with("Received (SW1=0x") {
                return Self::OpenSc;
            }
            if line.starts_with("SCardEstablishContext") || line.ends_with("SCardTransmit") {
                return Self::PcscSpy;
            }
            if line.starts_with("A>> ")
                || line.starts_with("# ATR: ")
                || line.trim_start_matches("# ").starts_with("SCardConnect(\"")
            {
                return Self::Apdu4j;
            }
            if pcscd::is_marked(line) {
                found = Self::Pcscd;
            }
            commands |= line.starts_with('>') && !line.starts_with(">>");
            events |= Recording::is_event_in_words(line);
        }
        if found == Self::Hex && commands && events { Self::Recording } else { found }
    }

    /// Reads a log of this kind as a recording. Steps keep the lines they had there. `reader` is a
    /// part of the name of the reader that is meant, where a log tells readers apart. The data of
    /// commands that `secrecy` names is masked, in a recording too.
    ///
    /// # Errors
    /// [`RecordingError`] with the line that cannot be read; also where several readers may be
    /// meant, and where the log holds no exchange at all.
    pub fn read(
        self,
        text: &str,
        reader: Option<&str>,
        secrecy: Secrecy,
    ) -> Result<Recording, RecordingError> {
        let mut builder = Builder::new(secrecy);
        match self {
            Self::Recording => return Ok(Recording::parse(text)?.hiding(secrecy)),
            Self::Apdu4j => apdu4j::read(text, &mut builder)?,
            Self::OpenSc => opensc::read(text, &mut builder)?,
            Self::PcscSpy => spy::read(text, reader, &mut builder)?,
            Self::Pcscd => pcscd::read(text, &mut builder)?,
            Self::Hex => hexpairs::read(text, &mut builder)?,
        }
        builder.finish(self)
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of a log format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no log format; there are {names}", names = LogFormat::ALL.map(LogFormat::name).join(", "))]
pub struct UnknownLogFormat(String);

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|format| format.name() == text);
        named.ok_or_else(|| UnknownLogFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
