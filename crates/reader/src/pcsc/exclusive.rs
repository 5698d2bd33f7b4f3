//! A transaction of PC/SC, held open.
//!
//! `pcsc` lends the card to a transaction, so one that is begun in one call and ended in another
//! cannot be kept beside its card. Both live in a thread of their own until the end; the thread
//! ends the transaction and gives the card back on every way out. That costs a change of threads
//! per command, within the scope only.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ::pcsc::{Card, Disposition, Error, Protocols, ShareMode, Transaction};

use super::{MAX_ANSWER, let_go};

/// A card and its transaction.
pub(super) struct Exclusive {
    requests: SyncSender<Request>,
    answers: Receiver<Answer>,
    holder: JoinHandle<Option<Card>>,
}

enum Request {
    Transmit(Vec<u8>),
    Reset(ShareMode),
}

type Answer = Result<Vec<u8>, Error>;

impl Exclusive {
    /// Begins, once every other program has ended its transaction; not later than `patience`. What
    /// cannot begin gives its card back to PC/SC as it is.
    pub(super) fn begin(card: Card, patience: Duration) -> Result<Self, Error> {
        let (requests, incoming) = mpsc::sync_channel(1);
        // Without room in it: an answer that is sent has been taken.
        let (outgoing, answers) = mpsc::sync_channel(0);
        let holder = thread::spawn(move || hold(card, &incoming, &outgoing));
        // PC/SC itself would wait without end.
        let begun = match answers.recv_timeout(patience) {
            Ok(begun) => begun,
            Err(RecvTimeoutError::Timeout) => Err(Error::SharingViolation),
            Err(RecvTimeoutError::Disconnected) => Err(Error::InternalError),
        };
        begun.map(|_| Self { requests, answers, holder })
    }

    pub(super) fn transmit(&self, command: &[u8]) -> Answer {
        self.ask(Request::Transmit(command.to_vec()))
    }

    /// The ATR.
    pub(super) fn reset(&self, mode: ShareMode) -> Answer {
        self.ask(Request::Reset(mode))
    }

    /// Ends; the card.
    pub(super) fn end(self) -> Option<Card> {
        drop(self.requests);
        self.holder.join().ok().flatten()
    }

    fn ask(&self, request: Request) -> Answer {
        self.requests.send(request).map_err(|_| Error::InternalError)?;
        self.answers.recv().unwrap_or(Err(Error::InternalError))
    }
}

/// Keeps the transaction until nobody asks any more.
fn hold(
    mut card: Card,
    incoming: &Receiver<Request>,
    outgoing: &SyncSender<Answer>,
) -> Option<Card> {
    let wanted = match card.transaction() {
        Ok(mut transaction) => {
            // An owner that has lost its patience is gone.
            let wanted = outgoing.send(Ok(Vec::new())).is_ok();
            if wanted {
                serve(&mut transaction, incoming, outgoing);
            }
            wanted
        }
        Err(error) => {
            let _ = outgoing.send(Err(error));
            false
        }
    };
    if wanted {
        return Some(card);
    }
    let_go(card, Disposition::LeaveCard);
    None
}

fn serve(
    transaction: &mut Transaction<'_>,
    incoming: &Receiver<Request>,
    outgoing: &SyncSender<Answer>,
) {
    let mut buffer = vec![0; MAX_ANSWER];
    while let Ok(request) = incoming.recv() {
        let answer = match request {
            Request::Transmit(command) => {
                transaction.transmit(&command, &mut buffer).map(<[u8]>::to_vec)
            }
            Request::Reset(mode) => transaction
                .reconnect(mode, Protocols::ANY, Disposition::ResetCard)
                .and_then(|()| Ok(transaction.status2_owned()?.atr().to_vec())),
        };
        if outgoing.send(answer).is_err() {
            return;
        }
    }
}
