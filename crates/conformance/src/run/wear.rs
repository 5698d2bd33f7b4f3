//! What a case may use up of a card that nobody can take back, and what was used up of its tries.

use std::collections::BTreeMap;

use apdu::StatusWord;
use applet_spec::{CommandId, Directory, Profile};

use super::words::text;
use crate::{Action, Case, Change, Exchange, Text};

/// What a case may use up, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wear {
    /// Nothing that does not come back by itself.
    Nothing,
    /// Tries of the PIN, which the right one gives back; or it is another afterwards.
    Pin,
    /// Wrong transaction MACs, which the card counts.
    WrongMacs,
    /// Tries of keys.
    Keys,
    /// What the case says itself, without a lock.
    Said,
    /// The application or the card.
    Card,
}

impl Wear {
    /// Of a case, on cards of `profile`.
    pub(super) fn of(case: &Case, profile: &Profile) -> Self {
        let may = |wanted: &[Change]| case.changes().any(|change| wanted.contains(change));
        let counts = profile.rules.wrong_mac_limit.is_some();
        match () {
            () if may(&[Change::Lock, Change::Anything]) => Self::Card,
            () if case.destructive => Self::Said,
            () if may(&[Change::Keys]) => Self::Keys,
            () if counts && may(&[Change::WrongMacs]) => Self::WrongMacs,
            () if may(&[Change::Pin]) => Self::Pin,
            () => Self::Nothing,
        }
    }
}

/// Whether a case sends the PIN, so that a card with another would count it as wrong.
pub(super) fn sends_pin(case: &Case, profile: &Profile) -> bool {
    let asked = profile
        .application()
        .is_some_and(|application| application.purses.iter().any(|p| !p.pin_for.is_empty()));
    let sends = |action: &Action| match action {
        Action::Send(send) => matches!(send.command, CommandId::Verify | CommandId::ChangePin),
        Action::Run(_) => asked,
        _ => false,
    };
    case.changes().any(|change| *change == Change::Pin)
        || asked && !case.card.is_empty()
        || case.steps.iter().any(|step| sends(&step.action))
}

/// Refusals since the last success, by what counts them.
#[derive(Debug, Default)]
pub(super) struct Spent {
    tries: BTreeMap<Counter, u32>,
}

/// What counts wrong MACs and cryptograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counter {
    /// The maintenance key.
    Maintenance,
    /// The key of one instruction.
    Instruction(u8),
    /// Transactions.
    Transaction,
}

impl Spent {
    /// What a case's exchange spent and gave back.
    pub(super) fn follow(&mut self, exchange: &Exchange) {
        let [class, ins, p1, ..] = *exchange.command.as_slice() else { return };
        let status = match exchange.answer.as_deref() {
            Some([.., sw1, sw2]) => StatusWord(u16::from_be_bytes([*sw1, *sw2])),
            // Whether the try counted cannot be known: it did.
            _ => StatusWord::SM_MAC_WRONG,
        };
        let counter = match (class & 0x04, ins, p1) {
            (0x04, 0xD6 | 0xDC | 0xE2 | 0x16 | 0x1E, _) => Counter::Maintenance,
            (0x04, _, _) | (_, 0x82, _) | (_, 0x5E, 0x00) => Counter::Instruction(ins),
            (_, 0x52 | 0x54 | 0x58, _) => Counter::Transaction,
            _ => return,
        };
        if status.is_ok() {
            self.tries.remove(&counter);
        } else if status == StatusWord::SM_MAC_WRONG
            || status == StatusWord::MAC_INVALID
            || status.0 & 0xFFF0 == 0x63C0
        {
            *self.tries.entry(counter).or_default() += 1;
        }
    }

    /// Why a case cannot be judged: tries that it needs may have been spent by those before it.
    pub(super) fn too_many_for(&self, case: &Case, profile: &Profile) -> Option<Text> {
        let transactions = |counter: &Counter| *counter == Counter::Transaction;
        let most = |of_transactions: bool| {
            let counted = self.tries.iter().filter(|(c, _)| transactions(c) == of_transactions);
            counted.map(|(_, spent)| *spent).max().unwrap_or_default()
        };
        let needs = |change: &Change| {
            let steps = case.steps.iter().filter(|step| step.changes.contains(change));
            steps.map(|step| u32::from(step.repeat)).sum::<u32>()
        };
        let over = |spent: u32, change: &Change, limit: Option<u32>| {
            let needed = needs(change);
            needed > 0 && spent > 0 && limit.is_some_and(|limit| spent + needed >= limit)
        };
        let limit = profile.rules.wrong_mac_limit.map(u32::from);
        let keys = over(most(false), &Change::Keys, fewest_tries(profile));
        if keys || over(most(true), &Change::WrongMacs, limit) {
            return Some(text(
                "cases before it spent tries of the card's keys that it needs; run it by itself \
                 with --only on another card",
                "之前的用例已消耗所需的密钥可试次数; 请换卡并用 --only 单独运行",
            ));
        }
        None
    }
}

fn fewest_tries(profile: &Profile) -> Option<u32> {
    let keys = |directory: &Directory| directory.keys.iter().filter_map(|key| key.tries).min();
    profile.directories.iter().filter_map(keys).min().map(u32::from)
}
