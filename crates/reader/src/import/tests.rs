use proptest::prelude::*;

use super::*;
use link::{CardTransport, Outcome, Replay, StepKind};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/traces/", $name))
    };
}

const ATR: &str = "3B880150555253454B49549E";
const SELECT: &str = "00A4040008A00000063201010500";
const FCI: &str = "6F318408A000000632010105A5259F0801029F0C1E01011000FFFFFFFF02010310999900000000\
                   0001202001012099123100009000";
const SESSION: [(&str, &str); 4] = [
    (SELECT, FCI),
    ("805C000204", "000003E89000"),
    ("00B2000000", "6986"),
    ("0020000003******", "9000"),
];

/// The PIN of VERIFY is a secret.
fn pins(ins: u8) -> bool {
    ins == 0x20
}

/// What a log holds: the ATR and the exchanges.
fn read(text: &str, format: LogFormat) -> (String, Vec<(String, String)>) {
    let recording = format.read(text, None, pins).unwrap();
    let mut steps = recording.steps.iter().map(|step| &step.kind);
    let Some(StepKind::Reset(Outcome::Bytes(atr))) = steps.next() else {
        panic!("no reset first: {recording}");
    };
    let exchange = |kind: &StepKind| match kind {
        StepKind::Exchange(command, answer) => Some((command.to_string(), answer.to_string())),
        _ => None,
    };
    (hex::encode_upper(atr), steps.filter_map(exchange).collect())
}

fn owned(session: &[(&str, &str)]) -> Vec<(String, String)> {
    session.iter().map(|(sent, got)| ((*sent).to_owned(), (*got).to_owned())).collect()
}

#[test]
fn every_program_s_log_of_a_session_gives_the_same_session() {
    for (text, format, atr) in [
        (fixture!("apdu4j-log.txt"), LogFormat::Apdu4j, ATR),
        (fixture!("apdu4j-dump.txt"), LogFormat::Apdu4j, ATR),
        (fixture!("opensc-debug.txt"), LogFormat::OpenSc, ATR),
        (fixture!("opensc-tool.txt"), LogFormat::OpenSc, ""),
        (fixture!("pcsc-spy.txt"), LogFormat::PcscSpy, ATR),
        (fixture!("pcscd.txt"), LogFormat::Pcscd, ATR),
        (fixture!("hex-pairs.txt"), LogFormat::Hex, ATR),
    ] {
        assert_eq!(LogFormat::recognise(text), format);
        let (found, exchanges) = read(text, format);
        assert_eq!((found.as_str(), exchanges), (atr, owned(&SESSION)), "{format}");
    }
}

#[test]
fn marked_hex_of_other_tools_is_read() {
    for (text, exchanges) in [(fixture!("scriptor.txt"), 2), (fixture!("pyscard.txt"), 3)] {
        assert_eq!(LogFormat::recognise(text), LogFormat::Hex);
        let (_, found) = read(text, LogFormat::Hex);
        assert_eq!(found, owned(&SESSION[..exchanges]));
    }
    assert_eq!(read(fixture!("scriptor.txt"), LogFormat::Hex).0, ATR);
    for (command, answer) in
        [("=> ", "<= "), (">> ", "<< (12ms) "), ("C-APDU: ", "R-APDU: "), ("Send: ", "Recv: ")]
    {
        let text = format!("noise\n{command}80 5C 00 02 04\nmore noise\n{answer}000003E8 9000\n");
        assert_eq!(read(&text, LogFormat::Hex).1, owned(&SESSION[1..2]), "{text}");
    }
}

#[test]
fn a_card_that_fell_silent_is_mute_in_every_log() {
    let silent = owned(&[(SELECT, FCI), ("0020000003******", "9000"), ("805C000204", "mute")]);
    for (text, format) in [
        (fixture!("opensc-tool-mute.txt"), LogFormat::OpenSc),
        (fixture!("pcsc-spy-mute.txt"), LogFormat::PcscSpy),
    ] {
        assert_eq!(LogFormat::recognise(text), format);
        assert_eq!(read(text, format).1, silent, "{format}");
    }
    let dump = "# ATR: 3B00\n805C000204\n# 12ms SCARD_W_REMOVED_CARD\n00B2000000\n# 3ms\n6986\n";
    let (_, found) = read(dump, LogFormat::Apdu4j);
    assert_eq!(found, owned(&[("805C000204", "mute"), ("00B2000000", "6986")]));
    let log = "A>> T=0 (4+0000) 805C0002 04\n<< (9ms) SCARD_E_SHARING_VIOLATION\n";
    let (_, found) = read(log, LogFormat::Apdu4j);
    assert_eq!(found[0].1, "failed: (9ms) SCARD_E_SHARING_VIOLATION");
    let log = "> 80 5C 00 02 04\n< Card removed\n> 00B2000000\nRX: SCARD_W_REMOVED_CARD\n\
               TX: 00B2000000\n< Card is Busy\n";
    let (_, found) = read(log, LogFormat::Hex);
    let unread = ("00B2000000", "mute");
    let busy = ("00B2000000", "failed: Card is Busy");
    assert_eq!(found, owned(&[("805C000204", "mute"), unread, busy]));
    let log = "A>> T=0 (4+0000) 805C0002 04\nA<< (9ms) Card removed\n";
    assert_eq!(read(log, LogFormat::Apdu4j).1, owned(&[("805C000204", "mute")]));
    let cut = "00000000 APDU: 80 5C 00 02 04\n00000001 SW: \n00000002 APDU: 00 B2 00 00 00\n";
    let (_, found) = read(cut, LogFormat::Pcscd);
    assert_eq!(found, owned(&[("805C000204", "mute"), ("00B2000000", "mute")]));
}

#[test]
fn what_was_imported_is_a_recording_and_a_card() {
    let recording = LogFormat::PcscSpy.read(fixture!("pcsc-spy.txt"), None, pins).unwrap();
    let text = recording.to_string();
    assert!(!text.contains("123456"), "the PIN is masked: {text}");
    let mut card = Replay::parse("spy", &text, pins).unwrap();
    assert_eq!(card.reset().unwrap().to_string(), ATR);
    card.transmit(&hex::decode(SELECT).unwrap()).unwrap();
    assert_eq!(LogFormat::recognise(&text), LogFormat::Recording);
    assert_eq!(LogFormat::Recording.read(&text, None, pins).unwrap().to_string(), text);
}

#[test]
fn a_recording_is_recognised_without_its_first_line() {
    for text in [
        "# by hand\n# ATR 3B00\n> 805C000204\n< 9000\n",
        "# ATR\n> 805C000204\n< 9000\n",
        "> 805C000204\n< 9000\n# OFF\n",
        ">805C000204\n<mute\n",
        "> 805C000204\n< no card\n",
        "> 805C000204\n< failed: broken\n",
    ] {
        assert_eq!(LogFormat::recognise(text), LogFormat::Recording, "{text}");
    }
    for text in ["> 805C000204\n< 9000\n", "# OFF\n805C000204\n9000\n", ">> 00A4\n# OFF\n<< 9000\n"]
    {
        assert_eq!(LogFormat::recognise(text), LogFormat::Hex, "{text}");
    }
}

#[test]
fn two_cards_in_one_log_are_told_apart_by_their_readers() {
    let one = fixture!("pcsc-spy.txt");
    let other = one.replace("Virtual PCD 00 00", "ACS ACR38").replace("3B 88", "3B 77");
    let handle = one.lines().rev().find_map(|line| line.strip_prefix(" i hCard: ")).unwrap();
    let both = format!("{one}\n{}", other.replace(handle, "0x00000001"));
    let error = LogFormat::PcscSpy.read(&both, None, pins).unwrap_err();
    assert!(error.line > one.lines().count(), "{error}");
    assert!(error.problem.contains("in 'Virtual PCD 00 00' from line"), "{error}");
    assert!(error.problem.contains("'ACS ACR38'; name a part of one with --reader"), "{error}");
    let import = |part| LogFormat::PcscSpy.read(&both, Some(part), pins);
    assert!(import("acr").unwrap().to_string().contains("# ATR 3B77"));
    assert!(import("virtual").unwrap().to_string().contains("# ATR 3B88"));
    let error = import("omnikey").unwrap_err();
    assert!(error.problem.contains("'ACS ACR38', 'Virtual PCD 00 00'"), "{error}");
}

#[test]
fn a_reconnection_with_reset_and_a_power_down_are_events_and_threads_do_not_mix() {
    let log = "SCardConnect\n i szReader A\n o phCard 0x1 (1)\n => (SCARD_S_SUCCESS [0])\n\
        SCardTransmit\n i hCard: 0x1\n i bSendLength 0x2 (2)\n i bSendBuffer\n\
        \x20   SCardStatus\n\
        \x20    i hCard: 0x1\n\
        \x20i  0000 00 A4\n\
        \x20    o bAtr 3B 00\n\
        \x20    => (SCARD_S_SUCCESS [0])\n\
        \x20o bRecvLength 0x2 (2)\n o bRecvBuffer\n o  0000 90 00  ..\n => (SCARD_S_SUCCESS [0])\n\
        SCardReconnect\n i hCard: 0x1\n i dwInitialization 0x00000001 (1)\n => (SCARD_S_SUCCESS [0])\n\
        SCardTransmit\n i hCard: 0x1\n i bSendLength 0x2 (2)\n i bSendBuffer\n i  0000 00 B0\n\
        \x20o bRecvLength 0x0 (0)\n o bRecvBuffer\n => Removed (SCARD_W_REMOVED_CARD [0x80100069])\n\
        SCardDisconnect\n i hCard: 0x1\n i dwDisposition: SCARD_UNPOWER_CARD (0x00000002)\n\
        \x20=> (SCARD_S_SUCCESS [0])\n";
    let recording = LogFormat::PcscSpy.read(log, None, pins).unwrap();
    assert_eq!(
        recording.to_string(),
        "# recording 1\n# ATR 3B00\n> 00A4\n< 9000\n# ATR 3B00\n> 00B0\n< mute\n# OFF\n"
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    for (text, format, line, word) in [
        ("", LogFormat::Hex, 1, "no command and answer"),
        ("# ATR: 3B00\n00A4\nxyz", LogFormat::Apdu4j, 3, "'xyz' is not hex"),
        ("A>> T=1 (4+0000) 00A40\n", LogFormat::Apdu4j, 1, "half a byte"),
        ("A<< (0000+2) (1ms) 9000", LogFormat::Apdu4j, 1, "without its command"),
        ("00A4\n90", LogFormat::Hex, 2, "one byte"),
        ("00A4\nhello", LogFormat::Hex, 2, "where an answer in hex is due"),
        ("hello\n9000", LogFormat::Hex, 1, "where a command in hex is due"),
        ("< 9000\n> 00A4", LogFormat::Hex, 1, "without its command"),
        ("Outgoing APDU (5 bytes):\n80 5C 00\n", LogFormat::OpenSc, 2, "5 more bytes"),
        ("Outgoing APDU (50 bytes):\n", LogFormat::OpenSc, 1, "ends within"),
        ("Sending: 00 A4\nReceived (SW1=0x9", LogFormat::OpenSc, 2, "SW1 and SW2 are due"),
        ("1 APDU: 00 A4\n2 APDU: 00 A4", LogFormat::Pcscd, 2, "two readers"),
        ("1 APDU: 00 A4\n2 SW: 9x", LogFormat::Pcscd, 2, "not hex"),
        (
            "SCardTransmit\n i bSendLength 0x5 (5)\n i bSendBuffer\n i  0000 80 5C\n",
            LogFormat::PcscSpy,
            4,
            "5 more bytes",
        ),
        (
            "SCardTransmit\n i bSendLength 0x12 (18)\n i bSendBuffer\n\
             \x20i  0000 00 A4 04 00 0C 01 02 03 04 05 06 07 08 09 0A 0B ........\n\
             \x20o bRecvLength 0x2 (2)\n o bRecvBuffer\n o  0000 90 00\n => (SCARD_S_SUCCESS [0])\n",
            LogFormat::PcscSpy,
            1,
            "bSendLength of this call announces 18 bytes, and bSendBuffer has 16",
        ),
        (
            "SCardTransmit\n i bSendLength 0x4 (4)\n i bSendBuffer\n i  0000 00 A4 04 00\n\
             \x20o bRecvLength 0x2 (2)\n o bRecvBuffer\n => (SCARD_S_SUCCESS [0])\n",
            LogFormat::PcscSpy,
            1,
            "bRecvLength of this call announces 2 bytes, and bRecvBuffer has 0",
        ),
        ("SCardTransmit\n i hCard: 0x1\n", LogFormat::PcscSpy, 1, "this call has no bSendLength"),
    ] {
        let error = format.read(text, None, pins).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.problem.contains(word), "{text}: {error}");
    }
}

#[test]
fn formats_have_their_names() {
    for format in LogFormat::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert!(
        "pcap".parse::<LogFormat>().unwrap_err().to_string().contains("apdu4j, opensc, pcsc-spy")
    );
}

/// Lines as logs have them, in any order, whole and broken.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[><=AB]{0,3} ?[0-9A-F ]{0,20}",
        "(APDU|SW|ATR|Card ATR|Sending|Received \\(SW1=0x): ?[0-9a-fx ,=]{0,20}",
        "(Outgoing|Incoming) APDU \\([0-9]{1,20} bytes\\):",
        "SCard(Transmit|Connect|Status|GetStatusChange|Disconnect|Reconnect)",
        " [io] {1,2}(bSendLength|bRecvLength|bSendBuffer|bRecvBuffer|hCard:|0000|Atr:)? ?[0-9A-Fx ]{0,20}",
        " => [A-Z_]{0,12}(SCARD_S_SUCCESS)?",
        "# ?(ATR:|[0-9]{1,3}ms)? ?[0-9A-F ]{0,12}",
        "\\PC{0,40}",
    ]
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_is_a_recording(
        lines in proptest::collection::vec(line(), 0..30),
    ) {
        let text = lines.join("\n");
        let _ = LogFormat::recognise(&text);
        for format in LogFormat::ALL {
            if let Ok(recording) = format.read(&text, None, pins) {
                let written = recording.to_string();
                prop_assert!(Recording::parse(&written).is_ok(), "{format}: {written}");
            }
        }
    }

    #[test]
    fn a_cut_log_never_panics(cut in 0_usize..9000) {
        for text in [fixture!("pcsc-spy.txt"), fixture!("opensc-debug.txt"), fixture!("scriptor.txt")] {
            let head = text.get(..cut.min(text.len())).unwrap_or_default();
            let _ = LogFormat::recognise(text).read(head, None, pins);
        }
    }
}
