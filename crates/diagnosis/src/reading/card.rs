//! What was said to a purse card.

use apdu::{ResponseApdu, StatusWord, tlv};
use applet_spec::{CodeInMac1, CommandId, Profile};
use crypto::Mac;
use purse::answer::{AnswerError, UpdateInitialized};
use purse::answer::{Confirmed, Debited, OnlineInitialized, Proof, PurchaseInitialized};
use purse::record::LogRecord;
use purse::{
    Debit, FileRef, IdentificationCode, Initialize, OnlineStep, PurseCommand, SelectBy, TerminalId,
};

use super::{Reader, Why};
use crate::candidate::push;
use crate::trace::Exchange;
use crate::transaction::{Card, Received, StandsIn, Step, Transaction, Values};
use crate::{Code, Flow, Place, Source};

/// An answer to INITIALIZE, of whichever form.
struct Initialized {
    values: Values,
    key_version: u8,
    algorithm: u8,
    mac1: Option<Mac>,
}

impl Reader<'_> {
    pub(super) fn purse(&mut self, exchange: &Exchange, command: &PurseCommand) {
        match command {
            PurseCommand::InitializeForLoad(i) => {
                self.initialize(exchange, command, Flow::Load, i, online);
            }
            PurseCommand::InitializeForUnload(i) => {
                self.initialize(exchange, command, Flow::Unload, i, online);
            }
            PurseCommand::InitializeForPurchase(i) => {
                self.initialize(exchange, command, Flow::Purchase, i, offline);
            }
            PurseCommand::InitializeForCashWithdrawal(i) => {
                self.initialize(exchange, command, Flow::Cash, i, offline);
            }
            PurseCommand::InitializeForCappPurchase(i) => {
                self.initialize(exchange, command, Flow::Capp, i, offline);
            }
            PurseCommand::InitializeForUpdate { purse, key, terminal } => {
                let (purse, key, terminal) = (*purse, *key, *terminal);
                let i = Initialize { purse, key, amount: purse::Amount(0), terminal };
                self.initialize(exchange, command, Flow::Overdraft, &i, update);
            }
            PurseCommand::CreditForLoad(step) => self.online_step(exchange, command, step),
            PurseCommand::DebitForUnload(step) => self.online_step(exchange, command, step),
            PurseCommand::UpdateOverdrawLimit { limit, step } => {
                if let Some(running) = &mut self.running {
                    running.values.new_limit = Some(*limit);
                }
                self.online_step(exchange, command, step);
            }
            PurseCommand::DebitForPurchase(debit) => self.debit(exchange, command, debit),
            _ => {
                if let Some(answer) = exchange.answer.as_ref().filter(|a| a.status.is_ok()) {
                    self.answered(exchange.place, command, answer);
                }
            }
        }
    }

    /// A command that is no step of a transaction, with a good answer.
    fn answered(&mut self, place: Place, command: &PurseCommand, answer: &ResponseApdu) {
        let data = answer.data.as_slice();
        match command {
            PurseCommand::Select { by, .. } => self.select(place, by, data),
            PurseCommand::ReadBinary { file: FileRef::Sfi(sfi), offset: 0, .. } => {
                if let (Profile::TERMINAL_SFI, Ok(terminal)) = (*sfi, data.try_into()) {
                    push(
                        &mut self.out.found.terminals,
                        TerminalId(terminal),
                        Source::SamFile(place),
                    );
                } else if *sfi == Profile::PUBLIC_SFI {
                    self.public(place, data);
                }
            }
            PurseCommand::GetIdentificationCode => {
                if let Ok(code) = data.try_into() {
                    self.code = Some(IdentificationCode(code));
                    push(&mut self.out.found.codes, IdentificationCode(code), Source::Card(place));
                }
            }
            PurseCommand::GetChallenge { .. } => {
                if let Some(random) = data.first_chunk() {
                    push(&mut self.out.found.randoms, *random, Source::Challenge(place));
                }
            }
            PurseCommand::ReadRecord { .. } => {
                if let Some(record) = LogRecord::parse(data) {
                    let (found, source) = (&mut self.out.found, Source::Log(place));
                    push(&mut found.terminals, record.terminal, source);
                    push(&mut found.amounts, record.amount, source);
                    push(&mut found.serials, record.serial, source);
                    found.add_moment(record.date, record.time, source);
                }
            }
            PurseCommand::GetTransactionProof { transaction_type, serial } => {
                if let Ok(proof) = Proof::parse(data) {
                    self.proof(place, *transaction_type, *serial, &proof);
                }
            }
            _ => {}
        }
    }

    fn select(&mut self, place: Place, by: &SelectBy, fci: &[u8]) {
        let directories = &self.profile.directories;
        let selected = match by {
            SelectBy::Mf => directories.first(),
            // A terminal does not select on the card in the middle of a transaction; its PSAM may
            // have a directory of the same number.
            SelectBy::Fid(_) if self.running.is_some() => None,
            SelectBy::Fid(fid) => directories.iter().find(|one| one.fid == *fid),
            SelectBy::Name(name) => {
                directories.iter().find(|one| one.name.starts_with(name.as_bytes()))
            }
        };
        let Some(selected) = selected else { return };
        self.code = None;
        if !selected.purses.is_empty() {
            self.directory = selected.fid;
        }
        if let Ok(Some(public)) = tlv::find(fci, &[0x6F, 0xA5, 0x9F0C]) {
            self.public(place, public);
        }
    }

    fn public(&mut self, place: Place, content: &[u8]) {
        let Some(serial) = self.profile.serial_in(content) else { return };
        push(&mut self.out.found.cards, serial, Source::Card(place));
        self.told(Card { serial, public: content.to_vec(), source: Source::Card(place) });
    }

    fn initialize(
        &mut self,
        exchange: &Exchange,
        command: &PurseCommand,
        flow: Flow,
        i: &Initialize,
        read: fn(&[u8]) -> Result<Initialized, AnswerError>,
    ) {
        self.out.transactions.extend(self.running.take());
        let (place, id) = (exchange.place, command.id());
        push(&mut self.out.found.terminals, i.terminal, Source::Initialize(place));
        if flow != Flow::Overdraft {
            push(&mut self.out.found.amounts, i.amount, Source::Initialize(place));
        }
        let answer = match &exchange.answer {
            Some(answer) if answer.status.is_ok() => read(&answer.data),
            // The command comes again with the right Le.
            Some(answer) if answer.status.bytes().first() == Some(&0x6C) => return,
            Some(answer) => return self.aside(place, Why::Refused(id, answer.status)),
            None => return self.aside(place, Why::NoAnswer(id)),
        };
        let Ok(answer) = answer else { return self.aside(place, Why::NoAnswer(id)) };
        let mut values = answer.values;
        values.terminal = Some(i.terminal);
        values.amount = (flow != Flow::Overdraft).then_some(i.amount);
        values.code = (!flow.online()).then(|| self.code_in_mac1()).flatten();
        self.offer(&values, flow, Source::Initialized(place));
        let stands_in = StandsIn::Initialized;
        let mac1 = answer.mac1.map(|mac| Received { code: Code::Mac1, mac, place, stands_in });
        self.running = Some(Transaction {
            place: Some(place),
            flow,
            purse: i.purse,
            transaction_type: flow.transaction_type(i.purse, &self.profile.rules),
            directory: self.directory,
            key_index: i.key,
            key_version: Some(answer.key_version),
            algorithm: Some(answer.algorithm),
            card: self.card(),
            values,
            step: None,
            received: mac1.into_iter().collect(),
        });
    }

    /// Random and serial of an answer, for other transactions.
    fn offer(&mut self, values: &Values, flow: Flow, source: Source) {
        let Values { random: Some(random), serial: Some(serial), .. } = *values else { return };
        let found = &mut self.out.found;
        let serials =
            if flow.online() { &mut found.online_serials } else { &mut found.offline_serials };
        push(serials, serial, source);
        push(&mut found.randoms, random, source);
        push(&mut found.sessions, (random, serial), source);
    }

    fn code_in_mac1(&self) -> Option<IdentificationCode> {
        let of_profile = self.profile.authentication_code.map(IdentificationCode);
        match self.profile.rules.code_in_mac1 {
            CodeInMac1::Never => None,
            CodeInMac1::After80Ca => self.code,
            CodeInMac1::Always => self.code.or(of_profile),
        }
    }

    fn online_step(&mut self, exchange: &Exchange, command: &PurseCommand, step: &OnlineStep) {
        let (place, id) = (exchange.place, command.id());
        self.out.found.add_moment(step.date, step.time, Source::Step(place));
        let fits = |flow| match id {
            CommandId::CreditForLoad => flow == Flow::Load,
            CommandId::DebitForUnload => flow == Flow::Unload,
            _ => flow == Flow::Overdraft,
        };
        let Some(mut running) = self.take_running(exchange, id, fits) else { return };
        running.values.date = Some(step.date);
        running.values.time = Some(step.time);
        self.sent(&mut running, Code::Mac2, step.mac2, place);
        let last = if running.flow == Flow::Unload { Code::Mac3 } else { Code::Tac };
        if let Ok(Confirmed { code: mac }) = Confirmed::parse(good_data(exchange)) {
            let stands_in = StandsIn::StepAnswer;
            running.received.push(Received { code: last, mac, place, stands_in });
        }
        self.out.transactions.push(running);
    }

    fn debit(&mut self, exchange: &Exchange, command: &PurseCommand, debit: &Debit) {
        let (place, source) = (exchange.place, Source::Step(exchange.place));
        self.out.found.add_moment(debit.date, debit.time, source);
        push(&mut self.out.found.terminal_serials, debit.terminal_serial, source);
        let fits = |flow: Flow| !flow.online();
        let Some(mut running) = self.take_running(exchange, command.id(), fits) else { return };
        running.values.date = Some(debit.date);
        running.values.time = Some(debit.time);
        running.values.terminal_serial = Some(debit.terminal_serial);
        self.sent(&mut running, Code::Mac1, debit.mac1, place);
        if let Ok(Debited { tac, mac2 }) = Debited::parse(good_data(exchange)) {
            let stands_in = StandsIn::StepAnswer;
            running.received.push(Received { code: Code::Tac, mac: tac, place, stands_in });
            running.received.push(Received { code: Code::Mac2, mac: mac2, place, stands_in });
        }
        self.out.transactions.push(running);
    }

    /// The running transaction, where the second step is one of its own; the step is noted.
    fn take_running(
        &mut self,
        exchange: &Exchange,
        command: CommandId,
        fits: impl Fn(Flow) -> bool,
    ) -> Option<Transaction> {
        let place = exchange.place;
        let status = exchange.answer.as_ref().map(|answer| answer.status);
        // Wrong Le: nothing happened yet, the command comes again.
        if status.is_some_and(|status| status.bytes().first() == Some(&0x6C)) {
            return None;
        }
        match self.running.take_if(|running| fits(running.flow)) {
            Some(mut running) => {
                running.step = Some(Step { place, command, status });
                Some(running)
            }
            None => {
                self.aside(place, Why::NoInitialize(command));
                None
            }
        }
    }

    fn sent(&mut self, running: &mut Transaction, code: Code, mac: Mac, place: Place) {
        push(&mut self.out.found.macs, mac, Source::Step(place));
        running.received.push(Received { code, mac, place, stands_in: StandsIn::Step });
    }

    /// Adds the codes of a proof to the transaction it is of, where they were not seen before.
    fn proof(&mut self, place: Place, kind: u8, serial: u16, proof: &Proof) {
        let of_it = |one: &&mut Transaction| {
            let own = one.values.serial;
            one.transaction_type as u8 == kind
                && [serial, serial.wrapping_sub(1)].into_iter().any(|asked| Some(asked) == own)
        };
        let Some(of) = self.out.transactions.iter_mut().rev().find(of_it) else { return };
        let first = if of.flow == Flow::Unload { Code::Mac3 } else { Code::Mac2 };
        for (code, mac) in [(first, proof.mac), (Code::Tac, proof.tac)] {
            let seen = of.received.iter().any(|one| one.code == code && one.mac == mac);
            if mac != Mac([0; 4]) && !seen {
                of.received.push(Received { code, mac, place, stands_in: StandsIn::Proof });
            }
        }
    }
}

/// Answer data, where the status is 9000.
fn good_data(exchange: &Exchange) -> &[u8] {
    match &exchange.answer {
        Some(ResponseApdu { data, status: StatusWord::OK }) => data,
        _ => &[],
    }
}

fn online(data: &[u8]) -> Result<Initialized, AnswerError> {
    let OnlineInitialized { balance, serial, key_version, algorithm, random, mac1 } =
        OnlineInitialized::parse(data)?;
    let values = known(balance, serial, random);
    Ok(Initialized { values, key_version, algorithm, mac1: Some(mac1) })
}

fn offline(data: &[u8]) -> Result<Initialized, AnswerError> {
    let PurchaseInitialized { balance, serial, limit, key_version, algorithm, random } =
        PurchaseInitialized::parse(data)?;
    let values = Values { old_limit: Some(limit), ..known(balance, serial, random) };
    Ok(Initialized { values, key_version, algorithm, mac1: None })
}

fn update(data: &[u8]) -> Result<Initialized, AnswerError> {
    let UpdateInitialized { balance, serial, limit, key_version, algorithm, random, mac1 } =
        UpdateInitialized::parse(data)?;
    let values = Values { old_limit: Some(limit), ..known(balance, serial, random) };
    Ok(Initialized { values, key_version, algorithm, mac1: Some(mac1) })
}

fn known(balance: purse::Amount, serial: u16, random: [u8; 4]) -> Values {
    Values {
        balance: Some(balance),
        serial: Some(serial),
        random: Some(random),
        ..Values::default()
    }
}
