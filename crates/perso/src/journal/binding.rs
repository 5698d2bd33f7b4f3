//! What a journal is bound to.

use std::fmt;

use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

/// What a journal is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Name of the batch.
    pub name: String,
    /// Name and version of the profile.
    pub profile: String,
    /// Digest (SM3, hex) of the job file.
    pub job: String,
    /// Of the cards file.
    pub cards: String,
    /// Of the texts of the profiles.
    pub profiles: String,
    /// When it was begun, in seconds since 1970 (UTC). It binds nothing.
    pub began: u64,
}

impl Binding {
    /// Binds to these texts.
    pub fn new(
        name: &str,
        profile: &str,
        job: &[u8],
        cards: &[u8],
        profiles: &[&str],
        began: u64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            profile: profile.to_owned(),
            job: digest(&[job]),
            cards: digest(&[cards]),
            profiles: digest(&profiles.iter().map(|text| text.as_bytes()).collect::<Vec<_>>()),
            began,
        }
    }

    /// What differs from another one.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("the job file", self.job != other.job),
            ("the cards file", self.cards != other.cards),
            ("the profile", self.profiles != other.profiles),
        ];
        differs.iter().filter(|(_, differs)| *differs).map(|(what, _)| *what).collect()
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.profile)
    }
}

fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sm3::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}
