//! A card behind an emulator's hex-line server.

use link::{Atr, CardTransport, LinkError};

use crate::Timeouts;
use crate::lines::LineClient;

/// A card at `tcp:HOST:PORT`.
#[derive(Debug)]
pub struct HexLineClient {
    lines: LineClient,
}

impl HexLineClient {
    /// Connects to `HOST:PORT`. The card is left as it is.
    ///
    /// # Errors
    /// [`LinkError::Io`].
    pub fn connect(address: &str, timeouts: Timeouts) -> Result<Self, LinkError> {
        Ok(Self { lines: LineClient::connect(address, timeouts)? })
    }

    /// The answer to the last reset, without a new one.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn atr(&mut self) -> Result<Atr, LinkError> {
        self.ask("atr").map(Atr)
    }

    fn ask(&mut self, line: &str) -> Result<Vec<u8>, LinkError> {
        let answer = self.words(line)?;
        hex::decode(&answer).map_err(|error| {
            LinkError::Protocol(format!(
                "{} answers '{}' where hex is due ({error}); is it an emulator's --listen port?",
                self.lines.address(),
                answer.escape_debug()
            ))
        })
    }

    fn words(&mut self, line: &str) -> Result<String, LinkError> {
        let answer = self.lines.ask(line)?;
        match answer.as_str() {
            "mute" => Err(LinkError::Mute),
            "no card" => Err(LinkError::NoCard(self.describe())),
            _ => match answer.strip_prefix("error: ") {
                Some(problem) => {
                    Err(LinkError::Protocol(format!("{}: {problem}", self.lines.address())))
                }
                None => Ok(answer),
            },
        }
    }
}

impl CardTransport for HexLineClient {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.ask("reset").map(Atr)
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        match self.words("off")?.as_str() {
            "off" => Ok(()),
            other => Err(LinkError::Protocol(format!(
                "{} answers '{}' where 'off' is due; is it an emulator's --listen port?",
                self.lines.address(),
                other.escape_debug()
            ))),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        if command.is_empty() {
            return Err(LinkError::Protocol(
                "an empty command cannot be sent as a hex line; a command has four bytes or more"
                    .to_owned(),
            ));
        }
        let answer = self.ask(&hex::encode_upper(command))?;
        if answer.len() < 2 {
            return Err(LinkError::Protocol(format!(
                "{} answers without SW1 SW2; is it an emulator's --listen port?",
                self.lines.address()
            )));
        }
        Ok(answer)
    }

    fn describe(&self) -> String {
        format!("tcp:{}", self.lines.address())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::lines::served;

    const QUICK: Timeouts =
        Timeouts { connect: Duration::from_secs(2), answer: Duration::from_millis(200) };

    #[test]
    fn commands_and_words_go_out_as_lines() {
        let (address, heard) = served(&["3B00\n", "3B00\r\n", "AABB9000\n", "off\n"]);
        let mut card = HexLineClient::connect(&address, QUICK).unwrap();
        assert_eq!(card.reset().unwrap().to_string(), "3B00");
        assert_eq!(card.atr().unwrap().to_string(), "3B00");
        assert_eq!(card.transmit(&[0, 0xA4, 4, 0]).unwrap(), [0xAA, 0xBB, 0x90, 0x00]);
        card.power_off().unwrap();
        drop(card);
        assert_eq!(heard.join().unwrap(), ["reset", "atr", "00A40400", "off"]);
    }

    #[test]
    fn silence_absence_and_errors_keep_their_kind_and_the_connection() {
        let answers = ["mute\n", "no card\n", "error: column 1: half a byte\n", "zz\n", "90\n"];
        let (address, _) = served(&answers);
        let mut card = HexLineClient::connect(&address, QUICK).unwrap();
        let mut send = || card.transmit(&[0, 0xA4, 4, 0]).unwrap_err();
        assert!(matches!(send(), LinkError::Mute));
        assert!(matches!(send(), LinkError::NoCard(_)));
        assert!(matches!(send(), LinkError::Protocol(text) if text.contains("half a byte")));
        assert!(matches!(send(), LinkError::Protocol(text) if text.contains("'zz'")));
        assert!(matches!(send(), LinkError::Protocol(text) if text.contains("SW1 SW2")));
    }

    #[test]
    fn a_late_answer_is_a_timeout_and_never_that_of_the_next_command() {
        let (address, _) = served(&["90"]);
        let mut card = HexLineClient::connect(&address, QUICK).unwrap();
        let start = Instant::now();
        assert!(matches!(card.transmit(&[0, 0xA4, 4, 0]), Err(LinkError::Timeout(_))));
        assert!(start.elapsed() < Duration::from_secs(2));
        let error = card.transmit(&[0, 0xA4, 4, 0]).unwrap_err().to_string();
        assert!(error.contains("connect again"), "{error}");
    }

    #[test]
    fn a_closed_connection_an_endless_line_and_two_lines_are_errors() {
        for (answer, word) in [
            ("", "closed the connection"),
            (&*"9".repeat(200_000), "more than a line"),
            ("9000\n9000\n", "more than a line"),
        ] {
            let (address, _) = served(&[answer]);
            let mut card = HexLineClient::connect(&address, Timeouts::default()).unwrap();
            let error = card.transmit(&[0, 0xA4, 4, 0]).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn nobody_there_says_what_to_check() {
        for address in ["127.0.0.1:1", "nowhere"] {
            let error = HexLineClient::connect(address, QUICK).unwrap_err().to_string();
            assert!(error.contains("is the emulator running there"), "{error}");
        }
    }
}
