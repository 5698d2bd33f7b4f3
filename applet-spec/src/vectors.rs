//! Known answers: values of purse cryptography that are published, or that pin the rules down.
//!
//! [`TEXT`] is the file as it is, [`all`] the same typed. The head of the file says what each kind
//! holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crypto::Suite;

use crate::ProfileErrors;
use crate::text::{self, FromNode, Log, Node, Refusal, Section, Value, words};

/// `vectors/purse.toml`.
pub const TEXT: &str = include_str!("../vectors/purse.toml");

/// A known answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Unique name.
    pub id: String,
    /// What is computed.
    pub kind: VectorKind,
    /// How sure it is.
    pub status: VectorStatus,
    /// Which suite; `None` for SM3, which belongs to none.
    pub suite: Option<Suite>,
    /// Card family whose rules it follows.
    pub profile: String,
    /// Where it comes from.
    pub source: String,
    /// Remarks; often empty.
    pub note: String,
    /// Command and answer as observed; `(4)` stands for four bytes that are not given, `(TAC4)`
    /// for a value that is not.
    pub exchanges: Vec<(String, String)>,
    /// What goes in.
    pub inputs: BTreeMap<String, Vec<u8>>,
    /// What must come out.
    pub outputs: BTreeMap<String, Vec<u8>>,
}

/// What a [`Vector`] computes; the head of `vectors/purse.toml` describes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "described at the head of vectors/purse.toml")]
pub enum VectorKind {
    Load,
    Purchase,
    Unload,
    Overdraft,
    GreyLock,
    Session,
    Diversify,
    Encrypt,
    EncryptMillion,
    SecureEncrypt,
    Mac,
    FoldedMac,
    Sm3,
    Trace,
}

/// How sure a [`Vector`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VectorStatus {
    /// A published value, recomputed from published inputs.
    Verified,
    /// The same, but the source contradicts itself elsewhere.
    VerifiedPartial,
    /// Published inputs, our output.
    UnpublishedResult,
    /// Our inputs and our output.
    Derived,
    /// An observed exchange; keys unknown.
    Trace,
}

static ALL: LazyLock<Vec<Vector>> = LazyLock::new(|| {
    parse(TEXT, "vectors/purse.toml (built in)")
        .unwrap_or_else(|errors| panic!("the program's own vectors do not load: {errors}"))
});

/// Every vector, in the order of the file.
///
/// # Panics
/// Where the file is not valid, which a test of this crate excludes.
pub fn all() -> &'static [Vector] {
    &ALL
}

/// The vector of that name.
pub fn find(id: &str) -> Option<&'static Vector> {
    all().iter().find(|vector| vector.id == id)
}

impl Vector {
    /// An input; `None` where the vector has none of that name.
    pub fn input(&self, name: &str) -> Option<&[u8]> {
        self.inputs.get(name).map(Vec::as_slice)
    }

    /// An output; `None` where the vector has none of that name.
    pub fn output(&self, name: &str) -> Option<&[u8]> {
        self.outputs.get(name).map(Vec::as_slice)
    }

    /// The input `factors`, 8 bytes per level; empty where the key is given as it is.
    pub fn factors(&self) -> Vec<[u8; 8]> {
        let (factors, _) = self.input("factors").unwrap_or_default().as_chunks::<8>();
        factors.to_vec()
    }
}

fn parse(text: &str, origin: &str) -> Result<Vec<Vector>, ProfileErrors> {
    let log = Log::default();
    let root = text::parse(&log, origin, text);
    let vectors = read(&log, &root);
    log.finish(vectors)
}

fn read(log: &Log, root: &Node) -> Option<Vec<Vector>> {
    let top = Section::open(log, root, "", &["format", "vector"])?;
    if top.need::<String>("format")? != "pursekit-vectors/1" {
        top.wrong("format", "not this format", "write \"pursekit-vectors/1\"");
    }
    let sections = top.sections("vector", VECTOR_KEYS)?;
    let read: Vec<Option<Vector>> = sections.iter().map(vector).collect();
    read.into_iter().collect()
}

const VECTOR_KEYS: &[&str] = &[
    "id",
    "kind",
    "status",
    "suite",
    "profile",
    "source",
    "note",
    "exchanges",
    "inputs",
    "outputs",
];

fn vector(section: &Section<'_>) -> Option<Vector> {
    let id = section.need("id");
    let kind = section.need("kind");
    let status = section.need("status");
    let suite = section.need::<SuiteWord>("suite");
    let profile = section.need("profile");
    let source = section.need("source");
    let note = section.or("note", String::new());
    let exchanges = section.list::<Exchange>("exchanges");
    let inputs = section.or("inputs", BTreeMap::new());
    let outputs = section.or("outputs", BTreeMap::new());
    Some(Vector {
        id: id?,
        kind: kind?,
        status: status?,
        suite: suite?.0,
        profile: profile?,
        source: source?,
        note: note?,
        exchanges: exchanges?
            .into_iter()
            .map(|Exchange(command, answer)| (command, answer))
            .collect(),
        inputs: inputs?,
        outputs: outputs?,
    })
}

#[derive(Clone, Copy)]
struct SuiteWord(Option<Suite>);

struct Exchange(String, String);

words! {
    SuiteWord {
        "3des" => SuiteWord(Some(Suite::TripleDes)),
        "sm4" => SuiteWord(Some(Suite::Sm4)),
        "sm3" => SuiteWord(None),
    }
    VectorKind {
        "load" => VectorKind::Load,
        "purchase" => VectorKind::Purchase,
        "unload" => VectorKind::Unload,
        "overdraft" => VectorKind::Overdraft,
        "greylock" => VectorKind::GreyLock,
        "session" => VectorKind::Session,
        "diversify" => VectorKind::Diversify,
        "encrypt" => VectorKind::Encrypt,
        "encrypt-million" => VectorKind::EncryptMillion,
        "sm-encrypt" => VectorKind::SecureEncrypt,
        "mac" => VectorKind::Mac,
        "mac-folded" => VectorKind::FoldedMac,
        "sm3" => VectorKind::Sm3,
        "trace" => VectorKind::Trace,
    }
    VectorStatus {
        "verified" => VectorStatus::Verified,
        "verified-partial" => VectorStatus::VerifiedPartial,
        "unpublished-result" => VectorStatus::UnpublishedResult,
        "derived" => VectorStatus::Derived,
        "trace" => VectorStatus::Trace,
    }
}

impl FromNode for BTreeMap<String, Vec<u8>> {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let Value::Table(table) = &node.value else {
            return Err(Refusal::new("not a table", "write a table of hexadecimal texts"));
        };
        table
            .entries
            .iter()
            .map(|entry| Ok((entry.key.clone(), Vec::<u8>::from_node(&entry.node)?)))
            .collect()
    }
}

impl FromNode for Exchange {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let refusal = || Refusal::new("not an exchange", "write [\"command\", \"answer\"]");
        let Value::List(items) = &node.value else { return Err(refusal()) };
        let [command, answer] = items.as_slice() else { return Err(refusal()) };
        Ok(Self(String::from_node(command)?, String::from_node(answer)?))
    }
}
