//! Settings as people write them.

use applet_spec::{KeyKind, PurseKind};

use super::{Lock, LogFill, Setting, SettingError};
use crate::{Date, Limit, TerminalId, TerminalSerial};

impl Setting {
    /// Reads a key and its value, as `--set` takes them.
    ///
    /// # Errors
    /// An unknown key, or a value of another form.
    pub fn parse(key: &str, value: &str) -> Result<Self, SettingError> {
        Text { key, value }.read()
    }
}

struct Text<'t> {
    key: &'t str,
    value: &'t str,
}

impl Text<'_> {
    fn read(&self) -> Result<Setting, SettingError> {
        let (purse, name) = match self.key.split_once('.') {
            Some(("ed", rest)) => (Some(PurseKind::Deposit), rest),
            Some(("ep", rest)) => (Some(PurseKind::Purse), rest),
            _ => (None, self.key),
        };
        let parts: Vec<&str> = name.split('.').collect();
        match (purse, parts.as_slice()) {
            (purse, ["balance"]) => {
                let amount = self.amount("balance")?;
                Ok(Setting::Balance { purse, amount })
            }
            (purse, ["overdraft-limit"]) => {
                let limit = Limit::new(self.amount("overdraft-limit")?.0).ok_or_else(|| {
                    self.wrong("overdraft-limit", "it has three bytes, at most 167772.15")
                })?;
                Ok(Setting::OverdraftLimit { purse, limit })
            }
            (purse, ["offline-serial"]) => {
                let serial = self.serial("offline-serial")?;
                Ok(Setting::OfflineSerial { purse, serial })
            }
            (purse, ["online-serial"]) => {
                let serial = self.serial("online-serial")?;
                Ok(Setting::OnlineSerial { purse, serial })
            }
            (None, ["locked"]) => self.lock(),
            (None, ["expired"]) => self.expired(),
            (None, ["valid-from"]) => Ok(Setting::ValidFrom(self.date("valid-from")?)),
            (None, ["valid-to"]) => Ok(Setting::ValidTo(self.date("valid-to")?)),
            (None, ["pin-tries"]) => Ok(Setting::PinTries(self.number(15, "pin-tries")? as u8)),
            (None, ["key-tries", kind, index]) => self.key_tries(kind, index),
            (None, ["wrong-macs"]) => Ok(Setting::WrongMacs(self.number(255, "wrong-macs")? as u8)),
            (None, ["log"]) => self.log(),
            (None, ["terminal"]) => self.terminal(),
            (None, ["terminal-serial"]) => {
                let serial = self.number(u32::MAX, "terminal-serial")?;
                Ok(Setting::TerminalSerial(TerminalSerial(serial.to_be_bytes())))
            }
            (None, ["record", sfi, number]) => self.record(sfi, number),
            (None, ["file", sfi]) => self.file(sfi, "0"),
            (None, ["file", sfi, offset]) => self.file(sfi, offset),
            _ => Err(SettingError::UnknownKey { key: self.key.to_owned() }),
        }
    }

    fn lock(&self) -> Result<Setting, SettingError> {
        Ok(Setting::Locked(match self.value {
            "no" => Lock::No,
            "temporary" => Lock::Temporary,
            "permanent" => Lock::Permanent,
            "card" => Lock::Card,
            _ => return Err(self.wrong("locked", "not a kind of block")),
        }))
    }

    fn expired(&self) -> Result<Setting, SettingError> {
        Ok(Setting::ValidTo(match self.value {
            "yes" => Date([0x20, 0x20, 0x01, 0x02]),
            "no" => Date([0x20, 0x99, 0x12, 0x31]),
            _ => return Err(self.wrong("expired", "neither yes nor no")),
        }))
    }

    fn date(&self, form: &str) -> Result<Date, SettingError> {
        let digits = self.value.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = self.hex(form)?.try_into().ok().filter(|_| digits);
        bytes.map(Date).ok_or_else(|| self.wrong(form, "not eight digits"))
    }

    fn key_tries(&self, kind: &str, index: &str) -> Result<Setting, SettingError> {
        let tries = self.number(15, "key-tries.KIND.INDEX")? as u8;
        let named = KeyKind::from_text(kind).zip(index.parse().ok());
        let (kind, index) = named.ok_or_else(|| {
            SettingError::absent(self.key, format!("key {kind} {index} whose tries it counts"))
        })?;
        Ok(Setting::KeyTries { kind, index, tries })
    }

    fn log(&self) -> Result<Setting, SettingError> {
        Ok(Setting::Log(match self.value {
            "empty" => LogFill::Empty,
            "full" => LogFill::Full,
            _ => return Err(self.wrong("log", "neither empty nor full")),
        }))
    }

    fn terminal(&self) -> Result<Setting, SettingError> {
        let number = self.hex("terminal")?.try_into().ok();
        let number = number.ok_or_else(|| self.wrong("terminal", "it has six bytes"))?;
        Ok(Setting::Terminal(TerminalId(number)))
    }

    fn record(&self, sfi: &str, number: &str) -> Result<Setting, SettingError> {
        const FORM: &str = "record.SFI.N";
        let sfi = self.sfi(sfi, FORM)?;
        let number = number.parse().map_err(|_| self.wrong(FORM, "N is not a record number"))?;
        Ok(Setting::Record { sfi, number, data: self.hex(FORM)? })
    }

    fn file(&self, sfi: &str, offset: &str) -> Result<Setting, SettingError> {
        const FORM: &str = "file.SFI.OFFSET";
        let sfi = self.sfi(sfi, FORM)?;
        let offset = offset.parse().map_err(|_| self.wrong(FORM, "OFFSET is not a number"))?;
        Ok(Setting::File { sfi, offset, data: self.hex(FORM)? })
    }

    fn sfi(&self, text: &str, form: &str) -> Result<u8, SettingError> {
        u8::from_str_radix(text, 16)
            .map_err(|_| self.wrong(form, "SFI is not two hexadecimal digits"))
    }

    fn amount(&self, form: &str) -> Result<crate::Amount, SettingError> {
        self.value.parse().map_err(|_| self.wrong(form, "not an amount"))
    }

    fn serial(&self, form: &str) -> Result<u16, SettingError> {
        Ok(self.number(u32::from(u16::MAX), form)? as u16)
    }

    fn number(&self, most: u32, form: &str) -> Result<u32, SettingError> {
        let parsed = match self.value.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => self.value.parse(),
        };
        parsed
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| self.wrong(form, "not a number in range"))
    }

    fn hex(&self, form: &str) -> Result<Vec<u8>, SettingError> {
        let plain: String = self.value.chars().filter(|c| !c.is_whitespace()).collect();
        hex::decode(plain).map_err(|_| self.wrong(form, "not hexadecimal bytes"))
    }

    fn wrong(&self, form: &str, reason: &str) -> SettingError {
        SettingError::unfit(self.key, self.value, form, reason)
    }
}
