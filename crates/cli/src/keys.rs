//! `purse keys`: who holds master keys, and what may be said of them.

mod derive;
mod import;
mod kcv;
mod list;
pub mod provider;
pub mod row;

use crate::error::CliError;
use crate::ui::Ui;

/// Arguments of `purse keys`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys are called PROFILE/DIRECTORY/KIND/INDEX/VERSION, such as jtt978/1001/purchase/01/01; other \
names are free. Passphrases and PINs come from PURSE_KEYS_PASSPHRASE and PURSE_KEYS_PIN, from the \
files that PURSE_KEYS_PASSPHRASE_FILE and PURSE_KEYS_PIN_FILE name, or from a prompt; keys come \
from files, stdin or a prompt. None of them is taken from the command line, which everybody on \
this machine can read.

Examples:
  purse keys list                                          the lab keys of jtt978
  purse keys import --lab jtt978 --to file:lab.keys        a key file with them
  purse keys import ceremony.txt --to file:city.keys       NAME SUITE HEX:KCV + HEX:KCV per line
  purse keys import city.txt --to 'pkcs11:/usr/lib/softhsm/libsofthsm2.so?token=city'
  purse keys list --keys file:city.keys
  purse keys derive jtt978/1001/purchase/01/01 --serial 9999000000000001
  purse keys kcv --from component.txt")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Names, suites and check values of the keys that a provider holds.
    List(list::Args),
    /// The check value of a key: of one that a provider holds, or of one that is read.
    Kcv(kcv::Args),
    /// The key of one card, made from a master key.
    ///
    /// Its check value is printed; the key itself only where the master key is a public lab key.
    Derive(derive::Args),
    /// Put keys into a key file or a token.
    ///
    /// The list has one key per line, NAME SUITE HEX[:KCV]; in components NAME SUITE HEX:KCV +
    /// HEX:KCV [= KCV]. Or it is TOML: [[key]] with name, suite, key or components, and kcv.
    Import(import::Args),
}

/// Does it.
///
/// # Errors
/// Keys that are not to be had, or not kept.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    match &args.verb {
        Verb::List(args) => list::run(ui, args),
        Verb::Kcv(args) => kcv::run(ui, args),
        Verb::Derive(args) => derive::run(ui, args),
        Verb::Import(args) => import::run(ui, args),
    }
}
