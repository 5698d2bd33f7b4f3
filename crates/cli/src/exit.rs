//! How `purse` ends: the public exit codes, and which error ends with which.
//!
//! Numbers are never given another meaning. `docs/exit-codes.md` is made from the table here; after
//! a change, run `UPDATE_DOCS=1 cargo test -p cli`.

use std::io;

use apdu::StatusWord;
use applet_spec::flow::Refusal;
use diagnosis::Missing;
use emulator::wrong::WrongError;
use emulator::{PersonaliseError, VirtualCardError};
use keystore::KeystoreError;
use keystore::key_file::KeyFileError;
use link::{ControlError, LinkError};
use nvm::image::ImageError;
use perso::journal::JournalError;
use reader::ReaderError;
use terminal::FlowError;

use crate::error::{CliError, Undiagnosed};

macro_rules! exits {
    ($($name:ident $code:literal $kind:literal $meaning:literal;)*) => {
        /// A public exit code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Exit {
            $(#[doc = $meaning] $name = $code,)*
        }

        impl Exit {
            /// All of them, by number.
            pub const ALL: &'static [Exit] = &[$(Exit::$name),*];

            /// The word for it in JSON documents.
            pub const fn kind(self) -> &'static str {
                match self { $(Exit::$name => $kind),* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Exit::$name => $meaning),* }
            }
        }
    };
}

exits! {
    Ok 0 "ok" "done";
    Bug 1 "bug" "a bug in this program; please report it";
    Usage 2 "usage" "wrong arguments; the message says what to type";
    NoReader 3 "no-reader" "no card was named, or no reader or more than one fits";
    NothingSelected 4 "nothing-selected" "nothing to do was selected";
    Service 10 "service" "the PC/SC service is not available";
    CardGone 11 "card-gone" "the card was removed or is mute, or its link cannot be made or broke";
    Timeout 12 "timeout" "no answer in time";
    State 13 "state" "a state, journal, trace or report is locked, damaged, of something else or not writable";
    StorageFull 14 "storage-full" "no room left where the state or the result is written";
    Rejected 20 "rejected" "a batch finished with rejected cards";
    UnexpectedStatus 40 "unexpected-status" "the card answered another status word than expected";
    Mac 41 "mac" "a MAC, TAC or authentication does not match";
    Locked 42 "locked" "the card or application is locked, or its life cycle refuses";
    ClassFile 50 "class-file" "a class, CAP or verification error";
    Clearing 60 "clearing" "clearing found a discrepancy";
    KeyStore 70 "key-store" "a key is missing or the key store fails";
    Configuration 96 "configuration" "a profile, job, card, cards or applet file or list of keys is wrong, or a tool is missing";
    TestsFailed 100 "tests-failed" "tests failed";
    Interrupted 130 "interrupted" "interrupted by Ctrl-C; the state is kept";
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The list for `--help`.
    pub fn listing() -> String {
        let line = |exit: &Exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning());
        Self::ALL.iter().map(line).collect()
    }

    /// How `error` ends the program.
    pub fn of(error: &CliError) -> Self {
        match error {
            CliError::Usage(_) | CliError::Mistyped { .. } => Self::Usage,
            CliError::Wrong(WrongError::File(_)) => Self::Configuration,
            CliError::Wrong(_) => Self::Usage,
            CliError::Advised { error, .. } => Self::of(error),
            CliError::NoReader { .. } => Self::NoReader,
            CliError::Reader(error) => of_reader(error),
            CliError::TooLate { .. } => Self::Timeout,
            CliError::Batch(_) | CliError::Suites(_) => Self::Configuration,
            CliError::Journal(error) => of_journal(error),
            CliError::Unfinished { exit, .. } | CliError::Told(exit) => *exit,
            CliError::Recording(_) => Self::State,
            CliError::Personalise(PersonaliseError::Custody(_)) => Self::KeyStore,
            CliError::Profile(_)
            | CliError::Project(_)
            | CliError::NoJavac(_)
            | CliError::FlowFile(_)
            | CliError::Table(_)
            | CliError::Personalise(_)
            | CliError::CardFile(_)
            | CliError::KeyText(_) => Self::Configuration,
            CliError::Keystore(error) => of_keystore(error),
            CliError::Custody(_) | CliError::LabKeysForSealed { .. } => Self::KeyStore,
            CliError::Program(_) => Self::Usage,
            CliError::TerminalState(_) => Self::State,
            CliError::TerminalCard(_) => Self::CardGone,
            CliError::Refused { reason, status } => of_refusal(*reason, *status),
            CliError::WrongCode { .. } => Self::Mac,
            CliError::Image(error) => of_image(error),
            CliError::VirtualCard(error) => match error {
                VirtualCardError::Image(error) => of_image(error),
                VirtualCardError::NotACard { .. } | VirtualCardError::OtherProfile { .. } => {
                    Self::State
                }
            },
            CliError::Link(error) => of_link(error),
            CliError::Control(error) => of_control(error),
            CliError::Flow(error) => of_flow(error),
            CliError::Status { status, .. } => of_status(*status),
            CliError::Expected { .. } => Self::UnexpectedStatus,
            CliError::NothingThere { .. } => Self::NothingSelected,
            CliError::Undiagnosed { why, .. } => match why {
                Undiagnosed::NoKey(_) | Undiagnosed::Missing { missing: Missing::Key(..), .. } => {
                    Self::KeyStore
                }
                Undiagnosed::NothingFits(_) | Undiagnosed::Missing { .. } => Self::Mac,
            },
            CliError::Package { .. } | CliError::Javac { .. } => Self::ClassFile,
            CliError::Read { .. } => Self::Usage,
            CliError::Write { source, .. } => of_write(source, Self::State),
            CliError::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Self::Ok,
            CliError::Output(source) => of_write(source, Self::Usage),
            CliError::Bench(_) => Self::CardGone,
            CliError::Bug(_) => Self::Bug,
        }
    }
}

fn of_reader(error: &ReaderError) -> Exit {
    match error {
        ReaderError::None | ReaderError::NoMatch { .. } | ReaderError::Ambiguous { .. } => {
            Exit::NoReader
        }
        ReaderError::NoCardCame { .. } => Exit::Timeout,
        ReaderError::Link(error) => of_link(error),
    }
}

fn of_journal(error: &JournalError) -> Exit {
    match error {
        JournalError::Full { .. } => Exit::StorageFull,
        JournalError::Bug { .. } => Exit::Bug,
        // The enum may grow: whatever it will be, it is about the journal.
        _ => Exit::State,
    }
}

fn of_keystore(error: &KeystoreError) -> Exit {
    match error {
        KeystoreError::Spec(_) | KeystoreError::LabKeepsNothing => Exit::Usage,
        KeystoreError::File(KeyFileError::StorageFull { .. }) => Exit::StorageFull,
        _ => Exit::KeyStore,
    }
}

fn of_image(error: &ImageError) -> Exit {
    match error {
        ImageError::StorageFull { .. } => Exit::StorageFull,
        // The enum may grow: whatever it will be, it is about the state file.
        _ => Exit::State,
    }
}

fn of_link(error: &LinkError) -> Exit {
    match error {
        LinkError::NoCard(_)
        | LinkError::Mute
        | LinkError::Busy(_)
        | LinkError::Disturbed(_)
        | LinkError::Protocol(_) => Exit::CardGone,
        LinkError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            Exit::StorageFull
        }
        LinkError::Io { .. } => Exit::CardGone,
        LinkError::Timeout(_) => Exit::Timeout,
        LinkError::Service(_) | LinkError::Forbidden(_) => Exit::Service,
        LinkError::Storage(source) => of_storage(source.as_ref()),
        LinkError::Bug(_) => Exit::Bug,
    }
}

fn of_control(error: &ControlError) -> Exit {
    match error {
        ControlError::Unsupported(_) | ControlError::Value(_) => Exit::Usage,
        ControlError::Storage(source) => of_storage(source.as_ref()),
        ControlError::Bug(_) => Exit::Bug,
        ControlError::Link(error) => of_link(error),
    }
}

fn of_storage(source: &(dyn std::error::Error + Send + Sync + 'static)) -> Exit {
    source.downcast_ref::<ImageError>().map_or(Exit::State, of_image)
}

fn of_flow(error: &FlowError) -> Exit {
    match error {
        FlowError::Link { source, .. } => of_link(source),
        FlowError::Refused { status, .. } => of_status(*status),
        FlowError::Answer { .. } => Exit::UnexpectedStatus,
        FlowError::WrongMac { .. } | FlowError::WrongCode { .. } => Exit::Mac,
        FlowError::NoAmount { .. } | FlowError::NoIssuer => Exit::Usage,
        // The books are this program's, and so is what they say of their failures.
        FlowError::Ledger(source) => source.downcast_ref().map_or(Exit::State, Exit::of),
        FlowError::NoKey { .. } | FlowError::Custody(_) => Exit::KeyStore,
    }
}

/// Locked and expired cards are refused by their life cycle; a balance that is too low is a status
/// word.
fn of_refusal(reason: Refusal, status: Option<StatusWord>) -> Exit {
    match (reason, status) {
        (
            Refusal::Blocked
            | Refusal::NotEnabled
            | Refusal::NotYetValid
            | Refusal::Expired
            | Refusal::BlackListed
            | Refusal::RecordLocked,
            _,
        ) => Exit::Locked,
        (Refusal::NotGenuine, _) => Exit::Mac,
        (Refusal::Pin, None) => Exit::Usage,
        (_, Some(status)) => of_status(status),
        _ => Exit::UnexpectedStatus,
    }
}

fn of_status(status: StatusWord) -> Exit {
    match status {
        StatusWord::MAC_INVALID
        | StatusWord::AUTHENTICATION_FAILED
        | StatusWord::SM_MAC_WRONG
        | StatusWord(0x63C0..=0x63CF) => Exit::Mac,
        StatusWord::LOCKED
        | StatusWord::PERMANENTLY_LOCKED
        | StatusWord::SELECTED_INVALID
        | StatusWord::METHOD_BLOCKED => Exit::Locked,
        _ => Exit::UnexpectedStatus,
    }
}

fn of_write(source: &io::Error, otherwise: Exit) -> Exit {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Exit::StorageFull
        }
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/exit-codes.md` as it should be.
    fn page() -> String {
        let mut page = "# Exit codes\n\n\
            Public and never renumbered. Made from `crates/cli/src/exit.rs`; do not edit. After a \
            change there, run `UPDATE_DOCS=1 cargo test -p cli`.\n\n\
            With `--json`, a command that fails prints `{\"ok\":false,\"error\":{\"code\":..,\
            \"kind\":..,\"message\":..,\"next\":..}}` on stdout; `code` and `kind` are these.\n\n\
            | code | kind | meaning |\n|---|---|---|\n"
            .to_owned();
        for exit in Exit::ALL {
            page += &format!("| {} | `{}` | {} |\n", exit.code(), exit.kind(), exit.meaning());
        }
        page += "\n130 is what a shell reports for a program that Ctrl-C ended. `purse perso run` \
            ends so by itself, once the command under way is done and kept; the others need no \
            handler: a card's state is in its file before each answer leaves. A reader of \
            our output that goes away early (`purse .. | head`) is no error and ends with 0.\n";
        page
    }

    #[test]
    fn the_documented_codes_are_the_codes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exit-codes.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, page(), "run UPDATE_DOCS=1 cargo test -p cli");
    }

    #[test]
    fn numbers_and_words_are_each_given_once() {
        for (at, exit) in Exit::ALL.iter().enumerate() {
            for other in &Exit::ALL[at + 1..] {
                assert!(exit.code() < other.code(), "{exit:?} before {other:?}");
                assert_ne!(exit.kind(), other.kind());
            }
        }
    }
}
