//! A transaction as the host knows it: its inputs, and what every MAC and TAC of it covers.

use applet_spec::{KeyKind, PinUse, PurseKind, Rules};
use purse::mac::{self, MacInput, Moment};
use purse::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};

use super::Trouble;
use crate::RunKind;

/// What codes are made of: told by INITIALIZE, its answer and the step after it.
#[derive(Clone)]
pub(super) struct Transaction {
    pub purpose: RunKind,
    pub kind: u8,
    pub key_index: u8,
    pub key_version: u8,
    pub algorithm: u8,
    pub amount: u32,
    /// Before the transaction.
    pub balance: u32,
    /// After it, where a case says another than follows.
    pub balance_after: Option<u32>,
    /// Online or offline, before the increment.
    pub serial: u16,
    /// Before the transaction.
    pub limit: Limit,
    pub new_limit: Limit,
    pub random: [u8; 4],
    pub terminal: TerminalId,
    pub terminal_serial: TerminalSerial,
    pub date: Date,
    pub time: Time,
    pub code: Option<IdentificationCode>,
    /// Factors that a PSAM was sent, highest level first; `None` for those of the card.
    pub factors: Option<Vec<[u8; 8]>>,
}

impl RunKind {
    /// Kind of the key behind its MACs.
    pub(super) const fn key(self) -> KeyKind {
        match self {
            Self::Load => KeyKind::Load,
            Self::Purchase | Self::Cash | Self::Capp | Self::SamPurchase => KeyKind::Purchase,
            Self::Unload => KeyKind::Unload,
            Self::Overdraft => KeyKind::Overdraft,
        }
    }

    /// The use of a purse that it is; `None` at a PSAM.
    pub(super) const fn pin_use(self) -> Option<PinUse> {
        Some(match self {
            Self::Load => PinUse::Load,
            Self::Purchase => PinUse::Purchase,
            Self::Cash => PinUse::Cash,
            Self::Capp => PinUse::Capp,
            Self::Unload => PinUse::Unload,
            Self::Overdraft => PinUse::Overdraft,
            Self::SamPurchase => return None,
        })
    }

    /// Its transaction type.
    pub(super) fn kind(self, purse: PurseKind, rules: &Rules) -> TransactionType {
        match self {
            Self::Load => TransactionType::load(purse),
            Self::Purchase | Self::SamPurchase => TransactionType::purchase(purse),
            Self::Cash => TransactionType::Cash,
            Self::Capp => TransactionType::Capp,
            Self::Unload => TransactionType::Unload,
            Self::Overdraft => TransactionType::overdraft(rules),
        }
    }

    pub(super) const fn online(self) -> bool {
        matches!(self, Self::Load | Self::Unload | Self::Overdraft)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Purchase => "purchase",
            Self::Cash => "cash withdrawal",
            Self::Capp => "compound purchase",
            Self::Unload => "unload",
            Self::Overdraft => "overdraft update",
            Self::SamPurchase => "purchase at a PSAM",
        }
    }
}

impl Transaction {
    /// Input of the session key.
    pub(super) fn session(&self) -> [u8; 8] {
        match self.purpose.online() {
            true => mac::online_session_input(self.random, self.serial),
            false => mac::offline_session_input(self.random, self.serial, self.terminal_serial),
        }
    }

    pub(super) fn mac1(&self) -> Result<MacInput, Trouble> {
        let Self { kind, terminal, date, time, limit, .. } = *self;
        let (amount, balance) = (Amount(self.amount), Amount(self.balance));
        Ok(match self.purpose {
            RunKind::Load | RunKind::Unload => {
                mac::online_mac1(balance, amount, self.typed()?, terminal)
            }
            RunKind::Overdraft => mac::overdraft_mac1(balance, limit, self.typed()?, terminal),
            _ => mac::sam_mac1(amount, kind, terminal, date, time, self.code.as_ref()),
        })
    }

    pub(super) fn mac2(&self) -> Result<MacInput, Trouble> {
        Ok(match self.purpose {
            RunKind::Load | RunKind::Unload => {
                mac::online_mac2(Amount(self.amount), &self.moment()?)
            }
            RunKind::Overdraft => mac::overdraft_mac2(self.new_limit, &self.moment()?),
            _ => mac::purchase_mac2(Amount(self.amount)),
        })
    }

    pub(super) fn mac3(&self) -> Result<MacInput, Trouble> {
        match self.purpose {
            RunKind::Unload => self.online_proof(),
            _ => Err(self.lacks("mac3")),
        }
    }

    pub(super) fn tac(&self) -> Result<MacInput, Trouble> {
        Ok(match self.purpose {
            // An unload has none: what a card would say that answers one in place of MAC3.
            RunKind::Load | RunKind::Unload => self.online_proof()?,
            RunKind::Overdraft => {
                let balance = Amount(self.new_balance());
                mac::overdraft_tac(balance, self.serial, self.new_limit, &self.moment()?)
            }
            _ => mac::purchase_tac(Amount(self.amount), &self.moment()?, self.terminal_serial),
        })
    }

    /// What the purse holds afterwards. Cards say any balance, so it wraps where it cannot be.
    fn new_balance(&self) -> u32 {
        if let Some(said) = self.balance_after {
            return said;
        }
        match self.purpose {
            RunKind::Load => self.balance.wrapping_add(self.amount),
            RunKind::Overdraft => {
                self.balance.wrapping_sub(self.limit.fen()).wrapping_add(self.new_limit.fen())
            }
            _ => self.balance.wrapping_sub(self.amount),
        }
    }

    fn online_proof(&self) -> Result<MacInput, Trouble> {
        let (balance, amount) = (Amount(self.new_balance()), Amount(self.amount));
        Ok(mac::online_proof(balance, self.serial, amount, &self.moment()?))
    }

    fn moment(&self) -> Result<Moment, Trouble> {
        let Self { terminal, date, time, .. } = *self;
        Ok(Moment { transaction_type: self.typed()?, terminal, date, time })
    }

    fn typed(&self) -> Result<TransactionType, Trouble> {
        TransactionType::from_byte(self.kind).ok_or_else(|| Trouble::Unreadable {
            text: format!("{:02X}", self.kind),
            wanted: "a transaction type: write 01 to 07, 09 or 11".to_owned(),
        })
    }

    fn lacks(&self, call: &'static str) -> Trouble {
        Trouble::NoSuchCode { call, transaction: self.purpose.name() }
    }
}
