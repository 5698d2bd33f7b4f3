//! PINs, keys, secure messaging, blocking.

use applet_spec::KeyKind;
use crypto::{authentication_cryptogram, encipher, pin_reload_mac};

use crate::common::{Init, Kind, spoilt};
use crate::script::{EP, MAINTENANCE, Script};

const RIGHT: &str = "0020 0000 03 123456";
const WRONG: &str = "0020 0000 03 654321";
/// UPDATE BINARY of four bytes of file 16.
const UPDATE: &str = "04D6 9600";
const DATA: [u8; 4] = [0x01, 0x02, 0x03, 0x04];

pub fn wrong_pins(s: &mut Script<'_>) {
    s.select();
    for at in 1..=3 {
        s.say(&format!("wrong PIN {at}"), WRONG);
    }
    s.say("right PIN", RIGHT);
}

pub fn wrong_then_right_pin(s: &mut Script<'_>) {
    s.select();
    s.quietly(WRONG);
    s.quietly(RIGHT);
    let tries = s.chip.shown("pin-tries");
    s.lines.push(("tries left".to_owned(), tries));
}

pub fn wrong_pin_reset(s: &mut Script<'_>) {
    s.select();
    s.quietly(WRONG);
    s.chip.reset();
    s.select();
    let tries = s.chip.shown("pin-tries");
    s.lines.push(("tries left".to_owned(), tries));
}

pub fn nearly_right_pin(s: &mut Script<'_>) {
    s.select();
    s.say("VERIFY, last byte wrong", "0020 0000 03 123457");
}

pub fn right_then_wrong_pin(s: &mut Script<'_>) {
    s.open();
    s.quietly(WRONG);
    let status = s.quietly(Init::new(Kind::Load, EP, 1).apdu()).status;
    s.lines.push(("INITIALIZE FOR LOAD".to_owned(), format!("{status:04X}")));
}

pub fn change_pin(s: &mut Script<'_>) {
    s.select();
    s.say("CHANGE PIN, wrong old PIN", "805E 0100 07 654321 FF 111111");
    s.say("CHANGE PIN", "805E 0100 07 123456 FF 222222");
    s.say("new PIN", "0020 0000 03 222222");
}

pub fn reload_pin(s: &mut Script<'_>) {
    s.select();
    let keys = &s.bench().keys;
    let (suite, key) =
        keys.key(KeyKind::PinReset, keys.first_index(KeyKind::PinReset).unwrap()).unwrap();
    let mac = pin_reload_mac(suite, key, &[0x33, 0x33, 0x33]);
    let right = format!("805E 0000 07 333333 {mac}");
    s.say("RELOAD PIN, wrong MAC", "805E 0000 07 444444 00000000");
    s.say("RELOAD PIN", right);
    s.say("new PIN", "0020 0000 03 333333");
}

pub fn unblock_pin(s: &mut Script<'_>) {
    s.select();
    let keys = &s.bench().keys;
    let kind = KeyKind::PinUnblock;
    let (suite, key) = keys.key(kind, keys.first_index(kind).unwrap()).unwrap();
    let enciphered = encipher(suite, key, &[0x12, 0x34, 0x56]);
    s.secured("PIN UNBLOCK of a PIN that is not blocked", "8424 0000", &enciphered, kind);
    s.chip.set("pin-tries", "0");
    s.secured("PIN UNBLOCK", "8424 0000", &enciphered, kind);
    s.say("right PIN", RIGHT);
}

/// EXTERNAL AUTHENTICATE with the application's master key.
fn authenticate(s: &mut Script<'_>, step: &str, right: bool) {
    let challenge = s.quietly("0084 0000 08").data;
    let keys = &s.bench().keys;
    let (suite, key) = keys.key(KeyKind::ApplicationMaster, 0).unwrap();
    let fold = s.profile.rules.fold_authentication;
    let cryptogram = authentication_cryptogram(suite, key, &challenge, fold);
    let command = [&[0x00, 0x82, 0x00, 0x00, cryptogram.len() as u8], &cryptogram[..]].concat();
    s.say(step, if right { command } else { spoilt(command) });
}

pub fn authentication(s: &mut Script<'_>) {
    s.select();
    authenticate(s, "EXTERNAL AUTHENTICATE", true);
}

pub fn wrong_authentication(s: &mut Script<'_>) {
    s.select();
    authenticate(s, "wrong", false);
    authenticate(s, "right", true);
    authenticate(s, "wrong again", false);
}

pub fn plain_update(s: &mut Script<'_>) {
    s.select();
    s.say("UPDATE BINARY", "00D6 9600 01 AA");
}

pub fn protected_update(s: &mut Script<'_>) {
    s.select();
    s.secured("UPDATE BINARY", UPDATE, &DATA, MAINTENANCE);
    s.say("READ BINARY", "00B0 9600 04");
}

pub fn wrong_mac(s: &mut Script<'_>) {
    s.select();
    let command = spoilt(s.secured_command(UPDATE, &DATA, MAINTENANCE));
    s.say("UPDATE BINARY, wrong MAC", command);
    let tries = tries(s);
    s.lines.push(("tries left".to_owned(), tries));
}

fn tries(s: &Script<'_>) -> String {
    let index = s.bench().keys.first_index(MAINTENANCE).unwrap();
    s.chip.shown(&format!("key-tries.maintenance.{index}"))
}

pub fn three_wrong_macs(s: &mut Script<'_>) {
    s.open();
    for at in 1..=3 {
        let command = spoilt(s.secured_command(UPDATE, &DATA, MAINTENANCE));
        s.say(&format!("wrong MAC {at}"), command);
    }
    s.look("balance");
}

pub fn wrong_then_right_mac(s: &mut Script<'_>) {
    s.select();
    let command = spoilt(s.secured_command(UPDATE, &DATA, MAINTENANCE));
    s.quietly(command);
    let command = s.secured_command(UPDATE, &DATA, MAINTENANCE);
    s.quietly(command);
    let tries = tries(s);
    s.lines.push(("tries left".to_owned(), tries));
}

pub fn no_challenge(s: &mut Script<'_>) {
    s.select();
    let command = s.secured_with(&[0; 8], UPDATE, &DATA, MAINTENANCE);
    s.say("UPDATE BINARY", command);
}

pub fn old_challenge(s: &mut Script<'_>) {
    s.select();
    let command = s.secured_command(UPDATE, &DATA, MAINTENANCE);
    s.quietly("805C 0002 04");
    s.say("UPDATE BINARY", command);
}

pub fn blocked(s: &mut Script<'_>) {
    s.open();
    s.secured("APPLICATION BLOCK", "841E 0000", &[], MAINTENANCE);
    s.say("SELECT", s.bench().select());
    s.say("INITIALIZE FOR PURCHASE", Init::new(Kind::Purchase, EP, 1).apdu());
    s.secured("APPLICATION UNBLOCK", "8418 0000", &[], MAINTENANCE);
    s.look("balance");
}

pub fn blocked_reset(s: &mut Script<'_>) {
    s.open();
    let command = s.secured_command("841E 0000", &[], MAINTENANCE);
    s.quietly(command);
    s.chip.reset();
    s.select();
    s.look("balance after reset");
}

pub fn block_wrongly(s: &mut Script<'_>) {
    s.open();
    s.secured_wrongly("APPLICATION BLOCK, wrong MAC", "841E 0000", MAINTENANCE);
    s.look("balance");
}

pub fn unblock_wrongly(s: &mut Script<'_>) {
    s.open();
    s.secured("APPLICATION BLOCK", "841E 0000", &[], MAINTENANCE);
    s.secured_wrongly("APPLICATION UNBLOCK, wrong MAC", "8418 0000", MAINTENANCE);
    s.look("balance");
}

pub fn blocked_for_ever(s: &mut Script<'_>) {
    s.open();
    s.secured("APPLICATION BLOCK", "841E 0001", &[], MAINTENANCE);
    s.look("balance");
    s.secured("APPLICATION UNBLOCK", "8418 0000", &[], MAINTENANCE);
    s.look("balance after unblocking");
}

pub fn blocked_card(s: &mut Script<'_>) {
    s.open();
    s.secured("CARD BLOCK", "8416 0000", &[], MAINTENANCE);
    s.say("SELECT of the MF", "00A4 0000 02 3F00");
}
