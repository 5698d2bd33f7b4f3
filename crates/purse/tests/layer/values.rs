//! Fields, answers and records: as they are written, so they are read.

use crypto::Mac;
use proptest::collection::vec;
use proptest::prelude::*;
use purse::answer::{
    AnswerError, Balance, Confirmed, Debited, OnlineInitialized, Proof, PurchaseInitialized,
    SamInitialized, UpdateInitialized,
};
use purse::record::{LogRecord, capp_id, capp_length_fits, capp_locked};
use purse::{Amount, Limit, Pin, PinError, TransactionType};

use crate::{bytes, rules, strategy};

#[test]
fn amounts_are_read_in_yuan_with_two_decimals_or_in_fen() {
    for (text, fen) in [
        ("10.00", 1000),
        ("0.01", 1),
        ("0.00", 0),
        ("007.50", 750),
        ("42949672.95", u32::MAX),
        ("1000fen", 1000),
        ("0fen", 0),
        ("4294967295fen", u32::MAX),
    ] {
        assert_eq!(text.parse(), Ok(Amount(fen)), "{text}");
    }
}

#[test]
fn what_could_be_taken_for_another_amount_is_refused() {
    for text in [
        "",
        "10",
        "10.",
        "10.0",
        "10.000",
        ".50",
        ".",
        "fen",
        "10.00fen",
        "1000 fen",
        "1000FEN",
        " 10.00",
        "10.00 ",
        "-10.00",
        "+10.00",
        "10,00",
        "1,000.00",
        "1e3fen",
        "0x10fen",
        "10.0a",
        "１０.００",
        "42949672.96",
        "4294967296fen",
        "99999999999fen",
        "99999999999999999999.00",
        "1.-1",
        "10.00.00",
        "¥10.00",
    ] {
        let refused = text.parse::<Amount>().unwrap_err();
        assert_eq!(refused.text, text);
        let said = refused.to_string();
        assert!(said.contains(".00") && said.contains("fen"), "both forms are shown: {said}");
    }
}

#[test]
fn a_limit_has_three_bytes() {
    assert_eq!(Limit::new(0xFF_FFFF), Some(Limit::MAX));
    assert_eq!(Limit::new(0x100_0000), None);
    assert_eq!(Limit::from_bytes([0x00, 0x07, 0xD0]).fen(), 2000);
}

#[test]
fn a_pin_has_2_to_6_bytes_and_ff_only_behind_them() {
    for (hex, expected) in [
        ("123456", Ok("123456")),
        ("1234", Ok("1234")),
        ("123456FFFFFF", Ok("123456")),
        ("123456789012FFFF", Ok("123456789012")),
        ("0000", Ok("0000")),
        ("", Err(PinError::Length(0))),
        ("12", Err(PinError::Length(1))),
        ("FFFFFFFF", Err(PinError::Length(0))),
        ("12345678901234", Err(PinError::Length(7))),
        ("12FF34", Err(PinError::FillerInside)),
        ("FF1234", Err(PinError::FillerInside)),
    ] {
        let pin = Pin::new(&bytes(hex));
        let found = pin.as_ref().map(|pin| hex::encode(pin.expose())).map_err(|error| *error);
        assert_eq!(found, expected.map(str::to_owned), "{hex}");
    }
    let pin = Pin::new(&[0x12, 0x34]).unwrap();
    assert_eq!(pin.padded(), [0x12, 0x34, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(format!("{pin:?}"), "Pin(..)");
}

#[test]
fn transaction_types_have_the_bytes_and_names_of_the_field() {
    for kind in TransactionType::ALL {
        assert_eq!(TransactionType::from_byte(kind as u8), Some(kind));
        assert!(!kind.names().0.is_empty() && !kind.names().1.is_empty());
    }
    assert_eq!(TransactionType::from_byte(0x08), None);
    assert_eq!(TransactionType::Capp as u8, 0x09);
}

#[test]
fn records_that_were_never_written_are_none() {
    for blank in [vec![0; 23], vec![0xFF; 23], vec![], vec![1; 22], vec![1; 24]] {
        assert_eq!(LogRecord::parse(&blank), None);
    }
}

#[test]
fn a_log_record_is_read_field_by_field() {
    let record = bytes("042D 000000 000001F4 09 300089000340 20241229 141740");
    let read = LogRecord::parse(&record).unwrap();
    assert_eq!((read.serial, read.limit.fen(), read.amount), (0x042D, 0, Amount(500)));
    assert_eq!(read.transaction_type, TransactionType::Capp as u8);
    assert_eq!(read.terminal.to_string(), "300089000340");
    assert_eq!(
        (read.date.to_string(), read.time.to_string()),
        ("20241229".into(), "141740".into())
    );
}

#[test]
fn capp_records_keep_id_length_and_lock_where_the_family_has_them() {
    let (cjt, jtt) = (&rules("cjt166").capp, &rules("jtt978").capp);
    let city = [&[0x09, 0x2E, 0x00][..], &[0; 45]].concat();
    assert_eq!((capp_id(cjt, &city), capp_locked(cjt, &city)), (Some(0x09), false));
    assert!(capp_length_fits(cjt, &city) && !capp_length_fits(cjt, &city[..47]));
    assert!(capp_locked(cjt, &[0x09, 0x2E, 0x01]));

    let ministry = [&[0x27, 0x02, 0x7D, 0x01, 0x01, 0x01][..], &[0; 122]].concat();
    assert_eq!((capp_id(jtt, &ministry), capp_locked(jtt, &ministry)), (Some(0x02), true));
    assert!(capp_length_fits(jtt, &ministry));
    for short in [&[][..], &[0x27][..]] {
        assert_eq!((capp_id(jtt, short), capp_locked(jtt, short)), (None, false));
        assert!(!capp_length_fits(jtt, short));
    }
}

proptest! {
    #[test]
    fn an_amount_is_read_as_it_is_shown(fen: u32) {
        prop_assert_eq!(Amount(fen).to_string().parse(), Ok(Amount(fen)));
        prop_assert_eq!(format!("{fen}fen").parse(), Ok(Amount(fen)));
        prop_assert_eq!(Amount::from_bytes(Amount(fen).to_bytes()), Amount(fen));
    }

    #[test]
    fn a_log_record_is_read_as_it_is_written(
        (serial, limit, amount, transaction_type) in any::<(u16, [u8; 3], u32, u8)>(),
        terminal in strategy::terminal(),
        date in strategy::date(),
        time in strategy::time(),
    ) {
        let (limit, amount) = (Limit::from_bytes(limit), Amount(amount));
        let record =
            LogRecord { serial, limit, amount, transaction_type, terminal, date, time };
        let bytes = record.to_bytes();
        let blank = bytes == [0; 23] || bytes == [0xFF; 23];
        prop_assert_eq!(LogRecord::parse(&bytes), Some(record).filter(|_| !blank));
    }

    #[test]
    fn any_23_bytes_are_a_record_that_is_written_as_it_was_read(record: [u8; 23]) {
        if let Some(read) = LogRecord::parse(&record) {
            prop_assert_eq!(read.to_bytes(), record);
        }
    }
}

/// For each answer: bytes of its length are read and written the same, others are refused.
macro_rules! answers {
    ($($answer:ident $length:literal $test:ident;)*) => {
        proptest! {$(
            #[test]
            fn $test(bytes: [u8; $length], other in vec(any::<u8>(), 0..40)) {
                let read = $answer::parse(&bytes).unwrap();
                prop_assert_eq!($answer::LENGTH, $length);
                prop_assert_eq!(read.to_bytes(), bytes);
                if other.len() != $length {
                    let refused: AnswerError = $answer::parse(&other).unwrap_err();
                    prop_assert_eq!((refused.expected, refused.found), ($length, other.len()));
                }
            }
        )*}
    };
}

answers! {
    Balance 4 a_balance_is_read_as_it_is_written;
    OnlineInitialized 16 an_initialized_load_is_read_as_it_is_written;
    PurchaseInitialized 15 an_initialized_purchase_is_read_as_it_is_written;
    UpdateInitialized 19 an_initialized_update_is_read_as_it_is_written;
    Debited 8 a_debit_is_read_as_it_is_written;
    Confirmed 4 a_confirmation_is_read_as_it_is_written;
    Proof 8 a_proof_is_read_as_it_is_written;
    SamInitialized 8 an_initialized_psam_is_read_as_it_is_written;
}

#[test]
fn a_debit_answers_tac_then_mac2_and_its_proof_the_reverse() {
    let (tac, mac2) = (Mac([1, 2, 3, 4]), Mac([5, 6, 7, 8]));
    assert_eq!(Debited { tac, mac2 }.to_bytes(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(Proof { mac: mac2, tac }.to_bytes(), [5, 6, 7, 8, 1, 2, 3, 4]);
}
