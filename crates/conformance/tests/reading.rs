//! Suite files: what they say, read.

use conformance::{Rules, Suite, Suites};

const LAB: &str = include_str!("fixtures/lab.toml");

fn lab() -> Suite {
    Suite::parse(LAB, "lab.toml", &Rules::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_case_with_two_tables_of_a_matrix_is_multiplied_out_row_by_row() {
    let ids: Vec<String> = lab().cases.iter().map(|case| case.id.clone()).collect();
    let expected = [
        "LAB_001",
        "LAB_002:what=amount,amount=2.50",
        "LAB_002:what=amount,amount=1000fen",
        "LAB_002:what=amount,amount=0.01",
        "LAB_002:what=terminal,amount=2.50",
        "LAB_002:what=terminal,amount=1000fen",
        "LAB_002:what=terminal,amount=0.01",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn every_built_in_suite_is_read() {
    if let Err(errors) = Suites::load(&["all"], Rules::built_in(), |_| unreachable!()) {
        panic!("{errors}");
    }
}
