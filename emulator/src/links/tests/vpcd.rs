use std::io::Write;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use link::LinkError;

use super::daemon::Daemon;
use super::{Fake, beside, wait_for};
use crate::links::vpcd::{Timing, serve};
use crate::links::{SharedCard, bind, control};

const TIMING: Timing = Timing {
    absence: Duration::from_millis(150),
    first_retry: Duration::from_millis(5),
    last_retry: Duration::from_millis(40),
};

/// Runs the link against a daemon; gives what it returned and what it told.
fn with_daemon(
    shared: &SharedCard<Fake>,
    address: &str,
    test: impl FnOnce(),
) -> (Result<(), LinkError>, Vec<String>) {
    let told = Mutex::new(Vec::new());
    let result = beside(
        shared,
        || serve(shared, address, TIMING, |event| told.lock().unwrap().push(event.to_string())),
        test,
    );
    (result, told.into_inner().unwrap())
}

#[test]
fn a_card_answers_its_reader_and_the_atr_is_no_reset() {
    let (shared, card) = Fake::shared();
    let daemon = Daemon::new();
    let (result, told) = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        assert_eq!(reader.ask(&[4]), [0x3B, 0x01, 0x55]);
        assert!(!card.lock().unwrap().powered);
        reader.send(&[1]);
        for _ in 0..3 {
            assert_eq!(reader.ask(&[4]), [0x3B, 0x01, 0x55]);
        }
        assert_eq!(reader.ask(&[0, 0xA4, 4, 0]), [0x90, 0x00]);
        assert_eq!(card.lock().unwrap().resets, 2);
        reader.send(&[2]);
        reader.send(&[]);
        assert_eq!(reader.ask(&[0, 0xC1, 0xFF, 0xFD]).len(), 0xFFFF);
        assert_eq!(card.lock().unwrap().resets, 3);
        reader.send(&[0]);
        wait_for("power off", || !card.lock().unwrap().powered);
    });
    assert!(result.is_ok());
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn frames_that_arrive_byte_by_byte_and_several_at_once_are_answered_in_order() {
    let (shared, _) = Fake::shared();
    let daemon = Daemon::new();
    let _ = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.0.set_nodelay(true).unwrap();
        for byte in [0, 1, 1, 0, 4, 0, 0xC1, 0, 1] {
            reader.0.write_all(&[byte]).unwrap();
            thread::sleep(Duration::from_millis(3));
        }
        assert_eq!(reader.receive(), [0xAB, 0x90, 0x00]);
        reader.0.write_all(&[0, 4, 0, 0xC1, 0, 2, 0, 1, 4, 0, 4, 0, 0xC1, 0, 0]).unwrap();
        assert_eq!(reader.receive(), [0xAB, 0xAB, 0x90, 0x00]);
        assert_eq!(reader.receive(), [0x3B, 0x01, 0x55]);
        assert_eq!(reader.receive(), [0x90, 0x00]);
    });
}

#[test]
fn a_daemon_that_starts_late_and_restarts_finds_the_card_without_power() {
    let (shared, card) = Fake::shared();
    let place = Daemon::new().address();
    let (result, told) = with_daemon(&shared, &place, || {
        thread::sleep(Duration::from_millis(150));
        let daemon = Daemon::at(&place);
        let mut reader = daemon.accept();
        reader.send(&[1]);
        assert_eq!(reader.ask(&[0, 0xA4, 0, 0]), [0x90, 0x00]);
        drop((reader, daemon));
        wait_for("power off", || !card.lock().unwrap().powered);
        thread::sleep(Duration::from_millis(100));
        let daemon = Daemon::at(&place);
        let mut reader = daemon.accept();
        reader.send(&[1]);
        assert_eq!(reader.ask(&[0, 0xA4, 0, 0]), [0x90, 0x00]);
    });
    assert!(result.is_ok());
    let waiting = told.iter().filter(|line| line.starts_with("no vpcd")).count();
    assert_eq!(waiting, 2, "{told:?}");
}

#[test]
fn a_reader_that_vanishes_in_the_middle_of_a_command_is_survived() {
    let (shared, card) = Fake::shared();
    let daemon = Daemon::new();
    let (result, _) = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.send(&[1]);
        reader.send(&[0, 0x5E, 0, 0]);
        reader.0.write_all(&[0, 200, 1, 2, 3]).unwrap();
        wait_for("the command", || !card.lock().unwrap().commands.is_empty());
        drop(reader);
        let mut reader = daemon.accept();
        assert_eq!(reader.ask(&[4]), [0x3B, 0x01, 0x55]);
    });
    assert!(result.is_ok());
}

#[test]
fn a_silent_card_leaves_and_comes_back_without_power() {
    let (shared, card) = Fake::shared();
    let daemon = Daemon::new();
    let (result, told) = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.send(&[1]);
        reader.send(&[0, 0xEE, 0, 0]);
        assert!(reader.closed());
        let left = Instant::now();
        let mut reader = daemon.accept();
        assert!(left.elapsed() > TIMING.absence / 2);
        assert!(!card.lock().unwrap().powered);
        reader.send(&[1]);
        assert_eq!(reader.ask(&[0, 0xA4, 0, 0]), [0x90, 0x00]);
    });
    assert!(result.is_ok());
    assert!(told[1].contains("no answer"), "{told:?}");
}

#[test]
fn an_answer_too_long_for_a_frame_is_treated_as_silence() {
    let (shared, _) = Fake::shared();
    let daemon = Daemon::new();
    let (_, told) = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.send(&[1]);
        reader.send(&[0, 0xC1, 0xFF, 0xFE]);
        assert!(reader.closed());
        daemon.accept();
    });
    assert!(told[1].contains("65536 bytes"), "{told:?}");
}

#[test]
fn pulling_an_idle_card_closes_the_connection_and_putting_it_back_opens_it() {
    let (shared, card) = Fake::shared();
    let daemon = Daemon::new();
    let bound = bind("127.0.0.1:0").unwrap();
    let (result, _) = with_daemon(&shared, &daemon.address(), || {
        let served = beside(
            &shared,
            || control::serve(&shared, &bound),
            || {
                let mut reader = daemon.accept();
                reader.send(&[1]);
                assert_eq!(reader.ask(&[0, 0xA4, 0, 0]), [0x90, 0x00]);
                let mut hand = super::Lines::connect(bound.address);
                assert_eq!(hand.ask("remove"), "ok removed");
                assert!(reader.closed());
                thread::sleep(TIMING.absence * 2);
                assert!(daemon.0.accept().is_err());
                assert_eq!(hand.ask("insert"), "ok inserted");
                let mut reader = daemon.accept();
                assert!(!card.lock().unwrap().powered);
                // Out and in again faster than anyone looks is still seen.
                reader.send(&[1]);
                hand.send("remove\ninsert\n");
                assert!(reader.closed());
                daemon.accept();
            },
        );
        assert!(served.is_ok());
    });
    assert!(result.is_ok());
}

#[test]
fn a_bug_ends_the_link_with_it() {
    let (shared, _) = Fake::shared();
    let daemon = Daemon::new();
    let (result, _) = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.send(&[1]);
        reader.send(&[0, 0xBB, 0, 0]);
        assert!(reader.closed());
        drop(daemon);
    });
    assert!(matches!(result, Err(LinkError::Bug(_))));
}

#[test]
fn an_address_that_is_none_is_refused_at_once() {
    let (shared, _) = Fake::shared();
    let error = serve(&shared, "nowhere", TIMING, |_| {}).unwrap_err().to_string();
    assert!(error.contains("HOST:PORT"), "{error}");
}

#[test]
fn two_cards_in_two_readers_do_not_meet() {
    let cards = [Fake::shared(), Fake::shared()];
    let daemons = [Daemon::new(), Daemon::new()];
    let _ = with_daemon(&cards[0].0, &daemons[0].address(), || {
        let _ = with_daemon(&cards[1].0, &daemons[1].address(), || {
            for ((daemon, (_, card)), ins) in daemons.iter().zip(&cards).zip([0xA4, 0xB0]) {
                let mut reader = daemon.accept();
                reader.send(&[1]);
                assert_eq!(reader.ask(&[0, ins, 0, 0]), [0x90, 0x00]);
                assert_eq!(card.lock().unwrap().commands, [[0, ins, 0, 0]]);
            }
        });
    });
}

/// Debian's vpcd writes length and payload separately; without immediate acknowledgements each
/// round takes over 40 ms.
#[test]
fn a_daemon_that_writes_in_two_pieces_is_not_kept_waiting() {
    let (shared, _) = Fake::shared();
    let daemon = Daemon::new();
    let _ = with_daemon(&shared, &daemon.address(), || {
        let mut reader = daemon.accept();
        reader.send(&[1]);
        let rounds = 300;
        let mut times: Vec<_> = (0..rounds)
            .map(|_| {
                let start = Instant::now();
                reader.ask(&[0, 0xA4, 0, 0]);
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("median {:?}, p99 {:?}", times[rounds / 2], times[rounds * 99 / 100]);
        assert!(times[rounds / 2] < Duration::from_millis(20), "{:?}", times[rounds / 2]);
    });
}
