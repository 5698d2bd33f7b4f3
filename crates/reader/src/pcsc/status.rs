//! What is in the readers now.

use std::ffi::CString;
use std::time::Duration;

use ::pcsc::{Context, Error, ReaderState, State};
use link::{Atr, LinkError};

use super::{names, no_service, service};
use crate::slots::{ReaderSlot, Slot, Use};

/// The readers in PC/SC's order, and what is in them.
///
/// # Errors
/// [`LinkError::Service`] where PC/SC does not run, or refuses.
pub fn list_readers() -> Result<Vec<ReaderSlot>, LinkError> {
    Ok(look(&service()?)?.iter().map(slot).collect())
}

/// One look at every reader.
pub(super) fn look(context: &Context) -> Result<Vec<ReaderState>, LinkError> {
    let unknown = |name: CString| ReaderState::new(name, State::UNAWARE);
    let mut states: Vec<ReaderState> = names(context)?.into_iter().map(unknown).collect();
    if !states.is_empty() {
        wait(context, Duration::ZERO, &mut states)?;
    }
    Ok(states)
}

/// Waits until one of `states` is no longer true.
pub(super) fn wait(
    context: &Context,
    limit: Duration,
    states: &mut [ReaderState],
) -> Result<(), LinkError> {
    match context.get_status_change(limit, states) {
        // A reader that was unplugged since it was listed is told by its state, or by the next list.
        Ok(()) | Err(Error::Timeout | Error::UnknownReader | Error::ReaderUnavailable) => Ok(()),
        Err(error) => Err(no_service(error)),
    }
}

/// What PC/SC says of a reader.
pub(super) fn slot(reader: &ReaderState) -> ReaderSlot {
    let state = reader.event_state();
    let slot = if state.contains(State::MUTE) {
        Slot::Mute
    } else if state.contains(State::PRESENT) {
        let used = match (state.contains(State::EXCLUSIVE), state.contains(State::INUSE)) {
            (true, _) => Use::Exclusive,
            (false, true) => Use::Shared,
            (false, false) => Use::Nobody,
        };
        Slot::Card { atr: Atr(reader.atr().to_vec()), used }
    } else if state.contains(State::EMPTY) {
        Slot::Empty
    } else {
        Slot::Unavailable
    };
    let name = reader.name().to_string_lossy().into_owned();
    ReaderSlot { name, slot, events: reader.event_count() }
}
