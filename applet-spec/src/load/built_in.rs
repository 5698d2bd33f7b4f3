//! The profiles that come with the program; each is read when first asked for.

use std::sync::{Arc, OnceLock};

use crate::{Profile, ProfileErrors};

type Loaded = Result<Arc<Profile>, ProfileErrors>;

macro_rules! profiles {
    ($($name:literal),* $(,)?) => {
        pub(super) const NAMES: &[&str] = &[$($name),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../../profiles/", $name, ".toml"))),*];
        static LOADED: [OnceLock<Loaded>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    };
}

profiles![
    "pboc",
    "cjt166",
    "jtt978",
    "pboc-sm4",
    "jtt978-sm4",
    "fmcos-ep",
    "fmcos-blank",
    "psam-pboc",
    "psam-cjt166",
    "psam-jtt978",
    "psam-jtt978-sm4",
];

pub(super) fn text(name: &str) -> Option<&'static str> {
    TEXTS.get(position(name)?).copied()
}

pub(super) fn find(name: &str) -> Option<&'static Loaded> {
    let at = position(name)?;
    let (text, cell) = (TEXTS.get(at)?, LOADED.get(at)?);
    Some(
        cell.get_or_init(|| Profile::parse(text, &format!("{name}.toml (built in)")).map(Arc::new)),
    )
}

fn position(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}
