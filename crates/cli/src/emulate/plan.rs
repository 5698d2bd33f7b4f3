//! Which card: what the card file says, and what the command line says over it.

use std::sync::Arc;

use applet_spec::Profile;
use emulator::native::settings;
use emulator::{Card, VirtualCard};
use link::{ControlError, Fault, FaultPlan};
use nvm::image::Durability;

use super::Args;
use super::card_file::{CardFile, FileSetting};
use crate::error::CliError;
use crate::faults::{self, CardFault};
use crate::made::{self, Origin, Wanted};
use crate::ui::Ui;

/// The card that is asked for.
pub struct Plan {
    profile: Option<Arc<Profile>>,
    seed: Option<u64>,
    /// From the card file: what makes the card odd, once.
    made_with: Vec<FileSetting>,
    /// From the command line: set at every start.
    settings: Vec<(String, String)>,
    faults: Vec<CardFault>,
}

impl Plan {
    /// Reads the arguments and the card file.
    pub fn of(args: &Args) -> Result<Self, CliError> {
        let file = match &args.card_file {
            Some(path) => CardFile::read(path)?,
            None => CardFile::default(),
        };
        let profile = args.profile.as_ref().or(file.profile.as_ref());
        let mut faults = file.faults;
        faults.extend(faults::read(&args.faults)?);
        Ok(Self {
            profile: profile.map(|name| Profile::find(name)).transpose()?,
            seed: args.seed.or(file.seed),
            made_with: file.settings,
            settings: args
                .settings
                .iter()
                .map(|text| assignment(text))
                .collect::<Result<_, _>>()?,
            faults,
        })
    }

    /// The faults of the wire.
    pub fn on_the_wire(&self) -> FaultPlan {
        faults::on_the_wire(&self.faults)
    }

    /// Makes the card, or opens it, its faults around it.
    pub fn card(self, ui: &Ui, args: &Args) -> Result<Fault<VirtualCard>, CliError> {
        let wire = self.on_the_wire();
        let protocol = args.protocol.into();
        let durability = if args.durable { Durability::Host } else { Durability::Process };
        let profile = self.profile.clone();
        let wrong = faults::wrongness(&self.faults);
        let (mut card, origin) = match &args.state {
            Some(path) => {
                // Refused before there is a file.
                wrong.check_made()?;
                let make = |profile: &Arc<Profile>| {
                    wrong.profile(profile)?;
                    let card = made::fresh(profile, self.seed()?, protocol)?;
                    self.made_odd(card)
                };
                let wanted = Wanted { path, durability, protocol, profile };
                let (mut card, origin) = made::kept(&wanted, make)?;
                card.go_wrong(wrong.clone())?;
                (card, origin)
            }
            None => {
                let profile = made::or_default(profile)?;
                let card = made::wrong(&profile, wrong.clone(), self.seed()?, protocol)?;
                (VirtualCard::volatile(self.made_odd(card)?), Origin::New)
            }
        };
        introduce(ui, &card, origin, args);
        faults::label(ui, &wrong);
        if self.profile.is_some_and(|wanted| wanted.text != card.card().system().profile.text) {
            ui.say(
                "note: that profile has changed since; this card keeps the rules it was made with",
            );
        }
        if origin == Origin::Kept {
            card.set_all(&self.settings).map_err(|error| match error {
                ControlError::Value(problem) => wrong_setting(&problem),
                other => other.into(),
            })?;
        }
        faults::tear(&mut card, &self.faults)?;
        Ok(Fault::planned(card, &wire))
    }

    /// A new card, odd before anybody sees it: a wrong setting leaves no file behind.
    fn made_odd(&self, mut card: Card) -> Result<Card, CliError> {
        let memory = card.memory_mut();
        memory.power_on().map_err(|error| CliError::Bug(format!("card memory: {error}")))?;
        for setting in &self.made_with {
            settings::set(memory, &setting.key, &setting.value)
                .map_err(|problem| setting.wrong(&problem.to_string()))?;
        }
        for (key, value) in &self.settings {
            settings::set(memory, key, value)
                .map_err(|problem| wrong_setting(&problem.to_string()))?;
        }
        memory.power_off();
        Ok(card)
    }

    fn seed(&self) -> Result<u64, CliError> {
        self.seed.map_or_else(made::random_seed, Ok)
    }
}

/// Says which card it is, and what makes it repeatable.
fn introduce(ui: &Ui, card: &VirtualCard, origin: Origin, args: &Args) {
    let profile = &card.card().system().profile;
    let (seed, _) = card.card().entropy_position();
    let state = match (&args.state, origin) {
        (None, _) => String::new(),
        (Some(path), Origin::New) => format!(", kept in the new file {}", path.display()),
        (Some(path), Origin::Kept) => format!(", as kept in {}", path.display()),
    };
    ui.say(&format!("card {} {}, seed {seed}{state}", profile.name, profile.version));
    if origin == Origin::Kept && args.seed.is_some_and(|asked| asked != seed) {
        ui.say("note: --seed is for a new card; this one goes on with its own");
    }
    let dropped = card.dropped_bytes();
    if dropped > 0 {
        ui.say(&format!(
            "note: the last {dropped} bytes of the file were an unfinished write; the card is as \
             it was before that command"
        ));
    }
}

fn wrong_setting(problem: &str) -> CliError {
    CliError::Usage(format!("--set {problem}"))
}

fn assignment(text: &str) -> Result<(String, String), CliError> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(CliError::mistyped(
            format!("--set '{text}' is not KEY=VALUE"),
            "--set balance=10.00; purse emulate --help lists the keys",
        )),
    }
}
