//! Transactions, what they write, and what ends them.

use super::card::{capp_file, read_capp};
use crate::common::{Init, Kind};
use crate::script::{ED, EP, Script};

const PURCHASE: Init = Init {
    kind: Kind::Purchase,
    purse: EP,
    key: 1,
    amount: 250,
    terminal: crate::common::TERMINAL,
};

fn ep(kind: Kind, amount: u32) -> Init {
    Init { kind, amount, ..PURCHASE }
}

pub fn purchase(s: &mut Script<'_>) {
    s.open();
    s.transact("purchase", PURCHASE);
    s.look("balance");
    s.begin("next", PURCHASE);
    s.begin("next load", ep(Kind::Load, 1));
}

pub fn given_up(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", PURCHASE);
    s.begin("INITIALIZE again", PURCHASE);
}

pub fn wrong_mac1(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    let mut command = s.bench().step(&begun).command;
    let first_of_mac = command.len() - 5;
    command[first_of_mac] ^= 0x80;
    s.say("DEBIT, first byte of MAC1 wrong", command);
    s.look("balance");
}

pub fn nearly_right_mac1(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    s.finish_wrongly("DEBIT, last byte of MAC1 wrong", &begun);
    s.look("balance");
}

pub fn too_much(s: &mut Script<'_>) {
    s.open();
    s.transact("purchase of 100.01", ep(Kind::Purchase, 10_001));
    s.look("balance");
}

pub fn nothing(s: &mut Script<'_>) {
    s.open();
    s.transact("purchase", ep(Kind::Purchase, 0));
    s.transact("compound", ep(Kind::Capp, 0));
    s.begin("load", ep(Kind::Load, 0));
}

pub fn unknown_key(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE, key 7F", Init { key: 0x7F, ..PURCHASE });
}

pub fn end_of_serials(s: &mut Script<'_>) {
    s.open();
    s.chip.set("offline-serial", "0xFFFF");
    s.begin("INITIALIZE at FFFF", PURCHASE);
}

pub fn error_then_debit(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    s.finish_wrongly("DEBIT, wrong MAC1", &begun);
    s.finish("DEBIT", &begun);
}

pub fn debit_twice(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    let status = s.quietly(s.bench().step(&begun).command).status;
    s.lines.push(("DEBIT".to_owned(), format!("{status:04X}")));
    let status = s.quietly(s.bench().step(&begun).command).status;
    s.lines.push(("DEBIT again".to_owned(), format!("{status:04X}")));
}

/// The status word of a debit behind another command.
fn debit_behind(s: &mut Script<'_>, command: &str) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    s.quietly(command);
    let status = s.quietly(s.bench().step(&begun).command).status;
    s.lines.push(("DEBIT".to_owned(), format!("{status:04X}")));
}

pub fn read_then_debit(s: &mut Script<'_>) {
    debit_behind(s, "00B0 9500 08");
}

pub fn balance_then_debit(s: &mut Script<'_>) {
    debit_behind(s, "805C 0002 04");
}

pub fn proof_then_debit(s: &mut Script<'_>) {
    debit_behind(s, "805A 0006 02 0001 08");
}

pub fn select_then_debit(s: &mut Script<'_>) {
    let select = hex::encode(s.bench().select());
    debit_behind(s, &select);
}

pub fn reset_then_debit(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", PURCHASE);
    s.chip.reset();
    let status = s.quietly(s.bench().step(&begun).command).status;
    s.lines.push(("DEBIT".to_owned(), format!("{status:04X}")));
}

pub fn load(s: &mut Script<'_>) {
    s.open();
    s.transact("load", ep(Kind::Load, 500));
    s.look("balance");
    s.begin("next", ep(Kind::Load, 500));
}

pub fn wrong_mac2(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", ep(Kind::Load, 500));
    let status = s.quietly(s.bench().step(&begun).with_wrong_mac()).status;
    s.lines.push(("CREDIT, wrong MAC2".to_owned(), format!("{status:04X}")));
}

pub fn load_without_pin(s: &mut Script<'_>) {
    s.select();
    let status = s.quietly(ep(Kind::Load, 500).apdu()).status;
    s.lines.push(("INITIALIZE".to_owned(), format!("{status:04X}")));
}

pub fn load_too_much(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", ep(Kind::Load, 0x7FFF_FFFF));
}

pub fn load_overflow(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", ep(Kind::Load, 0xFFFF_FFFF));
    s.finish("CREDIT", &begun);
    s.look("balance");
}

pub fn unload(s: &mut Script<'_>) {
    if s.has(ED) {
        s.open();
        s.transact("unload", Init::new(Kind::Unload, ED, 500));
    }
}

pub fn unload_wrong_mac2(s: &mut Script<'_>) {
    if s.has(ED) {
        s.open();
        let begun = s.begin("INITIALIZE", Init::new(Kind::Unload, ED, 500));
        let status = s.quietly(s.bench().step(&begun).with_wrong_mac()).status;
        s.lines.push(("DEBIT, wrong MAC2".to_owned(), format!("{status:04X}")));
    }
}

/// The overdraft update of the purse that has one.
fn update(s: &Script<'_>, limit: u32) -> Option<Init> {
    let directory = s.profile.application().unwrap();
    let purse = directory.purses.iter().find(|purse| purse.overdraft.is_some())?;
    Some(Init::new(Kind::Update, purse.kind, limit))
}

pub fn overdraft(s: &mut Script<'_>) {
    let Some(update) = update(s, 3000) else { return };
    s.open();
    s.transact("update", update);
    let purchase = Init::new(Kind::Purchase, update.purse, 12_000);
    s.say("balance", format!("805C 00{:02X} 04", update.purse as u8));
    s.begin("purchase with overdraft", purchase);
}

pub fn overdraft_wrong_mac2(s: &mut Script<'_>) {
    let Some(update) = update(s, 3000) else { return };
    s.open();
    let begun = s.begin("INITIALIZE", update);
    let status = s.quietly(s.bench().step(&begun).with_wrong_mac()).status;
    s.lines.push(("UPDATE, wrong MAC2".to_owned(), format!("{status:04X}")));
}

pub fn overdraft_mac1(s: &mut Script<'_>) {
    let Some(update) = update(s, 3000) else { return };
    s.open();
    let key = if update.purse == ED { "ed.overdraft-limit" } else { "ep.overdraft-limit" };
    s.chip.set(key, "20.00");
    s.begin("INITIALIZE", update);
}

pub fn compound(s: &mut Script<'_>) {
    s.open();
    s.transact("compound", ep(Kind::Capp, 0x55));
    for number in 1..=2 {
        s.say(&format!("compound record {number}"), read_capp(s, number));
    }
    s.look("balance");
}

pub fn compound_given_up(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", ep(Kind::Capp, 0x55));
    for command in s.bench().cache(0x55) {
        s.quietly(command);
    }
    s.say("compound record 1", read_capp(s, 1));
}

pub fn compound_again(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", ep(Kind::Capp, 0x55));
    s.begin("INITIALIZE again", ep(Kind::Capp, 0x55));
}

pub fn compound_without_record(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", ep(Kind::Capp, 0x55));
    let status = s.quietly(s.bench().step(&begun).command).status;
    s.lines.push(("DEBIT".to_owned(), format!("{status:04X}")));
}

/// A record with everything behind its head in `fill`, whose length byte is off by `lie`, and which
/// is `cut` bytes too short.
fn record(s: &Script<'_>, id: u8, fill: u8, lie: u8, cut: usize) -> String {
    let (head, size) = match s.profile.rules.capp.id_width {
        2 => (format!("27{id:02X} {:02X} 01 01 00", 0x7D - cut as u8 + lie), 128),
        _ => (format!("{id:02X} {:02X} 00", 0x2E - cut as u8 + lie), 48),
    };
    let length = size - cut;
    let behind = length - head.replace(' ', "").len() / 2;
    let p2 = capp_file(s) << 3;
    format!("80DC {id:02X}{p2:02X} {length:02X} {head} {}", format!("{fill:02X}").repeat(behind))
}

pub fn compound_locked(s: &mut Script<'_>) {
    s.open();
    let sfi = capp_file(s);
    let lock = match s.profile.rules.capp.id_width {
        2 => format!("2701 7D 01 01 01 {}", "00".repeat(122)),
        _ => format!("01 2E 01 {}", "00".repeat(45)),
    };
    s.chip.set(&format!("record.{sfi:02X}.1"), &lock);
    s.begin("INITIALIZE", ep(Kind::Capp, 1));
    s.say("UPDATE CAPP DATA CACHE", record(s, 1, 0x11, 0, 0));
}

pub fn compound_short(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", ep(Kind::Capp, 1));
    s.quietly(record(s, 1, 0x77, 0, 0));
    s.finish("DEBIT", &begun);
    let begun = s.begin("INITIALIZE again", ep(Kind::Capp, 1));
    s.say("UPDATE CAPP DATA CACHE", record(s, 1, 0x11, 0, 20));
    s.finish("DEBIT again", &begun);
    s.say("compound record 1", read_capp(s, 1));
}

pub fn compound_lying(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", ep(Kind::Capp, 1));
    s.say("UPDATE CAPP DATA CACHE", record(s, 1, 0x11, 1, 0));
}

pub fn compound_second(s: &mut Script<'_>) {
    s.open();
    let begun = s.begin("INITIALIZE", ep(Kind::Capp, 1));
    s.say("UPDATE CAPP DATA CACHE, id 02", record(s, 2, 0x22, 0, 0));
    s.finish("DEBIT", &begun);
    s.say("compound record 1", read_capp(s, 1));
    s.say("compound record 2", read_capp(s, 2));
}

pub fn compound_too_many(s: &mut Script<'_>) {
    s.open();
    s.begin("INITIALIZE", ep(Kind::Capp, 1));
    for at in 1..=6 {
        s.say(&format!("UPDATE CAPP DATA CACHE {at}"), record(s, 1, 0x11, 0, 0));
    }
}

pub fn compound_rings(s: &mut Script<'_>) {
    if s.profile.rules.capp.id_width != 2 {
        return;
    }
    s.open();
    for at in 1..=2 {
        s.transact(&format!("compound {at}"), ep(Kind::Capp, at));
    }
    s.say("trip record 1", "00B2 01F4 00");
    s.say("trip record 2", "00B2 02F4 00");
}

/// Files that hold logs.
fn logs(s: &Script<'_>) -> Vec<u8> {
    let log = s.profile.application().unwrap().log.unwrap();
    let mut logs = vec![log.purchase, log.load];
    logs.extend(log.other_city);
    logs.dedup();
    logs
}

fn read_logs(s: &mut Script<'_>, numbers: &[u8]) {
    for sfi in logs(s) {
        for number in numbers {
            let step = format!("log {sfi:02X} record {number}");
            s.say(&step, format!("00B2 {number:02X}{:02X} 17", sfi << 3 | 4));
        }
    }
}

/// A transaction whose answers are not looked at.
fn quietly(s: &mut Script<'_>, init: Init) {
    let before = s.lines.len();
    s.transact("", init);
    s.lines.truncate(before);
}

pub fn log(s: &mut Script<'_>) {
    s.open();
    for init in [ep(Kind::Load, 500), PURCHASE] {
        quietly(s, local(s, init));
    }
    read_logs(s, &[1, 2, 3]);
}

/// In the city of the card.
fn local(s: &Script<'_>, init: Init) -> Init {
    let public = s.profile.public_content(&s.profile.serial);
    let mut terminal = init.terminal;
    if s.profile.application().unwrap().log.unwrap().other_city.is_some() {
        terminal[..2].copy_from_slice(&public[2..4]);
    }
    Init { terminal, ..init }
}

pub fn log_of_compound(s: &mut Script<'_>) {
    s.open();
    quietly(s, local(s, ep(Kind::Capp, 0x55)));
    read_logs(s, &[1]);
}

pub fn full_log(s: &mut Script<'_>) {
    s.open();
    for amount in 1..=11 {
        quietly(s, local(s, ep(Kind::Purchase, amount)));
    }
    read_logs(s, &[1, 2, 10, 11]);
}

pub fn log_of_another_city(s: &mut Script<'_>) {
    s.open();
    quietly(s, Init { terminal: [0x77; 6], ..PURCHASE });
    read_logs(s, &[1]);
}

fn ask(s: &mut Script<'_>, step: &str, kind: u8, serial: u16) {
    s.say(step, format!("805A 00{kind:02X} 02 {serial:04X} 08"));
}

pub fn proof(s: &mut Script<'_>) {
    s.open();
    ask(s, "proof of nothing", 0x06, 1);
    quietly(s, PURCHASE);
    ask(s, "proof", 0x06, 1);
}

pub fn proof_twice(s: &mut Script<'_>) {
    s.open();
    quietly(s, PURCHASE);
    ask(s, "proof", 0x06, 1);
    ask(s, "proof again", 0x06, 1);
}

pub fn proof_after_reset(s: &mut Script<'_>) {
    s.open();
    quietly(s, PURCHASE);
    s.chip.reset();
    s.select();
    ask(s, "proof", 0x06, 1);
}

pub fn proof_of_another(s: &mut Script<'_>) {
    s.open();
    quietly(s, PURCHASE);
    ask(s, "by the serial before", 0x06, 0);
    ask(s, "by another serial", 0x06, 9);
    ask(s, "by another type", 0x02, 1);
}

pub fn proof_of_load(s: &mut Script<'_>) {
    s.open();
    quietly(s, ep(Kind::Load, 500));
    ask(s, "proof", 0x02, 1);
}

pub fn proof_of_second(s: &mut Script<'_>) {
    s.open();
    quietly(s, PURCHASE);
    quietly(s, PURCHASE);
    ask(s, "proof of the second", 0x06, 2);
    ask(s, "proof of the first", 0x06, 1);
}
