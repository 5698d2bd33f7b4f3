//! Off-card verification: whether a card can trust a CAP file.
//!
//! [`verify`] asks of any CAP file what the Java Card virtual machine relies on and does not look at
//! again: components that agree with each other, references that lead to what they say, class tables
//! that are those of the classes, and bytecode that never takes one type for another. The rules are
//! one table, [`Rule`]. What is not known without an export file is not refused but said, in
//! [`Verified::unchecked`].
//!
//! Work and memory grow with the size of the file, whatever is in it.
#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod bodies;
mod classes;
mod constants;
mod debug;
mod described;
mod exports;
mod flow;
mod hierarchy;
mod index;
mod members;
mod operands;
mod places;
mod platform;
mod refusal;
mod rule;
mod statics;
mod structure;
mod types;

#[cfg(test)]
mod tests;

use std::fmt;

pub use platform::{offered, oldest_with};
pub use refusal::{MethodAt, Refusal};
pub use rule::{Rule, page};

use crate::cap::{CapFile, MethodPlace, PackageInfo, Tag};
use crate::export::Package;

/// Steps that may be taken for each byte of the components, and for each file. What compilers make
/// takes less than a tenth.
const WORK_PER_BYTE: u64 = 512;
const WORK: u64 = 1_000_000;

/// What a CAP file is verified against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Export files of imported packages, and of those that they refer to; also the file's own. Of
    /// several versions of a package the one that the file imports is used.
    pub exports: &'a [Package],
    /// How many refusals are kept at most.
    pub limit: usize,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self { exports: &[], limit: 100 }
    }
}

/// A CAP file keeps the rules, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Methods whose bytecode was followed.
    pub methods: usize,
    /// Instructions in them.
    pub instructions: usize,
    /// Steps it took: words of states and classes that were looked at. At most in proportion to the
    /// size of the file.
    pub work: u64,
    /// What was not looked at, for want of an export file.
    pub unchecked: Vec<Unchecked>,
}

/// Something that is not known without an export file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// An imported package: whether it has what is used of it.
    Import(PackageInfo),
    /// A method that calls an interface of such a package, whose types are not known.
    Method {
        /// The method.
        place: MethodPlace,
        /// Its name, if something names it.
        name: Option<String>,
        /// The first such call, in bytes from the start of the bytecode.
        from: u16,
    },
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Import(package) => {
                write!(f, "package {} {}: there is no export file", package.aid, package.version)
            }
            Self::Method { place, name, from } => {
                let name = name.as_deref().unwrap_or_default();
                write!(
                    f,
                    "method {name}{place}, from bytecode {from} on: it calls an interface without \
                     export file"
                )
            }
        }
    }
}

/// Verifies a CAP file.
///
/// # Errors
/// All refusals that were found, at most as many as the context keeps.
pub fn verify(cap: &CapFile, context: &Context<'_>) -> Result<Verified, Vec<Refusal>> {
    let mut refusals = refusal::Refusals::new(context.limit);
    let components = match cap.to_components() {
        Ok(components) => components,
        Err(problem) => {
            refusals.at(Tag::Header, 0, Rule::ComponentSize, problem.to_string());
            return Err(refusals.into_found());
        }
    };
    let bytes: usize = components.iter().map(|component| component.bytes.len()).sum();
    let budget = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(WORK_PER_BYTE);
    // It was written just now, so that every class has an offset.
    let offsets = cap.classes.offsets(cap.format()).unwrap_or_default();
    let classes = classes::Classes::new(cap, context.exports, offsets, budget.saturating_add(WORK));
    let index = index::Index::new(cap, classes);
    let mut verified = Verified::default();
    structure::check(&index, &components, &mut verified.unchecked, &mut refusals);
    hierarchy::check(&index, &mut refusals);
    statics::check(&index, &mut refusals);
    let sound = constants::check(&index, &mut refusals);
    match &cap.descriptor {
        None => {
            let detail = "there is none, so that methods cannot be told apart";
            refusals.at(Tag::Descriptor, 0, Rule::DescriptorMissing, detail);
        }
        Some(descriptor) => {
            described::check(&index, descriptor, &mut refusals);
            exports::check(&index, &mut refusals);
            let bodies = bodies::check(&index, &mut refusals);
            if let Some(debug) = &cap.debug {
                debug::check(&index, debug, &mut refusals);
            }
            flow::check(&index, &bodies, &sound, &mut verified, &mut refusals);
        }
    }
    verified.work = index.classes.work();
    if refusals.is_empty() { Ok(verified) } else { Err(refusals.into_found()) }
}
