//! Every known answer of `applet-spec/vectors/purse.toml` that is about cryptography alone; those
//! of whole transactions are checked in `purse`, which knows what their MACs cover.
//!
//! The file is read as it is: `applet-spec` stands above this crate.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail the test")]

use std::collections::BTreeMap;

use crypto::custody::{HeldKeys, KeyCustody, KeyName, Transport, Wrapped, Wrapping};
use crypto::{
    BlockCipher, BlockMac, Key, SessionKey, Suite, decipher, diversify, encipher, pin_reload_mac,
    secure_messaging_mac,
};
use sm3::{Digest, Sm3};

#[derive(serde::Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    id: String,
    kind: String,
    suite: String,
    inputs: BTreeMap<String, String>,
    #[serde(default)]
    outputs: BTreeMap<String, String>,
}

impl Vector {
    /// The vectors of a kind; the test fails where there are not so many.
    fn all(kind: &str, expected: usize) -> Vec<Self> {
        let text = include_str!("../../../applet-spec/vectors/purse.toml");
        let all: Vectors = toml::from_str(text).expect("the vectors are TOML");
        let found: Vec<Self> = all.vector.into_iter().filter(|v| v.kind == kind).collect();
        assert_eq!(found.len(), expected, "vectors of kind {kind}");
        found
    }

    fn suite(&self) -> Suite {
        match self.suite.as_str() {
            "3des" => Suite::TripleDes,
            "sm4" => Suite::Sm4,
            other => panic!("{}: suite {other}", self.id),
        }
    }

    fn input(&self, name: &str) -> Vec<u8> {
        bytes(self.inputs.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.id)))
    }

    fn output(&self, name: &str) -> Vec<u8> {
        bytes(self.outputs.get(name).unwrap_or_else(|| panic!("{}: no {name}", self.id)))
    }

    /// The card key: given, or derived from the master key.
    fn key(&self) -> Key {
        if !self.inputs.contains_key("master") {
            return Key::new(&self.input("key")).unwrap();
        }
        let factors = self.input("factors");
        let (factors, rest) = factors.as_chunks::<8>();
        assert!(rest.is_empty(), "{}", self.id);
        let master = Key::new(&self.input("master")).unwrap();
        let key = factors.iter().fold(master, |key, f| diversify(self.suite(), &key, f));
        assert_eq!(key.expose(), self.output("key"), "{}", self.id);
        key
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

#[test]
fn diversification_gives_the_card_keys_of_the_vectors() {
    for vector in Vector::all("diversify", 2) {
        vector.key();
    }
}

#[test]
fn session_keys_are_those_of_the_vectors() {
    for vector in Vector::all("session", 1) {
        let cipher = BlockCipher::new(vector.suite(), &vector.key());
        let input = vector.input("data").try_into().unwrap();
        let session = SessionKey::derive(vector.suite(), &cipher, &input);
        assert_eq!(session.expose(), vector.output("session"), "{}", vector.id);
    }
}

#[test]
fn blocks_are_enciphered_and_deciphered_as_in_the_vectors() {
    for vector in Vector::all("encrypt", 6) {
        let cipher = BlockCipher::new(vector.suite(), &vector.key());
        let (plain, out) = (vector.input("data"), vector.output("out"));
        assert_eq!(cipher.encrypt_ecb(&plain), out, "{}", vector.id);
        assert_eq!(cipher.decrypt_ecb(&out), plain, "{}", vector.id);
    }
}

#[test]
fn a_million_encryptions_in_a_row_end_where_the_vector_says() {
    for vector in Vector::all("encrypt-million", 1) {
        let cipher = BlockCipher::new(vector.suite(), &vector.key());
        let mut block: [u8; 16] = vector.input("data").try_into().unwrap();
        for _ in 0..1_000_000 {
            cipher.encrypt(&mut block);
        }
        assert_eq!(block, vector.output("out").as_slice(), "{}", vector.id);
    }
}

#[test]
fn protected_data_is_enciphered_as_in_the_vectors_and_back() {
    for vector in Vector::all("sm-encrypt", 5) {
        let (suite, key) = (vector.suite(), vector.key());
        let (plain, out) = (vector.input("data"), vector.output("out"));
        assert_eq!(encipher(suite, &key, &plain), out, "{}", vector.id);
        assert_eq!(decipher(suite, &key, &out), Ok(plain), "{}", vector.id);
    }
}

#[test]
fn secure_messaging_macs_are_those_of_the_vectors() {
    for vector in Vector::all("mac", 9) {
        let iv = vector.inputs.get("iv").map_or_else(Vec::new, |iv| bytes(iv));
        let mac = secure_messaging_mac(vector.suite(), &vector.key(), &iv, &vector.input("data"));
        assert_eq!(mac.0, vector.output("mac").as_slice(), "{}", vector.id);

        // A challenge is as good as the whole block that it is filled up to.
        let challenge = iv.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let short = &iv[..challenge];
        let again =
            secure_messaging_mac(vector.suite(), &vector.key(), short, &vector.input("data"));
        assert_eq!(again, mac, "{}", vector.id);

        // The same from a PSAM, which is given the padding with the data.
        let mut padded = [vector.input("data"), vec![0x80]].concat();
        padded.resize(padded.len().next_multiple_of(vector.suite().block()), 0);
        let mut block_mac = BlockMac::secure_messaging(vector.suite(), &vector.key(), &iv);
        block_mac.update(&padded).unwrap();
        assert_eq!(block_mac.finish()[..4], mac.0, "{}", vector.id);
    }
}

/// What the lab provider wraps, by the plaintext of a vector: `head ‖ key`.
fn wrapped(transport: &Vector, plain: &[u8], key: usize, header: [u8; 4], iv: &[u8]) -> Wrapped {
    let suite = transport.suite();
    let (head, key) = plain.split_at(plain.len() - key);
    let name = |text| KeyName::new(text).unwrap();
    let keys = [(name("card"), Key::new(key).unwrap()), (name("transport"), transport.key())];
    let custody = HeldKeys::public("vectors", keys.map(|(name, key)| (name, suite, key)));
    let (name, transport) = (&name("card"), &name("transport"));
    let transport = Transport::Stored(transport, &[]);
    custody.wrap(&Wrapping { name, factors: &[], head, header, challenge: iv, transport }).unwrap()
}

#[test]
fn wrapped_keys_are_the_data_fields_of_the_published_write_key_commands() {
    let find = |kind, count, id| {
        let all = Vector::all(kind, count);
        all.into_iter().find(|vector| vector.id == id).unwrap_or_else(|| panic!("no vector {id}"))
    };
    let psam = find("sm-encrypt", 5, "psam-writekey-enc");
    let made = wrapped(&psam, &psam.input("data"), 16, [0x84, 0xD4, 0x00, 0x00], &[0; 8]);
    assert_eq!(made.ciphertext, psam.output("out"));

    for (id, macs) in [
        ("fmcos-writekey-enc-1", &["fmcos-writekey-mac-1", "fmcos-writekey-mac-2"][..]),
        ("fmcos-writekey-enc-3", &[]),
    ] {
        let vector = find("encrypt", 6, id);
        // These have length and padding written out.
        let padded = vector.input("data");
        let plain = &padded[1..=usize::from(padded[0])];
        let made = wrapped(&vector, plain, 8, [0; 4], &[]);
        assert_eq!(made.ciphertext, vector.output("out"), "{id}");
        for mac in macs.iter().map(|id| find("mac", 9, id)) {
            let command = mac.input("data");
            let header = *command.first_chunk().unwrap();
            let made = wrapped(&vector, plain, 8, header, &mac.input("iv"));
            assert_eq!(made.mac.0, mac.output("mac").as_slice(), "{}", mac.id);
            assert_eq!(made.ciphertext, &command[5..]);
        }
    }
}

#[test]
fn the_pin_reload_mac_is_that_of_the_vector() {
    for vector in Vector::all("mac-folded", 1) {
        let mac = pin_reload_mac(vector.suite(), &vector.key(), &vector.input("data"));
        assert_eq!(mac.0, vector.output("mac").as_slice(), "{}", vector.id);
    }
}

#[test]
fn the_digest_behind_lab_keys_and_entropy_is_sm3() {
    for vector in Vector::all("sm3", 1) {
        let digest = Sm3::digest(vector.input("data"));
        assert_eq!(digest.as_slice(), vector.output("digest"), "{}", vector.id);
    }
}
