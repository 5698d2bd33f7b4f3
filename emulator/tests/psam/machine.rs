//! The PSAM against a model of its states in a few lines, over random command sequences.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::module::{Asked, Initialized, Module, credit, crypt, deliver};

/// What a terminal may do next.
#[derive(Clone, Debug)]
enum Act {
    Initialize { amount: u8 },
    Credit(Mac2),
    Deliver(Given),
    Crypt { mode: u8 },
    Check { right: bool },
    Read,
    Unknown,
    Select,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mac2 {
    Right,
    Wrong,
    OfTheOneBefore,
}

#[derive(Clone, Copy, Debug)]
enum Given {
    Mac,
    Maintenance,
    Purchase,
    Absent,
    TooFewFactors,
}

fn act() -> impl Strategy<Value = Act> {
    let mac2 = prop_oneof![Just(Mac2::Right), Just(Mac2::Wrong), Just(Mac2::OfTheOneBefore)];
    let given = prop_oneof![
        2 => Just(Given::Mac),
        3 => Just(Given::Maintenance),
        1 => Just(Given::Purchase),
        1 => Just(Given::Absent),
        1 => Just(Given::TooFewFactors),
    ];
    let mode = prop::sample::select(vec![0x00_u8, 0x01, 0x02, 0x03, 0x05, 0x07]);
    prop_oneof![
        4 => any::<u8>().prop_map(|amount| Act::Initialize { amount }),
        4 => mac2.prop_map(Act::Credit),
        3 => given.prop_map(Act::Deliver),
        6 => mode.prop_map(|mode| Act::Crypt { mode }),
        2 => any::<bool>().prop_map(|right| Act::Check { right }),
        1 => Just(Act::Read),
        1 => Just(Act::Unknown),
        1 => Just(Act::Select),
        1 => Just(Act::Reset),
    ]
}

/// All that a PSAM's answers depend on.
#[derive(Default)]
struct Model {
    serial: u32,
    after_credit: bool,
    /// MAC2 of the purchase that runs.
    purchase: Option<[u8; 4]>,
    /// MAC2 of the purchase before, if it was another.
    before: Option<[u8; 4]>,
    /// A MAC is in pieces.
    chain: bool,
    /// A key is delivered; whether it enciphers.
    delivered: Option<bool>,
}

impl Model {
    /// The status word that answers, and what changes.
    fn step(&mut self, act: &Act, made: Option<(Initialized, [u8; 4])>) -> u16 {
        let purchase = match act {
            Act::Check { .. } => self.purchase,
            _ => self.purchase.take(),
        };
        let chain = match act {
            Act::Check { .. } => self.chain,
            _ => std::mem::take(&mut self.chain),
        };
        match act {
            Act::Initialize { .. } => {
                let (_, mac2) = made.expect("a right one is answered");
                self.before = purchase.or(self.before).filter(|old| *old != mac2);
                self.purchase = Some(mac2);
                self.serial += u32::from(!self.after_credit);
                0x9000
            }
            Act::Credit(mac2) => match (purchase, mac2) {
                (None, _) => 0x6901,
                (Some(_), Mac2::Right) => {
                    self.serial += u32::from(self.after_credit);
                    self.before = purchase;
                    0x9000
                }
                (Some(_), _) => {
                    self.before = purchase;
                    0x9302
                }
            },
            Act::Deliver(given) => {
                self.delivered = None;
                match given {
                    Given::Mac => {
                        self.delivered = Some(false);
                        0x9000
                    }
                    Given::Maintenance => {
                        self.delivered = Some(true);
                        0x9000
                    }
                    Given::Purchase => 0x6985,
                    Given::Absent => 0x9403,
                    Given::TooFewFactors => 0x6700,
                }
            }
            Act::Crypt { mode } => match (self.delivered, mode) {
                (None, _) => 0x6985,
                (Some(enciphers), 0x00 | 0x02) => {
                    if enciphers {
                        0x9000
                    } else {
                        0x6985
                    }
                }
                (Some(_), 0x05) => 0x9000,
                (Some(_), 0x07) => {
                    self.chain = true;
                    0x9000
                }
                (Some(_), _) if !chain => 0x6901,
                (Some(_), mode) => {
                    self.chain = *mode == 0x03;
                    0x9000
                }
            },
            Act::Check { right } => {
                if *right {
                    0x9000
                } else {
                    0x6300
                }
            }
            Act::Read => 0x9000,
            Act::Unknown => 0x6D00,
            Act::Select | Act::Reset => {
                self.delivered = None;
                0x9000
            }
        }
    }
}

fn run(after_credit: bool, acts: &[Act]) -> Result<(), TestCaseError> {
    let advance = if after_credit { "after-8072" } else { "at-8070" };
    let changes = format!(
        "[psam]\nserial-advances = \"{advance}\"\nidentification = \"list\"\n\
         identification-codes = [\"111111111111111111\"]\n"
    );
    let mut module = Module::with("psam-jtt978", &changes);
    let mut model = Model { serial: 1, after_credit, ..Model::default() };
    let factors = [[1; 8], [2; 8]];
    for act in acts {
        let mut made = None;
        let command = match act {
            Act::Initialize { amount } => {
                let asked = Asked { amount: u32::from(*amount), ..Asked::any(&module) };
                let initialized = module.clone().initialize(&asked);
                prop_assert_eq!(initialized.serial, model.serial.to_be_bytes());
                made = Some((initialized, module.mac2(&asked, initialized)));
                asked.apdu()
            }
            Act::Credit(which) => {
                let mac2 = match which {
                    Mac2::Right => model.purchase,
                    Mac2::OfTheOneBefore => model.before,
                    Mac2::Wrong => model.purchase.map(|[a, b, c, d]| [a, b, c, d ^ 1]),
                };
                credit(&mac2.unwrap_or([0xEE; 4]))
            }
            Act::Deliver(given) => match given {
                Given::Mac => deliver(0x46, 0x01, &factors),
                Given::Maintenance => deliver(0x45, 0x01, &factors),
                Given::Purchase => deliver(0x42, 0x01, &factors),
                Given::Absent => deliver(0x45, 0x02, &factors),
                Given::TooFewFactors => deliver(0x45, 0x01, &factors[..1]),
            },
            Act::Crypt { mode } => crypt(*mode, &[0x5A; 16]),
            Act::Check { right } => {
                let byte = if *right { 0x11 } else { 0x12 };
                [&[0x80, 0xCA, 0x00, 0x00, 0x09][..], &[byte; 9]].concat()
            }
            Act::Read => vec![0x00, 0xB0, 0x97, 0x00, 0x19],
            Act::Unknown => vec![0x00, 0xFF, 0x00, 0x00],
            Act::Select => vec![0x00, 0xA4, 0x00, 0x00, 0x02, 0x80, 0x11],
            Act::Reset => {
                module.chip.reset();
                vec![0x00, 0xA4, 0x00, 0x00, 0x02, 0x80, 0x11]
            }
        };
        let expected = model.step(act, made);
        prop_assert_eq!(module.chip.send(&command).status, expected, "{:?}", act);
        prop_assert_eq!(module.next_serial(), model.serial);
        let name = match (model.purchase, model.chain) {
            (Some(_), _) => "sam-purchase",
            (None, true) => "sam-mac",
            (None, false) => "idle",
        };
        prop_assert_eq!(module.card().transaction_name(), name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_psam_is_what_its_model_is(after_credit: bool, acts in vec(act(), 1..60)) {
        run(after_credit, &acts)?;
    }
}
