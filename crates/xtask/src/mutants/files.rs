//! What is mutated: the code that a card runs, file by file, and what is left out and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a file is part of; figures are given for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Power, transmission protocol, dispatch.
    Card,
    /// From bytes to typed commands, and the layouts of records and answers.
    Commands,
    /// What the commands of a purse card do.
    Purse,
    /// MACs, line protection, session keys.
    SecureMessaging,
    /// The file tree in card memory.
    Tree,
    /// What the commands of a PSAM do.
    Psam,
    /// What the commands that build a card do.
    Issuing,
}

impl Group {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Card,
        Self::Commands,
        Self::Purse,
        Self::SecureMessaging,
        Self::Tree,
        Self::Psam,
        Self::Issuing,
    ];

    /// The profiles that judge it, in the order in which they are tried: the likeliest to notice
    /// first. The others have no cases of their own for it, and a survivor is judged by all that are
    /// here.
    pub fn profiles(self) -> &'static [&'static str] {
        match self {
            Self::Psam => PSAM,
            Self::Issuing => BUILT,
            Self::Commands | Self::SecureMessaging => BOTH,
            Self::Card => TALKING,
            _ => CARDS,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Card => "card",
            Self::Commands => "commands",
            Self::Purse => "purse",
            Self::SecureMessaging => "secure messaging",
            Self::Tree => "file tree",
            Self::Psam => "PSAM",
            Self::Issuing => "issuing",
        })
    }
}

/// Cards, that with most cases first: both purses, the code in MAC1, an overdraft on the purse, and the
/// other choice wherever sources differ, and T=0, where a command may have to be sent again.
const CARDS: &[&str] = &[
    "pboc",
    "cjt166",
    "tests/profiles/jtt978-protected.toml",
    "jtt978",
    "tests/profiles/pboc-otherwise.toml",
    "pboc-sm4",
    "fmcos-blank",
    "pboc@t0",
];

const PSAM: &[&str] = &[
    "psam-cjt166",
    "tests/profiles/psam-otherwise.toml",
    "tests/profiles/psam-any-code.toml",
    "psam-jtt978",
    "psam-pboc",
    "psam-jtt978-sm4",
];

/// A card talks T=1 or T=0, where answers wait to be fetched (GET RESPONSE), or is contactless.
const TALKING: &[&str] =
    &["pboc", "pboc@t0", "jtt978", "psam-cjt166", "fmcos-blank@t0", "pboc@tcl"];

/// Blank cards, by both choices where sources on building one differ.
const BUILT: &[&str] = &["fmcos-blank", "tests/profiles/fmcos-otherwise.toml"];

/// What cards and PSAMs have in common: how commands are read, and MACs.
const BOTH: &[&str] = &[
    "pboc",
    "tests/profiles/jtt978-protected.toml",
    "fmcos-blank",
    "cjt166",
    "jtt978",
    "tests/profiles/pboc-otherwise.toml",
    "pboc-sm4",
    "psam-cjt166",
    "tests/profiles/psam-otherwise.toml",
];

/// Every profile that judges some group.
pub fn judges() -> Vec<&'static str> {
    let mut all = Vec::new();
    for profile in [CARDS, PSAM, TALKING, BOTH, BUILT].concat() {
        if !all.contains(&profile) {
            all.push(profile);
        }
    }
    all
}

/// The mutated files, from the top of the tree.
pub const FILES: &[(&str, Group)] = &[
    ("crates/crypto/src/chain.rs", Group::SecureMessaging),
    ("crates/crypto/src/mac.rs", Group::SecureMessaging),
    ("crates/crypto/src/secure.rs", Group::SecureMessaging),
    ("crates/purse/src/command/any.rs", Group::Commands),
    ("crates/purse/src/command/cursor.rs", Group::Commands),
    ("crates/purse/src/command/issuing.rs", Group::Issuing),
    ("crates/purse/src/command/parse.rs", Group::Commands),
    ("crates/purse/src/command/psam.rs", Group::Psam),
    ("crates/purse/src/fields.rs", Group::Commands),
    ("crates/purse/src/mac.rs", Group::SecureMessaging),
    ("crates/purse/src/record.rs", Group::Commands),
    ("emulator/src/card.rs", Group::Card),
    ("emulator/src/native/blocking.rs", Group::Purse),
    ("emulator/src/native/capp.rs", Group::Purse),
    ("emulator/src/native/debit.rs", Group::Purse),
    ("emulator/src/native/files.rs", Group::Purse),
    ("emulator/src/native/initialize.rs", Group::Purse),
    ("emulator/src/native/issuing/create.rs", Group::Issuing),
    ("emulator/src/native/issuing/erase.rs", Group::Issuing),
    ("emulator/src/native/issuing/mod.rs", Group::Issuing),
    ("emulator/src/native/issuing/write_key.rs", Group::Issuing),
    ("emulator/src/native/mod.rs", Group::Purse),
    ("emulator/src/native/pin.rs", Group::Purse),
    ("emulator/src/native/psam/crypt.rs", Group::Psam),
    ("emulator/src/native/psam/identification.rs", Group::Psam),
    ("emulator/src/native/psam/mod.rs", Group::Psam),
    ("emulator/src/native/psam/places.rs", Group::Psam),
    ("emulator/src/native/psam/purchase.rs", Group::Psam),
    ("emulator/src/native/psam/write_key.rs", Group::Psam),
    ("emulator/src/native/records.rs", Group::Purse),
    ("emulator/src/native/secure.rs", Group::SecureMessaging),
    ("emulator/src/native/select.rs", Group::Purse),
    ("emulator/src/native/transaction.rs", Group::Purse),
    ("emulator/src/native/tree/directory.rs", Group::Tree),
    ("emulator/src/native/tree/file.rs", Group::Tree),
    ("emulator/src/native/tree/key.rs", Group::Tree),
    ("emulator/src/native/tree/mod.rs", Group::Tree),
    ("emulator/src/native/tree/pin.rs", Group::Tree),
    ("emulator/src/native/tree/purse.rs", Group::Tree),
    ("emulator/src/native/tree/sam.rs", Group::Psam),
    ("emulator/src/native/tree/site.rs", Group::Issuing),
];

/// Code beside the mutated, with the reason for leaving it out: a file or folder, or a function of
/// a file (`Type::name`, or `Type::` for all of a type).
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("emulator/src/native/personalise.rs", "", "makes cards; no command runs it"),
    ("emulator/src/native/wrong.rs", "", "wrong cards, asked for by name"),
    ("emulator/src/native/wrong/", "", "wrong cards, asked for by name"),
    ("emulator/src/native/settings.rs", "", "purse control and --set; no command runs it"),
    ("crates/purse/src/command/build.rs", "", "the host's side: typed command to APDU"),
    ("crates/purse/src/command/error.rs", "", "words for people; the status word comes with it"),
    ("crates/purse/src/command/mod.rs", "", "declarations, and the host's side of references"),
    ("crates/purse/src/answer.rs", "", "one macro table; there is no code to change in it"),
    ("crates/purse/src/command/any.rs", "Command::id", "the host's side"),
    ("crates/purse/src/command/any.rs", "Command::to_apdu", "the host's side"),
    ("crates/purse/src/command/any.rs", "Command::parse", "traces and tests; cards use parse_with"),
    ("crates/purse/src/command/any.rs", "PurseCommand::parse", "traces and tests"),
    ("crates/purse/src/command/any.rs", "Command::from", "the host's side"),
    ("crates/purse/src/command/issuing.rs", "IssuingCommand::", "the host's side"),
    (
        "crates/purse/src/command/issuing.rs",
        "ProtectedKey::eq",
        "tests compare commands; cards do not",
    ),
    ("crates/purse/src/command/psam.rs", "PsamCommand::", "the host's side"),
    ("crates/purse/src/command/psam.rs", "SamPurchase::", "the host's side"),
    ("crates/purse/src/fields.rs", "forms", "words for people"),
    ("crates/purse/src/fields.rs", "Pin::eq", "tests compare commands; cards do not"),
    ("crates/purse/src/mac.rs", "grey_lock_mac1", "grey lock: no card of ours has it yet"),
    ("crates/purse/src/mac.rs", "grey_lock_session_input", "grey lock: no card of ours has it yet"),
    ("crates/purse/src/mac.rs", "grey_lock_gmac", "grey lock: no card of ours has it yet"),
    ("crates/purse/src/mac.rs", "grey_unlock_tac", "grey lock: no card of ours has it yet"),
    ("crates/purse/src/record.rs", "LogRecord::parse", "the host's side"),
    ("crates/crypto/src/mac.rs", "SessionKey::derive_again", "grey lock: no card has it yet"),
    ("crates/crypto/src/mac.rs", "SessionKey::expose", "explanations on the host's side"),
    ("crates/crypto/src/secure.rs", "encipher", "the host's side; cards use protected"),
    ("emulator/src/card.rs", "Card::new", "makes cards"),
    ("emulator/src/card.rs", "Card::fault", "bugs of the emulator; no command leads to one"),
    ("emulator/src/card.rs", "Card::stop", "bugs of the emulator; no command leads to one"),
    ("emulator/src/card.rs", "Card::ats", "shown by the emulator; no link carries it"),
    ("emulator/src/card.rs", "Card::go_wrong", "wrong cards, asked for by name"),
    ("emulator/src/card.rs", "Card::set_protocol", "set by whoever holds the card"),
    ("emulator/src/card.rs", "Card::transaction_name", "shown by purse control"),
    ("emulator/src/card.rs", "Card::entropy_position", "shown by purse control"),
    ("emulator/src/native/mod.rs", "NativeSystem::transaction_name", "shown by purse control"),
    (
        "emulator/src/native/psam/crypt.rs",
        "Session::one_block_of_padding",
        "wrong cards, asked for by name",
    ),
    ("emulator/src/native/transaction.rs", "Transaction::name", "shown by purse control"),
    ("emulator/src/native/tree/directory.rs", "add_df", "makes cards"),
    ("emulator/src/native/tree/mod.rs", "format", "makes cards"),
    ("emulator/src/native/tree/key.rs", "KeySlot::set_value", "makes cards"),
    ("emulator/src/native/tree/mod.rs", "check", "looks at damaged images when they are opened"),
    ("emulator/src/native/tree/purse.rs", "Df::set_log", "makes cards"),
    ("emulator/src/native/tree/site.rs", "Df::build_master", "makes cards"),
    ("emulator/src/native/tree/site.rs", "Site::plausible", "looks at damaged images"),
    ("emulator/src/native/tree/sam.rs", "Df::set_sam_serial", "makes cards"),
];

/// Whether a function of a mutated file is left out.
pub fn left_out(path: &str, function: &str) -> bool {
    LEFT_OUT.iter().filter(|(file, ..)| *file == path).any(|(_, name, _)| {
        name.strip_suffix("::").map_or(*name == function, |owner| {
            function.strip_prefix(owner).is_some_and(|rest| rest.starts_with("::"))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::command::root;
    use crate::mutants::find;

    /// Folders of which every file is mutated or left out for a reason.
    const FOLDERS: &[&str] = &["emulator/src/native", "crates/purse/src/command"];

    fn files(folder: &Path, out: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, out);
            } else {
                out.insert(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn every_file_of_the_card_is_mutated_or_left_out_for_a_reason() {
        let mut found = BTreeSet::new();
        FOLDERS.iter().for_each(|folder| files(&root().join(folder), &mut found));
        let left_out = LEFT_OUT.iter().filter(|(_, function, _)| function.is_empty());
        let left_out: Vec<&str> = left_out.map(|(path, ..)| *path).collect();
        let known: Vec<&str> =
            FILES.iter().map(|(path, _)| *path).chain(left_out.iter().copied()).collect();
        let in_folder = |path: &str| {
            left_out.iter().any(|folder| folder.ends_with('/') && path.starts_with(folder))
        };
        found.retain(|path| !known.contains(&path.as_str()) && !in_folder(path));
        assert!(found.is_empty(), "neither in FILES nor in LEFT_OUT: {found:?}");
        let gone: Vec<_> = known.iter().filter(|path| !root().join(path).exists()).collect();
        assert!(gone.is_empty(), "named, but not there: {gone:?}");
    }

    #[test]
    fn every_function_that_is_left_out_is_there() {
        for (path, function, _) in LEFT_OUT.iter().filter(|(_, function, _)| !function.is_empty()) {
            let text = std::fs::read_to_string(root().join(path)).unwrap();
            let names = find::functions(&text).unwrap();
            let there = names.iter().any(|name| match function.ends_with("::") {
                true => name.starts_with(function),
                false => name == function,
            });
            assert!(there, "{path} has no {function}");
        }
    }

    #[test]
    fn every_group_has_judges_and_every_judge_is_known() {
        for group in Group::ALL {
            let profiles = group.profiles();
            assert!(!profiles.is_empty(), "{group}");
            assert!(profiles.iter().all(|profile| judges().contains(profile)), "{group}");
        }
        assert_eq!(Group::Psam.profiles().first(), Some(&"psam-cjt166"));
    }
}
