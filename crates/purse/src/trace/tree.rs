//! TLV as an indented tree, within the bounds of [`apdu::tlv`].

use apdu::tlv::{self, Element, MAX_DEPTH, MAX_LENGTH, TlvError};
use applet_spec::FieldFormat;

use super::DecodedField;
use super::fields::{hex, one, text};
use crate::Language;

/// The elements of `bytes`, which begin at `offset`; bytes that are no TLV as one field, and why
/// they are not.
pub(super) fn in_words(
    bytes: &[u8],
    offset: usize,
    language: Language,
) -> (Vec<DecodedField>, Option<String>) {
    match tlv::tree(bytes) {
        Ok(elements) => {
            (elements.iter().map(|element| field(element, offset, language)).collect(), None)
        }
        Err(error) => {
            let name = language.pick("not TLV", "非 TLV 数据");
            let field = one(name, FieldFormat::Hex, offset, bytes, language);
            (field.into_iter().collect(), Some(fault(&error, language)))
        }
    }
}

fn field(element: &Element<'_>, offset: usize, language: Language) -> DecodedField {
    let Element { tag, depth, value, .. } = *element;
    let name = match meaning(tag, language) {
        Some(meaning) => format!("{tag:02X} {meaning}"),
        None => format!("{tag:02X}"),
    };
    let shown = match tag {
        _ if element.constructed() => String::new(),
        0x50 | 0x84 => text(value).unwrap_or_else(|| hex(value)),
        _ => hex(value),
    };
    let (offset, length) = (offset + element.offset, value.len());
    DecodedField { name, value: shown, offset, length, depth }
}

/// The tags that purse cards answer with.
fn meaning(tag: u32, language: Language) -> Option<&'static str> {
    Some(match tag {
        0x4F => language.pick("application name", "应用标识符"),
        0x50 => language.pick("label", "应用标签"),
        0x61 => language.pick("application", "应用模板"),
        0x6F => language.pick("FCI", "文件控制信息"),
        0x70 => language.pick("directory record", "目录记录"),
        0x84 => language.pick("DF name", "DF 名称"),
        0x87 => language.pick("priority", "优先级"),
        0x88 => language.pick("SFI of the directory file", "目录文件短标识"),
        0xA5 => language.pick("own data", "专用数据"),
        0x9F08 => language.pick("version", "应用版本号"),
        0x9F0C => language.pick("issuer's data (file 15)", "发卡方自定义数据 (文件 15)"),
        0xBF0C => language.pick("issuer's own data", "发卡方自定义模板"),
        _ => return None,
    })
}

fn fault(error: &TlvError, language: Language) -> String {
    if language == Language::English {
        return error.to_string();
    }
    match error {
        TlvError::Truncated { offset, claimed, present } => {
            format!("TLV 在偏移 {offset} 处中断: 应还有 {claimed} 字节, 实有 {present}")
        }
        TlvError::TagTooLong { offset } => format!("偏移 {offset} 处的标签超过 3 字节"),
        TlvError::LengthForm { offset, byte } => {
            format!("偏移 {offset} 处的长度字节 {byte:02X} 不用于卡片数据")
        }
        TlvError::TooDeep { offset } => format!("偏移 {offset} 处 TLV 嵌套超过 {MAX_DEPTH} 层"),
        TlvError::TooLong { length } => format!("TLV 有 {length} 字节, 超过 {MAX_LENGTH}"),
    }
}
