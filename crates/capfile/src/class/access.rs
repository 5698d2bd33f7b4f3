//! Access flags of classes, fields and methods.

/// Visible everywhere.
pub const PUBLIC: u16 = 0x0001;
/// Visible in its class only.
pub const PRIVATE: u16 = 0x0002;
/// Visible in its package and in subclasses.
pub const PROTECTED: u16 = 0x0004;
/// Belongs to the class.
pub const STATIC: u16 = 0x0008;
/// Not overridden, not extended, assigned once.
pub const FINAL: u16 = 0x0010;
/// Methods: holds the object's lock. Classes: has modern `invokespecial`.
pub const SYNCHRONIZED: u16 = 0x0020;
/// See [`SYNCHRONIZED`]; the same bit at classes.
pub const SUPER: u16 = 0x0020;
/// Methods: made by the compiler to bridge types.
pub const BRIDGE: u16 = 0x0040;
/// Methods: the last parameter takes the rest.
pub const VARARGS: u16 = 0x0080;
/// Methods: has no Java code.
pub const NATIVE: u16 = 0x0100;
/// An interface.
pub const INTERFACE: u16 = 0x0200;
/// Has no code or no instances.
pub const ABSTRACT: u16 = 0x0400;
/// Methods: strict floating point.
pub const STRICT: u16 = 0x0800;
/// Made by the compiler.
pub const SYNTHETIC: u16 = 0x1000;
/// An annotation type.
pub const ANNOTATION: u16 = 0x2000;
/// An enumeration.
pub const ENUM: u16 = 0x4000;
