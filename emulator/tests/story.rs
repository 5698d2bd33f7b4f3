//! The story of a card, on every built-in profile.

mod common;

use applet_spec::PurseKind;
use common::Bench;
use purse::{Amount, TransactionType};
use terminal::CardSession;

#[test]
fn a_fresh_card_takes_a_load_and_a_purchase_on_every_profile() {
    for bench in Bench::all() {
        let name = &bench.profile.name;
        let mut card = bench.inserted();
        let mut session = CardSession::new(&mut card);
        bench.open(&mut session);
        let mut terminal = bench.terminal();
        for purse in bench.purses() {
            assert_eq!(session.balance(purse).unwrap(), Amount(0), "{name}");
            terminal.load(&mut session, purse, Amount(10_000)).unwrap();
            let receipt = terminal.purchase(&mut session, purse, Amount(250)).unwrap();
            assert_eq!(session.balance(purse).unwrap(), Amount(9_750), "{name}");
            let kind = match purse {
                PurseKind::Deposit => TransactionType::DepositPurchase,
                PurseKind::Purse => TransactionType::PursePurchase,
            };
            let proof = session.proof(kind, receipt.serial + 1).unwrap().expect("a proof");
            assert_eq!(proof.tac, receipt.tac);
            assert_eq!(Some(proof.mac), receipt.mac2);
        }
    }
}
