//! What cases are run against.

use link::{CardControl, CardTransport, ControlledCard, GetResponse};

/// A card, and perhaps the hand at it.
pub struct Target {
    way: Way,
}

enum Way {
    One(Box<dyn ControlledCard>),
    Two { transport: Box<dyn CardTransport>, control: Box<dyn CardControl> },
    Plain(Box<dyn CardTransport>),
}

/// Whether there is a hand at the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The card can be set, torn, pulled, copied and taken back.
    AtTheCard,
    /// It can only be sent commands.
    None,
}

impl Target {
    /// A card that is driven and controlled as one object.
    pub fn controlled(card: Box<dyn ControlledCard>) -> Self {
        Self { way: Way::One(card) }
    }

    /// A card that is driven through a reader or a socket, and controlled beside it.
    pub fn with_control(transport: Box<dyn CardTransport>, control: Box<dyn CardControl>) -> Self {
        Self { way: Way::Two { transport, control } }
    }

    /// A card that can only be driven: a real one.
    pub fn plain(transport: Box<dyn CardTransport>) -> Self {
        Self { way: Way::Plain(transport) }
    }

    /// Fetches answers that wait (61xx) and corrects Le (6Cxx), below what cases see.
    #[must_use]
    pub fn fetching(self) -> Self {
        let way = match self.way {
            Way::One(card) => Way::One(Box::new(GetResponse::new(card))),
            Way::Two { transport, control } => {
                Way::Two { transport: Box::new(GetResponse::new(transport)), control }
            }
            Way::Plain(transport) => Way::Plain(Box::new(GetResponse::new(transport))),
        };
        Self { way }
    }

    /// The card.
    pub fn transport(&mut self) -> &mut dyn CardTransport {
        match &mut self.way {
            Way::One(card) => card.as_mut(),
            Way::Two { transport, .. } | Way::Plain(transport) => transport.as_mut(),
        }
    }

    /// The hand at it.
    pub fn control(&mut self) -> Option<&mut dyn CardControl> {
        match &mut self.way {
            Way::One(card) => Some(card.as_mut()),
            Way::Two { control, .. } => Some(control.as_mut()),
            Way::Plain(_) => None,
        }
    }

    /// Whether there is one.
    pub fn hand(&self) -> Hand {
        match self.way {
            Way::One(_) | Way::Two { .. } => Hand::AtTheCard,
            Way::Plain(_) => Hand::None,
        }
    }
}
