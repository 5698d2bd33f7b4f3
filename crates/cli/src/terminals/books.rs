//! What a terminal writes down: its state where a file was named, its records on stdout.

use std::sync::Arc;

use apdu::StatusWord;
use applet_spec::flow::{Flow, Layout, Refusal, Step};
use serde_json::{Value, json};
use terminal::{
    Attempt, CardIdentity, Ledger, LedgerError, Open, RefusalRecord, TransactionRecord, Verdict,
};

use super::record;
use super::state::StateFile;
use crate::error::CliError;
use crate::ui::Ui;

/// The books of a terminal that runs.
pub struct Books {
    ui: Ui,
    form: Form,
    state: Option<StateFile>,
    flows: Vec<Arc<Flow>>,
    /// The first that was not as it should be, whosever card it was.
    pub first_bad: Option<Bad>,
    /// What the card that was refused last said.
    pub refused: Option<StatusWord>,
    /// Which code was wrong last.
    pub wrong: Option<Verdict>,
    /// What is yet to be told in one document, oldest first.
    untold: Vec<Untold>,
    /// What the engine keeps, without what is yet to be told.
    kept: Kept,
}

/// A record that is yet to be told.
struct Untold {
    document: Value,
    /// The transaction, where it is one: the state keeps it until it is told.
    attempt: Option<Attempt>,
}

/// What the engine had kept last.
#[derive(Default)]
struct Kept {
    attempts: Vec<Attempt>,
    terminal_serial: Option<u32>,
}

/// How records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of JSON each.
    Lines,
    /// A line of words each.
    Words,
    /// All of them in one document, at the end: see [`Books::document`].
    Document,
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

impl From<Bad> for CliError {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Refused(reason, status) => Self::Refused { reason, status },
            Bad::Code(verdict) => Self::WrongCode { verdict },
            Bad::Grey => Self::TerminalCard(
                "a transaction is grey: its answer was lost, and the card did not come back to \
                 prove it"
                    .to_owned(),
            ),
        }
    }
}

impl Books {
    /// Empty books. `flows` are those whose layouts records may name.
    pub fn new(ui: Ui, form: Form, state: Option<StateFile>, flows: Vec<Arc<Flow>>) -> Self {
        let (first_bad, refused, wrong) = (None, None, None);
        let (untold, kept) = (Vec::new(), Kept::default());
        Self { ui, form, state, flows, first_bad, refused, wrong, untold, kept }
    }

    /// Everything that is yet to be told: the last transaction of this card, and all `records`.
    pub fn document(&self, card: Option<CardIdentity>) -> Value {
        let of_card = |one: &&Untold| one.attempt.as_ref().map(|attempt| attempt.card) == card;
        let own = self.untold.iter().rev().filter(|one| one.attempt.is_some()).find(of_card);
        let records: Vec<&Value> = self.untold.iter().map(|one| &one.document).collect();
        json!({ "record": own.map(|one| &one.document), "records": records })
    }

    /// Whether there is anything yet to be told.
    pub fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    /// It was told: the state lets go of it.
    ///
    /// # Errors
    /// The state cannot be written; it keeps what was told, and the next run tells it again.
    pub fn told(&mut self) -> Result<(), CliError> {
        let held = self.untold.drain(..).filter(|one| one.attempt.is_some()).count();
        match &self.state {
            Some(state) if held > 0 => state.keep(&self.kept.open()),
            _ => Ok(()),
        }
    }

    /// Whether what is open survives this process.
    pub fn keeps(&self) -> bool {
        self.state.is_some()
    }

    fn show(&self, document: &Value, line: String) -> Result<(), LedgerError> {
        match self.form {
            Form::Lines => self.ui.line(document)?,
            Form::Words => self.ui.print(&format!("{line}\n"))?,
            Form::Document | Form::Silent => {}
        }
        Ok(())
    }

    fn hold(&mut self, document: Value, attempt: Option<&Attempt>) {
        if self.form == Form::Document {
            self.untold.push(Untold { document, attempt: attempt.cloned() });
        }
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

impl Kept {
    fn open(&self) -> Open<'_> {
        Open { attempts: &self.attempts, terminal_serial: self.terminal_serial }
    }
}

impl Ledger for Books {
    fn keep(&mut self, open: &Open<'_>) -> Result<(), LedgerError> {
        let Some(state) = &self.state else { return Ok(()) };
        let untold = self.untold.iter().filter_map(|one| one.attempt.clone());
        let attempts: Vec<Attempt> = untold.chain(open.attempts.iter().cloned()).collect();
        state.keep(&Open { attempts: &attempts, ..*open })?;
        let terminal_serial = open.terminal_serial;
        self.kept = Kept { attempts: open.attempts.to_vec(), terminal_serial };
        Ok(())
    }

    fn transaction(&mut self, record: &TransactionRecord) -> Result<(), LedgerError> {
        let document = record::transaction(record, |name| self.layout(name));
        let line = record::transaction_line(&self.ui, record);
        self.show(&document, line)?;
        self.hold(document, Some(&record.attempt));
        let bad = match record.verdict {
            Verdict::Accepted => None,
            Verdict::Grey => Some(Bad::Grey),
            wrong => {
                self.wrong = Some(wrong);
                Some(Bad::Code(wrong))
            }
        };
        self.first_bad = self.first_bad.or(bad);
        Ok(())
    }

    fn refusal(&mut self, refused: &RefusalRecord) -> Result<(), LedgerError> {
        let document = record::refusal(refused, self.ui.lang);
        let line = record::refusal_line(&self.ui, refused);
        self.show(&document, line)?;
        self.hold(document, None);
        self.refused = refused.status;
        let bad = Bad::Refused(refused.reason, refused.status);
        self.first_bad = self.first_bad.or(Some(bad));
        Ok(())
    }
}
