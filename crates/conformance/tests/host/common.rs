//! A host with or without a card in front of it.

use std::sync::Arc;

use apdu::StatusWord;
use applet_spec::{CommandId, Profile};
use conformance::host::{Host, HostError, Prepared, ValueFormat};
use conformance::{Expression, Operator, Place, Send, TerminalConfig, Value};
use crypto::custody::HeldKeys;
use emulator::{Card, CardMaker};

/// A profile and who holds its keys.
pub struct Bench {
    pub profile: Arc<Profile>,
    pub custody: HeldKeys,
}

impl Bench {
    pub fn new(name: &str) -> Self {
        Self::of(Profile::find(name).expect("built-in profile"))
    }

    /// A built-in profile with changes laid over it.
    pub fn with(base: &str, changes: &str) -> Self {
        let head = format!("extends = \"{base}\"\nname = \"{base}-changed\"\nversion = \"0\"\n");
        let profile = Profile::parse(&(head + changes), "changes");
        Self::of(Arc::new(profile.unwrap_or_else(|errors| panic!("{errors}"))))
    }

    pub fn of(profile: Arc<Profile>) -> Self {
        Self { custody: profile.lab_custody(), profile }
    }

    pub fn host(&self) -> Host<'_> {
        Host::new(&self.profile, &self.custody, &TerminalConfig::default())
    }

    /// A fresh card with its main application selected.
    pub fn table(&self) -> Table<'_> {
        let maker = CardMaker::new(self.profile.clone()).expect("the profile makes cards");
        let mut card = maker.lab_card(7).expect("lab card");
        card.power_on().expect("ATR");
        let mut table = Table { host: self.host(), card };
        table.host.forget();
        if self.profile.main_directory().is_some() {
            let select = table.host.select(&Place::Application).unwrap();
            assert!(table.hand_over(&select).status.is_ok(), "{}", self.profile.name);
        }
        table
    }
}

/// A host and a card.
pub struct Table<'b> {
    pub host: Host<'b>,
    pub card: Card,
}

/// What came back.
pub struct Heard {
    pub sent: Prepared,
    pub status: StatusWord,
    pub data: Vec<u8>,
}

impl Table<'_> {
    /// Sends a command and lets the host hear the answer.
    pub fn hand_over(&mut self, prepared: &Prepared) -> Heard {
        let mut data = self.card.transmit(&prepared.bytes);
        let status = data.split_off(data.len() - 2);
        let status = StatusWord(u16::from_be_bytes([status[0], status[1]]));
        self.host.heard(prepared, status, &data);
        Heard { sent: prepared.clone(), status, data }
    }

    pub fn send(&mut self, send: &Send) -> Heard {
        let prepared = self.host.command(send).unwrap_or_else(|error| panic!("{error}"));
        self.hand_over(&prepared)
    }

    #[track_caller]
    pub fn ok(&mut self, send: &Send) -> Heard {
        let heard = self.send(send);
        let sent = hex::encode_upper(&heard.sent.bytes);
        assert_eq!(heard.status, StatusWord::OK, "{} {sent}", heard.sent.title.en);
        heard
    }

    /// The default form of a command.
    #[track_caller]
    pub fn plain(&mut self, command: CommandId) -> Heard {
        self.ok(&Send::new(command))
    }

    /// A field of the answer is what the host expects.
    #[track_caller]
    pub fn check(&self, heard: &Heard, name: &str, value: &Value) {
        let field = self.host.answer_field(&heard.sent, name, &heard.data);
        let (field, actual) = field.unwrap_or_else(|| panic!("no {name}"));
        let format = ValueFormat::of(field);
        let expected = self.host.expected(value, format, Some(&heard.sent)).unwrap();
        let actual: Vec<_> = actual.iter().copied().map(Some).collect();
        assert_eq!(actual, expected, "{name} of {}", heard.sent.title.en);
    }
}

pub fn literal(text: &str) -> Expression {
    Expression::Literal(text.to_owned())
}

pub fn name(name: &str) -> Expression {
    Expression::Name(name.to_owned())
}

pub fn call(name: &str, inputs: &[(&str, Expression)]) -> Expression {
    let input = |(name, value): &(&str, Expression)| ((*name).to_owned(), value.clone());
    Expression::Call(name.to_owned(), inputs.iter().map(input).collect())
}

pub fn operation(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Operation(operator, Box::new(left), Box::new(right))
}

pub fn value(expression: Expression) -> Value {
    Value { written: None, expression }
}

/// A command with fields.
pub fn with(command: CommandId, fields: &[(&str, &str)]) -> Send {
    let field = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::literal(*text));
    Send { fields: fields.iter().map(field).collect(), ..Send::new(command) }
}

/// The bytes of a value that stands by itself.
pub fn bytes(host: &Host<'_>, expression: Expression) -> Result<Vec<u8>, HostError> {
    let read = host.expected(&value(expression), ValueFormat::BYTES, None)?;
    Ok(read.into_iter().map(|byte| byte.expect("no free byte")).collect())
}
