//! Card files: an odd card to use again. `docs/card-file.md` describes them.

use std::path::Path;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::CliError;
use crate::faults::{CardFault, WRONG};

/// What a card file says.
#[derive(Debug, Default)]
pub struct CardFile {
    /// Built-in name, or a path (seen from the card file).
    pub profile: Option<String>,
    /// Seed.
    pub seed: Option<u64>,
    /// What makes the card odd, in the order of the file.
    pub settings: Vec<FileSetting>,
    /// Faults.
    pub faults: Vec<CardFault>,
}

/// A line of `[set]`.
#[derive(Debug)]
pub struct FileSetting {
    /// Key, as `--set` takes it.
    pub key: String,
    /// Value, as `--set` takes it.
    pub value: String,
    offset: usize,
    place: String,
}

impl FileSetting {
    /// The card refuses it.
    pub fn wrong(&self, problem: &str) -> CliError {
        CliError::CardFile(format!("{}: set.{problem}", self.place))
    }
}

impl CardFile {
    /// Reads a card file.
    ///
    /// # Errors
    /// [`CliError::CardFile`] with the line.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        const MOST: u64 = 256 * 1024;
        let origin = path.display().to_string();
        let refuse = |problem: String| CliError::CardFile(format!("{origin}: {problem}"));
        let length = std::fs::metadata(path)
            .map_err(|error| refuse(format!("{error}; check the name")))?
            .len();
        if length > MOST {
            return Err(refuse("this is no card file; one has a few lines".to_owned()));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| refuse(format!("{error}; a card file is UTF-8 text")))?;
        let mut file = Reader { origin: &origin, text: &text }.read()?;
        if let (Some(name), Some(folder)) = (&file.profile, path.parent())
            && is_path(name)
        {
            file.profile = Some(folder.join(name).display().to_string());
        }
        Ok(file)
    }
}

/// Whether a name is the path of a file.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".toml")
}

struct Reader<'t> {
    origin: &'t str,
    text: &'t str,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl<'t> Reader<'t> {
    fn read(&self) -> Result<CardFile, CliError> {
        const KEYS: &str = "write profile, seed, with or [set]";
        let table = DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.wrong(at, &format!("{}; mend the TOML", error.message().trim()))
        })?;
        let mut file = CardFile::default();
        for (key, value) in table.get_ref() {
            let at = value.span().start;
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("profile", DeValue::String(name)) => file.profile = Some(name.to_string()),
                ("profile", _) => return Err(self.wrong(at, "profile is a name in quotes")),
                ("seed", DeValue::Integer(number)) => {
                    let seed = u64::from_str_radix(number.as_str(), number.radix());
                    let wrong = |_| self.wrong(at, "seed is a number from 0 to 2^64 - 1");
                    file.seed = Some(seed.map_err(wrong)?);
                }
                ("seed", _) => return Err(self.wrong(at, "seed is a number")),
                ("with", DeValue::Array(faults)) => {
                    file.faults =
                        faults.iter().map(|one| self.fault(one)).collect::<Result<_, _>>()?;
                }
                ("with", _) => {
                    return Err(self.wrong(at, "with is a list, such as [\"mute@4\"]"));
                }
                ("set", DeValue::Table(settings)) => {
                    self.settings("", settings, &mut file.settings)?;
                }
                ("set", _) => return Err(self.wrong(at, "set is a table: write [set]")),
                (unknown, _) => {
                    let at = key.span().start;
                    return Err(self.wrong(at, &format!("unknown key '{unknown}'; {KEYS}")));
                }
            }
        }
        file.settings.sort_by_key(|setting| setting.offset);
        Ok(file)
    }

    /// Keys with dots in them are tables to TOML.
    fn settings(
        &self,
        prefix: &str,
        table: &DeTable<'t>,
        out: &mut Vec<FileSetting>,
    ) -> Result<(), CliError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
                DeValue::Integer(number) => format!("0x{}", number.as_str()),
                DeValue::Boolean(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
                DeValue::Table(inner) => {
                    self.settings(&format!("{key}."), inner, out)?;
                    continue;
                }
                _ => {
                    let at = value.span().start;
                    return Err(self.wrong(at, &format!("set.{key}: write the value in quotes")));
                }
            };
            let offset = name.span().start;
            out.push(FileSetting { key, value: text, offset, place: self.place(offset) });
        }
        Ok(())
    }

    fn fault(&self, value: &Value<'t>) -> Result<CardFault, CliError> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => CardFault::from_str(&self.seen_from_here(text))
                .map_err(|problem| self.wrong(at, &format!("with: {problem}"))),
            _ => Err(self.wrong(at, "with: write each fault in quotes, such as \"mute@4\"")),
        }
    }

    /// The path of a wrong card's file is seen from the card file.
    fn seen_from_here(&self, fault: &str) -> String {
        match (fault.strip_prefix(WRONG), Path::new(self.origin).parent()) {
            (Some(name), Some(folder)) if is_path(name) => {
                format!("{WRONG}{}", folder.join(name).display())
            }
            _ => fault.to_owned(),
        }
    }

    fn wrong(&self, offset: usize, problem: &str) -> CliError {
        CliError::CardFile(format!("{}: {problem}", self.place(offset)))
    }

    /// `file:line:column`; columns count characters, from 1.
    fn place(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CardFile, String> {
        Reader { origin: "odd.toml", text }.read().map_err(|error| error.to_string())
    }

    #[test]
    fn a_card_file_says_everything_that_options_can() {
        let file = read(
            "profile = \"pboc\"\nseed = 0x10\nwith = [\"mute@4\", \"delay=20ms\"]\n\
             [set]\nexpired = true\nep.balance = \"10.00\"\noffline-serial = 0xFFFE\npin-tries = 1\n\
             record.17.1 = \"01 2E\"\n",
        )
        .unwrap();
        assert_eq!(file.profile.as_deref(), Some("pboc"));
        assert_eq!(file.seed, Some(16));
        assert_eq!(file.faults.len(), 2);
        let settings: Vec<_> = file.settings.iter().map(|s| (&*s.key, &*s.value)).collect();
        assert_eq!(
            settings,
            [
                ("expired", "yes"),
                ("ep.balance", "10.00"),
                ("offline-serial", "0xFFFE"),
                ("pin-tries", "1"),
                ("record.17.1", "01 2E")
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_mend() {
        for (text, place, mend) in [
            ("profil = \"x\"", "odd.toml:1:1", "write profile"),
            ("\nseed = \"1\"", "odd.toml:2:8", "number"),
            ("seed = -1", "odd.toml:1:8", "0 to"),
            ("with = \"mute@4\"", "odd.toml:1:8", "list"),
            ("with = [\"moot@4\"]", "odd.toml:1:9", "write tear@K"),
            ("with = [4]", "odd.toml:1:9", "quotes"),
            ("[set]\nbalance = 1.5", "odd.toml:2:11", "quotes"),
            ("set = 1", "odd.toml:1:7", "[set]"),
            ("profile = \"x", "odd.toml:1:13", "TOML"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(place) && error.contains(mend), "{text:?}: {error}");
        }
    }
}
