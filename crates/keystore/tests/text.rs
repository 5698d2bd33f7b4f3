//! Keys that people wrote down: lines, TOML, components; and words that never repeat a key.

use crypto::Suite;
use crypto::custody::Secrecy;
use keystore::{ImportError, parse_keys};
use proptest::prelude::*;

const A: &str = "0123456789ABCDEFFEDCBA9876543210";
const B: &str = "404142434445464748494A4B4C4D4E4F";

/// Name, suite and check value of each key.
fn parsed(text: &str) -> Result<Vec<String>, String> {
    let keys = parse_keys(text, "ceremony.txt").map_err(|error| error.to_string())?;
    let line = |key: &keystore::NewKey| {
        assert_eq!(key.secrecy, Secrecy::Guarded);
        format!("{} {} {}", key.name, key.suite.name(), key.key.check_value(key.suite))
    };
    Ok(keys.iter().map(line).collect())
}

#[test]
fn lines_with_comments_check_values_and_components_are_keys() {
    let text = format!(
        "# keys of the lab\r\n\
         jtt978/1001/purchase/01/01 3des {B}\n\
         \n\
         root sm4 {A}:2677F4    # with its check value\n\
         single 3des 0123456789ABCDEF = D5D44F\n\
         joined 3des {A}:08D7B4 + {B}:8BAF47\n\
         whole 3des {A} + {B} = 1BF19F\n"
    );
    // The check value of A xor B is that of OpenSSL.
    assert_eq!(
        parsed(&text),
        Ok([
            "jtt978/1001/purchase/01/01 3des 8BAF47",
            "root sm4 2677F4",
            "single 3des D5D44F",
            "joined 3des 1BF19F",
            "whole 3des 1BF19F",
        ]
        .map(str::to_owned)
        .to_vec())
    );
}

#[test]
fn toml_tables_are_keys_too() {
    let text = format!(
        "[[key]]\nname = \"root\"\nsuite = \"sm4\"\nkey = \"{A}\"\nkcv = \"2677F4\"\n\n\
         [[key]]\nname = \"joined\"\nsuite = \"3des\"\n\
         components = [\"{A}:08D7B4\", \"{B}:8BAF47\"]\n"
    );
    let lines = format!("root sm4 {A}\njoined 3des {A}:08D7B4 + {B}:8BAF47\n");
    assert_eq!(parsed(&text), parsed(&lines));
    assert!(parsed(&text).is_ok());
}

#[test]
fn the_lists_of_the_documentation_are_lists() {
    let page = include_str!("../../../docs/keys.md");
    let lists: Vec<_> = page.split("```").filter(|part| part.contains("1BF19F")).collect();
    let [lines, toml] = lists[..] else { panic!("{} lists", lists.len()) };
    let toml = toml.strip_prefix("toml");
    assert_eq!(parsed(lines).map(|keys| keys.len()), Ok(3));
    assert_eq!(toml.map(|toml| parsed(toml).map(|keys| keys.len())), Some(Ok(1)));
}

#[test]
fn what_is_wrong_is_told_by_line_and_never_with_the_key() {
    let table = |entry: &str| format!("\n[[key]]\nname = \"k\"\nsuite = \"3des\"\n{entry}\n");
    for (text, line, words) in [
        ("# nothing\n".to_owned(), 0, "has no keys"),
        (format!("\nk 3des {A}\nk 3des {B}"), 3, "k is on line 2 already"),
        (format!("k {A}"), 1, "NAME SUITE HEX"),
        (format!("{A} 3des k"), 1, "looks like a key"),
        (format!("k aes {A}"), 1, "3des or sm4"),
        (format!("k {A} 3des"), 1, "3des or sm4"),
        (format!("k 3des {A}0"), 1, "16 or 32 hexadecimal digits, not 33"),
        (format!("k 3des {}G", &A[1..]), 1, "character 32 of the key"),
        (format!("k 3des {A}:2677F4"), 1, "its check value is 08D7B4, and 2677F4 is written"),
        (format!("k 3des {A} = 08D7B"), 1, "6 hexadecimal digits"),
        (format!("k 3des {A} + {B}"), 1, "components without check values"),
        (format!("k 3des {A}:08D7B4 + {B}"), 1, "components without check values"),
        (format!("k 3des {A}:08D7B4 + {B}:8BAF48"), 1, "component 2: its check value is 8BAF47"),
        (format!("k 3des {A}:08D7B4 {B}:8BAF47"), 1, "HEX:KCV + HEX:KCV"),
        (format!("k 3des {A} +"), 1, "HEX:KCV + HEX:KCV"),
        (format!("k 3des {A} + 0123456789ABCDEF = 000000"), 1, "different lengths"),
        (format!("k 3des {A} + {A} + {A} + {A} = 000000"), 1, "at most 3 components"),
        (table(&format!("key = \"{A}\"\ncomponents = [\"{B}\"]")), 2, "either key or components"),
        (table(""), 2, "either key or components"),
        (table("key = 12345678901234567"), 5, "texts in quotes"),
        (table(&format!("key = {A}")), 5, "texts in quotes"),
        (table(&format!("secret = \"{A}\"")), 5, "texts in quotes"),
    ] {
        let refused = parsed(&text).unwrap_err();
        assert!(refused.contains(words), "{text:?}: {refused}");
        if line > 0 {
            assert!(refused.starts_with(&format!("ceremony.txt:{line}: ")), "{text:?}: {refused}");
        }
        for secret in [A, B, &A[1..17], "1234567890"] {
            assert!(!refused.contains(secret), "a key is repeated: {refused}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_keys_or_an_error(text in "(\\PC|[\n \\[\\]=+:#\"0-9A-F]){0,200}") {
        let _ = parse_keys(&text, "x");
        let _ = parse_keys(&format!("[[key]]\n{text}"), "x");
    }

    #[test]
    fn components_join_to_the_key_that_was_taken_apart(
        key: [u8; 16], one: [u8; 16], two: [u8; 16], sm4: bool, three: bool,
    ) {
        let suite = if sm4 { Suite::Sm4 } else { Suite::TripleDes };
        let mut last = key;
        for (at, byte) in last.iter_mut().enumerate() {
            *byte ^= one[at] ^ if three { two[at] } else { 0 };
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let two = if three { format!(" + {}", hex(&two)) } else { String::new() };
        let value = crypto::Key::double(key).check_value(suite);
        let line = format!("k {} {}{two} + {} = {value}", suite.name(), hex(&one), hex(&last));
        let keys = parse_keys(&line, "x").map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(keys.len() == 1 && keys[0].key == crypto::Key::double(key));
    }
}

#[test]
fn a_file_that_is_no_text_or_endless_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let read = || keystore::read_secret_text(path.to_str().unwrap());
    assert!(matches!(read(), Err(ImportError::Read { .. })));
    std::fs::write(&path, b"k 3des \xFF").unwrap();
    assert!(matches!(read(), Err(ImportError::NotText { offset: 7, .. })));
    std::fs::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(read(), Err(ImportError::TooLong { .. })));
    std::fs::write(&path, "\u{FEFF}k 3des 0123456789ABCDEF").unwrap();
    let (text, origin) = read().unwrap();
    assert_eq!(parse_keys(&text, &origin).map(|keys| keys.len()).ok(), Some(1));
}
