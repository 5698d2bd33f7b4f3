//! The APDU catalogue that comes with the program.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use applet_spec::*;

const SETS: [CommandSet; 3] = [CommandSet::Purse, CommandSet::Psam, CommandSet::Fmcos];

fn find(header: &str, lc: usize) -> Result<CommandId, Mismatch> {
    let bytes = hex::decode(header).unwrap();
    let [cla, ins, p1, p2] = bytes.try_into().unwrap();
    Catalogue::of(CommandSet::Purse).find(cla, ins, p1, p2, lc).map(|command| command.id)
}

#[test]
fn every_command_is_there_once_and_in_words() {
    for set in SETS {
        let commands = Catalogue::of(set).commands();
        for id in set.own() {
            assert_eq!(commands.iter().filter(|command| command.id == *id).count(), 1);
        }
    }
    for command in CommandId::ALL.iter().map(|id| Catalogue::entry(*id)) {
        assert!(!command.source.is_empty() && !command.name_zh.is_empty(), "{}", command.name);
        assert!(!command.status.is_empty(), "{}", command.name);
        for (status, StatusReason { when, when_zh }) in &command.status {
            assert!(when.is_ascii() && !when.is_empty(), "{} {status}", command.name);
            let chinese = |letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter);
            assert!(when_zh.contains(chinese), "{} {status}", command.name);
        }
        assert_eq!(command.name.to_lowercase().replace(' ', "-"), command.id.text());
    }
}

#[test]
fn no_command_bytes_belong_to_two_commands() {
    for set in SETS {
        let commands = Catalogue::of(set).commands();
        for (at, one) in commands.iter().enumerate() {
            for other in &commands[at + 1..] {
                assert!(!one.overlaps(other), "{} and {}", one.name, other.name);
            }
        }
    }
}

#[test]
fn fields_add_up_to_the_lengths() {
    for command in CommandId::ALL.iter().map(|id| Catalogue::entry(*id)) {
        let fixed: usize =
            command.fields.iter().filter_map(|field| field.len).map(usize::from).sum();
        let open = command.fields.iter().any(|field| field.len.is_none());
        match &command.lc {
            Lengths::None => assert!(command.fields.is_empty(), "{}", command.name),
            Lengths::OneOf(lengths) if !open && !command.fields.is_empty() => {
                assert_eq!(lengths.as_slice(), [fixed as u16], "{}", command.name);
            }
            _ => {}
        }
        let answer: usize =
            command.answer.iter().filter_map(|field| field.len).map(usize::from).sum();
        if !command.answer.is_empty() && command.answer.iter().all(|field| field.len.is_some()) {
            assert_eq!(command.le, Some(answer as u16), "{}", command.name);
        }
    }
}

#[test]
fn example_commands_of_terminals_and_readers_are_found() {
    use CommandId::*;
    for (header, lc, id) in [
        ("00A40400", 14, Select),
        ("00A40000", 2, Select),
        ("00A40402", 9, Select),
        ("00C00000", 0, GetResponse),
        ("00B09500", 0, ReadBinary),
        ("04B00000", 4, ReadBinary),
        ("00B08500", 0, ReadBinary),
        ("04D69500", 0x0C, UpdateBinary),
        ("00B201C4", 0, ReadRecord),
        ("00B209B8", 0, ReadRecord),
        ("00B201F4", 0, ReadRecord),
        ("04DC01D4", 0x84, UpdateRecord),
        ("00E20028", 5, AppendRecord),
        ("00840000", 0, GetChallenge),
        ("00820002", 8, ExternalAuthenticate),
        ("00820002", 16, ExternalAuthenticate),
        ("00880000", 8, InternalAuthenticate),
        ("00200000", 3, Verify),
        ("805E0100", 7, ChangePin),
        ("805E0000", 7, ReloadPin),
        ("84240000", 0x0C, PinUnblock),
        ("84240201", 0x14, PinUnblock),
        ("841E0000", 4, ApplicationBlock),
        ("841E0001", 4, ApplicationBlock),
        ("84180000", 4, ApplicationUnblock),
        ("84160000", 4, CardBlock),
        ("805C0002", 0, GetBalance),
        ("805C0302", 0, GetBalance),
        ("805C0502", 0, GetBalance),
        ("805A0009", 2, GetTransactionProof),
        ("80CA0000", 0, GetIdentificationCode),
        ("80500001", 11, InitializeForLoad),
        ("80500002", 11, InitializeForLoad),
        ("80520000", 11, CreditForLoad),
        ("80500102", 11, InitializeForPurchase),
        ("80500201", 11, InitializeForCashWithdrawal),
        ("80500302", 11, InitializeForCappPurchase),
        ("80DC01D0", 0x80, UpdateCappDataCache),
        ("80DC00F0", 0x30, UpdateCappDataCache),
        ("80DC013B", 0x10, UpdateCappDataCache),
        ("80540100", 15, DebitForPurchase),
        ("80500501", 11, InitializeForUnload),
        ("80540300", 11, DebitForUnload),
        ("80500401", 7, InitializeForUpdate),
        ("80580000", 14, UpdateOverdrawLimit),
    ] {
        assert_eq!(find(header, lc), Ok(id), "{header} Lc {lc}");
    }
}

#[test]
fn a_set_has_its_own_commands_and_those_it_shares() {
    let found = |set, header: &str, lc| {
        let [cla, ins, p1, p2] = hex::decode(header).unwrap().try_into().unwrap();
        Catalogue::of(set).find(cla, ins, p1, p2, lc).map(|command: &CommandSpec| command.id)
    };
    let psam = |header, lc| found(CommandSet::Psam, header, lc);
    assert_eq!(psam("00B09600", 0), Ok(CommandId::ReadBinary));
    assert_eq!(psam("80700000", 0x24), Ok(CommandId::InitializeSamForPurchase));
    assert_eq!(psam("80CA0000", 9), Ok(CommandId::CheckIdentificationCode));
    assert_eq!(psam("80500102", 11), Err(Mismatch::Instruction));
    assert_eq!(psam("80CA0000", 0), Err(Mismatch::Length(CommandId::CheckIdentificationCode)));
    let fmcos = |header, lc| found(CommandSet::Fmcos, header, lc);
    assert_eq!(fmcos("80E03F01", 0x11), Ok(CommandId::CreateFile));
    assert_eq!(fmcos("84D40102", 0x14), Ok(CommandId::WriteKey));
    for id in CommandSet::Purse.own() {
        assert!(Catalogue::of(CommandSet::Fmcos).command(*id).is_some(), "{}", id.text());
    }
}

#[test]
fn checks_go_class_instruction_parameters_length() {
    use CommandId::*;
    for (header, lc, mismatch) in [
        ("90500102", 11, Mismatch::Class),
        ("E07A0802", 7, Mismatch::Class),
        ("80FA0000", 8, Mismatch::Instruction),
        ("00500102", 11, Mismatch::Class),
        ("80500602", 11, Mismatch::Parameters(InitializeForLoad)),
        ("80540200", 15, Mismatch::Parameters(DebitForPurchase)),
        ("80540100", 14, Mismatch::Length(DebitForPurchase)),
        ("80500102", 7, Mismatch::Length(InitializeForPurchase)),
        ("00A40300", 2, Mismatch::Parameters(Select)),
        ("00200000", 0, Mismatch::Length(Verify)),
        ("841E0002", 5, Mismatch::Parameters(ApplicationBlock)),
    ] {
        assert_eq!(find(header, lc), Err(mismatch), "{header} Lc {lc}");
    }
}

#[test]
fn transactions_are_started_continued_kept_and_ended() {
    use TransactionEffect::*;
    for command in Catalogue::of(CommandSet::Purse).commands() {
        let expected = match (command.ins, command.cla.contains(&0x80)) {
            (0x50, _) => Starts,
            (0x52 | 0x54 | 0x58, _) | (0xDC, true) => Continues,
            (0x5C | 0x5A | 0xCA | 0x88 | 0xC0, _) => Keeps,
            (0xB0 | 0xB2, _) => Read,
            _ => Ends,
        };
        assert_eq!(command.transaction, expected, "{}", command.name);
    }
}

#[test]
fn a_blocked_application_still_hears_what_can_unblock_it() {
    use CommandId::*;
    let allowed = |permanent: bool| -> Vec<CommandId> {
        Catalogue::of(CommandSet::Purse)
            .commands()
            .iter()
            .filter(|c| if permanent { c.when_permanently_blocked } else { c.when_blocked })
            .map(|c| c.id)
            .collect()
    };
    assert_eq!(
        allowed(false),
        [Select, GetResponse, GetChallenge, ApplicationBlock, ApplicationUnblock, CardBlock]
    );
    assert_eq!(allowed(true), [Select, GetResponse, GetChallenge, CardBlock]);
}

#[test]
fn mistakes_in_a_catalogue_are_named() {
    let text = include_str!("../commands.toml");
    for (from, to, expected) in [
        ("id = \"select\"", "id = \"selekt\"", "is no command"),
        ("ins = 0xC0", "ins = 0x1C0", "out of range"),
        ("p2 = \"any\"", "p2 = \"some\"", "not a pattern"),
        ("p2 = \"00/07\"", "p2 = \"08/07\"", "outside the mask"),
        ("lc = \"1..255\"", "lc = \"255..1\"", "not a length"),
        ("transaction = \"keeps\"", "transaction = \"keep\"", "did you mean \"keeps\""),
        ("id = \"credit-for-load\"", "id = \"select\"", "is there already"),
        (
            "p1 = [0x00]\np2 = \"any\"\nlc = [8, 16]",
            "p1 = \"any\"\np2 = \"any\"\nlc = [8, 16]\nins = 0x88",
            "duplicate key",
        ),
        ("lc = [11]\nle = 4", "lc = [11]", "answer without le"),
        (", when-zh = \"没有待取数据\"", "", "when-zh"),
        ("secure-class = 0x04", "secure-class = 0x14", "not one of cla"),
        ("set = \"purse\"", "set = \"pursue\"", "did you mean \"purse\""),
        ("set = \"purse\"", "set = \"purse\"\nshared = [\"verify\"]", "this set's own"),
        ("set = \"purse\"", "set = \"psam\"", "belongs to another set"),
    ] {
        let text = text.replacen(from, to, 1);
        let errors = Catalogue::parse(&text, "commands.toml").unwrap_err().to_string();
        assert!(errors.contains(expected), "{to}: {errors}");
    }
}
