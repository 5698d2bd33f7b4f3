//! From names to an export file.

use std::collections::HashMap;

use super::{
    ExportAttribute, ExportClass, ExportConstant, ExportField, ExportFile, ExportMethod, Package,
    PackageClass, PackageField, count,
};
use crate::cap::{FormatVersion, PackageInfo, TooLarge};

impl ExportFile {
    /// The file that says what a package offers, the inverse of [`Package::resolve`].
    ///
    /// The constants stand in the order in which the usual converter meets them: class by class its
    /// fields, its methods, itself, what it extends, what it implements; then the package, then the
    /// packages it refers to.
    ///
    /// # Errors
    /// More constants than an index counts.
    pub fn of(package: &Package, version: FormatVersion) -> Result<Self, TooLarge> {
        let mut constants = Constants::default();
        let classes = package.classes.iter().map(|class| constants.class(class));
        let classes = classes.collect::<Result<Vec<_>, _>>()?;
        let flags = u8::from(package.is_library);
        let this_package = constants.package(flags, &package.name, package.info)?;
        let referenced = if version >= FormatVersion::V2_3 { &*package.referenced } else { &[] };
        let referenced = referenced.iter().map(|one| constants.package(0, &one.name, one.info));
        let referenced_packages = referenced.collect::<Result<_, _>>()?;
        Ok(Self { version, constants: constants.list, this_package, referenced_packages, classes })
    }
}

/// Constants, each once.
#[derive(Default)]
struct Constants {
    list: Vec<ExportConstant>,
    indices: HashMap<ExportConstant, u16>,
}

impl Constants {
    fn index(&mut self, constant: ExportConstant) -> Result<u16, TooLarge> {
        if let Some(index) = self.indices.get(&constant) {
            return Ok(*index);
        }
        let index = count("index of a constant", self.list.len())?;
        self.list.push(constant.clone());
        self.indices.insert(constant, index);
        Ok(index)
    }

    fn text(&mut self, text: &str) -> Result<u16, TooLarge> {
        self.index(ExportConstant::Utf8(text.as_bytes().to_vec()))
    }

    fn name_of_class(&mut self, name: &str) -> Result<u16, TooLarge> {
        let name = self.text(name)?;
        self.index(ExportConstant::Class(name))
    }

    fn package(&mut self, flags: u8, name: &str, package: PackageInfo) -> Result<u16, TooLarge> {
        let name = self.text(name)?;
        self.index(ExportConstant::Package { flags, name, package })
    }

    fn class(&mut self, class: &PackageClass) -> Result<ExportClass, TooLarge> {
        let fields =
            class.fields.iter().map(|field| self.field(field)).collect::<Result<_, _>>()?;
        let methods = class.methods.iter().map(|method| {
            Ok(ExportMethod {
                token: method.token,
                access: method.access,
                name: self.text(&method.name)?,
                descriptor: self.text(&method.descriptor)?,
            })
        });
        let methods = methods.collect::<Result<_, _>>()?;
        let name = self.name_of_class(&class.name)?;
        let supers = class.supers.iter().map(|name| self.name_of_class(name));
        let supers = supers.collect::<Result<_, _>>()?;
        let interfaces = class.interfaces.iter().map(|name| self.name_of_class(name));
        let interfaces = interfaces.collect::<Result<_, _>>()?;
        Ok(ExportClass {
            token: class.token,
            access: class.access,
            name,
            supers,
            interfaces,
            fields,
            methods,
            inheritable_count: class.inheritable_count,
        })
    }

    fn field(&mut self, field: &PackageField) -> Result<ExportField, TooLarge> {
        let name = self.text(&field.name)?;
        let descriptor = self.text(&field.descriptor)?;
        let mut attributes = Vec::new();
        if let Some(value) = field.value {
            let name = self.text("ConstantValue")?;
            let value = self.index(ExportConstant::Integer(value))?;
            attributes.push(ExportAttribute { name, data: value.to_be_bytes().to_vec() });
        }
        Ok(ExportField { token: field.token, access: field.access, name, descriptor, attributes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The export files of the golden packages, made by the reference converter.
    fn reference_files() -> Vec<(String, Vec<u8>)> {
        let Some(golden) = std::env::var_os("PURSEKIT_GOLDEN") else {
            eprintln!("SKIPPED: PURSEKIT_GOLDEN does not name a folder with reference files");
            return Vec::new();
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(std::path::Path::new(&golden).join("expected")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let text = std::fs::read(&path).unwrap();
            let golden: serde_json::Value = serde_json::from_slice(&text).unwrap();
            for (kit, converted) in golden["kits"].as_object().into_iter().flatten() {
                if let Some(digits) = converted["exp"].as_str() {
                    let bytes = (0..digits.len()).step_by(2);
                    let bytes = bytes.map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
                    let name = format!("{} {kit}", path.display());
                    files.push((name, bytes.collect::<Result<_, _>>().unwrap()));
                }
            }
        }
        assert!(files.len() > 200, "only {} export files", files.len());
        files
    }

    #[test]
    fn the_names_of_a_reference_file_give_its_bytes_again() {
        for (name, bytes) in reference_files() {
            let file = ExportFile::read(&bytes, &name).unwrap();
            let package = Package::resolve(&file, &name).unwrap();
            let again = ExportFile::of(&package, file.version).unwrap();
            assert_eq!(again, file, "{name}");
            assert_eq!(again.to_bytes().unwrap(), bytes, "{name}");
        }
    }
}
