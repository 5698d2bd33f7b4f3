//! Does the order of a flow's steps make sense? A card forgets what was begun when anything comes
//! between the steps of a transaction, and nothing can be checked before it was read.

use super::{FieldAt, Flow, Source, Step, Transaction};
use crate::text::Section;

/// How far a flow has come.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Nothing is begun.
    Start,
    /// After INITIALIZE.
    Begun(Transaction),
    /// After MAC1 of the PSAM, or MAC2 of the issuer.
    Ready(Transaction),
    /// After the second step.
    Done(Transaction),
    /// After the TAC was checked, or the application blocked.
    End,
}

/// What a step of each kind asks for.
struct Order<'o> {
    flow: &'o Flow,
    sections: Vec<Section<'o>>,
    at: At,
    /// What was read so far.
    read: Vec<usize>,
    selected: bool,
    balance_known: bool,
    cached: bool,
}

pub(super) fn check(flow: &Flow, top: &Section<'_>) {
    let sections = top.sections("step", super::read::STEP_KEYS).unwrap_or_default();
    let mut order = Order {
        flow,
        sections,
        at: At::Start,
        read: Vec::new(),
        selected: false,
        balance_known: false,
        cached: false,
    };
    for (number, step) in flow.steps.iter().enumerate() {
        order.take(number, step);
    }
    let unfinished = match order.at {
        At::Begun(_) | At::Ready(_) => Some("a transaction is begun and not finished"),
        At::Start => Some("the flow makes no transaction and blocks nothing"),
        At::Done(_) | At::End => None,
    };
    if let Some(message) = unfinished {
        top.wrong("step", message, "end with debit, credit, check-mac2 or block");
    }
}

impl Order<'_> {
    fn take(&mut self, number: usize, step: &Step) {
        match step {
            Step::Select { names, .. } => {
                self.before_transaction(number);
                self.selected |= names.is_empty();
            }
            Step::ReadBinary { slot, .. } | Step::ReadRecord { slot, .. } => {
                self.before_transaction(number);
                self.read.extend(*slot);
            }
            Step::Check(check) => {
                self.before_transaction(number);
                if let super::Condition::BalanceAtMost(_) = check.that
                    && !self.balance_known
                {
                    self.wrong(
                        number,
                        "no balance was asked for before",
                        "put a balance step before",
                    );
                }
                let asks_card =
                    matches!(check.that, super::Condition::WhiteList | super::Condition::BlackList);
                if asks_card || check.when == super::When::Foreign || check.block.is_some() {
                    self.known(number);
                }
                if check.when == super::When::Foreign && self.flow.card.city.is_none() {
                    let mend = "add city = \"..\" to [card], or leave out when";
                    self.wrong(number, "without a city no card is foreign", mend);
                }
            }
            Step::Pin | Step::Code => {
                self.before_transaction(number);
                self.in_application(number);
            }
            Step::Balance { .. } => {
                self.before_transaction(number);
                self.in_application(number);
                self.balance_known = true;
            }
            Step::Initialize(transaction) => {
                self.before_transaction(number);
                self.in_application(number);
                self.known(number);
                self.at = At::Begun(*transaction);
            }
            Step::Cache(cache) => {
                if !matches!(self.at, At::Begun(Transaction::Capp) | At::Ready(Transaction::Capp)) {
                    let mend = "put it between initialize (for = \"capp\") and debit";
                    self.wrong(number, "records are written by a compound purchase only", mend);
                }
                let early = matches!(self.at, At::Begun(_));
                let serial = |set: &super::Setting| set.value == Source::TerminalSerial;
                if early && cache.set.iter().any(serial) {
                    let mend = "put mac1 before it: the PSAM gives the serial with MAC1";
                    self.wrong(number, "the terminal serial is not known yet", mend);
                }
                self.cached = true;
            }
            Step::Mac1 => match self.at {
                At::Begun(transaction) if !transaction.online() => self.at = At::Ready(transaction),
                _ => self.misplaced(number, "put it between initialize and debit of a purchase"),
            },
            Step::Authorise => match self.at {
                At::Begun(transaction) if transaction.online() => self.at = At::Ready(transaction),
                _ => self.misplaced(number, "put it between the two steps of a load or unload"),
            },
            Step::Debit | Step::Credit => self.second(number, *step == Step::Credit),
            Step::CheckMac2 => match self.at {
                At::Done(transaction) if !transaction.online() => {}
                _ => self.misplaced(number, "put it after the debit of a purchase"),
            },
            // The PSAM's session ends with the key that it delivers.
            Step::CheckTac => match self.at {
                At::Done(transaction) if !transaction.online() => self.at = At::End,
                _ => self.misplaced(number, "put it after check-mac2 of a purchase"),
            },
            Step::Block(_) => {
                self.before_transaction(number);
                self.in_application(number);
                self.known(number);
                self.at = At::End;
            }
        }
    }

    fn second(&mut self, number: usize, credit: bool) {
        let At::Ready(transaction) = self.at else {
            let mend = "put it after mac1, or after authorise";
            return self.misplaced(number, mend);
        };
        if credit != (transaction == Transaction::Load) {
            let mend = "a load ends with credit, everything else with debit";
            self.misplaced(number, mend);
        }
        if transaction == Transaction::Capp && !self.cached {
            let mend = "put a cache step before, or make it a plain purchase";
            self.wrong(number, "a compound purchase without a record", mend);
        }
        self.at = At::Done(transaction);
    }

    fn before_transaction(&self, number: usize) {
        if self.at != At::Start {
            let mend = "put it before initialize";
            self.wrong(number, "a card forgets the transaction when this comes in between", mend);
        }
    }

    fn in_application(&self, number: usize) {
        if !self.selected {
            let mend = "put a select step with application = true before";
            self.wrong(number, "the purse application is not selected yet", mend);
        }
    }

    /// Whose card it is, was read.
    fn known(&self, number: usize) {
        let card = &self.flow.card;
        let fields =
            [Some(&card.number), Some(&card.issuer), Some(&card.serial), card.city.as_ref()];
        let unread = |at: &&FieldAt| !self.read.contains(&at.slot);
        if let Some(field) = fields.into_iter().flatten().find(unread) {
            let name = self.flow.name_of(field);
            self.wrong(number, format!("{name} was not read yet"), "read it in an earlier step");
        }
    }

    fn misplaced(&self, number: usize, mend: &str) {
        self.wrong(number, "this step cannot stand here", mend);
    }

    fn wrong(&self, number: usize, message: impl Into<String>, mend: &str) {
        if let Some(section) = self.sections.get(number) {
            section.wrong("do", message, mend);
        }
    }
}
