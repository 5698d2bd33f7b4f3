//! What a CAP file says, with names: plain structs for text, JSON and comparison.
//!
//! Names of classes have slashes, descriptors are those of class files. Where no name is known, one
//! is made from the kind and the token or number (`virtual8`, `Class2`).

use serde::Serialize;

/// A CAP file with names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dump {
    /// Name of the package, as far as it is known.
    pub package: String,
    /// Its AID, in hex.
    pub aid: String,
    /// Its version.
    pub version: String,
    /// Format of the file: `2.1`, `2.3 extended`.
    pub format: String,
    /// `int`, `export`, `applet`, `extended`.
    pub flags: Vec<&'static str>,
    /// Of the extended form: AID and version of the file as a whole, and all packages.
    pub extended: Option<ExtendedDump>,
    /// Components by tag, with their sizes.
    pub components: Vec<ComponentDump>,
    /// What the Directory says beside sizes.
    pub directory: Option<DirectoryDump>,
    /// Applets.
    pub applets: Vec<AppletDump>,
    /// Imported packages, by their token.
    pub imports: Vec<ImportDump>,
    /// The constant pool, by index.
    pub constants: Vec<ConstantDump>,
    /// Interfaces and classes with all that is in them.
    pub classes: Vec<ClassDump>,
    /// The image of static fields.
    pub static_fields: StaticFieldsDump,
    /// Where bytecode refers to the constant pool, by block.
    pub reference_locations: Vec<LocationsDump>,
    /// What other packages may use; empty if they may not.
    pub exports: Vec<ExportedDump>,
    /// Constant data.
    pub static_resources: Vec<ResourceDump>,
    /// Components that are shown as bytes only.
    pub others: Vec<OtherDump>,
    /// Whether the names of this package are those of its Debug component.
    pub debug: bool,
}

/// What the Header of the extended form says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtendedDump {
    /// AID of the file as a whole.
    pub aid: String,
    /// Its version.
    pub version: String,
    /// The packages: name, AID, version.
    pub packages: Vec<ImportDump>,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComponentDump {
    /// Its name.
    pub name: String,
    /// Its bytes, with tag and size.
    pub size: usize,
    /// Its bytes without them.
    pub info: usize,
    /// What the Directory says of it, without them.
    pub listed: Option<u32>,
}

/// What the Directory says beside sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DirectoryDump {
    /// Bytes of the static field image.
    pub image_size: u16,
    /// Arrays with initial values.
    pub array_count: u16,
    /// Bytes of their values.
    pub array_size: u16,
    /// Imported packages.
    pub imports: u8,
    /// Applets.
    pub applets: u8,
    /// Blocks of the Method component, in the extended form.
    pub blocks: Option<u8>,
    /// A vendor's own components: tag, size and AID.
    pub custom: Vec<CustomDump>,
}

/// A vendor's own component, as the Directory lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomDump {
    /// Its tag.
    pub tag: u8,
    /// Bytes of its info.
    pub size: u32,
    /// Its AID, in hex.
    pub aid: String,
}

/// An applet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppletDump {
    /// Its AID, in hex.
    pub aid: String,
    /// Its class, if that can be told.
    pub class: Option<String>,
    /// Where its install method stands.
    pub install: String,
}

/// An imported package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportDump {
    /// Its AID, in hex.
    pub aid: String,
    /// The version that is asked for.
    pub version: String,
    /// Its name, if it is known.
    pub name: Option<String>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConstantDump {
    /// `classRef`, `instanceFieldRef`, `virtualMethodRef`, `superMethodRef`, `staticFieldRef` or
    /// `staticMethodRef`.
    pub kind: &'static str,
    /// What it is: a class, or a member with its class and descriptor.
    pub name: String,
    /// What its bytes say: offsets and tokens.
    pub place: String,
}

/// An interface or class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassDump {
    /// Its name.
    pub name: String,
    /// Whether it is an interface.
    pub interface: bool,
    /// Its token, if it has one.
    pub token: Option<u8>,
    /// Its offset in the Class component's info.
    pub offset: u16,
    /// `public`, `final`, `abstract`, `shareable`, `remote`.
    pub access: Vec<&'static str>,
    /// Its superclass; none of interfaces and `java/lang/Object`.
    pub superclass: Option<String>,
    /// Interfaces: those it extends, or those it implements.
    pub interfaces: Vec<InterfaceDump>,
    /// Sizes and tables of a class.
    pub objects: Option<ObjectsDump>,
    /// Its fields, as the Descriptor lists them; then constants that the Debug component knows.
    pub fields: Vec<FieldDump>,
    /// Its methods, as the Descriptor lists them.
    pub methods: Vec<MethodDump>,
    /// What remote calls need.
    pub remote: Option<RemoteDump>,
    /// Its source file, if the Debug component tells it.
    pub source: Option<String>,
}

/// An interface, and which methods implement it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InterfaceDump {
    /// Its name.
    pub name: String,
    /// By method token of the interface: the token of the virtual method.
    pub methods: Vec<u8>,
}

/// What a virtual machine needs of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectsDump {
    /// Words (16 bits) of its own fields.
    pub instance_size: u8,
    /// Token of its first field that is a reference; 255 if it has none.
    pub first_reference_token: u8,
    /// Its fields that are references.
    pub reference_count: u8,
    /// Public and protected methods: token of the first, and a name or place for each.
    pub public_base: u8,
    /// By token from the base on; none stands for a method of another package.
    pub public_methods: Vec<Option<String>>,
    /// The same of methods that are visible in the package: token without 0x80.
    pub package_base: u8,
    /// By token from the base on.
    pub package_methods: Vec<Option<String>>,
    /// Format 2.3: by token, that of the superclass; 255 where the method is new.
    pub token_mapping: Option<Vec<u8>>,
    /// Format 2.3: tokens that subclasses in format 2.2 inherit.
    pub inheritable: Option<u8>,
}

/// What remote calls need of a class or interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteDump {
    /// Name in remote calls.
    pub name: String,
    /// What makes hashes unique.
    pub hash_modifier: String,
    /// Remote interfaces.
    pub interfaces: Vec<String>,
    /// Methods: hash, descriptor and token.
    pub methods: Vec<RemoteMethodDump>,
}

/// A remote method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteMethodDump {
    /// Hash of its name and descriptor.
    pub hash: u16,
    /// Its descriptor; empty if it cannot be told.
    pub descriptor: String,
    /// Token of the virtual method.
    pub token: u8,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldDump {
    /// Its name.
    pub name: String,
    /// Its descriptor; `?` if it cannot be told.
    pub descriptor: String,
    /// `public`, `private`, `protected`, `static`, `final`.
    pub access: Vec<&'static str>,
    /// Its token, if it has one.
    pub token: Option<u8>,
    /// Of a static field: its offset in the image.
    pub image: Option<u16>,
    /// Of a constant, and of a static field that does not start as 0 or null: its value.
    pub value: Option<String>,
}

/// A method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MethodDump {
    /// Its name.
    pub name: String,
    /// Its descriptor; `?` if it cannot be told.
    pub descriptor: String,
    /// `public`, `private`, `protected`, `abstract`, `static`, `final`.
    pub access: Vec<&'static str>,
    /// Its token, if it has one.
    pub token: Option<u8>,
    /// Its block of the Method component.
    pub block: u8,
    /// Its offset in the block; 0 of methods of interfaces.
    pub offset: u16,
    /// Words of its stack.
    pub max_stack: u8,
    /// Words of its arguments, with the object.
    pub arguments: u8,
    /// Words of local variables besides the arguments.
    pub max_locals: u8,
    /// Bytes of its bytecode.
    pub length: u16,
    /// Its bytecode.
    pub code: Vec<InstructionDump>,
    /// Its exception handlers.
    pub handlers: Vec<HandlerDump>,
    /// Lines, if the Debug component tells them.
    pub lines: Vec<LineDump>,
    /// Local variables, if the Debug component tells them.
    pub variables: Vec<VariableDump>,
    /// Why there is no bytecode to show, where there should be some.
    pub problem: Option<String>,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstructionDump {
    /// Bytes from the start of the bytecode.
    pub at: u16,
    /// Its opcode in text.
    pub mnemonic: &'static str,
    /// Its operands as they stand in the code, branches apart.
    pub operands: Vec<i32>,
    /// Where it may branch to, from the start of the bytecode; of a switch the default first.
    pub targets: Vec<i32>,
    /// What its constant is; of an array of a primitive type the type.
    pub refers_to: Option<String>,
}

/// An exception handler. Places are bytes from the start of the bytecode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlerDump {
    /// First byte that is covered.
    pub start: i32,
    /// First byte that is no longer covered.
    pub end: i32,
    /// Where the handler stands.
    pub handler: i32,
    /// The class that is caught; none means any.
    pub catches: Option<String>,
    /// Whether no later handler covers this range.
    pub stop: bool,
}

/// A line of the source. Places are bytes from the start of the bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LineDump {
    /// First byte.
    pub start: u16,
    /// Last byte.
    pub end: u16,
    /// Number of the line.
    pub line: u16,
}

/// A local variable. Places are bytes from the start of the bytecode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariableDump {
    /// Its number, in words.
    pub index: u8,
    /// Its name.
    pub name: String,
    /// Its descriptor.
    pub descriptor: String,
    /// From where on it has a value.
    pub start: u16,
    /// For how many bytes.
    pub length: u16,
}

/// The image of static fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaticFieldsDump {
    /// Bytes of the image.
    pub image_size: u16,
    /// References, 2 bytes each.
    pub references: u16,
    /// Arrays with initial values.
    pub arrays: Vec<ArrayDump>,
    /// Bytes of primitive fields that start as 0.
    pub default_size: u16,
    /// Bytes of the others, in hex.
    pub values: String,
}

/// An array with initial values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArrayDump {
    /// Type of its elements: `boolean`, `byte`, `short`, `int`.
    pub element: &'static str,
    /// Its values, in hex.
    pub values: String,
}

/// Where bytecode of a block refers to the constant pool; offsets in the block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocationsDump {
    /// Operands of 1 byte.
    pub bytes: Vec<u32>,
    /// Operands of 2 bytes, and catch types.
    pub shorts: Vec<u32>,
}

/// A class that other packages may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedDump {
    /// Its package, by number; 0 in the compact form.
    pub package: usize,
    /// Its name.
    pub class: String,
    /// Static fields by token: offsets in the image.
    pub fields: Vec<u16>,
    /// Static methods and constructors by token.
    pub methods: Vec<String>,
}

/// Constant data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceDump {
    /// Its number.
    pub id: u16,
    /// Its bytes, in hex.
    pub data: String,
}

/// A component that is shown as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherDump {
    /// What it is.
    pub name: String,
    /// Its bytes with tag and size, in hex.
    pub bytes: String,
}
