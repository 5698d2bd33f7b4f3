//! The `purse` binary as a user meets it: its words, its exit codes, its documents.

#![expect(clippy::expect_used, missing_docs, reason = "helpers of tests fail as tests do")]

mod applets;
mod batches;
mod blank;
mod cap;
mod cards;
mod conform;
mod demo;
mod documents;
mod emulators;
mod keys;
mod killed;
mod links;
mod mac;
mod mistakes;
mod ongoing;
mod pay;
mod terminal;
mod traces;
mod unknown;
mod wrong;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Output, Stdio};

/// What a run of `purse` said, and how it ended.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            code: output.status.code(),
        }
    }

    /// It ended well.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}stderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// It ended with this code, and its stderr has all of these.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}stderr:\n{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Its JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

/// Runs `purse` to its end.
pub fn run(arguments: &[&str]) -> Said {
    run_with(arguments, "")
}

/// Runs `purse` to its end with this on its stdin.
pub fn run_with(arguments: &[&str], input: &str) -> Said {
    run_in(&[], arguments, input)
}

/// The same, with these variables in its environment.
pub fn run_in(environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Said {
    let mut purse = tests::purse();
    purse.args(arguments).envs(environment.iter().copied());
    Said::of(tests::fed(&mut purse, input))
}

/// A `purse emulate` that runs; killed when this value goes.
pub struct Emulator {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Emulator {
    /// Starts it with these arguments.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = tests::purse()
            .arg("emulate")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("purse starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr"));
        Self { child, stderr }
    }

    /// Reads its stderr up to `what ADDRESS`.
    pub fn address(&mut self, what: &str) -> SocketAddr {
        let mut said = String::new();
        loop {
            let start = said.len();
            let count = self.stderr.read_line(&mut said).expect("stderr");
            assert_ne!(count, 0, "purse emulate ended, it said:\n{said}");
            let line = said.get(start..).expect("a line");
            if let Some(address) = line.strip_prefix(what) {
                return address.trim().parse().expect("an address");
            }
        }
    }

    /// Its process, stdin and stdout.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Ends its input and waits; what it still said on stderr.
    pub fn finish(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("purse ends");
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("stderr");
        (status.code(), said)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path as an argument.
pub fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path of text")
}
