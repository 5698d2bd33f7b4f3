//! `purse card load` and `purse card purchase`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use applet_spec::flow::{Flow, Stop, Transaction};
use applet_spec::{Profile, PurseKind};
use clap::ValueEnum;
use purse::Amount;
use terminal::{Attempt, CardIdentity, Engine, FlowError, Order, Outcome, Program, Side, Verdict};

use crate::error::CliError;
use crate::exit::Exit;
use crate::spec::{CardArgs, Fetching, Opened};
use crate::terminals::{Bad, Books, Clock, DeskArgs, Form, Started, family_of, pin, yuan};
use crate::ui::Ui;

/// Arguments of both verbs.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How much: 10.00 (yuan) or 1000fen.
    amount: Amount,
    /// Which purse, where the card has both.
    #[arg(long, value_enum, value_name = "ep|ed")]
    purse: Option<PurseChoice>,
    /// Another flow than the family's, by name or path.
    #[arg(long, value_name = "NAME|PATH")]
    flow: Option<String>,
    #[command(flatten)]
    desk: DeskArgs,
}

/// A purse as people name it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PurseChoice {
    /// Electronic purse 电子钱包.
    Ep,
    /// Electronic deposit 电子存折.
    Ed,
}

/// How long a card that fell silent is waited for before its owner is told.
const COMES_BACK: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Moves money onto a card, or from it.
///
/// # Errors
/// A card that is not served; one that fell silent, with what it may have done.
pub fn run(
    ui: &Ui,
    card: &CardArgs,
    args: &Args,
    transaction: Transaction,
) -> Result<(), CliError> {
    let mut opened = card.open(ui, Fetching::Done)?;
    let (profile, others) = match &opened.profile {
        Some(profile) => (profile.clone(), None),
        None => {
            opened.transport.reset()?;
            family_of(opened.transport.as_mut())?
        }
    };
    if let Some(others) = &others {
        ui.say(others);
    }
    let program = program(args, &profile, transaction)?;
    let plan = plan(ui, &opened, &profile, args.amount, transaction);
    if opened.place.is_reader() {
        args.desk.yes.confirm(ui, &plan)?;
    } else {
        ui.say(&plan);
    }
    let clock = args.desk.clock.start();
    let mut desk = args.desk.open(ui, &profile, card, &opened.place)?;
    let advice = desk.advice(&profile, others.as_deref());
    let Started { mut engine, state, open } =
        args.desk.start(&mut desk, &profile, Stop::default())?;
    engine.resume(open);
    let order = Order { amount: Some(args.amount), pin: pin(&opened.place, &profile)? };
    let form = if ui.json { Form::Document } else { Form::Words };
    let mut books = Books::new(*ui, form, state, vec![program.flow().clone()]);
    let (engine, opened) = (&mut engine, &mut opened);
    let mut till = Till { ui, engine, program: &program, order, opened, books: &mut books, clock };
    let traded = till.trade(transaction).map_err(|error| error.advised(&advice));
    let card = till.engine.present();
    let told = tell(ui, &mut books, card, traded);
    // What was done is told; a card that keeps its power changes nothing of it.
    let _ = opened.transport.power_off();
    told
}

/// One transaction being made.
struct Till<'t, 'e> {
    ui: &'t Ui,
    engine: &'t mut Engine<'e>,
    program: &'t Program,
    order: Order,
    opened: &'t mut Opened,
    books: &'t mut Books,
    clock: Clock,
}

impl Till<'_, '_> {
    /// Taps, and once more where the answer is lost and the card comes back.
    fn trade(&mut self, transaction: Transaction) -> Result<(), CliError> {
        let mut tapped = self.tap();
        let mut lost = self.lost(&tapped);
        if lost.is_some() {
            self.ui.say(self.ui.lang.pick(
                "no answer to the second step; looking whether the card comes back",
                "未收到交易应答; 等待卡片恢复",
            ));
            if comes_back(self.opened) {
                tapped = self.tap();
                lost = self.lost(&tapped).or(lost);
            }
        }
        // However the last tap ended: as long as it is open, the card may be charged.
        if let Some(attempt) = lost.filter(|lost| self.engine.open().contains(lost)) {
            let why = match tapped {
                Ok(Outcome::Refused(reason)) => Some(reason.words().0.to_owned()),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            if !self.books.keeps() {
                self.engine.give_up(self.books)?;
            }
            return Err(may_have_happened(&attempt, transaction, why.as_deref(), self.books));
        }
        // What is told of other cards, and of earlier transactions, is no judgement of this one.
        Err(match tapped? {
            Outcome::Accepted | Outcome::Recovered | Outcome::Blocked => return Ok(()),
            Outcome::Lost | Outcome::Grey => Bad::Grey,
            Outcome::WrongCode => Bad::Code(self.books.wrong.unwrap_or(Verdict::WrongTac)),
            Outcome::Refused(reason) => Bad::Refused(reason, self.books.refused),
        }
        .into())
    }

    fn tap(&mut self) -> Result<Outcome, FlowError> {
        let reset = |source| FlowError::Link { side: Side::Card, step: "reset", source };
        let card = self.opened.transport.as_mut();
        card.reset().map_err(reset)?;
        self.engine.tap(self.program, &self.order, self.clock.now(), card, self.books)
    }

    /// The transaction whose answer this tap lost.
    fn lost(&self, tapped: &Result<Outcome, FlowError>) -> Option<Attempt> {
        let lost = matches!(tapped, Ok(Outcome::Lost));
        self.engine.open().last().filter(|_| lost).cloned()
    }
}

/// Tells with `--json` everything in one document; then the state lets go of it.
fn tell(
    ui: &Ui,
    books: &mut Books,
    card: Option<CardIdentity>,
    traded: Result<(), CliError>,
) -> Result<(), CliError> {
    if !ui.json || (traded.is_err() && !books.has_untold()) {
        return traded;
    }
    let mut document = books.document(card);
    if let Some(members) = document.as_object_mut() {
        members.insert("ok".to_owned(), traded.is_ok().into());
    }
    let told = match traded {
        Ok(()) => ui.document(&document).map(|()| None)?,
        Err(error) => {
            ui.failed(&error, &document)?;
            Some(Exit::of(&error))
        }
    };
    // The one document is out: of what goes wrong now only stderr can tell.
    let exit = books.told().err().map(|error| {
        ui.say(&format!("{error}; the next run tells this transaction again"));
        Exit::of(&error)
    });
    told.or(exit).map_or(Ok(()), |exit| Err(CliError::Told(exit)))
}

/// Whether a card that fell silent answers its reset again.
fn comes_back(opened: &mut Opened) -> bool {
    let mut left = COMES_BACK;
    loop {
        if opened.transport.reset().is_ok() {
            return true;
        }
        match left.checked_sub(PAUSE) {
            Some(less) => left = less,
            None => return false,
        }
        thread::sleep(PAUSE);
    }
}

/// The family's flow for such a transaction.
fn program(
    args: &Args,
    profile: &Arc<Profile>,
    transaction: Transaction,
) -> Result<Program, CliError> {
    let flow = match &args.flow {
        Some(name) => Flow::find(name).map_err(CliError::FlowFile)?,
        None => {
            let fits = |flow: &Arc<Flow>| flow.transaction() == Some(transaction);
            Flow::of_profile(profile).into_iter().find(fits).ok_or_else(|| {
                let (text, name) = (transaction.text(), &profile.name);
                let message = format!("no built-in flow makes a {text} with cards of {name}");
                CliError::mistyped(message, "--flow PATH; purse terminal flows")
            })?
        }
    };
    if flow.transaction() != Some(transaction) {
        let (name, text) = (&flow.name, transaction.text());
        return Err(CliError::mistyped(
            format!("flow {name} makes no {text}"),
            "purse terminal flows; purse terminal run --flow runs any",
        ));
    }
    let purse = match args.purse {
        None => flow.purse,
        Some(PurseChoice::Ep) => PurseKind::Purse,
        Some(PurseChoice::Ed) => PurseKind::Deposit,
    };
    Ok(Program::for_purse(flow, profile.clone(), purse)?)
}

fn plan(
    ui: &Ui,
    opened: &Opened,
    profile: &Profile,
    amount: Amount,
    transaction: Transaction,
) -> String {
    let (card, amount) = (opened.transport.describe(), yuan(ui, amount));
    let (name, version) = (&profile.name, &profile.version);
    match transaction {
        Transaction::Load => ui.lang.pick(
            format!("load {amount} onto {card}, a card of {name} {version}"),
            format!("向 {card} ({name} {version}) 圈存 {amount}"),
        ),
        _ => ui.lang.pick(
            format!("charge {card}, a card of {name} {version}, {amount}"),
            format!("从 {card} ({name} {version}) 消费 {amount}"),
        ),
    }
}

/// What a card that did not come back may have done; `why` it could not be asked.
fn may_have_happened(
    attempt: &Attempt,
    transaction: Transaction,
    why: Option<&str>,
    books: &Books,
) -> CliError {
    let (card, serial) = (hex::encode_upper(attempt.card.number), attempt.serial());
    let (amount, fen) = (attempt.amount(), attempt.amount().0);
    let done = if transaction == Transaction::Load { "loaded with" } else { "charged" };
    let asked = why.map_or_else(String::new, |why| format!("; asked again, it failed: {why}"));
    let kept = if books.keeps() {
        "; it is kept in the state file, and the same command settles it"
    } else {
        "; it is told as a grey record"
    };
    CliError::TerminalCard(format!(
        "the card fell silent: card {card} may have been {done} {amount} yuan ({fen} fen) with serial \
         {serial}, or not{asked}{kept}"
    ))
}
