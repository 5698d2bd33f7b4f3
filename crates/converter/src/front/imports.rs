//! Export files, found by names.

use std::collections::HashMap;

use capfile::class::access;
use capfile::export::{ExportFile, Package, PackageClass, PackageMethod};

use crate::diagnostic::{Place, Sink};

/// A class of an imported package: index of the package, index of the class in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct External {
    pub(crate) package: usize,
    pub(crate) class: usize,
}

/// The packages that may be imported.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    packages: Vec<Package>,
    by_name: HashMap<String, usize>,
    classes: HashMap<String, External>,
}

impl Imports {
    /// Reads the names out of export files; of two files of one package the first counts, and an
    /// older one of the package itself does not.
    pub(crate) fn new(files: &[ExportFile], own: &str, sink: &mut Sink) -> Self {
        let mut imports = Self::default();
        for file in files {
            let package = match Package::resolve(file, "among the imports") {
                Ok(package) => package,
                Err(malformed) => {
                    let place = Place { construct: "imports".to_owned(), ..Place::default() };
                    sink.error(&place, malformed.to_string(), "Get the export file again.");
                    continue;
                }
            };
            if &*package.name == own || imports.by_name.contains_key(&*package.name) {
                continue;
            }
            let index = imports.packages.len();
            imports.by_name.insert(package.name.to_string(), index);
            for (class, exported) in package.classes.iter().enumerate() {
                let external = External { package: index, class };
                imports.classes.insert(exported.name.to_string(), external);
            }
            imports.packages.push(package);
        }
        imports
    }

    pub(crate) fn get(&self, package: usize) -> Option<&Package> {
        self.packages.get(package)
    }

    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    pub(crate) fn package(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn find(&self, class: &str) -> Option<External> {
        self.classes.get(class).copied()
    }

    pub(crate) fn class(&self, external: External) -> Option<&PackageClass> {
        self.packages.get(external.package)?.classes.get(external.class)
    }
}

/// What is asked of an exported class.
pub(crate) trait Exported {
    fn is_interface(&self) -> bool;
    fn method(&self, name: &str, descriptor: &str) -> Option<&PackageMethod>;
    /// Methods with a virtual token (or an interface's), in token order.
    fn virtual_methods(&self) -> Vec<&PackageMethod>;
}

impl Exported for PackageClass {
    fn is_interface(&self) -> bool {
        self.access & access::INTERFACE != 0
    }

    fn method(&self, name: &str, descriptor: &str) -> Option<&PackageMethod> {
        self.methods
            .iter()
            .find(|method| &*method.name == name && &*method.descriptor == descriptor)
    }

    fn virtual_methods(&self) -> Vec<&PackageMethod> {
        let mut methods: Vec<_> = self.methods.iter().filter(|method| is_virtual(method)).collect();
        methods.sort_by_key(|method| method.token);
        methods
    }
}

/// Whether a member of an export file is a method called by its object's class.
fn is_virtual(method: &PackageMethod) -> bool {
    method.access & access::STATIC == 0 && &*method.name != "<init>"
}
