//! Mistakes with the terminal serial (终端交易序号), and with what stands in its place online.

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::{Field, Source};

rows! { TerminalSerial
    "terminal-serial-first-bytes" Usual
        "the first two bytes of the terminal serial were used, not the last two"
        "过程密钥用了终端交易序号的前两字节, 应为后两字节"
        |grid| whole(grid, |[a, b, c, d]| [c, d, a, b]);
    "terminal-serial-next" Usual
        "the terminal serial is one too large: that of the transaction after"
        "终端交易序号大一, 是下一笔交易的"
        |grid| whole(grid, |bytes| u32::from_be_bytes(bytes).wrapping_add(1).to_be_bytes());
    "terminal-serial-previous" Usual
        "the terminal serial is one too small: that of the transaction before"
        "终端交易序号小一, 是上一笔交易的"
        |grid| whole(grid, |bytes| u32::from_be_bytes(bytes).wrapping_sub(1).to_be_bytes());
    "terminal-serial-little-endian" Usual
        "the terminal serial is little endian"
        "终端交易序号为小端字节序"
        |grid| {
            whole(grid, |[a, b, c, d]| [d, c, b, a]);
            whole(grid, |[a, b, c, d]| [a, b, d, c]);
        };
    "terminal-serial-zero" Usual
        "the terminal serial is zero"
        "终端交易序号为零"
        |grid| whole(grid, |_| [0; 4]);
    "terminal-serial-of-psam" Usual
        "the terminal serial is what the PSAM gave, not what the command tells the card"
        "终端交易序号用的是 PSAM 给出的, 与发给卡的不同"
        |grid| serials(grid, Offered::Psam);
    "terminal-serial-elsewhere" Usual
        "the terminal serial is that of another message of the trace"
        "终端交易序号用的是跟踪中另一报文的"
        |grid| serials(grid, Offered::Trace);
    "terminal-serial-candidate" Usual
        "the terminal serial is the candidate given"
        "终端交易序号用的是给定的候选值"
        |grid| serials(grid, Offered::User);
    "filler-for-terminal-serial" Usual
        "8000 stands where the last two bytes of the terminal serial belong, as in a load"
        "终端交易序号后两字节处用了 8000 (如同圈存)"
        |grid| offline(grid, [0x80, 0x00]);
    "terminal-serial-for-filler" Usual
        "the last two bytes of a terminal serial stand where 8000 belongs, as in a purchase"
        "8000 处用了终端交易序号后两字节 (如同消费)"
        |grid| for candidate in &grid.case.found.terminal_serials {
            let [_, _, c, d] = candidate.value.0;
            online(grid, [c, d], Some(candidate.source));
        };
    "filler-zero" Usual
        "0000 stands where 8000 belongs"
        "8000 处用了 0000"
        |grid| online(grid, [0x00, 0x00], None);
    "filler-swapped" Usual
        "0080 stands where 8000 belongs"
        "8000 处用了 0080"
        |grid| online(grid, [0x00, 0x80], None);
    "terminal-serial-searched" Search
        "the last two bytes of the terminal serial are others than the command tells the card"
        "终端交易序号后两字节与发给卡的不同 (遍历全部取值)"
        |grid| (0..=u16::MAX).for_each(|value| offline(grid, value.to_be_bytes()));
}

/// Another terminal serial wherever it goes in.
fn serial(grid: &mut Grid<'_>, bytes: [u8; 4], source: Option<Source>) {
    let [_, _, c, d] = bytes;
    if grid.has_session() && !grid.case.transaction.flow.online() {
        grid.change_from(source, |one| one.tail = [c, d]);
    }
    grid.field(Field::TerminalSerial, &bytes, source);
}

fn whole(grid: &mut Grid<'_>, edit: impl FnOnce([u8; 4]) -> [u8; 4]) {
    if let Some(right) = grid.case.transaction.values.terminal_serial {
        serial(grid, edit(right.0), None);
    }
}

fn serials(grid: &mut Grid<'_>, by: Offered) {
    for (value, source) in offered(&grid.case.found.terminal_serials, by) {
        serial(grid, value.0, source);
    }
}

fn offline(grid: &mut Grid<'_>, tail: [u8; 2]) {
    if grid.has_session() && !grid.case.transaction.flow.online() {
        grid.change(|one| one.tail = tail);
    }
}

fn online(grid: &mut Grid<'_>, tail: [u8; 2], source: Option<Source>) {
    if grid.has_session() && grid.case.transaction.flow.online() {
        grid.change_from(source, |one| one.tail = tail);
    }
}
