//! Faults as they are written on a command line or in a file.

use std::str::FromStr;
use std::time::Duration;

use crate::{Loss, Mute, Repeat};

/// A fault on the wire. Commands are counted from power-on or reset; 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSpec {
    /// `mute@N`: the Nth command is neither executed nor answered. `lost@N`: it is executed, its
    /// answer is lost. Both after every power-on.
    Mute(Mute),
    /// `delay=20ms`: every answer waits on its way.
    Delay(Duration),
}

/// Several faults together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    mutes: Vec<Mute>,
    delay: Duration,
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecError {
    /// It has another form.
    #[error("'{0}' is not a fault: write {forms}", forms = FaultSpec::FORMS)]
    Unknown(String),
    /// A delay beyond all patience.
    #[error("'{0}': at most ten minutes")]
    TooLong(String),
}

impl FaultSpec {
    /// How faults are written, for messages.
    pub const FORMS: &str = "mute@N, lost@N or delay=20ms (also 1s, 500us)";
}

impl FaultPlan {
    /// One more fault; delays add up.
    pub fn add(&mut self, fault: FaultSpec) {
        match fault {
            FaultSpec::Mute(mute) => self.mutes.push(mute),
            FaultSpec::Delay(delay) => self.delay = self.delay.saturating_add(delay),
        }
    }

    /// When the card falls silent.
    pub fn mutes(&self) -> &[Mute] {
        &self.mutes
    }

    /// How long every answer waits.
    pub fn delay(&self) -> Duration {
        self.delay
    }
}

impl FromIterator<FaultSpec> for FaultPlan {
    fn from_iter<I: IntoIterator<Item = FaultSpec>>(faults: I) -> Self {
        let mut plan = Self::default();
        faults.into_iter().for_each(|fault| plan.add(fault));
        plan
    }
}

impl FromStr for FaultSpec {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || FaultSpecError::Unknown(text.to_owned());
        if let Some((name, number)) = text.split_once('@') {
            let at = number.parse::<u64>().ok().filter(|at| *at > 0).ok_or_else(unknown)?;
            let loss = match name {
                "mute" => Loss::Command,
                "lost" => Loss::Answer,
                _ => return Err(unknown()),
            };
            return Ok(Self::Mute(Mute { at, loss, repeat: Repeat::Always }));
        }
        let wait = text.strip_prefix("delay=").ok_or_else(unknown)?;
        let split = wait.find(|c: char| !c.is_ascii_digit()).unwrap_or(wait.len());
        let (number, unit) = wait.split_at(split);
        let number: u32 = number.parse().map_err(|_| unknown())?;
        let unit = match unit {
            "us" => Duration::from_micros(1),
            "ms" | "" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            _ => return Err(unknown()),
        };
        unit.checked_mul(number)
            .filter(|wait| *wait <= Duration::from_secs(600))
            .map(Self::Delay)
            .ok_or_else(|| FaultSpecError::TooLong(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mute(at: u64, loss: Loss) -> FaultSpec {
        FaultSpec::Mute(Mute { at, loss, repeat: Repeat::Always })
    }

    #[test]
    fn a_fault_is_written_in_one_of_three_forms() {
        let delay = |micros| FaultSpec::Delay(Duration::from_micros(micros));
        for (text, fault) in [
            ("mute@3", mute(3, Loss::Command)),
            ("mute@4294967296", mute(1 << 32, Loss::Command)),
            ("lost@12", mute(12, Loss::Answer)),
            ("delay=20ms", delay(20_000)),
            ("delay=20", delay(20_000)),
            ("delay=0", delay(0)),
            ("delay=1s", delay(1_000_000)),
            ("delay=500us", delay(500)),
            ("delay=600s", delay(600_000_000)),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
        for text in [
            "",
            "mute",
            "mute@",
            "mute@0",
            "mute@-1",
            "mute@x",
            "mute@1 ",
            "Mute@1",
            "tear@1",
            "lost@",
            "lost@18446744073709551616",
            "delay",
            "delay=",
            "delay=ms",
            "delay=-1ms",
            "delay=1m",
            "delay=601s",
            "delay=4294967296ms",
            "delay=1.5s",
            "burn@3",
        ] {
            let refused = text.parse::<FaultSpec>().unwrap_err().to_string();
            assert!(refused.contains(&format!("'{text}'")), "{refused}");
        }
    }

    #[test]
    fn delays_of_a_plan_add_up() {
        let faults = ["delay=20ms", "lost@2", "delay=1s"].map(|text| text.parse().unwrap());
        let plan: FaultPlan = faults.into_iter().collect();
        assert_eq!(plan.delay(), Duration::from_millis(1_020));
        assert_eq!(plan.mutes(), [Mute { at: 2, loss: Loss::Answer, repeat: Repeat::Always }]);
    }
}
