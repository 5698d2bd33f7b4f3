//! Every transaction among the known answers: session key, MAC1, MAC2, MAC3, TAC, new balance.

use applet_spec::vectors::{self, Vector, VectorKind};
use crypto::{BlockCipher, Key, Mac, SessionKey, TacKey, diversify};
use purse::mac::{self, Moment};
use purse::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};

/// A vector being worked through: every output is to be compared with something.
struct Case {
    vector: &'static Vector,
    compared: Vec<&'static str>,
}

impl Case {
    fn all(kind: VectorKind, expected: usize) -> impl Iterator<Item = Self> {
        let of_kind = move || vectors::all().iter().filter(move |vector| vector.kind == kind);
        assert_eq!(of_kind().count(), expected, "vectors of kind {kind:?}");
        of_kind().map(|vector| Self { vector, compared: Vec::new() })
    }

    fn input<const N: usize>(&self, name: &str) -> [u8; N] {
        let value = self.vector.input(name);
        value
            .and_then(|value| value.try_into().ok())
            .unwrap_or_else(|| panic!("{}: no {name} of {N} bytes", self.vector.id))
    }

    fn amount(&self, name: &str) -> Amount {
        Amount::from_bytes(self.input(name))
    }

    fn serial(&self, name: &str) -> u16 {
        u16::from_be_bytes(self.input(name))
    }

    fn kind(&self) -> TransactionType {
        let [byte] = self.input("type");
        TransactionType::from_byte(byte).unwrap()
    }

    fn terminal(&self) -> TerminalId {
        TerminalId(self.input("terminal"))
    }

    /// `None` where the vector stops at the first step.
    fn moment(&self) -> Option<Moment> {
        self.vector.input("date")?;
        Some(Moment {
            transaction_type: self.kind(),
            terminal: self.terminal(),
            date: Date(self.input("date")),
            time: Time(self.input("time")),
        })
    }

    /// The card key: given, or derived from the master key.
    fn key(&mut self) -> BlockCipher {
        let suite = self.vector.suite.unwrap();
        let Some(master) = self.vector.input("master") else {
            return BlockCipher::new(suite, &Key::new(self.vector.input("key").unwrap()).unwrap());
        };
        let master = Key::new(master).unwrap();
        let key = self.vector.factors().iter().fold(master, |key, f| diversify(suite, &key, f));
        self.check("key", key.expose());
        BlockCipher::new(suite, &key)
    }

    fn session(&mut self, input: [u8; 8]) -> SessionKey {
        let key = self.key();
        let session = SessionKey::derive(self.vector.suite.unwrap(), &key, &input);
        self.check("session", session.expose());
        session
    }

    /// The session key of load, unload and overdraft update.
    fn online_session(&mut self) -> SessionKey {
        let input = mac::online_session_input(self.input("random"), self.serial("online-serial"));
        self.session(input)
    }

    fn offline_input(&self) -> [u8; 8] {
        let terminal = TerminalSerial(self.input("terminal-serial"));
        mac::offline_session_input(self.input("random"), self.serial("offline-serial"), terminal)
    }

    fn check(&mut self, name: &'static str, found: &[u8]) {
        let expected = self.vector.output(name).map(hex::encode_upper);
        assert_eq!(expected, Some(hex::encode_upper(found)), "{}: {name}", self.vector.id);
        self.compared.push(name);
    }

    fn check_mac(&mut self, name: &'static str, found: Mac) {
        self.check(name, &found.0);
    }

    /// The TAC, where the vector gives a key for it.
    fn check_tac(&mut self, input: &mac::MacInput) {
        if let Some(key) = self.vector.input("tac-key") {
            let tac = TacKey::new(self.vector.suite.unwrap(), &Key::new(key).unwrap());
            self.check_mac("tac", tac.tac(input.as_bytes()));
        }
    }

    fn finish(mut self) {
        self.compared.sort_unstable();
        let outputs: Vec<&str> = self.vector.outputs.keys().map(String::as_str).collect();
        assert_eq!(self.compared, outputs, "{}", self.vector.id);
    }
}

#[test]
fn loads_have_the_known_codes() {
    for mut case in Case::all(VectorKind::Load, 7) {
        let session = case.online_session();
        let (balance, amount) = (case.amount("balance"), case.amount("amount"));
        let mac1 = mac::online_mac1(balance, amount, case.kind(), case.terminal());
        case.check_mac("mac1", session.mac(mac1.as_bytes()));
        if let Some(moment) = case.moment() {
            let mac2 = mac::online_mac2(amount, &moment);
            case.check_mac("mac2", session.mac(mac2.as_bytes()));
            let after = Amount(balance.0 + amount.0);
            let serial = case.serial("online-serial");
            case.check_tac(&mac::online_proof(after, serial, amount, &moment));
        }
        case.finish();
    }
}

#[test]
fn purchases_have_the_known_codes() {
    for mut case in Case::all(VectorKind::Purchase, 7) {
        let input = case.offline_input();
        let session = case.session(input);
        let (amount, moment) = (case.amount("amount"), case.moment().unwrap());
        let code = case
            .vector
            .input("identification-code")
            .map(|code| IdentificationCode(code.try_into().unwrap()));
        let mac1 = mac::purchase_mac1(amount, &moment, code.as_ref());
        case.check_mac("mac1", session.mac(mac1.as_bytes()));
        let mac2 = mac::purchase_mac2(amount);
        case.check_mac("mac2", session.mac(mac2.as_bytes()));
        let serial = TerminalSerial(case.input("terminal-serial"));
        case.check_tac(&mac::purchase_tac(amount, &moment, serial));
        case.finish();
    }
}

#[test]
fn unloads_have_the_known_codes() {
    for mut case in Case::all(VectorKind::Unload, 1) {
        let session = case.online_session();
        let (balance, amount) = (case.amount("balance"), case.amount("amount"));
        let mac1 = mac::online_mac1(balance, amount, case.kind(), case.terminal());
        case.check_mac("mac1", session.mac(mac1.as_bytes()));
        let moment = case.moment().unwrap();
        let mac2 = mac::online_mac2(amount, &moment);
        case.check_mac("mac2", session.mac(mac2.as_bytes()));
        let after = Amount(balance.0 - amount.0);
        let mac3 = mac::online_proof(after, case.serial("online-serial"), amount, &moment);
        case.check_mac("mac3", session.mac(mac3.as_bytes()));
        case.finish();
    }
}

#[test]
fn overdraft_updates_have_the_known_codes() {
    for mut case in Case::all(VectorKind::Overdraft, 1) {
        let session = case.online_session();
        let limit = |name| Limit::from_bytes(case.input(name));
        let (old, new) = (limit("old-limit"), limit("new-limit"));
        let balance = case.amount("balance");
        let mac1 = mac::overdraft_mac1(balance, old, case.kind(), case.terminal());
        case.check_mac("mac1", session.mac(mac1.as_bytes()));
        let moment = case.moment().unwrap();
        let mac2 = mac::overdraft_mac2(new, &moment);
        case.check_mac("mac2", session.mac(mac2.as_bytes()));
        let after = Amount(balance.0 - old.fen() + new.fen());
        case.check("new-balance", &after.to_bytes());
        let serial = case.serial("online-serial");
        case.check_tac(&mac::overdraft_tac(after, serial, new, &moment));
        case.finish();
    }
}

#[test]
fn grey_locks_have_the_known_codes() {
    for mut case in Case::all(VectorKind::GreyLock, 1) {
        let suite = case.vector.suite.unwrap();
        let temporary = SessionKey::derive(suite, &case.key(), &case.offline_input());
        case.check("temporary-key", temporary.expose());
        let random = case.input("terminal-random");
        let session = temporary.derive_again(&mac::grey_lock_session_input(random));
        case.check("session", session.expose());

        let ([lock], [unlock]) = (case.input("type"), case.input("unlock-type"));
        let (date, time) = (Date(case.input("date")), Time(case.input("time")));
        let mac1 = mac::grey_lock_mac1(lock, case.terminal(), date, time);
        case.check_mac("mac1", session.mac(mac1.as_bytes()));
        let amount = case.amount("amount");
        case.check_mac("gmac", session.mac(mac::grey_lock_gmac(amount).as_bytes()));
        let serial = TerminalSerial(case.input("terminal-serial"));
        let terminal = case.terminal();
        case.check_tac(&mac::grey_unlock_tac(amount, unlock, terminal, serial, date, time));
        case.finish();
    }
}

#[test]
fn a_secured_command_is_covered_from_its_class_on() {
    let file = vectors::find("klks-mac-file05").unwrap().input("data").unwrap();
    let (header, data) = file.split_first_chunk::<4>().unwrap();
    assert_eq!(mac::secure_messaging_input(*header, &data[1..]), file);
}
