//! Talking in lines with whoever connects to a port.

use std::io::{self, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use link::socket::{Bound, read_some};
use link::{CardControl, CardTransport, LinkError};

use super::lines::{Line, LineReader};
use super::{POLL, SharedCard};

/// Clients served at the same time.
const MAX_CLIENTS: usize = 64;
/// How long a client may leave its answers unread.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to send back for a line.
#[derive(Debug)]
pub struct Reply {
    /// The answer line, without LF; none for an empty line.
    pub text: Option<String>,
    /// Why the emulator must end after it.
    pub failure: Option<LinkError>,
}

impl Reply {
    pub(super) fn line(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), failure: None }
    }

    pub(super) fn nothing() -> Self {
        Self { text: None, failure: None }
    }
}

/// Serves every client of `bound` in its own thread until the links are stopped; `talk` makes the
/// function that answers one client's lines.
pub(super) fn serve<C, F>(
    shared: &SharedCard<C>,
    bound: &Bound,
    limit: usize,
    talk: impl Fn() -> F + Sync,
) -> Result<(), LinkError>
where
    C: CardTransport + CardControl + Send,
    F: FnMut(Line) -> Reply,
{
    let failed = |source| LinkError::Io { what: format!("listening on {}", bound.address), source };
    bound.listener.set_nonblocking(true).map_err(failed)?;
    let clients = AtomicUsize::new(0);
    thread::scope(|scope| {
        while !shared.stopped() {
            match bound.listener.accept() {
                Ok((stream, _)) if clients.load(Ordering::SeqCst) < MAX_CLIENTS => {
                    clients.fetch_add(1, Ordering::SeqCst);
                    let (clients, talk) = (&clients, &talk);
                    scope.spawn(move || {
                        let served = catch_unwind(AssertUnwindSafe(|| {
                            // A client that vanishes is no concern of the others.
                            let _ = converse(shared, stream, limit, talk());
                        }));
                        if served.is_err() {
                            shared.fail(LinkError::Bug("a client's thread died".to_owned()));
                        }
                        clients.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                Ok((mut stream, _)) => {
                    let _ = writeln!(stream, "error: {MAX_CLIENTS} clients are served already");
                }
                // Whatever befalls one connection or the file table, the next may work.
                Err(_) => thread::sleep(POLL),
            }
        }
    });
    shared.outcome()
}

fn converse<C: CardTransport + CardControl + Send>(
    shared: &SharedCard<C>,
    mut stream: TcpStream,
    limit: usize,
    mut answer: impl FnMut(Line) -> Reply,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = LineReader::new(limit);
    let mut chunk = vec![0; 16 * 1024];
    while !shared.stopped() {
        let count = match read_some(&mut stream, &mut chunk, Some(POLL))? {
            None => continue,
            Some(0) => {
                lines.finish();
                return say_all(shared, &mut stream, &mut lines, &mut answer);
            }
            Some(count) => count,
        };
        lines.push(chunk.get(..count).unwrap_or_default());
        say_all(shared, &mut stream, &mut lines, &mut answer)?;
    }
    Ok(())
}

/// Answers the lines that are whole, each in one write.
pub(super) fn say_all<C: CardTransport + CardControl + Send>(
    shared: &SharedCard<C>,
    out: &mut impl Write,
    lines: &mut LineReader,
    answer: &mut impl FnMut(Line) -> Reply,
) -> io::Result<()> {
    while let Some(line) = lines.next_line()
        && !shared.stopped()
    {
        let reply = answer(line);
        let written = match reply.text {
            Some(text) => out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush()),
            None => Ok(()),
        };
        if let Some(failure) = reply.failure {
            shared.fail(failure);
        }
        written?;
    }
    Ok(())
}
