//! What to do about packages and classes that `javac` does not find, and the tables know.

use capfile::api::{Api, Platform, Version};

use super::said::Said;

/// Adds advice to an error of the compiler, where there is any.
pub(super) fn advised(said: Said, platform: &Platform) -> Said {
    let hint =
        missing_package(&said.text, platform).or_else(|| missing_class(&said.text, platform));
    Said { hint: said.hint.or(hint), ..said }
}

/// `package org.globalplatform does not exist`
fn missing_package(text: &str, platform: &Platform) -> Option<String> {
    let first = text.lines().next()?;
    let name = first.strip_prefix("package ")?.strip_suffix(" does not exist")?;
    let slashed = name.replace('.', "/");
    match first_with(&slashed, None) {
        Some(first) => Some(newer(name, &first.name, platform)),
        None => {
            let newest = Api::built_in().newest(&slashed)?.version();
            Some(format!(
                "In applet.toml, under [api]: \"{name}\" = \"{newest}\", or the version that the cards \
                 have."
            ))
        }
    }
}

/// `symbol:   class OwnerPINBuilder`, and then `location: package javacard.framework`
fn missing_class(text: &str, platform: &Platform) -> Option<String> {
    let behind = |what: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.find_map(|line| line.strip_prefix(what)).map(str::trim)
    };
    let class = behind("symbol:")?.strip_prefix("class ")?;
    let package = behind("location:")?.strip_prefix("package ")?;
    let slashed = package.replace('.', "/");
    let name = format!("{slashed}/{class}");
    let api = Api::built_in();
    let table = api.packages().iter().find(|table| table.name == slashed)?;
    let since = table.classes.iter().find(|class| class.name == name)?.since;
    let full = format!("{package}.{class}");
    match first_with(&slashed, Some(since)) {
        Some(first) => Some(newer(&full, &first.name, platform)),
        None => Some(format!(
            "{full} came with version {since} of its package: \"{package}\" = \"{since}\" under [api]."
        )),
    }
}

fn newer(what: &str, first: &str, platform: &Platform) -> String {
    format!(
        "{what} came with Java Card {first}, the target is {}: where the cards have it, write target = \
         \"{first}\" in applet.toml.",
        platform.name
    )
}

/// The oldest platform with a package, in a version or a newer one.
fn first_with(package: &str, version: Option<Version>) -> Option<&'static Platform> {
    let mut platforms = Api::built_in().platforms().iter();
    platforms.find(|platform| {
        let own = platform.packages.iter().find(|one| one.name == package);
        own.is_some_and(|own| version.is_none_or(|version| own.version >= version))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applet::platform::platform;

    fn hint(text: &str) -> Option<String> {
        let platform = platform("3.0.4").unwrap();
        missing_package(text, platform).or_else(|| missing_class(text, platform))
    }

    #[test]
    fn packages_and_classes_of_other_platforms_are_known() {
        assert_eq!(
            hint("package org.globalplatform does not exist\n  import org.globalplatform.CVM;")
                .unwrap(),
            "In applet.toml, under [api]: \"org.globalplatform\" = \"1.7\", or the version that the \
             cards have."
        );
        assert_eq!(
            hint("package javacardx.framework.nio does not exist").unwrap(),
            "javacardx.framework.nio came with Java Card 3.1.0, the target is 3.0.4: where the cards \
             have it, write target = \"3.1.0\" in applet.toml."
        );
        let missing = "cannot find symbol\nimport a;\n   ^\n  symbol:   class OwnerPINBuilder\n  \
                       location: package javacard.framework";
        assert!(
            hint(missing)
                .unwrap()
                .starts_with("javacard.framework.OwnerPINBuilder came with Java Card 3.0.5")
        );
        let missing = "cannot find symbol\n  symbol:   class Authority\n  location: package \
                       org.globalplatform";
        assert!(hint(missing).unwrap().contains("came with version 1."), "{:?}", hint(missing));
    }

    #[test]
    fn what_no_table_knows_gets_no_advice() {
        assert_eq!(hint("package com.example.gone does not exist"), None);
        assert_eq!(hint("cannot find symbol\n  symbol:   variable x\n  location: class A"), None);
        assert_eq!(hint("';' expected"), None);
    }
}
