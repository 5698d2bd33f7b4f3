//! The PSAM that is a card: real, in a second reader, or virtual.

use apdu::StatusWord;
use applet_spec::{Profile, SamPurpose};
use crypto::{Mac, Suite};
use link::CardTransport;
use purse::answer::{AnswerError, SamInitialized};
use purse::mac;
use purse::{
    CryptMode, FileRef, IdentificationCode, Occurrence, PsamCommand, PurseCommand, SamPurchase,
    SelectBy, TerminalId, TerminalSerial,
};

use super::local_psam::block_input;
use super::{BlockRequest, Check, Psam, Purchase, block_key};
use crate::error::Side;
use crate::session::exchange;
use crate::{Factors, FlowError};

/// A PSAM driven by its commands.
///
/// It keeps its session until the next [`mac1`](Psam::mac1): only the last purchase's MAC2 can be
/// checked.
pub struct CardPsam<'t> {
    transport: &'t mut dyn CardTransport,
    profile: &'t Profile,
    place: SelectBy,
    terminal: TerminalId,
    key_index: u8,
    /// The identification code that it has checked since its application was selected.
    code: Option<IdentificationCode>,
    /// Serial of the session it holds.
    session: Option<TerminalSerial>,
}

/// A key of the module, diversified for a card.
struct Delivered {
    purpose: SamPurpose,
    suite: Suite,
    index: u8,
    factors: Factors,
}

impl<'t> CardPsam<'t> {
    /// Resets the module, reads its terminal number, and selects the first of the `places` that it
    /// has. `profile` is that of the cards.
    ///
    /// # Errors
    /// [`FlowError`]; the refusal of the last place where it has none of them.
    pub fn open(
        transport: &'t mut dyn CardTransport,
        profile: &'t Profile,
        places: &[SelectBy],
    ) -> Result<Self, FlowError> {
        let reset = |source| FlowError::Link { side: Side::Psam, step: "reset", source };
        transport.reset().map_err(reset)?;
        let terminal = TerminalId(read(transport, Profile::TERMINAL_SFI, 6)?);
        let mut last = StatusWord::FILE_NOT_FOUND;
        for place in places {
            match select(transport, *place) {
                Ok(()) => {
                    let [key_index] = read(transport, Profile::PARAMETER_SFI, 1)?;
                    let (code, session, place) = (None, None, *place);
                    return Ok(Self {
                        transport,
                        profile,
                        place,
                        terminal,
                        key_index,
                        code,
                        session,
                    });
                }
                Err(FlowError::Refused { status, .. }) => last = status,
                Err(other) => return Err(other),
            }
        }
        Err(FlowError::Refused { side: Side::Psam, step: "SELECT", status: last })
    }

    fn send(&mut self, command: &PsamCommand) -> Result<Vec<u8>, FlowError> {
        send(self.transport, command)
    }

    /// A MAC by a key that the module delivers to itself. Its session ends.
    fn delivered_mac(
        &mut self,
        key: &Delivered,
        initial: &[u8],
        input: &[u8],
    ) -> Result<Mac, FlowError> {
        self.session = None;
        self.send(&PsamCommand::DeliverKey {
            // Levels of diversification in the high three bits.
            usage: key.factors.levels() << 5 | key.purpose as u8,
            key: key.index,
            factors: key.factors.card_first(),
        })?;
        let data = whole_mac_input(key.suite, initial, input);
        let crypt = PsamCommand::Crypt { mode: CryptMode::MacWhole, data };
        let answer = self.send(&crypt)?;
        // Most modules answer four bytes, some the whole block.
        answer.first_chunk().copied().map(Mac).ok_or(FlowError::Answer {
            side: Side::Psam,
            step: name(&crypt),
            source: AnswerError { answer: "MAC", expected: 4, found: answer.len() },
        })
    }

    /// Selecting the application again makes the module forget a code it has checked.
    fn forget_code(&mut self) -> Result<(), FlowError> {
        self.code = None;
        self.session = None;
        select(self.transport, self.place)
    }
}

impl Psam for CardPsam<'_> {
    fn describe(&self) -> String {
        format!("PSAM {} in {}", self.terminal, self.transport.describe())
    }

    fn terminal(&self) -> TerminalId {
        self.terminal
    }

    fn key_index(&self) -> u8 {
        self.key_index
    }

    fn check_code(&mut self, code: &IdentificationCode) -> Result<Check, FlowError> {
        self.code = None;
        match self.send(&PsamCommand::CheckIdentificationCode { code: *code }) {
            Ok(_) => {
                self.code = Some(*code);
                Ok(Check::Right)
            }
            Err(FlowError::Refused { status: StatusWord::AUTHENTICATION_FAILED, .. }) => {
                Ok(Check::Wrong)
            }
            Err(other) => Err(other),
        }
    }

    fn mac1(&mut self, purchase: &Purchase) -> Result<SamInitialized, FlowError> {
        if self.code != purchase.code {
            match purchase.code {
                None => self.forget_code()?,
                Some(code) => {
                    if self.check_code(&code)? == Check::Wrong {
                        return Err(FlowError::WrongCode { code });
                    }
                }
            }
        }
        self.session = None;
        let command = PsamCommand::InitializeForPurchase(SamPurchase {
            random: purchase.random,
            serial: purchase.serial,
            amount: purchase.amount,
            transaction_type: purchase.transaction_type as u8,
            date: purchase.date,
            time: purchase.time,
            key_version: purchase.key.version,
            algorithm: purchase.key.algorithm,
            factors: purchase.factors.card_first(),
        });
        let data = self.send(&command)?;
        let answer = SamInitialized::parse(&data).map_err(|source| FlowError::Answer {
            side: Side::Psam,
            step: name(&command),
            source,
        })?;
        self.session = Some(answer.terminal_serial);
        Ok(answer)
    }

    fn check_mac2(
        &mut self,
        _purchase: &Purchase,
        serial: TerminalSerial,
        mac2: Mac,
    ) -> Result<Check, FlowError> {
        if self.session.take() != Some(serial) {
            return Ok(Check::Unknown);
        }
        match self.send(&PsamCommand::CreditForPurchase { mac2 }) {
            Ok(_) => Ok(Check::Right),
            Err(FlowError::Refused {
                status: StatusWord::MAC_INVALID | StatusWord::SM_MAC_WRONG,
                ..
            }) => Ok(Check::Wrong),
            Err(other) => Err(other),
        }
    }

    fn check_tac(
        &mut self,
        purchase: &Purchase,
        serial: TerminalSerial,
        tac: Mac,
    ) -> Result<Check, FlowError> {
        let index = self.profile.rules.tac_index_for(purchase.key.index);
        let moment = purchase.moment(self.terminal);
        let input = mac::purchase_tac(purchase.amount, &moment, serial);
        let suite = self.profile.rules.suite;
        let factors = purchase.factors;
        let key = Delivered { purpose: SamPurpose::Tac, suite, index, factors };
        match self.delivered_mac(&key, &[], input.as_bytes()) {
            Ok(expected) => Ok(Check::of(tac, expected)),
            // Fielded modules have no such key.
            Err(FlowError::Refused { .. }) => Ok(Check::Unknown),
            Err(other) => Err(other),
        }
    }

    fn block_mac(&mut self, request: &BlockRequest) -> Result<Mac, FlowError> {
        let key = block_key(self.profile)?;
        let key = Delivered {
            purpose: SamPurpose::ApplicationMaintenance,
            suite: key.suite,
            index: key.index,
            factors: request.factors,
        };
        self.delivered_mac(&key, &request.challenge, &block_input(request))
    }
}

/// The initial value (a challenge or nothing, zero-filled), then the input padded with 80 00.. as the
/// terminal must.
fn whole_mac_input(suite: Suite, challenge: &[u8], input: &[u8]) -> Vec<u8> {
    let block = suite.block();
    let mut data = challenge.to_vec();
    data.resize(block, 0);
    data.extend_from_slice(input);
    data.push(0x80);
    data.resize(data.len().next_multiple_of(block), 0);
    data
}

fn name(command: &PsamCommand) -> &'static str {
    applet_spec::Catalogue::entry(command.id()).name.as_str()
}

fn send(transport: &mut dyn CardTransport, command: &PsamCommand) -> Result<Vec<u8>, FlowError> {
    let response = exchange(transport, Side::Psam, command.id(), &command.to_apdu())?;
    if response.status.is_ok() {
        return Ok(response.data);
    }
    Err(FlowError::Refused { side: Side::Psam, step: name(command), status: response.status })
}

fn select(transport: &mut dyn CardTransport, by: SelectBy) -> Result<(), FlowError> {
    shared(transport, &PurseCommand::Select { by, occurrence: Occurrence::First }).map(|_| ())
}

/// The first bytes of a file.
fn read<const N: usize>(
    transport: &mut dyn CardTransport,
    sfi: u8,
    wanted: u32,
) -> Result<[u8; N], FlowError> {
    let file = FileRef::Sfi(sfi);
    let command = PurseCommand::ReadBinary { file, offset: 0, ne: Some(wanted), mac: None };
    let data = shared(transport, &command)?;
    data.first_chunk().copied().ok_or(FlowError::Answer {
        side: Side::Psam,
        step: "READ BINARY",
        source: AnswerError { answer: "file", expected: N, found: data.len() },
    })
}

/// A command that PSAMs share with purse cards.
fn shared(transport: &mut dyn CardTransport, command: &PurseCommand) -> Result<Vec<u8>, FlowError> {
    let response = exchange(transport, Side::Psam, command.id(), &command.to_apdu())?;
    if response.status.is_ok() {
        return Ok(response.data);
    }
    let step = applet_spec::Catalogue::entry(command.id()).name.as_str();
    Err(FlowError::Refused { side: Side::Psam, step, status: response.status })
}
