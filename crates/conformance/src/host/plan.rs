//! A whole transaction: commands, and what each must answer.

use applet_spec::{BalanceForm, Catalogue, CommandId, PinUse, PurseKind};

use super::make::field_named;
use super::{Host, HostError, Trouble};
use crate::{Capture, CaptureFrom, Expression, Operator, Run, RunKind, Send, Value};

/// The steps of a whole transaction, in order. Each is what a `send` step of a case is: its values
/// are made when it is its turn, from what the card answered before.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In order.
    pub steps: Vec<PlannedStep>,
}

/// A command of a [`Plan`].
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// What is sent.
    pub send: Send,
    /// Fields of the answer that must be so, as of [`Expect`](crate::Expect); the status word
    /// must be 9000.
    pub fields: Vec<(String, Value)>,
    /// What is kept of the answer for later steps.
    pub captures: Vec<Capture>,
}

/// Where the balance from before is kept; nobody can write such a name.
const BALANCE: &str = "balance before the run";

impl Host<'_> {
    pub(super) fn plan(&self, run: &Run) -> Result<Plan, HostError> {
        let purpose = run.kind;
        let [first, .., second] = *purpose.commands() else {
            unreachable!("a transaction has a command that begins it and one that ends it")
        };
        let mut steps = Steps::default();
        if purpose == RunKind::SamPurchase {
            if self.profile.psam.is_none() {
                return Err(Trouble::not_in_profile("PSAM application").into());
            }
            steps.add(first, &[("MAC1", call("mac1"))]);
            steps.add(second, &[]);
        } else {
            let purse = run.purse.unwrap_or_else(|| self.usual_purse(purpose.pin_use()));
            self.allowed(purpose, purse)?;
            self.plan_at_card(&mut steps, purpose, purse, [first, second]);
        }
        steps.tell(run)?;
        Ok(Plan { steps: steps.0 })
    }

    fn plan_at_card(
        &self,
        steps: &mut Steps,
        purpose: RunKind,
        purse: PurseKind,
        [first, second]: [CommandId; 2],
    ) {
        let balance = self.balance_can_be_read(purse);
        let spec = self.profile.application().and_then(|directory| directory.purse(purse));
        let asked = spec.is_some_and(|spec| {
            let asks = |usage: PinUse| spec.pin_for.contains(&usage);
            purpose.pin_use().is_some_and(asks) || balance && asks(PinUse::Balance)
        });
        if asked && !self.known.verified {
            steps.add(CommandId::Verify, &[]);
        }
        if balance {
            steps.add(CommandId::GetBalance, &[]).send.purse = Some(purse);
            steps.capture("balance", BALANCE);
        }
        let before = || Expression::Name(BALANCE.to_owned());
        let mut told = Vec::new();
        if balance {
            told.push(("balance", before()));
        }
        if purpose.online() {
            told.push(("MAC1", call("mac1")));
        }
        steps.add(first, &told).send.purse = Some(purse);
        if purpose == RunKind::Capp {
            steps.add(CommandId::UpdateCappDataCache, &[]);
        }
        let proofs: &[(&str, &str)] = match purpose {
            RunKind::Unload => &[("MAC3", "mac3")],
            RunKind::Load | RunKind::Overdraft => &[("TAC", "tac")],
            _ => &[("TAC", "tac"), ("MAC2", "mac2")],
        };
        let proofs: Vec<_> = proofs.iter().map(|(field, code)| (*field, call(code))).collect();
        steps.add(second, &proofs);
        if balance {
            let name = |name: &str| Expression::Name(name.to_owned());
            let after = match purpose {
                RunKind::Load => operation(Operator::Plus, before(), name("amount")),
                RunKind::Overdraft => {
                    let raised = operation(Operator::Plus, before(), name("new-limit"));
                    operation(Operator::Minus, raised, name("limit"))
                }
                _ => operation(Operator::Minus, before(), name("amount")),
            };
            steps.add(CommandId::GetBalance, &[("balance", after)]).send.purse = Some(purse);
        }
    }

    /// Whether GET BALANCE tells the stored balance of a purse.
    fn balance_can_be_read(&self, purse: PurseKind) -> bool {
        let spec = self.profile.application().and_then(|directory| directory.purse(purse));
        let forms = &self.profile.rules.balance_p1;
        spec.is_some_and(|spec| spec.allows.contains(&PinUse::Balance))
            && forms.iter().any(|(_, form)| *form == BalanceForm::Stored)
    }
}

#[derive(Default)]
struct Steps(Vec<PlannedStep>);

impl Steps {
    fn add(&mut self, command: CommandId, fields: &[(&str, Expression)]) -> &mut PlannedStep {
        let value =
            |expression: &Expression| Value { written: None, expression: expression.clone() };
        let fields =
            fields.iter().map(|(name, expression)| ((*name).to_owned(), value(expression)));
        let step = PlannedStep {
            send: Send::new(command),
            fields: fields.collect(),
            captures: Vec::new(),
        };
        self.0.push_mut(step)
    }

    fn capture(&mut self, field: &str, name: &str) {
        if let Some(last) = self.0.last_mut() {
            let from = CaptureFrom::Field(field.to_owned());
            last.captures.push(Capture { name: name.to_owned(), from });
        }
    }

    /// Puts what a case says of the transaction into the commands that take it.
    fn tell(&mut self, run: &Run) -> Result<(), HostError> {
        for (name, value) in &run.fields {
            let mut taken = false;
            for step in &mut self.0 {
                let spec = Catalogue::entry(step.send.command);
                if field_named(&spec.fields, name).is_some() {
                    step.send.fields.push((name.clone(), value.clone()));
                    taken = true;
                }
            }
            if !taken {
                let fields = self
                    .0
                    .iter()
                    .flat_map(|step| Catalogue::entry(step.send.command).fields.iter());
                let known: Vec<_> = fields.map(|field| field.name.as_str()).collect();
                let trouble = Trouble::NoSuchField {
                    command: "the transaction".to_owned(),
                    name: name.clone(),
                    known: format!("its commands have '{}'", known.join("', '")),
                };
                return Err(HostError::at(value.written.as_ref(), trouble));
            }
        }
        let starts = |step: &&mut PlannedStep| {
            let spec = Catalogue::entry(step.send.command);
            spec.transaction == applet_spec::TransactionEffect::Starts
        };
        if let Some(first) = self.0.iter_mut().find(starts) {
            first.send.key = run.key;
        }
        Ok(())
    }
}

fn call(name: &str) -> Expression {
    Expression::Call(name.to_owned(), Vec::new())
}

fn operation(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Operation(operator, Box::new(left), Box::new(right))
}
