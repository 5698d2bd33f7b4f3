//! The card on the bench: powered, taken back to its snapshot, set, read.

use std::collections::HashMap;
use std::time::Duration;

use applet_spec::Profile;
use crypto::custody::KeyCustody;
use link::{Atr, CardControl, ControlError, LinkError};

use super::plain::Worn;
use super::probe::{Probe, select};
use super::state::State;
use super::words::{of_control, of_link, text};
use super::{Clock, Hand, Options, Target};
use crate::{Protocol, Text};

/// Snapshot that every case begins from.
const BASE: &str = "conform-base";
/// How often a card that is away is looked for.
const PAUSE: Duration = Duration::from_millis(20);
/// Resets without a pause between them: a card that lost power in its recovery answers the next.
const AT_ONCE: u32 = 3;

/// A target with everything that outlives a case.
pub(super) struct Bench<'r, 'b> {
    pub(super) profile: &'r Profile,
    pub(super) custody: &'r dyn KeyCustody,
    pub(super) options: &'b Options,
    pub(super) probe: Probe,
    target: &'b mut Target,
    clock: &'b mut dyn Clock,
    base: Option<Base>,
    /// The last case broke: the card may be gone.
    pub(super) doubtful: bool,
    /// States after a reset, by what was set.
    states: HashMap<Vec<(String, String)>, State>,
    /// Which card it is after what was set.
    identities: HashMap<Vec<(String, String)>, Option<Identity>>,
    /// Why balances cannot be reached by transactions on this card.
    pub(super) unreachable: Option<Text>,
    /// What cases left on a card that cannot be taken back.
    pub(super) worn: Worn,
}

/// What was found before the first case.
struct Base {
    atr: Atr,
    identity: Option<Identity>,
}

/// Which card it is.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) serial: [u8; 8],
    pub(super) public: Vec<u8>,
}

/// Why a case ends before its last step.
#[derive(Debug)]
pub(super) enum End {
    /// Something was found that is not as it must be.
    Failed,
    /// It cannot be run.
    Skipped(Text),
    /// The card or the way to it failed.
    Broken(Text),
}

impl From<ControlError> for End {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Unsupported(what) => Self::Skipped(text(
                format!("the hand at the card cannot do that: {what}"),
                format!("控制通道不支持: {what}"),
            )),
            other => Self::Broken(of_control(&other)),
        }
    }
}

impl From<LinkError> for End {
    fn from(error: LinkError) -> Self {
        Self::Broken(of_link(&error))
    }
}

impl<'r, 'b> Bench<'r, 'b> {
    pub(super) fn new(
        profile: &'r Profile,
        custody: &'r dyn KeyCustody,
        target: &'b mut Target,
        clock: &'b mut dyn Clock,
        options: &'b Options,
    ) -> Self {
        Self {
            profile,
            custody,
            options,
            probe: Probe::of(profile),
            target,
            clock,
            base: None,
            doubtful: false,
            states: HashMap::new(),
            identities: HashMap::new(),
            unreachable: None,
            worn: Worn::default(),
        }
    }

    /// Makes sure that there is a card that answers a reset, and the first time, which it is and
    /// where every case begins.
    ///
    /// # Errors
    /// Why the run cannot go on.
    pub(super) fn ready(&mut self) -> Result<(), Text> {
        if self.base.is_some() && !self.doubtful {
            return Ok(());
        }
        self.present().map_err(|error| of_control(&error))?;
        let atr = self.awaken().map_err(|error| of_link(&error))?;
        self.doubtful = false;
        if self.base.is_some() {
            return Ok(());
        }
        let identity = self.identify().map_err(|error| of_link(&error))?;
        // With power, and nothing selected.
        self.awaken().map_err(|error| of_link(&error))?;
        if let Some(control) = self.target.control() {
            control.snapshot(BASE).map_err(|error| of_control(&error))?;
        }
        self.base = Some(Base { atr, identity });
        Ok(())
    }

    /// The answer to the first reset, in hexadecimal.
    pub(super) fn atr(&self) -> String {
        self.base.as_ref().map_or_else(String::new, |base| base.atr.to_string())
    }

    pub(super) fn now(&mut self) -> Duration {
        self.clock.now()
    }

    pub(super) fn hand(&self) -> Hand {
        self.target.hand()
    }

    pub(super) fn control(&mut self) -> Result<&mut dyn CardControl, End> {
        self.target.control().ok_or_else(|| {
            End::Skipped(text(
                "it needs a card that can be controlled",
                "需要可以控制的卡片 (控制通道)",
            ))
        })
    }

    /// Sends a command.
    pub(super) fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.target.transport().transmit(command)
    }

    /// Sends a command whose answer is seen as it comes: nothing that waits is fetched.
    pub(super) fn transmit_unfetched(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.target.transport().transmit_unfetched(command)
    }

    /// Whether the card talks this protocol and no other, as it said at its first reset.
    pub(super) fn talks(&self, protocol: Protocol) -> bool {
        let only = match protocol {
            Protocol::T0 => 0,
            Protocol::T1 => 1,
        };
        let parts = self.base.as_ref().map(|base| base.atr.parts());
        parts.is_some_and(|parts| parts.is_ok_and(|parts| parts.protocols == [only]))
    }

    pub(super) fn power_off(&mut self) -> Result<(), LinkError> {
        self.target.transport().power_off()
    }

    /// Resets the card, waiting for one that is away or fell silent. From then on nobody else is at
    /// it, until [`Self::release`].
    pub(super) fn awaken(&mut self) -> Result<Atr, LinkError> {
        let atr = self.reset()?;
        self.target.transport().begin_exclusive()?;
        Ok(atr)
    }

    /// Lets other programs at the card.
    pub(super) fn release(&mut self) {
        // The scope has ended all the same, and what the card is worth the next command tells.
        let _ = self.target.transport().end_exclusive();
    }

    fn reset(&mut self) -> Result<Atr, LinkError> {
        let begun = self.clock.now();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.target.transport().reset() {
                Ok(atr) => return Ok(atr),
                // A reader whose card lost its power in its recovery says that it is no smart card.
                Err(error @ (LinkError::NoCard(_) | LinkError::Mute | LinkError::Protocol(_))) => {
                    if self.clock.now().saturating_sub(begun) >= self.options.patience {
                        return Err(error);
                    }
                    if tries >= AT_ONCE {
                        self.clock.wait(PAUSE);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the card back to where every case begins, sets what the case says, and resets it.
    ///
    /// # Errors
    /// [`Err`] of the setting that the card refused, as its key and why.
    pub(super) fn take_back(
        &mut self,
        settings: &[(String, String)],
    ) -> Result<Option<(String, String)>, End> {
        self.present()?;
        let control = self.control()?;
        control.resume(BASE)?;
        for (key, value) in settings {
            match control.set(key, value) {
                Ok(()) => {}
                Err(ControlError::Value(problem)) => {
                    return Ok(Some((format!("{key}={value}"), problem)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.awaken()?;
        Ok(None)
    }

    /// Leaves a card that can be taken back as it was found. One that cannot be reached any more was
    /// told already.
    pub(super) fn leave(&mut self) {
        if self.base.is_some()
            && let Some(control) = self.target.control()
        {
            let _ = control.resume(BASE);
        }
    }

    /// A card that was left outside is put in.
    fn present(&mut self) -> Result<(), ControlError> {
        match self.target.control() {
            Some(control) if !control.inserted() => control.insert(),
            _ => Ok(()),
        }
    }

    /// The state of the card, read on a copy of it.
    pub(super) fn state(&mut self) -> Result<State, End> {
        let Some(control) = self.target.control() else {
            return Err(End::Broken(text(
                "there is no copy to read the state of",
                "没有可读取状态的卡片副本",
            )));
        };
        Ok(State::of_copy(&self.probe, control)?)
    }

    /// The state of the card itself, after a reset.
    pub(super) fn state_of_card(&mut self) -> Result<State, End> {
        self.awaken()?;
        Ok(State::of_card(&self.probe, self.target.transport())?)
    }

    /// The state that every case with these settings begins from, read once.
    pub(super) fn first_state(&mut self, settings: &[(String, String)]) -> Result<State, End> {
        if let Some(known) = self.states.get(settings) {
            return Ok(known.clone());
        }
        let state = self.state()?;
        self.states.insert(settings.to_vec(), state.clone());
        Ok(state)
    }

    /// Which card it is after these settings. One whose public file cannot be read is the one that
    /// it was.
    pub(super) fn identity(
        &mut self,
        settings: &[(String, String)],
    ) -> Result<Option<Identity>, End> {
        let base = self.base.as_ref().and_then(|base| base.identity.clone());
        if settings.is_empty() || self.hand() == Hand::None {
            return Ok(base);
        }
        if let Some(known) = self.identities.get(settings) {
            return Ok(known.clone());
        }
        let identity = match self.public_commands() {
            None => base,
            Some([select, read]) => {
                let answers = self.control()?.rehearse(&[select, read])?;
                answers.last().and_then(|answer| self.identity_in(answer)).or(base)
            }
        };
        self.identities.insert(settings.to_vec(), identity.clone());
        Ok(identity)
    }

    /// Reads the public file of the main application; `None` where there is none, or the card does
    /// not give it.
    fn identify(&mut self) -> Result<Option<Identity>, LinkError> {
        let Some([select, read]) = self.public_commands() else { return Ok(None) };
        self.transmit(&select)?;
        let answer = self.transmit(&read)?;
        Ok(self.identity_in(&answer))
    }

    fn identity_in(&self, answer: &[u8]) -> Option<Identity> {
        let public = answer.strip_suffix(&[0x90, 0x00])?;
        let serial = self.profile.serial_in(public)?;
        Some(Identity { serial, public: public.to_vec() })
    }

    /// SELECT of the purse application and READ BINARY of its public file.
    fn public_commands(&self) -> Option<[Vec<u8>; 2]> {
        let application = self.profile.application()?;
        let size = match self.profile.public_file()?.kind {
            applet_spec::FileKind::Binary { size } => size.min(0x100),
            _ => return None,
        };
        let read = vec![0x00, 0xB0, 0x80 | Profile::PUBLIC_SFI, 0x00, (size & 0xFF) as u8];
        Some([select(&application.name), read])
    }
}
