//! A card in a reader: inserted or not, its image on disk, control from outside.
//!
//! What changed is in the image before the answer leaves; a kill at any instant leaves the state
//! before or after a command.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use applet_spec::Profile;
use crypto::SeededEntropy;
use link::{Atr, CardControl, CardTransport, ControlError, LinkError};
use nvm::BlobId;
use nvm::image::{CardImage, Durability, ImageError};

use crate::native::settings::{self, SetError};
use crate::native::tree::check as check_layout;
use crate::wrong::{Wrong, WrongError};
use crate::{Card, CardSystem, Protocol};

/// A card in a virtual reader.
pub struct VirtualCard {
    card: Card,
    inserted: bool,
    /// The image, and which of its blobs is the profile.
    image: Option<(CardImage, BlobId)>,
    snapshots: BTreeMap<String, Card>,
}

/// Why a card cannot be put into the reader.
#[derive(Debug, thiserror::Error)]
pub enum VirtualCardError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image is whole, but not one of a card this program makes.
    #[error("{path} is not a card this program can run: {why}")]
    NotACard {
        /// Image.
        path: String,
        /// Why.
        why: String,
    },
    /// The image was made under another profile.
    #[error(
        "{path} holds a card of profile {held}, not {wanted}: name {held_name}, or take another \
         file for a new card"
    )]
    OtherProfile {
        /// Image.
        path: String,
        /// Profile and version in the image.
        held: String,
        /// Its name.
        held_name: String,
        /// Profile and version asked for.
        wanted: String,
    },
}

impl VirtualCard {
    /// A card whose state ends with the process.
    pub fn volatile(card: Card) -> Self {
        Self { card, inserted: true, image: None, snapshots: BTreeMap::new() }
    }

    /// A new card whose state is kept in a new file.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(card: Card, path: &Path, durability: Durability) -> Result<Self, ImageError> {
        let profile = BlobId::of(card.system().profile.text.as_bytes());
        let meta = Meta::of(&card, profile).write();
        let image = CardImage::create(path, card.memory(), &meta, durability)?;
        Ok(Self { image: Some((image, profile)), ..Self::volatile(card) })
    }

    /// The card in a file. `wanted` is the profile it must be of.
    ///
    /// # Errors
    /// [`VirtualCardError`].
    pub fn open(
        path: &Path,
        wanted: Option<&Profile>,
        durability: Durability,
        protocol: Protocol,
    ) -> Result<Self, VirtualCardError> {
        let (image, memory, meta) = CardImage::open(path, durability)?;
        let not =
            |why: String| VirtualCardError::NotACard { path: path.display().to_string(), why };
        let Meta { seed, drawn, profile: blob } =
            Meta::read(&meta).ok_or_else(|| not("its head is unknown".to_owned()))?;
        let text = memory.blob(&blob).ok_or_else(|| not("it holds no profile".to_owned()))?;
        let text =
            std::str::from_utf8(&text).map_err(|_| not("its profile is no text".to_owned()))?;
        let profile = Profile::parse(text, "profile in the card image")
            .map_err(|errors| not(format!("its profile does not load: {errors}")))?;
        let other = |wanted: &&Profile| {
            (&wanted.name, &wanted.version) != (&profile.name, &profile.version)
        };
        if let Some(wanted) = wanted.filter(other) {
            return Err(VirtualCardError::OtherProfile {
                path: path.display().to_string(),
                held: format!("{} {}", profile.name, profile.version),
                held_name: profile.name,
                wanted: format!("{} {}", wanted.name, wanted.version),
            });
        }
        let mut recovered = memory.fork();
        recovered.power_on().map_err(|error| not(error.to_string()))?;
        check_layout(&recovered).map_err(not)?;
        let system = CardSystem::new(Arc::new(profile));
        let entropy = SeededEntropy::resume(seed, drawn);
        let card = Card::new(system, memory, entropy, protocol);
        Ok(Self { image: Some((image, blob)), ..Self::volatile(card) })
    }

    /// Sets several values: all of them, or none where one is wrong.
    ///
    /// # Errors
    /// The first that is wrong, or an image that cannot be written.
    pub fn set_all(&mut self, pairs: &[(String, String)]) -> Result<(), ControlError> {
        let mut memory = self.card.memory().fork();
        for (key, value) in pairs {
            settings::set(&mut memory, key, value).map_err(|error| match error {
                SetError::Memory(error) => ControlError::Value(format!("card memory: {error}")),
                other => ControlError::Value(other.to_string()),
            })?;
        }
        *self.card.memory_mut() = memory;
        self.store()
    }

    /// Makes the card wrong on purpose for as long as it is open: its image says nothing of it.
    ///
    /// # Errors
    /// A wrong card that has to be wrong from its making, or is none of this card's profile.
    pub fn go_wrong(&mut self, wrong: Wrong) -> Result<(), WrongError> {
        self.card.go_wrong(wrong)
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Bytes of the image's torn end that were dropped when it was opened.
    pub fn dropped_bytes(&self) -> u64 {
        self.image.as_ref().map_or(0, |(image, _)| image.dropped_bytes())
    }

    fn power_on(&mut self) -> Result<Atr, LinkError> {
        let atr = self.card.power_on();
        self.persist().map_err(|error| LinkError::Storage(Box::new(error)))?;
        atr.ok_or_else(|| self.silence())
    }

    fn persist(&mut self) -> Result<(), ImageError> {
        match &mut self.image {
            Some((image, profile)) => {
                image.persist(self.card.memory(), &Meta::of(&self.card, *profile).write())
            }
            None => Ok(()),
        }
    }

    fn kept(&self, name: &str) -> Result<&Card, ControlError> {
        self.snapshots.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.snapshots.keys().map(String::as_str).take(20).collect();
            let (count, known) = (self.snapshots.len(), known.join(", "));
            ControlError::Value(format!("no snapshot '{name}'; there are {count}: {known}"))
        })
    }

    fn silence(&self) -> LinkError {
        match self.card.fault() {
            Some(fault) => LinkError::Bug(fault.to_string()),
            None => LinkError::Mute,
        }
    }

    fn store(&mut self) -> Result<(), ControlError> {
        self.persist().map_err(|error| ControlError::Storage(Box::new(error)))
    }
}

impl CardTransport for VirtualCard {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        if !self.inserted {
            return Err(LinkError::NoCard(self.describe()));
        }
        self.power_on()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.card.power_off();
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        if !self.inserted {
            return Err(LinkError::NoCard(self.describe()));
        }
        let before = self.image.is_some().then(|| self.card.fork());
        let answer = self.card.transmit(command);
        if let Err(error) = self.persist() {
            // The image still holds the card as it was; so does the memory, then.
            if let Some(before) = before {
                self.card = before;
                self.card.power_off();
            }
            return Err(LinkError::Storage(Box::new(error)));
        }
        if answer.is_empty() { Err(self.silence()) } else { Ok(answer) }
    }

    fn describe(&self) -> String {
        let system = self.card.system();
        let (profile, wrong) = (&system.profile, system.wrongness());
        let card = format!("virtual card {} {}", profile.name, profile.version);
        if wrong.is_right() { card } else { format!("{card}, wrong on purpose: {}", wrong.names()) }
    }
}

impl CardControl for VirtualCard {
    fn insert(&mut self) -> Result<(), ControlError> {
        self.inserted = true;
        Ok(())
    }

    fn remove(&mut self) -> Result<(), ControlError> {
        self.card.power_off();
        self.inserted = false;
        Ok(())
    }

    fn inserted(&self) -> bool {
        self.inserted
    }

    fn tear(&mut self, write: u64) -> Result<(), ControlError> {
        if write == 0 {
            let text = "write 0 is no write: 1 is the next one".to_owned();
            return Err(ControlError::Value(text));
        }
        self.card.memory_mut().tear_at(Some(write));
        Ok(())
    }

    fn snapshot(&mut self, name: &str) -> Result<(), ControlError> {
        const MOST: usize = 10_000;
        const LONGEST: usize = 64;
        if name.len() > LONGEST {
            let text = format!("a snapshot's name has at most {LONGEST} bytes");
            return Err(ControlError::Value(text));
        }
        if self.snapshots.len() >= MOST && !self.snapshots.contains_key(name) {
            return Err(ControlError::Value(format!("{MOST} snapshots are kept already")));
        }
        self.snapshots.insert(name.to_owned(), self.card.fork());
        Ok(())
    }

    fn restore(&mut self, name: &str) -> Result<(), ControlError> {
        self.card = self.kept(name)?.fork();
        self.card.power_off();
        self.store()
    }

    fn resume(&mut self, name: &str) -> Result<(), ControlError> {
        let powered = self.card.powered();
        self.card = self.kept(name)?.fork();
        if !powered {
            self.card.power_off();
        }
        self.store()
    }

    fn rehearse(&mut self, commands: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, ControlError> {
        let mut copy = self.card.fork();
        copy.memory_mut().tear_at(None);
        // T=0 would keep answer data back.
        copy.set_protocol(Protocol::T1);
        copy.power_on();
        let answers = commands.iter().map(|command| copy.transmit(command)).collect();
        match copy.fault() {
            Some(fault) => Err(ControlError::Bug(fault.to_string())),
            None => Ok(answers),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ControlError> {
        self.set_all(&[(key.to_owned(), value.to_owned())])
    }

    fn status(&mut self) -> Result<Vec<(String, String)>, ControlError> {
        let profile = &self.card.system().profile;
        let say = |key: &str, value: String| (key.to_owned(), value);
        let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let ahead = self.card.memory().tear_ahead();
        let mut out = vec![
            say("profile", profile.name.clone()),
            say("version", profile.version.clone()),
            say("inserted", yes_no(self.inserted)),
            say("powered", yes_no(self.card.powered())),
            say("transaction", self.card.transaction_name().to_owned()),
            say("writes", self.card.memory().writes().to_string()),
            say("tear", ahead.map_or_else(|| "no".to_owned(), |writes| writes.to_string())),
        ];
        let wrong = self.card.system().wrongness();
        if !wrong.is_right() {
            out.push(say("wrong", wrong.names()));
        }
        // A card without power cannot be read; a powered copy of it can.
        let mut copy = self.card.memory().fork();
        copy.tear_at(None);
        let state = copy
            .power_on()
            .and_then(|()| settings::status(&copy))
            .map_err(|error| ControlError::Bug(error.to_string()))?;
        out.extend(state);
        Ok(out)
    }
}

/// What an image keeps beside the memory: a version, the randomness's seed and position, and which
/// blob is the profile.
struct Meta {
    seed: u64,
    drawn: u64,
    profile: BlobId,
}

impl Meta {
    const VERSION: u8 = 1;

    fn of(card: &Card, profile: BlobId) -> Self {
        let (seed, drawn) = card.entropy_position();
        Self { seed, drawn, profile }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = vec![Self::VERSION];
        out.extend_from_slice(&self.seed.to_be_bytes());
        out.extend_from_slice(&self.drawn.to_be_bytes());
        out.extend_from_slice(self.profile.as_bytes());
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (seed, rest) = rest.split_first_chunk::<8>()?;
        let (drawn, rest) = rest.split_first_chunk::<8>()?;
        let profile = BlobId::from_bytes(rest.try_into().ok()?);
        let (seed, drawn) = (u64::from_be_bytes(*seed), u64::from_be_bytes(*drawn));
        (*version == Self::VERSION).then_some(Self { seed, drawn, profile })
    }
}
