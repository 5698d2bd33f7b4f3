//! Commands that a card may refuse, and what its refusals mean to its holder.

use apdu::StatusWord;
use applet_spec::flow::{Refusal, Transaction};
use purse::PurseCommand;

use super::Order;
use super::state::Halt;
use crate::error::Side;
use crate::{CardSession, FlowError};

/// SELECT: the first that is there.
pub(super) fn select(
    card: &mut CardSession<'_>,
    commands: &[PurseCommand],
    optional: bool,
) -> Result<(), Halt> {
    let mut last = StatusWord::FILE_NOT_FOUND;
    for command in commands {
        let response = card.exchange(command)?;
        match response.status {
            StatusWord::OK => return Ok(()),
            StatusWord::SELECTED_INVALID
            | StatusWord::LOCKED
            | StatusWord::PERMANENTLY_LOCKED
            | StatusWord::CONDITIONS
                if !optional =>
            {
                let (reason, status) = (Refusal::Blocked, Some(response.status));
                return Err(Halt::Refuse { reason, status, blocked: None });
            }
            other => last = other,
        }
    }
    if optional {
        return Ok(());
    }
    Err(Halt::Refuse { reason: Refusal::WrongFamily, status: Some(last), blocked: None })
}

/// READ BINARY or READ RECORD.
pub(super) fn read(
    card: &mut CardSession<'_>,
    command: &PurseCommand,
    optional: bool,
) -> Result<Vec<u8>, Halt> {
    let response = card.exchange(command)?;
    if matches!(response.status, StatusWord::OK | StatusWord::END_OF_FILE) {
        return Ok(response.data);
    }
    if optional {
        return Ok(Vec::new());
    }
    let reason = match response.status {
        StatusWord::FILE_NOT_FOUND | StatusWord::RECORD_NOT_FOUND => Refusal::WrongFamily,
        status => reason_of(status),
    };
    Err(Halt::Refuse { reason, status: Some(response.status), blocked: None })
}

/// VERIFY, once: a wrong PIN costs a try, and how many are left only the card's answer tells.
pub(super) fn verify(card: &mut CardSession<'_>, order: &Order, index: u8) -> Result<(), Halt> {
    let Some(pin) = &order.pin else { return Err(Halt::refuse(Refusal::Pin)) };
    let response = card.exchange(&PurseCommand::Verify { index, pin: pin.clone() })?;
    if response.status.is_ok() {
        return Ok(());
    }
    Err(Halt::Refuse { reason: Refusal::Pin, status: Some(response.status), blocked: None })
}

/// The card's refusal of a step is the card's; anything else is an error.
pub(super) fn refused(error: FlowError) -> Halt {
    match error {
        FlowError::Refused { side: Side::Card, status, .. } => {
            Halt::Refuse { reason: reason_of(status), status: Some(status), blocked: None }
        }
        other => Halt::Error(other),
    }
}

/// The same for INITIALIZE: a load that finds no room says 6985.
pub(super) fn refused_initialize(error: FlowError, transaction: Transaction) -> Halt {
    match (refused(error), transaction) {
        (Halt::Refuse { status: Some(StatusWord::CONDITIONS), .. }, Transaction::Load) => {
            let (reason, status) = (Refusal::AboveMaximum, Some(StatusWord::CONDITIONS));
            Halt::Refuse { reason, status, blocked: None }
        }
        (stop, _) => stop,
    }
}

fn reason_of(status: StatusWord) -> Refusal {
    match status {
        StatusWord::BALANCE_INSUFFICIENT | StatusWord::AMOUNT_INSUFFICIENT => {
            Refusal::BalanceInsufficient
        }
        StatusWord::COUNTER_AT_MAXIMUM => Refusal::CounterAtMaximum,
        StatusWord::SECURITY_STATUS => Refusal::Pin,
        StatusWord::RECORD_LOCKED => Refusal::RecordLocked,
        StatusWord::LOCKED
        | StatusWord::PERMANENTLY_LOCKED
        | StatusWord::SELECTED_INVALID
        | StatusWord::GREY_LOCKED => Refusal::Blocked,
        _ => Refusal::CardRefuses,
    }
}

/// Whether the answer says that nothing was done. Only a status word that is known to say so does: a
/// warning, a failure of the memory, a word nobody knows (such as 9000 with a bit turned over), an
/// answer that cannot be read and silence do not.
pub(super) fn declined(error: &FlowError) -> bool {
    let FlowError::Refused { side: Side::Card, status, .. } = error else { return false };
    matches!(
        *status,
        StatusWord::STATE_UNCHANGED
            | StatusWord::WRONG_LENGTH
            | StatusWord::WRONG_STATE
            | StatusWord::FILE_TYPE
            | StatusWord::SECURITY_STATUS
            | StatusWord::CONDITIONS
            | StatusWord::SM_MAC_WRONG
            | StatusWord::WRONG_DATA
            | StatusWord::LOCKED
            | StatusWord::FILE_NOT_FOUND
            | StatusWord::RECORD_NOT_FOUND
            | StatusWord::WRONG_P1P2
            | StatusWord::KEY_NOT_FOUND
            | StatusWord::UNKNOWN_INS
            | StatusWord::UNKNOWN_CLASS
            | StatusWord::AMOUNT_INSUFFICIENT
            | StatusWord::MAC_INVALID
            | StatusWord::PERMANENTLY_LOCKED
            | StatusWord::BALANCE_INSUFFICIENT
            | StatusWord::COUNTER_AT_MAXIMUM
            | StatusWord::KEY_INDEX_UNSUPPORTED
    )
}
