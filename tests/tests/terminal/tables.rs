//! White, BIN and black tables: what is read, what is refused, when it holds.

use applet_spec::flow::Refusal;
use proptest::prelude::*;
use terminal::{CardIdentity, Offered, Outcome, TableError, TableKind, Tables, Timestamp};

use crate::lab::{Books, Lab, NOW, tap};

const WHITE: TableKind = TableKind::White;
const BIN: TableKind = TableKind::Bin;
const BLACK: TableKind = TableKind::Black;

fn card(number: &str, issuer: &str) -> CardIdentity {
    CardIdentity {
        number: hex::decode(number).unwrap().try_into().unwrap(),
        issuer: hex::decode(issuer).unwrap().try_into().unwrap(),
    }
}

fn offer(tables: &mut Tables, kind: TableKind, text: &str) -> Result<Offered, TableError> {
    tables.offer(kind, text, "table.csv", NOW)
}

#[test]
fn tables_that_were_never_offered_refuse_nobody() {
    let any = card("03109999000000000001", "01011000FFFFFFFF");
    let tables = Tables::default();
    assert_eq!((tables.unlisted(&any), tables.black_listed(&any)), (None, false));
    assert_eq!(tables.version(WHITE), None);
}

#[test]
fn issuers_are_let_through_by_prefix() {
    let mut tables = Tables::default();
    offer(&mut tables, WHITE, "# table white\n# version 1\n01011000,lab city\n0002290\n").unwrap();
    for (issuer, reason) in [
        ("01011000FFFFFFFF", None),
        ("0002290FFFFFFFFF", None),
        ("00022800FFFFFFFF", Some(Refusal::IssuerNotListed)),
        ("0101100100000000", Some(Refusal::IssuerNotListed)),
    ] {
        assert_eq!(tables.unlisted(&card("03109999000000000001", issuer)), reason, "{issuer}");
    }
}

#[test]
fn the_longest_bin_decides_and_its_issuer_must_be_the_card_s() {
    let mut tables = Tables::default();
    let text = "# table bin\n# version 1\n310\n310999,0101\n31048,0008\n";
    offer(&mut tables, BIN, text).unwrap();
    let not = Some(Refusal::BinNotListed);
    for (number, issuer, reason) in [
        ("03101111000000000001", "0202000000000000", None),
        ("03109999000000000001", "01011000FFFFFFFF", None),
        ("03109999000000000001", "02021000FFFFFFFF", not),
        ("03104830000000000001", "00083010FFFFFFFF", None),
        ("03200000000000000001", "01011000FFFFFFFF", not),
        ("00000000000000000000", "01011000FFFFFFFF", not),
    ] {
        assert_eq!(tables.unlisted(&card(number, issuer)), reason, "{number} {issuer}");
    }
}

#[test]
fn a_spreadsheet_s_bom_quotes_and_line_ends_are_no_mistakes() {
    let mut tables = Tables::default();
    let text = "\u{FEFF}# table black,,\r\n# version 3,,\r\n# rows 2\r\n\r\n\"03109999000000000001\",lost,\r\n310,,\r\n,,\r\n";
    assert_eq!(offer(&mut tables, BLACK, text), Ok(Offered::Active));
    assert!(tables.black_listed(&card("03109999000000000001", "0000000000000000")));
    assert!(tables.black_listed(&card("00000000000000000310", "0000000000000000")));
    assert!(!tables.black_listed(&card("03109999000000000002", "0000000000000000")));
}

#[test]
fn bad_rows_are_told_with_their_lines_and_the_last_good_table_stays() {
    let mut tables = Tables::default();
    offer(&mut tables, BLACK, "# table black\n# version 1\n310\n").unwrap();
    for (text, words) in [
        ("# table black\n# version 2\n31x\n", "table.csv:3:1: \"31x\" is not a card number"),
        ("# table black\n# version 2\n031099990000000000012\n", "table.csv:3:1"),
        ("# table black\n# version 2\n,\n,x\n", "table.csv:4:1: \"\" is not a card number"),
        (
            "# table white\n# version 2\n310\n",
            "table.csv:1:1: a table \"white\", and black was wanted",
        ),
        ("# version 2\n310\n", "does not say which table it is"),
        ("# table black\n310\n", "no version"),
        ("# table black\n# version two\n310\n", "\"two\" is no version"),
        ("# table black\n# version 2\n# effective tomorrow\n310\n", "'tomorrow' is no date"),
        ("# table black\n# version 2\n# rows 3\n310\n311\n", "2 rows, and the head says 3"),
    ] {
        let error = offer(&mut tables, BLACK, text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(tables.version(BLACK), Some(1));
        assert!(tables.black_listed(&card("00000000000000000310", "0000000000000000")));
    }
    let many = format!("# table black\n# version 2\n{}", "x\n".repeat(1000));
    let error = offer(&mut tables, BLACK, &many).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 20, "nobody reads more");
}

#[test]
fn versions_only_go_up() {
    let mut tables = Tables::default();
    let black = |version: u32, row: &str| format!("# table black\n# version {version}\n{row}\n");
    assert_eq!(offer(&mut tables, BLACK, &black(5, "310")), Ok(Offered::Active));
    assert_eq!(offer(&mut tables, BLACK, &black(5, "310")), Ok(Offered::Unchanged));
    let error = offer(&mut tables, BLACK, &black(5, "311")).unwrap_err().to_string();
    assert!(error.contains("version 5 is held already with another content"), "{error}");
    let error = offer(&mut tables, BLACK, &black(4, "311")).unwrap_err().to_string();
    assert!(error.contains("version 4 is older than version 5"), "{error}");
    assert_eq!(offer(&mut tables, BLACK, &black(6, "311")), Ok(Offered::Active));
    assert_eq!(tables.version(BLACK), Some(6));
}

#[test]
fn a_table_of_tomorrow_waits_and_holds_between_two_taps() {
    let lab = Lab::new("jtt978");
    let mut engine = lab.local(0);
    let program = lab.program("tunion-bus");
    let (mut card, mut books) = (lab.card(10_000), Books::default());
    let mut go = |engine: &mut terminal::Engine<'_>, now: Timestamp| {
        tap(engine, &program, &Default::default(), now, &mut card, &mut books).unwrap()
    };
    let noon = NOW.plus(60);
    let text = format!("# table black\n# version 1\n# effective {noon}\n03109999000000000001\n");
    let offered = engine.tables_mut().offer(BLACK, &text, "black.csv", NOW);
    assert_eq!(offered, Ok(Offered::Waiting(noon)));
    assert_eq!(go(&mut engine, NOW.plus(59)), Outcome::Accepted);
    // A newer one that waits longer takes its place.
    let later = noon.plus(60);
    let text = format!("# table black\n# version 2\n# effective {later}\n03109999000000000001\n");
    engine.tables_mut().offer(BLACK, &text, "black.csv", NOW.plus(59)).unwrap();
    assert_eq!(go(&mut engine, noon), Outcome::Accepted);
    assert_eq!(go(&mut engine, later), Outcome::Refused(Refusal::BlackListed));
    assert_eq!(engine.tables_mut().version(BLACK), Some(2));
}

#[test]
fn a_card_of_an_issuer_that_is_not_listed_is_refused() {
    let lab = Lab::new("jtt978");
    let mut engine = lab.local(0);
    let program = lab.program("tunion-bus");
    let (mut card, mut books) = (lab.card(10_000), Books::default());
    let mut go = |engine: &mut terminal::Engine<'_>| {
        tap(engine, &program, &Default::default(), NOW, &mut card, &mut books).unwrap()
    };
    engine.tables_mut().offer(WHITE, "# table white\n# version 1\n0202\n", "w", NOW).unwrap();
    assert_eq!(go(&mut engine), Outcome::Refused(Refusal::IssuerNotListed));
    engine.tables_mut().offer(WHITE, "# table white\n# version 2\n0101\n", "w", NOW).unwrap();
    engine.tables_mut().offer(BIN, "# table bin\n# version 1\n320\n", "b", NOW).unwrap();
    assert_eq!(go(&mut engine), Outcome::Refused(Refusal::BinNotListed));
    engine.tables_mut().offer(BIN, "# table bin\n# version 2\n310,0101\n", "b", NOW).unwrap();
    assert_eq!(go(&mut engine), Outcome::Accepted);
}

proptest! {
    #[test]
    fn no_text_panics_and_a_wrong_one_changes_nothing(text in "[#,a-z0-9 :T\"\n-]{0,120}") {
        for kind in TableKind::ALL {
            let mut tables = Tables::default();
            if offer(&mut tables, kind, &text).is_err() {
                prop_assert_eq!(tables.version(kind), None);
            }
        }
    }

    #[test]
    fn every_number_of_a_long_list_is_found(numbers in proptest::collection::vec(any::<u64>(), 1..300)) {
        let mut tables = Tables::default();
        let rows: String = numbers.iter().map(|number| format!("{number:016}\n")).collect();
        offer(&mut tables, BLACK, &format!("# table black\n# version 1\n{rows}")).unwrap();
        for number in &numbers {
            let digits = format!("{number:020}");
            prop_assert!(tables.black_listed(&card(&digits, "0000000000000000")));
        }
        let other = numbers.iter().fold(1_u64, |sum, number| sum.wrapping_mul(31).wrapping_add(*number));
        let there = numbers.contains(&other);
        let digits = format!("{other:020}");
        prop_assert_eq!(tables.black_listed(&card(&digits, "0000000000000000")), there);
    }
}
