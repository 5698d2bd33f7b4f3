//! Records put together from a template and what the tap knows.

use applet_spec::flow::{CacheStep, Refusal, Setting, Source};
use purse::TerminalSerial;

use super::Engine;
use super::state::{Halt, Run, Running};
use crate::WrittenRecord;

/// The longest value there is.
const LONGEST: usize = 10;

impl Engine<'_> {
    /// The record of a cache step.
    pub(super) fn made(&self, run: &Run<'_>, cache: &CacheStep) -> Result<WrittenRecord, Halt> {
        let length = cache.layout.length;
        let mut data = match cache.base.and_then(|base| run.slots.get(base)) {
            Some(read) if read.len() == length => read.clone(),
            Some(_) => return Err(Halt::refuse(Refusal::WrongFamily)),
            None => vec![0; length],
        };
        for Setting { field, value } in &cache.set {
            match value {
                Source::Bytes(bytes) => field.put(&mut data, bytes),
                Source::Field(at) => {
                    let bytes = run.field(at).ok_or(Halt::refuse(Refusal::WrongFamily))?;
                    field.put(&mut data, bytes);
                }
                other => {
                    let mut buffer = [0; LONGEST];
                    let width = self.value(run, other, &mut buffer);
                    field.put(&mut data, buffer.get(..width).unwrap_or(&buffer));
                }
            }
        }
        Ok(WrittenRecord { sfi: cache.sfi, layout: cache.layout.name.as_str().into(), data })
    }

    /// Writes a value that the tap knows into the buffer; its width.
    fn value(&self, run: &Run<'_>, source: &Source, buffer: &mut [u8; LONGEST]) -> usize {
        let mut put = |bytes: &[u8]| {
            for (to, from) in buffer.iter_mut().zip(bytes) {
                *to = *from;
            }
            bytes.len()
        };
        let (date, time) = (run.now.date().0, run.now.time().0);
        let amount = run.amount.unwrap_or_default();
        let (balance, limit) = run.before();
        let own = balance.0.saturating_sub(limit.unwrap_or_default().fen());
        match source {
            Source::Terminal => put(&self.psam.terminal().0),
            Source::TerminalSerial => put(&run.terminal_serial().0),
            Source::Now => {
                let [d0, d1, d2, d3] = date;
                let [t0, t1, t2] = time;
                put(&[d0, d1, d2, d3, t0, t1, t2])
            }
            Source::Date => put(&date),
            Source::Time => put(&time),
            Source::Amount => put(&amount.to_bytes()),
            Source::BalanceBefore => put(&own.to_be_bytes()),
            Source::BalanceAfter => put(&own.saturating_sub(amount.0).to_be_bytes()),
            Source::CardSerial => put(&run.serial().to_be_bytes()),
            Source::CardNumber => put(&run.card().map_or([0; 10], |card| card.number)),
            Source::City => put(&self.site.city),
            Source::Institution => put(&self.site.institution),
            Source::Line => put(&[self.site.stop.line]),
            Source::Station => put(&self.site.stop.station.to_be_bytes()),
            // Those two have no place in the buffer, and are written where they are.
            Source::Bytes(_) | Source::Field(_) => 0,
        }
    }
}

impl Run<'_> {
    fn terminal_serial(&self) -> TerminalSerial {
        match &self.running {
            Running::PurchaseReady(_, _, sam) => sam.terminal_serial,
            _ => TerminalSerial::default(),
        }
    }

    fn serial(&self) -> u16 {
        match &self.running {
            Running::Purchase(purchase, _) | Running::PurchaseReady(purchase, _, _) => {
                purchase.serial
            }
            _ => 0,
        }
    }
}
