//! Traces in words.

use applet_spec::{Catalogue, CommandSet, StatusReason, vectors};
use purse::Language;
use purse::trace::Decoder;

use crate::commands::observed;
use crate::{bytes, rules};

/// Decodes commands (`>`) and answers (`<`), one a line.
fn decoded(profile: &str, language: Language, exchange: &str) -> String {
    let mut decoder = Decoder::new(rules(profile), language);
    let lines = exchange.lines().map(str::trim).filter(|line| !line.is_empty());
    let words: Vec<String> = lines
        .map(|line| match line.split_at(1) {
            (">", command) => decoder.command(&bytes(command)).to_string(),
            (_, answer) => decoder.answer(&bytes(answer)).to_string(),
        })
        .collect();
    words.join("\n") + "\n"
}

fn english(profile: &str, exchange: &str) -> String {
    decoded(profile, Language::English, exchange)
}

#[test]
fn a_load_is_told_field_by_field() {
    let told = english(
        "pboc",
        "> 805000020B 01 00002000 001122334455 10
         < 00000000 0000 01 00 C903814D 03976C22 9000
         > 805200000B 20161216 105800 8AFA5718 04
         < FA00066D 9000",
    );
    assert_eq!(
        told,
        "\
INITIALIZE FOR LOAD
  purse: EP
  key index: 01
  amount: 81.92 yuan (8192 fen)
  terminal number: 001122334455
  Le: 16
9000 done
  balance: 0.00 yuan (0 fen)
  online serial: 0 (0000)
  key version: 01
  algorithm id: 00
  random number: C903814D
  MAC1: 03976C22
CREDIT FOR LOAD
  date: 2016-12-16
  time: 10:58:00
  MAC2: 8AFA5718
  Le: 4
9000 done
  TAC: FA00066D
"
    );
}

#[test]
fn a_compound_purchase_is_told_in_chinese() {
    let told = decoded(
        "jtt978",
        Language::Chinese,
        "> 805003020B 01 000000C8 200041599997
         < 000162AF 0036 000320 01 00 84176AD7 9000
         > 80DC01D003 27027D
         < 9000
         > 805401000F 00000057 20240102 030405 66CBC863
         < C630C2C8 ABCC913B 9000",
    );
    assert_eq!(
        told,
        "\
复合应用消费初始化
  钱包: 电子钱包
  密钥索引: 01
  交易金额: 2.00 元 (200 分)
  终端机编号: 200041599997
9000 成功
  余额: 907.99 元 (90799 分)
  脱机交易序号: 54 (0036)
  透支限额: 8.00 元 (800 分)
  密钥版本号: 01
  算法标识: 00
  伪随机数: 84176AD7
更新复合应用数据缓存
  记录: 标识 01 的第一条
  文件: SFI 1A
  记录或其前部: 27027D
9000 成功
消费
  终端交易序号: 87 (00000057)
  交易日期: 2024-01-02
  交易时间: 03:04:05
  MAC1: 66CBC863
9000 成功
  TAC: C630C2C8
  MAC2: ABCC913B
"
    );
}

#[test]
fn a_proof_gives_the_mac_first_where_a_debit_gives_the_tac_first() {
    let told = english("pboc", "> 805A0006020001 08\n< 66B54A6B 8AF270DC 9000");
    assert!(told.starts_with("GET TRANSACTION PROOF\n  transaction type: 06 EP purchase\n"));
    assert!(told.contains("  transaction serial: 1 (0001)\n"), "{told}");
    assert!(told.ends_with("  MAC: 66B54A6B\n  TAC: 8AF270DC\n"), "{told}");
}

#[test]
fn an_fci_is_told_as_a_tree() {
    let file = "02002900FFFFFFFF02010310477004006744280220200115204012310114";
    let told = english(
        "jtt978",
        &format!(
            "> 00A404000E 315041592E5359532E4444463031
             < 6F15 840E315041592E5359532E4444463031 A503 880101 9000
             > 00A4040008 A000000632010105 00
             < 6F31 8408A000000632010105 A525 9F080102 9F0C1E{file} 9000"
        ),
    );
    assert_eq!(
        told,
        "\
SELECT
  selected by: name
  file id or name: 315041592E5359532E4444463031 '1PAY.SYS.DDF01'
9000 done
  6F FCI
    84 DF name: 315041592E5359532E4444463031 '1PAY.SYS.DDF01'
    A5 own data
      88 SFI of the directory file: 01
SELECT
  selected by: name
  file id or name: A000000632010105
  Le: 256
9000 done
  6F FCI
    84 DF name: A000000632010105
    A5 own data
      9F08 version: 02
      9F0C issuer's data (file 15): \
02002900FFFFFFFF02010310477004006744280220200115204012310114
"
    );
}

#[test]
fn an_answer_that_is_no_tlv_is_shown_as_it_is_with_the_reason() {
    let told = english("pboc", "> 00A4000000\n< 6F82FFFF84 9000");
    assert!(told.contains("  not TLV: 6F82FFFF84\n  ! TLV is cut short at offset 4"), "{told}");
    let told = decoded("pboc", Language::Chinese, "> 00A4000000\n< 6F8001 9000");
    assert!(told.contains("  非 TLV 数据: 6F8001\n  ! 偏移 1 处的长度字节 80"), "{told}");
}

#[test]
fn log_records_are_told_field_by_field() {
    let record = "042D 000064 000001F4 09 300089000340 20241229 141740";
    let told = english("jtt978", &format!("> 00B201C400\n< {record} 9000"));
    assert_eq!(
        told,
        "\
READ RECORD
  record: number 1
  file: SFI 18
  Le: 256
9000 done
  serial: 1069 (042D)
  overdraft limit: 1.00 yuan (100 fen)
  amount: 5.00 yuan (500 fen)
  transaction type: 09 compound purchase
  terminal number: 300089000340
  date: 2024-12-29
  time: 14:17:40
"
    );
}

#[test]
fn blank_log_records_are_told_as_such() {
    for blank in ["00", "FF"] {
        let record = blank.repeat(23);
        let told = english("cjt166", &format!("> 00B201D400\n< {record} 9000"));
        assert!(told.ends_with("9000 done\n  record: never written\n"), "{told}");
    }
    let told = english("cjt166", "> 00B20BD400\n< 6A83");
    assert!(told.ends_with("6A83 record not found\n  ! no such record\n"), "{told}");
}

#[test]
fn records_of_other_files_and_lengths_are_shown_as_they_are() {
    for (command, length) in [("00B201BC00", 23), ("00B201C400", 16), ("00B201D400", 128)] {
        let record = "A1".repeat(length);
        let told = english("jtt978", &format!("> {command}\n< {record} 9000"));
        assert!(told.ends_with(&format!("9000 done\n  record: {record}\n")), "{told}");
    }
}

#[test]
fn a_secured_read_is_told_with_its_macs() {
    let record = "042D 000064 000001F4 09 300089000340 20241229 141740";
    let told = english("pboc", &format!("> 04B201C404 F09C8A19\n< {record} 8D318577 9000"));
    assert!(told.contains("  file: SFI 18\n  secure messaging MAC: F09C8A19\n"), "{told}");
    assert!(told.ends_with("  time: 14:17:40\n  secure messaging MAC: 8D318577\n"), "{told}");

    let told = english("pboc", "> 04D6950008 11223344 F2F62231\n< 9000");
    assert!(told.contains("  data: 11223344\n  secure messaging MAC: F2F62231\n"), "{told}");
}

#[test]
fn balances_are_told_as_what_the_profile_says_they_are() {
    let told = english(
        "jtt978",
        "> 805C000204\n< 00000320 9000\n> 805C010204\n< 00000320 9000\n> 805C0102\n< 6A86",
    );
    assert!(told.contains("asked for: stored balance\n"), "{told}");
    assert!(told.contains("9000 done\n  overdraft limit: 8.00 yuan (800 fen)\n"), "{told}");
    assert!(told.ends_with(
        "6A86 P1 or P2 wrong\n  ! the card does not answer this P1, or has no such purse\n"
    ));

    let told = english("pboc", "> 805C0502\n< 00000001 00000002 9000");
    assert!(told.contains("asked for: 05\n"), "{told}");
}

#[test]
fn four_balances_at_once_are_told_apart() {
    let mut rules = rules("jtt978").clone();
    rules.balance_p1 = vec![(0x05, applet_spec::BalanceForm::FourWords)];
    let mut decoder = Decoder::new(&rules, Language::English);
    decoder.command(&bytes("805C050210"));
    let told = decoder.answer(&bytes("00000064 00000320 00000000 00000384 9000"));
    let names: Vec<_> = told.fields.iter().map(|f| (f.name.as_str(), f.offset)).collect();
    assert_eq!(
        names,
        [
            ("the holder's own money", 0),
            ("overdraft limit", 4),
            ("overdraft used", 8),
            ("stored balance", 12)
        ]
    );
}

#[test]
fn a_psam_is_told_field_by_field() {
    let told = english(
        "psam-jtt978",
        "> 8070000024 010203040005 00000258 09 20261122123456 0100 9999000000000001 01011000FFFFFFFF 08
         < 0000002A 426730D3 9000
         > 8072000004 A1B2C3D4
         < 9302
         > 801A450110 9999000000000001 01011000FFFFFFFF
         < 9000
         > 80FA050010 5D72B3FD00000000 841E000004800000 00
         < 92868AB8 9000
         > 801A5F0100
         < 9403",
    );
    for words in [
        "INITIALIZE SAM FOR PURCHASE\n",
        "  amount: 6.00 yuan (600 fen)\n",
        "9000 done\n  terminal serial: 42 (0000002A)\n  MAC1: 426730D3\n",
        "CREDIT SAM FOR PURCHASE\n  MAC2: A1B2C3D4\n9302",
        "DELIVER KEY\n  key usage: 45: application-maintenance, 2 levels\n  key index: 01\n",
        "CRYPT\n  mode: whole MAC\n",
        "  ciphertext or MAC: 92868AB8\n",
        "  key usage: 5F: unknown purpose, 2 levels\n",
    ] {
        assert!(told.contains(words), "{words:?} is not in\n{told}");
    }
    let told =
        decoded("psam-jtt978", Language::Chinese, "> 801A440110 9999000000000001 01011000FFFFFFFF");
    assert!(told.contains("密钥用途: 44: PIN 重装/TAC 密钥, 2 级分散\n"), "{told}");
}

#[test]
fn fetched_data_is_the_answer_to_the_command_before() {
    let told = english(
        "pboc",
        "> 805001020B 00 00000001 001122334455
         < 610F
         > 00C000000F
         < 00002000 0000 000000 00 00 584633C9 9000",
    );
    assert!(told.contains("610F 15 bytes to be fetched with GET RESPONSE\nGET RESPONSE\n"));
    assert!(told.contains("9000 done\n  balance: 81.92 yuan"), "{told}");
}

#[test]
fn an_answer_fetched_in_pieces_is_told_as_a_whole() {
    let mut decoder = Decoder::new(rules("pboc"), Language::English);
    decoder.command(&bytes("00A4000000"));
    let first = decoder.answer(&bytes("6F15 840E315041592E 610D"));
    assert_eq!(first.fields[0].name, "piece of the answer");
    decoder.command(&bytes("00C0000005"));
    let second = decoder.answer(&bytes("5359532E44 6108"));
    assert_eq!((second.fields[0].offset, second.fields[0].length), (9, 5));
    decoder.command(&bytes("00C0000008"));
    let whole = decoder.answer(&bytes("44463031 A503 880101 9000"));
    assert_eq!(whole.problem, None);
    assert_eq!(whole.fields.last().map(|f| (f.value.as_str(), f.offset)), Some(("01", 22)));

    // Nothing of it stays for the next command.
    decoder.command(&bytes("805C000204"));
    assert_eq!(decoder.answer(&bytes("00000001 9000")).fields[0].offset, 0);
}

#[test]
fn refusals_are_explained_by_the_catalogue_and_in_the_words_of_the_profile() {
    for (command, answer, expected) in [
        ("805401000F 00000000 20161216 134600 D45737C5", "9302", "MAC1 is wrong"),
        ("805A0006020001 08", "9406", "no proof for this type and serial"),
        ("0020000003 123456", "63C2", "PIN is wrong; low digit is the tries left"),
        ("00B0950000", "6C1E", "Le is beyond the end; SW2 is what is left"),
        ("00C0000010", "6F00", "no data is waiting"),
        ("0020000003 12FFFF", "6A80", "PIN at offset 5: a PIN has 2 to 6 bytes"),
        ("80540200", "6A86", "P1 P2 at offset 2"),
        ("0020000003 123456", "6985", "the application is temporarily locked"),
    ] {
        let told = english("pboc", &format!("> {command}\n< {answer}"));
        let (_, reason) = told.rsplit_once("\n  ! ").unwrap();
        assert!(reason.contains(expected), "{told}");
    }
    // 6985 where the catalogue says 6901.
    let mut rules = rules("pboc").clone();
    rules.status.wrong_state = apdu::StatusWord(0x6985);
    let mut decoder = Decoder::new(&rules, Language::English);
    decoder.command(&bytes("805200000B 20161216 105800 8AFA5718 04"));
    let told = decoder.answer(&bytes("6985"));
    assert!(told.problem.unwrap().starts_with("no load is running"));
}

#[test]
fn every_refusal_in_the_catalogue_is_explained_by_its_reason() {
    for spec in Catalogue::of(CommandSet::Purse).commands() {
        let command = sample(spec);
        for (status, StatusReason { when, when_zh }) in &spec.status {
            for (language, when) in [(Language::English, when), (Language::Chinese, when_zh)] {
                let mut decoder = Decoder::new(rules("pboc"), language);
                assert_eq!(
                    decoder.command(&command).title,
                    *language.pick(&spec.name, &spec.name_zh)
                );
                let told = decoder.answer(&status.bytes());
                let why = told.problem.unwrap_or_default();
                assert!(
                    why.split(language.pick("; or ", "; 或 ")).any(|one| one == when),
                    "{} {status}: {why}",
                    spec.name
                );
            }
        }
    }
}

/// Some bytes of the command.
fn sample(spec: &applet_spec::CommandSpec) -> Vec<u8> {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let command = crate::strategy::of(spec.id, rules("pboc")).new_tree(&mut runner).unwrap();
    command.current().to_apdu().to_bytes().unwrap()
}

#[test]
fn names_and_fields_are_those_of_the_catalogue_in_both_languages() {
    for spec in Catalogue::of(CommandSet::Purse).commands() {
        for language in [Language::English, Language::Chinese] {
            let told = Decoder::new(rules("pboc"), language).command(&sample(spec));
            assert_eq!(told.title, *language.pick(&spec.name, &spec.name_zh));
            for field in &spec.fields {
                let name = language.pick(&field.name, &field.name_zh);
                let optional = field.len.is_none();
                assert!(
                    optional || told.fields.iter().any(|told| told.name == *name),
                    "{}: {name}",
                    spec.name
                );
            }
        }
    }
}

#[test]
fn an_observed_exchange_is_told_without_a_problem() {
    let vector = vectors::find("trace-cjt-capp-80ca").unwrap();
    let mut decoder = Decoder::new(rules(&vector.profile), Language::English);
    for (command, answer) in &vector.exchanges {
        for told in [decoder.command(&observed(command)), decoder.answer(&observed(answer))] {
            assert_eq!(told.problem, None, "{command}: {told}");
        }
    }
}

#[test]
fn a_reset_forgets_the_command() {
    let mut decoder = Decoder::new(rules("pboc"), Language::English);
    decoder.command(&bytes("805C000204"));
    decoder.reset();
    assert_eq!(
        decoder.answer(&bytes("00000001 9302")).to_string(),
        "9302 MAC invalid\n  data: 00000001"
    );
}

#[test]
fn what_is_no_date_time_or_text_is_shown_in_hexadecimal() {
    let told = english("pboc", "> 805200000B 2016121F 1058A0 8AFA5718");
    assert!(told.contains("  date: 2016121F\n  time: 1058A0\n"), "{told}");
}

#[test]
fn an_answer_of_another_length_is_told_as_far_as_it_goes() {
    let told = english("pboc", "> 805401000F 00000000 20161216 134600 D45737C5\n< 8AF270DC66 9000");
    assert!(
        told.ends_with("  TAC: 8AF270DC\n  MAC2: 66\n  ! 8 bytes expected, 5 found\n"),
        "{told}"
    );
    let told = english("pboc", "> 805200000B 20161216 105800 8AFA5718\n< FA00066D FFFF 9000");
    assert!(
        told.ends_with("  TAC: FA00066D\n  more data: FFFF\n  ! 4 bytes expected, 6 found\n"),
        "{told}"
    );
    let told = english("pboc", "> 805200000B 20161216 105800 8AFA5718\n< 90");
    assert!(told.contains("no status word\n  ! 1 bytes are too few"), "{told}");
}
