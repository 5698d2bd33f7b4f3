//! T=0, as terminals drive PSAMs, and contactless.

use emulator::Protocol;

use crate::common::{Bytes, over};
use crate::module::{Asked, Module, credit, crypt, deliver};

#[test]
fn over_t0_answers_wait_to_be_fetched_and_the_purchase_goes_on() {
    for (name, select) in [("psam-jtt978", "00A4000002 8011"), ("psam-cjt166", "00A4000002 1001")] {
        let mut module = Module::new(name);
        module.chip = over(module.chip.card.fork(), Protocol::T0);
        let selected = module.chip.send(select);
        assert_eq!(selected.status >> 8, 0x61);
        module.chip.ok(vec![0x00, 0xC0, 0x00, 0x00, selected.status as u8]);
        assert_eq!(module.chip.ok("00B0970001"), [1]);
        module.chip.refuses("00B0970000", 0x6C19);
        let asked = Asked::any(&module);
        // Over T=0 a command with data goes without Le.
        let apdu = asked.apdu();
        module.chip.refuses(&apdu[..apdu.len() - 1], 0x6108);
        let data = module.chip.ok("00C0000008");
        let made = crate::module::Initialized {
            serial: data[..4].try_into().unwrap(),
            mac1: data[4..].try_into().unwrap(),
        };
        let mac2 = module.mac2(&asked, made);
        module.chip.says(credit(&mac2), "9000");
        assert_eq!(module.next_serial(), 2, "fetching is no second purchase");
    }
}

#[test]
fn over_t0_macs_wait_too() {
    let mut module = Module::new("psam-jtt978");
    let mut twin = module.clone();
    twin.deliver(0x45, 0x01, &[[1; 8], [2; 8]]);
    let expected = twin.chip.ok(crypt(0x05, &[0x33; 24]));
    module.chip = over(module.chip.card.fork(), Protocol::T0);
    module.chip.send("00A4000002 8011");
    module.chip.says(deliver(0x45, 0x01, &[[1; 8], [2; 8]]), "9000");
    let mac = crypt(0x05, &[0x33; 24]);
    module.chip.refuses(&mac[..mac.len() - 1], 0x6104);
    assert_eq!(module.chip.ok("00C0000004"), expected);
    let first = crypt(0x07, &[0x33; 8]);
    module.chip.says(&first[..first.len() - 1], "9000");
    let last = crypt(0x01, &[0x33; 16]);
    module.chip.refuses(&last[..last.len() - 1], 0x6104);
    assert_eq!(module.chip.ok("00C0000004"), expected);
    let enciphered = crypt(0x00, &[0x33; 248]);
    module.chip.refuses(&enciphered[..enciphered.len() - 1], 0x61F8);
}

#[test]
fn every_protocol_gives_the_same_answers() {
    let module = Module::new("psam-jtt978-sm4");
    let asked = Asked::any(&module);
    let made = module.clone().initialize(&asked);
    for protocol in [Protocol::T1, Protocol::Contactless] {
        let mut chip = over(module.chip.card.fork(), protocol);
        chip.ok("00A4000002 8011");
        let expected = [made.serial, made.mac1].concat();
        assert_eq!(chip.ok(asked.apdu()), expected);
        assert_eq!(chip.card.atr().0[0], "3B".wire()[0]);
    }
}
