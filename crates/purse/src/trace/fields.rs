//! Bytes taken apart as a list of catalogue fields says, and each put into words.

use apdu::CommandApdu;
use applet_spec::{CommandSpec, Field, FieldFormat};

use super::{DecodedField, tree};
use crate::Language;

/// Fields, and what does not fit them.
pub(super) struct Walk {
    pub(super) fields: Vec<DecodedField>,
    pub(super) fault: Option<String>,
}

/// Whether data under class `cla` ends in a secure messaging MAC that the catalogue's fields leave
/// out.
pub(super) fn mac_comes_off(spec: &CommandSpec, cla: u8) -> bool {
    spec.secure_class == Some(cla) && spec.cla.iter().any(|other| *other != cla)
}

/// The data of a command.
pub(super) fn of_command(spec: &CommandSpec, apdu: &CommandApdu<'_>, language: Language) -> Walk {
    let secured = mac_comes_off(spec, apdu.cla());
    walk(&spec.fields, secured, apdu.data(), apdu.data_offset(), language)
}

/// Takes `data`, which begins at `offset`, apart; a field without length takes what the others
/// leave. `secured`: four more bytes at the end are a secure messaging MAC.
pub(super) fn walk(
    fields: &[Field],
    secured: bool,
    data: &[u8],
    offset: usize,
    language: Language,
) -> Walk {
    let mut out = Walk { fields: Vec::new(), fault: None };
    let (data, mac) = match data.split_last_chunk::<4>() {
        Some((data, mac)) if secured => (data, mac.as_slice()),
        _ => (data, &[][..]),
    };
    let fixed: usize = fields.iter().filter_map(|field| field.len).map(usize::from).sum();
    let open = data.len().saturating_sub(fixed);
    let mut rest = data;
    for field in fields {
        let length = field.len.map_or(open, usize::from).min(rest.len());
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let at = offset + data.len() - rest.len();
        rest = tail;
        let name = language.pick(&field.name, &field.name_zh);
        if field.format == FieldFormat::Tlv {
            let (elements, fault) = tree::in_words(head, at, language);
            out.fields.extend(elements);
            out.fault = fault.or(out.fault);
        } else {
            out.fields.extend(one(name, field.format, at, head, language));
        }
    }
    if !data.is_empty() && data.len() < fixed || !rest.is_empty() {
        out.fault = Some(match language {
            Language::English => format!("{fixed} bytes expected, {} found", data.len()),
            Language::Chinese => format!("应为 {fixed} 字节, 实为 {}", data.len()),
        });
    }
    let name = language.pick("more data", "多余数据");
    let at = offset + data.len() - rest.len();
    out.fields.extend(one(name, FieldFormat::Hex, at, rest, language));
    let name = language.pick("secure messaging MAC", "安全报文鉴别码");
    out.fields.extend(one(name, FieldFormat::Mac, offset + data.len(), mac, language));
    out
}

/// One field; `None` where it has no bytes.
pub(super) fn one(
    name: &str,
    format: FieldFormat,
    offset: usize,
    bytes: &[u8],
    language: Language,
) -> Option<DecodedField> {
    let value = || value(format, bytes, language);
    (!bytes.is_empty()).then(|| DecodedField {
        name: name.to_owned(),
        value: value(),
        offset,
        length: bytes.len(),
        depth: 0,
    })
}

/// Bytes in words. What is not what the format says is shown in hexadecimal.
pub fn value(format: FieldFormat, bytes: &[u8], language: Language) -> String {
    let known = match format {
        FieldFormat::Secret => Some(match language {
            Language::English => format!("{} bytes, not shown", bytes.len()),
            Language::Chinese => format!("{} 字节, 不显示", bytes.len()),
        }),
        FieldFormat::Fen => number(bytes).map(|fen| match language {
            Language::English => format!("{}.{:02} yuan ({fen} fen)", fen / 100, fen % 100),
            Language::Chinese => format!("{}.{:02} 元 ({fen} 分)", fen / 100, fen % 100),
        }),
        FieldFormat::Number => number(bytes).map(|number| format!("{number} ({})", hex(bytes))),
        FieldFormat::Date => match (bytes, decimal(bytes)) {
            ([century, year, month, day], true) => {
                Some(format!("{century:02X}{year:02X}-{month:02X}-{day:02X}"))
            }
            _ => None,
        },
        FieldFormat::Time => match (bytes, decimal(bytes)) {
            ([hour, minute, second], true) => Some(format!("{hour:02X}:{minute:02X}:{second:02X}")),
            _ => None,
        },
        FieldFormat::Hex => text(bytes).filter(|_| bytes.len() >= 4),
        FieldFormat::Mac | FieldFormat::Tlv => None,
    };
    known.unwrap_or_else(|| hex(bytes))
}

/// In hexadecimal, as cards are always shown.
pub(super) fn hex(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

/// In hexadecimal and as the text that it is, if it is one.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    printable.then(|| format!("{} '{text}'", hex(bytes)))
}

fn number(bytes: &[u8]) -> Option<u64> {
    let fits = bytes.len() <= 8;
    fits.then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Whether these are BCD digits.
fn decimal(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0F <= 9)
}
