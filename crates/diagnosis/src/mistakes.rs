//! The grid: every mistake that is looked for, as a table. What a mistake is called, said in words,
//! and how it changes the right [`Scenario`](crate::scenario::Scenario), stands in one row.

mod algorithm;
mod amount;
mod counter;
mod diversification;
mod fields;
mod grid;
mod key;
mod kind;
mod mixed;
mod moment;
mod session;
mod shape;
mod terminal;
mod terminal_serial;

use purse::Language;

pub(crate) use grid::{Case, Change, Grid, Variant};

/// A mistake that somebody who makes a code may make.
#[derive(Clone, Copy)]
pub struct Mistake {
    /// Name, kebab-case; kept as it is once it is out.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// What was done, in English.
    pub english: &'static str,
    /// The same in Chinese.
    pub chinese: &'static str,
    /// When it is tried.
    pub stage: Stage,
    /// The scenarios of it.
    pub(crate) variants: fn(&mut Grid<'_>),
}

/// When a mistake is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Always: alone, and then with each other.
    Usual,
    /// Every value of a field, where nothing else fits.
    Search,
}

macro_rules! groups {
    ($($variant:ident $id:literal $english:literal $chinese:literal $module:ident;)*) => {
        /// What a mistake is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Group { $(#[doc = $english] $variant),* }

        impl Group {
            /// Every group, in the order they are tried.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Spelling in JSON.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// Name.
            pub fn name(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($english, $chinese)),* }
            }

            /// Its mistakes.
            pub const fn mistakes(self) -> &'static [Mistake] {
                match self { $(Self::$variant => $module::ROWS),* }
            }
        }
    };
}

groups! {
    Terminal "terminal" "terminal number" "终端机编号" terminal;
    Moment "moment" "date and time" "日期时间" moment;
    Amount "amount" "amount, limit and balance" "金额, 限额与余额" amount;
    Kind "type" "transaction type" "交易类型标识" kind;
    Counter "serial" "card serial" "卡片交易序号" counter;
    TerminalSerial "terminal-serial" "terminal serial" "终端交易序号" terminal_serial;
    Fields "fields" "which fields are covered" "参与计算的数据项" fields;
    Session "session" "session key" "过程密钥" session;
    Key "key" "which key" "密钥选择" key;
    Diversification "diversification" "diversification" "密钥分散" diversification;
    Algorithm "algorithm" "algorithm" "算法" algorithm;
    Shape "shape" "initial value, padding, bytes taken" "初始值, 填充与取值" shape;
    Mixed "mixed-up" "another code in its place" "误用其他码" mixed;
}

/// Every mistake, in the order they are tried.
pub fn all() -> impl Iterator<Item = &'static Mistake> {
    Group::ALL.iter().flat_map(|group| group.mistakes())
}

/// The table as docs/mac-diagnosis.md has it.
pub fn to_markdown() -> String {
    let mut out = String::new();
    for group in Group::ALL {
        let (english, chinese) = (group.name(Language::English), group.name(Language::Chinese));
        out +=
            &format!("\n### {english} ({chinese})\n\n| name | what was done | |\n|---|---|---|\n");
        for mistake in group.mistakes() {
            let Mistake { id, english, chinese, .. } = mistake;
            let searched = if mistake.stage == Stage::Search { " *" } else { "" };
            out += &format!("| `{id}`{searched} | {english} | {chinese} |\n");
        }
    }
    out
}

impl Mistake {
    /// What was done.
    pub fn sentence(&self, language: Language) -> &'static str {
        language.pick(self.english, self.chinese)
    }
}

impl std::fmt::Debug for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares the rows of a group: id, English, Chinese, scenarios.
macro_rules! rows {
    ($group:ident $($id:literal $stage:ident $english:literal $chinese:literal $variants:expr;)*) => {
        /// The mistakes of this group.
        pub(super) const ROWS: &[$crate::mistakes::Mistake] = &[$($crate::mistakes::Mistake {
            id: $id,
            group: $crate::mistakes::Group::$group,
            english: $english,
            chinese: $chinese,
            stage: $crate::mistakes::Stage::$stage,
            variants: $variants,
        }),*];
    };
}

use rows;
