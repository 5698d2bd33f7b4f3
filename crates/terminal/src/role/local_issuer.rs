//! The issuer played by keys of this side.

use applet_spec::{KeyKind, Profile};
use crypto::custody::KeyCustody;
use crypto::{Mac, SessionKey};
use purse::mac::{self, MacInput};
use purse::{TerminalId, TerminalSerial, TransactionType};

use super::{Authorisation, Check, Issuer, OnlineRequest, OnlineTerms, Purchase};
use crate::keys::Keyring;
use crate::{FlowError, Timestamp};

/// An issuer made of master keys; it authorises whatever has the right MAC1.
pub struct LocalIssuer<'c> {
    keys: Keyring<'c>,
}

impl<'c> LocalIssuer<'c> {
    /// For cards of `profile`, whose master keys `custody` holds under their custody names.
    pub fn new(profile: &'c Profile, custody: &'c dyn KeyCustody) -> Self {
        Self { keys: Keyring::new(profile, custody) }
    }

    fn session(&mut self, request: &OnlineRequest) -> Result<SessionKey, FlowError> {
        let OnlineRequest { factors, key, random, serial, .. } = request;
        let (suite, cipher) =
            self.keys.cipher(factors, request.key_kind(), key.index, Some(key.version))?;
        Ok(SessionKey::derive(suite, cipher, &mac::online_session_input(*random, *serial)))
    }
}

impl Issuer for LocalIssuer<'_> {
    fn describe(&self) -> String {
        format!("issuer of {}", self.keys.holder())
    }

    fn key_index(&self, kind: KeyKind) -> Result<u8, FlowError> {
        self.keys.first(kind).map(|key| key.index)
    }

    fn authorise(
        &mut self,
        request: &OnlineRequest,
        now: Timestamp,
    ) -> Result<Authorisation, FlowError> {
        let session = self.session(request)?;
        let OnlineRequest { balance, transaction_type, terminal, mac1, .. } = *request;
        let (date, time) = (now.date(), now.time());
        let moment = request.moment(date, time);
        let (first, second) = match request.terms {
            OnlineTerms::Amount(amount) => (
                mac::online_mac1(balance, amount, transaction_type, terminal),
                mac::online_mac2(amount, &moment),
            ),
            OnlineTerms::Limit { old, new } => (
                mac::overdraft_mac1(balance, old, transaction_type, terminal),
                mac::overdraft_mac2(new, &moment),
            ),
        };
        let expected = session.mac(first.as_bytes());
        if mac1 != expected {
            return Err(FlowError::WrongMac {
                step: "INITIALIZE",
                code: "MAC1",
                received: mac1,
                by: format!("the {} computes another", self.describe()),
            });
        }
        Ok(Authorisation { date, time, mac2: session.mac(second.as_bytes()) })
    }

    fn check_online(
        &mut self,
        request: &OnlineRequest,
        at: &Authorisation,
        code: Mac,
    ) -> Result<Check, FlowError> {
        let input = proof_input(request, at);
        let expected = if request.transaction_type == TransactionType::Unload {
            self.session(request)?.mac(input.as_bytes())
        } else {
            let index = self.keys.tac_index(request.key.index);
            self.keys.tac(&request.factors, index)?.tac(input.as_bytes())
        };
        Ok(Check::of(code, expected))
    }

    fn check_tac(
        &mut self,
        purchase: &Purchase,
        terminal: TerminalId,
        serial: TerminalSerial,
        tac: Mac,
    ) -> Result<Check, FlowError> {
        let index = self.keys.tac_index(purchase.key.index);
        let input = mac::purchase_tac(purchase.amount, &purchase.moment(terminal), serial);
        Ok(Check::of(tac, self.keys.tac(&purchase.factors, index)?.tac(input.as_bytes())))
    }
}

/// What the TAC of a load or overdraft update covers, and the MAC3 of an unload.
fn proof_input(request: &OnlineRequest, at: &Authorisation) -> MacInput {
    let (after, moment) = (request.balance_after(), request.moment(at.date, at.time));
    match request.terms {
        OnlineTerms::Amount(amount) => mac::online_proof(after, request.serial, amount, &moment),
        OnlineTerms::Limit { new, .. } => mac::overdraft_tac(after, request.serial, new, &moment),
    }
}
