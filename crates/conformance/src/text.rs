//! Words in both languages, and bytes and numbers as suites and reports write them.

use purse::Language;

/// Text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Text {
    /// The text in one language.
    pub fn in_language(&self, language: Language) -> &str {
        language.pick(&self.en, &self.zh)
    }
}

pub(crate) fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

/// What is the same in both languages.
pub(crate) fn alike(text: impl Into<String>) -> Text {
    let en = text.into();
    Text { zh: en.clone(), en }
}

/// Bytes with blanks between them.
pub(crate) fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

/// Bytes with free ones as `??`.
pub(crate) fn masked(bytes: &[Option<u8>]) -> String {
    let byte = |byte: &Option<u8>| byte.map_or_else(|| "??".to_owned(), |b| format!("{b:02X}"));
    bytes.iter().map(byte).collect()
}

/// A number as it is written: decimal, or hexadecimal behind `0x`.
pub(crate) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

/// A short file identifier in two hexadecimal digits. 00 (the selected file) and 1F, which no file
/// has, may be sent too.
pub(crate) fn short_file_identifier(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u8::from_str_radix(text, 16).ok().filter(|sfi| digits && *sfi <= 0x1F)
}
