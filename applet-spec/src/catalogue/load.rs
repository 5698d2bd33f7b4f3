//! `commands*.toml` read into a [`Catalogue`].

use std::sync::LazyLock;

use apdu::StatusWord;

use crate::text::{self, FromNode, Log, MAX_TEXT, Node, Refusal, Section, Value, words};
use crate::{
    Catalogue, CommandId, CommandSet, CommandSpec, Field, FieldFormat, Lengths, Pattern,
    ProfileErrors, StatusReason, TransactionEffect,
};

const TOP_KEYS: &[&str] = &["set", "version", "shared", "command"];
const COMMAND_KEYS: &[&str] = &[
    "id",
    "name",
    "name-zh",
    "source",
    "cla",
    "ins",
    "p1",
    "p2",
    "lc",
    "le",
    "fields",
    "answer",
    "transaction",
    "when-blocked",
    "when-permanently-blocked",
    "secure-class",
    "mac",
    "status",
];
const FIELD_KEYS: &[&str] = &["name", "name-zh", "len", "format"];
const STATUS_KEYS: &[&str] = &["sw", "when", "when-zh"];

macro_rules! built_in {
    ($($name:ident $file:literal)*) => {$(
        static $name: LazyLock<Catalogue> = LazyLock::new(|| {
            let text = include_str!(concat!("../../", $file));
            Catalogue::parse(text, concat!($file, " (built in)")).unwrap_or_else(|errors| {
                panic!("the program's own catalogue does not load: {errors}")
            })
        });
    )*};
}

built_in! {
    PURSE "commands.toml"
    PSAM "commands-psam.toml"
    FMCOS "commands-fmcos.toml"
}

impl Catalogue {
    /// The catalogue of a set.
    ///
    /// # Panics
    /// Where its text is not valid, which a test of this crate excludes.
    pub fn of(set: CommandSet) -> &'static Catalogue {
        match set {
            CommandSet::Purse => &PURSE,
            CommandSet::Psam => &PSAM,
            CommandSet::Fmcos => &FMCOS,
        }
    }

    /// Reads a catalogue from a text. `origin` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Catalogue, ProfileErrors> {
        if text.len() > MAX_TEXT {
            let message = format!("longer than {} KiB", MAX_TEXT / 1024);
            return Err(ProfileErrors::of_file(origin, message, "this is no catalogue"));
        }
        let log = Log::default();
        let root = text::parse(&log, origin, text);
        let catalogue = read(&log, &root);
        log.finish(catalogue)
    }
}

fn read(log: &Log, root: &Node) -> Option<Catalogue> {
    let top = Section::open(log, root, "", TOP_KEYS)?;
    let set: CommandSet = top.need("set")?;
    let version = top.need("version");
    let shared: Vec<Shared> = top.list("shared")?;
    let sections = top.sections("command", COMMAND_KEYS)?;
    let read: Vec<Option<CommandSpec>> = sections.iter().map(command).collect();
    let mut commands: Vec<CommandSpec> = read.into_iter().collect::<Option<_>>()?;
    check_unique(&commands, &sections);
    for id in set.own() {
        if !commands.iter().any(|command| command.id == *id) {
            let mend = format!("add a [[command]] with id = {:?}", id.text());
            top.wrong("command", format!("{} is missing", id.text()), mend);
        }
    }
    for (command, section) in commands.iter().zip(&sections) {
        if command.id.home() != set {
            let mend = "describe it in the catalogue of its own set, and list it under shared";
            section.wrong("id", format!("{} belongs to another set", command.id.text()), mend);
        }
    }
    share(&mut commands, &shared, set, &top);

    let mut by_ins = vec![Vec::new(); 256];
    let mut classes = vec![false; 256];
    for (at, command) in (0_u16..).zip(&commands) {
        if let Some(candidates) = by_ins.get_mut(usize::from(command.ins)) {
            candidates.push(at);
        }
        for cla in &command.cla {
            if let Some(known) = classes.get_mut(usize::from(*cla)) {
                *known = true;
            }
        }
    }
    Some(Catalogue { set, version: version?, commands, by_ins, classes })
}

/// What `shared` lists: all that another set describes, or one command of it.
enum Shared {
    Set(CommandSet),
    Command(CommandId),
}

fn share(commands: &mut Vec<CommandSpec>, shared: &[Shared], set: CommandSet, top: &Section<'_>) {
    let ids = shared.iter().flat_map(|shared| match shared {
        Shared::Set(set) => set.own(),
        Shared::Command(id) => std::slice::from_ref(id),
    });
    for id in ids {
        if id.home() == set {
            let message = format!("{} is this set's own", id.text());
            top.wrong("shared", message, "list commands of other sets only");
            continue;
        }
        let spec = Catalogue::entry(*id);
        if let Some(other) = commands.iter().find(|other| other.overlaps(spec)) {
            let message =
                format!("some command bytes of {} are also {}", id.text(), other.id.text());
            top.wrong("shared", message, "let class, instruction, P1, P2 or Lc differ");
        }
        commands.push(spec.clone());
    }
}

fn check_unique(commands: &[CommandSpec], sections: &[Section<'_>]) {
    for (at, (command, section)) in commands.iter().zip(sections).enumerate() {
        let before = commands.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.id == command.id) {
            let message = format!("{} is there already", command.id.text());
            section.wrong("id", message, "describe every command once");
        } else if let Some(other) = before.iter().find(|other| other.overlaps(command)) {
            let message = format!("some command bytes would also be {}", other.id.text());
            section.wrong("ins", message, "let class, instruction, P1, P2 or Lc differ");
        }
    }
}

fn command(section: &Section<'_>) -> Option<CommandSpec> {
    let id = section.need("id");
    let name = section.need("name");
    let name_zh = section.need("name-zh");
    let source = section.need("source");
    let cla: Option<Vec<u8>> = section.list("cla");
    let ins = section.need("ins");
    let p1 = section.need("p1");
    let p2 = section.need("p2");
    let lc = section.need("lc");
    let le = section.maybe("le");
    let fields = fields(section, "fields");
    let answer = fields_of_answer(section);
    let transaction = section.need("transaction");
    let when_blocked = section.or("when-blocked", false);
    let when_permanently_blocked = section.or("when-permanently-blocked", false);
    let secure_class: Option<Option<u8>> = section.maybe("secure-class");
    let mac = section.maybe("mac");
    let status = statuses(section);
    if cla.as_ref().is_some_and(Vec::is_empty) {
        section.missing("cla");
    }
    if let (Some(cla), Some(Some(secure))) = (&cla, secure_class)
        && !cla.contains(&secure)
    {
        section.wrong("secure-class", "not one of cla", "name one of the classes in cla");
    }
    Some(CommandSpec {
        id: id?,
        name: name?,
        name_zh: name_zh?,
        source: source?,
        cla: cla?,
        ins: ins?,
        p1: p1?,
        p2: p2?,
        lc: lc?,
        le: le?,
        fields: fields?,
        answer: answer?,
        transaction: transaction?,
        when_blocked: when_blocked?,
        when_permanently_blocked: when_permanently_blocked?,
        secure_class: secure_class?,
        mac: mac?,
        status: status?,
    })
}

fn statuses(section: &Section<'_>) -> Option<Vec<(StatusWord, StatusReason)>> {
    let read: Vec<Option<_>> = section
        .sections("status", STATUS_KEYS)?
        .iter()
        .map(|entry| {
            let status = entry.need("sw");
            let (when, when_zh) = (entry.need("when"), entry.need("when-zh"));
            Some((status?, StatusReason { when: when?, when_zh: when_zh? }))
        })
        .collect();
    read.into_iter().collect()
}

fn fields_of_answer(section: &Section<'_>) -> Option<Vec<Field>> {
    let answer = fields(section, "answer")?;
    if section.has("le") == answer.is_empty() {
        let mend = "give le and answer both, or neither";
        section.wrong("le", "an answer without le, or le without an answer", mend);
    }
    Some(answer)
}

fn fields(section: &Section<'_>, key: &str) -> Option<Vec<Field>> {
    let mut open_ended = 0_usize;
    let read: Vec<Option<Field>> = section
        .sections(key, FIELD_KEYS)?
        .iter()
        .map(|field| {
            let (name, name_zh) = (field.need("name"), field.need("name-zh"));
            let (len, format) = (field.maybe::<u16>("len"), field.need("format"));
            let len = len?;
            open_ended += usize::from(len.is_none());
            if open_ended > 1 {
                field.wrong("len", "a second field without len", "give all but one a len");
            }
            Some(Field { name: name?, name_zh: name_zh?, len, format: format? })
        })
        .collect();
    read.into_iter().collect()
}

words! {
    CommandSet {
        "purse" => CommandSet::Purse,
        "psam" => CommandSet::Psam,
        "fmcos" => CommandSet::Fmcos,
    }
    TransactionEffect {
        "keeps" => TransactionEffect::Keeps,
        "ends" => TransactionEffect::Ends,
        "read" => TransactionEffect::Read,
        "starts" => TransactionEffect::Starts,
        "continues" => TransactionEffect::Continues,
    }
    FieldFormat {
        "hex" => FieldFormat::Hex,
        "fen" => FieldFormat::Fen,
        "number" => FieldFormat::Number,
        "date" => FieldFormat::Date,
        "time" => FieldFormat::Time,
        "mac" => FieldFormat::Mac,
        "tlv" => FieldFormat::Tlv,
        "secret" => FieldFormat::Secret,
    }
}

impl FromNode for CommandId {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let text = String::from_node(node)?;
        CommandId::ALL.iter().copied().find(|id| id.text() == text).ok_or_else(|| {
            Refusal::new(format!("{text:?} is no command"), "use the kebab-case of a CommandId")
        })
    }
}

impl FromNode for Shared {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let set = CommandSet::from_node(node).map(Self::Set);
        set.or_else(|_| CommandId::from_node(node).map(Self::Command))
    }
}

impl FromNode for Pattern {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let mend = "write \"any\", a list such as [0x00, 0x04], or \"bits/mask\" such as \"04/07\"";
        let refusal = || Refusal::new("not a pattern", mend);
        match &node.value {
            Value::Text(text) if text == "any" => Ok(Self::Any),
            Value::Text(text) => {
                let (bits, mask) = text.split_once('/').ok_or_else(refusal)?;
                let bits = u8::from_str_radix(bits, 16).map_err(|_| refusal())?;
                let mask = u8::from_str_radix(mask, 16).map_err(|_| refusal())?;
                if bits & !mask != 0 {
                    return Err(Refusal::new("bits outside the mask never match", mend));
                }
                Ok(Self::Masked { bits, mask })
            }
            Value::List(items) if !items.is_empty() => {
                items.iter().map(u8::from_node).collect::<Result<_, _>>().map(Self::OneOf)
            }
            _ => Err(refusal()),
        }
    }
}

impl FromNode for Lengths {
    fn from_node(node: &Node) -> Result<Self, Refusal> {
        let mend = "write \"none\", a list such as [8, 16], or \"low..high\" such as \"1..255\"";
        let refusal = || Refusal::new("not a length", mend);
        match &node.value {
            Value::Text(text) if text == "none" => Ok(Self::None),
            Value::Text(text) => {
                let (low, high) = text.split_once("..").ok_or_else(refusal)?;
                let low: u16 = low.parse().map_err(|_| refusal())?;
                let high: u16 = high.parse().map_err(|_| refusal())?;
                if low < high { Ok(Self::Range(low, high)) } else { Err(refusal()) }
            }
            Value::List(items) if !items.is_empty() => {
                items.iter().map(u16::from_node).collect::<Result<_, _>>().map(Self::OneOf)
            }
            _ => Err(refusal()),
        }
    }
}

impl CommandSpec {
    /// Whether some command bytes would be both commands'.
    pub fn overlaps(&self, other: &CommandSpec) -> bool {
        let both = |a: &Pattern, b: &Pattern| (0..=0xFF).any(|v| a.matches(v) && b.matches(v));
        self.ins == other.ins
            && self.cla.iter().any(|cla| other.cla.contains(cla))
            && both(&self.p1, &other.p1)
            && both(&self.p2, &other.p2)
            && (0..=0xFFFF).any(|length| self.lc.allows(length) && other.lc.allows(length))
    }
}
