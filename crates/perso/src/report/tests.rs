use std::sync::Arc;

use super::*;
use crate::engine::{Check, Identity, KeyLine};
use crate::problem::Place;

const HOSTILE: &str = "</td><script>alert(1)</script>\"'&=<!--]]>\u{7}\u{FFFF}";

fn row(number: u64, note: &str) -> Row {
    let place = Place { origin: Arc::from("cards.csv"), line: 1, column: 1 };
    let serial = Serial(number.to_be_bytes());
    Row { serial, wishes: Vec::new(), note: note.to_owned(), place }
}

fn record(state: RecordState, text: &str) -> Record {
    let card = Identity { uid: Some(text.to_owned()), atr: "3B".to_owned(), look: String::new() };
    let mut record = Record::begun(card, 9, 1_700_000_000);
    record.state = state;
    record.ended = Some(1_700_000_003);
    record.operator = Some(text.to_owned());
    record.reason = (state == RecordState::Rejected).then(|| text.to_owned());
    record.checks.push(Check { what: text.to_owned(), what_zh: text.to_owned(), fault: None });
    record.keys.push(KeyLine {
        name: "3F01/load/01/01".to_owned(),
        kcv: "A1B2C3".to_owned(),
        proof: Some(text.to_owned()),
    });
    record
}

fn held(text: &str) -> Held {
    let records = [
        (Serial(1_u64.to_be_bytes()), record(RecordState::Passed, text)),
        (Serial(2_u64.to_be_bytes()), record(RecordState::Rejected, text)),
        (Serial(3_u64.to_be_bytes()), record(RecordState::Begun, text)),
    ];
    let card = Identity { uid: Some(text.to_owned()), atr: String::new(), look: String::new() };
    let refused = crate::engine::Refusal { card, reason: text.to_owned(), last_try: false };
    Held { records: records.into(), refused: vec![refused] }
}

fn binding(text: &str) -> Binding {
    Binding::new(text, "fmcos-ep 1.0.0", b"job", b"cards", &["profile"], 1_700_000_000)
}

/// The three forms of a report.
fn forms(text: &str) -> [String; 4] {
    let (binding, held) = (binding(text), held(text));
    let rows = [row(1, text), row(2, text), row(3, text), row(4, text)];
    let report = Report { binding: &binding, held: &held, rows: &rows, program: "0.1.0" };
    let counts = Counts { total: 4, passed: 1, rejected: 1, begun: 1, waiting: 1 };
    assert_eq!(report.counts(), counts);
    [report.csv(), report.html(Language::English), report.html(Language::Chinese), report.junit()]
}

#[test]
fn every_form_tells_serials_verdicts_and_check_values() {
    for form in forms("plain") {
        for word in ["0000000000000001", "0000000000000004", "A1B2C3", "plain", "3F01/load/01/01"] {
            assert!(form.contains(word), "{word} is not in {form}");
        }
    }
    let [csv, english, chinese, junit] = forms("plain");
    assert!(csv.contains("0000000000000004,not made"), "{csv}");
    assert!(english.contains("rejected") && chinese.contains("拒绝"));
    assert!(junit.contains("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{junit}");
    assert!(junit.contains("<skipped message=\"not made\"/>"), "{junit}");
}

#[test]
fn hostile_text_stays_text_in_every_form() {
    let [csv, english, chinese, junit] = forms(HOSTILE);
    for page in [&english, &chinese] {
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<!--"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    }
    assert!(!junit.contains("<script") && !junit.contains('\u{7}') && !junit.contains('\u{FFFF}'));
    let mut reader = quick_xml::Reader::from_str(&junit);
    let mut cases = 0;
    loop {
        match reader.read_event().expect("well-formed XML") {
            quick_xml::events::Event::Start(start) if start.name().as_ref() == b"testcase" => {
                cases += 1;
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(cases, 4);
    let mut table = csv::Reader::from_reader(csv.trim_start_matches('\u{FEFF}').as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.get(13) == Some(HOSTILE)));
}

#[test]
fn what_a_table_program_takes_for_a_formula_is_text() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
        let [csv, ..] = forms(formula);
        let mut table = csv::Reader::from_reader(csv.trim_start_matches('\u{FEFF}').as_bytes());
        for row in table.records() {
            let row = row.expect("a row");
            let bad = row.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t']));
            assert_eq!(bad, None, "{formula}");
        }
    }
}
