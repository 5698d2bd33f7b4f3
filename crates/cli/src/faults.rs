//! `--with FAULT`: what goes wrong with a card, on the wire, in its memory, or in what it does.

use std::str::FromStr;
use std::sync::Arc;

use emulator::wrong::{self, Wrong, WrongCard};
use link::{CardControl, FaultPlan, FaultSpec, FaultSpecError};

use crate::error::CliError;
use crate::ui::Ui;

/// A fault as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// `tear@K`: power is lost at the Kth memory write; of a virtual card only.
    Tear(u64),
    /// `wrong:NAME`: the card breaks a rule on purpose; of a virtual card only.
    Wrong(Arc<WrongCard>),
    /// On the wire.
    Wire(FaultSpec),
}

/// How a wrong card is named.
pub const WRONG: &str = "wrong:";

impl FromStr for CardFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(number) = text.strip_prefix("tear@")
            && let Ok(write @ 1..) = number.parse()
        {
            return Ok(Self::Tear(write));
        }
        if let Some(name) = text.strip_prefix(WRONG) {
            return wrong::find(name).map(Self::Wrong).map_err(|error| error.to_string());
        }
        text.parse().map(Self::Wire).map_err(|error| match error {
            FaultSpecError::Unknown(text) => {
                format!("'{text}' is not a fault: write tear@K, wrong:NAME, {}", FaultSpec::FORMS)
            }
            too_long => too_long.to_string(),
        })
    }
}

/// The faults of a command line, in its order.
///
/// # Errors
/// [`CliError::Usage`] for one that is none, [`CliError::Wrong`] for a wrong card that is none.
pub fn read(texts: &[String]) -> Result<Vec<CardFault>, CliError> {
    let one = |text: &String| match text.strip_prefix(WRONG) {
        Some(name) => Ok(CardFault::Wrong(wrong::find(name)?)),
        None => text.parse().map_err(|problem| CliError::Usage(format!("--with {problem}"))),
    };
    texts.iter().map(one).collect()
}

/// The faults of the wire.
pub fn on_the_wire(faults: &[CardFault]) -> FaultPlan {
    let wire = |fault: &CardFault| match fault {
        CardFault::Wire(spec) => Some(*spec),
        CardFault::Tear(_) | CardFault::Wrong(_) => None,
    };
    faults.iter().filter_map(wire).collect()
}

/// How the card is wrong on purpose.
pub fn wrongness(faults: &[CardFault]) -> Wrong {
    let wrong = |fault: &CardFault| match fault {
        CardFault::Wrong(card) => Some(card.clone()),
        CardFault::Tear(_) | CardFault::Wire(_) => None,
    };
    Wrong::of(faults.iter().filter_map(wrong).collect())
}

/// Says how the card is wrong on purpose, so that nobody takes it for a right one.
pub fn label(ui: &Ui, wrong: &Wrong) {
    for card in wrong.cards() {
        let title = ui.lang.pick(&card.title, &card.title_zh);
        let label = ui.lang.pick("this card is wrong on purpose", "此卡故意违反规则");
        ui.say(&format!("{label}: {}: {title}", card.name));
    }
}

/// Has `card` lose its power where `faults` say so.
///
/// # Errors
/// What the card says.
pub fn tear(card: &mut impl CardControl, faults: &[CardFault]) -> Result<(), CliError> {
    for fault in faults {
        if let CardFault::Tear(write) = fault {
            card.tear(*write)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tear_is_of_the_card_and_everything_else_of_the_wire() {
        assert_eq!("tear@4294967296".parse(), Ok(CardFault::Tear(1 << 32)));
        assert!(matches!("lost@2".parse(), Ok(CardFault::Wire(_))));
        for wrong in ["tear", "tear@", "tear@0", "tear@-1", "tear@x", "tear@1 ", "Tear@1", "moot@4"]
        {
            let refused = wrong.parse::<CardFault>().unwrap_err();
            assert!(refused.starts_with(&format!(
                "'{wrong}' is not a fault: write tear@K, wrong:NAME, mute@N"
            )));
        }
        let near = "wrong:mac2-feild".parse::<CardFault>().unwrap_err();
        assert!(near.contains("did you mean mac2-field?"), "{near}");
        assert!("delay=601s".parse::<CardFault>().unwrap_err().contains("ten minutes"));
    }
}
