//! From TOML to [`Flow`].

mod steps;

use std::path::Path;
use std::sync::Arc;

use super::{CardFields, Fare, FareTable, FieldAt, Flow, Layout, Slot, built_in, layout, order};
use crate::text::{self, Kind, Log, Section};
use crate::{Profile, ProfileErrors, PurseKind};

pub(super) use steps::STEP_KEYS;

const TOP_KEYS: &[&str] = &[
    "extends",
    "name",
    "version",
    "summary",
    "summary-zh",
    "profiles",
    "purse",
    "window",
    "layouts",
    "layout",
    "card",
    "fare",
    "step",
];
const CARD_KEYS: &[&str] = &["number", "issuer", "serial", "city"];
const FARE_KEYS: &[&str] =
    &["given", "free", "flat", "table", "entry-line", "entry-station", "entry-time"];

/// How long a card may come back after its answer was lost, unless the flow says otherwise.
const WINDOW: u32 = 120;

impl Flow {
    /// Every key that a flow file may have, by table. docs/flow-format.md tells them all.
    pub const KEYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("top", TOP_KEYS),
        ("[card]", CARD_KEYS),
        ("[fare]", FARE_KEYS),
        ("[[layout]]", layout::LAYOUT_KEYS),
        ("[layout.fields]", layout::FIELD_KEYS),
        ("[[step]]", STEP_KEYS),
    ];

    /// Names of the built-in flows.
    pub fn built_in_names() -> &'static [&'static str] {
        built_in::NAMES
    }

    /// Finds a flow the way `--flow` names it: a built-in name, or a path (anything with a `/` or
    /// `\` in it or with `.toml` at its end).
    ///
    /// # Errors
    /// What is wrong with the file, or which names there are.
    pub fn find(name_or_path: &str) -> Result<Arc<Self>, ProfileErrors> {
        if Kind::is_path(name_or_path) {
            let text = FLOW.read(Path::new(name_or_path))?;
            return Self::parse(&text, name_or_path).map(Arc::new);
        }
        built_in::find(name_or_path).cloned().unwrap_or_else(|| Err(FLOW.unknown(name_or_path)))
    }

    /// The built-in flows that are for a profile: those that name it, or else those for cards whose
    /// application looks the same.
    pub fn of_profile(profile: &Profile) -> Vec<Arc<Self>> {
        let all: Vec<Arc<Self>> =
            built_in::NAMES.iter().filter_map(|name| Self::find(name).ok()).collect();
        let named = |flow: &&Arc<Self>| flow.profiles.contains(&profile.name);
        let own: Vec<Arc<Self>> = all.iter().filter(named).cloned().collect();
        if !own.is_empty() {
            return own;
        }
        let alike = |flow: &Arc<Self>| {
            let known = flow.profiles.iter().filter_map(|name| Profile::built_in(name));
            known.into_iter().any(|known| looks_like(profile, known))
        };
        all.into_iter().filter(alike).collect()
    }

    /// Reads a flow from a text. `origin` is what errors call it: a file name. Fare tables that it
    /// names by path are looked for beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ProfileErrors> {
        FLOW.refuse_long(text.len(), origin)?;
        let log = Log::default();
        let own = text::parse(&log, origin, text);
        let (root, _) = FLOW.extend(&log, own);
        let flow = Section::open(&log, &root, "", TOP_KEYS).and_then(|top| read(&top, origin));
        log.finish(flow).map_err(|problems| problems.seen_from(origin))
    }
}

/// What a flow file is, for the reading that it shares with profiles.
const FLOW: Kind = Kind { what: "flow", names: built_in::NAMES, text: built_in::text };

fn looks_like(profile: &Profile, known: &Profile) -> bool {
    let shown = |profile: &Profile| {
        let application = profile.application()?;
        let code = profile.authentication_code.is_some();
        Some((application.name.clone(), application.fci.clone(), code))
    };
    shown(profile).is_some() && shown(profile) == shown(known)
}

/// The names that a flow gives to layouts and to what it has read so far.
struct Names {
    layouts: Vec<(String, Arc<Layout>)>,
    slots: Vec<Slot>,
}

impl Names {
    fn layout(&self, section: &Section<'_>, key: &str, name: &str) -> Option<Arc<Layout>> {
        let found = self.layouts.iter().find(|(known, _)| known == name);
        if found.is_none() {
            let mend = format!("add `{name} = \"..\"` to [layouts], with the name of a layout");
            section.wrong(key, format!("{name:?} is not among the layouts"), mend);
        }
        found.map(|(_, layout)| layout.clone())
    }

    /// What was read under a name.
    fn slot(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name == name)
    }

    /// `metro.state`, where that was read.
    fn field(&self, text: &str) -> Result<FieldAt, (String, String)> {
        let mend = || "write it as what was read, a dot, and a field of its layout".to_owned();
        let Some((slot, field)) = text.split_once('.') else {
            return Err((format!("{text:?} is no field"), mend()));
        };
        let Some(at) = self.slot(slot) else {
            let message = format!("nothing was read as {slot:?} before");
            return Err((message, format!("read it in an earlier step, with as = {slot:?}")));
        };
        let layout = self.slots.get(at).map(|slot| slot.layout.clone());
        match layout.as_ref().and_then(|layout| layout.field(field)) {
            Some(field) => Ok(FieldAt { slot: at, field: field.clone() }),
            None => {
                let fields = layout.iter().flat_map(|layout| &layout.fields);
                let names: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
                let message = format!("what was read as {slot:?} has no field {field:?}");
                Err((message, format!("write one of {}", names.join(", "))))
            }
        }
    }

    /// A key that names a field.
    fn need(&self, section: &Section<'_>, key: &str) -> Option<FieldAt> {
        let text: String = section.need(key)?;
        self.field(&text).map_err(|(message, mend)| section.wrong(key, message, mend)).ok()
    }

    /// A key that names a field of so many bytes.
    fn of_width(&self, section: &Section<'_>, key: &str, width: usize) -> Option<FieldAt> {
        let at = self.need(section, key)?;
        if at.field.width != width {
            let message = format!("a field of {} bytes", at.field.width);
            section.wrong(key, message, format!("name a field of {width} bytes"));
        }
        Some(at)
    }
}

fn read(top: &Section<'_>, origin: &str) -> Option<Flow> {
    let name = top.need("name");
    let version = top.need("version");
    let summary = top.need("summary");
    let summary_zh = top.need("summary-zh");
    let profiles = top.list("profiles");
    let purse = top.or("purse", PurseKind::Purse);
    let window = top.or("window", WINDOW);
    let mut names = Names { layouts: layouts(top)?, slots: Vec::new() };
    let steps = steps::read(top, &mut names);
    let card = card(top, &names);
    let fare = fare(top, &names, origin);
    let flow = Flow {
        name: name?,
        version: version?,
        summary: summary?,
        summary_zh: summary_zh?,
        profiles: profiles?,
        purse: purse?,
        window: window?,
        card: card?,
        fare: fare?,
        slots: names.slots,
        steps: steps?,
    };
    order::check(&flow, top);
    Some(flow)
}

/// What the flow calls its layouts: built-in ones, and its own.
fn layouts(top: &Section<'_>) -> Option<Vec<(String, Arc<Layout>)>> {
    let own = layout::list(top, built_in::layouts())?;
    let known: Vec<&Arc<Layout>> = built_in::layouts().iter().chain(&own).collect();
    let mut whole = true;
    let mut out = Vec::new();
    for (alias, name) in top.pairs::<String>("layouts")? {
        match known.iter().find(|layout| layout.name == name) {
            Some(layout) => out.push((alias, Arc::clone(layout))),
            None => {
                let all: Vec<&str> = known.iter().map(|layout| layout.name.as_str()).collect();
                let mend = format!("write one of {}, or add a [[layout]]", all.join(", "));
                top.wrong_entry("layouts", &alias, format!("no layout {name:?}"), mend);
                whole = false;
            }
        }
    }
    whole.then_some(out)
}

fn card(top: &Section<'_>, names: &Names) -> Option<CardFields> {
    let Some(section) = top.section("card", CARD_KEYS) else {
        top.missing("card");
        return None;
    };
    let number = names.need(&section, "number");
    let issuer = names.of_width(&section, "issuer", 8);
    let serial = names.of_width(&section, "serial", 8);
    let city = if section.has("city") { Some(names.of_width(&section, "city", 2)) } else { None };
    if let Some(number) = &number
        && number.field.width > 10
    {
        let mend = "name a field of at most 10 bytes";
        section.wrong("number", format!("a field of {} bytes", number.field.width), mend);
    }
    let city = match city {
        Some(city) => Some(city?),
        None => None,
    };
    Some(CardFields { number: number?, issuer: issuer?, serial: serial?, city })
}

fn fare(top: &Section<'_>, names: &Names, origin: &str) -> Option<Fare> {
    // A flow that makes no transaction charges nothing.
    let Some(section) = top.section("fare", FARE_KEYS) else { return Some(Fare::Free) };
    let kinds = ["given", "free", "flat", "table"];
    let named: Vec<&str> = kinds.into_iter().filter(|key| section.has(key)).collect();
    let [kind] = named.as_slice() else {
        let mend = "write one of given = true, free = true, flat = FEN, table = \"NAME\"";
        section.wrong_here(format!("{} kinds of fare", named.len()), mend);
        return None;
    };
    if *kind == "table" {
        return fare_table(&section, names, origin);
    }
    for key in ["entry-line", "entry-station", "entry-time"] {
        if section.has(key) {
            section.wrong(key, "only a fare by table has an entry", "remove it");
        }
    }
    if *kind == "flat" {
        return section.need("flat").map(Fare::Flat);
    }
    if section.need::<bool>(kind)? {
        return Some(if *kind == "given" { Fare::Given } else { Fare::Free });
    }
    section.wrong(kind, "false says nothing", "write true, or another kind of fare");
    None
}

fn fare_table(section: &Section<'_>, names: &Names, origin: &str) -> Option<Fare> {
    let table = section.need::<String>("table").and_then(|name| {
        find_fare(&name, origin)
            .map_err(|errors| {
                for problem in errors.problems() {
                    section.wrong("table", problem.to_string(), "mend the fare table");
                }
            })
            .ok()
    });
    let entry_line = names.of_width(section, "entry-line", 1);
    let entry_station = names.need(section, "entry-station");
    let entry_time = if section.has("entry-time") {
        Some(names.of_width(section, "entry-time", 7))
    } else {
        None
    };
    if let Some(station) = &entry_station
        && station.field.width < 2
    {
        section.wrong("entry-station", "a field of 1 byte", "name a field of 2 bytes or more");
    }
    let entry_time = match entry_time {
        Some(time) => Some(time?),
        None => None,
    };
    Some(Fare::Table {
        table: table?,
        entry_line: entry_line?,
        entry_station: entry_station?,
        entry_time,
    })
}

/// A built-in fare table, or one in a file beside the flow.
fn find_fare(name: &str, origin: &str) -> Result<Arc<FareTable>, ProfileErrors> {
    if let Some(built_in) = built_in::fare(name) {
        return built_in;
    }
    const FARES: Kind = Kind { what: "fare table", names: built_in::FARES, text: |_| None };
    if !Kind::is_path(name) {
        return Err(FARES.unknown(name));
    }
    let beside = Path::new(origin).parent().unwrap_or(Path::new(""));
    let path = beside.join(name);
    let text = FARES.read(&path)?;
    FareTable::parse(&text, &path.display().to_string()).map(Arc::new)
}
