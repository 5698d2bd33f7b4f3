//! The converter against a reference: component by component, byte by byte.
//!
//! The reference data is not part of the repository; `PURSEKIT_GOLDEN` says where it is.
//! `PURSEKIT_GOLDEN_ONLY=package` or `package:target` looks at one, and writes both results as text.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod corpus;
mod difference;
mod refusals;

use std::collections::BTreeMap;

use capfile::export::Package;
use capfile::verify::{Context, verify};
use converter::Target;
use corpus::{Corpus, Reference};

/// Components of one conversion, compared.
struct Compared {
    package: String,
    target: Target,
    /// Names of the parts that are identical.
    identical: Vec<String>,
    /// Parts that differ, and the first difference.
    different: Vec<(String, String)>,
}

#[test]
fn components_are_those_of_the_reference() {
    let Some(corpus) = Corpus::find() else { return };
    let only = std::env::var("PURSEKIT_GOLDEN_ONLY").unwrap_or_default();
    let mut all = Vec::new();
    for reference in corpus.references() {
        let wanted = only.is_empty()
            || only == reference.name
            || only == format!("{}:{}", reference.name, reference.target.name());
        if wanted {
            all.push(compare(&corpus, &reference, !only.is_empty()));
        }
    }
    print_table(&all);
    let different: Vec<String> = all
        .iter()
        .flat_map(|one| {
            one.different.iter().map(|(part, first)| {
                format!("{} {} {part}: {first}", one.package, one.target.name())
            })
        })
        .collect();
    assert!(different.is_empty(), "{} parts differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn small_code_verifies_and_is_no_larger() {
    let Some(corpus) = Corpus::find() else { return };
    let (mut usual, mut small) = (0, 0);
    for mut reference in corpus.references() {
        reference.options.optimize = true;
        let converted = corpus.convert(&reference).unwrap();
        let exports: Vec<Package> = corpus
            .imports(&reference)
            .iter()
            .chain([&converted.export])
            .map(|file| Package::resolve(file, &reference.name).unwrap())
            .collect();
        let context = Context { exports: &exports, ..Context::default() };
        let name = format!("{} {}", reference.name, reference.target.name());
        if let Err(refusals) = verify(&converted.cap, &context) {
            let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            panic!("{name}: {}", refusals.join("\n"));
        }
        let ours: usize = converted.components.iter().map(|(_, bytes)| bytes.len()).sum();
        let theirs: usize = reference.components.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(ours <= theirs, "{name}: {ours} bytes, the reference has {theirs}");
        usual += theirs;
        small += ours;
    }
    println!("small code: {small} bytes, usual: {usual}");
}

fn compare(corpus: &Corpus, reference: &Reference, verbose: bool) -> Compared {
    let mut compared = Compared {
        package: reference.name.clone(),
        target: reference.target,
        identical: Vec::new(),
        different: Vec::new(),
    };
    let converted = match corpus.convert(reference) {
        Ok(converted) => converted,
        Err(errors) => {
            let text = errors.to_string();
            for (name, _) in &reference.components {
                compared.different.push((name.clone(), "refused".to_owned()));
            }
            compared.different.push(("export file".to_owned(), text));
            return compared;
        }
    };
    for (name, bytes) in &reference.components {
        let ours = converted.components.iter().find(|(known, _)| known == name);
        match ours {
            Some((_, ours)) if ours == bytes => compared.identical.push(name.clone()),
            Some((_, ours)) => {
                let first = difference::bytes(ours, bytes);
                compared.different.push((name.clone(), first));
            }
            None => compared.different.push((name.clone(), "is missing".to_owned())),
        }
    }
    for (name, _) in &converted.components {
        if !reference.components.iter().any(|(known, _)| known == name) {
            compared.different.push(((*name).to_owned(), "is not in the reference".to_owned()));
        }
    }
    if converted.export_bytes == reference.export {
        compared.identical.push("export file".to_owned());
    } else {
        let first = difference::bytes(&converted.export_bytes, &reference.export);
        compared.different.push(("export file".to_owned(), first));
    }
    if verbose && !compared.different.is_empty() {
        difference::show(reference, &converted);
    }
    compared
}

/// Packages by targets: how many parts are identical, of how many.
fn print_table(all: &[Compared]) {
    let mut rows: BTreeMap<&str, [String; 5]> = BTreeMap::new();
    for one in all {
        let total = one.identical.len() + one.different.len();
        let column = Target::ALL.iter().position(|target| *target == one.target).unwrap();
        rows.entry(&one.package).or_default()[column] = format!("{}/{total}", one.identical.len());
    }
    let line = |name: &str, cells: &[String; 5]| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>9}")).collect();
        println!("{name:14}{cells}");
    };
    line("identical", &Target::ALL.map(|target| target.name().to_owned()));
    for (package, cells) in &rows {
        line(package, cells);
    }
    let sums = |of: &dyn Fn(&Compared) -> (usize, usize)| {
        Target::ALL.map(|target| {
            let ones = all.iter().filter(|one| one.target == target).map(of);
            let (some, whole) = ones.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            format!("{some}/{whole}")
        })
    };
    line(
        "all parts",
        &sums(&|one| (one.identical.len(), one.identical.len() + one.different.len())),
    );
    line("all packages", &sums(&|one| (usize::from(one.different.is_empty()), 1)));
}
