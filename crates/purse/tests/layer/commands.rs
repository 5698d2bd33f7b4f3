//! What the host can say is exactly what the card can understand.

use apdu::CommandApdu;
use applet_spec::{Catalogue, CommandSet, Rules, vectors};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use purse::{
    Amount, Command, Date, Debit, FileRef, Initialize, PurseCommand, RecordRef, TerminalId,
    TerminalSerial, Time,
};

use crate::{bytes, rules, strategy};

/// The ways a host may write a command: short and extended; with and without Le, where Le is no
/// part of what the command says.
fn encodings(command: &PurseCommand) -> Vec<Vec<u8>> {
    let apdu = command.to_apdu();
    let le_is_said = matches!(
        command,
        PurseCommand::ReadBinary { .. }
            | PurseCommand::ReadRecord { .. }
            | PurseCommand::GetChallenge { .. }
            | PurseCommand::GetResponse { .. }
    );
    let all = if le_is_said {
        vec![apdu]
    } else {
        let mut without = apdu.clone();
        without.ne = None;
        vec![apdu.clone(), without, apdu.ne(0x100)]
    };
    all.iter()
        .flat_map(|apdu| [apdu.to_bytes().unwrap(), apdu.to_extended_bytes().unwrap()])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_a_host_says_a_card_understands((command, rules) in strategy::command()) {
        for bytes in encodings(&command) {
            let understood = PurseCommand::parse(&CommandApdu::new(&bytes), rules);
            prop_assert_eq!(understood.as_ref(), Ok(&command), "{:02X?}", bytes);
        }
    }
}

proptest! {
    #[test]
    fn what_a_host_says_to_a_psam_or_a_card_that_is_built_is_understood(
        command in prop_oneof![
            strategy::psam_command().prop_map(Command::from),
            strategy::issuing_command().prop_map(Command::from),
            strategy::command().prop_map(|(command, _)| Command::from(command)),
        ],
    ) {
        let sets = [CommandSet::Purse, CommandSet::Psam, CommandSet::Fmcos];
        for set in sets {
            let rules = Rules { commands: set, ..rules("pboc-sm4").clone() };
            let bytes = command.to_apdu().to_bytes().unwrap();
            let understood = Command::parse(&CommandApdu::new(&bytes), &rules);
            match Catalogue::of(set).command(command.id()) {
                Some(_) => prop_assert_eq!(understood.as_ref(), Ok(&command), "{:02X?}", bytes),
                // Another command may have the same bytes, but never this one.
                None => prop_assert_ne!(understood.as_ref(), Ok(&command)),
            }
        }
    }

    #[test]
    fn the_secured_part_is_all_but_the_mac((command, _) in strategy::command()) {
        let apdu = command.to_apdu();
        let (header, data) = command.secured_part();
        prop_assert_eq!(header, apdu.header);
        if let Some(mac) = apdu.data.strip_prefix(data.as_slice()) {
            prop_assert_eq!(mac.len(), apdu.data.len().min(4));
        } else {
            prop_assert!(false, "the secured part is no beginning of the data");
        }
    }
}

#[test]
fn every_command_of_the_catalogue_is_among_the_arbitrary_ones() {
    let mut runner = TestRunner::deterministic();
    for id in CommandSet::Purse.own() {
        let command = strategy::of(*id, rules("pboc")).new_tree(&mut runner).unwrap().current();
        assert_eq!(command.id(), *id);
    }
}

#[test]
fn what_the_parameters_cannot_say_is_refused_and_never_another_place() {
    let read = |file, offset| PurseCommand::ReadBinary { file, offset, ne: None, mac: None };
    let record = |sfi| PurseCommand::ReadRecord {
        file: FileRef::Sfi(sfi),
        record: RecordRef::Number(1),
        ne: None,
        mac: None,
    };
    for command in [
        read(FileRef::Sfi(0x15), 0x100),
        read(FileRef::Sfi(0x00), 0),
        read(FileRef::Sfi(0x1F), 0),
        read(FileRef::Sfi(0x35), 0),
        read(FileRef::Current, 0x8000),
        read(FileRef::Current, 0x9500),
        record(0x00),
        record(0x1F),
        record(0x20),
        record(0xFF),
    ] {
        let bytes = command.to_apdu().to_bytes().unwrap();
        let refused = PurseCommand::parse(&CommandApdu::new(&bytes), rules("pboc")).unwrap_err();
        assert_eq!(refused.status(rules("pboc")).0, 0x6A86, "{command:?}");
    }
}

#[test]
fn commands_of_an_observed_exchange_are_understood() {
    let vector = vectors::find("trace-cjt-capp-80ca").unwrap();
    let rules = rules(&vector.profile);
    let record = |sfi, record| PurseCommand::ReadRecord {
        file: FileRef::Sfi(sfi),
        record,
        ne: Some(16),
        mac: None,
    };
    let cache =
        |sfi, record| PurseCommand::UpdateCappDataCache { sfi, record, data: vec![0x5A; 16] };
    let expected = [
        record(0x07, RecordRef::Number(1)),
        PurseCommand::GetChallenge { length: 8 },
        PurseCommand::ExternalAuthenticate { key: 2, cryptogram: vec![0x5A; 8] },
        PurseCommand::GetIdentificationCode,
        record(0x10, RecordRef::Number(2)),
        PurseCommand::InitializeForCappPurchase(Initialize::ep(
            1,
            Amount(200),
            TerminalId([0x20, 0x00, 0x41, 0x59, 0x99, 0x97]),
        )),
        cache(0x07, RecordRef::Previous(1)),
        cache(0x10, RecordRef::Number(2)),
        PurseCommand::DebitForPurchase(Debit {
            terminal_serial: TerminalSerial([0, 0, 0, 0x57]),
            date: Date([0x20, 0x18, 0x03, 0x13]),
            time: Time([0x16, 0x43, 0x29]),
            mac1: crypto::Mac([0x66, 0xCB, 0xC8, 0x63]),
        }),
    ];
    assert_eq!(vector.exchanges.len(), expected.len());
    for ((text, _), expected) in vector.exchanges.iter().zip(expected) {
        let bytes = observed(text);
        let command = PurseCommand::parse(&CommandApdu::new(&bytes), rules);
        assert_eq!(command, Ok(expected), "{text}");
    }
}

/// Bytes of a command in an observed exchange; `(8)` stands for eight that are not given.
pub fn observed(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .flat_map(|word| match word.strip_prefix('(').and_then(|word| word.strip_suffix(')')) {
            Some(count) => vec![0x5A; count.parse().unwrap()],
            None => bytes(word),
        })
        .collect()
}
