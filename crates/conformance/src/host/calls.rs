//! Calls: codes, cryptograms and what else is computed.

use applet_spec::{CommandId, IdentificationCheck, KeyKind, SamUsage};
use crypto::{
    BlockCipher, Key, Mac, SessionKey, TacKey, authentication_cryptogram, decipher, encipher,
    pin_reload_mac, secure_messaging_mac,
};
use purse::IdentificationCode;
use purse::mac::{self, MacInput, secure_messaging_input};
use zeroize::Zeroizing;

use super::evaluate::Scope;
use super::format::{Bytes, LONGEST, be_bytes, fixed};
use super::inputs::{Chosen, Inputs};
use super::keys::{CardKey, Which};
use super::transaction::Transaction;
use super::{Host, Trouble, ValueFormat};
use crate::Expression;
use crate::expression::CALLS;

/// Most data bytes of secure messaging: Lc takes one, and the MAC is counted in.
const MOST_SECURED: usize = 0xFF - 4;

impl Host<'_> {
    pub(super) fn call(
        &self,
        name: &str,
        given: &[(String, Expression)],
        format: ValueFormat,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<Bytes, Trouble> {
        let Some(form) = CALLS.iter().find(|known| known.name == name) else {
            let known: Vec<String> = CALLS.iter().map(|call| format!("{}()", call.name)).collect();
            let known = format!("there is {}", known.join(", "));
            return Err(Trouble::NoSuchCall { name: name.to_owned(), known });
        };
        let scope = &self.located(scope);
        let call = form.name;
        let inputs = self.inputs(form, given, scope, depth)?;
        let needed = |name| Trouble::MissingInput { call, name };
        Ok(fixed(match call {
            "mac1" => self.transaction_mac(call, Transaction::mac1, &inputs)?.to_vec(),
            "mac2" => self.transaction_mac(call, Transaction::mac2, &inputs)?.to_vec(),
            "mac3" => self.transaction_mac(call, Transaction::mac3, &inputs)?.to_vec(),
            "tac" => self.tac(&inputs)?.to_vec(),
            "sm" => self.sm(&inputs, scope)?.0.to_vec(),
            "mac" => {
                let data = inputs.data.as_ref().ok_or(needed("data"))?;
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                let challenge = inputs.challenge.as_deref().unwrap_or_default();
                secure_messaging_mac(suite, &key, challenge, data).0.to_vec()
            }
            "cryptogram" => {
                let what = "cryptogram()";
                let challenge = inputs.challenge.as_deref().or(scope.challenge);
                let challenge = challenge.ok_or(Trouble::NoChallenge { what })?;
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                let fold = self.profile.rules.fold_authentication;
                authentication_cryptogram(suite, &key, challenge, fold)
            }
            "pin-mac" => self.pin_mac(&inputs, scope)?.0.to_vec(),
            "encipher" => {
                let data = inputs.data.as_ref().ok_or(needed("data"))?;
                if data.len() > 0xFF {
                    return Err(Trouble::length("data", "at most 255", data.len()));
                }
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                encipher(suite, &key, data)
            }
            "decipher" => {
                let data = inputs.data.as_ref().ok_or(needed("data"))?;
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                decipher(suite, &key, data)?
            }
            "ecb" => {
                let data = inputs.data.as_ref().ok_or(needed("data"))?;
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                BlockCipher::new(suite, &key).encrypt_ecb(data)
            }
            "right-code" => self.right_code()?.to_vec(),
            "kcv" => {
                let CardKey { suite, key } = self.chosen(&inputs, scope)?;
                key.check_value(suite).0.to_vec()
            }
            "length" => {
                let length = inputs.data.as_ref().ok_or(needed("of"))?.len();
                let one = if length > 0xFF { 2 } else { 1 };
                let width = if format.numeric() { format.width() } else { one };
                be_bytes(length as u64, width)?
            }
            "repeat" => {
                let byte = inputs.byte.ok_or(needed("byte"))?;
                let times = inputs.times.ok_or(needed("times"))?;
                if times > LONGEST {
                    return Err(Trouble::TooMuch);
                }
                vec![byte; times]
            }
            _ => {
                let known = "the host cannot make it; this is a fault of the program".to_owned();
                return Err(Trouble::NoSuchCall { name: name.to_owned(), known });
            }
        }))
    }

    /// In a command as bytes, header and Lc stand before the call: which command it is.
    fn located<'s>(&self, scope: &Scope<'s>) -> Scope<'s> {
        match scope.before.split_first_chunk::<4>() {
            Some((header, [lc, data @ ..])) if scope.raw => Scope {
                command: self.recognised(*header, usize::from(*lc)),
                header: Some(*header),
                before: data,
                raw: false,
                ..*scope
            },
            _ => *scope,
        }
    }

    fn transaction_mac(
        &self,
        call: &'static str,
        input: fn(&Transaction) -> Result<MacInput, Trouble>,
        inputs: &Inputs,
    ) -> Result<[u8; 4], Trouble> {
        let what = format!("{call}()");
        let of = inputs.transaction.as_ref().ok_or(Trouble::NoTransaction { what })?;
        let input = input(of)?;
        let CardKey { suite, key } = self.key_of(of, of.purpose.key(), inputs)?;
        let session = SessionKey::derive(suite, &BlockCipher::new(suite, &key), &of.session());
        Ok(session.mac(input.as_bytes()).0)
    }

    fn tac(&self, inputs: &Inputs) -> Result<[u8; 4], Trouble> {
        let what = "tac()".to_owned();
        let of = inputs.transaction.as_ref().ok_or(Trouble::NoTransaction { what })?;
        let input = of.tac()?;
        let CardKey { suite, key } = self.key_of(of, KeyKind::Tac, inputs)?;
        Ok(TacKey::new(suite, &key).tac(input.as_bytes()).0)
    }

    /// The key of a transaction of this kind, or the one that is said in brackets.
    fn key_of(
        &self,
        transaction: &Transaction,
        kind: KeyKind,
        inputs: &Inputs,
    ) -> Result<CardKey, Trouble> {
        let own = transaction.purpose.key();
        let factors = inputs.factors.as_deref().or(transaction.factors.as_deref());
        let kind = match &inputs.key {
            Some(Chosen::Own(key)) => return Ok(self.own(key)),
            Some(Chosen::Kind(kind)) => *kind,
            None => kind,
        };
        let version = (kind == own).then_some(transaction.key_version);
        let said = match kind {
            KeyKind::Tac => self.card_profile().rules.tac_index_for(transaction.key_index),
            _ => transaction.key_index,
        };
        // A PSAM is asked for a key by version; a key of another kind may have another index.
        let known = self.key_spec(kind, Some(said), None).is_some();
        let index = inputs.index.or(Some(said).filter(|_| known));
        self.key(Which::Card { kind, index, version }, factors)
    }

    /// The key that a call works with: that of its command, or the one that is said in brackets.
    fn chosen(&self, inputs: &Inputs, scope: &Scope<'_>) -> Result<CardKey, Trouble> {
        let which = match (&inputs.key, inputs.index) {
            (Some(Chosen::Own(key)), _) => return Ok(self.own(key)),
            (Some(Chosen::Kind(kind)), index) => Which::Card { kind: *kind, index, version: None },
            (None, index) => match (self.working_key(scope)?, index) {
                (Which::Card { kind, .. }, Some(index)) => Which::of(kind, index),
                (which, _) => which,
            },
        };
        self.key(which, inputs.factors.as_deref().or(self.delivered_factors(which)))
    }

    /// A key that a case has made itself works in the suite of the card's transaction keys.
    fn own(&self, key: &Key) -> CardKey {
        CardKey { suite: self.card_profile().rules.suite, key: key.clone() }
    }

    fn delivered_factors(&self, which: Which) -> Option<&[[u8; 8]]> {
        match (which, &self.known.delivered) {
            (Which::Sam { .. }, Some(delivered)) => Some(&delivered.factors),
            _ => None,
        }
    }

    /// Secure messaging MAC (线路保护) of the command that it stands in.
    fn sm(&self, inputs: &Inputs, scope: &Scope<'_>) -> Result<Mac, Trouble> {
        let challenge = inputs.challenge.as_deref().or(scope.challenge);
        let challenge = challenge.ok_or(Trouble::NoChallenge { what: "sm()" })?;
        let header = inputs.header.or(scope.header);
        let header = header.ok_or(Trouble::MissingInput { call: "sm", name: "header" })?;
        let data = inputs.data.as_ref().map_or(scope.before, |data| data);
        if data.len() > MOST_SECURED {
            return Err(Trouble::length("what sm() covers", "at most 251", data.len()));
        }
        let of = Scope { header: Some(header), ..*scope };
        let CardKey { suite, key } = self.chosen(inputs, &of)?;
        let input = Zeroizing::new(secure_messaging_input(header, data));
        Ok(secure_messaging_mac(suite, &key, challenge, &input))
    }

    fn pin_mac(&self, inputs: &Inputs, scope: &Scope<'_>) -> Result<Mac, Trouble> {
        let reload = scope.command == Some(CommandId::ReloadPin) && !scope.before.is_empty();
        let pin = match &inputs.data {
            Some(data) => data.as_slice(),
            None if reload => scope.before,
            None => self.pin()?,
        };
        let reset = Scope { command: Some(CommandId::ReloadPin), ..*scope };
        let CardKey { suite, key } = self.chosen(inputs, &reset)?;
        Ok(pin_reload_mac(suite, &key, pin))
    }

    /// The identification code that a PSAM finds right.
    pub(super) fn right_code(&self) -> Result<[u8; 9], Trouble> {
        let none = || Trouble::not_in_profile("check of identification codes");
        let psam = self.profile.psam.as_ref().ok_or_else(none)?;
        let served = self.card_profile().authentication_code;
        let mut code = served.unwrap_or([0x90, 0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0]);
        match &psam.identification {
            IdentificationCheck::Lab { key } => {
                let which = Which::Sam { usage: SamUsage::IDENTIFICATION, number: *key };
                let CardKey { suite, key } = self.key(which, None)?;
                let input = mac::lab_identification_code(&IdentificationCode(code));
                let mac = secure_messaging_mac(suite, &key, &[], input.as_bytes());
                for (to, from) in code.iter_mut().skip(5).zip(mac.0) {
                    *to = from;
                }
                Ok(code)
            }
            IdentificationCheck::List(codes) => codes.first().copied().ok_or_else(none),
            IdentificationCheck::Any => Ok(code),
            IdentificationCheck::None => Err(none()),
        }
    }
}
