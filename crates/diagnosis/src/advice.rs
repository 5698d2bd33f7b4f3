//! What to do next, where a diagnosis leaves something open.

use apdu::StatusWord;
use applet_spec::Catalogue;
use purse::Language;

use crate::candidate::Offered;
use crate::reading::Reading;
use crate::transaction::Transaction;
use crate::{Code, Diagnosis, Maker, Source, Verdict};

/// Something to do, or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The card's own MAC does not fit: keys or card are not those of this side.
    CardDiffers,
    /// The trace does not tell the card.
    CardUnknown,
    /// The second step was refused for another reason than its MAC.
    OtherReason(StatusWord, Option<&'static str>, Option<&'static str>),
    /// The MAC is right, and yet the card says 9302.
    RightYetRefused,
    /// The card took a MAC that these keys do not give.
    TakenYetWrong,
    /// No terminal number of a PSAM was offered.
    NoSamTerminal,
    /// Date and time together cannot be searched.
    Moment,
}

impl Advice {
    /// In words.
    pub fn in_words(&self, language: Language) -> String {
        let (english, chinese) = match self {
            Self::CardDiffers => (
                "the card's own MAC1 does not fit either: the keys or the card number of this side are \
                 not those of the card; look into that first",
                "卡自己的 MAC1 也不符: 本侧密钥或卡号与该卡不一致, 请先查此项",
            ),
            Self::CardUnknown => (
                "the trace does not tell the card's number, so the profile's own was taken: record \
                 SELECT or READ BINARY of file 15, or give --serial",
                "跟踪中没有卡号, 用了规格自带的: 请录下选择应用或读文件 15, 或给出 --serial",
            ),
            Self::OtherReason(status, english, chinese) => {
                let reason = language.pick(english, chinese);
                let meaning = language.pick(status.meaning(), status.meaning_zh());
                let reason = reason.map_or(meaning, str::to_owned);
                return match language {
                    Language::English => {
                        format!("the card did not say that the MAC is wrong; {status}: {reason}")
                    }
                    Language::Chinese => format!("卡并未说 MAC 错误; {status}: {reason}"),
                };
            }
            Self::RightYetRefused => (
                "the MAC sent is right for these keys and this card number, yet the card refused it: the \
                 card has another key, version or number than this side, or the identification code was \
                 asked for before the recording began",
                "按本侧密钥与卡号该 MAC 是对的, 但卡拒绝: 卡的密钥, 版本或卡号与本侧不同, 或在录制之前已取过识别码",
            ),
            Self::TakenYetWrong => (
                "the card took this MAC, so it is right for the card; what is found says how this side's \
                 keys or data differ from the card's",
                "卡接受了此 MAC, 所以对卡而言是对的; 所列差异说明本侧的密钥或数据与卡不同",
            ),
            Self::NoSamTerminal => (
                "the trace has no PSAM's terminal number: record the PSAM too (00B0960006), or give it \
                 with --candidate (6 bytes)",
                "跟踪中没有 PSAM 的终端机编号: 请一并录下 PSAM (00B0960006), 或用 --candidate 给出 (6 字节)",
            ),
            Self::Moment => (
                "a wrong date and a wrong time together cannot be searched: give what the other side used \
                 with --candidate (7 bytes, YYYYMMDDHHMMSS)",
                "日期与时间同时不同无法遍历: 请用 --candidate 给出对方所用的 (7 字节, YYYYMMDDHHMMSS)",
            ),
        };
        language.pick(english, chinese).to_owned()
    }
}

/// What to do next about a transaction.
pub fn advice(
    reading: &Reading,
    transaction: &Transaction,
    diagnoses: &[Diagnosis],
) -> Vec<Advice> {
    let mut out = Vec::new();
    let of = |code: Code| diagnoses.iter().find(|one| one.received.code == code);
    let right = |one: &Diagnosis| matches!(one.verdict, Verdict::Right);
    let open = |one: &Diagnosis| matches!(one.verdict, Verdict::NothingFits);
    // What cannot be computed is not known to be wrong.
    let wrong = |one: &Diagnosis| open(one) || matches!(one.verdict, Verdict::Found(_));
    let sent = diagnoses.iter().find(|one| one.received.stands_in == crate::StandsIn::Step);
    let by_card = transaction.flow.maker(Code::Mac1) == Maker::Card;
    if by_card && of(Code::Mac1).is_some_and(wrong) {
        out.push(Advice::CardDiffers);
    }
    if transaction.card.source == Source::Profile && diagnoses.iter().any(|one| !right(one)) {
        out.push(Advice::CardUnknown);
    }
    if let (Some(step), Some(sent)) = (transaction.step, sent) {
        match step.status {
            Some(StatusWord::OK) if wrong(sent) => out.push(Advice::TakenYetWrong),
            Some(StatusWord::OK) | None => {}
            Some(StatusWord::MAC_INVALID) if right(sent) => out.push(Advice::RightYetRefused),
            Some(StatusWord::MAC_INVALID) => {}
            Some(status) => {
                let reasons = &Catalogue::entry(step.command).status;
                let reason = reasons.iter().find(|(listed, _)| *listed == status);
                let reason = reason.map(|(_, reason)| reason);
                out.push(Advice::OtherReason(
                    status,
                    reason.map(|reason| reason.when.as_str()),
                    reason.map(|reason| reason.when_zh.as_str()),
                ));
            }
        }
    }
    if diagnoses.iter().any(open) {
        let by_psam =
            reading.found.terminals.iter().any(|one| one.source.offered() != Offered::Trace);
        if !transaction.flow.online() && !by_psam {
            out.push(Advice::NoSamTerminal);
        }
        out.push(Advice::Moment);
    }
    out
}
