//! What a card only comes to by being used.

use applet_spec::{KeyKind, Profile, PurseKind};
use purse::setting::{Lock, LogFill, Setting};
use purse::{Amount, Limit};

use super::purse_of;
use crate::cards::{Row, What, Wish};
use crate::problem::Problem;

/// What a card only comes to by being used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardState {
    /// Purses that are asked to be in some state.
    pub purses: Vec<PurseState>,
    /// How it is locked.
    pub lock: Option<Lock>,
    /// PIN tries left.
    pub pin_tries: Option<u8>,
    /// Tries left of keys.
    pub key_tries: Vec<(KeyKind, u8, u8)>,
    /// Wrong transaction MACs counted.
    pub wrong_macs: Option<u8>,
    /// Transaction logs.
    pub log: Option<LogFill>,
    /// The wishes behind it, in the order of the row, for those who must say where.
    pub wishes: Vec<Wish>,
}

/// What is asked of a purse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurseState {
    /// Which.
    pub kind: PurseKind,
    /// Stored balance, overdraft limit included.
    pub balance: Option<Amount>,
    /// Overdraft limit.
    pub limit: Option<Limit>,
    /// Online serial.
    pub online: Option<u16>,
    /// Offline serial.
    pub offline: Option<u16>,
}

impl CardState {
    pub(super) fn of(profile: &Profile, row: &Row, problems: &mut Vec<Problem>) -> Self {
        let mut state = Self::default();
        for wish in &row.wishes {
            let What::Set(setting) = &wish.what else { continue };
            if matches!(
                setting,
                Setting::ValidFrom(_)
                    | Setting::ValidTo(_)
                    | Setting::File { .. }
                    | Setting::Record { .. }
            ) {
                continue;
            }
            if let Err((message, mend)) = state.take(profile, setting) {
                problems.push(wish.problem(message, mend));
            }
            state.wishes.push(wish.clone());
        }
        state
    }

    /// The wish behind something, where there is one.
    pub fn wish(&self, is: impl Fn(&Setting) -> bool) -> Option<&Wish> {
        self.wishes.iter().find(|wish| matches!(&wish.what, What::Set(setting) if is(setting)))
    }

    /// Whether a transaction would spoil it: something was asked for that transactions change.
    pub fn spoiled_by_transactions(&self) -> bool {
        let serials = |purse: &PurseState| purse.online.is_some() || purse.offline.is_some();
        let locked = self.lock.is_some_and(|lock| lock != Lock::No);
        locked || self.log.is_some() || self.wrong_macs.is_some() || self.purses.iter().any(serials)
    }

    fn take(&mut self, profile: &Profile, setting: &Setting) -> Result<(), (String, String)> {
        match setting {
            Setting::Balance { purse, amount } => {
                self.purse(profile, *purse)?.balance = Some(*amount);
            }
            Setting::OverdraftLimit { purse, limit } => {
                self.purse(profile, *purse)?.limit = Some(*limit);
            }
            Setting::OnlineSerial { purse, serial } => {
                self.purse(profile, *purse)?.online = Some(*serial);
            }
            Setting::OfflineSerial { purse, serial } => {
                self.purse(profile, *purse)?.offline = Some(*serial);
            }
            Setting::Locked(lock) => self.lock = Some(*lock),
            Setting::PinTries(tries) => {
                let pin = profile.application().and_then(|directory| directory.pin.as_ref());
                let pin = pin.ok_or_else(|| absent(profile, "PIN"))?;
                if *tries > pin.tries {
                    let mend = format!("write 0 to {}", pin.tries);
                    return Err((format!("its PIN has {} tries", pin.tries), mend));
                }
                self.pin_tries = Some(*tries);
            }
            Setting::KeyTries { kind, index, tries } => {
                let key = profile.application().and_then(|d| d.key(*kind, *index));
                if key.is_none_or(|key| key.tries.is_none()) {
                    let what = format!("key {} {index} whose tries it counts", kind.text());
                    return Err(absent(profile, &what));
                }
                self.key_tries.push((*kind, *index, *tries));
            }
            Setting::WrongMacs(count) => self.wrong_macs = Some(*count),
            Setting::Log(fill) => self.log = Some(*fill),
            Setting::Terminal(_) | Setting::TerminalSerial(_) => {
                return Err(absent(profile, "terminal number or serial: a PSAM has"));
            }
            Setting::ValidFrom(_)
            | Setting::ValidTo(_)
            | Setting::File { .. }
            | Setting::Record { .. } => {}
        }
        Ok(())
    }

    fn purse(
        &mut self,
        profile: &Profile,
        named: Option<PurseKind>,
    ) -> Result<&mut PurseState, (String, String)> {
        let kind = purse_of(profile, named).ok_or_else(|| absent(profile, "such purse"))?;
        let at = self.purses.iter().position(|purse| purse.kind == kind);
        let at = at.unwrap_or_else(|| {
            let (balance, limit, online, offline) = (None, None, None, None);
            self.purses.push(PurseState { kind, balance, limit, online, offline });
            self.purses.len() - 1
        });
        self.purses.get_mut(at).ok_or_else(|| absent(profile, "such purse"))
    }
}

fn absent(profile: &Profile, what: &str) -> (String, String) {
    let mend = "empty the cell, or take another profile; purse profile show tells what it has";
    (format!("{} has no {what}", profile.name), mend.to_owned())
}
