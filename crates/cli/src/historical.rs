//! What the historical bytes of an ATR say (ISO 7816-4 12.1.1; PC/SC part 3 for storage cards).

use link::Atr;

use crate::ui::{Lang, hex_text};

/// The historical bytes in words; `None` where the ATR has none.
pub fn says(atr: &Atr, lang: Lang) -> Option<String> {
    let bytes = atr.historical().filter(|bytes| !bytes.is_empty())?;
    Some(storage_card(bytes, lang).or_else(|| text(bytes)).unwrap_or_else(|| tagged(bytes, lang)))
}

/// A card without a processor, as a PC/SC reader presents it: no purse of these families.
fn storage_card(bytes: &[u8], lang: Lang) -> Option<String> {
    let [0x80, 0x4F, _, 0xA0, 0x00, 0x00, 0x03, 0x06, _, high, low, ..] = *bytes else {
        return None;
    };
    let number = u16::from_be_bytes([high, low]);
    let name = match number {
        0x0001 => "MIFARE Classic 1K",
        0x0002 => "MIFARE Classic 4K",
        0x0003 => "MIFARE Ultralight",
        0x0026 => "MIFARE Mini",
        0x003A => "MIFARE Ultralight C",
        0x003B => "FeliCa",
        _ => lang.pick("of a kind not known here", "未知类型"),
    };
    Some(lang.pick(
        format!("storage card without application: {name} ({number:04X})"),
        format!("存储卡, 无应用: {name} ({number:04X})"),
    ))
}

fn text(bytes: &[u8]) -> Option<String> {
    let printable = bytes.iter().all(|byte| (0x20..0x7F).contains(byte));
    printable.then(|| format!("\"{}\"", String::from_utf8_lossy(bytes).trim()))
}

/// COMPACT-TLV by its tags, or hex where it is none.
fn tagged(bytes: &[u8], lang: Lang) -> String {
    let parts = match bytes {
        [0x80, objects @ ..] => objects_of(objects, lang),
        // Three bytes of life cycle and status word stand at the end.
        [0x00, objects @ .., _, _, _] => objects_of(objects, lang),
        _ => None,
    };
    parts.unwrap_or_else(|| hex_text(bytes))
}

fn objects_of(mut bytes: &[u8], lang: Lang) -> Option<String> {
    let mut parts = Vec::new();
    while let Some((head, rest)) = bytes.split_first() {
        let (value, after) = rest.split_at_checked(usize::from(head & 0x0F))?;
        let name = match head >> 4 {
            0x1 => lang.pick("country", "国家"),
            0x2 => lang.pick("issuer", "发卡方"),
            0x3 => lang.pick("card services", "卡服务"),
            0x4 => lang.pick("initial access", "初始访问"),
            0x5 => lang.pick("issuer's data", "发卡方数据"),
            0x6 => lang.pick("maker's data", "制造商数据"),
            0x7 => lang.pick("capabilities", "卡能力"),
            0x8 => lang.pick("status", "状态"),
            0xF => lang.pick("application", "应用"),
            _ => return None,
        };
        parts.push(format!("{name} {}", hex_text(value)));
        bytes = after;
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_storage_cards_and_tags_are_told_and_the_rest_is_hex() {
        for (atr, words) in [
            ("3B880150555253454B49549E", "\"PURSEKIT\""),
            (
                "3B8F8001804F0CA000000306030001000000006A",
                "storage card without application: MIFARE Classic 1K (0001)",
            ),
            ("3B8A80010031C173C84000009000", "card services C1, capabilities C84000"),
            ("3B878001803150 73C84000 00", "card services 50, capabilities C84000"),
            ("3B878001803150 74C84000 00", "80315074C84000"),
            ("3B8580018001020304", "8001020304"),
        ] {
            let atr = Atr(hex::decode(atr.replace(' ', "")).unwrap());
            let said = says(&atr, Lang::En);
            assert_eq!(said.as_deref(), Some(words), "{atr}");
        }
        assert_eq!(says(&Atr(vec![0x3B, 0x00]), Lang::En), None);
        let zh = says(&Atr(hex::decode("3B8A80010031C173C84000009000").unwrap()), Lang::Zh);
        assert_eq!(zh.as_deref(), Some("卡服务 C1, 卡能力 C84000"));
    }
}
