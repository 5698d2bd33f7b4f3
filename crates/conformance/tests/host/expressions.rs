//! What expressions are, and how they are refused.

use std::sync::Arc;

use applet_spec::{CommandId, FieldFormat};
use conformance::host::ValueFormat;
use conformance::{Expression, Operator, Send, Value, Written};

use crate::common::{Bench, bytes, call, literal, name, operation, value, with};

fn format(kind: FieldFormat, length: u16) -> ValueFormat {
    ValueFormat { kind, length: Some(length) }
}

#[test]
fn literals_are_read_by_their_format() {
    let bench = Bench::new("pboc");
    let host = bench.host();
    let read = |text: &str, format| {
        let read = host.expected(&Value::literal(text), format, None).ok()?;
        read.into_iter().collect::<Option<Vec<u8>>>().map(hex::encode)
    };
    let fen = format(FieldFormat::Fen, 4);
    assert_eq!(read("2.50", fen).unwrap(), "000000fa");
    assert_eq!(read("250fen", fen).unwrap(), "000000fa");
    assert_eq!(read("0xFA", fen).unwrap(), "000000fa");
    assert_eq!(read("250", fen), None);
    assert_eq!(read("167772.16", format(FieldFormat::Fen, 3)), None);
    assert_eq!(read("258", format(FieldFormat::Number, 2)).unwrap(), "0102");
    assert_eq!(read("0x0005", format(FieldFormat::Number, 2)).unwrap(), "0005");
    assert_eq!(read("65536", format(FieldFormat::Number, 2)), None);
    assert_eq!(read("20261122", format(FieldFormat::Date, 4)).unwrap(), "20261122");
    assert_eq!(read("2026112", format(FieldFormat::Date, 4)), None);
    assert_eq!(read("08 30 15", format(FieldFormat::Time, 3)).unwrap(), "083015");
    assert_eq!(read("01 0 a Ff", ValueFormat::BYTES).unwrap(), "010aff");
    assert_eq!(read("012", ValueFormat::BYTES), None);
    assert_eq!(read("zz", ValueFormat::BYTES), None);
    let free = host.expected(&Value::literal("01 ?? 03"), ValueFormat::BYTES, None).unwrap();
    assert_eq!(free, [Some(1), None, Some(3)]);
}

#[test]
fn operators_work_on_numbers_and_bytes() {
    let bench = Bench::new("pboc");
    let mut host = bench.host();
    let sent = host.command(&Send::new(CommandId::InitializeForPurchase)).unwrap();
    let answer = "00000064 00FF 000000 01 00 A1B2C3D4".replace(' ', "");
    host.heard(&sent, apdu::StatusWord::OK, &hex::decode(answer).unwrap());
    let made = |expression| bytes(&host, expression).map(hex::encode).ok();
    let op = operation;
    assert_eq!(made(op(Operator::Plus, name("serial"), literal("1"))).unwrap(), "0100");
    assert_eq!(made(op(Operator::Minus, name("balance"), literal("0.99"))).unwrap(), "00000001");
    assert_eq!(made(op(Operator::Minus, name("balance"), literal("1.01"))), None);
    assert_eq!(made(op(Operator::Plus, name("serial"), literal("0xFFFF"))), None);
    assert_eq!(made(op(Operator::Xor, name("random"), literal("00000001"))).unwrap(), "a1b2c3d5");
    assert_eq!(made(op(Operator::Xor, name("random"), literal("01"))), None);
    assert_eq!(made(op(Operator::Join, name("serial"), literal("AB"))).unwrap(), "00ffab");
    let slice = |from, to| Expression::Slice(Box::new(name("random")), from, to);
    assert_eq!(made(slice(1, 3)).unwrap(), "b2c3");
    assert_eq!(made(slice(3, 5)), None);
    assert_eq!(made(slice(3, 1)), None);
    let length = call("length", &[("of", name("random"))]);
    assert_eq!(made(length).unwrap(), "04");
    let repeat = call("repeat", &[("byte", literal("5A")), ("times", literal("3"))]);
    assert_eq!(made(repeat).unwrap(), "5a5a5a");
    assert_eq!(made(name("terminal")).unwrap(), "011000000001");
    assert_eq!(made(name("type")).unwrap(), "06");
}

#[test]
fn another_input_makes_another_code() {
    let bench = Bench::new("pboc");
    let mut host = bench.host();
    let sent = host.command(&Send::new(CommandId::InitializeForLoad)).unwrap();
    let answer = "00000064 0001 01 00 A1B2C3D4 00000000".replace(' ', "");
    host.heard(&sent, apdu::StatusWord::OK, &hex::decode(answer).unwrap());
    let right = bytes(&host, call("mac1", &[])).unwrap();
    for (input, same, other) in [
        ("amount", "1.00", "1.01"),
        ("balance", "1.00", "100.00"),
        ("serial", "1", "2"),
        ("random", "A1B2C3D4", "A1B2C3D5"),
        ("type", "02", "01"),
        ("terminal", "011000000001", "011000000002"),
        ("key", "load", "purchase"),
    ] {
        let made = |text: &str| bytes(&host, call("mac1", &[(input, literal(text))])).unwrap();
        assert_eq!(made(same), right, "{input}");
        assert_ne!(made(other), right, "{input}");
    }
    let tac = bytes(&host, call("tac", &[])).unwrap();
    for (input, same, other) in [
        ("date", "20261122", "20261123"),
        ("time", "083015", "083016"),
        ("key", "tac", "load"),
        ("balance", "2.00", "1.00"),
    ] {
        let made = |text: &str| bytes(&host, call("tac", &[(input, literal(text))])).unwrap();
        assert_eq!(made(same), tac, "{input}");
        assert_ne!(made(other), tac, "{input}");
    }
}

#[test]
fn errors_say_where_and_what_to_do() {
    let bench = Bench::new("jtt978");
    let mut host = bench.host();
    let written = Some(Written { origin: Arc::from("mine.toml"), line: 7, column: 12 });
    let said = |expression, expected: &str| {
        let value = Value { written: written.clone(), expression };
        let error = host.expected(&value, ValueFormat::BYTES, None).unwrap_err().to_string();
        assert!(error.starts_with("mine.toml:7:12: "), "{error}");
        assert!(error.contains(expected), "{error}");
    };
    said(name("rand"), "$rand was not captured: the step that captures it failed");
    said(call("mac1", &[]), "mac1() is of a transaction, and none was begun");
    said(call("sm", &[]), "send get-challenge before");
    said(call("mac9", &[]), "there is no mac9(): there is mac1(), mac2()");
    said(call("kcv", &[("colour", literal("01"))]), "kcv() takes no colour: it takes key, index");
    said(call("kcv", &[("key", literal("unload"))]), "the profile has no unload key");
    said(call("kcv", &[("key", literal("door"))]), "it is no key: write a kind of key");
    said(call("encipher", &[]), "encipher() needs data: write encipher(data=..)");
    said(call("right-code", &[]), "the profile has no check of identification codes");
    let wrong = with(CommandId::GetTransactionProof, &[("colour", "01")]);
    let error = host.command(&wrong).err().unwrap().to_string();
    assert!(error.contains("no field 'colour': it has 'transaction serial'"), "{error}");
    let free = host.raw(&Value::literal("00 84 00 00 ??")).err().unwrap().to_string();
    assert!(free.contains("?? stands for any byte only in what must come back"), "{free}");
    let body = Send {
        body: Some(value(call("repeat", &[("byte", literal("00")), ("times", literal("300"))]))),
        ..Send::new(CommandId::UpdateBinary)
    };
    assert_eq!(host.command(&body).unwrap().bytes.len(), 307, "an extended command");
}

#[test]
fn a_case_may_bring_its_own_key_and_its_own_mac() {
    let bench = Bench::new("pboc");
    let mut host = bench.host();
    let own = "00112233445566778899AABBCCDDEEFF";
    let kcv = |key| bytes(&host, call("kcv", &[("key", key)]));
    let joined = operation(Operator::Join, literal(&own[..16]), literal(&own[16..]));
    let suite = bench.profile.rules.suite;
    let key = crypto::Key::new(&hex::decode(own).unwrap()).unwrap();
    assert_eq!(kcv(literal(own)).unwrap(), key.check_value(suite).0);
    assert_eq!(kcv(joined).unwrap(), key.check_value(suite).0);
    let refused = kcv(literal(&own[..30])).unwrap_err().to_string();
    assert!(!refused.contains(&own[..8]), "a key is not shown: {refused}");

    let fields = [("data", "11"), ("secure messaging MAC", "01020304")];
    let said =
        Send { protect: Some(conformance::Protect::Mac), ..with(CommandId::UpdateBinary, &fields) };
    assert!(host.command(&said).unwrap().bytes.ends_with(&[0x05, 0x11, 1, 2, 3, 4]));
    let plain = Send { protect: None, ..said };
    assert!(host.command(&plain).is_err(), "a command that is not protected has no MAC");
}

#[test]
fn every_call_of_the_language_is_made() {
    let bench = Bench::new("pboc");
    let host = bench.host();
    for form in conformance::expression::CALLS {
        let error = bytes(&host, call(form.name, &[])).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(!error.contains("there is no"), "{}: {error}", form.name);
    }
    for known in conformance::expression::NAMES {
        let error = bytes(&host, name(known)).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(!error.contains("was not captured"), "{known}: {error}");
    }
}
