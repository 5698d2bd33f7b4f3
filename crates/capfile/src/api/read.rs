//! From text to tables. The texts are part of the program, so a mistake in them ends it, with the
//! line; a test reads them all.

use super::{
    Api, ClassTable, Member, MemberKind, PackageTable, Platform, PlatformPackage, Version, access,
};
use crate::AidError;
use crate::cap::FormatVersion;

/// One text for each package.
const PACKAGES: &[&str] = &[
    include_str!("../../api/java.io.api"),
    include_str!("../../api/java.lang.api"),
    include_str!("../../api/java.rmi.api"),
    include_str!("../../api/javacard.framework.api"),
    include_str!("../../api/javacard.framework.service.api"),
    include_str!("../../api/javacard.security.api"),
    include_str!("../../api/javacardx.apdu.api"),
    include_str!("../../api/javacardx.apdu.util.api"),
    include_str!("../../api/javacardx.biometry.api"),
    include_str!("../../api/javacardx.biometry1toN.api"),
    include_str!("../../api/javacardx.crypto.api"),
    include_str!("../../api/javacardx.external.api"),
    include_str!("../../api/javacardx.framework.event.api"),
    include_str!("../../api/javacardx.framework.math.api"),
    include_str!("../../api/javacardx.framework.nio.api"),
    include_str!("../../api/javacardx.framework.string.api"),
    include_str!("../../api/javacardx.framework.time.api"),
    include_str!("../../api/javacardx.framework.tlv.api"),
    include_str!("../../api/javacardx.framework.util.api"),
    include_str!("../../api/javacardx.framework.util.intx.api"),
    include_str!("../../api/javacardx.security.api"),
    include_str!("../../api/javacardx.security.cert.api"),
    include_str!("../../api/javacardx.security.derivation.api"),
    include_str!("../../api/javacardx.security.util.api"),
    include_str!("../../api/org.globalplatform.api"),
    include_str!("../../api/org.globalplatform.contactless.api"),
    include_str!("../../api/org.globalplatform.filesystem.api"),
    include_str!("../../api/org.globalplatform.privacy.api"),
    include_str!("../../api/org.globalplatform.securechannel.api"),
    include_str!("../../api/org.globalplatform.securechannel.provider.api"),
    include_str!("../../api/org.globalplatform.upgrade.api"),
];
const PLATFORMS: &str = include_str!("../../api/platforms.txt");

/// The tables that come with the program.
pub(super) fn built_in() -> Api {
    let packages = PACKAGES.iter().map(|text| settled(package(text))).collect();
    Api { platforms: settled(platforms(PLATFORMS)), packages }
}

fn settled<T>(read: Result<T, String>) -> T {
    match read {
        Ok(table) => table,
        Err(why) => unreachable!("the program's own table: {why}"),
    }
}

/// Reads a package:
///
/// ```text
/// package javacard/framework A0000000620101
/// versions 1.2 1.3
///
/// class 3 Applet abstract extends java/lang/Object
///   const NAME S 5
///   field 0 NAME Lsome/Type; public static final
///   static 0 <init>()V protected
///   static 1 throwIt(S)V public throws some/Exception
///   virtual 7 process(Ljavacard/framework/APDU;)V public abstract since 1.3
/// ```
pub(super) fn package(text: &str) -> Result<PackageTable, String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let head = lines.next().map(|(_, line)| words(line));
    let (name, aid) = match head.as_deref() {
        Some(["package", name, aid]) => {
            (*name, aid.parse().map_err(|error: AidError| error.to_string())?)
        }
        _ => return Err(format!("the first line is not 'package NAME AID': {head:?}")),
    };
    let versions = match lines.next().map(|(_, line)| words(line)).as_deref() {
        Some(["versions", versions @ ..]) => versions.iter().map(|one| version(one)).collect(),
        other => Err(format!("{name}: the second line is not 'versions ..': {other:?}")),
    };
    let versions: Vec<Version> = versions?;
    let first = *versions.first().ok_or_else(|| format!("{name} has no version"))?;
    let mut table = PackageTable { name: name.to_owned(), aid, versions, classes: Vec::new() };
    for (number, line) in lines {
        let at = |why: String| format!("{name}, line {}: {why}", number + 1);
        match (line.strip_prefix("  "), table.classes.last_mut()) {
            (Some(line), Some(class)) => {
                let member = member(&words(line), class).map_err(at)?;
                class.members.push(member);
            }
            (Some(_), None) => return Err(at("a member stands before its class".to_owned())),
            (None, _) => table.classes.push(class(&words(line), name, first).map_err(at)?),
        }
    }
    Ok(table)
}

/// `class 9 OwnerPIN extends java/lang/Object implements javacard/framework/PIN`
fn class(words: &[&str], package: &str, first: Version) -> Result<ClassTable, String> {
    let [kind, token, name, rest @ ..] = words else {
        return Err("a class has a token and a name".into());
    };
    let mut out = ClassTable {
        token: number(token)?,
        name: format!("{package}/{name}"),
        access: access::PUBLIC,
        superclass: None,
        interfaces: Vec::new(),
        inheritable: None,
        since: first,
        members: Vec::new(),
    };
    match *kind {
        "class" => {}
        "interface" => out.access |= access::INTERFACE | access::ABSTRACT,
        other => return Err(format!("'{other}' is neither class nor interface")),
    }
    let mut words = rest.iter().copied().peekable();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("'{word}' wants a value"));
        match word {
            "extends" => out.superclass = Some(value()?.to_owned()),
            "inheritable" => out.inheritable = Some(number(value()?)?),
            "since" => out.since = version(value()?)?,
            "implements" => {
                while let Some(name) = words.next_if(|word| word.contains('/')) {
                    out.interfaces.push(name.to_owned());
                }
            }
            flag => out.access |= bit(flag)?,
        }
    }
    Ok(out)
}

/// `virtual 3 reset()V public since 1.2`; what an interface declares is public and abstract.
fn member(words: &[&str], class: &ClassTable) -> Result<Member, String> {
    let (kind, name, descriptor, access, mut rest) = match words {
        ["const", name, descriptor, value, rest @ ..] => {
            let value = value.parse().map_err(|_| format!("'{value}' is no number"))?;
            let access = access::PUBLIC | access::STATIC | access::FINAL;
            (MemberKind::Constant(value), *name, *descriptor, access, rest)
        }
        ["field", token, name, descriptor, rest @ ..] => {
            (MemberKind::StaticField(number(token)?), *name, *descriptor, 0, rest)
        }
        [kind @ ("static" | "virtual"), token, signature, rest @ ..] => {
            let at = signature.find('(').ok_or_else(|| format!("'{signature}' has no '('"))?;
            let (name, descriptor) = signature.split_at(at);
            let token = number(token)?;
            let (kind, access) = match *kind {
                "static" if name == "<init>" => (MemberKind::StaticMethod(token), 0),
                "static" => (MemberKind::StaticMethod(token), access::STATIC),
                _ if class.access & access::INTERFACE != 0 => {
                    (MemberKind::VirtualMethod(token), access::PUBLIC | access::ABSTRACT)
                }
                _ => (MemberKind::VirtualMethod(token), 0),
            };
            (kind, name, descriptor, access, rest)
        }
        _ => return Err(format!("no member: {words:?}")),
    };
    let mut out = Member {
        kind,
        name: name.to_owned(),
        descriptor: descriptor.to_owned(),
        access,
        throws: Vec::new(),
        since: class.since,
    };
    while let [word, more @ ..] = rest {
        rest = more;
        match (*word, more) {
            ("since", [text, more @ ..]) => {
                out.since = version(text)?;
                rest = more;
            }
            ("throws", [class, more @ ..]) => {
                out.throws.push((*class).to_owned());
                rest = more;
            }
            (flag, _) => out.access |= bit(flag)?,
        }
    }
    Ok(out)
}

/// Platforms, and under each its packages with version and export format.
fn platforms(text: &str) -> Result<Vec<Platform>, String> {
    let mut out: Vec<Platform> = Vec::new();
    for line in text.lines() {
        match (words(line).as_slice(), out.last_mut()) {
            (["platform", name], _) => {
                out.push(Platform { name: (*name).to_owned(), packages: Vec::new() });
            }
            ([name, own, format], Some(platform)) => platform.packages.push(PlatformPackage {
                name: (*name).to_owned(),
                version: version(own)?,
                format: FormatVersion::from_version(version(format)?)
                    .ok_or_else(|| format!("there is no export format {format}"))?,
            }),
            _ => return Err(format!("platforms: {line}")),
        }
    }
    Ok(out)
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn version(text: &str) -> Result<Version, String> {
    text.parse()
}

fn number(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("'{text}' is no token"))
}

fn bit(flag: &str) -> Result<u16, String> {
    Ok(match flag {
        "public" => access::PUBLIC,
        "protected" => access::PROTECTED,
        "static" => access::STATIC,
        "final" => access::FINAL,
        "abstract" => access::ABSTRACT,
        "shareable" => access::SHAREABLE,
        "remote" => access::REMOTE,
        other => return Err(format!("'{other}' is no access")),
    })
}
