//! Days of the calendar, as cards hold them, and moments, as reports show them.

use purse::{Date, Time};

/// Why eight digits are no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// Not YYYYMMDD.
    #[error("a day is eight digits, YYYYMMDD")]
    Form,
    /// There is no such month.
    #[error("there is no month {0:02}")]
    Month(u8),
    /// The month has no such day.
    #[error("{year:04}-{month:02} has {last} days")]
    Day {
        /// Year.
        year: u16,
        /// Month.
        month: u8,
        /// Its last day.
        last: u8,
    },
}

/// Whether a card's date is a day of the calendar.
///
/// # Errors
/// [`DayError`].
pub fn check(date: Date) -> Result<(), DayError> {
    let [century, year, month, day] = date.0;
    let number = |bcd: u8| {
        let (tens, ones) = (bcd >> 4, bcd & 0x0F);
        (tens < 10 && ones < 10).then_some(tens * 10 + ones).ok_or(DayError::Form)
    };
    let year = u16::from(number(century)?) * 100 + u16::from(number(year)?);
    let (month, day) = (number(month)?, number(day)?);
    let last = last_day(year, month).ok_or(DayError::Month(month))?;
    if day == 0 || day > last {
        return Err(DayError::Day { year, month, last });
    }
    Ok(())
}

fn last_day(year: u16, month: u8) -> Option<u8> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    })
}

/// Seconds since 1970 as `2026-11-25 18:39:18` (UTC).
pub fn moment(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = day_of(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Seconds since 1970 as a date and time of a card (UTC).
pub fn bcd(seconds: u64) -> (Date, Time) {
    let digits: Vec<u8> =
        moment(seconds).bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let mut packed = digits.chunks(2).map(|pair| match pair {
        [tens, ones] => tens << 4 | ones,
        _ => 0,
    });
    let mut next = || packed.next().unwrap_or_default();
    (Date([next(), next(), next(), next()]), Time([next(), next(), next()]))
}

/// Year, month and day of a day since 1970-01-01, by 400-year cycles that begin in March.
fn day_of(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (cycle, in_cycle) = (shifted / 146_097, shifted % 146_097);
    let in_years = in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096;
    let year = in_years / 365;
    let day = in_cycle - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = cycle * 400 + year + u64::from(month <= 2);
    (year, month, day - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_days() {
        for good in [0x2024_0229, 0x2000_0229, 0x2099_1231, 0x2026_0430, 0x2026_0101] {
            assert_eq!(check(Date(u32::to_be_bytes(good))), Ok(()), "{good:08X}");
        }
        for bad in [
            0x2023_0229,
            0x2100_0229,
            0x2024_0230,
            0x2026_0431,
            0x2026_1301,
            0x2026_0001,
            0x2026_0100,
            0x202A_0101,
        ] {
            assert!(check(Date(u32::to_be_bytes(bad))).is_err(), "{bad:08X}");
        }
    }

    #[test]
    fn moments_are_those_of_the_system_clock() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (4_102_444_800, "2100-01-01 00:00:00"),
        ] {
            assert_eq!(moment(seconds), text);
        }
        let card = (Date([0x20, 0x24, 0x02, 0x29]), Time([0x23, 0x59, 0x59]));
        assert_eq!(bcd(1_709_251_199), card);
    }
}
