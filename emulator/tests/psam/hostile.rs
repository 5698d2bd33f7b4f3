//! Bad input: the PSAM always answers, with a status word that the catalogue has, and what it refuses
//! changes nothing but tries of keys.

use applet_spec::{Catalogue, CommandSet, Lengths, Pattern};
use emulator::Protocol;
use emulator::native::tree::Df;
use nvm::Nvm;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common::{Bytes, Chip, over};
use crate::module::{Asked, Module, PAIRS, credit, crypt, deliver};

/// Sends anything and checks what must hold whatever it was.
fn say(chip: &mut Chip, command: &[u8]) -> u16 {
    let before = chip.card.memory().fork();
    let serial = chip.shown("terminal-serial");
    let answer = chip.send(command);
    assert!(answer.status == 0x9000 || answer.data.is_empty());
    let apdu = apdu::CommandApdu::new(command);
    let [cla, ins, p1, p2] = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let catalogue = Catalogue::of(CommandSet::Psam);
    let found = catalogue.find(cla, ins, p1, p2, apdu.data().len()).ok();
    let general = [0x9000, 0x6700, 0x6A86, 0x6D00, 0x6E00, 0x6F00];
    let of_t0 = matches!(answer.status >> 8, 0x61 | 0x6C);
    if !general.contains(&answer.status) && !of_t0 {
        let spec = found.unwrap_or_else(|| panic!("{apdu:?}: {:04X}", answer.status));
        let documented = spec.status.iter().any(|(known, _)| match known.0 {
            tries @ 0x63C0 => answer.status & 0xFFF0 == tries,
            known => known == answer.status,
        });
        assert!(documented, "{}: {:04X} is not documented", spec.name, answer.status);
    }
    if answer.status != 0x9000 && !of_t0 {
        let same = without_tries(&before).same_contents(&without_tries(chip.card.memory()));
        assert!(same, "{apdu:?} was refused with {:04X} and changed something", answer.status);
    }
    let moved = chip.shown("terminal-serial") != serial;
    let right = found.is_some_and(|spec| spec.name == "INITIALIZE SAM FOR PURCHASE");
    assert!(!moved || right, "{apdu:?} moved the serial");
    answer.status
}

fn without_tries(memory: &Nvm) -> Nvm {
    let mut memory = memory.fork();
    for df in Df::all(&memory.fork()) {
        for key in df.keys(&memory.fork()) {
            key.set_tries(&mut memory, 1).unwrap();
        }
    }
    memory
}

/// Commands of the catalogue, filled with anything.
fn made_up() -> impl Strategy<Value = Vec<u8>> {
    let commands = Catalogue::of(CommandSet::Psam).commands();
    (
        prop::sample::select((0..commands.len()).collect::<Vec<_>>()),
        any::<[u8; 4]>(),
        vec(any::<u8>(), 260),
    )
        .prop_map(|(at, [a, b, c, d], filler)| {
            let spec = &Catalogue::of(CommandSet::Psam).commands()[at];
            let byte = |pattern: &Pattern, any: u8| match pattern {
                Pattern::Any => any,
                Pattern::OneOf(values) => values[usize::from(any) % values.len()],
                Pattern::Masked { bits, mask } => (any & !mask) | bits,
            };
            let length = match &spec.lc {
                Lengths::None => 0,
                Lengths::OneOf(all) => usize::from(all[usize::from(c) % all.len()]),
                Lengths::Range(low, high) => {
                    usize::from(*low) + usize::from(c) % usize::from(high - low + 1)
                }
            };
            let cla = spec.cla[usize::from(d) % spec.cla.len()];
            let mut out = vec![cla, spec.ins, byte(&spec.p1, a), byte(&spec.p2, b)];
            if length > 0 {
                out.push(length.min(255) as u8);
                out.extend(&filler[..length.min(255)]);
            }
            if d & 0x10 != 0 {
                out.push(d);
            }
            out
        })
}

/// What a terminal says in its right order.
fn story(module: &Module) -> Vec<Vec<u8>> {
    let asked = Asked::any(module);
    let made = module.clone().initialize(&asked);
    let levels = asked.factors.len() as u8;
    let key = module.application().sam_keys[2].index;
    vec![
        "00B0970019".wire(),
        "80CA000009 90 50520166 D40BC9AA".wire(),
        asked.apdu(),
        credit(&module.mac2(&asked, made)),
        deliver(levels << 5 | 5, key, &asked.factors),
        crypt(0x05, &[0x21; 48]),
        crypt(0x07, &[0x21; 32]),
        crypt(0x03, &[0x21; 16]),
        crypt(0x01, &[0x21; 16]),
        crypt(0x00, &[0x21; 32]),
        "0084000004".wire(),
        [&"84D400001C".wire()[..], &[0x37; 28]].concat(),
    ]
}

fn module(which: usize, t0: bool) -> Module {
    let mut module = Module::new(PAIRS[which % PAIRS.len()].1);
    if t0 {
        module.chip = over(module.chip.card.fork(), Protocol::T0);
        let [high, low] = module.application().fid.to_be_bytes();
        module.chip.send(vec![0x00, 0xA4, 0x00, 0x00, 0x02, high, low]);
    }
    module
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_are_answered(
        which: usize,
        t0: bool,
        commands in vec(vec(any::<u8>(), 0..64), 1..24),
    ) {
        let mut module = module(which, t0);
        for command in commands {
            say(&mut module.chip, &command);
        }
    }

    #[test]
    fn commands_of_the_catalogue_filled_with_anything_are_answered(
        which: usize,
        t0: bool,
        commands in vec(made_up(), 1..24),
    ) {
        let mut module = module(which, t0);
        for command in commands {
            say(&mut module.chip, &command);
        }
    }

    #[test]
    fn a_story_with_turned_cut_and_stretched_commands_is_answered(
        which: usize,
        t0: bool,
        twists in vec((0..12_usize, 0..5_u8, any::<usize>(), 1..=255_u8), 0..12),
    ) {
        let told = story(&module(which, false));
        let mut module = module(which, t0);
        for (number, command) in told.into_iter().enumerate() {
            let mut command = command;
            for (_, how, at, bits) in twists.iter().filter(|(of, ..)| *of == number) {
                let at = at % command.len();
                match how {
                    0 => command[at] ^= bits,
                    1 => command.truncate(at.max(1)),
                    2 => command.extend(vec![*bits; at]),
                    3 => {
                        say(&mut module.chip, &command);
                    }
                    _ => {
                        command.splice(0..0, made_twin(*bits));
                    }
                }
            }
            say(&mut module.chip, &command);
        }
    }
}

/// A header before a header.
fn made_twin(bits: u8) -> Vec<u8> {
    vec![0x80, bits, 0x00, 0x00]
}
