//! The known answers that come with the program.

use std::collections::HashSet;

use applet_spec::vectors::{self, VectorKind, VectorStatus};

#[test]
fn every_vector_is_named_once_and_has_something_to_compare() {
    let all = vectors::all();
    assert_eq!(all.len(), 44);
    assert_eq!(all.iter().map(|vector| &vector.id).collect::<HashSet<_>>().len(), all.len());
    for vector in all {
        assert!(!vector.source.is_empty(), "{}", vector.id);
        if vector.status == VectorStatus::Trace {
            assert!(!vector.exchanges.is_empty(), "{}", vector.id);
        } else {
            assert!(!vector.inputs.is_empty() && !vector.outputs.is_empty(), "{}", vector.id);
        }
    }
}

#[test]
fn values_have_the_widths_of_the_protocol() {
    for vector in vectors::all() {
        for (name, value) in vector.inputs.iter().chain(&vector.outputs) {
            let widths: &[usize] = match name.as_str() {
                "mac1" | "mac2" | "mac3" | "tac" | "mac" | "gmac" | "random" | "amount"
                | "balance" | "new-balance" | "terminal-serial" | "terminal-random" | "date" => {
                    &[4]
                }
                "time" | "old-limit" | "new-limit" | "overdraft-limit" => &[3],
                "type" | "unlock-type" | "key-version" | "algorithm-id" => &[1],
                "online-serial" | "offline-serial" => &[2],
                "terminal" => &[6],
                "identification-code" => &[9],
                "key" | "master" | "tac-key" | "session" | "temporary-key" | "iv" => &[8, 16],
                "factors" => &[8, 16],
                "digest" => &[32],
                "data" | "out" => continue,
                _ => panic!("{}: unknown name {name}", vector.id),
            };
            assert!(widths.contains(&value.len()), "{}: {name}", vector.id);
        }
    }
}

#[test]
fn a_vector_can_be_found_and_read() {
    let vector = vectors::find("load-chinasem").unwrap();
    assert_eq!(vector.kind, VectorKind::Load);
    assert_eq!(vector.output("mac1"), Some(&[0x0D, 0x39, 0xAD, 0xBB][..]));
    let capp = vectors::find("d-capp-jtt978").unwrap();
    assert_eq!(
        capp.factors(),
        [hex::decode("01011000FFFFFFFF").unwrap(), hex::decode("1234567890123456").unwrap()]
            .map(|factor| <[u8; 8]>::try_from(factor).unwrap())
    );
    assert!(vectors::TEXT.contains("load-chinasem"));
    assert!(vectors::find("no-such-vector").is_none());
}
