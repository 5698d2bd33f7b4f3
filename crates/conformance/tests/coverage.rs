//! The coverage table: no empty cell, no stale reason, and what is told where there is one.
#![expect(clippy::expect_used, reason = "a test helper may fail the test")]

use std::path::Path;

use applet_spec::Profile;
use conformance::coverage::{self, Coverage, Reasons};
use conformance::{Rules, Suite, Suites};

fn profiles() -> Vec<&'static Profile> {
    let names = Profile::built_in_names().iter();
    names.map(|name| &**Profile::built_in(name).expect("a built-in profile")).collect()
}

fn table(reasons: &Reasons) -> Coverage {
    coverage::table(Suites::built_in().cases(), &profiles(), reasons)
}

#[test]
fn every_cell_has_a_case_or_a_reason_and_every_reason_a_cell() {
    let coverage = table(Reasons::built_in());
    let empty: Vec<String> = coverage
        .empty()
        .map(|cell| format!("{:?} {}", cell.cell.command, cell.cell.aspect.words()))
        .collect();
    assert!(empty.is_empty(), "{} empty cells:\n{}", empty.len(), empty.join("\n"));
    assert!(coverage.stale.is_empty(), "{}", coverage.stale.join("\n"));
    assert!(coverage.mistakes.is_empty(), "{}", coverage.mistakes.join("\n"));
}

#[test]
fn every_rule_has_a_case_that_somebody_wrote() {
    let without = coverage::rules_without_case(Rules::built_in().all(), Suites::built_in().cases());
    let ids: Vec<&str> = without.iter().map(|rule| rule.id.as_str()).collect();
    assert!(ids.is_empty(), "no case by hand for {}", ids.join(", "));
}

#[test]
fn a_cell_without_its_reason_is_empty_and_a_reason_without_its_cell_is_stale() {
    let none = table(&Reasons::default());
    assert!(none.empty().any(
        |cell| cell.cell.aspect.words() == "9000" && cell.cell.command == Some("get-response")
    ));
    assert!(none.text().contains("EMPTY"));

    let text = "[[reason]]\ncommands = [\"verify\"]\nstatus = 0x63C0\nreason = \"r\"\n\
                reason-zh = \"r\"\n[[reason]]\ncommands = [\"verify\"]\nstatus = 0x9407\n\
                reason = \"r\"\nreason-zh = \"r\"\n";
    let stale = table(&Reasons::parse(text, "mine.toml").expect("reasons")).stale;
    assert_eq!(stale.len(), 2, "{stale:?}");
    assert!(stale.iter().any(|line| line.ends_with("there is a case for it")), "{stale:?}");
    assert!(stale.iter().any(|line| line.ends_with("there is no such cell")), "{stale:?}");
}

#[test]
fn a_reason_must_say_which_cell() {
    let text = "[[reason]]\ncommands = [\"verify\"]\nreason = \"r\"\nreason-zh = \"r\"\n\
                [[reason]]\ncommands = [\"verfy\"]\nstate = \"lode\"\nreason = \"r\"\n\
                reason-zh = \"r\"\n";
    let told = Reasons::parse(text, "mine.toml").expect_err("mistakes").to_string();
    assert!(told.contains("mine.toml:1") && told.contains("status"), "{told}");
    assert!(told.contains("verfy") && told.contains("lode"), "{told}");
}

/// Of a status word with two reasons, a case says which; a text that is none is told.
#[test]
fn a_step_says_which_reason_it_covers() {
    let suite = |covers: &str| {
        let text = format!(
            "family = \"lab\"\nprefix = \"LAB\"\ntitle = \"Lab\"\ntitle-zh = \"Lab\"\nversion = \
             \"1\"\n[[rule]]\nid = \"lab.main\"\ntext = \"t\"\ntext-zh = \"t\"\nsource = \
             \"s\"\n[[case]]\nid = \"LAB_001\"\npurpose = \"p\"\npurpose-zh = \"p\"\nrules = \
             [\"lab.main\"]\n[[case.step]]\nsend = \"initialize-for-load\"\nsw = \"6985\"\ncovers \
             = \"{covers}\"\n"
        );
        Suite::parse(&text, "lab.toml", &Rules::default())
    };
    let told = suite("the moon is full").expect_err("a mistake").to_string();
    assert!(told.contains("the balance would be above its maximum"), "{told}");
    assert!(suite("the balance would be above its maximum").is_ok());
}

#[test]
fn wrong_cards_without_a_case_are_told() {
    let names = ["mac2-field".to_owned(), "of-nobody".to_owned()];
    let told = coverage::wrong_cards_without_case(&names, Suites::built_in().cases());
    assert!(told.contains(&"of-nobody"), "{told:?}");
}

#[test]
fn the_page_of_coverage_is_up_to_date() {
    let made = table(Reasons::built_in()).page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).expect("a page");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == made, "docs/coverage.md is old; run UPDATE_DOCS=1 cargo test -p conformance");
}
