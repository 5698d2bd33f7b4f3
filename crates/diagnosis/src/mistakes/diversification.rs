//! Mistakes with diversification (密钥分散) and with the halves of the card key.

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::scenario::Halves;

rows! { Diversification
    "not-diversified" Usual
        "the stored key itself was used, without any diversification"
        "直接用了主密钥, 未分散"
        |grid| levels(grid, |_| Some(Vec::new()));
    "only-first-level" Usual
        "only the highest level of diversification was made; the card's is missing"
        "只做了最高一级分散, 缺卡片级"
        |grid| levels(grid, |right| match right {
            [first, _, ..] => Some(vec![*first]),
            _ => None,
        });
    "only-last-level" Usual
        "only the card's level of diversification was made; the higher ones are missing"
        "只做了卡片级分散, 缺上级分散"
        |grid| levels(grid, |right| match right {
            [_, .., last] => Some(vec![*last]),
            _ => None,
        });
    "levels-reversed" Usual
        "the levels of diversification were made in reverse order, the card's first"
        "分散级次颠倒, 先做了卡片级"
        |grid| levels(grid, |right| Some(right.iter().rev().copied().collect()));
    "serial-first-eight" Usual
        "the card's factor is the first 8 of the 10 bytes of its number, not the last 8"
        "卡片分散因子用了十字节卡号的前八字节, 应为后八字节"
        first_eight;
    "serial-reversed" Usual
        "the card's factor is taken backwards, last byte first"
        "卡片分散因子按字节倒序"
        |grid| last_level(grid, |mut factor| {
            factor.reverse();
            factor
        });
    "serial-of-profile" Usual
        "the keys are those of the profile's own card, not of the card in the trace"
        "用的是规格自带卡号的密钥, 而非跟踪中的卡"
        |grid| cards(grid, Offered::User);
    "serial-of-another-card" Usual
        "the keys are those of another card in the trace"
        "用的是跟踪中另一张卡的密钥"
        |grid| cards(grid, Offered::Trace);
    "issuer-factor" Usual
        "the upper factor is the first 8 bytes of file 15, as in the transport-ministry family"
        "上级分散因子用了文件 15 前八字节 (如同交通部卡)"
        |grid| upper(grid, |public| public.first_chunk().copied());
    "city-factor" Usual
        "the upper factor is city code FF0000000000, as in the construction-ministry family"
        "上级分散因子用了城市代码加 FF0000000000 (如同住建部卡)"
        |grid| upper(grid, |public| match public {
            [_, _, high, low, ..] => Some([*high, *low, 0xFF, 0, 0, 0, 0, 0]),
            _ => None,
        });
    "toll-factor" Usual
        "the upper factor is the first 4 bytes of file 15 twice, as on toll cards"
        "上级分散因子为文件 15 前四字节重复 (如同 ETC 卡)"
        |grid| upper(grid, |public| match public {
            [a, b, c, d, ..] => Some([*a, *b, *c, *d, *a, *b, *c, *d]),
            _ => None,
        });
    "factor-of-psam" Usual
        "the factors are those that the PSAM was given, not those of the card"
        "分散因子用的是发给 PSAM 的, 与卡的不同"
        |grid| for (factors, source) in offered(&grid.case.found.factor_lists, Offered::Psam) {
            grid.change_from(source, |one| one.levels = factors);
        };
    "factor-candidate" Usual
        "a factor is the candidate given"
        "某级分散因子用的是给定的候选值"
        candidates;
    "factors-complemented" Usual
        "factor and complement are swapped: E(not F) before E(F), in all levels or in the last"
        "分散时因子与取反颠倒 (先加密取反值), 各级或末级"
        |grid| {
            levels(grid, |right| Some(right.iter().map(complement).collect()));
            last_level(grid, |factor| complement(&factor));
        };
    "key-halves-swapped" Usual
        "left and right half of the card key are swapped"
        "卡片密钥左右半部互换"
        |grid| grid.change(|one| one.halves = Halves::Swapped);
    "key-left-half" Usual
        "only the left half of the card key was used"
        "只用了卡片密钥左半部"
        |grid| grid.change(|one| one.halves = Halves::Left);
    "key-right-half" Usual
        "only the right half of the card key was used"
        "只用了卡片密钥右半部"
        |grid| grid.change(|one| one.halves = Halves::Right);
}

fn levels(grid: &mut Grid<'_>, edit: impl FnOnce(&[[u8; 8]]) -> Option<Vec<[u8; 8]>>) {
    if let Some(levels) = edit(&grid.right.levels) {
        grid.change(|one| one.levels = levels);
    }
}

fn last_level(grid: &mut Grid<'_>, edit: impl FnOnce([u8; 8]) -> [u8; 8]) {
    grid.change(|one| {
        if let Some(last) = one.levels.last_mut() {
            *last = edit(*last);
        }
    });
}

fn complement(factor: &[u8; 8]) -> [u8; 8] {
    factor.map(|byte| !byte)
}

/// The card's number has two bytes before the eight that are the factor.
fn first_eight(grid: &mut Grid<'_>) {
    let public = &grid.case.transaction.card.public;
    let start = grid.case.profile.serial_offset().and_then(|at| at.checked_sub(2));
    let first = start.and_then(|at| public.get(at..)?.first_chunk().copied());
    if let Some(first) = first {
        last_level(grid, |_| first);
    }
}

fn cards(grid: &mut Grid<'_>, by: Offered) {
    let right = grid.case.transaction.card.serial;
    for (serial, source) in offered(&grid.case.found.cards, by) {
        grid.change_from(source, |one| {
            for level in one.levels.iter_mut().filter(|level| **level == right) {
                *level = serial;
            }
        });
    }
}

/// Another factor in the highest level; where there is only the card's, above it.
fn upper(grid: &mut Grid<'_>, factor: fn(&[u8]) -> Option<[u8; 8]>) {
    let Some(factor) = factor(&grid.case.transaction.card.public) else { return };
    levels(grid, |right| match right {
        [_, lower @ ..] if !lower.is_empty() => Some([&[factor], lower].concat()),
        _ => Some([&[factor], right].concat()),
    });
}

fn candidates(grid: &mut Grid<'_>) {
    for (factor, source) in offered(&grid.case.found.factors, Offered::User) {
        for at in 0..grid.right.levels.len() {
            grid.change_from(source, |one| {
                if let Some(level) = one.levels.get_mut(at) {
                    *level = factor;
                }
            });
        }
    }
}
