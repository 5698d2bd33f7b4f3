//! The second step, and what is written down before and after it.

use crypto::Mac;
use purse::TerminalId;

use super::refusal::{declined, refused};
use super::state::{Halt, Run, Running};
use super::{Engine, Outcome};
use crate::{
    Attempt, AttemptSteps, CardSession, Check, FlowError, Ledger, TransactionRecord, Verdict, steps,
};

/// What the card answered to a second step.
#[derive(Clone, Copy)]
pub(super) struct Answered {
    /// TAC, or MAC3 of an unload.
    code: Mac,
    /// MAC2 of a purchase.
    mac2: Option<Mac>,
    mac2_check: Check,
    /// What the PSAM says of the TAC.
    tac_check: Check,
}

impl Engine<'_> {
    /// Keeps the attempt, then sends the second step.
    pub(super) fn second(
        &mut self,
        run: &mut Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<(), Halt> {
        let (balance_before, limit) = run.before();
        let steps = match run.running {
            Running::PurchaseReady(purchase, _, sam) => {
                AttemptSteps::Purchase { purchase, serial: sam.terminal_serial }
            }
            Running::OnlineReady(request, authorised) => {
                AttemptSteps::Online { request, authorised }
            }
            // The order of steps was checked when the flow was read.
            _ => return Ok(()),
        };
        let Some(identity) = run.card().copied() else { return Ok(()) };
        self.open.push(Attempt {
            flow: run.program.flow_name.clone(),
            profile: run.program.profile_name.clone(),
            card: identity,
            purse: run.program.purse,
            steps,
            balance_before,
            limit,
            terminal: self.psam.terminal(),
            at: run.now,
            window: run.program.flow.window,
            site: self.site,
            records: std::mem::take(&mut run.records),
        });
        if let Err(error) = self.keep(ledger) {
            self.open.pop();
            return Err(Halt::Error(error));
        }
        let (mac2_check, tac_check) = (Check::Unknown, Check::Unknown);
        let answered = match run.running {
            Running::PurchaseReady(purchase, _, sam) => {
                steps::debit(card, &purchase, &sam).map(|debited| Answered {
                    code: debited.tac,
                    mac2: Some(debited.mac2),
                    mac2_check,
                    tac_check,
                })
            }
            Running::OnlineReady(request, authorised) => {
                let done = steps::finish_online(card, &request, &authorised);
                done.map(|code| Answered { code, mac2: None, mac2_check, tac_check })
            }
            _ => return Ok(()),
        };
        match answered {
            Ok(answered) => {
                run.running = Running::Done(answered);
                Ok(())
            }
            Err(error) => {
                run.running = Running::Idle;
                if declined(&error) {
                    self.drop_open(self.open.len().saturating_sub(1), ledger)?;
                    return Err(refused(error));
                }
                self.lost_by = Some(error);
                Err(Halt::Outcome(Outcome::Lost))
            }
        }
    }

    /// Gives the card's MAC2 to the PSAM.
    pub(super) fn check_mac2(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        let Running::Done(answered) = &mut run.running else { return Ok(()) };
        let attempt = self.open.last().map(|attempt| attempt.steps);
        if let (Some(AttemptSteps::Purchase { purchase, serial }), Some(mac2)) =
            (attempt, answered.mac2)
        {
            answered.mac2_check = self.psam.check_mac2(&purchase, serial, mac2)?;
        }
        Ok(())
    }

    /// Gives the card's TAC to the PSAM.
    pub(super) fn check_tac_by_psam(&mut self, run: &mut Run<'_>) -> Result<(), Halt> {
        let Running::Done(answered) = &mut run.running else { return Ok(()) };
        let attempt = self.open.last().map(|attempt| attempt.steps);
        if let Some(AttemptSteps::Purchase { purchase, serial }) = attempt {
            answered.tac_check = self.psam.check_tac(&purchase, serial, answered.code)?;
        }
        Ok(())
    }

    /// Writes down what has happened, where something has.
    pub(super) fn finish(
        &mut self,
        run: &mut Run<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<Option<Outcome>, FlowError> {
        let Running::Done(answered) = run.running else { return Ok(None) };
        run.running = Running::Idle;
        let Some(attempt) = self.open.last() else { return Ok(None) };
        let steps = attempt.steps;
        let at = self.open.len() - 1;
        let terminal = attempt.terminal;
        let checked = self.check_tac(&steps, terminal, answered.code);
        // The issuer's word counts; without one, the PSAM's.
        let tac_check = match checked {
            Ok(Check::Unknown) | Err(_) => answered.tac_check,
            Ok(judged) => judged,
        };
        let mac2_check = answered.mac2_check;
        let verdict = match (mac2_check, tac_check) {
            (Check::Wrong, _) => Verdict::WrongMac2,
            (_, Check::Wrong) => Verdict::WrongTac,
            _ => Verdict::Accepted,
        };
        let made = |attempt| TransactionRecord {
            attempt,
            verdict,
            tac: Some(answered.code),
            tac_check,
            mac2_check,
            recovered: false,
        };
        self.close(at, made, ledger)?;
        checked?;
        Ok(Some(match verdict {
            Verdict::Accepted | Verdict::Grey => Outcome::Accepted,
            Verdict::WrongMac2 | Verdict::WrongTac => Outcome::WrongCode,
        }))
    }

    /// What the issuer says to a TAC or MAC3.
    pub(super) fn check_tac(
        &mut self,
        steps: &AttemptSteps,
        terminal: TerminalId,
        code: Mac,
    ) -> Result<Check, FlowError> {
        let Some(issuer) = &mut self.issuer else { return Ok(Check::Unknown) };
        match steps {
            AttemptSteps::Purchase { purchase, serial } => {
                issuer.check_tac(purchase, terminal, *serial, code)
            }
            AttemptSteps::Online { request, authorised } => {
                issuer.check_online(request, authorised, code)
            }
        }
    }
}
