//! What goes over the link, told on stderr in words. Secrets are not told: the decoder masks them,
//! and of the bytes only the header is shown.

use std::time::Instant;

use apdu::CommandApdu;
use applet_spec::{Catalogue, Profile, Rules};
use link::{CardTransport, Event, Traced};
use purse::trace::Decoder;

use crate::error::CliError;
use crate::made::DEFAULT_PROFILE;
use crate::ui::{Tone, Ui};

/// Tells on stderr what goes over the link to `card`, a card of these rules.
pub fn told<T: CardTransport>(card: T, rules: &Rules, ui: Ui) -> Traced<T> {
    let mut decoder = Decoder::new(rules, ui.lang.into());
    let start = Instant::now();
    Traced::new(card, move || start.elapsed(), move |event| tell(&ui, &mut decoder, event))
}

/// The same for a card of which nothing is known: families differ little in what commands mean.
///
/// # Errors
/// A built-in profile that does not load.
pub fn told_unknown<T: CardTransport>(card: T, ui: Ui) -> Result<Traced<T>, CliError> {
    Ok(told(card, &Profile::find(DEFAULT_PROFILE)?.rules, ui))
}

fn tell(ui: &Ui, decoder: &mut Decoder, event: &Event<'_>) {
    match event {
        Event::Reset { answer, .. } => {
            decoder.reset();
            match answer {
                Ok(atr) => ui.say(&format!("-- {} {atr}", ui.lang.pick("reset, ATR", "复位, ATR"))),
                Err(error) => ui.say(&format!("-- {} {error}", ui.lang.pick("reset:", "复位:"))),
            }
        }
        Event::PowerOff { .. } => ui.say(ui.lang.pick("-- power off", "-- 断电")),
        Event::Exchange { command, answer, .. } => {
            let decoded = decoder.command(command).to_string();
            let (title, fields) = decoded.split_once('\n').unwrap_or((&decoded, ""));
            let title = ui.toned_talk(Tone::Strong, title);
            ui.say(&format!("-> {}  {title}", header(command)));
            say_fields(ui, fields);
            match answer {
                Ok(answer) => {
                    let decoded = decoder.answer(answer).to_string();
                    let (title, fields) = decoded.split_once('\n').unwrap_or((&decoded, ""));
                    ui.say(&format!("<- {title}"));
                    say_fields(ui, fields);
                }
                Err(error) => ui.say(&format!("<- {error}")),
            }
        }
    }
}

fn say_fields(ui: &Ui, fields: &str) {
    for field in fields.lines() {
        ui.say(&format!("   {field}"));
    }
}

/// CLA INS P1 P2 and lengths; what follows may be a PIN, and so may be what stands for Le where a
/// command that carries a secret has lost its Lc.
fn header(command: &[u8]) -> String {
    let apdu = CommandApdu::new(command);
    let (lc, le) = (apdu.data().len(), apdu.ne());
    let head = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let mut out = hex::encode_upper(head.get(..command.len().min(4)).unwrap_or(&head));
    if lc > 0 {
        out += &format!(" Lc {lc}");
    }
    if let Some(le) = le.filter(|_| lc > 0 || !Catalogue::carries_secret(apdu.ins())) {
        out += &format!(" Le {le}");
    }
    out
}
