//! The page of a conformance run, opened in a browser: what a person sees is what the run says.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use applet_spec::Profile;
use conformance::report::{self, Detail};
use conformance::run::{Clock, Event, Options};
use conformance::{Heading, Rules, RunReport, Runner, Suite, Target, Verdict};
use emulator::wrong::{self, Wrong};
use emulator::{CardMaker, VirtualCard};
use purse::Language;
use serde_json::{Value as Json, json};
use tests::browser::dom;

/// Right cards pass all of it. PIN is a wrong one.
const SUITE: &str = r#"
family = "lab"
prefix = "LAB"
title = "Laboratory"
title-zh = "实验室"
version = "1.0.0"

[[rule]]
id = "lab.debit"
text = "A purchase lowers the balance by its amount"
text-zh = "消费按交易金额减少余额"
source = "two open implementations"

[[rule]]
id = "lab.read"
text = "GET BALANCE changes nothing"
text-zh = "查询余额不改变卡内数据"
source = "two open implementations"

[[rule]]
id = "lab.psam"
text = "Only a PSAM has this"
text-zh = "仅 PSAM 适用"
source = "two open implementations"

[defaults]
card = { "ep.balance" = "100.00" }

[[case]]
id = "LAB_001"
purpose = "GET BALANCE tells the balance before and after a wrong PIN"
purpose-zh = "错误 PIN 前后查询余额"
rules = ["lab.read"]
[[case.matrix]]
round = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]
[[case.step]]
send = "verify"
note = "round ${round}"
note-zh = "第 ${round} 次"
with = { PIN = "654321" }
sw = "63C2"
changes = ["pin"]
[[case.step]]
send = "get-balance"
expect = { balance = "100.00" }

[[case]]
id = "LAB_002"
purpose = "The balance after a purchase is lower by its amount"
purpose-zh = "消费后余额减少交易金额"
rules = ["lab.debit", "lab.read"]
[[case.matrix]]
amount = ["2.50", "0.01"]
after = ["97.50", "99.99"]
[[case.step]]
send = "verify"
with = { PIN = "654321" }
sw = "63C2"
changes = ["pin"]
[[case.step]]
send = "initialize-for-purchase"
with = { amount = "${amount}" }
[[case.step]]
send = "debit-for-purchase"
expect = { TAC = "tac()" }
changes = ["anything"]
[[case.step]]
send = "get-balance"
expect = { balance = "${after}" }

[[case]]
id = "LAB_003"
purpose = "A PSAM makes a MAC1"
purpose-zh = "PSAM 计算 MAC1"
rules = ["lab.psam"]
applies = ["psam"]
[[case.step]]
run = "sam-purchase"

[[case]]
id = "LAB_004"
purpose = "A challenge has eight bytes where eight are asked for"
purpose-zh = "请求八字节随机数时返回八字节"
rules = ["lab.psam"]
[[case.step]]
send = "get-challenge"
length = 8
"#;

/// The cases that such a card fails, as elements of the page.
const FIRST: &str = "case-LAB_002:amount=2.50";
const SECOND: &str = "case-LAB_002:amount=0.01";

/// Time that stands still.
struct Still;

impl Clock for Still {
    fn now(&mut self) -> Duration {
        Duration::ZERO
    }

    fn wait(&mut self, _: Duration) {}
}

/// A run of the suite against a card that does not lower its balance. The last case is made one
/// that the card fell silent in.
fn run() -> RunReport {
    let profile = Profile::find("jtt978").unwrap();
    let maker = CardMaker::new(Arc::clone(&profile)).unwrap();
    let mut card = VirtualCard::volatile(maker.lab_card(1).unwrap());
    card.go_wrong(Wrong::of(vec![wrong::find("balance-not-lowered").unwrap()])).unwrap();
    let heading = Heading {
        revision: env!("CARGO_PKG_VERSION").to_owned(),
        seed: Some(1),
        when: "2026-11-22 08:30:15".to_owned(),
        command: "purse conform run lab.toml --card virtual:jtt978 --seed 1".to_owned(),
        ..Heading::default()
    };
    let cases = Suite::parse(SUITE, "lab.toml", &Rules::default()).unwrap().cases;
    let custody = profile.lab_custody();
    let mut clock = Still;
    let mut runner =
        Runner::new(&profile, &custody, &mut clock, Options::default()).heading(heading);
    let mut target = Target::controlled(Box::new(card));
    let mut report = runner.run(&cases, &mut target, &mut |_: &Event<'_>| {});
    let last = report.outcomes.last_mut().unwrap();
    assert!(matches!(last.verdict, Verdict::Passed), "{:?}", last.verdict);
    last.verdict = Verdict::Broken(conformance::Text {
        en: "the card fell silent in step 1".to_owned(),
        zh: "第 1 步卡片无应答".to_owned(),
    });
    last.steps.last_mut().unwrap().exchanges.last_mut().unwrap().answer = None;
    report
}

/// A page of the run, kept where the build keeps its files, for people to look at.
fn page(name: &str, language: Language) -> PathBuf {
    let run = run();
    let rules = &Profile::find(&run.heading.profile).unwrap().rules;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.html"));
    std::fs::write(&path, report::html(&run, rules, language, Detail::Failures)).unwrap();
    path
}

/// What `script`, run behind those of the page, gives back.
fn asked(name: &str, language: Language, script: &str) -> Json {
    let path = page(name, language);
    asked_of(&path, &std::fs::read_to_string(&path).unwrap(), script)
}

/// What `script` gives back in `page`, which is put beside `path` for that.
fn asked_of(path: &Path, page: &str, script: &str) -> Json {
    let probe = format!(
        "<script>{{const all=(s)=>[...document.querySelectorAll(s)];const one=(s)=>document.querySelector(s);\
         const pre=document.createElement('pre');pre.id='probe';\
         pre.textContent=JSON.stringify((()=>{{{script}}})());document.body.append(pre)}}</script></body>"
    );
    let probed = path.with_extension("probed.html");
    std::fs::write(&probed, page.replace("</body>", &probe)).unwrap();
    let dom = dom(&probed);
    std::fs::remove_file(&probed).unwrap();
    let (_, rest) =
        dom.split_once("<pre id=\"probe\">").unwrap_or_else(|| panic!("no probe: {dom}"));
    let said = rest.split('<').next().unwrap();
    let said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn the_page_counts_what_the_run_counts_in_both_languages() {
    for (name, language, tag) in
        [("counts-en", Language::English, "en"), ("counts-zh", Language::Chinese, "zh-CN")]
    {
        let said = asked(
            name,
            language,
            "const d={...one('#summary').dataset};
             const of=(v)=>all(`details.case[data-verdict=${v}]`).length;
             return {d, lang:document.documentElement.lang, cases:['passed','failed','skipped','broken'].map(of),
               open:all('details.case[open]').map(c=>c.id), failures:all('#failures tbody tr').length,
               heads:all('h1,h2,h3,h4,h5').map(h=>+h.tagName[1]),
               tables:all('table').filter(t=>!t.querySelector('th[scope]')).length,
               profile:one('h1+p').textContent}",
        );
        let counts = json!({"passed": "30", "failed": "2", "skipped": "1", "broken": "1"});
        assert_eq!(said["d"], counts);
        assert_eq!(said["cases"], json!([30, 2, 1, 1]));
        assert_eq!(said["failures"], json!(3));
        assert_eq!(said["lang"], json!(tag));
        let open = [FIRST, SECOND, "case-LAB_004"];
        assert_eq!(said["open"], json!(open));
        assert_eq!(said["tables"], json!(0), "a table without scopes");
        assert!(said["profile"].as_str().unwrap().contains("jtt978 "), "{said}");
        let heads: Vec<i64> =
            said["heads"].as_array().unwrap().iter().filter_map(Json::as_i64).collect();
        assert!(
            heads.windows(2).all(|pair| pair[1] <= pair[0] + 1),
            "a heading is left out: {heads:?}"
        );
    }
}

#[test]
fn the_bytes_that_differ_are_marked_and_no_others() {
    let said = asked(
        "diff",
        Language::English,
        "const c=document.querySelector('details.case[data-verdict=failed]');
         const cells=(row)=>[...c.querySelectorAll(`.diff ${row} td`)].map(t=>t.textContent);
         return {expected:cells('.e'), actual:cells('.a'),
           marked:[...c.querySelectorAll('.diff .a td.d')].map(t=>t.dataset.offset),
           marks:[...c.querySelectorAll('.diff mark')].map(m=>m.textContent),
           rule:c.querySelector('.finding p').textContent,
           trace:c.querySelector('.trace').textContent, again:c.querySelector('.again code').textContent}",
    );
    assert_eq!(said["expected"], json!(["00", "00", "26", "16"]));
    assert_eq!(said["actual"], json!(["00", "00", "27", "10"]));
    assert_eq!(said["marked"], json!(["2", "3"]));
    assert_eq!(said["marks"], json!(["26", "16", "27", "10"]));
    assert!(said["rule"].as_str().unwrap().starts_with("lab.debit: A purchase lowers"), "{said}");
    let trace = said["trace"].as_str().unwrap();
    assert!(trace.contains("GET BALANCE") && trace.contains("100.00 yuan (10000 fen)"), "{trace}");
    assert!(trace.contains("00 20 00 00 03 ** ** **") && !trace.contains("65 43 21"), "{trace}");
    let again =
        "purse conform run lab.toml --card virtual:jtt978 --seed 1 --only 'LAB_002:amount=2.50'";
    assert_eq!(said["again"], json!(again));
}

#[test]
fn every_rule_has_its_cases_and_how_it_stands() {
    let said = asked(
        "rules",
        Language::English,
        "return all('#traceability tbody tr').map(r=>({id:r.id, standing:r.dataset.standing,
           cases:r.querySelectorAll('li').length,
           lost:[...r.querySelectorAll('a')].filter(a=>!document.getElementById(a.getAttribute('href').slice(1))).length,
           verdicts:[...new Set([...r.querySelectorAll('li')].map(l=>l.dataset.verdict))]}))",
    );
    let row = |id: &str, standing: &str, cases: u32, verdicts: &[&str]| json!({"id": id, "standing": standing, "cases": cases, "lost": 0, "verdicts": verdicts});
    let rows = json!([
        row("rule-lab.read", "open", 32, &["failed", "passed"]),
        row("rule-lab.debit", "violated", 2, &["failed"]),
        row("rule-lab.psam", "open", 2, &["broken", "skipped"]),
    ]);
    assert_eq!(said, rows);
}

#[test]
fn the_filter_shows_what_is_asked_for() {
    let said = asked(
        "filter",
        Language::Chinese,
        "const form=one('#filter'); const shown=()=>all('details.case:not([hidden])').map(c=>c.id);
         const type=(t)=>{form.elements.text.value=t; form.dispatchEvent(new Event('input'))};
         const ready=document.documentElement.dataset.filter, offered=!form.hidden, before=shown().length;
         one('[name=verdict][value=passed]').click(); const bad=shown();
         type('lab_002:amount=0.01'); const named=shown();
         type('lab.debit'); const ruled=shown();
         type('no such case'); const none=shown(), families=all('section.family:not([hidden])').length;
         return {ready, offered, before, bad, named, ruled, none, families, said:form.elements.shown.value}",
    );
    assert_eq!((&said["ready"], &said["offered"]), (&json!("ready"), &json!(true)));
    assert_eq!(said["before"], json!(34));
    let bad = [FIRST, SECOND, "case-LAB_003", "case-LAB_004"];
    assert_eq!(said["bad"], json!(bad));
    assert_eq!(said["named"], json!([SECOND]));
    assert_eq!(said["ruled"], json!([FIRST, SECOND]));
    assert_eq!((&said["none"], &said["families"]), (&json!([]), &json!(0)));
    assert_eq!(said["said"], json!("0 / 34 已显示"));
}

#[test]
fn the_page_asks_for_nothing_else() {
    let said = asked(
        "alone",
        Language::English,
        "return {fetched:performance.getEntriesByType('resource').length,
           far:all('[src],link,iframe,object').length,
           links:all('[href]').filter(a=>!a.getAttribute('href').startsWith('#')).length}",
    );
    assert_eq!(said, json!({"fetched": 0, "far": 0, "links": 0}));
}

#[test]
fn without_its_script_the_page_is_whole_and_offers_no_filter() {
    let path = page("still", Language::English);
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, script) = page.split_once("<script>").unwrap();
    let (_, after) = script.split_once("</script>").unwrap();
    let said = asked_of(
        &path,
        &format!("{before}{after}"),
        "const seen=(s)=>all(s).filter(e=>e.getClientRects().length).length;
         return {ready:document.documentElement.dataset.filter??null, form:seen('#filter'),
           cases:seen('details.case'), findings:seen('.finding'), rules:seen('#traceability tbody tr')}",
    );
    let whole = json!({"ready": null, "form": 0, "cases": 34, "findings": 2, "rules": 3});
    assert_eq!(said, whole);
}
