//! `purse demo`: the whole story of a card in one process, without hardware.

mod exchange;
mod story;
mod trip;

use applet_spec::Profile;
use serde::Serialize;

use crate::error::CliError;
use crate::made::DEFAULT_PROFILE;
use crate::ui::{Tone, Ui};
use exchange::Exchange;
use story::Story;

/// Arguments of `purse demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Card family: a built-in name or the path of a profile.
    #[arg(long, value_name = "P", default_value = DEFAULT_PROFILE)]
    profile: String,
}

#[derive(Serialize)]
struct Document<'s> {
    ok: bool,
    profile: &'s str,
    version: &'s str,
    serial: String,
    atr: String,
    balance_fen: u32,
    chapters: &'s [Chapter],
}

/// A part of the story.
#[derive(Serialize)]
struct Chapter {
    title: String,
    exchanges: Vec<Exchange>,
}

/// Tells the story.
///
/// # Errors
/// A profile that makes no card, or a card that does not do what the story says.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let profile = Profile::find(&args.profile)?;
    let story = Story::play(ui, &profile)?;
    if ui.json {
        return ui.document(&Document {
            ok: true,
            profile: &profile.name,
            version: &profile.version,
            serial: hex::encode_upper(profile.serial),
            atr: story.atr.to_string(),
            balance_fen: story.balance.0,
            chapters: &story.chapters,
        });
    }
    ui.print(&text(ui, &profile, &story))
}

fn text(ui: &Ui, profile: &Profile, story: &Story) -> String {
    let summary = ui.lang.pick(&profile.summary, &profile.summary_zh);
    let title = ui.toned(Tone::Strong, &format!("{} {}", profile.name, profile.version));
    let mut out = format!("{title}  {summary}\n");
    for (number, chapter) in (1..).zip(&story.chapters) {
        let heading = ui.toned(Tone::Strong, &format!("{number} {}", chapter.title));
        out += &format!("{heading}\n");
        for exchange in &chapter.exchanges {
            out += &format!("  {}\n", exchange.line());
        }
    }
    let balance = story.balance;
    let end = ui.lang.pick(
        format!("Balance {balance} yuan. Every MAC and TAC was checked against the lab keys."),
        format!("余额 {balance} 元。所有 MAC 与 TAC 均已用实验室密钥核对。"),
    );
    out + &format!("{}\n", ui.toned(Tone::Good, &end))
}
