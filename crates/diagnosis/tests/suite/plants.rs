//! Every mistake of the table, made by hand.

use applet_spec::KeyKind;
use crypto::Suite;
use diagnosis::Code;

use super::maker::{Maker, Way, and_complement, pad_80};
use super::scene::Scene;
use super::values::*;

/// A mistake made by hand: changes what goes into a code, or gives the code itself.
pub struct Plant {
    pub id: &'static str,
    pub make: fn(&Scene, &mut Maker) -> Option<[u8; 4]>,
}

macro_rules! plants {
    ($($id:literal |$scene:ident, $maker:ident| $change:expr;)*) => {
        /// More than one of an id where the mistake has several forms.
        pub const PLANTS: &[Plant] = &[$(Plant {
            id: $id,
            make: |$scene, $maker| {
                $change;
                None
            },
        }),*];
    };
}

plants! {
    "terminal-of-psam" |_s, m| m.put("terminal", &SAM_TERMINAL);
    "terminal-elsewhere" |_s, m| m.put("terminal", &EARLIER_TERMINAL);
    "terminal-candidate" |_s, m| m.put("terminal", &GIVEN_TERMINAL);
    "terminal-reversed" |_s, m| m.put("terminal", &[0x89, 0x67, 0x45, 0x23, 0x10, 0x01]);
    "terminal-pairs-swapped" |_s, m| m.put("terminal", &[0x10, 0x01, 0x45, 0x23, 0x89, 0x67]);
    "terminal-nibbles-swapped" |_s, m| m.put("terminal", &[0x10, 0x01, 0x32, 0x54, 0x76, 0x98]);
    "terminal-zero" |_s, m| m.put("terminal", &[0; 6]);

    "moment-of-psam" |_s, m| { m.put("date", &SAM_DATE); m.put("time", &SAM_TIME); };
    "moment-of-psam" |_s, m| m.put("time", &SAM_TIME);
    "moment-elsewhere" |_s, m| { m.put("date", &EARLIER_DATE); m.put("time", &EARLIER_TIME); };
    "moment-elsewhere" |_s, m| m.put("date", &EARLIER_DATE);
    "moment-candidate" |_s, m| { m.put("date", &GIVEN_MOMENT[..4]); m.put("time", &GIVEN_MOMENT[4..]); };
    "moment-candidate" |_s, m| m.put("date", &GIVEN_FOUR);
    "date-zero" |_s, m| m.put("date", &[0; 4]);
    "time-zero" |_s, m| m.put("time", &[0; 3]);
    "moment-zero" |_s, m| { m.put("date", &[0; 4]); m.put("time", &[0; 3]); };
    "date-day-first" |_s, m| m.put("date", &[0x22, 0x11, 0x20, 0x26]);
    "date-month-first" |_s, m| m.put("date", &[0x11, 0x22, 0x20, 0x26]);
    "date-reversed" |_s, m| m.put("date", &[0x22, 0x11, 0x26, 0x20]);
    "date-without-century" |_s, m| m.put("date", &[0x00, 0x26, 0x11, 0x22]);
    "date-binary" |_s, m| m.put("date", &[0x07, 0xEA, 11, 22]);
    "time-reversed" |_s, m| m.put("time", &[0x56, 0x34, 0x12]);
    "time-binary" |_s, m| m.put("time", &[12, 34, 56]);
    "date-time-swapped" |_s, m| if m.covers("date") {
        let at = m.data.iter().position(|(name, _)| *name == "date").unwrap();
        m.data.swap(at, at + 1);
    };

    "amount-little-endian" |_s, m| {
        m.edit("amount", reversed);
        m.edit("new limit", reversed);
    };
    "amount-in-yuan" |_s, m| amount(m, |fen| fen / 100);
    "amount-times-100" |_s, m| amount(m, |fen| fen * 100);
    "amount-zero" |_s, m| amount(m, |_| 0);
    "amount-decimal" |_s, m| { m.put("amount", &[0, 0, 0x12, 0x34]); m.put("new limit", &[0x05, 0x43, 0x21]); };
    "amount-of-psam" |_s, m| m.put("amount", &SAM_AMOUNT.to_be_bytes());
    "amount-elsewhere" |_s, m| m.put("amount", &EARLIER_AMOUNT.to_be_bytes());
    "amount-candidate" |_s, m| { m.put("amount", &GIVEN_FOUR); m.put("new limit", &GIVEN_LIMIT); };
    "balance-for-amount" |s, m| {
        let balance = s.balance();
        m.put("amount", &balance.to_be_bytes());
    };
    "old-limit-for-new" |s, m| {
        let old = s.old_limit();
        m.put("new limit", &old.to_be_bytes()[1..]);
    };
    "limit-four-bytes" |_s, m| {
        m.edit("new limit", |limit| [&[0], &limit[..]].concat());
        m.edit("old limit", |limit| [&[0], &limit[..]].concat());
    };
    "balance-before" |s, m| {
        let balance = s.balance();
        m.put("balance after", &balance.to_be_bytes());
    };
    "balance-little-endian" |_s, m| {
        m.edit("balance", reversed);
        m.edit("balance after", reversed);
    };
    "balance-without-limit" |s, m| {
        let (old, new) = (s.old_limit(), if m.covers("new limit") { LIMIT } else { 0 });
        m.count("balance", |balance| balance - u64::from(old));
        m.count("balance after", |balance| balance - u64::from(new));
    };
    "balance-zero" |_s, m| { m.put("balance", &[0; 4]); m.put("balance after", &[0; 4]); };

    "type-ep-purchase" |_s, m| m.put("type", &[0x06]);
    "type-capp" |_s, m| m.put("type", &[0x09]);
    "type-ed-purchase" |_s, m| m.put("type", &[0x05]);
    "type-ed-load" |_s, m| m.put("type", &[0x01]);
    "type-ep-load" |_s, m| m.put("type", &[0x02]);
    "type-unload" |_s, m| m.put("type", &[0x03]);
    "type-cash" |_s, m| m.put("type", &[0x04]);
    "type-overdraft" |_s, m| m.put("type", &[0x07]);
    "type-mobile-overdraft" |_s, m| m.put("type", &[0x11]);
    "type-zero" |_s, m| m.put("type", &[0x00]);

    "serial-after" |_s, m| serial(m, |serial| serial + 1);
    "serial-stale" |_s, m| serial(m, |serial| serial - 1);
    "online-serial" |s, m| if !s.setting.online() { serial_bytes(m, s.other_serial) };
    "offline-serial" |s, m| if s.setting.online() { serial_bytes(m, s.other_serial) };
    "serial-zero" |_s, m| serial(m, |_| 0);
    "serial-little-endian" |_s, m| serial(m, u16::swap_bytes);
    "serial-of-psam" |_s, m| serial_bytes(m, SAM_SERIAL);
    // The one before is also one too small; what is elsewhere online is a log's or an answer's.
    "serial-elsewhere" |s, m| serial_bytes(m, s.earlier.1);
    "serial-candidate" |_s, m| serial_bytes(m, GIVEN_SERIAL);

    "terminal-serial-first-bytes" |s, m| tail(s, m, &TERMINAL_SERIAL[..2]);
    "terminal-serial-next" |s, m| terminal_serial(s, m, &[0x0A, 0x0B, 0x0C, 0x0E]);
    "terminal-serial-previous" |s, m| terminal_serial(s, m, &[0x0A, 0x0B, 0x0C, 0x0C]);
    "terminal-serial-little-endian" |s, m| terminal_serial(s, m, &[0x0D, 0x0C, 0x0B, 0x0A]);
    "terminal-serial-little-endian" |s, m| tail(s, m, &[0x0D, 0x0C]);
    "terminal-serial-zero" |s, m| terminal_serial(s, m, &[0; 4]);
    "terminal-serial-of-psam" |s, m| terminal_serial(s, m, &SAM_TERMINAL_SERIAL);
    "terminal-serial-elsewhere" |s, m| terminal_serial(s, m, &EARLIER_TERMINAL_SERIAL);
    "terminal-serial-candidate" |s, m| terminal_serial(s, m, &GIVEN_FOUR);
    "filler-for-terminal-serial" |s, m| tail(s, m, &[0x80, 0x00]);
    "terminal-serial-for-filler" |s, m| filler(s, m, &SAM_TERMINAL_SERIAL[2..]);
    "filler-zero" |s, m| filler(s, m, &[0x00, 0x00]);
    "filler-swapped" |s, m| filler(s, m, &[0x00, 0x80]);

    "code-missing" |_s, m| m.remove("code");
    "code-extra" |s, m| extra_code(s, m, s.profile.authentication_code.as_ref());
    "code-extra" |s, m| extra_code(s, m, Some(&SAM_CODE));
    "code-of-psam" |_s, m| m.put("code", &SAM_CODE);
    "code-elsewhere" |_s, m| m.put("code", &OTHER_CODE);
    "code-candidate" |_s, m| m.put("code", &GIVEN_CODE);
    "field-missing" |_s, m| m.remove("terminal");
    "field-missing" |_s, m| m.remove("terminal serial");
    "field-missing" |_s, m| m.remove("type");
    "fields-swapped" |_s, m| if m.data.len() > 2 { m.data.swap(1, 2) };
    "terminal-serial-covered" |s, m| if !s.setting.online() && !m.covers("terminal serial") {
        let at = m.data.len().min(3);
        m.data.insert(at, ("terminal serial", TERMINAL_SERIAL.to_vec()));
    };
    "serial-covered" |_s, m| if !m.covers("serial") {
        let serial = m.serial.clone();
        m.data.insert(0, ("serial", serial));
    };
    "balance-covered" |s, m| if !m.covers("balance") {
        m.data.insert(0, ("balance", s.balance().to_be_bytes().to_vec()));
    };
    "balance-after-covered" |s, m| if !m.covers("balance after") {
        m.data.push(("balance after", s.balance_after().to_be_bytes().to_vec()));
    };

    "random-reversed" |_s, m| m.random.reverse();
    "random-zero" |_s, m| m.random = vec![0; 4];
    "random-of-psam" |_s, m| m.random = SAM_RANDOM.to_vec();
    "random-elsewhere" |s, m| m.random = s.challenge.to_vec();
    "random-elsewhere" |s, m| m.random = s.earlier.0.to_vec();
    "random-candidate" |_s, m| m.random = GIVEN_FOUR.to_vec();
    "session-of-another" |s, m| if m.has_session() {
        m.random = s.earlier.0.to_vec();
        m.serial = s.earlier.1.to_vec();
    };
    "session-order" |_s, m| m.order = [1, 0, 2];
    "session-order" |_s, m| m.order = [0, 2, 1];
    "session-order" |_s, m| m.order = [2, 0, 1];
    "session-order" |_s, m| m.order = [1, 2, 0];
    "session-order" |_s, m| m.order = [2, 1, 0];
    "session-deciphered" |_s, m| session(m, Way::Deciphered, None);
    "session-sixteen-bytes" |_s, m| session(m, Way::SessionWhole, Some(Suite::TripleDes));
    "session-sixteen-bytes" |_s, m| session(m, Way::SessionRetail, Some(Suite::TripleDes));
    "session-repeated" |_s, m| session(m, Way::Session(|eight| eight.repeat(2)), Some(Suite::Sm4));
    "session-zero-filled" |_s, m| session(m, Way::Session(|eight| [eight, &[0; 8]].concat()), Some(Suite::Sm4));

    "key-purchase" |_s, m| key(m, KeyKind::Purchase, 1);
    "key-load" |_s, m| key(m, KeyKind::Load, 1);
    "key-unload" |_s, m| key(m, KeyKind::Unload, 1);
    "key-overdraft" |_s, m| key(m, KeyKind::Overdraft, 1);
    "key-tac" |s, m| key(m, KeyKind::Tac, s.profile.rules.tac_index.unwrap());
    "key-maintenance" |s, m| key(m, KeyKind::Maintenance, u8::from(s.setting.profile.starts_with("jtt")));
    "key-application-master" |_s, m| key(m, KeyKind::ApplicationMaster, 0);
    "key-index" |_s, m| m.index += 8;
    "key-version" |_s, m| m.version = 5;

    "not-diversified" |_s, m| m.factors.clear();
    "only-first-level" |_s, m| m.factors.truncate(1);
    "only-last-level" |_s, m| drop(m.factors.drain(..m.factors.len() - 1));
    "levels-reversed" |_s, m| m.factors.reverse();
    "serial-first-eight" |s, m| if s.setting.profile != "cjt166" {
        *m.factors.last_mut().unwrap() = s.public[10..18].to_vec();
    };
    "serial-reversed" |_s, m| m.factors.last_mut().unwrap().reverse();
    "serial-of-profile" |s, m| *m.factors.last_mut().unwrap() = s.profile.serial.to_vec();
    "serial-of-another-card" |_s, m| *m.factors.last_mut().unwrap() = OTHER_CARD.to_vec();
    "issuer-factor" |s, m| upper(m, &s.public[..8]);
    "city-factor" |s, m| upper(m, &[&s.public[2..4], &[0xFF, 0, 0, 0, 0, 0]].concat());
    "toll-factor" |s, m| upper(m, &s.public[..4].repeat(2));
    "factor-of-psam" |_s, m| m.factors = SAM_FACTORS.iter().rev().map(|one| one.to_vec()).collect();
    "factor-candidate" |_s, m| m.factors[0] = GIVEN_FACTOR.to_vec();
    "factors-complemented" |_s, m| m.factors.iter_mut().for_each(|factor| complement(factor));
    "factors-complemented" |_s, m| complement(m.factors.last_mut().unwrap());
    "key-halves-swapped" |_s, m| m.halves = |key| [&key[8..], &key[..8]].concat();
    "key-left-half" |_s, m| m.halves = |key| key[..8].to_vec();
    "key-right-half" |_s, m| m.halves = |key| key[8..].to_vec();

    "left-half-des" |_s, m| m.way = Way::Left;
    "right-half-des" |_s, m| m.way = Way::Right;
    "whole-key" |_s, m| m.way = Way::Whole;
    "retail-mac" |_s, m| m.way = Way::Retail;
    "folded-key" |_s, m| m.way = Way::Folded;
    "session-key-for-tac" |_s, m| if m.kind == KeyKind::Tac { m.way = Way::Session(and_complement) };
    "session-key-for-tac" |s, m| if m.kind == KeyKind::Tac {
        m.kind = s.maker(Code::Mac1).kind;
        m.index = 1;
        m.way = Way::Session(and_complement);
    };
    "other-algorithm" |_s, m| m.suites = m.suites.map(other);
    "other-algorithm-in-session" |_s, m| m.suites = [m.suites[0], other(m.suites[1]), other(m.suites[2])];
    "other-algorithm-of-session-key" |_s, m| if m.has_session() { m.suites[1] = other(m.suites[1]) };
    "other-algorithm-of-mac" |_s, m| m.suites[2] = other(m.suites[2]);

    "initial-random" |_s, m| m.initial = m.random.clone();
    "initial-random" |_s, m| m.initial = [&[0; 4], &m.random[..]].concat();
    "initial-random" |_s, m| m.initial = m.random.repeat(2);
    "padding-none" |_s, m| m.pad = |bytes, block| {
        if bytes.len().is_multiple_of(block) { bytes } else { pad_80(bytes, block) }
    };
    "padding-zeros" |_s, m| m.pad = |mut bytes, block| {
        bytes.resize(bytes.len().next_multiple_of(block), 0);
        bytes
    };
    "padding-zeros" |_s, m| m.pad = |mut bytes, block| {
        bytes.resize((bytes.len() + 1).next_multiple_of(block), 0);
        bytes
    };
    "padding-twice" |_s, m| m.pad = |bytes, block| pad_80(pad_80(bytes, block), block);
    "mac-right-half" |_s, m| m.take = |block| block[4..8].to_vec();
    "mac-right-half" |_s, m| m.take = |block| block[block.len() - 4..].to_vec();
    "mac-reversed" |_s, m| m.take = |block| reversed(block[..4].to_vec());
    "mac-folded" |_s, m| m.take = |block| {
        let (upper, lower) = block.split_at(block.len() / 2);
        upper.iter().zip(lower).map(|(a, b)| a ^ b).take(4).collect()
    };
    "mac-folded" |_s, m| if m.suites[2] == Suite::Sm4 {
        m.take = |block| (0..4).map(|at| block[at] ^ block[at + 4] ^ block[at + 8] ^ block[at + 12]).collect();
    };
}

/// Mistakes that take a code from elsewhere.
pub const TAKEN: &[Plant] = &[
    Plant { id: "mac1-in-its-place", make: |s, _| Some(s.maker(Code::Mac1).code()) },
    Plant { id: "mac2-in-its-place", make: |s, _| Some(s.maker(Code::Mac2).code()) },
    Plant {
        id: "mac3-in-its-place",
        make: |s, _| s.has(Code::Mac3).then(|| s.maker(Code::Mac3).code()),
    },
    Plant {
        id: "tac-in-its-place",
        make: |s, _| s.has(Code::Tac).then(|| s.maker(Code::Tac).code()),
    },
    Plant { id: "mac-of-another-transaction", make: |s, _| Some(s.earlier_mac) },
    Plant { id: "mac-empty", make: |_, _| Some([0; 4]) },
    Plant { id: "mac-empty", make: |_, _| Some([0xFF; 4]) },
];

/// Mistakes that only a search finds.
pub const SEARCHED: &[Plant] = &[
    Plant {
        id: "time-searched",
        make: |_, m| {
            m.put("time", &[0x12, 0x35, 0x07]);
            None
        },
    },
    Plant {
        id: "date-searched",
        make: |_, m| {
            m.put("date", &[0x20, 0x31, 0x02, 0x28]);
            None
        },
    },
    Plant {
        id: "serial-searched",
        make: |_, m| {
            serial(m, |_| 0xBEEF);
            None
        },
    },
    Plant {
        id: "terminal-serial-searched",
        make: |s, m| {
            tail(s, m, &[0xCA, 0xFE]);
            None
        },
    },
];

fn reversed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

fn amount(m: &mut Maker, edit: fn(u64) -> u64) {
    m.count("amount", edit);
    m.count("new limit", edit);
}

fn serial(m: &mut Maker, edit: fn(u16) -> u16) {
    let serial = u16::from_be_bytes([m.serial[0], m.serial[1]]);
    serial_bytes(m, edit(serial).to_be_bytes());
}

fn serial_bytes(m: &mut Maker, bytes: [u8; 2]) {
    m.serial = bytes.to_vec();
    m.put("serial", &bytes);
}

fn terminal_serial(s: &Scene, m: &mut Maker, bytes: &[u8; 4]) {
    tail(s, m, &bytes[2..]);
    m.put("terminal serial", bytes);
}

fn tail(s: &Scene, m: &mut Maker, bytes: &[u8]) {
    if !s.setting.online() {
        m.tail = bytes.to_vec();
    }
}

fn filler(s: &Scene, m: &mut Maker, bytes: &[u8]) {
    if s.setting.online() {
        m.tail = bytes.to_vec();
    }
}

fn extra_code(s: &Scene, m: &mut Maker, code: Option<&[u8; 9]>) {
    let covers = !s.setting.online() && m.covers("date") && !m.covers("terminal serial");
    if let (true, false, Some(code)) = (covers, m.covers("code"), code) {
        m.data.push(("code", code.to_vec()));
    }
}

fn session(m: &mut Maker, way: Way, only: Option<Suite>) {
    if m.has_session() && only.is_none_or(|suite| suite == m.suites[1]) {
        m.way = way;
    }
}

/// The key, where the card has it.
fn key(m: &mut Maker, kind: KeyKind, index: u8) {
    if m.stored.contains_key(&(kind, index, m.version)) {
        m.kind = kind;
        m.index = index;
    }
}

fn upper(m: &mut Maker, factor: &[u8]) {
    if m.factors.len() > 1 {
        m.factors.remove(0);
    }
    m.factors.insert(0, factor.to_vec());
}

fn complement(factor: &mut [u8]) {
    factor.iter_mut().for_each(|byte| *byte = !*byte);
}

fn other(suite: Suite) -> Suite {
    match suite {
        Suite::TripleDes => Suite::Sm4,
        Suite::Sm4 => Suite::TripleDes,
    }
}
