//! Decorators pass [`CardControl`](crate::CardControl) on unchanged: they stand on the wire, not in
//! the hand that pulls the card.

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

        fn set(&mut $self, key: &str, value: &str) -> Result<(), crate::ControlError> {
            $inner.set(key, value)
        }

        fn status(&mut $self) -> Result<Vec<(String, String)>, crate::ControlError> {
            $inner.status()
        }
    };
}

pub(crate) use {forward_decorator, forward_methods};

impl<T: CardControl + ?Sized> CardControl for Box<T> {
    forward_methods!(self => (**self));
}
