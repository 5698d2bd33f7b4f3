//! What PC/SC's errors mean for a card's user. Where it cannot be known whether the card executed a
//! command, the error is one that says so: asking the card once too often does no harm.

use std::io;

use ::pcsc::Error;
use link::LinkError;

/// What was being done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Connecting,
    Resetting,
    Transmitting,
    PoweringOff,
}

/// What `error` means for whoever was `doing` something with the card in `reader`.
pub(crate) fn explain(error: Error, doing: Doing, reader: &str) -> LinkError {
    match error {
        Error::RemovedCard | Error::NoSmartcard if doing != Doing::Transmitting => {
            LinkError::NoCard(reader.to_owned())
        }
        Error::UnpoweredCard | Error::UnresponsiveCard
            if matches!(doing, Doing::Connecting | Doing::Resetting) =>
        {
            LinkError::Protocol(format!(
                "the card in {reader} does not answer its reset: is it the right way round, its \
                 contacts clean, and a smart card at all? Nothing was sent to it"
            ))
        }
        // How a card that was pulled or lost power looks like, by driver and moment.
        Error::RemovedCard
        | Error::NoSmartcard
        | Error::UnpoweredCard
        | Error::UnresponsiveCard
        | Error::NotTransacted
        | Error::CommError
        | Error::CommDataLost
        | Error::Timeout
        | Error::WaitedTooLong => LinkError::Mute,
        // Both are found before a command is sent.
        Error::ResetCard => LinkError::Disturbed(reader.to_owned()),
        Error::SharingViolation => LinkError::Busy(reader.to_owned()),
        Error::NoService | Error::ServiceStopped | Error::Shutdown
            if doing == Doing::Transmitting =>
        {
            LinkError::Service(format!(
                "the PC/SC service ended ({error}) while the card in {reader} worked: the card may \
                 have executed the command; start the service again: systemctl start pcscd.socket"
            ))
        }
        Error::NoService | Error::ServiceStopped | Error::Shutdown | Error::SecurityViolation => {
            no_service(error)
        }
        Error::ReaderUnavailable | Error::UnknownReader => LinkError::Io {
            what: format!("{} {reader}: it was unplugged; {}", doing.words(), doing.left_behind()),
            source: io::Error::other(error),
        },
        other => LinkError::Io {
            what: format!("{} the card in {reader}", doing.words()),
            source: io::Error::other(other),
        },
    }
}

impl Doing {
    fn words(self) -> &'static str {
        match self {
            Self::Connecting => "connecting to",
            Self::Resetting => "resetting",
            Self::Transmitting => "sending to",
            Self::PoweringOff => "powering off",
        }
    }

    /// What is to be said of the card.
    fn left_behind(self) -> &'static str {
        match self {
            Self::Transmitting => "the card may have executed the command",
            _ => "nothing was sent to the card",
        }
    }
}

/// PC/SC itself cannot be used.
pub(crate) fn no_service(error: Error) -> LinkError {
    match error {
        Error::SecurityViolation => LinkError::Forbidden(format!(
            "the PC/SC service refuses this user ({error}): polkit decides, and wants a rule or a \
             group; purse doctor shows it"
        )),
        _ => LinkError::Service(format!(
            "the PC/SC service cannot be used ({error}); start it: systemctl start pcscd.socket, \
             or pcscd as root"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_goes_while_it_works_is_mute_and_one_that_was_not_there_is_absent() {
        for error in [Error::RemovedCard, Error::NotTransacted, Error::UnpoweredCard] {
            assert!(matches!(explain(error, Doing::Transmitting, "r"), LinkError::Mute), "{error}");
        }
        for error in [Error::RemovedCard, Error::NoSmartcard] {
            assert!(matches!(explain(error, Doing::Resetting, "r"), LinkError::NoCard(_)));
        }
    }

    #[test]
    fn every_other_error_says_where_and_what_to_do() {
        let said = |error| explain(error, Doing::Connecting, "reader 'A'").to_string();
        assert!(said(Error::SharingViolation).contains("'A' is held by another program"));
        assert!(said(Error::ResetCard).contains("begin again with a reset"));
        assert!(said(Error::NoService).contains("systemctl start pcscd.socket"));
        assert!(said(Error::SecurityViolation).contains("purse doctor"));
        assert!(said(Error::UnresponsiveCard).contains("right way round"));
        assert!(said(Error::ReaderUnavailable).contains("it was unplugged; nothing was sent"));
        assert!(said(Error::InternalError).starts_with("connecting to the card in reader 'A'"));
    }

    #[test]
    fn whether_the_command_may_have_been_executed_is_told_apart() {
        let may = |error| explain(error, Doing::Transmitting, "r").may_have_executed();
        for error in [Error::SharingViolation, Error::ResetCard] {
            assert!(!may(error), "{error} is found before anything is sent");
        }
        for error in [
            Error::RemovedCard,
            Error::NoSmartcard,
            Error::NotTransacted,
            Error::ReaderUnavailable,
            Error::NoService,
            Error::InternalError,
        ] {
            assert!(may(error), "{error}");
            let said = explain(error, Doing::Transmitting, "r").to_string();
            let told = said.contains("may have executed") || error == Error::InternalError;
            assert!(told, "{said}");
        }
    }
}
