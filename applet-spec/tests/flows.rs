//! Flows: the built-in ones are whole, and each mistake is told with its line, its key, and what to
//! do.

use applet_spec::flow::{Fare, FareTable, Flow, Refusal, Source, Step, Stop, Transaction};
use applet_spec::{Problem, Profile};
use proptest::prelude::*;

const PURCHASE: &str = include_str!("../flows/pboc-purchase.toml");
const BUS: &str = include_str!("../flows/tunion-bus.toml");
const EXIT: &str = include_str!("../flows/tunion-metro-exit.toml");
const LOAD: &str = include_str!("../flows/pboc-load.toml");

fn problems(text: &str) -> Vec<Problem> {
    match Flow::parse(text, "mine.toml") {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems().to_vec(),
    }
}

#[test]
fn every_built_in_flow_loads_and_is_for_built_in_profiles() {
    for name in Flow::built_in_names() {
        let flow = Flow::find(name).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(&flow.name, name);
        assert!(!flow.profiles.is_empty(), "{name}");
        for profile in &flow.profiles {
            assert!(Profile::built_in(profile).is_some(), "{name}: {profile}");
        }
    }
}

#[test]
fn every_profile_has_its_flows_and_the_first_is_a_purchase() {
    let names = |profile: &str| -> Vec<String> {
        let profile = Profile::find(profile).unwrap();
        Flow::of_profile(&profile).iter().map(|flow| flow.name.clone()).collect()
    };
    assert_eq!(names("pboc"), ["pboc-purchase", "pboc-load", "pboc-unload", "pboc-block"]);
    assert_eq!(names("pboc-sm4"), names("pboc"));
    assert_eq!(
        names("cjt166"),
        ["cjt-purchase", "cjt-metro-entry", "cjt-metro-exit", "cjt-load", "cjt-block"]
    );
    assert_eq!(names("jtt978").first().map(String::as_str), Some("tunion-bus"));
    assert_eq!(names("jtt978-sm4"), names("jtt978"));
}

#[test]
fn a_profile_of_one_s_own_has_the_flows_of_the_family_it_looks_like() {
    let mine = |base: &str| {
        let text = format!("extends = \"{base}\"\nname = \"mine\"\nversion = \"0\"\n");
        Profile::parse(&text, "mine.toml").unwrap()
    };
    for base in ["pboc", "cjt166", "jtt978"] {
        let own = Flow::of_profile(&Profile::find(base).unwrap());
        assert_eq!(Flow::of_profile(&mine(base)), own, "{base}");
    }
}

#[test]
fn a_flow_that_extends_another_changes_what_it_says() {
    let load = Flow::find("tunion-load").unwrap();
    let base = Flow::find("pboc-load").unwrap();
    assert_eq!(load.transaction(), Some(Transaction::Load));
    assert_eq!(load.slots[0].layout.name, "jtt-public");
    assert_eq!(base.slots[0].layout.name, "pboc-public");
    assert_eq!(load.steps.len(), base.steps.len());
    assert_eq!(load.fare, Fare::Given);
}

#[test]
fn records_are_put_together_field_by_field() {
    let flow = Flow::find("tunion-metro-exit").unwrap();
    let cache = flow.steps.iter().find_map(|step| match step {
        Step::Cache(cache) => Some(cache),
        _ => None,
    });
    let cache = cache.expect("a record");
    assert_eq!((cache.sfi, cache.layout.length, cache.base.is_some()), (0x1A, 128, true));
    let time = cache.set.iter().find(|set| set.field.name == "exit-time").expect("a time");
    assert_eq!((time.field.at, time.field.width, &time.value), (74, 7, &Source::Now));
    let mut record = vec![0xEE; 128];
    let station = &cache.set.iter().find(|set| set.field.name == "exit-station").unwrap().field;
    station.put(&mut record, &[0x12, 0x34]);
    assert_eq!(record[43..52], [0x12, 0x34, 0, 0, 0, 0, 0, 0, 0xEE], "left");
    let terminal = &cache.set.iter().find(|set| set.field.name == "exit-terminal").unwrap().field;
    terminal.put(&mut record, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(record[58..67], [0xEE, 0, 0, 1, 2, 3, 4, 5, 6], "right");
    assert_eq!(terminal.of(&record), Some(&[0, 0, 1, 2, 3, 4, 5, 6][..]));
    assert_eq!(terminal.of(&record[..66]), None);
}

#[test]
fn the_lab_metro_knows_its_fares() {
    let flow = Flow::find("tunion-metro-exit").unwrap();
    let Fare::Table { table, .. } = &flow.fare else { panic!("a table") };
    let stop = |line, station| Stop { line, station };
    assert_eq!(table.fare(stop(1, 1), stop(1, 2), Some(10)), Some(300));
    assert_eq!(table.fare(stop(1, 1), stop(2, 2), Some(180)), Some(600));
    assert_eq!(table.fare(stop(2, 2), stop(1, 3), None), Some(500));
    assert_eq!(table.fare(stop(1, 1), stop(1, 2), Some(181)), Some(900), "over time");
    assert_eq!(table.fare(stop(0, 0), stop(1, 2), Some(1)), None);
    assert_eq!(table.stops().count(), 5);
}

#[test]
fn refusals_say_what_they_are_in_two_languages() {
    assert_eq!(Refusal::BlackListed.text(), "black-listed");
    let (english, chinese) = Refusal::BlackListed.words();
    assert!(english.contains("black list") && chinese.contains("黑名单"));
}

/// Line of the first occurrence, from 1.
fn line_of(text: &str, marker: &str) -> u32 {
    let at = text.find(marker).unwrap_or_else(|| panic!("{marker:?} is not in the text"));
    text[..at].matches('\n').count() as u32 + 1
}

/// In the text, the first `from` becomes `to`; the mistake is told at the line of `marker`.
#[track_caller]
fn mistake(text: &str, from: &str, to: &str, marker: &str, key: &str, message: &str, mend: &str) {
    assert!(text.contains(from), "{from:?}");
    let wrong = text.replacen(from, to, 1);
    let problems = problems(&wrong);
    let line = line_of(&wrong, marker);
    let told = |one: &&Problem| {
        one.key == key
            && one.line == Some(line)
            && one.message.contains(message)
            && one.mend.contains(mend)
    };
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.iter().find(told).is_some(), "{line}: {key}: {message} is not among {all:#?}");
}

macro_rules! mistakes {
    ($($text:ident: $from:literal => $to:literal, at $marker:literal, $key:literal, $message:literal, $mend:literal;)*) => {
        #[test]
        fn mistakes_are_told_where_they_are() {
            $(mistake($text, $from, $to, $marker, $key, $message, $mend);)*
        }
    };
}

mistakes! {
    // words and forms
    BUS: "do = \"balance\"" => "do = \"balanse\"", at "balanse", "step[9].do", "not known here", "did you mean \"balance\"?";
    BUS: "do = \"mac1\"" => "do = \"mac1\"\nsfi = 0x13", at "sfi = 0x13", "step[13].sfi", "unknown key", "the keys here are do";
    BUS: "flat = 200" => "flat = \"2.00\"", at "flat = ", "fare.flat", "found a text", "0 to 4294967295";
    BUS: "flat = 200" => "flat = 200\nfree = true", at "[fare]", "fare", "2 kinds of fare", "flat = FEN";
    BUS: "public = \"jtt-public\"" => "public = \"jtt-publik\"", at "jtt-publik", "layouts.public", "no layout \"jtt-publik\"", "jtt-public";
    BUS: "layout = \"trip\"" => "layout = \"trap\"", at "\"trap\"", "step[12].layout", "not among the layouts", "add `trap = \"..\"`";
    // what was not read
    BUS: "number = \"public.number\"" => "number = \"publik.number\"", at "publik.number", "card.number", "nothing was read as \"publik\"", "as = \"publik\"";
    BUS: "number = \"public.number\"" => "number = \"public.nummer\"", at "public.nummer", "card.number", "no field \"nummer\"", "write one of issuer, city";
    BUS: "number = \"public.number\"" => "number = \"number\"", at "number = \"number\"", "card.number", "is no field", "a dot";
    BUS: "serial = \"public.serial\"" => "serial = \"public.number\"", at "serial = \"public.number\"", "card.serial", "a field of 10 bytes", "a field of 8 bytes";
    EXIT: "field = \"metro.state\"" => "field = \"metro.stage\"", at "metro.stage", "step[11].field", "no field \"stage\"", "write one of id, length";
    EXIT: "is = [\"01\", \"03\"]" => "is = [\"01\", \"0003\"]", at "0003", "step[11].is[1]", "2 bytes, the field has 1", "as many bytes";
    EXIT: "else = \"no-entry\"" => "", at "[[step]]\ndo = \"check\"\nthat = \"equals\"\nfield = \"metro.state\"", "step[11].else", "missing key", "add `else = ..`";
    // records
    BUS: "city = \"{city}\"" => "city = \"{town}\"", at "{town}", "step[12].set.city", "{town} is not known here", "write one of terminal";
    BUS: "type = \"06\"" => "type = \"0600\"", at "0600", "step[12].set.type", "2 bytes, the field has 1", "fits";
    BUS: "type = \"06\"" => "type = \"{institution}\"", at "type = \"{inst", "step[12].set.type", "8 bytes, the field has 1", "fits";
    BUS: "type = \"06\"" => "kind = \"06\"", at "kind = \"06\"", "step[12].set.kind", "has no field \"kind\"", "write one of type";
    BUS: "append = true" => "append = true\nnumber = 1", at "[[step]]\ndo = \"cache\"", "step[12]", "which record?", "append = true";
    BUS: "append = true\nlayout = \"trip\"" => "append = true", at "[[step]]\ndo = \"cache\"", "step[12]", "what does the record look like?", "layout = ";
    EXIT: "from = \"metro\"" => "from = \"metra\"", at "metra", "step[15].from", "nothing was read as \"metra\"", "an earlier step";
    // order
    PURCHASE: "do = \"mac1\"" => "do = \"code\"", at "do = \"code\"", "step[9].do", "forgets the transaction", "before initialize";
    PURCHASE: "for = \"purchase\"" => "for = \"load\"", at "do = \"mac1\"", "step[9].do", "cannot stand here", "of a purchase";
    PURCHASE: "\n[[step]]\ndo = \"debit\"\n" => "", at "do = \"check-mac2\"", "step[10].do", "cannot stand here", "after the debit";
    PURCHASE: "application = true" => "name = \"A0000003\"", at "do = \"balance\"", "step[7].do", "not selected yet", "application = true";
    PURCHASE: "do = \"balance\"" => "do = \"initialize\"\nfor = \"purchase\"", at "do = \"initialize\"\nfor = \"purchase\"\n\n[[step]]\ndo = \"mac1\"", "step[8].do", "forgets the transaction", "before initialize";
    LOAD: "do = \"credit\"" => "do = \"debit\"", at "do = \"debit\"", "step[8].do", "cannot stand here", "a load ends with credit";
    BUS: "for = \"capp\"" => "for = \"purchase\"", at "do = \"cache\"", "step[12].do", "by a compound purchase only", "for = \"capp\"";
    BUS: "time = \"{now}\"" => "time = \"{terminal-serial}\"", at "do = \"cache\"", "step[12].do", "not known yet", "put mac1 before";
    LOAD: "\n[[step]]\ndo = \"credit\"\n" => "", at "[[step]]", "step", "begun and not finished", "end with debit, credit";
    BUS: "city = \"public.city\"\n" => "", at "do = \"check\"\nthat = \"equals\"\nfield = \"management", "step[6].do", "without a city", "add city";
    // fares
    EXIT: "table = \"lab-metro\"" => "table = \"lab-tram\"", at "lab-tram", "fare.table", "no built-in fare table", "mend the fare table";
    EXIT: "table = \"lab-metro\"" => "flat = 100", at "entry-line = ", "fare.entry-line", "only a fare by table", "remove it";
}

#[test]
fn a_fare_table_has_a_fare_for_every_pair_of_zones() {
    let good = include_str!("../fares/lab-metro.toml");
    let wrong = |from: &str, to: &str| {
        let text = good.replacen(from, to, 1);
        FareTable::parse(&text, "mine.toml").unwrap_err().to_string()
    };
    assert!(wrong("[400, 300, 500]", "[400, 300]").contains("2 fares, there are 3 zones"));
    assert!(wrong("zone = 3", "zone = 4").contains("stations[4].zone"));
    assert!(wrong("zone = 3", "zone = 0").contains("from 1"));
    assert!(wrong("station = 2, zone = 1", "station = 1, zone = 1").contains("listed already"));
    assert!(wrong("300, 400", "300, -4").contains("out of range"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", at in 0_usize..3000, cut in 0_usize..40) {
        let _ = Flow::parse(&text, "mine.toml");
        let _ = FareTable::parse(&text, "mine.toml");
        let mut spoilt: String = EXIT.chars().take(at).collect();
        spoilt.extend(text.chars().take(cut));
        spoilt.extend(EXIT.chars().skip(at + cut));
        let _ = Flow::parse(&spoilt, "mine.toml");
    }
}
