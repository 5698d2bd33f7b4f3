//! The PSAM.

use crate::common::Bytes;
use crate::module::{Asked, Initialized, Module, deliver};
use crate::script::Script;

/// The PSAM of the script, as the helpers of its own tests know it.
fn module(s: &Script<'_>) -> Module {
    Module { profile: s.profile.clone(), chip: s.chip.clone() }
}

fn select(s: &mut Script<'_>) {
    let [high, low] = s.profile.sam_application().unwrap().fid.to_be_bytes();
    s.quietly(vec![0x00, 0xA4, 0x00, 0x00, 0x02, high, low]);
}

/// What a terminal asks with a card of the family.
fn asked(s: &Script<'_>, kind: u8) -> Asked {
    let served = s.profile.served().unwrap();
    let mut factors = served.factors_for(&served.serial);
    factors.reverse();
    let key = served.application().unwrap();
    let key = key.key(applet_spec::KeyKind::Purchase, 1).unwrap();
    Asked {
        random: [0x11, 0x22, 0x33, 0x44],
        serial: 7,
        amount: 250,
        kind,
        version: key.version,
        algorithm: key.algorithm_id,
        factors,
    }
}

fn initialize(s: &mut Script<'_>, step: &str, asked: &Asked) -> Initialized {
    let data = s.say(step, asked.apdu()).data;
    let part = |at: usize| data.get(at..at + 4).and_then(|part| part.try_into().ok());
    Initialized { serial: part(0).unwrap_or_default(), mac1: part(4).unwrap_or_default() }
}

fn credit(s: &mut Script<'_>, step: &str, mac2: [u8; 4]) {
    s.say(step, [&[0x80, 0x72, 0x00, 0x00, 0x04], &mac2[..]].concat());
}

pub fn purchase(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x06);
    let made = initialize(s, "8070", &asked);
    let mac2 = module(s).mac2(&asked, made);
    credit(s, "8072", mac2);
    initialize(s, "8070 again", &asked);
}

pub fn compound(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x09);
    initialize(s, "8070, type 09", &asked);
}

pub fn wrong_mac2(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x06);
    initialize(s, "8070", &asked);
    credit(s, "8072, wrong MAC2", [0; 4]);
}

pub fn mac2_again(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x06);
    let made = initialize(s, "8070", &asked);
    let mac2 = module(s).mac2(&asked, made);
    credit(s, "8072, wrong MAC2", [0; 4]);
    credit(s, "8072", mac2);
}

pub fn given_up(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x06);
    initialize(s, "8070", &asked);
    initialize(s, "8070 again", &asked);
}

pub fn unknown_version(s: &mut Script<'_>) {
    select(s);
    let asked = asked(s, 0x06);
    initialize(s, "8070, version 7F", &Asked { version: 0x7F, ..asked });
}

pub fn end_of_serials(s: &mut Script<'_>) {
    select(s);
    s.chip.set("terminal-serial", "0xFFFFFFFF");
    let asked = asked(s, 0x06);
    initialize(s, "8070 at FFFFFFFF", &asked);
}

/// Delivers the key of file updates, or of the blacklist lock.
fn deliver_key(s: &mut Script<'_>) {
    let application = s.profile.sam_application().unwrap();
    let key = application.sam_keys.iter().find(|key| key.usage.0 & 0x1F == 0x05).unwrap();
    let (usage, number) = (key.usage.0, key.number());
    let factors = asked(s, 0x06).factors;
    let command = deliver(usage, number, &factors);
    s.say("801A", command);
}

/// A MAC over whole blocks.
fn crypt(s: &mut Script<'_>) {
    let block = s.profile.sam_application().unwrap().sam_keys[0].suite.block();
    let data = format!("{}{}", "00".repeat(block), "5A".repeat(2 * block)).wire();
    s.say("80FA", [&[0x80, 0xFA, 0x05, 0x00, data.len() as u8], &data[..]].concat());
}

pub fn key(s: &mut Script<'_>) {
    select(s);
    deliver_key(s);
    crypt(s);
}

pub fn key_select(s: &mut Script<'_>) {
    select(s);
    deliver_key(s);
    select(s);
    crypt(s);
}

pub fn right_code(s: &mut Script<'_>) {
    select(s);
    let code = s.profile.served().unwrap().authentication_code;
    let code = code.unwrap_or([0x55; 9]);
    s.say("80CA", [&[0x80, 0xCA, 0x00, 0x00, 0x09], &code[..]].concat());
    let asked = asked(s, 0x06);
    initialize(s, "8070", &asked);
}

pub fn wrong_code(s: &mut Script<'_>) {
    select(s);
    s.say("80CA", format!("80CA 0000 09 {}", "55".repeat(9)));
}
