//! The host's side of a PSAM, played by this one.

use emulator::VirtualCard;
use purse::{Amount, BlockKind, Date, IdentificationCode, SelectBy, Time, TransactionType};
use terminal::{BlockRequest, CardPsam, Check, Factors, KeyId, Psam, Purchase};

use crate::common::{Begun, Bench, Chip, DATE, Init, Kind, TIME};
use crate::module::{Asked, Module, PAIRS};

fn purchase(bench: &Bench, begun: &Begun) -> Purchase {
    let asked = Asked::of(bench, begun);
    let profile = &bench.profile;
    Purchase {
        transaction_type: TransactionType::from_byte(asked.kind).unwrap(),
        amount: Amount(asked.amount),
        date: Date(DATE),
        time: Time(TIME),
        factors: Factors::new(&profile.factors_for(&profile.serial)).unwrap(),
        key: KeyId { index: 1, version: asked.version, algorithm: asked.algorithm },
        random: asked.random,
        serial: asked.serial,
        code: begun.code.map(IdentificationCode),
    }
}

#[test]
fn the_typed_host_side_pays_with_and_without_the_code_and_locks_a_card() {
    for (family, name) in PAIRS {
        let bench = Bench::new(family);
        let mut card = bench.rich(100);
        let module = Module::new(name);
        let fid = module.application().fid;
        let mut reader = VirtualCard::volatile(module.card().fork());
        let places = [SelectBy::Fid(0x1234), SelectBy::Fid(fid)];
        let mut psam = CardPsam::open(&mut reader, &bench.profile, &places).unwrap();
        assert_eq!((psam.terminal().0, psam.key_index()), (module.terminal(), 1));
        pay(&bench, &mut card, &mut psam, None);
        if let Some(code) = bench.profile.authentication_code {
            card.ok("80CA000009");
            pay(&bench, &mut card, &mut psam, Some(code));
            assert_eq!(psam.check_code(&IdentificationCode([0; 9])).unwrap(), Check::Wrong);
        }
        let profile = &bench.profile;
        let request = BlockRequest {
            factors: Factors::new(&profile.factors_for(&profile.serial)).unwrap(),
            kind: BlockKind::Temporary,
            challenge: card.ok("0084000004").try_into().unwrap(),
        };
        let mac = psam.block_mac(&request).unwrap();
        card.says([&[0x84, 0x1E, 0x00, 0x00, 0x04], &mac.0[..]].concat(), "9000");
    }
}

fn pay(bench: &Bench, card: &mut Chip, psam: &mut CardPsam<'_>, code: Option<[u8; 9]>) {
    let terminal = psam.terminal().0;
    let init = Init { terminal, ..Init::new(Kind::Purchase, applet_spec::PurseKind::Purse, 3) };
    let begun = Begun { code, ..bench.begun(card, init) };
    let asked = purchase(bench, &begun);
    let made = psam.mac1(&asked).unwrap();
    let begun = Begun { terminal_serial: made.terminal_serial.0, ..begun };
    let step = bench.step(&begun);
    let answer = card.ok(&step.command);
    assert_eq!(answer, step.answer);
    let mac2 = crypto::Mac(answer[4..].try_into().unwrap());
    assert_eq!(psam.check_mac2(&asked, made.terminal_serial, mac2).unwrap(), Check::Right);
}
