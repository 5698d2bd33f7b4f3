//! Which states a card built by commands can be brought into, and by which deeds.

use applet_spec::{Directory, PinUse, Profile, PurseKind, PurseSpec};
use purse::setting::{Lock, LogFill, Setting};
use purse::{Amount, BlockKind, Limit};

use super::Deed;
use crate::order::{CardOrder, CardState, PurseState};
use crate::problem::Problem;

/// Most transactions that a card is brought into its state by: each wears it and takes a second.
const MOST: u32 = 64;
const ONE_FEN: Amount = Amount(1);

/// What is done to the card of an order once it is built. `test` is the amount of the job's load and
/// purchase for verification.
///
/// # Errors
/// States that only a virtual card can be in, each with its cell.
pub fn deeds(order: &CardOrder, test: Option<Amount>) -> Result<Vec<Deed>, Vec<Problem>> {
    let Some(application) = order.profile.application() else {
        let message = format!("{} has no purse application", order.profile.name);
        return Err(vec![order.place.problem("", message, "take another profile")]);
    };
    let mut problems = Vec::new();
    only_virtual(&order.state, &mut problems);
    let mut out = Vec::new();
    for spec in &application.purses {
        let purse = Purse { order, application, spec };
        match purse.deeds() {
            Ok(deeds) => out.extend(deeds),
            Err(problem) => problems.push(*problem),
        }
    }
    let tested = test.filter(|_| !order.state.spoiled_by_transactions());
    if let Some((amount, spec)) = tested.zip(tested_purse(application)) {
        let (online, offline) = serials(&out, spec.kind);
        out.push(Deed::Load { purse: spec.kind, amount, online });
        out.push(Deed::Purchase { purse: spec.kind, amount, offline });
    }
    // Last of all but what keeps a card from being checked.
    out.push(Deed::Verify);
    let pin = application.pin.as_ref();
    if let Some((tries, pin)) = order.state.pin_tries.zip(pin) {
        out.extend((tries..pin.tries).rev().map(|left| Deed::WrongPin { left }));
    }
    match order.state.lock {
        None | Some(Lock::No) => {}
        Some(Lock::Temporary) => out.push(Deed::BlockApplication(BlockKind::Temporary)),
        Some(Lock::Permanent) => out.push(Deed::BlockApplication(BlockKind::Permanent)),
        Some(Lock::Card) => out.push(Deed::BlockCard),
    }
    if order.state.lock.is_some_and(|lock| lock != Lock::No) {
        out.push(Deed::CheckLock);
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// The purse that the job's load and purchase are made with.
pub(super) fn tested_purse(application: &Directory) -> Option<&PurseSpec> {
    let both = |spec: &&PurseSpec| {
        spec.allows.contains(&PinUse::Load) && spec.allows.contains(&PinUse::Purchase)
    };
    [PurseKind::Purse, PurseKind::Deposit]
        .into_iter()
        .filter_map(|kind| application.purse(kind))
        .find(both)
}

/// Online and offline serial of a purse after these deeds.
fn serials(deeds: &[Deed], kind: PurseKind) -> (u16, u16) {
    let (mut online, mut offline) = (0, 0);
    for deed in deeds {
        match deed {
            Deed::Load { purse, .. } | Deed::Limit { purse, .. } if *purse == kind => online += 1,
            Deed::Purchase { purse, .. } if *purse == kind => offline += 1,
            _ => {}
        }
    }
    (online, offline)
}

/// States that no command leads to.
fn only_virtual(state: &CardState, problems: &mut Vec<Problem>) {
    for wish in &state.wishes {
        let crate::cards::What::Set(setting) = &wish.what else { continue };
        let why = match setting {
            Setting::KeyTries { .. } => {
                "wrong tries of a key are not given to a real card on purpose"
            }
            Setting::WrongMacs(count) if *count > 0 => {
                "wrong MACs are not sent to a real card on purpose"
            }
            _ => continue,
        };
        problems.push(wish.problem(why, "use target = \"virtual\" for this card"));
    }
}

/// A purse, and what is asked of it.
struct Purse<'p> {
    order: &'p CardOrder,
    application: &'p Directory,
    spec: &'p PurseSpec,
}

impl Purse<'_> {
    fn deeds(&self) -> Result<Vec<Deed>, Box<Problem>> {
        let kind = self.spec.kind;
        let none = PurseState { kind, balance: None, limit: None, online: None, offline: None };
        let wanted = self.order.state.purses.iter().find(|purse| purse.kind == kind);
        let wanted = wanted.unwrap_or(&none);
        let own = Some(Amount(self.spec.balance)).filter(|amount| amount.0 > 0);
        let balance = wanted.balance.or(own).unwrap_or_default();
        let limit = wanted.limit.filter(|limit| limit.fen() > 0);
        let updates = u32::from(limit.is_some());
        self.allowed(limit.is_some(), PinUse::Overdraft, "overdraft-limit")?;
        let purchases = self.purchases(wanted, updates)?;
        let money = u64::from(balance.0) + u64::from(purchases);
        let money =
            money.checked_sub(u64::from(limit.unwrap_or_default().fen())).ok_or_else(|| {
                let mend = "ask for a balance of at least the limit";
                self.wrong("balance", "the stored balance includes the overdraft limit", mend)
            })?;
        let loads = self.loads(wanted, updates, money)?;
        self.allowed(loads > 0, PinUse::Load, "balance")?;
        self.allowed(purchases > 0, PinUse::Purchase, "serial")?;
        if loads + purchases + updates > MOST {
            let count = loads + purchases + updates;
            let message = format!("it takes {count} transactions, more than {MOST}");
            return Err(self.wrong("serial", message, VIRTUAL));
        }
        if money > u64::from(self.spec.maximum) {
            let message = format!("the purse takes {} at most", Amount(self.spec.maximum));
            return Err(self.wrong("balance", message, "write a smaller balance"));
        }
        let mut out = Vec::new();
        if let Some(limit) = limit {
            out.push(Deed::Limit { purse: kind, limit, online: 0 });
        }
        // All loads but the last are of one fen.
        let rest = money as u32 - loads.saturating_sub(1);
        for nth in 0..loads {
            let amount = if nth + 1 == loads { Amount(rest) } else { ONE_FEN };
            out.push(Deed::Load { purse: kind, amount, online: (updates + nth) as u16 });
        }
        for offline in 0..purchases as u16 {
            out.push(Deed::Purchase { purse: kind, amount: ONE_FEN, offline });
        }
        Ok(out)
    }

    /// How many purchases of one fen.
    fn purchases(&self, wanted: &PurseState, updates: u32) -> Result<u32, Box<Problem>> {
        let room = self.log_room();
        let fills = self.is_first() && self.order.state.log == Some(LogFill::Full);
        let purchases = match (wanted.offline, fills) {
            (Some(serial), _) => u32::from(serial),
            (None, true) => room,
            (None, false) => 0,
        };
        let online = u32::from(wanted.online.unwrap_or_default()).max(updates);
        if fills && purchases + online < room {
            let message = format!("the log takes {room} transactions to be full");
            let mend = "leave the offline serial empty, or let it be as many";
            return Err(self.wrong("log", message, mend));
        }
        Ok(purchases)
    }

    /// How many loads.
    fn loads(&self, wanted: &PurseState, updates: u32, money: u64) -> Result<u32, Box<Problem>> {
        let least = u32::from(money > 0);
        let loads = match wanted.online {
            None => least,
            Some(serial) => u32::from(serial).checked_sub(updates).ok_or_else(|| {
                let mend = "ask for an online serial of at least 1";
                self.wrong("online-serial", "the overdraft limit is set online", mend)
            })?,
        };
        if loads < least {
            let message = format!("{} is loaded online, at least once", Amount(money as u32));
            return Err(self.wrong("online-serial", message, "write 1 or more"));
        }
        if u64::from(loads) > money {
            let message = format!("{loads} loads need at least {}", Amount(loads));
            let mend = "ask for a balance of at least 0.01 for each, or use target = \"virtual\"";
            return Err(self.wrong("online-serial", message, mend));
        }
        if self.order.state.log == Some(LogFill::Empty) && loads + updates > 0 {
            let message = "the balance is loaded, and the load is in the log";
            return Err(self.wrong("log", message, VIRTUAL));
        }
        Ok(loads)
    }

    /// The purse must have the transactions that lead there.
    fn allowed(&self, needed: bool, used: PinUse, key: &str) -> Result<(), Box<Problem>> {
        if !needed || self.spec.allows.contains(&used) {
            return Ok(());
        }
        let message = format!("the purse has no transaction '{}'", used.text());
        Err(self.wrong(key, message, VIRTUAL))
    }

    /// Records that the log takes.
    fn log_room(&self) -> u32 {
        let sfi = self.application.log.map_or(0, |log| log.purchase);
        match self.application.file(sfi).map(|file| file.kind) {
            Some(applet_spec::FileKind::Cyclic { count, .. }) => u32::from(count),
            _ => 0,
        }
    }

    /// The purse whose purchases fill the log.
    fn is_first(&self) -> bool {
        tested_purse(self.application).is_some_and(|spec| spec.kind == self.spec.kind)
    }

    /// Something wrong, at the cell that asks for it, or else at the row.
    fn wrong(&self, key: &str, message: impl Into<String>, mend: &str) -> Box<Problem> {
        let state = &self.order.state;
        let about = |part: &str| state.wishes.iter().find(|wish| wish.key.ends_with(part));
        let wish = about(key).or_else(|| about("serial")).or_else(|| about("balance"));
        Box::new(match wish {
            Some(wish) => wish.problem(message, mend),
            None => self.order.place.problem(key, message, mend),
        })
    }
}

const VIRTUAL: &str = "use target = \"virtual\" for this card";

/// What the purses of a card are after its deeds.
pub(super) fn expected(profile: &Profile, deeds: &[Deed]) -> Vec<PurseState> {
    let kinds = profile.application().into_iter().flat_map(|d| d.purses.iter().map(|p| p.kind));
    let state = |kind| {
        let mut balance = 0_u32;
        let mut limit = 0_u32;
        for deed in deeds {
            match deed {
                Deed::Load { purse, amount, .. } if *purse == kind => balance += amount.0,
                Deed::Purchase { purse, amount, .. } if *purse == kind => balance -= amount.0,
                Deed::Limit { purse, limit: new, .. } if *purse == kind => {
                    balance = balance - limit + new.fen();
                    limit = new.fen();
                }
                _ => {}
            }
        }
        let (online, offline) = serials(deeds, kind);
        PurseState {
            kind,
            balance: Some(Amount(balance)),
            limit: Limit::new(limit),
            online: Some(online),
            offline: Some(offline),
        }
    };
    kinds.map(state).collect()
}
