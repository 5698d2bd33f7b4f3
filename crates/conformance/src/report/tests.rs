use proptest::prelude::*;
use purse::Language;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use super::fixture::{case, finding, outcome, rule, rules, run, steps};
use super::text::Paint;
use super::*;
use crate::{Exchange, Verdict};

const HOSTILE: &str =
    "</td><script>alert(1)</script>\"'&=<!--]]>\u{7}\u{1B}[31m\u{9B}1m\u{0}\u{FFFF}\u{202E}\r余额";
const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

fn json(report: &RunReport) -> String {
    let mut lines = JsonLines::new(Vec::new());
    lines.run(&report.heading).unwrap();
    report.outcomes.iter().for_each(|o| lines.case(&report.heading, o).unwrap());
    lines.end(report.counts(), report.elapsed, report.broken_off.as_ref()).unwrap();
    String::from_utf8(lines.into_inner()).unwrap()
}

/// A report in every form and language.
fn forms(report: &RunReport) -> Vec<String> {
    let mut out = vec![json(report)];
    for language in LANGUAGES {
        out.push(junit(report, &rules(), language));
        for detail in [Detail::Failures, Detail::Everything] {
            out.push(html(report, &rules(), language, detail));
            out.push(text::whole(report, language, Paint::Plain, detail));
        }
    }
    out
}

/// The elements of a page in their order; those that are opened are closed.
fn elements(page: &str) -> Vec<&str> {
    let (mut open, mut seen, mut rest) = (Vec::new(), Vec::new(), page);
    while let Some((_, tag)) = rest.split_once('<') {
        let (inside, after) = tag.split_once('>').expect("every < has its >");
        let name = inside.split([' ', '\n']).next().unwrap_or_default();
        rest = after;
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if ["!DOCTYPE", "meta", "input"].contains(&name) => seen.push(name),
            None => {
                open.push(name);
                seen.push(name);
            }
        }
        if ["style", "script"].contains(&name) {
            rest = &after[after.find(&format!("</{name}>")).expect("its end")..];
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    seen
}

#[track_caller]
fn harmless(words: &str) {
    let report = run(words);
    for language in LANGUAGES {
        let back = Report::deserialize_from_str(&junit(&report, &rules(), language)).unwrap();
        assert_eq!((back.tests, back.failures, back.errors, back.skipped), (4, 1, 1, 1));
        for detail in [Detail::Failures, Detail::Everything] {
            let page = html(&report, &rules(), language, detail);
            let plain = html(&run("plain"), &rules(), language, detail);
            assert_eq!(elements(&page), elements(&plain));
            let odd = page.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t');
            assert_eq!(odd, None);
            let lines = text::whole(&report, language, Paint::Plain, detail);
            assert_eq!(lines.chars().find(|c| c.is_control() && *c != '\n'), None);
            let plain = text::whole(&run("plain"), language, Paint::Plain, detail);
            assert_eq!(lines.lines().count(), plain.lines().count());
        }
    }
    for line in json(&report).lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn hostile_text_stays_text_in_every_form() {
    harmless(HOSTILE);
    let page = html(&run(HOSTILE), &rules(), Language::English, Detail::Failures);
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("␛[31m"), "{page}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_breaks_a_form(words in any::<String>()) {
        harmless(&words);
    }

    #[test]
    fn no_text_of_marks_breaks_a_form(words in "[\\]\\[<>&\"'/! \\-a\u{0}-\u{1f}\u{80}-\u{9f}余\r\n]{0,40}") {
        harmless(&words);
    }

    #[test]
    fn any_bytes_from_a_card_can_be_reported(
        command in proptest::collection::vec(any::<u8>(), 0..40),
        answer in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
    ) {
        let mut report = run("plain");
        let exchange = Exchange { command, answer, elapsed: report.elapsed };
        for outcome in &mut report.outcomes {
            for step in &mut outcome.steps {
                step.exchanges.push(exchange.clone());
            }
        }
        for form in forms(&report).iter().filter(|form| form.starts_with("<!DOCTYPE")) {
            elements(form);
        }
        Report::deserialize_from_str(&junit(&report, &rules(), Language::Chinese)).unwrap();
    }
}

#[test]
fn junit_read_back_says_what_the_run_was_and_why_cases_failed() {
    let xml = junit(&run("words"), &rules(), Language::English);
    let report = Report::deserialize_from_str(&xml).unwrap();
    let [purchase, proof] = report.test_suites.as_slice() else { panic!("two families: {xml}") };
    let property = |list: &[quick_junit::Property], name: &str| {
        let found = list.iter().find(|property| property.name.as_str() == name);
        found.unwrap_or_else(|| panic!("no {name} in {xml}")).value.as_str().to_owned()
    };
    for (name, value) in [
        ("target", "words"),
        ("profile", "jtt978"),
        ("profile-version", "1.2.0"),
        ("atr", "3B6D00"),
        ("seed", "42"),
        ("revision", "0.1.0 (abc)"),
        ("reproduce", "purse conform run all --card virtual:jtt978 --seed 42"),
    ] {
        assert_eq!(property(&purchase.properties, name), value);
        assert_eq!(property(&proof.properties, name), value);
    }
    let [passed, failed] = purchase.test_cases.as_slice() else { panic!("two cases") };
    assert_eq!(passed.classname.as_deref(), Some("purchase"));
    assert!(matches!(passed.status, TestCaseStatus::Success { .. }));
    assert_eq!(passed.system_out, None);
    assert_eq!(failed.name.as_str(), "EP_XF_002:amount=250");
    assert_eq!(property(&failed.properties, "rules"), "purchase.debit proof.kept");
    let reproduce =
        "purse conform run all --card virtual:jtt978 --seed 42 --only 'EP_XF_002:amount=250'";
    assert_eq!(property(&failed.properties, "reproduce"), reproduce);
    let TestCaseStatus::NonSuccess { kind, message, ty, description, .. } = &failed.status else {
        panic!("it failed")
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    assert_eq!(ty.as_deref(), Some("purchase.debit"));
    let message = message.as_deref().unwrap();
    assert!(message.starts_with("purchase.debit: words | step 2, GET BALANCE: words"), "{message}");
    assert!(message.ends_with("expected 97.50 words, actual 100.00"), "{message}");
    assert!(description.as_deref().unwrap().contains("expected  00 00 26 ··"), "{description:?}");
    let trace = failed.system_out.as_deref().unwrap();
    assert!(trace.contains("GET BALANCE") && trace.contains("100.00 yuan (10000 fen)"), "{trace}");
    let [skipped, broken] = proof.test_cases.as_slice() else { panic!("two cases") };
    let TestCaseStatus::Skipped { message, .. } = &skipped.status else { panic!("skipped") };
    assert_eq!(message.as_deref(), Some("words"));
    let TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } = &broken.status else {
        panic!("an error")
    };
}

#[test]
fn a_pin_is_in_no_form_not_even_where_the_card_gives_it_back() {
    let mut report = run("words");
    let debit = rule("purchase.debit", "words");
    let mut seen = steps("words");
    seen[0].exchanges[0].answer = Some(vec![0x12, 0x34, 0x56, 0x90, 0x00]);
    let mut wrong = finding(&debit, "words");
    wrong.actual = fixture::text("12 34 56");
    wrong.bytes = Some((vec![], vec![0x12, 0x34, 0x56]));
    let echo = case("EP_YZ_001", "pin", &[debit], "words");
    let garbage = Verdict::Broken(fixture::text("the card answered 12 34 56 to VERIFY"));
    seen[0].expected.push(fixture::text("not 123456"));
    report.outcomes.push(outcome(Arc::clone(&echo), garbage, seen.clone()));
    report.outcomes.push(outcome(echo, Verdict::Failed(vec![wrong]), seen));
    for form in forms(&report) {
        let digits: String = form.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(!digits.contains("123456"), "{form}");
        for cell in ["<mark>12</mark>", "<td>34</td>"] {
            assert!(!form.contains(cell), "{form}");
        }
        assert!(form.contains("not shown") || form.contains("不显示"), "{form}");
    }
}

#[test]
fn findings_beside_a_pin_keep_their_bytes() {
    let page = html(&run("words"), &rules(), Language::English, Detail::Failures);
    assert!(page.contains("<mark>26</mark>") && page.contains("<mark>27</mark>"), "{page}");
    assert!(page.contains("<td>··</td>") && !page.contains("<mark>··</mark>"), "{page}");
    assert_eq!(page.matches("<mark>").count(), 2);
}

#[test]
fn the_page_has_the_ids_that_others_look_for_each_once() {
    let page = html(&run("words"), &rules(), Language::English, Detail::Failures);
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
    for id in [
        "summary",
        "failures",
        "families",
        "traceability",
        "cases",
        "filter",
        "case-EP_XF_001",
        "case-EP_XF_002:amount=250",
        "rule-purchase.debit",
    ] {
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id} in {ids:?}");
    }
    let links: Vec<&str> =
        page.split("href=\"#").skip(1).filter_map(|s| s.split('"').next()).collect();
    assert!(links.iter().all(|link| ids.contains(link)), "{links:?} in {ids:?}");
    assert!(
        page.contains(r#"id="case-EP_XF_002:amount=250" data-verdict="failed" open"#),
        "{page}"
    );
}

#[test]
fn the_page_needs_no_network_and_names_profile_and_version() {
    for language in LANGUAGES {
        let page = html(&run("words"), &rules(), language, Detail::Everything);
        for far in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(far), "{far}");
        }
        assert!(page.contains("jtt978 1.2.0"));
        let lower = page.to_lowercase();
        for claim in ["complies", "compliant", "conforms to", "符合"] {
            assert!(!lower.contains(claim), "{claim}");
        }
    }
    let chinese = html(&run("words"), &rules(), Language::Chinese, Detail::Failures);
    assert!(chinese.contains(r#"<html lang="zh-CN">"#) && chinese.contains("规则追溯矩阵"));
}

#[test]
fn different_ids_stay_different_in_links() {
    let ids = ["a b", "a_b", "a~20~b", "a%20b", "a\"b", "余额", "a.b", "a:b=1"];
    let fragments: std::collections::HashSet<String> =
        ids.iter().map(|id| super::html::fragment(id)).collect();
    assert_eq!(fragments.len(), ids.len());
    let plain = |f: &String| f.chars().all(|c| c.is_ascii_graphic() && !"\"<>&%#".contains(c));
    assert!(fragments.iter().all(plain), "{fragments:?}");
}

/// The size of a page of 3,000 cases that all end like this.
fn size_of_many(verdict: &Verdict, exchanges: usize) -> usize {
    let mut report = run("A purchase with the right MAC1 lowers the balance by its amount");
    let debit = rule("purchase.debit", "words");
    let seen: Vec<_> = steps("words").into_iter().cycle().take(exchanges).collect();
    for number in 0..3_000 {
        let rules = std::slice::from_ref(&debit);
        let case = case(&format!("EP_XF_{number:04}"), "purchase", rules, "words");
        report.outcomes.push(outcome(case, verdict.clone(), seen.clone()));
    }
    html(&report, &rules(), Language::Chinese, Detail::Failures).len()
}

#[test]
fn three_thousand_cases_make_a_page_that_opens_also_where_all_fail() {
    let debit = rule("purchase.debit", "words");
    for (verdict, exchanges) in [
        (Verdict::Passed, 12),
        (Verdict::Failed(vec![finding(&debit, "words")]), 8),
        (Verdict::Broken(fixture::text("mute")), 8),
    ] {
        let size = size_of_many(&verdict, exchanges);
        assert!(size < 10_000_000, "{} {size} bytes", verdict.code());
    }
}

#[test]
fn what_a_long_trace_leaves_out_is_said() {
    let mut report = run("words");
    let seen: Vec<_> = steps("words").into_iter().cycle().take(100).collect();
    report.outcomes[0].steps = seen;
    let page = html(&report, &rules(), Language::English, Detail::Failures);
    assert!(page.contains("60 more exchanges"), "{page}");
    let page = html(&report, &rules(), Language::English, Detail::Everything);
    assert!(!page.contains("more exchanges"), "{page}");
}

#[test]
fn lines_for_a_terminal_show_rule_step_bytes_and_the_command() {
    let report = run("words");
    let said = text::whole(&report, Language::English, Paint::Plain, Detail::Failures);
    let expected = "\
target           words
profile          jtt978 1.2.0
answer to reset  3B6D00
seed             42
program          0.1.0 (abc)
  FAIL [   0.002s] EP_XF_002:amount=250 words
       purchase.debit: words
       step 2, GET BALANCE: words
         expected  97.50 words
         actual    100.00
         0000      +0 +1 +2 +3
         expected  00 00 26 ··
         actual    00 00 27 10
                         ^^
       reproduce: purse conform run all --card virtual:jtt978 --seed 42 --only 'EP_XF_002:amount=250'
BROKEN [   0.002s] EP_ZM_002 words
       words
       reproduce: purse conform run all --card virtual:jtt978 --seed 42 --only 'EP_ZM_002'
4 cases: 1 passed, 1 failed, 1 broken, 1 skipped [1.234s]
";
    assert_eq!(said, expected);
    let all = text::whole(&report, Language::English, Paint::Plain, Detail::Everything);
    assert!(all.contains("  PASS [   0.002s] EP_XF_001 words\n"), "{all}");
    assert!(all.contains("  SKIP [   0.002s] EP_ZM_001 words (words)\n"), "{all}");
    let painted = text::whole(&report, Language::English, Paint::Ansi, Detail::Failures);
    assert!(painted.contains("\u{1B}[31;1m26\u{1B}[0m"), "{painted}");
}

#[test]
fn lines_of_json_are_a_document_for_each_event() {
    let said = json(&run("words"));
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events, ["run", "case", "case", "case", "case", "end"]);
    assert_eq!((&lines[0]["profile_version"], &lines[0]["seed"]), (&"1.2.0".into(), &42.into()));
    let failed = &lines[2];
    assert_eq!(failed["verdict"], "failed");
    assert_eq!(failed["rules"], serde_json::json!(["purchase.debit", "proof.kept"]));
    assert_eq!(failed["findings"][0]["rule"], "purchase.debit");
    assert_eq!(failed["findings"][0]["step"], 2);
    assert_eq!(failed["findings"][0]["expected_bytes"], "000026??");
    assert_eq!(failed["findings"][0]["actual_bytes"], "00002710");
    assert!(failed["reproduce"].as_str().unwrap().ends_with("--only 'EP_XF_002:amount=250'"));
    assert_eq!((&lines[3]["verdict"], &lines[3]["reason"]), (&"skipped".into(), &"words".into()));
    assert_eq!(lines[4]["verdict"], "broken");
    assert_eq!((&lines[5]["failed"], &lines[5]["ms"]), (&1.into(), &1234.0.into()));
}
