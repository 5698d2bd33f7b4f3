//! Who watches a run where there is no screen: lines for people, lines of JSON for programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use perso::engine::{Choice, Event, Observer, Tally, Titles};

use super::words;
use crate::error::CliError;
use crate::ui::{Tone, Ui};

/// Ctrl-C was pressed.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on: Ctrl-C no longer ends the program, which ends by itself instead, once
    /// the APDU under way is done and kept. A second Ctrl-C ends it at once.
    ///
    /// # Errors
    /// A system that does not let us.
    pub fn listen() -> Result<Self, CliError> {
        let pressed = Arc::new(AtomicBool::new(false));
        let failed = |error: std::io::Error| CliError::Usage(format!("no Ctrl-C handler: {error}"));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order: the first one sets the flag, and only the next one finds it set.
            signal_hook::flag::register_conditional_shutdown(signal, 130, pressed.clone())
                .map_err(failed)?;
            signal_hook::flag::register(signal, pressed.clone()).map_err(failed)?;
        }
        Ok(Self(pressed))
    }

    /// Whether it was.
    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// It was pressed where no signal comes of it.
    pub fn press(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn choice(&self) -> Choice {
        if self.pressed() { Choice::Stop } else { Choice::None }
    }
}

/// Verdicts on stdout, talk on stderr.
pub struct Lines {
    ui: Ui,
    interrupt: Interrupt,
    /// A person puts the cards in.
    by_hand: bool,
    /// The line about the card that is in says already that it is to be taken away.
    told: bool,
}

impl Lines {
    /// Watches for `ui`.
    pub fn new(ui: &Ui, interrupt: Interrupt, by_hand: bool) -> Self {
        Self { ui: *ui, interrupt, by_hand, told: false }
    }
}

impl Observer for Lines {
    fn event(&mut self, event: &Event, _tally: &Tally, titles: &dyn Titles) {
        if let (Event::Step { serial, at, steps }, true) = (event, self.ui.verbose) {
            let title = titles.title(*at, self.ui.lang.into());
            self.ui.say(&format!("{serial} {}/{steps} {title}", at + 1));
        }
        let told = std::mem::replace(
            &mut self.told,
            matches!(event, Event::Turned { .. } | Event::Already { .. }),
        );
        let Some(line) = words::line(event, self.ui.lang) else { return };
        match event {
            Event::TakeAway if told => {}
            Event::Passed { .. } | Event::Rejected { .. } | Event::BadCard { .. } => {
                let tone = match event {
                    Event::Passed { .. } => Tone::Good,
                    _ => Tone::Bad,
                };
                // A reader of our output that goes away does not stop the cards.
                let _ = self.ui.print(&format!("{}\n", self.ui.toned(tone, &line)));
            }
            Event::Insert { .. } | Event::Arrived { .. } | Event::TakeAway if !self.by_hand => {}
            _ => self.ui.say(&line),
        }
    }

    fn choice(&mut self) -> Choice {
        self.interrupt.choice()
    }
}

/// Every event a line of JSON on stdout.
pub struct JsonLines {
    ui: Ui,
    interrupt: Interrupt,
}

impl JsonLines {
    /// Watches for `ui`.
    pub fn new(ui: &Ui, interrupt: Interrupt) -> Self {
        Self { ui: *ui, interrupt }
    }
}

impl Observer for JsonLines {
    fn event(&mut self, event: &Event, tally: &Tally, titles: &dyn Titles) {
        let mut line = words::json(event, tally);
        if let (Event::Step { at, .. }, Some(line)) = (event, line.as_object_mut()) {
            let title = titles.title(*at, self.ui.lang.into());
            line.insert("title".to_owned(), title.into());
        }
        let _ = self.ui.line(&line);
    }

    fn choice(&mut self) -> Choice {
        self.interrupt.choice()
    }
}

/// Nothing is said until the end.
pub struct Silent(pub Interrupt);

impl Observer for Silent {
    fn event(&mut self, _event: &Event, _tally: &Tally, _titles: &dyn Titles) {}

    fn choice(&mut self) -> Choice {
        self.0.choice()
    }
}
