//! Computes scenarios. Keys and scheduled session keys are shared between those that have them in
//! common; both are bounded and zeroized.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::custody::{CustodyError, KeyCustody};
use crypto::{BlockCipher, Key, SessionKey, Suite, diversify};
use zeroize::Zeroizing;

use crate::scenario::{DirectForm, Halves, KeyChoice, KeyForm, Scenario, SessionForm, Suites};

/// Most scheduled keys kept; a search for serials makes one for each.
const MOST_WORKERS: usize = 4096;

/// Computes scenarios with the keys of one custody.
pub(crate) struct Engine<'k> {
    custody: &'k dyn KeyCustody,
    keys: HashMap<KeySlot, Result<Key, CustodyError>>,
    workers: HashMap<WorkerSlot, Arc<Worker>>,
}

/// The last block of a MAC; its first [`Block::length`] bytes mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    bytes: [u8; 16],
    length: usize,
}

/// A block on its way through a MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) plain: Vec<u8>,
    /// The plain block xor the result before.
    pub(crate) mixed: Vec<u8>,
    pub(crate) result: Vec<u8>,
}

#[derive(PartialEq, Eq, Hash)]
struct KeySlot {
    key: Arc<KeyChoice>,
    levels: Vec<[u8; 8]>,
    suite: Suite,
}

#[derive(PartialEq, Eq, Hash)]
struct WorkerSlot {
    key: Arc<KeyChoice>,
    levels: Vec<[u8; 8]>,
    halves: Halves,
    suites: Suites,
    form: KeyForm,
    /// Zero where the form makes no session key.
    input: [u8; 8],
}

/// A scheduled MAC key.
struct Worker {
    cipher: BlockCipher,
    /// ISO 9797-1 algorithm 3: the right half, where the cipher has the left one.
    finish: Option<BlockCipher>,
}

impl<'k> Engine<'k> {
    pub(crate) fn new(custody: &'k dyn KeyCustody) -> Self {
        Self { custody, keys: HashMap::new(), workers: HashMap::new() }
    }

    /// The last block of a scenario's MAC.
    pub(crate) fn last_block(&mut self, scenario: &Scenario) -> Result<Block, CustodyError> {
        let worker = self.worker(scenario)?;
        Ok(worker.run(&scenario.initial, &scenario.padded(worker.cipher.block()), |_| {}))
    }

    /// Every block of a scenario's MAC.
    pub(crate) fn rounds(&mut self, scenario: &Scenario) -> Result<Vec<Round>, CustodyError> {
        let worker = self.worker(scenario)?;
        let mut rounds = Vec::new();
        let padded = scenario.padded(worker.cipher.block());
        worker.run(&scenario.initial, &padded, |round| rounds.push(round.to_owned()));
        Ok(rounds)
    }

    /// The card key of a scenario.
    pub(crate) fn card_key(&mut self, scenario: &Scenario) -> Result<Key, CustodyError> {
        let suite = scenario.suites.diversification;
        let slot = KeySlot { key: scenario.key.clone(), levels: scenario.levels.clone(), suite };
        let custody = self.custody;
        let made = self.keys.entry(slot).or_insert_with(|| derive(custody, scenario));
        made.clone().map(|key| halved(&key, scenario.halves))
    }

    /// The session key's own bytes, where the scenario has one.
    pub(crate) fn session_key(
        &mut self,
        scenario: &Scenario,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, CustodyError> {
        let KeyForm::Session(form) = scenario.form else { return Ok(None) };
        let key = self.card_key(scenario)?;
        let mut bytes = Zeroizing::new(session_bytes(&key, scenario, form).to_vec());
        bytes.truncate(scenario.suites.mac.block());
        Ok(Some(bytes))
    }

    fn worker(&mut self, scenario: &Scenario) -> Result<Arc<Worker>, CustodyError> {
        let input = match scenario.form {
            KeyForm::Session(_) => scenario.session_input(),
            KeyForm::Direct(_) => [0; 8],
        };
        let slot = WorkerSlot {
            key: scenario.key.clone(),
            levels: scenario.levels.clone(),
            halves: scenario.halves,
            suites: scenario.suites,
            form: scenario.form,
            input,
        };
        if let Some(worker) = self.workers.get(&slot) {
            return Ok(worker.clone());
        }
        let worker = Arc::new(Worker::new(&self.card_key(scenario)?, scenario));
        if self.workers.len() >= MOST_WORKERS {
            self.workers.clear();
        }
        self.workers.insert(slot, worker.clone());
        Ok(worker)
    }
}

impl Block {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// Derives by the custody; where another algorithm is asked for than the key's own, from the stored
/// key, which only holders of public keys give.
fn derive(custody: &dyn KeyCustody, scenario: &Scenario) -> Result<Key, CustodyError> {
    let (name, levels) = (&scenario.key.name, &scenario.levels);
    let suite = scenario.suites.diversification;
    if custody.suite(name)? == suite {
        return custody.derive(name, levels);
    }
    let stored = custody.derive(name, &[])?;
    Ok(levels.iter().fold(stored, |key, factor| diversify(suite, &key, factor)))
}

fn halved(key: &Key, halves: Halves) -> Key {
    let bytes = key.expose();
    let Some((left, right)) = bytes.split_at_checked(8).filter(|(_, right)| !right.is_empty())
    else {
        return key.clone();
    };
    let chosen = Zeroizing::new(match halves {
        Halves::Both => return key.clone(),
        Halves::Swapped => [right, left].concat(),
        Halves::Left => left.to_vec(),
        Halves::Right => right.to_vec(),
    });
    Key::new(&chosen).unwrap_or_else(|_| key.clone())
}

fn session_bytes(key: &Key, scenario: &Scenario, form: SessionForm) -> Zeroizing<[u8; 16]> {
    let suites = scenario.suites;
    let input = scenario.session_input();
    let cipher = BlockCipher::new(suites.session, key);
    let mut out = Zeroizing::new([0; 16]);
    if form == SessionForm::Right && suites.session == suites.mac {
        let session = SessionKey::derive(suites.session, &cipher, &input);
        out.iter_mut().zip(session.expose()).for_each(|(to, from)| *to = *from);
        return out;
    }
    let second = match form {
        SessionForm::Repeated => input,
        SessionForm::ZeroFilled => [0; 8],
        SessionForm::Right
        | SessionForm::Deciphered
        | SessionForm::SixteenBytes
        | SessionForm::SixteenBytesRetail => input.map(|byte| !byte),
    };
    let input = [input, second].concat();
    let made = Zeroizing::new(match form {
        SessionForm::Deciphered => cipher.decrypt_ecb(&input),
        _ => cipher.encrypt_ecb(&input),
    });
    out.iter_mut().zip(made.iter()).for_each(|(to, from)| *to = *from);
    out
}

impl Worker {
    fn new(key: &Key, scenario: &Scenario) -> Self {
        let suite = scenario.suites.mac;
        let (form, key) = match scenario.form {
            KeyForm::Direct(form) => (form, key.clone()),
            KeyForm::Session(form) => {
                let bytes = session_bytes(key, scenario, form);
                let used = match (suite, form) {
                    (Suite::TripleDes, SessionForm::SixteenBytes) => DirectForm::Whole,
                    (Suite::TripleDes, SessionForm::SixteenBytesRetail) => DirectForm::Retail,
                    (Suite::TripleDes, _) => DirectForm::Left,
                    (Suite::Sm4, _) => DirectForm::Whole,
                };
                (used, Key::double(*bytes))
            }
        };
        let (left, right) = halves_of(&key);
        let double = key.len() == 16;
        let cipher = match form {
            DirectForm::Whole => BlockCipher::new(suite, &key),
            DirectForm::Left => short(suite, &left),
            DirectForm::Right => short(suite, &right),
            DirectForm::Folded if double => {
                let mut folded = Zeroizing::new(*left);
                folded.iter_mut().zip(right.iter()).for_each(|(to, from)| *to ^= from);
                short(suite, &folded)
            }
            DirectForm::Folded => short(suite, &left),
            DirectForm::Retail => BlockCipher::single_des(*left),
        };
        let retail = form == DirectForm::Retail && double;
        Self { cipher, finish: retail.then(|| BlockCipher::single_des(*right)) }
    }

    fn run(&self, initial: &[u8; 16], data: &[u8], mut each: impl FnMut(&RoundRef<'_>)) -> Block {
        let length = self.cipher.block();
        let mut state = *initial;
        // An initial value of 16 bytes on 8-byte blocks: the rest of it is not used.
        state.iter_mut().skip(length).for_each(|byte| *byte = 0);
        let mut pieces = data.chunks(length).peekable();
        while let Some(plain) = pieces.next() {
            state.iter_mut().zip(plain).for_each(|(to, from)| *to ^= from);
            let mixed = state;
            self.cipher.encrypt(&mut state);
            if let (Some(right), None) = (&self.finish, pieces.peek()) {
                right.decrypt(&mut state);
                self.cipher.encrypt(&mut state);
            }
            each(&RoundRef { plain, mixed: &mixed, result: &state, length });
        }
        Block { bytes: state, length }
    }
}

struct RoundRef<'r> {
    plain: &'r [u8],
    mixed: &'r [u8; 16],
    result: &'r [u8; 16],
    length: usize,
}

impl RoundRef<'_> {
    fn to_owned(&self) -> Round {
        let cut = |bytes: &[u8; 16]| bytes.iter().take(self.length).copied().collect();
        Round { plain: self.plain.to_vec(), mixed: cut(self.mixed), result: cut(self.result) }
    }
}

/// Both halves of a key; of an 8-byte key it twice.
fn halves_of(key: &Key) -> (Zeroizing<[u8; 8]>, Zeroizing<[u8; 8]>) {
    let bytes = key.expose();
    let left = bytes.first_chunk().copied().unwrap_or_default();
    let right = bytes.last_chunk().copied().unwrap_or_default();
    (Zeroizing::new(left), Zeroizing::new(right))
}

/// An 8-byte key: single DES, or SM4 with the rest zero.
fn short(suite: Suite, key: &[u8; 8]) -> BlockCipher {
    match (suite, Key::new(key)) {
        (Suite::Sm4, Ok(key)) => BlockCipher::new(suite, &key),
        _ => BlockCipher::single_des(*key),
    }
}
