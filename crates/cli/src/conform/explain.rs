//! `purse conform explain`.

use applet_spec::Profile;
use conformance::Case;

use super::cases;
use crate::error::CliError;
use crate::made;
use crate::ui::Ui;

/// Arguments of `purse conform explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ids of cases.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// The suite file that they are in, where they are not built in.
    #[arg(long, value_name = "FILE")]
    suite: Vec<String>,
    /// Profile whose generated cases are meant [default: jtt978].
    #[arg(long, value_name = "P")]
    profile: Option<String>,
}

/// Explains.
///
/// # Errors
/// No such case.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    let profile = args.profile.as_deref().map(Profile::find).transpose()?;
    let profile = made::or_default(profile)?;
    let all = cases::named(&args.suite, &profile)?;
    let mut found: Vec<&Case> = Vec::new();
    for id in &args.ids {
        let before = found.len();
        found.extend(all.iter().map(AsRef::as_ref).filter(|c| c.id == *id || c.base == *id));
        if found.len() == before {
            return Err(cases::unknown(id));
        }
    }
    if ui.json {
        let cases: Vec<_> = found.iter().map(|case| case.describe()).collect();
        return ui.document(&serde_json::json!({ "ok": true, "cases": cases }));
    }
    let texts: Vec<String> = found.iter().map(|case| case.explain(ui.lang.into())).collect();
    ui.print(&texts.join("\n"))
}
