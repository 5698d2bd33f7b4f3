//! `purse perso`: batches planned, made, verified and reported by the real program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use emulator::{Protocol, VirtualCard};
use link::CardTransport;
use nvm::image::Durability;
use perso::engine::{Entry, Lasting, Ledger, Record, RecordState};
use perso::journal::Journal;

use crate::{Said, run, text};

mod killed;
mod mistakes;

/// A folder with a job and its cards.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// `job` is what the job says beside its name and cards.
    fn new(job: &str, csv: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let job = format!("name = \"lab\"\ncards = \"cards.csv\"\n{job}");
        fs::write(folder.path().join("job.toml"), job).expect("job");
        fs::write(folder.path().join("cards.csv"), csv).expect("cards");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments<'a>(&self, verb: &'a str, more: &[&'a str]) -> Vec<String> {
        let (job, journal) = (self.path("job.toml"), self.path("lab.journal"));
        let fixed = ["perso", verb, text(&job), "--journal", text(&journal)];
        fixed.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    /// Runs a verb on the job.
    fn perso(&self, verb: &str, more: &[&str]) -> Said {
        let arguments = self.arguments(verb, more);
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&words)
    }

    /// The cards kept in files.
    fn cards(&self) -> String {
        format!("virtual:fmcos-blank@{}", text(&self.path("cards")))
    }
}

const FMCOS: &str = "target = \"fmcos\"\nprofile = \"fmcos-ep\"\n";

/// The serial in file 15 of the card in an image; none where it is no card of the family.
fn serial_on(path: &Path) -> Option<String> {
    let mut card =
        VirtualCard::open(path, None, Durability::Process, Protocol::T1).expect("a whole image");
    card.reset().expect("ATR");
    let select = hex::decode("00A4040009A00000000386980701").expect("hex");
    card.transmit(&select).expect("an answer");
    let read = card.transmit(&hex::decode("00B095001E").expect("hex")).expect("an answer");
    (read.len() == 32).then(|| hex::encode_upper(&read[12..20]))
}

/// Every serial, and how many cards bear it.
fn serials_in(folder: &Path) -> BTreeMap<String, u32> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|kind| kind == "img")
            && let Some(serial) = serial_on(&path)
        {
            *out.entry(serial).or_default() += 1;
        }
    }
    out
}

#[test]
fn the_example_is_planned_made_verified_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/lab-batch.toml");
    let journal = folder.path().join("lab.journal");
    let journal = text(&journal);
    let plan = run(&["perso", "plan", example, "--json"]).fine().json();
    let card = "virtual:fmcos-blank";
    let made = run(&["perso", "run", example, "--card", card, "--journal", journal]).fine();
    assert!(made.stdout.contains("passed 9999000000000001"), "{}", made.stdout);
    assert!(made.stdout.contains("9 of 9 passed, 0 rejected"), "{}", made.stdout);
    assert!(made.stderr.contains("public lab keys"), "{}", made.stderr);
    let report = run(&["perso", "report", example, "--journal", journal, "--json"]).fine().json();
    let sent: u64 = report["cards"]
        .as_array()
        .expect("cards")
        .iter()
        .map(|card| card["record"]["apdus"].as_u64().expect("a count"))
        .sum();
    assert_eq!(plan["apdus"], sent, "the plan knows every command");
    for form in ["--csv", "--html", "--junit"] {
        let said = run(&["perso", "report", example, "--journal", journal, form, "-"]).fine();
        assert!(said.stdout.contains("9999000000000105"), "{form}: {}", said.stdout);
        assert!(said.stdout.contains("3F01/purchase/01/01"), "{form}: check values of keys");
    }
    let report = ["perso", "report", example, "--journal", journal, "--csv"];
    let nowhere = folder.path().join("nowhere/report.csv");
    run(&[&report[..], &[text(&nowhere)]].concat()).refused(13, &["failed to write"]);
    let full = Path::new("/dev/full");
    if full.exists() {
        run(&[&report[..], &[text(full)]].concat()).refused(14, &["failed to write"]);
    }
    let kept = folder.path().join("report.csv");
    run(&[&report[..], &[text(&kept)]].concat()).fine();
    assert!(fs::read_to_string(&kept).expect("a report").contains("9999000000000105"));
    assert!(!folder.path().join("report.csv.new").exists());
}

#[test]
fn a_plan_in_chinese_keeps_its_columns() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/lab-batch.toml");
    let plan = run(&["perso", "plan", example, "--lang", "zh"]).fine().stdout;
    for line in ["批次         lab-batch", "卡片规格     fmcos-ep", "密钥         lab keys"]
    {
        assert!(plan.lines().any(|one| one.starts_with(line)), "{line} is not in:\n{plan}");
    }
}

#[test]
fn cards_in_files_are_made_recognised_and_verified_again() {
    let lab = Lab::new(FMCOS, "serial,balance\n1,10.00\n2,20.00\n3,\n");
    let card = lab.cards();
    let said = lab.perso("run", &["--card", &card, "--limit", "2", "--operator", "Zhang"]).fine();
    assert!(said.stdout.contains("2 of 3 passed"), "{}", said.stdout);
    let said = lab.perso("run", &["--card", &card, "--resume", "--json"]).fine().json();
    assert_eq!((&said["tally"]["passed"], &said["tally"]["passed_now"]), (&3.into(), &1.into()));
    assert_eq!(serials_in(&lab.path("cards")).len(), 3);
    let said = lab.perso("verify", &["--card", &card]).fine();
    assert!(said.stdout.contains("3 of 3 cards are as they should be"), "{}", said.stdout);
    // Somebody else spends money of a card.
    let image = lab.path("cards").join("card-000001.img");
    let one = format!("virtual:fmcos-ep@{}", text(&image));
    let said = run(&["card", "balance", "--card", &one]);
    assert!(
        said.stderr.contains("fmcos-blank"),
        "an image knows what it was made of: {}",
        said.stderr
    );
    let mut card_in_file =
        VirtualCard::open(&image, None, Durability::Process, Protocol::T1).expect("an image");
    card_in_file.set_all(&[("balance".to_owned(), "9.99".to_owned())]).expect("set");
    drop(card_in_file);
    let said = lab.perso("verify", &["--card", &card]);
    let said = said.refused(20, &["2 of 3 cards are as they should be, 1 are not"]);
    assert!(said.stdout.contains("FAULT") && said.stdout.contains("9.99, not"), "{}", said.stdout);
}

#[test]
fn cards_that_are_not_put_in_or_not_finished_are_not_verified() {
    let lab = Lab::new(FMCOS, "serial\n1\n2\n");
    let card = lab.cards();
    lab.perso("run", &["--card", &card]).fine();
    let image = |name: &str| lab.path("cards").join(name);
    fs::rename(image("card-000001.img"), lab.path("1.img")).expect("another place");
    let said = lab.perso("verify", &["--card", &card]);
    said.refused(20, &["1 of 2 cards are as they should be, 0 are not"]);
    fs::rename(image("card-000002.img"), lab.path("2.img")).expect("another place");
    let said = lab.perso("verify", &["--card", &card]);
    said.refused(20, &["0 of 2 cards are as they should be, 0 are not"]);
    fs::rename(lab.path("1.img"), image("card-000001.img")).expect("back");

    // The work on the first was interrupted.
    let (mut journal, held) = Journal::open(&lab.path("lab.journal")).expect("a journal");
    let (serial, record) = held.records.first_key_value().expect("the first");
    let (serial, begun) = (*serial, Record { state: RecordState::Begun, ..record.clone() });
    let entry = Entry::Record(serial, Box::new(begun.clone()));
    journal.keep(&[entry], Lasting::Power).expect("kept");
    drop(journal);
    let said = lab.perso("verify", &["--card", &card]);
    said.refused(20, &["not checked: it is not finished", "0 of 1 cards"]);
    let (_, held) = Journal::open(&lab.path("lab.journal")).expect("a journal");
    assert_eq!(held.records.get(&serial), Some(&begun));
}

#[test]
fn virtual_cards_are_made_whole_in_every_state() {
    let lab = Lab::new(
        "target = \"virtual\"\nprofile = \"jtt978\"\n",
        "serial,balance,online-serial,offline-serial,locked,city,trip,log,pin-tries,expired\n\
         1,10.00,0xFFFF,0xFFFE,,,,,,\n2,,,,permanent,,,,,\n3,5.00,,,,2900,open,full,1,yes\n",
    );
    let card = format!("virtual:jtt978@{}", text(&lab.path("cards")));
    let said = lab.perso("run", &["--card", &card]).fine();
    assert!(said.stdout.contains("3 of 3 passed"), "{}", said.stdout);
    let image = format!("virtual:@{}", text(&lab.path("cards").join("0000000000000003.img")));
    let info = run(&["card", "info", "--card", &image]).fine();
    assert!(info.stdout.contains("2020-01-02"), "{}", info.stdout);
    let balance = run(&["card", "balance", "--card", &image, "--json"]).fine().json();
    assert_eq!(balance["purses"][0]["balance_fen"], 500);
    // An open trip began when it was made, and not when it is checked.
    thread::sleep(Duration::from_millis(1_100));
    let said = lab.perso("verify", &["--card", &card]).fine();
    assert!(said.stdout.contains("3 of 3 cards are as they should be"), "{}", said.stdout);
}

#[test]
fn an_image_that_the_batch_has_not_made_is_never_replaced() {
    let lab = Lab::new("target = \"virtual\"\nprofile = \"jtt978\"\n", "serial\n1\n2\n");
    let foreign = lab.path("cards").join("0000000000000002.img");
    fs::create_dir(lab.path("cards")).expect("a folder");
    fs::write(&foreign, "of somebody else").expect("a file");
    let card = format!("virtual:jtt978@{}", text(&lab.path("cards")));
    let there = &["0000000000000002.img", "already exists"];
    lab.perso("run", &["--card", &card]).refused(13, there);
    for _ in 0..2 {
        lab.perso("run", &["--card", &card, "--resume"]).refused(13, there);
        assert_eq!(fs::read(&foreign).expect("a file"), b"of somebody else");
    }
    fs::remove_file(&foreign).expect("its owner takes it away");
    lab.perso("run", &["--card", &card, "--resume"]).fine();
}

#[test]
fn after_the_last_number_of_an_image_no_blank_card_is_put_there() {
    let lab = Lab::new(FMCOS, "serial\n1\n");
    lab.perso("run", &["--card", &lab.cards()]).fine();
    let last = lab.path("cards").join("card-4294967295.img");
    fs::rename(lab.path("cards").join("card-000001.img"), last).expect("another name");
    let other = Lab::new(FMCOS, "serial\n2\n");
    let said = other.perso("run", &["--card", &lab.cards()]);
    said.refused(2, &["card-4294967295.img", "the last number"]);
}

#[test]
fn events_are_lines_of_json_on_stdout() {
    let lab = Lab::new(FMCOS, "serial\n1\n2\n");
    let said = lab.perso("run", &["--card", "virtual:fmcos-blank", "--jsonl"]).fine();
    let events: Vec<serde_json::Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "passed").count(), 2);
    assert!(names.iter().filter(|name| **name == "step").count() > 50);
    let last = events.last().expect("events");
    assert_eq!(last["tally"]["passed"], 2, "{last}");
}

#[test]
fn the_run_speaks_chinese() {
    let lab = Lab::new(FMCOS, "serial\n1\n");
    let said = lab.perso("run", &["--card", "virtual:fmcos-blank", "--lang", "zh"]).fine();
    assert!(said.stdout.contains("通过 0000000000000001"), "{}", said.stdout);
    let page = lab.perso("report", &["--html", "-", "--lang", "zh"]).fine();
    assert!(page.stdout.contains("<html lang=\"zh-CN\">"), "{}", page.stdout);
}

/// Waits for a process, at most this long.
fn ended(child: &mut std::process::Child, limit: Duration) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait().expect("a process") {
            return status.code();
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it does not end within {limit:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_finishes_the_command_under_way_and_keeps_the_state() {
    let rows: String = (1..=400).map(|number| format!("{number}\n")).collect();
    let lab = Lab::new(FMCOS, &format!("serial\n{rows}"));
    let card = lab.cards();
    let mut child = tests::purse()
        .args(lab.arguments("run", &["--card", &card]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("purse starts");
    while !lab.path("cards").join("card-000003.img").exists() {
        thread::sleep(Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(ended(&mut child, Duration::from_secs(20)), Some(130));
    let report = lab.perso("report", &["--json"]).fine().json();
    let passed = report["passed"].as_u64().expect("a count");
    assert!((2..400).contains(&passed), "{passed}");
    let said = lab.perso("run", &["--card", &card, "--resume", "--limit", "3", "--json"]);
    assert_eq!(said.json()["tally"]["passed"], passed + 3);
}
