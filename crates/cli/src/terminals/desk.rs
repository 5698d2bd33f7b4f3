//! What every terminal of this program has: roles, a clock, a state, and somebody to ask.

use std::path::PathBuf;

use applet_spec::Profile;
use applet_spec::flow::Stop;
use terminal::{Attempt, Engine};

use super::clock::ClockArgs;
use super::state::{Found, StateFile};
use crate::confirm::YesArgs;
use crate::error::CliError;
use crate::roles::{Backing, RoleArgs};
use crate::spec::{CardArgs, Place};
use crate::ui::Ui;

/// Options of every terminal.
#[derive(Debug, clap::Args)]
pub struct DeskArgs {
    /// Keep what must not be lost in this file; the next run settles it.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    pub clock: ClockArgs,
    #[command(flatten)]
    roles: RoleArgs,
    #[command(flatten)]
    pub yes: YesArgs,
}

/// What is opened for a terminal before it starts.
pub struct Desk {
    backing: Backing,
    state: Option<StateFile>,
    found: Found,
}

/// A terminal that is ready.
pub struct Started<'d> {
    pub engine: Engine<'d>,
    pub state: Option<StateFile>,
    /// What earlier runs left open: the engine resumes it, once there are books that take its records.
    pub open: Vec<Attempt>,
}

impl Desk {
    /// What to try where a code is refused.
    pub fn advice(&self, cards: &Profile, others: Option<&str>) -> String {
        self.backing.advice(cards, others)
    }
}

impl DeskArgs {
    /// Opens state, keys and PSAM for cards of `profile`, of which `card` names one at `place`.
    ///
    /// # Errors
    /// A state that is in use or damaged; keys or a PSAM that are not to be had, or are the card.
    pub fn open(
        &self,
        ui: &Ui,
        profile: &Profile,
        card: &CardArgs,
        place: &Place,
    ) -> Result<Desk, CliError> {
        let (state, found) = match &self.state {
            Some(path) => StateFile::open(path).map(|(state, found)| (Some(state), found))?,
            None => (None, Found::default()),
        };
        if !found.open.is_empty() {
            let count = found.open.len();
            ui.say(&ui.lang.pick(
                format!("{count} transactions are open since an earlier run"),
                format!("上次运行遗留 {count} 笔未完成交易"),
            ));
        }
        Ok(Desk { backing: self.roles.open(ui, profile, card, place)?, state, found })
    }

    /// Starts the engine at `stop`; gives the state to be kept, and what is open in it.
    ///
    /// # Errors
    /// A PSAM that does not answer as one, or a state of another terminal.
    pub fn start<'d>(
        &self,
        desk: &'d mut Desk,
        profile: &'d Profile,
        stop: Stop,
    ) -> Result<Started<'d>, CliError> {
        let Desk { backing, state, found } = desk;
        let last = found.serial.unwrap_or(0);
        let engine = backing.engine(profile, self.roles.site(profile, stop), last)?;
        let mut state = state.take();
        if let Some(state) = &mut state {
            state.belongs_to(engine.psam().terminal(), found)?;
        }
        Ok(Started { engine, state, open: std::mem::take(&mut found.open) })
    }
}
