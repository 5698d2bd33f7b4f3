//! Class files to Java Card CAP and export files.
//!
//! [`convert`] takes the class files of one package, says everything that is wrong with them at
//! once, or gives the components of a CAP file and an export file. The rooms, in the order in which
//! a package passes them:
//!
//! - [`front`]: class files become a checked program whose names are resolved against the package
//!   and the export files it imports;
//! - [`code`]: JVM bytecode becomes Java Card instructions, with `int` made `short` where that is
//!   harmless;
//! - [`layout`]: tokens, orders, constant pool, static image;
//! - [`emit`]: the components' bytes.
//!
//! The converter knows no files and no AIDs but those it is given.

mod code;
mod diagnostic;
mod emit;
mod front;
mod layout;
mod request;

pub use diagnostic::{Diagnostic, Errors, Severity};
pub use request::{Applet, ClassInput, Converted, Options, Request, Target};

/// Converts the class files of one package.
///
/// # Errors
/// All that the package has and Java Card has not, all that does not resolve, all limits that are
/// exceeded.
pub fn convert(request: &Request<'_>) -> Result<Converted, Errors> {
    let mut sink = diagnostic::Sink::default();
    let converted = front::load(request, &mut sink).and_then(|program| {
        let bodies = code::translate(&program, request, &mut sink);
        sink.stop_at_errors()?;
        let package = layout::lay_out(&program, &bodies, request, &mut sink)?;
        emit::emit(&program, &package, &bodies, request, &mut sink)
    });
    sink.finish(converted)
}
