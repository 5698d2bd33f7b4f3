//! A card that is next to nothing, and scenarios over real sockets on the loopback.

mod control;
mod daemon;
mod hexline;
mod vpcd;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use link::{Atr, CardControl, CardTransport, ControlError, LinkError};

use super::{SharedCard, Stopper};

/// Longest that anything in these tests may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Answers 9000, and does by INS: EE falls silent, BB has a bug, CC cannot be stored, 5E sleeps,
/// C1 answers P1 P2 bytes; FF panics.
#[derive(Debug)]
struct Fake {
    inserted: bool,
    powered: bool,
    resets: usize,
    commands: Vec<Vec<u8>>,
    log: Vec<String>,
}

impl Fake {
    fn shared() -> (SharedCard<Self>, Arc<Mutex<Self>>) {
        let card = Arc::new(Mutex::new(Self {
            inserted: true,
            powered: false,
            resets: 0,
            commands: Vec::new(),
            log: Vec::new(),
        }));
        (SharedCard::new(Arc::clone(&card)), card)
    }

    fn note(&mut self, what: String) -> Result<(), ControlError> {
        self.log.push(what);
        Ok(())
    }
}

impl CardTransport for Fake {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.resets += 1;
        self.powered = true;
        Ok(Atr(vec![0x3B, 0x01, 0x55]))
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.powered = false;
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        assert!(self.powered && self.inserted, "the shared sends nothing to a card without power");
        self.commands.push(command.to_vec());
        match *command {
            [_, 0xEE, ..] => {
                self.powered = false;
                Err(LinkError::Mute)
            }
            [_, 0xBB, ..] => Err(LinkError::Bug("0 is 1".to_owned())),
            [_, 0xCC, ..] => Err(LinkError::Storage("disk full".into())),
            [_, 0xFF, ..] => panic!("as the test wants"),
            [_, 0x5E, ..] => {
                thread::sleep(Duration::from_millis(100));
                Ok(vec![0x90, 0x00])
            }
            [_, 0xC1, p1, p2, ..] => {
                let length = usize::from(u16::from_be_bytes([p1, p2]));
                Ok([vec![0xAB; length], vec![0x90, 0x00]].concat())
            }
            _ => Ok(vec![0x90, 0x00]),
        }
    }

    fn describe(&self) -> String {
        "fake card".to_owned()
    }
}

impl CardControl for Fake {
    fn insert(&mut self) -> Result<(), ControlError> {
        self.inserted = true;
        Ok(())
    }

    fn remove(&mut self) -> Result<(), ControlError> {
        self.inserted = false;
        self.powered = false;
        Ok(())
    }

    fn inserted(&self) -> bool {
        self.inserted
    }

    fn tear(&mut self, write: u64) -> Result<(), ControlError> {
        self.note(format!("tear {write}"))
    }

    fn snapshot(&mut self, name: &str) -> Result<(), ControlError> {
        self.note(format!("snapshot {name}"))
    }

    fn restore(&mut self, name: &str) -> Result<(), ControlError> {
        self.powered = false;
        match name {
            "unknown" => Err(ControlError::Value("no snapshot 'unknown'\nthere are none".into())),
            "bad" => Err(ControlError::Storage("disk full".into())),
            _ => self.note(format!("restore {name}")),
        }
    }

    fn resume(&mut self, name: &str) -> Result<(), ControlError> {
        self.note(format!("resume {name}"))
    }

    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError> {
        let answer = |command: &Vec<u8>| match command.as_slice() {
            [] => Vec::new(),
            [length, ..] => vec![0xAB; usize::from(*length) * 256 + 2],
        };
        Ok(commands.iter().map(answer).collect())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError> {
        if key == "odd" {
            return Err(ControlError::Value("'odd' is no key".into()));
        }
        self.note(format!("{key}={value}"))
    }

    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        Ok(vec![("profile".into(), "a \"b\"".into()), ("balance".into(), "12".into())])
    }
}

/// Ends the links however a test ends, so that none hangs.
struct StopAtEnd(Stopper);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs `link` in a thread and `test` here; then stops the link and gives what it returned.
fn beside<R: Send>(
    shared: &SharedCard<Fake>,
    link: impl FnOnce() -> R + Send,
    test: impl FnOnce(),
) -> R {
    thread::scope(|scope| {
        let running = scope.spawn(link);
        {
            let _stop = StopAtEnd(shared.stopper());
            test();
        }
        running.join().unwrap()
    })
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A client of one of the line protocols.
struct Lines {
    stream: TcpStream,
    input: BufReader<TcpStream>,
}

impl Lines {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let input = BufReader::new(stream.try_clone().unwrap());
        Self { stream, input }
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.input.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, line: &str) -> String {
        self.send(&format!("{line}\n"));
        self.line()
    }
}
