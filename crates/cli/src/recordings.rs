//! Files with recordings, and with the logs of other programs: text from outside, within bounds.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use apdu::CommandApdu;
use applet_spec::Profile;
use diagnosis::Trace;
use link::Recording;
use purse::answer::{OnlineInitialized, PurchaseInitialized, UpdateInitialized};

use crate::error::CliError;

/// Longest file.
const MOST: u64 = 64 * 1024 * 1024;

/// The text of a file; `-` is stdin. What is not UTF-8 in it is shown as such: logs hold anything.
///
/// # Errors
/// [`CliError::Recording`].
pub fn read(path: &Path) -> Result<String, CliError> {
    let name = path.display();
    let failed = |error: std::io::Error| CliError::Recording(format!("{name}: {error}"));
    let mut bytes = Vec::new();
    match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes),
        false => File::open(path).map_err(failed)?.take(MOST + 1).read_to_end(&mut bytes),
    }
    .map_err(failed)?;
    if bytes.len() as u64 > MOST {
        let most = MOST / (1024 * 1024);
        return Err(CliError::Recording(format!("{name} has more than {most} MiB; split it")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The recording in `text`, which is of the file `name`.
///
/// # Errors
/// [`CliError::Recording`] with the line.
pub fn parse(name: &str, text: &str) -> Result<Recording, CliError> {
    Recording::parse(text)
        .map_err(|error| CliError::Recording(format!("{name}:{}: {}", error.line, error.problem)))
}

/// The families whose application was selected, the likeliest first: those that answer the last
/// SELECT by name as it was answered. Of those that look alike there, INITIALIZE answers the
/// algorithm.
///
/// # Errors
/// A built-in profile that does not load.
pub fn families(trace: &Trace) -> Result<Vec<Arc<Profile>>, CliError> {
    built_in().map(|profiles| alike(trace, &profiles))
}

/// Those of them that have a purse: what a terminal said to its PSAM beside the card does not count.
///
/// # Errors
/// As [`families`].
pub fn purse_families(trace: &Trace) -> Result<Vec<Arc<Profile>>, CliError> {
    let mut profiles = built_in()?;
    profiles.retain(|one| one.application().is_some());
    Ok(alike(trace, &profiles))
}

fn built_in() -> Result<Vec<Arc<Profile>>, CliError> {
    let names = Profile::built_in_names().iter();
    names.map(|name| Profile::find(name).map_err(CliError::from)).collect()
}

fn alike(trace: &Trace, profiles: &[Arc<Profile>]) -> Vec<Arc<Profile>> {
    let alike = trace.exchanges().rev().find_map(|(command, answer)| {
        let command = CommandApdu::new(command);
        let selects = (command.ins(), command.p1()) == (0xA4, 0x04);
        let may_be = |one: &&Arc<Profile>| one.may_be(command.data(), &answer.data);
        let alike: Vec<_> = profiles.iter().filter(may_be).cloned().collect();
        (selects && !alike.is_empty()).then_some(alike)
    });
    let algorithm = trace.exchanges().rev().find_map(|(command, answer)| {
        (CommandApdu::new(command).ins() == 0x50).then(|| algorithm(&answer.data))?
    });
    let has = |one: &Arc<Profile>| {
        let keys = one.application().map_or(&[][..], |application| &application.keys);
        keys.iter().any(|key| Some(key.algorithm_id) == algorithm)
    };
    let mut alike: Vec<_> = alike.unwrap_or_default();
    alike.sort_by_key(|one| !has(one));
    alike
}

/// The algorithm id in an answer to INITIALIZE.
fn algorithm(answer: &[u8]) -> Option<u8> {
    let online = OnlineInitialized::parse(answer).map(|answer| answer.algorithm);
    let offline = || PurchaseInitialized::parse(answer).map(|answer| answer.algorithm);
    let update = || UpdateInitialized::parse(answer).map(|answer| answer.algorithm);
    online.or_else(|_| offline()).or_else(|_| update()).ok()
}
