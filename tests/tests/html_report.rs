//! The page of a conformance run, opened in a browser: what a person sees is what the run says.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use applet_spec::{CommandId, FieldFormat, Profile};
use conformance::report::{self, Detail};
use conformance::{
    Action, Author, Case, Change, Deed, Exchange, Expect, Family, Finding, Heading, Outcome, Place,
    Rule, RunReport, Send, Start, StatusPattern, Step, StepSeen, TerminalConfig, Text, Value,
    Verdict, Written,
};
use emulator::{Card, CardMaker};
use purse::Language;
use purse::trace::field_in_words;
use serde_json::{Value as Json, json};
use tests::browser::dom;

fn text(en: &str, zh: &str) -> Text {
    Text { en: en.to_owned(), zh: zh.to_owned() }
}

fn rule(id: &str, en: &str, zh: &str) -> Arc<Rule> {
    let source = "two open implementations and the vector purchase-fm1208-d".to_owned();
    Arc::new(Rule { id: id.to_owned(), text: text(en, zh), source })
}

/// A card's answers, for steps that are written here.
struct Lab {
    card: Card,
    family: Arc<Family>,
    profile: Arc<Profile>,
}

impl Lab {
    fn new() -> Self {
        let profile = Profile::find("jtt978").unwrap();
        let card = CardMaker::new(Arc::clone(&profile)).unwrap().lab_card(1).unwrap();
        let family = Arc::new(Family {
            name: "balance".to_owned(),
            prefix: "EP_YE".to_owned(),
            title: text("Balance", "余额查询"),
            version: "1.0.0".to_owned(),
        });
        Self { card, family, profile }
    }

    /// A case of one GET BALANCE after selecting, and what the card did.
    fn case(&mut self, id: &str, rules: &[&Arc<Rule>], balance: u32) -> Outcome {
        let mut get = Send::new(CommandId::GetBalance);
        get.p1 = Some(Value::literal("03"));
        let mut verify = Send::new(CommandId::Verify);
        verify.fields.push(("PIN".to_owned(), Value::literal("654321")));
        let steps = vec![
            step(Action::Do(Deed::Reset), &[]),
            step(Action::Select(Place::Application), &[0x9000]),
            step(Action::Send(Box::new(verify)), &[0x63C2]),
            step(Action::Send(Box::new(get)), &[0x9000]),
        ];
        let case = Case {
            id: id.to_owned(),
            base: id.split(':').next().unwrap().to_owned(),
            family: Arc::clone(&self.family),
            author: Author::Hand,
            written: Some(Written { origin: "balance.toml".into(), line: 12, column: 1 }),
            purpose: text(
                "GET BALANCE tells the holder's own money and changes nothing",
                "GET BALANCE 返回实际余额, 卡内数据不变",
            ),
            rules: rules.iter().map(|rule| Arc::clone(rule)).collect(),
            source: None,
            catches: Vec::new(),
            applies: Vec::new(),
            start: Start::Reset,
            card: vec![("balance".to_owned(), "0.00".to_owned())],
            terminal: TerminalConfig::default(),
            destructive: false,
            steps,
        };
        self.card = CardMaker::new(Arc::clone(&self.profile)).unwrap().lab_card(1).unwrap();
        self.card.power_on().unwrap();
        let aid = self.profile.application().unwrap().name.clone();
        let select =
            [&[0x00, 0xA4, 0x04, 0x00, u8::try_from(aid.len()).unwrap()], &aid[..]].concat();
        let verify = [0x00, 0x20, 0x00, 0x00, 0x03, 0x65, 0x43, 0x21];
        let seen = vec![
            StepSeen { exchanges: Vec::new(), ..self.seen(0, "reset", "复位") },
            self.exchange(1, "SELECT application", "选择应用", &select),
            self.exchange(2, "VERIFY", "校验个人密码", &verify),
            self.exchange(3, "GET BALANCE", "查询余额", &[0x80, 0x5C, 0x03, 0x02, 0x04]),
        ];
        let answer = seen.last().unwrap().exchanges.last().unwrap().answer.clone().unwrap();
        let actual = answer.get(..4).unwrap().to_vec();
        let expected = balance.to_be_bytes();
        let verdict = if actual == expected {
            Verdict::Passed
        } else {
            let yuan = |bytes: &[u8]| field_in_words(FieldFormat::Fen, bytes, Language::English);
            Verdict::Failed(vec![Finding {
                step: Some(3),
                what: text("balance", "余额"),
                expected: yuan(&expected),
                actual: yuan(&actual),
                bytes: Some((expected.map(Some).to_vec(), actual)),
                rule: rules.first().map(|rule| Arc::clone(rule)),
            }])
        };
        let elapsed = Duration::from_micros(800);
        Outcome { case: Arc::new(case), verdict, steps: seen, elapsed, tries: 1 }
    }

    fn seen(&self, step: usize, en: &str, zh: &str) -> StepSeen {
        StepSeen { step, title: text(en, zh), exchanges: Vec::new(), expected: Vec::new() }
    }

    fn exchange(&mut self, step: usize, en: &str, zh: &str, command: &[u8]) -> StepSeen {
        let answer = Some(self.card.transmit(command));
        let elapsed = Duration::from_micros(120);
        let exchanges = vec![Exchange { command: command.to_vec(), answer, elapsed }];
        StepSeen { exchanges, ..self.seen(step, en, zh) }
    }
}

fn step(action: Action, status: &[u16]) -> Step {
    let status = status.iter().map(|sw| StatusPattern::exactly(apdu::StatusWord(*sw))).collect();
    let changes = match &action {
        Action::Send(send) if send.command == CommandId::Verify => vec![Change::Pin],
        _ => Vec::new(),
    };
    let expect = Expect { status, ..Expect::default() };
    let (repeat, tear) = (1, false);
    Step { written: None, action, repeat, note: None, expect, changes, tear, captures: Vec::new() }
}

/// A run against a card without money, by cases of which some expect another balance.
fn run() -> RunReport {
    let mut lab = Lab::new();
    let own = rule(
        "balance.own",
        "P1 03 gives the holder's own money without the overdraft limit",
        "P1 为 03 时返回实际余额, 不含透支限额",
    );
    let nothing =
        rule("balance.reads", "GET BALANCE changes nothing", "GET BALANCE 不改变卡内数据");
    let locked =
        rule("block.balance", "A locked application tells its balance", "锁定的应用可查余额");
    let mut outcomes: Vec<Outcome> =
        (1..=30).map(|n| lab.case(&format!("EP_YE_{n:03}"), &[&own, &nothing], 0)).collect();
    outcomes.push(lab.case("EP_YE_040:amount=9750", &[&own, &nothing], 9_750));
    outcomes.push(lab.case("EP_YE_041", &[&nothing], 0x0100_0000));
    let mut skipped = lab.case("EP_YE_050", &[&locked], 0);
    skipped.verdict = Verdict::Skipped(text("the profile has no ED", "该卡片规格无电子存折"));
    skipped.steps.clear();
    let mut broken = lab.case("EP_YE_051", &[&locked], 0);
    broken.verdict = Verdict::Broken("the card fell silent in step 4".to_owned());
    broken.steps.last_mut().unwrap().exchanges.last_mut().unwrap().answer = None;
    outcomes.extend([skipped, broken]);
    RunReport {
        heading: Heading {
            target: "virtual card jtt978, in process".to_owned(),
            profile: lab.profile.name.clone(),
            profile_version: lab.profile.version.clone(),
            atr: hex::encode_upper(&lab.card.atr().0),
            seed: Some(1),
            revision: env!("CARGO_PKG_VERSION").to_owned(),
            when: "2026-11-22 08:30:15".to_owned(),
            command: "purse conform run all --card virtual:jtt978 --seed 1".to_owned(),
        },
        outcomes,
        elapsed: Duration::from_millis(41),
        broken_off: None,
    }
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
        let open = ["case-EP_YE_040:amount=9750", "case-EP_YE_041", "case-EP_YE_051"];
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
        "const c=document.getElementById('case-EP_YE_040:amount=9750');
         const cells=(row)=>[...c.querySelectorAll(`.diff ${row} td`)].map(t=>t.textContent);
         return {expected:cells('.e'), actual:cells('.a'),
           marked:[...c.querySelectorAll('.diff .a td.d')].map(t=>t.dataset.offset),
           marks:[...c.querySelectorAll('.diff mark')].map(m=>m.textContent),
           rule:c.querySelector('.finding p').textContent,
           trace:c.querySelector('.trace').textContent, again:c.querySelector('.again code').textContent}",
    );
    assert_eq!(said["expected"], json!(["00", "00", "26", "16"]));
    assert_eq!(said["actual"], json!(["00", "00", "00", "00"]));
    assert_eq!(said["marked"], json!(["2", "3"]));
    assert_eq!(said["marks"], json!(["26", "16", "00", "00"]));
    assert!(said["rule"].as_str().unwrap().starts_with("balance.own: P1 03 gives"), "{said}");
    let trace = said["trace"].as_str().unwrap();
    assert!(trace.contains("GET BALANCE") && trace.contains("0.00 yuan (0 fen)"), "{trace}");
    assert!(trace.contains("00 20 00 00 03 ** ** **") && !trace.contains("65 43 21"), "{trace}");
    let again =
        "purse conform run all --card virtual:jtt978 --seed 1 --only 'EP_YE_040:amount=9750'";
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
        row("rule-balance.own", "violated", 31, &["failed", "passed"]),
        row("rule-balance.reads", "violated", 32, &["failed", "passed"]),
        row("rule-block.balance", "open", 2, &["broken", "skipped"]),
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
         type('ep_ye_041'); const named=shown();
         type('balance.own'); const ruled=shown();
         type('no such case'); const none=shown(), families=all('section.family:not([hidden])').length;
         return {ready, offered, before, bad, named, ruled, none, families, said:form.elements.shown.value}",
    );
    assert_eq!((&said["ready"], &said["offered"]), (&json!("ready"), &json!(true)));
    assert_eq!(said["before"], json!(34));
    let bad = ["case-EP_YE_040:amount=9750", "case-EP_YE_041", "case-EP_YE_050", "case-EP_YE_051"];
    assert_eq!(said["bad"], json!(bad));
    assert_eq!(said["named"], json!(["case-EP_YE_041"]));
    assert_eq!(said["ruled"], json!(["case-EP_YE_040:amount=9750"]));
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
