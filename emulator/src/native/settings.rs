//! Odd states, written straight into card memory, and the card's state in words.
//!
//! What can be set is [`purse::setting`]'s table; what each value does to a card is here.

use applet_spec::{KeyKind, Profile, PurseKind};
use nvm::{Nvm, NvmError};
use purse::record::LogRecord;
use purse::setting::{Lock, LogFill, Setting, SettingError, VALID_FROM, VALID_TO};
use purse::{Amount, Date, Limit, TerminalId, Time, TransactionType};

use super::psam;
use super::tree::{self, Blocked, Df, Ef, KeySlot, Purse, Structure};

/// Why nothing was set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// The setting is wrong, or not one for this card.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The memory refused.
    #[error("{0}")]
    Memory(#[from] NvmError),
}

/// Sets `key` to `value`. It happens on a copy of the memory that then takes the memory's place:
/// wholly or not at all, without spending a tear that lies ahead, and whether the card has power or
/// not. A card whose last command was torn recovers by it.
///
/// # Errors
/// [`SetError`]; nothing was changed.
pub fn set(memory: &mut Nvm, key: &str, value: &str) -> Result<(), SetError> {
    let setting = Setting::parse(key, value)?;
    let (powered, tear) = (memory.powered(), memory.tear_ahead());
    let mut copy = memory.fork();
    copy.tear_at(None);
    if !powered {
        copy.power_on()?;
    }
    Target { key, value }.apply(&mut copy, &setting)?;
    if !powered {
        copy.power_off();
    }
    copy.tear_at(tear);
    *memory = copy;
    Ok(())
}

/// The card's state in pairs.
///
/// # Errors
/// The memory.
pub fn status(memory: &Nvm) -> Result<Vec<(String, String)>, NvmError> {
    let mut out = Vec::new();
    let mut say = |key: String, value: String| out.push((key, value));
    let application = application(memory)?;
    let locked = match (memory.byte(tree::CARD_BLOCKED)?, application) {
        (1.., _) => "card",
        (0, None) => "no",
        (0, Some(df)) => match df.blocked(memory)? {
            Blocked::No => "no",
            Blocked::Temporarily => "temporary",
            Blocked::Permanently => "permanent",
        },
    };
    say("locked".to_owned(), locked.to_owned());
    let Some(df) = application else {
        out.extend(tries(memory, &[Df::master(memory)?])?);
        return Ok(out);
    };
    for (prefix, kind) in [("ed", PurseKind::Deposit), ("ep", PurseKind::Purse)] {
        if let Some(purse) = df.purse(memory, kind)? {
            let state = purse.state(memory)?;
            say(format!("{prefix}.balance"), state.balance.to_string());
            say(format!("{prefix}.overdraft-limit"), Amount(state.limit.fen()).to_string());
            say(format!("{prefix}.offline-serial"), format!("0x{:04X}", state.offline));
            say(format!("{prefix}.online-serial"), format!("0x{:04X}", state.online));
        }
    }
    if let (Some(number), Some(serial)) = (psam::terminal_file(memory)?, psam::serial_file(memory)?)
    {
        let number = TerminalId(memory.array(number.data)?);
        say("terminal".to_owned(), number.to_string());
        say("terminal-serial".to_owned(), format!("0x{:08X}", memory.be32(serial.data)?));
    }
    if let Some(pin) = df.pin(memory)? {
        say("pin-tries".to_owned(), pin.tries.to_string());
    }
    say("wrong-macs".to_owned(), df.wrong_macs(memory)?.to_string());
    if let Some(public) = public_file(memory, df, VALID_TO + 4)? {
        let [a, b, c, d, e, f, g, h] = memory.array::<8>(public.data + u32::from(VALID_FROM))?;
        say("valid-from".to_owned(), format!("{a:02X}{b:02X}{c:02X}{d:02X}"));
        say("valid-to".to_owned(), format!("{e:02X}{f:02X}{g:02X}{h:02X}"));
    }
    out.extend(tries(memory, &[df, Df::master(memory)?])?);
    Ok(out)
}

/// Tries left of the keys whose tries are counted, in the words that set them: of two keys of one
/// kind and index, that of the first directory.
fn tries(memory: &Nvm, directories: &[Df]) -> Result<Vec<(String, String)>, NvmError> {
    let mut out: Vec<(String, String)> = Vec::new();
    for slot in directories.iter().flat_map(|df| df.keys(memory)) {
        let Some(kind) = KeyKind::from_byte(slot.kind) else { continue };
        let key = format!("key-tries.{}.{}", kind.text(), slot.index);
        if slot.tries_max != KeySlot::UNLIMITED && !out.iter().any(|(known, _)| *known == key) {
            out.push((key, slot.tries.to_string()));
        }
    }
    Ok(out)
}

/// File 15 of a directory, where it is binary and reaches that far.
fn public_file(memory: &Nvm, df: Df, end: u16) -> Result<Option<Ef>, NvmError> {
    let public = df.by_sfi(memory, Profile::PUBLIC_SFI)?;
    Ok(public.filter(|file| file.structure == Structure::Binary && file.size >= end))
}

/// What a card has once it is built, or a PSAM.
const APPLICATION: &str = "application with purses or keys";
/// What only a PSAM has.
const NUMBER: &str = "terminal number; a PSAM has one";
const SERIAL: &str = "terminal serial; a PSAM has one";

/// The setting as it was written, for messages.
struct Target<'t> {
    key: &'t str,
    value: &'t str,
}

type Done = Result<(), SetError>;

impl Target<'_> {
    fn apply(&self, memory: &mut Nvm, setting: &Setting) -> Done {
        match *setting {
            Setting::Balance { purse, amount } => {
                self.change_purse(memory, purse, |state| state.balance = amount)
            }
            Setting::OverdraftLimit { purse, limit } => {
                self.change_purse(memory, purse, |state| state.limit = limit)
            }
            Setting::OfflineSerial { purse, serial } => {
                self.change_purse(memory, purse, |state| state.offline = serial)
            }
            Setting::OnlineSerial { purse, serial } => {
                self.change_purse(memory, purse, |state| state.online = serial)
            }
            Setting::Locked(lock) => self.lock(memory, lock),
            Setting::ValidFrom(date) => self.write_public(memory, VALID_FROM, &date.0),
            Setting::ValidTo(date) => self.write_public(memory, VALID_TO, &date.0),
            Setting::PinTries(tries) => {
                let pin = self.application(memory)?.pin(memory)?;
                let pin = pin.ok_or_else(|| self.absent("PIN"))?;
                Ok(pin.set_tries(memory, tries)?)
            }
            Setting::KeyTries { kind, index, tries } => self.key_tries(memory, kind, index, tries),
            Setting::WrongMacs(count) => {
                let df = self.application(memory)?;
                Ok(df.set_wrong_macs(memory, count)?)
            }
            Setting::Log(fill) => self.log(memory, fill),
            Setting::Terminal(number) => {
                let file = psam::terminal_file(memory)?.ok_or_else(|| self.absent(NUMBER))?;
                Ok(memory.put(file.data, &number.0)?)
            }
            Setting::TerminalSerial(serial) => {
                let file = psam::serial_file(memory)?.ok_or_else(|| self.absent(SERIAL))?;
                Ok(memory.put(file.data, &serial.0)?)
            }
            Setting::Record { sfi, number, ref data } => self.record(memory, sfi, number, data),
            Setting::File { sfi, offset, ref data } => self.file(memory, sfi, offset, data),
        }
    }

    fn change_purse(
        &self,
        memory: &mut Nvm,
        kind: Option<PurseKind>,
        change: impl FnOnce(&mut tree::PurseState),
    ) -> Done {
        let purse = self.purse(memory, kind)?;
        let mut state = purse.state(memory)?;
        change(&mut state);
        Ok(purse.set_state(memory, &state)?)
    }

    fn purse(&self, memory: &Nvm, kind: Option<PurseKind>) -> Result<Purse, SetError> {
        let df = self.application(memory)?;
        let found = match kind {
            Some(kind) => df.purse(memory, kind)?,
            None => match df.purse(memory, PurseKind::Purse)? {
                Some(purse) => Some(purse),
                None => df.purse(memory, PurseKind::Deposit)?,
            },
        };
        found.ok_or_else(|| self.absent("such purse"))
    }

    fn lock(&self, memory: &mut Nvm, lock: Lock) -> Done {
        let df = match (application(memory)?, lock) {
            // A card can be locked before it has an application.
            (None, Lock::No | Lock::Card) => Df::master(memory)?,
            (found, _) => found.ok_or_else(|| self.absent(APPLICATION))?,
        };
        let (card, blocked) = match lock {
            Lock::No => (0, Blocked::No),
            Lock::Temporary => (0, Blocked::Temporarily),
            Lock::Permanent => (0, Blocked::Permanently),
            Lock::Card => (1, Blocked::No),
        };
        memory.put(tree::CARD_BLOCKED, &[card])?;
        Ok(df.block(memory, blocked)?)
    }

    /// Writes into file 15 of the application, which must reach that far.
    fn write_public(&self, memory: &mut Nvm, offset: u16, bytes: &[u8]) -> Done {
        let end = offset.saturating_add(bytes.len() as u16);
        let public = public_file(memory, self.application(memory)?, end)?
            .ok_or_else(|| self.absent("validity dates in a file 15"))?;
        Ok(memory.put(public.data + u32::from(offset), bytes)?)
    }

    fn key_tries(&self, memory: &mut Nvm, kind: KeyKind, index: u8, tries: u8) -> Done {
        let directories = application(memory)?.into_iter().chain([Df::master(memory)?]);
        let meant = |slot: &KeySlot| slot.kind == kind as u8 && slot.index == index;
        let slot = directories.flat_map(|df| df.keys(memory)).find(meant);
        let slot = slot.filter(|slot| slot.tries_max != KeySlot::UNLIMITED).ok_or_else(|| {
            self.absent(&format!("key {} {index} whose tries it counts", kind.text()))
        })?;
        Ok(slot.set_tries(memory, tries)?)
    }

    fn log(&self, memory: &mut Nvm, fill: LogFill) -> Done {
        let df = self.application(memory)?;
        let mut logs = df.logs(memory)?;
        logs.retain(|sfi| *sfi != 0);
        for sfi in logs {
            let file = self.file_of(memory, sfi)?;
            match fill {
                LogFill::Empty => file.set_used(memory, 0, 0)?,
                LogFill::Full => fill_log(memory, &file)?,
            }
        }
        Ok(())
    }

    fn record(&self, memory: &mut Nvm, sfi: u8, number: u8, data: &[u8]) -> Done {
        const FORM: &str = "record.SFI.N";
        let file = self.file_of(memory, sfi)?;
        if file.structure == Structure::Binary {
            return Err(self.wrong(FORM, "that file is binary, use file.SFI"));
        }
        // Records that lie one behind the other keep their lengths.
        let held = file.record(memory, number)?.filter(|_| file.structure == Structure::Packed);
        let length = held.map_or(usize::from(file.record), |held| held.len());
        let fits = data.len() == length
            || data.len() < length && file.own_lengths() && length == usize::from(file.record);
        if !fits {
            let reason = format!("{} bytes, the records have {length}", data.len());
            return Err(self.wrong(FORM, &reason));
        }
        let (at, used) = if number != 0 && number == file.used + 1 {
            let (at, used, head) = file
                .next_slot(memory, data.len())?
                .ok_or_else(|| self.wrong(FORM, "the file is full"))?;
            // A ring's records are numbered from the newest; appending at the end is only right
            // for the first.
            if file.structure == Structure::Cyclic && file.used != 0 {
                return Err(
                    self.wrong(FORM, "a ring has no such record yet; number 1 is the newest")
                );
            }
            (at, Some((used, head)))
        } else {
            let at = file.slot(memory, number)?;
            (at.ok_or_else(|| self.wrong(FORM, "the file has no such record"))?, None)
        };
        let mut stored = data.to_vec();
        if file.own_lengths() {
            stored.insert(0, data.len() as u8);
        }
        memory.put(at, &stored)?;
        if let Some((used, head)) = used {
            file.set_used(memory, used, head)?;
        }
        Ok(())
    }

    fn file(&self, memory: &mut Nvm, sfi: u8, offset: u16, data: &[u8]) -> Done {
        const FORM: &str = "file.SFI.OFFSET";
        let file = self.file_of(memory, sfi)?;
        if file.structure != Structure::Binary {
            return Err(self.wrong(FORM, "that file has records, use record.SFI.N"));
        }
        if usize::from(offset) + data.len() > usize::from(file.size) {
            let reason = format!("it would reach beyond the file's {} bytes", file.size);
            return Err(self.wrong(FORM, &reason));
        }
        Ok(memory.put(file.data + u32::from(offset), data)?)
    }

    /// A file of the application, or else of the MF.
    fn file_of(&self, memory: &Nvm, sfi: u8) -> Result<Ef, SetError> {
        let own = self.application(memory)?.by_sfi(memory, sfi)?;
        let found = match own {
            Some(file) => Some(file),
            None => Df::master(memory)?.by_sfi(memory, sfi)?,
        };
        found.ok_or_else(|| self.absent(&format!("file {sfi:02X}")))
    }

    fn application(&self, memory: &Nvm) -> Result<Df, SetError> {
        application(memory)?.ok_or_else(|| self.absent(APPLICATION))
    }

    fn wrong(&self, form: &str, reason: &str) -> SetError {
        SettingError::unfit(self.key, self.value, form, reason).into()
    }

    fn absent(&self, what: &str) -> SetError {
        SettingError::absent(self.key, what).into()
    }
}

/// The first purse application, or that of a PSAM.
fn application(memory: &Nvm) -> Result<Option<Df>, NvmError> {
    for df in Df::all(memory) {
        if df.is_purse_application(memory)? {
            return Ok(Some(df));
        }
    }
    psam::application(memory)
}

fn fill_log(memory: &mut Nvm, file: &Ef) -> Result<(), NvmError> {
    for index in 0..file.count {
        let record = LogRecord {
            serial: u16::from(index) + 1,
            limit: Limit::default(),
            amount: Amount(1),
            transaction_type: TransactionType::PursePurchase as u8,
            terminal: TerminalId([0, 0, 0, 0, 0, 1]),
            date: Date([0x20, 0x20, 0x01, 0x01]),
            time: Time([0x12, 0, index % 10]),
        };
        let at = file.data + u32::from(index) * file.stride();
        memory.put(at, record.to_bytes().get(..usize::from(file.record)).unwrap_or_default())?;
    }
    file.set_used(memory, file.count, file.count.saturating_sub(1))
}
