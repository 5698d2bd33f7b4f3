//! A PC/SC daemon of our own: its socket, its virtual readers, its ports, and nobody else's.
//!
//! [`PrivatePcscd`] runs the system's `pcscd` binary with the vpcd driver so that tests can put an
//! emulated card under ordinary PC/SC programs. It neither reaches nor disturbs a daemon that is
//! already running, touches no USB reader, needs no root, and ends with its owner, however that
//! ends. What keeps it apart:
//!
//! - **Socket.** We bind a socket in a temporary directory and hand it over the way systemd would
//!   (`LISTEN_FDS`); clients find it through `PCSCLITE_CSOCK_NAME`, which
//!   [`PrivatePcscd::command`] sets.
//! - **File system.** `pcscd` writes `/run/pcscd/pcscd.pid` whatever its options say, and takes
//!   every USB reader it has a driver for. It therefore lives in a mount namespace in which `/run`
//!   is our temporary directory and the driver folder holds only our copies of the vpcd driver.
//!   Where the kernel grants no namespace (a container without privileges) we go on without one,
//!   but only if no other daemon could notice.
//! - **Ports.** One driver serves two slots, on neighbouring TCP ports; its state is global, so
//!   each pair of readers gets a copy of the driver file. Ports come from below the range the
//!   kernel gives to outgoing connections: a card that redials a closed port in that range can end
//!   up connected to itself. The driver listens on all interfaces and cannot be told otherwise.
//! - **Life.** A shell between us and the daemon reads a pipe we hold and stops the daemon when
//!   the pipe closes.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a Debian machine needs for these tests.
pub const PACKAGES: &str = "pcscd vsmartcard-vpcd opensc python3-pyscard";

/// Slots one instance of the vpcd driver serves.
const SLOTS: usize = 2;
/// `pcscd` is compiled for at most this many readers.
const MOST_READERS: usize = 16;
const START_DEADLINE: Duration = Duration::from_secs(15);
const STOP_DEADLINE: Duration = Duration::from_secs(5);
const PORT_ATTEMPTS: usize = 8;

/// Arguments: `hidden` or `shared`, our directory, the driver folder, then the daemon's command.
/// The listening socket arrives as stderr, the pipe to our owner as stdin.
const KEEPER: &str = r#"
exec 3>&2 2>&1 4<&0 </dev/null
if [ "$1" = hidden ]; then
    mount --bind "$2" /run && mount --bind /run/drivers "$3" || exit 125
fi
shift 3
sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"' "$@" 4<&- &
daemon=$!
exec 3>&-
( read -r _; kill "$daemon"; sleep 2; kill -KILL "$daemon" ) <&4 2>/dev/null &
watcher=$!
wait "$daemon"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
"#;

/// A running `pcscd` that belongs to this value and ends with it.
#[derive(Debug)]
pub struct PrivatePcscd {
    installation: Installation,
    isolation: Isolation,
    directory: TempDir,
    ports: Vec<u16>,
    /// The shell that owns the daemon; its stdin is the pipe that keeps the daemon alive.
    keeper: Option<Child>,
}

impl PrivatePcscd {
    /// Starts a daemon with this many virtual readers, all empty.
    pub fn start(readers: usize) -> Result<Self, String> {
        if readers == 0 || readers > MOST_READERS {
            return Err(format!("{readers} readers asked for, pcscd has 1 to {MOST_READERS}"));
        }
        let installation = Installation::find()?;
        let directory = tempfile::Builder::new()
            .prefix("pcscd-")
            .tempdir()
            .map_err(|error| format!("cannot create a temporary directory: {error}"))?;
        let isolation = Isolation::choose(directory.path(), &installation)?;
        let mut daemon =
            Self { installation, isolation, directory, ports: Vec::new(), keeper: None };
        daemon.copy_drivers(readers)?;
        for _ in 0..PORT_ATTEMPTS {
            daemon.configure(readers)?;
            match daemon.launch() {
                Ok(()) => return Ok(daemon),
                Err(Failure::PortTaken) => daemon.stop(),
                Err(Failure::Other(reason)) => return Err(reason),
            }
        }
        Err(daemon.report(&format!("found no free ports in {PORT_ATTEMPTS} attempts")))
    }

    /// The TCP port of each reader: what `purse emulate --vpcd 127.0.0.1:PORT` connects to.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The name under which PC/SC programs see reader `index`.
    pub fn reader(&self, index: usize) -> String {
        format!("PurseKit {} 00 {:02X}", index / SLOTS, index % SLOTS)
    }

    /// The daemon's socket, for `PCSCLITE_CSOCK_NAME`.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("pcscd.comm")
    }

    /// How this daemon is kept apart from others, for logs.
    pub fn isolation(&self) -> &'static str {
        match self.isolation {
            Isolation::Hidden { user: false } => "mount namespace",
            Isolation::Hidden { user: true } => "user and mount namespace",
            Isolation::Shared => "socket only, no namespaces here",
        }
    }

    /// A directory for the test's own files; it goes when the daemon goes.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A command whose PC/SC calls go to this daemon.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        self.lead(&mut command);
        command
    }

    /// Directs an existing command's PC/SC calls to this daemon.
    pub fn lead(&self, command: &mut Command) {
        command.env("PCSCLITE_CSOCK_NAME", self.socket());
    }

    /// Stops the daemon; PC/SC programs lose it, virtual cards lose their reader.
    pub fn stop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        drop(keeper.stdin.take());
        if !ended(&mut keeper, STOP_DEADLINE) {
            let group = format!("-{}", keeper.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = keeper.kill();
        }
        let _ = keeper.wait();
    }

    /// Stops the daemon if it runs and starts it again with the same socket, readers and ports.
    pub fn restart(&mut self) -> Result<(), String> {
        self.stop();
        let start = Instant::now();
        loop {
            match self.launch() {
                Ok(()) => return Ok(()),
                Err(Failure::PortTaken) if start.elapsed() < START_DEADLINE => self.stop(),
                Err(Failure::PortTaken) => return Err(self.report("its old ports stay taken")),
                Err(Failure::Other(reason)) => return Err(reason),
            }
        }
    }

    /// The last lines of the daemon's log.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = self.log();
        let skip = log.lines().count().saturating_sub(lines);
        log.lines().skip(skip).map(|line| format!("    {line}\n")).collect()
    }

    /// Appends the log's tail to a failure message.
    pub fn report(&self, failure: &str) -> String {
        format!(
            "{failure}\n  private pcscd ({}), ports {:?}, log tail:\n{}",
            self.isolation(),
            self.ports,
            self.log_tail(40)
        )
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("pcscd.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn copy_drivers(&self, readers: usize) -> Result<(), String> {
        let folder = self.directory.path().join("drivers");
        let copied = (0..readers.div_ceil(SLOTS)).try_for_each(|unit| {
            fs::create_dir_all(&folder)?;
            fs::copy(&self.installation.driver, folder.join(driver_name(unit))).map(drop)
        });
        copied.map_err(|error| format!("cannot copy the vpcd driver: {error}"))
    }

    /// Picks ports and writes the reader configuration for them.
    fn configure(&mut self, readers: usize) -> Result<(), String> {
        let drivers = match self.isolation {
            Isolation::Hidden { .. } => self.installation.drivers.clone(),
            Isolation::Shared => self.directory.path().join("drivers"),
        };
        let mut text = String::new();
        self.ports.clear();
        for unit in 0..readers.div_ceil(SLOTS) {
            let port = free_ports()?;
            let library = drivers.join(driver_name(unit));
            text += &format!(
                "FRIENDLYNAME \"PurseKit {unit}\"\nDEVICENAME /dev/null:{port}\n\
                 LIBPATH {}\nCHANNELID {port}\n\n",
                library.display()
            );
            self.ports.extend((port..).take(SLOTS));
        }
        self.ports.truncate(readers);
        let folder = self.directory.path().join("readers");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("vpcd"), text))
            .map_err(|error| format!("cannot write the reader configuration: {error}"))
    }

    fn launch(&mut self) -> Result<(), Failure> {
        let directory = self.directory.path();
        let socket = self.socket();
        let problem = |what: &str, error: io::Error| Failure::Other(format!("{what}: {error}"));
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(problem("cannot remove the old socket", error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&socket)
            .map_err(|error| problem(&format!("cannot bind {}", socket.display()), error))?;
        let log = File::create(directory.join("pcscd.log"))
            .map_err(|error| problem("cannot create the log", error))?;

        let mut command = self.isolation.command();
        command.args(["sh", "-c", KEEPER, "keeper"]);
        match self.isolation {
            Isolation::Hidden { .. } => command.arg("hidden"),
            Isolation::Shared => command.arg("shared"),
        };
        command.args([directory, &self.installation.drivers, &self.installation.daemon]);
        command.args(["--foreground", "--info", "--config"]);
        match self.isolation {
            Isolation::Hidden { .. } => command.arg("/run/readers"),
            Isolation::Shared => command.arg(directory.join("readers")),
        };
        if self.installation.polkit {
            command.arg("--disable-polkit");
        }
        command
            .env("PATH", SEARCH)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(OwnedFd::from(listener))
            .process_group(0);
        let keeper = command.spawn().map_err(|error| problem("cannot start the keeper", error))?;
        self.keeper = Some(keeper);
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let log = self.log();
            if log.contains("Could not initialize connection to virtual ICC") {
                return Err(Failure::PortTaken);
            }
            if log.contains("daemon ready") {
                return match self.ports.iter().find(|port| !log.contains(&announcement(**port))) {
                    None => Ok(()),
                    Some(port) => {
                        let reason = format!("the vpcd driver does not serve port {port}");
                        Err(Failure::Other(self.report(&reason)))
                    }
                };
            }
            if let Some(keeper) = &mut self.keeper
                && let Ok(Some(status)) = keeper.try_wait()
            {
                return Err(Failure::Other(self.report(&format!("pcscd ended at once: {status}"))));
            }
            if start.elapsed() > START_DEADLINE {
                let reason = format!("pcscd not ready after {START_DEADLINE:?}");
                return Err(Failure::Other(self.report(&reason)));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for PrivatePcscd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Why the daemon did not come up.
enum Failure {
    PortTaken,
    Other(String),
}

/// What is installed here.
#[derive(Debug)]
struct Installation {
    daemon: PathBuf,
    /// The folder in which pcscd looks for USB drivers and Debian puts vpcd.
    drivers: PathBuf,
    driver: PathBuf,
    /// Whether the daemon asks polkit, which knows nothing of us.
    polkit: bool,
}

impl Installation {
    fn find() -> Result<Self, String> {
        let missing = |what: &str| format!("{what} is missing: apt-get install {PACKAGES}");
        let daemon = SEARCH
            .split(':')
            .map(|folder| Path::new(folder).join("pcscd"))
            .find(|path| path.is_file())
            .ok_or_else(|| missing("pcscd"))?;
        let says = |argument: &str| {
            Command::new(&daemon)
                .arg(argument)
                .output()
                .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
                .map_err(|error| format!("cannot run {}: {error}", daemon.display()))
        };
        let version = says("--version")?;
        let mut features = version.split_whitespace();
        if !features.clone().any(|feature| feature == "libsystemd") {
            return Err(format!("{} cannot take over a socket:\n{version}", daemon.display()));
        }
        let drivers = features
            .find_map(|feature| feature.strip_prefix("usbdropdir="))
            .map_or_else(|| PathBuf::from("/usr/lib/pcsc/drivers"), PathBuf::from);
        let driver = drivers.join("serial/libifdvpcd.so");
        if !driver.is_file() {
            return Err(missing(&driver.display().to_string()));
        }
        let polkit = says("--help")?.contains("--disable-polkit");
        Ok(Self { daemon, drivers, driver, polkit })
    }
}

/// How the daemon is kept away from the system's own files.
#[derive(Debug, Clone, Copy)]
enum Isolation {
    /// In a mount namespace, within a user namespace where we are not root.
    Hidden { user: bool },
    /// Only by its socket.
    Shared,
}

impl Isolation {
    fn choose(directory: &Path, installation: &Installation) -> Result<Self, String> {
        let mut complaints = String::new();
        for candidate in [Self::Hidden { user: false }, Self::Hidden { user: true }] {
            let output = candidate
                .command()
                .args(["mount", "--bind"])
                .args([directory, &installation.drivers])
                .env("PATH", SEARCH)
                .output();
            match output {
                Ok(output) if output.status.success() => return Ok(candidate),
                Ok(output) => complaints += &String::from_utf8_lossy(&output.stderr),
                Err(error) => complaints += &format!("unshare: {error}\n"),
            }
        }
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let other = Path::new("/run/pcscd/pcscd.comm").exists();
        match (root, other) {
            (true, true) => Err(format!(
                "a system pcscd is installed here (/run/pcscd/pcscd.comm) and no namespace to \
                 keep ours out of its files: run the tests as an ordinary user\n{complaints}"
            )),
            // Not root, so pcscd cannot write there; but it insists that the directory exists.
            (false, _) if !Path::new("/run/pcscd").is_dir() => Err(format!(
                "neither namespaces nor a directory /run/pcscd here, pcscd cannot start\n{complaints}"
            )),
            _ => Ok(Self::Shared),
        }
    }

    /// The start of a command line that runs what follows within this isolation.
    fn command(self) -> Command {
        match self {
            Self::Hidden { user } => {
                let mut command = Command::new("unshare");
                command.arg("--mount");
                if user {
                    command.args(["--user", "--map-root-user"]);
                }
                command
            }
            Self::Shared => Command::new("env"),
        }
    }
}

/// Where programs are sought, whatever PATH the tests were started with: pcscd and mount are not
/// on an ordinary user's.
const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn driver_name(unit: usize) -> String {
    format!("libifdvpcd-{unit}.so")
}

/// What the driver logs once it serves a port.
fn announcement(port: u16) -> String {
    format!("Waiting for virtual ICC on port {port}\n")
}

/// The first of [`SLOTS`] neighbouring ports nobody uses, outside the ephemeral range.
fn free_ports() -> Result<u16, String> {
    const LOWEST: u16 = 16_384;
    static CALLS: AtomicU16 = AtomicU16::new(0);

    let ephemeral = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse::<u16>().ok())
        .unwrap_or(32_768);
    let pairs = ephemeral.max(LOWEST + 4_096).saturating_sub(LOWEST) / SLOTS as u16;
    // Processes start apart from each other, calls in one process follow one another.
    let origin = (std::process::id() % u32::from(pairs)) as u16;
    for _ in 0..pairs {
        let step = CALLS.fetch_add(1, Ordering::Relaxed).wrapping_mul(7).wrapping_add(origin);
        let first = LOWEST + step % pairs * SLOTS as u16;
        let slots = first..first + SLOTS as u16;
        let free = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
        if slots.into_iter().all(free) {
            return Ok(first);
        }
    }
    Err(String::from("no two neighbouring TCP ports are free"))
}

fn ended(child: &mut Child, deadline: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < deadline {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            Ok(Some(_)) | Err(_) => return true,
        }
    }
    false
}
