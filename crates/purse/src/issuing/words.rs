//! Files, keys, rights and steps in words, for traces and for the technician.

use applet_spec::{Protection, RightsByte, StateNeed};

use super::step::Action;
use super::{
    ErrorCounter, FileStructure, KeyHead, KeyRole, KeyType, LineKeys, NewDirectory, NewFile,
    PublicSfi, Step,
};
use crate::{FileRef, Language};

/// A field of a file description or key record in words.
pub(crate) struct FieldInWords {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

impl Step {
    /// What it does, for the one who watches: `3F01: write key 3E/01, purchase`.
    pub fn in_words(&self, language: Language) -> String {
        let place = self.place();
        let directory = format!("{:04X}", place.directory);
        let what = match (&self.action, language) {
            (Action::Select, _) => {
                let fid = place.file.unwrap_or(place.directory);
                return language.pick(format!("select {fid:04X}"), format!("选择 {fid:04X}"));
            }
            (Action::Authenticate { index, .. }, Language::English) => {
                format!("authenticate with key 39/{index:02X}")
            }
            (Action::Authenticate { index, .. }, Language::Chinese) => {
                format!("以密钥 39/{index:02X} 外部认证")
            }
            (Action::Erase, _) => {
                language.pick("erase everything in it", "擦除全部内容").to_owned()
            }
            (Action::Create { fid, file }, _) => file.made(*fid, language),
            (Action::WriteKey { index, head, .. }, _) => {
                let key_type = head.role.key_type();
                let (english, chinese) = key_type.names();
                let number = format!("{:02X}/{index:02X}", key_type.byte());
                match language {
                    Language::English => format!("write key {number}, {english}"),
                    Language::Chinese => format!("写入密钥 {number}, {chinese}"),
                }
            }
            (Action::Update { file, offset, data, .. }, _) => {
                let (first, last) = (*offset, usize::from(*offset) + data.len().max(1) - 1);
                let file = match file {
                    FileRef::Sfi(sfi) => format!("{sfi:02X}"),
                    FileRef::Current => format!("{:04X}", place.file.unwrap_or_default()),
                };
                match language {
                    Language::English => format!("write bytes {first} to {last} of file {file}"),
                    Language::Chinese => format!("写入文件 {file} 第 {first} 至 {last} 字节"),
                }
            }
            (Action::Append { sfi, number, .. }, Language::English) => {
                format!("append record {number} to file {sfi:02X}")
            }
            (Action::Append { sfi, number, .. }, Language::Chinese) => {
                format!("文件 {sfi:02X} 追加第 {number} 条记录")
            }
        };
        format!("{directory}: {what}")
    }
}

impl NewFile {
    fn made(&self, fid: u16, language: Language) -> String {
        let kind = self.kind(language);
        match self {
            Self::Directory(NewDirectory { size, name, .. }) => {
                let name = name.map_or(String::new(), |name| format!(" {name}"));
                match language {
                    Language::English => {
                        format!("create directory {fid:04X}{name}, {size} bytes")
                    }
                    Language::Chinese => format!("建立目录 {fid:04X}{name}, {size} 字节"),
                }
            }
            _ => {
                let size = self.size(language);
                match language {
                    Language::English => format!("create {kind} {fid:04X}, {size}"),
                    Language::Chinese => format!("建立{kind} {fid:04X}, {size}"),
                }
            }
        }
    }

    fn kind(&self, language: Language) -> &'static str {
        match self {
            Self::Directory(_) => language.pick("directory", "目录"),
            Self::Purse(_) => language.pick("purse", "钱包文件"),
            Self::Keys(_) => language.pick("key file", "密钥文件"),
            Self::Working(file) => match file.structure {
                FileStructure::Binary { .. } => language.pick("binary file", "二进制文件"),
                FileStructure::Fixed { .. } => {
                    language.pick("file of fixed records", "定长记录文件")
                }
                FileStructure::Variable { .. } => {
                    language.pick("file of variable records", "变长记录文件")
                }
                FileStructure::Cyclic { .. } => language.pick("ring of records", "循环文件"),
            },
        }
    }

    fn size(&self, language: Language) -> String {
        let bytes = |size: u16| language.pick(format!("{size} bytes"), format!("{size} 字节"));
        let records = |count: u8, record: u8| match language {
            Language::English => format!("{count} records of {record} bytes"),
            Language::Chinese => format!("{count} 条, 每条 {record} 字节"),
        };
        match self {
            Self::Directory(directory) => bytes(directory.size),
            Self::Keys(file) => bytes(file.size),
            Self::Purse(purse) => match language {
                Language::English => format!("log in file {:02X}", purse.log),
                Language::Chinese => format!("明细文件 {:02X}", purse.log),
            },
            Self::Working(file) => match file.structure {
                FileStructure::Binary { size } | FileStructure::Variable { size } => bytes(size),
                FileStructure::Fixed { count, record }
                | FileStructure::Cyclic { count, record } => records(count, record),
            },
        }
    }

    /// The fields of its description.
    pub(crate) fn fields(&self, language: Language) -> Vec<FieldInWords> {
        let mut out = Fields { language, out: Vec::new() };
        let pick = |english, chinese| language.pick(english, chinese);
        out.push(0, 1, ("file", "文件"), self.kind(language).to_owned());
        if let Self::Working(file) = self {
            out.protection(file.protection);
        }
        if !matches!(self, Self::Purse(_)) {
            out.push(1, 2, ("size", "文件空间"), self.size(language));
        }
        match self {
            Self::Directory(directory) => {
                out.right(3, ("create", "建立权限"), directory.create);
                out.right(4, ("erase", "擦除权限"), directory.erase);
                let told = match directory.public {
                    PublicSfi::Application(sfi) => match language {
                        Language::English => format!("application, file {sfi:02X}"),
                        Language::Chinese => format!("应用, 文件 {sfi:02X}"),
                    },
                    PublicSfi::Directory(0) => pick("nothing", "无").to_owned(),
                    PublicSfi::Directory(sfi) => match language {
                        Language::English => format!("directory file {sfi:02X}"),
                        Language::Chinese => format!("目录基本文件 {sfi:02X}"),
                    },
                };
                out.push(5, 1, ("told by SELECT", "FCI 内容"), told);
                if let Some(name) = directory.name {
                    let bytes = name.as_bytes();
                    let value = crate::trace::text_or_hex(bytes);
                    out.push(8, bytes.len(), ("name", "名称"), value);
                }
            }
            Self::Working(file) => {
                out.right(3, ("read", "读权限"), file.read);
                out.right(4, ("update", "写权限"), file.update);
                out.line_keys(file.protection, file.keys);
            }
            Self::Purse(purse) => {
                out.right(3, ("use", "使用权限"), purse.use_right);
                out.push(6, 1, ("log", "明细文件"), format!("SFI {:02X}", purse.log));
            }
            Self::Keys(file) => out.right(4, ("add keys", "增加权限"), file.add),
        }
        out.out
    }
}

impl KeyHead {
    /// The fields of a record that begins with it.
    pub(crate) fn fields(&self, language: Language) -> Vec<FieldInWords> {
        let mut out = Fields { language, out: Vec::new() };
        let key_type = self.role.key_type();
        let (english, chinese) = key_type.names();
        let name = format!("{:02X} {}", key_type.byte(), language.pick(english, chinese));
        out.push(0, 1, ("key type", "密钥类型"), name);
        out.protection(self.protection);
        out.right(1, ("use", "使用权限"), self.use_right);
        out.right(2, ("change", "更改权限"), self.change_right);
        match self.role {
            KeyRole::Working { version, algorithm, .. } => {
                out.push(3, 1, ("version", "密钥版本"), format!("{version:02X}"));
                out.push(4, 1, ("algorithm", "算法标识"), format!("{algorithm:02X}"));
            }
            KeyRole::Service { counter, .. } => out.counter(counter),
            KeyRole::Authentication { next_state, counter }
            | KeyRole::Pin { next_state, counter } => {
                let state = format!("{:X}", next_state & 0x0F);
                out.push(3, 1, ("leads to state", "后续状态"), state);
                out.counter(counter);
            }
        }
        out.out
    }
}

impl KeyType {
    /// `39 external authentication`.
    pub fn in_words(self, language: Language) -> String {
        let (english, chinese) = self.names();
        format!("{:02X} {}", self.byte(), language.pick(english, chinese))
    }
}

/// A rights byte in words.
pub fn right_in_words(right: RightsByte, language: Language) -> String {
    let words = match (right.need(), language) {
        (StateNeed::Nothing, _) => language.pick("always", "任意").to_owned(),
        (StateNeed::Never, _) => language.pick("never", "禁止").to_owned(),
        (StateNeed::MasterFrom(low), Language::English) => {
            format!("in state {low:X} of the MF or higher")
        }
        (StateNeed::MasterFrom(low), Language::Chinese) => format!("主文件安全状态不低于 {low:X}"),
        (StateNeed::Between { low, high: 0xF }, Language::English) => {
            format!("in state {low:X} or higher")
        }
        (StateNeed::Between { low, high: 0xF }, Language::Chinese) => {
            format!("安全状态不低于 {low:X}")
        }
        (StateNeed::Between { low, high }, Language::English) => {
            format!("in states {low:X} to {high:X}")
        }
        (StateNeed::Between { low, high }, Language::Chinese) => {
            format!("安全状态 {low:X} 至 {high:X}")
        }
    };
    format!("{:02X} {words}", right.0)
}

struct Fields {
    language: Language,
    out: Vec<FieldInWords>,
}

impl Fields {
    fn push(
        &mut self,
        offset: usize,
        length: usize,
        name: (&'static str, &'static str),
        value: String,
    ) {
        let name = self.language.pick(name.0, name.1);
        self.out.push(FieldInWords { name, value, offset, length });
    }

    fn right(&mut self, offset: usize, name: (&'static str, &'static str), right: RightsByte) {
        self.push(offset, 1, name, right_in_words(right, self.language));
    }

    fn protection(&mut self, protection: Protection) {
        let value = match protection {
            Protection::None => return,
            Protection::Mac => "MAC",
            Protection::EncryptedMac => self.language.pick("enciphered, MAC", "密文加 MAC"),
        };
        self.push(0, 1, ("line protection", "线路保护"), value.to_owned());
    }

    fn line_keys(&mut self, protection: Protection, keys: LineKeys) {
        if protection == Protection::None {
            return;
        }
        let value = match (keys.protect_read, self.language) {
            (true, Language::English) => {
                format!("{:02X}, for reading {:02X}", keys.update, keys.read)
            }
            (true, Language::Chinese) => format!("{:02X}, 读用 {:02X}", keys.update, keys.read),
            (false, _) => format!("{:02X}", keys.update),
        };
        self.push(6, 1, ("protection key", "线路保护密钥"), value);
    }

    fn counter(&mut self, counter: ErrorCounter) {
        let value = match (counter.most(), counter.left(), self.language) {
            (Some(most), Some(left), Language::English) => format!("{left} of {most} tries left"),
            (Some(most), Some(left), Language::Chinese) => {
                format!("可试 {left} 次, 最多 {most} 次")
            }
            (.., Language::English) => "not counted".to_owned(),
            (.., Language::Chinese) => "不限".to_owned(),
        };
        self.push(4, 1, ("error counter", "错误计数器"), value);
    }
}
