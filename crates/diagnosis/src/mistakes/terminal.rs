//! Mistakes with the terminal number (终端机编号).

use super::grid::{Grid, offered};
use super::rows;
use crate::Field;
use crate::candidate::Offered;

rows! { Terminal
    "terminal-of-psam" Usual
        "the terminal number is the PSAM's own (its file 16), not the one that INITIALIZE told the card"
        "终端机编号用的是 PSAM 文件 16 中的, 与初始化指令发给卡的不同"
        |grid| numbers(grid, Offered::Psam);
    "terminal-elsewhere" Usual
        "the terminal number is another one of the trace, not the one that INITIALIZE told the card"
        "终端机编号用的是跟踪中另一处的, 与初始化指令发给卡的不同"
        |grid| numbers(grid, Offered::Trace);
    "terminal-candidate" Usual
        "the terminal number is the candidate given, not the one that INITIALIZE told the card"
        "终端机编号用的是给定的候选值, 与初始化指令发给卡的不同"
        |grid| numbers(grid, Offered::User);
    "terminal-reversed" Usual
        "the terminal number is taken backwards, last byte first"
        "终端机编号按字节倒序"
        |grid| grid.edit(Field::Terminal, |[a, b, c, d, e, f]| [f, e, d, c, b, a]);
    "terminal-pairs-swapped" Usual
        "the bytes of the terminal number are swapped in pairs"
        "终端机编号每两个字节互换"
        |grid| grid.edit(Field::Terminal, |[a, b, c, d, e, f]| [b, a, d, c, f, e]);
    "terminal-nibbles-swapped" Usual
        "the two digits of each byte of the terminal number are swapped"
        "终端机编号每个字节的高低半字节互换"
        |grid| grid.edit(Field::Terminal, |bytes: [u8; 6]| bytes.map(|byte| byte.rotate_left(4)));
    "terminal-zero" Usual
        "the terminal number is zero"
        "终端机编号为全零"
        |grid| grid.edit(Field::Terminal, |_: [u8; 6]| [0; 6]);
}

fn numbers(grid: &mut Grid<'_>, by: Offered) {
    for (number, source) in offered(&grid.case.found.terminals, by) {
        grid.field(Field::Terminal, &number.0, source);
    }
}
