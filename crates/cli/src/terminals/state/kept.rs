//! An open transaction as text.

use applet_spec::PurseKind;
use applet_spec::flow::Stop;
use crypto::Mac;
use purse::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};
use serde::{Deserialize, Serialize};
use terminal::{
    Attempt, AttemptSteps, Authorisation, CardIdentity, Factors, KeyId, Named, OnlineRequest,
    OnlineTerms, Purchase, Site, WrittenRecord,
};

use crate::ui::hex_text;

/// An open transaction; all bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    flow: String,
    flow_version: String,
    profile: String,
    profile_version: String,
    card: String,
    issuer: String,
    purse: String,
    transaction_type: String,
    amount_fen: u32,
    balance_before_fen: u32,
    limit_fen: Option<u32>,
    terminal: String,
    at: String,
    window_seconds: u32,
    city: String,
    institution: String,
    line: u8,
    station: u16,
    factors: Vec<String>,
    key: String,
    random: String,
    serial: u16,
    date: String,
    time: String,
    records: Vec<KeptRecord>,
    with: With,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptRecord {
    sfi: u8,
    layout: String,
    data: String,
}

/// Who made the codes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum With {
    Psam { terminal_serial: String, code: Option<String> },
    Issuer { mac1: String, mac2: String, old_limit_fen: Option<u32> },
}

impl Kept {
    /// Writes it.
    pub fn of(attempt: &Attempt) -> Self {
        let (key, (date, time)) = (attempt.key(), attempt.covered());
        let (factors, with) = match &attempt.steps {
            AttemptSteps::Purchase { purchase, serial } => (
                purchase.factors,
                With::Psam {
                    terminal_serial: serial.to_string(),
                    code: purchase.code.map(|code| code.to_string()),
                },
            ),
            AttemptSteps::Online { request, authorised } => (
                request.factors,
                With::Issuer {
                    mac1: request.mac1.to_string(),
                    mac2: authorised.mac2.to_string(),
                    old_limit_fen: match request.terms {
                        OnlineTerms::Amount(_) => None,
                        OnlineTerms::Limit { old, .. } => Some(old.fen()),
                    },
                },
            ),
        };
        let record = |record: &WrittenRecord| KeptRecord {
            sfi: record.sfi,
            layout: record.layout.to_string(),
            data: hex_text(&record.data),
        };
        Self {
            flow: attempt.flow.name.to_string(),
            flow_version: attempt.flow.version.to_string(),
            profile: attempt.profile.name.to_string(),
            profile_version: attempt.profile.version.to_string(),
            card: hex_text(&attempt.card.number),
            issuer: hex_text(&attempt.card.issuer),
            purse: attempt.purse.text().to_owned(),
            transaction_type: format!("{:02X}", attempt.transaction_type() as u8),
            amount_fen: attempt.amount().0,
            balance_before_fen: attempt.balance_before.0,
            limit_fen: attempt.limit.map(Limit::fen),
            terminal: attempt.terminal.to_string(),
            at: attempt.at.to_string(),
            window_seconds: attempt.window,
            city: hex_text(&attempt.site.city),
            institution: hex_text(&attempt.site.institution),
            line: attempt.site.stop.line,
            station: attempt.site.stop.station,
            factors: factors.as_slice().iter().map(|factor| hex_text(factor)).collect(),
            key: hex_text(&[key.index, key.version, key.algorithm]),
            random: hex_text(&attempt.random()),
            serial: attempt.serial(),
            date: date.to_string(),
            time: time.to_string(),
            records: attempt.records.iter().map(record).collect(),
            with,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn attempt(self) -> Result<Attempt, String> {
        let [kind] = bytes(&self.transaction_type, "transaction_type")?;
        let transaction_type = TransactionType::from_byte(kind)
            .ok_or_else(|| format!("transaction_type {kind:02X} is unknown"))?;
        let factors = self.factors.iter().map(|factor| bytes(factor, "factors"));
        let factors = factors.collect::<Result<Vec<[u8; 8]>, _>>()?;
        let factors = Factors::new(&factors).ok_or("factors: too many")?;
        let [index, version, algorithm] = bytes(&self.key, "key")?;
        let key = KeyId { index, version, algorithm };
        let terminal = TerminalId(bytes(&self.terminal, "terminal")?);
        let (random, serial) = (bytes(&self.random, "random")?, self.serial);
        let (date, time) = (Date(bytes(&self.date, "date")?), Time(bytes(&self.time, "time")?));
        let (amount, balance) = (Amount(self.amount_fen), Amount(self.balance_before_fen));
        let steps = match self.with {
            With::Psam { terminal_serial, code } => {
                let code = code.as_deref().map(|code| bytes(code, "code")).transpose()?;
                let code = code.map(IdentificationCode);
                let purchase = Purchase {
                    transaction_type,
                    amount,
                    date,
                    time,
                    factors,
                    key,
                    random,
                    serial,
                    code,
                };
                let serial = TerminalSerial(bytes(&terminal_serial, "terminal_serial")?);
                AttemptSteps::Purchase { purchase, serial }
            }
            With::Issuer { mac1, mac2, old_limit_fen } => {
                let mac1 = Mac(bytes(&mac1, "mac1")?);
                let terms = match old_limit_fen {
                    None => OnlineTerms::Amount(amount),
                    Some(old) => {
                        let (old, new) = (limit(old)?, limit(self.amount_fen)?);
                        OnlineTerms::Limit { old, new }
                    }
                };
                let request = OnlineRequest {
                    transaction_type,
                    terms,
                    terminal,
                    factors,
                    key,
                    random,
                    serial,
                    balance,
                    mac1,
                };
                let authorised = Authorisation { date, time, mac2: Mac(bytes(&mac2, "mac2")?) };
                AttemptSteps::Online { request, authorised }
            }
        };
        let kinds = [PurseKind::Deposit, PurseKind::Purse];
        let purse = kinds.into_iter().find(|kind| kind.text() == self.purse);
        let named = |name: String, version: String| Named {
            name: name.as_str().into(),
            version: version.as_str().into(),
        };
        let mut records = Vec::with_capacity(self.records.len());
        for record in self.records {
            let data = hex::decode(&record.data).map_err(|error| format!("records: {error}"))?;
            records.push(WrittenRecord {
                sfi: record.sfi,
                layout: record.layout.as_str().into(),
                data,
            });
        }
        Ok(Attempt {
            flow: named(self.flow, self.flow_version),
            profile: named(self.profile, self.profile_version),
            card: CardIdentity {
                number: bytes(&self.card, "card")?,
                issuer: bytes(&self.issuer, "issuer")?,
            },
            purse: purse.ok_or_else(|| format!("purse {:?} is unknown", self.purse))?,
            steps,
            balance_before: balance,
            limit: self.limit_fen.map(limit).transpose()?,
            terminal,
            at: self.at.parse().map_err(|error| format!("at: {error}"))?,
            window: self.window_seconds,
            site: Site {
                city: bytes(&self.city, "city")?,
                institution: bytes(&self.institution, "institution")?,
                stop: Stop { line: self.line, station: self.station },
            },
            records,
        })
    }
}

/// Bytes of a fixed number, in hexadecimal.
pub fn bytes<const N: usize>(text: &str, name: &str) -> Result<[u8; N], String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("{name} is not {N} bytes in hexadecimal"))
}

fn limit(fen: u32) -> Result<Limit, String> {
    Limit::new(fen).ok_or_else(|| format!("{fen} fen is no overdraft limit"))
}
