//! Looking at the system without changing it.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Who listens on a TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Nobody.
    Nobody,
    /// Somebody, for this machine only.
    Loopback,
    /// Somebody, for everybody.
    Everywhere,
}

/// A program on PATH or where root's programs are.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// A shared library where Debian and others keep them.
pub fn library(name: &str) -> Option<PathBuf> {
    let roots = ["/usr/lib", "/lib", "/usr/local/lib", "/usr/lib64"];
    let multiarch = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let folders = roots.iter().map(PathBuf::from).chain(multiarch.map(|entry| entry.path()));
    folders.map(|folder| folder.join(name)).find(|path| path.exists())
}

/// Whether a Unix socket answers.
pub fn socket(path: &Path) -> Result<(), String> {
    UnixStream::connect(path).map(drop).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "not there".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody behind it".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not open it".to_owned(),
        _ => error.to_string(),
    })
}

/// Names of the smart card readers on USB, by the kernel's account: devices with an interface of
/// class 0B (CCID). PC/SC shows those that it has a driver for.
pub fn usb_readers(devices: &Path) -> Vec<String> {
    const SMART_CARD: &str = "0b";
    let read = |path: PathBuf| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let mut names = Vec::new();
    for entry in fs::read_dir(devices).into_iter().flatten().flatten() {
        // An interface is DEVICE:CONFIGURATION.INTERFACE.
        let interface = entry.file_name().to_string_lossy().into_owned();
        let Some((device, _)) = interface.split_once(':') else { continue };
        if read(entry.path().join("bInterfaceClass")).as_deref() == Some(SMART_CARD) {
            let product = read(devices.join(device).join("product"));
            names.push(product.unwrap_or_else(|| format!("USB device {device}")));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Who listens on `port`, by the kernel's tables: connecting would look like a card to vpcd.
pub fn listener(port: u16) -> Listener {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|table| fs::read_to_string(table).unwrap_or_default());
    let mut found = Listener::Nobody;
    for address in tables.iter().flat_map(|table| listening(table, port)) {
        let everywhere = address.bytes().all(|digit| digit == b'0');
        if everywhere {
            return Listener::Everywhere;
        }
        found = Listener::Loopback;
    }
    found
}

/// Local addresses in hex that listen on `port`.
fn listening(table: &str, port: u16) -> Vec<&str> {
    table.lines().skip(1).filter_map(|line| listening_address(line, port)).collect()
}

fn listening_address(line: &str, port: u16) -> Option<&str> {
    const LISTEN: &str = "0A";
    let mut words = line.split_whitespace();
    let (local, state) = (words.nth(1)?, words.nth(1)?);
    let (address, at) = local.split_once(':')?;
    (state == LISTEN && u16::from_str_radix(at, 16) == Ok(port)).then_some(address)
}

/// The port in the driver's configuration.
pub fn vpcd_port(config: &Path) -> Option<u16> {
    channel(&fs::read_to_string(config).ok()?)
}

fn channel(text: &str) -> Option<u16> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("CHANNELID"))?.trim();
    match value.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => value.parse().ok(),
    }
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Whether polkit has actions of pcscd.
pub fn polkit_knows_pcsc() -> bool {
    Path::new("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy").exists()
}

/// A Python that has a module.
pub fn python_with(module: &str) -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", &format!("import {module}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_table_tells_who_listens() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
            \x20  0: 00000000:8C7B 00000000:0000 0A 00000000:00000000 00:00000000\n\
            \x20  1: 0100007F:8C7C 00000000:0000 0A 00000000:00000000 00:00000000\n\
            \x20  2: 0100007F:8C7C 0100007F:1234 01 00000000:00000000 00:00000000\n";
        assert_eq!(listening(table, 0x8C7B), ["00000000"]);
        assert_eq!(listening(table, 0x8C7C), ["0100007F"]);
        assert_eq!(listening(table, 1), [""; 0]);
    }

    #[test]
    fn readers_on_usb_are_known_by_their_class() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("1-2/product", "ACR39U ICC Reader\n");
        file("1-2:1.0/bInterfaceClass", "0b\n");
        file("1-2:1.1/bInterfaceClass", "0b\n");
        file("1-3/product", "Keyboard\n");
        file("1-3:1.0/bInterfaceClass", "03\n");
        file("1-4:1.0/bInterfaceClass", "0b\n");
        assert_eq!(usb_readers(folder.path()), ["ACR39U ICC Reader", "USB device 1-4"]);
        assert_eq!(usb_readers(&folder.path().join("none")), [""; 0]);
    }

    #[test]
    fn the_port_comes_from_the_driver_s_configuration() {
        assert_eq!(channel("FRIENDLYNAME \"x\"\nCHANNELID    0x8C7B\n"), Some(35_963));
        assert_eq!(channel("CHANNELID 1234"), Some(1234));
        assert_eq!(channel("# none"), None);
    }
}
