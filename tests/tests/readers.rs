//! The reader's edge under a PC/SC daemon of the test's own ([`PrivatePcscd`]): who is in the
//! readers, who comes and goes, who may use a card between two steps, and what is said of a card
//! that is pulled. The other programs are [`Client`]s (`examples/pcsc-client.rs`) and `purse`.
//!
//! ```text
//! apt-get install pcscd vsmartcard-vpcd libpcsclite-dev
//! cargo test -p tests --features pcsc --test readers
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::inserted::InsertedCard;
use tests::pcscd::PrivatePcscd;

const SELECT: &str = "00A4040008A00000063201010500";
const BALANCE: &str = "805C000204";
const ATR: &str = "3B880150555253454B49549E";
/// GET BALANCE without a selected purse.
const NOTHING_SELECTED: &str = "6985";
/// How long anything here may take; pcscd looks for cards every 400 ms.
const DEADLINE: Duration = Duration::from_secs(20);

// ---------------------------------------------------------------- who is there

#[test]
fn readers_are_listed_with_what_is_in_them() {
    let daemon = daemon(2);
    let _card = InsertedCard::insert(&daemon, 1, &["--profile", "jtt978"]);
    let document = json(&purse(&daemon, &["reader", "list", "--json"]));
    let readers = document["readers"].as_array().unwrap();
    let pluck = |key: &str| readers.iter().map(|one| one[key].clone()).collect::<Vec<Value>>();
    assert_eq!(pluck("name"), [daemon.reader(0), daemon.reader(1)]);
    assert_eq!(pluck("index"), [0, 1]);
    assert_eq!(pluck("state"), ["empty", "card"]);
    assert_eq!(pluck("atr"), [Value::Null, ATR.into()]);
    assert_eq!(readers[1]["says"], "\"PURSEKIT\"");
    assert_eq!(readers[1]["used"], "free");
    let mut other = Client::start(&daemon, 1);
    other.ask("reset");
    let document = json(&purse(&daemon, &["reader", "list", "--json"]));
    assert_eq!(document["readers"][1]["used"], "shared");
    let said = said(&purse(&daemon, &["reader", "list", "--lang", "zh"]));
    assert!(said.contains("无卡") && said.contains("使用中"), "{said}");
}

#[test]
fn a_watch_tells_what_was_there_and_every_card_that_comes_and_goes() {
    let daemon = daemon(1);
    let card = InsertedCard::insert(&daemon, 0, &[]);
    let line = ["reader", "watch", "--jsonl", "--count", "4", "--timeout", "30"];
    let mut watch = command(&daemon, &line).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut event = |name: &str, initial: bool| {
        let line = lines.next().expect("an event").unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&event["event"], &event["initial"]), (&name.into(), &initial.into()), "{line}");
        let other = name == "reader-added" && event["reader"] == daemon.reader(1);
        assert!(other || event["reader"] == daemon.reader(0), "{line}");
        event
    };
    event("reader-added", true);
    assert_eq!(event("card-inserted", true)["atr"], ATR);
    event("reader-added", true);
    for _ in 0..2 {
        card.control(&["remove"]);
        event("card-removed", false);
        card.control(&["insert"]);
        assert_eq!(event("card-inserted", false)["says"], "\"PURSEKIT\"");
    }
    assert!(watch.wait().unwrap().success(), "four events were enough");
    let late = purse(&daemon, &["reader", "watch", "--count", "1", "--timeout", "1"]);
    assert_eq!(late.status.code(), Some(12), "{}", words(&late));
    let quiet = purse(&daemon, &["reader", "watch", "--timeout", "1"]);
    assert!(quiet.status.success() && said(&quiet).lines().count() == 3, "{}", words(&quiet));
}

#[test]
fn a_watch_ends_when_the_service_does_and_a_list_without_it_says_so() {
    let mut daemon = daemon(1);
    let watch = command(&daemon, &["reader", "watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut watch = Ended(watch);
    let mut first = String::new();
    BufReader::new(watch.0.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains(&daemon.reader(0)), "{first}");
    daemon.stop();
    let ended = within("the watch to end", || watch.0.try_wait().unwrap());
    assert_eq!(ended.code(), Some(10));
    let gone = purse(&daemon, &["reader", "list"]);
    assert_eq!(gone.status.code(), Some(10));
    assert!(words(&gone).contains("purse doctor"), "{}", words(&gone));
}

#[test]
fn a_card_is_waited_for_and_the_wait_ends() {
    let daemon = daemon(2);
    let reader = format!("reader:{}", daemon.reader(1));
    let line = ["card", "balance", "--card", &reader];
    let absent = purse(&daemon, &line);
    assert_eq!(absent.status.code(), Some(11));
    assert!(words(&absent).contains("--wait"), "{}", words(&absent));
    let late = purse(&daemon, &[&line[..], &["--wait", "1"]].concat());
    assert_eq!(late.status.code(), Some(12));
    assert!(words(&late).contains(&format!("no card in reader '{}' within 1s", daemon.reader(1))));
    let which = purse(&daemon, &["card", "balance", "--wait", "1"]);
    assert_eq!(which.status.code(), Some(3), "two readers: {}", words(&which));

    let waiting = command(&daemon, &[&line[..], &["--wait"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(500));
    let _card = InsertedCard::insert(&daemon, 1, &["--set", "balance=3.00"]);
    let done = waiting.wait_with_output().unwrap();
    assert!(said(&done).contains("3.00 yuan"), "{}", words(&done));
    assert!(done.stderr.is_empty(), "no terminal, no progress: {}", words(&done));
}

// ---------------------------------------------------------------- who may use the card

#[test]
fn between_two_steps_no_other_program_gets_at_the_card() {
    let daemon = daemon(1);
    let _card = InsertedCard::insert(&daemon, 0, &["--set", "balance=3.00"]);
    let reader = format!("reader:{}", daemon.reader(0));
    let mut holder = Client::start(&daemon, 0);
    assert!(holder.ask(SELECT).ends_with("9000"));
    assert_eq!(holder.ask("begin"), "begun");
    assert_eq!(holder.ask("begin"), "begun", "it is the same scope");

    // A purse command and another begin both wait, and the holder goes on undisturbed.
    let line = ["apdu", "--card", &reader, SELECT, BALANCE];
    let waiting = command(&daemon, &line).stdout(Stdio::piped()).spawn().unwrap();
    let mut waiting = Ended(waiting);
    thread::sleep(Duration::from_millis(700));
    assert!(waiting.0.try_wait().unwrap().is_none(), "it waits for the holder");
    for _ in 0..3 {
        assert_eq!(holder.ask(BALANCE), "0000012C9000");
    }
    assert_eq!(holder.ask("end"), "ended");
    let ended = within("the other program", || waiting.0.try_wait().unwrap());
    assert!(ended.success(), "it goes on when the holder has ended");
    assert_eq!(holder.ask(BALANCE), "0000012C9000", "the card is left as it is");

    assert_eq!(holder.ask("begin"), "begun");
    let mut other = Client::start(&daemon, 0);
    let busy = other.ask("begin");
    assert!(
        busy.starts_with("error sent=NO") && busy.contains("held by another program"),
        "{busy}"
    );
    let busy = other.ask(BALANCE);
    assert!(
        busy.starts_with("error sent=NO") && busy.contains("held by another program"),
        "{busy}"
    );
    let refused = purse(&daemon, &line);
    assert_eq!(refused.status.code(), Some(11));
    assert!(words(&refused).contains("held by another program"), "{}", words(&refused));

    // A holder that dies takes its scope with it.
    drop(holder);
    drop(other);
    let mut other = Client::start(&daemon, 0);
    assert_eq!(other.ask("begin"), "begun");
    assert_eq!(other.ask("reset"), ATR, "a reset within the scope");
    assert!(other.ask(SELECT).ends_with("9000"));
    assert_eq!(other.ask("off"), "off");
    assert!(purse(&daemon, &line).status.success(), "power off ends the scope too");
}

#[test]
fn a_power_off_that_another_program_keeps_waiting_is_told() {
    let daemon = daemon(1);
    let _card = InsertedCard::insert(&daemon, 0, &[]);
    let (mut holder, mut other) = (Client::start(&daemon, 0), Client::start(&daemon, 0));
    assert!(other.ask(SELECT).ends_with("9000"));
    assert_eq!(holder.ask("begin"), "begun");
    let busy = other.ask("off");
    assert!(
        busy.starts_with("error sent=NO") && busy.contains("held by another program"),
        "{busy}"
    );
    assert_eq!(holder.ask("end"), "ended");
    assert!(other.ask("reset").starts_with("3B"), "it can be used again");
}

#[test]
fn nothing_resets_a_card_behind_anybody_s_back() {
    let daemon = daemon(1);
    let _card = InsertedCard::insert(&daemon, 0, &[]);
    let mut first = Client::start(&daemon, 0);
    assert!(first.ask(SELECT).ends_with("9000"));
    drop(first);
    let mut second = Client::start(&daemon, 0);
    assert_eq!(second.ask(BALANCE), "000000009000", "still selected");
    assert_eq!(second.ask("off"), "off");
    assert_eq!(second.ask(BALANCE), NOTHING_SELECTED, "powered off, and up again");
}

#[test]
fn another_program_s_reset_is_told_before_anything_is_sent() {
    let daemon = daemon(1);
    let _card = InsertedCard::insert(&daemon, 0, &[]);
    let (mut one, mut other) = (Client::start(&daemon, 0), Client::start(&daemon, 0));
    assert!(one.ask(SELECT).ends_with("9000"));
    assert_eq!(other.ask("reset"), ATR);
    let disturbed = one.ask(BALANCE);
    let told = disturbed.starts_with("error sent=NO") && disturbed.contains("has reset the card");
    assert!(told, "{disturbed}");
    assert_eq!(one.ask("reset"), ATR);
    assert!(one.ask(SELECT).ends_with("9000"));
}

// ---------------------------------------------------------------- a card that is pulled

#[test]
fn a_card_pulled_in_the_middle_says_what_it_may_have_done_and_comes_back() {
    let daemon = daemon(1);
    let card = InsertedCard::insert(&daemon, 0, &["--with", "lost@4"]);
    let mut client = Client::start(&daemon, 0);
    assert_eq!(client.ask("reset"), ATR);
    assert_eq!(client.ask("begin"), "begun");
    assert!(client.ask(SELECT).ends_with("9000"));
    card.control(&["remove"]);
    let pulled = client.ask("0020000003999999");
    assert!(
        pulled.starts_with("error sent=MAYBE") && pulled.contains("may have executed"),
        "{pulled}"
    );
    assert_eq!(card.status("pin-tries"), "3", "this one did not");
    let absent = within("the empty reader", || {
        Some(client.ask("reset")).filter(|answer| answer.starts_with("error"))
    });
    assert!(absent.starts_with("error sent=NO no card in reader"), "{absent}");
    assert_eq!(client.ask("end"), "ended", "the scope went with the card");

    card.control(&["insert"]);
    within("the card", || Some(client.ask("reset")).filter(|answer| answer == ATR));
    // The fourth command is executed and its answer is lost: the card is out for a moment.
    for _ in 0..2 {
        assert!(client.ask(SELECT).ends_with("9000"));
    }
    assert_eq!(client.ask("begin"), "begun");
    assert!(client.ask(SELECT).ends_with("9000"));
    let lost = client.ask("0020000003999999");
    assert!(lost.starts_with("error sent=MAYBE"), "{lost}");
    assert_eq!(card.status("pin-tries"), "2", "this one did");
    within("the card", || Some(client.ask("reset")).filter(|answer| answer == ATR));
    assert!(client.ask(SELECT).ends_with("9000"));
}

#[test]
fn purse_says_what_to_do_about_a_card_that_was_pulled() {
    let daemon = daemon(1);
    let _card = InsertedCard::insert(&daemon, 0, &["--with", "mute@2"]);
    let reader = format!("reader:{}", daemon.reader(0));
    let mute = purse(&daemon, &["apdu", "--card", &reader, "--reset", SELECT, BALANCE]);
    assert_eq!(mute.status.code(), Some(11));
    for expected in ["may have executed", "look before you repeat", "purse card records"] {
        assert!(words(&mute).contains(expected), "{}", words(&mute));
    }
}

#[test]
fn doctor_shows_the_readers_and_what_to_type_next() {
    let mut daemon = daemon(1);
    let check = |daemon: &PrivatePcscd| {
        let document = json(&purse(daemon, &["doctor", "--json"]));
        let checks = document["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "readers").unwrap()
    };
    let empty = check(&daemon);
    assert_eq!(empty["state"], "warning");
    assert!(empty["next"].as_str().unwrap().contains("--card reader:0 --wait"), "{empty}");
    let card = InsertedCard::insert(&daemon, 0, &[]);
    assert_eq!(check(&daemon)["state"], "ok");
    drop(card);
    daemon.stop();
    let stopped = check(&daemon);
    assert_eq!(stopped["state"], "missing");
    assert!(stopped["next"].as_str().unwrap().contains("pcscd"), "{stopped}");
}

// ---------------------------------------------------------------- what the tests are made of

#[track_caller]
fn daemon(readers: usize) -> PrivatePcscd {
    PrivatePcscd::start(readers).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Another PC/SC program.
struct Client {
    program: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    fn start(daemon: &PrivatePcscd, reader: usize) -> Self {
        let mut program = daemon
            .command(tests::pcsc_program("pcsc-client"))
            .arg(daemon.reader(reader))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = program.stdin.take().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap()).lines();
        Self { program, input, lines }
    }

    /// Tells it a line, and gives its answer.
    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").unwrap();
        self.lines.next().expect("an answer").unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A program that is ended with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(daemon: &PrivatePcscd, arguments: &[&str]) -> Command {
    let mut command = tests::purse_with_pcsc();
    daemon.lead(&mut command);
    command.args(arguments).stdin(Stdio::null());
    command
}

fn purse(daemon: &PrivatePcscd, arguments: &[&str]) -> Output {
    command(daemon, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn words(output: &Output) -> String {
    format!("{}{}", said(output), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", words(output)))
}

/// Asks until there is an answer.
#[track_caller]
fn within<R>(what: &str, mut ask: impl FnMut() -> Option<R>) -> R {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "no {what} within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
