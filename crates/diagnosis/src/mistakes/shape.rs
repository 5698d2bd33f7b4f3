//! Mistakes with the initial value, the padding, and which bytes are the code (初始值, 填充, 取值).

use crypto::Suite;

use super::grid::Grid;
use super::rows;
use crate::Source;
use crate::scenario::{Padding, Taken};

rows! { Shape
    "initial-random" Usual
        "the initial value is a random of the card filled up with zeros, as in secure messaging; it should be zero"
        "初始值用了卡的随机数补零 (如同线路保护), 应为全零"
        initial;
    "padding-none" Usual
        "no padding was added, as the data is whole blocks; 80 00.. is always added"
        "数据恰为整分组时未填充, 应总是填充 80 00.."
        |grid| padding(grid, Padding::WhereNeeded);
    "padding-zeros" Usual
        "the padding is 00.., not 80 00.."
        "填充用了 00.., 应为 80 00.."
        |grid| {
            padding(grid, Padding::ZerosWhereNeeded);
            padding(grid, Padding::ZerosAlways);
        };
    "padding-twice" Usual
        "the data was padded twice: a block 80 00.. too many"
        "填充了两次, 多出一个 80 00.. 分组"
        |grid| padding(grid, Padding::Twice);
    "mac-right-half" Usual
        "the code is the last four (or the second four) bytes of the last block, not the first four"
        "取了末分组的后四字节 (或第二个四字节), 应为前四字节"
        |grid| {
            taken(grid, Taken::Second);
            taken(grid, Taken::Right);
        };
    "mac-reversed" Usual
        "the four bytes of the code are sent backwards"
        "四字节码按字节倒序发送"
        |grid| taken(grid, Taken::Reversed);
    "mac-folded" Usual
        "the last block is folded (halves or quarters xor each other) in place of taking its first four bytes"
        "末分组折半异或后取值, 应直接取前四字节"
        |grid| {
            taken(grid, Taken::Folded);
            if grid.right.suites.mac == Suite::Sm4 {
                taken(grid, Taken::FoldedTwice);
            }
        };
}

fn padding(grid: &mut Grid<'_>, padding: Padding) {
    grid.change(|one| one.padding = padding);
}

fn taken(grid: &mut Grid<'_>, taken: Taken) {
    grid.change(|one| one.taken = taken);
}

/// The random before, behind, and in both halves of eight bytes; and every challenge before.
fn initial(grid: &mut Grid<'_>) {
    let left = |[a, b, c, d]: [u8; 4]| [a, b, c, d, 0, 0, 0, 0];
    let challenges = grid.case.found.randoms.iter();
    let challenges = challenges.filter(|one| matches!(one.source, Source::Challenge(_)));
    let mut values: Vec<_> = challenges.map(|one| (left(one.value), Some(one.source))).collect();
    if let Some([a, b, c, d]) = grid.case.transaction.values.random {
        values.push((left([a, b, c, d]), None));
        values.push(([0, 0, 0, 0, a, b, c, d], None));
        values.push(([a, b, c, d, a, b, c, d], None));
    }
    for (eight, source) in values {
        grid.change_from(source, |one| {
            one.initial.iter_mut().zip(eight).for_each(|(to, from)| *to = from);
        });
    }
}
