//! What a terminal hands over, as JSON and in words.

use applet_spec::PurseKind;
use applet_spec::flow::{Blocking, Field, FieldForm, Layout};
use purse::Amount;
use serde_json::{Map, Value, json};
use terminal::{Check, RefusalRecord, TransactionRecord, Verdict, WrittenRecord};

use crate::ui::{Lang, Tone, Ui, hex_text};

/// A transaction as one JSON document; docs/json.md tells its members.
pub fn transaction<'l>(
    record: &TransactionRecord,
    layout: impl Fn(&str) -> Option<&'l Layout>,
) -> Value {
    let attempt = &record.attempt;
    let (key, (date, time)) = (attempt.key(), attempt.covered());
    json!({
        "type": "transaction",
        "verdict": verdict(record.verdict),
        "grey": record.verdict == Verdict::Grey,
        "recovered": record.recovered,
        "flow": &*attempt.flow.name,
        "flow_version": &*attempt.flow.version,
        "profile": &*attempt.profile.name,
        "profile_version": &*attempt.profile.version,
        "card": hex_text(&attempt.card.number),
        "issuer": hex_text(&attempt.card.issuer),
        "purse": purse(attempt.purse),
        "transaction_type": format!("{:02X}", attempt.transaction_type() as u8),
        "amount_fen": attempt.amount().0,
        "balance_before_fen": attempt.balance_before.0,
        "balance_after_fen": attempt.balance_after().0,
        "limit_fen": attempt.limit.map(purse::Limit::fen),
        "terminal": attempt.terminal.to_string(),
        "terminal_serial": attempt.terminal_serial().map(|serial| serial.to_string()),
        "date": date.to_string(),
        "time": time.to_string(),
        "tac": record.tac.map(|tac| tac.to_string()),
        "tac_check": check(record.tac_check),
        "mac2_check": check(record.mac2_check),
        "key_index": format!("{:02X}", key.index),
        "key_version": format!("{:02X}", key.version),
        "algorithm": format!("{:02X}", key.algorithm),
        "card_serial": attempt.serial(),
        "card_random": hex_text(&attempt.random()),
        "city": hex_text(&attempt.site.city),
        "institution": hex_text(&attempt.site.institution),
        "line": attempt.site.stop.line,
        "station": attempt.site.stop.station,
        "records": attempt.records.iter().map(|one| written(one, &layout)).collect::<Vec<_>>(),
    })
}

/// A card that was not served, as one JSON document.
pub fn refusal(record: &RefusalRecord, lang: Lang) -> Value {
    let (english, chinese) = record.reason.words();
    json!({
        "type": "refusal",
        "verdict": "refused",
        "reason": record.reason.text(),
        "meaning": lang.pick(english, chinese),
        "status": record.status.map(|status| status.to_string()),
        "blocked": record.blocked.map(blocking),
        "flow": &*record.flow.name,
        "flow_version": &*record.flow.version,
        "profile": &*record.profile.name,
        "profile_version": &*record.profile.version,
        "card": record.card.map(|card| hex_text(&card.number)),
        "issuer": record.card.map(|card| hex_text(&card.issuer)),
        "amount_fen": record.amount.map(|amount| amount.0),
        "terminal": record.terminal.to_string(),
        "date": record.at.date().to_string(),
        "time": record.at.time().to_string(),
    })
}

/// A transaction in one line for people.
pub fn transaction_line(ui: &Ui, record: &TransactionRecord) -> String {
    let attempt = &record.attempt;
    let time = clock(attempt.covered().1);
    let card = hex_text(&attempt.card.number);
    let (english, chinese) = attempt.transaction_type().names();
    let amount = yuan(ui, attempt.amount());
    let (before, after) = (attempt.balance_before, attempt.balance_after());
    let tac = match record.tac {
        Some(tac) => format!("TAC {tac} {}", check_words(ui, record.tac_check)),
        None => ui.lang.pick("no TAC", "无 TAC").to_owned(),
    };
    let mut line = ui.lang.pick(
        format!("{time} {card} {english} {amount}, balance {before} -> {after}, {tac}"),
        format!("{time} {card} {chinese} {amount}, 余额 {before} -> {after}, {tac}"),
    );
    if record.recovered {
        line += ui.lang.pick(", settled after a lost answer", ", 丢失应答后恢复");
    }
    let (tone, words) = match record.verdict {
        Verdict::Accepted => return line,
        Verdict::Grey => (Tone::Warning, ui.lang.pick("GREY", "灰记录")),
        Verdict::WrongMac2 => (Tone::Bad, ui.lang.pick("MAC2 WRONG", "MAC2 错误")),
        Verdict::WrongTac => (Tone::Bad, ui.lang.pick("TAC WRONG", "TAC 错误")),
    };
    format!("{line} {}", ui.toned(tone, words))
}

/// A refusal in one line for people.
pub fn refusal_line(ui: &Ui, record: &RefusalRecord) -> String {
    let card = record.card.map_or_else(|| "-".to_owned(), |card| hex_text(&card.number));
    let (english, chinese) = record.reason.words();
    let mut line = format!(
        "{} {card} {} {}",
        clock(record.at.time()),
        ui.toned(Tone::Bad, ui.lang.pick("refused:", "拒绝:")),
        ui.lang.pick(english, chinese)
    );
    if let Some(status) = record.status {
        let meaning = ui.lang.pick(status.meaning(), status.meaning_zh());
        line += &format!(" ({status} {meaning})");
    }
    if record.blocked.is_some() {
        line += ui.lang.pick(", and locked", ", 已锁卡");
    }
    line
}

/// Yuan, and fen beside them.
pub fn yuan(ui: &Ui, amount: Amount) -> String {
    let fen = amount.0;
    ui.lang.pick(format!("{amount} yuan ({fen} fen)"), format!("{amount} 元 ({fen} 分)"))
}

/// HH:MM:SS.
fn clock(time: purse::Time) -> String {
    let [hour, minute, second] = time.0;
    format!("{hour:02X}:{minute:02X}:{second:02X}")
}

fn written<'l>(record: &WrittenRecord, layout: impl Fn(&str) -> Option<&'l Layout>) -> Value {
    let mut fields = Map::new();
    for field in layout(&record.layout).into_iter().flat_map(|layout| &layout.fields) {
        if let Some(bytes) = field.of(&record.data) {
            fields.insert(field.name.clone(), shown(field, bytes));
        }
    }
    json!({
        "sfi": format!("{:02X}", record.sfi),
        "layout": &*record.layout,
        "data": hex_text(&record.data),
        "fields": fields,
    })
}

fn shown(field: &Field, bytes: &[u8]) -> Value {
    match field.form {
        FieldForm::Number => {
            bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)).into()
        }
        FieldForm::Hex | FieldForm::Date | FieldForm::Moment => hex_text(bytes).into(),
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Grey => "grey",
        Verdict::WrongMac2 => "wrong-mac2",
        Verdict::WrongTac => "wrong-tac",
    }
}

fn check(check: Check) -> &'static str {
    match check {
        Check::Right => "right",
        Check::Wrong => "wrong",
        Check::Unknown => "unknown",
    }
}

fn check_words(ui: &Ui, check: Check) -> String {
    match check {
        Check::Right => ui.toned(Tone::Good, ui.lang.pick("right", "正确")),
        Check::Wrong => ui.toned(Tone::Bad, ui.lang.pick("WRONG", "错误")),
        Check::Unknown => ui.lang.pick("not checked", "未校验").to_owned(),
    }
}

fn purse(kind: PurseKind) -> &'static str {
    match kind {
        PurseKind::Deposit => "ed",
        PurseKind::Purse => "ep",
    }
}

fn blocking(kind: Blocking) -> &'static str {
    match kind {
        Blocking::Temporary => "temporary",
        Blocking::Permanent => "permanent",
    }
}
