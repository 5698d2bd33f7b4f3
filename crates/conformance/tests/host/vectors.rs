//! Known answers: what the host makes of published and derived transactions.

use apdu::StatusWord;
use applet_spec::vectors::{self, Vector, VectorKind};
use applet_spec::{CommandId, KeyKind, Profile, PurseKind};
use conformance::host::{Host, Prepared};
use conformance::{Expression, Protect, Send, TerminalConfig, Value};
use crypto::custody::{HeldKeys, Secrecy};
use crypto::{Key, Suite};

use crate::common::{Bench, bytes, call, literal, value, with};

/// A family whose cards have the keys of a vector as they are: no factors.
struct Keyed {
    bench: Bench,
    custody: HeldKeys,
}

impl Keyed {
    fn new(vector: &Vector) -> Self {
        let sm4 = vector.suite == Some(Suite::Sm4);
        let known = Profile::built_in(&vector.profile).filter(|known| known.psam.is_none());
        let family = known.map_or("pboc", |known| known.name.as_str());
        let base = match sm4 && !family.ends_with("-sm4") {
            true => format!("{family}-sm4"),
            false => family.to_owned(),
        };
        let bench = Bench::with(&base, "factors = []\n");
        let mut custody = HeldKeys::new("keys of a vector");
        let key = vector.output("key").or(vector.input("key"));
        let profile = &bench.profile;
        for directory in &profile.directories {
            for spec in &directory.keys {
                let value = match spec.kind {
                    KeyKind::Tac => vector.input("tac-key").or(key),
                    _ => key,
                };
                let name = profile.custody_name(directory, spec);
                let value = Key::new(value.expect("a key")).unwrap();
                custody.insert(name, spec.suite, value, Secrecy::Public);
            }
        }
        Self { bench, custody }
    }

    fn host(&self, vector: &Vector) -> Host<'_> {
        let usual = TerminalConfig::default();
        let terminal = TerminalConfig {
            number: input(vector, "terminal").unwrap_or(usual.number),
            serial: input(vector, "terminal-serial").map_or(usual.serial, u32::from_be_bytes),
            date: input(vector, "date").unwrap_or(usual.date),
            time: input(vector, "time").unwrap_or(usual.time),
        };
        Host::new(&self.bench.profile, &self.custody, &terminal)
    }
}

fn input<const N: usize>(vector: &Vector, name: &str) -> Option<[u8; N]> {
    Some(vector.input(name)?.try_into().expect("its length"))
}

fn amount(vector: &Vector) -> String {
    let fen = input(vector, "amount").map_or(0, u32::from_be_bytes);
    format!("{fen}fen")
}

/// The last four bytes of the data of a command with or without Le.
fn last_mac(prepared: &Prepared) -> [u8; 4] {
    let apdu = apdu::CommandApdu::new(&prepared.bytes);
    *apdu.data().last_chunk().expect("a MAC")
}

fn code(host: &Host<'_>, name: &str) -> Vec<u8> {
    bytes(host, call(name, &[])).unwrap_or_else(|error| panic!("{error}"))
}

/// INITIALIZE answered as the vector has it.
fn begin(
    host: &mut Host<'_>,
    vector: &Vector,
    command: CommandId,
    purse: PurseKind,
    answer: &[&[u8]],
) {
    let mut send = with(command, &[("amount", &amount(vector))]);
    if command == CommandId::InitializeForUpdate {
        send.fields.clear();
    }
    send.purse = Some(purse);
    let sent = host.command(&send).unwrap();
    host.heard(&sent, StatusWord::OK, &answer.concat());
}

#[test]
fn every_purchase_vector_comes_out() {
    let mut seen = 0;
    for vector in vectors::all().iter().filter(|vector| vector.kind == VectorKind::Purchase) {
        let keyed = Keyed::new(vector);
        let mut host = keyed.host(vector);
        if let Some(code) = vector.input("identification-code") {
            let sent = host.command(&Send::new(CommandId::GetIdentificationCode)).unwrap();
            host.heard(&sent, StatusWord::OK, code);
        }
        let (command, purse) = match vector.input("type").unwrap() {
            [0x04] => (CommandId::InitializeForCashWithdrawal, PurseKind::Deposit),
            [0x05] => (CommandId::InitializeForPurchase, PurseKind::Deposit),
            [0x06] => (CommandId::InitializeForPurchase, PurseKind::Purse),
            [0x09] => (CommandId::InitializeForCappPurchase, PurseKind::Purse),
            other => panic!("{other:?}"),
        };
        let (serial, random) =
            (vector.input("offline-serial").unwrap(), vector.input("random").unwrap());
        begin(&mut host, vector, command, purse, &[&[0; 4], serial, &[0; 3], &[1, 0], random]);
        let sent = host.command(&Send::new(CommandId::DebitForPurchase)).unwrap();
        assert_eq!(last_mac(&sent), vector.output("mac1").unwrap(), "{}", vector.id);
        assert_eq!(code(&host, "tac"), vector.output("tac").unwrap(), "{}", vector.id);
        assert_eq!(code(&host, "mac2"), vector.output("mac2").unwrap(), "{}", vector.id);
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn every_load_and_unload_vector_comes_out() {
    let mut seen = 0;
    for vector in vectors::all() {
        let (first, second, purse) = match (vector.kind, vector.input("type")) {
            (VectorKind::Load, Some([0x01])) => {
                let first = CommandId::InitializeForLoad;
                (first, CommandId::CreditForLoad, PurseKind::Deposit)
            }
            (VectorKind::Load, _) => {
                let first = CommandId::InitializeForLoad;
                (first, CommandId::CreditForLoad, PurseKind::Purse)
            }
            (VectorKind::Unload, _) => {
                let first = CommandId::InitializeForUnload;
                (first, CommandId::DebitForUnload, PurseKind::Deposit)
            }
            _ => continue,
        };
        let keyed = Keyed::new(vector);
        let mut host = keyed.host(vector);
        let input = |name| vector.input(name).unwrap();
        let answer = [input("balance"), input("online-serial"), &[1, 0], input("random"), &[0; 4]];
        begin(&mut host, vector, first, purse, &answer);
        for (name, wanted) in &vector.outputs {
            let made = match name.as_str() {
                "mac2" => last_mac(&host.command(&Send::new(second)).unwrap()).to_vec(),
                "mac1" | "mac3" | "tac" => code(&host, name),
                _ => continue,
            };
            assert_eq!(made, *wanted, "{name} of {}", vector.id);
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn the_overdraft_vector_comes_out() {
    let vector = vectors::find("d-overdraft").unwrap();
    let keyed = Keyed::new(vector);
    let mut host = keyed.host(vector);
    let input = |name| vector.input(name).unwrap();
    let answer = [
        input("balance"),
        input("online-serial"),
        input("old-limit"),
        &[1, 0],
        input("random"),
        &[0; 4],
    ];
    begin(&mut host, vector, CommandId::InitializeForUpdate, PurseKind::Deposit, &answer);
    assert_eq!(code(&host, "mac1"), vector.output("mac1").unwrap());
    let update = with(CommandId::UpdateOverdrawLimit, &[("new overdraft limit", "20.00")]);
    let sent = host.command(&update).unwrap();
    assert_eq!(last_mac(&sent), vector.output("mac2").unwrap());
    assert_eq!(code(&host, "tac"), vector.output("tac").unwrap());
}

/// The host after GET CHALLENGE gave the challenge of a vector, without its filling.
fn challenged<'k>(keyed: &'k Keyed, vector: &Vector) -> Host<'k> {
    let mut host = keyed.host(vector);
    let challenge = &vector.input("iv").unwrap()[..4];
    let sent = host.command(&Send::new(CommandId::GetChallenge)).unwrap();
    host.heard(&sent, StatusWord::OK, challenge);
    host
}

#[test]
fn secure_messaging_comes_out_in_commands_of_the_catalogue_and_in_bytes() {
    for id in ["klks-mac-update-binary", "d-sm4-sm-mac", "klks-mac-file05", "klks-mac-read-command"]
    {
        let vector = vectors::find(id).unwrap();
        let keyed = Keyed::new(vector);
        let mut host = challenged(&keyed, vector);
        let covered = vector.input("data").unwrap();
        let (header, data) = covered.split_first_chunk::<5>().unwrap();
        let command = match header[1] {
            0xB0 => CommandId::ReadBinary,
            _ => CommandId::UpdateBinary,
        };
        let parameter = |byte: u8| Some(Value::literal(format!("{byte:02X}")));
        let mut send = Send {
            p1: parameter(header[2]),
            p2: parameter(header[3]),
            protect: Some(Protect::Mac),
            ..Send::new(command)
        };
        if !data.is_empty() {
            send.fields = vec![("data".to_owned(), Value::literal(hex::encode(data)))];
        }
        let mac = vector.output("mac").unwrap();
        let sent = host.command(&send).unwrap();
        assert!(sent.bytes.starts_with(&[covered, mac].concat()), "{id}: {sent:?}");
        // The same command as bytes.
        let raw = crate::common::operation(
            conformance::Operator::Join,
            literal(&hex::encode(covered)),
            call("sm", &[]),
        );
        let sent = host.raw(&value(raw)).unwrap();
        assert_eq!(sent.bytes, [covered, mac].concat(), "{id}");
        assert_eq!(sent.command, Some(command));
    }
}

#[test]
fn a_blacklist_lock_has_the_mac_of_the_vector() {
    let vector = vectors::find("d-app-block-mac").unwrap();
    let keyed = Keyed::new(vector);
    let mut host = challenged(&keyed, vector);
    let sent = host.command(&Send::new(CommandId::ApplicationBlock)).unwrap();
    let covered = vector.input("data").unwrap();
    assert_eq!(sent.bytes, [covered, vector.output("mac").unwrap()].concat());
}

#[test]
fn pin_commands_have_the_codes_of_the_vectors() {
    let vector = vectors::find("d-reload-pin-mac").unwrap();
    let keyed = Keyed::new(vector);
    let mut host = keyed.host(vector);
    let sent = host.command(&with(CommandId::ReloadPin, &[("new PIN", "123456")])).unwrap();
    assert_eq!(last_mac(&sent), vector.output("mac").unwrap());
    assert_eq!(hex::encode_upper(&sent.bytes[..8]), "805E000007123456");

    let vector = vectors::find("d-pin-unblock-enc").unwrap();
    let keyed = Keyed::new(vector);
    let mut host = keyed.host(vector);
    let sent = host.command(&Send::new(CommandId::PinUnblock)).unwrap();
    assert_eq!(sent.bytes[5..13], *vector.output("out").unwrap());
}

#[test]
fn encipherment_mac_and_blocks_come_out_by_their_calls() {
    let hex = |vector: &Vector, name: &str| literal(&hex::encode(vector.input(name).unwrap()));
    for vector in vectors::all() {
        let (expression, wanted): (Expression, _) = match vector.kind {
            VectorKind::SecureEncrypt => {
                (call("encipher", &[("data", hex(vector, "data"))]), "out")
            }
            VectorKind::Mac if vector.input("iv").is_some() => {
                let inputs = [("data", hex(vector, "data")), ("challenge", hex(vector, "iv"))];
                (call("mac", &inputs), "mac")
            }
            VectorKind::Encrypt => (call("ecb", &[("data", hex(vector, "data"))]), "out"),
            _ => continue,
        };
        let keyed = Keyed::new(vector);
        let host = keyed.host(vector);
        let made =
            bytes(&host, expression).unwrap_or_else(|error| panic!("{}: {error}", vector.id));
        assert_eq!(made, vector.output(wanted).unwrap(), "{}", vector.id);
        if vector.kind == VectorKind::SecureEncrypt {
            let back = call("decipher", &[("data", literal(&hex::encode(&made)))]);
            assert_eq!(bytes(&host, back).unwrap(), vector.input("data").unwrap());
        }
    }
}

#[test]
fn a_card_key_is_diversified_as_in_the_vectors() {
    for id in ["d-capp-jtt978", "d-purchase-ep"] {
        let vector = vectors::find(id).unwrap();
        let factors = vector.factors();
        let keyed = Keyed::new(vector);
        let mut custody = HeldKeys::new("the master key of a vector");
        let profile = &keyed.bench.profile;
        let application = profile.application().unwrap();
        let spec = application.key(KeyKind::Purchase, 0x01).unwrap();
        let master = Key::new(vector.input("master").unwrap()).unwrap();
        let suite = spec.suite;
        custody.insert(profile.custody_name(application, spec), suite, master, Secrecy::Public);
        let host = Host::new(profile, &custody, &TerminalConfig::default());
        let inputs =
            [("key", literal("purchase")), ("factors", literal(&hex::encode(factors.concat())))];
        let key = Key::new(vector.output("key").unwrap()).unwrap();
        assert_eq!(bytes(&host, call("kcv", &inputs)).unwrap(), key.check_value(suite).0, "{id}");
    }
}
