//! Steps in words.

use applet_spec::text::spelling;
use applet_spec::{Catalogue, Field, PurseKind};

use crate::text::text;
use crate::{
    Action, CaptureFrom, Deed, Expect, Le, Place, Protect, Protocol, Run, RunKind, Send, Step,
    Text, TlvExpect, Value,
};

/// What is said of a step.
pub(crate) struct StepWords {
    pub action: Text,
    pub expect: Vec<Text>,
    pub changes: Vec<String>,
    pub captures: Vec<(String, String)>,
    pub repeat: u16,
    pub tear: bool,
    pub note: Option<Text>,
    /// Nothing is sent to the card.
    pub silent: bool,
}

pub(crate) fn step_words(step: &Step) -> StepWords {
    StepWords {
        action: match step.protocol {
            None => action(&step.action),
            Some(protocol) => over(protocol, action(&step.action)),
        },
        expect: expected(step),
        changes: step.changes.iter().map(ToString::to_string).collect(),
        captures: step.captures.iter().map(|c| (c.name.clone(), from(&c.from))).collect(),
        repeat: step.repeat,
        tear: step.tear,
        note: step.note.clone(),
        silent: matches!(step.action, Action::Do(_) | Action::Set(_)),
    }
}

fn expected(step: &Step) -> Vec<Text> {
    let said = expect(&step.expect, &step.action.answer_fields());
    if said.is_empty() || !matches!(step.action, Action::Do(_)) {
        return said;
    }
    let form = text("an answer to reset of the right form", "格式正确的复位应答");
    std::iter::once(form).chain(said).collect()
}

fn over(protocol: Protocol, Text { en, zh }: Text) -> Text {
    let name = protocol.name();
    text(
        format!("{en}, as a {name} card answers it; other cards pass it over"),
        format!("{zh}, 按 {name} 卡的原始应答; 其他卡跳过"),
    )
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::T0 => "T=0",
            Self::T1 => "T=1",
        }
    }
}

fn action(action: &Action) -> Text {
    match action {
        Action::Send(send) => command(send),
        Action::Raw(value) => {
            text(format!("bytes {}", value.expression), format!("字节 {}", value.expression))
        }
        Action::Select(place) => select(place),
        Action::Run(run) => transaction(run),
        Action::Do(deed) => deed.words(),
        Action::Set(settings) => {
            let said: Vec<String> =
                settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            let said = said.join(", ");
            text(format!("the card is set to {said}"), format!("设置卡片 {said}"))
        }
    }
}

impl Deed {
    /// In a report.
    pub(crate) fn words(self) -> Text {
        match self {
            Self::Reset => text("reset", "复位"),
            Self::PowerOff => text("power off", "断电"),
            Self::Remove => text("the card is pulled out", "拔出卡片"),
            Self::Insert => text("the card is put in", "插入卡片"),
        }
    }
}

fn command(send: &Send) -> Text {
    let entry = Catalogue::entry(send.command);
    let mut said: Vec<Text> = Vec::new();
    if let Some(purse) = send.purse {
        said.push(purse_words(purse));
    }
    let number = |name: &str, zh: &str, value: String| {
        text(format!("{name} {value}"), format!("{zh} {value}"))
    };
    said.extend(send.file.map(|sfi| number("file", "文件", format!("{sfi:02X}"))));
    said.extend(send.record.map(|record| number("record", "记录", record.to_string())));
    said.extend(send.mode.map(|mode| number("mode", "模式", mode.to_string())));
    said.extend(send.offset.map(|offset| number("offset", "偏移", offset.to_string())));
    said.extend(send.key.map(|key| number("key", "密钥", key.to_string())));
    for (name, value) in [("CLA", &send.class), ("P1", &send.p1), ("P2", &send.p2)] {
        said.extend(value.as_ref().map(|value| equals(name, name, value)));
    }
    said.extend(send.protect.map(|protect| match protect {
        Protect::Mac => text("with MAC", "带 MAC"),
        Protect::EncryptedMac => text("enciphered, with MAC", "加密并带 MAC"),
    }));
    said.extend(fields(&send.fields, &entry.fields.iter().collect::<Vec<_>>()));
    said.extend(send.body.as_ref().map(|body| equals("data", "数据", body)));
    said.extend(send.le.map(|le| match le {
        Le::Absent => text("without Le", "无 Le"),
        Le::Bytes(bytes) => number("Le", "Le", bytes.to_string()),
    }));
    behind(&entry.name, &format!("{} {}", entry.name_zh, entry.name), said)
}

fn select(place: &Place) -> Text {
    match place {
        Place::Application => text("SELECT the application", "选择应用"),
        Place::Mf => text("SELECT the MF", "选择 MF"),
        Place::Ppse => text("SELECT the PPSE", "选择 PPSE"),
        Place::Fid(fid) => text(format!("SELECT {fid:04X}"), format!("选择 {fid:04X}")),
        Place::Name(name) => {
            let name = hex::encode_upper(name);
            text(format!("SELECT {name}"), format!("选择 {name}"))
        }
    }
}

fn transaction(run: &Run) -> Text {
    let name = match run.kind {
        RunKind::Load => text("a whole load", "完整圈存"),
        RunKind::Purchase => text("a whole purchase", "完整消费"),
        RunKind::Capp => text("a whole compound purchase", "完整复合消费"),
        RunKind::Cash => text("a whole cash withdrawal", "完整取现"),
        RunKind::Unload => text("a whole unload", "完整圈提"),
        RunKind::Overdraft => text("a whole overdraft update", "完整修改透支限额"),
        RunKind::SamPurchase => text("a whole purchase at the PSAM", "PSAM 完整消费"),
    };
    let known: Vec<&Field> =
        run.kind.commands().iter().flat_map(|id| &Catalogue::entry(*id).fields).collect();
    let mut said: Vec<Text> = run.purse.map(purse_words).into_iter().collect();
    said.extend(run.key.map(|key| text(format!("key {key}"), format!("密钥 {key}"))));
    said.extend(fields(&run.fields, &known));
    behind(&name.en, &name.zh, said)
}

fn expect(expect: &Expect, known: &[&Field]) -> Vec<Text> {
    let mut said = Vec::new();
    if !expect.status.is_empty() {
        let words: Vec<String> = expect.status.iter().map(ToString::to_string).collect();
        said.push(text(words.join(" or "), words.join(" 或 ")));
    }
    said.extend(fields(&expect.fields, known));
    said.extend(expect.data.as_ref().map(|value| equals("data", "数据", value)));
    said.extend(
        expect.length.map(|length| text(format!("{length} bytes"), format!("{length} 字节"))),
    );
    for (path, value) in &expect.tlv {
        let path = path_text(path);
        said.push(match value {
            TlvExpect::Present => text(format!("{path} is there"), format!("有 {path}")),
            TlvExpect::Absent => text(format!("no {path}"), format!("无 {path}")),
            TlvExpect::Is(value) => equals(&path, &path, value),
        });
    }
    said.extend(expect.differs.as_ref().map(|value| {
        let value = &value.expression;
        text(format!("data other than {value}"), format!("数据不等于 {value}"))
    }));
    said.extend(expect.within.map(|within| {
        let time = within.as_millis();
        text(format!("within {time} ms"), format!("{time} 毫秒内"))
    }));
    said
}

fn from(from: &CaptureFrom) -> String {
    match from {
        CaptureFrom::Field(name) => name.clone(),
        CaptureFrom::Data(0, None) => "data".to_owned(),
        CaptureFrom::Data(from, None) => format!("data[{from}..]"),
        CaptureFrom::Data(from, Some(to)) => format!("data[{from}..{to}]"),
        CaptureFrom::Tlv(path) => format!("tlv:{}", path_text(path)),
    }
}

fn path_text(path: &[u32]) -> String {
    let tags: Vec<String> = path.iter().map(|tag| format!("{tag:02X}")).collect();
    tags.join("/")
}

fn fields(said: &[(String, Value)], known: &[&Field]) -> Vec<Text> {
    let name_zh = |name: &str| {
        let field = known.iter().find(|field| field.name == name);
        field.map_or_else(|| name.to_owned(), |field| field.name_zh.clone())
    };
    said.iter().map(|(name, value)| equals(name, &name_zh(name), value)).collect()
}

fn equals(en: &str, zh: &str, value: &Value) -> Text {
    let value = match value.expression.to_string() {
        nothing if nothing.is_empty() => "\"\"".to_owned(),
        value => value,
    };
    text(format!("{en} = {value}"), format!("{zh} = {value}"))
}

fn purse_words(purse: PurseKind) -> Text {
    match purse {
        PurseKind::Deposit => text("ED", "电子存折"),
        PurseKind::Purse => text("EP", "电子钱包"),
    }
}

/// A name, and what is said behind it.
fn behind(en: &str, zh: &str, said: Vec<Text>) -> Text {
    if said.is_empty() {
        return text(en, zh);
    }
    let (said_en, said_zh): (Vec<String>, Vec<String>) =
        said.into_iter().map(|text| (text.en, text.zh)).unzip();
    text(format!("{en}: {}", said_en.join(", ")), format!("{zh}: {}", said_zh.join(", ")))
}

/// As suites write it.
impl std::fmt::Display for RunKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(spelling(*self))
    }
}
