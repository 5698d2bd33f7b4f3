//! Answer data in words.

use applet_spec::{BalanceForm, FieldFormat, Rules};

use super::fields::{Walk, one, walk};
use super::{Asked, DecodedField, Decoder, parameters};
use crate::record::LogRecord;
use crate::{Command, FileRef, PurseCommand};

/// Files that hold log records: 18 in every family; 10 and 1A on construction-ministry cards,
/// where other families keep records of other lengths.
const LOG_FILES: [u8; 3] = [0x10, 0x18, 0x1A];

/// How answer data is taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum AnswerForm {
    /// By the answer fields of the catalogue.
    AsInCatalogue,
    /// A form of GET BALANCE.
    Balance(BalanceForm),
    /// A log record, where it has the length of one.
    Log,
}

impl AnswerForm {
    /// What answers `command`.
    pub(super) fn of(command: &Command, rules: &Rules) -> Self {
        let Command::Purse(command) = command else { return Self::AsInCatalogue };
        match command {
            PurseCommand::GetBalance { form, .. } => rules
                .balance_p1
                .iter()
                .find(|(p1, _)| p1 == form)
                .map_or(Self::AsInCatalogue, |(_, form)| Self::Balance(*form)),
            PurseCommand::ReadRecord { file: FileRef::Sfi(sfi), .. } if LOG_FILES.contains(sfi) => {
                Self::Log
            }
            _ => Self::AsInCatalogue,
        }
    }
}

impl Decoder {
    /// The last `length` bytes of what is there of an answer of which more waits.
    pub(super) fn piece(&self, data: &[u8], length: usize) -> Option<DecodedField> {
        let name = self.language.pick("piece of the answer", "部分应答");
        let (before, piece) = data.split_at_checked(data.len() - length)?;
        one(name, FieldFormat::Hex, before.len(), piece, self.language)
    }

    pub(super) fn answer_data(&self, data: &[u8]) -> Walk {
        let language = self.language;
        let Some(Asked { spec, secured, form }) = self.asked else {
            let field = one(language.pick("data", "数据"), FieldFormat::Hex, 0, data, language);
            return Walk { fields: field.into_iter().collect(), fault: None };
        };
        let special = match (form, data.split_last_chunk::<4>()) {
            (AnswerForm::Balance(form), _) => self.balances(form, data),
            (AnswerForm::Log, Some((record, _))) if secured => self.log(record),
            (AnswerForm::Log, _) => self.log(data),
            (AnswerForm::AsInCatalogue, _) => None,
        };
        match special {
            Some(mut fields) => {
                // What the form leaves is the MAC of a protected answer.
                let taken = fields.last().map_or(0, |last| last.offset + last.length);
                let rest = data.get(taken..).unwrap_or_default();
                let mac = walk(&[], true, rest, taken, language);
                fields.extend(mac.fields);
                Walk { fields, fault: mac.fault }
            }
            None => walk(&spec.answer, secured, data, 0, language),
        }
    }

    fn balances(&self, form: BalanceForm, data: &[u8]) -> Option<Vec<DecodedField>> {
        const FOUR: [BalanceForm; 4] =
            [BalanceForm::Actual, BalanceForm::Limit, BalanceForm::Used, BalanceForm::Stored];
        let forms = if form == BalanceForm::FourWords { &FOUR[..] } else { &[form] };
        let (words, rest) = data.as_chunks::<4>();
        if words.len() != forms.len() || !rest.is_empty() {
            return None;
        }
        let fields = forms.iter().zip(words).enumerate().filter_map(|(at, (form, word))| {
            let name = parameters::balance(*form, self.language);
            one(name, FieldFormat::Fen, 4 * at, word, self.language)
        });
        Some(fields.collect())
    }

    fn log(&self, data: &[u8]) -> Option<Vec<DecodedField>> {
        if data.len() != LogRecord::LENGTH {
            return None;
        }
        let Some(record) = LogRecord::parse(data) else {
            let name = self.language.pick("record", "记录").to_owned();
            let value = self.language.pick("never written", "未曾写入").to_owned();
            let length = data.len();
            return Some(vec![DecodedField { name, value, offset: 0, length, depth: 0 }]);
        };
        let mut fields = Vec::new();
        let mut offset = 0;
        let mut push = |english, chinese, format, bytes: &[u8]| {
            let name = self.language.pick(english, chinese);
            fields.extend(one(name, format, offset, bytes, self.language));
            offset += bytes.len();
        };
        let kind = record.transaction_type;
        push("serial", "交易序号", FieldFormat::Number, &record.serial.to_be_bytes());
        push("overdraft limit", "透支限额", FieldFormat::Fen, &record.limit.to_bytes());
        push("amount", "交易金额", FieldFormat::Fen, &record.amount.to_bytes());
        push("transaction type", "交易类型", FieldFormat::Hex, &[kind]);
        push("terminal number", "终端机编号", FieldFormat::Hex, &record.terminal.0);
        push("date", "交易日期", FieldFormat::Date, &record.date.0);
        push("time", "交易时间", FieldFormat::Time, &record.time.0);
        if let Some(field) = fields.get_mut(3) {
            field.value = parameters::transaction(kind, self.language);
        }
        Some(fields)
    }
}
