//! Traces in words: what a command says and what its answer means, field by field.
//!
//! Names, fields, and the reasons behind status words are those of the
//! [`Catalogue`]; a command that the catalogue does not have, or that is wrong, is shown with the
//! [`CommandError`] a card would refuse it for. Any bytes can be shown, and no secret ever is: of
//! PINs and cryptograms only the length, and of a command that is not understood only what cannot
//! be a PIN or a key.
//!
//! ```
//! use applet_spec::Profile;
//! use purse::Language;
//! use purse::trace::Decoder;
//!
//! let rules = &Profile::built_in("jtt978").expect("built in").rules;
//! let mut decoder = Decoder::new(rules, Language::English);
//! let command = decoder.command(&[0x80, 0x5C, 0x03, 0x02, 0x04]);
//! assert_eq!(
//!     command.to_string(),
//!     "GET BALANCE\n  balance asked for: the holder's own money\n  purse: EP\n  Le: 4"
//! );
//! let answer = decoder.answer(&[0x00, 0x00, 0x03, 0xE8, 0x90, 0x00]);
//! assert_eq!(
//!     answer.to_string(),
//!     "9000 done\n  the holder's own money: 10.00 yuan (1000 fen)"
//! );
//! ```

mod answer;
mod fields;
mod issuing;
mod parameters;
mod refused;
mod tree;

use std::fmt;

use apdu::{CommandApdu, ResponseApdu, StatusWord, tlv};
use applet_spec::{Catalogue, CommandId, CommandSpec, Rules};

use self::answer::AnswerForm;
use self::fields::Walk;
use crate::{Command, CommandError, Language};

pub use self::fields::value as field_in_words;
pub use self::parameters::transaction as type_in_words;

/// Bytes as the text that they are, or in hexadecimal.
pub(crate) fn text_or_hex(bytes: &[u8]) -> String {
    fields::text(bytes).unwrap_or_else(|| fields::hex(bytes))
}

/// A command or an answer in words. `Display` gives a line for the title, one for each field, and
/// one for the problem, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Name of the command; or the status word and its meaning.
    pub title: String,
    /// Its fields, in the order of the bytes.
    pub fields: Vec<DecodedField>,
    /// What is wrong with a command, or why the card refused it.
    pub problem: Option<String>,
}

/// A field in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedField {
    /// Name.
    pub name: String,
    /// Value, as people write it.
    pub value: String,
    /// First byte: in the command; or in the answer data, that of all pieces together where it was
    /// fetched by GET RESPONSE.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
    /// Level inside TLV, 0 outermost.
    pub depth: usize,
}

/// Puts an exchange into words: give it every command and every answer in their order.
#[derive(Clone, Debug)]
pub struct Decoder {
    rules: Rules,
    language: Language,
    /// The last command: what its refusals mean.
    last: Option<Sent>,
    /// The last command but GET RESPONSE: what the answer data is.
    asked: Option<Asked>,
    /// Answer data so far, while more of it waits.
    pieces: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Sent {
    spec: Option<&'static CommandSpec>,
    error: Option<CommandError>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    spec: &'static CommandSpec,
    /// The answer ends in a secure messaging MAC.
    secured: bool,
    form: AnswerForm,
}

impl Decoder {
    /// For cards of these rules.
    pub fn new(rules: &Rules, language: Language) -> Self {
        Self { rules: rules.clone(), language, last: None, asked: None, pieces: Vec::new() }
    }

    /// Forgets the last command, as a card does that is reset.
    pub fn reset(&mut self) {
        self.last = None;
        self.asked = None;
        self.pieces.clear();
    }

    /// A command in words.
    pub fn command(&mut self, raw: &[u8]) -> Decoded {
        let apdu = CommandApdu::new(raw);
        let catalogue = Catalogue::of(self.rules.commands);
        let parsed = Command::parse_with(catalogue, &apdu, &self.rules);
        let (spec, form, decoded) = match &parsed {
            Ok((spec, command)) => {
                let form = AnswerForm::of(command, &self.rules);
                (Some(*spec), form, self.understood(&apdu, spec, command))
            }
            Err(error) => {
                let spec = refused::likely(catalogue, &apdu, error);
                (spec, AnswerForm::AsInCatalogue, self.refused(&apdu, spec, error))
            }
        };
        if spec.is_none_or(|spec| spec.id != CommandId::GetResponse) {
            self.pieces.clear();
            self.asked = None;
        }
        if self.asked.is_none() {
            let secured = spec.is_some_and(|spec| fields::mac_comes_off(spec, apdu.cla()));
            self.asked = spec.map(|spec| Asked { spec, secured, form });
        }
        self.last = Some(Sent { spec, error: parsed.err() });
        decoded
    }

    /// The answer to the last command in words. What GET RESPONSE fetches is the answer to the
    /// command before it.
    pub fn answer(&mut self, raw: &[u8]) -> Decoded {
        let mut data = std::mem::take(&mut self.pieces);
        let response = match ResponseApdu::parse(raw) {
            Ok(response) => response,
            Err(error) => {
                let words = self.language.pick("no status word", "没有状态字").to_owned();
                let why = self.language.pick(error.to_string(), "少于两字节".to_owned());
                return Decoded { title: words, fields: Vec::new(), problem: Some(why) };
            }
        };
        let status = response.status;
        let meaning = self.language.pick(status.meaning(), status.meaning_zh());
        let title = format!("{status} {meaning}");
        data.extend_from_slice(&response.data);
        if status.bytes().first() == Some(&0x61) {
            let fields = self.piece(&data, response.data.len()).into_iter().collect();
            if data.len() <= tlv::MAX_LENGTH {
                self.pieces = data;
            }
            return Decoded { title, fields, problem: None };
        }
        let Walk { fields, fault } = self.answer_data(&data);
        Decoded { title, fields, problem: self.reason(status).or(fault) }
    }

    fn understood(&self, apdu: &CommandApdu<'_>, spec: &CommandSpec, command: &Command) -> Decoded {
        let mut fields = parameters::in_words(command, &self.rules, self.language);
        let own = match command {
            Command::Issuing(command) => issuing::data(command, apdu.data_offset(), self.language),
            _ => None,
        };
        let walk = own.unwrap_or_else(|| fields::of_command(spec, apdu, self.language));
        fields.extend(walk.fields);
        fields.extend(self.le(apdu));
        Decoded { title: self.name(spec), fields, problem: walk.fault }
    }

    fn le(&self, apdu: &CommandApdu<'_>) -> Option<DecodedField> {
        let offset = apdu.le_offset();
        let length = apdu.raw().len() - offset;
        let (name, value) = ("Le".to_owned(), apdu.ne()?.to_string());
        Some(DecodedField { name, value, offset, length, depth: 0 })
    }

    fn name(&self, spec: &CommandSpec) -> String {
        self.language.pick(&spec.name, &spec.name_zh).clone()
    }

    /// Why the card refused the last command, as far as is known.
    fn reason(&self, status: StatusWord) -> Option<String> {
        let Sent { spec, error } = self.last.as_ref()?;
        if let Some(error) = error.as_ref().filter(|error| error.status(&self.rules) == status) {
            return Some(error.in_words(self.language));
        }
        let spec = (*spec)?;
        let listed = spec.status.iter().filter(|(listed, _)| self.stands_for(*listed, status));
        let mut reasons: Vec<&str> =
            listed.map(|(_, reason)| self.language.pick(&*reason.when, &*reason.when_zh)).collect();
        if status == self.rules.status.blocked && !spec.when_blocked {
            reasons
                .push(self.language.pick("the application is temporarily locked", "应用临时锁定"));
        }
        (!reasons.is_empty()).then(|| reasons.join(self.language.pick("; or ", "; 或 ")))
    }

    /// Whether the catalogue means `status` where it lists `listed`: the same, with a number in
    /// it, or what the profile answers in its place.
    fn stands_for(&self, listed: StatusWord, status: StatusWord) -> bool {
        let tries = |word: StatusWord| word.0 & 0xFFF0 == StatusWord::tries_left(0).0;
        let le = |word: StatusWord| word.0 & 0xFF00 == StatusWord::right_le(0).0;
        let own = &self.rules.status;
        listed == status
            || tries(listed) && tries(status)
            || le(listed) && le(status)
            || [
                (StatusWord::WRONG_STATE, own.wrong_state),
                (StatusWord::PROOF_UNAVAILABLE, own.no_proof),
                (StatusWord::FILE_NOT_FOUND, own.internal_file),
            ]
            .contains(&(listed, status))
    }
}

impl fmt::Display for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        for DecodedField { name, value, depth, .. } in &self.fields {
            let indent = 2 * (depth + 1);
            write!(f, "\n{:indent$}{name}", "")?;
            if !value.is_empty() {
                write!(f, ": {value}")?;
            }
        }
        self.problem.iter().try_for_each(|problem| write!(f, "\n  ! {problem}"))
    }
}
