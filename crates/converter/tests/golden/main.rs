//! The converter against a reference: component by component, byte by byte.
//!
//! The reference data is not part of the repository; `PURSEKIT_GOLDEN` says where it is.
//! `PURSEKIT_GOLDEN_ONLY=package` or `package:target` looks at one and shows its first differences.

mod corpus;
mod difference;

use std::collections::BTreeMap;

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
                let first = difference::first(name, ours, bytes);
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

fn print_table(all: &[Compared]) {
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in Target::ALL {
        let (mut parts, mut identical, mut files, mut whole) = (0, 0, 0, 0);
        for one in all.iter().filter(|one| one.target == target) {
            identical += one.identical.len();
            parts += one.identical.len() + one.different.len();
            files += 1;
            whole += usize::from(one.different.is_empty());
            let names: Vec<&str> = one.different.iter().map(|(name, _)| name.as_str()).collect();
            let total = one.identical.len() + one.different.len();
            let cell = format!("{} {}/{total} {}", target.name(), one.identical.len(), names.join(","));
            rows.entry(&one.package).or_default().push(cell);
        }
        println!(
            "{}: {identical} of {parts} parts identical, {whole} of {files} packages wholly",
            target.name(),
        );
    }
    for (package, cells) in rows {
        println!("{package:12} {}", cells.join(" | "));
    }
}
