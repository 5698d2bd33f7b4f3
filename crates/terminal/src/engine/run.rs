//! One tap: the steps of a flow, one after the other.

use applet_spec::KeyKind;
use applet_spec::flow::{Blocking, Refusal, Step, Transaction};
use purse::answer::{AnswerError, Balance};
use purse::{BlockKind, IdentificationCode, Initialize, PurseCommand};

use super::refusal::{read, refused, refused_initialize, select, verify};
use super::state::{Halt, Run, Running};
use super::{Engine, Outcome};
use crate::error::Side;
use crate::program::{Op, record_ref};
use crate::steps::{self, Context};
use crate::{
    BlockRequest, CappRecord, CardSession, Check, FlowError, Issuer, Ledger, RefusalRecord,
    WrittenRecord,
};

impl Engine<'_> {
    /// Runs the flow to its end.
    pub(super) fn run(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<Outcome, FlowError> {
        let stopped = match self.steps(run, card, ledger) {
            Ok(outcome) => return Ok(outcome),
            Err(stopped) => stopped,
        };
        // A transaction that has happened is recorded, whatever else went wrong.
        self.finish(run, ledger)?;
        match stopped {
            Halt::Outcome(outcome) => Ok(outcome),
            Halt::Error(error) => Err(error),
            Halt::Refuse { reason, status, blocked } => {
                let record = RefusalRecord {
                    flow: run.program.flow_name.clone(),
                    profile: run.program.profile_name.clone(),
                    at: run.now,
                    terminal: self.psam.terminal(),
                    card: run.card().copied(),
                    amount: run.amount,
                    reason,
                    status,
                    blocked,
                };
                ledger.refusal(&record).map_err(FlowError::Ledger)?;
                Ok(Outcome::Refused(reason))
            }
        }
    }

    fn steps(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<Outcome, Halt> {
        let program = run.program;
        let mut at = 0;
        while let (Some(op), Some(step)) = (program.ops.get(at), program.flow.steps.get(at)) {
            self.step(run, card, ledger, op, step)?;
            if at == program.identified_after {
                run.identify(&self.site)?;
                if !run.settled {
                    run.settled = true;
                    if self.settle(run, card, ledger)? {
                        // The card was asked for more than the flow does: begin from a clean state.
                        run.again();
                        at = 0;
                        continue;
                    }
                }
            }
            at += 1;
        }
        if program.transaction_type.is_none() {
            return Ok(Outcome::Blocked);
        }
        Ok(self.finish(run, ledger)?.unwrap_or(Outcome::Accepted))
    }

    fn step(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
        op: &Op,
        step: &Step,
    ) -> Result<(), Halt> {
        match (op, step) {
            (Op::Select { commands, optional }, _) => select(card, commands, *optional),
            (Op::Read { command, slot, optional }, _) => {
                let read = read(card, command, *optional)?;
                if let Some(place) = slot.and_then(|slot| run.slots.get_mut(slot)) {
                    *place = read;
                }
                Ok(())
            }
            (Op::Pin { index }, _) => verify(card, run.order, *index),
            (Op::Balance { command }, _) => {
                let data = card.send(command).map_err(refused)?;
                let answer = Balance::parse(&data).map_err(|source| FlowError::Answer {
                    side: Side::Card,
                    step: CardSession::step(command),
                    source,
                })?;
                run.told_balance = Some(answer.balance);
                Ok(())
            }
            (_, Step::Check(check)) => self.check(run, card, check),
            (_, Step::Code) => self.code(card),
            (_, Step::Initialize(transaction)) => self.initialize(run, card, *transaction),
            (_, Step::Mac1) => self.mac1(run),
            (_, Step::Cache(cache)) => {
                let record = self.made(run, cache)?;
                let sent = CappRecord {
                    sfi: cache.sfi,
                    record: record_ref(cache.record),
                    data: record.data,
                };
                steps::cache(card, &sent).map_err(refused)?;
                run.records.push(WrittenRecord { data: sent.data, ..record });
                Ok(())
            }
            (_, Step::Authorise) => self.authorise(run),
            (_, Step::Debit | Step::Credit) => self.second(run, card, ledger),
            (_, Step::CheckMac2) => self.check_mac2(run),
            (_, Step::CheckTac) => self.check_tac_by_psam(run),
            (_, Step::Block(kind)) => {
                self.block(run, card, *kind)?;
                Ok(())
            }
            // Such a step has an op of its own, or nothing to do with this card.
            _ => Ok(()),
        }
    }

    fn code(&mut self, card: &mut CardSession<'_>) -> Result<(), Halt> {
        let code: IdentificationCode = card.identification_code().map_err(refused)?;
        match self.psam.check_code(&code)? {
            Check::Wrong => Err(Halt::refuse(Refusal::NotGenuine)),
            Check::Right | Check::Unknown => Ok(()),
        }
    }

    fn initialize(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        transaction: Transaction,
    ) -> Result<(), Halt> {
        let amount = run.amount(self.site.stop)?;
        run.amount = Some(amount);
        let (Some(kind), Some((_, factors))) = (run.program.transaction_type, run.card) else {
            return Err(Halt::refuse(Refusal::WrongFamily));
        };
        let (purse, terminal) = (run.program.purse, self.psam.terminal());
        if transaction.online() {
            let key = match transaction {
                Transaction::Unload => KeyKind::Unload,
                _ => KeyKind::Load,
            };
            let index = self.issuer()?.key_index(key)?;
            let i = Initialize { purse, key: index, amount, terminal };
            let request = steps::initialize_online(card, kind, &i, factors)
                .map_err(|error| refused_initialize(error, transaction))?;
            run.running = Running::Online(request);
            return Ok(());
        }
        let rules = &run.program.profile.rules;
        let code = steps::code_in_mac1(rules, card, None).map_err(refused)?;
        let context = Context { factors, now: run.now, code };
        let i = Initialize { purse, key: self.psam.key_index(), amount, terminal };
        let (purchase, answer) = steps::initialize_purchase(card, kind, &i, &context)
            .map_err(|error| refused_initialize(error, transaction))?;
        run.running = Running::Purchase(purchase, answer);
        Ok(())
    }

    fn mac1(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        if let Running::Purchase(purchase, answer) = run.running {
            let sam = match self.psam.mac1(&purchase) {
                Err(FlowError::WrongCode { .. }) => return Err(Halt::refuse(Refusal::NotGenuine)),
                answered => answered?,
            };
            run.running = Running::PurchaseReady(purchase, answer, sam);
        }
        Ok(())
    }

    fn authorise(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        if let Running::Online(request) = run.running {
            let authorised = self.issuer()?.authorise(&request, run.now)?;
            run.running = Running::OnlineReady(request, authorised);
        }
        Ok(())
    }

    /// GET CHALLENGE, the PSAM's MAC, APPLICATION BLOCK.
    pub(super) fn block(
        &mut self,
        run: &Run<'_>,
        card: &mut CardSession<'_>,
        kind: Blocking,
    ) -> Result<(), Halt> {
        let Some((_, factors)) = run.card else {
            return Err(Halt::refuse(Refusal::WrongFamily));
        };
        let command = PurseCommand::GetChallenge { length: 4 };
        let challenge = card.send(&command).map_err(refused)?;
        let challenge: [u8; 4] =
            challenge.as_slice().try_into().map_err(|_| FlowError::Answer {
                side: Side::Card,
                step: CardSession::step(&command),
                source: AnswerError { answer: "challenge", expected: 4, found: challenge.len() },
            })?;
        let kind = match kind {
            Blocking::Temporary => BlockKind::Temporary,
            Blocking::Permanent => BlockKind::Permanent,
        };
        let mac = self.psam.block_mac(&BlockRequest { factors, kind, challenge })?;
        card.send(&PurseCommand::ApplicationBlock { kind, mac }).map_err(refused)?;
        Ok(())
    }

    pub(super) fn issuer(&mut self) -> Result<&mut dyn Issuer, FlowError> {
        match &mut self.issuer {
            Some(issuer) => Ok(issuer.as_mut()),
            None => Err(FlowError::NoIssuer),
        }
    }
}
