//! Cards of every state, on both targets.

use crate::station::Station;

const FMCOS: &str = "target = \"fmcos\"\nprofile = \"fmcos-ep\"\n";

#[test]
fn a_blank_card_becomes_a_card_of_the_family_and_proves_its_keys() {
    let mut station = Station::new(FMCOS, "serial,balance\n1,10.00\n2,\n");
    station.passes();
    let record = station.record(0);
    println!("{record:#?}");
    assert_eq!(record.progress.done, record.steps);
}
