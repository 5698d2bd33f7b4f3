use std::thread;

use link::LinkError;

use super::{DEADLINE, Fake, Lines, beside, wait_for};
use crate::links::hexline::{Request, RequestError, serve, serve_stdio};
use crate::links::{SharedCard, bind};

fn stdio(shared: &SharedCard<Fake>, input: &str) -> (Vec<String>, Result<(), LinkError>) {
    let mut output = Vec::new();
    let result = serve_stdio(shared, input.as_bytes(), &mut output);
    (String::from_utf8(output).unwrap().lines().map(str::to_owned).collect(), result)
}

#[test]
fn a_one_liner_powers_the_card_up_by_itself() {
    let (shared, card) = Fake::shared();
    let (out, result) = stdio(&shared, "00 a4 04 00");
    assert_eq!(out, ["9000"]);
    assert!(result.is_ok() && card.lock().unwrap().resets == 1);
    assert_eq!(card.lock().unwrap().commands, [[0x00, 0xA4, 0x04, 0x00]]);
}

#[test]
fn words_comments_and_crlf_are_understood() {
    let (shared, card) = Fake::shared();
    let input = "# hello\r\n\r\natr\r\nreset\r\n00C10002\r\natr\r\noff\r\n00A40000\r\nRESET\r\n";
    let (out, _) = stdio(&shared, input);
    assert_eq!(out, ["3B0155", "3B0155", "ABAB9000", "3B0155", "off", "mute", "3B0155"]);
    assert_eq!(card.lock().unwrap().resets, 3);
}

#[test]
fn what_is_not_hex_is_said_with_its_column() {
    let (shared, _) = Fake::shared();
    let (out, _) = stdio(&shared, "00 A4 0x\n00A4000\n\u{e9}\n00A40000\n");
    assert!(out[0].starts_with("error: column 8: 'x'"), "{}", out[0]);
    assert!(out[1].starts_with("error: column 7: half a byte"), "{}", out[1]);
    assert!(out[2].starts_with("error: column 1: '\\xc3'"), "{}", out[2]);
    assert_eq!(out[3], "9000");
    assert_eq!(Request::parse(b"00A4  "), Ok(Request::Command(vec![0, 0xA4])));
    assert_eq!(Request::parse(b"0"), Err(RequestError::HalfByte { column: 1 }));
}

#[test]
fn a_line_without_end_is_refused_and_the_longest_command_is_not() {
    let (shared, card) = Fake::shared();
    let (out, _) = stdio(&shared, &format!("{}\n{}\n", "0".repeat(300_000), "00".repeat(65_544)));
    assert!(out[0].contains("longer than any command"), "{}", out[0]);
    assert_eq!(out[1], "9000");
    assert_eq!(card.lock().unwrap().commands[0].len(), 65_544);
}

#[test]
fn a_silent_card_is_mute_until_reset() {
    let (shared, _) = Fake::shared();
    let (out, result) = stdio(&shared, "00EE0000\n00A40000\nreset\n00A40000\n");
    assert_eq!(out, ["mute", "mute", "3B0155", "9000"]);
    assert!(result.is_ok());
}

#[test]
fn a_bug_is_mute_and_ends_with_it_and_a_full_disk_says_so() {
    let (shared, _) = Fake::shared();
    let (out, result) = stdio(&shared, "00BB0000\n00A40000\n");
    assert_eq!(out, ["mute"]);
    assert!(matches!(result, Err(LinkError::Bug(what)) if what == "0 is 1"));
    let (shared, _) = Fake::shared();
    let (out, result) = stdio(&shared, "00CC0000\n00A40000\n");
    assert_eq!(out, ["error: the card's state cannot be kept: disk full"]);
    assert!(matches!(result, Err(LinkError::Storage(_))));
}

#[test]
fn clients_share_the_card_one_after_the_other_and_at_once() {
    let (shared, card) = Fake::shared();
    let bound = bind("127.0.0.1:0").unwrap();
    assert!(bound.warning.is_none());
    let result = beside(
        &shared,
        || serve(&shared, &bound),
        || {
            let mut first = Lines::connect(bound.address);
            assert_eq!(first.ask("00A40000"), "9000");
            drop(first);
            let mut second = Lines::connect(bound.address);
            let mut third = Lines::connect(bound.address);
            assert_eq!(second.ask("00A40000"), "9000");
            assert_eq!(third.ask("00A40000"), "9000");
            assert_eq!(card.lock().unwrap().resets, 1);
            thread::scope(|scope| {
                for client in [&mut second, &mut third] {
                    scope.spawn(move || {
                        for _ in 0..200 {
                            assert_eq!(client.ask("00C10003"), "ABABAB9000");
                        }
                    });
                }
            });
        },
    );
    assert!(result.is_ok());
}

#[test]
fn a_client_that_vanishes_in_the_middle_of_a_command_harms_nobody() {
    let (shared, card) = Fake::shared();
    let bound = bind("127.0.0.1:0").unwrap();
    let result = beside(
        &shared,
        || serve(&shared, &bound),
        || {
            let mut gone = Lines::connect(bound.address);
            gone.send("005E0000\n00A4");
            wait_for("the command", || !card.lock().unwrap().commands.is_empty());
            drop(gone);
            assert_eq!(Lines::connect(bound.address).ask("00A40000"), "9000");
        },
    );
    assert!(result.is_ok());
}

#[test]
fn the_last_line_before_a_half_close_is_answered() {
    let (shared, _) = Fake::shared();
    let bound = bind("127.0.0.1:0").unwrap();
    let result = beside(
        &shared,
        || serve(&shared, &bound),
        || {
            let mut client = Lines::connect(bound.address);
            client.send("reset\n00 A4 00");
            client.send(" 00");
            client.stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!([client.line(), client.line(), client.line()], ["3B0155", "9000", ""]);
        },
    );
    assert!(result.is_ok());
}

#[test]
fn a_bug_seen_by_one_client_ends_the_server() {
    for (command, answer) in [("00BB0000", "mute"), ("00FF0000", "")] {
        let (shared, _) = Fake::shared();
        let bound = bind("127.0.0.1:0").unwrap();
        let result = beside(
            &shared,
            || serve(&shared, &bound),
            || {
                let mut idle = Lines::connect(bound.address);
                assert_eq!(Lines::connect(bound.address).ask(command), answer);
                assert_eq!(idle.line(), "");
            },
        );
        assert!(matches!(result, Err(LinkError::Bug(_))), "{result:?}");
    }
}

#[test]
fn a_client_that_never_reads_does_not_stop_the_end() {
    let (shared, _) = Fake::shared();
    let bound = bind("127.0.0.1:0").unwrap();
    let start = std::time::Instant::now();
    let _ = beside(
        &shared,
        || serve(&shared, &bound),
        || {
            let mut deaf = Lines::connect(bound.address);
            deaf.send(&"00C1FFF0\n".repeat(200));
            thread::sleep(std::time::Duration::from_millis(100));
            assert_eq!(Lines::connect(bound.address).ask("00A40000"), "9000");
        },
    );
    assert!(start.elapsed() < DEADLINE);
}

#[test]
fn a_port_open_to_others_is_warned_of_and_a_taken_one_explained() {
    let open = bind("0.0.0.0:0").unwrap();
    assert!(open.warning.unwrap().contains("other machines"));
    let taken = bind(&format!("127.0.0.1:{}", open.address.port())).unwrap_err().to_string();
    assert!(taken.contains("choose another port"), "{taken}");
    let odd = bind("somewhere").unwrap_err().to_string();
    assert!(odd.contains("HOST:PORT"), "{odd}");
}
