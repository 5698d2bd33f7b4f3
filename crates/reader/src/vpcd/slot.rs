//! The one place in the reader: who connects first has it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use link::socket::read_some;
use link::vpcd::FrameReader;

use super::WRITE_LIMIT;

/// How often the server looks whether it is to end.
const POLL: Duration = Duration::from_millis(20);

/// Takes connections, as long as it lives.
pub(super) struct SlotServer {
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// A card's connection.
pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    payloads: Receiver<Vec<u8>>,
    gone: Arc<AtomicBool>,
}

/// What came of waiting for an answer.
pub(super) enum Received {
    Payload(Vec<u8>),
    /// The card closed its connection, or it broke.
    Gone,
    /// Nothing came in time.
    Late,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    place: Mutex<Place>,
    arrived: Condvar,
}

#[derive(Default)]
struct Place {
    /// The card that nobody has taken yet.
    fresh: Option<Connection>,
    /// Whether the last card is gone; none was ever there at first.
    last: Option<Arc<AtomicBool>>,
}

impl SlotServer {
    pub(super) fn start(listener: TcpListener) -> std::io::Result<Self> {
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared::default());
        let thread = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&thread, &listener));
        Ok(Self { shared, acceptor: Some(acceptor) })
    }

    /// The card that has connected and was not taken yet.
    pub(super) fn take(&self) -> Option<Connection> {
        take_fresh(&mut self.shared.place())
    }

    /// Waits for it.
    pub(super) fn wait(&self, limit: Option<Duration>) -> Option<Connection> {
        let start = Instant::now();
        let mut place = self.shared.place();
        loop {
            if let Some(connection) = take_fresh(&mut place) {
                return Some(connection);
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            let slice = left.unwrap_or(Duration::from_secs(3600));
            let waited = self.shared.arrived.wait_timeout(place, slice);
            place = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for SlotServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    /// What the mutex guards is whole at any instant.
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that came and went before it was taken was never there.
fn take_fresh(place: &mut Place) -> Option<Connection> {
    place.fresh.take().filter(|connection| !connection.is_gone())
}

fn accept(shared: &Shared, listener: &TcpListener) {
    while !shared.stop.load(Ordering::SeqCst) {
        let Ok((stream, peer)) = listener.accept() else {
            // Whatever befalls one connection or the file table, the next may work.
            thread::sleep(POLL);
            continue;
        };
        let mut place = shared.place();
        let taken = place.last.as_ref().is_some_and(|gone| !gone.load(Ordering::SeqCst));
        // Closing at once is the only way to say no that the protocol has.
        if !taken && let Ok(connection) = Connection::start(stream, peer) {
            place.last = Some(Arc::clone(&connection.gone));
            place.fresh = Some(connection);
            shared.arrived.notify_all();
        }
    }
}

impl Connection {
    fn start(stream: TcpStream, peer: SocketAddr) -> std::io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let incoming = stream.try_clone()?;
        let gone = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&gone);
        // One answer at a time is due; what a card sends beyond that waits in its own buffers.
        let (sender, payloads) = mpsc::sync_channel(1);
        thread::spawn(move || {
            listen(incoming, &sender);
            flag.store(true, Ordering::SeqCst);
        });
        Ok(Self { stream, peer, payloads, gone })
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// A payload that is there before anything was asked.
    pub(super) fn stray(&self) -> Option<Vec<u8>> {
        self.payloads.try_recv().ok()
    }

    pub(super) fn receive(&self, limit: Duration) -> Received {
        match self.payloads.recv_timeout(limit) {
            Ok(payload) => Received::Payload(payload),
            Err(RecvTimeoutError::Disconnected) => Received::Gone,
            Err(RecvTimeoutError::Timeout) => Received::Late,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Wakes the thread that listens; a connection that is closed already needs no more.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.gone.store(true, Ordering::SeqCst);
    }
}

/// Hands on what the card sends, until it ends.
fn listen(mut stream: TcpStream, sender: &SyncSender<Vec<u8>>) {
    let mut frames = FrameReader::default();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match read_some(&mut stream, &mut chunk, None) {
            Ok(None) => continue,
            Ok(Some(0)) | Err(_) => return,
            Ok(Some(count)) => frames.push(chunk.get(..count).unwrap_or_default()),
        }
        while let Some(payload) = frames.next_payload() {
            if sender.send(payload).is_err() {
                return;
            }
        }
    }
}
