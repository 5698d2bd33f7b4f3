//! What an answer to reset must be.

use link::{Atr, AtrError};

use super::attempt::Attempt;
use super::bench::End;
use super::check::fits;
use super::words::{alike, masked, text};
use crate::case::answer_to_reset;
use crate::host::ValueFormat;
use crate::{Expect, Finding};

impl Attempt<'_, '_, '_> {
    /// Checks its form and what is expected of it; nothing where nothing is.
    pub(super) fn answer_to_reset(
        &mut self,
        at: usize,
        atr: &Atr,
        expect: &Expect,
    ) -> Result<(), End> {
        if expect.fields.is_empty() {
            return Ok(());
        }
        let form = text("an answer to reset of the right form", "格式正确的复位应答");
        let mut expected = vec![form.clone()];
        let before = self.findings.len();
        match atr.parts() {
            Err(error) => {
                let (en, zh) = (format!("{atr}: {error}"), format!("{atr}: {}", in_chinese(error)));
                self.find(Some(at), text("answer to reset", "复位应答"), form, text(en, zh));
            }
            Ok(parts) => {
                for (name, value) in &expect.fields {
                    let actual = match name.as_str() {
                        "TS" => atr.0.get(..1).unwrap_or_default(),
                        _ => parts.historical,
                    };
                    let known = answer_to_reset().iter().find(|field| field.name == *name);
                    let format = known.map_or(ValueFormat::BYTES, ValueFormat::of);
                    let zh = known.map_or(&**name, |field| &field.name_zh);
                    let what = text(name, zh);
                    let made = self.host.expected(value, format, None);
                    let wanted = made.map_err(|error| self.unmade(Some(at), &error))?;
                    let words = masked(&wanted);
                    expected.push(text(format!("{name} {words}"), format!("{zh} {words}")));
                    if !fits(&wanted, actual) {
                        let said = alike(hex::encode_upper(actual));
                        let bytes = Some((wanted, actual.to_vec()));
                        let rule = self.case.rules.first().cloned();
                        let (step, expected) = (Some(at), alike(words));
                        self.findings.push(Finding {
                            step,
                            what,
                            expected,
                            actual: said,
                            bytes,
                            rule,
                        });
                    }
                }
            }
        }
        if let Some(seen) = self.seen.last_mut() {
            seen.expected = expected;
        }
        if self.findings.len() > before { Err(End::Failed) } else { Ok(()) }
    }
}

fn in_chinese(error: AtrError) -> String {
    match error {
        AtrError::Start => "TS 不是 3B 或 3F".to_owned(),
        AtrError::Short => "缺少 T0 或 TD 指明的字节".to_owned(),
        AtrError::Long => "多出 T0 和 TD 未指明的字节".to_owned(),
        AtrError::Protocol(t) => format!("TD 指明的 T={t} 不是传输协议"),
        AtrError::Check => "TCK 错误".to_owned(),
    }
}
