//! What every MAC and TAC covers, and what every session key is derived from: one function each.
//!
//! The fields and their order are the same on card, PSAM and issuer; sources are the vectors named
//! at each function (`applet-spec/vectors/purse.toml`).

pub use crypto::secure_messaging_input;

use crate::{
    Amount, Date, IdentificationCode, Limit, TerminalId, TerminalSerial, Time, TransactionType,
};

/// Bytes that go into a MAC; at most 48.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacInput {
    bytes: [u8; 48],
    length: usize,
}

impl MacInput {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }

    fn of(parts: &[&[u8]]) -> Self {
        let bytes = [0; 48];
        let mut out = Self { bytes, length: 0 };
        parts.iter().for_each(|part| out.push(part));
        out
    }

    fn push(&mut self, part: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (to, from) in room.iter_mut().zip(part) {
            *to = *from;
        }
        self.length = (self.length + part.len()).min(self.bytes.len());
    }
}

/// Who, where and when: the tail that most inputs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Transaction type.
    pub transaction_type: TransactionType,
    /// Terminal number.
    pub terminal: TerminalId,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
}

/// Session key input of load, unload and overdraft update: `rand4 ‖ online serial2 ‖ 8000`, the
/// serial before the increment. Vector `load-fm1208-c`.
pub fn online_session_input(random: [u8; 4], serial: u16) -> [u8; 8] {
    let [r0, r1, r2, r3] = random;
    let [s0, s1] = serial.to_be_bytes();
    [r0, r1, r2, r3, s0, s1, 0x80, 0x00]
}

/// Session key input of purchase, cash withdrawal and CAPP purchase: `rand4 ‖ offline serial2 ‖
/// last two bytes of the terminal serial`. Vector `purchase-fm1208-d`.
pub fn offline_session_input(random: [u8; 4], serial: u16, terminal: TerminalSerial) -> [u8; 8] {
    let [r0, r1, r2, r3] = random;
    let [s0, s1] = serial.to_be_bytes();
    let [_, _, t2, t3] = terminal.0;
    [r0, r1, r2, r3, s0, s1, t2, t3]
}

/// MAC1 of load and unload, made by the card: `balance4 ‖ amount4 ‖ type1 ‖ terminal6`.
pub fn online_mac1(
    balance: Amount,
    amount: Amount,
    kind: TransactionType,
    terminal: TerminalId,
) -> MacInput {
    MacInput::of(&[&balance.to_bytes(), &amount.to_bytes(), &[kind as u8], &terminal.0])
}

/// MAC2 of load and unload, made by the issuer: `amount4 ‖ type1 ‖ terminal6 ‖ date4 ‖ time3`.
pub fn online_mac2(amount: Amount, moment: &Moment) -> MacInput {
    tail(&[&amount.to_bytes()], moment)
}

/// TAC of a load and MAC3 of an unload: `new balance4 ‖ online serial2 (before) ‖ amount4 ‖ type1
/// ‖ terminal6 ‖ date4 ‖ time3`. Vectors `load-fm1208-c`, `d-unload-ed`.
pub fn online_proof(new_balance: Amount, serial: u16, amount: Amount, moment: &Moment) -> MacInput {
    tail(&[&new_balance.to_bytes(), &serial.to_be_bytes(), &amount.to_bytes()], moment)
}

/// MAC1 of purchase, cash withdrawal and CAPP purchase, made by the PSAM: `amount4 ‖ type1 ‖
/// terminal6 ‖ date4 ‖ time3`, and the 9-byte identification code where the profile has it in.
/// Vectors `purchase-fm1208-d`, `d-capp-cjt166-auth`.
pub fn purchase_mac1(
    amount: Amount,
    moment: &Moment,
    code: Option<&IdentificationCode>,
) -> MacInput {
    let Moment { transaction_type, terminal, date, time } = *moment;
    sam_mac1(amount, transaction_type as u8, terminal, date, time, code)
}

/// [`purchase_mac1`] as a PSAM makes it, which takes any type byte from its terminal.
pub fn sam_mac1(
    amount: Amount,
    transaction_type: u8,
    terminal: TerminalId,
    date: Date,
    time: Time,
    code: Option<&IdentificationCode>,
) -> MacInput {
    let code = code.map_or(&[][..], |code| &code.0);
    let amount = amount.to_bytes();
    MacInput::of(&[&amount, &[transaction_type], &terminal.0, &date.0, &time.0, code])
}

/// MAC2 of a purchase, made by the card: `amount4`.
pub fn purchase_mac2(amount: Amount) -> MacInput {
    MacInput::of(&[&amount.to_bytes()])
}

/// TAC of a purchase: `amount4 ‖ type1 ‖ terminal6 ‖ terminal serial4 ‖ date4 ‖ time3`.
pub fn purchase_tac(amount: Amount, moment: &Moment, serial: TerminalSerial) -> MacInput {
    MacInput::of(&[
        &amount.to_bytes(),
        &[moment.transaction_type as u8],
        &moment.terminal.0,
        &serial.0,
        &moment.date.0,
        &moment.time.0,
    ])
}

/// MAC1 of an overdraft update, made by the card: `balance4 ‖ old limit3 ‖ type1 ‖ terminal6`.
pub fn overdraft_mac1(
    balance: Amount,
    old_limit: Limit,
    kind: TransactionType,
    terminal: TerminalId,
) -> MacInput {
    MacInput::of(&[&balance.to_bytes(), &old_limit.to_bytes(), &[kind as u8], &terminal.0])
}

/// MAC2 of an overdraft update, made by the issuer: `new limit3 ‖ type1 ‖ terminal6 ‖ date4 ‖
/// time3`.
pub fn overdraft_mac2(new_limit: Limit, moment: &Moment) -> MacInput {
    tail(&[&new_limit.to_bytes()], moment)
}

/// TAC of an overdraft update: `new balance4 ‖ online serial2 (before) ‖ new limit3 ‖ type1 ‖
/// terminal6 ‖ date4 ‖ time3`. Vector `d-overdraft`.
pub fn overdraft_tac(
    new_balance: Amount,
    serial: u16,
    new_limit: Limit,
    moment: &Moment,
) -> MacInput {
    tail(&[&new_balance.to_bytes(), &serial.to_be_bytes(), &new_limit.to_bytes()], moment)
}

/// MAC1 of a grey lock (灰锁): `type1 ‖ terminal6 ‖ date4 ‖ time3`. Vector `d-greylock-ep`.
pub fn grey_lock_mac1(kind: u8, terminal: TerminalId, date: Date, time: Time) -> MacInput {
    MacInput::of(&[&[kind], &terminal.0, &date.0, &time.0])
}

/// Second session key input of a grey lock: `terminal random4 ‖ 80000000`. The first is
/// [`offline_session_input`]. Vector `d-greylock-ep`.
pub fn grey_lock_session_input(terminal_random: [u8; 4]) -> [u8; 8] {
    let [r0, r1, r2, r3] = terminal_random;
    [r0, r1, r2, r3, 0x80, 0x00, 0x00, 0x00]
}

/// GMAC of a grey lock, made by the PSAM: `amount4`. Vector `d-greylock-ep`.
pub fn grey_lock_gmac(amount: Amount) -> MacInput {
    MacInput::of(&[&amount.to_bytes()])
}

/// TAC of the debit that unlocks (解扣): `amount4 ‖ type1 (93 or 94) ‖ terminal6 ‖ terminal serial4
/// ‖ date4 ‖ time3`. Vector `d-greylock-ep`.
pub fn grey_unlock_tac(
    amount: Amount,
    kind: u8,
    terminal: TerminalId,
    serial: TerminalSerial,
    date: Date,
    time: Time,
) -> MacInput {
    let amount = amount.to_bytes();
    MacInput::of(&[&amount, &[kind], &terminal.0, &serial.0, &date.0, &time.0])
}

/// What the last four bytes of an identification code are a MAC of, where it is one of this
/// laboratory: `manufacturer1 ‖ chip number4`. The MAC is that of secure messaging with zero IV.
/// This is not the ministry's algorithm, which is not public.
pub fn lab_identification_code(code: &IdentificationCode) -> MacInput {
    let [manufacturer, n0, n1, n2, n3, ..] = code.0;
    MacInput::of(&[&[manufacturer, n0, n1, n2, n3]])
}

fn tail(head: &[&[u8]], moment: &Moment) -> MacInput {
    let mut out = MacInput::of(head);
    out.push(&[moment.transaction_type as u8]);
    out.push(&moment.terminal.0);
    out.push(&moment.date.0);
    out.push(&moment.time.0);
    out
}
