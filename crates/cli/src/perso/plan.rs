//! `purse perso plan`.

use perso::plan::Plan;
use purse::Language;
use serde_json::json;

use super::{JobArgs, Ready};
use crate::error::CliError;
use crate::ui::{Tone, Ui, padded};

/// Arguments of `purse perso plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    job: JobArgs,
}

/// Tells what a run would do. Nothing is written and no card is touched.
///
/// # Errors
/// Everything that is wrong with the files; keys that are not to be had.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let ready = args.job.ready()?;
    let plan = Plan::of(&ready.batch, &*ready.custody)?;
    if ui.json {
        return ui.document(&document(&ready, &plan));
    }
    ui.print(&text(ui, &ready, &plan))
}

fn document(ready: &Ready, plan: &Plan) -> serde_json::Value {
    let Ready { batch, custody, public } = ready;
    let keys: Vec<_> = public
        .iter()
        .map(|key| json!({ "name": key.name.as_str(), "kcv": key.check_value.to_string() }))
        .collect();
    let step = |step: &perso::plan::PlannedStep| {
        json!({ "title": step.title, "title_zh": step.title_zh, "once": step.once,
            "apdus": step.apdus })
    };
    let warning = |warning: &perso::plan::Warning| {
        json!({ "text": warning.text, "text_zh": warning.text_zh,
            "needs_force": warning.needs_force })
    };
    json!({
        "ok": true,
        "name": batch.job.name,
        "target": batch.job.target.text(),
        "profile": batch.profile.name,
        "version": batch.profile.version,
        "blank": batch.blank.as_ref().map(|blank| format!("{} {}", blank.name, blank.version)),
        "keys": custody.describe(),
        "public_keys": keys,
        "cards": plan.cards,
        "apdus": plan.apdus,
        "apdus_per_card": [plan.apdus_per_card.0, plan.apdus_per_card.1],
        "irreversible": plan.once,
        "seconds": plan.seconds,
        "cost_model": plan.model,
        "states": plan.states.iter().map(|(state, cards)| json!({ "state": state, "cards": cards }))
            .collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "warnings": plan.warnings.iter().map(warning).collect::<Vec<_>>(),
    })
}

/// The plan for people.
pub fn text(ui: &Ui, ready: &Ready, plan: &Plan) -> String {
    let Ready { batch, custody, public } = ready;
    let zh = Language::from(ui.lang) == Language::Chinese;
    let blank = batch.blank.as_ref().map_or(String::new(), |blank| {
        let (name, version) = (&blank.name, &blank.version);
        ui.lang.pick(format!(" on {name} {version}"), format!(", 白卡 {name} {version}"))
    });
    let (least, most) = plan.apdus_per_card;
    let per_card = if least == most { least.to_string() } else { format!("{least}–{most}") };
    let time = duration(plan.seconds);
    let mut out = String::new();
    let mut line = |name: (&str, &str), value: String| {
        let name = ui.lang.pick(name.0, name.1);
        out += &format!("{} {value}\n", padded(name, 12));
    };
    line(("batch", "批次"), format!("{} ({})", batch.job.name, batch.job.target.text()));
    line(
        ("family", "卡片规格"),
        format!("{} {}{blank}", batch.profile.name, batch.profile.version),
    );
    line(("keys", "密钥"), custody.describe());
    line(("cards", "卡片"), plan.cards.to_string());
    line(
        ("commands", "指令"),
        if zh {
            format!("每卡 {per_card}, 共 {}, 其中不可重复 {}", plan.apdus, plan.once)
        } else {
            format!(
                "{per_card} per card, {} in all, {} of them not repeatable",
                plan.apdus, plan.once
            )
        },
    );
    line(
        ("time", "预计用时"),
        if zh {
            format!("约 {time} (耗时模型 {}, 为估计值)", plan.model)
        } else {
            format!("about {time} (cost model {}, an estimate)", plan.model)
        },
    );
    for (state, cards) in &plan.states {
        line(("state", "状态"), format!("{cards} × {state}"));
    }
    if !plan.steps.is_empty() {
        out += ui
            .lang
            .pick("\nsteps of the first card (! not repeatable)\n", "\n首张卡步骤 (! 不可重复)\n");
        for (number, step) in plan.steps.iter().enumerate() {
            let mark = if step.once { "!" } else { " " };
            let title = ui.lang.pick(&step.title, &step.title_zh);
            out += &format!("{:>4} {mark} {title}\n", number + 1);
        }
    }
    let tone = |text: &str| ui.toned(Tone::Warning, text);
    if !public.is_empty() {
        let (warning, count) = (tone(ui.lang.pick("warning:", "注意:")), public.len());
        out += &match zh {
            false => {
                format!("{warning} {count} of the keys are public lab keys: they protect nothing\n")
            }
            true => format!("{warning} 其中 {count} 个密钥为公开的实验室密钥, 不起任何保护作用\n"),
        };
    }
    for warning in &plan.warnings {
        let text = ui.lang.pick(&warning.text, &warning.text_zh);
        out += &format!("{} {text}\n", tone(ui.lang.pick("warning:", "注意:")));
    }
    out
}

/// Seconds as people say them.
pub fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        return "1 s".to_owned();
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}
