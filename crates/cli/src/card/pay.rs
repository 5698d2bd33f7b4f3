//! `purse card load` and `purse card purchase`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use applet_spec::flow::{Flow, Stop, Transaction};
use applet_spec::{Profile, PurseKind};
use clap::ValueEnum;
use purse::Amount;
use serde_json::json;
use terminal::{Engine, FlowError, Order, Outcome, Program, Side};

use crate::error::CliError;
use crate::spec::{CardArgs, Fetching, Opened};
use crate::terminals::{Books, DeskArgs, Form, ended, family_of, pin, yuan};
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
    let profile = match &opened.profile {
        Some(profile) => profile.clone(),
        None => {
            opened.transport.reset()?;
            family_of(opened.transport.as_mut())?
        }
    };
    let program = program(args, &profile, transaction)?;
    let plan = plan(ui, &opened, &profile, args.amount, transaction);
    if opened.place.is_reader() {
        args.desk.yes.confirm(ui, &plan)?;
    } else {
        ui.say(&plan);
    }
    let clock = args.desk.clock.start();
    let mut desk = args.desk.open(ui, &profile)?;
    let (mut engine, state) = args.desk.start(&mut desk, &profile, Stop::default())?;
    let order = Order { amount: Some(args.amount), pin: pin(&opened.place, &profile)? };
    let form = if ui.json { Form::Silent } else { Form::Words };
    let mut books = Books::new(*ui, form, state, vec![program.flow().clone()]);
    let mut tapped = tap(&mut engine, &program, &order, &mut opened, &mut books, clock.now());
    if let Ok(Outcome::Lost) = tapped {
        ui.say(ui.lang.pick(
            "no answer to the second step; looking whether the card comes back",
            "未收到交易应答; 等待卡片恢复",
        ));
        if comes_back(&mut opened) {
            tapped = tap(&mut engine, &program, &order, &mut opened, &mut books, clock.now());
        }
    }
    let outcome = tapped?;
    opened.transport.power_off()?;
    if outcome == Outcome::Lost {
        return Err(lost(&engine, &books, args.amount, transaction));
    }
    ended(&books)?;
    if ui.json {
        let record = books.last.unwrap_or_default();
        return ui.document(&json!({ "ok": true, "record": record }));
    }
    Ok(())
}

fn tap(
    engine: &mut Engine<'_>,
    program: &Program,
    order: &Order,
    opened: &mut Opened,
    books: &mut Books,
    now: terminal::Timestamp,
) -> Result<Outcome, FlowError> {
    let reset = |source| FlowError::Link { side: Side::Card, step: "reset", source };
    opened.transport.reset().map_err(reset)?;
    engine.tap(program, order, now, opened.transport.as_mut(), books)
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

/// What a card that did not come back may have done.
fn lost(engine: &Engine<'_>, books: &Books, amount: Amount, transaction: Transaction) -> CliError {
    let open = engine.open().last();
    let card = open.map_or_else(String::new, |open| hex::encode_upper(open.card.number));
    let serial = open.map_or(0, |open| open.serial());
    let done = if transaction == Transaction::Load { "loaded with" } else { "charged" };
    let kept = if books.keeps() {
        "; it is kept in the state file, and the same command settles it"
    } else {
        ""
    };
    CliError::TerminalCard(format!(
        "the card fell silent: card {card} may have been {done} {amount} yuan ({} fen) with serial \
         {serial}, or not{kept}",
        amount.0
    ))
}
