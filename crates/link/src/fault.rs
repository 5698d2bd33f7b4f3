//! Faults on the wire: a card that falls silent, and answers with a bit turned over.

use crate::forward::{forward_decorator, forward_exclusive};
use crate::{Atr, CardTransport, FaultPlan, LinkError};

/// Falls silent, or turns bits over, as told; the same plan and commands give the same faults.
pub struct Fault<T> {
    inner: T,
    mutes: Vec<Mute>,
    flips: Option<BitFlips>,
    commands: u64,
    silent: bool,
}

/// When the card falls silent: it has lost its power, and stays silent until it is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mute {
    /// At which command since power-on or reset; 1 is the first.
    pub at: u64,
    /// What is lost.
    pub loss: Loss,
    /// How often.
    pub repeat: Repeat,
}

/// What a silent card has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The command never arrived.
    Command,
    /// The command was executed, its answer is lost.
    Answer,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Once; afterwards the card works.
    Once,
    /// After every power-on.
    Always,
}

/// Bits turned over in answers, from a seed: exactly one bit in about one of `one_in` answers,
/// which is the hardest to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitFlips {
    state: u32,
    one_in: u32,
}

impl BitFlips {
    /// From `seed`, in about one of `one_in` answers (0 and 1 are every answer).
    pub fn new(seed: u32, one_in: u32) -> Self {
        // A state of zero would stay zero.
        Self { state: if seed == 0 { 0x9E37_79B9 } else { seed }, one_in: one_in.max(1) }
    }

    fn apply(&mut self, answer: &mut [u8]) {
        if !self.next().is_multiple_of(self.one_in) {
            return;
        }
        let (at, bit) = (self.next() as usize, self.next() % 8);
        if let Some(at) = at.checked_rem(answer.len())
            && let Some(byte) = answer.get_mut(at)
        {
            *byte ^= 1 << bit;
        }
    }

    /// xorshift32.
    fn next(&mut self) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state
    }
}

impl<T: CardTransport> Fault<T> {
    /// No fault yet.
    pub fn new(inner: T) -> Self {
        Self { inner, mutes: Vec::new(), flips: None, commands: 0, silent: false }
    }

    /// Falls silent as planned; the plan's delays are for whoever can wait.
    pub fn planned(inner: T, plan: &FaultPlan) -> Self {
        Self { mutes: plan.mutes().to_vec(), ..Self::new(inner) }
    }

    /// Falls silent, this time too.
    #[must_use]
    pub fn mute(mut self, mute: Mute) -> Self {
        self.mutes.push(mute);
        self
    }

    /// Turns bits over.
    #[must_use]
    pub fn flips(mut self, flips: BitFlips) -> Self {
        self.flips = Some(flips);
        self
    }

    /// The card below.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// The card below, without its faults.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// The fault that strikes at this command.
    fn due(&mut self) -> Option<Loss> {
        self.commands = self.commands.saturating_add(1);
        let at = self.mutes.iter().position(|mute| mute.at == self.commands)?;
        let mute = self.mutes.get(at).copied()?;
        if mute.repeat == Repeat::Once {
            self.mutes.remove(at);
        }
        Some(mute.loss)
    }

    fn fall_silent(&mut self) -> LinkError {
        self.silent = true;
        // Whether that works changes nothing for the host: it hears nothing either way.
        let _ = self.inner.power_off();
        LinkError::Mute
    }
}

impl<T: CardTransport> CardTransport for Fault<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        let atr = self.inner.reset()?;
        self.commands = 0;
        self.silent = false;
        Ok(atr)
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inner.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        if self.silent {
            return Err(LinkError::Mute);
        }
        let loss = self.due();
        if loss == Some(Loss::Command) {
            return Err(self.fall_silent());
        }
        let mut answer = self.inner.transmit(command)?;
        if loss.is_some() {
            return Err(self.fall_silent());
        }
        if let Some(flips) = &mut self.flips {
            flips.apply(&mut answer);
        }
        Ok(answer)
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    forward_exclusive!(self => self.inner);
}

forward_decorator!(Fault);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::Scripted;

    fn card(answers: usize) -> Scripted {
        Scripted::new((0..answers).map(|_| Ok(vec![0x90, 0x00])))
    }

    fn spoken(fault: &mut Fault<Scripted>, commands: usize) -> Vec<bool> {
        (0..commands).map(|_| fault.transmit(&[0, 0xB0, 0, 0]).is_ok()).collect()
    }

    #[test]
    fn the_card_is_silent_from_the_nth_command_until_reset() {
        let mute = Mute { at: 2, loss: Loss::Command, repeat: Repeat::Always };
        let mut fault = Fault::new(card(9)).mute(mute);
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 3), [true, false, false]);
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 3), [true, false, false]);
        assert_eq!(fault.into_inner().commands.len(), 2);
    }

    #[test]
    fn a_lost_answer_was_executed_and_strikes_once() {
        let mute = Mute { at: 1, loss: Loss::Answer, repeat: Repeat::Once };
        let mut fault = Fault::new(card(9)).mute(mute);
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 2), [false, false]);
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 2), [true, true]);
        assert_eq!(fault.into_inner().commands.len(), 3);
    }

    #[test]
    fn each_of_several_faults_strikes_at_its_own_command() {
        let always = |at, loss| Mute { at, loss, repeat: Repeat::Always };
        let mut fault = Fault::new(card(9))
            .mute(always(3, Loss::Command))
            .mute(Mute { repeat: Repeat::Once, ..always(1, Loss::Answer) });
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 2), [false, false]);
        fault.reset().unwrap();
        assert_eq!(spoken(&mut fault, 3), [true, true, false]);
    }

    proptest! {
        #[test]
        fn a_flip_turns_exactly_one_bit_and_repeats_with_its_seed(
            seed: u32,
            answer in proptest::collection::vec(any::<u8>(), 2..40),
        ) {
            let run = || {
                let mut fault = Fault::new(Scripted::new([Ok(answer.clone())]))
                    .flips(BitFlips::new(seed, 1));
                fault.transmit(&[0, 0xB0, 0, 0]).unwrap()
            };
            let turned: u32 = run().iter().zip(&answer).map(|(a, b)| (a ^ b).count_ones()).sum();
            prop_assert_eq!(turned, 1);
            prop_assert_eq!(run(), run());
        }

        #[test]
        fn about_one_answer_in_n_is_hit(seed: u32, one_in in 2_u32..20) {
            let mut flips = BitFlips::new(seed, one_in);
            let hits = (0..2000_u32).filter(|_| {
                let mut answer = [0; 2];
                flips.apply(&mut answer);
                answer != [0; 2]
            });
            let expected = 2000 / one_in as usize;
            let hits = hits.count();
            prop_assert!(hits > expected / 2 && hits < expected * 2, "{hits} of 2000");
        }
    }
}
