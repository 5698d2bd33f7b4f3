//! Classes of the file, of the export files, and what is known of others: who extends whom.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use super::Rule;
use super::members::{Member, Members};
use super::refusal::Refusals;
use crate::Aid;
use crate::cap::{CapFile, ClassEntry, ClassRef, Descriptor, PackageInfo, Tag};
use crate::class::access;
use crate::export::{Package, PackageClass};

/// A class or interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ClassId {
    /// `java.lang.Object`, which all know.
    Object,
    /// Of the file, by its index in the Class component.
    Here(u16),
    /// Of an export file, by the indexes of the package and of the class in it.
    Exported(u16, u8),
    /// Of an imported package without export file, by tokens.
    Opaque(u8, u8),
    /// Named in an export file, of a package without one.
    Unknown,
}

impl ClassId {
    /// Whether two classes are one, as far as is known.
    pub(super) fn may_be(self, other: Self) -> bool {
        self == other || self == Self::Unknown || other == Self::Unknown
    }
}

/// An answer where not everything is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Maybe,
}

/// Packages and classes with names that rules speak of.
const LANG: [u8; 7] = [0xA0, 0, 0, 0, 0x62, 0, 1];
const RMI: [u8; 7] = [0xA0, 0, 0, 0, 0x62, 0, 3];
const FRAMEWORK: [u8; 7] = [0xA0, 0, 0, 0, 0x62, 1, 1];

/// Classes that the rules know, by package and token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Throwable,
    Remote,
    Shareable,
    Applet,
}

/// All classes.
pub(super) struct Classes<'a> {
    cap: &'a CapFile,
    /// Export files that are used: one of each package.
    pub(super) packages: Vec<&'a Package>,
    by_name: HashMap<&'a str, ClassId>,
    /// By package token: the export file.
    pub(super) imports: Vec<Option<u16>>,
    /// The file's own export file.
    pub(super) own: Option<&'a Package>,
    exported: Vec<Vec<Above>>,
    /// Found when the first is asked for.
    members: Vec<Vec<OnceCell<Members>>>,
    /// Offsets of the entries of the Class component.
    pub(super) offsets: Vec<u16>,
    by_offset: HashMap<u16, u16>,
    here: Vec<Above>,
    root: Option<ClassId>,
    lang: Option<u8>,
    work: Cell<u64>,
    /// Steps that may be taken, in the data flow too.
    budget: u64,
    /// Names of classes of the file, by offset.
    names: HashMap<u16, String>,
}

/// What stands above a class.
#[derive(Clone, Debug, Default)]
struct Above {
    /// Superclasses: of an export file all of them, the direct one first; else the direct one.
    supers: Vec<ClassId>,
    /// Interfaces, also indirect ones.
    interfaces: Vec<ClassId>,
    /// Whether everything above is known.
    is_closed: bool,
}

impl<'a> Classes<'a> {
    pub(super) fn new(
        cap: &'a CapFile,
        exports: &'a [Package],
        offsets: Vec<u16>,
        budget: u64,
    ) -> Self {
        let own_infos: Vec<PackageInfo> =
            cap.header.packages.iter().map(|named| named.package).collect();
        let own = own_infos.first().and_then(|info| {
            let own = |package: &&Package| package.info == *info;
            exports.iter().find(own)
        });
        let packages = chosen(cap, exports, &own_infos);
        let index = |aid: &Aid| packages.iter().position(|package| package.info.aid == *aid);
        let by_aid: HashMap<Aid, u16> = packages
            .iter()
            .filter_map(|package| {
                Some((package.info.aid, u16::try_from(index(&package.info.aid)?).ok()?))
            })
            .collect();
        let imports: Vec<Option<u16>> =
            cap.imports.packages.iter().map(|info| by_aid.get(&info.aid).copied()).collect();
        let lang = cap.imports.packages.iter().position(|info| info.aid.as_bytes() == LANG);
        let by_offset =
            (0..=u16::MAX).zip(&offsets).map(|(index, offset)| (*offset, index)).collect();
        let mut classes = Self {
            cap,
            packages,
            by_name: HashMap::new(),
            imports,
            own,
            exported: Vec::new(),
            members: Vec::new(),
            offsets,
            by_offset,
            here: Vec::new(),
            root: None,
            lang: lang.and_then(|token| u8::try_from(token).ok()),
            work: Cell::new(0),
            budget,
            names: HashMap::new(),
        };
        classes.index_exports();
        classes.climb_exports();
        classes.climb_here();
        classes.names = classes.named_here();
        classes
    }

    fn index_exports(&mut self) {
        for (package, file) in (0..=u16::MAX).zip(&self.packages) {
            for (index, class) in (0u8..=u8::MAX).zip(&file.classes) {
                let mut id = ClassId::Exported(package, index);
                if file.info.aid.as_bytes() == LANG && class.token == 0 {
                    self.root = Some(id);
                    id = ClassId::Object;
                }
                self.by_name.entry(&class.name).or_insert(id);
            }
            self.members.push(file.classes.iter().map(|_| OnceCell::new()).collect());
        }
    }

    fn climb_exports(&mut self) {
        let named = |name: &std::sync::Arc<str>| self.named(name);
        let above = |class: &PackageClass| {
            let supers: Vec<ClassId> = class.supers.iter().rev().map(named).collect();
            let interfaces: Vec<ClassId> = class.interfaces.iter().map(named).collect();
            let is_closed = !supers.iter().chain(&interfaces).any(|id| *id == ClassId::Unknown);
            Above { supers, interfaces, is_closed }
        };
        let all = self.packages.iter().map(|file| file.classes.iter().map(above).collect());
        let exported: Vec<Vec<Above>> = all.collect();
        self.exported = exported;
    }

    fn climb_here(&mut self) {
        let mut here: Vec<Above> = Vec::with_capacity(self.cap.classes.entries.len());
        for entry in &self.cap.classes.entries {
            let (superclass, interfaces): (_, Vec<ClassRef>) = match entry {
                ClassEntry::Interface(interface) => (None, interface.superinterfaces.clone()),
                ClassEntry::Class(class) => (
                    class.superclass,
                    class.interfaces.iter().map(|implemented| implemented.interface).collect(),
                ),
            };
            let mut closed = true;
            // What stands later does not count: so nothing is its own superclass.
            let mut known = |id: ClassId| match id {
                ClassId::Here(index) => match here.get(usize::from(index)) {
                    Some(above) => {
                        closed &= above.is_closed;
                        true
                    }
                    None => {
                        closed = false;
                        false
                    }
                },
                id => {
                    closed &= self.is_closed(id);
                    true
                }
            };
            let superclass = match superclass {
                Some(class) => match self.find(class) {
                    Some(id) if known(id) => Some(id),
                    _ => Some(ClassId::Unknown),
                },
                None if matches!(entry, ClassEntry::Interface(_)) => Some(ClassId::Object),
                None => None,
            };
            let interfaces: Vec<ClassId> = interfaces
                .into_iter()
                .filter_map(|class| self.find(class).filter(|id| known(*id)))
                .collect();
            closed &= superclass != Some(ClassId::Unknown);
            let supers = superclass.into_iter().collect();
            here.push(Above { supers, interfaces, is_closed: closed });
        }
        self.here = here;
    }

    /// The class of a reference; none if it is not there.
    pub(super) fn find(&self, class: ClassRef) -> Option<ClassId> {
        match class {
            ClassRef::Internal(offset) => {
                self.by_offset.get(&offset).map(|index| ClassId::Here(*index))
            }
            ClassRef::External { package, class } => {
                let export = *self.imports.get(usize::from(package))?;
                if self.lang == Some(package) && class == 0 {
                    return Some(ClassId::Object);
                }
                let Some(export) = export else { return Some(ClassId::Opaque(package, class)) };
                let file = self.packages.get(usize::from(export))?;
                let index = file.classes.iter().position(|one| one.token == class)?;
                Some(ClassId::Exported(export, u8::try_from(index).ok()?))
            }
        }
    }

    /// The class of a name in an export file.
    pub(super) fn named(&self, name: &str) -> ClassId {
        match self.by_name.get(name) {
            Some(id) => *id,
            None if name == "java/lang/Object" => ClassId::Object,
            None => ClassId::Unknown,
        }
    }

    /// The entry of a class of the file.
    pub(super) fn entry(&self, id: ClassId) -> Option<&'a ClassEntry> {
        match id {
            ClassId::Here(index) => self.cap.classes.entries.get(usize::from(index)),
            _ => None,
        }
    }

    /// What an export file says of a class.
    pub(super) fn export(&self, id: ClassId) -> Option<&'a PackageClass> {
        match id {
            ClassId::Object => self.root.and_then(|root| self.export(root)),
            ClassId::Exported(package, class) => {
                self.packages.get(usize::from(package))?.classes.get(usize::from(class))
            }
            _ => None,
        }
    }

    /// The members of a class of an export file.
    fn members(&self, id: ClassId) -> Option<&Members> {
        let id = if id == ClassId::Object { self.root? } else { id };
        let ClassId::Exported(package, class) = id else { return None };
        let cell = self.members.get(usize::from(package))?.get(usize::from(class))?;
        let file = self.packages.get(usize::from(package))?.classes.get(usize::from(class))?;
        Some(cell.get_or_init(|| Members::of(file)))
    }

    /// A member of a class of an export file, by its token.
    pub(super) fn member(&self, id: ClassId, kind: Member, token: u8) -> Option<usize> {
        self.members(id)?.find(kind, token)
    }

    /// Virtual methods that a class of another package has for its subclasses, if that is known.
    pub(super) fn inherited(&self, id: ClassId) -> Option<usize> {
        if id == ClassId::Object && self.root.is_none() {
            return Some(1);
        }
        Some(self.members(id)?.virtual_count())
    }

    /// Whether it is an interface, if that is known.
    pub(super) fn is_interface(&self, id: ClassId) -> Option<bool> {
        match id {
            ClassId::Object => Some(false),
            ClassId::Here(_) => Some(matches!(self.entry(id), Some(ClassEntry::Interface(_)))),
            _ => self.export(id).map(|class| class.access & access::INTERFACE != 0),
        }
    }

    fn above(&self, id: ClassId) -> Option<&Above> {
        match id {
            ClassId::Here(index) => self.here.get(usize::from(index)),
            ClassId::Exported(package, class) => {
                self.exported.get(usize::from(package))?.get(usize::from(class))
            }
            _ => None,
        }
    }

    /// The direct superclass, of interfaces `java.lang.Object`.
    pub(super) fn superclass(&self, id: ClassId) -> Option<ClassId> {
        match id {
            ClassId::Object => None,
            ClassId::Here(_) => self.above(id)?.supers.first().copied(),
            ClassId::Exported(..) => {
                Some(self.above(id)?.supers.first().copied().unwrap_or(ClassId::Object))
            }
            ClassId::Opaque(..) | ClassId::Unknown => Some(ClassId::Unknown),
        }
    }

    /// Whether all that it extends and implements is known.
    pub(super) fn is_closed(&self, id: ClassId) -> bool {
        id == ClassId::Object || self.above(id).is_some_and(|above| above.is_closed)
    }

    /// Steps that were taken from class to class.
    pub(super) fn work(&self) -> u64 {
        self.work.get()
    }

    /// Whether steps are left; refuses the file when none are.
    pub(super) fn is_affordable(&self, refusals: &mut Refusals) -> bool {
        let is_affordable = self.work() < self.budget;
        if !is_affordable {
            let detail = "following its classes takes too many steps";
            refusals.at(Tag::Class, 0, Rule::TooComplex, detail);
        }
        is_affordable
    }

    /// Steps that are left.
    pub(super) fn left(&self) -> u64 {
        self.budget.saturating_sub(self.work())
    }

    /// Steps that something else took.
    pub(super) fn spend(&self, steps: u64) {
        self.work.set(self.work.get().saturating_add(steps));
    }

    /// Itself and its superclasses, up to the last that is known.
    pub(super) fn chain(&self, id: ClassId) -> Vec<ClassId> {
        let chain = self.climb(id);
        let steps = u64::try_from(chain.len()).unwrap_or(u64::MAX);
        self.spend(steps);
        chain
    }

    fn climb(&self, id: ClassId) -> Vec<ClassId> {
        let mut chain = vec![id];
        let mut at = id;
        while let ClassId::Here(index) = at {
            let Some(next) = self.superclass(at) else { return chain };
            // Superclasses of the file stand before; `climb_here` kept no other.
            if matches!(next, ClassId::Here(above) if above >= index) {
                return chain;
            }
            chain.push(next);
            at = next;
        }
        if let ClassId::Exported(..) = at {
            chain.extend(self.above(at).iter().flat_map(|above| &above.supers));
            if chain.last() != Some(&ClassId::Object) {
                chain.push(ClassId::Object);
            }
        }
        chain
    }

    /// All interfaces of a class, itself among them if it is one.
    pub(super) fn interfaces(&self, id: ClassId) -> Vec<ClassId> {
        let mut all: Vec<ClassId> = self
            .chain(id)
            .into_iter()
            .filter_map(|class| self.above(class))
            .flat_map(|above| above.interfaces.iter().copied())
            .collect();
        if self.is_interface(id) == Some(true) {
            all.push(id);
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether objects of one class are objects of another.
    pub(super) fn extends(&self, id: ClassId, other: ClassId) -> Answer {
        if id == other || other == ClassId::Object {
            return Answer::Yes;
        }
        let chain = self.chain(id);
        let above = chain.iter().filter_map(|class| self.above(*class));
        if chain.contains(&other)
            || above.into_iter().any(|above| above.interfaces.contains(&other))
        {
            return Answer::Yes;
        }
        // Classes of other packages were there before those of the file.
        let possible = !matches!(other, ClassId::Here(_)) && !self.is_closed(id);
        if possible || other == ClassId::Unknown { Answer::Maybe } else { Answer::No }
    }

    /// A class that rules speak of: of an export file or import. `Err` if it cannot be told, `Ok(None)`
    /// if nothing in the file can be of it.
    fn known(&self, known: Known) -> Result<Option<ClassId>, ()> {
        let (aid, token) = match known {
            Known::Throwable => (&LANG, 1),
            Known::Remote => (&RMI, 0),
            Known::Shareable => (&FRAMEWORK, 2),
            Known::Applet => (&FRAMEWORK, 3),
        };
        if self.cap.header.packages.iter().any(|named| named.package.aid.as_bytes() == aid) {
            return Err(());
        }
        // It may stand in an export file whose package the file does not import itself.
        let package = self.packages.iter().position(|one| one.info.aid.as_bytes() == aid);
        if let Some(package) = package {
            let classes = self.packages.get(package).map(|file| &file.classes);
            let class = classes.and_then(|all| all.iter().position(|one| one.token == token));
            let numbers =
                u16::try_from(package).ok().zip(class.and_then(|at| u8::try_from(at).ok()));
            return numbers
                .map(|(package, class)| Some(ClassId::Exported(package, class)))
                .ok_or(());
        }
        let import = self.cap.imports.packages.iter().position(|one| one.aid.as_bytes() == aid);
        Ok(import
            .and_then(|import| u8::try_from(import).ok())
            .map(|import| ClassId::Opaque(import, token)))
    }

    /// Whether a class is a known one or extends it.
    pub(super) fn extends_known(&self, id: ClassId, known: Known) -> Answer {
        match self.known(known) {
            Ok(Some(known)) => self.extends(id, known),
            Ok(None) if self.is_closed(id) => Answer::No,
            Ok(None) | Err(()) => Answer::Maybe,
        }
    }

    /// `java.lang.Throwable`, if it can be told.
    pub(super) fn throwable(&self) -> Option<ClassId> {
        self.known(Known::Throwable).ok().flatten()
    }

    /// How messages call a class.
    pub(super) fn name(&self, id: ClassId) -> String {
        match id {
            ClassId::Object => "java/lang/Object".to_owned(),
            ClassId::Here(index) => {
                let offset = self.offsets.get(usize::from(index)).copied().unwrap_or_default();
                self.names.get(&offset).cloned().unwrap_or_else(|| format!("class #{offset}"))
            }
            ClassId::Exported(..) => {
                self.export(id).map_or_else(String::new, |class| class.name.to_string())
            }
            ClassId::Opaque(package, class) => {
                let import = self.cap.imports.packages.get(usize::from(package));
                let aid = import.map_or_else(String::new, |import| import.aid.to_string());
                format!("class {class} of package {aid}")
            }
            ClassId::Unknown => "a class that is not known".to_owned(),
        }
    }

    /// Names of classes of the file: of the Debug component, else of its own export file.
    fn named_here(&self) -> HashMap<u16, String> {
        let mut names = HashMap::new();
        let described = self.cap.descriptor.iter().flat_map(Descriptor::classes);
        for class in described.filter(|class| class.token != 0xFF) {
            let exported = self.own.and_then(|own| own.class(class.token));
            if let (ClassRef::Internal(offset), Some(exported)) = (class.this, exported) {
                names.insert(offset, exported.name.to_string());
            }
        }
        let debug = self.cap.debug.iter();
        for (debug, class) in
            debug.flat_map(|debug| debug.classes.iter().map(move |one| (debug, one)))
        {
            if let ClassRef::Internal(offset) = class.this {
                names.insert(offset, debug.text(class.name).into_owned());
            }
        }
        names
    }
}

/// One export file of each package: of the file's imports one that fits, if there is one; of others
/// the newest.
fn chosen<'a>(cap: &CapFile, exports: &'a [Package], own: &[PackageInfo]) -> Vec<&'a Package> {
    let wanted: HashMap<Aid, PackageInfo> =
        cap.imports.packages.iter().map(|info| (info.aid, *info)).collect();
    let mut chosen: Vec<&Package> = Vec::new();
    let mut at: HashMap<Aid, usize> = HashMap::new();
    for package in exports {
        let aid = package.info.aid;
        if own.iter().any(|own| own.aid == aid) {
            continue;
        }
        let rank = |package: &Package| {
            let version = package.info.version;
            let fits = wanted.get(&aid).is_none_or(|info| {
                version.major == info.version.major && version.minor >= info.version.minor
            });
            let is_exact = wanted.get(&aid).is_some_and(|info| version == info.version);
            (fits, is_exact, version)
        };
        match at.get(&aid).copied() {
            None => {
                at.insert(aid, chosen.len());
                chosen.push(package);
            }
            Some(index) => {
                if let Some(known) = chosen.get_mut(index)
                    && rank(package) > rank(known)
                {
                    *known = package;
                }
            }
        }
    }
    chosen
}
