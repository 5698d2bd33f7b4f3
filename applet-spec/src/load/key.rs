//! Keys and PIN of a directory.

use crypto::Suite;

use super::rules::Defaults;
use crate::text::Section;
use crate::{KeyMaterial, KeySpec, PinSpec, suite_of_algorithm};

pub(super) const KEY_KEYS: &[&str] = &[
    "kind",
    "index",
    "version",
    "algorithm-id",
    "suite",
    "tries",
    "next-state",
    "use",
    "change",
    "master",
];
pub(super) const PIN_KEYS: &[&str] = &["index", "value", "tries", "next-state"];

pub(super) fn read(section: &Section<'_>, defaults: &Defaults) -> Option<KeySpec> {
    let kind = section.need("kind");
    let index = section.need("index");
    let version = section.or("version", 1);
    let algorithm_id: Option<u8> = section.or("algorithm-id", defaults.algorithm_id);
    let own_suite: Option<Option<Suite>> = section.maybe("suite");
    let tries: Option<Option<u8>> = section.maybe("tries");
    let next_state: Option<u8> = section.or("next-state", 0);
    let use_right = section.maybe("use");
    let change_right = section.maybe("change");
    let master: Option<Option<[u8; 16]>> = section.maybe("master");

    let suite = own_suite.and_then(|own| match (own, algorithm_id?) {
        (Some(suite), _) => Some(suite),
        (None, id) if id == defaults.algorithm_id => Some(defaults.suite),
        (None, id) => suite_of_algorithm(id).or_else(|| {
            unknown_id(section, id);
            None
        }),
    });
    if let Some(Some(tries)) = tries {
        limit(section, "tries", tries, 1);
    }
    if let Some(state) = next_state {
        limit(section, "next-state", state, 0);
    }
    Some(KeySpec {
        kind: kind?,
        index: index?,
        version: version?,
        algorithm_id: algorithm_id?,
        suite: suite?,
        tries: tries?,
        next_state: next_state?,
        use_right: use_right?,
        change_right: change_right?,
        master: master?.map(KeyMaterial),
    })
}

pub(super) fn unknown_id(section: &Section<'_>, id: u8) {
    section.wrong(
        "algorithm-id",
        format!("0x{id:02X} is not a known algorithm id"),
        "use 0x00 or 0x01 (3des) or 0x04 (sm4), or add suite = \"3des\" or \"sm4\" beside it",
    );
}

pub(super) fn pin(section: &Section<'_>) -> Option<PinSpec> {
    let index = section.or("index", 0);
    let value: Option<Vec<u8>> = section.need("value");
    let tries: Option<u8> = section.or("tries", 3);
    let next_state: Option<u8> = section.or("next-state", 1);
    if let Some(value) = &value {
        let digits = value.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
        if !(2..=6).contains(&value.len()) || digits.clone().any(|digit| digit > 9) {
            let message = "not a PIN of 2 to 6 BCD bytes";
            section.wrong("value", message, "write 4 to 12 decimal digits, such as \"123456\"");
        }
    }
    if let Some(tries) = tries {
        limit(section, "tries", tries, 1);
    }
    if let Some(state) = next_state {
        limit(section, "next-state", state, 1);
    }
    Some(PinSpec { index: index?, value: value?, tries: tries?, next_state: next_state? })
}

/// A value that has to fit a nibble of the card.
fn limit(section: &Section<'_>, key: &str, value: u8, low: u8) {
    if !(low..=15).contains(&value) {
        section.wrong(key, format!("{value} is out of range"), format!("write {low} to 15"));
    }
}
