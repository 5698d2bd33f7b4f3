//! Every published transaction is explained to the published values.

use applet_spec::vectors::{self, Vector, VectorKind};
use applet_spec::{Profile, PurseKind};
use crypto::custody::{CustodyError, KeyCustody, KeyName, KeyRecord};
use crypto::{Key, Suite, diversify};
use diagnosis::{Card, Code, Explanation, Flow, Source, Transaction, Values, explain};
use purse::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};

/// Gives the keys of one vector.
struct VectorKeys<'v>(&'v Vector);

impl VectorKeys<'_> {
    fn stored(&self, name: &KeyName) -> Result<Key, CustodyError> {
        let vector = self.0;
        let value = if name.as_str().contains("/tac/") {
            vector.input("tac-key")
        } else {
            vector.input("master").or(vector.input("key"))
        };
        let none = || CustodyError::NoSuchKey { provider: vector.id.clone(), name: name.clone() };
        Ok(Key::new(value.ok_or_else(none)?).unwrap())
    }
}

impl KeyCustody for VectorKeys<'_> {
    fn describe(&self) -> String {
        self.0.id.clone()
    }

    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError> {
        Ok(Vec::new())
    }

    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError> {
        let (suite, key) = (self.0.suite.unwrap(), self.stored(name)?);
        let check_value = key.check_value(suite);
        Ok(KeyRecord { name: name.clone(), suite, check_value, public: true, shown: true })
    }

    fn encrypt_by_stored(&self, _: &KeyName, _: &[u8]) -> Result<Vec<u8>, CustodyError> {
        unreachable!("derive is answered here")
    }

    fn derive(&self, name: &KeyName, factors: &[[u8; 8]]) -> Result<Key, CustodyError> {
        let key = self.stored(name)?;
        // Without a master, the vector gives the card key.
        let derived = self.0.input("master").is_some() && !name.as_str().contains("/tac/");
        let factors = if derived { factors } else { &[] };
        let suite = self.0.suite.unwrap();
        Ok(factors.iter().fold(key, |key, factor| diversify(suite, &key, factor)))
    }
}

fn array<const N: usize>(vector: &Vector, name: &str) -> Option<[u8; N]> {
    vector.input(name).map(|bytes| bytes.try_into().unwrap())
}

fn profile_of(vector: &Vector) -> &'static Profile {
    let name = match (vector.profile.as_str(), vector.suite, vector.factors().len()) {
        ("any", Some(Suite::Sm4), 2) => "jtt978-sm4",
        ("any", Some(Suite::Sm4), _) => "pboc-sm4",
        (name, ..) => name,
    };
    Profile::built_in(name).unwrap()
}

fn transaction_of(vector: &Vector, profile: &Profile) -> Transaction {
    let [kind] = array(vector, "type").unwrap();
    let transaction_type = TransactionType::from_byte(kind).unwrap();
    let (flow, purse) = match transaction_type {
        TransactionType::DepositLoad => (Flow::Load, PurseKind::Deposit),
        TransactionType::PurseLoad => (Flow::Load, PurseKind::Purse),
        TransactionType::Unload => (Flow::Unload, PurseKind::Deposit),
        TransactionType::Cash => (Flow::Cash, PurseKind::Deposit),
        TransactionType::DepositPurchase => (Flow::Purchase, PurseKind::Deposit),
        TransactionType::PursePurchase => (Flow::Purchase, PurseKind::Purse),
        TransactionType::Capp => (Flow::Capp, PurseKind::Purse),
        TransactionType::Overdraft => (Flow::Overdraft, PurseKind::Deposit),
        TransactionType::MobileOverdraft => unreachable!("no vector has it"),
    };
    assert_eq!(flow.transaction_type(purse, &profile.rules), transaction_type);
    let serial = if flow.online() { "online-serial" } else { "offline-serial" };
    let card_serial = vector.factors().last().copied().unwrap_or(profile.serial);
    Transaction {
        place: None,
        flow,
        purse,
        transaction_type,
        directory: profile.application().unwrap().fid,
        key_index: 1,
        key_version: None,
        algorithm: None,
        card: Card::of_profile(profile, card_serial, Source::Given),
        values: Values {
            amount: array(vector, "amount").map(Amount::from_bytes),
            balance: array(vector, "balance").map(Amount::from_bytes),
            serial: array(vector, serial).map(u16::from_be_bytes),
            old_limit: array(vector, "old-limit").map(Limit::from_bytes),
            new_limit: array(vector, "new-limit").map(Limit::from_bytes),
            random: array(vector, "random"),
            terminal: array(vector, "terminal").map(TerminalId),
            terminal_serial: array(vector, "terminal-serial").map(TerminalSerial),
            date: array(vector, "date").map(Date),
            time: array(vector, "time").map(Time),
            code: array(vector, "identification-code").map(IdentificationCode),
        },
        step: None,
        received: Vec::new(),
    }
}

fn explained(vector: &Vector) -> Vec<Explanation> {
    let profile = profile_of(vector);
    explain(profile, &VectorKeys(vector), &transaction_of(vector, profile))
}

#[test]
fn every_transaction_of_the_vectors_is_explained_to_its_published_values() {
    let mut compared = 0;
    for vector in vectors::all() {
        if !matches!(
            vector.kind,
            VectorKind::Load | VectorKind::Purchase | VectorKind::Unload | VectorKind::Overdraft
        ) {
            continue;
        }
        let explanations = explained(vector);
        for (code, name) in
            [(Code::Mac1, "mac1"), (Code::Mac2, "mac2"), (Code::Mac3, "mac3"), (Code::Tac, "tac")]
        {
            let Some(published) = vector.output(name) else { continue };
            let one = explanations.iter().find(|one| one.code == code).unwrap();
            assert_eq!(one.computed().unwrap().0, published, "{} {name}", vector.id);
            compared += 1;
        }
        for one in &explanations {
            let Ok(making) = &one.made else { continue };
            let Ok(keyed) = &making.keyed else { continue };
            if let (Some(key), Some(published)) = (&keyed.card_key, vector.output("key")) {
                assert!(one.code == Code::Tac || key == published, "{}", vector.id);
            }
            assert_eq!(making.session.is_some(), keyed.session_key.is_some());
            if let Some(session) = &keyed.session_key {
                assert_eq!(session, vector.output("session").unwrap(), "{}", vector.id);
            }
            // The pieces are the input; with the padding they are the blocks.
            let pieces = making.input.iter().flat_map(|piece| &piece.bytes);
            let whole: Vec<u8> = pieces.chain(&making.padding.bytes).copied().collect();
            let blocks = keyed.rounds.iter().flat_map(|round| &round.plain);
            assert!(blocks.eq(&whole), "{}", vector.id);
            let last = keyed.rounds.last().unwrap().chain.as_ref().unwrap();
            assert_eq!(last.1[..4], keyed.code.0, "{}", vector.id);
        }
    }
    assert_eq!(compared, 41);
}
