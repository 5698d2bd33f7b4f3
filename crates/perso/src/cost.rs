//! How long a batch takes: a model in data, never a promise.

use std::sync::LazyLock;

use serde::Deserialize;

/// Kind of a command, by what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// SELECT.
    Select,
    /// READ.
    Read,
    /// UPDATE and APPEND.
    Write,
    /// CREATE FILE.
    Create,
    /// WRITE KEY.
    Key,
    /// ERASE DIRECTORY.
    Erase,
    /// Authentication, MAC and TAC.
    Crypto,
    /// GET CHALLENGE.
    Challenge,
    /// Anything else.
    Other,
}

/// What commands cost in one place, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    select: f64,
    read: f64,
    write: f64,
    create: f64,
    key: f64,
    erase: f64,
    crypto: f64,
    challenge: f64,
    other: f64,
    /// From one card to the next.
    pub handling: f64,
}

/// The model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostModel {
    /// Its version, which plans print.
    pub version: String,
    /// Cards in a reader.
    pub reader: Place,
    /// Cards in this process.
    #[serde(rename = "virtual")]
    pub in_process: Place,
}

impl CostModel {
    /// The model that comes with the program.
    pub fn built_in() -> &'static Self {
        static READ: LazyLock<CostModel> = LazyLock::new(|| {
            match toml::from_str(include_str!("../cost-model.toml")) {
                Ok(model) => model,
                // A test reads it.
                Err(error) => unreachable!("cost-model.toml: {error}"),
            }
        });
        &READ
    }
}

impl Place {
    /// Milliseconds of one command.
    pub fn of(&self, kind: Kind) -> f64 {
        match kind {
            Kind::Select => self.select,
            Kind::Read => self.read,
            Kind::Write => self.write,
            Kind::Create => self.create,
            Kind::Key => self.key,
            Kind::Erase => self.erase,
            Kind::Crypto => self.crypto,
            Kind::Challenge => self.challenge,
            Kind::Other => self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read() {
        let model = CostModel::built_in();
        assert!(!model.version.is_empty());
        assert!(model.reader.of(Kind::Erase) > model.reader.of(Kind::Read));
        assert!(model.in_process.of(Kind::Read) < 1.0);
    }
}
