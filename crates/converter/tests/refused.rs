//! Packages that have what Java Card has not are refused, and everything that is wrong is said at
//! once, in words that are kept beside the packages.

mod fixtures;

use converter::Target;

#[test]
fn packages_are_refused_for_the_stated_reason() {
    let mut wrong = Vec::new();
    for package in fixtures::packages("refused") {
        let said = match package.convert(Target::Jc305, None, &[]) {
            Ok(_) => "converted\n".to_owned(),
            Err(errors) => format!("{errors}\n"),
        };
        if !fixtures::is_kept(&package.folder.join("said.txt"), &said) {
            wrong.push(package.name);
        }
    }
    assert!(wrong.is_empty(), "other words for {}", wrong.join(", "));
}
