//! Key custody: every provider gives what the cryptography of this crate gives, and no master key.
#![expect(clippy::unwrap_used, reason = "a test helper may fail the test")]

use std::collections::BTreeMap;

use crypto::custody::{
    CustodyError, HeldKeys, KeyCustody, KeyName, KeyNameError, KeyRecord, MacForm, Secrecy,
    Transport, Wrapped, Wrapping, is_public_test_key, public_test_keys,
};
use crypto::{
    BlockCipher, Key, Suite, TacKey, decipher, diversify, pin_reload_mac, secure_messaging_mac,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A token as tokens are: it enciphers blocks, and that is all.
struct Token(BTreeMap<KeyName, (Suite, Key)>);

impl KeyCustody for Token {
    fn describe(&self) -> String {
        "token of this test".to_owned()
    }

    fn records(&self) -> Result<Vec<KeyRecord>, CustodyError> {
        self.0.keys().map(|name| self.record(name)).collect()
    }

    fn record(&self, name: &KeyName) -> Result<KeyRecord, CustodyError> {
        let provider = self.describe();
        let (suite, key) =
            self.0.get(name).ok_or(CustodyError::NoSuchKey { provider, name: name.clone() })?;
        let check_value = key.check_value(*suite);
        let (name, suite) = (name.clone(), *suite);
        Ok(KeyRecord { name, suite, check_value, public: false, shown: false })
    }

    fn encrypt_by_stored(&self, name: &KeyName, blocks: &[u8]) -> Result<Vec<u8>, CustodyError> {
        let suite = self.record(name)?.suite;
        crypto::custody::whole_blocks(name, suite, blocks)?;
        Ok(BlockCipher::new(suite, &self.0.get(name).unwrap().1).encrypt_ecb(blocks))
    }
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn key(hex: &str) -> Key {
    Key::new(&hex::decode(hex).unwrap()).unwrap()
}

/// The three kinds of provider, each with this key under the name `k`.
fn providers(suite: Suite, key: &Key) -> [Box<dyn KeyCustody>; 3] {
    let mut held = HeldKeys::new("held keys of this test");
    held.insert(name("k"), suite, key.clone(), Secrecy::Guarded);
    [
        Box::new(HeldKeys::public("lab keys of this test", [(name("k"), suite, key.clone())])),
        Box::new(held),
        Box::new(Token([(name("k"), (suite, key.clone()))].into())),
    ]
}

fn suite() -> impl Strategy<Value = Suite> {
    proptest::sample::select(&[Suite::TripleDes, Suite::Sm4][..])
}

/// Not a test key by chance: those are public.
const GUARDED: &str = "5BD2A9C04E7713F86D0FE8A1B3925C46";

proptest! {
    #[test]
    fn a_derived_key_is_the_fold_of_diversify_whoever_holds_the_master(
        suite in suite(),
        master: [u8; 16],
        factors in vec(any::<[u8; 8]>(), 1..4),
        blocks in vec(any::<[u8; 16]>(), 1..4),
        data in vec(any::<u8>(), 0..60),
        challenge: [u8; 4],
    ) {
        let master = Key::double(master);
        let card = factors.iter().fold(master.clone(), |key, f| diversify(suite, &key, f));
        let blocks = blocks.as_flattened();
        let messaging = MacForm::SecureMessaging { challenge: &challenge };
        for custody in providers(suite, &master) {
            let (custody, k) = (custody.as_ref(), &name("k"));
            prop_assert!(custody.derive(k, &factors).unwrap() == card, "{}", custody.describe());
            prop_assert_eq!(
                custody.encrypt(k, &factors, blocks).unwrap(),
                BlockCipher::new(suite, &card).encrypt_ecb(blocks)
            );
            prop_assert_eq!(
                custody.encrypt(k, &[], blocks).unwrap(),
                BlockCipher::new(suite, &master).encrypt_ecb(blocks)
            );
            prop_assert_eq!(
                custody.mac(k, &factors, messaging, &data).unwrap(),
                secure_messaging_mac(suite, &card, &challenge, &data)
            );
            prop_assert_eq!(
                custody.mac(k, &factors, MacForm::Folded, &data).unwrap(),
                TacKey::new(suite, &card).tac(&data)
            );
            prop_assert_eq!(
                custody.mac(k, &factors, MacForm::Folded, &data).unwrap(),
                pin_reload_mac(suite, &card, &data)
            );
            prop_assert_eq!(custody.record(k).unwrap().check_value, master.check_value(suite));
        }
    }

    #[test]
    fn a_wrapped_key_deciphers_under_the_transport_key_and_its_mac_covers_header_and_lc(
        suite in suite(),
        master: [u8; 16],
        own: [u8; 8],
        other: [u8; 8],
        head in vec(any::<u8>(), 0..9),
        header: [u8; 4],
        challenge: [u8; 8],
    ) {
        let master = Key::double(master);
        let (card, transport) = (diversify(suite, &master, &own), diversify(suite, &master, &other));
        let k = &name("k");
        for custody in providers(suite, &master) {
            let wrapping = Wrapping {
                name: k,
                factors: &[own],
                head: &head,
                header,
                challenge: &challenge,
                transport: Transport::Stored(k, &[other]),
            };
            let Wrapped { ciphertext, mac } = custody.wrap(&wrapping).unwrap();
            let plain = decipher(suite, &transport, &ciphertext).unwrap();
            prop_assert_eq!(plain, [&head, card.expose()].concat());
            let lc = [ciphertext.len() as u8 + 4];
            let covered = [&header[..], &lc, &ciphertext].concat();
            let expected = secure_messaging_mac(suite, &transport, &challenge, &covered);
            prop_assert_eq!(mac, expected);
            let given = Wrapping { transport: Transport::Given(suite, &transport), ..wrapping };
            prop_assert_eq!(custody.wrap(&given).unwrap(), Wrapped { ciphertext, mac });
        }
    }

    #[test]
    fn any_text_is_a_name_or_an_error_and_never_a_panic(text in ".*") {
        if let Ok(name) = KeyName::new(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }
}

#[test]
fn without_a_factor_no_guarded_key_leaves_its_provider() {
    let [lab, held, token] = providers(Suite::TripleDes, &key(GUARDED));
    assert!(lab.derive(&name("k"), &[]).unwrap() == key(GUARDED), "a lab key is public");
    assert!(lab.record(&name("k")).unwrap().public);
    for custody in [held, token] {
        let refused = custody.derive(&name("k"), &[]).err().unwrap();
        assert_eq!(refused, CustodyError::NoFactor { name: name("k") });
        let refused = custody.give_stored(&name("k")).err().unwrap();
        assert_eq!(refused, CustodyError::NoFactor { name: name("k") });
        // Nor under a key that the caller knows.
        let wrapping = Wrapping {
            name: &name("k"),
            factors: &[],
            head: &[],
            header: [0x84, 0xD4, 0x01, 0x00],
            challenge: &[0; 8],
            transport: Transport::Given(Suite::TripleDes, &key("FFFFFFFFFFFFFFFF")),
        };
        assert_eq!(custody.wrap(&wrapping), Err(CustodyError::NoFactor { name: name("k") }));
        assert!(!custody.record(&name("k")).unwrap().public);
    }
}

#[test]
fn macs_with_the_stored_key_itself_are_made_where_the_key_is_in_memory_and_refused_by_a_token() {
    let suite = Suite::TripleDes;
    let [lab, held, token] = providers(suite, &key(GUARDED));
    for form in [MacForm::Folded, MacForm::SecureMessaging { challenge: &[1, 2, 3, 4] }] {
        let expected = form.compute(suite, &key(GUARDED), b"data");
        for custody in [&lab, &held] {
            assert_eq!(custody.mac(&name("k"), &[], form, b"data"), Ok(expected));
        }
        let refused = token.mac(&name("k"), &[], form, b"data").unwrap_err();
        assert!(matches!(refused, CustodyError::Unsupported { .. }), "{refused}");
        assert!(refused.to_string().contains("key file"), "{refused}");
    }
}

#[test]
fn unknown_names_and_ragged_blocks_are_refused_with_words() {
    for custody in providers(Suite::Sm4, &key(GUARDED)) {
        let provider = custody.describe();
        let none = CustodyError::NoSuchKey { provider: provider.clone(), name: name("other") };
        assert_eq!(custody.record(&name("other")), Err(none.clone()));
        assert_eq!(custody.derive(&name("other"), &[[0; 8]]).err(), Some(none.clone()));
        assert_eq!(custody.encrypt(&name("other"), &[], &[0; 16]), Err(none.clone()));
        assert_eq!(custody.mac(&name("other"), &[[0; 8]], MacForm::Folded, &[]), Err(none));
        for length in [0, 8, 15, 24] {
            for factors in [&[][..], &[[7; 8]]] {
                let refused = custody.encrypt(&name("k"), factors, &vec![0; length]);
                let expected = CustodyError::NotWholeBlocks { name: name("k"), length, block: 16 };
                assert_eq!(refused, Err(expected), "{provider}");
            }
        }
    }
}

#[test]
fn more_than_a_command_takes_is_not_wrapped() {
    let custody = HeldKeys::public("lab", [(name("k"), Suite::Sm4, key(GUARDED))]);
    let wrap = |length: usize| {
        let head = vec![0; length];
        custody.wrap(&Wrapping {
            name: &name("k"),
            factors: &[[0; 8]],
            head: &head,
            header: [0x84, 0xD4, 0x01, 0x00],
            challenge: &[0; 4],
            transport: Transport::Stored(&name("k"), &[]),
        })
    };
    assert_eq!(wrap(223).unwrap().ciphertext.len(), 240);
    assert_eq!(wrap(224), Err(CustodyError::TooLong { length: 240, most: 239 }));
}

#[test]
fn names_are_parts_of_plain_characters_and_never_a_key_typed_in_the_wrong_place() {
    for good in ["jtt978/1001/purchase/01/01", "k", "my_root-key.2", "a/b"] {
        assert_eq!(good.parse::<KeyName>().unwrap().to_string(), good);
    }
    for (bad, words) in [
        ("", "1 to 96 characters, not 0"),
        (&"n".repeat(97), "not 97"),
        ("a//b", "between slashes is empty"),
        ("/a", "between slashes is empty"),
        ("a/", "between slashes is empty"),
        ("two words", "character 4 is ' '"),
        ("密钥", "character 1 is '密'"),
        ("a\nb", "character 2 is '\\n'"),
    ] {
        let refused = KeyName::new(bad).unwrap_err().to_string();
        assert!(refused.contains(words), "{bad:?}: {refused}");
    }
    for secret in [GUARDED, "0123456789ABCDEF"] {
        let refused = KeyName::new(secret).unwrap_err();
        assert_eq!(refused, KeyNameError::LooksLikeKey { length: secret.len() });
        assert!(!refused.to_string().contains(secret), "a key is never repeated: {refused}");
    }
}

#[test]
fn joined_parts_are_always_a_name() {
    for (parts, joined) in [
        (&["jtt978", "1001/purchase/01/01"][..], "jtt978/1001/purchase/01/01"),
        (&["two words", "x/", ""], "two_words/x/_/_"),
        (&[], "_"),
    ] {
        let name = KeyName::joined(parts.iter().copied());
        assert_eq!((name.as_str(), KeyName::new(joined)), (joined, Ok(name.clone())));
    }
    let longest = KeyName::joined(["ab"; 99]);
    assert_eq!(KeyName::new(longest.as_str()), Ok(longest));
}

#[test]
fn test_keys_that_everybody_knows_are_told_from_others() {
    for known in [
        "00000000000000000000000000000000",
        "FFFFFFFFFFFFFFFF",
        "404142434445464748494A4B4C4D4E4F",
        "00112233445566778899AABBCCDDEEFF",
        "0123456789ABCDEFFEDCBA9876543210",
        "0123456789ABCDEF",
        "1122334455667788",
    ] {
        for suite in [Suite::TripleDes, Suite::Sm4] {
            assert!(is_public_test_key(suite, &key(known)), "{known}");
        }
        // Twice, it enciphers the same: a token keeps it so.
        let double = if known.len() == 16 { known.repeat(2) } else { known.to_owned() };
        assert!(is_public_test_key(Suite::TripleDes, &key(&double)), "{double}");
        assert!(public_test_keys().any(|one| one == key(&double)), "{double}");
    }
    let other = key(GUARDED);
    assert!(!is_public_test_key(Suite::TripleDes, &other));
    // Parity bits are no part of a DES key; SM4 has none.
    let parity = key("FEFEFEFEFEFEFEFEFFFFFFFFFFFFFFFF");
    assert!(is_public_test_key(Suite::TripleDes, &parity));
    assert!(!is_public_test_key(Suite::Sm4, &parity));
    // A test key that somebody keeps as a secret is no secret.
    let mut held = HeldKeys::new("held");
    held.insert(name("k"), Suite::Sm4, key("0123456789ABCDEFFEDCBA9876543210"), Secrecy::Guarded);
    assert!(held.record(&name("k")).unwrap().public);
}
