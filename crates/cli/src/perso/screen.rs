//! The technician's screen: what to do now in large words, how far the batch is, what happened.

mod view;

use std::time::Duration;

use perso::engine::{Choice, Event, Observer, Tally, Titles};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::watch::Interrupt;
use crate::error::CliError;
use crate::ui::Lang;
use view::View;

/// The screen. It gives the terminal back when it goes, also where this program panics.
pub struct Screen {
    terminal: DefaultTerminal,
    view: View,
    lang: Lang,
    interrupt: Interrupt,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// A terminal that does not let us.
    pub fn open(lang: Lang, title: String, interrupt: Interrupt) -> Result<Self, CliError> {
        let terminal = ratatui::try_init().map_err(|error| {
            CliError::mistyped(format!("no screen on this terminal: {error}"), "--plain")
        })?;
        let mut screen = Self { terminal, view: View::new(lang, title), lang, interrupt };
        screen.draw();
        Ok(screen)
    }

    fn draw(&mut self) {
        let view = &self.view;
        // A terminal that is gone does not stop the cards.
        let _ = self.terminal.draw(|frame| view.draw(frame));
    }
}

impl Observer for Screen {
    fn event(&mut self, event: &Event, tally: &Tally, titles: &dyn Titles) {
        let title = match event {
            Event::Step { at, .. } => titles.title(*at, self.lang.into()),
            _ => String::new(),
        };
        self.view.take(event, tally, title);
        self.draw();
    }

    fn choice(&mut self) -> Choice {
        if self.interrupt.pressed() {
            return Choice::Stop;
        }
        while event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(event::Event::Key(key)) if key.kind == KeyEventKind::Press => {
                    let choice = choice_of(key);
                    if choice == Choice::Stop {
                        self.interrupt.press();
                    }
                    if choice != Choice::None {
                        return choice;
                    }
                }
                Ok(event::Event::Resize(..)) => self.draw(),
                Ok(_) => {}
                Err(_) => return Choice::None,
            }
        }
        Choice::None
    }
}

/// In raw mode Ctrl-C is a key like others.
fn choice_of(key: KeyEvent) -> Choice {
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Choice::Stop,
        KeyCode::Char('s' | 'S') => Choice::Skip,
        KeyCode::Char('r' | 'R') => Choice::Retry,
        KeyCode::Char('q' | 'Q') => Choice::Finish,
        _ => Choice::None,
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

#[cfg(test)]
mod tests;
