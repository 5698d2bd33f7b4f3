//! What was said to a PSAM 消费安全存取模块.

use apdu::{ResponseApdu, StatusWord};
use crypto::Mac;
use purse::{PsamCommand, TerminalSerial};

use super::Reader;
use crate::candidate::push;
use crate::trace::Exchange;
use crate::{Place, Source};

/// INITIALIZE SAM FOR PURCHASE (8070): what a PSAM was told, and what it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamExchange {
    /// Where it stands.
    pub place: Place,
    /// What it was told.
    pub told: purse::SamPurchase,
    /// Terminal serial and MAC1, where it gave them.
    pub gave: Option<(TerminalSerial, Mac)>,
}

/// CREDIT SAM FOR PURCHASE (8072): the MAC2 that a PSAM was given to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamCheck {
    /// Where it stands.
    pub place: Place,
    /// The MAC2.
    pub mac2: Mac,
    /// What the PSAM answered.
    pub status: Option<StatusWord>,
}

impl Reader<'_> {
    pub(super) fn sam(&mut self, exchange: &Exchange, command: &PsamCommand) {
        let place = exchange.place;
        match command {
            PsamCommand::InitializeForPurchase(told) => {
                self.sam_purchase(place, told, exchange.answer.as_ref());
            }
            PsamCommand::CreditForPurchase { mac2 } => {
                let status = exchange.answer.as_ref().map(|answer| answer.status);
                self.out.sam_checks.push(SamCheck { place, mac2: *mac2, status });
            }
            PsamCommand::CheckIdentificationCode { code } => {
                push(&mut self.out.found.codes, *code, Source::SamCode(place));
            }
            PsamCommand::DeliverKey { .. }
            | PsamCommand::Crypt { .. }
            | PsamCommand::WriteKey { .. } => {}
        }
    }

    fn sam_purchase(
        &mut self,
        place: Place,
        told: &purse::SamPurchase,
        answer: Option<&ResponseApdu>,
    ) {
        let (found, source) = (&mut self.out.found, Source::SamCommand(place));
        found.add_moment(told.date, told.time, source);
        push(&mut found.amounts, told.amount, source);
        push(&mut found.serials, told.serial, source);
        push(&mut found.randoms, told.random, source);
        push(&mut found.sessions, (told.random, told.serial), source);
        // Over the link the card's factor comes first; the highest level is applied first.
        push(&mut found.factor_lists, told.factors.iter().rev().copied().collect(), source);
        let gave = answer.and_then(|answer| {
            let (serial, mac) = answer.data.split_first_chunk::<4>()?;
            Some((TerminalSerial(*serial), Mac(mac.try_into().ok()?)))
        });
        if let Some((serial, _)) = gave {
            push(&mut found.terminal_serials, serial, Source::SamAnswer(place));
        }
        self.out.sam.push(SamExchange { place, told: told.clone(), gave });
    }
}
