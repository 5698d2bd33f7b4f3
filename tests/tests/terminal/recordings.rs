//! The flows as recordings: what went over the link to card and PSAM, kept in fixtures/recordings/ and
//! replayed as cards. After a change of flows or commands, make them anew with
//! `UPDATE_FIXTURES=1 cargo test -p tests --test terminal recordings`, and look at what changed.

use std::path::{Path, PathBuf};

use applet_spec::Catalogue;
use applet_spec::flow::Stop;
use link::{CardTransport, Recorder, Replay};
use terminal::{Check, Outcome, TransactionRecord};
use tests::Written;

use crate::lab::{Books, Lab, NOW, tap};

/// A session: the taps of one card, one flow after the other.
struct Session {
    name: &'static str,
    family: &'static str,
    flows: &'static [&'static str],
}

const SESSIONS: [Session; 9] = [
    Session { name: "pboc-purchase", family: "pboc", flows: &["pboc-purchase"] },
    Session { name: "pboc-load-unload", family: "pboc", flows: &["pboc-load", "pboc-unload"] },
    Session { name: "tunion-bus", family: "jtt978", flows: &["tunion-bus"] },
    Session { name: "tunion-bus-sm4", family: "jtt978-sm4", flows: &["tunion-bus"] },
    Session {
        name: "tunion-metro",
        family: "jtt978",
        flows: &["tunion-metro-entry", "tunion-metro-exit"],
    },
    Session { name: "tunion-load", family: "jtt978", flows: &["tunion-load", "tunion-purchase"] },
    Session { name: "cjt-purchase", family: "cjt166", flows: &["cjt-purchase"] },
    Session { name: "cjt-metro", family: "cjt166", flows: &["cjt-metro-entry", "cjt-metro-exit"] },
    Session { name: "tunion-block", family: "jtt978", flows: &["tunion-block"] },
];

fn path(session: &Session, side: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    folder.join(format!("{}.{side}.rec", session.name))
}

/// Plays a session with these two cards.
fn play(
    session: &Session,
    card: &mut dyn CardTransport,
    psam: &mut dyn CardTransport,
) -> Vec<TransactionRecord> {
    let lab = Lab::new(session.family);
    let mut engine = lab.with_psam(psam);
    let mut books = Books::default();
    for (at, flow) in (0..).zip(session.flows) {
        // The second tap is at another station, ten minutes later.
        engine.site_mut().stop =
            if at == 0 { lab.site().stop } else { Stop { line: 1, station: 3 } };
        let now = NOW.plus(600 * at);
        let program = lab.program(flow);
        let outcome = tap(&mut engine, &program, &lab.order(250), now, card, &mut books).unwrap();
        assert!(
            matches!(outcome, Outcome::Accepted | Outcome::Blocked),
            "{}: {outcome:?}",
            session.name
        );
    }
    assert!(books.transactions.iter().all(|record| record.tac_check == Check::Right));
    books.transactions
}

fn record(session: &Session) -> (String, String, Vec<TransactionRecord>) {
    let lab = Lab::new(session.family);
    let (card_text, psam_text) = (Written::default(), Written::default());
    let mut card =
        Recorder::new(lab.card(10_000), card_text.clone(), Catalogue::carries_secret).unwrap();
    let mut psam =
        Recorder::new(lab.psam_card(), psam_text.clone(), Catalogue::carries_secret).unwrap();
    let records = play(session, &mut card, &mut psam);
    (card_text.text(), psam_text.text(), records)
}

#[test]
fn the_recordings_are_what_flows_say_and_replay_to_the_same_records() {
    for session in &SESSIONS {
        let (card, psam, records) = record(session);
        for (side, text) in [("card", &card), ("psam", &psam)] {
            let path = path(session, side);
            if std::env::var_os("UPDATE_FIXTURES").is_some() {
                std::fs::write(&path, text).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
            let name = path.display();
            assert!(kept == *text, "{name} is old; run UPDATE_FIXTURES=1 cargo test -p tests");
        }
        let kept = |side| {
            let path = path(session, side);
            Replay::parse(
                session.name,
                &std::fs::read_to_string(path).unwrap(),
                Catalogue::carries_secret,
            )
            .unwrap()
        };
        let (mut card, mut psam) = (kept("card"), kept("psam"));
        assert_eq!(play(session, &mut card, &mut psam), records, "{}", session.name);
        assert_eq!((card.remaining(), psam.remaining()), (0, 0), "{}", session.name);
    }
}
