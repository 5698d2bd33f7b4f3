//! Every fixed word of the reports, in both languages.

use purse::Language;

use super::Standing;
use crate::Text;
use crate::text::text;

/// A word or a short text: English, Chinese.
#[derive(Clone, Copy)]
pub(super) struct Word(&'static str, &'static str);

impl Word {
    /// In a language.
    pub(super) fn of(self, language: Language) -> &'static str {
        language.pick(self.0, self.1)
    }

    /// In both.
    pub(super) fn in_both(self) -> Text {
        text(self.0, self.1)
    }
}

/// How a rule stands.
pub(super) fn standing(standing: Standing) -> Word {
    match standing {
        Standing::Held => HELD,
        Standing::Untested => UNTESTED,
        Standing::Open => OPEN,
        Standing::Violated => VIOLATED,
    }
}

// Verdicts on cases and rules.
pub(super) const PASSED: Word = Word("passed", "通过");
pub(super) const FAILED: Word = Word("failed", "失败");
pub(super) const SKIPPED: Word = Word("skipped", "跳过");
pub(super) const BROKEN: Word = Word("broken", "中断");
pub(super) const HELD: Word = Word("held", "成立");
pub(super) const UNTESTED: Word = Word("not tested", "未测试");
pub(super) const OPEN: Word = Word("open", "待定");
pub(super) const VIOLATED: Word = Word("violated", "违反");

// The head of a report.
pub(super) const TITLE: Word = Word("Conformance test report", "一致性测试报告");
pub(super) const SUMMARY: Word = Word("Summary", "摘要");
pub(super) const RESULT: Word = Word("Result", "结果");
pub(super) const TARGET: Word = Word("target", "被测对象");
pub(super) const PROFILE: Word = Word("profile", "卡片规格");
pub(super) const ATR: Word = Word("answer to reset", "复位应答 (ATR)");
pub(super) const SEED: Word = Word("seed", "随机种子");
pub(super) const NOT_KNOWN: Word = Word("not known", "未知");
pub(super) const REVISION: Word = Word("program", "程序版本");
pub(super) const WHEN: Word = Word("when", "时间");
pub(super) const ELAPSED: Word = Word("elapsed", "耗时");
pub(super) const COMMAND: Word = Word("command", "命令");
pub(super) const TOTAL: Word = Word("cases", "案例");
pub(super) const BROKEN_OFF: Word = Word("The run ended before its end", "测试未完成即终止");
pub(super) const NOTHING_RUN: Word = Word("no case was run", "未执行任何案例");
pub(super) const ALL_PASSED: Word = Word("every case that was run passed", "已执行的案例全部通过");
pub(super) const SOME_FAILED: Word =
    Word("cases failed or could not be run to their end", "有案例失败或中断");

// The page.
pub(super) const CONTENTS: Word = Word("Contents", "目录");
pub(super) const FAILURES: Word = Word("Not passed", "未通过案例");
pub(super) const FAMILIES: Word = Word("Families", "案例族");
pub(super) const FAMILY: Word = Word("family", "案例族");
pub(super) const VERSION: Word = Word("version", "版本");
pub(super) const CASES: Word = Word("Cases", "案例");
pub(super) const CASE: Word = Word("case", "案例");
pub(super) const TRACEABILITY: Word = Word("Traceability", "规则追溯矩阵");
pub(super) const TRACEABILITY_HELP: Word = Word(
    "Which cases prove which rule. Violated: a finding names it. Open: a case of it failed by \
     another rule or was broken. Held: its cases passed.",
    "各规则由哪些案例验证。违反: 有发现项指明该规则; 待定: 案例因其他规则失败或中断; \
     成立: 案例均通过。",
);
pub(super) const RULE: Word = Word("rule", "规则");
pub(super) const RULES: Word = Word("rules", "规则");
pub(super) const SOURCE: Word = Word("source", "依据");
pub(super) const STANDING: Word = Word("standing", "状态");
pub(super) const VERDICT: Word = Word("verdict", "结论");
pub(super) const FINDING: Word = Word("finding", "发现项");
pub(super) const FILTER: Word = Word("Filter", "筛选");
pub(super) const SEARCH: Word = Word("text", "文字");
pub(super) const SHOWN: Word = Word("shown", "已显示");

// A case.
pub(super) const CARD: Word = Word("card", "卡片配置");
pub(super) const AS_DELIVERED: Word = Word("as delivered", "出厂状态");
pub(super) const TERMINAL: Word = Word("terminal", "终端配置");
pub(super) const TERMINAL_SERIAL: Word = Word("serial", "交易序号");
pub(super) const START: Word = Word("start", "起始状态");
pub(super) const START_SELECTED: Word = Word("application selected", "已选择应用");
pub(super) const START_RESET: Word = Word("reset", "已复位");
pub(super) const START_OFF: Word = Word("without power", "未上电");
pub(super) const DESTRUCTIVE: Word = Word("destructive", "破坏性");
pub(super) const GENERATED: Word = Word("made from the command catalogue", "由指令表生成");
pub(super) const WRITTEN: Word = Word("written in", "编写于");
pub(super) const TRIES: Word = Word("tries", "尝试次数");
pub(super) const STEP: Word = Word("step", "步骤");
pub(super) const DONE: Word = Word("done", "操作");
pub(super) const MUST: Word = Word("must come back", "期望结果");
pub(super) const WHOLE_CASE: Word = Word("the case as a whole", "整个案例");
pub(super) const EXPECTED: Word = Word("expected", "期望");
pub(super) const ACTUAL: Word = Word("actual", "实际");
pub(super) const DIFFERENCE: Word = Word("byte difference", "字节差异");
pub(super) const DIFFERENT: Word = Word("bytes differ, offset", "字节不同, 偏移");
pub(super) const FREE: Word = Word("··: any byte; --: none", "··: 任意字节; --: 无");
pub(super) const ALIKE: Word = Word("rows alike", "行相同");
pub(super) const MORE: Word = Word("more rows", "行未显示");
pub(super) const MORE_EXCHANGES: Word = Word("more exchanges", "次交互未显示");
pub(super) const TRACE: Word = Word("trace", "通信记录");
pub(super) const REPRODUCE: Word = Word("reproduce", "重现命令");
pub(super) const COMMAND_SENT: Word = Word("command", "指令");
pub(super) const ANSWER: Word = Word("answer", "应答");
pub(super) const SILENT: Word = Word("no answer", "无应答");
pub(super) const ECHOES: Word =
    Word("it gives back a secret of the command", "应答回送了指令中的保密数据");
pub(super) const NOT_SHOWN: Word = Word("not shown", "不显示");

// Steps.
pub(super) const REPEATED: Word = Word("repeated", "重复");
pub(super) const TORN: Word = Word("power lost at every memory write", "在每次存储器写入时断电");
pub(super) const MAY_CHANGE: Word = Word("may change", "允许变化");
pub(super) const MAY_BE_BETWEEN: Word =
    Word("may be in between after a loss of power", "掉电后允许处于中间状态");
