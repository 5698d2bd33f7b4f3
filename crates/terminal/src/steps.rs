//! The steps of a transaction, one function each: whoever runs a transaction puts them together.

use applet_spec::{CodeInMac1, PurseKind, Rules};
use crypto::Mac;
use purse::answer::{
    AnswerError, Confirmed, Debited, OnlineInitialized, PurchaseInitialized, SamInitialized,
    UpdateInitialized,
};
use purse::{
    Amount, Debit, IdentificationCode, Initialize, Limit, OnlineStep, PurseCommand, TerminalId,
    TransactionType,
};

use crate::error::Side;
use crate::{
    Authorisation, CappRecord, CardSession, Check, Factors, FlowError, KeyId, OnlineRequest,
    OnlineTerms, Purchase, Timestamp,
};

/// Whose card, and when.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    /// Diversification factors of the card.
    pub(crate) factors: Factors,
    /// The terminal's clock.
    pub(crate) now: Timestamp,
    /// The identification code, where MAC1 covers it.
    pub(crate) code: Option<IdentificationCode>,
}

/// Name of the command that a transaction begins with.
pub(crate) fn first_step(transaction_type: TransactionType) -> &'static str {
    let i = Initialize {
        purse: PurseKind::Purse,
        key: 0,
        amount: Amount(0),
        terminal: TerminalId::default(),
    };
    CardSession::step(&initialize(transaction_type, i))
}

/// INITIALIZE FOR PURCHASE, CASH WITHDRAWAL or CAPP PURCHASE.
pub(crate) fn initialize_purchase(
    card: &mut CardSession<'_>,
    transaction_type: TransactionType,
    i: &Initialize,
    context: &Context,
) -> Result<(Purchase, PurchaseInitialized), FlowError> {
    let command = initialize(transaction_type, *i);
    let answer = told(card, &command, PurchaseInitialized::parse)?;
    let PurchaseInitialized { key_version: version, algorithm, random, serial, .. } = answer;
    let purchase = Purchase {
        transaction_type,
        amount: i.amount,
        date: context.now.date(),
        time: context.now.time(),
        factors: context.factors,
        key: KeyId { index: i.key, version, algorithm },
        random,
        serial,
        code: context.code,
    };
    Ok((purchase, answer))
}

/// UPDATE CAPP DATA CACHE.
pub(crate) fn cache(card: &mut CardSession<'_>, record: &CappRecord) -> Result<(), FlowError> {
    let data = record.data.clone();
    let command =
        PurseCommand::UpdateCappDataCache { sfi: record.sfi, record: record.record, data };
    card.send(&command).map(|_| ())
}

/// DEBIT FOR PURCHASE.
pub(crate) fn debit(
    card: &mut CardSession<'_>,
    purchase: &Purchase,
    sam: &SamInitialized,
) -> Result<Debited, FlowError> {
    let Purchase { date, time, .. } = *purchase;
    let SamInitialized { terminal_serial, mac1 } = *sam;
    let command = PurseCommand::DebitForPurchase(Debit { terminal_serial, date, time, mac1 });
    told(card, &command, Debited::parse)
}

/// INITIALIZE FOR LOAD or UNLOAD.
pub(crate) fn initialize_online(
    card: &mut CardSession<'_>,
    transaction_type: TransactionType,
    i: &Initialize,
    factors: Factors,
) -> Result<OnlineRequest, FlowError> {
    let command = initialize(transaction_type, *i);
    let answer = told(card, &command, OnlineInitialized::parse)?;
    let OnlineInitialized { balance, serial, key_version: version, algorithm, random, mac1 } =
        answer;
    Ok(OnlineRequest {
        transaction_type,
        terms: OnlineTerms::Amount(i.amount),
        terminal: i.terminal,
        factors,
        key: KeyId { index: i.key, version, algorithm },
        random,
        serial,
        balance,
        mac1,
    })
}

/// INITIALIZE FOR UPDATE.
pub(crate) fn initialize_update(
    card: &mut CardSession<'_>,
    transaction_type: TransactionType,
    i: &Initialize,
    new: Limit,
    factors: Factors,
) -> Result<OnlineRequest, FlowError> {
    let Initialize { purse, key: index, terminal, .. } = *i;
    let command = PurseCommand::InitializeForUpdate { purse, key: index, terminal };
    let answer = told(card, &command, UpdateInitialized::parse)?;
    let UpdateInitialized { balance, serial, limit, key_version, algorithm, random, mac1 } = answer;
    Ok(OnlineRequest {
        transaction_type,
        terms: OnlineTerms::Limit { old: limit, new },
        terminal,
        factors,
        key: KeyId { index, version: key_version, algorithm },
        random,
        serial,
        balance,
        mac1,
    })
}

/// CREDIT FOR LOAD, DEBIT FOR UNLOAD or UPDATE OVERDRAW LIMIT: its TAC or MAC3.
pub(crate) fn finish_online(
    card: &mut CardSession<'_>,
    request: &OnlineRequest,
    authorised: &Authorisation,
) -> Result<Mac, FlowError> {
    let command = second_step(request, authorised);
    told(card, &command, Confirmed::parse).map(|answer| answer.code)
}

/// The second step of an online transaction.
pub(crate) fn second_step(request: &OnlineRequest, authorised: &Authorisation) -> PurseCommand {
    let Authorisation { date, time, mac2 } = *authorised;
    let step = OnlineStep { date, time, mac2 };
    match (request.terms, request.transaction_type) {
        (OnlineTerms::Limit { new: limit, .. }, _) => {
            PurseCommand::UpdateOverdrawLimit { limit, step }
        }
        (OnlineTerms::Amount(_), TransactionType::Unload) => PurseCommand::DebitForUnload(step),
        (OnlineTerms::Amount(_), _) => PurseCommand::CreditForLoad(step),
    }
}

/// The identification code where MAC1 covers it: once the card gave it, or always.
pub(crate) fn code_in_mac1(
    rules: &Rules,
    card: &mut CardSession<'_>,
    known: Option<&IdentificationCode>,
) -> Result<Option<IdentificationCode>, FlowError> {
    let given = known.copied().or(card.code_given());
    match (rules.code_in_mac1, given) {
        (CodeInMac1::Never, _) => Ok(None),
        (CodeInMac1::Always, None) => card.identification_code().map(Some),
        (CodeInMac1::Always | CodeInMac1::After80Ca, given) => Ok(given),
    }
}

/// The type of a plain purchase from a purse.
pub(crate) fn purchase_type(purse: PurseKind) -> TransactionType {
    TransactionType::purchase(purse)
}

/// The type of a load of a purse.
pub(crate) fn load_type(purse: PurseKind) -> TransactionType {
    TransactionType::load(purse)
}

/// Ends a transaction whose code is wrong.
pub(crate) fn refuse_wrong(
    command: &'static str,
    code: &'static str,
    received: Mac,
    judged: Check,
    by: &str,
) -> Result<(), FlowError> {
    if judged != Check::Wrong {
        return Ok(());
    }
    let by = format!("the {by} refuses it");
    Err(FlowError::WrongMac { step: command, code, received, by })
}

fn initialize(transaction_type: TransactionType, i: Initialize) -> PurseCommand {
    match transaction_type {
        TransactionType::DepositLoad | TransactionType::PurseLoad => {
            PurseCommand::InitializeForLoad(i)
        }
        TransactionType::Unload => PurseCommand::InitializeForUnload(i),
        TransactionType::Cash => PurseCommand::InitializeForCashWithdrawal(i),
        TransactionType::DepositPurchase | TransactionType::PursePurchase => {
            PurseCommand::InitializeForPurchase(i)
        }
        TransactionType::Capp => PurseCommand::InitializeForCappPurchase(i),
        TransactionType::Overdraft | TransactionType::MobileOverdraft => {
            let Initialize { purse, key, terminal, .. } = i;
            PurseCommand::InitializeForUpdate { purse, key, terminal }
        }
    }
}

/// Sends a command that must succeed, and reads its answer.
fn told<T>(
    card: &mut CardSession<'_>,
    command: &PurseCommand,
    parse: impl Fn(&[u8]) -> Result<T, AnswerError>,
) -> Result<T, FlowError> {
    let data = card.send(command)?;
    let step = CardSession::step(command);
    parse(&data).map_err(|source| FlowError::Answer { side: Side::Card, step, source })
}
