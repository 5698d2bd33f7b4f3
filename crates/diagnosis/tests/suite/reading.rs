//! What is found in traces.

use applet_spec::{Profile, PurseKind};
use crypto::custody::CustodyError;
use diagnosis::{
    About, Advice, Code, Counted, Disagreement, Effort, Flow, Known, Reading, Source, Trace,
    Verdict, Why, advice, diagnose, disagreements,
};
use emulator::Protocol;
use link::Recording;
use proptest::prelude::*;

use super::scene::{SERIAL, Scene, Setting};
use super::values::{DATE, SAM_DATE, SAM_TERMINAL, TERMINAL, TERMINAL_SERIAL, TIME};

const CAPP: Setting =
    Setting { profile: "jtt978", flow: Flow::Capp, purse: PurseKind::Purse, code: false };
const CITY: Setting =
    Setting { profile: "cjt166", flow: Flow::Purchase, purse: PurseKind::Purse, code: true };
const LOAD: Setting = Setting { flow: Flow::Load, ..CAPP };

fn trace(text: &str) -> Trace {
    let mut trace = Trace::new();
    trace.add("trace", Counted::Lines, &Recording::parse(text).unwrap());
    trace
}

fn read(profile: &str, text: &str) -> Reading {
    let profile = Profile::find(profile).unwrap();
    Reading::new(&trace(text), &profile, &Known::default())
}

fn right(scene: &Scene) -> String {
    scene.recorded(scene.maker(scene.setting.sent()).code()).0
}

#[test]
fn a_transaction_is_read_with_everything_its_codes_cover() {
    let scene = Scene::new(CITY);
    let reading = read("cjt166", &right(&scene));
    assert_eq!(reading.asides, []);
    let last = reading.transactions.last().unwrap();
    assert_eq!((last.flow, last.purse, last.key_index), (Flow::Purchase, PurseKind::Purse, 1));
    assert_eq!(last.card.serial, SERIAL);
    assert!(matches!(last.card.source, Source::Card(_)));
    let values = last.values;
    assert_eq!(values.terminal.unwrap().0, TERMINAL);
    assert_eq!(values.terminal_serial.unwrap().0, TERMINAL_SERIAL);
    assert_eq!((values.date.unwrap().0, values.time.unwrap().0), (DATE, TIME));
    assert_eq!(values.balance.unwrap().0, scene.balance());
    assert_eq!(values.code.unwrap().0, scene.profile.authentication_code.unwrap());
    let codes: Vec<Code> = last.received.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::Mac1, Code::Tac, Code::Mac2]);
    // The probe of the other counter has no second step, and is told as a transaction of one.
    assert!(reading.transactions.iter().any(|one| one.flow == Flow::Load && one.step.is_none()));
}

#[test]
fn answers_in_pieces_are_joined() {
    let scene = Scene::new(Setting { flow: Flow::Purchase, ..CAPP });
    let whole = right(&scene);
    // Over T=0 every answer to a command with data waits for GET RESPONSE.
    let pieces: String = whole
        .lines()
        .map(|line| match line.strip_prefix("< ").and_then(|answer| answer.split_at_checked(8)) {
            Some((first, rest)) if rest.len() > 8 => {
                let rest_length = rest.len() / 2 - 2;
                format!("< {first}61{rest_length:02X}\n> 00C00000{rest_length:02X}\n< {rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(pieces, whole);
    let (whole, pieces) = (read("jtt978", &whole), read("jtt978", &pieces));
    assert_eq!(whole.transactions.len(), pieces.transactions.len());
    for (whole, pieces) in whole.transactions.iter().zip(&pieces.transactions) {
        assert_eq!(whole.values, pieces.values);
        assert_eq!(whole.card.serial, pieces.card.serial);
        assert!(
            whole.received.iter().map(|one| one.mac).eq(pieces.received.iter().map(|one| one.mac))
        );
    }
}

#[test]
fn a_card_over_t0_is_read_like_any_other() {
    use link::CardTransport;
    let scene = Scene::new(CAPP);
    let maker = emulator::CardMaker::new(scene.profile.clone()).unwrap();
    let mut card = maker.lab_card(1).unwrap();
    card.set_protocol(Protocol::T0);
    let mut card = emulator::VirtualCard::volatile(card);
    card.reset().unwrap();
    let mut text = String::new();
    let mut send = |command: &str| {
        let answer = card.transmit(&hex::decode(command).unwrap()).unwrap();
        text += &format!("> {command}\n< {}\n", hex::encode(&answer));
        answer
    };
    send("00A4040008A000000632010105");
    let waits = send("805000020B0100000064011000000001");
    assert_eq!(waits, [0x61, 0x10]);
    // A wrong Le first: the card says the right one, and nothing is lost.
    assert_eq!(send("00C0000020")[0], 0x6C);
    send("00C0000010");
    send("805200000B2026112212345600000000");
    let reading = read("jtt978", &text);
    let [one] = reading.transactions.as_slice() else { panic!("{reading:?}") };
    assert_eq!(one.step.unwrap().status.unwrap().0, 0x9302);
    assert!(one.values.random.is_some());
}

#[test]
fn a_transaction_before_any_card_is_told_is_of_the_next_one_that_is() {
    let scene = Scene::new(LOAD);
    let (said, ..) = scene.recorded([1, 2, 3, 4]);
    let cut = &said[said.rfind("> 8050").unwrap()..];
    let read_file_15 = |serial: [u8; 8]| {
        let content = hex::encode(scene.profile.public_content(&serial));
        format!("> 00B095001E\n< {content}9000\n")
    };
    let (first, second) = (read_file_15(*b"\x99\0\0\0\0\0\0\x01"), read_file_15(SERIAL));
    let cards = |text: &str| -> Vec<u8> {
        read("jtt978", text).transactions.iter().map(|one| one.card.serial[7]).collect()
    };
    assert_eq!(cards(&format!("{cut}{first}{cut}{second}{cut}")), [0x01, 0x01, 0x68]);
    // In the middle of the transaction as well.
    let step = cut.find("> 8052").unwrap();
    let (begin, end) = cut.split_at(step);
    assert_eq!(cards(&format!("{begin}{first}{end}{second}{cut}")), [0x01, 0x68]);
}

#[test]
fn what_is_not_whole_is_told_and_passed_over() {
    let reading = read(
        "jtt978",
        "> 805001020B0100000064011000000001\n< 9401\n\
         > 805001020B0100000064011000000001\n< 01029000\n\
         > 805001020B0100000064011000000001\n< mute\n\
         > 805401000F00000001202611221234560102030408\n< 6901\n\
         > 8050010203010000\n< 6700\n\
         > 805001020B01****************0000\n< 9000\n\
         > 0020000003******\n< 9000\n",
    );
    assert!(reading.transactions.is_empty());
    let whys: Vec<(usize, &Why)> =
        reading.asides.iter().map(|aside| (aside.place.line, &aside.why)).collect();
    assert!(matches!(whys[0], (1, Why::Refused(_, status)) if status.0 == 0x9401), "{whys:?}");
    assert!(matches!(whys[1], (3, Why::NoAnswer(_))));
    assert!(matches!(whys[2], (5, Why::NoAnswer(_))));
    assert!(matches!(whys[3], (7, Why::NoInitialize(_))));
    assert!(matches!(whys[4], (9, Why::Wrong(_))));
    assert!(matches!(whys[5], (11, Why::Masked)));
    assert_eq!(whys.len(), 6);
}

#[test]
fn a_proof_gives_the_codes_that_were_lost() {
    let scene = Scene::new(CAPP);
    let (said, data, _) = scene.recorded(scene.maker(Code::Mac1).code());
    let serial = u16::from_be_bytes(scene.maker(Code::Mac1).serial.try_into().unwrap()) + 1;
    let (tac, mac2) = data.split_at(4);
    // The answer to the debit was lost; the terminal asks for the proof.
    let at = said.trim_end().rfind('\n').unwrap();
    let lost = format!(
        "{}\n< mute\n# ATR 3B00\n> 805A000902{serial:04X}08\n< {}{}9000\n",
        &said[..at],
        hex::encode(mac2),
        hex::encode(tac),
    );
    for code in [Code::Mac1, Code::Mac2, Code::Tac] {
        assert!(matches!(scene.diagnosed(&lost, code).verdict, Verdict::Right), "{code:?}");
    }
    // A terminal that takes the proof for a debit's answer has the two the wrong way round.
    let swapped = lost.replace(
        &format!("< {}{}9000", hex::encode(mac2), hex::encode(tac)),
        &format!("< {}{}9000", hex::encode(tac), hex::encode(mac2)),
    );
    let diagnosis = scene.diagnosed(&swapped, Code::Tac);
    let Verdict::Found(found) = diagnosis.verdict else { panic!("{diagnosis:?}") };
    assert_eq!(found[0].alike[0].ids(), ["mac2-in-its-place"]);
}

fn about(disagreements: &[Disagreement]) -> Vec<About> {
    disagreements.iter().map(|one| one.about).collect()
}

#[test]
fn what_card_and_psam_were_told_differently_is_found_without_keys() {
    let scene = Scene::new(CITY);
    let said = right(&scene);
    let reading = read("cjt166", &said);
    let found = disagreements(&scene.profile, &reading, reading.transactions.last().unwrap());
    assert_eq!(
        about(&found),
        [
            About::Terminal,
            About::Code,
            About::Random,
            About::Serial,
            About::Amount,
            About::Date,
            About::Time,
            About::KeyVersion,
            About::Factors,
            About::TerminalSerial,
            About::Mac1,
        ]
    );
    assert_eq!(found[0].psam.bytes, SAM_TERMINAL);
    assert_eq!((&found[5].card.bytes[..], &found[5].psam.bytes[..]), (&DATE[..], &SAM_DATE[..]));
    let words = found[0].in_words(&trace(&said), purse::Language::English);
    assert!(words.starts_with("terminal number: card 011023456789 (INITIALIZE, line "), "{words}");
    assert!(words.contains("PSAM 313233343536 (PSAM file 16, line "), "{words}");
}

#[test]
fn a_psam_recorded_by_itself_is_matched_by_the_random() {
    let scene = Scene::new(Setting { flow: Flow::Purchase, ..CAPP });
    let (said, data, _) = scene.recorded(scene.maker(Code::Mac1).code());
    let mut of_psam = false;
    let card: String = said
        .lines()
        .filter(|line| {
            of_psam = line.starts_with("> 8070") || of_psam && !line.starts_with('>');
            !of_psam
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let maker = scene.maker(Code::Mac1);
    let told = [
        &maker.random[..],
        &maker.serial,
        &1234_u32.to_be_bytes(),
        &[0x06],
        &DATE,
        &TIME,
        &[0x01, 0x00],
        &SERIAL,
        &scene.public[..8],
    ]
    .concat();
    let (tac, mac2) = data.split_at(4);
    let psam = format!(
        "> 00B0960006\n< {}9000\n> 8070000024{}\n< {}{}9000\n> 8072000004{}\n< 9302\n",
        hex::encode(TERMINAL),
        hex::encode(told),
        hex::encode(TERMINAL_SERIAL),
        hex::encode(maker.code()),
        hex::encode(tac),
    );
    let mut both = Trace::new();
    both.add("card.txt", Counted::Lines, &Recording::parse(&card).unwrap());
    both.add("psam.txt", Counted::Lines, &Recording::parse(&psam).unwrap());
    let reading = Reading::new(&both, &scene.profile, &Known::default());
    let found = disagreements(&scene.profile, &reading, reading.transactions.last().unwrap());
    // All is told alike, but the TAC was given to the PSAM where MAC2 belongs.
    assert_eq!(about(&found), [About::Mac2], "{found:?}");
    assert_eq!((&found[0].card.bytes[..], found[0].resembles), (mac2, Some(Code::Tac)));
    let words = found[0].in_words(&both, purse::Language::English);
    assert!(words.contains("psam.txt line 5") && words.ends_with("which is the TAC"), "{words}");
}

#[test]
fn a_key_of_another_version_is_not_taken_for_the_one_that_the_card_names() {
    let scene = Scene::new(LOAD);
    let (said, ..) = scene.recorded([1, 2, 3, 4]);
    // Balance and serial, then the version: 01, of which the bench has the keys, as it has of 05.
    let begun = said.rfind("> 8050").unwrap();
    let at = begun + said[begun..].find("< ").unwrap() + 2 + 12;
    assert_eq!(&said[at..at + 2], "01");
    let answered = |version: &str| format!("{}{version}{}", &said[..at], &said[at + 2..]);
    for code in [Code::Mac1, Code::Mac2] {
        let diagnosis = scene.diagnosed(&answered("09"), code);
        assert_eq!(diagnosis.right, None);
        let Verdict::NoKey(CustodyError::NoSuchKey { name, .. }) = diagnosis.verdict else {
            panic!("{diagnosis:?}")
        };
        assert_eq!(name.as_str(), "jtt978/1001/load/01/09");
    }
    // What was not compared is not said to differ.
    assert_eq!(scene.advised(&answered("09")), []);
    // The card's own MAC1 is made with the key of version 01, though it names 05.
    let diagnosis = scene.diagnosed(&answered("05"), Code::Mac1);
    let Verdict::Found(found) = &diagnosis.verdict else { panic!("{diagnosis:?}") };
    assert_eq!(found[0].alike[0].ids(), ["key-version"]);
}

#[test]
fn advice_says_what_the_card_said_and_what_is_not_known() {
    let scene = Scene::new(LOAD);
    let (said, ..) = scene.recorded([1, 2, 3, 4]);
    let advised = |text: &str| scene.advised(text);
    assert_eq!(advised(&said), [Advice::Moment]);
    // Without the card's number its own MAC1 does not fit either.
    let unknown: String = said
        .lines()
        .filter(|line| !line.contains("9F0C") && !line.contains("00A404") && !line.contains("9901"))
        .map(|line| format!("{line}\n"))
        .collect();
    let unknown = &unknown[unknown.find("> 0084").unwrap()..];
    let advice = advised(unknown);
    assert_eq!(advice[..2], [Advice::CardDiffers, Advice::CardUnknown], "{advice:?}");
    let right = scene.maker(Code::Mac2).code();
    let (taken, ..) = scene.recorded(right);
    assert_eq!(advised(&taken), []);
    let answer = taken.trim_end().rfind('\n').unwrap();
    let refused = format!("{}\n< 9302\n", &taken[..answer]);
    assert_eq!(advised(&refused), [Advice::RightYetRefused]);
    let other = format!("{}\n< 6901\n", &taken[..answer]);
    assert!(
        matches!(advised(&other)[..], [Advice::OtherReason(status, Some(_), Some(_))] if status.0 == 0x6901)
    );
}

#[test]
fn in_a_long_trace_the_values_that_stand_near_are_tried() {
    let scene = Scene::new(CAPP);
    let mut maker = scene.maker(Code::Mac1);
    maker.put("terminal", &SAM_TERMINAL);
    let (said, ..) = scene.recorded(maker.code());
    // The logs of many cards before, each record of another terminal at another time.
    let log = |number: u16| {
        let [high, low] = number.to_be_bytes();
        format!(
            "> 00B201C417\n< {number:04X}000000000001F4060110000042{high:02X}{low:02X}2026{low:02X}\
             01{high:02X}{low:02X}009000\n"
        )
    };
    let long: String = (0..3000).map(log).collect::<String>() + &said;
    let diagnosis = scene.diagnosed(&long, Code::Mac1);
    let Verdict::Found(found) = &diagnosis.verdict else { panic!("{diagnosis:?}") };
    assert_eq!(found[0].alike[0].ids(), ["terminal-of-psam"]);
    assert!(diagnosis.tried.singles < 1000, "{:?}", diagnosis.tried);
}

fn hex_line() -> impl Strategy<Value = String> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        // What looks like steps of a transaction.
        (0_u8..6, 1_u8..3, proptest::collection::vec(any::<u8>(), 11))
            .prop_map(|(p1, p2, data)| { [&[0x80, 0x50, p1, p2, 0x0B], &data[..]].concat() }),
        proptest::collection::vec(any::<u8>(), 15).prop_map(|data| [
            &[0x80, 0x54, 0x01, 0x00, 0x0F],
            &data[..]
        ]
        .concat()),
        proptest::collection::vec(any::<u8>(), 36).prop_map(|data| [
            &[0x80, 0x70, 0x00, 0x00, 0x24],
            &data[..]
        ]
        .concat()),
    ];
    bytes.prop_map(hex::encode)
}

fn answer() -> impl Strategy<Value = String> {
    let data = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(any::<u8>(), 15),
        proptest::collection::vec(any::<u8>(), 16),
    ];
    let status = prop_oneof![Just("9000"), Just("9302"), Just("6110"), Just("6C0F"), Just("")];
    prop_oneof![
        4 => (data, status).prop_map(|(data, status)| hex::encode(data) + status),
        1 => Just("mute".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_recording_panics(lines in proptest::collection::vec((hex_line(), answer()), 0..12)) {
        let text: String =
            lines.iter().map(|(command, answer)| format!("> {command}\n< {answer}\n")).collect();
        let trace = trace(&text);
        for name in ["cjt166", "pboc-sm4"] {
            let profile = Profile::find(name).unwrap();
            let reading = Reading::new(&trace, &profile, &Known::default());
            for one in reading.transactions.iter().take(1) {
                let custody = profile.lab_custody();
                for explanation in diagnosis::explain(&profile, &custody, one) {
                    prop_assert!(explanation.code.text().len() >= 3);
                }
                disagreements(&profile, &reading, one);
                let diagnoses = diagnose(&profile, &custody, &reading, one, Effort::Singles);
                advice(&reading, one, &diagnoses);
                for word in one.received.iter().map(|one| one.place) {
                    trace.place(word, purse::Language::Chinese);
                }
            }
        }
    }
}
