//! `purse demo`.

use applet_spec::Profile;

use crate::run;

/// A terminal of 40 lines and 100 columns.
const LINES: usize = 40;
const COLUMNS: usize = 100;

#[test]
fn the_whole_story_fits_a_screen_in_both_languages_on_every_profile() {
    for name in Profile::built_in_cards().map(|profile| profile.name.as_str()) {
        for lang in ["en", "zh"] {
            let arguments = ["demo", "--profile", name, "--lang", lang];
            let told = run(&arguments).fine().stdout;
            assert!(told.starts_with(&format!("{name} 1.0.0 ")), "{told}");
            assert!(told.lines().count() <= LINES, "{told}");
            for line in told.lines() {
                let columns: usize =
                    line.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum();
                assert!(columns <= COLUMNS, "{columns} columns: {line}");
            }
            assert!(told.contains("94.50"), "{told}");
            assert!(told.contains(if lang == "en" { "compound" } else { "复合消费" }), "{told}");
            assert!(
                told.lines().filter(|line| line.contains("->")).all(|line| line.contains("9000"))
            );
            assert_eq!(run(&arguments).fine().stdout, told, "the same on every run");
        }
    }
}

#[test]
fn the_story_is_a_document_too() {
    let story = run(&["demo", "--json"]).fine().json();
    assert_eq!((&story["ok"], &story["profile"]), (&true.into(), &"jtt978".into()));
    assert_eq!((&story["version"], &story["balance_fen"]), (&"1.0.0".into(), &9450.into()));
    let chapters = story["chapters"].as_array().expect("chapters");
    let exchanges = chapters.iter().flat_map(|one| one["exchanges"].as_array().expect("a list"));
    assert!(exchanges.filter(|one| one["status"] == "9000").count() > 10, "{story}");
}

#[test]
fn a_profile_without_keys_tells_no_story() {
    run(&["demo", "--profile", "nope"]).refused(96, &["nope"]);
    for profile in ["psam-jtt978", "fmcos-blank"] {
        let said = run(&["demo", "--profile", profile])
            .refused(2, &["has no purse application", "next: --profile with one of"]);
        let (_, next) = said.stderr.split_once("next: ").unwrap();
        assert!(next.contains("jtt978") && !next.contains(profile), "{next}");
    }
}
