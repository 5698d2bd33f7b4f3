//! The terminal's clock, as a value: nothing here looks at a real one.

use std::fmt;
use std::str::FromStr;

use purse::{Date, Time};

/// A moment on the terminal's clock in whole seconds, local time; no time zones, no leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Why text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no date and time; write it like 2026-11-22T12:34:56, in a year from 1970 to \
     9999"
)]
pub struct TimestampError {
    /// What was given.
    pub text: String,
}

const DAY: u64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

impl Timestamp {
    /// From seconds since 1970-01-01 00:00:00. Later moments than a card's four bytes of date can
    /// say become the last one of the year 9999.
    pub const fn from_seconds(seconds: u64) -> Self {
        const LAST: u64 = 253_402_300_799;
        Self(if seconds > LAST { LAST } else { seconds })
    }

    /// From BCD date and time as cards keep them; `None` where they name no moment from 1970 on.
    pub fn from_bcd(date: Date, time: Time) -> Option<Self> {
        let [century, year, month, day] = date.0.map(from_bcd);
        let [hour, minute, second] = time.0.map(from_bcd);
        Self::from_civil(century? * 100 + year?, month?, day?, [hour?, minute?, second?])
    }

    /// Date YYYYMMDD in BCD.
    pub fn date(self) -> Date {
        let (year, month, day) = civil(self.0 / DAY);
        Date([to_bcd(year / 100), to_bcd(year % 100), to_bcd(month), to_bcd(day)])
    }

    /// Time HHMMSS in BCD.
    pub fn time(self) -> Time {
        let second = self.0 % DAY;
        Time([to_bcd(second / 3600), to_bcd(second / 60 % 60), to_bcd(second % 60)])
    }

    /// Seconds since an earlier moment; 0 where that one is later.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many seconds later.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    fn from_civil(
        year: u64,
        month: u64,
        day: u64,
        [hour, minute, second]: [u64; 3],
    ) -> Option<Self> {
        let clock = hour < 24 && minute < 60 && second < 60;
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || !clock {
            return None;
        }
        let days = days_before(year, month).checked_add(day)?.checked_sub(EPOCH + 1)?;
        // A day that its month does not have comes back as one of the next month.
        let there = civil(days) == (year, month, day);
        there.then_some(Self(days * DAY + hour * 3600 + minute * 60 + second))
    }
}

/// Days from 0000-03-01 to the first of a month. Years are counted from March, so that the leap day
/// is the last of its year.
fn days_before(year: u64, month: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (month + 9) % 12;
    365 * year + year / 4 - year / 100 + year / 400 + (153 * since_march + 2) / 5
}

/// Year, month and day of a day since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let since_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * since_march + 2) / 5 + 1;
    let month = if since_march < 10 { since_march + 3 } else { since_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

fn to_bcd(value: u64) -> u8 {
    (value / 10 * 16 + value % 10) as u8
}

fn from_bcd(byte: u8) -> Option<u64> {
    let (high, low) = (byte >> 4, byte & 0x0F);
    (high < 10 && low < 10).then_some(u64::from(high * 10 + low))
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// `2026-11-22T12:34:56`; the seconds may be left out, and a blank may stand for the T.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TimestampError { text: text.to_owned() };
        let (date, time) = text.split_once(['T', ' ']).ok_or_else(error)?;
        let numbers = |text: &str, mark: char, widths: &[usize]| -> Option<Vec<u64>> {
            let parts: Vec<&str> = text.split(mark).collect();
            let plain = |(part, width): (&&str, &usize)| {
                part.len() == *width && part.bytes().all(|byte| byte.is_ascii_digit())
            };
            let fits = parts.len() == widths.len() && parts.iter().zip(widths).all(plain);
            fits.then(|| parts.iter().filter_map(|part| part.parse().ok()).collect())
        };
        let date = numbers(date, '-', &[4, 2, 2]).ok_or_else(error)?;
        let time = numbers(time, ':', &[2, 2, 2])
            .or_else(|| numbers(time, ':', &[2, 2]).map(|time| [time, vec![0]].concat()))
            .ok_or_else(error)?;
        match (date.as_slice(), <[u64; 3]>::try_from(time)) {
            (&[year, month, day], Ok(time)) => Self::from_civil(year, month, day, time),
            _ => None,
        }
        .ok_or_else(error)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0 / DAY);
        let second = self.0 % DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
