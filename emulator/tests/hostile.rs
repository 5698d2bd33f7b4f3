//! Bad input: random bytes, commands made up from the catalogue, and a right story with commands
//! turned, cut, stretched and repeated. The card never breaks, never loses or invents a fen, and what
//! it refuses changes nothing but the counters of tries.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

mod common;

use applet_spec::{Catalogue, CommandSet, CommandSpec, KeyKind, Lengths, Pattern, PurseKind};
use common::{Answer, Bench, Chip, Init, Kind, Step};
use crypto::pin_reload_mac;
use emulator::native::tree::{Blocked, Df};
use nvm::Nvm;
use proptest::collection::vec;
use proptest::prelude::*;

/// A card under attack, and the step that may change its balance.
struct Victim<'b> {
    bench: &'b Bench,
    chip: Chip,
    right: Option<(Step, PurseKind)>,
    limited: bool,
}

impl<'b> Victim<'b> {
    fn new(bench: &'b Bench, chip: Chip) -> Self {
        let limited = bench.rules().wrong_mac_limit.is_some();
        Self { bench, chip, right: None, limited }
    }

    /// Sends anything and checks what must hold whatever it was.
    fn say(&mut self, command: &[u8]) -> Answer {
        let before = self.chip.card.memory().fork();
        let balances = self.balances();
        let answer = self.chip.send(command);
        self.check_status(command, &answer);
        let after = self.chip.card.memory();
        if answer.status != 0x9000 {
            let locks = answer.status == self.bench.rules().status.permanently_blocked.0
                || (self.limited && answer.status == 0x6985);
            assert!(
                without_counters(&before, locks).same_contents(&without_counters(after, locks)),
                "{} was refused with {:04X} and changed something",
                hex::encode_upper(command),
                answer.status
            );
        }
        if balances != self.balances() {
            let (step, purse) = self.right.take().expect("no step is running");
            assert_eq!(answer.status, 0x9000);
            let (mine, right) = (apdu::CommandApdu::new(command), step.command);
            let right = apdu::CommandApdu::new(&right);
            assert_eq!((mine.ins(), mine.p1()), (right.ins(), right.p1()));
            let mac = |data: &[u8]| data[data.len() - 4..].to_vec();
            assert_eq!(mac(mine.data()), mac(right.data()), "only the right MAC moves money");
            // No MAC1 covers the upper half of the terminal serial; the TAC tells it.
            if mine.data() == right.data() {
                assert_eq!(answer.data, step.answer);
            }
            let key = if purse == PurseKind::Deposit { "ed.balance" } else { "ep.balance" };
            let fen = step.balance_after;
            assert_eq!(self.chip.shown(key), format!("{}.{:02}", fen / 100, fen % 100));
        }
        answer
    }

    fn balances(&self) -> Vec<String> {
        let keys = self.bench.purses().into_iter().map(|purse| match purse {
            PurseKind::Deposit => "ed.balance",
            PurseKind::Purse => "ep.balance",
        });
        keys.map(|key| self.chip.shown(key)).collect()
    }

    /// The catalogue says which status words a command may answer.
    fn check_status(&self, command: &[u8], answer: &Answer) {
        let Answer { data, status } = answer;
        assert!(data.len() <= 0x1_0000);
        assert!(*status == 0x9000 || data.is_empty(), "data only with success");
        // 6985: no purse application is selected, or it is blocked; 6581: see `rules.capp.cache`.
        let general = [0x9000, 0x6700, 0x6A86, 0x6D00, 0x6E00, 0x6A81, 0x6985, 0x9303, 0x6581];
        if general.contains(status) {
            return;
        }
        let apdu = apdu::CommandApdu::new(command);
        let [cla, ins, p1, p2] = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
        let found = Catalogue::of(CommandSet::Purse).find(cla, ins, p1, p2, apdu.data().len());
        let spec = found.unwrap_or_else(|_| panic!("{apdu:?} is no command: {status:04X}"));
        let documented = spec.status.iter().any(|(known, _)| match known.0 {
            tries @ 0x63C0 => status & 0xFFF0 == tries,
            known => known == *status,
        });
        let wrong_state = *status == self.bench.rules().status.wrong_state.0;
        assert!(documented || wrong_state, "{}: {status:04X} is not documented", spec.name);
    }
}

/// The memory with every counter of tries at the same value.
fn without_counters(memory: &Nvm, and_locks: bool) -> Nvm {
    let mut memory = memory.fork();
    for df in Df::all(&memory.fork()) {
        for key in df.keys(&memory.fork()) {
            key.set_tries(&mut memory, 1).unwrap();
        }
        if let Some(pin) = df.pin(&memory).unwrap() {
            pin.set_tries(&mut memory, 1).unwrap();
        }
        df.set_wrong_macs(&mut memory, 0).unwrap();
        if and_locks {
            df.block(&mut memory, Blocked::No).unwrap();
        }
    }
    memory
}

/// What is done to a command of the story.
#[derive(Clone, Debug)]
enum Twist {
    Right,
    Turned(usize, u8),
    Cut(usize),
    Stretched(Vec<u8>),
    Extended,
    Repeated,
    Replaced(Vec<u8>),
    Reset,
}

fn twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        6 => Just(Twist::Right),
        4 => (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Twist::Turned(at, bits)),
        1 => any::<usize>().prop_map(Twist::Cut),
        1 => vec(any::<u8>(), 1..9).prop_map(Twist::Stretched),
        1 => Just(Twist::Extended),
        1 => Just(Twist::Repeated),
        1 => made_up().prop_map(Twist::Replaced),
        1 => Just(Twist::Reset)
    ]
}

/// The extended form of a short command.
fn extended(command: &[u8]) -> Vec<u8> {
    let apdu = apdu::CommandApdu::new(command);
    let header = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let made = apdu::CommandBuf { header, data: apdu.data().to_vec(), ne: apdu.ne() };
    made.to_extended_bytes().unwrap()
}

/// Tells the story of a card, each command twisted.
fn tell(victim: &mut Victim<'_>, twists: &[Twist]) {
    let mut twists = twists.iter();
    let bench = victim.bench;
    let mut say = |victim: &mut Victim<'_>, command: Vec<u8>| {
        let twisted = match twists.next().unwrap_or(&Twist::Right) {
            Twist::Right => command,
            Twist::Turned(at, bits) => {
                let mut command = command;
                let at = at % command.len();
                command[at] ^= bits;
                command
            }
            Twist::Cut(length) => command[..length % command.len()].to_vec(),
            Twist::Stretched(more) => [&command[..], more].concat(),
            Twist::Extended => extended(&command),
            Twist::Repeated => {
                victim.say(&command);
                command
            }
            Twist::Replaced(other) => other.clone(),
            Twist::Reset => {
                victim.chip.reset();
                command
            }
        };
        victim.say(&twisted);
    };
    let wire = |text: &str| common::Bytes::wire(text);
    say(victim, bench.select());
    say(victim, wire("0020000003 123456"));
    for (kind, amount) in [
        (Kind::Load, 500),
        (Kind::Purchase, 7),
        (Kind::Capp, 9),
        (Kind::Unload, 11),
        (Kind::Update, 13),
    ] {
        let spec = bench.profile.application().unwrap();
        let deposit = spec.purse(PurseKind::Deposit).is_some() && kind != Kind::Capp;
        let purse = if deposit { PurseKind::Deposit } else { PurseKind::Purse };
        let init = Init::new(kind, purse, amount);
        // What the card will say, asked of a copy.
        let begun = bench.begin(&mut victim.chip.clone(), init);
        say(victim, init.apdu());
        if kind == Kind::Capp {
            bench.cache(1).iter().for_each(|command| say(victim, wire(command)));
        }
        let Ok(begun) = begun else { continue };
        victim.right = Some((bench.step(&begun), purse));
        say(victim, bench.step(&begun).command);
        victim.right = None;
    }
    for (header, data) in
        [("04D69500", &[0x01][..]), ("841E0000", &[]), ("84180000", &[]), ("842400 00", &[0; 8])]
    {
        let kind = if header.contains(' ') { KeyKind::PinUnblock } else { KeyKind::Maintenance };
        let index = bench.keys.first_index(kind).unwrap();
        let challenge = victim.chip.clone().send("0084000004").data;
        say(victim, wire("0084000004"));
        let key = bench.keys.key(kind, index).unwrap();
        say(victim, bench.secured_with(&challenge, header, data, key));
    }
    say(victim, wire("805E010007 123456 FF 123456"));
    let index = bench.keys.first_index(KeyKind::PinReset).unwrap();
    let (suite, key) = bench.keys.key(KeyKind::PinReset, index).unwrap();
    let mac = pin_reload_mac(suite, key, &[0x12, 0x34, 0x56]).0;
    say(victim, [&wire("805E000007 123456")[..], &mac].concat());
    say(victim, wire("0084000008"));
    say(victim, wire("0082000108 0000000000000000"));
    for end in ["00B0950000", "00B201C400", "80CA000009", "805A0002020001 08", "805C000204"] {
        say(victim, wire(end));
    }
}

/// A command of the catalogue with everything else made up.
fn made_up() -> impl Strategy<Value = Vec<u8>> {
    let count = Catalogue::of(CommandSet::Purse).commands().len();
    (
        0..count,
        any::<[u8; 4]>(),
        vec(any::<u8>(), 0..256),
        any::<bool>(),
        prop::option::of(any::<u8>()),
    )
        .prop_map(|(at, bytes, data, fits, le)| {
            fit(&Catalogue::of(CommandSet::Purse).commands()[at], bytes, data, fits, le)
        })
}

fn fit(
    spec: &CommandSpec,
    bytes: [u8; 4],
    mut data: Vec<u8>,
    fits: bool,
    le: Option<u8>,
) -> Vec<u8> {
    let fitting = |pattern: &Pattern, byte: u8| match pattern {
        Pattern::Any => byte,
        Pattern::OneOf(values) => values[usize::from(byte) % values.len()],
        Pattern::Masked { bits, mask } => byte & !mask | bits,
    };
    let [cla, p1, p2, length] = bytes;
    let length = match &spec.lc {
        Lengths::None => 0,
        Lengths::OneOf(lengths) => lengths[usize::from(length) % lengths.len()],
        Lengths::Range(low, high) => low + u16::from(length) % (high - low + 1),
    };
    if fits {
        data.resize(usize::from(length), 0x5A);
    }
    data.truncate(255);
    let cla = spec.cla[usize::from(cla) % spec.cla.len()];
    let mut out = vec![cla, spec.ins, fitting(&spec.p1, p1), fitting(&spec.p2, p2)];
    if !data.is_empty() {
        out.push(data.len() as u8);
        out.extend(data);
    }
    out.extend(le);
    out
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}

#[test]
fn a_twisted_story_costs_no_fen_and_breaks_nothing() {
    for name in ["pboc", "cjt166", "jtt978", "jtt978-sm4"] {
        let bench = Bench::new(name);
        let chip = bench.rich(1_000);
        proptest!(config(160), |(twists in vec(twist(), 32))| {
            tell(&mut Victim::new(&bench, chip.clone()), &twists);
        });
    }
}

#[test]
fn a_card_that_counts_wrong_macs_is_no_weaker() {
    let bench = Bench::with("pboc", "[rules]\nwrong-mac-limit = 2\n");
    let chip = bench.rich(1_000);
    proptest!(config(160), |(twists in vec(twist(), 32))| {
        tell(&mut Victim::new(&bench, chip.clone()), &twists);
    });
}

#[test]
fn the_story_told_right_or_in_extended_form_is_the_same_story() {
    for bench in Bench::all() {
        let chip = bench.rich(1_000);
        let mut right = Victim::new(&bench, chip.clone());
        let mut long = Victim::new(&bench, chip.clone());
        tell(&mut right, &[]);
        tell(&mut long, &vec![Twist::Extended; 40]);
        assert!(right.chip.same_memory(&long.chip));
        assert!(!right.chip.same_memory(&chip));
    }
}

#[test]
fn commands_made_up_from_the_catalogue_get_documented_answers() {
    for bench in Bench::all() {
        let chip = bench.rich(1_000);
        proptest!(config(200), |(commands in vec(made_up(), 1..40))| {
            let mut victim = Victim::new(&bench, chip.clone());
            for command in &commands {
                victim.say(command);
            }
        });
    }
}

#[test]
fn random_bytes_are_no_commands_and_do_no_harm() {
    let bench = Bench::new("pboc");
    let chip = bench.rich(1_000);
    let bytes = prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 0..600)];
    proptest!(config(500), |(commands in vec(bytes, 1..20))| {
        let mut victim = Victim::new(&bench, chip.clone());
        for command in &commands {
            victim.say(command);
        }
    });
}

#[test]
fn a_command_of_64_kib_is_refused_like_a_short_one() {
    let bench = Bench::new("cjt166");
    let mut victim = Victim::new(&bench, bench.rich(1_000));
    for spec in Catalogue::of(CommandSet::Purse).commands() {
        for (length, claimed) in
            [(0xFFFF, 0xFFFF), (0xFFFF, 0xFFFE), (256, 256), (0x1_0010, 0xFFFF)]
        {
            let [high, low] = u16::to_be_bytes(claimed);
            let head = [spec.cla[0], spec.ins, 0x00, 0x00, 0x00, high, low];
            let answer = victim.say(&[&head[..], &vec![0x5A; length]].concat());
            assert!([0x6700, 0x6A86].contains(&answer.status), "{}: {answer:?}", spec.name);
        }
    }
    assert_eq!(victim.chip.ok("805C000204"), 1_000_u32.to_be_bytes());
}

#[test]
fn over_t0_random_commands_break_nothing_either() {
    let bench = Bench::new("jtt978");
    let chip = common::over(bench.rich(1_000).card, emulator::Protocol::T0);
    proptest!(config(300), |(commands in vec((made_up(), 0..40_u8), 1..40))| {
        let mut chip = chip.clone();
        chip.send(bench.select());
        for (command, le) in &commands {
            chip.send(command);
            chip.send(vec![0x00, 0xC0, 0x00, 0x00, *le]);
        }
    });
}
