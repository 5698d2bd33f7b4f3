//! Mistakes with amounts, limits and balances (金额, 透支限额, 余额).

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::{Field, Source};

rows! { Amount
    "amount-little-endian" Usual
        "the amount (or limit) is little endian"
        "金额 (或限额) 为小端字节序"
        |grid| {
            grid.edit(Field::Amount, |[a, b, c, d]| [d, c, b, a]);
            grid.edit(Field::NewLimit, |[a, b, c]| [c, b, a]);
        };
    "amount-in-yuan" Usual
        "the amount (or limit) is in yuan, not in fen"
        "金额 (或限额) 以元为单位, 应为分"
        |grid| scaled(grid, |fen| fen / 100);
    "amount-times-100" Usual
        "the amount (or limit) is a hundred times too large"
        "金额 (或限额) 多乘了一百"
        |grid| scaled(grid, |fen| fen.wrapping_mul(100));
    "amount-zero" Usual
        "the amount (or limit) is zero"
        "金额 (或限额) 为零"
        |grid| scaled(grid, |_| 0);
    "amount-decimal" Usual
        "the amount (or limit) is BCD, not binary"
        "金额 (或限额) 为 BCD, 应为二进制"
        |grid| scaled(grid, decimal);
    "amount-of-psam" Usual
        "the amount is what the PSAM was told, not what INITIALIZE told the card"
        "金额用的是发给 PSAM 的, 与初始化指令发给卡的不同"
        |grid| amounts(grid, Offered::Psam);
    "amount-elsewhere" Usual
        "the amount is that of another message or record of the trace"
        "金额用的是跟踪中另一报文或记录的"
        |grid| amounts(grid, Offered::Trace);
    "amount-candidate" Usual
        "the amount (or limit) is the candidate given"
        "金额 (或限额) 用的是给定的候选值"
        |grid| amounts(grid, Offered::User);
    "balance-for-amount" Usual
        "the balance stands where the amount belongs"
        "金额处用了余额"
        |grid| instead(grid, Field::Amount, Field::Balance);
    "old-limit-for-new" Usual
        "the old overdraft limit stands where the new one belongs"
        "新透支限额处用了原透支限额"
        |grid| instead(grid, Field::NewLimit, Field::OldLimit);
    "limit-four-bytes" Usual
        "the overdraft limit has four bytes, not three"
        "透支限额用了四字节, 应为三字节"
        limit_of_four;
    "balance-before" Usual
        "the balance before the transaction stands where the one after it belongs"
        "交易后余额处用了交易前余额"
        |grid| instead(grid, Field::BalanceAfter, Field::Balance);
    "balance-little-endian" Usual
        "the balance is little endian"
        "余额为小端字节序"
        |grid| {
            grid.edit(Field::Balance, |[a, b, c, d]| [d, c, b, a]);
            grid.edit(Field::BalanceAfter, |[a, b, c, d]| [d, c, b, a]);
        };
    "balance-without-limit" Usual
        "the balance is the holder's own money, without the overdraft limit"
        "余额未含透支限额"
        without_limit;
    "balance-zero" Usual
        "the balance is zero"
        "余额为零"
        |grid| {
            grid.edit(Field::Balance, |_: [u8; 4]| [0; 4]);
            grid.edit(Field::BalanceAfter, |_: [u8; 4]| [0; 4]);
        };
}

fn scaled(grid: &mut Grid<'_>, scale: fn(u32) -> u32) {
    grid.edit(Field::Amount, |bytes| scale(u32::from_be_bytes(bytes)).to_be_bytes());
    grid.edit(Field::NewLimit, |[a, b, c]| {
        let [_, a, b, c] = scale(u32::from_be_bytes([0, a, b, c])).to_be_bytes();
        [a, b, c]
    });
}

/// The number's decimal digits as BCD; those beyond eight are lost.
fn decimal(number: u32) -> u32 {
    let mut rest = number;
    (0..8).fold(0, |out, at| {
        let digit = rest % 10;
        rest /= 10;
        out | digit << (4 * at)
    })
}

fn amounts(grid: &mut Grid<'_>, by: Offered) {
    let found = grid.case.found;
    for (amount, source) in offered(&found.amounts, by) {
        grid.field(Field::Amount, &amount.to_bytes(), source);
    }
    for (limit, source) in offered(&found.limits, by) {
        grid.field(Field::NewLimit, &limit.to_bytes(), source);
    }
}

fn instead(grid: &mut Grid<'_>, field: Field, other: Field) {
    let bytes = grid.right.fields.of(other).to_vec();
    if !bytes.is_empty() {
        grid.field(field, &bytes, None::<Source>);
    }
}

fn limit_of_four(grid: &mut Grid<'_>) {
    for field in [Field::NewLimit, Field::OldLimit] {
        if let Ok([a, b, c]) = <[u8; 3]>::try_from(grid.right.fields.of(field)) {
            grid.field(field, &[0, a, b, c], None);
        }
    }
}

fn without_limit(grid: &mut Grid<'_>) {
    let limit = |field| match *grid.right.fields.of(field) {
        [a, b, c] => u32::from_be_bytes([0, a, b, c]),
        _ => 0,
    };
    let (old, new) = (limit(Field::OldLimit), limit(Field::NewLimit));
    let less =
        |limit: u32| move |bytes| u32::from_be_bytes(bytes).saturating_sub(limit).to_be_bytes();
    grid.edit(Field::Balance, less(old));
    grid.edit(Field::BalanceAfter, less(new));
}
