//! The hand at an emulator's card, over its control channel.

use std::sync::{Mutex, PoisonError};

use link::{CardControl, ControlError, LinkError};

use crate::Timeouts;
use crate::lines::LineClient;

/// The control channel of an emulator (`--control HOST:PORT`).
#[derive(Debug)]
pub struct ControlClient {
    lines: Mutex<LineClient>,
}

impl ControlClient {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// [`LinkError::Io`].
    pub fn connect(address: &str, timeouts: Timeouts) -> Result<Self, LinkError> {
        Ok(Self { lines: Mutex::new(LineClient::connect(address, timeouts)?) })
    }

    /// Sends a line as it is; what follows `ok`, or the status object.
    ///
    /// # Errors
    /// [`ControlError::Value`] with the emulator's words; [`ControlError::Link`] where it cannot be
    /// reached.
    pub fn ask(&self, line: &str) -> Result<String, ControlError> {
        if line.contains(['\r', '\n']) || line.trim().is_empty() || line.trim().starts_with('#') {
            return Err(ControlError::Value(
                "one control command is one line of words; try status".to_owned(),
            ));
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = lines.ask(line).map_err(ControlError::Link)?;
        if let Some(problem) = answer.strip_prefix("error: ") {
            Err(ControlError::Value(problem.to_owned()))
        } else if let Some(words) = answer.strip_prefix("ok") {
            Ok(words.trim_start().to_owned())
        } else if answer.starts_with('{') {
            Ok(answer)
        } else {
            Err(ControlError::Link(LinkError::Protocol(format!(
                "{} answers '{}'; is it an emulator's --control port?",
                lines.address(),
                answer.escape_debug()
            ))))
        }
    }

    fn tell(&self, line: &str) -> Result<(), ControlError> {
        self.ask(line).map(drop)
    }

    fn pairs(&self) -> Result<Vec<(String, String)>, ControlError> {
        let answer = self.ask("status --json")?;
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&answer)
            .map_err(|error| {
                let problem = format!("the status of the card is no JSON object: {error}");
                ControlError::Link(LinkError::Protocol(problem))
            })?;
        let text = |value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(object.into_iter().map(|(key, value)| (key, text(value))).collect())
    }
}

/// A word of a control line.
fn word<'a>(what: &str, text: &'a str) -> Result<&'a str, ControlError> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        let problem = format!("{what} '{}' is not one word without spaces", text.escape_debug());
        return Err(ControlError::Value(problem));
    }
    Ok(text)
}

impl CardControl for ControlClient {
    fn insert(&mut self) -> Result<(), ControlError> {
        self.tell("insert")
    }

    fn remove(&mut self) -> Result<(), ControlError> {
        self.tell("remove")
    }

    /// An emulator that cannot be reached has no card.
    fn inserted(&self) -> bool {
        let pairs = self.pairs().unwrap_or_default();
        pairs.iter().any(|(key, value)| key == "inserted" && value == "yes")
    }

    fn tear(&mut self, write: u64) -> Result<(), ControlError> {
        self.tell(&format!("tear {write}"))
    }

    fn snapshot(&mut self, name: &str) -> Result<(), ControlError> {
        self.tell(&format!("snapshot {}", word("name", name)?))
    }

    fn restore(&mut self, name: &str) -> Result<(), ControlError> {
        self.tell(&format!("restore {}", word("name", name)?))
    }

    fn resume(&mut self, name: &str) -> Result<(), ControlError> {
        self.tell(&format!("resume {}", word("name", name)?))
    }

    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError> {
        let words: String =
            commands.iter().map(|command| format!(" {}", hex::encode_upper(command))).collect();
        let answer = self.ask(&format!("rehearse{words}"))?;
        let bytes = |word| if word == "-" { Ok(Vec::new()) } else { hex::decode(word) };
        let answers: Result<Vec<Vec<u8>>, _> = answer.split_whitespace().map(bytes).collect();
        let wrong = |what: String| ControlError::Link(LinkError::Protocol(what));
        let answers = answers.map_err(|error| {
            wrong(format!("the emulator's answer to 'rehearse' is not hexadecimal: {error}"))
        })?;
        if answers.len() != commands.len() {
            let (gave, asked) = (answers.len(), commands.len());
            return Err(wrong(format!("{gave} answers to {asked} rehearsed commands")));
        }
        Ok(answers)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError> {
        let pair = format!("{key}={value}");
        self.tell(&format!("set {}", word("setting", &pair)?))
    }

    /// In the order of the keys' names.
    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        self.pairs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::served;

    #[test]
    fn each_control_is_one_line() {
        let status = "{\"inserted\":\"yes\",\"balance\":\"12\",\"n\":3}\n";
        let (address, heard) = served(&[
            "ok inserted\n",
            "ok removed\n",
            "ok\n",
            "ok\n",
            "ok\n",
            "ok\n",
            "ok resumed a\n",
            "ok 9000 -\n",
            "ok 9000\n",
            "ok 9\n",
            status,
            status,
        ]);
        let mut card = ControlClient::connect(&address, Timeouts::default()).unwrap();
        card.insert().unwrap();
        card.remove().unwrap();
        card.tear(7).unwrap();
        card.snapshot("a").unwrap();
        card.restore("a").unwrap();
        card.set("balance", "10.00").unwrap();
        card.resume("a").unwrap();
        let commands = [vec![0x00, 0xB0], vec![0x00, 0xEE]];
        assert_eq!(card.rehearse(&commands).unwrap(), [vec![0x90, 0x00], vec![]]);
        assert!(card.rehearse(&commands).is_err());
        assert!(card.rehearse(&commands).is_err());
        assert!(card.inserted());
        let pairs = card.status().unwrap();
        assert!(pairs.contains(&("n".into(), "3".into())));
        drop(card);
        assert_eq!(
            heard.join().unwrap(),
            [
                "insert",
                "remove",
                "tear 7",
                "snapshot a",
                "restore a",
                "set balance=10.00",
                "resume a",
                "rehearse 00B0 00EE",
                "rehearse 00B0 00EE",
                "rehearse 00B0 00EE",
                "status --json",
                "status --json"
            ]
        );
    }

    #[test]
    fn the_emulator_s_words_come_back_and_no_second_command_slips_in() {
        let (address, heard) = served(&["error: 'x' is no key\n", "9000\n"]);
        let mut card = ControlClient::connect(&address, Timeouts::default()).unwrap();
        assert!(
            matches!(card.set("x", "1"), Err(ControlError::Value(text)) if text == "'x' is no key")
        );
        assert!(card.set("x", "1\nremove").is_err());
        assert!(card.ask("status\nremove").is_err());
        assert!(card.ask("").is_err());
        let error = card.remove().unwrap_err().to_string();
        assert!(error.contains("--control port"), "{error}");
        drop(card);
        assert_eq!(heard.join().unwrap(), ["set x=1", "remove"]);
    }
}
