//! The data of the commands that build a card, field by field.

use applet_spec::FieldFormat;

use super::DecodedField;
use super::fields::{self, Walk};
use crate::issuing::{FieldInWords, KeyHead, NewFile};
use crate::{IssuingCommand, Language};

/// The data of `command`, which begins at `offset`; `None` where the catalogue's fields say all
/// there is to say. A key's value is never shown.
pub(super) fn data(command: &IssuingCommand, offset: usize, language: Language) -> Option<Walk> {
    match command {
        IssuingCommand::CreateFile { description, .. } => match NewFile::parse(description) {
            Ok(file) => Some(Walk { fields: placed(file.fields(language), offset), fault: None }),
            Err(error) => {
                let name = language.pick("file description", "文件描述");
                let shown = fields::one(name, FieldFormat::Hex, offset, description, language);
                let fault = Some(error.in_words(language));
                Some(Walk { fields: shown.into_iter().collect(), fault })
            }
        },
        IssuingCommand::WriteKey { target: 0x01, data, .. } if data.mac().is_none() => {
            let (head, value) = data.data().split_first_chunk::<{ KeyHead::LENGTH }>()?;
            let name = language.pick("key value", "密钥值");
            let at = offset + KeyHead::LENGTH;
            let value = fields::one(name, FieldFormat::Secret, at, value, language);
            match KeyHead::parse(*head) {
                Ok(head) => {
                    let mut shown = placed(head.fields(language), offset);
                    shown.extend(value);
                    Some(Walk { fields: shown, fault: None })
                }
                // What is no key record may hold a key anywhere.
                Err(_) => None,
            }
        }
        IssuingCommand::WriteKey { .. } | IssuingCommand::EraseDirectory => None,
    }
}

fn placed(found: Vec<FieldInWords>, offset: usize) -> Vec<DecodedField> {
    let place = |field: FieldInWords| DecodedField {
        name: field.name.to_owned(),
        value: field.value,
        offset: offset + field.offset,
        length: field.length,
        depth: 0,
    };
    found.into_iter().map(place).collect()
}
