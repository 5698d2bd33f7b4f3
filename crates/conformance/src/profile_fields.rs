//! Fields of a profile that suites name: in conditions (`rules.FIELD=VALUE`, `psam.FIELD=VALUE`) and
//! as status words (`@status.FIELD`, `@psam.wrong-mac2`).
//!
//! One table. Defaults are applied: what a profile does not say is what its cards do.

use apdu::StatusWord;
use applet_spec::text::{Word, nearest, spelling};
use applet_spec::{
    BalanceForm, Check, CodeInMac1, CommandSet, InitializeInCapp, IssuingRules, KeyUpdate,
    PlainKeys, Profile, PsamSpec, SamPurpose, SerialAdvance, SerialMoment,
};
use crypto::Suite;

use crate::text::number as number_in;

/// What may be said of a field in a condition.
#[derive(Clone, Copy, Debug)]
pub enum FieldValues {
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// A number, decimal or `0x..`; or `none`.
    Number,
    /// `true` or `false`.
    Flag,
    /// Any text.
    Text,
}

/// A field of a profile.
pub struct ProfileField {
    /// How suites name it: `rules.log-serial`, `psam.mac-length`.
    pub name: &'static str,
    /// What it may be.
    pub values: FieldValues,
    /// What it is: one value, or several of which any may be meant; none where the profile has no
    /// such thing.
    read: fn(&Profile) -> Vec<String>,
}

/// A status word of a profile.
struct StatusField {
    name: &'static str,
    read: fn(&Profile) -> Option<StatusWord>,
    /// What most profiles choose, as the catalogue writes it; `None` where it lists every choice.
    usual: Option<StatusWord>,
}

/// Every field that a condition may name.
pub const PROFILE_FIELDS: &[ProfileField] = &[
    words("rules.commands", spellings::<CommandSet>, |p| one(spelling(p.rules.commands))),
    words("rules.suite", spellings::<Suite>, |p| one(spelling(p.rules.suite))),
    words("rules.balance-p1", spellings::<BalanceForm>, |p| {
        p.rules.balance_p1.iter().map(|(_, form)| spelling(*form).to_owned()).collect()
    }),
    words("rules.code-in-mac1", spellings::<CodeInMac1>, |p| one(spelling(p.rules.code_in_mac1))),
    words("rules.log-serial", spellings::<SerialMoment>, |p| one(spelling(p.rules.log_serial))),
    words("rules.proof-serial", spellings::<SerialMoment>, |p| one(spelling(p.rules.proof_serial))),
    number("rules.wrong-mac-limit", |p| one(or_none(p.rules.wrong_mac_limit))),
    words("rules.initialize-in-capp", spellings::<InitializeInCapp>, |p| {
        one(spelling(p.rules.initialize_in_capp))
    }),
    flag("rules.read-keeps-transaction", |p| one(p.rules.read_keeps_transaction)),
    flag("rules.purchase-uses-overdraft", |p| one(p.rules.purchase_uses_overdraft)),
    flag("rules.counter-stops", |p| one(p.rules.counter_stops)),
    number("rules.challenge-lengths", |p| all(&p.rules.challenge_lengths)),
    flag("rules.fold-authentication", |p| one(p.rules.fold_authentication)),
    words("rules.first-check", spellings::<Check>, |p| {
        p.rules.check_order.first().map_or_else(Vec::new, |check| one(spelling(*check)))
    }),
    text("rules.check-order", |p| {
        let order: Vec<&str> = p.rules.check_order.iter().map(|check| spelling(*check)).collect();
        one(order.join(","))
    }),
    number("rules.tac-index", |p| one(or_none(p.rules.tac_index))),
    number("rules.overdraft-type", |p| one(p.rules.overdraft_type)),
    number("rules.capp.id-width", |p| one(p.rules.capp.id_width)),
    number("rules.capp.length-offset", |p| one(p.rules.capp.length_offset)),
    number("rules.capp.lock-offset", |p| one(p.rules.capp.lock_offset)),
    number("rules.capp.default-sfi", |p| one(p.rules.capp.default_sfi)),
    number("rules.capp.cache", |p| one(p.rules.capp.cache)),
    flag("rules.capp.allow-no-record", |p| one(p.rules.capp.allow_no_record)),
    flag("rules.capp.check-length", |p| one(p.rules.capp.check_length)),
    flag("rules.status.fci-when-blocked", |p| one(p.rules.status.fci_when_blocked)),
    number("rules.status.wrong-state", |p| status(p, "wrong-state")),
    number("rules.status.select-blocked", |p| status(p, "select-blocked")),
    number("rules.status.blocked", |p| status(p, "blocked")),
    number("rules.status.permanently-blocked", |p| status(p, "permanently-blocked")),
    number("rules.status.no-proof", |p| status(p, "no-proof")),
    number("rules.status.internal-file", |p| status(p, "internal-file")),
    flag("rules.issuing", |p| one(p.rules.issuing.is_some())),
    number("rules.issuing.room", |p| issuing(p, |rules| rules.room.to_string())),
    number("rules.issuing.key-file", |p| issuing(p, |rules| rules.key_file.to_string())),
    words("rules.issuing.plain-keys", spellings::<PlainKeys>, |p| {
        issuing(p, |rules| spelling(rules.plain_keys).to_owned())
    }),
    words("rules.issuing.key-update", spellings::<KeyUpdate>, |p| {
        issuing(p, |rules| spelling(rules.key_update).to_owned())
    }),
    flag("rules.issuing.erase-keeps-keys", |p| {
        issuing(p, |rules| rules.erase_keeps_keys.to_string())
    }),
    text("psam.serves", |p| psam(p, |psam| psam.serves.clone())),
    number("psam.levels", |p| {
        let keys = p.sam_application().into_iter().flat_map(|directory| &directory.sam_keys);
        let purchase = keys.filter(|key| key.usage.purpose() == Some(SamPurpose::Purchase));
        purchase.map(|key| key.usage.levels().to_string()).collect()
    }),
    number("psam.serial-file", |p| psam(p, |psam| psam.serial_file.to_string())),
    words("psam.serial-advances", spellings::<SerialAdvance>, |p| {
        psam(p, |psam| psam.serial_advances.text().to_owned())
    }),
    number("psam.wrong-mac2", |p| status(p, "psam.wrong-mac2")),
    number("psam.mac-length", |p| psam(p, |psam| psam.mac_length.to_string())),
    words(
        "psam.identification",
        || vec!["lab", "list", "any", "none"],
        |p| psam(p, |psam| psam.identification.text().to_owned()),
    ),
    words("psam.deliver", spellings::<SamPurpose>, |p| {
        let deliver = p.psam.iter().flat_map(|psam| &psam.deliver);
        deliver.map(|purpose| purpose.text().to_owned()).collect()
    }),
];

/// Every status word that `@..` may name. `status.` before those of the rules may be left out.
const STATUS_FIELDS: &[StatusField] = &[
    status_word("wrong-state", Some(StatusWord::WRONG_STATE), |p| Some(p.rules.status.wrong_state)),
    status_word("select-blocked", None, |p| Some(p.rules.status.select_blocked)),
    status_word("blocked", Some(StatusWord::CONDITIONS), |p| Some(p.rules.status.blocked)),
    status_word("permanently-blocked", Some(StatusWord::PERMANENTLY_LOCKED), |p| {
        Some(p.rules.status.permanently_blocked)
    }),
    status_word("no-proof", Some(StatusWord::PROOF_UNAVAILABLE), |p| Some(p.rules.status.no_proof)),
    status_word("internal-file", Some(StatusWord::FILE_NOT_FOUND), |p| {
        Some(p.rules.status.internal_file)
    }),
    status_word("psam.wrong-mac2", Some(StatusWord::MAC_INVALID), |p| {
        Some(p.psam.as_ref()?.wrong_mac2)
    }),
];

/// What a profile says of a field that a condition names (`rules.log-serial`): one value, or
/// several of which any may be meant. None where the profile has no such thing, or there is no such
/// field.
pub fn field_words(profile: &Profile, name: &str) -> Vec<String> {
    field(name).map_or_else(Vec::new, |field| (field.read)(profile))
}

/// The status word that a profile has for `@status.FIELD`, named as
/// [`StatusPattern::Profile`](crate::StatusPattern::Profile) has it: `wrong-state`,
/// `psam.wrong-mac2`. `None` where the profile has none (a card has no `psam`), or there is no such
/// field.
pub fn status_field(profile: &Profile, name: &str) -> Option<StatusWord> {
    let found = STATUS_FIELDS.iter().find(|field| field.name == name)?;
    (found.read)(profile)
}

/// The same status word as the catalogue writes it.
pub(crate) fn status_in_catalogue(profile: &Profile, name: &str) -> Option<StatusWord> {
    let found = STATUS_FIELDS.iter().find(|field| field.name == name)?;
    found.usual.or_else(|| (found.read)(profile))
}

/// The names of every status field, as [`status_field`] takes them.
pub fn status_field_names() -> impl Iterator<Item = &'static str> + Clone {
    STATUS_FIELDS.iter().map(|field| field.name)
}

pub(crate) fn field(name: &str) -> Option<&'static ProfileField> {
    PROFILE_FIELDS.iter().find(|field| field.name == name)
}

impl ProfileField {
    /// Whether the profile says this value of it.
    pub(crate) fn is(&self, profile: &Profile, value: &str) -> bool {
        (self.read)(profile).iter().any(|said| match self.values {
            FieldValues::Number => {
                said == value || number_in(said).is_some_and(|n| number_in(value) == Some(n))
            }
            _ => said == value,
        })
    }

    /// Why no profile says this value of it: what is wrong, what to do.
    pub(crate) fn refuse(&self, value: &str) -> Option<(String, String)> {
        let message = |kind: &str| format!("{value:?} is no {kind} of {}", self.name);
        match self.values {
            FieldValues::Words(known) => {
                let known = known();
                if known.contains(&value) {
                    return None;
                }
                let mend = match nearest(value, known.iter().copied()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("write one of {}", known.join(", ")),
                };
                Some((message("value"), mend))
            }
            FieldValues::Number if value == "none" || number_in(value).is_some() => None,
            FieldValues::Number => Some((message("number"), "write 21, 0x15 or none".to_owned())),
            FieldValues::Flag if matches!(value, "true" | "false") => None,
            FieldValues::Flag => Some((message("value"), "write true or false".to_owned())),
            FieldValues::Text => None,
        }
    }
}

const fn status_word(
    name: &'static str,
    usual: Option<StatusWord>,
    read: fn(&Profile) -> Option<StatusWord>,
) -> StatusField {
    StatusField { name, read, usual }
}

const fn words(
    name: &'static str,
    known: fn() -> Vec<&'static str>,
    read: fn(&Profile) -> Vec<String>,
) -> ProfileField {
    ProfileField { name, values: FieldValues::Words(known), read }
}

const fn number(name: &'static str, read: fn(&Profile) -> Vec<String>) -> ProfileField {
    ProfileField { name, values: FieldValues::Number, read }
}

const fn flag(name: &'static str, read: fn(&Profile) -> Vec<String>) -> ProfileField {
    ProfileField { name, values: FieldValues::Flag, read }
}

const fn text(name: &'static str, read: fn(&Profile) -> Vec<String>) -> ProfileField {
    ProfileField { name, values: FieldValues::Text, read }
}

fn spellings<W: Word>() -> Vec<&'static str> {
    W::WORDS.iter().map(|(text, _)| *text).collect()
}

fn one(value: impl ToString) -> Vec<String> {
    vec![value.to_string()]
}

fn all<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn status(profile: &Profile, name: &str) -> Vec<String> {
    status_field(profile, name).map_or_else(Vec::new, |status| vec![format!("0x{:04X}", status.0)])
}

fn issuing(profile: &Profile, read: impl Fn(&IssuingRules) -> String) -> Vec<String> {
    profile.rules.issuing.iter().map(read).collect()
}

fn psam(profile: &Profile, read: impl Fn(&PsamSpec) -> String) -> Vec<String> {
    profile.psam.iter().map(read).collect()
}
