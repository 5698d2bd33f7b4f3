use link::LinkError;

use super::{Fake, Lines, beside};
use crate::links::lines::Line;
use crate::links::{SharedCard, bind, control};

fn ask(shared: &SharedCard<Fake>, line: &str) -> String {
    control::answer(shared, &Line::Text(line.as_bytes().to_vec())).text.unwrap_or_default()
}

#[test]
fn each_verb_does_what_it_says_and_answers_one_line() {
    let (shared, card) = Fake::shared();
    assert_eq!(ask(&shared, "remove"), "ok removed");
    assert_eq!(ask(&shared, "reset"), "error: no card in fake card");
    assert_eq!(ask(&shared, "insert"), "ok inserted");
    assert_eq!(ask(&shared, "reset"), "ok reset, ATR 3B0155");
    assert_eq!(ask(&shared, "tear 5"), "ok power is lost at write 5 from now");
    assert_eq!(ask(&shared, "snapshot a"), "ok snapshot a");
    assert_eq!(ask(&shared, "restore a"), "ok restored a, powered off");
    assert_eq!(ask(&shared, "resume a"), "ok resumed a");
    assert_eq!(ask(&shared, "set balance=10.00 serial=x=y"), "ok set 2 values");
    assert_eq!(ask(&shared, ""), "");
    assert_eq!(
        card.lock().unwrap().log,
        ["tear 5", "snapshot a", "restore a", "resume a", "balance=10.00", "serial=x=y"]
    );
}

#[test]
fn status_is_one_json_object_of_strings_in_the_card_s_order() {
    let (shared, _) = Fake::shared();
    let expected = r#"{"inserted":"yes","profile":"a \"b\"","balance":"12"}"#;
    assert_eq!(ask(&shared, "status"), expected);
    assert_eq!(ask(&shared, "status --json"), expected);
}

#[test]
fn what_is_wrong_is_said_in_one_line_and_changes_nothing() {
    let (shared, card) = Fake::shared();
    for (line, word) in [
        ("eject", "'eject' is not known; send insert"),
        ("tear", "tear 1 loses power"),
        ("tear 0", "1 is the next"),
        ("tear -1", "1 is the next"),
        ("tear 99999999999999999999", "1 is the next"),
        ("snapshot", "take one name"),
        ("restore a b", "take one name"),
        ("resume", "take one name"),
        ("rehearse 00A", "hexadecimal words"),
        ("rehearse 00A4 xx", "hexadecimal words"),
        ("set", "set takes KEY=VALUE"),
        ("set balance", "without spaces"),
        ("set =1", "without spaces"),
        ("insert now", "stand alone"),
        ("\u{1b}[2J", "'\\u{1b}[2J' is not known"),
        ("restore unknown", "no snapshot 'unknown' there are none"),
    ] {
        let answer = ask(&shared, line);
        assert!(answer.starts_with("error: ") && answer.contains(word), "{line}: {answer}");
        assert!(!answer.contains('\n'));
    }
    assert!(card.lock().unwrap().log.is_empty());
    assert_eq!(
        ask(&shared, "set a=1 odd=2 b=3"),
        "error: 'odd' is no key (the 1 before it are set)"
    );
}

#[test]
fn a_rehearsal_is_answered_in_one_line_of_bounded_length() {
    let (shared, _) = Fake::shared();
    assert_eq!(ask(&shared, "rehearse"), "ok");
    assert_eq!(ask(&shared, "rehearse 00B0 0084"), "ok ABAB ABAB");
    let long = "rehearse".to_owned() + &" FF00".repeat(2);
    assert!(ask(&shared, &long).contains("rehearse fewer commands"));
}

#[test]
fn a_resumed_card_has_not_left_its_reader() {
    let (shared, _) = Fake::shared();
    let before = shared.departures();
    ask(&shared, "resume a");
    assert_eq!(shared.departures(), before);
}

#[test]
fn a_failed_restore_is_no_departure() {
    let (shared, _) = Fake::shared();
    let before = shared.departures();
    ask(&shared, "restore unknown");
    assert_eq!(shared.departures(), before);
    ask(&shared, "restore a");
    assert_eq!(shared.departures(), before + 1);
}

#[test]
fn a_full_disk_ends_the_emulator() {
    let (shared, _) = Fake::shared();
    let bound = bind("127.0.0.1:0").unwrap();
    let result = beside(
        &shared,
        || control::serve(&shared, &bound),
        || {
            let mut client = Lines::connect(bound.address);
            assert_eq!(client.ask("status").chars().next(), Some('{'));
            assert!(client.ask("restore bad").starts_with("error: the card's state"));
            assert_eq!(client.line(), "");
        },
    );
    assert!(matches!(result, Err(LinkError::Storage(_))));
}
