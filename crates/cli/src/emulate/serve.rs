//! The card's links: one for commands, one for control where that is asked for.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use emulator::links::{Bound, SharedCard, Stopper, bind, control, hexline, vpcd};
use link::{ControlledCard, LinkError};

use super::Args;
use crate::error::CliError;
use crate::ui::Ui;

type Shared = SharedCard<Box<dyn ControlledCard>>;

/// The links that are asked for, their ports taken.
pub struct Links {
    commands: Commands,
    control: Option<Bound>,
}

impl Links {
    /// Takes the ports.
    ///
    /// # Errors
    /// An address that is none, or that cannot be had.
    pub fn open(ui: &Ui, args: &Args) -> Result<Self, CliError> {
        let commands = Commands::of(ui, args)?;
        let control = args.control.as_deref().map(|at| listen(ui, at)).transpose()?;
        Ok(Self { commands, control })
    }

    /// Serves the card, every answer waiting for `delay`, until a link ends; then the other ends
    /// too.
    ///
    /// # Errors
    /// What ended the links.
    pub fn serve(
        &self,
        ui: &Ui,
        card: Box<dyn ControlledCard>,
        delay: Duration,
    ) -> Result<(), CliError> {
        let shared = SharedCard::new(Arc::new(Mutex::new(card)));
        shared.set_delay(delay);
        // Said only now: who waits for these lines finds the card there.
        if let Commands::Listen(bound) = &self.commands {
            ui.say(&format!("listening on {}", bound.address));
        }
        if let Some(bound) = &self.control {
            ui.say(&format!("control on {}", bound.address));
        }
        thread::scope(|scope| {
            let hand = self.control.as_ref().map(|bound| {
                let shared = &shared;
                scope.spawn(move || ended(shared, control::serve(shared, bound)))
            });
            // Unwinding stops the other link too: a panic ends the program, it does not hang it.
            let _stop = StopAtEnd(shared.stopper());
            let done = ended(&shared, self.commands.serve(ui, &shared));
            let hand = hand.map_or(Ok(Ok(())), thread::ScopedJoinHandle::join);
            let hand = hand.unwrap_or_else(|_| Err(died("the control channel")));
            done.and(hand)
        })?;
        Ok(())
    }
}

/// Where commands come from.
enum Commands {
    Vpcd(String),
    Listen(Bound),
    Stdio,
}

impl Commands {
    fn of(ui: &Ui, args: &Args) -> Result<Self, CliError> {
        Ok(match (&args.vpcd, &args.listen) {
            (Some(address), _) => Self::Vpcd(address.clone()),
            (None, Some(address)) => Self::Listen(listen(ui, address)?),
            (None, None) => Self::Stdio,
        })
    }

    fn serve(&self, ui: &Ui, shared: &Shared) -> Result<(), LinkError> {
        match self {
            Self::Vpcd(address) => vpcd::serve(shared, address, vpcd::Timing::default(), |event| {
                ui.say(&event.to_string());
            }),
            Self::Listen(bound) => hexline::serve(shared, bound),
            Self::Stdio => {
                match hexline::serve_stdio(shared, io::stdin().lock(), io::stdout().lock()) {
                    // Whoever read our answers has gone, as in `purse emulate --stdio | head -1`.
                    Err(LinkError::Io { source, .. })
                        if source.kind() == io::ErrorKind::BrokenPipe =>
                    {
                        Ok(())
                    }
                    done => done,
                }
            }
        }
    }
}

struct StopAtEnd(Stopper);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn listen(ui: &Ui, address: &str) -> Result<Bound, CliError> {
    let bound = bind(address)?;
    if let Some(warning) = &bound.warning {
        ui.say(&format!("warning: {warning}"));
    }
    Ok(bound)
}

fn ended(shared: &Shared, outcome: Result<(), LinkError>) -> Result<(), LinkError> {
    shared.stop();
    outcome
}

fn died(what: &str) -> LinkError {
    LinkError::Bug(format!("{what} died"))
}
