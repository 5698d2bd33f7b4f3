//! `purse doctor`: what is installed, running, missing, and what to type next.
//!
//! It only looks; it starts and changes nothing, and never fails for what it finds.

mod readers;
mod system;

use std::path::Path;

use serde::Serialize;

use crate::error::CliError;
use crate::ui::{Tone, Ui};
use system::Listener;

/// Arguments of `purse doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Serialize)]
struct Document {
    ok: bool,
    version: &'static str,
    checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    found: String,
    next: Option<String>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// Not here; what needs it does not work.
    Missing,
    /// Here, but look at it.
    Warning,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Ok, found: found.into(), next: None }
    }

    fn missing(name: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, state: State::Missing, found: found.into(), next: Some(next.into()) }
    }

    fn warning(name: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, state: State::Warning, found: found.into(), next: Some(next.into()) }
    }
}

/// Where the first slot of the vpcd driver listens unless it is configured otherwise.
const VPCD_PORT: u16 = 35_963;
const DRIVERS: &str = "/usr/lib/pcsc/drivers";

/// What lets a user at the readers where polkit does not.
const POLKIT_RULE: &str = "polkit wants a rule (/etc/polkit-1/rules.d/50-pcsc.rules):\n\
    polkit.addRule(function(a, s) { if (a.id.indexOf(\"org.debian.pcsc-lite.\") == 0 && \
    s.isInGroup(\"plugdev\")) return polkit.Result.YES; });\n\
    and you in that group: usermod -aG plugdev $USER, then log in again";

/// Looks, and tells.
///
/// # Errors
/// [`CliError::Output`].
pub fn run(ui: &Ui, _args: &Args) -> Result<(), CliError> {
    let port = system::vpcd_port(Path::new("/etc/reader.conf.d/vpcd")).unwrap_or(VPCD_PORT);
    let checks = vec![
        build(),
        library(),
        daemon(),
        running(),
        readers::ccid(),
        readers::seen(),
        driver(port),
        vpcd(port),
        rights(),
        program("opensc-tool", "opensc", "sends single commands through PC/SC"),
        pyscard(),
        program("javac", "default-jdk-headless", "compiles applets; needed for those only"),
    ];
    if ui.json {
        let version = env!("CARGO_PKG_VERSION");
        return ui.document(&Document { ok: true, version, checks });
    }
    let mut out = String::new();
    for check in &checks {
        let (tone, mark) = match check.state {
            State::Ok => (Tone::Good, "ok     "),
            State::Missing => (Tone::Bad, "missing"),
            State::Warning => (Tone::Warning, "look   "),
        };
        out += &format!("{} {:<15} {}\n", ui.toned(tone, mark), check.name, check.found);
        for line in check.next.iter().flat_map(|next| next.lines()) {
            out += &format!("{:24}-> {line}\n", "");
        }
    }
    out += "\nNothing of this is needed for: purse demo, purse emulate --listen or --stdio, and\n\
            cards named virtual:, tcp:, vpcd: or replay:.\n";
    ui.print(&out)
}

fn build() -> Check {
    let version = concat!("purse ", env!("CARGO_PKG_VERSION"));
    if cfg!(feature = "pcsc") {
        Check::ok("this program", format!("{version}, with PC/SC: --card reader:.. works"))
    } else {
        let next =
            "apt-get install libpcsclite-dev && cargo build --release -p cli --features pcsc";
        Check::warning(
            "this program",
            format!("{version}, without PC/SC: no --card reader:.."),
            next,
        )
    }
}

fn library() -> Check {
    match system::library("libpcsclite.so.1") {
        Some(path) => Check::ok("PC/SC library", path.display().to_string()),
        None => Check::missing(
            "PC/SC library",
            "no libpcsclite.so.1",
            "apt-get install libpcsclite1 (libpcsclite-dev to build with PC/SC)",
        ),
    }
}

fn daemon() -> Check {
    match system::program("pcscd") {
        Some(path) => Check::ok("pcscd", path.display().to_string()),
        None => {
            Check::missing("pcscd", "the PC/SC service is not installed", "apt-get install pcscd")
        }
    }
}

fn running() -> Check {
    let socket = std::env::var_os("PCSCLITE_CSOCK_NAME")
        .map_or_else(|| "/run/pcscd/pcscd.comm".into(), std::path::PathBuf::from);
    let shown = socket.display().to_string();
    match system::socket(&socket) {
        Ok(()) => Check::ok("pcscd running", shown),
        Err(problem) => Check::missing(
            "pcscd running",
            format!("{shown}: {problem}"),
            "systemctl start pcscd.socket, or as root: pcscd --foreground",
        ),
    }
}

fn driver(port: u16) -> Check {
    let library = format!("{DRIVERS}/serial/libifdvpcd.so");
    let config = "/etc/reader.conf.d/vpcd";
    match (Path::new(&library).exists(), Path::new(config).exists()) {
        (true, true) => Check::ok("vpcd driver", format!("{library}, port {port} in {config}")),
        (true, false) => Check::warning(
            "vpcd driver",
            format!("{library}, but no {config}: pcscd does not load it"),
            "apt-get install --reinstall vsmartcard-vpcd, then restart pcscd",
        ),
        (false, _) => Check::missing(
            "vpcd driver",
            "no virtual PC/SC reader",
            "apt-get install vsmartcard-vpcd, then restart pcscd",
        ),
    }
}

fn vpcd(port: u16) -> Check {
    let last = port.saturating_add(1);
    let confine = format!(
        "the driver cannot be told otherwise; keep strangers out with\n\
         systemctl edit pcscd.service: [Service] IPAddressDeny=any IPAddressAllow=localhost\n\
         or: nft add rule inet filter input iifname != lo tcp dport {port}-{last} drop"
    );
    match system::listener(port) {
        Listener::Everywhere => Check::warning(
            "vpcd port",
            format!("{port} listens on ALL addresses (0.0.0.0): anybody near can be your card"),
            format!("purse emulate --vpcd 127.0.0.1:{port}\n{confine}"),
        ),
        Listener::Loopback => {
            Check::ok("vpcd port", format!("{port} listens on this machine only"))
        }
        Listener::Nobody => Check::missing(
            "vpcd port",
            format!("nobody listens on 127.0.0.1:{port}; vpcd will, on ALL addresses (0.0.0.0)"),
            format!("start pcscd; once it asks for a reader, vpcd listens\n{confine}"),
        ),
    }
}

fn rights() -> Check {
    if system::is_root() {
        return Check::ok("rights", "root may use every reader");
    }
    if system::polkit_knows_pcsc() {
        let next = format!("if PC/SC says access denied, {POLKIT_RULE}");
        Check::warning("rights", "polkit decides who may use readers", next)
    } else {
        Check::ok("rights", "pcscd asks nobody who may use readers")
    }
}

fn program(name: &'static str, package: &str, purpose: &str) -> Check {
    match system::program(name) {
        Some(path) => Check::ok(name, path.display().to_string()),
        None => Check::missing(name, purpose, format!("apt-get install {package}")),
    }
}

fn pyscard() -> Check {
    match system::python_with("smartcard") {
        Some(python) => Check::ok("pyscard", format!("{python} has it")),
        None => Check::missing(
            "pyscard",
            "no python3 with pyscard; the PC/SC tests use it",
            "apt-get install python3-pyscard",
        ),
    }
}
