//! Directories: the MF, payment system environments, applications.

use super::rules::Defaults;
use super::words::FciWord;
use super::{file, key, psam};
use crate::text::Section;
use crate::{Directory, FciForm, LogRouting, PurseSpec};

pub(super) const DIRECTORY_KEYS: &[&str] =
    &["fid", "name", "fci", "label", "file", "key", "sam-key", "pin", "purse", "log"];
pub(super) const FCI_KEYS: &[&str] = &["form", "sfi", "version"];
pub(super) const PURSE_KEYS: &[&str] =
    &["kind", "balance", "maximum", "overdraft", "pin-for", "allows"];
pub(super) const LOG_KEYS: &[&str] = &["purchase", "load", "other-city"];

pub(super) fn read(section: &Section<'_>, defaults: &Defaults) -> Option<Directory> {
    let fid = section.need("fid");
    let name: Option<Vec<u8>> = section.or("name", Vec::new());
    let fci = fci(section);
    let label: Option<Option<Vec<u8>>> = section.maybe("label");
    let files = all(section.sections("file", file::FILE_KEYS), file::read);
    let keys = all(section.sections("key", key::KEY_KEYS), |key| key::read(key, defaults));
    let sam_keys = section.sections("sam-key", psam::SAM_KEY_KEYS);
    let sam_keys = all(sam_keys, |key| psam::key(key, defaults));
    let pin = optional(section, "pin", key::PIN_KEYS, key::pin);
    let purses = all(section.sections("purse", PURSE_KEYS), purse);
    let log = optional(section, "log", LOG_KEYS, log);

    let has_purses = section.has("purse");
    if let Some(name) = &name {
        check_name(section, name, has_purses);
    }
    if let Some(Some(label)) = &label
        && !(1..=16).contains(&label.len())
    {
        section.wrong("label", format!("{} bytes given", label.len()), "write 1 to 16 bytes");
    }
    if has_purses && !section.has("log") {
        section.missing("log");
    }
    Some(Directory {
        fid: fid?,
        name: name?,
        fci: fci?,
        label: label?,
        files: files?,
        keys: keys?,
        sam_keys: sam_keys?,
        pin: pin?,
        purses: purses?,
        log: log?,
    })
}

fn check_name(section: &Section<'_>, name: &[u8], application: bool) {
    if !section.has("name") {
        if application {
            section.missing("name");
        }
        return;
    }
    let length = name.len();
    if application && !(5..=16).contains(&length) {
        section.wrong("name", format!("{length} bytes given"), "an AID has 5 to 16 bytes");
    } else if !(1..=16).contains(&length) {
        section.wrong("name", format!("{length} bytes given"), "a DF name has 1 to 16 bytes");
    }
}

fn fci(directory: &Section<'_>) -> Option<FciForm> {
    if !directory.has("fci") {
        return Some(FciForm::Bare);
    }
    let section = directory.section("fci", FCI_KEYS)?;
    let form: FciWord = section.need("form")?;
    if form != FciWord::PublicFile && section.has("version") {
        section.wrong("version", "only a public-file FCI has it", "remove it");
    }
    if matches!(form, FciWord::Ppse | FciWord::Bare) && section.has("sfi") {
        section.wrong("sfi", "this form names no file", "remove it");
    }
    Some(match form {
        FciWord::Dir => FciForm::Dir { sfi: section.need("sfi")? },
        FciWord::Ppse => FciForm::Ppse,
        FciWord::Bare => FciForm::Bare,
        FciWord::PublicFile => {
            let (version, sfi) = (section.maybe::<Vec<u8>>("version"), section.need("sfi"));
            let version = version?;
            if version.as_ref().is_some_and(|version| !(1..=4).contains(&version.len())) {
                section.wrong("version", "wrong length", "write 1 to 4 bytes, such as \"02\"");
            }
            FciForm::PublicFile { version, sfi: sfi? }
        }
    })
}

fn purse(section: &Section<'_>) -> Option<PurseSpec> {
    let kind = section.need("kind");
    let balance: Option<u32> = section.or("balance", 0);
    let maximum: Option<u32> = section.or("maximum", 0x7FFF_FFFF);
    let overdraft: Option<Option<u32>> = section.maybe("overdraft");
    let pin_for = section.list("pin-for");
    let allows = section.list("allows");
    if let (Some(balance), Some(maximum)) = (balance, maximum)
        && balance > maximum
    {
        let message = format!("{balance} is above the maximum {maximum}");
        section.wrong("balance", message, "lower the balance or raise maximum (both in fen)");
    }
    if let Some(Some(limit)) = overdraft
        && limit > 0x00FF_FFFF
    {
        let mend = "a limit has 3 bytes: write at most 16777215 (fen)";
        section.wrong("overdraft", format!("{limit} is out of range"), mend);
    }
    if !section.has("allows") {
        section.missing("allows");
    }
    Some(PurseSpec {
        kind: kind?,
        balance: balance?,
        maximum: maximum?,
        overdraft: overdraft?,
        pin_for: pin_for?,
        allows: allows?,
    })
}

fn log(section: &Section<'_>) -> Option<LogRouting> {
    let purchase = section.need("purchase");
    let load = section.need("load");
    let other_city = section.maybe("other-city");
    Some(LogRouting { purchase: purchase?, load: load?, other_city: other_city? })
}

/// Reads every section, so that the problems of all are told, then keeps them if all are good.
fn all<'a, T>(
    sections: Option<Vec<Section<'a>>>,
    read: impl Fn(&Section<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let read: Vec<Option<T>> = sections?.iter().map(read).collect();
    read.into_iter().collect()
}

/// A table that may be missing.
pub(super) fn optional<'a, T>(
    section: &Section<'a>,
    key: &str,
    keys: &'static [&'static str],
    read: impl Fn(&Section<'a>) -> Option<T>,
) -> Option<Option<T>> {
    if !section.has(key) {
        return Some(None);
    }
    read(&section.section(key, keys)?).map(Some)
}
