//! Names of what other packages offer, by AID and token.

use std::collections::BTreeMap;

use crate::Aid;
use crate::api::Api;
use crate::export::{Package, PackageClass, PackageField, PackageMethod};

/// Packages whose names are known. Tokens never change from version to version, so one version of
/// each, the newest, names them all.
#[derive(Clone, Debug, Default)]
pub struct Names {
    packages: BTreeMap<Aid, Package>,
}

impl Names {
    /// What the API tables of this program know.
    pub fn built_in() -> Self {
        let api = Api::built_in();
        let mut names = Self::default();
        let Some(newest) = api.platforms().last() else { return names };
        for table in api.packages() {
            if let Some(package) = api.newest(&table.name) {
                names.add(package.offers(newest));
            }
        }
        names
    }

    /// Adds a package, in place of one of the same AID unless that one is newer.
    pub fn add(&mut self, package: Package) {
        let known = self.packages.get(&package.info.aid);
        if known.is_none_or(|known| known.info.version <= package.info.version) {
            self.packages.insert(package.info.aid, package);
        }
    }

    /// The package of an AID.
    pub fn package(&self, aid: Aid) -> Option<&Package> {
        self.packages.get(&aid)
    }
}

impl PackageClass {
    /// The static method or constructor of a token.
    pub fn static_method(&self, token: u8) -> Option<&PackageMethod> {
        self.methods.iter().find(|method| method.token == token && method.is_static())
    }

    /// The method of objects of a token.
    pub fn virtual_method(&self, token: u8) -> Option<&PackageMethod> {
        self.methods.iter().find(|method| method.token == token && !method.is_static())
    }

    /// The static field of a token.
    pub fn static_field(&self, token: u8) -> Option<&PackageField> {
        let fits = |field: &&PackageField| {
            field.token == token && field.access & STATIC != 0 && field.value.is_none()
        };
        self.fields.iter().find(fits)
    }

    /// The field of objects of a token.
    pub fn instance_field(&self, token: u8) -> Option<&PackageField> {
        self.fields.iter().find(|field| field.token == token && field.access & STATIC == 0)
    }
}

impl PackageMethod {
    /// Whether it is called without an object or makes one: both have tokens of one numbering.
    pub fn is_static(&self) -> bool {
        self.access & STATIC != 0 || self.name.as_ref() == "<init>"
    }
}

const STATIC: u16 = 0x0008;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_name_classes_and_methods_by_token() {
        let names = Names::built_in();
        let framework = names.package("A0000000620101".parse().unwrap()).unwrap();
        let applet = framework.class(3).unwrap();
        assert_eq!(applet.name.as_ref(), "javacard/framework/Applet");
        assert_eq!(applet.virtual_method(7).unwrap().name.as_ref(), "process");
        assert_eq!(applet.static_method(0).unwrap().name.as_ref(), "<init>");
        assert_eq!(applet.static_method(1).unwrap().name.as_ref(), "install");
    }
}
