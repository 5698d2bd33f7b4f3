//! A run as lines of JSON, one as each thing happens.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::reproduce;
use super::secrets::Secrets;
use crate::text::masked;
use crate::{Counts, Finding, Heading, Outcome, Text, Verdict};

/// Writes a JSON document on a line of its own for the run, each case, and the end.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    out: W,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'l> {
    Run {
        target: &'l str,
        profile: &'l str,
        profile_version: &'l str,
        atr: &'l str,
        seed: Option<u64>,
        revision: &'l str,
        when: &'l str,
        command: &'l str,
    },
    Case {
        id: &'l str,
        family: &'l str,
        verdict: &'static str,
        purpose: &'l str,
        purpose_zh: &'l str,
        rules: Vec<&'l str>,
        findings: Vec<FindingLine>,
        /// Why it was skipped, or is broken.
        reason: Option<String>,
        reason_zh: Option<String>,
        reproduce: String,
        tries: u32,
        ms: f64,
    },
    End {
        passed: usize,
        failed: usize,
        skipped: usize,
        broken: usize,
        broken_off: Option<&'l str>,
        broken_off_zh: Option<&'l str>,
        ms: f64,
    },
}

#[derive(Serialize)]
struct FindingLine {
    rule: Option<String>,
    /// From 1, as in every report.
    step: Option<usize>,
    what: String,
    what_zh: String,
    expected: String,
    expected_zh: String,
    actual: String,
    actual_zh: String,
    expected_bytes: Option<String>,
    actual_bytes: Option<String>,
}

impl<W: Write> JsonLines<W> {
    /// Writes to `out`, which is not flushed.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// The run begins.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn run(&mut self, heading: &Heading) -> io::Result<()> {
        let Heading { target, profile, profile_version, atr, seed, revision, when, command } =
            heading;
        let seed = *seed;
        self.line(&Line::Run {
            target,
            profile,
            profile_version,
            atr,
            seed,
            revision,
            when,
            command,
        })
    }

    /// A case ended.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn case(&mut self, heading: &Heading, outcome: &Outcome) -> io::Result<()> {
        let case = &outcome.case;
        let secrets = Secrets::of(outcome);
        let (findings, reason) = match &outcome.verdict {
            Verdict::Passed => (&[][..], None),
            Verdict::Failed(findings) => (findings.as_slice(), None),
            Verdict::Skipped(why) => (&[][..], Some(why.clone())),
            Verdict::Broken(why) => (&[][..], Some(secrets.shown_in_both(why))),
        };
        let (reason, reason_zh) = reason.map(|why| (why.en, why.zh)).unzip();
        self.line(&Line::Case {
            id: &case.id,
            family: &case.family.name,
            verdict: outcome.verdict.code(),
            purpose: &case.purpose.en,
            purpose_zh: &case.purpose.zh,
            rules: case.rules.iter().map(|rule| rule.id.as_str()).collect(),
            findings: findings.iter().map(|finding| FindingLine::of(finding, &secrets)).collect(),
            reason,
            reason_zh,
            reproduce: reproduce(heading, case),
            tries: outcome.tries,
            ms: milliseconds(outcome.elapsed),
        })
    }

    /// The run ended, by itself or broken off.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(
        &mut self,
        counts: Counts,
        elapsed: Duration,
        broken_off: Option<&Text>,
    ) -> io::Result<()> {
        let Counts { passed, failed, skipped, broken } = counts;
        let ms = milliseconds(elapsed);
        let (broken_off, broken_off_zh) = broken_off.map(|why| (&*why.en, &*why.zh)).unzip();
        self.line(&Line::End { passed, failed, skipped, broken, broken_off, broken_off_zh, ms })
    }

    /// Gives back what is written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.out.write_all(text.as_bytes())
    }
}

impl FindingLine {
    fn of(finding: &Finding, secrets: &Secrets) -> Self {
        let Finding { step, what, expected, actual, bytes, rule } = secrets.hide(finding);
        Self {
            rule: rule.map(|rule| rule.id.clone()),
            step: step.map(|step| step + 1),
            what: what.en,
            what_zh: what.zh,
            expected: expected.en,
            expected_zh: expected.zh,
            actual: actual.en,
            actual_zh: actual.zh,
            expected_bytes: bytes.as_ref().map(|(bytes, _)| masked(bytes)),
            actual_bytes: bytes.map(|(_, bytes)| hex::encode_upper(bytes)),
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}
