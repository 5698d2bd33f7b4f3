//! What both verbs say in the same words.

use applet_spec::{Catalogue, CommandId, FieldFormat};
use diagnosis::{Aside, Field, Received, StandsIn, Trace, Transaction, Why};
use purse::trace::{field_in_words, type_in_words};

use crate::ui::{Lang, hex_text};

/// A transaction in a line.
pub(super) fn transaction(trace: &Trace, one: &Transaction, lang: Lang) -> String {
    let (english, chinese) = one.transaction_type.names();
    let mut out = lang.pick(english, chinese).to_owned();
    if let Some(place) = one.place {
        out = format!("{}: {out}", trace.place(place, lang.into()));
    }
    let values = &one.values;
    let limit = values.new_limit.map(|limit| limit.to_bytes().to_vec());
    let amount = values.amount.map(|amount| amount.to_bytes().to_vec());
    for (field, bytes) in [
        (Field::Amount, amount),
        (Field::NewLimit, limit),
        (Field::Terminal, values.terminal.map(|terminal| terminal.0.to_vec())),
        (Field::Date, values.date.map(|date| date.0.to_vec())),
        (Field::Time, values.time.map(|time| time.0.to_vec())),
    ] {
        if let Some(bytes) = bytes {
            let name = match field {
                Field::Terminal => lang.pick("terminal ", "终端 "),
                Field::NewLimit => lang.pick("new limit ", "新限额 "),
                _ => "",
            };
            out += &format!(", {name}{}", value(field, &bytes, lang));
        }
    }
    out
}

/// What the bytes of a field say.
pub(super) fn value(field: Field, bytes: &[u8], lang: Lang) -> String {
    let format = match field {
        Field::Balance
        | Field::BalanceAfter
        | Field::Amount
        | Field::OldLimit
        | Field::NewLimit => FieldFormat::Fen,
        Field::Serial => FieldFormat::Number,
        Field::Date => FieldFormat::Date,
        Field::Time => FieldFormat::Time,
        Field::Type => return bytes.iter().map(|byte| type_in_words(*byte, lang.into())).collect(),
        Field::Terminal | Field::TerminalSerial | Field::IdentificationCode => {
            return hex_text(bytes);
        }
    };
    field_in_words(format, bytes, lang.into())
}

/// Where a code stands: `sent in DEBIT FOR PURCHASE, line 12`.
pub(super) fn received(
    trace: &Trace,
    transaction: &Transaction,
    received: &Received,
    lang: Lang,
) -> String {
    let step = transaction.step.map_or("", |step| name(step.command, lang));
    let place = trace.place(received.place, lang.into());
    match received.stands_in {
        StandsIn::Initialized => {
            lang.pick(format!("answered to INITIALIZE, {place}"), format!("初始化应答, {place}"))
        }
        StandsIn::Step => lang.pick(format!("sent in {step}, {place}"), format!("{step}, {place}")),
        StandsIn::StepAnswer => {
            lang.pick(format!("answered to {step}, {place}"), format!("{step} 应答, {place}"))
        }
        StandsIn::Proof => lang.pick(
            format!("answered to GET TRANSACTION PROOF, {place}"),
            format!("取交易认证应答, {place}"),
        ),
    }
}

/// What looks like a transaction and is none, in a line.
pub(super) fn aside(trace: &Trace, aside: &Aside, lang: Lang) -> String {
    let why = match &aside.why {
        Why::Refused(command, status) => {
            let (name, meaning) = (name(*command, lang), meaning(*status, lang));
            lang.pick(
                format!("{name} was refused, {status}: {meaning}"),
                format!("{name} 被拒绝, {status}: {meaning}"),
            )
        }
        Why::NoAnswer(command) => {
            let name = name(*command, lang);
            lang.pick(format!("{name} has no whole answer"), format!("{name} 没有完整应答"))
        }
        Why::NoInitialize(command) => {
            let name = name(*command, lang);
            lang.pick(format!("{name} without its INITIALIZE"), format!("{name} 之前没有初始化"))
        }
        Why::Masked => lang
            .pick("its bytes are masked in the recording", "录制中该指令的字节被掩盖")
            .to_owned(),
        Why::Wrong(error) => error.in_words(lang.into()),
    };
    format!("{}: {why}", trace.place(aside.place, lang.into()))
}

/// Name of a command.
pub(super) fn name(command: CommandId, lang: Lang) -> &'static str {
    let spec = Catalogue::entry(command);
    lang.pick(spec.name.as_str(), spec.name_zh.as_str())
}

/// Meaning of a status word.
pub(super) fn meaning(status: apdu::StatusWord, lang: Lang) -> String {
    lang.pick(status.meaning(), status.meaning_zh())
}
