//! The commands that build a card, in words; no key is ever shown.

use proptest::prelude::*;
use purse::Language;
use purse::trace::Decoder;

use crate::{bytes, rules};

fn told(language: Language, commands: &[&str]) -> String {
    let mut decoder = Decoder::new(rules("fmcos-blank"), language);
    let words: Vec<String> =
        commands.iter().map(|command| decoder.command(&bytes(command)).to_string()).collect();
    words.join("\n") + "\n"
}

#[test]
fn the_files_that_are_made_are_told_field_by_field() {
    let told = told(
        Language::English,
        &[
            "80E03F01 11 38 0400 F0 0A 95 FFFF A00000000386980701",
            "80E00017 07 EC 0100 F1 44 FF 7E",
            "80E00018 07 2E 0A17 F0 EF FF FF",
            "80E00002 07 2F 0208 F0 00 FF 18",
            "80E00000 07 3F 0080 95 53 FFFF",
            "800E0000",
        ],
    );
    assert_eq!(
        told,
        "\
CREATE FILE
  file identifier: 3F01
  file: directory
  size: 1024 bytes
  create: F0 always
  erase: 0A in state A of the MF or higher
  told by SELECT: application, file 15
  name: A00000000386980701
CREATE FILE
  file identifier: 0017
  file: file of variable records
  line protection: enciphered, MAC
  size: 256 bytes
  read: F1 in state 1 or higher
  update: 44 in states 4 to 4
  protection key: 01, for reading 00
CREATE FILE
  file identifier: 0018
  file: ring of records
  size: 10 records of 23 bytes
  read: F0 always
  update: EF never
CREATE FILE
  file identifier: 0002
  file: purse
  use: F0 always
  log: SFI 18
CREATE FILE
  file identifier: 0000
  file: key file
  size: 128 bytes
  add keys: 53 in states 3 to 5
ERASE DIRECTORY
"
    );
}

#[test]
fn keys_are_told_but_for_their_values_in_chinese_too() {
    let told = told(
        Language::Chinese,
        &[
            "80D40100 15 39 F0 0A AA 33 00112233445566778899AABBCCDDEEFF",
            "80D40101 15 BF F1 0A 01 00 00112233445566778899AABBCCDDEEFF",
            "80D43901 10 00112233445566778899AABBCCDDEEFF",
            "84D40102 14 7C87BC23140021B3AFEA67E6359DDCFE D7C943F6",
        ],
    );
    assert_eq!(
        told,
        "\
写密钥
  操作: 增加密钥
  密钥索引: 00
  密钥类型: 39 外部认证密钥
  使用权限: F0 任意
  更改权限: 0A 主文件安全状态不低于 A
  后续状态: A
  错误计数器: 可试 3 次, 最多 3 次
  密钥值: 16 字节, 不显示
写密钥
  操作: 增加密钥
  密钥索引: 01
  密钥类型: 3F 圈存密钥
  线路保护: MAC
  使用权限: F1 安全状态不低于 1
  更改权限: 0A 主文件安全状态不低于 A
  密钥版本: 01
  算法标识: 00
  密钥值: 16 字节, 不显示
写密钥
  操作: 修改密钥 39 外部认证密钥
  密钥索引: 01
  密钥数据: 16 字节, 不显示
写密钥
  操作: 增加密钥
  密钥索引: 02
  密钥数据: 16 字节, 不显示
  安全报文鉴别码: D7C943F6
"
    );
}

#[test]
fn a_description_that_is_wrong_is_told_with_the_reason() {
    let told = told(Language::English, &["80E00015 07 28 0000 F0 F0 FF FF"]);
    assert_eq!(
        told,
        "\
CREATE FILE
  file identifier: 0015
  file description: 280000F0F0FFFF
  ! size at offset 1: 0 is out of range, 1 to 32767
"
    );
}

proptest! {
    #[test]
    fn no_key_is_shown_whatever_is_around_it(
        target in prop_oneof![Just(0x01_u8), any::<u8>()],
        head in proptest::collection::vec(any::<u8>(), 0..8),
        secured in any::<bool>(),
    ) {
        let key = "5EC2E7C0FFEE5EC2E7C0BABE01234567";
        let class = if secured { "84" } else { "80" };
        let data = format!("{}{key}", hex::encode_upper(&head));
        let apdu = format!("{class}D4{target:02X}00{:02X}{data}", data.len() / 2);
        let told = told(Language::English, &[&apdu]);
        // Under class 84 the last four bytes are a MAC, which is no key.
        prop_assert!(secured || !told.contains("01234567"), "{told}");
        prop_assert!(!told.contains("C0FFEE") && !told.contains("BABE"), "{told}");
        let command = purse::Command::parse(&apdu::CommandApdu::new(&bytes(&apdu)), rules("fmcos-blank"));
        prop_assert!(!format!("{command:?}").contains("C0FFEE"), "{command:?}");
    }
}
