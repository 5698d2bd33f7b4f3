//! What each piece of an input is called is what stands there.

use applet_spec::{Profile, PurseKind};
use diagnosis::{Card, Code, Field, Flow, Source, Transaction, Values, explain};
use purse::{Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time};

const BALANCE: [u8; 4] = [0x00, 0x10, 0x00, 0x01];
const AMOUNT: [u8; 4] = [0x00, 0x00, 0x02, 0x03];
const SERIAL: [u8; 2] = [0x04, 0x05];
const OLD_LIMIT: [u8; 3] = [0x00, 0x06, 0x07];
const NEW_LIMIT: [u8; 3] = [0x00, 0x08, 0x09];
const TERMINAL: [u8; 6] = [0x11, 0x12, 0x13, 0x14, 0x15, 0x16];
const TERMINAL_SERIAL: [u8; 4] = [0x21, 0x22, 0x23, 0x24];
const DATE: [u8; 4] = [0x31, 0x32, 0x33, 0x34];
const TIME: [u8; 3] = [0x41, 0x42, 0x43];
const CODE: [u8; 9] = [0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59];

/// A transaction in which no two fields have the same bytes.
fn transaction(profile: &Profile, flow: Flow, purse: PurseKind) -> Transaction {
    Transaction {
        place: None,
        flow,
        purse,
        transaction_type: flow.transaction_type(purse, &profile.rules),
        directory: profile.application().unwrap().fid,
        key_index: 1,
        key_version: None,
        algorithm: None,
        card: Card::of_profile(profile, profile.serial, Source::Given),
        values: Values {
            amount: Some(Amount::from_bytes(AMOUNT)),
            balance: Some(Amount::from_bytes(BALANCE)),
            serial: Some(u16::from_be_bytes(SERIAL)),
            old_limit: Some(Limit::from_bytes(OLD_LIMIT)),
            new_limit: Some(Limit::from_bytes(NEW_LIMIT)),
            random: Some([0x61; 4]),
            terminal: Some(TerminalId(TERMINAL)),
            terminal_serial: Some(TerminalSerial(TERMINAL_SERIAL)),
            date: Some(Date(DATE)),
            time: Some(Time(TIME)),
            code: Some(IdentificationCode(CODE)),
        },
        step: None,
        received: Vec::new(),
    }
}

fn bytes_of(field: Field, of: &Transaction) -> Vec<u8> {
    let [balance, amount] = [BALANCE, AMOUNT].map(u32::from_be_bytes);
    let after = match of.flow {
        Flow::Load => balance + amount,
        Flow::Overdraft => balance + 0x0809 - 0x0607,
        _ => balance - amount,
    };
    match field {
        Field::Balance => BALANCE.to_vec(),
        Field::BalanceAfter => after.to_be_bytes().to_vec(),
        Field::Serial => SERIAL.to_vec(),
        Field::Amount => AMOUNT.to_vec(),
        Field::OldLimit => OLD_LIMIT.to_vec(),
        Field::NewLimit => NEW_LIMIT.to_vec(),
        Field::Type => vec![of.transaction_type as u8],
        Field::Terminal => TERMINAL.to_vec(),
        Field::TerminalSerial => TERMINAL_SERIAL.to_vec(),
        Field::Date => DATE.to_vec(),
        Field::Time => TIME.to_vec(),
        Field::IdentificationCode => CODE.to_vec(),
    }
}

#[test]
fn every_piece_of_every_code_is_called_what_it_is() {
    for flow in Flow::ALL {
        // Only city cards have compound purchases, and only those of banks unload.
        let (family, purse) = match flow {
            Flow::Capp => ("cjt166", PurseKind::Purse),
            _ => ("pboc", PurseKind::Deposit),
        };
        let profile = Profile::find(family).unwrap();
        let custody = profile.lab_custody();
        let of = transaction(&profile, flow, purse);
        let explained = explain(&profile, &custody, &of);
        let codes: Vec<Code> = explained.iter().map(|one| one.code).collect();
        assert_eq!(codes, flow.codes());
        for one in explained {
            let making = one.made.unwrap();
            for piece in &making.input {
                let place = format!("{flow:?} {:?} {:?}", one.code, piece.what);
                assert_eq!(piece.bytes, bytes_of(piece.what, &of), "{place}");
                assert_eq!(piece.bytes.len(), piece.what.width(), "{place}");
            }
        }
    }
}
