//! The checks of one answer. All are made; each that fails is a finding.

use std::sync::Arc;
use std::time::Duration;

use apdu::{StatusWord, tlv};
use applet_spec::{Catalogue, CommandId};

use super::words::{alike, digits, masked, shown, text};
use crate::host::{Host, HostError, Prepared, ValueFormat};
use crate::{Expect, Finding, Rule, Rules, Text, TlvExpect};

/// An answer, and what was found in it.
pub(super) struct Check<'c, 'h> {
    pub(super) host: &'c Host<'h>,
    /// The case's rules, the main one first.
    pub(super) rules: &'c [Arc<Rule>],
    pub(super) step: usize,
    pub(super) prepared: &'c Prepared,
    pub(super) status: StatusWord,
    pub(super) data: &'c [u8],
    pub(super) elapsed: Duration,
    pub(super) findings: Vec<Finding>,
    pub(super) expected: Vec<Text>,
}

impl Check<'_, '_> {
    /// Makes every check.
    pub(super) fn answer(&mut self, expect: &Expect) {
        let status_is_right = self.check_status(expect);
        self.within(expect);
        // A refusal has no data: that they are missing says no more than the status word did.
        if !status_is_right && self.data.is_empty() {
            return;
        }
        for (name, value) in &expect.fields {
            let field = self.host.answer_field(self.prepared, name, self.data);
            let Some((field, bytes)) = field else {
                let what = text(format!("field '{name}'"), format!("字段 '{name}'"));
                self.find(what, text("in the answer", "应答中应有"), self.shown_data());
                continue;
            };
            let what = text(&field.name, &field.name_zh);
            let format = ValueFormat::of(field);
            let wanted = self.host.expected(value, format, Some(self.prepared));
            let before = self.findings.len();
            self.same(what, wanted, bytes, format);
            let rule = self.rule_of(&field.name);
            self.blame(before, rule);
        }
        if let Some(value) = &expect.data {
            let wanted = self.host.expected(value, ValueFormat::BYTES, Some(self.prepared));
            let rule = wanted.as_ref().ok().and_then(|wanted| self.rule_at(wanted));
            let before = self.findings.len();
            self.same(text("answer data", "应答数据"), wanted, self.data, ValueFormat::BYTES);
            self.blame(before, rule);
        }
        if let Some(length) = expect.length {
            let bytes = |count: usize| text(format!("{count} bytes"), format!("{count} 字节"));
            let wanted = bytes(usize::from(length));
            self.expected.push(wanted.clone());
            if usize::from(length) != self.data.len() {
                let what = text("length of the answer data", "应答数据长度");
                self.find(what, wanted, bytes(self.data.len()));
            }
        }
        for (path, wanted) in &expect.tlv {
            self.tlv(path, wanted);
        }
        if let Some(value) = &expect.differs {
            self.differs(self.host.expected(value, ValueFormat::BYTES, Some(self.prepared)));
        }
    }

    /// The rule that a field of this answer shows; one of the case's own, where it has such a one.
    fn rule_of(&self, field: &str) -> Option<Arc<Rule>> {
        let command = self.prepared.command?;
        let shows = |(of, name): &(CommandId, String)| *of == command && name == field;
        let own = self.rules.iter().find(|rule| rule.answers.iter().any(shows));
        own.or_else(|| Rules::built_in().shown_by(command, field)).cloned()
    }

    /// The rule that the field shows in which the answer first differs.
    fn rule_at(&self, wanted: &[Option<u8>]) -> Option<Arc<Rule>> {
        let same = |(wanted, actual): (&Option<u8>, &u8)| wanted.is_none_or(|w| w == *actual);
        let at = wanted.iter().zip(self.data).take_while(|pair| same(*pair)).count();
        let fields = &Catalogue::entry(self.prepared.command?).answer;
        let mut end = 0;
        let field = fields.iter().find(|field| {
            end += field.len.map_or(self.data.len(), usize::from);
            at < end
        })?;
        self.rule_of(&field.name)
    }

    /// Findings since `before` break this rule.
    fn blame(&mut self, before: usize, rule: Option<Arc<Rule>>) {
        let Some(rule) = rule else { return };
        for finding in self.findings.iter_mut().skip(before) {
            finding.rule = Some(Arc::clone(&rule));
        }
    }

    fn check_status(&mut self, expect: &Expect) -> bool {
        if expect.status.is_empty() {
            return true;
        }
        let mut patterns = Vec::new();
        for pattern in &expect.status {
            match self.host.status(pattern) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.unmade(text("status word", "状态字"), &error),
            }
        }
        let actual = [12, 8, 4, 0].map(|shift| (self.status.0 >> shift & 0xF) as u8);
        let matches = |pattern: &[Option<u8>; 4]| {
            pattern.iter().zip(actual).all(|(digit, actual)| digit.is_none_or(|d| d == actual))
        };
        let words = patterns.iter().map(digits).collect::<Vec<_>>().join(", ");
        self.expected.push(text(format!("status word {words}"), format!("状态字 {words}")));
        if patterns.iter().any(matches) {
            return true;
        }
        let bytes = match patterns.as_slice() {
            [only] => pair(only),
            _ => None,
        };
        let what = text("status word", "状态字");
        let actual = self.status.bytes().to_vec();
        let shown = self.status.to_string();
        self.push(what, alike(words), alike(shown), bytes.map(|wanted| (wanted, actual)));
        false
    }

    fn within(&mut self, expect: &Expect) {
        let Some(limit) = expect.within else { return };
        self.expected.push(text(format!("within {limit:?}"), format!("{limit:?} 以内")));
        if self.elapsed > limit {
            let what = text("time of the answer", "应答时间");
            let wanted = text(format!("at most {limit:?}"), format!("不超过 {limit:?}"));
            self.find(what, wanted, alike(format!("{:?}", self.elapsed)));
        }
    }

    fn tlv(&mut self, path: &[u32], wanted: &TlvExpect) {
        let tags: Vec<String> = path.iter().map(|tag| format!("{tag:02X}")).collect();
        let tags = tags.join("/");
        let what = text(format!("element {tags}"), format!("TLV {tags}"));
        let found = match tlv::find(self.data, path) {
            Ok(found) => found,
            Err(error) => {
                let wanted = text("data that can be read as TLV", "可按 TLV 解析的数据");
                self.find(what, wanted, alike(error.to_string()));
                return;
            }
        };
        match (wanted, found) {
            (TlvExpect::Present, Some(_)) | (TlvExpect::Absent, None) => {}
            (TlvExpect::Present, None) => {
                self.find(what, text("present", "存在"), self.shown_data());
            }
            (TlvExpect::Absent, Some(value)) => {
                self.find(what, text("absent", "不存在"), alike(hex::encode_upper(value)));
            }
            (TlvExpect::Is(_), None) => {
                self.find(what, text("present", "存在"), self.shown_data());
            }
            (TlvExpect::Is(value), Some(actual)) => {
                let wanted = self.host.expected(value, ValueFormat::BYTES, Some(self.prepared));
                self.same(what, wanted, actual, ValueFormat::BYTES);
            }
        }
    }

    fn same(
        &mut self,
        what: Text,
        wanted: Result<Vec<Option<u8>>, HostError>,
        actual: &[u8],
        format: ValueFormat,
    ) {
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(error) => return self.unmade(what, &error),
        };
        let words = shown(&wanted, format.kind);
        self.expected
            .push(text(format!("{} {}", what.en, words.en), format!("{} {}", what.zh, words.zh)));
        if !fits(&wanted, actual) {
            let said: Vec<Option<u8>> = actual.iter().copied().map(Some).collect();
            let bytes = Some((wanted, actual.to_vec()));
            self.push(what, words, shown(&said, format.kind), bytes);
        }
    }

    fn differs(&mut self, unwanted: Result<Vec<Option<u8>>, HostError>) {
        let what = text("answer data", "应答数据");
        let unwanted = match unwanted {
            Ok(unwanted) => unwanted,
            Err(error) => return self.unmade(what, &error),
        };
        let words = masked(&unwanted);
        self.expected.push(text(format!("not {words}"), format!("不是 {words}")));
        if fits(&unwanted, self.data) {
            let wanted = text(format!("anything but {words}"), format!("不应为 {words}"));
            self.find(what, wanted, self.shown_data());
        }
    }

    /// What must come back could not be made from what the card answered before.
    fn unmade(&mut self, what: Text, error: &HostError) {
        let wanted = text("made from what the card answered before", "由卡片先前的应答得出");
        self.find(what, wanted, alike(error.to_string()));
    }

    fn shown_data(&self) -> Text {
        match self.data {
            [] => text("no data", "无数据"),
            data => alike(hex::encode_upper(data)),
        }
    }

    fn find(&mut self, what: Text, expected: Text, actual: Text) {
        self.push(what, expected, actual, None);
    }

    fn push(
        &mut self,
        what: Text,
        expected: Text,
        actual: Text,
        bytes: Option<(Vec<Option<u8>>, Vec<u8>)>,
    ) {
        let rule = self.rules.first().cloned();
        self.findings.push(Finding { step: Some(self.step), what, expected, actual, bytes, rule });
    }
}

/// A status word's digits as two bytes; `None` where half a byte is free.
fn pair([a, b, c, d]: &[Option<u8>; 4]) -> Option<Vec<Option<u8>>> {
    let byte = |high: &Option<u8>, low: &Option<u8>| match (high, low) {
        (Some(high), Some(low)) => Some(Some(high << 4 | low)),
        (None, None) => Some(None),
        _ => None,
    };
    Some(vec![byte(a, b)?, byte(c, d)?])
}

pub(super) fn fits(wanted: &[Option<u8>], actual: &[u8]) -> bool {
    wanted.len() == actual.len()
        && wanted.iter().zip(actual).all(|(wanted, actual)| wanted.is_none_or(|w| w == *actual))
}
