//! CAP files: the components, one module each, and the file they make.
//!
//! Every component is a plain struct that says what its bytes say, with `read` and `to_bytes`;
//! reading and writing again gives the same bytes. Bytes are those of the whole component, from its
//! tag on. Formats 2.1, 2.2 and 2.3 are read in their compact and extended forms.

mod applet;
mod class;
mod constant_pool;
mod container;
mod debug;
mod descriptor;
mod directory;
mod export;
mod file;
mod frame;
mod header;
mod import;
mod method;
mod reference_location;
mod static_field;
mod static_resources;
mod type_descriptor;

pub use applet::{Applet, Applets};
pub use class::{
    Class, ClassEntry, Classes, ImplementedInterface, Interface, Remote, RemoteMethod, TokenMapping,
};
pub use constant_pool::{Constant, ConstantPool, StaticRef};
pub use container::{Container, NamedApplet, WriteError};
pub use debug::{ClassDebug, Debug, FieldDebug, LineDebug, MethodDebug, VariableDebug};
pub use descriptor::{
    ClassDescriptor, Descriptor, FieldDescriptor, FieldPlace, FieldType, MethodDescriptor,
    TypePool, access, nibbles,
};
pub use directory::{CustomSize, Directory};
pub use export::{ExportedClass, Exports};
pub use file::{CapFile, Component, components};
pub(crate) use frame::Limit;
pub use frame::{
    ClassRef, Format, FormatVersion, MethodPlace, PackageInfo, Tag, TooLarge, Version,
};
pub use header::{Header, NamedPackage};
pub use import::Imports;
pub use method::{ExceptionHandler, MethodBlock, MethodHeader, Methods};
pub use reference_location::{LocationBlock, ReferenceLocations, deltas, offsets};
pub use static_field::{ArrayInit, StaticFields};
pub use static_resources::{Resource, StaticResources};
pub use type_descriptor::{Type, TypeDescriptor};
