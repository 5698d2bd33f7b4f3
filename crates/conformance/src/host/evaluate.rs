//! Expressions, evaluated.

use applet_spec::{CommandId, FieldFormat};

use super::format::{Bytes, LONGEST, fixed, known, quantity, settled};
use super::transaction::Transaction;
use super::{Host, Trouble, ValueFormat};
use crate::{Expression, Operator};

/// What an expression stands in.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope<'s> {
    /// The command that it is part of, or that it is an answer of.
    pub command: Option<CommandId>,
    /// CLA INS P1 P2 of that.
    pub header: Option<[u8; 4]>,
    /// The command data before it.
    pub before: &'s [u8],
    /// The transaction that codes are of.
    pub transaction: Option<&'s Transaction>,
    /// The challenge that codes are of.
    pub challenge: Option<&'s [u8]>,
    /// It is part of a command as bytes: header and Lc are in `before`.
    pub raw: bool,
}

/// Deepest nesting of an expression; files never have as much.
const DEEPEST: usize = 64;

impl Host<'_> {
    pub(super) fn evaluate(
        &self,
        expression: &Expression,
        format: ValueFormat,
        scope: &Scope<'_>,
    ) -> Result<Bytes, Trouble> {
        self.within(expression, format, scope, DEEPEST)
    }

    /// The same, of at most `depth` levels.
    pub(super) fn within(
        &self,
        expression: &Expression,
        format: ValueFormat,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<Bytes, Trouble> {
        let depth = depth.checked_sub(1).ok_or(Trouble::TooMuch)?;
        match expression {
            Expression::Literal(text) => format.read(text),
            Expression::Name(name) => self.name(name, scope).map(fixed),
            Expression::Slice(inner, from, to) => {
                let whole = self.within(inner, ValueFormat::BYTES, scope, depth)?;
                let length = whole.len();
                let part = whole.get(*from..*to).map(<[Option<u8>]>::to_vec);
                part.ok_or_else(|| Trouble::length("what [..] is cut from", to, length))
            }
            Expression::Call(name, inputs) => self.call(name, inputs, format, scope, depth),
            Expression::Operation(operator, left, right) => match operator {
                Operator::Plus | Operator::Minus => {
                    self.arithmetic(*operator, [left, right], format, scope, depth)
                }
                Operator::Xor => self.exclusive_or(left, right, format, scope, depth),
                Operator::Join => {
                    let mut left = self.within(left, ValueFormat::BYTES, scope, depth)?;
                    let known = left.iter().map(|byte| byte.unwrap_or_default());
                    let before: Vec<u8> = scope.before.iter().copied().chain(known).collect();
                    let scope = Scope { before: &before, ..*scope };
                    left.extend(self.within(right, ValueFormat::BYTES, &scope, depth)?);
                    if left.len() > LONGEST {
                        return Err(Trouble::TooMuch);
                    }
                    Ok(left)
                }
            },
        }
    }

    /// The first operand says how wide the result is.
    fn arithmetic(
        &self,
        operator: Operator,
        [left, right]: [&Expression; 2],
        format: ValueFormat,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<Bytes, Trouble> {
        let (first, width) = self.number(left, format, scope, depth)?;
        let (second, _) = self.number(right, format, scope, depth)?;
        let made = match operator {
            Operator::Minus => first.checked_sub(second),
            _ => first.checked_add(second),
        };
        let what = || format!("{first} {} {second}", operator.sign());
        let out_of_range = || Trouble::OutOfRange { what: what(), width };
        known(made.ok_or_else(out_of_range)?, width).map_err(|_| out_of_range())
    }

    /// An operand of + and -, and its width.
    fn number(
        &self,
        expression: &Expression,
        format: ValueFormat,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<(u64, usize), Trouble> {
        if let Expression::Literal(text) = expression {
            return Ok((quantity(text)?, format.width()));
        }
        let bytes = settled(self.within(expression, format, scope, depth)?)?;
        if bytes.len() > 8 {
            return Err(Trouble::length("an operand of + or -", "1 to 8", bytes.len()));
        }
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Ok((number, bytes.len()))
    }

    fn exclusive_or(
        &self,
        left: &Expression,
        right: &Expression,
        format: ValueFormat,
        scope: &Scope<'_>,
        depth: usize,
    ) -> Result<Bytes, Trouble> {
        let left = settled(self.within(left, format, scope, depth)?)?;
        let right = settled(self.within(right, ValueFormat::BYTES, scope, depth)?)?;
        if left.len() != right.len() {
            return Err(Trouble::length("what stands right of ^", left.len(), right.len()));
        }
        Ok(fixed(left.iter().zip(&right).map(|(left, right)| left ^ right)))
    }

    /// A name's bytes.
    fn name(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<u8>, Trouble> {
        if let Some(bytes) = self.known.names.get(name) {
            return Ok(bytes.to_vec());
        }
        let begun = || {
            let what = format!("${name}");
            scope.transaction.ok_or(Trouble::NoTransaction { what })
        };
        Ok(match name {
            "amount" => begun()?.amount.to_be_bytes().to_vec(),
            "balance" => begun()?.balance.to_be_bytes().to_vec(),
            "serial" => begun()?.serial.to_be_bytes().to_vec(),
            "limit" => begun()?.limit.to_bytes().to_vec(),
            "new-limit" => begun()?.new_limit.to_bytes().to_vec(),
            "random" => begun()?.random.to_vec(),
            "key-version" => vec![begun()?.key_version],
            "algorithm" => vec![begun()?.algorithm],
            "type" => vec![begun()?.kind],
            "terminal" => self.terminal_number().to_vec(),
            "terminal-serial" => match scope.transaction {
                Some(transaction) => transaction.terminal_serial.0.to_vec(),
                None => self.terminal.serial.to_be_bytes().to_vec(),
            },
            "date" => self.terminal.date.to_vec(),
            "time" => self.terminal.time.to_vec(),
            "pin" => self.pin()?.to_vec(),
            "card-serial" => self.serial.to_vec(),
            "aid" => self.main_name(),
            "code" => self.code()?.to_vec(),
            "historical" => self.profile.chip.historical.clone(),
            "challenge" => {
                scope.challenge.ok_or(Trouble::NoChallenge { what: "$challenge" })?.to_vec()
            }
            _ => return Err(Trouble::NotCaptured { name: name.to_owned() }),
        })
    }

    /// The terminal's number: a PSAM has its own.
    pub(super) fn terminal_number(&self) -> [u8; 6] {
        self.profile.psam.as_ref().map_or(self.terminal.number, |psam| psam.terminal)
    }

    /// The PIN that the card has, as far as is known.
    pub(super) fn pin(&self) -> Result<&[u8], Trouble> {
        if let Some(pin) = &self.known.pin {
            return Ok(pin);
        }
        let current = self.directory().and_then(|directory| directory.pin.as_ref());
        let main = || self.profile.main_directory()?.pin.as_ref();
        let pin = current.or_else(main).ok_or_else(|| Trouble::not_in_profile("PIN"))?;
        Ok(&pin.value)
    }

    /// The identification code: as the card told it, else its family's; at a PSAM, the right one.
    fn code(&self) -> Result<[u8; 9], Trouble> {
        let own = self.known.code.or(self.profile.authentication_code);
        match own {
            Some(code) => Ok(code),
            None if self.profile.psam.is_some() => self.right_code(),
            None => Err(Trouble::not_in_profile("identification code")),
        }
    }
}

/// A format of numbers for what is counted.
pub(super) const NUMBER: ValueFormat = ValueFormat { kind: FieldFormat::Number, length: None };
