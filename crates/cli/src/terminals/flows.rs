//! `purse terminal flows` and `check`.

use applet_spec::Profile;
use applet_spec::flow::Flow;
use serde_json::json;

use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Arguments of `purse terminal flows`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only those for cards of this profile.
    #[arg(long, value_name = "P")]
    profile: Option<String>,
}

/// Arguments of `purse terminal check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Flow files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

/// Lists the built-in flows.
///
/// # Errors
/// A profile that is not there.
pub fn list(ui: &Ui, args: &ListArgs) -> Result<(), CliError> {
    let flows = match &args.profile {
        Some(profile) => Flow::of_profile(&*Profile::find(profile)?),
        None => Flow::built_in_names()
            .iter()
            .map(|name| Flow::find(name).map_err(CliError::FlowFile))
            .collect::<Result<_, _>>()?,
    };
    if ui.json {
        let flows: Vec<_> = flows
            .iter()
            .map(|flow| {
                json!({
                    "name": flow.name,
                    "version": flow.version,
                    "summary": flow.summary,
                    "summary_zh": flow.summary_zh,
                    "profiles": flow.profiles,
                    "transaction": flow.transaction().map(|transaction| transaction.text()),
                })
            })
            .collect();
        return ui.document(&json!({ "ok": true, "flows": flows }));
    }
    let mut text = String::new();
    for flow in &flows {
        let name = ui.toned(Tone::Strong, &format!("{:<20}", flow.name));
        let summary = ui.lang.pick(&flow.summary, &flow.summary_zh);
        text += &format!("{name} {:<7} {summary}\n", flow.version);
    }
    ui.print(&text)
}

/// Checks flow files.
///
/// # Errors
/// The first that is wrong, with everything that is wrong with it.
pub fn check(ui: &Ui, args: &CheckArgs) -> Result<(), CliError> {
    let mut good = Vec::new();
    for file in &args.files {
        // A name without a slash is a path here, never a built-in flow.
        let path = if file.contains(['/', '\\']) { file.clone() } else { format!("./{file}") };
        let flow = Flow::find(&path).map_err(CliError::FlowFile)?;
        good.push(json!({ "file": file, "name": flow.name, "version": flow.version }));
        if !ui.json {
            ui.print(&format!("{file}: {} {} is good\n", flow.name, flow.version))?;
        }
    }
    if ui.json {
        return ui.document(&json!({ "ok": true, "flows": good }));
    }
    Ok(())
}
