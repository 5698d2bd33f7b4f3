//! Anything at all, said to a card that is being built: it never breaks, its lists stay lists, what
//! it refuses changes nothing but counters of tries, and what happens in one directory stays there.

use std::collections::BTreeMap;

use applet_spec::{Catalogue, CommandSet};
use emulator::native::tree::{self, Df};
use nvm::Nvm;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::common::Chip;
use super::{authenticate, erased, kept};

#[derive(Clone, Debug)]
enum Say {
    Bytes(Vec<u8>),
    Authenticate(u8),
    Reset,
    Tear(u64),
}

fn short(header: [u8; 4], data: Vec<u8>) -> Say {
    Say::Bytes([&header[..], &[data.len() as u8], &data].concat())
}

fn right() -> impl Strategy<Value = u8> {
    select(vec![0xF0, 0xF0, 0xF0, 0xF4, 0xFA, 0x0A, 0xEF, 0x44])
}

fn fid() -> impl Strategy<Value = [u8; 2]> {
    let known: Vec<[u8; 2]> = vec![
        [0x00, 0x00],
        [0x00, 0x01],
        [0x00, 0x02],
        [0x00, 0x15],
        [0x00, 0x17],
        [0x00, 0x18],
        [0xDF, 0x01],
        [0xDF, 0x02],
        [0xDF, 0x03],
        [0xDF, 0x04],
        [0x3F, 0x00],
    ];
    select(known)
}

fn create() -> impl Strategy<Value = Say> {
    let size = prop_oneof![1..0x60_u16, 1..0x400_u16, any::<u16>()];
    let working =
        (select(vec![0x28, 0x2A, 0x2C, 0x2E, 0xA8, 0xE8, 0xEC]), size.clone(), right(), right());
    let directory = (size.clone(), right(), right(), vec(any::<u8>(), 0..4));
    prop_oneof![
        4 => (fid(), working).prop_map(|(fid, (kind, size, read, update))| {
            let [s0, s1] = size.to_be_bytes();
            short([0x80, 0xE0, fid[0], fid[1]], vec![kind, s0, s1, read, update, 0xFF, 0xFF])
        }),
        2 => fid().prop_map(|fid| short([0x80, 0xE0, fid[0], fid[1]], vec![0x2E, 3, 23, 0xF0, 0xEF, 0xFF, 0xFF])),
        4 => (fid(), directory).prop_map(|(fid, (size, create, erase, name))| {
            let [s0, s1] = size.to_be_bytes();
            let head = [0x38, s0, s1, create, erase, 0x95, 0xFF, 0xFF];
            short([0x80, 0xE0, fid[0], fid[1]], [&head[..], &name].concat())
        }),
        2 => (fid(), size, right()).prop_map(|(fid, size, add)| {
            let [s0, s1] = size.to_be_bytes();
            short([0x80, 0xE0, fid[0], fid[1]], vec![0x3F, s0, s1, 0x95, add, 0xFF, 0xFF])
        }),
        1 => (select(vec![1_u8, 2]), right()).prop_map(|(fid, used)| {
            short([0x80, 0xE0, 0x00, fid], vec![0x2F, 2, 8, used, 0, 0xFF, 0x18])
        }),
        1 => (fid(), vec(any::<u8>(), 7..24)).prop_map(|(fid, data)| short([0x80, 0xE0, fid[0], fid[1]], data)),
    ]
}

fn write_key() -> impl Strategy<Value = Say> {
    let kind = select(vec![
        0x30_u8, 0x34, 0x36, 0x37, 0x39, 0x39, 0x39, 0x3A, 0x3C, 0x3E, 0x3F, 0xF6, 0x33,
    ]);
    let value = prop_oneof![Just(vec![0xFF; 16]), Just(vec![0xFF; 8]), vec(any::<u8>(), 2..17)];
    (
        prop_oneof![3 => Just(0x01), 1 => kind.clone()],
        0..3_u8,
        kind,
        right(),
        right(),
        value,
        any::<bool>(),
    )
        .prop_map(|(target, index, kind, used, change, value, secured)| {
            let record = [&[kind, used, change, 0xAA, 0x33], &value[..]].concat();
            let class = if secured { 0x84 } else { 0x80 };
            short([class, 0xD4, target, index], record)
        })
}

fn say() -> impl Strategy<Value = Say> {
    let sfi = select(vec![0x01_u8, 0x02, 0x15, 0x17, 0x18]);
    prop_oneof![
        8 => fid().prop_map(|fid| short([0x00, 0xA4, 0x00, 0x00], fid.to_vec())),
        10 => create(),
        6 => write_key(),
        1 => Just(Say::Bytes(vec![0x80, 0x0E, 0x00, 0x00])),
        3 => (0..2_u8).prop_map(Say::Authenticate),
        3 => (sfi.clone(), vec(any::<u8>(), 1..60)).prop_map(|(sfi, data)| short([0x00, 0xD6, 0x80 | sfi, 0], data)),
        3 => (sfi.clone(), 0..8_u8, vec(any::<u8>(), 1..30)).prop_map(|(sfi, id, mut data)| {
            if data.len() > 1 {
                data[0] = id;
                data[1] = data.len() as u8 - 2;
            }
            short([0x00, 0xE2, 0x00, sfi << 3], data)
        }),
        2 => (sfi.clone(), 0..5_u8, vec(any::<u8>(), 1..30)).prop_map(|(sfi, number, data)| {
            short([0x00, 0xDC, number, sfi << 3 | 4], data)
        }),
        2 => (sfi, 0..5_u8).prop_map(|(sfi, number)| Say::Bytes(vec![0x00, 0xB2, number, sfi << 3 | 4, 0])),
        1 => Just(Say::Bytes(vec![0x00, 0x84, 0x00, 0x00, 0x04])),
        1 => Just(short([0x00, 0x20, 0x00, 0x00], vec![0xFF, 0x12])),
        1 => Just(Say::Bytes(vec![0x80, 0x5C, 0x00, 0x02, 0x04])),
        1 => vec(any::<u8>(), 0..40).prop_map(Say::Bytes),
        1 => Just(Say::Reset),
        2 => (1..12_u64).prop_map(Say::Tear),
    ]
}

/// The memory of each directory but for its link to the next, its end, and who is inside it.
fn regions(memory: &Nvm) -> BTreeMap<u32, (u32, Vec<u8>)> {
    let region = |df: Df| {
        let site = df.site(memory).unwrap().unwrap();
        let mut bytes = vec![0; (site.end() - df.0 - 4) as usize];
        memory.read(df.0 + 4, &mut bytes).unwrap();
        (df.0, (site.end(), bytes))
    };
    Df::all(memory).map(region).collect()
}

/// The memory with every counter of tries at the same value.
fn without_tries(memory: &Nvm) -> Nvm {
    let mut memory = kept(memory);
    for df in Df::all(&memory.fork()) {
        for key in df.keys(&memory.fork()) {
            key.set_tries(&mut memory, 1).unwrap();
        }
        if let Some(pin) = df.pin(&memory).unwrap() {
            pin.set_tries(&mut memory, 1).unwrap();
        }
    }
    memory
}

/// The catalogue says which status words a command may answer.
fn check_status(command: &[u8], status: u16) {
    let apdu = apdu::CommandApdu::new(command);
    let [cla, ins, p1, p2] = [apdu.cla(), apdu.ins(), apdu.p1(), apdu.p2()];
    let general = [0x9000, 0x6700, 0x6A86, 0x6D00, 0x6E00, 0x6985];
    if general.contains(&status) {
        return;
    }
    let found = Catalogue::of(CommandSet::Fmcos).find(cla, ins, p1, p2, apdu.data().len());
    let spec = found.unwrap_or_else(|_| panic!("{apdu:?} is no command: {status:04X}"));
    let documented = spec.status.iter().any(|(known, _)| match known.0 {
        tries @ 0x63C0 => status & 0xFFF0 == tries,
        known => known == status,
    });
    // What an internal file answers is the profile's.
    assert!(documented || status == 0x6982, "{}: {status:04X} is not documented", spec.name);
}

/// Takes one thing that is said, and checks all that must hold whatever it was. `at` is the fid of
/// the directory that was selected last.
fn take(chip: &mut Chip, say: &Say, current: &mut u32) {
    let before = chip.card.memory().fork();
    let answer = match say {
        Say::Reset => {
            chip.reset();
            *current = Df::master(chip.card.memory()).unwrap().0;
            return;
        }
        Say::Tear(write) => return chip.card.memory_mut().tear_at(Some(*write)),
        Say::Authenticate(index) => {
            if chip.card.memory().tear_ahead().is_none() && chip.card.powered() {
                let challenge = chip.send("0084000008");
                if challenge.status == 0x9000 {
                    let _ = authenticate(chip, "FFFFFFFFFFFFFFFF", *index);
                }
            }
            return;
        }
        Say::Bytes(bytes) => chip.attempt(bytes),
    };
    if answer.is_none() {
        chip.card.memory_mut().tear_at(None);
        chip.reset();
        *current = Df::master(chip.card.memory()).unwrap().0;
    }
    let after = chip.card.memory();
    tree::check(after).unwrap_or_else(|why| panic!("{say:?}: {why}"));
    if let (Say::Bytes(bytes), Some(answer)) = (say, &answer) {
        check_status(bytes, answer.status);
    }
    if let Some(answer) = &answer
        && answer.status != 0x9000
    {
        let same = without_tries(&before).same_contents(&without_tries(after));
        assert!(same, "{say:?} was refused with {:04X} and changed something", answer.status);
    }
    // Whatever was done, it was done in the directory that was selected, or in those inside it.
    let (was, is) = (regions(&before), regions(after));
    let end = was.get(current).map_or(*current, |(end, _)| *end);
    for (at, (region_end, bytes)) in &was {
        let around = *at <= *current && *current < *region_end;
        let inside = *current <= *at && *at < end;
        if !around && !inside {
            assert_eq!(is.get(at).map(|(_, bytes)| bytes), Some(bytes), "{say:?}");
        }
    }
    if let (Say::Bytes(bytes), Some(answer)) = (say, &answer)
        && bytes.starts_with(&[0x00, 0xA4])
        && answer.status == 0x9000
        && let Some(fid) = bytes.get(5..7)
        && let Some(df) = Df::all(after).find(|df| df.fid(after).unwrap().to_be_bytes() == fid)
    {
        *current = df.0;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_card_that_is_being_built_takes_anything(story in vec(say(), 1..120)) {
        let mut chip = erased();
        let mut current = Df::master(chip.card.memory()).unwrap().0;
        for say in &story {
            take(&mut chip, say, &mut current);
        }
    }
}
