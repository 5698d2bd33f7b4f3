//! What is said of a key, as a line and as JSON.

use applet_spec::KeyKind;
use crypto::Suite;
use crypto::custody::KeyRecord;
use serde::Serialize;

use crate::ui::{Lang, Tone, Ui};

/// A key in JSON documents.
#[derive(Serialize)]
pub struct KeyDocument {
    name: String,
    algorithm: &'static str,
    kcv: String,
    public: bool,
}

impl KeyDocument {
    /// Of a record.
    pub fn of(record: &KeyRecord) -> Self {
        Self {
            name: record.name.to_string(),
            algorithm: record.suite.name(),
            kcv: record.check_value.to_string(),
            public: record.public,
        }
    }
}

/// One line of a table of keys; `width` is that of the longest name.
pub fn line(ui: &Ui, record: &KeyRecord, width: usize) -> String {
    let KeyRecord { name, suite, check_value, public, shown } = record;
    let mut notes = Vec::new();
    if ui.lang == Lang::Zh {
        let kind = name.as_str().split('/').nth(2).and_then(KeyKind::from_text);
        notes.extend(kind.map(|kind| kind.text_zh().to_owned()));
    }
    if *public {
        let marked = ui.lang.pick("marked as public", "标记为公开");
        let word = if *shown { public_word(ui) } else { marked };
        notes.push(ui.toned(Tone::Warning, word));
    }
    let line =
        format!("{name:<width$}  {:<4}  {check_value}  {}", suite_name(*suite), notes.join("  "));
    format!("{}\n", line.trim_end())
}

/// The heading of such a table.
pub fn heading(ui: &Ui, width: usize) -> String {
    let text = match ui.lang {
        Lang::En => format!("{:<width$}  alg   KCV", "name"),
        // A Chinese character is two columns wide.
        Lang::Zh => format!("{:<1$}  算法  校验值", "名称", width.saturating_sub(2)),
    };
    format!("{}\n", ui.toned(Tone::Strong, &text))
}

/// Width of the longest name, and of the heading.
pub fn width<'r>(records: impl Iterator<Item = &'r KeyRecord>) -> usize {
    records.map(|record| record.name.as_str().len()).max().unwrap_or_default().max(4)
}

/// How a suite is called in text.
pub fn suite_name(suite: Suite) -> &'static str {
    match suite {
        Suite::TripleDes => "3DES",
        Suite::Sm4 => "SM4",
    }
}

/// What is said of a key that anybody may know.
pub fn public_word(ui: &Ui) -> &'static str {
    ui.lang.pick("public test key", "公开测试密钥")
}
