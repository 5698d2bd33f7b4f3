//! What goes over the link, told on stderr.

use std::time::Instant;

use link::{CardTransport, Event, Traced};

use crate::ui::Ui;

/// Tells on stderr what goes over the link to `card`.
pub fn told<T: CardTransport>(card: T, ui: Ui) -> Traced<T> {
    let start = Instant::now();
    Traced::new(card, move || start.elapsed(), move |event| tell(&ui, event))
}

fn tell(ui: &Ui, event: &Event<'_>) {
    ui.say(&format!("{event:?}"));
}
