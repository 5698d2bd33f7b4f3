//! The report as a table (CSV), for table programs.

use csv::WriterBuilder;
use purse::Language;

use super::{Report, Verdict, card, moment};

const HEADER: [&str; 14] = [
    "serial", "verdict", "card", "operator", "began", "ended", "attempts", "steps", "apdus",
    "checks", "fault", "keys", "proofs", "note",
];

impl Report<'_> {
    /// The report as a table in UTF-8, with the mark by which table programs know that.
    pub fn csv(&self) -> String {
        let mut writer = WriterBuilder::new().from_writer(Vec::new());
        let mut rows = vec![HEADER.map(str::to_owned)];
        rows.extend(self.rows.iter().map(|row| {
            let record = self.record(row.serial);
            let verdict = Verdict::of(record).in_words(Language::English);
            let text =
                |get: fn(&crate::engine::Record) -> String| record.map_or(String::new(), get);
            [
                row.serial.to_string(),
                verdict.to_owned(),
                text(|r| card(r).to_owned()),
                text(|r| r.operator.clone().unwrap_or_default()),
                text(|r| moment(Some(r.began))),
                text(|r| moment(r.ended)),
                text(|r| r.progress.attempts.to_string()),
                text(|r| format!("{} of {}", r.progress.done, r.steps)),
                text(|r| r.apdus.to_string()),
                text(|r| {
                    let good = r.checks.iter().filter(|check| check.fault.is_none()).count();
                    format!("{good} of {}", r.checks.len())
                }),
                text(|r| r.reason.clone().unwrap_or_default()),
                text(|r| joined(r.keys.iter().map(|key| format!("{} {}", key.name, key.kcv)))),
                text(|r| {
                    joined(
                        r.keys.iter().filter_map(|key| {
                            Some(format!("{}: {}", key.name, key.proof.as_ref()?))
                        }),
                    )
                }),
                row.note.clone(),
            ]
        }));
        for row in rows {
            // A table in memory takes every row.
            let _ = writer.write_record(row.map(|cell| inert(&cell)));
        }
        let bytes = writer.into_inner().unwrap_or_default();
        format!("\u{FEFF}{}", String::from_utf8_lossy(&bytes))
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

/// A text that a table program takes for a formula is told to be text.
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{cell}");
    }
    cell.to_owned()
}
