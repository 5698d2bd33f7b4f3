//! What decorators pass on unchanged: [`CardControl`](crate::CardControl), for they stand on the
//! wire and not in the hand that pulls the card; and who else may be at the card.

use crate::CardControl;

/// `CardControl` for a decorator `$name<T>` with the field `inner`.
macro_rules! forward_decorator {
    ($name:ident) => {
        impl<T: crate::CardControl> crate::CardControl for $name<T> {
            crate::forward::forward_methods!(self => self.inner);
        }
    };
}

macro_rules! forward_methods {
    ($self:ident => $inner:expr) => {
        fn insert(&mut $self) -> Result<(), crate::ControlError> {
            $inner.insert()
        }

        fn remove(&mut $self) -> Result<(), crate::ControlError> {
            $inner.remove()
        }

        fn inserted(&$self) -> bool {
            $inner.inserted()
        }

        fn tear(&mut $self, write: u64) -> Result<(), crate::ControlError> {
            $inner.tear(write)
        }

        fn snapshot(&mut $self, name: &str) -> Result<(), crate::ControlError> {
            $inner.snapshot(name)
        }

        fn restore(&mut $self, name: &str) -> Result<(), crate::ControlError> {
            $inner.restore(name)
        }

        fn resume(&mut $self, name: &str) -> Result<(), crate::ControlError> {
            $inner.resume(name)
        }

        fn rehearse(
            &mut $self,
            commands: &[Vec<u8>],
        ) -> Result<Vec<Vec<u8>>, crate::ControlError> {
            $inner.rehearse(commands)
        }

        fn set(&mut $self, key: &str, value: &str) -> Result<(), crate::ControlError> {
            $inner.set(key, value)
        }

        fn status(&mut $self) -> Result<Vec<(String, String)>, crate::ControlError> {
            $inner.status()
        }
    };
}

/// The two methods of [`CardTransport`](crate::CardTransport) that keep others away.
macro_rules! forward_exclusive {
    ($self:ident => $inner:expr) => {
        fn begin_exclusive(&mut $self) -> Result<(), crate::LinkError> {
            $inner.begin_exclusive()
        }

        fn end_exclusive(&mut $self) -> Result<(), crate::LinkError> {
            $inner.end_exclusive()
        }
    };
}

pub(crate) use {forward_decorator, forward_exclusive, forward_methods};

impl<T: CardControl + ?Sized> CardControl for Box<T> {
    forward_methods!(self => (**self));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::fixture::Scripted;
    use crate::{CardTransport, Delay, Fault, GetResponse, Recorder, Traced};

    fn decorated(card: Scripted) -> impl CardTransport {
        let card: Box<dyn CardTransport> = Box::new(Fault::new(card));
        let recorder = Recorder::new(Delay::new(card, |_| {}), std::io::sink(), |_| false).unwrap();
        GetResponse::new(Traced::new(recorder, || Duration::ZERO, |_| {}))
    }

    #[test]
    fn every_decorator_passes_the_exclusive_scope_on() {
        let card = Scripted::new([Ok(vec![0x90, 0x00])]);
        let scopes = card.scopes.clone();
        let held = || scopes.lock().unwrap().clone();
        let mut card = decorated(card);
        card.begin_exclusive().unwrap();
        assert_eq!(held(), ["begin"]);
        assert_eq!(card.transmit(&[0x80, 0x5C, 0x00, 0x02]).unwrap(), [0x90, 0x00]);
        card.end_exclusive().unwrap();
        assert_eq!(held(), ["begin", "end"]);
    }
}
