//! MAC1 and MAC2.

use applet_spec::vectors;
use crypto::Suite;

use crate::common::{Begun, Bench, Bytes, Kind, spoilt};
use crate::module::{Asked, Module, PAIRS, begin, card_first, credit, pay};

#[test]
fn a_card_pays_at_a_terminal_with_the_psam_of_its_family() {
    for (family, psam) in PAIRS {
        let bench = Bench::new(family);
        let (mut card, mut module) = (bench.rich(1_000), Module::new(psam));
        for kind in [Kind::Purchase, Kind::Capp, Kind::Purchase] {
            let begun = begin(&bench, &mut card, &module, kind, 30);
            pay(&bench, &mut card, &mut module, begun);
        }
        assert_eq!(card.shown("ep.balance"), "9.10", "{family}");
    }
}

#[test]
fn mac1_is_right_for_every_number_of_levels_and_both_suites_with_and_without_the_code() {
    let code = "90 50520166 D40BC9AA".wire();
    for (algorithm, levels) in [(0, 1), (0, 2), (0, 3), (4, 1), (4, 2), (4, 3)] {
        let (bench, mut module) = pair(algorithm, levels);
        let mut card = bench.rich(1_000);
        let begun = begin(&bench, &mut card, &module, Kind::Capp, 7);
        pay(&bench, &mut card, &mut module, begun);
        // Both sides have the code from here on.
        assert_eq!(card.ok("80CA000009"), code);
        module.chip.says([&[0x80, 0xCA, 0x00, 0x00, 0x09], &code[..]].concat(), "9000");
        let code: [u8; 9] = code.clone().try_into().unwrap();
        let begun = begin(&bench, &mut card, &module, Kind::Capp, 7);
        pay(&bench, &mut card, &mut module, Begun { code: Some(code), ..begun });
        // A new selection of the PSAM alone: the card refuses what it makes now.
        module.select();
        let begun = begin(&bench, &mut card, &module, Kind::Purchase, 7);
        let made = module.initialize(&Asked::of(&bench, &begun));
        let moment = [&made.serial[..], &[0x20, 0x26, 0x11, 0x22, 0x12, 0x34, 0x56]].concat();
        let debit = [&[0x80, 0x54, 1, 0, 0x0F], &moment[..], &made.mac1, &[8]].concat();
        card.refuses(debit, 0x9302);
    }
}

/// A card whose purchase key has so many levels, and a PSAM with the root of that key.
fn pair(algorithm: u8, levels: usize) -> (Bench, Module) {
    let factors = ["3102000000000000", "{public:2..4}FF0000000000", "{serial}"];
    let factors: Vec<String> = factors[3 - levels..].iter().map(|f| format!("{f:?}")).collect();
    let key = "version = 0x07\nmaster = \"00112233445566778899AABBCCDDEEFF\"\n";
    let card = format!(
        "factors = [{}]\n[rules]\nalgorithm-id = {algorithm}\n[[directory]]\nfid = 0x3F01\n\
         [[directory.key]]\nkind = \"purchase\"\nindex = 0x01\n{key}",
        factors.join(", ")
    );
    let usage = levels << 5 | 2;
    let module = format!(
        "[[directory]]\nfid = 0x1001\n[[directory.sam-key]]\nusage = {usage}\nindex = 0x02\n\
         algorithm-id = {algorithm}\n{key}"
    );
    (Bench::with("cjt166", &card), Module::with("psam-cjt166", &module))
}

#[test]
fn mac1_and_mac2_are_those_of_the_known_answers() {
    let mut seen = Vec::new();
    for vector in vectors::all().iter().filter(|one| one.kind == vectors::VectorKind::Purchase) {
        let (Some(master), Some(mac2)) = (vector.input("master"), vector.output("mac2")) else {
            continue;
        };
        let mut factors = vector.factors();
        factors.reverse();
        let algorithm = if vector.suite == Some(Suite::Sm4) { 4 } else { 0 };
        let key = format!(
            "[psam]\nidentification = \"any\"\nidentification-key = \"none\"\n\
             [[directory]]\nfid = 0x1001\n[[directory.sam-key]]\nusage = {}\nindex = 0x02\n\
             version = 0x02\nalgorithm-id = {algorithm}\nmaster = \"{}\"\n",
            factors.len() << 5 | 2,
            hex::encode(master)
        );
        let mut module = Module::with("psam-cjt166", &key);
        let input = |name: &str| vector.input(name).unwrap_or_else(|| panic!("{name}")).to_vec();
        let number = |name| {
            let bytes = input(name);
            format!("0x{}", hex::encode(bytes))
        };
        module.chip.set("terminal", &hex::encode(input("terminal")));
        module.chip.set("terminal-serial", &number("terminal-serial"));
        if let Some(code) = vector.input("identification-code") {
            module.chip.says([&[0x80, 0xCA, 0x00, 0x00, 0x09], code].concat(), "9000");
        }
        let asked = [
            input("random"),
            input("offline-serial"),
            input("amount"),
            input("type"),
            input("date"),
            input("time"),
            vec![0x02, algorithm],
            factors.concat(),
        ];
        let asked = asked.concat();
        let command = [&[0x80, 0x70, 0x00, 0x00, asked.len() as u8], &asked[..], &[8]].concat();
        let expected = [input("terminal-serial"), vector.output("mac1").unwrap().to_vec()].concat();
        assert_eq!(module.chip.ok(command), expected, "{}", vector.id);
        module.chip.says(credit(mac2), "9000");
        seen.push((vector.id.as_str(), factors.len()));
    }
    let expected = [
        ("d-purchase-ep", 1),
        ("d-capp-jtt978", 2),
        ("d-capp-cjt166-auth", 2),
        ("d-capp-cjt166-noauth", 2),
        ("d-sm4-capp", 2),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_unknown_version_or_algorithm_is_9403_and_a_wrong_number_of_factors_6700() {
    for (_, psam) in PAIRS {
        let mut module = Module::new(psam);
        let right = Asked::any(&module);
        let serial = module.next_serial();
        module.chip.refuses(Asked { version: 0x77, ..right.clone() }.apdu(), 0x9403);
        module.chip.refuses(Asked { algorithm: 0x77, ..right.clone() }.apdu(), 0x9403);
        for count in (1..=3).filter(|count| *count != right.factors.len()) {
            let factors = vec![[9; 8]; count];
            module.chip.refuses(Asked { factors, ..right.clone() }.apdu(), 0x6700);
        }
        for factors in [vec![], vec![[9; 8]; 4]] {
            module.chip.refuses(Asked { factors, ..right.clone() }.apdu(), 0x6700);
        }
        assert_eq!(module.next_serial(), serial, "no serial is spent on a refusal");
        module.initialize(&right);
        module.chip.ok("00A4000002 3F00");
        module.chip.refuses(right.apdu(), 0x6985);
    }
}

#[test]
fn versions_and_levels_tell_purchase_keys_apart() {
    let keys = "[[directory]]\nfid = 0x8011\n\
                [[directory.sam-key]]\nusage = 0x42\nindex = 0x02\nversion = 0x02\n\
                [[directory.sam-key]]\nusage = 0x22\nindex = 0x01\nof = \"purchase\"\n";
    let mut module = Module::with("psam-jtt978", keys);
    let mut card = Bench::new("jtt978");
    let root = Asked { factors: card_first(&card.profile), ..Asked::any(&module) };
    let city = Asked { factors: root.factors[..1].to_vec(), ..root.clone() };
    module.chip.set("terminal-serial", "7");
    let of_root = module.initialize(&root);
    module.chip.set("terminal-serial", "7");
    assert_eq!(module.initialize(&city), of_root, "the city's key is the root, diversified");
    module.chip.set("terminal-serial", "7");
    let other = module.initialize(&Asked { version: 2, ..root });
    assert_ne!(other.mac1, of_root.mac1);
    // The card tells the version, and the PSAM has it.
    card = Bench::with(
        "jtt978",
        "[[directory]]\nfid = 0x1001\n[[directory.key]]\nkind = \"purchase\"\nindex = 0x01\n\
         version = 0x02\n",
    );
    let mut chip = card.rich(100);
    let begun = begin(&card, &mut chip, &module, Kind::Purchase, 1);
    let asked = Asked::of(&card, &begun);
    assert_eq!(asked.version, 2);
    module.initialize(&asked);
}

#[test]
fn any_type_byte_is_taken_as_the_terminal_gives_it() {
    let mut module = Module::new("psam-jtt978");
    let asked = Asked::any(&module);
    let mut seen = Vec::new();
    for kind in 0..=0xFF {
        module.chip.set("terminal-serial", "7");
        let made = module.initialize(&Asked { kind, ..asked.clone() });
        assert!(!seen.contains(&made.mac1), "MAC1 covers the type");
        seen.push(made.mac1);
    }
}

#[test]
fn mac2_is_checked_once_and_only_after_mac1() {
    for (name, changes, wrong) in
        [("psam-jtt978", "", 0x9302), ("psam-jtt978-sm4", "[psam]\nwrong-mac2 = 0x6988\n", 0x6988)]
    {
        let mut module = Module::with(name, changes);
        let asked = Asked::any(&module);
        module.chip.refuses("8072000004 01020304", 0x6901);
        let mac2 = mac2_of(&mut module, &asked);
        module.chip.refuses(spoilt(credit(&mac2)), wrong);
        // A wrong one ends it: the right one comes too late.
        module.chip.refuses(credit(&mac2), 0x6901);
        let mac2 = mac2_of(&mut module, &asked);
        module.chip.says(credit(&mac2), "9000");
        module.chip.refuses(credit(&mac2), 0x6901);
        for between in ["00B0970019", "0084000004", "801A060700", "00FF000000", "80FA000008"] {
            let mac2 = mac2_of(&mut module, &asked);
            module.chip.send(between);
            module.chip.refuses(credit(&mac2), 0x6901);
        }
        let mac2 = mac2_of(&mut module, &asked);
        module.chip.reset();
        module.select();
        module.chip.refuses(credit(&mac2), 0x6901);
        let mac2 = mac2_of(&mut module, &asked);
        module.select();
        module.chip.refuses(credit(&mac2), 0x6901);
        // Another purchase takes the place of the one before.
        let first = mac2_of(&mut module, &asked);
        let second = mac2_of(&mut module, &Asked { amount: 1, ..asked.clone() });
        module.chip.refuses(credit(&first), wrong);
        assert_ne!(first, second);
        // Checking a code is no step of a purchase.
        let mac2 = mac2_of(&mut module, &asked);
        module.chip.refuses("80CA000009 000000000000000000", 0x6985);
        module.chip.says(credit(&mac2), "9000");
    }
}

/// Starts a purchase and gives the card's MAC2.
fn mac2_of(module: &mut Module, asked: &Asked) -> [u8; 4] {
    let made = module.initialize(asked);
    module.mac2(asked, made)
}
