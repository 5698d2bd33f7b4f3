//! The emulated card under ordinary PC/SC programs: pyscard and OpenSC know nothing of this
//! project, and `tests/pcsc/purse_client.py` checks every MAC with its own arithmetic.
//!
//! Each test has a daemon of its own ([`PrivatePcscd`]), so they run side by side.
//!
//! ```text
//! apt-get install pcscd vsmartcard-vpcd opensc python3-pyscard
//! cargo test -p tests --features pcsc --test pcsc
//! ```

use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tests::pcscd::{PACKAGES, PrivatePcscd};

/// How long a card may take to show up in its reader; pcscd looks every 400 ms.
const CARD_DEADLINE: Duration = Duration::from_secs(20);
/// How long a whole client run may take.
const RUN_DEADLINE: Duration = Duration::from_secs(180);

type Proof = Result<(), Failed>;

// ---------------------------------------------------------------- the purse, every MAC checked

#[test]
fn pboc_story_over_t1() -> Proof {
    story("pboc", &[], "t1")
}

#[test]
fn pboc_sm4_story_over_t1() -> Proof {
    story("pboc-sm4", &[], "t1")
}

#[test]
fn cjt166_story_over_t1() -> Proof {
    story("cjt166", &[], "t1")
}

#[test]
fn jtt978_story_over_t1() -> Proof {
    story("jtt978", &[], "t1")
}

#[test]
fn jtt978_sm4_story_over_t1() -> Proof {
    story("jtt978-sm4", &[], "t1")
}

#[test]
fn pboc_story_over_t0() -> Proof {
    story("pboc", &["--protocol", "t0"], "t0")
}

#[test]
fn cjt166_story_over_t0() -> Proof {
    story("cjt166", &["--protocol", "t0"], "t0")
}

#[test]
fn jtt978_sm4_story_over_t0() -> Proof {
    story("jtt978-sm4", &["--protocol", "t0"], "t0")
}

fn story(profile: &str, options: &[&str], protocol: &str) -> Proof {
    let daemon = PrivatePcscd::start(1)?;
    let mut card = VirtualCard::insert(&daemon, 0, profile, options)?;
    card.tell_story(&daemon, &["--protocol", protocol, "--rate", "200", "--median-ms", "20"])
}

#[test]
fn two_cards_in_one_daemon_do_not_mix() -> Proof {
    let daemon = PrivatePcscd::start(2)?;
    let mut first = VirtualCard::insert(&daemon, 0, "pboc", &[])?;
    let mut second = VirtualCard::insert(&daemon, 1, "jtt978-sm4", &[])?;
    thread::scope(|scope| {
        let other = scope.spawn(|| second.tell_story(&daemon, &[]));
        let one = first.tell_story(&daemon, &[]);
        one.and(other.join().unwrap_or_else(|_| fail("the second client panicked")))
    })
}

// ---------------------------------------------------------------- coming and going

#[test]
fn card_finds_a_restarted_daemon_again() -> Proof {
    let mut daemon = PrivatePcscd::start(1)?;
    let mut card = VirtualCard::insert(&daemon, 0, "jtt978", &[])?;
    let watch = Watch::start(&daemon, 0)?;
    watch.expect(&daemon, "present")?;
    card.tell_story(&daemon, &[])?;

    daemon.stop();
    watch.expect(&daemon, "no service")?;
    daemon.restart()?;
    watch.expect(&daemon, "present")?;
    // The same card, not a fresh one: the client starts from the balance it finds.
    card.tell_story(&daemon, &[])
}

#[test]
fn removed_and_inserted_card_is_seen_by_pcsc_programs() -> Proof {
    let daemon = PrivatePcscd::start(1)?;
    let control = free_address()?;
    let mut card = VirtualCard::insert(&daemon, 0, "cjt166", &["--control", &control])?;
    let watch = Watch::start(&daemon, 0)?;
    watch.expect(&daemon, "present")?;
    for _ in 0..2 {
        card.control(&daemon, &control, "remove")?;
        watch.expect(&daemon, "empty")?;
        card.control(&daemon, &control, "insert")?;
        watch.expect(&daemon, "present")?;
    }
    card.tell_story(&daemon, &[])
}

// ---------------------------------------------------------------- OpenSC

#[test]
fn opensc_tool_reads_atr_fci_and_balance_over_t1() -> Proof {
    opensc_tool_reads_atr_fci_and_balance("t1")
}

#[test]
fn opensc_tool_reads_atr_fci_and_balance_over_t0() -> Proof {
    opensc_tool_reads_atr_fci_and_balance("t0")
}

/// With `-s`, opensc-tool first tries all its card drivers on the card, a dozen strange SELECTs.
fn opensc_tool_reads_atr_fci_and_balance(protocol: &str) -> Proof {
    let daemon = PrivatePcscd::start(1)?;
    let options = ["--protocol", protocol];
    let mut card = VirtualCard::insert(&daemon, 0, "jtt978", &options)?;

    let said = card.opensc(&daemon, &["-a"])?;
    let atr: String = said.trim().split(':').collect::<String>().to_uppercase();
    let known = atr_on_stdio("jtt978", &options)?;
    if atr != known {
        return fail(&format!("opensc-tool -a says {said:?}, purse emulate --stdio says {known}"));
    }

    let select = "00A4040008A00000063201010500";
    let said = card.opensc(&daemon, &["-s", select, "-s", "805C000204"])?;
    let answers = opensc_answers(&said);
    let [(fci, fci_status), (balance, balance_status)] = &answers[..] else {
        return fail(&format!("two answers expected, opensc-tool says:\n{said}"));
    };
    if fci_status != "9000" || balance_status != "9000" {
        return fail(&format!(
            "statuses {fci_status} and {balance_status}, expected 9000:\n{said}"
        ));
    }
    if !fci.starts_with("6F") || !fci.contains("8408A000000632010105") || !fci.contains("9F0C1E") {
        return fail(&format!("not the FCI of a T-Union purse: {fci}\n{said}"));
    }
    if balance != "00000000" {
        return fail(&format!("balance of a fresh card: {balance}\n{said}"));
    }
    Ok(())
}

/// Response data and status word of each `-s` in the output of opensc-tool.
fn opensc_answers(said: &str) -> Vec<(String, String)> {
    let mut answers: Vec<(String, String)> = Vec::new();
    for line in said.lines() {
        if let Some((_, status)) = line.split_once("Received (SW1=0x") {
            let status: String = status.split(", SW2=0x").flat_map(|part| part.get(..2)).collect();
            answers.push((String::new(), status));
        } else if let Some((data, _)) = answers.last_mut()
            && !line.starts_with("Sending")
        {
            // Up to sixteen bytes in hexadecimal, then the same as characters.
            let byte = |word: &&str| word.len() == 2 && word.chars().all(|c| c.is_ascii_hexdigit());
            data.extend(line.split_whitespace().take(16).take_while(byte));
        }
    }
    answers
}

/// The ATR by the emulator's own account.
fn atr_on_stdio(profile: &str, options: &[&str]) -> Result<String, Failed> {
    let mut emulator = tests::purse()
        .args(["emulate", "--profile", profile, "--seed", "1", "--stdio"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = emulator.stdin.take() {
        stdin.write_all(b"atr\n")?;
    }
    let said = emulator.wait_with_output()?;
    let said = String::from_utf8_lossy(&said.stdout);
    Ok(said.lines().next().unwrap_or_default().trim().to_uppercase())
}

// ---------------------------------------------------------------- the harness itself

#[test]
fn private_daemons_do_not_see_each_other() -> Proof {
    let one = PrivatePcscd::start(1)?;
    let other = PrivatePcscd::start(3)?;
    if one.socket() == other.socket() || one.ports().iter().any(|p| other.ports().contains(p)) {
        return fail(&format!("shared: {:?} {:?}", one.ports(), other.ports()));
    }
    let _card = VirtualCard::insert(&one, 0, "pboc", &[])?;
    for index in 0..3 {
        let seen = watch_until(&other, index, "empty", CARD_DEADLINE)?;
        if seen.contains("present") {
            return fail(&other.report(&format!("a card of another daemon in {seen}")));
        }
    }
    Ok(())
}

#[test]
fn dropped_daemon_leaves_nothing_behind() -> Proof {
    let daemon = PrivatePcscd::start(1)?;
    let (socket, ports) = (daemon.socket(), daemon.ports().to_vec());
    UnixStream::connect(&socket)?;
    drop(daemon);
    if UnixStream::connect(&socket).is_ok() || socket.exists() {
        return fail("its socket is still there");
    }
    for port in ports {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return fail(&format!("its port {port} is still served"));
        }
    }
    Ok(())
}

// ---------------------------------------------------------------- a card

/// A `purse emulate` process in one of a daemon's readers; removed when this value goes.
struct VirtualCard {
    emulator: Child,
    said: PathBuf,
    profile: String,
    reader: String,
    index: usize,
}

impl VirtualCard {
    /// Starts the emulator and waits until PC/SC sees its card.
    fn insert(
        daemon: &PrivatePcscd,
        index: usize,
        profile: &str,
        options: &[&str],
    ) -> Result<Self, Failed> {
        let port = daemon.ports().get(index).ok_or("no such reader")?;
        let said = daemon.directory().join(format!("emulator-{index}.log"));
        let log = File::create(&said)?;
        let mut command = tests::purse();
        command
            .args(["emulate", "--profile", profile, "--vpcd", &format!("127.0.0.1:{port}")])
            .args(["--seed", "1"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let emulator = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let reader = daemon.reader(index);
        let mut card = Self { emulator, said, profile: profile.to_owned(), reader, index };
        let start = Instant::now();
        loop {
            if let Some(status) = card.emulator.try_wait()? {
                return card.fail(daemon, &format!("purse emulate ended: {status}"));
            }
            match watch_until(daemon, index, "present", Duration::from_secs(2)) {
                Ok(_) => return Ok(card),
                Err(_) if start.elapsed() < CARD_DEADLINE => {}
                Err(Failed(reason)) => return card.fail(daemon, &reason),
            }
        }
    }

    /// Lets the pyscard client loose on the card.
    fn tell_story(&mut self, daemon: &PrivatePcscd, options: &[&str]) -> Proof {
        let keys = daemon.directory().join(format!("{}-{}.json", self.profile, self.index));
        let shown = run(tests::purse().args(["profile", "show", &self.profile, "--json"]))?;
        if !shown.status.success() {
            return self.fail(daemon, &format!("purse profile show: {shown}"));
        }
        fs::write(&keys, &shown.stdout)?;
        let mut client = daemon.command(python()?);
        client.arg(script("purse_client.py"));
        client.args(["--reader", &self.reader, "--profile-json"]).arg(&keys).args(options);
        let outcome = run(&mut client)?;
        let proved = outcome.stdout.lines().last().is_some_and(|line| line.starts_with("OK "));
        if !outcome.status.success() || !proved {
            return self.fail(daemon, &format!("purse_client.py on {}: {outcome}", self.profile));
        }
        println!("{}", outcome.stdout);
        Ok(())
    }

    fn opensc(&mut self, daemon: &PrivatePcscd, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = daemon.command("opensc-tool");
        let outcome = run(command.args(["-r", &self.index.to_string()]).args(arguments))?;
        if !outcome.status.success() {
            return self.fail(daemon, &format!("opensc-tool {arguments:?}: {outcome}"));
        }
        Ok(outcome.stdout)
    }

    fn control(&mut self, daemon: &PrivatePcscd, address: &str, word: &str) -> Proof {
        let outcome = run(tests::purse().args(["control", address, word]))?;
        if !outcome.status.success() {
            return self.fail(daemon, &format!("purse control {address} {word}: {outcome}"));
        }
        Ok(())
    }

    fn fail<T>(&self, daemon: &PrivatePcscd, reason: &str) -> Result<T, Failed> {
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        fail(&daemon.report(&format!("{reason}\n  purse emulate said:\n{}", indented(&said))))
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

// ---------------------------------------------------------------- programs that look at readers

/// A PC/SC program that reports every change of one reader.
struct Watch {
    program: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(daemon: &PrivatePcscd, index: usize) -> Result<Self, Failed> {
        let mut program = watcher(daemon, index)?.stdout(Stdio::piped()).spawn()?;
        let stdout = program.stdout.take().ok_or("no pipe from the watcher")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
        });
        Ok(Self { program, lines })
    }

    /// Waits for a line that starts like this; states in between may pass.
    fn expect(&self, daemon: &PrivatePcscd, state: &str) -> Proof {
        let start = Instant::now();
        let mut seen = Vec::new();
        while let Some(left) = CARD_DEADLINE.checked_sub(start.elapsed()) {
            let Ok(line) = self.lines.recv_timeout(left) else { break };
            if line.starts_with(state) {
                return Ok(());
            }
            seen.push(line);
        }
        fail(&daemon.report(&format!(
            "no PC/SC program saw {state:?} within {CARD_DEADLINE:?}, it saw {seen:?}"
        )))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Everything a PC/SC program saw until the reader was in this state.
fn watch_until(
    daemon: &PrivatePcscd,
    index: usize,
    state: &str,
    deadline: Duration,
) -> Result<String, Failed> {
    let seconds = deadline.as_secs().to_string();
    let outcome = run(watcher(daemon, index)?.args(["--until", state, "--timeout", &seconds]))?;
    if !outcome.status.success() {
        return fail(&format!("waiting for {:?} to be {state}: {outcome}", daemon.reader(index)));
    }
    Ok(outcome.stdout)
}

fn watcher(daemon: &PrivatePcscd, index: usize) -> Result<Command, Failed> {
    let mut command = daemon.command(python()?);
    command.arg(script("watch_reader.py")).args(["--reader", &daemon.reader(index)]);
    Ok(command)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pcsc").join(name)
}

/// The Python that has pyscard: the first on PATH, or else the distribution's.
fn python() -> Result<&'static str, Failed> {
    static FOUND: OnceLock<Option<&'static str>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        ["python3", "/usr/bin/python3"].into_iter().find(|python| {
            let mut probe = Command::new(python);
            probe.args(["-c", "import smartcard.scard"]).stdout(Stdio::null());
            probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        })
    });
    found.ok_or_else(|| Failed(format!("no Python has pyscard: apt-get install {PACKAGES}")))
}

/// An address nobody listens on.
fn free_address() -> Result<String, Failed> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(probe.local_addr()?.to_string())
}

// ---------------------------------------------------------------- running programs, failing

/// What a finished program left.
struct Outcome {
    command: String,
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n  {}", self.status, self.command)?;
        write!(f, "  stdout:\n{}  stderr:\n{}", indented(&self.stdout), indented(&self.stderr))
    }
}

/// Runs a program to its end, or to the deadline.
fn run(command: &mut Command) -> Result<Outcome, Failed> {
    let shown = format!("{command:?}");
    let mut program = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{shown}: {error}"))?;
    let stdout = collect(program.stdout.take());
    let stderr = collect(program.stderr.take());
    let start = Instant::now();
    let (status, late) = loop {
        if let Some(status) = program.try_wait()? {
            break (status, false);
        }
        if start.elapsed() > RUN_DEADLINE {
            program.kill()?;
            break (program.wait()?, true);
        }
        thread::sleep(Duration::from_millis(5));
    };
    let text = |thread: thread::JoinHandle<String>| thread.join().unwrap_or_default();
    let outcome = Outcome { command: shown, status, stdout: text(stdout), stderr: text(stderr) };
    if late {
        return fail(&format!("still running after {RUN_DEADLINE:?}: {outcome}"));
    }
    Ok(outcome)
}

fn collect(pipe: Option<impl std::io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Why a test failed, shown as written: `Debug` is what the test runner prints.
struct Failed(String);

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Into<Box<dyn std::error::Error>>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

fn fail<T>(reason: &str) -> Result<T, Failed> {
    Err(Failed(reason.to_owned()))
}
