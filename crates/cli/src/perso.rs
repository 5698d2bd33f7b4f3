//! `purse perso`: batches of cards, planned, made, verified and reported.

mod end;
mod plan;
mod report;
mod run;
mod screen;
pub mod source;
mod verify;
mod watch;

pub use watch::Interrupt;
mod words;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crypto::custody::{KeyCustody, KeyRecord};
use keystore::{Environment, KeysSpec};
use perso::batch::Batch;

use crate::error::CliError;
use crate::keys::provider::{self, KeysArgs};
use crate::ui::{Tone, Ui};

/// Arguments of `purse perso`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A job is a TOML file that names a family, a target and a table of cards (CSV); see \
docs/perso-format.md. A journal beside the work remembers what was done to which card, so that a \
run that was interrupted goes on with --resume, and nothing is done twice.

Examples:
  purse perso plan examples/lab-batch.toml                              what it would do
  purse perso run examples/lab-batch.toml --card virtual:fmcos-blank    no hardware
  purse perso run job.toml --card virtual:fmcos-blank@cards             cards kept in files
  purse perso run job.toml --card reader:ACS --operator Zhang           a technician's screen
  purse perso run job.toml --card reader:ACS --resume                   after an interruption
  purse perso report job.toml --html report.html --junit report.xml")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Cards, commands, expected time, and what to know before; touches nothing.
    Plan(plan::Args),
    /// Make the cards, one after the other.
    Run(run::Args),
    /// Check cards that were made, by a path of its own.
    Verify(verify::Args),
    /// What became of the cards, from the journal.
    Report(report::Args),
}

/// The job, and who holds its keys.
#[derive(Debug, clap::Args)]
pub struct JobArgs {
    /// The job file.
    job: PathBuf,
    #[command(flatten)]
    keys: KeysArgs,
}

/// A batch with its keys at hand.
pub struct Ready {
    /// The batch.
    pub batch: Batch,
    /// Who holds the keys.
    pub custody: Box<dyn KeyCustody>,
    /// Which of them anybody may know.
    pub public: Vec<KeyRecord>,
}

/// Does it.
///
/// # Errors
/// Files that are wrong, keys that are not to be had, a journal or cards that refuse.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::Plan(args) => plan::run(ui, args),
        Verb::Run(args) => run::run(ui, args),
        Verb::Verify(args) => verify::run(ui, args),
        Verb::Report(args) => report::run(ui, args),
    }
}

impl JobArgs {
    /// Reads the batch and opens its keys. A public key on a card that is not a lab's is refused.
    ///
    /// # Errors
    /// Everything that is wrong with the files; keys that are not there or must not be written.
    fn ready(&self) -> Result<Ready, CliError> {
        let batch = self.batch()?;
        let spec = match (self.keys.named()?, &batch.job.keys.from) {
            (Some(named), _) => named,
            (None, Some(from)) => provider::spec(from)?,
            (None, None) => KeysSpec::Lab,
        };
        let custody = spec.open(&[&batch.profile], &Environment)?;
        let public = keystore::public_keys_for(&*custody, &batch.profile)?;
        Ok(Ready { batch, custody, public })
    }

    fn batch(&self) -> Result<Batch, CliError> {
        Ok(Batch::load(&self.job, now())?)
    }
}

/// The journal of a batch where nobody names one: in this directory, called like the batch.
fn journal(named: Option<&PathBuf>, batch: &Batch) -> PathBuf {
    named.cloned().unwrap_or_else(|| PathBuf::from(format!("{}.journal", batch.job.name)))
}

/// Seconds since 1970 (UTC).
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Says that public keys are about to be written, and which.
fn warn_of_public_keys(ui: &Ui, ready: &Ready) {
    if ready.public.is_empty() {
        return;
    }
    let (count, profile) = (ready.public.len(), &ready.batch.profile.name);
    let warning = ui.lang.pick(
        format!("{count} keys of {profile} are public lab keys: they protect nothing"),
        format!("{profile} 的 {count} 个密钥为公开的实验室密钥, 不起任何保护作用"),
    );
    ui.say(&format!("{} {warning}", ui.toned_talk(Tone::Warning, "warning:")));
}
