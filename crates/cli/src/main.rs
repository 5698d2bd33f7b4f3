//! `purse`, the only binary a user meets. It alone wires the emulator and the host's rooms together.
//!
//! One module per noun. stdout is the result, stderr the talk; [`exit`] holds the public exit codes.

mod apdu_command;
mod applet;
mod args;
mod bench;
mod cap;
mod card;
mod confirm;
mod conform;
mod control;
mod demo;
mod doctor;
mod emulate;
mod error;
mod exit;
mod faults;
mod historical;
mod keys;
mod mac;
mod made;
mod perso;
mod profile;
mod readers;
mod recordings;
mod roles;
mod shell;
mod spec;
mod terminals;
mod trace;
mod traces;
mod ui;
mod whole_file;

fn main() -> std::process::ExitCode {
    args::run()
}
