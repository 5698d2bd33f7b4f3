//! The rules of a profile.

use apdu::StatusWord;
use crypto::Suite;

use super::key::unknown_id;
use super::{issuing, psam};
use crate::text::Section;
use crate::{
    BalanceForm, CappRules, Check, CodeInMac1, CommandSet, InitializeInCapp, Profile, Rules,
    SerialMoment, StatusRules, suite_of_algorithm,
};

pub(super) const RULES_KEYS: &[&str] = &[
    "commands",
    "algorithm-id",
    "suite",
    "balance-p1",
    "code-in-mac1",
    "log-serial",
    "proof-serial",
    "wrong-mac-limit",
    "initialize-in-capp",
    "read-keeps-transaction",
    "purchase-uses-overdraft",
    "counter-stops",
    "challenge-lengths",
    "fold-authentication",
    "check-order",
    "tac-index",
    "overdraft-type",
    "capp",
    "status",
    "issuing",
];
pub(super) const BALANCE_KEYS: &[&str] = &["p1", "is"];
pub(super) const CAPP_KEYS: &[&str] = &[
    "id-width",
    "length-offset",
    "lock-offset",
    "default-sfi",
    "cache",
    "allow-no-record",
    "check-length",
];
pub(super) const STATUS_KEYS: &[&str] = &[
    "wrong-state",
    "select-blocked",
    "fci-when-blocked",
    "blocked",
    "permanently-blocked",
    "no-proof",
    "internal-file",
];

const CHECKS: [Check; 5] = [Check::State, Check::Key, Check::Rights, Check::Amount, Check::Counter];

/// What keys are, where they do not say otherwise.
pub(super) struct Defaults {
    pub algorithm_id: u8,
    pub suite: Suite,
    /// The card profile that a PSAM serves.
    pub served: Option<&'static Profile>,
}

/// The defaults for keys; mistakes in them are told by [`read`].
pub(super) fn defaults(top: &Section<'_>) -> Defaults {
    let section = top.section("rules", RULES_KEYS);
    let algorithm_id = section.as_ref().and_then(|s| s.or("algorithm-id", 0)).unwrap_or(0);
    let suite = section
        .as_ref()
        .and_then(|s| s.maybe("suite").flatten())
        .or_else(|| suite_of_algorithm(algorithm_id))
        .unwrap_or(Suite::TripleDes);
    Defaults { algorithm_id, suite, served: psam::served(top).map(|served| served.as_ref()) }
}

pub(super) fn read(top: &Section<'_>) -> Option<Rules> {
    let Some(section) = top.section("rules", RULES_KEYS) else {
        if !top.has("rules") {
            top.missing("rules");
        }
        return None;
    };
    let Defaults { algorithm_id, suite, served } = defaults(top);
    if suite_of_algorithm(algorithm_id).is_none() && !section.has("suite") {
        unknown_id(&section, algorithm_id);
    }
    let commands = section.or("commands", CommandSet::Purse);
    let balance_p1 = balance_p1(&section);
    let served_rule = served.map_or(CodeInMac1::Never, |cards| cards.rules.code_in_mac1);
    let code_in_mac1 = section.or("code-in-mac1", served_rule);
    let log_serial = section.or("log-serial", SerialMoment::After);
    let proof_serial = section.or("proof-serial", SerialMoment::After);
    let wrong_mac_limit: Option<Option<u8>> = section.maybe("wrong-mac-limit");
    let initialize_in_capp = section.or("initialize-in-capp", InitializeInCapp::Replace);
    let read_keeps_transaction = section.or("read-keeps-transaction", false);
    let purchase_uses_overdraft = section.or("purchase-uses-overdraft", true);
    let counter_stops = section.or("counter-stops", true);
    let challenge_lengths = challenge_lengths(&section);
    let fold_authentication = section.or("fold-authentication", false);
    let check_order = check_order(&section);
    let tac_index = section.maybe("tac-index");
    let overdraft_type = section.or("overdraft-type", 0x07);
    if let Some(other) = overdraft_type.filter(|kind| !matches!(kind, 0x07 | 0x11)) {
        let message = format!("0x{other:02X} is no type of an overdraft update");
        section.wrong("overdraft-type", message, "write 0x07, or 0x11 for mobile-operator purses");
    }
    let capp = capp(&section);
    let status = status(&section);
    let issuing = issuing::read(&section, commands);
    if let Some(Some(0)) = wrong_mac_limit {
        let mend = "write how many wrong MACs lock the application, or \"none\"";
        section.wrong("wrong-mac-limit", "0 would lock every card", mend);
    }
    Some(Rules {
        profile: String::new(),
        version: String::new(),
        commands: commands?,
        suite,
        balance_p1: balance_p1?,
        code_in_mac1: code_in_mac1?,
        capp: capp?,
        log_serial: log_serial?,
        proof_serial: proof_serial?,
        status: status?,
        wrong_mac_limit: wrong_mac_limit?,
        initialize_in_capp: initialize_in_capp?,
        read_keeps_transaction: read_keeps_transaction?,
        purchase_uses_overdraft: purchase_uses_overdraft?,
        counter_stops: counter_stops?,
        challenge_lengths: challenge_lengths?,
        fold_authentication: fold_authentication?,
        check_order: check_order?,
        tac_index: tac_index?,
        overdraft_type: overdraft_type?,
        issuing: issuing?,
    })
}

fn balance_p1(section: &Section<'_>) -> Option<Vec<(u8, BalanceForm)>> {
    if !section.has("balance-p1") {
        return Some(vec![(0x00, BalanceForm::Stored)]);
    }
    let mut out: Vec<(u8, BalanceForm)> = Vec::new();
    let mut whole = true;
    for entry in section.sections("balance-p1", BALANCE_KEYS)? {
        let (p1, is) = (entry.need("p1"), entry.need("is"));
        let (Some(p1), Some(is)) = (p1, is) else {
            whole = false;
            continue;
        };
        if out.iter().any(|(known, _)| *known == p1) {
            entry.wrong("p1", format!("0x{p1:02X} is listed already"), "list every P1 once");
        }
        out.push((p1, is));
    }
    whole.then_some(out)
}

fn challenge_lengths(section: &Section<'_>) -> Option<Vec<u8>> {
    if !section.has("challenge-lengths") {
        return Some(vec![4, 8]);
    }
    let lengths: Vec<u8> = section.list("challenge-lengths")?;
    if lengths.is_empty() || lengths.iter().any(|length| ![4, 8, 16].contains(length)) {
        let mend = "list one or more of 4, 8 and 16";
        section.wrong("challenge-lengths", "not the lengths of challenges", mend);
    }
    Some(lengths)
}

fn check_order(section: &Section<'_>) -> Option<Vec<Check>> {
    if !section.has("check-order") {
        return Some(CHECKS.to_vec());
    }
    let order: Vec<Check> = section.list("check-order")?;
    if order.len() != CHECKS.len() || CHECKS.iter().any(|check| !order.contains(check)) {
        let mend = "list each of state, key, rights, amount, counter exactly once";
        section.wrong("check-order", "not an order of the five checks", mend);
    }
    Some(order)
}

fn capp(rules: &Section<'_>) -> Option<CappRules> {
    if !rules.has("capp") {
        return Some(CappRules {
            id_width: 1,
            length_offset: 1,
            lock_offset: 2,
            default_sfi: 0x17,
            cache: 250,
            allow_no_record: false,
            check_length: true,
        });
    }
    let section = rules.section("capp", CAPP_KEYS)?;
    let id_width: Option<u8> = section.or("id-width", 1);
    let length_offset = section.or("length-offset", 1);
    let lock_offset = section.or("lock-offset", 2);
    let default_sfi = section.or("default-sfi", 0x17);
    let cache: Option<u16> = section.or("cache", 250);
    let allow_no_record = section.or("allow-no-record", false);
    let check_length = section.or("check-length", true);
    if id_width.is_some_and(|width| !(1..=2).contains(&width)) {
        section.wrong("id-width", "out of range", "write 1 or 2");
    }
    if cache == Some(0) {
        section.wrong("cache", "no record would fit", "write the bytes of the longest record");
    }
    Some(CappRules {
        id_width: id_width?,
        length_offset: length_offset?,
        lock_offset: lock_offset?,
        default_sfi: default_sfi?,
        cache: cache?,
        allow_no_record: allow_no_record?,
        check_length: check_length?,
    })
}

fn status(rules: &Section<'_>) -> Option<StatusRules> {
    let defaults = StatusRules {
        wrong_state: StatusWord::WRONG_STATE,
        select_blocked: StatusWord::LOCKED,
        fci_when_blocked: false,
        blocked: StatusWord::CONDITIONS,
        permanently_blocked: StatusWord::PERMANENTLY_LOCKED,
        no_proof: StatusWord::PROOF_UNAVAILABLE,
        internal_file: StatusWord::FILE_NOT_FOUND,
    };
    if !rules.has("status") {
        return Some(defaults);
    }
    let section = rules.section("status", STATUS_KEYS)?;
    let wrong_state = section.or("wrong-state", defaults.wrong_state);
    let select_blocked = section.or("select-blocked", defaults.select_blocked);
    let fci_when_blocked = section.or("fci-when-blocked", defaults.fci_when_blocked);
    let blocked = section.or("blocked", defaults.blocked);
    let permanently_blocked = section.or("permanently-blocked", defaults.permanently_blocked);
    let no_proof = section.or("no-proof", defaults.no_proof);
    let internal_file = section.or("internal-file", defaults.internal_file);
    Some(StatusRules {
        wrong_state: wrong_state?,
        select_blocked: select_blocked?,
        fci_when_blocked: fci_when_blocked?,
        blocked: blocked?,
        permanently_blocked: permanently_blocked?,
        no_proof: no_proof?,
        internal_file: internal_file?,
    })
}
