//! Class component (6): interfaces and classes as a virtual machine needs them.

use super::TooLarge;
use super::frame::{ClassRef, Format, FormatVersion, MethodPlace, Tag, close, count, open};
use crate::Malformed;
use crate::bytes::{Cursor, Sink};

/// The Class component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// From format 2.2 on: type descriptors of remote methods.
    pub signature_pool: Vec<u8>,
    /// Interfaces, then classes.
    pub entries: Vec<ClassEntry>,
}

/// An interface or a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassEntry {
    /// An interface.
    Interface(Interface),
    /// A class.
    Class(Class),
}

/// Flag of an entry (4 bits): an interface.
const INTERFACE: u8 = 8;
/// Flag of an entry: extends or implements `javacard.framework.Shareable`.
const SHAREABLE: u8 = 4;
/// Flag of an entry: extends or implements `java.rmi.Remote`.
const REMOTE: u8 = 2;

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Flags (4 bits), see [`ClassEntry`]; unknown bits are kept.
    pub flags: u8,
    /// All interfaces it extends, directly or not.
    pub superinterfaces: Vec<ClassRef>,
    /// Its name, if it is remote and the format is 2.2 or later.
    pub name: Option<Vec<u8>>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Flags (4 bits), see [`ClassEntry`]; unknown bits are kept.
    pub flags: u8,
    /// Its superclass; None for `java.lang.Object`.
    pub superclass: Option<ClassRef>,
    /// Words of its own fields.
    pub instance_size: u8,
    /// Token of its first field that is a reference; 0xFF if it has none.
    pub first_reference_token: u8,
    /// Its fields that are references.
    pub reference_count: u8,
    /// Token of the first entry in the table of public methods.
    pub public_base: u8,
    /// Public and protected virtual methods, from that token on.
    pub public_methods: Vec<MethodPlace>,
    /// Token (without 0x80) of the first entry in the other table.
    pub package_base: u8,
    /// Virtual methods that are visible in the package only.
    pub package_methods: Vec<MethodPlace>,
    /// The interfaces it implements, directly or not.
    pub interfaces: Vec<ImplementedInterface>,
    /// What remote calls need, if it is remote and the format is 2.2 or later.
    pub remote: Option<Remote>,
    /// From format 2.3 on: how old and new tokens of public methods belong together.
    pub tokens: Option<TokenMapping>,
}

/// An interface, and which methods implement its methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImplementedInterface {
    /// The interface.
    pub interface: ClassRef,
    /// By method token of the interface: the token of the virtual method.
    pub methods: Vec<u8>,
}

/// What remote calls need of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its remote methods.
    pub methods: Vec<RemoteMethod>,
    /// What makes hashes unique; often empty.
    pub hash_modifier: Vec<u8>,
    /// Name of the class.
    pub name: Vec<u8>,
    /// Its remote interfaces.
    pub interfaces: Vec<ClassRef>,
}

/// A method that can be called from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteMethod {
    /// Hash of its name and descriptor.
    pub hash: u16,
    /// Its descriptor, by offset in the signature pool.
    pub signature: u16,
    /// Token of the virtual method.
    pub token: u8,
}

/// How tokens of public methods belong to those of the superclass (format 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenMapping {
    /// By token: the superclass' token, or 0xFF where the method is new.
    pub mapping: Vec<u8>,
    /// Tokens that subclasses in format 2.2 inherit.
    pub inheritable_count: u8,
}

impl ClassEntry {
    /// Flag of an interface.
    pub const INTERFACE: u8 = INTERFACE;
    /// Flag: extends or implements `javacard.framework.Shareable`.
    pub const SHAREABLE: u8 = SHAREABLE;
    /// Flag: extends or implements `java.rmi.Remote`.
    pub const REMOTE: u8 = REMOTE;

    /// Its flags (4 bits).
    pub fn flags(&self) -> u8 {
        match self {
            Self::Interface(interface) => interface.flags,
            Self::Class(class) => class.flags,
        }
    }

    fn read(from: &mut Cursor<'_>, format: Format) -> Result<Self, Malformed> {
        let first = from.u1("flags of a class")?;
        let (flags, interfaces) = (first >> 4, first & 15);
        let remote = flags & REMOTE != 0 && format.version >= FormatVersion::V2_2;
        if flags & INTERFACE != 0 {
            let superinterfaces =
                from.list(interfaces, |from| ClassRef::read(from, "superinterface"))?;
            let name = if remote { Some(name(from)?) } else { None };
            return Ok(Self::Interface(Interface { flags, superinterfaces, name }));
        }
        let superclass = from.u2("superclass")?;
        let superclass = (superclass != NONE).then(|| ClassRef::from_raw(superclass));
        let instance_size = from.u1("instance size")?;
        let first_reference_token = from.u1("first reference token")?;
        let reference_count = from.u1("number of references")?;
        let public_base = from.u1("base of public methods")?;
        let public_count = from.u1("number of public methods")?;
        let package_base = from.u1("base of package methods")?;
        let package_count = from.u1("number of package methods")?;
        let place = |from: &mut Cursor<'_>| MethodPlace::read(from, format);
        let public_methods = from.list(public_count, place)?;
        let package_methods = from.list(package_count, place)?;
        let interfaces = from.list(interfaces, ImplementedInterface::read)?;
        let remote = if remote { Some(Remote::read(from)?) } else { None };
        let tokens = if format.version >= FormatVersion::V2_3 {
            let known = usize::from(public_base).saturating_add(public_count.into());
            let mapping = from.take(known, "token mapping")?.to_vec();
            Some(TokenMapping { mapping, inheritable_count: from.u1("inheritable tokens")? })
        } else {
            None
        };
        Ok(Self::Class(Class {
            flags,
            superclass,
            instance_size,
            first_reference_token,
            reference_count,
            public_base,
            public_methods,
            package_base,
            package_methods,
            interfaces,
            remote,
            tokens,
        }))
    }

    fn write(&self, to: &mut Vec<u8>, format: Format) -> Result<(), TooLarge> {
        match self {
            Self::Interface(interface) => interface.write(to, format),
            Self::Class(class) => class.write(to, format),
        }
    }
}

/// In place of a superclass.
const NONE: u16 = 0xFFFF;

impl Interface {
    fn write(&self, to: &mut Vec<u8>, format: Format) -> Result<(), TooLarge> {
        to.u1(self.flags << 4 | nibble("number of superinterfaces", self.superinterfaces.len())?);
        self.superinterfaces.iter().for_each(|interface| interface.write(to));
        if self.flags & REMOTE != 0 && format.version >= FormatVersion::V2_2 {
            write_name(self.name.as_deref().unwrap_or_default(), to)?;
        }
        Ok(())
    }
}

impl Class {
    fn write(&self, to: &mut Vec<u8>, format: Format) -> Result<(), TooLarge> {
        to.u1(self.flags << 4 | nibble("number of interfaces", self.interfaces.len())?);
        to.u2(self.superclass.map_or(NONE, ClassRef::raw));
        to.extend([self.instance_size, self.first_reference_token, self.reference_count]);
        to.u1(self.public_base);
        to.u1(count(Tag::Class, "number of public methods", self.public_methods.len())?);
        to.u1(self.package_base);
        to.u1(count(Tag::Class, "number of package methods", self.package_methods.len())?);
        for place in self.public_methods.iter().chain(&self.package_methods) {
            place.write(to, format);
        }
        for implemented in &self.interfaces {
            implemented.interface.write(to);
            to.u1(count(Tag::Class, "methods of an interface", implemented.methods.len())?);
            to.extend(&implemented.methods);
        }
        if let Some(remote) = &self.remote {
            remote.write(to)?;
        }
        if let Some(tokens) = &self.tokens {
            to.extend(&tokens.mapping);
            to.u1(tokens.inheritable_count);
        }
        Ok(())
    }
}

impl ImplementedInterface {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let interface = ClassRef::read(from, "implemented interface")?;
        let count = from.u1("methods of an interface")?;
        Ok(Self { interface, methods: from.take(count.into(), "method tokens")?.to_vec() })
    }
}

impl Remote {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let methods = from.u1("number of remote methods")?;
        let methods = from.list(methods, |from| {
            Ok(RemoteMethod {
                hash: from.u2("hash of a remote method")?,
                signature: from.u2("signature of a remote method")?,
                token: from.u1("token of a remote method")?,
            })
        })?;
        let hash_modifier = name(from)?;
        let name = name(from)?;
        let interfaces = from.u1("number of remote interfaces")?;
        let interfaces = from.list(interfaces, |from| ClassRef::read(from, "remote interface"))?;
        Ok(Self { methods, hash_modifier, name, interfaces })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        to.u1(count(Tag::Class, "number of remote methods", self.methods.len())?);
        for method in &self.methods {
            to.u2(method.hash);
            to.u2(method.signature);
            to.u1(method.token);
        }
        write_name(&self.hash_modifier, to)?;
        write_name(&self.name, to)?;
        to.u1(count(Tag::Class, "number of remote interfaces", self.interfaces.len())?);
        self.interfaces.iter().for_each(|interface| interface.write(to));
        Ok(())
    }
}

impl Classes {
    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Class component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Class.part();
        let mut from = open(&part, Tag::Class, bytes, format)?;
        let signature_pool = if format.version >= FormatVersion::V2_2 {
            let length = from.u2("length of the signature pool")?;
            from.take(length.into(), "signature pool")?.to_vec()
        } else {
            Vec::new()
        };
        let mut entries = Vec::new();
        while !from.is_at_end() {
            entries.push(ClassEntry::read(&mut from, format)?);
        }
        Ok(Self { signature_pool, entries })
    }

    /// The bytes of the component.
    ///
    /// # Errors
    /// Something is too large for its field.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        close(Tag::Class, &self.info(format)?.0, format)
    }

    /// Offsets of the entries in the component's info, by which [`ClassRef::Internal`] names them.
    ///
    /// # Errors
    /// Something is too large for its field.
    pub fn offsets(&self, format: Format) -> Result<Vec<u16>, TooLarge> {
        Ok(self.info(format)?.1)
    }

    fn info(&self, format: Format) -> Result<(Vec<u8>, Vec<u16>), TooLarge> {
        let mut info = Vec::new();
        if format.version >= FormatVersion::V2_2 {
            let length = self.signature_pool.len();
            info.u2(count(Tag::Class, "length of the signature pool", length)?);
            info.extend(&self.signature_pool);
        }
        let mut offsets = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            offsets.push(count(Tag::Class, "offset of a class", info.len())?);
            entry.write(&mut info, format)?;
        }
        Ok((info, offsets))
    }
}

fn name(from: &mut Cursor<'_>) -> Result<Vec<u8>, Malformed> {
    let length = from.u1("length of a name")?;
    from.take(length.into(), "name").map(<[u8]>::to_vec)
}

fn write_name(name: &[u8], to: &mut Vec<u8>) -> Result<(), TooLarge> {
    to.u1(count(Tag::Class, "length of a name", name.len())?);
    to.extend(name);
    Ok(())
}

fn nibble(what: &'static str, found: usize) -> Result<u8, TooLarge> {
    let wrong = || TooLarge { part: Tag::Class.part(), what, found, limit: 15 };
    u8::try_from(found).ok().filter(|number| *number <= 15).ok_or_else(wrong)
}
