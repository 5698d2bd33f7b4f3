//! Mistakes in suite files: each is told with its line, column, what is wrong and what to do.

use conformance::{Rules, Suite, SuiteErrors, Suites};

/// Ten lines; what a test adds begins at line 11.
const HEAD: &str = r#"family = "lab"
prefix = "LAB"
title = "Lab"
title-zh = "实验室"
version = "1"
[[rule]]
id = "lab.rule"
text = "A rule"
text-zh = "规则"
source = "one source"
"#;

/// Seven lines: a case that lacks its steps, from line 11 to 17.
const CASE: &str = r#"[[case]]
id = "LAB_001"
purpose = "Something"
purpose-zh = "某事"
rules = ["lab.rule"]
[[case.step]]
send = "get-challenge"
"#;

fn errors(text: &str) -> SuiteErrors {
    match Suite::parse(text, "lab.toml", &rules()) {
        Ok(_) => panic!("this was read:\n{text}"),
        Err(errors) => errors,
    }
}

fn rules() -> Rules {
    Rules::default().knowing_wrong_cards(["balance-not-lowered", "tac-key"])
}

/// Lines behind a case with one step: from line 18 on.
#[track_caller]
fn told_behind_a_case(lines: &str, expected: &str) {
    told(&format!("{HEAD}{CASE}{lines}"), expected);
}

#[track_caller]
fn told(text: &str, expected: &str) {
    let told = errors(text).to_string();
    assert_eq!(told.lines().next(), Some(expected), "all:\n{told}");
}

#[test]
fn keys_and_words_are_told_with_what_was_meant() {
    told_behind_a_case(
        "expct = { challenge = \"00\" }",
        "lab.toml:18:1: case[0].step[0].expct: unknown key; did you mean \"expect\"?",
    );
    told_behind_a_case(
        "[[case.step]]\nsend = \"get-balence\"",
        "lab.toml:19:8: case[0].step[1].send: no command \"get-balence\"; did you mean \"get-balance\"?",
    );
    told_behind_a_case(
        "[[case.step]]\nsend = \"get-balance\"\nexpect = { balanc = \"1.00\" }",
        "lab.toml:20:12: case[0].step[1].expect.balanc: no field \"balanc\" here; did you mean \"balance\"?",
    );
    told_behind_a_case(
        "[[case.step]]\nsend = \"credit-for-load\"\nwith = { MAC1 = \"00000000\" }",
        "lab.toml:20:10: case[0].step[1].with.MAC1: no field \"MAC1\" here; did you mean \"MAC2\"?",
    );
    told_behind_a_case(
        "changes = [\"ep.balance\", \"ep.ofline\"]",
        "lab.toml:18:26: case[0].step[0].changes[1]: no part of a card \"ep.ofline\"; did you mean \"ep.offline\"?",
    );
    told_behind_a_case(
        "[[case.step]]\ndo = \"resett\"",
        "lab.toml:19:6: case[0].step[1].do: \"resett\" is not known here; did you mean \"reset\"? write one of: reset, power-off, remove, insert",
    );
    told(
        &format!("{HEAD}{}", CASE.replace("lab.rule\"]", "lab.rul\"]")),
        "lab.toml:15:10: case[0].rules[0]: no rule \"lab.rul\"; did you mean \"lab.rule\"?",
    );
    told(
        &format!(
            "{HEAD}{}",
            CASE.replace("[[case.step]]", "catches = [\"tac-kee\"]\n[[case.step]]")
        ),
        "lab.toml:16:12: case[0].catches[0]: no wrong card \"tac-kee\"; did you mean \"tac-key\"?",
    );
}

#[test]
fn conditions_are_told_with_what_was_meant() {
    let told_condition = |word: &str, rest: &str| {
        let case = CASE
            .replace("[[case.step]]", &format!("applies = [\"ep\", \"{word}\"]\n[[case.step]]"));
        told(&format!("{HEAD}{case}"), &format!("lab.toml:16:18: case[0].applies[1]: {rest}"));
    };
    told_condition("purchse", "no condition \"purchse\"; did you mean \"purchase\"?");
    told_condition("!jtt987", "no condition \"jtt987\"; did you mean \"jtt978\"?");
    told_condition(
        "rules.log-serail=after",
        "no field \"rules.log-serail\" of a profile; did you mean \"rules.log-serial\"?",
    );
    told_condition(
        "rules.log-serial=aftr",
        "\"aftr\" is no value of rules.log-serial; did you mean \"after\"?",
    );
    told_condition(
        "rules.counter-stops=1",
        "\"1\" is no value of rules.counter-stops; write true or false",
    );
    told_condition(
        "rules.counter-stops",
        "\"rules.counter-stops\" says no value; write it as rules.FIELD=VALUE",
    );
    told_condition(
        "key.pin-unlock",
        "no kind of key \"pin-unlock\"; did you mean \"pin-unblock\"?",
    );
    told_condition(
        "file.1F",
        "\"1F\" is no short file identifier; write it in hexadecimal, 01 to 1E, such as file.18",
    );
}

#[test]
fn values_are_told_at_the_byte_that_is_wrong() {
    told_behind_a_case(
        "data = \"01 2G\"",
        "lab.toml:18:9: case[0].step[0].data: \"01 2G\" is not bytes, two hexadecimal digits each, or ?? for any byte; write bytes, two hexadecimal digits each, or ?? for any byte",
    );
    told_behind_a_case(
        "data = \"$challenge | 012\"",
        "lab.toml:18:22: case[0].step[0].data: \"012\" has half a byte too much or too little; write bytes, two hexadecimal digits each, or ?? for any byte",
    );
    told_behind_a_case(
        "data = \"tacc() ^ 00\"",
        "lab.toml:18:9: case[0].step[0].data: no call \"tacc\"; did you mean tac()?",
    );
    told_behind_a_case(
        "data = '00 | mac1(amont=2.51)'",
        "lab.toml:18:19: case[0].step[0].data: mac1() has no input \"amont\"; did you mean amount?",
    );
    told_behind_a_case(
        "data = \"mac1(amount=2.5x)\"",
        "lab.toml:18:21: case[0].step[0].data: \"2.5x\" is not an amount, such as 2.50 or 250fen; write an amount, such as 2.50 or 250fen",
    );
    told_behind_a_case(
        "data = \"mac1(key=lod)\"",
        "lab.toml:18:18: case[0].step[0].data: no kind of key \"lod\"; did you mean load?",
    );
    told_behind_a_case(
        "data = \"01 + (02\"",
        "lab.toml:18:14: case[0].step[0].data: this parenthesis is not closed; add a )",
    );
    told_behind_a_case(
        "data = \"encipher(key=load)\"",
        "lab.toml:18:9: case[0].step[0].data: encipher() does not say data; write encipher(data=..)",
    );
    told_behind_a_case(
        "differs = \"00 ??\"",
        "lab.toml:18:12: case[0].step[0].differs: ?? can stand only in what must come back, in data and tlv; write bytes, two hexadecimal digits each, such as 01 A0",
    );
    told_behind_a_case(
        "data = \"$a-b[4..4]\"",
        "lab.toml:18:13: case[0].step[0].data: not a range of bytes; write the first byte and the one after the last, such as [0..4]",
    );
    let deep = format!("data = \"{}00{}\"", "(".repeat(18), ")".repeat(18));
    told_behind_a_case(
        &deep,
        "lab.toml:18:26: case[0].step[0].data: more than 16 parentheses inside each other; capture a part of it in a step before",
    );
    let long = format!("data = \"{}\"", ["$challenge"; 40].join("|"));
    assert!(errors(&format!("{HEAD}{CASE}{long}")).to_string().contains("more than 64 parts"));
}

#[test]
fn a_name_is_captured_before_it_is_used() {
    told_behind_a_case(
        "data = \"$challenge $rand\"",
        "lab.toml:18:20: case[0].step[0].data: $rand is captured by no earlier step; did you mean $random? else capture it in an earlier step: capture = { rand = \"..\" }",
    );
    told_behind_a_case(
        "capture = { rand = \"challenge\" }\n[[case.step]]\nraw = \"0084000004\"\ndiffers = \"$ramd\"",
        "lab.toml:21:12: case[0].step[1].differs: $ramd is captured by no earlier step; did you mean $rand? else capture it in an earlier step: capture = { ramd = \"..\" }",
    );
    // Not in its own step: the answer is not there when the command is made.
    told_behind_a_case(
        "capture = { rand = \"challenge\" }\ndata = \"$rand\"",
        "lab.toml:19:9: case[0].step[0].data: $rand is captured by no earlier step; did you mean $random? else capture it in an earlier step: capture = { rand = \"..\" }",
    );
    told_behind_a_case(
        "capture = { challenge = \"challenge\" }",
        "lab.toml:18:13: case[0].step[0].capture.challenge: $challenge is what the running transaction or the case has; write another name, such as first-challenge",
    );
    told_behind_a_case(
        "capture = { rand = \"chalenge\" }",
        "lab.toml:18:20: case[0].step[0].capture.rand: the answer has no field \"chalenge\"; did you mean \"challenge\"?",
    );
}

#[test]
fn expectations_and_numbers_are_told() {
    told_behind_a_case(
        "sw = \"90O0\"",
        "lab.toml:18:6: case[0].step[0].sw: \"90O0\" is no status word; write four hexadecimal digits, x for any: \"9000\", \"63Cx\", or \"@status.FIELD\"",
    );
    told_behind_a_case(
        "sw = [\"9000\", \"@status.wrong-stat\"]",
        "lab.toml:18:15: case[0].step[0].sw[1]: no status word \"@status.wrong-stat\" of a profile; did you mean @status.wrong-state?",
    );
    told_behind_a_case(
        "length = 300",
        "lab.toml:18:10: case[0].step[0].length: found 300; write a number from 0 to 256",
    );
    told_behind_a_case(
        "within = \"soon\"",
        "lab.toml:18:10: case[0].step[0].within: \"soon\" is no time; write a number and ms or s, such as \"300ms\"",
    );
    told_behind_a_case(
        "tlv = { \"6F/A5/9\" = \"present\" }",
        "lab.toml:18:9: case[0].step[0].tlv.6F/A5/9: \"6F/A5/9\" is no path of tags; write tags in hexadecimal from the outermost on, such as 6F/A5/9F0C",
    );
    told_behind_a_case(
        "[[case.step]]\ndo = \"power-off\"\nsw = \"9000\"",
        "lab.toml:20:6: case[0].step[1].sw: nothing is answered to this step; remove it",
    );
    told_behind_a_case(
        "[[case.step]]\ndo = \"reset\"\nsw = \"9000\"",
        "lab.toml:20:6: case[0].step[1].sw: an answer to reset has no such thing; write expect = { .. }, or remove it",
    );
    told_behind_a_case(
        "[[case.step]]\ndo = \"reset\"\nexpect = { \"historical byte\" = \"00\" }",
        "lab.toml:20:12: case[0].step[1].expect.historical byte: no field \"historical byte\" here; did you mean \"historical bytes\"?",
    );
    told_behind_a_case(
        "protocol = \"t2\"",
        "lab.toml:18:12: case[0].step[0].protocol: \"t2\" is not known here; did you mean \"t0\"? write one of: t0, t1",
    );
    told_behind_a_case(
        "[[case.step]]\ndo = \"reset\"\nprotocol = \"t0\"",
        "lab.toml:20:12: case[0].step[1].protocol: belongs to `send`, `raw` and `select` without `tear`; remove it",
    );
    told_behind_a_case(
        "[[case.step]]\nraw = \"00\"\np1 = 4",
        "lab.toml:20:6: case[0].step[1].p1: belongs to `send`, not to `raw`; remove it",
    );
    told_behind_a_case(
        "raw = \"00\"",
        "lab.toml:16:1: case[0].step[0]: says send and raw; write exactly one of send, raw, select, run, do, set",
    );
    told_behind_a_case(
        "[[case.step]]\nset = { balnce = \"1.00\" }",
        "lab.toml:19:18: case[0].step[1].set.balnce: no setting \"balnce\"; did you mean \"balance\"?",
    );
    told_behind_a_case(
        "[[case.step]]\nset = { locked = \"yes\" }",
        "lab.toml:19:18: case[0].step[1].set.locked: \"yes\": not a kind of block; write no|temporary|permanent|card",
    );
}

fn with_matrix(matrix: &str) -> String {
    format!(
        "{HEAD}{}",
        CASE.replace("[[case.step]]", &format!("[[case.matrix]]\n{matrix}\n[[case.step]]"))
    )
}

#[test]
fn a_matrix_is_checked_before_it_is_multiplied() {
    told(
        &with_matrix("one = \"${two}\"\ntwo = \"${three} 00\"\nthree = [\"${one}\", \"1\"]"),
        "lab.toml:17:7: case[0].matrix.one: one is made of itself: one -> two -> three -> one; give one of them a value of its own",
    );
    told(
        &with_matrix("one = [1, 2, 3]\ntwo = [1, 2]"),
        "lab.toml:18:7: case[0].matrix[0].two: 2 values, one has 3; lists of one table go together row by row: give them one length",
    );
    told(
        &with_matrix("one = [1, 2]\ntwo = \"${ome}\""),
        "lab.toml:18:7: case[0].matrix.two: ${ome} is no name of the matrix of this case; did you mean ${one}?",
    );
    told(
        &with_matrix("one = [1, 2]\n[[case.matrix]]\none = [3]"),
        "lab.toml:19:7: case[0].matrix.one: one is in two tables of the matrix; give one of them another name",
    );
    told(
        &with_matrix("one = [1, 2, 1]"),
        "lab.toml:17:7: case[0].matrix[0]: rows 1 and 3 are the same; leave one of them out",
    );
    told(
        &with_matrix("one = []"),
        "lab.toml:17:7: case[0].matrix[0].one: an empty list; the case would never run: add values",
    );
    let numbers: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let list = format!("[{}]", numbers.join(", "));
    told(
        &with_matrix(&format!("one = {list}\n[[case.matrix]]\ntwo = {list}")),
        "lab.toml:16:1: case[0].matrix: 2500 cases of one; at most 2000; leave out values, or write several cases",
    );
}

#[test]
fn what_a_row_puts_in_is_told_where_it_was_written() {
    let text = with_matrix("one = [\"00\", \"0G\"]").replace(
        "send = \"get-challenge\"",
        "send = \"get-challenge\"\ndata = \"00 11 | ${one} | $nothing\"\nsw = \"${two}\"",
    );
    let told = errors(&text).to_string();
    let lines: Vec<&str> = told.lines().collect();
    let starts = [
        "lab.toml:20:26: case[0].step[0].data: $nothing",
        "lab.toml:21:7: case[0].step.sw: ${two}",
    ];
    // The unknown name ends the reading of the case before its rows are made.
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].starts_with("lab.toml:21:7: case[0].step[0].sw: ${two} is no name"), "{told}");
    let told = errors(&text.replace("\nsw = \"${two}\"", "")).to_string();
    assert!(told.starts_with(starts[0]), "{told}");
    let told =
        errors(&text.replace("\nsw = \"${two}\"", "").replace(" | $nothing", "")).to_string();
    assert!(
        told.starts_with("lab.toml:20:17: case[0].step[0].data: \"0G\" is not bytes"),
        "{told}"
    );
}

#[test]
fn ids_are_of_their_family_and_there_once() {
    told(
        &format!("{HEAD}{CASE}{CASE}"),
        "lab.toml:19:6: case[1].id: \"LAB_001\" is the case in line 11 already; give it another id",
    );
    told(
        &format!("{HEAD}{}", CASE.replace("LAB_001", "EP_XF_001")),
        "lab.toml:12:6: case[0].id: \"EP_XF_001\" is no id of this family; write LAB_ and three digits or a word, such as LAB_001",
    );
    told(
        &format!(
            "{HEAD}[[rule]]\nid = \"lab.rule\"\ntext = \"A\"\ntext-zh = \"A\"\nsource = \"A\"\n{CASE}"
        ),
        "lab.toml:12:6: rule[1].id: \"lab.rule\" is there already; give it another id",
    );
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let text = format!("{HEAD}{CASE}sw = \"zz\"\nlength = -1\n[[case.step]]\nsend = \"nothing\"\n");
    let errors = errors(&text.replace("version = \"1\"\n", "colour = \"red\"\n"));
    let places: Vec<(Option<u32>, Option<u32>)> =
        errors.problems().map(|problem| (problem.line, problem.column)).collect();
    let at = |line, column| (Some(line), Some(column));
    assert_eq!(places, [at(1, 1), at(5, 1), at(18, 6), at(19, 10), at(21, 8)]);
}

#[test]
fn a_text_that_is_no_suite_is_refused_as_a_whole() {
    told("", "lab.toml:1:1: case: missing key; add `case = ..` before the first table");
    let long = format!("{HEAD}{CASE}#{}", "x".repeat(256 * 1024));
    told(&long, "lab.toml: longer than 256 KiB; make several files of it, with a family each");
    let errors = Suite::parse_bytes(b"family = \"a\"\nx = \"\xB9\"", "gbk.toml", &rules());
    assert_eq!(
        errors.err().map(|errors| errors.to_string()).as_deref(),
        Some(
            "gbk.toml:2:6: not UTF-8 from here on; save the file as UTF-8 (an editor may have used GBK)"
        )
    );
    told(
        "family = \"lab\ntitle = 1",
        "lab.toml:1:14: TOML syntax: invalid basic string, expected `\"`; mend this line; values are \"text\", 0x15, 21, true, [lists] and { tables }",
    );
}

#[test]
fn a_mistake_is_drawn_under_its_word() {
    use miette::Diagnostic;

    let text = format!("{HEAD}{CASE}data = \"$challenge | $rand\"\n");
    let errors = errors(&text);
    let [mistake] = errors.mistakes() else { panic!("{errors}") };
    let labels: Vec<_> = mistake.labels().into_iter().flatten().collect();
    let [label] = labels.as_slice() else { panic!("one label") };
    assert_eq!(&text[label.offset()..label.offset() + label.len()], "$rand");
    let source =
        mistake.source_code().and_then(|source| source.read_span(label.inner(), 0, 0).ok());
    assert_eq!(source.and_then(|span| span.name().map(str::to_owned)).as_deref(), Some("lab.toml"));
    assert!(mistake.help().is_some_and(|help| help.to_string().contains("capture it")));
    assert_eq!(errors.related().map(Iterator::count), Some(1));
}

#[test]
fn suites_are_found_by_family_by_path_and_all_at_once() {
    let text = format!("{HEAD}{CASE}");
    let file = |_: &std::path::Path| Ok(text.clone().into_bytes());
    let loaded = Suites::load(&["./lab.toml", "./lab.toml"], &rules(), file);
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.cases().count(), 1, "named twice, there once");
    assert!(loaded.family("lab").is_some());
    assert_eq!(loaded.find("LAB_001").len(), 1);
    assert_eq!(loaded.nearest("LAB_0O1"), Some("LAB_001"));

    let twice = Suites::load(&["a.toml", "b.toml"], &rules(), file).err();
    assert_eq!(
        twice.map(|errors| errors.to_string()).as_deref(),
        Some(
            "b.toml:11:1: case.id: \"LAB_001\" is a case in a.toml:11 already; give it another id, or load one of the files"
        )
    );
    let gone = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let gone = Suites::load(&["./gone.toml"], &rules(), gone).err();
    assert_eq!(
        gone.map(|errors| errors.to_string()).as_deref(),
        Some("./gone.toml: entity not found; check the path and its rights")
    );
    let unread = |_: &std::path::Path| unreachable!("no path was named");
    let none = Suites::load(&["selekt"], Rules::built_in(), unread).err();
    assert_eq!(
        none.map(|errors| errors.to_string()).as_deref(),
        Some("selekt: no built-in suite has this name; did you mean \"select\"?")
    );
    assert!(Suites::load(&["select"], Rules::built_in(), unread).is_ok());
}
