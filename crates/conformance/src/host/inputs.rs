//! What calls take in brackets.

use applet_spec::{FieldFormat, KeyKind};
use crypto::Key;
use purse::{Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time};
use zeroize::Zeroizing;

use super::evaluate::{NUMBER, Scope};
use super::format::settled;
use super::transaction::Transaction;
use super::{Host, Trouble, ValueFormat};
use crate::Expression;
use crate::expression::CallForm;

/// Inputs of a call, beside those of the transaction.
#[derive(Default)]
pub(super) struct Inputs {
    /// The transaction, with what is said in brackets.
    pub transaction: Option<Transaction>,
    pub key: Option<Chosen>,
    pub index: Option<u8>,
    pub header: Option<[u8; 4]>,
    pub data: Option<Zeroizing<Vec<u8>>>,
    pub challenge: Option<Vec<u8>>,
    pub factors: Option<Vec<[u8; 8]>>,
    /// `byte`.
    pub byte: Option<u8>,
    /// `times`.
    pub times: Option<usize>,
}

/// The key that is said in brackets.
pub(super) enum Chosen {
    /// One of the card's.
    Kind(KeyKind),
    /// One that a case has made itself.
    Own(Key),
}

impl Host<'_> {
    /// Reads what stands in brackets.
    pub(super) fn inputs(
        &self,
        form: &'static CallForm,
        given: &[(String, Expression)],
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<Inputs, Trouble> {
        let call = form.name;
        let mut out = Inputs { transaction: scope.transaction.cloned(), ..Inputs::default() };
        for (name, expression) in given {
            let mut allowed = form.needs.iter().chain(form.takes);
            if !allowed.clone().any(|known| known == name) {
                let known: Vec<_> = allowed.by_ref().copied().collect();
                let known = match known.as_slice() {
                    [] => "it takes none".to_owned(),
                    _ => format!("it takes {}", known.join(", ")),
                };
                return Err(Trouble::NoSuchInput { call, name: name.clone(), known });
            }
            let read = |format| settled(self.within(expression, format, scope, depth)?);
            match name.as_str() {
                "key" => {
                    out.key = Some(match key_kind(expression) {
                        Some(kind) => Chosen::Kind(kind),
                        None => own_key(expression, read(ValueFormat::BYTES).map(Zeroizing::new))?,
                    });
                }
                "index" => out.index = Some(exactly::<1>(name, &read(one_byte())?)?[0]),
                "header" => out.header = Some(exactly(name, &read(ValueFormat::BYTES)?)?),
                "data" | "of" => out.data = Some(Zeroizing::new(read(ValueFormat::BYTES)?)),
                "challenge" => out.challenge = Some(read(ValueFormat::BYTES)?),
                "factors" => out.factors = Some(factors(&read(ValueFormat::BYTES)?)?),
                "byte" => {
                    out.byte = Some(exactly::<1>(name, &read(ValueFormat::BYTES)?)?[0]);
                }
                "times" => {
                    let times = u32::from_be_bytes(exactly(name, &read(NUMBER)?)?);
                    out.times = Some(times as usize);
                }
                _ => {
                    let what = format!("{call}()");
                    let transaction =
                        out.transaction.as_mut().ok_or(Trouble::NoTransaction { what })?;
                    let none = matches!(expression, Expression::Literal(text) if text == "none");
                    if name == "code" && none {
                        transaction.code = None;
                    } else {
                        transaction.put(name, &read(input_format(name))?)?;
                    }
                }
            }
        }
        Ok(out)
    }
}

impl Transaction {
    /// Puts another value in the place of an input.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        match name {
            "amount" => self.amount = u32::from_be_bytes(exactly(name, bytes)?),
            // Each code covers one balance: MAC1 that before, TAC and MAC3 that after.
            "balance" => {
                self.balance = u32::from_be_bytes(exactly(name, bytes)?);
                self.balance_after = Some(self.balance);
            }
            "serial" => self.serial = u16::from_be_bytes(exactly(name, bytes)?),
            "limit" => self.limit = Limit::from_bytes(exactly(name, bytes)?),
            "new-limit" => self.new_limit = Limit::from_bytes(exactly(name, bytes)?),
            "random" => self.random = exactly(name, bytes)?,
            "type" => self.kind = u8::from_be_bytes(exactly(name, bytes)?),
            "terminal" => self.terminal = TerminalId(exactly(name, bytes)?),
            "terminal-serial" => self.terminal_serial = TerminalSerial(exactly(name, bytes)?),
            "date" => self.date = Date(exactly(name, bytes)?),
            "time" => self.time = Time(exactly(name, bytes)?),
            _ => self.code = Some(IdentificationCode(exactly(name, bytes)?)),
        }
        Ok(())
    }
}

/// Bytes of exactly one length.
pub(super) fn exactly<const N: usize>(what: &str, bytes: &[u8]) -> Result<[u8; N], Trouble> {
    bytes.try_into().map_err(|_| Trouble::length(what, N, bytes.len()))
}

fn input_format(name: &str) -> ValueFormat {
    match name {
        "amount" | "balance" => ValueFormat::fixed(FieldFormat::Fen, 4),
        "limit" | "new-limit" => ValueFormat::fixed(FieldFormat::Fen, 3),
        "serial" => ValueFormat::fixed(FieldFormat::Number, 2),
        "terminal-serial" => ValueFormat::fixed(FieldFormat::Number, 4),
        "date" => ValueFormat::fixed(FieldFormat::Date, 4),
        "time" => ValueFormat::fixed(FieldFormat::Time, 3),
        _ => ValueFormat::BYTES,
    }
}

const fn one_byte() -> ValueFormat {
    ValueFormat::fixed(FieldFormat::Number, 1)
}

/// Factors in pieces of eight bytes.
pub(super) fn factors(bytes: &[u8]) -> Result<Vec<[u8; 8]>, Trouble> {
    match bytes.as_chunks::<8>() {
        (factors, []) => Ok(factors.to_vec()),
        _ => Err(Trouble::length("factors", "8 for each level", bytes.len())),
    }
}

fn key_kind(expression: &Expression) -> Option<KeyKind> {
    match expression {
        Expression::Literal(text) => KeyKind::from_text(text.trim()),
        _ => None,
    }
}

fn own_key(
    expression: &Expression,
    read: Result<Zeroizing<Vec<u8>>, Trouble>,
) -> Result<Chosen, Trouble> {
    match (read, expression) {
        // A literal that is no key is not shown: it may be the better part of one.
        (Err(_), Expression::Literal(_)) => Err(Trouble::NotAKey),
        (Err(trouble), _) => Err(trouble),
        (Ok(bytes), _) => Key::new(&bytes).map(Chosen::Own).map_err(|_| Trouble::NotAKey),
    }
}
