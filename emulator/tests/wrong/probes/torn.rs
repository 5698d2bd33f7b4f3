//! Power that is lost in a debit, at every write of it.

use super::card::read_capp;
use crate::common::{Init, Kind};
use crate::script::{EP, Script};

pub fn purchase(s: &mut Script<'_>) {
    torn(s, Init::new(Kind::Purchase, EP, 250));
}

pub fn compound(s: &mut Script<'_>) {
    torn(s, Init::new(Kind::Capp, EP, 0x55));
}

/// What is found on the card after a tear: all of the transaction, nothing of it, or which parts.
fn torn(s: &mut Script<'_>, init: Init) {
    s.open();
    let before = s.lines.len();
    let begun = s.begin("INITIALIZE", init);
    if init.kind == Kind::Capp {
        for command in s.bench().cache(init.amount as u8) {
            s.quietly(command);
        }
    }
    s.lines.truncate(before);
    let command = s.bench().step(&begun).command;
    let clean = s.chip.clone();
    let mut found: Vec<String> = Vec::new();
    for write in 1.. {
        s.chip = clean.clone();
        s.chip.card.memory_mut().tear_at(Some(write));
        let done = s.chip.attempt(&command).is_some();
        s.chip.card.memory_mut().tear_at(None);
        s.chip.reset();
        s.select();
        s.verify();
        let state = parts(s, init);
        if !found.contains(&state) {
            found.push(state);
        }
        if done || write > 100 {
            break;
        }
    }
    found.sort();
    s.lines.push(("states after a tear".to_owned(), found.join(", or ")));
}

fn parts(s: &mut Script<'_>, init: Init) -> String {
    let mut parts = Vec::new();
    if s.quietly("805C 0002 04").data != 10_000_u32.to_be_bytes() {
        parts.push("balance");
    }
    let proof = format!("805A 00{:02X} 02 0001 08", init.type_byte());
    if s.quietly(proof).status == 0x9000 {
        parts.push("proof");
    }
    let log = s.profile.application().unwrap().log.unwrap();
    let logs = [Some(log.purchase), log.other_city];
    if logs.into_iter().flatten().any(|sfi| {
        let read = format!("00B2 01{:02X} 17", sfi << 3 | 4);
        s.quietly(read).status == 0x9000
    }) {
        parts.push("log");
    }
    let record = s.quietly(read_capp(s, 1)).data;
    if record.last().is_some_and(|last| *last != 0) {
        parts.push("record");
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" and ") }
}
