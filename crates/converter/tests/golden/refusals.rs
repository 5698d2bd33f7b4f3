//! Packages that the reference refuses.

use crate::corpus::{Corpus, Refusal};

/// The reference makes code of it that its own verifier refuses; ours verifies.
const CONVERTS: &str = "ternaryint";

#[test]
fn packages_are_refused_at_the_same_lines() {
    let Some(corpus) = Corpus::find() else { return };
    let refusals = corpus.refusals();
    let wrong: Vec<String> =
        refusals.iter().filter_map(|refusal| differs(&corpus, refusal)).collect();
    let refused = refusals.len() - wrong.len() - 1;
    println!(
        "{refused} of {} packages refused at the reference's lines; {CONVERTS} converts",
        refusals.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differs(corpus: &Corpus, refusal: &Refusal) -> Option<String> {
    let name = &refusal.name;
    match corpus.convert(&refusal.request) {
        Ok(_) if name == CONVERTS => None,
        Ok(_) => Some(format!("{name} converts, the reference says {:?}", refusal.messages)),
        Err(errors) => {
            let ours: Vec<u16> = errors.0.iter().filter_map(|said| said.line).collect();
            let missing: Vec<&u16> =
                refusal.lines.iter().filter(|line| !ours.contains(line)).collect();
            let text = format!(
                "{name}: nothing is said of lines {missing:?}, where the reference says {:?}; but {errors}",
                refusal.messages,
            );
            (name == CONVERTS || !missing.is_empty()).then_some(text)
        }
    }
}
