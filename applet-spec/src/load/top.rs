//! The top of a profile: who it is, the chip, the factors.

use super::{check, directory, file, issuing, key, listing, psam, rules};
use crate::text::{Log, Node, Section};
use crate::{Chip, Custody, Profile, Template};

pub(super) const PROFILE_KEYS: &[&str] = &[
    "extends",
    "name",
    "version",
    "summary",
    "summary-zh",
    "custody",
    "lab-seed",
    "serial",
    "authentication-code",
    "factors",
    "chip",
    "psam",
    "rules",
    "directory",
];
pub(super) const CHIP_KEYS: &[&str] = &["historical", "ats"];

impl Profile {
    /// Every key that a profile file may have, by table. docs/profile-format.md tells them all.
    pub const KEYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("top", PROFILE_KEYS),
        ("[chip]", CHIP_KEYS),
        ("[psam]", psam::PSAM_KEYS),
        ("[rules]", rules::RULES_KEYS),
        ("[[rules.balance-p1]]", rules::BALANCE_KEYS),
        ("[rules.capp]", rules::CAPP_KEYS),
        ("[rules.status]", rules::STATUS_KEYS),
        ("[rules.issuing]", issuing::ISSUING_KEYS),
        ("[[directory]]", directory::DIRECTORY_KEYS),
        ("[directory.fci]", directory::FCI_KEYS),
        ("[[directory.file]]", file::FILE_KEYS),
        ("[[directory.key]]", key::KEY_KEYS),
        ("[[directory.sam-key]]", psam::SAM_KEY_KEYS),
        ("[directory.pin]", key::PIN_KEYS),
        ("[[directory.purse]]", directory::PURSE_KEYS),
        ("[directory.log]", directory::LOG_KEYS),
    ];
}

/// Reads and checks a whole profile.
pub(super) fn read(log: &Log, root: &Node, text: String) -> Option<Profile> {
    let top = Section::open(log, root, "", PROFILE_KEYS)?;
    let name: Option<String> = top.need("name");
    let version: Option<String> = top.need("version");
    let summary = top.need("summary");
    let summary_zh = top.need("summary-zh");
    let custody = top.or("custody", Custody::Sealed);
    let lab_seed: Option<Option<String>> = top.maybe("lab-seed");
    let serial = top.need("serial");
    let authentication_code = top.maybe("authentication-code");
    let factors: Option<Vec<Template>> = top.list("factors");
    let chip = chip(&top);
    let psam = directory::optional(&top, "psam", psam::PSAM_KEYS, psam::read);
    let defaults = rules::defaults(&top);
    let rules = rules::read(&top);
    let directories = top.sections("directory", directory::DIRECTORY_KEYS).and_then(|sections| {
        let read: Vec<_> =
            sections.iter().map(|section| directory::read(section, &defaults)).collect();
        read.into_iter().collect()
    });

    identity(&top, name.as_deref(), version.as_deref());
    let (name, version) = (name?, version?);
    let mut rules = rules?;
    rules.profile.clone_from(&name);
    rules.version.clone_from(&version);
    let mut profile = Profile {
        name,
        version,
        summary: summary?,
        summary_zh: summary_zh?,
        custody: custody?,
        chip: chip?,
        serial: serial?,
        authentication_code: authentication_code?,
        lab_seed: lab_seed?,
        factors: factors?,
        psam: psam?,
        rules,
        directories: directories?,
        text,
    };
    if check::profile(&profile, &top) {
        listing::fill(&mut profile, &top);
    }
    Some(profile)
}

fn identity(top: &Section<'_>, name: Option<&str>, version: Option<&str>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(name) = name
        && (name.is_empty() || name.len() > 32 || !name.chars().all(plain))
    {
        let mend = "write 1 to 32 lower-case letters, digits and hyphens, such as \"jtt-mine\"";
        top.wrong("name", "not a short name", mend);
    }
    if let Some(version) = version
        && (version.is_empty() || version.len() > 32 || version.chars().any(char::is_control))
    {
        top.wrong("version", "not a version", "write something like \"1.0.0\"");
    }
}

fn chip(top: &Section<'_>) -> Option<Chip> {
    let Some(section) = top.section("chip", CHIP_KEYS) else {
        if !top.has("chip") {
            top.missing("chip");
        }
        return None;
    };
    let historical: Option<Vec<u8>> = section.need("historical");
    let ats: Option<Vec<u8>> = section.need("ats");
    if let Some(bytes) = &historical
        && bytes.len() > 15
    {
        let message = format!("{} bytes given", bytes.len());
        section.wrong("historical", message, "an ATR holds at most 15 historical bytes");
    }
    if let Some(bytes) = &ats {
        check_ats(&section, bytes);
    }
    Some(Chip { historical: historical?, ats: ats? })
}

/// TL counts all bytes and itself; T0 says which of TA, TB, TC follow.
fn check_ats(section: &Section<'_>, ats: &[u8]) {
    let Some(&tl) = ats.first() else {
        return section.wrong("ats", "empty", "write the ATS from TL on, at least \"01\"");
    };
    if usize::from(tl) != ats.len() {
        let message = format!("TL (first byte) is {tl:02X}, the ATS has {} bytes", ats.len());
        section.wrong("ats", message, format!("write {:02X} as the first byte", ats.len()));
        return;
    }
    if let Some(&t0) = ats.get(1) {
        let interface = (t0 >> 4 & 0x07).count_ones() as usize;
        if t0 & 0x80 != 0 || ats.len() < 2 + interface || ats.len() > 2 + interface + 15 {
            let message = format!("T0 is {t0:02X}: {interface} interface bytes must follow");
            section.wrong("ats", message, "mend T0, or the bytes after it");
        }
    }
}
