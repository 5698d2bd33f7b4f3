use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::DEADLINE;

/// The reader's side: a daemon that takes one card.
pub(super) struct Daemon(pub(super) TcpListener);

impl Daemon {
    pub(super) fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    pub(super) fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(super) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub(super) fn accept(&self) -> Reader {
        let start = Instant::now();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(DEADLINE)).unwrap();
                    return Reader(stream);
                }
                Err(_) if start.elapsed() < DEADLINE => thread::sleep(Duration::from_millis(1)),
                Err(error) => panic!("no card came: {error}"),
            }
        }
    }
}

pub(super) struct Reader(pub(super) TcpStream);

impl Reader {
    pub(super) fn send(&mut self, payload: &[u8]) {
        let length = u16::try_from(payload.len()).unwrap();
        self.0.write_all(&length.to_be_bytes()).unwrap();
        self.0.write_all(payload).unwrap();
    }

    pub(super) fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut payload).unwrap();
        payload
    }

    pub(super) fn ask(&mut self, payload: &[u8]) -> Vec<u8> {
        self.send(payload);
        self.receive()
    }

    pub(super) fn closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0; 16]), Ok(0) | Err(_))
    }
}
