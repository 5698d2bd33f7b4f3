//! A case in words: purpose, what it rests on, steps with their values as they are written.

mod words;

use std::fmt::Write;

use purse::Language;
use serde::Serialize;

use crate::{Case, Start, Text};

use words::StepWords;

pub(crate) use words::step_words;

/// A case as data, for documents that scripts read.
#[derive(Clone, Debug, Serialize)]
pub struct CaseDescription {
    /// Id with its parameters.
    pub id: String,
    /// Id without them.
    pub base: String,
    /// Family.
    pub family: String,
    /// Where it is written, `purchase.toml:23`; `None` of generated cases.
    pub written: Option<String>,
    /// What is proved.
    pub purpose: String,
    /// The same in Chinese.
    pub purpose_zh: String,
    /// What a failure breaks.
    pub rules: Vec<RuleDescription>,
    /// What the expectation rests on, beside the rules' own sources.
    pub source: Option<String>,
    /// Wrong cards that it is there to catch.
    pub catches: Vec<String>,
    /// Conditions, all of which must hold.
    pub applies: Vec<String>,
    /// `selected`, `reset` or `off`.
    pub start: String,
    /// Settings of the card, in order: key and value.
    pub card: Vec<(String, String)>,
    /// The terminal.
    pub terminal: TerminalDescription,
    /// Whether it may lock something for good or use up tries.
    pub destructive: bool,
    /// Steps, in order.
    pub steps: Vec<StepDescription>,
}

/// A rule as data.
#[derive(Clone, Debug, Serialize)]
pub struct RuleDescription {
    /// Id.
    pub id: String,
    /// The rule in one sentence.
    pub text: String,
    /// The same in Chinese.
    pub text_zh: String,
    /// What it rests on.
    pub source: String,
}

/// The terminal of a case as data.
#[derive(Clone, Debug, Serialize)]
pub struct TerminalDescription {
    /// Terminal number, hexadecimal.
    pub number: String,
    /// Terminal transaction serial.
    pub serial: u32,
    /// Date, YYYYMMDD.
    pub date: String,
    /// Time, HHMMSS.
    pub time: String,
}

/// A step as data, in words.
#[derive(Clone, Debug, Serialize)]
pub struct StepDescription {
    /// What is done.
    pub action: String,
    /// The same in Chinese.
    pub action_zh: String,
    /// What must come back.
    pub expect: Vec<String>,
    /// The same in Chinese.
    pub expect_zh: Vec<String>,
    /// What of the card may change.
    pub changes: Vec<String>,
    /// Names for later: name, and what it is.
    pub captures: Vec<(String, String)>,
    /// How often.
    pub repeat: u16,
    /// Whether power is lost at every memory write of it.
    pub tear: bool,
    /// For the report.
    pub note: Option<String>,
    /// The same in Chinese.
    pub note_zh: Option<String>,
}

impl Case {
    /// The case as data.
    pub fn describe(&self) -> CaseDescription {
        let rules = self.rules.iter().map(|rule| RuleDescription {
            id: rule.id.clone(),
            text: rule.text.en.clone(),
            text_zh: rule.text.zh.clone(),
            source: rule.source.clone(),
        });
        CaseDescription {
            id: self.id.clone(),
            base: self.base.clone(),
            family: self.family.name.clone(),
            written: self.written_at(),
            purpose: self.purpose.en.clone(),
            purpose_zh: self.purpose.zh.clone(),
            rules: rules.collect(),
            source: self.source.clone(),
            catches: self.catches.clone(),
            applies: self.applies.iter().map(ToString::to_string).collect(),
            start: applet_spec::text::spelling(self.start).to_owned(),
            card: self.card.clone(),
            terminal: TerminalDescription {
                number: hex::encode_upper(self.terminal.number),
                serial: self.terminal.serial,
                date: hex::encode(self.terminal.date),
                time: hex::encode(self.terminal.time),
            },
            destructive: self.may_destroy(),
            steps: self.steps.iter().map(|step| describe_step(step_words(step))).collect(),
        }
    }

    /// The case in words, some lines.
    pub fn explain(&self, language: Language) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = Explanation { case: self, language }.write(&mut out);
        out
    }

    fn written_at(&self) -> Option<String> {
        self.written.as_ref().map(|written| format!("{}:{}", written.origin, written.line))
    }
}

fn describe_step(words: StepWords) -> StepDescription {
    let (expect, expect_zh) = words.expect.into_iter().map(|text| (text.en, text.zh)).unzip();
    let (note, note_zh) = words.note.map(|note| (note.en, note.zh)).unzip();
    StepDescription {
        action: words.action.en,
        action_zh: words.action.zh,
        expect,
        expect_zh,
        changes: words.changes,
        captures: words.captures,
        repeat: words.repeat,
        tear: words.tear,
        note,
        note_zh,
    }
}

struct Explanation<'c> {
    case: &'c Case,
    language: Language,
}

impl Explanation<'_> {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let (case, pick) = (self.case, |en, zh| self.language.pick(en, zh));
        write!(out, "{}  {}", case.id, self.text(&case.family.title))?;
        match case.written_at() {
            Some(written) => writeln!(out, "  ({written})")?,
            None => writeln!(out, "  ({})", pick("from the command catalogue", "由指令表生成"))?,
        }
        writeln!(out, "{}", self.text(&case.purpose))?;
        writeln!(out, "\n{}", pick("Rules", "规则"))?;
        for rule in &case.rules {
            writeln!(out, "  {}  {}", rule.id, self.text(&rule.text))?;
            writeln!(out, "    {}: {}", pick("rests on", "依据"), rule.source)?;
        }
        if let Some(source) = &case.source {
            writeln!(out, "{}: {source}", pick("Source", "来源"))?;
        }
        let applies: Vec<String> = case.applies.iter().map(ToString::to_string).collect();
        let all = pick("every card", "所有卡");
        let applies = if applies.is_empty() { all.to_owned() } else { applies.join(", ") };
        writeln!(out, "\n{}: {applies}", pick("Applies to", "适用于"))?;
        writeln!(out, "{}: {}", pick("Card", "卡"), self.card())?;
        let terminal = &case.terminal;
        writeln!(
            out,
            "{}: {} {}, {} {}, {} {} {}",
            pick("Terminal", "终端"),
            pick("number", "编号"),
            hex::encode_upper(terminal.number),
            pick("serial", "交易序号"),
            terminal.serial,
            pick("date and time", "日期时间"),
            hex::encode(terminal.date),
            hex::encode(terminal.time),
        )?;
        if case.may_destroy() {
            let what = pick(
                "Destructive: it may lock something for good or use up tries",
                "破坏性: 可能永久锁定或用尽可试次数",
            );
            writeln!(out, "{what}")?;
        }
        writeln!(out, "\n{}", pick("Steps", "步骤"))?;
        for (at, step) in case.steps.iter().enumerate() {
            self.step(out, at + 1, &step_words(step))?;
        }
        if !case.catches.is_empty() {
            let catches = case.catches.join(", ");
            writeln!(out, "\n{}: {catches}", pick("Catches the wrong cards", "可发现的错误卡"))?;
        }
        Ok(())
    }

    fn card(&self) -> String {
        let pick = |en, zh| self.language.pick(en, zh);
        let settings: Vec<String> =
            self.case.card.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        let as_is = pick("as delivered", "出厂状态").to_owned();
        let settings = if settings.is_empty() { as_is } else { settings.join(", ") };
        let start = match self.case.start {
            Start::Selected => pick("reset, application selected", "已复位并选择应用"),
            Start::Reset => pick("reset", "已复位"),
            Start::Off => pick("without power", "未上电"),
        };
        format!("{settings}; {start}")
    }

    fn step(&self, out: &mut String, number: usize, step: &StepWords) -> std::fmt::Result {
        let pick = |en, zh| self.language.pick(en, zh);
        write!(out, "  {number:>2}  {}", self.text(&step.action))?;
        if step.repeat > 1 {
            write!(out, ", {} {}", step.repeat, pick("times", "次"))?;
        }
        writeln!(out)?;
        if let Some(note) = &step.note {
            writeln!(out, "      {}", self.text(note))?;
        }
        if step.tear {
            let what = pick(
                "power is lost at each memory write, one after the other",
                "在每次写存储器时依次掉电",
            );
            writeln!(out, "      {what}")?;
        }
        if !step.expect.is_empty() {
            let expect: Vec<&str> = step.expect.iter().map(|text| self.text(text)).collect();
            let what = pick("must answer", "应返回");
            writeln!(out, "      {what}: {}", expect.join("; "))?;
        }
        if !step.captures.is_empty() {
            let kept: Vec<String> =
                step.captures.iter().map(|(name, from)| format!("${name} = {from}")).collect();
            writeln!(out, "      {}: {}", pick("kept", "保存"), kept.join(", "))?;
        }
        match step.changes.as_slice() {
            _ if step.silent => Ok(()),
            [] => writeln!(out, "      {}", pick("nothing may change", "卡内数据不变")),
            changes => {
                writeln!(out, "      {}: {}", pick("may change", "可改变"), changes.join(", "))
            }
        }
    }

    fn text<'t>(&self, text: &'t Text) -> &'t str {
        self.language.pick(&text.en, &text.zh)
    }
}
