//! Records: the transaction log, and where CAPP records keep their id, length and lock.

use applet_spec::CappRules;

use crate::{Amount, Date, Limit, TerminalId, Time};

/// A transaction log record (交易明细), 23 bytes: serial2, overdraft limit3, amount4, type1,
/// terminal6, date4, time3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Offline serial for purchases, online serial for the rest.
    pub serial: u16,
    /// Overdraft limit at that time.
    pub limit: Limit,
    /// Amount; for an overdraft update the new limit.
    pub amount: Amount,
    /// Transaction type byte; kept as it is, since cards hold types this program has no name for.
    pub transaction_type: u8,
    /// Terminal number.
    pub terminal: TerminalId,
    /// Date.
    pub date: Date,
    /// Time.
    pub time: Time,
}

impl LogRecord {
    /// Bytes of a record.
    pub const LENGTH: usize = 23;

    /// As the file holds it.
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            self.serial.to_be_bytes().as_slice(),
            &self.limit.to_bytes(),
            &self.amount.to_bytes(),
            &[self.transaction_type],
            &self.terminal.0,
            &self.date.0,
            &self.time.0,
        ]
        .concat()
    }

    /// Reads a record; `None` where it was never written (all 00 or all FF) or has another length.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let blank = |filler: u8| bytes.iter().all(|byte| *byte == filler);
        if blank(0) || blank(0xFF) {
            return None;
        }
        let [
            s0,
            s1,
            l0,
            l1,
            l2,
            a0,
            a1,
            a2,
            a3,
            kind,
            t0,
            t1,
            t2,
            t3,
            t4,
            t5,
            d0,
            d1,
            d2,
            d3,
            h0,
            h1,
            h2,
        ] = *<&[u8; Self::LENGTH]>::try_from(bytes).ok()?;
        Some(Self {
            serial: u16::from_be_bytes([s0, s1]),
            limit: Limit::from_bytes([l0, l1, l2]),
            amount: Amount::from_bytes([a0, a1, a2, a3]),
            transaction_type: kind,
            terminal: TerminalId([t0, t1, t2, t3, t4, t5]),
            date: Date([d0, d1, d2, d3]),
            time: Time([h0, h1, h2]),
        })
    }
}

/// The byte that P1 names a CAPP record by: the last byte of its id.
pub fn capp_id(rules: &CappRules, record: &[u8]) -> Option<u8> {
    record.get(usize::from(rules.id_width).checked_sub(1)?).copied()
}

/// Whether a CAPP record is locked (锁定).
pub fn capp_locked(rules: &CappRules, record: &[u8]) -> bool {
    record.get(usize::from(rules.lock_offset)).is_some_and(|flag| *flag != 0)
}

/// Whether the length byte of `data` says what follows it.
pub fn capp_length_fits(rules: &CappRules, data: &[u8]) -> bool {
    let at = usize::from(rules.length_offset);
    data.get(at).is_some_and(|length| usize::from(*length) + at + 1 == data.len())
}
