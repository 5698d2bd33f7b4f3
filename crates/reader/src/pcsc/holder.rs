//! A thread that holds a card for its reader.
//!
//! Two things of PC/SC ask for one. A transaction borrows its card, so one that is begun in one call
//! and ended in another cannot be kept beside it. And pcsclite waits without end for a transaction
//! of another program, whatever is called; here only this thread does, and its owner's patience can
//! end.
//!
//! Every command outside a scope has a transaction of its own: once that is begun, nobody is in the
//! way, and an error before that means that nothing was sent.

use std::ffi::CString;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use ::pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode, Transaction};

use super::{MAX_ANSWER, patiently};

/// How long a card that is given back is waited for; another program may hold it.
const PARTING: Duration = Duration::from_secs(1);

/// A card that is connected to.
pub(super) struct Holder {
    requests: SyncSender<Request>,
    answers: Receiver<Answer>,
    patience: Duration,
    /// Whether commands stand in one transaction.
    exclusive: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent(Error),
    /// The command was sent.
    Sent(Error),
}

enum Request {
    Transmit(Vec<u8>),
    Reset,
    Begin,
    End,
    LetGo(Disposition),
}

enum Answer {
    /// Nobody else is at the card: what was asked for is being done.
    Alone,
    Done(Result<Vec<u8>, Failure>),
}

impl Holder {
    /// Connects to the card in the reader `name`. A connection without protocol cannot transmit:
    /// [`Error::ProtoMismatch`].
    pub(super) fn connect(
        context: &Context,
        name: &CString,
        mode: ShareMode,
        patience: Duration,
    ) -> Result<Self, Error> {
        let (requests, incoming) = mpsc::sync_channel(1);
        // Without room in it: an answer that is sent has been taken, so that what its owner has
        // given up is never done.
        let (outgoing, answers) = mpsc::sync_channel(0);
        let (context, name) = (context.clone(), name.clone());
        let thread = Thread { mode, incoming, outgoing, buffer: vec![0; MAX_ANSWER] };
        thread::spawn(move || thread.run(&context, &name, patience));
        let holder = Self { requests, answers, patience, exclusive: false };
        // The thread itself waits for a card that is held exclusively; then for a transaction.
        match holder.answers.recv_timeout(patience.saturating_mul(2)) {
            Ok(Answer::Done(Err(Failure::NotSent(error) | Failure::Sent(error)))) => Err(error),
            Ok(_) => Ok(holder),
            Err(RecvTimeoutError::Timeout) => Err(Error::SharingViolation),
            Err(RecvTimeoutError::Disconnected) => Err(Error::InternalError),
        }
    }

    pub(super) fn transmit(&self, command: &[u8]) -> Result<Vec<u8>, Failure> {
        self.ask(Request::Transmit(command.to_vec()))
    }

    /// The ATR.
    pub(super) fn reset(&self) -> Result<Vec<u8>, Failure> {
        self.ask(Request::Reset)
    }

    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        if !self.exclusive {
            self.ask(Request::Begin)?;
            self.exclusive = true;
        }
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<(), Failure> {
        let ended = if self.exclusive { self.ask(Request::End).map(drop) } else { Ok(()) };
        self.exclusive = false;
        ended
    }

    /// Gives the card back to PC/SC. [`Error::SharingViolation`] where another program holds it and
    /// does not let go; that it is given back then happens once it does.
    pub(super) fn let_go(self, disposition: Disposition) -> Result<(), Error> {
        if self.requests.send(Request::LetGo(disposition)).is_err() {
            return Err(Error::InternalError);
        }
        match self.answers.recv_timeout(PARTING) {
            Ok(Answer::Done(Err(Failure::NotSent(error) | Failure::Sent(error)))) => Err(error),
            Ok(_) => Ok(()),
            Err(RecvTimeoutError::Timeout) => Err(Error::SharingViolation),
            Err(RecvTimeoutError::Disconnected) => Err(Error::InternalError),
        }
    }

    /// Asks the thread. What could not begin for too long will not be done.
    fn ask(&self, request: Request) -> Result<Vec<u8>, Failure> {
        let dead = Failure::Sent(Error::InternalError);
        self.requests.send(request).map_err(|_| dead)?;
        let begun = match self.exclusive {
            true => self.answers.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => self.answers.recv_timeout(self.patience),
        };
        match begun {
            Ok(Answer::Done(answer)) => return answer,
            Ok(Answer::Alone) => {}
            Err(RecvTimeoutError::Timeout) => {
                return Err(Failure::NotSent(Error::SharingViolation));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(dead),
        }
        match self.answers.recv() {
            Ok(Answer::Done(answer)) => answer,
            _ => Err(dead),
        }
    }
}

/// The thread's end of it. Its owner is gone when a channel is.
struct Thread {
    mode: ShareMode,
    incoming: Receiver<Request>,
    outgoing: SyncSender<Answer>,
    buffer: Vec<u8>,
}

/// The owner has gone, or has lost its patience.
struct Gone;

impl Thread {
    fn run(mut self, context: &Context, name: &CString, patience: Duration) {
        let connected = patiently(patience, || context.connect(name, self.mode, Protocols::ANY));
        let mut card = match connected {
            Ok(card) => card,
            Err(error) => return drop(self.done(Err(Failure::NotSent(error)))),
        };
        let disposition = match self.greet(&mut card) {
            Ok(()) => self.serve(&mut card).unwrap_or(Disposition::LeaveCard),
            Err(Gone) => Disposition::LeaveCard,
        };
        let parted = part(card, disposition);
        let _ = self.done(parted.map(|()| Vec::new()).map_err(Failure::Sent));
    }

    fn greet(&self, card: &mut Card) -> Result<(), Gone> {
        let status = card.transaction().and_then(|alone| alone.status2_owned());
        let checked = status.and_then(|status| status.protocol2().ok_or(Error::ProtoMismatch));
        let failed = checked.is_err();
        self.done(checked.map(|_| Vec::new()).map_err(Failure::NotSent))?;
        if failed { Err(Gone) } else { Ok(()) }
    }

    /// Serves until the card is to be given back, and how.
    fn serve(&mut self, card: &mut Card) -> Result<Disposition, Gone> {
        loop {
            let request = match self.next()? {
                Request::LetGo(disposition) => return Ok(disposition),
                Request::End => {
                    self.done(Ok(Vec::new()))?;
                    continue;
                }
                request => request,
            };
            let mut alone = match card.transaction() {
                Ok(alone) => alone,
                Err(error) => {
                    self.done(Err(Failure::NotSent(error)))?;
                    continue;
                }
            };
            let answer = if matches!(request, Request::Begin) {
                self.done(Ok(Vec::new()))?;
                match self.serve_alone(&mut alone)? {
                    Some(disposition) => return Ok(disposition),
                    None => Ok(Vec::new()),
                }
            } else {
                self.say(Answer::Alone)?;
                self.act(&mut alone, request)
            };
            drop(alone);
            self.done(answer)?;
        }
    }

    /// Serves within one transaction until it is to end; also how the card is to be given back,
    /// where that is asked for.
    fn serve_alone(&mut self, alone: &mut Transaction<'_>) -> Result<Option<Disposition>, Gone> {
        loop {
            match self.next()? {
                Request::LetGo(disposition) => return Ok(Some(disposition)),
                Request::End => return Ok(None),
                Request::Begin => self.done(Ok(Vec::new()))?,
                request => {
                    let answer = self.act(alone, request);
                    self.done(answer)?;
                }
            }
        }
    }

    /// A command or a reset, with nobody else at the card.
    fn act(&mut self, alone: &mut Transaction<'_>, request: Request) -> Result<Vec<u8>, Failure> {
        let done = match request {
            Request::Transmit(command) => {
                alone.transmit(&command, &mut self.buffer).map(<[u8]>::to_vec)
            }
            _ => alone
                .reconnect(self.mode, Protocols::ANY, Disposition::ResetCard)
                .and_then(|()| Ok(alone.status2_owned()?.atr().to_vec())),
        };
        done.map_err(Failure::Sent)
    }

    fn next(&self) -> Result<Request, Gone> {
        self.incoming.recv().map_err(|_| Gone)
    }

    fn done(&self, answer: Result<Vec<u8>, Failure>) -> Result<(), Gone> {
        self.say(Answer::Done(answer))
    }

    fn say(&self, answer: Answer) -> Result<(), Gone> {
        self.outgoing.send(answer).map_err(|_| Gone)
    }
}

/// Gives a handle back. Dropping it would reset the card behind everybody's back; one that cannot
/// be given back is of a card that is gone.
fn part(card: Card, disposition: Disposition) -> Result<(), Error> {
    card.disconnect(disposition).map_err(|(card, error)| {
        std::mem::forget(card);
        error
    })
}
