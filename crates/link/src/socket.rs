//! What every end of a TCP link does the same way: taking a port, and reading without delay.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::LinkError;

/// A port that is listened on.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
    /// Where it is, with the port that port 0 became.
    pub address: SocketAddr,
    /// What the user should be told: the port can be reached from other machines.
    pub warning: Option<String>,
}

/// Listens on `HOST:PORT`.
///
/// # Errors
/// [`LinkError::Io`].
pub fn bind(host_port: &str) -> Result<Bound, LinkError> {
    let explain = |source: io::Error| {
        let hint = match source.kind() {
            ErrorKind::AddrInUse => " (another program listens there; choose another port)",
            ErrorKind::InvalidInput => " (give HOST:PORT, as in 127.0.0.1:3965)",
            ErrorKind::PermissionDenied => " (ports below 1024 are for root)",
            _ => "",
        };
        LinkError::Io { what: format!("listening on {host_port}{hint}"), source }
    };
    let listener = TcpListener::bind(host_port).map_err(explain)?;
    let address = listener.local_addr().map_err(explain)?;
    let warning = (!address.ip().to_canonical().is_loopback()).then(|| {
        format!(
            "{address} can be reached from other machines, and nobody is asked for a password; \
             use 127.0.0.1:{} unless that is meant",
            address.port()
        )
    });
    Ok(Bound { listener, address, warning })
}

/// Reads what is there, waiting for it at most `limit`; `None` when nothing came, 0 at the end.
///
/// The acknowledgement is sent at once: a peer that writes in two pieces would wait 40 ms for it
/// between them, and the kernel forgets the option, so it is set before each read.
///
/// # Errors
/// A broken connection.
pub fn read_some(
    stream: &mut TcpStream,
    chunk: &mut [u8],
    limit: Option<Duration>,
) -> io::Result<Option<usize>> {
    stream.set_read_timeout(limit)?;
    #[cfg(target_os = "linux")]
    std::os::linux::net::TcpStreamExt::set_quickack(stream, true)?;
    match stream.read(chunk) {
        Ok(count) => Ok(Some(count)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}
