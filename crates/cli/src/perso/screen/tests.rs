use perso::engine::{How, Left, Serial, Stranger};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

const SERIAL: Serial = Serial([0x99, 0x99, 0, 0, 0, 0, 0, 0x01]);

/// What the screen shows, line by line. Wide characters take two cells there, and one here.
fn shown(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut out = String::new();
    for y in 0..height {
        let mut skip = 0;
        for x in 0..width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                out += symbol;
                skip = ratatui::text::Span::raw(symbol).width().max(1);
            }
            skip -= 1;
        }
        out.push('\n');
    }
    out
}

fn view(lang: Lang, events: &[Event]) -> View {
    let mut view = View::new(lang, "lab-batch · fmcos-ep 1.0.0".to_owned());
    let tally = Tally { total: 9, passed: 3, rejected: 1, waiting: 5, ..Tally::default() };
    for event in events {
        view.take(event, &tally, "3F01: write key 3E/01, purchase".to_owned());
    }
    view
}

fn started() -> Event {
    Event::Started { serial: SERIAL, how: How::New, steps: 32 }
}

#[test]
fn the_screen_says_in_large_words_what_to_do_now() {
    let insert = Event::Insert { next: Some(SERIAL), begun: Vec::new() };
    let step = Event::Step { serial: SERIAL, at: 6, steps: 32 };
    let passed = Event::Passed { serial: SERIAL };
    let turned = Event::Turned { why: Stranger::Used("serial 1234567890123456".to_owned()) };
    let ended = Event::Ended { left: Some(Left::Finished) };
    for (events, words) in [
        (
            vec![insert.clone()],
            &["INSERT CARD", "9999000000000001", "lab-batch · fmcos-ep 1.0.0"][..],
        ),
        (
            vec![insert.clone(), started(), step.clone()],
            &["WORKING", "9999000000000001", "7/32 3F01: write key 3E/01, purchase"],
        ),
        (vec![started(), passed], &["PASSED – TAKE IT AWAY", "passed 9999000000000001"]),
        (vec![turned], &["TAKE IT AWAY", "not blank (serial 1234567890123456)"]),
        (vec![ended], &["END", "finished as asked"]),
    ] {
        let text = shown(&view(Lang::En, &events), 100, 24);
        for word in words {
            assert!(text.contains(word), "no {word:?} in\n{text}");
        }
        assert!(text.contains("cards 9   passed 3   rejected 1   begun 0   waiting 5"), "{text}");
        assert!(text.contains("s skip   r retry   q finish"), "{text}");
    }
}

#[test]
fn the_screen_shows_the_serial_of_the_card_in_the_reader_and_not_the_next_one() {
    let next = Serial([0x99, 0x99, 0, 0, 0, 0, 0, 0x02]);
    let insert = Event::Insert { next: Some(next), begun: Vec::new() };
    for passed in [true, false] {
        let again = Event::Already { serial: SERIAL, passed };
        let text = shown(&view(Lang::En, &[insert.clone(), again, Event::TakeAway]), 100, 24);
        assert!(!text.contains("9999000000000002"), "{text}");
        let large: Vec<&str> = text.lines().take(8).collect();
        assert!(large.concat().contains("TAKE IT AWAY"), "{text}");
        assert!(large.concat().contains("9999000000000001"), "{text}");
    }
    let why = Stranger::Foreign("jtt978".to_owned());
    let text = shown(&view(Lang::En, &[insert, Event::Turned { why }]), 100, 24);
    assert!(text.contains("this is a jtt978 card, not a blank one"), "{text}");
    assert!(!text.contains("9999000000000002"), "{text}");
}

#[test]
fn the_screen_speaks_chinese() {
    let text = shown(&view(Lang::Zh, &[started()]), 80, 20);
    assert!(
        text.contains("处 理 中") && text.contains("通过 3") && text.contains("s 跳过"),
        "{text}"
    );
}

#[test]
fn a_reason_stays_on_the_screen_until_the_next_card() {
    let why = "3F01: write key 3E/01, purchase: the card answered 6982".to_owned();
    let rejected = Event::Rejected { serial: SERIAL, why: why.clone() };
    let mut view = view(Lang::En, &[started(), rejected, Event::TakeAway]);
    assert!(shown(&view, 100, 24).contains(&why));
    let insert = Event::Insert { next: Some(SERIAL), begun: Vec::new() };
    view.take(&insert, &Tally::default(), String::new());
    let text = shown(&view, 100, 24);
    assert!(text.contains("INSERT CARD") && text.contains(&why), "{text}");
}

#[test]
fn a_small_terminal_is_no_reason_to_fail() {
    for (width, height) in [(1, 1), (10, 3), (20, 8), (300, 5)] {
        shown(&view(Lang::En, &[started()]), width, height);
    }
}

#[test]
fn keys_are_choices() {
    let key = |code, modifiers| choice_of(KeyEvent::new(code, modifiers));
    assert_eq!(key(KeyCode::Char('s'), KeyModifiers::NONE), Choice::Skip);
    assert_eq!(key(KeyCode::Char('R'), KeyModifiers::SHIFT), Choice::Retry);
    assert_eq!(key(KeyCode::Char('q'), KeyModifiers::NONE), Choice::Finish);
    assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Choice::Stop);
    assert_eq!(key(KeyCode::Char('c'), KeyModifiers::NONE), Choice::None);
    assert_eq!(key(KeyCode::Enter, KeyModifiers::NONE), Choice::None);
}
