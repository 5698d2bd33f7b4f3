use proptest::prelude::*;

use super::*;

fn texts(bytes: &[u8]) -> Vec<Vec<String>> {
    let table = Table::parse(bytes, "cards.csv").unwrap_or_else(|p| panic!("{p:?}"));
    let row = |row: &Vec<Cell>| row.iter().map(|cell| cell.text.clone()).collect();
    std::iter::once(&table.header).chain(&table.rows).map(row).collect()
}

fn refused(text: &[u8]) -> String {
    let problems = Table::parse(text, "cards.csv").expect_err("refused");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_excel_saves_is_read() {
    let plain = vec![vec!["serial", "balance"], vec!["1", "10.00"], vec!["2", ""]];
    for text in [
        "serial,balance\n1,10.00\n2,\n",
        "serial,balance\r\n1,10.00\r\n2,\r\n",
        "\u{FEFF}serial;balance\r\n1;10.00\r\n2;",
        "sep=;\r\nserial;balance\r\n1;10.00\r\n2;\r\n",
        "serial\tbalance\n1\t10.00\n2\t\n",
        "serial,balance\r1,10.00\r2,\r",
        "\"serial\",\"balance\"\n\"1\" , \"10.00\"\n 2 ,\n\n,\n  \n",
        "serial , balance\n\n1,\u{3000}10.00\u{A0}\n2,\n\r\n\r\n",
    ] {
        assert_eq!(texts(text.as_bytes()), plain, "{text:?}");
    }
}

#[test]
fn a_cell_in_quotes_may_hold_anything() {
    let text = b"serial,note\n1,\"a \"\"b\"\", c;\nsecond line\"\n2,x\n";
    let rows = texts(text);
    assert_eq!(rows[1], ["1", "a \"b\", c;\nsecond line"]);
    let table = Table::parse(text, "cards.csv").expect("a table");
    // The line break inside the quotes counts.
    let Place { line, column, .. } = table.rows[1][1].place;
    assert_eq!((line, column), (4, 3));
}

#[test]
fn a_broken_table_is_told_with_its_place() {
    for (text, place, mend) in [
        (&b"a,b\n1,\"x\n2,y\n"[..], "cards.csv:2:3: this quote is never closed", "close it"),
        (b"a,b\n1,x\"y\n", "cards.csv:2:4: a quote in the middle", "whole cell"),
        (b"a,b\n1,\"x\"y\n", "cards.csv:2:6: text after a cell", "twice"),
        (b"a,b\n1,\xB2\xE2\n", "cards.csv:2:3: not UTF-8", "CSV UTF-8"),
        (b"", "cards.csv: the file is empty", "one line for each card"),
        (b"\xEF\xBB\xBF\r\n", "cards.csv: the file is empty", "names of the columns"),
    ] {
        let said = refused(text);
        assert!(said.contains(place) && said.contains(mend), "{text:?}: {said}");
    }
    let many = "serial\n".to_owned() + &"1\n".repeat(MOST_ROWS + 1);
    let said = refused(many.as_bytes());
    assert!(said.contains("cards.csv:100003:1: more than 100000 rows; split"), "{said}");
    let said = refused(",".repeat(300).as_bytes());
    assert!(said.contains("cards.csv:1:258: more than 256 columns"), "{said}");
}

/// A cell as the writer of a table must quote it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn any_bytes_are_a_table_or_a_problem_with_a_mend(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problems) = Table::parse(&bytes, "x") {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| !problem.mend.is_empty()));
        }
    }

    #[test]
    fn quoted_cells_come_back(cells in proptest::collection::vec("[ -~\n\r;中文\"]{1,9}", 1..5)) {
        let line: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        let text = format!("x\n{}\n", line.join(","));
        let rows = texts(text.as_bytes());
        let expected: Vec<String> =
            cells.iter().map(|cell| cell.trim_matches(is_blank).to_owned()).collect();
        match rows.get(1) {
            Some(row) => prop_assert_eq!(row, &expected),
            None => prop_assert!(expected.iter().all(String::is_empty)),
        }
    }
}
