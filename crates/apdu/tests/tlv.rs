//! TLV: what is written is read back, the same as another reader reads it; hostile bytes end in an
//! error that says where.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use apdu::tlv::{self, Element, MAX_DEPTH, MAX_LENGTH, Node, TlvError, WriteError};
use iso7816_tlv::ber::{Tlv, Value};
use proptest::collection::vec;
use proptest::prelude::*;

const FCI: &str = "6F31 8408A000000632010105 A525 9F080102 \
                   9F0C1E02002900FFFFFFFF02010310477004006744280220200115204012310114";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

/// Levels, tags and values as the other reader sees them, parents first.
fn oracle(bytes: &[u8]) -> Vec<(usize, u32, Vec<u8>)> {
    let mut out = Vec::new();
    for element in Tlv::parse_all(bytes) {
        list(&element, 0, &mut out);
    }
    out
}

fn list(element: &Tlv, depth: usize, out: &mut Vec<(usize, u32, Vec<u8>)>) {
    let tag = element.tag().to_bytes().iter().fold(0, |tag, byte| tag << 8 | u32::from(*byte));
    let at = out.len();
    match element.value() {
        Value::Primitive(value) => out.push((depth, tag, value.clone())),
        Value::Constructed(inner) => {
            out.push((depth, tag, Vec::new()));
            inner.iter().for_each(|element| list(element, depth + 1, out));
            // Our reader also gives the bytes of a constructed element.
            out[at].2 = inner.iter().flat_map(encoding).collect();
        }
    }
}

/// Like `Tlv::to_vec`, which writes 127 as 81 7F.
fn encoding(element: &Tlv) -> Vec<u8> {
    let value: Vec<u8> = match element.value() {
        Value::Primitive(value) => value.clone(),
        Value::Constructed(inner) => inner.iter().flat_map(encoding).collect(),
    };
    let length = match value.len() {
        short @ 0..=0x7F => vec![short as u8],
        middle @ 0x80..=0xFF => vec![0x81, middle as u8],
        long => [&[0x82], &(long as u16).to_be_bytes()[..]].concat(),
    };
    [element.tag().to_bytes(), &length, &value].concat()
}

fn tag(constructed: bool) -> impl Strategy<Value = u32> {
    let form = if constructed { 0x20 } else { 0x00 };
    prop_oneof![
        (0..4_u32, 0..0x1F_u32)
            .prop_map(move |(class, number)| class << 6 | form | number)
            .prop_filter("filler", |tag| *tag != 0),
        (0..4_u32, 0..0x80_u32)
            .prop_map(move |(class, number)| (class << 6 | form | 0x1F) << 8 | number)
            .prop_filter("filler", |tag| tag >> 8 != 0xFF),
        (0..4_u32, 0..0x80_u32, 0..0x80_u32)
            .prop_map(move |(class, high, low)| {
                (class << 6 | form | 0x1F) << 16 | (0x80 | high) << 8 | low
            })
            .prop_filter("filler", |tag| tag >> 16 != 0xFF),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let value = prop_oneof![
        8 => vec(any::<u8>(), 0..12),
        1 => vec(any::<u8>(), 120..=140),
        1 => vec(any::<u8>(), 250..=260),
    ];
    let leaf = (tag(false), value).prop_map(|(tag, value)| Node::Primitive(tag, value));
    leaf.prop_recursive(5, 40, 5, |inner| {
        (tag(true), vec(inner, 0..5)).prop_map(|(tag, inner)| Node::Constructed(tag, inner))
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_another_reader_reads_it(nodes in vec(node(), 0..3)) {
        let bytes: Vec<u8> = nodes.iter().flat_map(|node| tlv::write(node).unwrap()).collect();
        let read = tlv::tree(&bytes).unwrap();
        let seen: Vec<_> = read.iter().map(|e| (e.depth, e.tag, e.value.to_vec())).collect();
        prop_assert_eq!(seen, oracle(&bytes));
        for Element { offset, value, .. } in read {
            prop_assert_eq!(&bytes[offset..offset + value.len()], value);
        }
    }

    #[test]
    fn any_bytes_end_in_elements_within_them_or_in_an_error_within_them(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..200),
            vec(proptest::sample::select(&b"\x6F\x30\x84\x9F\x1F\x00\xFF\x80\x81\x82\x01\x02"[..]),
                0..200),
        ]
    ) {
        match tlv::tree(&bytes) {
            Ok(elements) => for e in elements {
                prop_assert!(e.depth < MAX_DEPTH);
                prop_assert_eq!(&bytes[e.offset..][..e.value.len()], e.value);
            },
            Err(
                TlvError::Truncated { offset, .. }
                | TlvError::TagTooLong { offset }
                | TlvError::LengthForm { offset, .. }
                | TlvError::TooDeep { offset },
            ) => prop_assert!(offset <= bytes.len()),
            Err(error @ TlvError::TooLong { .. }) => panic!("{error}"),
        }
        let _ = tlv::find(&bytes, &[0x6F, 0xA5, 0x9F0C]);
    }
}

#[test]
fn an_fci_is_read_with_levels_and_offsets() {
    let fci = bytes(FCI);
    let read: Vec<_> = tlv::tree(&fci)
        .unwrap()
        .iter()
        .map(|e| (e.depth, e.tag, e.offset, e.value.len(), e.constructed()))
        .collect();
    assert_eq!(
        read,
        [
            (0, 0x6F, 2, 49, true),
            (1, 0x84, 4, 8, false),
            (1, 0xA5, 14, 37, true),
            (2, 0x9F08, 17, 1, false),
            (2, 0x9F0C, 21, 30, false),
        ]
    );
}

#[test]
fn find_follows_a_path_from_the_outside_in() {
    let fci = bytes(FCI);
    let find = |path: &[u32]| tlv::find(&fci, path).unwrap().map(<[u8]>::to_vec);
    assert_eq!(find(&[0x6F, 0x84]), Some(bytes("A000000632010105")));
    assert_eq!(find(&[0x6F, 0xA5, 0x9F08]), Some(vec![0x02]));
    assert_eq!(find(&[0x6F, 0xA5, 0x9F0C]).map(|file| file.len()), Some(30));
    assert_eq!(find(&[0x84]), None, "not on the outermost level");
    assert_eq!(find(&[0x6F, 0x9F0C]), None, "not on this level");
    assert_eq!(find(&[]), Some(fci.clone()));

    // What follows the element that is looked for may be wrong; what is before it may not.
    let cut = bytes("84 02 0102 82 10 00");
    assert_eq!(tlv::find(&cut, &[0x84]), Ok(Some(&[1, 2][..])));
    assert!(matches!(tlv::find(&cut, &[0x85]), Err(TlvError::Truncated { offset: 6, .. })));
}

#[test]
fn filler_between_elements_is_skipped() {
    let read = bytes("0000 84 01 AA FFFF 85 01 BB 00");
    let tags: Vec<_> = tlv::elements(&read).map(|e| e.map(|e| (e.tag, e.offset))).collect();
    assert_eq!(tags, [Ok((0x84, 4)), Ok((0x85, 9))]);
    assert_eq!(tlv::tree(&[0xFF; 500]), Ok(vec![]));
}

#[test]
fn hostile_bytes_are_refused_where_they_lie() {
    for (hex, expected) in [
        ("84", TlvError::Truncated { offset: 1, claimed: 1, present: 0 }),
        ("9F", TlvError::Truncated { offset: 1, claimed: 1, present: 0 }),
        ("84 05 0102", TlvError::Truncated { offset: 2, claimed: 5, present: 2 }),
        ("84 82FFFF 01", TlvError::Truncated { offset: 4, claimed: 0xFFFF, present: 1 }),
        ("84 82FF", TlvError::Truncated { offset: 3, claimed: 1, present: 0 }),
        ("6F 80 84 01 00 0000", TlvError::LengthForm { offset: 1, byte: 0x80 }),
        ("84 83 FFFFFF", TlvError::LengthForm { offset: 1, byte: 0x83 }),
        ("84 84 FFFFFFFF", TlvError::LengthForm { offset: 1, byte: 0x84 }),
        ("84 FF 00", TlvError::LengthForm { offset: 1, byte: 0xFF }),
        ("84 00 9F 80 80 01 00", TlvError::TagTooLong { offset: 2 }),
        ("6F 04 84 05 00 00", TlvError::Truncated { offset: 4, claimed: 5, present: 2 }),
    ] {
        assert_eq!(tlv::tree(&bytes(hex)), Err(expected), "{hex}");
    }
}

#[test]
fn nested_and_boastful_input_costs_nothing() {
    // 16 KiB of elements that each claim 65535 bytes.
    let boastful = [0x30, 0x82, 0xFF, 0xFF].repeat(4096);
    let claimed = TlvError::Truncated { offset: 4, claimed: 0xFFFF, present: 16 * 1024 - 4 };
    assert_eq!(tlv::tree(&boastful), Err(claimed));

    // The same, but each honest about what is in it.
    let mut nested = Vec::new();
    for left in (0..4096_u16).rev() {
        nested.extend([0x30, 0x82]);
        nested.extend((left * 4).to_be_bytes());
    }
    assert_eq!(tlv::tree(&nested), Err(TlvError::TooDeep { offset: 4 * MAX_DEPTH }));

    let long = vec![0; MAX_LENGTH + 1];
    assert_eq!(tlv::tree(&long), Err(TlvError::TooLong { length: MAX_LENGTH + 1 }));
    assert_eq!(tlv::tree(&[0x84, 0x00].repeat(MAX_LENGTH / 2)).unwrap().len(), MAX_LENGTH / 2);
}

#[test]
fn a_value_of_127_bytes_keeps_its_short_length_inside_another_element() {
    let inner = Node::Primitive(0x9F0C, vec![0x5A; 127]);
    let written = tlv::write(&Node::Constructed(0xA5, vec![inner])).unwrap();
    assert_eq!(written[..6], bytes("A5 8182 9F0C 7F"));
    assert_eq!(tlv::find(&written, &[0xA5, 0x9F0C]), Ok(Some(&[0x5A; 127][..])));
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    for tag in [0x00, 0xFF, 0x1F, 0x9F, 0x8401, 0xFF21, 0x9F80, 0x9F_0181, 0x9F_8181, 0x9F81_8101] {
        let node = Node::Primitive(tag, Vec::new());
        assert_eq!(tlv::write(&node), Err(WriteError::Tag(tag)), "{tag:X}");
    }
    assert_eq!(tlv::write(&Node::Primitive(0x6F, vec![])), Err(WriteError::Tag(0x6F)));
    assert_eq!(tlv::write(&Node::Constructed(0x84, vec![])), Err(WriteError::Tag(0x84)));

    let long = Node::Primitive(0x84, vec![0; 0x1_0000]);
    assert_eq!(tlv::write(&long), Err(WriteError::TooLong { length: 0x1_0000 }));

    let nested = |levels| {
        (1..levels)
            .fold(Node::Primitive(0x84, vec![]), |inner, _| Node::Constructed(0x30, vec![inner]))
    };
    let deepest = tlv::write(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(tlv::tree(&deepest).unwrap().len(), MAX_DEPTH);
    assert_eq!(tlv::write(&nested(MAX_DEPTH + 1)), Err(WriteError::TooDeep));
}
