//! Selection, files, form of commands.

use crate::common::{Begun, Bytes, Init, Kind};
use crate::script::{ED, EP, Script};

pub fn name(s: &mut Script<'_>) {
    s.say("SELECT by name", s.bench().select());
}

pub fn cut_name(s: &mut Script<'_>) {
    let mut command = s.bench().select();
    command.pop();
    command[4] -= 1;
    s.say("SELECT by the beginning of the name", command);
}

pub fn pin_select_load(s: &mut Script<'_>) {
    s.open();
    s.select();
    s.say("INITIALIZE FOR LOAD", Init::new(Kind::Load, EP, 1).apdu());
}

pub fn shorter_reads(s: &mut Script<'_>) {
    s.open();
    s.say("READ BINARY, 8 bytes", "00B0 9500 08");
    s.say("READ RECORD, 4 bytes", format!("00B2 01{:02X} 04", capp_file(s) << 3 | 4));
}

pub fn beyond_the_end(s: &mut Script<'_>) {
    s.open();
    s.say("READ BINARY", "00B0 95F0 04");
}

pub fn no_such_record(s: &mut Script<'_>) {
    s.open();
    s.say("READ RECORD of an empty log", "00B2 01C4 17");
}

pub fn record_by_id(s: &mut Script<'_>) {
    s.open();
    s.say("READ RECORD, id 02", format!("00B2 02{:02X} 00", capp_file(s) << 3));
}

pub fn balance_forms(s: &mut Script<'_>) {
    s.open();
    if s.profile.rules.balance_p1.len() > 1 {
        s.chip.set("ep.overdraft-limit", "30.00");
    }
    s.say("P1 00", "805C 0002 04");
    for p1 in 1..=5 {
        s.say(&format!("P1 {p1:02X}"), format!("805C {p1:02X}02 00"));
    }
}

pub fn deposit_without_pin(s: &mut Script<'_>) {
    if s.has(ED) {
        s.select();
        s.say("GET BALANCE", "805C 0001 04");
        s.say("INITIALIZE FOR PURCHASE", Init::new(Kind::Purchase, ED, 0).apdu());
    }
}

pub fn class(s: &mut Script<'_>) {
    s.open();
    s.say("GET BALANCE, class 90", "905C 0002 04");
}

pub fn parameters(s: &mut Script<'_>) {
    s.open();
    s.say("VERIFY, P1 55", "0020 5500 03 123456");
}

pub fn too_long(s: &mut Script<'_>) {
    s.open();
    s.say("INITIALIZE FOR PURCHASE, a byte more", {
        let mut command = Init::new(Kind::Purchase, EP, 1).apdu();
        command[4] += 1;
        command.insert(5 + 11, 0xAA);
        command
    });
}

pub fn instruction(s: &mut Script<'_>) {
    s.open();
    s.say("8077", "8077 0000");
}

pub fn randoms(s: &mut Script<'_>) {
    s.open();
    let first = s.quietly("0084 0000 04");
    let second = s.quietly("0084 0000 04");
    s.lines.push(("two challenges are the same".to_owned(), (first == second).to_string()));
    let first = s.quietly(Init::new(Kind::Purchase, EP, 1).apdu());
    let second = s.quietly(Init::new(Kind::Purchase, EP, 1).apdu());
    let same = !first.data.is_empty() && first.data.get(11..) == second.data.get(11..);
    s.lines.push(("two randoms are the same".to_owned(), same.to_string()));
}

/// Purchases with and without the code, and what the code is.
pub fn code(s: &mut Script<'_>) {
    s.open();
    s.transact("before", Init::new(Kind::Purchase, EP, 1));
    let code = s.say("GET IDENTIFICATION CODE", "80CA 0000 09").data;
    let begun = s.begin("INITIALIZE", Init::new(Kind::Purchase, EP, 1));
    let code = <[u8; 9]>::try_from(code).ok();
    s.finish("DEBIT with the code", &Begun { code, ..begun });
}

pub fn code_select(s: &mut Script<'_>) {
    s.open();
    s.quietly("80CA 0000 09");
    s.select();
    s.transact("after SELECT", Init::new(Kind::Purchase, EP, 1));
}

/// The file of compound purchase records.
pub fn capp_file(s: &Script<'_>) -> u8 {
    s.profile.rules.capp.default_sfi
}

/// A read of a compound purchase record.
pub fn read_capp(s: &Script<'_>, number: u8) -> Vec<u8> {
    format!("00B2 {number:02X}{:02X} 00", capp_file(s) << 3 | 4).wire()
}
