//! Mistakes with date and time (交易日期, 交易时间).

use super::grid::{Grid, offered};
use super::rows;
use crate::Field;
use crate::candidate::Offered;

rows! { Moment
    "moment-of-psam" Usual
        "date or time is what the PSAM was told, not what the command tells the card"
        "日期或时间用的是发给 PSAM 的, 与发给卡的不同"
        |grid| moments(grid, Offered::Psam);
    "moment-elsewhere" Usual
        "date or time is that of another message or record of the trace"
        "日期或时间用的是跟踪中另一报文或记录的"
        |grid| moments(grid, Offered::Trace);
    "moment-candidate" Usual
        "date or time is the candidate given, not what the command tells the card"
        "日期或时间用的是给定的候选值, 与发给卡的不同"
        |grid| moments(grid, Offered::User);
    "date-zero" Usual
        "the date is zero"
        "日期为全零"
        |grid| grid.edit(Field::Date, |_: [u8; 4]| [0; 4]);
    "time-zero" Usual
        "the time is zero"
        "时间为全零"
        |grid| grid.edit(Field::Time, |_: [u8; 3]| [0; 3]);
    "moment-zero" Usual
        "date and time are zero"
        "日期与时间均为全零"
        |grid| moment(grid, &[0; 4], &[0; 3], None);
    "date-day-first" Usual
        "the date is DDMMYYYY"
        "日期顺序为日月年 (DDMMYYYY)"
        |grid| grid.edit(Field::Date, |[c, y, m, d]| [d, m, c, y]);
    "date-month-first" Usual
        "the date is MMDDYYYY"
        "日期顺序为月日年 (MMDDYYYY)"
        |grid| grid.edit(Field::Date, |[c, y, m, d]| [m, d, c, y]);
    "date-reversed" Usual
        "the date is taken backwards, last byte first"
        "日期按字节倒序"
        |grid| grid.edit(Field::Date, |[c, y, m, d]| [d, m, y, c]);
    "date-without-century" Usual
        "the date is 00YYMMDD"
        "日期缺世纪 (00YYMMDD)"
        |grid| grid.edit(Field::Date, |[_, y, m, d]| [0, y, m, d]);
    "date-binary" Usual
        "the date is binary, not BCD"
        "日期为二进制而非 BCD"
        |grid| grid.edit(Field::Date, |[c, y, m, d]| {
            let year = u16::from(binary(c)) * 100 + u16::from(binary(y));
            let [high, low] = year.to_be_bytes();
            [high, low, binary(m), binary(d)]
        });
    "time-reversed" Usual
        "the time is SSMMHH"
        "时间按字节倒序 (SSMMHH)"
        |grid| grid.edit(Field::Time, |[h, m, s]| [s, m, h]);
    "time-binary" Usual
        "the time is binary, not BCD"
        "时间为二进制而非 BCD"
        |grid| grid.edit(Field::Time, |bytes: [u8; 3]| bytes.map(binary));
    "date-time-swapped" Usual
        "the time stands before the date"
        "时间排在日期之前"
        swapped;
    "time-searched" Search
        "the time is another one of the day than the command tells the card"
        "时间与发给卡的不同 (遍历一天内的时刻)"
        times;
    "date-searched" Search
        "the date is another one than the command tells the card"
        "日期与发给卡的不同 (遍历前后二十年)"
        dates;
}

fn moments(grid: &mut Grid<'_>, by: Offered) {
    let found = grid.case.found;
    for ((date, time), source) in offered(&found.moments, by) {
        moment(grid, &date.0, &time.0, source);
    }
    for (date, source) in offered(&found.dates, by) {
        grid.field(Field::Date, &date.0, source);
    }
    for (time, source) in offered(&found.times, by) {
        grid.field(Field::Time, &time.0, source);
    }
}

/// Both; where only one differs, the fields by themselves say so.
fn moment(grid: &mut Grid<'_>, date: &[u8], time: &[u8], source: Option<crate::Source>) {
    let right = &grid.right.fields;
    let both = right.of(Field::Date) != date && right.of(Field::Time) != time;
    if both && grid.covers(Field::Date) && grid.covers(Field::Time) {
        grid.change_from(source, |one| {
            one.fields.set(Field::Date, date);
            one.fields.set(Field::Time, time);
        });
    }
}

fn swapped(grid: &mut Grid<'_>) {
    grid.change(|one| {
        let at = |field| one.layout.iter().position(|covered| *covered == field);
        if let (Some(date), Some(time)) = (at(Field::Date), at(Field::Time)) {
            one.layout.swap(date, time);
        }
    });
}

fn times(grid: &mut Grid<'_>) {
    for second in 0..24 * 3600_u32 {
        let [h, m, s] = [second / 3600, second / 60 % 60, second % 60].map(bcd);
        grid.field(Field::Time, &[h, m, s], None);
    }
}

fn dates(grid: &mut Grid<'_>) {
    let Ok([century, year, ..]) = <[u8; 4]>::try_from(grid.right.fields.of(Field::Date)) else {
        return;
    };
    let year = u32::from(binary(century)) * 100 + u32::from(binary(year));
    for year in year.saturating_sub(20)..=year + 20 {
        for month in 1..=12 {
            for day in 1..=31 {
                let [c, y, m, d] = [year / 100, year % 100, month, day].map(bcd);
                grid.field(Field::Date, &[c, y, m, d], None);
            }
        }
    }
}

/// A BCD byte as a number; of what is no BCD, something.
const fn binary(bcd: u8) -> u8 {
    (bcd >> 4) * 10 + (bcd & 0x0F)
}

/// A number below 100 as BCD; the rest of it.
const fn bcd(number: u32) -> u8 {
    let number = (number % 100) as u8;
    ((number / 10) << 4) | (number % 10)
}
