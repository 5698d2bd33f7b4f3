//! Power lost at every memory write of a command, and at every write of the recovery after it.

use super::Tears;
use super::attempt::Attempt;
use super::bench::End;
use super::command::{Sent, silent, split};
use super::state::{Difference, State};
use super::words::text;
use crate::Text;

/// Snapshot just before the command, in the middle of whatever runs.
const BEFORE: &str = "conform-before";
/// Snapshot just after it.
const AFTER: &str = "conform-after";
/// More writes than any command has; a card that is torn so often and never answers does not
/// notice its writes.
const MOST_WRITES: u64 = 10_000;

/// What a command came to whose power was to be lost.
enum Torn {
    /// It was answered: it has no such write.
    Answered,
    /// The card fell silent and has power again.
    Silent,
    /// The same, and the recovery has no such write.
    Recovered,
}

/// Where a card may be after its power was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Before,
    After,
}

impl Attempt<'_, '_, '_> {
    /// The command as it must be, then torn at each of its writes; then the case goes on from the
    /// untorn one.
    pub(super) fn torn(&mut self, sent: &Sent<'_>) -> Result<(), End> {
        let before = self.bench.state()?;
        self.bench.control()?.snapshot(BEFORE)?;
        let counted = self.writes()?;
        self.exchange(sent)?;
        let made = self.writes()?.zip(counted).map(|(now, then)| now.saturating_sub(then));
        let after = self.bench.state()?;
        self.bench.control()?.snapshot(AFTER)?;
        let states = [&before, &after];
        match (self.bench.options.tears, made) {
            (Tears::Spread(count), Some(made)) => self.tear_some(sent, states, count, made)?,
            _ => self.tear_all(sent, states)?,
        }
        // The host's view is that of the untorn command.
        Ok(self.bench.control()?.resume(AFTER)?)
    }

    /// At each write, and each of the recovery.
    fn tear_all(&mut self, sent: &Sent<'_>, states: [&State; 2]) -> Result<(), End> {
        let at = sent.at;
        let mut reached = Where::Before;
        let mut recoveries = 0_u64;
        for write in 1.. {
            if write > MOST_WRITES {
                let what = text("power lost at each write", "逐次写掉电");
                let actual = text(
                    format!("silent still at write {write}"),
                    format!("第 {write} 次写时仍无应答"),
                );
                self.find(Some(at), what, text("an answer at last", "最终应有应答"), actual);
                return Err(End::Failed);
            }
            if let Torn::Answered = self.lose_power(sent, write, None)? {
                let writes = write - 1;
                self.note(
                    at,
                    text(
                        format!(
                            "power lost at each of {writes} writes, and {recoveries} times in the \
                             recovery"
                        ),
                        format!("在 {writes} 次写时逐一掉电, 恢复中再掉电 {recoveries} 次"),
                    ),
                );
                break;
            }
            let now = self.bench.state()?;
            reached = self.judge(sent, &moment(write, None), reached, states, &now)?;
            for again in 1..=MOST_WRITES {
                if !matches!(self.lose_power(sent, write, Some(again))?, Torn::Silent) {
                    break;
                }
                recoveries += 1;
                let now = self.bench.state()?;
                // In the recovery of one torn write the card is where that write left it.
                self.judge(sent, &moment(write, Some(again)), reached, states, &now)?;
            }
        }
        Ok(())
    }

    /// At so many of the writes that the untorn command made.
    fn tear_some(
        &mut self,
        sent: &Sent<'_>,
        states: [&State; 2],
        count: u32,
        made: u64,
    ) -> Result<(), End> {
        let at = sent.at;
        let mut reached = Where::Before;
        let chosen: Vec<u64> =
            (1..=made).filter(|write| Tears::Spread(count).at(*write, made)).collect();
        for write in &chosen {
            if let Torn::Answered = self.lose_power(sent, *write, None)? {
                let Text { en, zh } = moment(*write, None);
                let (expected, actual) = (text("silence", "无应答"), text("an answer", "有应答"));
                self.find(Some(at), text(en, zh), expected, actual);
                return Err(End::Failed);
            }
            let now = self.bench.state()?;
            reached = self.judge(sent, &moment(*write, None), reached, states, &now)?;
        }
        let torn = chosen.len();
        self.note(
            at,
            text(
                format!("power lost at {torn} of {made} writes"),
                format!("在 {made} 次写中的 {torn} 次掉电"),
            ),
        );
        Ok(())
    }

    /// Memory writes since power-on, where the hand tells them.
    fn writes(&mut self) -> Result<Option<u64>, End> {
        let status = self.bench.control()?.status()?;
        let writes = status.iter().find(|(key, _)| key == "writes");
        Ok(writes.and_then(|(_, count)| count.parse().ok()))
    }

    /// Sends the command with power lost at one of its writes, and at one of the recovery.
    fn lose_power(&mut self, sent: &Sent<'_>, write: u64, again: Option<u64>) -> Result<Torn, End> {
        let control = self.bench.control()?;
        control.resume(BEFORE)?;
        control.tear(write)?;
        match self.bench.transmit(&sent.prepared.bytes) {
            Ok(answer) => {
                split(&answer)?;
                return Ok(Torn::Answered);
            }
            Err(error) if silent(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(again) = again {
            self.bench.control()?.tear(again)?;
        }
        self.bench.awaken()?;
        if again.is_none() {
            return Ok(Torn::Silent);
        }
        let status = self.bench.control()?.status()?;
        match status.iter().find(|(key, _)| key == "tear") {
            Some((_, ahead)) if ahead == "no" => Ok(Torn::Silent),
            // A hand that does not tell whether the recovery was torn cannot count its writes.
            _ => Ok(Torn::Recovered),
        }
    }

    /// The card must be as before the step or as after it, wholly but for what the step says may be
    /// in between, and never go back from after.
    fn judge(
        &mut self,
        sent: &Sent<'_>,
        moment: &Text,
        reached: Where,
        [before, after]: [&State; 2],
        now: &State,
    ) -> Result<Where, End> {
        let probe = &self.bench.probe;
        let at = sent.at;
        let differs = |from: &State| -> Vec<Difference> {
            let between = |difference: &Difference| {
                sent.expects.iter().any(|expect| difference.is_allowed(&expect.torn))
            };
            let found = now.differences(probe, from).into_iter();
            found.filter(|difference| !between(difference)).collect()
        };
        let (from_before, from_after) = (differs(before), differs(after));
        let (Some(old), Some(new)) = (from_before.first(), from_after.first()) else {
            return match reached {
                // Where both are the same, nothing can be told apart.
                Where::After if !from_after.is_empty() => {
                    let lost = from_after.into_iter().next();
                    Err(self.half_done(at, moment, "after", lost))
                }
                reached if from_before.is_empty() => Ok(reached),
                _ => Ok(Where::After),
            };
        };
        let name = text(
            format!("{}, and {}", old.name.en, new.name.en),
            format!("{}, 以及 {}", old.name.zh, new.name.zh),
        );
        let difference = Difference { name, ..old.clone() };
        Err(self.half_done(at, moment, "before or after", Some(difference)))
    }

    fn half_done(
        &mut self,
        at: usize,
        moment: &Text,
        wanted: &str,
        difference: Option<Difference>,
    ) -> End {
        let rule = self.case.rules.first().cloned();
        if let Some(difference) = difference {
            let what = text(
                format!("{}, {}: not as {wanted} the step", difference.name.en, moment.en),
                format!("{}, {}: 既非执行前也非执行后的状态", difference.name.zh, moment.zh),
            );
            self.findings.push(difference.finding(Some(at), what, rule));
        }
        End::Failed
    }
}

fn moment(write: u64, again: Option<u64>) -> Text {
    match again {
        None => text(format!("power lost at write {write}"), format!("第 {write} 次写时掉电")),
        Some(again) => text(
            format!("power lost at write {write} and at write {again} of the recovery"),
            format!("第 {write} 次写时掉电, 恢复的第 {again} 次写时再次掉电"),
        ),
    }
}
