//! The card in a virtual PC/SC reader: a client of the vpcd driver of pcscd.
//!
//! To PC/SC, the card is in the reader while the connection stands. So pulling the card closes it
//! and putting it back opens it again. There is no frame for silence: a card that falls silent
//! (torn, or muted by a fault) has left the field. The connection is closed, PC/SC reports the card
//! gone, and after [`Timing::absence`] it comes back without power.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use link::socket::read_some;
use link::vpcd::{Frame, FrameReader, encode};
use link::{CardControl, CardTransport, LinkError};

use super::events::{Departure, Event};
use super::shared::fatal;
use super::{POLL, SharedCard};

/// How long the link waits, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A card that left stays away at least this long; pcscd looks every 400 ms.
    pub absence: Duration,
    /// First wait before connecting again; it doubles.
    pub first_retry: Duration,
    /// Longest wait before connecting again.
    pub last_retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            absence: Duration::from_millis(900),
            first_retry: Duration::from_millis(50),
            last_retry: Duration::from_secs(1),
        }
    }
}

/// Is the card in the reader of the vpcd at `address` (`HOST:PORT`), until the links are stopped.
///
/// # Errors
/// [`LinkError::Bug`] or [`LinkError::Storage`] of the card; [`LinkError::Io`] where `address` is
/// none.
pub fn serve<C>(
    shared: &SharedCard<C>,
    address: &str,
    timing: Timing,
    mut tell: impl FnMut(&Event<'_>),
) -> Result<(), LinkError>
where
    C: CardTransport + CardControl + Send,
{
    let mut retry = timing.first_retry;
    let mut last_reason = String::new();
    while !shared.stopped() {
        let departures = shared.departures();
        if !shared.inserted()? {
            thread::sleep(POLL);
            continue;
        }
        let stream = match connect(address) {
            Ok(stream) => stream,
            Err(source) if source.kind() == io::ErrorKind::InvalidInput => {
                let what = format!("connecting to vpcd at {address} (give HOST:PORT)");
                return Err(LinkError::Io { what, source });
            }
            Err(reason) => {
                let text = reason.to_string();
                if text != last_reason {
                    tell(&Event::Waiting { address, reason: &reason });
                    last_reason = text;
                }
                pause(shared, retry);
                retry = timing.last_retry.min(retry * 2);
                continue;
            }
        };
        last_reason.clear();
        tell(&Event::Connected { address });
        let mut session = Session { shared, departures, heard: false };
        let departure = session.run(stream)?;
        tell(&Event::Left(&departure));
        match departure {
            Departure::Removed | Departure::Silent(_) => {
                retry = timing.first_retry;
                pause(shared, timing.absence);
            }
            _ => {
                // A driver that closes at once is asked less and less often.
                retry = if session.heard { timing.first_retry } else { retry };
                pause(shared, retry);
                retry = timing.last_retry.min(retry * 2);
            }
        }
    }
    shared.outcome()
}

/// One stay in the reader.
struct Session<'a, C> {
    shared: &'a SharedCard<C>,
    departures: u64,
    heard: bool,
}

impl<C: CardTransport + CardControl + Send> Session<'_, C> {
    fn run(&mut self, stream: TcpStream) -> Result<Departure, LinkError> {
        let departure = self.talk(stream).unwrap_or_else(Departure::Broken);
        match departure {
            Departure::Silent(error) if fatal(&error) => Err(error),
            departure => {
                // Out of the reader is without power; a card that is mute already has none.
                match self.shared.power_off() {
                    Err(error) if fatal(&error) => Err(error),
                    _ => Ok(departure),
                }
            }
        }
    }

    fn talk(&mut self, mut stream: TcpStream) -> io::Result<Departure> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        let mut frames = FrameReader::default();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            if self.shared.stopped() {
                return Ok(Departure::Stopped);
            }
            if self.shared.departures() != self.departures {
                return Ok(Departure::Removed);
            }
            match read_some(&mut stream, &mut chunk, Some(POLL))? {
                None => continue,
                Some(0) => return Ok(Departure::Closed),
                Some(count) => frames.push(chunk.get(..count).unwrap_or_default()),
            }
            while let Some(frame) = frames.next_frame() {
                self.heard = true;
                match self.answer(frame) {
                    Ok(Some(answer)) => stream.write_all(&answer)?,
                    Ok(None) => {}
                    Err(LinkError::NoCard(_)) => return Ok(Departure::Removed),
                    Err(error) => return Ok(Departure::Silent(error)),
                }
            }
        }
    }

    fn answer(&self, frame: Frame) -> Result<Option<Vec<u8>>, LinkError> {
        let payload = match frame {
            Frame::Empty => return Ok(None),
            Frame::PowerOff => return self.shared.power_off().map(|()| None),
            Frame::PowerOn | Frame::Reset => return self.shared.reset().map(|_| None),
            Frame::Atr => self.shared.atr()?.0,
            Frame::Apdu(command) => self.shared.transmit(&command)?,
        };
        encode(&payload).map(Some).map_err(|error| LinkError::Protocol(error.to_string()))
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for resolved in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&resolved, Duration::from_secs(1)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Sleeps, but not past the end of the link.
fn pause<C: CardTransport + CardControl + Send>(shared: &SharedCard<C>, duration: Duration) {
    let start = Instant::now();
    while !shared.stopped() && start.elapsed() < duration {
        thread::sleep(POLL.min(duration.saturating_sub(start.elapsed())));
    }
}
