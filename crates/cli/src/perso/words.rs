//! What happens in a run, in words and as JSON.

use perso::engine::{Event, How, Left, Serial, Stranger, Tally};
use serde_json::{Value, json};

use crate::ui::Lang;

/// A line about an event; `None` where there is nothing to say.
pub fn line(event: &Event, lang: Lang) -> Option<String> {
    let pick = |english: String, chinese: String| Some(lang.pick(english, chinese));
    match event {
        Event::Insert { next: Some(serial), .. } => {
            pick(format!("insert a card for {serial}"), format!("请插卡: {serial}"))
        }
        Event::Insert { next: None, begun } => {
            let list = listed(begun);
            pick(
                format!("insert a card that was begun or is tried again: {list}"),
                format!("请插入未完成或重试的卡: {list}"),
            )
        }
        Event::Arrived { uid: Some(uid) } => pick(format!("card {uid}"), format!("卡片 {uid}")),
        Event::Arrived { uid: None } => None,
        Event::Started { serial, how, .. } => match how {
            How::New => None,
            How::EraseUsed => pick(
                format!("{serial}: the card is used, and is erased first"),
                format!("{serial}: 卡片已使用过, 先擦除"),
            ),
            How::Resume { at } => pick(
                format!("{serial}: goes on at step {}", at + 1),
                format!("{serial}: 从第 {} 步继续", at + 1),
            ),
            How::Redo => pick(
                format!("{serial}: was begun, is erased and begun again"),
                format!("{serial}: 未完成的卡, 擦除后重做"),
            ),
        },
        Event::Step { .. } => None,
        Event::TakeAway => pick("take it away".to_owned(), "请取走".to_owned()),
        Event::Again { serial, why } => {
            pick(format!("{serial}: again: {why}"), format!("{serial}: 重试: {why}"))
        }
        Event::Interrupted { serial, why } => pick(
            format!("{serial}: interrupted, put the card back: {why}"),
            format!("{serial}: 中断, 请放回该卡: {why}"),
        ),
        Event::Passed { serial } => pick(format!("passed {serial}"), format!("通过 {serial}")),
        Event::Rejected { serial, why } => {
            pick(format!("rejected {serial}: {why}"), format!("拒绝 {serial}: {why}"))
        }
        Event::BadCard { serial, why } => pick(
            format!("bad card, {serial} waits for another one: {why}"),
            format!("坏卡, {serial} 换卡重做: {why}"),
        ),
        Event::Already { serial, passed: true } => pick(
            format!("{serial} is finished already: take the card away"),
            format!("{serial} 已完成, 请取走"),
        ),
        Event::Already { serial, passed: false } => pick(
            format!("{serial} was rejected: take the card away, or try it again"),
            format!("{serial} 已被拒绝, 请取走或重试"),
        ),
        Event::Turned { why } => {
            let why = stranger(why, lang);
            pick(format!("take the card away: {why}"), format!("请取走卡片: {why}"))
        }
        Event::Released { serial } => pick(
            format!("{serial} was begun on a card that is gone, and waits again"),
            format!("{serial} 原卡已不存在, 重新等待"),
        ),
        Event::Skipped { serial } => {
            pick(format!("{serial} is left out for now"), format!("{serial} 暂时跳过"))
        }
        Event::Ended { left } => left.map(|left| self::left(left, lang).to_owned()),
    }
}

/// Why a card is not worked on.
pub fn stranger(why: &Stranger, lang: Lang) -> String {
    let pick = |english: String, chinese: String| lang.pick(english, chinese);
    match why {
        Stranger::Foreign(family) => pick(
            format!("this is a {family} card, not a blank one"),
            format!("这是 {family} 卡, 不是白卡"),
        ),
        Stranger::KeyRefused(what) => pick(
            format!("it refuses the key that it should have ({what}); it is not tried again"),
            format!("卡片拒绝应有的密钥 ({what}); 不再尝试"),
        ),
        Stranger::SameLook(what) => pick(
            format!(
                "this card (or one that looks the same) refused the key before ({what}); --force tries \
                 it all the same"
            ),
            format!("此卡 (或外观相同的卡) 此前已拒绝密钥 ({what}); 加 --force 才再尝试"),
        ),
        Stranger::BegunFirst(serial) => pick(
            format!(
                "it is blank, and the card that was begun with {serial} must come back first; if that \
                 is lost: --give-up {serial}"
            ),
            format!("此为白卡, 须先放回以 {serial} 开始制作的卡; 若已遗失: --give-up {serial}"),
        ),
        Stranger::Used(what) => pick(
            format!(
                "it is not blank ({what}); on-used = \"erase\" in the job uses lab cards again"
            ),
            format!("不是白卡 ({what}); 作业文件中 on-used = \"erase\" 可重用实验室卡"),
        ),
        Stranger::Twin(serial) => pick(
            format!("it bears {serial}, and another card has that already"),
            format!("卡上序列号 {serial} 已属于另一张卡"),
        ),
        Stranger::NotIssued(serial) => pick(
            format!("it bears {serial}, which this journal has not issued; the serial is left out"),
            format!("卡上序列号 {serial} 并非本日志签发, 该序列号不再使用"),
        ),
        Stranger::OtherSerial { journal, card } => pick(
            format!("it should bear {journal}, and bears {card}"),
            format!("应为 {journal}, 卡上为 {card}"),
        ),
        Stranger::Locked(what) => {
            pick(format!("it is locked ({what})"), format!("已锁定 ({what})"))
        }
        Stranger::Silent(what) => {
            pick(format!("it does not answer ({what})"), format!("无应答 ({what})"))
        }
        Stranger::NotTheBegun(serial) => pick(
            format!("it is not the card that was begun with {serial}"),
            format!("不是以 {serial} 开始制作的那张卡"),
        ),
        Stranger::Before(what) => {
            pick(format!("it was turned away before ({what})"), format!("此前已退回 ({what})"))
        }
        Stranger::LastTry(what) => pick(
            format!("one try of a key is left, --force spends it ({what})"),
            format!("密钥仅剩一次尝试, 加 --force 才使用 ({what})"),
        ),
        Stranger::NothingLeft => {
            pick("there is nothing left to make".to_owned(), "没有待制作的卡".to_owned())
        }
    }
}

/// Why a run ended early.
pub fn left(left: Left, lang: Lang) -> &'static str {
    match left {
        Left::Finished => lang.pick("finished as asked", "已按要求结束"),
        Left::Stopped => lang.pick("interrupted; the state is kept", "已中断, 状态已保存"),
        Left::NoMoreCards => lang.pick("there are no more cards", "没有更多卡片"),
        Left::Limit => lang.pick("as many as asked for", "已达要求数量"),
    }
}

/// How many are how far, in one line.
pub fn tally(tally: &Tally, lang: Lang) -> String {
    let Tally { total, passed, rejected, begun, waiting, turned, .. } = tally;
    lang.pick(
        format!(
            "{passed} of {total} passed, {rejected} rejected, {begun} begun, {waiting} waiting, \
             {turned} cards turned away"
        ),
        format!(
            "共 {total} 张: 通过 {passed}, 拒绝 {rejected}, 未完成 {begun}, 等待 {waiting}, 退回 {turned}"
        ),
    )
}

/// An event as a line of JSON.
pub fn json(event: &Event, tally: &Tally) -> Value {
    let serial = |serial: &Serial| Value::String(serial.to_string());
    let named = |name: &str, more: Value| {
        let mut line = json!({ "event": name });
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        line
    };
    match event {
        Event::Insert { next, begun } => named(
            "insert",
            json!({ "serial": next.as_ref().map(serial),
                "begun": begun.iter().map(serial).collect::<Vec<_>>() }),
        ),
        Event::Arrived { uid } => named("arrived", json!({ "card": uid })),
        Event::Started { serial: of, how, steps } => {
            let how = match how {
                How::New => "new",
                How::EraseUsed => "erase-used",
                How::Resume { .. } => "resume",
                How::Redo => "redo",
            };
            named("started", json!({ "serial": serial(of), "how": how, "steps": steps }))
        }
        Event::Step { serial: of, at, steps } => {
            named("step", json!({ "serial": serial(of), "step": at + 1, "steps": steps }))
        }
        Event::Again { serial: of, why } => {
            named("again", json!({ "serial": serial(of), "reason": why }))
        }
        Event::Interrupted { serial: of, why } => {
            named("interrupted", json!({ "serial": serial(of), "reason": why }))
        }
        Event::Passed { serial: of } => named("passed", json!({ "serial": serial(of) })),
        Event::Rejected { serial: of, why } => {
            named("rejected", json!({ "serial": serial(of), "reason": why }))
        }
        Event::BadCard { serial: of, why } => {
            named("bad-card", json!({ "serial": serial(of), "reason": why }))
        }
        Event::Already { serial: of, passed } => {
            named("already", json!({ "serial": serial(of), "passed": passed }))
        }
        Event::Turned { why } => named("turned", json!({ "reason": stranger(why, Lang::En) })),
        Event::Released { serial: of } => named("released", json!({ "serial": serial(of) })),
        Event::Skipped { serial: of } => named("skipped", json!({ "serial": serial(of) })),
        Event::TakeAway => named("take-away", json!({})),
        Event::Ended { left } => {
            let left = left.map(|left| self::left(left, Lang::En));
            named("ended", json!({ "left": left, "tally": tally_json(tally) }))
        }
    }
}

/// How many are how far.
pub fn tally_json(tally: &Tally) -> Value {
    json!({
        "total": tally.total,
        "passed": tally.passed,
        "passed_now": tally.passed_now,
        "rejected": tally.rejected,
        "begun": tally.begun,
        "waiting": tally.waiting,
        "turned_away": tally.turned,
    })
}

fn listed(serials: &[Serial]) -> String {
    const MOST: usize = 5;
    let shown: Vec<String> = serials.iter().take(MOST).map(Serial::to_string).collect();
    let more = if serials.len() > MOST { ", .." } else { "" };
    shown.join(", ") + more
}
