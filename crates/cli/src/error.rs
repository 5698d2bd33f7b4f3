//! Why a command failed. [`Exit::of`](crate::exit::Exit::of) gives each its exit code.

use std::io;

use apdu::StatusWord;
use applet_spec::ProfileErrors;
use applet_spec::flow::Refusal;
use capfile::Malformed;
use conformance::SuiteErrors;
use crypto::custody::CustodyError;
use diagnosis::{Code, Missing};
use emulator::wrong::WrongError;
use emulator::{PersonaliseError, VirtualCardError};
use keystore::key_file::KeyFileError;
use keystore::{ImportError, KeystoreError};
use link::{ControlError, LinkError};
use nvm::image::ImageError;
use perso::BatchErrors;
use perso::journal::JournalError;
use reader::ReaderError;
use terminal::{FlowError, ProgramError, Side, Verdict};

use crate::exit::Exit;

/// Why a command failed. The first split is whose part it is to mend it: who typed, who wrote a
/// file, the card and its link, or this program.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A wrong option; the message says what to type.
    #[error("{0}")]
    Usage(String),
    /// Something wrong was typed, and there is a line to type instead.
    #[error("{message}")]
    Mistyped {
        /// What.
        message: String,
        /// What to type.
        next: String,
    },
    /// No card was named, or one this program cannot reach.
    #[cfg_attr(
        feature = "pcsc",
        expect(dead_code, reason = "a build with PC/SC asks it, and has its errors")
    )]
    #[error("{message}")]
    NoReader {
        /// Why.
        message: String,
        /// What to type.
        next: String,
    },
    /// No PC/SC reader is meant.
    #[error(transparent)]
    Reader(#[from] ReaderError),
    /// What was waited for did not happen in time.
    #[error("{message}")]
    TooLate {
        /// What did not happen.
        message: String,
        /// What to do.
        next: &'static str,
    },
    /// A profile is wrong.
    #[error("{0}")]
    Profile(#[from] ProfileErrors),
    /// A card cannot be made wrong.
    #[error("--with wrong: {0}")]
    Wrong(#[from] WrongError),
    /// A profile makes no card.
    #[error(transparent)]
    Personalise(#[from] PersonaliseError),
    /// A card file is wrong; with file and line.
    #[error("{0}")]
    CardFile(String),
    /// The files of a batch are wrong; with file and line.
    #[error("{0}")]
    Batch(#[from] BatchErrors),
    /// Suite files are wrong; with file, line and column.
    #[error("{0}")]
    Suites(#[from] SuiteErrors),
    /// The journal of a batch cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A batch ended before every card was made, or with cards that are not as they should be.
    #[error("{message}")]
    Unfinished {
        /// How the program ends.
        exit: Exit,
        /// What is left.
        message: String,
        /// What to do.
        next: String,
        /// What there is to tell, where nobody told it yet.
        document: Option<Box<serde_json::Value>>,
    },
    /// A recording or log cannot be read; with file and line.
    #[error("{0}")]
    Recording(String),
    /// A list of keys is wrong; with file and line.
    #[error(transparent)]
    KeyText(#[from] ImportError),
    /// Keys are not to be had, or not kept.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// Who holds the keys does not do what was asked.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// A state file cannot be made or kept.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A state file cannot be opened.
    #[error(transparent)]
    VirtualCard(#[from] VirtualCardError),
    /// The way to the card failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The card could not be controlled.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A transaction ended early.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The card refused a command.
    #[error("{step}: the card answered {status} ({})", status.meaning())]
    Status {
        /// The command.
        step: String,
        /// Its answer.
        status: StatusWord,
    },
    /// Another status word than was asked for with `--expect`.
    #[error("{command}: the card answered {status} ({}), not {expected}", status.meaning())]
    Expected {
        /// The command, as it was given.
        command: String,
        /// Its answer.
        status: StatusWord,
        /// What was expected.
        expected: String,
    },
    /// What was to be looked into is not in the input.
    #[error("{message}")]
    NothingThere {
        /// What is not there.
        message: String,
        /// What to do.
        next: String,
    },
    /// A MAC or TAC that is wrong, and nobody knows why.
    #[error("{why}")]
    Undiagnosed {
        /// What is left open.
        why: Undiagnosed,
        /// What was found out.
        document: Box<serde_json::Value>,
    },
    /// A class, CAP or export file is not what it should be.
    #[error("{path}: {source}")]
    Package {
        /// The file.
        path: String,
        /// What is wrong in it, and where.
        source: Box<Malformed>,
    },
    /// An applet project's file is wrong; with file, line and column.
    #[error("{0}")]
    Project(ProfileErrors),
    /// There is no Java compiler.
    #[error("there is no Java compiler: {0}")]
    NoJavac(String),
    /// The Java compiler did not do its work, and not because of the sources.
    #[error("{program} failed: {said}")]
    Javac {
        /// Where it is.
        program: String,
        /// What it said.
        said: String,
    },
    /// A file that was named could not be read.
    #[error("failed to read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("failed to write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The result could not be written to stdout.
    #[error("failed to write the result: {0}")]
    Output(#[source] io::Error),
    /// A flow or fare table is wrong.
    #[error("{0}")]
    FlowFile(ProfileErrors),
    /// A flow is for other cards.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A white, BIN or black table is wrong.
    #[error("{0}")]
    Table(String),
    /// A terminal's state cannot be used.
    #[error("{0}")]
    TerminalState(String),
    /// A card fell silent and did not come back.
    #[error("{0}")]
    TerminalCard(String),
    /// A card was not served.
    #[error("refused: {}{}", reason.words().0, StatusTail(*status))]
    Refused {
        /// Why.
        reason: Refusal,
        /// The card's status word, where that is the reason.
        status: Option<StatusWord>,
    },
    /// A transaction happened, and a code of the card is wrong.
    #[error(
        "the card's {} is not what its key gives: another key, diversification or algorithm than this \
         side has, or a card that is not genuine",
        if *verdict == Verdict::WrongMac2 { "MAC2" } else { "TAC" }
    )]
    WrongCode {
        /// Which.
        verdict: Verdict,
    },
    /// An error, and what to do about it where it was met.
    #[error("{error}")]
    Advised {
        /// The error.
        error: Box<CliError>,
        /// What to do.
        next: String,
    },
    /// Why is told already; the exit code is left.
    #[error("it was told why")]
    Told(Exit),
    /// Lab keys are no keys for these cards.
    #[error(
        "profile {profile} does not say custody = \"lab\", and lab keys are public: they are no keys \
         for its cards"
    )]
    LabKeysForSealed {
        /// The profile.
        profile: String,
    },
    /// A measurement through PC/SC could not be made.
    #[cfg_attr(
        not(feature = "pcsc"),
        expect(dead_code, reason = "only a build with PC/SC measures through it")
    )]
    #[error("{0}")]
    Bench(String),
    /// A bug in this program.
    #[error("bug: {0}")]
    Bug(String),
}

/// What a diagnosis leaves open.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Undiagnosed {
    /// So many codes are wrong, and no mistake that was tried makes them.
    #[error("{0} wrong MAC or TAC is made by no mistake that was tried")]
    NothingFits(usize),
    /// The code cannot be computed.
    #[error("the {} cannot be checked: {missing}", code.text())]
    Missing {
        /// Which.
        code: Code,
        /// What is missing.
        missing: Missing,
    },
    /// The key of a code is not to be had.
    #[error(transparent)]
    NoKey(CustodyError),
}

/// A status word behind a reason.
struct StatusTail(Option<StatusWord>);

impl std::fmt::Display for StatusTail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(status) => write!(f, "; the card answered {status} ({})", status.meaning()),
            None => Ok(()),
        }
    }
}

impl CliError {
    /// Something wrong was typed, and what to type instead.
    pub fn mistyped(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Mistyped { message: message.into(), next: next.into() }
    }

    /// With advice, where it is a MAC or TAC that is refused, or a PSAM that takes no part.
    #[must_use]
    pub fn advised(self, next: &str) -> Self {
        let psam = matches!(self, Self::Flow(FlowError::Refused { side: Side::Psam, .. }));
        let code = Exit::of(&self) == Exit::Mac && pin_tries(&self).is_none();
        match psam || code {
            true => Self::Advised { error: Box::new(self), next: next.to_owned() },
            false => self,
        }
    }

    /// What to type or do next, where the message does not say it already.
    pub fn next(&self) -> Option<String> {
        match self {
            Self::Unfinished { next, .. }
            | Self::Advised { next, .. }
            | Self::Mistyped { next, .. }
            | Self::NoReader { next, .. }
            | Self::NothingThere { next, .. } => Some(next.clone()),
            Self::Undiagnosed { why: Undiagnosed::NothingFits(_), .. } => Some(
                "values to try with --candidate, other keys with --keys, the right card with \
                 --serial or --profile; or a recording of the PSAM too"
                    .to_owned(),
            ),
            Self::Undiagnosed { why: Undiagnosed::Missing { missing, .. }, .. } => {
                Some(match missing {
                    Missing::Key(..) => {
                        "--profile names the card's family, purse profile show what keys it has"
                            .to_owned()
                    }
                    Missing::Field(_) | Missing::Random | Missing::Code(_) => {
                        "record the whole transaction, from SELECT on: --record FILE beside --card"
                            .to_owned()
                    }
                })
            }
            Self::Undiagnosed { why: Undiagnosed::NoKey(_), .. } => {
                Some("--keys SPEC names who holds the keys".to_owned())
            }
            Self::Keystore(error) => after_keystore_error(error),
            Self::Custody(error)
            | Self::Personalise(PersonaliseError::Custody(error))
            | Self::Flow(FlowError::Custody(error)) => after_custody_error(error),
            Self::Wrong(WrongError::Unknown { .. }) => {
                Some("purse conform list --wrong; or --with wrong:./mine.toml".to_owned())
            }
            Self::Suites(_) => Some("purse conform list, and docs/suite-format.md".to_owned()),
            Self::Project(_) => Some("docs/applet.md describes applet.toml".to_owned()),
            Self::NoJavac(_) => Some(GET_JAVAC.to_owned()),
            Self::Javac { .. } => Some(
                "try the compiler by itself: javac -version; JAVA_HOME chooses another".to_owned(),
            ),
            Self::Profile(_) => Some("purse profile list, purse profile check FILE".to_owned()),
            Self::VirtualCard(VirtualCardError::OtherProfile { held_name, .. }) => {
                Some(format!(
                    "--profile {held_name}; or another file: virtual:NAME@FILE, --state FILE"
                ))
            }
            Self::Link(error) | Self::Flow(FlowError::Link { source: error, .. })
                if after_link_error(error).is_some() =>
            {
                after_link_error(error).map(str::to_owned)
            }
            Self::Reader(ReaderError::Link(error)) => after_link_error(error).map(str::to_owned),
            Self::Reader(ReaderError::NoCardCame { .. }) => {
                Some("put a card in, or give more time, as in --wait 60".to_owned())
            }
            Self::TooLate { next, .. } => Some((*next).to_owned()),
            Self::Reader(_) => Some("purse doctor".to_owned()),
            Self::FlowFile(_) => Some("purse terminal flows, purse terminal check FILE".to_owned()),
            Self::Program(_) => Some("purse terminal flows --profile P".to_owned()),
            error if pin_tries(error) == Some(1) => Some(
                "one try is left: the next wrong PIN locks it; ask its holder before you set PURSE_PIN"
                    .to_owned(),
            ),
            Self::Refused { reason: Refusal::Pin, status: None } => {
                Some("set PURSE_PIN to the card's PIN".to_owned())
            }
            Self::TerminalCard(_) => Some(
                "put the card back and look before you repeat anything: purse card balance, purse \
                 card records"
                    .to_owned(),
            ),
            Self::LabKeysForSealed { .. } => {
                Some("--keys file:PATH, or --psam SPEC with a real PSAM".to_owned())
            }
            Self::Bug(_) | Self::Link(LinkError::Bug(_)) | Self::Control(ControlError::Bug(_)) => {
                Some(
                    "please report this with the command line, the seed and the commands before it"
                        .to_owned(),
                )
            }
            _ => None,
        }
    }
}

/// How to get a Java compiler.
const GET_JAVAC: &str = "install a JDK (any from 8 on): apt install openjdk-17-jdk-headless, dnf \
    install java-17-openjdk-devel, brew install openjdk, or from https://adoptium.net; then set \
    JAVA_HOME to its folder or put its bin on the PATH";

/// Tries that are left, as the card's answer to a wrong PIN says.
fn pin_tries(error: &CliError) -> Option<u16> {
    let status = match error {
        CliError::Refused { status, .. } => (*status)?,
        CliError::Flow(FlowError::Refused { side: Side::Card, status, .. })
        | CliError::Status { status, .. } => *status,
        _ => return None,
    };
    (status.0 & 0xFFF0 == 0x63C0).then_some(status.0 & 0x000F)
}

/// What to type about keys that are not to be had, or not kept.
fn after_keystore_error(error: &KeystoreError) -> Option<String> {
    match error {
        KeystoreError::Custody(error) => after_custody_error(error),
        KeystoreError::File(KeyFileError::Missing { path }) => {
            Some(format!("purse keys import FILE --to file:{} makes one", path.display()))
        }
        KeystoreError::Unusable(_) | KeystoreError::OtherKey { .. } => {
            Some("--replace puts the new key in its place".to_owned())
        }
        KeystoreError::NoLabKeys { .. } => {
            Some("name who holds its keys: --keys file:PATH or --keys pkcs11:MODULE".to_owned())
        }
        KeystoreError::PublicKeyForSealedCard { .. } => {
            Some("other keys with --keys SPEC, or a lab profile for a test card".to_owned())
        }
        _ => None,
    }
}

fn after_custody_error(error: &CustodyError) -> Option<String> {
    let no_key = matches!(error, CustodyError::NoSuchKey { .. });
    no_key.then(|| "purse keys list --keys SPEC shows what there is".to_owned())
}

/// What to do about a link that failed.
fn after_link_error(error: &LinkError) -> Option<&'static str> {
    match error {
        LinkError::Service(_) | LinkError::Forbidden(_) => Some("purse doctor"),
        LinkError::NoCard(_) => Some("put the card in, or wait for it: --wait 30"),
        LinkError::Mute | LinkError::Timeout(_) => Some(
            "put the card back and look before you repeat anything: purse card balance, purse card \
             records",
        ),
        _ => None,
    }
}
