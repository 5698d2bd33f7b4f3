//! `--with FAULT`: what goes wrong with a card, on the wire or in its memory.

use std::str::FromStr;

use link::{CardControl, FaultPlan, FaultSpec, FaultSpecError};

use crate::error::CliError;

/// A fault as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// `tear@K`: power is lost at the Kth memory write; of a virtual card only.
    Tear(u64),
    /// On the wire.
    Wire(FaultSpec),
}

impl FromStr for CardFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(number) = text.strip_prefix("tear@")
            && let Ok(write @ 1..) = number.parse()
        {
            return Ok(Self::Tear(write));
        }
        text.parse().map(Self::Wire).map_err(|error| match error {
            FaultSpecError::Unknown(text) => {
                format!("'{text}' is not a fault: write tear@K, {}", FaultSpec::FORMS)
            }
            too_long => too_long.to_string(),
        })
    }
}

/// The faults of a command line, in its order.
///
/// # Errors
/// [`CliError::Usage`] for one that is none.
pub fn read(texts: &[String]) -> Result<Vec<CardFault>, CliError> {
    let one = |text: &String| text.parse();
    let faults: Result<Vec<CardFault>, String> = texts.iter().map(one).collect();
    faults.map_err(|problem| CliError::Usage(format!("--with {problem}")))
}

/// The faults of the wire.
pub fn on_the_wire(faults: &[CardFault]) -> FaultPlan {
    let wire = |fault: &CardFault| match fault {
        CardFault::Wire(spec) => Some(*spec),
        CardFault::Tear(_) => None,
    };
    faults.iter().filter_map(wire).collect()
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
            assert!(
                refused.starts_with(&format!("'{wrong}' is not a fault: write tear@K, mute@N"))
            );
        }
        assert!("delay=601s".parse::<CardFault>().unwrap_err().contains("ten minutes"));
    }
}
