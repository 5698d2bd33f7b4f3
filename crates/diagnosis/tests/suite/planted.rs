//! Every mistake of the table is made by hand, sent to a card, and found in the recording.

use std::collections::BTreeMap;

use applet_spec::PurseKind::{Deposit, Purse};
use crypto::custody::{CustodyError, HeldKeys, KeyCustody, KeyName, KeyRecord};
use diagnosis::{Code, Diagnosis, Effort, Flow, Stage, Verdict, mistakes};

use super::plants::{PLANTS, Plant, SEARCHED, TAKEN};
use super::scene::{Scene, Setting};

const fn setting(profile: &'static str, flow: Flow, purse: applet_spec::PurseKind) -> Setting {
    Setting { profile, flow, purse, code: false }
}

const SETTINGS: &[Setting] = &[
    setting("cjt166", Flow::Purchase, Purse),
    Setting { code: true, ..setting("cjt166", Flow::Purchase, Purse) },
    setting("cjt166", Flow::Capp, Purse),
    Setting { code: true, ..setting("cjt166", Flow::Capp, Purse) },
    setting("cjt166", Flow::Load, Purse),
    setting("jtt978", Flow::Purchase, Purse),
    setting("jtt978", Flow::Capp, Purse),
    setting("jtt978", Flow::Load, Purse),
    setting("jtt978", Flow::Overdraft, Purse),
    setting("pboc", Flow::Purchase, Deposit),
    setting("pboc", Flow::Purchase, Purse),
    setting("pboc", Flow::Cash, Deposit),
    setting("pboc", Flow::Load, Deposit),
    setting("pboc", Flow::Unload, Deposit),
    setting("pboc", Flow::Overdraft, Deposit),
    setting("jtt978-sm4", Flow::Purchase, Purse),
    setting("jtt978-sm4", Flow::Capp, Purse),
    setting("jtt978-sm4", Flow::Load, Purse),
    setting("jtt978-sm4", Flow::Overdraft, Purse),
    setting("pboc-sm4", Flow::Unload, Deposit),
];

/// The recording of a transaction in which `code` is `mac`: sent by a terminal that is wrong, or
/// answered by a card that is.
fn recording(scene: &Scene, code: Code, mac: [u8; 4]) -> String {
    let right = scene.maker(scene.setting.sent()).code();
    if code == scene.setting.sent() {
        let (said, data, status) = scene.recorded(mac);
        assert_eq!((status, data.len()), (0x9302, 0), "a card takes a wrong MAC");
        return said;
    }
    let (said, _, status) = scene.recorded(right);
    assert_eq!(status, 0x9000, "the MAC made by hand is right");
    let own = hex::encode_upper(scene.maker(code).code());
    let at = said.rfind(&own).unwrap_or_else(|| panic!("{code:?} {own} in:\n{said}"));
    format!("{}{}{}", &said[..at], hex::encode_upper(mac), &said[at + 8..])
}

/// The hypotheses that fit, by the names of their mistakes.
fn found(diagnosis: &Diagnosis) -> Vec<Vec<&'static str>> {
    match &diagnosis.verdict {
        Verdict::Found(findings) => {
            assert_eq!(findings.len(), 1, "a second finding by chance: {findings:?}");
            findings[0].alike.iter().map(|one| one.ids()).collect()
        }
        _ => Vec::new(),
    }
}

fn plant(scene: &Scene, code: Code, plant: &Plant) -> Option<Diagnosis> {
    let mut maker = scene.maker(code);
    let right = maker.code();
    let mac = (plant.make)(scene, &mut maker).unwrap_or_else(|| maker.code());
    // Where the mistake changes nothing it is none.
    (mac != right).then(|| scene.diagnosed(&recording(scene, code, mac), code))
}

/// Makes every mistake in every code of a setting; how often each could be made.
fn plant_all(setting: Setting) -> BTreeMap<&'static str, usize> {
    let mut made = BTreeMap::new();
    let scene = Scene::new(setting);
    for code in setting.flow.codes() {
        for one in PLANTS.iter().chain(TAKEN) {
            let Some(diagnosis) = plant(&scene, *code, one) else { continue };
            let found = found(&diagnosis);
            assert!(
                found.contains(&vec![one.id]),
                "{setting:?} {code:?}: {} was made, found: {found:?}",
                one.id
            );
            assert_eq!((diagnosis.tried.pairs, diagnosis.tried.searched), (0, 0));
            *made.entry(one.id).or_default() += 1;
        }
    }
    made
}

#[test]
fn every_mistake_of_the_table_is_found_wherever_it_can_be_made() {
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    std::thread::scope(|scope| {
        let running: Vec<_> =
            SETTINGS.iter().map(|setting| scope.spawn(|| plant_all(*setting))).collect();
        for one in running {
            for (id, count) in one.join().unwrap() {
                *made.entry(id).or_default() += count;
            }
        }
    });
    for mistake in mistakes().filter(|mistake| mistake.stage == Stage::Usual) {
        assert!(made.contains_key(mistake.id), "{} is never made here", mistake.id);
    }
    let all: usize = made.values().sum();
    assert!(all > 3000, "{all} mistakes were made");
}

fn both(scene: &Scene, code: Code, ids: [&str; 2]) -> Diagnosis {
    let mut maker = scene.maker(code);
    for id in ids {
        let plant = PLANTS.iter().find(|plant| plant.id == id).unwrap();
        (plant.make)(scene, &mut maker);
    }
    scene.diagnosed(&recording(scene, code, maker.code()), code)
}

#[test]
fn two_mistakes_at_once_are_found() {
    let doubles: &[(Setting, Code, [&str; 2])] = &[
        (
            setting("jtt978", Flow::Capp, Purse),
            Code::Mac1,
            ["type-ep-purchase", "terminal-reversed"],
        ),
        (setting("jtt978", Flow::Capp, Purse), Code::Mac1, ["levels-reversed", "serial-after"]),
        (
            Setting { code: true, ..setting("cjt166", Flow::Purchase, Purse) },
            Code::Mac1,
            ["code-missing", "serial-reversed"],
        ),
        (
            Setting { code: true, ..setting("cjt166", Flow::Capp, Purse) },
            Code::Mac1,
            ["code-missing", "terminal-of-psam"],
        ),
        (
            setting("pboc", Flow::Load, Deposit),
            Code::Mac2,
            ["amount-little-endian", "offline-serial"],
        ),
        (setting("pboc", Flow::Unload, Deposit), Code::Mac3, ["balance-before", "key-load"]),
        (setting("pboc", Flow::Overdraft, Deposit), Code::Tac, ["whole-key", "date-zero"]),
        (setting("jtt978-sm4", Flow::Load, Purse), Code::Tac, ["key-version", "padding-zeros"]),
    ];
    for (setting, code, ids) in doubles {
        let diagnosis = both(&Scene::new(*setting), *code, *ids);
        let found = found(&diagnosis);
        let named = found.iter().any(|pair| ids.iter().all(|id| pair.contains(id)));
        assert!(named, "{setting:?} {code:?}: {ids:?} were made, found: {found:?}");
        assert!(diagnosis.tried.pairs > 1000, "{:?}", diagnosis.tried);
        assert!(diagnosis.tried.expected_by_chance() < 1e-4);
    }
}

#[test]
fn a_value_that_nobody_offers_is_searched_for() {
    let search = |id: &'static str, setting: Setting| {
        let scene = Scene::new(setting);
        let one = SEARCHED.iter().find(|plant| plant.id == id).unwrap();
        let diagnosis = plant(&scene, setting.sent(), one).unwrap();
        assert_eq!(found(&diagnosis), [[id]]);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| search("time-searched", setting("jtt978", Flow::Capp, Purse)));
        scope.spawn(|| search("date-searched", setting("jtt978", Flow::Load, Purse)));
        scope.spawn(|| search("serial-searched", setting("pboc", Flow::Load, Deposit)));
        let offline = setting("cjt166", Flow::Purchase, Purse);
        scope.spawn(move || search("terminal-serial-searched", offline));
    });
    let searched = mistakes().filter(|mistake| mistake.stage == Stage::Search);
    assert!(searched.map(|one| one.id).eq(SEARCHED.iter().map(|one| one.id)));
}

#[test]
fn what_no_mistake_of_the_table_makes_is_not_explained_away() {
    let scene = Scene::new(setting("jtt978", Flow::Capp, Purse));
    let (said, _, status) = scene.recorded([0xDE, 0xAD, 0xBE, 0xEF]);
    assert_eq!(status, 0x9302);
    let diagnosis = scene.diagnosed(&said, Code::Mac1);
    assert!(matches!(diagnosis.verdict, Verdict::NothingFits), "{:?}", diagnosis.verdict);
    assert_eq!(diagnosis.right.unwrap().0, scene.maker(Code::Mac1).code());
    let tried = diagnosis.tried;
    assert!(tried.singles > 100 && tried.pairs > 10_000 && tried.searched > 200_000, "{tried:?}");
}

/// A custody that gives keys by name and cannot list them.
struct Unlisted(HeldKeys);

impl KeyCustody for Unlisted {
    fn describe(&self) -> String {
        "token".to_owned()
    }

    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError> {
        Err(CustodyError::Provider { provider: "token".to_owned(), problem: "no list".to_owned() })
    }

    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError> {
        self.0.record(name)
    }

    fn encrypt_by_stored(&self, name: &KeyName, blocks: &[u8]) -> Result<Vec<u8>, CustodyError> {
        self.0.encrypt_by_stored(name, blocks)
    }
}

#[test]
fn keys_that_the_custody_does_not_list_are_said_not_to_be_tried() {
    let scene = Scene::new(setting("jtt978", Flow::Capp, Purse));
    let (said, ..) = scene.recorded([0xDE, 0xAD, 0xBE, 0xEF]);
    let custody = Unlisted(scene.custody.clone());
    let diagnosis = scene.diagnosed_by(&custody, Effort::Singles, &said, Code::Mac1);
    assert!(matches!(diagnosis.verdict, Verdict::NothingFits), "{:?}", diagnosis.verdict);
    assert_eq!((diagnosis.effort, diagnosis.tried.pairs), (Effort::Singles, 0));
    for id in ["key-index", "key-version"] {
        let untried = diagnosis.untried.iter().find(|one| one.mistake.id == id).unwrap();
        assert_eq!(untried.why.to_string(), "token: no list", "{id}");
    }
}

#[test]
fn a_right_code_is_said_to_be_right() {
    for setting in SETTINGS {
        let scene = Scene::new(*setting);
        let (said, _, status) = scene.recorded(scene.maker(setting.sent()).code());
        assert_eq!(status, 0x9000);
        for code in setting.flow.codes() {
            let diagnosis = scene.diagnosed(&said, *code);
            assert!(matches!(diagnosis.verdict, Verdict::Right), "{setting:?} {diagnosis:?}");
        }
    }
}
