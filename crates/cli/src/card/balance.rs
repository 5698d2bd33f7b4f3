//! `purse card balance`.

use apdu::StatusWord;
use applet_spec::{BalanceForm, PurseKind};
use link::CardTransport;
use purse::answer::Balance;
use purse::{Amount, PurseCommand};
use serde::Serialize;
use terminal::CardSession;

use super::OpenedCard;
use super::reading::Selected;
use crate::error::CliError;
use crate::ui::{Ui, padded};

/// What one purse answers.
#[derive(Clone, Debug, Serialize)]
pub struct PurseLine {
    /// `ed` or `ep`.
    pub purse: &'static str,
    /// Stored balance in fen, overdraft limit included; `None` where the card does not tell.
    pub balance_fen: Option<u32>,
    /// Overdraft limit in fen, where the card tells it.
    pub limit_fen: Option<u32>,
    /// The holder's own money in fen, where the card tells it.
    pub own_fen: Option<u32>,
    /// Status word of GET BALANCE.
    pub status: String,
    /// What it means.
    pub meaning: String,
}

#[derive(Serialize)]
struct Document {
    ok: bool,
    family: Option<String>,
    purses: Vec<PurseLine>,
}

/// Prints the balances.
pub fn run(ui: &Ui, bench: &mut OpenedCard) -> Result<(), CliError> {
    let family = bench.family();
    let purses = read(ui, bench.transport.as_mut(), &bench.selected)?;
    if ui.json {
        return ui.document(&Document { ok: true, family, purses });
    }
    ui.print(&text(ui, &purses))
}

/// Asks every purse the application may have.
pub fn read(
    ui: &Ui,
    transport: &mut dyn CardTransport,
    selected: &Selected,
) -> Result<Vec<PurseLine>, CliError> {
    let application = selected.profile.as_ref().and_then(|profile| profile.application());
    let built = selected.profile.as_ref().is_some_and(|one| one.rules.issuing.is_some());
    let kinds = match application {
        Some(application) => application.purses.iter().map(|purse| purse.kind).collect(),
        None => vec![PurseKind::Deposit, PurseKind::Purse],
    };
    let form = |wanted: BalanceForm| {
        let rules = &selected.profile.as_ref()?.rules;
        rules.balance_p1.iter().find(|(_, form)| *form == wanted).map(|(p1, _)| *p1)
    };
    let mut card = CardSession::new(transport);
    let mut ask = |purse, form| card.exchange(&PurseCommand::GetBalance { form, purse });
    let mut lines = Vec::new();
    for purse in kinds {
        let stored = ask(purse, form(BalanceForm::Stored).unwrap_or(0))?;
        // Which purses such a card was given, only the card knows.
        if built && stored.status == StatusWord::WRONG_P1P2 {
            continue;
        }
        let amount = |data: &[u8]| Balance::parse(data).ok().map(|answer| answer.balance.0);
        let mut told = |wanted| -> Result<Option<u32>, CliError> {
            let Some(p1) = form(wanted).filter(|_| stored.status.is_ok()) else { return Ok(None) };
            let answer = ask(purse, p1)?;
            Ok(amount(&answer.data).filter(|_| answer.status.is_ok()))
        };
        lines.push(PurseLine {
            purse: match purse {
                PurseKind::Deposit => "ed",
                PurseKind::Purse => "ep",
            },
            balance_fen: amount(&stored.data).filter(|_| stored.status.is_ok()),
            limit_fen: told(BalanceForm::Limit)?,
            own_fen: told(BalanceForm::Actual)?,
            status: stored.status.to_string(),
            meaning: ui.lang.pick(stored.status.meaning(), stored.status.meaning_zh()),
        });
    }
    Ok(lines)
}

/// The purses in words.
pub fn text(ui: &Ui, purses: &[PurseLine]) -> String {
    let mut out = String::new();
    for line in purses {
        let name = match line.purse {
            "ed" => ui.lang.pick("ED balance", "电子存折余额"),
            _ => ui.lang.pick("EP balance", "电子钱包余额"),
        };
        let value = match line.balance_fen {
            Some(fen) => yuan(ui, fen),
            None => format!("{} ({})", line.status, line.meaning),
        };
        out += &format!("{} {value}", padded(name, 13));
        if let (Some(limit), Some(own)) = (line.limit_fen, line.own_fen)
            && limit > 0
        {
            let (limit, own) = (yuan(ui, limit), yuan(ui, own));
            out += &ui.lang.pick(
                format!(", of which overdraft limit {limit}; own money {own}"),
                format!(", 其中透支限额 {limit}; 自有余额 {own}"),
            );
        }
        out.push('\n');
    }
    out
}

fn yuan(ui: &Ui, fen: u32) -> String {
    let amount = Amount(fen);
    ui.lang.pick(format!("{amount} yuan ({fen} fen)"), format!("{amount} 元 ({fen} 分)"))
}
