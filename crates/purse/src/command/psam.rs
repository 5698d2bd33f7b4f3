//! What a PSAM 消费安全存取模块 understands beside what it shares with purse cards.
//!
//! Diversification factors go over the link in the order of the cards: the card's own first, then
//! the higher levels. They are applied the other way round, the highest level first.

use apdu::CommandBuf;
use applet_spec::CommandId;
use crypto::Mac;

use super::CommandError;
use super::build::assemble;
use super::cursor::Fields;
use crate::{Amount, Date, IdentificationCode, Time};

/// A command of a PSAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PsamCommand {
    /// INITIALIZE SAM FOR PURCHASE 消费初始化: answers terminal serial and MAC1.
    InitializeForPurchase(SamPurchase),
    /// CREDIT SAM FOR PURCHASE 校验 MAC2.
    CreditForPurchase {
        /// MAC2 of the card.
        mac2: Mac,
    },
    /// DELIVER KEY 通用密钥分散: a diversified key for CRYPT.
    DeliverKey {
        /// P1: levels in the high three bits, purpose in the low five.
        usage: u8,
        /// P2: key index, or version for purchase keys.
        key: u8,
        /// Factors, the card's first.
        factors: Vec<[u8; 8]>,
    },
    /// CRYPT 通用计算 with the delivered key.
    Crypt {
        /// P1: what is calculated.
        mode: CryptMode,
        /// Padded data; the initial value first where a MAC begins.
        data: Vec<u8>,
    },
    /// CHECK IDENTIFICATION CODE 校验安全认证识别码.
    CheckIdentificationCode {
        /// The card's code.
        code: IdentificationCode,
    },
    /// WRITE SAM KEY 装载密钥.
    WriteKey {
        /// Enciphered `Ld ‖ usage ‖ version ‖ algorithm ‖ key`.
        enciphered: Vec<u8>,
        /// Secure messaging MAC.
        mac: Mac,
    },
}

/// What a PSAM makes MAC1 of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamPurchase {
    /// Random of the card.
    pub random: [u8; 4],
    /// Offline serial of the card, before the increment.
    pub serial: u16,
    /// Amount.
    pub amount: Amount,
    /// Transaction type byte.
    pub transaction_type: u8,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
    /// Key version of the card's answer.
    pub key_version: u8,
    /// Algorithm id of the card's answer.
    pub algorithm: u8,
    /// Factors, the card's first.
    pub factors: Vec<[u8; 8]>,
}

/// P1 of CRYPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CryptMode {
    /// Enciphers the last (or only) piece.
    EncryptLast = 0x00,
    /// The last piece of a MAC.
    MacLast = 0x01,
    /// Enciphers a piece of which more follow.
    EncryptMore = 0x02,
    /// A further piece of a MAC.
    MacNext = 0x03,
    /// A whole MAC: initial value, then the data.
    MacWhole = 0x05,
    /// The first piece of a MAC: initial value, then data.
    MacFirst = 0x07,
}

impl CryptMode {
    /// Every mode.
    pub const ALL: [Self; 6] = [
        Self::EncryptLast,
        Self::MacLast,
        Self::EncryptMore,
        Self::MacNext,
        Self::MacWhole,
        Self::MacFirst,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| *mode as u8 == byte)
    }
}

impl PsamCommand {
    /// Its entry in the catalogue.
    pub fn id(&self) -> CommandId {
        match self {
            Self::InitializeForPurchase(_) => CommandId::InitializeSamForPurchase,
            Self::CreditForPurchase { .. } => CommandId::CreditSamForPurchase,
            Self::DeliverKey { .. } => CommandId::DeliverKey,
            Self::Crypt { .. } => CommandId::Crypt,
            Self::CheckIdentificationCode { .. } => CommandId::CheckIdentificationCode,
            Self::WriteKey { .. } => CommandId::WriteSamKey,
        }
    }

    /// The command as an APDU, with the Le that a caller normally sends.
    pub fn to_apdu(&self) -> CommandBuf {
        let parameters = match self {
            Self::DeliverKey { usage, key, .. } => [*usage, *key],
            Self::Crypt { mode, .. } => [*mode as u8, 0x00],
            Self::InitializeForPurchase(_)
            | Self::CreditForPurchase { .. }
            | Self::CheckIdentificationCode { .. }
            | Self::WriteKey { .. } => [0x00, 0x00],
        };
        assemble(self.id(), false, parameters, self.data(), None)
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::InitializeForPurchase(purchase) => purchase.to_bytes(),
            Self::CreditForPurchase { mac2 } => mac2.0.to_vec(),
            Self::DeliverKey { factors, .. } => factors.concat(),
            Self::Crypt { data, .. } => data.clone(),
            Self::CheckIdentificationCode { code } => code.0.to_vec(),
            Self::WriteKey { enciphered, mac } => [enciphered.as_slice(), &mac.0].concat(),
        }
    }
}

impl SamPurchase {
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(20 + 8 * self.factors.len());
        out.extend_from_slice(&self.random);
        out.extend_from_slice(&self.serial.to_be_bytes());
        out.extend_from_slice(&self.amount.to_bytes());
        out.push(self.transaction_type);
        out.extend_from_slice(&self.date.0);
        out.extend_from_slice(&self.time.0);
        out.extend_from_slice(&[self.key_version, self.algorithm]);
        out.extend(self.factors.iter().flatten());
        out
    }
}

impl Fields<'_> {
    /// The PSAM command of the catalogue entry; `None` where the entry is none of a PSAM.
    pub(super) fn psam_command(&mut self) -> Result<Option<PsamCommand>, CommandError> {
        Ok(Some(match self.spec.id {
            CommandId::InitializeSamForPurchase => {
                PsamCommand::InitializeForPurchase(self.sam_purchase()?)
            }
            CommandId::CreditSamForPurchase => PsamCommand::CreditForPurchase { mac2: self.mac()? },
            CommandId::DeliverKey => PsamCommand::DeliverKey {
                usage: self.apdu.p1(),
                key: self.apdu.p2(),
                factors: self.factors()?,
            },
            CommandId::Crypt => PsamCommand::Crypt {
                mode: CryptMode::from_byte(self.apdu.p1())
                    .ok_or_else(|| self.wrong_parameters())?,
                data: self.all(),
            },
            CommandId::CheckIdentificationCode => {
                PsamCommand::CheckIdentificationCode { code: IdentificationCode(self.take()?) }
            }
            CommandId::WriteSamKey => {
                let (enciphered, mac) = self.split_mac()?;
                PsamCommand::WriteKey { enciphered: enciphered.to_vec(), mac }
            }
            _ => return Ok(None),
        }))
    }

    fn sam_purchase(&mut self) -> Result<SamPurchase, CommandError> {
        let random = self.take()?;
        let serial = u16::from_be_bytes(self.take()?);
        let amount = Amount::from_bytes(self.take()?);
        let [transaction_type] = self.take()?;
        let (date, time) = (Date(self.take()?), Time(self.take()?));
        let [key_version, algorithm] = self.take()?;
        let factors = self.factors()?;
        Ok(SamPurchase {
            random,
            serial,
            amount,
            transaction_type,
            date,
            time,
            key_version,
            algorithm,
            factors,
        })
    }

    /// What is left, in pieces of 8 bytes.
    fn factors(&mut self) -> Result<Vec<[u8; 8]>, CommandError> {
        let mut out = Vec::new();
        while !self.rest.is_empty() {
            out.push(self.take()?);
        }
        Ok(out)
    }
}
