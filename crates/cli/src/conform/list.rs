//! `purse conform list`.

use applet_spec::Profile;
use conformance::Suites;
use conformance::run::Selection;

use super::cases;
use crate::error::CliError;
use crate::made;
use crate::ui::{Ui, padded};

/// Arguments of `purse conform list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Suites: all, families by name, or suite files [default: all].
    suites: Vec<String>,
    /// For cards of this profile [default: jtt978].
    #[arg(long, value_name = "P")]
    profile: Option<String>,
    /// Only the families.
    #[arg(long)]
    families: bool,
    /// What the built-in suites cover: command, rule, state, status word.
    #[arg(long, conflicts_with_all = ["families", "wrong", "rules"])]
    coverage: bool,
    /// The wrong cards, the rule that each breaks, and the cases that catch it.
    #[arg(long, conflicts_with_all = ["families", "rules"])]
    wrong: bool,
    /// The rules, what each rests on, and the cases that prove it.
    #[arg(long, conflicts_with = "families")]
    rules: bool,
}

/// Lists.
///
/// # Errors
/// Suites or profiles that are wrong.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let profile = args.profile.as_deref().map(Profile::find).transpose()?;
    let profile = made::or_default(profile)?;
    let all = cases::named(&args.suites, &profile)?;
    let selection = super::run::all_of(&all, &profile);
    match () {
        () if args.coverage => super::coverage::tell(ui),
        () if args.wrong => wrong_cards(ui, &selection),
        () if args.rules => rules(ui, &selection),
        () if args.families => families(ui, &selection),
        () => every_case(ui, &selection, &profile),
    }
}

fn every_case(ui: &Ui, selection: &Selection, profile: &Profile) -> Result<(), CliError> {
    if ui.json {
        let cases: Vec<_> = selection
            .entries
            .iter()
            .map(|entry| {
                let case = &entry.case;
                serde_json::json!({
                    "id": case.id,
                    "family": case.family.name,
                    "purpose": case.purpose.en,
                    "purpose_zh": case.purpose.zh,
                    "rules": case.rules.iter().map(|rule| &rule.id).collect::<Vec<_>>(),
                    "catches": case.catches,
                    "applies": entry.skipped.is_none(),
                    "destructive": case.may_destroy(),
                    "steps": case.steps.len(),
                })
            })
            .collect();
        return ui.document(&serde_json::json!({
            "ok": true, "profile": profile.name, "version": profile.version, "cases": cases,
        }));
    }
    let mut out = String::new();
    for entry in &selection.entries {
        let case = &entry.case;
        let mark = if entry.skipped.is_some() { "-" } else { " " };
        let purpose = ui.lang.pick(&case.purpose.en, &case.purpose.zh);
        out += &format!("{mark} {} {purpose}\n", padded(&case.id, 28));
    }
    ui.print(&out)?;
    let run = selection.run().count();
    ui.say(&ui.lang.pick(
        format!("{run} cases for {}; - marks those that are not", profile.name),
        format!("{} 适用 {run} 个用例; - 为不适用", profile.name),
    ));
    Ok(())
}

fn families(ui: &Ui, selection: &Selection) -> Result<(), CliError> {
    let mut families: Vec<(&str, &str, &str, usize)> = Vec::new();
    for entry in &selection.entries {
        let family = &entry.case.family;
        match families.iter_mut().find(|(name, ..)| *name == family.name) {
            Some((.., count)) => *count += 1,
            None => families.push((&family.name, &family.title.en, &family.title.zh, 1)),
        }
    }
    if ui.json {
        let families: Vec<_> = families
            .iter()
            .map(|(name, en, zh, cases)| {
                serde_json::json!({"name": name, "title": en, "title_zh": zh, "cases": cases})
            })
            .collect();
        return ui.document(&serde_json::json!({ "ok": true, "families": families }));
    }
    let line = |(name, en, zh, count): &(&str, &str, &str, usize)| {
        format!("{} {count:>5}  {}\n", padded(name, 18), ui.lang.pick(en, zh))
    };
    ui.print(&families.iter().map(line).collect::<String>())
}

fn wrong_cards(ui: &Ui, selection: &Selection) -> Result<(), CliError> {
    // Generated cases name no wrong card, and those of other profiles may.
    let catching = |name: &str| {
        let all = Suites::built_in().cases().chain(selection.entries.iter().map(|e| &e.case));
        let mut ids: Vec<&str> = all
            .filter(|case| case.catches.iter().any(|catch| catch == name))
            .map(|case| case.base.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let shelf = emulator::wrong::shelf();
    if ui.json {
        let cards: Vec<_> = shelf
            .iter()
            .map(|card| {
                serde_json::json!({
                    "name": card.name, "title": card.title, "title_zh": card.title_zh,
                    "rule": card.rule, "profiles": card.profiles, "caught_by": catching(&card.name),
                })
            })
            .collect();
        return ui.document(&serde_json::json!({ "ok": true, "wrong_cards": cards }));
    }
    let mut out = String::new();
    for card in shelf {
        let title = ui.lang.pick(&card.title, &card.title_zh);
        let caught = catching(&card.name).join(" ");
        out += &format!("{} {title}\n", padded(&card.name, 32));
        out += &format!("{} {}: {caught}\n", padded("", 32), card.rule);
    }
    ui.print(&out)
}

fn rules(ui: &Ui, selection: &Selection) -> Result<(), CliError> {
    let rules = conformance::Rules::built_in();
    let proving = |id: &str| {
        let names = |case: &conformance::Case| case.rules.iter().any(|rule| rule.id == id);
        let mut ids: Vec<&str> = selection
            .entries
            .iter()
            .filter(|entry| names(&entry.case))
            .map(|entry| entry.case.base.as_str())
            .collect();
        ids.dedup();
        ids
    };
    if ui.json {
        let rules: Vec<_> = rules
            .all()
            .iter()
            .map(|rule| {
                serde_json::json!({
                    "id": rule.id, "text": rule.text.en, "text_zh": rule.text.zh,
                    "source": rule.source, "cases": proving(&rule.id),
                })
            })
            .collect();
        return ui.document(&serde_json::json!({ "ok": true, "rules": rules }));
    }
    let mut out = String::new();
    for rule in rules.all() {
        let text = ui.lang.pick(&rule.text.en, &rule.text.zh);
        out += &format!("{} {text}\n", padded(&rule.id, 32));
        out += &format!("{} [{}] {}\n", padded("", 32), rule.source, proving(&rule.id).join(" "));
    }
    ui.print(&out)
}
