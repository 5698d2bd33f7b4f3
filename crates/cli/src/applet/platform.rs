//! Platforms, and packages beside them, by the names that users type.

use capfile::api::{Api, Package, Platform, Version};

/// A platform by its version.
///
/// # Errors
/// There is none; the message lists them.
pub fn platform(name: &str) -> Result<&'static Platform, String> {
    let api = Api::built_in();
    api.platform(name).ok_or_else(|| {
        let known: Vec<&str> = api.platforms().iter().map(|one| one.name.as_str()).collect();
        format!("there is no platform {name}; the platforms are {}", known.join(", "))
    })
}

/// `org.globalplatform=1.1`; without the version, the newest.
///
/// # Errors
/// The package or the version is not known; the message lists them.
pub fn beside(text: &str) -> Result<Package<'static>, String> {
    match text.split_once('=') {
        Some((name, version)) => package(name, version),
        None => {
            let newest = Api::built_in().newest(&text.replace('.', "/"));
            newest.filter(|package| !is_of_a_platform(package.name())).ok_or_else(|| unknown(text))
        }
    }
}

/// A package that is no platform's, in a version.
///
/// # Errors
/// It is not known; the message lists them.
pub fn package(name: &str, version: &str) -> Result<Package<'static>, String> {
    let api = Api::built_in();
    let slashed = name.replace('.', "/");
    let known = api.versions(&slashed);
    if known.is_empty() || is_of_a_platform(&slashed) {
        return Err(unknown(name));
    }
    let found = version.parse::<Version>().ok().and_then(|one| api.package(&slashed, one));
    found.ok_or_else(|| {
        let known: Vec<String> = known.iter().map(Version::to_string).collect();
        format!("there is no version {version} of {name}; the versions are {}", known.join(", "))
    })
}

fn unknown(name: &str) -> String {
    if is_of_a_platform(&name.replace('.', "/")) {
        return format!("{name} comes with the platform, in the version that it has there");
    }
    let packages = Api::built_in().packages().iter().map(|package| package.name.as_str());
    let others: Vec<String> = packages
        .filter(|name| !is_of_a_platform(name))
        .map(|name| name.replace('/', "."))
        .collect();
    format!("there is no package {name}; the packages are {}", others.join(", "))
}

fn is_of_a_platform(name: &str) -> bool {
    let mut platforms = Api::built_in().platforms().iter();
    platforms.any(|platform| platform.packages.iter().any(|package| package.name == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_beside_a_platform_go_by_name_and_version() {
        let found =
            |text: &str| beside(text).map(|one| format!("{} {}", one.name(), one.version()));
        assert_eq!(found("org.globalplatform=1.1").unwrap(), "org/globalplatform 1.1");
        assert_eq!(found("org.globalplatform").unwrap(), "org/globalplatform 1.7");
    }

    #[test]
    fn what_is_not_known_says_what_is() {
        let wrong = |text: &str| beside(text).unwrap_err();
        assert_eq!(
            wrong("org.globalplatform.privacy=2.0"),
            "there is no version 2.0 of org.globalplatform.privacy; the versions are 1.0"
        );
        assert!(wrong("org.global").contains("org.globalplatform, "), "{}", wrong("org.global"));
        assert_eq!(
            wrong("javacard.framework=1.3"),
            "javacard.framework comes with the platform, in the version that it has there"
        );
        assert_eq!(
            platform("3.0").unwrap_err(),
            "there is no platform 3.0; the platforms are 2.2.1, 2.2.2, 3.0.4, 3.0.5, 3.1.0, 3.2.0"
        );
    }
}
