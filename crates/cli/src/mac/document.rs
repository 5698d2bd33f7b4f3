//! JSON documents of `purse mac`.

mod diagnosed;
mod explained;

use diagnosis::Transaction;
use serde::Serialize;

use crate::ui::hex_text;

pub(super) use diagnosed::{DiagnosisDocument, DisagreementDocument, advice};
pub(super) use explained::ExplanationDocument;

/// The document of either verb.
#[derive(Serialize)]
pub(super) struct Document<C: Serialize> {
    pub(super) ok: bool,
    pub(super) profile: String,
    pub(super) version: String,
    pub(super) keys: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<Vec<Found>>,
    pub(super) transactions: Vec<TransactionDocument<C>>,
    pub(super) asides: Vec<String>,
}

/// What fits a code, in short.
#[derive(Serialize)]
pub(super) struct Found {
    /// Number of the transaction, from 1.
    pub(super) transaction: usize,
    pub(super) code: &'static str,
    pub(super) mistakes: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct TransactionDocument<C: Serialize> {
    number: usize,
    transaction: &'static str,
    r#type: String,
    line: Option<usize>,
    amount_fen: Option<u32>,
    terminal: Option<String>,
    date: Option<String>,
    time: Option<String>,
    serial: String,
    status: Option<String>,
    pub(super) codes: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disagreements: Option<Vec<DisagreementDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Vec<String>>,
}

impl<C: Serialize> TransactionDocument<C> {
    pub(super) fn new(number: usize, one: &Transaction, codes: Vec<C>) -> Self {
        let values = &one.values;
        Self {
            number,
            transaction: one.flow.text(),
            r#type: format!("{:02X}", one.transaction_type as u8),
            line: one.place.map(|place| place.line),
            amount_fen: values.amount.map(|amount| amount.0),
            terminal: values.terminal.map(|terminal| terminal.to_string()),
            date: values.date.map(|date| date.to_string()),
            time: values.time.map(|time| time.to_string()),
            serial: hex_text(&one.card.serial),
            status: one.step.and_then(|step| step.status).map(|status| status.to_string()),
            codes,
            disagreements: None,
            advice: None,
        }
    }
}
