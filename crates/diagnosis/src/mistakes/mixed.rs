//! Another code in place of the one that belongs there (误用其他码).

use crypto::Mac;

use super::grid::Grid;
use super::rows;
use crate::Code;

rows! { Mixed
    "mac1-in-its-place" Usual
        "it is the MAC1 of this transaction"
        "误用了本次交易的 MAC1"
        |grid| other(grid, Code::Mac1);
    "mac2-in-its-place" Usual
        "it is the MAC2 of this transaction; a debit answers TAC then MAC2, GET TRANSACTION PROOF answers MAC2 then TAC"
        "误用了本次交易的 MAC2 (消费应答先 TAC 后 MAC2, 取交易认证应答先 MAC2 后 TAC)"
        |grid| other(grid, Code::Mac2);
    "mac3-in-its-place" Usual
        "it is the MAC3 of this unload"
        "误用了本次圈提的 MAC3"
        |grid| other(grid, Code::Mac3);
    "tac-in-its-place" Usual
        "it is the TAC of this transaction; a debit answers TAC then MAC2, GET TRANSACTION PROOF answers MAC2 then TAC"
        "误用了本次交易的 TAC (消费应答先 TAC 后 MAC2, 取交易认证应答先 MAC2 后 TAC)"
        |grid| other(grid, Code::Tac);
    "mac-of-another-transaction" Usual
        "it is the MAC that another transaction of the trace was sent with: an old one repeated"
        "与跟踪中另一笔交易发送的 MAC 相同, 是重放"
        repeated;
    "mac-empty" Usual
        "it was never filled in: 00000000 or FFFFFFFF"
        "未填写, 为 00000000 或 FFFFFFFF"
        |grid| {
            grid.literal(Mac([0x00; 4]), None);
            grid.literal(Mac([0xFF; 4]), None);
        };
}

fn other(grid: &mut Grid<'_>, code: Code) {
    let scenario = grid.case.others.iter().find(|(other, _)| *other == code);
    if let Some((_, scenario)) = scenario {
        grid.change(|one| one.clone_from(scenario));
    }
}

fn repeated(grid: &mut Grid<'_>) {
    let own = grid.case.transaction.step.map(|step| step.place);
    for candidate in &grid.case.found.macs {
        if candidate.source.place() != own {
            grid.literal(candidate.value, Some(candidate.source));
        }
    }
}
