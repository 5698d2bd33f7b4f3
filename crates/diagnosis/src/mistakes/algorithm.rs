//! Mistakes with the algorithm, and with how the key goes into it (算法).

use std::sync::Arc;

use crypto::Suite;

use super::grid::Grid;
use super::rows;
use crate::Code;
use crate::right::key_choice;
use crate::scenario::{DirectForm, KeyForm, SessionForm, Suites};

rows! { Algorithm
    "left-half-des" Usual
        "the MAC is single DES with the left half of the card key itself"
        "MAC 直接用卡片密钥左半部做单 DES"
        |grid| direct(grid, DirectForm::Left);
    "right-half-des" Usual
        "the MAC is single DES with the right half of the card key itself"
        "MAC 直接用卡片密钥右半部做单 DES"
        |grid| direct(grid, DirectForm::Right);
    "whole-key" Usual
        "the MAC uses the whole card key itself in every block (triple DES or SM4), no session key, not folded"
        "MAC 每个分组都直接用整个卡片密钥 (三重 DES 或 SM4), 未用过程密钥, 未左右异或"
        |grid| direct(grid, DirectForm::Whole);
    "retail-mac" Usual
        "the MAC is ISO 9797-1 algorithm 3 with the whole card key, as in secure messaging"
        "MAC 用整个卡片密钥做 ISO 9797-1 算法 3 (如同线路保护)"
        |grid| direct(grid, DirectForm::Retail);
    "folded-key" Usual
        "the card key is folded (left xor right) and used itself, as for a TAC"
        "卡片密钥左右异或后直接使用 (如同 TAC)"
        |grid| direct(grid, DirectForm::Folded);
    "session-key-for-tac" Usual
        "a session key was used where the TAC key belongs"
        "TAC 用了过程密钥, 应为 TAC 密钥"
        session_for_tac;
    "other-algorithm" Usual
        "everything is done in the other algorithm: SM4 for 3DES, or 3DES for SM4"
        "全部用了另一算法 (应为 3DES 用了 SM4, 或相反)"
        |grid| suites(grid, |_, other| Suites {
            diversification: other,
            session: other,
            mac: other,
        });
    "other-algorithm-in-session" Usual
        "session key and MAC are done in the other algorithm, diversification is right"
        "过程密钥与 MAC 用了另一算法, 分散正确"
        |grid| suites(grid, |right, other| Suites { session: other, mac: other, ..right });
    "other-algorithm-of-session-key" Usual
        "only the session key is made in the other algorithm"
        "仅过程密钥用了另一算法"
        |grid| if grid.has_session() {
            suites(grid, |right, other| Suites { session: other, ..right });
        };
    "other-algorithm-of-mac" Usual
        "only the MAC is done in the other algorithm"
        "仅 MAC 用了另一算法"
        |grid| suites(grid, |right, other| Suites { mac: other, ..right });
}

fn direct(grid: &mut Grid<'_>, form: DirectForm) {
    grid.change(|one| one.form = KeyForm::Direct(form));
}

/// A session key made from the TAC key, or from the key that the transaction's MACs have.
fn session_for_tac(grid: &mut Grid<'_>) {
    let case = grid.case;
    let values = &case.transaction.values;
    let known = values.random.is_some() && values.serial.is_some();
    if case.code != Code::Tac || !known {
        return;
    }
    grid.change(|one| one.form = KeyForm::Session(SessionForm::Right));
    if let Some(spec) = case.transaction.key(case.profile, Code::Mac1) {
        let choice = Arc::new(key_choice(case.profile, case.transaction.directory, spec));
        grid.change(|one| {
            one.key = choice;
            one.form = KeyForm::Session(SessionForm::Right);
        });
    }
}

fn suites(grid: &mut Grid<'_>, edit: fn(Suites, Suite) -> Suites) {
    let right = grid.right.suites;
    let other = match right.mac {
        Suite::TripleDes => Suite::Sm4,
        Suite::Sm4 => Suite::TripleDes,
    };
    grid.change(|one| one.suites = edit(right, other));
}
