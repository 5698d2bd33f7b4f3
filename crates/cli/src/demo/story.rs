//! What happens in the demo.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apdu::{DfName, StatusWord};
use applet_spec::{CodeInMac1, Directory, PinUse, Profile, PurseKind, PurseSpec, SerialMoment};
use emulator::{Protocol, VirtualCard};
use link::{Atr, CardTransport, Event, Traced};
use purse::trace::Decoder;
use purse::{Amount, Pin, TerminalId};
use terminal::{CardSession, Receipt, Terminal, Timestamp};

use super::Chapter;
use super::exchange::Exchange;
use super::trip::Ride;
use crate::error::CliError;
use crate::made;
use crate::ui::{Lang, Ui};

/// The demo's card is the same on every run.
const SEED: u64 = 1;
/// 2026-11-22T12:34:56.
pub const NOW: Timestamp = Timestamp::from_seconds(1_795_350_896);

const LOAD: Amount = Amount(10_000);
const PURCHASE: Amount = Amount(250);
const TRIP: Amount = Amount(300);

/// What happened.
pub struct Story {
    /// ATR of the card.
    pub atr: Atr,
    /// In order.
    pub chapters: Vec<Chapter>,
    /// What is left.
    pub balance: Amount,
}

/// What was said, since somebody last looked.
type Heard = Arc<Mutex<Vec<Exchange>>>;

impl Story {
    /// Lets it happen.
    pub fn play(ui: &Ui, profile: &Arc<Profile>) -> Result<Self, CliError> {
        let application = profile.application().ok_or_else(|| made::no_purse(&profile.name))?;
        let heard = Heard::default();
        let card = VirtualCard::volatile(made::fresh(profile, SEED, Protocol::T1)?);
        let mut card = overheard(card, profile, ui.lang, heard.clone());
        let atr = card.reset()?;
        let custody = profile.lab_custody();
        let terminal =
            Terminal::local(profile, &custody, &profile.serial, terminal_of(profile), NOW)?;
        let mut teller = Teller {
            lang: ui.lang,
            profile,
            application,
            card: CardSession::new(&mut card),
            terminal,
            heard,
            chapters: Vec::new(),
        };
        let balance = teller.tell(&atr)?;
        Ok(Self { chapters: teller.chapters, atr, balance })
    }
}

/// A terminal in the card's own city, whose code the first bytes are: cards may keep a log of
/// their own for other cities.
fn terminal_of(profile: &Profile) -> TerminalId {
    let public = profile.public_content(&profile.serial);
    let city = public.get(2..4).and_then(|code| code.first_chunk()).copied().unwrap_or_default();
    let [high, low] = city;
    TerminalId([high, low, 0x00, 0x00, 0x00, 0x01])
}

/// The card, with somebody who writes down what is said.
fn overheard(
    card: VirtualCard,
    profile: &Profile,
    lang: Lang,
    heard: Heard,
) -> Traced<VirtualCard> {
    let mut decoder = Decoder::new(&profile.rules, lang.into());
    let stopped_clock = || Duration::ZERO;
    Traced::new(card, stopped_clock, move |event| {
        if let Event::Exchange { command, answer: Ok(answer), .. } = event {
            let (said, answered) = (decoder.command(command), decoder.answer(answer));
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(Exchange::new(command, said, answered));
        }
    })
}

struct Teller<'t> {
    lang: Lang,
    profile: &'t Profile,
    application: &'t Directory,
    card: CardSession<'t>,
    terminal: Terminal<'t>,
    heard: Heard,
    chapters: Vec<Chapter>,
}

impl Teller<'_> {
    fn tell(&mut self, atr: &Atr) -> Result<Amount, CliError> {
        let purses = &self.application.purses;
        let purse = purses.iter().find(|purse| purse.kind == PurseKind::Purse).or(purses.first());
        let Some(purse) = purse else {
            return Err(CliError::Usage(format!("{} has no purse", self.profile.name)));
        };
        let kind = purse.kind;
        self.personalised(atr);
        self.select(purse)?;
        let loaded = self.terminal.load(&mut self.card, kind, LOAD)?;
        self.chapter(
            format!("load {LOAD} yuan: the issuer checks MAC1 and TAC"),
            format!("圈存 {LOAD} 元: 发卡方核对 MAC1 与 TAC"),
        );
        let mut last = self.terminal.purchase(&mut self.card, kind, PURCHASE)?;
        let mut log = vec![loaded, last];
        self.chapter(
            format!(
                "purchase {PURCHASE} yuan: the PSAM makes MAC1 and checks MAC2, TAC for the bank"
            ),
            format!("消费 {PURCHASE} 元: PSAM 计算 MAC1 并核对 MAC2, TAC 留待清算"),
        );
        if let Some(receipt) = self.ride(purse, Amount(LOAD.0 - PURCHASE.0 - TRIP.0))? {
            log.push(receipt);
            last = receipt;
        }
        self.records(&log)?;
        let serial = match self.profile.rules.proof_serial {
            SerialMoment::Before => last.serial,
            SerialMoment::After => last.serial.wrapping_add(1),
        };
        let proof = self.card.proof(last.transaction_type, serial)?;
        if proof.is_none_or(|proof| proof.tac != last.tac || Some(proof.mac) != last.mac2) {
            return Err(CliError::Bug(
                "the proof of the last transaction is not its TAC".to_owned(),
            ));
        }
        let balance = self.card.balance(kind)?;
        self.chapter(
            "was the last answer lost? The card proves what it did".to_owned(),
            "若末笔应答丢失: 卡片可出示交易认证".to_owned(),
        );
        Ok(balance)
    }

    fn personalised(&mut self, atr: &Atr) {
        let profile = self.profile;
        let files: usize = profile.directories.iter().map(|directory| directory.files.len()).sum();
        let keys: usize = profile.directories.iter().map(|directory| directory.keys.len()).sum();
        let serial = hex::encode_upper(profile.serial);
        self.chapter(
            format!("personalised: card {serial}, {files} files, {keys} keys, ATR {atr}"),
            format!("个人化: 卡片 {serial}, {files} 个文件, {keys} 个密钥, ATR {atr}"),
        );
    }

    fn select(&mut self, purse: &PurseSpec) -> Result<(), CliError> {
        let bug = |error: &dyn std::fmt::Display| CliError::Bug(error.to_string());
        let aid = DfName::new(&self.application.name).map_err(|error| bug(&error))?;
        self.card.select(&aid)?;
        let needed = [PinUse::Load, PinUse::Purchase, PinUse::Balance];
        if let Some(pin) = &self.application.pin
            && purse.pin_for.iter().any(|one| needed.contains(one))
        {
            let pin = Pin::new(&pin.value).map_err(|error| bug(&error))?;
            self.card.verify(&pin)?;
        }
        self.card.balance(purse.kind)?;
        self.chapter("select the purse".to_owned(), "选择电子钱包应用".to_owned());
        Ok(())
    }

    /// A metro trip, on cards with records for it.
    fn ride(&mut self, purse: &PurseSpec, after: Amount) -> Result<Option<Receipt>, CliError> {
        let ride =
            Ride { terminal: self.terminal.psam.terminal(), amount: TRIP, balance_after: after };
        let records = ride.records(self.profile, self.application);
        if records.is_empty() || !purse.allows.contains(&PinUse::Capp) {
            return Ok(None);
        }
        let code = match self.profile.rules.code_in_mac1 {
            CodeInMac1::Never => None,
            CodeInMac1::After80Ca | CodeInMac1::Always => Some(self.card.identification_code()?),
        };
        let receipt = self.terminal.capp_purchase(
            &mut self.card,
            purse.kind,
            TRIP,
            &records,
            code.as_ref(),
        )?;
        self.chapter(
            format!("ride the metro for {TRIP} yuan: purse and trip records change together"),
            format!("乘地铁 {TRIP} 元: 复合消费, 余额与行程记录一并更新"),
        );
        Ok(Some(receipt))
    }

    /// Reads the log records of the transactions, newest first.
    fn records(&mut self, receipts: &[Receipt]) -> Result<(), CliError> {
        let Some(routing) = self.application.log else { return Ok(()) };
        let loads = receipts.iter().filter(|one| one.transaction_type.credits()).count();
        let purchases = receipts.len() - loads;
        let wanted = if routing.load == routing.purchase {
            vec![(routing.purchase, receipts.len())]
        } else {
            vec![(routing.purchase, purchases), (routing.load, loads)]
        };
        for (sfi, count) in wanted {
            for number in 1..=count.min(255) as u8 {
                if self.card.read_record(sfi, number)?.is_none() {
                    let (step, status) = ("READ RECORD".to_owned(), StatusWord::RECORD_NOT_FOUND);
                    return Err(CliError::Status { step, status });
                }
            }
        }
        self.chapter("the log, newest first".to_owned(), "交易明细, 由新到旧".to_owned());
        Ok(())
    }

    /// Ends a chapter: what was said since the last one belongs to it.
    fn chapter(&mut self, en: String, zh: String) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let exchanges = std::mem::take(&mut *heard);
        drop(heard);
        self.chapters.push(Chapter { title: self.lang.pick(en, zh), exchanges });
    }
}
