use std::path::Path;

use super::*;
use crate::job::Job;

fn job(more: &str) -> Job {
    let text = format!(
        "name = \"lab\"\ntarget = \"virtual\"\nprofile = \"jtt978\"\ncards = \"cards.csv\"\n{more}"
    );
    Job::parse(text.as_bytes(), Path::new("job.toml")).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_row_has_its_wishes_and_the_defaults_where_it_has_none() {
    let job = job(
        "[serial]\nprefix = \"9999\"\nstart = 7\n[defaults]\nbalance = \"5.00\"\ncity = \"2900\"\n",
    );
    let rows = of_text(
        &job,
        "serial;Balance;locked;note;ep.online-serial;\n\
         1234567890123456;10.00;;first;;\n\
         ;;temporary;\"a \"\"b\"\"\";0xFFFE;\n\
         42;;;;;\n",
    )
    .expect("rows");
    let serials: Vec<String> = rows.iter().map(|row| row.serial.to_string()).collect();
    assert_eq!(serials, ["1234567890123456", "9999000000000007", "9999000000000042"]);
    let wishes = |at: usize| -> Vec<(String, String)> {
        rows[at].wishes.iter().map(|w| (w.key.clone(), w.value.clone())).collect()
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(wishes(0), [pair("balance", "10.00"), pair("city", "2900")]);
    assert_eq!(
        wishes(1),
        [
            pair("locked", "temporary"),
            pair("ep.online-serial", "0xFFFE"),
            pair("balance", "5.00"),
            pair("city", "2900")
        ]
    );
    assert_eq!((rows[0].note.as_str(), rows[1].note.as_str()), ("first", "a \"b\""));
    assert_eq!((rows[2].place.line, rows[1].wishes[2].place.line), (4, 9));
}

#[test]
fn a_count_makes_cards_all_alike() {
    let mut job = job("[serial]\nprefix = \"9999\"\nstep = 5\n[defaults]\nbalance = \"5.00\"\n");
    let rows = of_count(&job, 3).expect("rows");
    let serials: Vec<String> = rows.iter().map(|row| row.serial.to_string()).collect();
    assert_eq!(serials, ["9999000000000001", "9999000000000006", "9999000000000011"]);
    assert!(rows.iter().all(|row| row.wishes.len() == 1));
    job.serial.prefix = "999999999999999".to_owned();
    let said = of_count(&job, 3).expect_err("too long")[0].to_string();
    assert!(said.contains("job.toml:3:11: serial: running number 11 has more"), "{said}");
}

#[test]
fn every_mistake_of_a_table_is_told_with_file_line_column_and_mend() {
    let head = "serial,balance,valid-to,locked,city,trip,holder-staff\n";
    for (text, said) in [
        ("serial,colour\n1,red\n", "cards.csv:1:8: unknown column \"colour\"; take it out"),
        (
            "serial,balanse\n1,1.00\n",
            "cards.csv:1:8: unknown column \"balanse\"; did you mean \"balance\"?",
        ),
        ("serial,balance,balance\n1,,\n", "cards.csv:1:16: column \"balance\" is there twice"),
        ("serial,,note\n1,x,\n", "cards.csv:2:3: \"x\" stands in a column without a name"),
        ("serial,note\n1,a,b\n", "cards.csv:2:5: \"b\" stands in a column without a name"),
        ("serial,note\n", "cards.csv:1:1: there are no cards in it; write one line"),
        (
            "serial\n1\n2\n01\n",
            "cards.csv:4:1: serial: serial 0000000000000001 is in line 2 already",
        ),
        (
            "serial\n1.23E+15\n",
            "cards.csv:2:1: serial: \"1.23E+15\" is a serial that a table program",
        ),
        ("serial\nabc\n", "cards.csv:2:1: serial: \"abc\" is no serial; write 16 hexadecimal"),
        ("+1,10,,,,,\n", "cards.csv:2:3: balance: '10': not an amount; write 10.00|1000fen"),
        ("+1,-1.00,,,,,\n", "cards.csv:2:3: balance: '-1.00'"),
        ("+1,99999999.99,,,,,\n", "cards.csv:2:3: balance"),
        (
            "+1,,20260230,,,,\n",
            "cards.csv:2:4: valid-to: 20260230 is no day: 2026-02 has 28 days; write",
        ),
        ("+1,,20230229,,,,\n", "2023-02 has 28 days"),
        ("+1,,20261301,,,,\n", "there is no month 13"),
        ("+1,,2026-01-01,,,,\n", "cards.csv:2:4: valid-to: '2026-01-01': not"),
        (
            "+1,,,maybe,,,\n",
            "cards.csv:2:5: locked: 'maybe': not a kind of block; write no|temporary",
        ),
        ("+1,,,,29,,\n", "cards.csv:2:6: city: '29' is not 4 digits; write four digits"),
        ("+1,,,,,half,\n", "cards.csv:2:7: trip: 'half' is no state of a trip; write open or no"),
        ("+1,,,,,,1\n", "cards.csv:2:8: holder-staff: '1' is neither yes nor no; write yes or no"),
        ("serial,expired,valid-to\n1,yes,20300101\n", "cards.csv:2:7: valid-to: it says again"),
    ] {
        let text = text.strip_prefix('+').map_or(text.to_owned(), |rest| format!("{head}{rest}"));
        let found = of_text(&job(""), &text).expect_err(&text);
        assert!(found.contains(said), "{text}\nsaid {found}\nnot  {said}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "serial,balance,expired\n1,x,maybe\n1,1.00,yes\n2,y,no\nzz,,\n";
    let said = of_text(&job(""), text).expect_err("mistakes");
    let places: Vec<&str> = said.lines().map(|line| &line[..13]).collect();
    assert_eq!(places, ["cards.csv:2:3", "cards.csv:2:5", "cards.csv:4:3", "cards.csv:5:1"]);
    let text = "serial,balance\n1,1.00\n1,2.00\n2,\n2,\n";
    let said = of_text(&job(""), text).expect_err("twice");
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[test]
fn wrong_defaults_are_told_where_they_stand() {
    let said = of_text(&job("[defaults]\nbalance = \"5\"\ncolour = 1\n"), "serial\n1\n");
    let said = said.expect_err("wrong");
    assert!(said.contains("job.toml:6:11: defaults.balance: '5': not an amount"), "{said}");
    assert!(said.contains("job.toml:7:10: defaults.colour: no setting"), "{said}");
}
