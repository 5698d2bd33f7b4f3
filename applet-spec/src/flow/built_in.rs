//! The flows, layouts and fares that come with the program; each is read when first asked for.

use std::sync::{Arc, LazyLock, OnceLock};

use super::{FareTable, Flow, Layout, layout};
use crate::ProfileErrors;
use crate::text::Log;

type Loaded = Result<Arc<Flow>, ProfileErrors>;

macro_rules! flows {
    ($($name:literal),* $(,)?) => {
        pub(super) const NAMES: &[&str] = &[$($name),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../../flows/", $name, ".toml"))),*];
        static LOADED: [OnceLock<Loaded>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    };
}

macro_rules! fares {
    ($($name:literal),* $(,)?) => {
        pub(super) const FARES: &[&str] = &[$($name),*];
        const FARE_TEXTS: &[&str] = &[$(include_str!(concat!("../../fares/", $name, ".toml"))),*];
    };
}

// The first flow that is for a card is what its terminal does unless told otherwise.
flows![
    "pboc-purchase",
    "tunion-bus",
    "cjt-purchase",
    "tunion-metro-entry",
    "tunion-metro-exit",
    "tunion-purchase",
    "cjt-metro-entry",
    "cjt-metro-exit",
    "pboc-load",
    "tunion-load",
    "cjt-load",
    "pboc-unload",
    "pboc-block",
    "tunion-block",
    "cjt-block",
];

fares!["lab-metro"];

const LAYOUTS: &str = include_str!("../../layouts.toml");

pub(super) fn text(name: &str) -> Option<&'static str> {
    TEXTS.get(position(name)?).copied()
}

pub(super) fn find(name: &str) -> Option<&'static Loaded> {
    let at = position(name)?;
    let (text, cell) = (TEXTS.get(at)?, LOADED.get(at)?);
    Some(cell.get_or_init(|| Flow::parse(text, &format!("{name}.toml (built in)")).map(Arc::new)))
}

pub(super) fn fare(name: &str) -> Option<Result<Arc<FareTable>, ProfileErrors>> {
    let at = FARES.iter().position(|known| *known == name)?;
    let text = FARE_TEXTS.get(at)?;
    Some(FareTable::parse(text, &format!("{name}.toml (built in)")).map(Arc::new))
}

/// The layouts that every flow may name.
pub(super) fn layouts() -> &'static [Arc<Layout>] {
    static READ: LazyLock<Vec<Arc<Layout>>> = LazyLock::new(|| {
        let log = Log::default();
        let layouts = layout::read_all(&log, "layouts.toml (built in)", LAYOUTS);
        // A test of this crate reads every flow, which name them all.
        log.finish(layouts).unwrap_or_default()
    });
    &READ
}

fn position(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}
