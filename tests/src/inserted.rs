//! An emulated card in a reader of a private PC/SC daemon, and the hand that pulls it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pcscd::PrivatePcscd;

/// How long anything here may take; pcscd looks for cards every 400 ms.
const DEADLINE: Duration = Duration::from_secs(20);

/// A card in a reader; it goes when this value goes.
pub struct InsertedCard {
    emulator: Child,
    hand: String,
}

impl InsertedCard {
    /// Starts `purse emulate` with `options` and waits until PC/SC sees the card.
    ///
    /// # Panics
    /// Where there is no card in time.
    #[track_caller]
    pub fn insert(daemon: &PrivatePcscd, reader: usize, options: &[&str]) -> Self {
        let Some(port) = daemon.ports().get(reader) else { panic!("no reader {reader}") };
        let mut command = crate::purse_with_pcsc();
        command
            .args(["emulate", "--vpcd", &format!("127.0.0.1:{port}"), "--seed", "1"])
            .args(["--control", "127.0.0.1:0"])
            .args(options)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut emulator = command.spawn().unwrap_or_else(|error| panic!("purse emulate: {error}"));
        let Some(talk) = emulator.stderr.take() else { panic!("its stderr is a pipe") };
        let mut lines = BufReader::new(talk).lines();
        let hand = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("control on ").map(str::to_owned));
        thread::spawn(move || lines.for_each(drop));
        let Some(hand) = hand else { panic!("purse emulate offers no control channel") };
        let card = Self { emulator, hand };
        card.wait_until_seen(daemon, reader);
        card
    }

    /// Address of the control channel.
    pub fn hand(&self) -> &str {
        &self.hand
    }

    /// Does something to the card by `purse control`.
    ///
    /// # Panics
    /// Where that fails.
    #[track_caller]
    pub fn control(&self, words: &[&str]) {
        let done = crate::purse_with_pcsc().args(["control", &self.hand]).args(words).output();
        match done {
            Ok(output) if output.status.success() => {}
            other => panic!("purse control {words:?}: {other:?}"),
        }
    }

    /// What `purse control status` says of a key.
    ///
    /// # Panics
    /// Where it says nothing.
    #[track_caller]
    pub fn status(&self, key: &str) -> String {
        let words = ["control", &self.hand, "status", "--json"];
        let output = crate::purse_with_pcsc().args(words).output();
        let said = output
            .ok()
            .and_then(|output: Output| serde_json::from_slice::<Value>(&output.stdout).ok());
        let value = said.as_ref().and_then(|status| status["status"][key].as_str());
        value.map_or_else(|| panic!("no {key} in {said:?}"), str::to_owned)
    }

    /// Waits until PC/SC sees the card. Looking disturbs nobody, and no fault counts it.
    #[track_caller]
    fn wait_until_seen(&self, daemon: &PrivatePcscd, reader: usize) {
        let start = Instant::now();
        loop {
            let mut list = crate::purse_with_pcsc();
            daemon.lead(&mut list);
            let output = list.args(["reader", "list", "--json"]).output();
            let readers =
                output.ok().and_then(|output| serde_json::from_slice::<Value>(&output.stdout).ok());
            if readers.is_some_and(|list| list["readers"][reader]["state"] == "card") {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "PC/SC sees no card within {DEADLINE:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for InsertedCard {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}
