//! What a terminal writes down: its state where a file was named, its records on stdout.

use std::sync::Arc;

use apdu::StatusWord;
use applet_spec::flow::{Flow, Layout, Refusal, Step};
use serde_json::Value;
use terminal::{Ledger, LedgerError, Open, RefusalRecord, TransactionRecord, Verdict};

use super::record;
use super::state::StateFile;
use crate::ui::Ui;

/// The books of a terminal that runs.
pub struct Books {
    ui: Ui,
    form: Form,
    state: Option<StateFile>,
    flows: Vec<Arc<Flow>>,
    /// The first that was not.
    pub first_bad: Option<Bad>,
    /// The last record of a transaction.
    pub last: Option<Value>,
}

/// How records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of JSON each.
    Lines,
    /// A line of words each.
    Words,
    /// Not at all: somebody else tells them.
    Silent,
}

/// What was not as it should be.
#[derive(Clone, Copy, Debug)]
pub enum Bad {
    /// A card was refused.
    Refused(Refusal, Option<StatusWord>),
    /// A code was wrong.
    Code(Verdict),
    /// A transaction that nobody can prove.
    Grey,
}

impl Books {
    /// Empty books. `flows` are those whose layouts records may name.
    pub fn new(ui: Ui, form: Form, state: Option<StateFile>, flows: Vec<Arc<Flow>>) -> Self {
        Self { ui, form, state, flows, first_bad: None, last: None }
    }

    /// Whether what is open survives this process.
    pub fn keeps(&self) -> bool {
        self.state.is_some()
    }

    fn show(&self, document: &Value, line: String) -> Result<(), LedgerError> {
        match self.form {
            Form::Lines => self.ui.line(document)?,
            Form::Words => self.ui.print(&format!("{line}\n"))?,
            Form::Silent => {}
        }
        Ok(())
    }

    /// A layout that one of the flows writes records by, or a built-in one.
    fn layout(&self, name: &str) -> Option<&Layout> {
        let own = self.flows.iter().flat_map(|flow| &flow.steps).find_map(|step| match step {
            Step::Cache(cache) if cache.layout.name == name => Some(cache.layout.as_ref()),
            _ => None,
        });
        own.or_else(|| Layout::built_in(name).map(AsRef::as_ref))
    }
}

impl Ledger for Books {
    fn keep(&mut self, open: &Open<'_>) -> Result<(), LedgerError> {
        if let Some(state) = &self.state {
            state.keep(open)?;
        }
        Ok(())
    }

    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError> {
        let document = record::transaction(record, |name| self.layout(name));
        let line = record::transaction_line(&self.ui, record);
        self.show(&document, line)?;
        self.last = Some(document);
        let bad = match record.verdict {
            Verdict::Accepted => None,
            Verdict::Grey => Some(Bad::Grey),
            wrong => Some(Bad::Code(wrong)),
        };
        self.first_bad = self.first_bad.or(bad);
        Ok(())
    }

    fn refusal(&mut self, refused: &RefusalRecord) -> Result<(), LedgerError> {
        let document = record::refusal(refused, self.ui.lang);
        let line = record::refusal_line(&self.ui, refused);
        self.show(&document, line)?;
        let bad = Bad::Refused(refused.reason, refused.status);
        self.first_bad = self.first_bad.or(Some(bad));
        Ok(())
    }
}
