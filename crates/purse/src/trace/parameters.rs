//! P1 and P2 in words.

use applet_spec::{BalanceForm, PurseKind, Rules, SamUsage};

use super::DecodedField;
use crate::issuing::KeyType;
use crate::{
    BlockKind, Command, CryptMode, FileRef, Initialize, IssuingCommand, Language, Occurrence,
    PsamCommand, PurseCommand, RecordRef, SelectBy, TransactionType,
};

const P1: usize = 2;
const P2: usize = 3;

/// What P1 and P2 of `command` say; nothing where they are fixed.
pub(super) fn in_words(command: &Command, rules: &Rules, language: Language) -> Vec<DecodedField> {
    let mut out = Words { language, fields: Vec::new() };
    match command {
        Command::Purse(command) => out.purse_command(command, rules),
        Command::Psam(command) => out.psam_command(command),
        Command::Issuing(command) => out.issuing_command(command),
    }
    out.fields
}

impl Words {
    fn purse_command(&mut self, command: &PurseCommand, rules: &Rules) {
        match command {
            PurseCommand::Select { by, occurrence } => self.select(by, *occurrence),
            PurseCommand::ReadBinary { file, offset, .. }
            | PurseCommand::UpdateBinary { file, offset, .. } => self.binary(*file, *offset),
            PurseCommand::ReadRecord { file, record, .. }
            | PurseCommand::UpdateRecord { file, record, .. } => self.record(*file, *record),
            PurseCommand::AppendRecord { file, .. } => self.file(P2, *file),
            PurseCommand::UpdateCappDataCache { sfi, record, .. } => {
                let sfi = if *sfi == 0 { rules.capp.default_sfi } else { *sfi };
                self.record(FileRef::Sfi(sfi), *record);
            }
            PurseCommand::ExternalAuthenticate { key, .. } => self.index(P2, *key, "key", "密钥"),
            PurseCommand::InternalAuthenticate { mode, key, .. } => {
                self.mode(*mode);
                self.index(P2, *key, "key", "密钥");
            }
            PurseCommand::Verify { index, .. }
            | PurseCommand::ChangePin { index, .. }
            | PurseCommand::ReloadPin { index, .. } => self.index(P2, *index, "PIN", "密码"),
            PurseCommand::PinUnblock { index, .. } => self.index(P1, *index, "PIN", "密码"),
            PurseCommand::ApplicationBlock { kind, .. } => self.block(*kind),
            PurseCommand::GetBalance { form, purse } => {
                self.balance(*form, rules);
                self.purse(*purse);
            }
            PurseCommand::GetTransactionProof { transaction_type, .. } => {
                let value = transaction(*transaction_type, self.language);
                self.push(P2, 1, ("transaction type", "交易类型"), value);
            }
            PurseCommand::InitializeForLoad(Initialize { purse, .. })
            | PurseCommand::InitializeForPurchase(Initialize { purse, .. })
            | PurseCommand::InitializeForCashWithdrawal(Initialize { purse, .. })
            | PurseCommand::InitializeForCappPurchase(Initialize { purse, .. })
            | PurseCommand::InitializeForUnload(Initialize { purse, .. })
            | PurseCommand::InitializeForUpdate { purse, .. } => self.purse(*purse),
            PurseCommand::GetResponse { .. }
            | PurseCommand::GetChallenge { .. }
            | PurseCommand::ApplicationUnblock { .. }
            | PurseCommand::CardBlock { .. }
            | PurseCommand::GetIdentificationCode
            | PurseCommand::CreditForLoad(_)
            | PurseCommand::DebitForPurchase(_)
            | PurseCommand::DebitForUnload(_)
            | PurseCommand::UpdateOverdrawLimit { .. } => {}
        }
    }

    fn psam_command(&mut self, command: &PsamCommand) {
        match command {
            PsamCommand::DeliverKey { usage, key, .. } => {
                self.usage(SamUsage(*usage));
                self.index(P2, *key, "key", "密钥");
            }
            PsamCommand::Crypt { mode, .. } => {
                let value = match mode {
                    CryptMode::EncryptLast => self.language.pick("encipher, last", "加密, 末块"),
                    CryptMode::EncryptMore => {
                        self.language.pick("encipher, more follows", "加密, 有后续块")
                    }
                    CryptMode::MacWhole => self.language.pick("whole MAC", "计算 MAC, 唯一一块"),
                    CryptMode::MacFirst => self.language.pick("MAC, first piece", "计算 MAC, 首块"),
                    CryptMode::MacNext => self.language.pick("MAC, next piece", "计算 MAC, 中间块"),
                    CryptMode::MacLast => self.language.pick("MAC, last piece", "计算 MAC, 末块"),
                };
                self.push(P1, 1, ("mode", "方式"), value.to_owned());
            }
            PsamCommand::InitializeForPurchase(_)
            | PsamCommand::CreditForPurchase { .. }
            | PsamCommand::CheckIdentificationCode { .. }
            | PsamCommand::WriteKey { .. } => {}
        }
    }

    fn usage(&mut self, usage: SamUsage) {
        let unknown = self.language.pick("unknown purpose", "未知用途");
        let purpose = usage
            .purpose()
            .map_or(unknown, |purpose| self.language.pick(purpose.text(), purpose.name_zh()));
        let levels = usage.levels();
        let levels = self.language.pick(format!("{levels} levels"), format!("{levels} 级分散"));
        let value = format!("{:02X}: {purpose}, {levels}", usage.0);
        self.push(P1, 1, ("key usage", "密钥用途"), value);
    }

    fn issuing_command(&mut self, command: &IssuingCommand) {
        match command {
            IssuingCommand::CreateFile { fid, .. } => {
                self.push(P1, 2, ("file identifier", "文件标识符"), format!("{fid:04X}"));
            }
            IssuingCommand::WriteKey { target: 0x01, index, .. } => {
                let value = self.language.pick("adds a key", "增加密钥").to_owned();
                self.push(P1, 1, ("what", "操作"), value);
                self.index(P2, *index, "key", "密钥");
            }
            IssuingCommand::WriteKey { target, index, .. } => {
                let known = KeyType::from_byte(*target).map(|known| known.in_words(self.language));
                let value = match (known, self.language) {
                    (Some(key), Language::English) => format!("changes the key {key}"),
                    (Some(key), Language::Chinese) => format!("修改密钥 {key}"),
                    (None, Language::English) => format!("changes the key of type {target:02X}"),
                    (None, Language::Chinese) => format!("修改类型 {target:02X} 的密钥"),
                };
                self.push(P1, 1, ("what", "操作"), value);
                self.index(P2, *index, "key", "密钥");
            }
            IssuingCommand::EraseDirectory => {}
        }
    }
}

/// A transaction type byte and its name.
pub fn transaction(byte: u8, language: Language) -> String {
    match TransactionType::from_byte(byte).map(TransactionType::names) {
        Some((english, chinese)) => format!("{byte:02X} {}", language.pick(english, chinese)),
        None => format!("{byte:02X}"),
    }
}

/// What a form of GET BALANCE gives.
pub(super) fn balance(form: BalanceForm, language: Language) -> &'static str {
    match form {
        BalanceForm::Stored => language.pick("stored balance", "卡内余额 (含透支限额)"),
        BalanceForm::Limit => language.pick("overdraft limit", "透支限额"),
        BalanceForm::Used => language.pick("overdraft used", "已透支金额"),
        BalanceForm::Actual => language.pick("the holder's own money", "实际余额"),
        BalanceForm::FourWords => language.pick("all four", "全部四项"),
    }
}

struct Words {
    language: Language,
    fields: Vec<DecodedField>,
}

impl Words {
    fn push(&mut self, offset: usize, length: usize, name: (&str, &str), value: String) {
        let name = self.language.pick(name.0, name.1).to_owned();
        self.fields.push(DecodedField { name, value, offset, length, depth: 0 });
    }

    fn select(&mut self, by: &SelectBy, occurrence: Occurrence) {
        let by = match by {
            SelectBy::Mf => self.language.pick("nothing, which is the MF", "无, 即主文件"),
            SelectBy::Fid(_) => self.language.pick("file identifier", "文件标识符"),
            SelectBy::Name(_) => self.language.pick("name", "名称"),
        };
        self.push(P1, 1, ("selected by", "选择方式"), by.to_owned());
        if occurrence == Occurrence::Next {
            let next = self.language.pick("next", "下一个");
            self.push(P2, 1, ("occurrence", "匹配次序"), next.to_owned());
        }
    }

    fn file(&mut self, offset: usize, file: FileRef) {
        let value = match file {
            FileRef::Current => self.language.pick("current file", "当前文件").to_owned(),
            FileRef::Sfi(sfi) => format!("SFI {sfi:02X}"),
        };
        self.push(offset, 1, ("file", "文件"), value);
    }

    fn binary(&mut self, file: FileRef, offset: u16) {
        self.file(P1, file);
        let (at, length) = if file == FileRef::Current { (P1, 2) } else { (P2, 1) };
        self.push(at, length, ("offset", "偏移"), offset.to_string());
    }

    fn record(&mut self, file: FileRef, record: RecordRef) {
        let value = match (record, self.language) {
            (RecordRef::Number(0), Language::English) => "current".to_owned(),
            (RecordRef::Number(0), Language::Chinese) => "当前记录".to_owned(),
            (RecordRef::Number(number), Language::English) => format!("number {number}"),
            (RecordRef::Number(number), Language::Chinese) => format!("第 {number} 条"),
            (RecordRef::First(id), Language::English) => format!("first with id {id:02X}"),
            (RecordRef::First(id), Language::Chinese) => format!("标识 {id:02X} 的第一条"),
            (RecordRef::Last(id), Language::English) => format!("last with id {id:02X}"),
            (RecordRef::Last(id), Language::Chinese) => format!("标识 {id:02X} 的最后一条"),
            (RecordRef::Next(id), Language::English) => format!("next with id {id:02X}"),
            (RecordRef::Next(id), Language::Chinese) => format!("标识 {id:02X} 的下一条"),
            (RecordRef::Previous(id), Language::English) => format!("previous with id {id:02X}"),
            (RecordRef::Previous(id), Language::Chinese) => format!("标识 {id:02X} 的上一条"),
        };
        self.push(P1, 1, ("record", "记录"), value);
        self.file(P2, file);
    }

    fn index(&mut self, offset: usize, index: u8, english: &str, chinese: &str) {
        let names = (&*format!("{english} index"), &*format!("{chinese}索引"));
        self.push(offset, 1, names, format!("{index:02X}"));
    }

    fn mode(&mut self, mode: u8) {
        let value = match mode {
            0x00 => self.language.pick("encipher", "加密"),
            0x01 => self.language.pick("decipher", "解密"),
            _ => self.language.pick("MAC", "计算 MAC"),
        };
        self.push(P1, 1, ("mode", "方式"), value.to_owned());
    }

    fn block(&mut self, kind: BlockKind) {
        let value = match kind {
            BlockKind::Temporary => self.language.pick("for a time", "临时锁定"),
            BlockKind::Permanent => self.language.pick("for ever", "永久锁定"),
        };
        self.push(P2, 1, ("locked", "锁定方式"), value.to_owned());
    }

    fn balance(&mut self, form: u8, rules: &Rules) {
        let known = rules.balance_p1.iter().find(|(p1, _)| *p1 == form);
        let value = match known {
            Some((_, form)) => balance(*form, self.language).to_owned(),
            None => format!("{form:02X}"),
        };
        self.push(P1, 1, ("balance asked for", "查询内容"), value);
    }

    fn purse(&mut self, purse: PurseKind) {
        let value = match purse {
            PurseKind::Deposit => self.language.pick("ED", "电子存折"),
            PurseKind::Purse => self.language.pick("EP", "电子钱包"),
        };
        self.push(P2, 1, ("purse", "钱包"), value.to_owned());
    }
}
