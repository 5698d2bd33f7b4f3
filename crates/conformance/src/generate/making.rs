//! What all generated cases have in common: of which profile they are, and how a case is put together.

use std::sync::Arc;

use applet_spec::{Catalogue, CommandSpec, Directory, Profile, PurseKind};

use super::plan::{self, Plan};
use super::rules;
use crate::text::text;
use crate::{Author, Case, Family, Start, Step, TerminalConfig, Text};

/// The families of generated cases.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Class, instruction, parameters, length, Le.
    Format,
    /// States of a transaction.
    Transaction,
    /// States of a lock.
    Lock,
    /// PIN, file rights, line protection.
    Rights,
}

pub(super) struct Maker<'p> {
    pub(super) catalogue: &'p Catalogue,
    pub(super) profile: &'p Profile,
    /// The main application; blank cards have none.
    pub(super) application: Option<&'p Directory>,
    /// Transactions that the profile's cards can be in the middle of, idle first.
    pub(super) plans: Vec<Plan>,
    families: [Arc<Family>; 4],
}

impl<'p> Maker<'p> {
    pub(super) fn new(catalogue: &'p Catalogue, profile: &'p Profile) -> Self {
        let application = profile.main_directory();
        let family = |name: &str, en: &str, zh: &str| {
            let title = text(en, zh);
            let (name, prefix) = (name.to_owned(), "GEN".to_owned());
            Arc::new(Family { name, prefix, title, version: catalogue.version().to_owned() })
        };
        let families = [
            family("format", "Command format (generated)", "指令格式 (自动生成)"),
            family("transaction", "Transaction states (generated)", "交易状态 (自动生成)"),
            family("lock", "Locked states (generated)", "锁定状态 (自动生成)"),
            family("rights", "Rights (generated)", "权限 (自动生成)"),
        ];
        let plans = plan::all(profile, application);
        Self { catalogue, profile, application, plans, families }
    }

    /// The purse application, where the main application is one.
    pub(super) fn purses(&self) -> Option<&'p Directory> {
        self.application.filter(|application| !application.purses.is_empty())
    }

    /// A case, where it has steps.
    pub(super) fn case(
        &self,
        kind: Kind,
        name: String,
        purpose: Text,
        rule_ids: &[&str],
        steps: Vec<Step>,
    ) -> Option<Case> {
        if steps.is_empty() {
            return None;
        }
        let [format, transaction, lock, rights] = &self.families;
        let family = match kind {
            Kind::Format => format,
            Kind::Transaction => transaction,
            Kind::Lock => lock,
            Kind::Rights => rights,
        };
        let id = format!("GEN_{name}");
        Some(Case {
            base: id.clone(),
            id,
            family: family.clone(),
            author: Author::Catalogue,
            written: None,
            purpose,
            rules: rule_ids.iter().map(|id| rules::named(id)).collect(),
            source: None,
            catches: Vec::new(),
            applies: Vec::new(),
            start: if self.application.is_some() { Start::Selected } else { Start::Reset },
            card: self.settings(),
            terminal: TerminalConfig::default(),
            destructive: false,
            steps,
        })
    }

    /// Money in every purse, so that nothing is refused for want of it.
    fn settings(&self) -> Vec<(String, String)> {
        let purses = self.application.map_or(&[][..], |application| &application.purses);
        let prefix = |kind| if kind == PurseKind::Deposit { "ed" } else { "ep" };
        let balance = "100.00".to_owned();
        purses.iter().map(|p| (format!("{}.balance", prefix(p.kind)), balance.clone())).collect()
    }
}

/// Name of a command's case: `INITIALIZE_FOR_LOAD_CLASS`.
pub(super) fn name(spec: &CommandSpec, rule: &str) -> String {
    format!("{}_{rule}", spec.id.text().to_uppercase().replace('-', "_"))
}
