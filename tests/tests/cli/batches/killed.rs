//! `purse perso run` is killed at random instants, and resumed until it is done.

use super::*;

const CARDS: u32 = 200;

/// Every other card is in some odd state.
fn row(number: u32) -> String {
    let state = match number % 10 {
        1 => "temporary,,,,",
        3 => ",1,,,",
        5 => ",,full,,",
        7 => ",,,2,3",
        9 => "permanent,2,,,",
        _ => ",,,,",
    };
    format!("{number},{number}.00,{state}\n")
}

#[test]
fn killed_at_any_instant_and_resumed_every_serial_is_on_exactly_one_verified_card() {
    let job = format!("{FMCOS}[verify]\ntransaction = \"0.01\"\n");
    let head = "serial,balance,locked,pin-tries,log,online-serial,offline-serial";
    let rows: String = (1..=CARDS).map(row).collect();
    let lab = Lab::new(&job, &format!("{head}\n{rows}"));
    let card = lab.cards();
    let mut random = 0x2545_F491_u32;
    let (mut kills, mut resumed) = (0, 0);
    let mut longest = 60_000;
    let start = Instant::now();
    loop {
        let mut child = tests::purse()
            .args(lab.arguments("run", &["--card", &card, "--resume"]))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("purse starts");
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        // Towards the end nothing is killed any more, so that there is an end.
        let delay = Duration::from_micros(u64::from(random % longest));
        if kills < 150 {
            thread::sleep(delay);
            // SIGKILL: nothing in the program hears of it.
            child.kill().expect("kill");
            kills += 1;
        }
        let output = child.wait_with_output().expect("purse ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        resumed += u32::from(said.contains("goes on at step"));
        // A busy machine has not begun a card by then.
        if resumed == 0 && kills % 25 == 24 {
            longest *= 2;
        }
        match output.status.code() {
            Some(0) => break,
            None => {}
            Some(code) => panic!("exit {code} after {kills} kills: {said}"),
        }
    }
    // Locked cards tell no serial any more; the others do, each its own.
    let serials = serials_in(&lab.path("cards"));
    assert_eq!(serials.len(), CARDS as usize / 10 * 8);
    assert!(serials.values().all(|cards| *cards == 1), "{serials:?}");
    let report = lab.perso("report", &["--json"]).fine().json();
    assert_eq!(report["passed"], CARDS, "{report}");
    let mut images = std::collections::BTreeSet::new();
    for card in report["cards"].as_array().expect("cards") {
        let image = card["record"]["card"]["uid"].as_str().expect("an image");
        assert!(images.insert(image.to_owned()), "{image} was made twice");
        let record = &card["record"];
        assert_eq!(record["attempts"], 1, "no card was begun twice: {card}");
        let checks = record["checks"].as_array().expect("checks");
        assert!(checks.len() > 10, "{card}");
        assert!(checks.iter().all(|check| check["fault"].is_null()), "{card}");
    }
    let said = lab.perso("verify", &["--card", &card]).fine();
    assert!(said.stdout.contains("200 of 200 cards are as they should be"), "{}", said.stdout);
    println!("{kills} kills in {:?}, {resumed} of them in the middle of a card", start.elapsed());
    assert!(resumed > 5, "too few kills hit a card: {resumed}");
}
