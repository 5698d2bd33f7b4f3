//! Everything wrong with suite files, at once, each with the line that it stands in.

use std::fmt;
use std::sync::Arc;

use applet_spec::Problem;
use applet_spec::text::MAX_TEXT;
use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// Everything wrong with suite files, in the order of the texts. Never empty.
#[derive(Clone, Debug, thiserror::Error)]
pub struct SuiteErrors {
    mistakes: Vec<Mistake>,
}

/// One thing wrong, with the text that it stands in: what `miette` draws a caret under.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{}{}", Whose(problem, place.is_some()), Key(&problem.key), problem.message)]
pub struct Mistake {
    problem: Problem,
    place: Option<(Arc<NamedSource<String>>, SourceSpan)>,
}

impl SuiteErrors {
    /// The problems, each with the text named as its origin where that is at hand.
    pub(crate) fn new(mut problems: Vec<Problem>, texts: &[(&str, &str)]) -> Self {
        problems.sort_by(|a, b| {
            (&a.origin, a.line, a.column, &a.key).cmp(&(&b.origin, b.line, b.column, &b.key))
        });
        let sources: Vec<(&str, Arc<NamedSource<String>>)> = texts
            .iter()
            .map(|(origin, text)| (*origin, Arc::new(NamedSource::new(origin, (*text).to_owned()))))
            .collect();
        let mistake = |problem: Problem| {
            let source = sources.iter().find(|(origin, _)| *origin == problem.origin);
            let place = source.and_then(|(_, source)| {
                Some((source.clone(), span(source.inner(), problem.line?, problem.column?)))
            });
            Mistake { problem, place }
        };
        let mut mistakes: Vec<Mistake> = problems.into_iter().map(mistake).collect();
        if mistakes.is_empty() {
            mistakes.push(Mistake {
                problem: of_file(
                    "this program",
                    "the text was refused without a reason",
                    "this is a bug, please report it with the file",
                ),
                place: None,
            });
        }
        Self { mistakes }
    }

    /// Something wrong with a file as a whole.
    pub fn of_file(origin: &str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mistakes: vec![Mistake { problem: of_file(origin, message, mend), place: None }] }
    }

    /// What is wrong, in the order of the texts.
    pub fn problems(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.mistakes.iter().map(|mistake| &mistake.problem)
    }

    /// The same, each with the text that it stands in.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// What is wrong here, and there.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.mistakes.extend(other.mistakes);
        self
    }
}

impl Mistake {
    /// What it is.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// The text of bytes.
///
/// # Errors
/// They are too many, or not UTF-8.
pub(super) fn decode<'b>(bytes: &'b [u8], origin: &str) -> Result<&'b str, SuiteErrors> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        if bytes.len() > MAX_TEXT {
            return SuiteErrors::of_file(origin, "not a text", "this is no suite");
        }
        let before = String::from_utf8_lossy(good).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let problem = Problem {
            line: u32::try_from(line).ok(),
            column: u32::try_from(column).ok(),
            ..of_file(
                origin,
                "not UTF-8 from here on",
                "save the file as UTF-8 (an editor may have used GBK)",
            )
        };
        SuiteErrors::new(vec![problem], &[(origin, &before)])
    })
}

fn of_file(origin: &str, message: impl Into<String>, mend: impl Into<String>) -> Problem {
    Problem {
        origin: origin.to_owned(),
        line: None,
        column: None,
        key: String::new(),
        message: message.into(),
        mend: mend.into(),
    }
}

/// The word, number or quoted text that begins at a line and column.
fn span(text: &str, line: u32, column: u32) -> SourceSpan {
    let start = if line <= 1 {
        0
    } else {
        let breaks = text.match_indices('\n');
        breaks.map(|(at, _)| at + 1).nth(line as usize - 2).unwrap_or(text.len())
    };
    let rest = text.get(start..).unwrap_or_default();
    let before: usize =
        rest.chars().take((column as usize).saturating_sub(1)).map(char::len_utf8).sum();
    let here = rest.get(before..).unwrap_or_default();
    let here = here.lines().next().unwrap_or_default();
    let length = match here.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let body = here.get(1..).unwrap_or_default();
            body.find(quote).map_or(here.len(), |end| end + 2)
        }
        Some(c) => {
            let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$' | '@');
            here.find(|c| !word(c)).unwrap_or(here.len()).max(c.len_utf8())
        }
        None => 0,
    };
    (start + before, length).into()
}

/// The key before a message, where there is one.
/// The file, where its text is not drawn.
struct Whose<'p>(&'p Problem, bool);

impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 { Ok(()) } else { write!(f, "{}: ", self.0.origin) }
    }
}

struct Key<'k>(&'k str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

impl Diagnostic for Mistake {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(&self.problem.mend))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|(source, _)| source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.place.as_ref()?;
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), *span);
        Some(Box::new(std::iter::once(label)))
    }
}

impl Diagnostic for SuiteErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.mistakes.iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

impl fmt::Display for SuiteErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
