//! The reader's side of vpcd: virtual cards of whatever make connect to us, and no PC/SC daemon is
//! needed. `vpcd:PORT` is this; [`link::vpcd`] has the frames.
//!
//! The first card that connects is in the reader until it closes its connection, which is how a
//! virtual card is pulled out and how it falls silent: the protocol has no word for silence. Others
//! are refused meanwhile.

mod slot;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use link::socket::Bound;
use link::vpcd::{Frame, encode};
use link::{Atr, CardTransport, LinkError};

use self::slot::{Connection, Received, SlotServer};

/// How long a card may take to read what it is sent.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// A reader that virtual cards connect to.
pub struct VpcdServer {
    server: SlotServer,
    address: SocketAddr,
    warning: Option<String>,
    answer: Duration,
    card: Option<Card>,
}

/// The card in the reader, while its connection stands.
struct Card {
    connection: Connection,
    powered: bool,
}

impl VpcdServer {
    /// Listens at `PORT`, for cards of this machine only, or at `HOST:PORT`; port 0 takes a free
    /// one. `answer` is how long an answer may take.
    ///
    /// # Errors
    /// [`LinkError::Io`] where the address cannot be had.
    pub fn bind(address: &str, answer: Duration) -> Result<Self, LinkError> {
        let full = match address.parse::<u16>() {
            Ok(port) => format!("127.0.0.1:{port}"),
            Err(_) => address.to_owned(),
        };
        let Bound { listener, address, warning } = link::socket::bind(&full)?;
        let server = SlotServer::start(listener)
            .map_err(|source| LinkError::Io { what: format!("listening on {address}"), source })?;
        Ok(Self { server, address, warning, answer, card: None })
    }

    /// Where cards connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the user should be told: the port can be reached from other machines.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Waits until a card has connected; without `limit`, for as long as it takes.
    ///
    /// # Errors
    /// [`LinkError::Timeout`].
    pub fn wait_for_card(&mut self, limit: Option<Duration>) -> Result<(), LinkError> {
        if self.card.as_ref().is_some_and(|card| !card.connection.is_gone()) {
            return Ok(());
        }
        let connection = self.server.wait(limit);
        let connection = connection.ok_or(LinkError::Timeout(limit.unwrap_or_default()))?;
        self.card = Some(Card { connection, powered: false });
        Ok(())
    }

    /// The card, the next one where there is none. One that went since it was last spoken to is told
    /// once: whoever believes to speak to it must not speak to another.
    fn present(&mut self) -> Result<&mut Card, LinkError> {
        if self.card.as_ref().is_some_and(|card| card.connection.is_gone()) {
            self.card = None;
            return Err(self.absent());
        }
        if self.card.is_none() {
            let connection = self.server.take().ok_or_else(|| self.absent())?;
            self.card = Some(Card { connection, powered: false });
        }
        let absent = LinkError::NoCard(self.describe());
        self.card.as_mut().ok_or(absent)
    }

    fn absent(&self) -> LinkError {
        LinkError::NoCard(self.describe())
    }

    /// Sends `frames`; the answer to the last, after which the card has power. After an error the
    /// connection is of no use: a late answer would be taken for that of the next command.
    fn ask(&mut self, frames: &[Frame]) -> Result<Vec<u8>, LinkError> {
        let mut bytes = Vec::new();
        for frame in frames {
            let one = encode(frame.payload());
            bytes.extend(one.map_err(|error| LinkError::Protocol(error.to_string()))?);
        }
        let limit = self.answer;
        let answer = self.present()?.ask(&bytes, limit);
        match (&answer, &mut self.card) {
            (Ok(_), Some(card)) => card.powered = true,
            _ => self.card = None,
        }
        answer
    }
}

impl Card {
    fn ask(&mut self, bytes: &[u8], limit: Duration) -> Result<Vec<u8>, LinkError> {
        if let Some(stray) = self.connection.stray() {
            return Err(LinkError::Protocol(format!(
                "the card at {} sent {} bytes that nobody asked for, and was given up before \
                 anything was sent to it; is it a vpcd card?",
                self.connection.peer(),
                stray.len()
            )));
        }
        self.say(bytes)?;
        match self.connection.receive(limit) {
            Received::Payload(payload) => Ok(payload),
            Received::Gone => Err(LinkError::Mute),
            Received::Late => Err(LinkError::Timeout(limit)),
        }
    }

    fn say(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match self.connection.stream().write_all(bytes) {
            Ok(()) => Ok(()),
            Err(_) if self.connection.is_gone() => Err(LinkError::Mute),
            Err(source) => {
                let what = format!("sending to the card at {}", self.connection.peer());
                Err(LinkError::Io { what, source })
            }
        }
    }
}

impl CardTransport for VpcdServer {
    /// A card that came meanwhile is the card. One without ATR answers an empty one.
    fn reset(&mut self) -> Result<Atr, LinkError> {
        if self.card.as_ref().is_some_and(|card| card.connection.is_gone()) {
            self.card = None;
        }
        let up = if self.present()?.powered { Frame::Reset } else { Frame::PowerOn };
        self.ask(&[up, Frame::Atr]).map(Atr)
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        match &mut self.card {
            Some(card) if !card.connection.is_gone() => {
                card.powered = false;
                let bytes = encode(Frame::PowerOff.payload());
                card.say(&bytes.map_err(|error| LinkError::Protocol(error.to_string()))?)
            }
            _ => Ok(()),
        }
    }

    /// A card that has just connected is powered up by its first command, as PC/SC does it.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let frame = Frame::new(command);
        if !matches!(frame, Frame::Apdu(_)) {
            return Err(LinkError::Protocol(
                "a command of one byte or none cannot be sent to a vpcd card, which takes it for a \
                 word about power; a command has four bytes or more"
                    .to_owned(),
            ));
        }
        let answer = match self.present()?.powered {
            true => self.ask(&[frame])?,
            false => self.ask(&[Frame::PowerOn, frame])?,
        };
        match answer.len() {
            // The card has nothing to say, as a real one that fell silent; what it was doing is over.
            0 => {
                self.card = None;
                Err(LinkError::Mute)
            }
            1 => Err(LinkError::Protocol(format!(
                "the card in {} answers without SW1 SW2",
                self.describe()
            ))),
            _ => Ok(answer),
        }
    }

    fn describe(&self) -> String {
        format!("vpcd:{}", self.address)
    }
}
