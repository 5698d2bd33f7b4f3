//! The report as test results (JUnit), for those who collect them.

use purse::Language;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{Report, Verdict, card, moment};
use crate::cards::Row;
use crate::engine::Record;

/// Written into memory, which takes everything.
type Xml = Writer<Vec<u8>>;

impl Report<'_> {
    /// The report as test results: one case per card.
    pub fn junit(&self) -> String {
        let counts = self.counts();
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
        put(&mut xml, Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let (total, failures) = (counts.total.to_string(), counts.rejected.to_string());
        let (errors, skipped) = (counts.begun.to_string(), counts.waiting.to_string());
        let numbers = [
            ("tests", total.as_str()),
            ("failures", failures.as_str()),
            ("errors", errors.as_str()),
        ];
        open(
            &mut xml,
            "testsuites",
            &[&[("name", self.binding.name.as_str())], &numbers[..]].concat(),
        );
        let suite = [
            &[("name", self.binding.name.as_str())],
            &numbers[..],
            &[("skipped", skipped.as_str())],
        ];
        open(&mut xml, "testsuite", &suite.concat());
        open(&mut xml, "properties", &[]);
        for (name, value) in [
            ("profile", self.binding.profile.as_str()),
            ("program", self.program),
            ("job-sm3", self.binding.job.as_str()),
            ("cards-sm3", self.binding.cards.as_str()),
            ("profiles-sm3", self.binding.profiles.as_str()),
        ] {
            empty(&mut xml, "property", &[("name", name), ("value", value)]);
        }
        close(&mut xml, "properties");
        self.rows.iter().for_each(|row| self.case(&mut xml, row));
        close(&mut xml, "testsuite");
        close(&mut xml, "testsuites");
        String::from_utf8_lossy(&xml.into_inner()).into_owned() + "\n"
    }

    fn case(&self, xml: &mut Xml, row: &Row) {
        let record = self.record(row.serial);
        let serial = row.serial.to_string();
        let seconds = record.and_then(|r| Some(r.ended?.saturating_sub(r.began)));
        let seconds = seconds.unwrap_or_default().to_string();
        let named = [
            ("name", serial.as_str()),
            ("classname", self.binding.profile.as_str()),
            ("time", seconds.as_str()),
        ];
        open(xml, "testcase", &named);
        let reason = record.and_then(|record| record.reason.as_deref()).unwrap_or("not finished");
        match Verdict::of(record) {
            Verdict::Passed => {}
            Verdict::Rejected => {
                empty(xml, "failure", &[("message", reason), ("type", "rejected")])
            }
            Verdict::Begun => empty(xml, "error", &[("message", reason), ("type", "begun")]),
            Verdict::Waiting => empty(xml, "skipped", &[("message", "not made")]),
        }
        if let Some(record) = record {
            open(xml, "system-out", &[]);
            put(xml, Event::Text(BytesText::new(&legal(&told(record, &row.note)))));
            close(xml, "system-out");
        }
        close(xml, "testcase");
    }
}

/// What there is to tell of a card, line by line.
fn told(record: &Record, note: &str) -> String {
    let mut out = vec![
        format!("card {}", card(record)),
        format!("operator {}", record.operator.as_deref().unwrap_or_default()),
        format!("began {}, ended {}", moment(Some(record.began)), moment(record.ended)),
        format!("steps {} of {}", record.progress.done, record.steps),
        format!("attempts {}, APDUs {}", record.progress.attempts, record.apdus),
        format!("verdict {}", Verdict::of(Some(record)).in_words(Language::English)),
    ];
    if !note.is_empty() {
        out.push(format!("note {note}"));
    }
    out.extend(record.checks.iter().map(|check| match &check.fault {
        None => format!("ok {}", check.what),
        Some(fault) => format!("FAULT {}: {fault}", check.what),
    }));
    out.extend(record.keys.iter().map(|key| {
        let proof = key.proof.as_deref().unwrap_or("not proved");
        format!("key {} KCV {} ({proof})", key.name, key.kcv)
    }));
    out.join("\n")
}

/// XML has no place for most control characters, not even written out.
fn legal(text: &str) -> String {
    let fits = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .map(|c| if fits(c) && c != '\u{FFFE}' && c != '\u{FFFF}' { c } else { '?' })
        .collect()
}

fn put(xml: &mut Xml, event: Event<'_>) {
    let _ = xml.write_event(event);
}

fn start<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    let mut start = BytesStart::new(name);
    for (key, value) in attributes {
        start.push_attribute((*key, legal(value).as_str()));
    }
    start
}

fn open(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) {
    put(xml, Event::Start(start(name, attributes)));
}

fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) {
    put(xml, Event::Empty(start(name, attributes)));
}

fn close(xml: &mut Xml, name: &str) {
    put(xml, Event::End(BytesEnd::new(name)));
}
