use std::path::Path;

use applet_spec::KeyKind;

use super::*;

fn job(text: &str) -> Result<Job, String> {
    Job::parse(text.as_bytes(), Path::new("lab/job.toml")).map_err(|errors| errors.to_string())
}

const LEAST: &str = "name = \"lab\"\ntarget = \"fmcos\"\nprofile = \"pboc\"\n";

#[test]
fn a_job_file_says_everything_that_a_batch_needs() {
    let job = job(
        "name = \"lab 1\"\ntarget = \"virtual\"\nprofile = \"./mine.toml\"\ncards = \"cards.csv\"\n\
         operator = \"Zhang\"\nretries = 2\non-used = \"erase\"\non-half-done = \"erase\"\n\
         [serial]\nprefix = \"9999 0000\"\nstart = 5000000000\nstep = 2\ncheck = \"luhn\"\n\
         [keys]\nfrom = \"file:lab.keys\"\nversion = 2\nversions = { purchase = 0x41 }\n\
         [defaults]\nbalance = \"10.00\"\nexpired = true\noffline-serial = 0xFFFE\nfile.16 = \"AA\"\n\
         [transactions]\nterminal = \"000000000007\"\ndate = \"20261125\"\n\
         [verify]\ntransaction = \"0.01\"\n",
    )
    .expect("a job");
    assert_eq!((job.name.as_str(), job.target), ("lab 1", Target::Virtual));
    assert_eq!(job.profile, "lab/./mine.toml");
    assert_eq!(job.cards, CardList::File("lab/cards.csv".into()));
    assert_eq!((job.serial.prefix.as_str(), job.serial.start), ("99990000", 5_000_000_000));
    assert_eq!((job.serial.step, job.serial.check), (2, CheckDigit::Luhn));
    assert_eq!(job.keys.from.as_deref(), Some("file:lab.keys"));
    assert_eq!((job.keys.version, job.keys.versions), (Some(2), vec![(KeyKind::Purchase, 0x41)]));
    let defaults: Vec<_> =
        job.defaults.iter().map(|d| (d.key.as_str(), d.value.as_str())).collect();
    assert_eq!(
        defaults,
        [("balance", "10.00"), ("expired", "yes"), ("offline-serial", "0xFFFE"), ("file.16", "AA")]
    );
    assert_eq!(job.defaults[1].place.line, 20);
    assert_eq!(job.transactions.terminal.0, [0, 0, 0, 0, 0, 7]);
    assert_eq!(job.transactions.moment.map(|(date, _)| date.0), Some([0x20, 0x26, 0x11, 0x25]));
    assert_eq!(job.verify.transaction, Some(Amount(1)));
    let Policy { used, half_done, retries } = job.policy;
    assert_eq!((used, half_done, retries), (OnUsed::Erase, OnHalfDone::Erase, 2));
    assert_eq!(job.operator.as_deref(), Some("Zhang"));
}

#[test]
fn little_is_enough() {
    let job = job(&format!("{LEAST}count = 3\n")).expect("a job");
    assert_eq!(job.cards, CardList::Count(3));
    assert_eq!((job.policy.used, job.policy.retries), (OnUsed::Refuse, 1));
    assert_eq!((job.keys.from, job.verify.transaction), (None, None));
}

#[test]
fn every_mistake_is_told_with_its_place_and_mend() {
    for (text, words) in [
        (
            "name = \"x\"",
            &["job.toml:1:1: target: missing key", "profile: missing", "cards: missing"][..],
        ),
        ("colour = 1", &["job.toml:4:1: colour: unknown key", "the keys here are name, target"]),
        ("cout = 3", &["cout: unknown key; did you mean \"count\"?"]),
        ("count = 0", &["job.toml:4:9: count: so many", "1 to 100000"]),
        ("count = 3\ncards = \"x.csv\"", &["job.toml:4:9: count: the cards file says how many"]),
        ("count = 1\non-used = \"eras\"", &["on-used", "did you mean \"erase\"?"]),
        ("count = 1\n[serial]\nprefix = \"xyz\"", &["job.toml:6:10: serial.prefix", "hexadecimal"]),
        ("count = 1\n[serial]\nstep = 0", &["serial.step", "same serial"]),
        ("count = 1\n[serial]\nstart = -1", &["serial.start", "from 0"]),
        ("count = 1\nserial = 5", &["serial: found a number", "prefix, start, step, check"]),
        ("count = 1\n[keys.versions]\ndoor = 1", &["job.toml:6:8: keys.versions.door", "purchase"]),
        ("count = 1\n[keys.versions]\nload = 999", &["keys.versions.load: 999 is out of range"]),
        ("count = 1\n[defaults]\nbalance = 1.5", &["job.toml:6:11: defaults.balance", "quotes"]),
        ("count = 1\ndefaults = 3", &["defaults: found a number; write a table"]),
        ("count = 1\n[transactions]\ndate = \"20250229\"", &["transactions.date", "28 days"]),
        ("count = 1\n[transactions]\ntime = \"120000\"", &["transactions.date: missing key"]),
        ("count = 1\n[transactions]\nterminal = \"01\"", &["exactly 6 bytes"]),
        ("count = 1\n[verify]\ntransaction = \"0.00\"", &["verify.transaction: nothing"]),
        (
            "count = 1\n[verify]\ntransaction = \"1\"",
            &["verify.transaction", "its decimals are missing"],
        ),
        ("count = 1\noperator = \"\"", &["operator: no short line of text"]),
        ("count = 1 x", &["job.toml:4:", "TOML syntax"]),
    ] {
        let text =
            if text.starts_with("name") { text.to_owned() } else { format!("{LEAST}{text}") };
        let said = job(&text).expect_err(&text);
        for word in words {
            assert!(said.contains(word), "{text}\n{said}\nlacks {word}");
        }
    }
    for name in ["../x", "", "a/b", ".hidden", "a\u{7}"] {
        let name = serde_json_text(name);
        let said = job(&format!("name = {name}\ntarget = \"fmcos\"\nprofile = \"p\"\ncount = 1"));
        assert!(said.expect_err(&name).contains("name"), "{name}");
    }
    let said = Job::parse(&[0xFF], Path::new("j.toml")).expect_err("bytes").to_string();
    assert!(said.contains("j.toml: not UTF-8"), "{said}");
}

/// A text in quotes, as TOML and JSON have it.
fn serde_json_text(text: &str) -> String {
    let escaped: String = text.chars().flat_map(char::escape_default).collect();
    format!("\"{}\"", escaped.replace("\\u{7}", "\\u0007"))
}
