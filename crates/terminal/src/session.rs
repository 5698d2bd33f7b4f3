//! Typed commands over a transport.

use apdu::{CommandBuf, DfName, ResponseApdu, StatusWord};
use applet_spec::{Catalogue, CommandId, PurseKind};
use link::{CardTransport, LinkError};
use purse::answer::{Balance, Proof};
use purse::{
    Amount, FileRef, IdentificationCode, Occurrence, Pin, PurseCommand, RecordRef, SelectBy,
    TransactionType,
};

use crate::FlowError;
use crate::error::Side;

/// A card being driven.
pub struct CardSession<'t> {
    transport: &'t mut dyn CardTransport,
    /// The identification code, once the card gave it in the current selection.
    code: Option<IdentificationCode>,
}

impl<'t> CardSession<'t> {
    /// Over `transport`, whose card is powered and reset by its owner.
    pub fn new(transport: &'t mut dyn CardTransport) -> Self {
        Self { transport, code: None }
    }

    /// The identification code that the card gave in the current selection: from then on its MAC1
    /// may cover it.
    pub fn code_given(&self) -> Option<IdentificationCode> {
        self.code
    }

    /// Name of a command as messages show it.
    pub fn step(command: &PurseCommand) -> &'static str {
        Catalogue::entry(command.id()).name.as_str()
    }

    /// Does `work` with no other program at the card, as the two steps of a transaction want it;
    /// `step` is the one that errors of beginning name.
    ///
    /// # Errors
    /// [`FlowError::Link`] where another program does not let go, and what `work` says.
    pub fn exclusively<R>(
        &mut self,
        step: &'static str,
        work: impl FnOnce(&mut Self) -> Result<R, FlowError>,
    ) -> Result<R, FlowError> {
        let begun = self.transport.begin_exclusive();
        begun.map_err(|source| FlowError::Link { side: Side::Card, step, source })?;
        let done = work(self);
        // What the card has done is done, however the scope ends.
        let _ = self.transport.end_exclusive();
        done
    }

    /// Sends a command; any answer is an answer.
    ///
    /// # Errors
    /// No answer, or one of fewer than two bytes.
    pub fn exchange(&mut self, command: &PurseCommand) -> Result<ResponseApdu, FlowError> {
        let response = exchange(self.transport, Side::Card, command.id(), &command.to_apdu())?;
        self.follow(command, &response);
        Ok(response)
    }

    /// Keeps what the card keeps: a directory's selection forgets that the code was given.
    fn follow(&mut self, command: &PurseCommand, response: &ResponseApdu) {
        match command {
            PurseCommand::Select { by: SelectBy::Fid(_), .. } if response.data.is_empty() => {}
            PurseCommand::Select { .. } => self.code = None,
            PurseCommand::GetIdentificationCode if response.status.is_ok() => {
                self.code = response.data.as_slice().try_into().ok().map(IdentificationCode);
            }
            _ => {}
        }
    }

    /// Sends a command that must succeed.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn send(&mut self, command: &PurseCommand) -> Result<Vec<u8>, FlowError> {
        let response = self.exchange(command)?;
        if response.status.is_ok() {
            return Ok(response.data);
        }
        Err(FlowError::Refused {
            side: Side::Card,
            step: Self::step(command),
            status: response.status,
        })
    }

    /// SELECT by name; the FCI.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn select(&mut self, name: &DfName) -> Result<Vec<u8>, FlowError> {
        let by = SelectBy::Name(*name);
        self.send(&PurseCommand::Select { by, occurrence: Occurrence::First })
    }

    /// VERIFY.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn verify(&mut self, pin: &Pin) -> Result<(), FlowError> {
        self.send(&PurseCommand::Verify { index: 0, pin: pin.clone() }).map(|_| ())
    }

    /// GET BALANCE, stored balance.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn balance(&mut self, purse: PurseKind) -> Result<Amount, FlowError> {
        let command = PurseCommand::GetBalance { form: 0, purse };
        let data = self.send(&command)?;
        Balance::parse(&data).map(|answer| answer.balance).map_err(|source| FlowError::Answer {
            side: Side::Card,
            step: Self::step(&command),
            source,
        })
    }

    /// READ BINARY of a whole file.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn read_file(&mut self, sfi: u8) -> Result<Vec<u8>, FlowError> {
        let file = FileRef::Sfi(sfi);
        self.send(&PurseCommand::ReadBinary { file, offset: 0, ne: Some(0x100), mac: None })
    }

    /// READ RECORD by number; `None` where there is no such record.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn read_record(&mut self, sfi: u8, number: u8) -> Result<Option<Vec<u8>>, FlowError> {
        let command = PurseCommand::ReadRecord {
            file: FileRef::Sfi(sfi),
            record: RecordRef::Number(number),
            ne: Some(0x100),
            mac: None,
        };
        let response = self.exchange(&command)?;
        match response.status {
            StatusWord::OK => Ok(Some(response.data)),
            StatusWord::RECORD_NOT_FOUND => Ok(None),
            status => {
                Err(FlowError::Refused { side: Side::Card, step: Self::step(&command), status })
            }
        }
    }

    /// GET of the identification code.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn identification_code(&mut self) -> Result<IdentificationCode, FlowError> {
        let command = PurseCommand::GetIdentificationCode;
        let data = self.send(&command)?;
        let wrong = purse::answer::AnswerError {
            answer: "identification code",
            expected: 9,
            found: data.len(),
        };
        data.try_into().map(IdentificationCode).map_err(|_| FlowError::Answer {
            side: Side::Card,
            step: Self::step(&command),
            source: wrong,
        })
    }

    /// GET TRANSACTION PROOF; `None` where the card has none for that type and serial.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn proof(
        &mut self,
        kind: TransactionType,
        serial: u16,
    ) -> Result<Option<Proof>, FlowError> {
        let command = PurseCommand::GetTransactionProof { transaction_type: kind as u8, serial };
        let response = self.exchange(&command)?;
        let step = Self::step(&command);
        match response.status {
            StatusWord::OK => Proof::parse(&response.data)
                .map(Some)
                .map_err(|source| FlowError::Answer { side: Side::Card, step, source }),
            StatusWord::PROOF_UNAVAILABLE | StatusWord::CONDITIONS => Ok(None),
            status => Err(FlowError::Refused { side: Side::Card, step, status }),
        }
    }
}

/// Sends a command; any answer is an answer.
pub(crate) fn exchange(
    transport: &mut dyn CardTransport,
    side: Side,
    id: CommandId,
    apdu: &CommandBuf,
) -> Result<ResponseApdu, FlowError> {
    let step = Catalogue::entry(id).name.as_str();
    let link = |source| FlowError::Link { side, step, source };
    let bytes = apdu.to_bytes().map_err(|error| {
        link(LinkError::Protocol(format!("the command cannot be sent: {error}")))
    })?;
    let answer = transport.transmit(&bytes).map_err(link)?;
    ResponseApdu::parse(&answer).map_err(|error| link(LinkError::Protocol(error.to_string())))
}
