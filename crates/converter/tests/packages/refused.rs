//! Packages that have what Java Card has not are refused, and everything that is wrong is said at
//! once, in words that are kept beside the packages.

use converter::{Severity, Target};

use crate::fixtures;

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

#[test]
fn every_error_says_what_to_do_and_where() {
    for package in fixtures::packages("refused") {
        let Err(errors) = package.convert(Target::Jc305, None, &[]) else {
            // Refused by others only, since their code does not verify.
            assert_eq!(package.name, "ternaryint");
            continue;
        };
        assert!(errors.0.iter().any(|said| said.severity == Severity::Error), "{errors}");
        for said in &errors.0 {
            assert!(!said.construct.is_empty() && said.hint.is_some(), "{}: {said}", package.name);
        }
    }
}

#[test]
fn all_targets_refuse_alike() {
    for package in fixtures::packages("refused") {
        let said: Vec<String> = Target::ALL
            .into_iter()
            .map(|target| match package.convert(target, None, &[]) {
                Ok(_) => String::new(),
                Err(errors) => errors.to_string(),
            })
            .collect();
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{}: {said:#?}", package.name);
    }
}
