//! Odd states: every value of a card that a tester may want to set, and the card's state in words.
//!
//! One table ([`SETTINGS`]) gives the keys, their help and their meaning; `--set`, card files and
//! the control channel all come here.

use applet_spec::{KeyKind, Profile, PurseKind};
use nvm::{Nvm, NvmError};
use purse::record::LogRecord;
use purse::{Amount, Date, Limit, TerminalId, Time, TransactionType};

use super::tree::{self, Blocked, Df, Ef, KeySlot, Purse, Structure};

/// A key that can be set: its spelling, what its value looks like, what it does.
pub struct Setting {
    /// Key, with `SFI`, `N` and the like standing for numbers.
    pub key: &'static str,
    /// Form of the value.
    pub value: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every key.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "balance",
        value: "10.00|1000fen",
        help: "stored balance of the EP (of the ED where there is no EP), overdraft limit included; ed.balance and ep.balance name the purse",
    },
    Setting {
        key: "overdraft-limit",
        value: "10.00|1000fen",
        help: "overdraft limit; the stored balance does not move with it",
    },
    Setting {
        key: "offline-serial",
        value: "0..65535|0xHHHH",
        help: "offline transaction serial (脱机交易序号)",
    },
    Setting {
        key: "online-serial",
        value: "0..65535|0xHHHH",
        help: "online transaction serial (联机交易序号)",
    },
    Setting {
        key: "locked",
        value: "no|temporary|permanent|card",
        help: "application or card block",
    },
    Setting {
        key: "expired",
        value: "yes|no",
        help: "validity in file 15: ends 20200102, or 20991231",
    },
    Setting { key: "valid-from", value: "YYYYMMDD", help: "start of validity in file 15" },
    Setting { key: "valid-to", value: "YYYYMMDD", help: "end of validity in file 15" },
    Setting { key: "pin-tries", value: "0..15", help: "PIN tries left" },
    Setting {
        key: "key-tries.KIND.INDEX",
        value: "0..15",
        help: "tries left of a key, e.g. key-tries.maintenance.1",
    },
    Setting { key: "wrong-macs", value: "0..255", help: "wrong transaction MACs counted so far" },
    Setting {
        key: "log",
        value: "empty|full",
        help: "transaction logs emptied, or filled with purchases of 0.01",
    },
    Setting {
        key: "record.SFI.N",
        value: "HEX",
        help: "record N of a file (SFI hexadecimal); N one beyond the last appends",
    },
    Setting {
        key: "file.SFI",
        value: "HEX",
        help: "content of a binary file from its start (SFI hexadecimal)",
    },
    Setting {
        key: "file.SFI.OFFSET",
        value: "HEX",
        help: "content of a binary file from an offset (decimal)",
    },
];

/// Why a setting is refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such key.
    #[error("no setting '{key}': {}", known_keys())]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The value does not fit.
    #[error("{key} = '{value}': {reason}; write {expected}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
        /// What fits.
        expected: &'static str,
    },
    /// The card has no such thing.
    #[error("{key}: this card has no {what}")]
    Absent {
        /// The key.
        key: String,
        /// What is missing.
        what: String,
    },
    /// The memory refused.
    #[error("{0}")]
    Memory(#[from] NvmError),
}

/// Sets `key` to `value`. It happens on a copy of the memory that then takes the memory's place:
/// wholly or not at all, without spending a tear that lies ahead, and whether the card has power or
/// not. A card whose last command was torn recovers by it.
///
/// # Errors
/// [`SettingError`]; nothing was changed.
pub fn set(memory: &mut Nvm, key: &str, value: &str) -> Result<(), SettingError> {
    let (powered, tear) = (memory.powered(), memory.tear_ahead());
    let mut copy = memory.fork();
    copy.tear_at(None);
    if !powered {
        copy.power_on()?;
    }
    Target { key, value }.apply(&mut copy)?;
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
    if let Some(pin) = df.pin(memory)? {
        say("pin-tries".to_owned(), pin.tries.to_string());
    }
    let public = df.by_sfi(memory, Profile::PUBLIC_SFI)?;
    if let Some(public) = public.filter(|file| u32::from(file.size) >= VALID_FROM + 8) {
        let [a, b, c, d, e, f, g, h] = memory.array::<8>(public.data + VALID_FROM)?;
        say("valid-from".to_owned(), format!("{a:02X}{b:02X}{c:02X}{d:02X}"));
        say("valid-to".to_owned(), format!("{e:02X}{f:02X}{g:02X}{h:02X}"));
    }
    Ok(out)
}

/// Offset of the start date in file 15; the end date follows.
const VALID_FROM: u32 = 20;

struct Target<'t> {
    key: &'t str,
    value: &'t str,
}

type Done = Result<(), SettingError>;

impl Target<'_> {
    fn apply(&self, memory: &mut Nvm) -> Done {
        let (purse, name) = match self.key.split_once('.') {
            Some(("ed", rest)) => (Some(PurseKind::Deposit), rest),
            Some(("ep", rest)) => (Some(PurseKind::Purse), rest),
            _ => (None, self.key),
        };
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            ["balance"] => {
                let amount = self.amount("balance")?;
                self.change_purse(memory, purse, |state| state.balance = amount)
            }
            ["overdraft-limit"] => {
                let limit = Limit::new(self.amount("overdraft-limit")?.0).ok_or_else(|| {
                    self.wrong("overdraft-limit", "it has three bytes, at most 167772.15")
                })?;
                self.change_purse(memory, purse, |state| state.limit = limit)
            }
            ["offline-serial"] => {
                let serial = self.number(u32::from(u16::MAX), "offline-serial")? as u16;
                self.change_purse(memory, purse, |state| state.offline = serial)
            }
            ["online-serial"] => {
                let serial = self.number(u32::from(u16::MAX), "online-serial")? as u16;
                self.change_purse(memory, purse, |state| state.online = serial)
            }
            ["locked"] => self.lock(memory),
            ["expired"] => self.expire(memory),
            ["valid-from"] => self.date(memory, VALID_FROM, "valid-from"),
            ["valid-to"] => self.date(memory, VALID_FROM + 4, "valid-to"),
            ["pin-tries"] => {
                let tries = self.number(15, "pin-tries")? as u8;
                let pin = self.application(memory)?.pin(memory)?;
                let pin = pin.ok_or_else(|| self.absent("PIN"))?;
                Ok(pin.set_tries(memory, tries)?)
            }
            ["key-tries", kind, index] => self.key_tries(memory, kind, index),
            ["wrong-macs"] => {
                let count = self.number(255, "wrong-macs")? as u8;
                let df = self.application(memory)?;
                Ok(df.set_wrong_macs(memory, count)?)
            }
            ["log"] => self.log(memory),
            ["record", sfi, number] => self.record(memory, sfi, number),
            ["file", sfi] => self.file(memory, sfi, "0"),
            ["file", sfi, offset] => self.file(memory, sfi, offset),
            _ => Err(SettingError::UnknownKey { key: self.key.to_owned() }),
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

    fn purse(&self, memory: &Nvm, kind: Option<PurseKind>) -> Result<Purse, SettingError> {
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

    fn lock(&self, memory: &mut Nvm) -> Done {
        let df = self.application(memory)?;
        let (card, blocked) = match self.value {
            "no" => (0, Blocked::No),
            "temporary" => (0, Blocked::Temporarily),
            "permanent" => (0, Blocked::Permanently),
            "card" => (1, Blocked::No),
            _ => return Err(self.wrong("locked", "not a kind of block")),
        };
        memory.put(tree::CARD_BLOCKED, &[card])?;
        Ok(df.block(memory, blocked)?)
    }

    fn expire(&self, memory: &mut Nvm) -> Done {
        let end = match self.value {
            "yes" => [0x20, 0x20, 0x01, 0x02],
            "no" => [0x20, 0x99, 0x12, 0x31],
            _ => return Err(self.wrong("expired", "neither yes nor no")),
        };
        self.write_public(memory, VALID_FROM + 4, &end)
    }

    fn date(&self, memory: &mut Nvm, offset: u32, key: &'static str) -> Done {
        let bytes = self.hex(self.value, key)?;
        if bytes.len() != 4 || !self.value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(key, "not eight digits"));
        }
        self.write_public(memory, offset, &bytes)
    }

    /// Writes into file 15 of the application, which must reach that far.
    fn write_public(&self, memory: &mut Nvm, offset: u32, bytes: &[u8]) -> Done {
        let public = self.application(memory)?.by_sfi(memory, Profile::PUBLIC_SFI)?;
        let public = public
            .filter(|file| offset as usize + bytes.len() <= usize::from(file.size))
            .ok_or_else(|| self.absent("validity dates in a file 15"))?;
        Ok(memory.put(public.data + offset, bytes)?)
    }

    fn key_tries(&self, memory: &mut Nvm, kind: &str, index: &str) -> Done {
        let tries = self.number(15, "key-tries.KIND.INDEX")? as u8;
        let df = self.application(memory)?;
        let slot = df.keys(memory).find(|slot| {
            let kind_fits =
                ALL_KINDS.iter().any(|known| *known as u8 == slot.kind && known.text() == kind);
            kind_fits && index.parse() == Ok(slot.index)
        });
        let slot = slot
            .filter(|slot| slot.tries_max != KeySlot::UNLIMITED)
            .ok_or_else(|| self.absent(&format!("key {kind} {index} whose tries it counts")))?;
        Ok(slot.set_tries(memory, tries)?)
    }

    fn log(&self, memory: &mut Nvm) -> Done {
        let df = self.application(memory)?;
        let mut sfis = df.log(memory)?.to_vec();
        sfis.dedup();
        for sfi in sfis.into_iter().filter(|sfi| *sfi != 0) {
            let file = self.file_of(memory, sfi)?;
            match self.value {
                "empty" => file.set_used(memory, 0, 0)?,
                "full" => fill_log(memory, &file)?,
                _ => return Err(self.wrong("log", "neither empty nor full")),
            }
        }
        Ok(())
    }

    fn record(&self, memory: &mut Nvm, sfi: &str, number: &str) -> Done {
        const KEY: &str = "record.SFI.N";
        let file = self.file_named(memory, sfi, KEY)?;
        let number: u8 = number.parse().map_err(|_| self.wrong(KEY, "N is not a record number"))?;
        let mut data = self.hex(self.value, KEY)?;
        if file.structure == Structure::Binary {
            return Err(self.wrong(KEY, "that file is binary, use file.SFI"));
        }
        let fits = match file.structure {
            Structure::Variable => data.len() <= usize::from(file.record),
            _ => data.len() == usize::from(file.record),
        };
        if !fits {
            let reason = format!("{} bytes, the records have {}", data.len(), file.record);
            return Err(self.wrong_text(KEY, reason));
        }
        let (at, used) = if number != 0 && number == file.used + 1 {
            let (at, used, head) =
                file.next_slot().ok_or_else(|| self.wrong(KEY, "the file is full"))?;
            // A ring's records are numbered from the newest; appending at the end is only right
            // for the first.
            if file.structure == Structure::Cyclic && file.used != 0 {
                return Err(
                    self.wrong(KEY, "a ring has no such record yet; number 1 is the newest")
                );
            }
            (at, Some((used, head)))
        } else {
            let at = file.slot(number);
            (at.ok_or_else(|| self.wrong(KEY, "the file has no such record"))?, None)
        };
        if file.structure == Structure::Variable {
            data.insert(0, data.len() as u8);
        }
        memory.put(at, &data)?;
        if let Some((used, head)) = used {
            file.set_used(memory, used, head)?;
        }
        Ok(())
    }

    fn file(&self, memory: &mut Nvm, sfi: &str, offset: &str) -> Done {
        const KEY: &str = "file.SFI.OFFSET";
        let file = self.file_named(memory, sfi, KEY)?;
        let offset: u16 = offset.parse().map_err(|_| self.wrong(KEY, "OFFSET is not a number"))?;
        let data = self.hex(self.value, KEY)?;
        if file.structure != Structure::Binary {
            return Err(self.wrong(KEY, "that file has records, use record.SFI.N"));
        }
        if usize::from(offset) + data.len() > usize::from(file.size) {
            let reason = format!("it would reach beyond the file's {} bytes", file.size);
            return Err(self.wrong_text(KEY, reason));
        }
        Ok(memory.put(file.data + u32::from(offset), &data)?)
    }

    fn file_named(&self, memory: &Nvm, sfi: &str, key: &str) -> Result<Ef, SettingError> {
        let sfi = u8::from_str_radix(sfi, 16)
            .map_err(|_| self.wrong(key, "SFI is not two hexadecimal digits"))?;
        self.file_of(memory, sfi)
    }

    /// A file of the application, or else of the MF.
    fn file_of(&self, memory: &Nvm, sfi: u8) -> Result<Ef, SettingError> {
        let own = self.application(memory)?.by_sfi(memory, sfi)?;
        let found = match own {
            Some(file) => Some(file),
            None => Df::master(memory)?.by_sfi(memory, sfi)?,
        };
        found.ok_or_else(|| self.absent(&format!("file {sfi:02X}")))
    }

    fn application(&self, memory: &Nvm) -> Result<Df, SettingError> {
        application(memory)?.ok_or_else(|| self.absent("purse application"))
    }

    fn amount(&self, key: &str) -> Result<Amount, SettingError> {
        self.value.parse().map_err(|_| self.wrong(key, "not an amount"))
    }

    fn number(&self, most: u32, key: &str) -> Result<u32, SettingError> {
        let parsed = match self.value.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => self.value.parse(),
        };
        parsed
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| self.wrong(key, "not a number in range"))
    }

    fn hex(&self, text: &str, key: &str) -> Result<Vec<u8>, SettingError> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        hex::decode(plain).map_err(|_| self.wrong(key, "not hexadecimal bytes"))
    }

    fn wrong(&self, key: &str, reason: &str) -> SettingError {
        self.wrong_text(key, reason.to_owned())
    }

    fn wrong_text(&self, key: &str, reason: String) -> SettingError {
        let expected =
            SETTINGS.iter().find(|setting| setting.key == key).map_or("", |setting| setting.value);
        SettingError::Value {
            key: self.key.to_owned(),
            value: self.value.to_owned(),
            reason,
            expected,
        }
    }

    fn absent(&self, what: &str) -> SettingError {
        SettingError::Absent { key: self.key.to_owned(), what: what.to_owned() }
    }
}

const ALL_KINDS: [KeyKind; 15] = [
    KeyKind::CardMaster,
    KeyKind::ApplicationMaster,
    KeyKind::Maintenance,
    KeyKind::Purchase,
    KeyKind::Load,
    KeyKind::Unload,
    KeyKind::Tac,
    KeyKind::Overdraft,
    KeyKind::PinUnblock,
    KeyKind::PinReset,
    KeyKind::ApplicationBlock,
    KeyKind::ApplicationUnblock,
    KeyKind::CardBlock,
    KeyKind::InternalAuthentication,
    KeyKind::ExternalAuthentication,
];

/// The first purse application.
fn application(memory: &Nvm) -> Result<Option<Df>, NvmError> {
    for df in Df::all(memory) {
        if df.is_purse_application(memory)? {
            return Ok(Some(df));
        }
    }
    Ok(None)
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

fn known_keys() -> String {
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    format!("there are {}", keys.join(", "))
}
