//! What is asked of a card to know its state: one list of commands for each profile.

use apdu::CommandBuf;
use applet_spec::{
    Access, BalanceForm, Directory, FileKind, FileSpec, KeyKind, LogRouting, PinUse, Profile,
    PurseKind, PurseSpec,
};
use purse::TransactionType;

use super::words::text;
use crate::{Change, PurseName, Text};

/// The list of questions of a profile.
pub(super) struct Probe {
    /// In this order, after a reset.
    pub(super) questions: Vec<Question>,
    /// Place among the questions of VERIFY with the profile's PIN.
    pub(super) verify: Option<usize>,
    /// Transactions that a proof is asked of.
    pub(super) proofs: Vec<ProofOf>,
}

/// A command, and what its answer shows.
pub(super) struct Question {
    pub(super) name: Text,
    pub(super) command: Vec<u8>,
    /// What of the answer data is state, and of what; the rest (random numbers, MACs) is not.
    pub(super) parts: Vec<Part>,
    /// The status word may differ as well where one of these may change.
    pub(super) gates: Vec<Change>,
    pub(super) after: After,
}

/// Bytes of an answer.
pub(super) struct Part {
    /// Any of these may change it.
    pub(super) changes: Vec<Change>,
    pub(super) name: Text,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What must have succeeded before a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing.
    Reset,
    /// VERIFY.
    Verify,
}

/// A kind of transaction, and which serial it counts.
pub(super) struct ProofOf {
    pub(super) kind: u8,
    pub(super) purse: PurseName,
    pub(super) counter: Counter,
}

/// A transaction serial of a purse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Offline,
    Online,
}

const TERMINAL: [u8; 6] = [0x01, 0x10, 0, 0, 0, 0x01];
const ALL: usize = usize::MAX;

impl Probe {
    /// What can be asked of a card of `profile`.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut probe = Self { questions: Vec::new(), verify: None, proofs: Vec::new() };
        let main = profile.main_directory();
        let master = profile.directories.first();
        if let Some(master) = master.filter(|master| main.is_none_or(|main| main.fid != master.fid))
        {
            probe.ask(
                "MF",
                "MF",
                select_fid(master.fid),
                vec![all(Vec::new(), "MF FCI", "MF FCI")],
            );
            for file in &master.files {
                let hidden = main.is_some_and(|main| main.file(file.sfi).is_some());
                let changes = if hidden { Vec::new() } else { changes_of(profile, file) };
                probe.read(file, &format!("MF file {:02X}", file.sfi), changes, After::Reset);
            }
        }
        if let Some(main) = main {
            probe.application(profile, main);
        }
        probe
    }

    fn application(&mut self, profile: &Profile, main: &Directory) {
        let fci = all(vec![Change::File(Profile::PUBLIC_SFI)], "application FCI", "应用 FCI");
        let command = if main.name.is_empty() { select_fid(main.fid) } else { select(&main.name) };
        self.ask("SELECT of the application", "选择应用", command, vec![fci]);
        let asks_pin = |file: &&FileSpec| file.read == Access::Pin;
        for file in main.files.iter().filter(|file| !asks_pin(file)) {
            let name = format!("file {:02X}", file.sfi);
            self.read(file, &name, changes_of(profile, file), After::Reset);
        }
        let needs = |purse: &PurseSpec, purpose| match purse.pin_for.contains(&purpose) {
            true => After::Verify,
            false => After::Reset,
        };
        self.purses(profile, main, After::Reset, needs);
        let Some(pin) = &main.pin else { return };
        let verify = CommandBuf::new([0x00, 0x20, 0x00, pin.index]).data(&pin.value);
        self.verify = Some(self.questions.len());
        self.ask("VERIFY", "验证密码", bytes(&verify), Vec::new());
        if let Some(verify) = self.questions.last_mut() {
            verify.gates.push(Change::Pin);
        }
        for file in main.files.iter().filter(asks_pin) {
            let name = format!("file {:02X}", file.sfi);
            self.read(file, &name, changes_of(profile, file), After::Verify);
        }
        self.purses(profile, main, After::Verify, needs);
    }

    /// What is asked of purses before VERIFY, or after it.
    fn purses(
        &mut self,
        profile: &Profile,
        main: &Directory,
        now: After,
        needs: impl Fn(&PurseSpec, PinUse) -> After,
    ) {
        for purse in &main.purses {
            let name = name_of(purse.kind);
            let (label, p2) = (label(name), purse.kind as u8);
            for (p1, form) in &profile.rules.balance_p1 {
                if needs(purse, PinUse::Balance) != now {
                    continue;
                }
                let (changes, length) = match form {
                    BalanceForm::Stored => (vec![Change::Balance(name)], 4),
                    BalanceForm::Limit => (vec![Change::Limit(name)], 4),
                    BalanceForm::Used | BalanceForm::Actual => {
                        (vec![Change::Balance(name), Change::Limit(name)], 4)
                    }
                    BalanceForm::FourWords => {
                        (vec![Change::Balance(name), Change::Limit(name)], 16)
                    }
                };
                let (en, zh) = match p1 {
                    0 => (format!("{label} balance"), format!("{label} 余额")),
                    p1 => (
                        format!("{label} balance, P1 {p1:02X}"),
                        format!("{label} 余额, P1 {p1:02X}"),
                    ),
                };
                let part = all(changes, &en, &zh);
                let command = CommandBuf::new([0x80, 0x5C, *p1, p2]).ne(length);
                self.ask_then(&en, &zh, bytes(&command), vec![part], now);
            }
            for (purpose, counter, kind) in [
                (PinUse::Purchase, Counter::Offline, KeyKind::Purchase),
                (PinUse::Load, Counter::Online, KeyKind::Load),
            ] {
                let key = main.keys.iter().find(|key| key.kind == kind);
                if let Some(key) = key.filter(|_| purse.allows.contains(&purpose))
                    && needs(purse, purpose) == now
                {
                    self.initialize(purse.kind, counter, key.index, now);
                }
            }
            if now == After::Reset {
                self.proofs.extend(proofs(profile, purse, name));
            }
        }
    }

    /// INITIALIZE with the amount 0: balance, serial and limit of a purse.
    fn initialize(&mut self, purse: PurseKind, counter: Counter, index: u8, now: After) {
        let name = name_of(purse);
        let label = label(name);
        let part = |change, en: &str, zh: &str, from, to| Part {
            changes: vec![change],
            name: text(format!("{label} {en}"), format!("{label} {zh}")),
            from,
            to,
        };
        let balance = part(Change::Balance(name), "balance", "余额", 0, 4);
        let (command, p1, le, parts) = match counter {
            Counter::Offline => {
                let serial = part(Change::Offline(name), "offline serial", "脱机交易序号", 4, 6);
                let limit = part(Change::Limit(name), "overdraft limit", "透支限额", 6, 9);
                ("INITIALIZE FOR PURCHASE", 0x01, 15, vec![balance, serial, limit])
            }
            Counter::Online => {
                let serial = part(Change::Online(name), "online serial", "联机交易序号", 4, 6);
                ("INITIALIZE FOR LOAD", 0x00, 16, vec![balance, serial])
            }
        };
        let mut data = vec![index, 0, 0, 0, 0];
        data.extend(TERMINAL);
        let built = CommandBuf::new([0x80, 0x50, p1, purse as u8]).data(&data).ne(le);
        let title = format!("{command} ({label})");
        self.ask_then(&title, &title, bytes(&built), parts, now);
    }

    fn read(&mut self, file: &FileSpec, name: &str, changes: Vec<Change>, now: After) {
        let zh = name.replace("file", "文件");
        match file.kind {
            FileKind::Binary { size } => {
                for offset in [0, 0xFF] {
                    // P2 is one byte: two reads reach as far as an offset can.
                    let left = u32::from(size).saturating_sub(u32::from(offset)).min(0x100);
                    if left == 0 || offset != 0 && size <= 0x100 {
                        continue;
                    }
                    let command = CommandBuf::new([0x00, 0xB0, 0x80 | file.sfi, offset]).ne(left);
                    let part = all(changes.clone(), name, &zh);
                    self.ask_then(name, &zh, bytes(&command), vec![part], now);
                }
            }
            FileKind::Linear { count, .. }
            | FileKind::Variable { count, .. }
            | FileKind::Cyclic { count, .. } => {
                for number in 1..=count {
                    let header = [0x00, 0xB2, number, file.sfi << 3 | 0x04];
                    let command = CommandBuf::new(header).ne(0x100);
                    let en = format!("{name}, record {number}");
                    let zh = format!("{zh}, 记录 {number}");
                    let part = all(changes.clone(), &en, &zh);
                    self.ask_then(&en, &zh, bytes(&command), vec![part], now);
                }
            }
        }
    }

    fn ask(&mut self, en: &str, zh: &str, command: Vec<u8>, parts: Vec<Part>) {
        self.ask_then(en, zh, command, parts, After::Reset);
    }

    fn ask_then(&mut self, en: &str, zh: &str, command: Vec<u8>, parts: Vec<Part>, after: After) {
        // A locked application answers nothing that it answered before.
        let gates = vec![Change::Lock];
        self.questions.push(Question { name: text(en, zh), command, parts, gates, after });
    }
}

/// What a change of a file is called.
fn changes_of(profile: &Profile, file: &FileSpec) -> Vec<Change> {
    let mut changes = vec![Change::File(file.sfi)];
    if profile.psam.as_ref().is_some_and(|psam| psam.serial_file == file.sfi) {
        changes.push(Change::TerminalSerial);
    }
    let logs = profile.main_directory().and_then(|main| main.log.as_ref());
    let holds = |log: &LogRouting| {
        [Some(log.purchase), Some(log.load), log.other_city].contains(&Some(file.sfi))
    };
    if logs.is_some_and(holds) {
        changes.push(Change::Log);
    }
    changes
}

fn proofs(profile: &Profile, purse: &PurseSpec, name: PurseName) -> Vec<ProofOf> {
    let of = |kind: TransactionType, counter| ProofOf { kind: kind as u8, purse: name, counter };
    let uses = purse.allows.iter().filter_map(|purpose| match purpose {
        PinUse::Balance => None,
        PinUse::Load => Some(of(TransactionType::load(purse.kind), Counter::Online)),
        PinUse::Purchase => Some(of(TransactionType::purchase(purse.kind), Counter::Offline)),
        PinUse::Cash => Some(of(TransactionType::Cash, Counter::Offline)),
        PinUse::Unload => Some(of(TransactionType::Unload, Counter::Online)),
        PinUse::Overdraft => Some(of(TransactionType::overdraft(&profile.rules), Counter::Online)),
        PinUse::Capp => Some(of(TransactionType::Capp, Counter::Offline)),
    });
    uses.collect()
}

impl ProofOf {
    /// GET TRANSACTION PROOF for a transaction with this serial.
    pub(super) fn command(&self, serial: u16) -> Vec<u8> {
        let [high, low] = serial.to_be_bytes();
        vec![0x80, 0x5A, 0x00, self.kind, 0x02, high, low, 0x08]
    }
}

fn all(changes: Vec<Change>, en: &str, zh: &str) -> Part {
    Part { changes, name: text(en, zh), from: 0, to: ALL }
}

pub(super) fn name_of(purse: PurseKind) -> PurseName {
    match purse {
        PurseKind::Deposit => PurseName::Ed,
        PurseKind::Purse => PurseName::Ep,
    }
}

pub(super) fn label(purse: PurseName) -> &'static str {
    match purse {
        PurseName::Ed => "ED",
        PurseName::Ep => "EP",
    }
}

pub(super) fn select(name: &[u8]) -> Vec<u8> {
    bytes(&CommandBuf::new([0x00, 0xA4, 0x04, 0x00]).data(name).ne(0x100))
}

fn select_fid(fid: u16) -> Vec<u8> {
    bytes(&CommandBuf::new([0x00, 0xA4, 0x00, 0x00]).data(&fid.to_be_bytes()).ne(0x100))
}

/// Short commands all: they can be built. One that could not would be asked as nothing, and be
/// answered as nothing before and after.
fn bytes(command: &CommandBuf) -> Vec<u8> {
    command.to_bytes().unwrap_or_default()
}
