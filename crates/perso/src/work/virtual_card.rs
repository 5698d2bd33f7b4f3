//! Virtual cards, made whole in this process and then checked through commands like any other.

use crypto::custody::KeyCustody;
use purse::Language;
use purse::setting::{Lock, LogFill, Setting};

use super::verify::{Expected, Stage, Verifier};
use super::{Talk, TalkError};
use crate::batch::Batch;
use crate::cards::{What, Wish};
use crate::engine::{
    Again, ApproachError, CardSource, Holds, Identity, Outline, Replace, Serial, Sighting, Start,
    StepKind, StepReport, Titles, Trouble, WorkError, Workshop,
};
use crate::order::{CardOrder, PurseState};

/// Makes virtual cards.
pub struct VirtualWorkshop<'w> {
    batch: &'w Batch,
    custody: &'w dyn KeyCustody,
}

/// What is done to a virtual card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// It is made, with all that does not keep it from being checked.
    Press,
    /// It is checked.
    Verify,
    /// The rest is set.
    Finish,
    /// It is locked as it should be.
    Check,
}

const TASKS: [Task; 4] = [Task::Press, Task::Verify, Task::Finish, Task::Check];

impl<'w> VirtualWorkshop<'w> {
    /// For the cards of a batch, with the keys of `custody`.
    pub fn new(batch: &'w Batch, custody: &'w dyn KeyCustody) -> Self {
        Self { batch, custody }
    }

    fn order(&self, serial: Serial) -> Result<CardOrder, WorkError> {
        self.batch.order(serial).map_err(|errors| WorkError::Order(errors.to_string()))
    }

    fn verify(
        &self,
        source: &mut dyn CardSource,
        order: &CardOrder,
        stage: Stage,
    ) -> Result<StepReport, WorkError> {
        let mut talk = Talk::to(source.card());
        let expected = expected(order);
        let (custody, profile) = (self.custody, &*self.batch.profile);
        let verifier =
            Verifier { talk: &mut talk, custody, profile, order, expected: &expected, stage };
        let found = verifier.check();
        let apdus = talk.apdus;
        Ok(match found {
            Ok(found) => {
                let fault = found.fault();
                let trouble = fault.map(|fault| Trouble::Wrong(format!("verification: {fault}")));
                let whole = stage == Stage::Making;
                StepReport { apdus, checks: found.checks, whole, keys: found.keys, trouble }
            }
            Err(error) => {
                let trouble = Some(TalkError::trouble(error)?);
                StepReport { apdus, trouble, ..StepReport::default() }
            }
        })
    }
}

/// What the card should be before its last settings.
pub(super) fn expected(order: &CardOrder) -> Expected {
    let profile = &order.profile;
    let purses = profile.application().into_iter().flat_map(|d| &d.purses).map(|spec| {
        let asked = order.state.purses.iter().find(|purse| purse.kind == spec.kind);
        let limit = spec.overdraft.and_then(purse::Limit::new).unwrap_or_default();
        PurseState {
            kind: spec.kind,
            balance: asked.and_then(|p| p.balance).or(Some(purse::Amount(spec.balance))),
            limit: asked.and_then(|p| p.limit).or(Some(limit)),
            online: asked.and_then(|p| p.online).or(Some(0)),
            offline: asked.and_then(|p| p.offline).or(Some(0)),
        }
    });
    let log = match order.state.log {
        Some(LogFill::Full) => Some(u32::MAX),
        Some(LogFill::Empty) => Some(0),
        // Records that a row writes out are compared by nobody else.
        None => None,
    };
    Expected { purses: purses.collect(), log }
}

/// What is set once the card is checked: what locks it, or what a check gives back.
fn is_late(wish: &Wish) -> bool {
    matches!(
        wish.what,
        What::Set(
            Setting::Locked(_)
                | Setting::PinTries(_)
                | Setting::KeyTries { .. }
                | Setting::WrongMacs(_)
        )
    )
}

fn settings(order: &CardOrder, late: bool) -> Vec<(String, String)> {
    let wishes = order.state.wishes.iter().filter(|wish| is_late(wish) == late);
    wishes.map(|wish| (wish.key.clone(), wish.value.clone())).collect()
}

impl Titles for VirtualWorkshop<'_> {
    fn title(&self, at: u32, language: Language) -> String {
        let (english, chinese) = match TASKS.get(at as usize) {
            Some(Task::Press) => ("make the card", "制作卡片"),
            Some(Task::Verify) => ("read back, have the keys proved", "回读并验证密钥"),
            Some(Task::Finish) => ("set what is left", "设置其余状态"),
            Some(Task::Check) => ("see that it is as it should be", "检查最终状态"),
            None => ("", ""),
        };
        language.pick(english, chinese).to_owned()
    }
}

impl Workshop for VirtualWorkshop<'_> {
    fn titles(&self) -> &dyn Titles {
        self
    }

    fn prepare(&mut self, serial: Serial) -> Result<Outline, WorkError> {
        let order = self.order(serial)?;
        let mut steps = vec![StepKind::Once, StepKind::Free];
        if !settings(&order, true).is_empty() {
            steps.extend([StepKind::Once, StepKind::Free]);
        }
        Ok(Outline { steps, bears_serial: 0, erases: None })
    }

    /// There is no card yet: one will be made in this place.
    fn look(
        &mut self,
        _source: &mut dyn CardSource,
        uid: Option<&str>,
    ) -> Result<Sighting, Trouble> {
        let card =
            Identity { uid: uid.map(str::to_owned), atr: String::new(), look: String::new() };
        Ok(Sighting { card, holds: Holds::Nothing })
    }

    /// A card that was begun is made again, in its place.
    fn approach(
        &mut self,
        _source: &mut dyn CardSource,
        _serial: Serial,
        _start: Start,
    ) -> Result<u32, ApproachError> {
        Ok(0)
    }

    fn step(
        &mut self,
        source: &mut dyn CardSource,
        serial: Serial,
        at: u32,
        again: Again,
    ) -> Result<StepReport, WorkError> {
        let order = self.order(serial)?;
        match TASKS.get(at as usize) {
            Some(Task::Press) => {
                let replace = match again {
                    Again::First => Replace::Never,
                    Again::Maybe => Replace::OwnLeftover,
                };
                source.press(&order, &settings(&order, false), replace)?;
                Ok(StepReport::default())
            }
            Some(Task::Finish) => {
                source.set(&settings(&order, true))?;
                Ok(StepReport::default())
            }
            Some(Task::Verify) => self.verify(source, &order, Stage::Making),
            Some(Task::Check) if locked(&order) => self.verify(source, &order, Stage::Made),
            Some(Task::Check) | None => Ok(StepReport::default()),
        }
    }
}

pub(super) fn locked(order: &CardOrder) -> bool {
    order.state.lock.is_some_and(|lock| lock != Lock::No)
}
