//! Mistakes with which fields are covered, and in which order.

use purse::IdentificationCode;

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::right::covers_code;
use crate::{Field, Source};

rows! { Fields
    "code-missing" Usual
        "the 9-byte identification code is left out, though the card gave it to 80CA in this selection"
        "漏掉了 9 字节安全认证识别码 (本次选择后卡已应答 80CA)"
        |grid| if grid.covers(Field::IdentificationCode) {
            grid.change(|one| one.layout.retain(|field| *field != Field::IdentificationCode));
        };
    "code-extra" Usual
        "the 9-byte identification code is covered, though the card does not expect it here"
        "多算了 9 字节安全认证识别码 (卡此时不计入)"
        extra_code;
    "code-of-psam" Usual
        "the identification code is the one the PSAM was given, not that of the card"
        "安全认证识别码用的是交给 PSAM 的, 与卡的不同"
        |grid| codes(grid, Offered::Psam);
    "code-elsewhere" Usual
        "the identification code is that of another card of the trace"
        "安全认证识别码用的是跟踪中另一张卡的"
        |grid| codes(grid, Offered::Trace);
    "code-candidate" Usual
        "the identification code is the candidate given, or the profile's"
        "安全认证识别码用的是给定的候选值或规格中的值"
        |grid| codes(grid, Offered::User);
    "field-missing" Usual
        "a field is left out"
        "漏掉了一个数据项"
        missing;
    "fields-swapped" Usual
        "two neighbouring fields have changed places"
        "相邻的两个数据项互换了位置"
        swapped;
    "terminal-serial-covered" Usual
        "the terminal serial is covered, as in the TAC"
        "多算了终端交易序号 (如同 TAC)"
        |grid| added(grid, Field::TerminalSerial);
    "serial-covered" Usual
        "the card serial is covered"
        "多算了卡片交易序号"
        |grid| added(grid, Field::Serial);
    "balance-covered" Usual
        "the balance before the transaction is covered, as in the card's MAC1"
        "多算了交易前余额 (如同卡的 MAC1)"
        |grid| added(grid, Field::Balance);
    "balance-after-covered" Usual
        "the balance after the transaction is covered"
        "多算了交易后余额"
        |grid| added(grid, Field::BalanceAfter);
}

fn extra_code(grid: &mut Grid<'_>) {
    let case = grid.case;
    if grid.covers(Field::IdentificationCode) || !covers_code(case.transaction.flow, case.code) {
        return;
    }
    for candidate in &case.found.codes {
        add_code(grid, candidate.value, Some(candidate.source));
    }
}

fn add_code(grid: &mut Grid<'_>, code: IdentificationCode, source: Option<Source>) {
    grid.change_from(source, |one| {
        one.fields.set(Field::IdentificationCode, &code.0);
        one.layout.push(Field::IdentificationCode);
    });
}

fn codes(grid: &mut Grid<'_>, by: Offered) {
    for (code, source) in offered(&grid.case.found.codes, by) {
        grid.field(Field::IdentificationCode, &code.0, source);
    }
}

fn missing(grid: &mut Grid<'_>) {
    if grid.right.layout.len() < 2 {
        return;
    }
    for field in grid.right.layout.clone() {
        grid.change(|one| one.layout.retain(|covered| *covered != field));
    }
}

fn swapped(grid: &mut Grid<'_>) {
    for at in 1..grid.right.layout.len() {
        grid.change(|one| one.layout.swap(at - 1, at));
    }
}

/// The field before each other, and at the end.
fn added(grid: &mut Grid<'_>, field: Field) {
    if grid.covers(field) || grid.right.fields.of(field).is_empty() {
        return;
    }
    for at in 0..=grid.right.layout.len() {
        grid.change(|one| one.layout.insert(at, field));
    }
}
