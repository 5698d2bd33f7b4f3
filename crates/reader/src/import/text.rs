//! Hex as other programs write it.

use std::borrow::Cow;

/// A line without the colours of a terminal.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains('\x1b') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            out.push(c);
        } else if rest.next() == Some('[') {
            // The sequence ends with a letter.
            let _ = rest.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    Cow::Owned(out)
}

/// Bytes in hex, however they are grouped. Where every group has at most two digits, each is a byte,
/// also one of one digit. What stands in brackets is a remark, and after `<`, `#`, `;` or `//` all of
/// the rest is.
pub(super) fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    let cut = ["<", "#", ";", "//", " : "].iter().filter_map(|sign| text.find(sign)).min();
    let text = text.get(..cut.unwrap_or(text.len())).unwrap_or(text);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ',' || c == ':')
        .filter(|word| !word.is_empty() && !is_remark(word))
        .map(|word| without_prefix(word, "0x").unwrap_or(word))
        .collect();
    let wrong = |word: &str| format!("'{}' is not hex", word.escape_debug());
    if let Some(word) = words.iter().find(|word| !word.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(wrong(word));
    }
    if words.iter().all(|word| word.len() <= 2) {
        let byte = |word: &&str| u8::from_str_radix(word, 16).map_err(|_| wrong(word));
        return words.iter().map(byte).collect();
    }
    let joined = words.concat();
    hex::decode(&joined).map_err(|_| format!("half a byte: {} hex digits", joined.len()))
}

/// Whether words stand where hex is due: what a program says of an answer that did not come. Bytes in
/// hex with something wrong behind them are none.
pub(super) fn says_words(text: &str) -> bool {
    let mut words = text.split_whitespace().filter(|word| !is_remark(word)).peekable();
    let hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = |word: &str| hex(word) && word.len().is_multiple_of(2);
    words.peek().is_some_and(|first| !bytes(first)) && !words.all(hex)
}

/// A word that is no part of the bytes.
fn is_remark(word: &str) -> bool {
    word.starts_with("T=")
        || word.starts_with('(') && word.ends_with(')')
        || word.starts_with('[') && word.ends_with(']')
}

/// What follows `prefix`, in whatever case it is written.
pub(super) fn without_prefix<'l>(line: &'l str, prefix: &str) -> Option<&'l str> {
    let (start, rest) = line.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A line of a hex dump: up to sixteen bytes, each with a blank behind it, then the same as
/// characters. `None` where it is none. The characters may themselves look like hex, so they are
/// matched with the bytes; a dump without them is one of bytes only.
pub(super) fn dump_line(line: &str) -> Option<Vec<u8>> {
    const MOST: usize = 16;
    let line = line.trim_end();
    let with_characters = (1..=MOST).rev().find_map(|count| {
        let (hex, shown) = line.split_at_checked(3 * count)?;
        let bytes = grouped(hex).filter(|bytes| bytes.len() == count)?;
        shows(shown.trim_start_matches(' '), &bytes).then_some(bytes)
    });
    with_characters
        .or_else(|| grouped(line).filter(|bytes| !bytes.is_empty() && bytes.len() <= MOST))
}

/// Whether `shown` are the characters of `bytes`; blanks at either end cannot be told from filling.
fn shows(shown: &str, bytes: &[u8]) -> bool {
    let blank = |byte: &&u8| **byte == b' ';
    let leading = bytes.iter().take_while(blank).count();
    let trailing = bytes.iter().rev().take_while(blank).count();
    let visible = bytes.get(leading..bytes.len().saturating_sub(trailing)).unwrap_or_default();
    let fits = |(c, byte): (char, &u8)| match byte {
        0x20..=0x7E => c == char::from(*byte),
        _ => c == '.' || !c.is_ascii(),
    };
    !visible.is_empty()
        && shown.chars().count() == visible.len()
        && shown.chars().zip(visible).all(fits)
}

/// Two digits and a blank, again and again.
fn grouped(text: &str) -> Option<Vec<u8>> {
    let byte = |word: &str| {
        let digits = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        u8::from_str_radix(word, 16).ok().filter(|_| digits)
    };
    text.split_ascii_whitespace().map(byte).collect()
}

/// The first `count` bytes of a line of hex; what stands behind them is not looked at.
pub(super) fn leading_bytes(text: &str, count: usize) -> Option<Vec<u8>> {
    let words: Vec<&str> = text.split_ascii_whitespace().take(count).collect();
    let bytes = grouped(&words.join(" "))?;
    (bytes.len() == count).then_some(bytes)
}

/// The first number in a text.
pub(super) fn number(text: &str) -> Option<usize> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = text.get(start..)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hex_is_read_however_it_is_grouped() {
        let read = |text: &str| hex_bytes(text).map(hex::encode_upper);
        for (text, bytes) in [
            ("00A40400 05 A000000003 00", "00A4040005A00000000300"),
            ("00 a4 4 0", "00A40400"),
            ("[] 90 0", "9000"),
            ("0x00, 0XA4", "00A4"),
            ("3b:88:01", "3B8801"),
            ("T=1 (4+0000) 0B000000      <--- this one", "0B000000"),
            ("90 00 : Normal processing.", "9000"),
            ("", ""),
        ] {
            assert_eq!(read(text).as_deref(), Ok(bytes), "{text}");
        }
        assert!(read("00A4 040").unwrap_err().contains("half a byte"));
        assert!(read("00 A4 xy").unwrap_err().contains("'xy' is not hex"));
    }

    #[test]
    fn words_in_place_of_an_answer_are_told_from_hex_that_is_wrong() {
        for words in ["Card removed", "(9ms) Failed", "bad luck", "SCARD_W_REMOVED_CARD"] {
            assert!(says_words(words), "{words}");
        }
        for hex in ["", "9000", "900", "90 0z", "9000 fine", "(9ms) 9000", "abc def"] {
            assert!(!says_words(hex), "{hex}");
        }
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(plain("\x1b[01;31mAPDU:\x1b[0m 00"), "APDU: 00");
        assert_eq!(plain("plain"), "plain");
        assert_eq!(plain("\x1b"), "");
    }

    fn dumped(bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02X} ")).collect();
        let shown = |byte: &u8| match byte {
            0x20..=0x7E => char::from(*byte),
            _ => '.',
        };
        hex + &bytes.iter().map(shown).collect::<String>()
    }

    proptest! {
        #[test]
        fn a_dump_gives_its_bytes_and_never_its_characters(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'1'), Just(b' '), Just(b'A')], 1..=16),
            filling in 0_usize..40,
        ) {
            let line = dumped(&bytes);
            let found = dump_line(&line);
            // A line of blanks ends like a shorter one.
            if bytes.iter().any(|byte| *byte != b' ') {
                prop_assert_eq!(found, Some(bytes.clone()), "{}", line);
            }
            let (hex, shown) = line.split_at(3 * bytes.len());
            let filled = format!("{hex}{:filling$}{shown}", "");
            if bytes.first().is_some_and(|byte| *byte != b' ') {
                prop_assert_eq!(dump_line(&filled), Some(bytes), "{}", filled);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = hex_bytes(&text);
            let _ = dump_line(&text);
            let _ = leading_bytes(&text, 16);
            let _ = number(&text);
            let _ = plain(&text);
        }
    }
}
