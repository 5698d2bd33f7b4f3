//! A run that tests look at reports of.

use std::sync::Arc;
use std::time::Duration;

use applet_spec::{CommandId, Profile, Rules};

use crate::*;

/// A text in both languages.
pub(super) fn text(text: &str) -> Text {
    Text { en: text.to_owned(), zh: format!("中文 {text}") }
}

/// The rules of the cards of the run.
pub(super) fn rules() -> Rules {
    Profile::built_in("jtt978").unwrap().rules.clone()
}

pub(super) fn rule(id: &str, words: &str) -> Arc<Rule> {
    Arc::new(Rule {
        answers: Vec::new(),
        id: id.to_owned(),
        text: text(words),
        source: "two open implementations".into(),
    })
}

/// A case with two steps; everything that is text is `words`.
pub(super) fn case(id: &str, family: &str, rules: &[Arc<Rule>], words: &str) -> Arc<Case> {
    let family = Family {
        name: family.to_owned(),
        prefix: "EP".to_owned(),
        title: text(family),
        version: "1.0.0".to_owned(),
    };
    let mut send = Send::new(CommandId::Verify);
    send.fields.push(("PIN".to_owned(), Value::literal("12 34 56")));
    let step = |action, status| Step {
        written: None,
        action,
        repeat: 1,
        note: Some(text(words)),
        covers: None,
        expect: Expect {
            status: vec![StatusPattern::exactly(apdu::StatusWord(status))],
            fields: vec![("balance".to_owned(), Value::literal("97.50"))],
            ..Expect::default()
        },
        changes: vec![Change::Balance(PurseName::Ep)],
        tear: false,
        protocol: None,
        captures: Vec::new(),
    };
    Arc::new(Case {
        id: id.to_owned(),
        base: id.to_owned(),
        family: Arc::new(family),
        author: Author::Hand,
        written: Some(Written { origin: words.into(), line: 7, column: 1 }),
        purpose: text(words),
        rules: rules.to_vec(),
        source: Some(words.to_owned()),
        catches: Vec::new(),
        applies: Vec::new(),
        start: Start::Selected,
        card: vec![("balance".to_owned(), words.to_owned())],
        terminal: TerminalConfig::default(),
        destructive: false,
        steps: vec![
            step(Action::Send(Box::new(send)), 0x9000),
            step(Action::Send(Box::new(Send::new(CommandId::GetBalance))), 0x9000),
        ],
    })
}

/// VERIFY with a PIN and GET BALANCE, as they went over the link.
pub(super) fn steps(words: &str) -> Vec<StepSeen> {
    let exchange = |command: &str, answer: &str| Exchange {
        command: hex::decode(command).unwrap(),
        answer: Some(hex::decode(answer).unwrap()),
        elapsed: Duration::from_micros(1_500),
    };
    let seen = |step, title, exchange| StepSeen {
        step,
        title: text(title),
        exchanges: vec![exchange],
        expected: vec![text(words)],
    };
    vec![
        seen(0, words, exchange("0020000003123456", "9000")),
        seen(1, "GET BALANCE", exchange("805C000204", "000027109000")),
    ]
}

/// A wrong balance.
pub(super) fn finding(rule: &Arc<Rule>, words: &str) -> Finding {
    Finding {
        step: Some(1),
        what: text(words),
        expected: crate::text::alike(format!("97.50 {words}")),
        actual: crate::text::alike("100.00"),
        bytes: Some((vec![Some(0), Some(0), Some(0x26), None], vec![0, 0, 0x27, 0x10])),
        rule: Some(Arc::clone(rule)),
    }
}

pub(super) fn outcome(case: Arc<Case>, verdict: Verdict, steps: Vec<StepSeen>) -> Outcome {
    Outcome { case, verdict, steps, elapsed: Duration::from_millis(2), tries: 1 }
}

/// A run with one case of each verdict in two families; everything that is text is `words`.
pub(super) fn run(words: &str) -> RunReport {
    let debit = rule("purchase.debit", words);
    let proof = rule("proof.kept", words);
    let named = |id: &str, family| case(id, family, &[debit.clone(), proof.clone()], words);
    RunReport {
        heading: Heading {
            target: words.to_owned(),
            profile: "jtt978".to_owned(),
            profile_version: "1.2.0".to_owned(),
            atr: "3B6D00".to_owned(),
            seed: Some(42),
            revision: "0.1.0 (abc)".to_owned(),
            when: "2026-11-22 08:30:15".to_owned(),
            command: "purse conform run all --card virtual:jtt978 --seed 42".to_owned(),
        },
        outcomes: vec![
            outcome(named("EP_XF_001", "purchase"), Verdict::Passed, steps(words)),
            outcome(
                named("EP_XF_002:amount=250", "purchase"),
                Verdict::Failed(vec![finding(&debit, words)]),
                steps(words),
            ),
            outcome(named("EP_ZM_001", "proof"), Verdict::Skipped(text(words)), Vec::new()),
            outcome(named("EP_ZM_002", "proof"), Verdict::Broken(text(words)), steps(words)),
        ],
        elapsed: Duration::from_millis(1_234),
        broken_off: None,
    }
}
