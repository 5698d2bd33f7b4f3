//! The terminal's clock is a value.

use proptest::prelude::*;
use purse::{Date, Time};
use terminal::Timestamp;

#[test]
fn a_moment_reads_and_shows_as_iso_and_as_bcd() {
    for (text, seconds, date, time) in [
        ("1970-01-01T00:00:00", 0, "19700101", "000000"),
        ("2000-02-29T23:59:59", 951_868_799, "20000229", "235959"),
        ("2026-11-22T12:34:56", 1_795_350_896, "20261122", "123456"),
        ("9999-12-31T23:59:59", 253_402_300_799, "99991231", "235959"),
    ] {
        let moment: Timestamp = text.parse().unwrap();
        assert_eq!(moment, Timestamp::from_seconds(seconds), "{text}");
        assert_eq!(moment.to_string(), text);
        assert_eq!(
            (moment.date().to_string(), moment.time().to_string()),
            (date.into(), time.into())
        );
    }
    assert_eq!("2026-11-22 12:34".parse(), Ok(Timestamp::from_seconds(1_795_350_840)));
    assert_eq!(Timestamp::from_seconds(u64::MAX).to_string(), "9999-12-31T23:59:59");
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "2026-11-22",
        "2026-11-22T",
        "2026-13-01T00:00:00",
        "2026-02-29T00:00:00",
        "2026-11-31T00:00:00",
        "2026-11-00T00:00:00",
        "1969-12-31T23:59:59",
        "2026-11-22T24:00:00",
        "2026-11-22T00:60:00",
        "2026-11-22T00:00:61",
        "26-11-22T00:00:00",
        "2026-1-22T00:00:00",
        "+026-11-22T00:00:00",
        "2026-11-22T00:00:00Z",
        "2026-11-22T00:00:00:00",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    let midnight = Time([0; 3]);
    assert_eq!(Timestamp::from_bcd(Date([0x20, 0x26, 0x1A, 0x01]), midnight), None);
    assert_eq!(Timestamp::from_bcd(Date([0; 4]), midnight), None);
    assert_eq!(Timestamp::from_bcd(Date([0xFF; 4]), Time([0xFF; 3])), None);
}

proptest! {
    #[test]
    fn every_second_comes_back_from_text_and_bcd(seconds in 0_u64..253_402_300_800) {
        let moment = Timestamp::from_seconds(seconds);
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        prop_assert_eq!(Timestamp::from_bcd(moment.date(), moment.time()), Some(moment));
        prop_assert_eq!(moment.plus(1).seconds_since(moment), u64::from(seconds < 253_402_300_799));
    }

    #[test]
    fn no_bytes_are_too_odd(date: [u8; 4], time: [u8; 3]) {
        if let Some(moment) = Timestamp::from_bcd(Date(date), Time(time)) {
            prop_assert_eq!((moment.date().0, moment.time().0), (date, time));
        }
    }
}
