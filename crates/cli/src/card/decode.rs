//! Records and files in words.

use applet_spec::Profile;
use purse::TransactionType;
use purse::record::LogRecord;
use serde::Serialize;

use crate::ui::Lang;

/// A log record in words.
#[derive(Clone, Debug, Serialize)]
pub struct LogLine {
    /// Short identifier of the file it is in.
    pub sfi: String,
    /// Number in the file, 1 is the newest.
    pub record: usize,
    /// Transaction serial.
    pub serial: u16,
    /// Amount in fen.
    pub amount_fen: u32,
    /// Overdraft limit in fen.
    pub limit_fen: u32,
    /// Transaction type byte.
    pub r#type: String,
    /// The same in words.
    pub type_name: String,
    /// Terminal number.
    pub terminal: String,
    /// Date, YYYY-MM-DD where it is one.
    pub date: String,
    /// Time, HH:MM:SS.
    pub time: String,
}

impl LogLine {
    /// Takes a record apart; `None` where it was never written.
    pub fn of(lang: Lang, sfi: u8, record: usize, bytes: &[u8]) -> Option<Self> {
        let log = LogRecord::parse(bytes)?;
        let type_name = match TransactionType::from_byte(log.transaction_type) {
            Some(kind) => {
                let (en, zh) = kind.names();
                lang.pick(en, zh)
            }
            None => lang.pick("unknown type", "未知类型"),
        };
        Some(Self {
            sfi: format!("{sfi:02X}"),
            record,
            serial: log.serial,
            amount_fen: log.amount.0,
            limit_fen: log.limit.fen(),
            r#type: format!("{:02X}", log.transaction_type),
            type_name: type_name.to_owned(),
            terminal: log.terminal.to_string(),
            date: date(&log.date.0),
            time: time(&log.time.0),
        })
    }

    /// The record as a line.
    pub fn text(&self) -> String {
        format!(
            "{:>2} {:2}  {:04X} {:>12}  {}  {}  {} {}",
            self.sfi,
            self.record,
            self.serial,
            purse::Amount(self.amount_fen).to_string(),
            self.terminal,
            self.date,
            self.time,
            self.type_name,
        )
    }

    /// Heading of such lines.
    pub fn heading(lang: Lang) -> &'static str {
        lang.pick(
            "file n serial      amount  terminal      date        time     type",
            "文件 号 序号          金额  终端          日期        时间     类型",
        )
    }
}

/// A BCD date of four bytes.
pub fn date(bytes: &[u8]) -> String {
    let text = hex::encode_upper(bytes);
    match (text.get(..4), text.get(4..6), text.get(6..)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => text,
    }
}

/// A BCD time of three bytes.
pub fn time(bytes: &[u8]) -> String {
    let text = hex::encode_upper(bytes);
    match (text.get(..2), text.get(2..4), text.get(4..)) {
        (Some(hour), Some(minute), Some(second)) => format!("{hour}:{minute}:{second}"),
        _ => text,
    }
}

/// What every family keeps in file 15 at the same place.
#[derive(Clone, Debug, Serialize)]
pub struct PublicFile {
    /// Issuer bytes.
    pub issuer: String,
    /// Diversification input.
    pub serial: String,
    /// Start of validity.
    pub valid_from: String,
    /// End of validity.
    pub valid_to: String,
}

impl PublicFile {
    /// Takes the content of file 15 apart.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            issuer: hex::encode_upper(bytes.get(..8)?),
            serial: hex::encode_upper(bytes.get(12..20)?),
            valid_from: date(bytes.get(20..24)?),
            valid_to: date(bytes.get(24..28)?),
        })
    }
}

/// Files of the family that hold log records, purchases first, then what the family keeps
/// apart: loads, purchases in other cities.
pub fn log_files(profile: Option<&Profile>) -> Vec<u8> {
    let log = profile.and_then(|profile| profile.application()?.log);
    let Some(log) = log else { return vec![0x18] };
    let mut files = vec![log.purchase];
    for sfi in [Some(log.load), log.other_city].into_iter().flatten() {
        if !files.contains(&sfi) {
            files.push(sfi);
        }
    }
    files
}
