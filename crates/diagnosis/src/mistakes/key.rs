//! Mistakes with which key is used (密钥选择).

use std::sync::Arc;

use applet_spec::{KeyKind, KeySpec};

use super::grid::Grid;
use super::rows;
use crate::right::key_choice;
use crate::scenario::KeyChoice;

rows! { Key
    "key-purchase" Usual
        "the purchase key (DPK) was used"
        "用了消费密钥 (DPK)"
        |grid| kind(grid, KeyKind::Purchase);
    "key-load" Usual
        "the load key (DLK) was used"
        "用了圈存密钥 (DLK)"
        |grid| kind(grid, KeyKind::Load);
    "key-unload" Usual
        "the unload key (DULK) was used"
        "用了圈提密钥 (DULK)"
        |grid| kind(grid, KeyKind::Unload);
    "key-overdraft" Usual
        "the overdraft key (DUK) was used"
        "用了透支密钥 (DUK)"
        |grid| kind(grid, KeyKind::Overdraft);
    "key-tac" Usual
        "the TAC key (DTK) was used"
        "用了 TAC 密钥 (DTK)"
        |grid| kind(grid, KeyKind::Tac);
    "key-maintenance" Usual
        "the maintenance key (DAMK) was used"
        "用了应用维护密钥 (DAMK)"
        |grid| kind(grid, KeyKind::Maintenance);
    "key-application-master" Usual
        "the application master key (DACK) was used"
        "用了应用主控密钥 (DACK)"
        |grid| kind(grid, KeyKind::ApplicationMaster);
    "key-index" Usual
        "a key of another index was used"
        "用了另一索引的密钥"
        |grid| stored(grid, |key, right| key.index != right.index);
    "key-version" Usual
        "a key of another version was used"
        "用了另一版本的密钥"
        |grid| stored(grid, |key, right| key.index == right.index && key.version != right.version);
}

/// The key of another kind: of the same index, or else the first there is.
fn kind(grid: &mut Grid<'_>, kind: KeyKind) {
    let Some(directory) = grid.directory() else { return };
    if grid.right.key.kind == kind {
        return;
    }
    let index = grid.right.key.index;
    let of_kind = || directory.keys.iter().filter(|key| key.kind == kind);
    if let Some(spec) = of_kind().find(|key| key.index == index).or_else(|| of_kind().next()) {
        choose(grid, spec);
    }
}

/// The keys of the same kind that the profile or the custody has, and that `wanted` takes.
fn stored(grid: &mut Grid<'_>, wanted: fn(&KeySpec, &KeyChoice) -> bool) {
    let Some(directory) = grid.directory() else { return };
    let right = grid.right.key.clone();
    let of_kind = || directory.keys.iter().filter(|key| key.kind == right.kind);
    for spec in of_kind().filter(|spec| wanted(spec, &right)) {
        choose(grid, spec);
    }
    let Some(spec) = of_kind().next() else { return };
    let records = match grid.case.records {
        Ok(records) => records,
        Err(error) => return grid.unknown(error.clone()),
    };
    for record in records {
        let mut parts = record.name.as_str().rsplit('/').map(|part| u8::from_str_radix(part, 16));
        let (Some(Ok(version)), Some(Ok(index))) = (parts.next(), parts.next()) else { continue };
        let spec = KeySpec { index, version, ..spec.clone() };
        let named = key_choice(grid.case.profile, directory.fid, &spec);
        let known = of_kind().any(|of| (of.index, of.version) == (index, version));
        if !known && named.name == record.name && wanted(&spec, &right) {
            choose(grid, &spec);
        }
    }
}

fn choose(grid: &mut Grid<'_>, spec: &KeySpec) {
    let (profile, directory) = (grid.case.profile, grid.case.transaction.directory);
    let choice = Arc::new(key_choice(profile, directory, spec));
    grid.change(|one| one.key = choice);
}
