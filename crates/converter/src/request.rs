//! What a conversion takes and gives.

use capfile::cap::CapFile;
use capfile::export::ExportFile;

use crate::Diagnostic;

/// One conversion.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Class files of the package.
    pub classes: &'a [ClassInput<'a>],
    /// Name of the package, with `.` or `/`.
    pub package: &'a str,
    /// AID of the package, 5 to 16 bytes.
    pub aid: &'a [u8],
    /// Version of the package: major, minor.
    pub version: (u8, u8),
    /// Applets, in the order of the Applet component.
    pub applets: &'a [Applet<'a>],
    /// Platform the package is for.
    pub target: Target,
    /// What may differ.
    pub options: Options,
    /// Export files of packages that may be imported, the platform's own among them.
    pub imports: &'a [ExportFile],
}

/// A class file.
#[derive(Clone, Copy, Debug)]
pub struct ClassInput<'a> {
    /// Its name or path, for messages.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// An applet of the package.
#[derive(Clone, Copy, Debug)]
pub struct Applet<'a> {
    /// AID, 5 to 16 bytes, with the package's first five.
    pub aid: &'a [u8],
    /// Class, with or without the package's name.
    pub class: &'a str,
}

/// Platform versions that packages are converted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Java Card 2.2.2.
    Jc222,
    /// Java Card 3.0.4 Classic.
    Jc304,
    /// Java Card 3.0.5 Classic.
    Jc305,
    /// Java Card 3.1.
    Jc310,
    /// Java Card 3.2.
    Jc320,
}

impl Target {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [Self::Jc222, Self::Jc304, Self::Jc305, Self::Jc310, Self::Jc320];

    /// How users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jc222 => "2.2.2",
            Self::Jc304 => "3.0.4",
            Self::Jc305 => "3.0.5",
            Self::Jc310 => "3.1.0",
            Self::Jc320 => "3.2.0",
        }
    }

    /// The target that users write so.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Whether `putfield_<t>_this` is used for short assignments to fields.
    pub(crate) fn has_short_puts(self) -> bool {
        self >= Self::Jc305
    }

    /// Whether CAP and export files are of format 2.3.
    pub(crate) fn has_format_23(self) -> bool {
        self >= Self::Jc310
    }
}

/// What may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `int` is allowed; the card must support it.
    pub int: bool,
    /// A Debug component is made.
    pub debug: bool,
    /// Code may be smaller than that of the usual converter: branches are as short as they can be,
    /// all assignments to fields of `this` are short instructions, on all platforms; members that are
    /// named by several classes have one constant; stacks are as deep as they must be.
    pub optimize: bool,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The CAP file.
    pub cap: CapFile,
    /// Its components by their names, in the order of their tags, each with its tag and size.
    pub components: Vec<(&'static str, Vec<u8>)>,
    /// The export file.
    pub export: ExportFile,
    /// Its bytes.
    pub export_bytes: Vec<u8>,
    /// What was said and did not refuse the package.
    pub warnings: Vec<Diagnostic>,
}
