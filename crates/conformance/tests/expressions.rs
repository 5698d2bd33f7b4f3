//! Values as text: read, printed, and read again.

use conformance::expression::{CALLS, MAX_PARTS};
use conformance::{Expression, Operator};
use proptest::prelude::*;

fn parts(expression: &Expression) -> usize {
    match expression {
        Expression::Literal(_) | Expression::Name(_) => 1,
        Expression::Slice(of, ..) => 1 + parts(of),
        Expression::Call(_, arguments) => {
            1 + arguments.iter().map(|(_, v)| parts(v)).sum::<usize>()
        }
        Expression::Operation(_, left, right) => 1 + parts(left) + parts(right),
    }
}

fn expressions() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        "[0-9A-Fa-f?.]{1,8}( [0-9A-F]{2}){0,3}".prop_map(Expression::Literal),
        "[a-z][a-z0-9-]{0,8}[a-z0-9]".prop_map(Expression::Name),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let operator = prop_oneof![
            Just(Operator::Plus),
            Just(Operator::Minus),
            Just(Operator::Xor),
            Just(Operator::Join)
        ];
        let call = (0..CALLS.len(), proptest::collection::vec(inner.clone(), 6)).prop_map(
            |(at, values)| {
                let form = &CALLS[at];
                let inputs = form.needs.iter().chain(form.takes.iter().take(2));
                let arguments = inputs.zip(values).map(|(name, value)| ((*name).to_owned(), value));
                Expression::Call(form.name.to_owned(), arguments.collect())
            },
        );
        prop_oneof![
            (operator, inner.clone(), inner.clone())
                .prop_map(|(sign, a, b)| Expression::Operation(sign, Box::new(a), Box::new(b))),
            (inner.clone(), 0..9usize, 1..9usize).prop_map(|(of, from, more)| Expression::Slice(
                Box::new(of),
                from,
                from + more
            )),
            call,
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(expression in expressions()) {
        prop_assume!(parts(&expression) <= MAX_PARTS);
        let text = expression.to_string();
        prop_assert_eq!(Expression::parse(&text), Ok(expression), "{}", text);
    }

    #[test]
    fn what_is_read_is_printed_and_read_as_the_same(text in "[ 0A$.?a(),=+^|\\[\\]-]{0,40}") {
        if let Ok(expression) = Expression::parse(&text) {
            let printed = expression.to_string();
            prop_assert_eq!(Expression::parse(&printed), Ok(expression), "{} as {}", text, printed);
        }
    }

    #[test]
    fn arbitrary_text_is_read_or_refused_within_itself(text in "\\PC{0,80}") {
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at), "{error}");
        }
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!("{}00{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Expression::parse(&deep).is_err());
    let calls = format!("{}00{}", "length(of=".repeat(50_000), ")".repeat(50_000));
    assert!(Expression::parse(&calls).is_err());
    for long in ["00 $a ".repeat(100_000), "00 + ".repeat(100_000), "| ".repeat(100_000)] {
        assert!(Expression::parse(&long).is_err());
    }
    assert!(Expression::parse(&format!("$a{}", "[0..2]".repeat(100_000))).is_err());
}

#[test]
fn what_stands_beside_each_other_belongs_together() {
    let printed = |text: &str| Expression::parse(text).map(|expression| expression.to_string());
    assert_eq!(printed("80 5C $p2 04"), Ok("80 5C | $p2 | 04".to_owned()));
    assert_eq!(printed("$a + 1 2 $b"), Ok("$a + (1 2 | $b)".to_owned()));
    assert_eq!(printed("00 mac1()[0..2] ^ 0000"), Ok("00 | mac1()[0..2] ^ 0000".to_owned()));
    assert_eq!(printed("$terminal-serial - 1"), Ok("$terminal-serial - 1".to_owned()));
    assert_eq!(printed(" $pin | "), Ok("$pin | ".to_owned()));
    assert_eq!(printed("sm(data=, key=load)"), Ok("sm(data=, key=load)".to_owned()));
    assert_eq!(printed("  "), Ok(String::new()));
}
