//! Mistakes with the card's serial (卡片交易序号).

use super::grid::{Grid, offered};
use super::rows;
use crate::candidate::Offered;
use crate::{Field, Source};

rows! { Counter
    "serial-after" Usual
        "the card serial after the transaction was used, not the one before"
        "用了交易后的卡片交易序号, 应为交易前的"
        |grid| shifted(grid, 1);
    "serial-stale" Usual
        "the card serial is one too small: that of the transaction before"
        "卡片交易序号小一, 是上一笔交易的"
        |grid| shifted(grid, -1);
    "online-serial" Usual
        "the online serial was used, not the offline serial"
        "用了联机交易序号, 应为脱机交易序号"
        |grid| other_counter(grid, Counter::Online);
    "offline-serial" Usual
        "the offline serial was used, not the online serial"
        "用了脱机交易序号, 应为联机交易序号"
        |grid| other_counter(grid, Counter::Offline);
    "serial-zero" Usual
        "the card serial is zero"
        "卡片交易序号为零"
        |grid| serial(grid, [0, 0], None);
    "serial-little-endian" Usual
        "the card serial is little endian"
        "卡片交易序号为小端字节序"
        |grid| edited(grid, u16::swap_bytes);
    "serial-of-psam" Usual
        "the card serial is what the PSAM was told, not what the card answered"
        "卡片交易序号用的是发给 PSAM 的, 与卡应答的不同"
        |grid| serials(grid, Offered::Psam);
    "serial-elsewhere" Usual
        "the card serial is that of another message or record of the trace"
        "卡片交易序号用的是跟踪中另一报文或记录的"
        |grid| serials(grid, Offered::Trace);
    "serial-candidate" Usual
        "the card serial is the candidate given"
        "卡片交易序号用的是给定的候选值"
        |grid| serials(grid, Offered::User);
    "serial-searched" Search
        "the card serial is another one than the card answered"
        "卡片交易序号与卡应答的不同 (遍历全部取值)"
        |grid| (0..=u16::MAX).for_each(|value| serial(grid, value.to_be_bytes(), None));
}

enum Counter {
    Online,
    Offline,
}

/// A serial in all places that have one; where that is two, also in one of them.
fn serial(grid: &mut Grid<'_>, bytes: [u8; 2], source: Option<Source>) {
    let (session, covered) = (grid.has_session(), grid.covers(Field::Serial));
    if session {
        grid.change_from(source, |one| one.serial = bytes);
    }
    if covered {
        grid.change_from(source, |one| one.fields.set(Field::Serial, &bytes));
    }
    if session && covered {
        grid.change_from(source, |one| {
            one.serial = bytes;
            one.fields.set(Field::Serial, &bytes);
        });
    }
}

fn edited(grid: &mut Grid<'_>, edit: impl FnOnce(u16) -> u16) {
    if let Some(right) = grid.case.transaction.values.serial {
        serial(grid, edit(right).to_be_bytes(), None);
    }
}

fn shifted(grid: &mut Grid<'_>, by: i16) {
    edited(grid, |right| right.wrapping_add_signed(by));
}

fn other_counter(grid: &mut Grid<'_>, counter: Counter) {
    let found = grid.case.found;
    let list = match (counter, grid.case.transaction.flow.online()) {
        (Counter::Online, false) => &found.online_serials,
        (Counter::Offline, true) => &found.offline_serials,
        _ => return,
    };
    for candidate in list {
        serial(grid, candidate.value.to_be_bytes(), Some(candidate.source));
    }
}

fn serials(grid: &mut Grid<'_>, by: Offered) {
    let found = grid.case.found;
    let own = if grid.case.transaction.flow.online() {
        &found.online_serials
    } else {
        &found.offline_serials
    };
    for (value, source) in offered(&found.serials, by).chain(offered(own, by)) {
        serial(grid, value.to_be_bytes(), source);
    }
}
