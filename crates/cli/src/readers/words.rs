//! Readers and events in words and as documents.

use reader::{Change, ReaderEvent, ReaderSlot, Slot, Use};
use serde::Serialize;

use crate::historical;
use crate::ui::{Lang, Ui};

/// A reader, for scripts.
#[derive(Debug, Serialize)]
pub struct ReaderLine {
    index: usize,
    name: String,
    state: &'static str,
    used: Option<&'static str>,
    atr: Option<String>,
    historical: Option<String>,
    says: Option<String>,
}

/// An event, for scripts.
#[derive(Debug, Serialize)]
pub struct EventLine {
    event: &'static str,
    reader: String,
    atr: Option<String>,
    historical: Option<String>,
    says: Option<String>,
    initial: bool,
}

impl ReaderLine {
    /// The reader with this number.
    pub fn new(ui: &Ui, index: usize, reader: &ReaderSlot) -> Self {
        let (state, used, atr) = match &reader.slot {
            Slot::Empty => ("empty", None, None),
            Slot::Mute => ("mute", None, None),
            Slot::Unavailable => ("unavailable", None, None),
            Slot::Card { atr, used } => {
                let used = match used {
                    Use::Nobody => "free",
                    Use::Shared => "shared",
                    Use::Exclusive => "exclusive",
                };
                ("card", Some(used), Some(atr))
            }
        };
        Self {
            index,
            name: reader.name.clone(),
            state,
            used,
            atr: atr.map(ToString::to_string),
            historical: atr.and_then(|atr| atr.historical()).map(hex::encode_upper),
            says: atr.and_then(|atr| historical::says(atr, ui.lang)),
        }
    }

    /// In words; names are padded to `width`.
    pub fn text(&self, lang: Lang, width: usize) -> String {
        let state = match (self.state, self.used) {
            ("empty", _) => lang.pick("empty", "无卡"),
            ("mute", _) => lang.pick(
                "a card that does not answer its reset: is it the right way round?",
                "有卡, 但不应答复位: 插反了吗?",
            ),
            ("card", Some("shared")) => lang.pick("card, in use", "有卡, 使用中"),
            ("card", Some("exclusive")) => lang.pick("card, held by one program", "有卡, 被独占"),
            ("card", _) => lang.pick("card", "有卡"),
            _ => lang.pick("not available", "不可用"),
        };
        let atr = self.atr.as_ref().map(|atr| format!("  {atr}")).unwrap_or_default();
        let says = self.says.as_ref().map(|says| format!("  {says}")).unwrap_or_default();
        format!("{}  {:width$}  {state}{atr}{says}\n", self.index, self.name)
    }
}

impl EventLine {
    /// For `event`.
    pub fn new(ui: &Ui, event: &ReaderEvent) -> Self {
        let (name, atr) = match &event.change {
            Change::ReaderAdded => ("reader-added", None),
            Change::ReaderRemoved => ("reader-removed", None),
            Change::CardInserted(atr) => ("card-inserted", atr.as_ref()),
            Change::CardRemoved => ("card-removed", None),
        };
        Self {
            event: name,
            reader: event.reader.clone(),
            atr: atr.map(ToString::to_string),
            historical: atr.and_then(|atr| atr.historical()).map(hex::encode_upper),
            says: atr.and_then(|atr| historical::says(atr, ui.lang)),
            initial: event.initial,
        }
    }

    /// In words.
    pub fn text(&self, lang: Lang) -> String {
        let what = match self.event {
            "reader-added" => lang.pick("reader", "读卡器"),
            "reader-removed" => lang.pick("reader gone", "读卡器移除"),
            "card-inserted" if self.atr.is_none() => {
                lang.pick("card that does not answer", "卡无应答")
            }
            "card-inserted" => lang.pick("card", "插卡"),
            _ => lang.pick("card gone", "拔卡"),
        };
        let atr = self.atr.as_ref().map(|atr| format!("  {atr}")).unwrap_or_default();
        let says = self.says.as_ref().map(|says| format!("  {says}")).unwrap_or_default();
        format!("{what}: {}{atr}{says}\n", self.reader)
    }
}
