//! What PC/SC's errors mean for a card's user.

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
        Error::ResetCard => LinkError::Protocol(format!(
            "another program has reset the card in {reader}, and what was selected is lost; \
             begin again with a reset"
        )),
        Error::SharingViolation => LinkError::Protocol(format!(
            "{reader} is in use by another program; end that one first"
        )),
        Error::NoService | Error::ServiceStopped | Error::Shutdown => no_service(error),
        other => {
            let what = match doing {
                Doing::Connecting => "connecting to",
                Doing::Resetting => "resetting",
                Doing::Transmitting => "sending to",
                Doing::PoweringOff => "powering off",
            };
            LinkError::Io {
                what: format!("{what} the card in {reader}"),
                source: io::Error::other(other),
            }
        }
    }
}

/// PC/SC itself cannot be used.
pub(crate) fn no_service(error: Error) -> LinkError {
    LinkError::Service(format!(
        "the PC/SC service cannot be used ({error}); start it: systemctl start pcscd.socket, or \
         pcscd as root"
    ))
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
        assert!(said(Error::SharingViolation).contains("'A' is in use by another program"));
        assert!(said(Error::ResetCard).contains("begin again with a reset"));
        assert!(said(Error::NoService).contains("systemctl start pcscd.socket"));
        assert!(said(Error::InternalError).starts_with("connecting to the card in reader 'A'"));
    }
}
