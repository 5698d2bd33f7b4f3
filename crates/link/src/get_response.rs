//! GET RESPONSE and wrong Le (ISO 7816-4 5.1.3, 7816-3 12.2): the one place that knows them.
//!
//! Over T=0 a card cannot send answer data with a command that carries data, and says `61xx`:
//! fetch them; and it says `6Cxx` where Le is not what it has: ask again with `xx`. Above this
//! decorator neither is seen.

use apdu::{Case, CommandApdu, CommandBuf, ResponseApdu};

use crate::forward::{forward_decorator, forward_exclusive};
use crate::{Atr, CardTransport, LinkError};

/// Most fetches for one command: 65536 bytes in pieces of 256, or a card that never ends.
const MAX_FETCHES: usize = 256;
/// Most answer bytes of one command.
const MAX_ANSWER: usize = 0x1_0000;

/// Fetches answers that wait, and repeats commands whose Le the card corrects.
pub struct GetResponse<T> {
    inner: T,
}

impl<T: CardTransport> GetResponse<T> {
    /// Around `inner`.
    pub fn new(inner: T) -> Self {
        Self { inner }
    }

    /// The card below.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Sends `command`; once more with the right Le where the card names it.
    fn exchange(&mut self, command: &[u8]) -> Result<ResponseApdu, LinkError> {
        let answer = parse(&self.inner.transmit(command)?)?;
        let [sw1, le] = answer.status.bytes();
        match with_le(command, le) {
            Some(repeated) if sw1 == 0x6C => parse(&self.inner.transmit(&repeated)?),
            _ => Ok(answer),
        }
    }
}

impl<T: CardTransport> CardTransport for GetResponse<T> {
    fn reset(&mut self) -> Result<Atr, LinkError> {
        self.inner.reset()
    }

    fn power_off(&mut self) -> Result<(), LinkError> {
        self.inner.power_off()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        let class = fetch_class(CommandApdu::new(command).cla());
        let mut answer = self.exchange(command)?;
        let mut fetches = 0;
        while let [0x61, waiting] = answer.status.bytes() {
            if fetches == MAX_FETCHES || answer.data.len() > MAX_ANSWER {
                return Err(endless(command, answer.data.len()));
            }
            fetches += 1;
            let piece = self.exchange(&[class, 0xC0, 0, 0, waiting])?;
            answer.data.extend_from_slice(&piece.data);
            answer.status = piece.status;
        }
        Ok(answer.to_bytes())
    }

    fn transmit_unfetched(&mut self, command: &[u8]) -> Result<Vec<u8>, LinkError> {
        self.inner.transmit_unfetched(command)
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    forward_exclusive!(self => self.inner);
}

forward_decorator!(GetResponse);

fn parse(raw: &[u8]) -> Result<ResponseApdu, LinkError> {
    ResponseApdu::parse(raw).map_err(|error| LinkError::Protocol(format!("card answer: {error}")))
}

/// CLA of GET RESPONSE: the interindustry class on the command's logical channel. Purse commands
/// are 80, 84 or 90, and their answers are fetched with 00 C0; secure messaging is not repeated.
fn fetch_class(cla: u8) -> u8 {
    match cla {
        0x00..=0x1F | 0x80..=0x8F => cla & 0x03,
        0x40..=0x7F | 0xC0..=0xFE => 0x40 | (cla & 0x0F),
        _ => 0x00,
    }
}

fn endless(command: &[u8], bytes: usize) -> LinkError {
    LinkError::Protocol(format!(
        "the card says 61xx without end: {bytes} bytes in answer to INS {:02X} and still more; \
         trace its GET RESPONSE",
        CommandApdu::new(command).ins(),
    ))
}

/// `command` with `le` (00 is 256); `None` where it is no command of any case.
fn with_le(command: &[u8], le: u8) -> Option<Vec<u8>> {
    let seen = CommandApdu::new(command);
    if matches!(seen.case(), Case::Malformed(_)) {
        return None;
    }
    let ne = if le == 0 { 0x100 } else { u32::from(le) };
    let header = [seen.cla(), seen.ins(), seen.p1(), seen.p2()];
    let built = CommandBuf::new(header).data(seen.data()).ne(ne);
    if seen.extended() { built.to_extended_bytes() } else { built.to_bytes() }.ok()
}

#[cfg(test)]
mod tests {
    use apdu::StatusWord;
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{Scripted, bytes};

    fn run(command: &str, answers: &[&str]) -> (String, Vec<String>) {
        let script: Vec<_> = answers.iter().map(|answer| Ok(bytes(answer))).collect();
        let mut card = GetResponse::new(Scripted::new(script));
        let answer = match card.transmit(&bytes(command)) {
            Ok(answer) => hex::encode_upper(answer),
            Err(error) => error.to_string(),
        };
        (answer, card.into_inner().commands.iter().map(hex::encode_upper).collect())
    }

    #[test]
    fn waiting_data_are_fetched_with_class_00_for_a_purse_command() {
        let (answer, sent) = run("805000020B010000000100000000000112", &["610F", "AABB9000"]);
        assert_eq!(answer, "AABB9000");
        assert_eq!(sent[1..], ["00C000000F"]);
    }

    #[test]
    fn an_unfetched_command_is_sent_once_and_its_answer_seen_through_any_number_of_layers() {
        let card = Scripted::new([Ok(bytes("610F")), Ok(bytes("6C04"))]);
        let mut card = GetResponse::new(Box::new(GetResponse::new(card)));
        assert_eq!(card.transmit_unfetched(&bytes("805000020B")).unwrap(), bytes("610F"));
        assert_eq!(card.transmit_unfetched(&bytes("805C000200")).unwrap(), bytes("6C04"));
    }

    #[test]
    fn the_logical_channel_is_kept() {
        for (cla, fetch) in [("02", "02"), ("82", "02"), ("0C", "00"), ("45", "45"), ("C5", "45")] {
            let (_, sent) = run(&format!("{cla}A4000002DF01"), &["6102", "AABB9000"]);
            assert_eq!(sent[1], format!("{fetch}C0000002"));
        }
    }

    #[test]
    fn several_pieces_are_joined_and_the_last_status_counts() {
        let (answer, _) = run("00B0950000", &["116102", "22336101", "446282"]);
        assert_eq!(answer, "112233446282");
    }

    #[test]
    fn a_wrong_le_is_corrected_once() {
        let (answer, sent) = run("00B2010C00", &["6C02", "AABB9000"]);
        assert_eq!((answer.as_str(), sent[1].as_str()), ("AABB9000", "00B2010C02"));
        let (answer, sent) = run("00B2010C00", &["6C02", "6C03"]);
        assert_eq!((answer.as_str(), sent.len()), ("6C03", 2));
    }

    #[test]
    fn le_is_added_or_replaced_in_the_command_s_own_form() {
        for (command, repeated) in [
            ("00B20104", "00B2010410"),
            ("805C000204", "805C000210"),
            ("00A4000002DF01", "00A4000002DF0110"),
            ("00A4000002DF0100", "00A4000002DF0110"),
            ("00B0950000FFFF", "00B09500000010"),
            ("00A40000000002DF010000", "00A40000000002DF010010"),
        ] {
            let (_, sent) = run(command, &["6C10", "9000"]);
            assert_eq!(sent[1], repeated, "{command}");
        }
    }

    #[test]
    fn a_malformed_command_is_never_repeated() {
        let (answer, sent) = run("00A40400FFAA", &["6C10"]);
        assert_eq!((answer.as_str(), sent.len()), ("6C10", 1));
    }

    #[test]
    fn a_fetch_is_itself_corrected() {
        let (answer, sent) = run("00A4000002DF01", &["6100", "6C02", "AABB9000"]);
        assert_eq!(answer, "AABB9000");
        assert_eq!(sent[1..], ["00C0000000", "00C0000002"]);
    }

    #[test]
    fn a_card_that_never_ends_is_given_up() {
        let (answer, sent) = run("00A4000002DF01", &["6101"; 400]);
        assert!(answer.contains("without end"), "{answer}");
        assert_eq!(sent.len(), 257);
    }

    #[test]
    fn an_answer_without_status_word_is_reported() {
        let (answer, _) = run("00A4000002DF01", &["90"]);
        assert!(answer.contains("SW1 SW2 are missing"), "{answer}");
    }

    proptest! {
        #[test]
        fn an_answer_cut_in_pieces_comes_out_whole(
            data in proptest::collection::vec(any::<u8>(), 1..2000),
            piece in 8_usize..256,
        ) {
            let mut answers = vec![Ok(StatusWord::more(data.len()).bytes().to_vec())];
            let mut rest = data.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                let status =
                    if later.is_empty() { StatusWord::OK } else { StatusWord::more(later.len()) };
                answers.push(Ok([now, &status.bytes()].concat()));
                rest = later;
            }
            let mut card = GetResponse::new(Scripted::new(answers));
            let answer = card.transmit(&[0, 0xB0, 0x95, 0, 0]).unwrap();
            prop_assert_eq!(answer, [data.as_slice(), &[0x90, 0x00]].concat());
        }
    }
}
