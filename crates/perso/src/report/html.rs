//! The report as one page that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use purse::Language;

use super::{Report, Verdict, card, moment};
use crate::cards::Row;
use crate::engine::Record;

const STYLE: &str = "\
body{font:14px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;margin:2em;color:#222}\
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .75em;border:1px solid #ccc;\
text-align:left;vertical-align:top}th{background:#f3f3f3}.passed{color:#06692c}\
.rejected{color:#a4001d;font-weight:600}.begun{color:#8a5a00}.waiting{color:#666}\
code{font-family:ui-monospace,monospace}details{max-width:60em}.fault{color:#a4001d}";

impl Report<'_> {
    /// The report as a page.
    pub fn html(&self, language: Language) -> String {
        let pick = |english, chinese| language.pick(english, chinese);
        let counts = self.counts();
        let title = format!("{} – {}", self.binding.name, pick("batch report", "批次报告"));
        let head = [
            (pick("batch", "批次"), self.binding.name.clone()),
            (pick("profile", "卡片规格"), self.binding.profile.clone()),
            (pick("begun (UTC)", "开始 (UTC)"), moment(Some(self.binding.began))),
            (pick("operators", "操作员"), self.operators()),
            (pick("program", "程序"), format!("purse {}", self.program)),
            (pick("job file (SM3)", "作业文件 (SM3)"), self.binding.job.clone()),
            (pick("cards file (SM3)", "卡片文件 (SM3)"), self.binding.cards.clone()),
            (pick("profiles (SM3)", "卡片规格文件 (SM3)"), self.binding.profiles.clone()),
        ];
        let page = html! {
            (DOCTYPE)
            html lang=(pick("en", "zh-CN")) {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (title) }
                    table {
                        @for (name, value) in &head { tr { th { (name) } td { (value) } } }
                    }
                    p {
                        (counts.total) " " (pick("cards", "张卡")) ": "
                        span.passed { (counts.passed) " " (Verdict::Passed.in_words(language)) } ", "
                        span.rejected { (counts.rejected) " " (Verdict::Rejected.in_words(language)) }
                        ", " span.begun { (counts.begun) " " (Verdict::Begun.in_words(language)) }
                        ", " span.waiting { (counts.waiting) " " (Verdict::Waiting.in_words(language)) }
                    }
                    table {
                        tr {
                            th { (pick("serial", "应用序列号")) }
                            th { (pick("verdict", "结论")) }
                            th { (pick("card", "卡片")) }
                            th { (pick("operator", "操作员")) }
                            th { (pick("ended (UTC)", "完成 (UTC)")) }
                            th { (pick("steps", "步骤")) }
                            th { (pick("details", "详情")) }
                        }
                        @for row in self.rows { (self.row(row, language)) }
                    }
                    (self.turned(language))
                }
            }
        };
        page.into_string()
    }

    fn row(&self, row: &Row, language: Language) -> Markup {
        let record = self.record(row.serial);
        let verdict = Verdict::of(record);
        let class = match verdict {
            Verdict::Passed => "passed",
            Verdict::Rejected => "rejected",
            Verdict::Begun => "begun",
            Verdict::Waiting => "waiting",
        };
        html! {
            tr {
                td { code { (row.serial) } }
                td class=(class) { (verdict.in_words(language)) }
                @if let Some(record) = record {
                    td { (card(record)) }
                    td { (record.operator.as_deref().unwrap_or_default()) }
                    td { (moment(record.ended)) }
                    td { (record.progress.done) " / " (record.steps) }
                    td { (details(record, &row.note, language)) }
                } @else {
                    td {} td {} td {} td {} td { (row.note) }
                }
            }
        }
    }

    /// Cards that were turned away.
    fn turned(&self, language: Language) -> Markup {
        html! {
            @if !self.held.refused.is_empty() {
                h2 { (language.pick("cards turned away", "退回的卡片")) }
                table {
                    @for refusal in &self.held.refused {
                        tr {
                            td { (refusal.card.uid.as_deref().unwrap_or_default()) }
                            td { (refusal.reason) }
                        }
                    }
                }
            }
        }
    }

    fn operators(&self) -> String {
        let mut names: Vec<&str> =
            self.held.records.values().filter_map(|record| record.operator.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

fn details(record: &Record, note: &str, language: Language) -> Markup {
    let pick = |english, chinese| language.pick(english, chinese);
    let good = record.checks.iter().filter(|check| check.fault.is_none()).count();
    html! {
        @if let Some(reason) = &record.reason { p.fault { (reason) } }
        @if !note.is_empty() { p { (note) } }
        details {
            summary {
                (good) " / " (record.checks.len()) " " (pick("checks", "项检查")) ", "
                (record.keys.len()) " " (pick("keys", "个密钥")) ", "
                (record.apdus) " APDU"
            }
            table {
                @for check in &record.checks {
                    tr {
                        td { (language.pick(&check.what, &check.what_zh)) }
                        td.fault { (check.fault.as_deref().unwrap_or_default()) }
                    }
                }
            }
            table {
                tr {
                    th { (pick("key", "密钥")) }
                    th { "KCV" }
                    th { (pick("proved by", "验证方式")) }
                }
                @for key in &record.keys {
                    tr {
                        td { code { (key.name) } }
                        td { code { (key.kcv) } }
                        td { (key.proof.as_deref().unwrap_or("–")) }
                    }
                }
            }
        }
    }
}
