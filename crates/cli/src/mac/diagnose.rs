//! `purse mac diagnose`.

use std::time::{Duration, Instant};

use crypto::custody::CustodyError;
use diagnosis::{
    Advice, Diagnosis, Disagreement, Effort, Finding, Hypothesis, Missing, Trace, Transaction,
    Verdict, advice, diagnose, disagreements,
};

use super::document::{
    self, DiagnosisDocument, DisagreementDocument, Document, Found, TransactionDocument,
};
use super::source::{Source, SourceArgs};
use super::words;
use crate::error::{CliError, Undiagnosed};
use crate::ui::{Lang, Tone, Ui};

/// Arguments of `purse mac diagnose`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// A value to try; may be repeated. 6 bytes are a terminal number, 7 date and time, 4 a date,
    /// amount or terminal serial, 3 a time or limit, 2 a serial, 8 a factor, 9 an identification
    /// code.
    #[arg(long, value_name = "HEX")]
    candidate: Vec<String>,
}

/// Codes that are looked into wholly, a second or two each, before a trace is taken to be wrong as
/// a whole.
const MOST_OPEN: usize = 8;

/// How long nothing is heard of a long trace.
const SILENCE: Duration = Duration::from_secs(2);

/// What is said of a transaction.
struct Case<'s> {
    number: usize,
    transaction: &'s Transaction,
    diagnoses: Vec<Diagnosis>,
    disagreements: Vec<Disagreement>,
    advice: Vec<Advice>,
}

/// Looks into every code of every transaction.
///
/// # Errors
/// No transaction; a code that nothing fits, or whose key is not to be had.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let source = args.source.open(&args.candidate)?;
    let Source { profile, custody, reading, .. } = &source;
    let mut cases = Vec::new();
    let mut open = 0;
    let transactions = source.transactions(ui)?;
    let all = transactions.len();
    let mut told = Instant::now();
    for (number, transaction) in (1..).zip(transactions) {
        if told.elapsed() >= SILENCE {
            told = Instant::now();
            ui.progress(&ui.lang.pick(
                format!("transaction {number} of {all}"),
                format!("第 {number} 笔交易, 共 {all} 笔"),
            ));
        }
        let effort = if open < MOST_OPEN { Effort::Whole } else { Effort::Singles };
        let diagnoses = diagnose(profile, custody.as_ref(), reading, transaction, effort);
        open += diagnoses.iter().filter(|one| unexplained(one)).count();
        cases.push(Case {
            number,
            transaction,
            disagreements: disagreements(profile, reading, transaction),
            advice: advice(reading, transaction, &diagnoses),
            diagnoses,
        });
    }
    let short = |one: &Diagnosis| one.effort == Effort::Singles && unexplained(one);
    if cases.iter().flat_map(|case| &case.diagnoses).any(short) {
        ui.say(&format!(
            "{MOST_OPEN} codes stay unexplained; for those after them only single mistakes were tried"
        ));
    }
    let problem = problem(&cases);
    let document = document(ui, &source, &cases, problem.is_none());
    match (problem, ui.json) {
        (None, true) => ui.document(&document),
        (None, false) => ui.print(&text(ui, &source, &cases)),
        (Some(why), json) => {
            if !json {
                ui.print(&text(ui, &source, &cases))?;
            }
            let document = serde_json::to_value(document)
                .map_err(|error| CliError::Bug(format!("a result is no JSON: {error}")))?;
            Err(CliError::Undiagnosed { why, document: Box::new(document) })
        }
    }
}

fn unexplained(diagnosis: &Diagnosis) -> bool {
    matches!(diagnosis.verdict, Verdict::NothingFits)
}

/// What is left open; what is wrong before what could not be looked into.
fn problem(cases: &[Case<'_>]) -> Option<Undiagnosed> {
    let diagnoses = || cases.iter().flat_map(|case| &case.diagnoses);
    let open = diagnoses().filter(|one| unexplained(one)).count();
    if open > 0 {
        return Some(Undiagnosed::NothingFits(open));
    }
    let missing = |of_profile: bool| {
        diagnoses().find_map(move |one| match one.verdict {
            Verdict::Missing(missing) if matches!(missing, Missing::Key(..)) == of_profile => {
                Some(Undiagnosed::Missing { code: one.received.code, missing })
            }
            _ => None,
        })
    };
    let no_key = || {
        diagnoses().find_map(|one| match &one.verdict {
            Verdict::NoKey(error) => Some(Undiagnosed::NoKey(error.clone())),
            _ => None,
        })
    };
    missing(false).or_else(no_key).or_else(|| missing(true))
}

fn document(ui: &Ui, source: &Source, cases: &[Case<'_>], ok: bool) -> Document<DiagnosisDocument> {
    let trace = &source.trace;
    let found = cases.iter().flat_map(|case| {
        case.diagnoses.iter().flat_map(|one| {
            let first = |finding: &Finding| finding.alike.first().map(Hypothesis::ids);
            findings(one).iter().filter_map(first).map(|mistakes| Found {
                transaction: case.number,
                code: one.received.code.text(),
                mistakes,
            })
        })
    });
    let transactions = cases.iter().map(|case| {
        let codes = case.diagnoses.iter();
        let codes = codes.map(|one| DiagnosisDocument::new(trace, case.transaction, one, ui.lang));
        let mut out = TransactionDocument::new(case.number, case.transaction, codes.collect());
        let differ = case.disagreements.iter();
        out.disagreements =
            Some(differ.map(|one| DisagreementDocument::new(trace, one, ui.lang)).collect());
        out.advice = Some(document::advice(&case.advice, ui.lang));
        out
    });
    let asides = source.reading.asides.iter();
    Document {
        ok,
        profile: source.profile.name.clone(),
        version: source.profile.version.clone(),
        keys: source.custody.describe(),
        found: Some(found.collect()),
        transactions: transactions.collect(),
        asides: asides.map(|aside| words::aside(trace, aside, ui.lang)).collect(),
    }
}

fn findings(diagnosis: &Diagnosis) -> &[Finding] {
    match &diagnosis.verdict {
        Verdict::Found(findings) => findings,
        _ => &[],
    }
}

fn text(ui: &Ui, source: &Source, cases: &[Case<'_>]) -> String {
    let Source { trace, profile, custody, reading, .. } = source;
    let mut out = format!("{} {}, {}\n", profile.name, profile.version, custody.describe());
    for case in cases {
        let title = words::transaction(trace, case.transaction, ui.lang);
        out += &format!("\n{}\n", ui.toned(Tone::Strong, &title));
        if let Some(status) = case.transaction.step.and_then(|step| step.status) {
            let meaning = words::meaning(status, ui.lang);
            out += &ui.lang.pick(
                format!("  the card answered {status}: {meaning}\n"),
                format!("  卡应答 {status}: {meaning}\n"),
            );
        }
        if case.transaction.step.is_none() {
            let words = ui.lang.pick("the trace has no second step of it", "跟踪中没有其第二步");
            out += &format!("  {words}\n");
        }
        for diagnosis in &case.diagnoses {
            out += &code(ui, trace, case.transaction, diagnosis);
        }
        if !case.disagreements.is_empty() {
            let heading = "card and PSAM were told different things (seen without keys):";
            out +=
                &format!("  {}\n", ui.lang.pick(heading, "卡与 PSAM 收到的不同 (无需密钥可见):"));
        }
        for one in &case.disagreements {
            out += &format!("    {}\n", one.in_words(trace, ui.lang.into()));
        }
        for one in &case.advice {
            let next = ui.toned(Tone::Strong, ui.lang.pick("note:", "提示:"));
            out += &format!("  {next} {}\n", one.in_words(ui.lang.into()));
        }
    }
    for aside in &reading.asides {
        out += &format!("\n{}\n", words::aside(trace, aside, ui.lang));
    }
    let no_key = |one: &Diagnosis| matches!(one.verdict, Verdict::Missing(Missing::Key(..)));
    if cases.iter().flat_map(|case| &case.diagnoses).any(|one| unexplained(one) || no_key(one)) {
        out += &source.other_families(ui.lang);
    }
    out
}

fn code(ui: &Ui, trace: &Trace, transaction: &Transaction, one: &Diagnosis) -> String {
    let lang = ui.lang;
    let code = one.received.code.text();
    let maker = transaction.flow.maker(one.received.code).name(lang.into());
    let place = words::received(trace, transaction, &one.received, lang);
    let mac = one.received.mac;
    let mut out = lang.pick(
        format!("  {code} {mac} of the {maker}, {place}: "),
        format!("  {code} {mac}, 由{maker}计算, {place}: "),
    );
    let should = one.right.map_or(String::new(), |right| {
        lang.pick(format!("it should be {right}"), format!("应为 {right}"))
    });
    match &one.verdict {
        Verdict::Right => out += &format!("{}\n", ui.toned(Tone::Good, lang.pick("right", "正确"))),
        Verdict::Missing(missing) => out += &format!("{}\n", missing.in_words(lang.into())),
        Verdict::NoKey(error) => out += &format!("{error}\n"),
        Verdict::NothingFits => {
            let words = match one.effort {
                Effort::Whole => lang.pick("nothing fits", "没有相符的假设"),
                Effort::Singles => lang.pick(
                    "no single mistake fits; pairs and searches were not tried",
                    "没有相符的单项假设; 未试成对假设, 也未遍历",
                ),
            };
            let nothing = ui.toned(Tone::Bad, words);
            out += &format!("{should}\n    {nothing}\n");
        }
        Verdict::Found(findings) => {
            out += &format!("{should}\n");
            for (at, finding) in findings.iter().enumerate() {
                out += &found(ui, trace, finding, at > 0);
            }
        }
    }
    if one.tried.pairs > 0 {
        out += &tried(lang, one);
    }
    if matches!(one.verdict, Verdict::NothingFits) {
        out += &untried(lang, one);
    }
    out
}

fn found(ui: &Ui, trace: &Trace, finding: &Finding, further: bool) -> String {
    let lang = ui.lang;
    let Some((first, others)) = finding.alike.split_first() else { return String::new() };
    let word = match further {
        false => lang.pick("found:", "找到:"),
        true => lang.pick("or, one of them by chance:", "或者 (其一为巧合):"),
    };
    let mut out = String::new();
    for (at, made) in first.mistakes.iter().enumerate() {
        let word = if at == 0 { word } else { lang.pick("and also:", "并且:") };
        let sentence = made.mistake.sentence(lang.into());
        out += &format!("    {} {sentence}\n", ui.toned(Tone::Warning, word));
        let differences: Vec<String> = made
            .differences
            .iter()
            .map(|one| {
                let (name, used) = (one.name(lang.into()), one.used(lang.into()));
                let right = one.right(lang.into());
                lang.pick(
                    format!("{name} {used}, should be {right}"),
                    format!("{name} {used}, 应为 {right}"),
                )
            })
            .collect();
        let mut detail = made.mistake.id.to_owned();
        if !differences.is_empty() {
            detail += &format!(": {}", differences.join("; "));
        }
        if let Some(source) = made.source {
            detail += &format!(" ({})", source.in_words(trace, lang.into()));
        }
        out += &format!("      {detail}\n");
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|one| one.ids().join(" + ")).collect();
        let word = lang.pick("gives the same bytes here:", "在此处结果相同:");
        out += &format!("      {word} {}\n", others.join(", "));
    }
    out
}

fn tried(lang: Lang, one: &Diagnosis) -> String {
    let tried = one.tried;
    let chance = tried.expected_by_chance();
    match lang {
        Lang::En => format!(
            "    tried {} single mistakes, {} pairs, {} searched values; {chance:.6} of them are \
             expected to fit by chance\n",
            tried.singles, tried.pairs, tried.searched
        ),
        Lang::Zh => format!(
            "    已试单项 {} 个, 成对 {} 个, 遍历值 {} 个; 巧合相符的期望数为 {chance:.6}\n",
            tried.singles, tried.pairs, tried.searched
        ),
    }
}

fn untried(lang: Lang, one: &Diagnosis) -> String {
    let mut whys: Vec<(String, Vec<&str>)> = Vec::new();
    for untried in &one.untried {
        let why = match &untried.why {
            CustodyError::NoSuchKey { provider, .. } => match lang {
                Lang::En => format!("{provider} has no such key"),
                Lang::Zh => format!("{provider} 没有此密钥"),
            },
            other => other.to_string(),
        };
        match whys.iter_mut().find(|(known, _)| *known == why) {
            Some((_, ids)) => ids.push(untried.mistake.id),
            None => whys.push((why, vec![untried.mistake.id])),
        }
    }
    let word = lang.pick("could not be tried:", "未能尝试:");
    let line = |(why, ids): (String, Vec<&str>)| format!("    {word} {} ({why})\n", ids.join(", "));
    whys.into_iter().map(line).collect()
}
