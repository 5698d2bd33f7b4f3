//! Each operator on a small source text gives exactly the text that is expected.

use super::constants::Constants;
use super::find;
use super::rewrite::rewrite;
use super::shuffle;
use super::site::{Operator, Site};

fn sites(source: &str) -> Vec<Site> {
    let mut constants = Constants::default();
    constants.learn("enum Kind { Load, Purchase }").unwrap();
    let mut sites = find::sites(source, &constants, |_| true).unwrap();
    let alternatives = sites.iter_mut().flat_map(|site| &mut site.alternatives);
    (1..).zip(alternatives).for_each(|(id, one)| one.id = id);
    sites
}

/// What a function with this body becomes, its own frame taken off.
fn rewritten(body: &str) -> String {
    let source = format!("fn f() -> X {{ {body} }}");
    let text = rewrite(&source, &sites(&source), "on").text;
    let inner = text.strip_prefix("fn f() -> X { ").and_then(|rest| rest.strip_suffix(" }"));
    inner.unwrap_or(&text).to_owned()
}

/// The mutants of a source: operator, before, after.
fn mutants(source: &str) -> Vec<(Operator, String, String)> {
    let alternatives = sites(source).into_iter().flat_map(|site| site.alternatives);
    alternatives.map(|one| (one.operator, one.before, one.after)).collect()
}

#[test]
fn comparisons_become_their_neighbours() {
    assert_eq!(rewritten("a == b"), "(if on(1) { (a) != (b) } else { a == b })");
    assert_eq!(
        rewritten("a < b"),
        "(if on(1) { (a) <= (b) } else if on(2) { (a) >= (b) } else { a < b })"
    );
}

#[test]
fn a_condition_holds_never_or_always_and_its_opposite_is_not_made_again() {
    assert_eq!(
        rewritten("if a != b { g() } else { h() }"),
        "if (if on(1) { (a != b) && false } else if on(2) { (a != b) || true } else { a != b }) \
         { g() } else { h() }"
    );
    assert_eq!(
        rewritten("match x { n if n.is_empty() => g(), _ => h() }"),
        "match x { n if (if on(1) { (n.is_empty()) && false } else if on(2) \
         { (n.is_empty()) || true } else { n.is_empty() }) => g(), _ => h() }"
    );
    // A loop without end is only ever seen by its time.
    assert_eq!(
        rewritten("while a { g() }"),
        "while (if on(1) { (a) && false } else { a }) { g() }"
    );
}

#[test]
fn closures_that_answer_yes_or_no_do_so_never_or_always() {
    assert_eq!(
        rewritten("a.filter(|x| x == b)"),
        "a.filter(|x| (if on(1) { (x == b) && false } else if on(2) { (x == b) || true } else \
         { x == b }))"
    );
    assert_eq!(rewritten("a.map(|x| x.y)"), "a.map(|x| x.y)");
}

#[test]
fn what_only_a_wrong_card_does_is_left_alone() {
    for text in [
        "if self.deviates(D::X) { self.x = 1; }",
        "if a && self.deviates(D::X) { return 1; }",
        "let high = if self.deviates(D::X) { 1 } else { y };",
        "self.begin_wrongly(a)?;",
        "left + u8::from(self.deviates(D::X))",
        "match a { b if self.deviates(D::X) => 1, c => d }",
        "match self.deviates(D::X) { true => 1, false => b }",
        "self.deviates(D::X).then_some(1)",
    ] {
        let untouched = rewritten(text);
        assert!(!untouched.contains("on("), "{text}: {untouched}");
    }
    assert_eq!(
        rewritten("self.or_wrong(a + b, D::X, c + d)"),
        "self.or_wrong((if on(1) { (a) - (b) } else { a + b }), D::X, c + d)"
    );
    assert_eq!(
        rewritten("if !self.deviates(D::X) { g() }"),
        "if (if on(1) { (!self.deviates(D::X)) && false } else { !self.deviates(D::X) }) { g() }"
    );
    assert!(rewritten("a || self.deviates(D::X)").contains("(if on(2) { false } else { a })"));
}

#[test]
fn arms_are_passed_over_where_the_last_one_takes_anything() {
    assert_eq!(
        rewritten("match a { B | C => d, E(f) if f.g => h, _ => i }"),
        "match a { B | C if !on(1) => d, E(f) if (if on(2) { (f.g) && false } else if on(3) \
         { (f.g) || true } else { f.g }) => h, _ => i }"
    );
    assert_eq!(rewritten("match a { B => c, D => e }"), "match a { B => c, D => e }");
}

#[test]
fn a_condition_that_binds_can_only_never_hold() {
    assert_eq!(
        rewritten("if let Some(x) = y && z { g() }"),
        "if !on(1) && let Some(x) = y && (if on(2) { true } else { z }) { g() }"
    );
}

#[test]
fn both_sides_of_a_junction_can_fail_to_count() {
    assert_eq!(
        rewritten("a && b"),
        "(if on(1) { (a) || (b) } else { (if on(2) { true } else { a }) && \
         (if on(3) { true } else { b }) })"
    );
    assert_eq!(
        rewritten("a || b"),
        "(if on(1) { (a) && (b) } else { (if on(2) { false } else { a }) || \
         (if on(3) { false } else { b }) })"
    );
}

#[test]
fn negations_fall_away_and_questions_are_turned_round() {
    assert_eq!(rewritten("!a"), "(if on(1) { a } else { !a })");
    assert_eq!(rewritten("a.is_empty()"), "(if on(1) { !a.is_empty() } else { a.is_empty() })");
    assert_eq!(rewritten("!a.is_empty()"), "(if on(1) { a.is_empty() } else { !a.is_empty() })");
    assert_eq!(
        rewritten("matches!(a, B)"),
        "(if on(1) { true } else if on(2) { false } else { matches!(a, B) })"
    );
}

#[test]
fn arithmetic_goes_the_other_way() {
    assert_eq!(rewritten("a + b"), "(if on(1) { (a) - (b) } else { a + b })");
    assert_eq!(rewritten("a >> b"), "(if on(1) { (a) << (b) } else { a >> b })");
    assert_eq!(
        rewritten("a.wrapping_add(b)"),
        "(if on(1) { a.wrapping_sub(b) } else { a.wrapping_add(b) })"
    );
    assert_eq!(
        rewritten("u16::from_be_bytes(b)"),
        "(if on(1) { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })"
    );
}

#[test]
fn mutants_within_mutants_compose() {
    assert_eq!(
        rewritten("a = b + 1;"),
        "if !on(1) { a = (if on(2) { (b) - (1) } else { b + (if on(3) { 2 } else if on(4) { 0 } \
         else { 1 }) }); }"
    );
    assert_eq!(rewritten("a += b;"), "if !on(1) { (if on(2) { a -= b } else { a += b }); }");
}

#[test]
fn integers_become_one_more_and_nothing() {
    let integers = |text: &str| -> Vec<String> {
        mutants(&format!("fn f() -> X {{ {text} }}")).into_iter().map(|(.., after)| after).collect()
    };
    assert_eq!(integers("0"), ["1"]);
    assert_eq!(integers("1"), ["2", "0"]);
    assert_eq!(integers("0x80u8"), ["0x81u8", "0x0u8"]);
    assert_eq!(integers("0xFF"), ["0xFE", "0x0"]);
    assert_eq!(integers("true"), ["false"]);
}

#[test]
fn constants_become_others_of_their_type() {
    assert_eq!(
        rewritten("Err(StatusWord::CONDITIONS)"),
        "Err((if on(1) { StatusWord::WRONG_DATA } else { StatusWord::CONDITIONS }))"
    );
    assert_eq!(rewritten("Kind::Load"), "(if on(1) { Kind::Purchase } else { Kind::Load })");
    assert_eq!(
        rewritten("rules.status.blocked"),
        "(if on(1) { apdu::StatusWord::WRONG_DATA } else { rules.status.blocked })"
    );
}

#[test]
fn statements_and_later_returns_are_left_out() {
    assert_eq!(rewritten("self.check(a)?; a"), "if !on(1) { self.check(a)?; } a");
    assert_eq!(rewritten("g(); a"), "if !on(1) { g(); } a");
    assert_eq!(
        rewritten("if c { g(); return Err(e); } a"),
        "if (if on(1) { (c) && false } else if on(2) { (c) || true } else { c }) { if !on(3) \
         { g(); } if !on(4) { return Err(e); } } a"
    );
    // That is the condition's affair.
    assert!(!rewritten("if c { return Err(e); } a").contains("on(3)"));
}

#[test]
fn bodies_return_at_once_what_their_type_has() {
    let bodies = |output: &str| -> Vec<String> {
        let found = mutants(&format!("fn f() -> {output} {{ g() }}"));
        found.into_iter().map(|(.., after)| after).collect()
    };
    assert_eq!(bodies("bool"), ["true", "false"]);
    assert_eq!(bodies("Result<(), Halt>"), ["Ok(())"]);
    assert_eq!(bodies("Result<bool, Halt>"), ["Ok(true)", "Ok(false)"]);
    assert_eq!(bodies("Read<Option<Ef>>"), ["Ok(None)"]);
    assert_eq!(bodies("Option<Mac>"), ["None"]);
    assert_eq!(bodies("Outcome"), ["Ok(crate::application::Reply::done())"]);
    assert_eq!(bodies("Session"), [""; 0]);
    let source = "fn f() -> bool { g() }";
    assert_eq!(
        rewrite(source, &sites(source), "on").text,
        "fn f() -> bool { if on(1) { return true; } if on(2) { return false; } g() }"
    );
}

#[test]
fn parts_of_a_mac_input_change_places_and_fall_away() {
    let found = mutants("fn f() -> X { MacInput::of(&[&a.to_bytes(), &[kind], code]) }");
    let shown: Vec<(Operator, &str)> =
        found.iter().map(|(operator, _, after)| (*operator, after.as_str())).collect();
    assert_eq!(
        shown[..5],
        [
            (Operator::Order, "&[kind], &a.to_bytes()"),
            (Operator::Order, "code, &[kind]"),
            (Operator::Missing, "nothing"),
            (Operator::Missing, "nothing"),
            (Operator::Missing, "nothing"),
        ]
    );
    let text = rewritten("of(&[g(), b, c])");
    assert!(text.starts_with("(if on(1) { of(&[b, g(), c]) } else if on(2) { of(&[g(), c, b]) }"));
    assert!(text.contains("of(&[ b, c])") && text.contains("of(&[g(), b, ])"), "{text}");
}

#[test]
fn bytes_and_arguments_change_places() {
    assert_eq!(rewritten("[s0, s1]"), "(if on(1) { [s1, s0] } else { [s0, s1] })");
    assert_eq!(
        rewritten("g(balance, &self.amount, h())"),
        "(if on(1) { g(&self.amount, balance, h()) } else { g(balance, &self.amount, h()) })"
    );
}

#[test]
fn what_is_no_code_of_the_card_is_left_alone() {
    for source in [
        "const A: u8 = 1; static B: u8 = 2; const fn f() -> u8 { 3 }",
        "#[cfg(test)] mod tests { fn f() -> bool { 1 == 2 } }",
        "#[test] fn f() { assert!(a == b) }",
        "impl Drop for X { fn drop(&mut self) { self.0.zeroize(); } }",
        "impl fmt::Display for X { fn fmt(&self) -> R { a == b } }",
        "fn f(a: [u8; 4]) -> [u8; 2] { x.first_chunk::<4>() }",
        "fn f() -> X { const N: usize = 4; [a; 16] }",
        "fn f() -> X { match a { 0 | 1..=4 => b, 5 => c, d => e } }",
    ] {
        assert_eq!(mutants(source), [], "{source}");
    }
    assert_eq!(mutants("fn f() -> X { vec![0] }").len(), 1);
}

#[test]
fn mistakes_are_blamed_on_the_mutant_or_else_on_what_stands_around() {
    let source = "fn f() -> X { g(a == b) }";
    let rewritten = rewrite(source, &sites(source), "on");
    assert_eq!(rewritten.text, "fn f() -> X { g((if on(1) { (a) != (b) } else { a == b })) }");
    assert_eq!(rewritten.blamed(&(28..38)), [1]);
    assert_eq!(rewritten.blamed(&(50..51)), [1]);
    assert!(rewritten.blamed(&(0..2)).is_empty());
}

#[test]
fn names_of_functions_have_their_type() {
    let names: Vec<String> = sites("impl Session<'_> { fn check(&self) -> X { a == b } }")
        .into_iter()
        .map(|site| site.function)
        .collect();
    assert_eq!(names, ["Session::check"]);
}

#[test]
fn the_same_seed_gives_the_same_sample() {
    let order = |seed| {
        let mut items: Vec<u32> = (0..100).collect();
        shuffle(&mut items, seed);
        items
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
    let mut sorted = order(3);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<_>>());
}
