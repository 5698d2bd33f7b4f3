//! Any text is a suite, or a list of problems that lie within the text; a suite that loads explains
//! each of its cases, and its values are read as the same when they are printed.
#![no_main]

use conformance::{Action, Expression, Rules, Suite};
use libfuzzer_sys::fuzz_target;
use purse::Language;

fuzz_target!(|bytes: &[u8]| {
    match Suite::parse_bytes(bytes, "fuzz.toml", &Rules::default()) {
        Ok(suite) => {
            for case in suite.cases.iter().take(50) {
                assert!(case.explain(Language::Chinese).contains(&case.base));
                for step in &case.steps {
                    let Action::Raw(value) = &step.action else { continue };
                    let printed = value.expression.to_string();
                    assert_eq!(Expression::parse(&printed).as_ref(), Ok(&value.expression));
                }
            }
        }
        Err(errors) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!(errors.problems().len() > 0);
            for problem in errors.problems() {
                assert!(problem.line.is_none_or(|line| line as usize <= lines), "{problem:?}");
                assert!(!problem.mend.is_empty());
            }
        }
    }
});
