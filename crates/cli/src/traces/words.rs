//! Steps of a recording in words. What is masked stays so.

use apdu::ResponseApdu;
use applet_spec::Rules;
use link::{Atr, Outcome, Pattern, Step, StepKind};
use purse::trace::{Decoded, Decoder};
use serde::Serialize;

use crate::historical;
use crate::ui::{Lang, Tone, Ui, hex_text};

/// A step, for scripts.
#[derive(Serialize)]
pub(super) struct StepLine {
    line: usize,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Part>,
    /// `answered`, `mute`, `no-card` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

/// One way of an exchange, or an ATR.
#[derive(Default, Serialize)]
struct Part {
    bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    title: String,
    fields: Vec<Field>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
    depth: usize,
}

/// Puts steps into words, in their order.
pub(super) struct Words {
    decoder: Decoder,
    lang: Lang,
}

impl Words {
    /// For cards of these rules.
    pub(super) fn new(rules: &Rules, lang: Lang) -> Self {
        Self { decoder: Decoder::new(rules, lang.into()), lang }
    }

    /// The step in words.
    pub(super) fn of(&mut self, step: &Step) -> StepLine {
        let line = step.line;
        match &step.kind {
            StepKind::Reset(result) => {
                self.decoder.reset();
                let answer = self.outcome(result, |words, bytes| words.atr(bytes));
                let outcome = Some(name(result));
                StepLine { line, event: "reset", command: None, answer: Some(answer), outcome }
            }
            StepKind::PowerOff => {
                StepLine { line, event: "power-off", command: None, answer: None, outcome: None }
            }
            StepKind::Exchange(command, result) => {
                let command = Some(self.command(command));
                let answer = self.outcome(result, |words, bytes| words.answer(bytes));
                let outcome = Some(name(result));
                StepLine { line, event: "exchange", command, answer: Some(answer), outcome }
            }
        }
    }

    fn command(&mut self, pattern: &Pattern) -> Part {
        // Zeros stand in for masked bytes: fields that hold one are not shown.
        let bytes: Vec<u8> = pattern.0.iter().map(|byte| byte.unwrap_or(0)).collect();
        let masked = |offset: usize, length: usize| {
            let part = pattern.0.get(offset..offset.saturating_add(length)).unwrap_or_default();
            part.iter().any(Option::is_none)
        };
        let mut decoded = self.decoder.command(&bytes);
        for field in &mut decoded.fields {
            if masked(field.offset, field.length) {
                field.value = "**".to_owned();
            }
        }
        // What is wrong with zeros says nothing of the bytes that were sent.
        if pattern.0.iter().any(Option::is_none) {
            decoded.problem = None;
        }
        Part { bytes: Some(pattern.to_string()), ..Part::of(decoded) }
    }

    fn answer(&mut self, bytes: &[u8]) -> Part {
        let status = ResponseApdu::parse(bytes).ok().map(|response| response.status.to_string());
        let decoded = self.decoder.answer(bytes);
        Part { bytes: Some(hex_text(bytes)), status, ..Part::of(decoded) }
    }

    fn atr(&self, bytes: &[u8]) -> Part {
        if bytes.is_empty() {
            let title = self.lang.pick("not told", "未记录").to_owned();
            return Part { title, ..Part::default() };
        }
        let title = historical::says(&Atr(bytes.to_vec()), self.lang).unwrap_or_default();
        Part { bytes: Some(hex_text(bytes)), title, ..Part::default() }
    }

    fn outcome(&mut self, result: &Outcome, say: impl FnOnce(&mut Self, &[u8]) -> Part) -> Part {
        let title = match result {
            Outcome::Bytes(bytes) => return say(self, bytes),
            Outcome::Mute => self.lang.pick(
                "no answer; the card may have executed the command",
                "无应答; 卡片可能已执行该命令",
            ),
            Outcome::NoCard => self.lang.pick("no card", "无卡"),
            Outcome::Failed(words) => words,
        };
        Part { title: title.to_owned(), ..Part::default() }
    }
}

fn name(result: &Outcome) -> &'static str {
    match result {
        Outcome::Bytes(_) => "answered",
        Outcome::Mute => "mute",
        Outcome::NoCard => "no-card",
        Outcome::Failed(_) => "failed",
    }
}

impl Part {
    fn of(decoded: Decoded) -> Self {
        let field = |field: purse::trace::DecodedField| Field {
            name: field.name,
            value: field.value,
            depth: field.depth,
        };
        let fields = decoded.fields.into_iter().map(field).collect();
        Self { title: decoded.title, fields, problem: decoded.problem, ..Self::default() }
    }

    /// The fields, and the problem, a line each.
    fn body(&self) -> String {
        let mut out = String::new();
        for Field { name, value, depth } in &self.fields {
            let indent = 5 + 2 * depth;
            out += &format!("{:indent$}{name}", "");
            out += &if value.is_empty() { "\n".to_owned() } else { format!(": {value}\n") };
        }
        if let Some(problem) = &self.problem {
            out += &format!("     ! {problem}\n");
        }
        out
    }
}

impl StepLine {
    /// For people.
    pub(super) fn text(&self, ui: &Ui) -> String {
        let say = |en, zh| ui.lang.pick(en, zh);
        let shown = |part: &Part| match &part.bytes {
            Some(bytes) => format!("{bytes}  {}", part.title),
            None => part.title.clone(),
        };
        match (self.event, &self.command, &self.answer) {
            ("power-off", ..) => format!("-- {}\n", say("power off", "断电")),
            ("reset", _, Some(atr)) => {
                let line = format!("-- {} {}", say("reset, ATR", "复位, ATR"), shown(atr));
                format!("{}\n", line.trim_end())
            }
            (_, Some(command), Some(answer)) => {
                let title = ui.toned(Tone::Strong, &command.title);
                let sent = command.bytes.as_deref().unwrap_or_default();
                let got = match &answer.bytes {
                    Some(bytes) => format!("{}\n     {bytes}", answer.title),
                    None => answer.title.clone(),
                };
                format!("-> {title}\n     {sent}\n{}<- {got}\n{}", command.body(), answer.body())
            }
            _ => String::new(),
        }
    }
}
