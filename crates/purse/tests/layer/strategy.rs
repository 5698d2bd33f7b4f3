//! Arbitrary commands: whatever a host may want to say.

use applet_spec::{CommandId, CommandSet, Profile, PurseKind, Rules};
use crypto::Mac;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use purse::{
    Amount, BlockKind, CryptMode, Date, Debit, FileRef, IdentificationCode, Initialize,
    IssuingCommand, Limit, Occurrence, OnlineStep, Pin, Protected, ProtectedKey, PsamCommand,
    PurseCommand, RecordRef, SamPurchase, SelectBy, TerminalId, TerminalSerial, Time,
};

/// The rules of any built-in profile.
pub fn rules() -> impl Strategy<Value = &'static Rules> {
    select(Profile::built_in_names()).prop_map(crate::rules)
}

/// Any command for cards of any built-in profile.
pub fn command() -> impl Strategy<Value = (PurseCommand, &'static Rules)> {
    (select(CommandSet::Purse.own()), rules())
        .prop_flat_map(|(id, rules)| (of(id, rules), Just(rules)))
}

/// Any command of this kind.
pub fn of(id: CommandId, rules: &'static Rules) -> BoxedStrategy<PurseCommand> {
    use PurseCommand as C;
    match id {
        CommandId::Select => (select_by(), select(&[Occurrence::First, Occurrence::Next][..]))
            .prop_map(|(by, occurrence)| C::Select { by, occurrence })
            .boxed(),
        CommandId::GetResponse => (1..=0x1_0000_u32).prop_map(|ne| C::GetResponse { ne }).boxed(),
        CommandId::ReadBinary => (place(), ne(), proptest::option::of(mac()))
            .prop_map(|((file, offset), ne, mac)| C::ReadBinary { file, offset, ne, mac })
            .boxed(),
        CommandId::UpdateBinary => (place(), protected())
            .prop_map(|((file, offset), data)| C::UpdateBinary { file, offset, data })
            .boxed(),
        CommandId::ReadRecord => (file(), record(), ne(), proptest::option::of(mac()))
            .prop_map(|(file, record, ne, mac)| C::ReadRecord { file, record, ne, mac })
            .boxed(),
        CommandId::UpdateRecord => (file(), record(), protected())
            .prop_map(|(file, record, data)| C::UpdateRecord { file, record, data })
            .boxed(),
        CommandId::AppendRecord => {
            (file(), protected()).prop_map(|(file, data)| C::AppendRecord { file, data }).boxed()
        }
        CommandId::GetChallenge => select(rules.challenge_lengths.as_slice())
            .prop_map(|length| C::GetChallenge { length })
            .boxed(),
        CommandId::ExternalAuthenticate => (any::<u8>(), blocks())
            .prop_map(|(key, cryptogram)| C::ExternalAuthenticate { key, cryptogram })
            .boxed(),
        CommandId::InternalAuthenticate => (0..=2_u8, any::<u8>(), vec(any::<u8>(), 1..=255))
            .prop_map(|(mode, key, data)| C::InternalAuthenticate { mode, key, data })
            .boxed(),
        CommandId::Verify => {
            (any::<u8>(), pin()).prop_map(|(index, pin)| C::Verify { index, pin }).boxed()
        }
        CommandId::ChangePin => (any::<u8>(), pin(), pin())
            .prop_map(|(index, old, new)| C::ChangePin { index, old, new })
            .boxed(),
        CommandId::ReloadPin => (any::<u8>(), pin(), mac())
            .prop_map(|(index, pin, mac)| C::ReloadPin { index, pin, mac })
            .boxed(),
        CommandId::PinUnblock => (any::<u8>(), 0..=1_u8, blocks(), mac())
            .prop_map(|(index, p2, enciphered, mac)| C::PinUnblock { index, p2, enciphered, mac })
            .boxed(),
        CommandId::ApplicationBlock => {
            (select(&[BlockKind::Temporary, BlockKind::Permanent][..]), mac())
                .prop_map(|(kind, mac)| C::ApplicationBlock { kind, mac })
                .boxed()
        }
        CommandId::ApplicationUnblock => {
            mac().prop_map(|mac| C::ApplicationUnblock { mac }).boxed()
        }
        CommandId::CardBlock => mac().prop_map(|mac| C::CardBlock { mac }).boxed(),
        CommandId::GetBalance => {
            (any::<u8>(), purse()).prop_map(|(form, purse)| C::GetBalance { form, purse }).boxed()
        }
        CommandId::GetTransactionProof => any::<(u8, u16)>()
            .prop_map(|(transaction_type, serial)| C::GetTransactionProof {
                transaction_type,
                serial,
            })
            .boxed(),
        CommandId::GetIdentificationCode => Just(C::GetIdentificationCode).boxed(),
        CommandId::InitializeForLoad => initialize(purse()).prop_map(C::InitializeForLoad).boxed(),
        CommandId::CreditForLoad => online().prop_map(C::CreditForLoad).boxed(),
        CommandId::InitializeForPurchase => {
            initialize(purse()).prop_map(C::InitializeForPurchase).boxed()
        }
        CommandId::InitializeForCashWithdrawal => {
            initialize(Just(PurseKind::Deposit)).prop_map(C::InitializeForCashWithdrawal).boxed()
        }
        CommandId::InitializeForCappPurchase => {
            initialize(Just(PurseKind::Purse)).prop_map(C::InitializeForCappPurchase).boxed()
        }
        CommandId::UpdateCappDataCache => (0..=0x1E_u8, record(), vec(any::<u8>(), 1..=255))
            .prop_map(|(sfi, record, data)| C::UpdateCappDataCache { sfi, record, data })
            .boxed(),
        CommandId::DebitForPurchase => (any::<[u8; 4]>(), date(), time(), mac())
            .prop_map(|(serial, date, time, mac1)| {
                let terminal_serial = TerminalSerial(serial);
                C::DebitForPurchase(Debit { terminal_serial, date, time, mac1 })
            })
            .boxed(),
        CommandId::InitializeForUnload => {
            initialize(Just(PurseKind::Deposit)).prop_map(C::InitializeForUnload).boxed()
        }
        CommandId::DebitForUnload => online().prop_map(C::DebitForUnload).boxed(),
        CommandId::InitializeForUpdate => (purse(), any::<u8>(), terminal())
            .prop_map(|(purse, key, terminal)| C::InitializeForUpdate { purse, key, terminal })
            .boxed(),
        CommandId::UpdateOverdrawLimit => (any::<[u8; 3]>(), online())
            .prop_map(|(limit, step)| C::UpdateOverdrawLimit {
                limit: Limit::from_bytes(limit),
                step,
            })
            .boxed(),
        other => unreachable!("{} is no command of purse cards", other.text()),
    }
}

/// Any command that only PSAMs understand.
pub fn psam_command() -> impl Strategy<Value = PsamCommand> {
    let factors = |least| vec(any::<[u8; 8]>(), least..=3);
    let purchase = (any::<([u8; 4], u16, u32, u8)>(), date(), time(), any::<[u8; 2]>(), factors(1));
    prop_oneof![
        purchase.prop_map(|((random, serial, fen, kind), date, time, key, factors)| {
            PsamCommand::InitializeForPurchase(SamPurchase {
                random,
                serial,
                amount: Amount(fen),
                transaction_type: kind,
                date,
                time,
                key_version: key[0],
                algorithm: key[1],
                factors,
            })
        }),
        mac().prop_map(|mac2| PsamCommand::CreditForPurchase { mac2 }),
        (any::<[u8; 2]>(), factors(0))
            .prop_map(|([usage, key], factors)| PsamCommand::DeliverKey { usage, key, factors }),
        (select(&CryptMode::ALL[..]), vec(any::<u8>(), 8..=255))
            .prop_map(|(mode, data)| PsamCommand::Crypt { mode, data }),
        any::<[u8; 9]>().prop_map(|code| PsamCommand::CheckIdentificationCode {
            code: IdentificationCode(code)
        }),
        (select(&[16_usize, 24, 32][..]), mac()).prop_map(|(length, mac)| {
            PsamCommand::WriteKey { enciphered: vec![0xA5; length], mac }
        }),
    ]
}

/// Any command that builds or keys a card.
pub fn issuing_command() -> impl Strategy<Value = IssuingCommand> {
    prop_oneof![
        (any::<u16>(), vec(any::<u8>(), 7..=24))
            .prop_map(|(fid, description)| IssuingCommand::CreateFile { fid, description }),
        Just(IssuingCommand::EraseDirectory),
        (any::<[u8; 2]>(), vec(any::<u8>(), 2..=32), proptest::option::of(mac())).prop_map(
            |([target, index], data, mac)| {
                let data = match mac {
                    Some(mac) => ProtectedKey::secured(data, mac),
                    None => ProtectedKey::plain(data),
                };
                IssuingCommand::WriteKey { target, index, data }
            }
        ),
    ]
}

pub fn mac() -> impl Strategy<Value = Mac> {
    any::<[u8; 4]>().prop_map(Mac)
}

/// 2 to 6 bytes without FF, which separates and fills.
pub fn pin() -> impl Strategy<Value = Pin> {
    vec(0..=0xFE_u8, 2..=6).prop_map(|bytes| Pin::new(&bytes).unwrap())
}

pub fn date() -> impl Strategy<Value = Date> {
    any::<[u8; 4]>().prop_map(Date)
}

pub fn time() -> impl Strategy<Value = Time> {
    any::<[u8; 3]>().prop_map(Time)
}

pub fn terminal() -> impl Strategy<Value = TerminalId> {
    any::<[u8; 6]>().prop_map(TerminalId)
}

fn purse() -> impl Strategy<Value = PurseKind> {
    select(&[PurseKind::Deposit, PurseKind::Purse][..])
}

fn ne() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(prop_oneof![1..=0x100_u32, 1..=0x1_0000_u32])
}

fn file() -> impl Strategy<Value = FileRef> {
    prop_oneof![Just(FileRef::Current), (1..=0x1E_u8).prop_map(FileRef::Sfi)]
}

/// A file and an offset that goes with it.
fn place() -> impl Strategy<Value = (FileRef, u16)> {
    prop_oneof![
        (0..=0x7FFF_u16).prop_map(|offset| (FileRef::Current, offset)),
        (1..=0x1E_u8, 0..=0xFF_u16).prop_map(|(sfi, offset)| (FileRef::Sfi(sfi), offset)),
    ]
}

fn record() -> impl Strategy<Value = RecordRef> {
    let modes = [
        RecordRef::Number,
        RecordRef::First,
        RecordRef::Last,
        RecordRef::Next,
        RecordRef::Previous,
    ];
    (0..modes.len(), any::<u8>()).prop_map(move |(mode, p1)| modes[mode](p1))
}

fn protected() -> impl Strategy<Value = Protected> {
    prop_oneof![
        vec(any::<u8>(), 1..=255).prop_map(Protected::Plain),
        (vec(any::<u8>(), 0..=251), mac()).prop_map(|(data, mac)| Protected::Secured { data, mac }),
    ]
}

fn select_by() -> impl Strategy<Value = SelectBy> {
    let name = vec(any::<u8>(), 1..=16).prop_map(|name| apdu::DfName::new(&name).unwrap());
    prop_oneof![
        Just(SelectBy::Mf),
        any::<u16>().prop_map(SelectBy::Fid),
        name.prop_map(SelectBy::Name),
    ]
}

/// One block of either suite.
fn blocks() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 8), vec(any::<u8>(), 16)]
}

fn initialize(purse: impl Strategy<Value = PurseKind>) -> impl Strategy<Value = Initialize> {
    (purse, any::<(u8, u32)>(), terminal()).prop_map(|(purse, (key, amount), terminal)| {
        Initialize { purse, key, amount: Amount(amount), terminal }
    })
}

fn online() -> impl Strategy<Value = OnlineStep> {
    (date(), time(), mac()).prop_map(|(date, time, mac2)| OnlineStep { date, time, mac2 })
}
