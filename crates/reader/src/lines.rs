//! A line out, a line back, over TCP and within a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use link::LinkError;

/// Longest answer line: 65538 bytes in hex, and then some.
const MAX_LINE: usize = 140 * 1024;

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For each answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), answer: Duration::from_secs(30) }
    }
}

/// A connection on which each line is answered with one line.
#[derive(Debug)]
pub(crate) struct LineClient {
    address: String,
    stream: Option<TcpStream>,
    answer: Duration,
}

impl LineClient {
    pub(crate) fn connect(address: &str, timeouts: Timeouts) -> Result<Self, LinkError> {
        let stream = open(address, timeouts).map_err(|source| LinkError::Io {
            what: format!(
                "connecting to {address} (is the emulator running there, and the address HOST:PORT?)"
            ),
            source,
        })?;
        Ok(Self { address: address.to_owned(), stream: Some(stream), answer: timeouts.answer })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends `line` and waits for the answer. After an error the connection is of no use: a late
    /// answer would be taken for that of the next command.
    pub(crate) fn ask(&mut self, line: &str) -> Result<String, LinkError> {
        let Some(mut stream) = self.stream.take() else {
            return Err(LinkError::Protocol(format!(
                "the connection to {} was given up after an error; connect again",
                self.address
            )));
        };
        let answer = exchange(&mut stream, line, self.answer);
        match answer {
            Ok(Some(answer)) => {
                self.stream = Some(stream);
                Ok(answer)
            }
            Ok(None) => Err(LinkError::Protocol(format!(
                "{} answers with more than a line of {MAX_LINE} bytes of text; \
                 is it an emulator of this version?",
                self.address
            ))),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(LinkError::Timeout(self.answer))
            }
            Err(source) => {
                Err(LinkError::Io { what: format!("talking to {}", self.address), source })
            }
        }
    }
}

fn open(address: &str, timeouts: Timeouts) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for resolved in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&resolved, timeouts.connect) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(timeouts.answer))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// One line each way; `None` where the answer is not one line of text.
fn exchange(stream: &mut TcpStream, line: &str, limit: Duration) -> io::Result<Option<String>> {
    let start = Instant::now();
    stream.write_all(format!("{line}\n").as_bytes()).map_err(timed_out)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = match stream.read(&mut chunk) {
            Ok(0) => {
                let text = "the other side closed the connection";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
            }
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(timed_out(error)),
        };
        answer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        match answer.iter().position(|byte| *byte == b'\n') {
            Some(end) if end + 1 == answer.len() => {
                answer.truncate(end);
                let text = String::from_utf8(answer).ok();
                return Ok(text.map(|text| text.trim_end().to_owned()));
            }
            None if answer.len() <= MAX_LINE => {}
            _ => return Ok(None),
        }
    }
}

fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// A server for tests: takes one client and one line for each of `answers`; an empty answer closes
/// the connection. Gives its address and a thread that returns the lines that came.
#[cfg(test)]
pub(crate) fn served(answers: &[&str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead, BufReader};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut input = BufReader::new(stream.try_clone().unwrap());
        let mut heard = Vec::new();
        for answer in answers {
            let mut line = String::new();
            input.read_line(&mut line).unwrap();
            heard.push(line.trim_end().to_owned());
            if answer.is_empty() {
                return heard;
            }
            let _ = stream.write_all(answer.as_bytes());
        }
        // Stays until the client has gone.
        let _ = input.read_line(&mut String::new());
        heard
    });
    (address, thread)
}
