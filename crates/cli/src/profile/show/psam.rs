//! What a profile says of a PSAM.

use applet_spec::{Custody, Directory, Profile, PsamSpec, SamKeySpec};
use emulator::{LabKeys, MasterKeys};
use serde::Serialize;

use super::KeyLine;
use crate::error::CliError;
use crate::ui::{Ui, hex_text};

/// What makes it a PSAM.
#[derive(Serialize)]
pub struct PsamPart<'p> {
    serves: &'p str,
    terminal: String,
    serial_file: String,
    serial_advances: &'static str,
    wrong_mac2: String,
    mac_length: u8,
    identification: &'static str,
    deliver: Vec<&'static str>,
}

impl<'p> PsamPart<'p> {
    /// Of the profile's table.
    pub fn of(spec: &'p PsamSpec) -> Self {
        Self {
            serves: &spec.serves,
            terminal: hex_text(&spec.terminal),
            serial_file: format!("{:02X}", spec.serial_file),
            serial_advances: spec.serial_advances.text(),
            wrong_mac2: spec.wrong_mac2.to_string(),
            mac_length: spec.mac_length,
            identification: spec.identification.text(),
            deliver: spec.deliver.iter().map(|purpose| purpose.text()).collect(),
        }
    }

    /// As lines of name and value.
    pub fn lines(&self, ui: &Ui) -> [(&'static str, String); 5] {
        let say = |en, zh| ui.lang.pick(en, zh);
        let identification = match self.identification {
            "lab" => say("lab (not the ministry's algorithm)", "lab (实验室算法, 非部颁算法)"),
            "list" => say("list of codes", "列表"),
            "any" => say("any code", "任意"),
            _ => say("none", "无"),
        };
        [
            (say("PSAM for", "服务卡片规格"), self.serves.to_owned()),
            (say("terminal number", "终端机编号"), self.terminal.clone()),
            (
                say("terminal serial", "终端交易序号"),
                format!(
                    "{} {}, {} {}",
                    say("file", "文件"),
                    self.serial_file,
                    say("advances", "递增"),
                    self.serial_advances
                ),
            ),
            (say("code check", "识别码校验"), identification.to_owned()),
            (say("delivers keys for", "可分散密钥"), self.deliver.join(", ")),
        ]
    }
}

/// A key that the PSAM works with.
///
/// # Errors
/// A lab profile without that key.
pub fn key_line(
    profile: &Profile,
    directory: &Directory,
    key: &SamKeySpec,
) -> Result<KeyLine, CliError> {
    let value = match profile.custody {
        Custody::Lab => Some(LabKeys(profile).sam_key(directory, key)?),
        Custody::Sealed => None,
    };
    Ok(KeyLine {
        kind: key.usage.purpose().map_or("?", |purpose| purpose.text()),
        index: key.index,
        version: key.version,
        algorithm: key.suite.name(),
        directory: format!("{:04X}", directory.fid),
        usage: Some(format!("{:02X}", key.usage.0)),
        levels: Some(key.usage.levels()),
        kcv: value.as_ref().map(|value| value.check_value(key.suite).to_string()),
        master: None,
        card: value.as_ref().map(|value| hex_text(value.expose())),
    })
}
