//! The spelling of every choice in a suite.

use applet_spec::{PurseKind, words};

use crate::{Deed, Protect, Protocol, PurseName, RunKind, Start};

words! {
    Start { "selected" => Start::Selected, "reset" => Start::Reset, "off" => Start::Off }
    Deed {
        "reset" => Deed::Reset,
        "power-off" => Deed::PowerOff,
        "remove" => Deed::Remove,
        "insert" => Deed::Insert,
    }
    Protect { "mac" => Protect::Mac, "encrypted-mac" => Protect::EncryptedMac }
    Protocol { "t0" => Protocol::T0, "t1" => Protocol::T1 }
    RunKind {
        "load" => RunKind::Load,
        "purchase" => RunKind::Purchase,
        "capp" => RunKind::Capp,
        "cash" => RunKind::Cash,
        "unload" => RunKind::Unload,
        "overdraft" => RunKind::Overdraft,
        "sam-purchase" => RunKind::SamPurchase,
    }
    PurseName { "ed" => PurseName::Ed, "ep" => PurseName::Ep }
}

impl From<PurseName> for PurseKind {
    fn from(name: PurseName) -> Self {
        match name {
            PurseName::Ed => Self::Deposit,
            PurseName::Ep => Self::Purse,
        }
    }
}
