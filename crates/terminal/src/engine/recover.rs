//! A card that comes back after its answer was lost (交易恢复): did it happen?
//!
//! GET TRANSACTION PROOF answers for the last transaction, by type and serial. Its MAC2 goes to the
//! PSAM and its TAC to the issuer, since another terminal may have made a transaction of that type
//! and serial meanwhile. Where there is no proof, the serial tells whether anything happened at all,
//! and the card's log whose transaction it was.

use apdu::StatusWord;
use applet_spec::{Profile, SerialMoment};
use crypto::Mac;
use crypto::custody::CustodyError;
use purse::answer::{OnlineInitialized, PurchaseInitialized};
use purse::record::LogRecord;
use purse::{Amount, Initialize, PurseCommand, TransactionType};

use super::refusal::{declined, verify};
use super::state::{Halt, Run};
use super::{Engine, Outcome};
use crate::program::Op;
use crate::{
    AsksAmount, Attempt, AttemptSteps, CardSession, Check, FlowError, Ledger, TransactionRecord,
    Verdict,
};

/// What a card says about an open transaction.
enum Found {
    /// It happened, and here is its code.
    Proven { code: Mac, tac_check: Check, mac2_check: Check },
    /// It happened, and there is no code.
    Logged,
    /// It did not happen.
    Nothing,
    /// The card does not tell any more.
    Unknown,
}

/// What the card's log says about a serial.
#[derive(Clone, Copy, PartialEq)]
enum Logged {
    /// It is the transaction asked for.
    Ours,
    /// It is another one.
    Another,
    /// It is not in the log.
    Nothing,
    /// The log cannot be read.
    Unreadable,
}

impl Engine<'_> {
    /// Settles what is open of the card in the field. Whether the card was asked anything.
    pub(super) fn settle(
        &mut self,
        run: &Run<'_>,
        card: &mut CardSession<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<bool, Halt> {
        let Some(number) = run.card().map(|card| card.number) else { return Ok(false) };
        let program = run.program;
        let of_card = |open: &Attempt| {
            open.card.number == number && open.profile.name == program.profile_name.name
        };
        let (mut asked, mut outcome) = (false, None);
        while let Some(at) = self.open.iter().position(of_card) {
            asked = true;
            let Some(attempt) = self.open.get(at).cloned() else { break };
            let same_trip = is_of_this_trip(run, &attempt);
            match self.ask(run, card, &attempt)? {
                Found::Proven { code, tac_check, mac2_check } => {
                    let made = |attempt| TransactionRecord {
                        attempt,
                        verdict: Verdict::Accepted,
                        tac: Some(code),
                        tac_check,
                        mac2_check,
                        recovered: true,
                    };
                    self.close(at, made, ledger)?;
                    outcome = same_trip.then_some(Outcome::Recovered).or(outcome);
                }
                Found::Logged => {
                    self.grey(at, true, ledger)?;
                    outcome = same_trip.then_some(Outcome::Grey).or(outcome);
                }
                Found::Unknown => {
                    self.grey(at, false, ledger)?;
                    outcome = same_trip.then_some(Outcome::Grey).or(outcome);
                }
                Found::Nothing => self.drop_open(at, ledger)?,
            }
        }
        match outcome {
            Some(outcome) => Err(Halt::Outcome(outcome)),
            None => Ok(asked),
        }
    }

    fn ask(
        &mut self,
        run: &Run<'_>,
        card: &mut CardSession<'_>,
        attempt: &Attempt,
    ) -> Result<Found, Halt> {
        let profile: &Profile = &run.program.profile;
        let kind = attempt.transaction_type();
        let counted = |moment| match moment {
            SerialMoment::Before => attempt.serial(),
            SerialMoment::After => attempt.serial().wrapping_add(1),
        };
        // A card that says it cannot has no proof either; one that says nothing clear is asked again
        // at the next tap.
        let proof = match card.proof(kind, counted(profile.rules.proof_serial)) {
            Err(error) if declined(&error) => None,
            answered => answered?,
        };
        let log = log_says(profile, card, attempt, counted(profile.rules.log_serial))?;
        if let Some(proof) = proof {
            let code = if kind == TransactionType::Unload { proof.mac } else { proof.tac };
            let mac2_check = match &attempt.steps {
                AttemptSteps::Purchase { purchase, serial } => {
                    self.psam.check_mac2(purchase, *serial, proof.mac)?
                }
                AttemptSteps::Online { .. } => Check::Unknown,
            };
            let tac_check = self.check_proven_tac(attempt, code)?;
            let right = [mac2_check, tac_check].contains(&Check::Right);
            let wrong = [mac2_check, tac_check].contains(&Check::Wrong);
            if !wrong && (right || log == Logged::Ours) {
                return Ok(Found::Proven { code, tac_check, mac2_check });
            }
            // Nobody here can tell whose proof it is, and neither does the log.
            if !wrong && log != Logged::Another {
                return Ok(Found::Unknown);
            }
        }
        match log {
            Logged::Ours => return Ok(Found::Logged),
            Logged::Another => return Ok(Found::Nothing),
            Logged::Nothing | Logged::Unreadable => {}
        }
        Ok(match stands_at(run, card, attempt)? {
            Some(now) if now == (attempt.serial(), attempt.balance_before) => Found::Nothing,
            Some(_) => Found::Unknown,
            None => {
                // Silence is no answer: the card is asked again at the next tap.
                let balance = match card.balance(attempt.purse) {
                    Err(error) if declined(&error) => None,
                    told => Some(told?),
                };
                let unmoved = log == Logged::Nothing && balance == Some(attempt.balance_before);
                if unmoved { Found::Nothing } else { Found::Unknown }
            }
        })
    }
}

impl Engine<'_> {
    /// What the issuer says to the code of a proof; where there is none, the PSAM.
    fn check_proven_tac(&mut self, attempt: &Attempt, code: Mac) -> Result<Check, FlowError> {
        let checked = self.check_tac(&attempt.steps, attempt.terminal, code)?;
        match (checked, &attempt.steps) {
            (Check::Unknown, AttemptSteps::Purchase { purchase, serial }) => {
                match self.psam.check_tac(purchase, *serial, code) {
                    Err(
                        FlowError::NoKey { .. }
                        | FlowError::Custody(CustodyError::NoSuchKey { .. }),
                    ) => Ok(Check::Unknown),
                    judged => judged,
                }
            }
            (checked, _) => Ok(checked),
        }
    }
}

/// Whether an open transaction is what this tap is for: then it is not made again. Another amount than
/// was ordered is another order.
fn is_of_this_trip(run: &Run<'_>, attempt: &Attempt) -> bool {
    let free = run.program.asks_amount() == AsksAmount::Never;
    let ordered = run.order.amount.filter(|_| !free);
    let same = ordered.is_none_or(|amount| amount == attempt.amount());
    same && attempt.flow.name == run.program.flow_name.name && !attempt.expired(run.now)
}

/// Looks for a serial in the logs that such a transaction is written to.
fn log_says(
    profile: &Profile,
    card: &mut CardSession<'_>,
    attempt: &Attempt,
    serial: u16,
) -> Result<Logged, FlowError> {
    let kind = attempt.transaction_type();
    let routing = profile.application().and_then(|application| application.log);
    let Some(routing) = routing else { return Ok(Logged::Unreadable) };
    let files = match kind.credits() {
        true => [Some(routing.load), None],
        false => [Some(routing.purchase), routing.other_city],
    };
    let mut readable = false;
    for sfi in files.into_iter().flatten() {
        for number in 1..=u8::MAX {
            let read = match card.read_record(sfi, number) {
                Err(error) if declined(&error) => break,
                read => read?,
            };
            readable = true;
            // Records are in order of time: behind an unwritten one there are none.
            let Some(record) = read.as_deref().and_then(LogRecord::parse) else { break };
            let other = TransactionType::from_byte(record.transaction_type);
            let counted = other.is_some_and(|other| other.online() == kind.online());
            if counted && record.serial == serial {
                return Ok(whose(&record, attempt));
            }
        }
    }
    Ok(if readable { Logged::Nothing } else { Logged::Unreadable })
}

/// Whose transaction a log record is. One that differs in a single bit is nobody's: the link may have
/// turned it over, and two terminals differ in number and time.
fn whose(record: &LogRecord, attempt: &Attempt) -> Logged {
    let (date, time) = attempt.covered();
    let ours = LogRecord {
        amount: attempt.amount(),
        transaction_type: attempt.transaction_type() as u8,
        terminal: attempt.terminal,
        date,
        time,
        ..*record
    };
    let differing =
        record.to_bytes().into_iter().zip(ours.to_bytes()).map(|(a, b)| (a ^ b).count_ones());
    match differing.sum::<u32>() {
        0 => Logged::Ours,
        1 => Logged::Unreadable,
        _ => Logged::Another,
    }
}

/// Serial and balance as a first step of 0 fen tells them; `None` where the card refuses that. Where
/// the card asks for the PIN first, so does this: a card that cannot be settled is not served.
fn stands_at(
    run: &Run<'_>,
    card: &mut CardSession<'_>,
    attempt: &Attempt,
) -> Result<Option<(u16, Amount)>, Halt> {
    let i = Initialize {
        purse: attempt.purse,
        key: attempt.key().index,
        amount: Amount(0),
        terminal: attempt.terminal,
    };
    let online = attempt.transaction_type().online();
    let command = match online {
        true => PurseCommand::InitializeForLoad(i),
        false => PurseCommand::InitializeForPurchase(i),
    };
    let mut response = card.exchange(&command)?;
    let pin = run.program.ops.iter().find_map(|op| match op {
        Op::Pin { index } => Some(*index),
        _ => None,
    });
    if let (StatusWord::SECURITY_STATUS, Some(index)) = (response.status, pin) {
        verify(card, run.order, index)?;
        response = card.exchange(&command)?;
    }
    if !response.status.is_ok() {
        return Ok(None);
    }
    let data = &response.data;
    Ok(match online {
        true => OnlineInitialized::parse(data).ok().map(|answer| (answer.serial, answer.balance)),
        false => {
            PurchaseInitialized::parse(data).ok().map(|answer| (answer.serial, answer.balance))
        }
    })
}
