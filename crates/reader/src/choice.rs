//! Which reader is meant.

use link::LinkError;

use crate::{ReaderSlot, Slot};

/// Why there is no reader to use.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// There is none at all.
    #[error("there is no PC/SC reader; plug one in, or use a card without reader: virtual:PROFILE")]
    None,
    /// None fits.
    #[error("no reader fits '{wanted}'; there are {}", listed(present))]
    NoMatch {
        /// What was asked for.
        wanted: String,
        /// The readers there are, by index.
        present: Vec<(usize, String)>,
    },
    /// More than one fits.
    #[error("which reader is meant? {}; give more of its name, or its number", listed(matching))]
    Ambiguous {
        /// Those that fit, by index.
        matching: Vec<(usize, String)>,
    },
    /// No card came within the time that was given.
    #[error("no card in {reader} within {limit:?}")]
    NoCardCame {
        /// The reader that was watched.
        reader: String,
        /// The time.
        limit: std::time::Duration,
    },
    /// PC/SC failed.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// The reader that `wanted` means among `readers` (see [`choose`]); without `wanted`, the only one
/// with a card in it, or the only one.
///
/// # Errors
/// As [`choose`].
pub fn choose_reader<'r>(
    wanted: Option<&str>,
    readers: &'r [ReaderSlot],
) -> Result<&'r ReaderSlot, ReaderError> {
    let mut full = readers.iter().filter(|reader| matches!(reader.slot, Slot::Card { .. }));
    if let (None, Some(only), None) = (wanted, full.next(), full.next()) {
        return Ok(only);
    }
    let names: Vec<String> = readers.iter().map(|reader| reader.name.clone()).collect();
    let chosen = choose(wanted, &names)?;
    readers.get(chosen).ok_or(ReaderError::None)
}

/// The index of the reader that `wanted` means: its number, its name, or a part of its name in any
/// case; without `wanted`, the only reader.
///
/// # Errors
/// [`ReaderError::None`], [`ReaderError::NoMatch`] or [`ReaderError::Ambiguous`].
pub fn choose(wanted: Option<&str>, names: &[String]) -> Result<usize, ReaderError> {
    let all: Vec<(usize, String)> = names.iter().cloned().enumerate().collect();
    if all.is_empty() {
        return Err(ReaderError::None);
    }
    let matching: Vec<(usize, String)> = match wanted {
        None => all.clone(),
        Some(wanted) => {
            match (wanted.parse::<usize>(), names.iter().position(|name| name == wanted)) {
                (_, Some(exact)) => return Ok(exact),
                (Ok(number), _) => all.iter().filter(|(at, _)| *at == number).cloned().collect(),
                _ => {
                    let part = wanted.to_lowercase();
                    let fits = |(_, name): &&(usize, String)| name.to_lowercase().contains(&part);
                    all.iter().filter(fits).cloned().collect()
                }
            }
        }
    };
    match matching.as_slice() {
        [(at, _)] => Ok(*at),
        [] => {
            let wanted = wanted.unwrap_or_default().to_owned();
            Err(ReaderError::NoMatch { wanted, present: all })
        }
        _ => Err(ReaderError::Ambiguous { matching }),
    }
}

fn listed(readers: &[(usize, String)]) -> String {
    readers.iter().map(|(at, name)| format!("{at}: '{name}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(wanted: Option<&str>, names: &[&str]) -> Result<usize, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        choose(wanted, &names).map_err(|error| error.to_string())
    }

    const TWO: &[&str] = &["Virtual PCD 00 00", "Virtual PCD 00 01"];

    #[test]
    fn a_reader_is_meant_by_number_name_or_part_of_it() {
        assert_eq!(pick(Some("1"), TWO), Ok(1));
        assert_eq!(pick(Some("00 01"), TWO), Ok(1));
        assert_eq!(pick(Some("acs"), &["ACS ACR122U", "Virtual PCD"]), Ok(0));
        assert_eq!(pick(Some("PCD"), &["PCD 2", "PCD"]), Ok(1));
        assert_eq!(pick(None, &["ACS"]), Ok(0));
    }

    #[test]
    fn the_only_card_is_meant_where_no_reader_is_named() {
        let reader = |name: &str, full: bool| ReaderSlot {
            name: name.to_owned(),
            slot: if full {
                Slot::Card { atr: link::Atr(vec![0x3B]), used: crate::Use::Nobody }
            } else {
                Slot::Empty
            },
            events: 0,
        };
        let pick = |wanted, first, second| {
            let readers = [reader("A", first), reader("B", second)];
            choose_reader(wanted, &readers).map(|reader| reader.name.clone()).ok()
        };
        assert_eq!(pick(None, false, true).as_deref(), Some("B"));
        assert_eq!(pick(Some("A"), false, true).as_deref(), Some("A"));
        assert_eq!(pick(None, true, true), None);
        assert_eq!(pick(None, false, false), None);
    }

    #[test]
    fn what_is_not_one_reader_is_refused_with_the_list() {
        assert!(pick(None, &[]).unwrap_err().contains("plug one in"));
        let several = pick(None, TWO).unwrap_err();
        assert!(several.contains("0: 'Virtual PCD 00 00', 1: 'Virtual PCD 00 01'"), "{several}");
        assert!(pick(Some("virtual"), TWO).unwrap_err().contains("more of its name"));
        assert!(pick(Some("7"), TWO).unwrap_err().contains("no reader fits '7'"));
        assert!(pick(Some("acs"), TWO).unwrap_err().contains("there are 0:"));
    }
}
