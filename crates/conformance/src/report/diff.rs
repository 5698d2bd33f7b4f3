//! Expected and actual bytes beside each other.

use crate::Finding;

/// Bytes that must be and bytes that were, by offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    cells: Vec<Cell>,
}

/// What must be and what was at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Offset, from 0.
    pub offset: usize,
    /// What must be; `Some(None)` is any byte, `None` is none.
    pub expected: Option<Option<u8>>,
    /// What was; `None` is none.
    pub actual: Option<u8>,
}

/// A row of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'d> {
    /// Up to [`Diff::WIDTH`] bytes.
    Bytes(&'d [Cell]),
    /// This many rows without a difference.
    Alike(usize),
    /// This many more rows, which are too many to show.
    More(usize),
}

impl Cell {
    /// Whether what was is not what must be.
    pub fn differs(&self) -> bool {
        match (self.expected, self.actual) {
            (Some(Some(expected)), Some(actual)) => expected != actual,
            (Some(None), Some(_)) => false,
            _ => true,
        }
    }

    /// What must be, in two characters: `··` is any byte, `--` none.
    pub fn expected_text(&self) -> String {
        match self.expected {
            Some(Some(byte)) => format!("{byte:02X}"),
            Some(None) => "··".to_owned(),
            None => "--".to_owned(),
        }
    }

    /// What was, in two characters: `--` is none.
    pub fn actual_text(&self) -> String {
        self.actual.map_or_else(|| "--".to_owned(), |byte| format!("{byte:02X}"))
    }
}

impl Diff {
    /// Bytes in a row.
    pub const WIDTH: usize = 16;

    /// Rows that are shown at most.
    const ROWS: usize = 64;

    /// Byte by byte.
    pub fn new(expected: &[Option<u8>], actual: &[u8]) -> Self {
        let cell = |offset| Cell {
            offset,
            expected: expected.get(offset).copied(),
            actual: actual.get(offset).copied(),
        };
        Self { cells: (0..expected.len().max(actual.len())).map(cell).collect() }
    }

    /// Of a finding, where it is about bytes.
    pub fn of(finding: &Finding) -> Option<Self> {
        finding.bytes.as_ref().map(|(expected, actual)| Self::new(expected, actual))
    }

    /// Every offset, in order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Offsets that differ.
    pub fn differing(&self) -> impl Iterator<Item = usize> {
        self.cells.iter().filter(|cell| cell.differs()).map(|cell| cell.offset)
    }

    /// Rows to show: those that differ with one beside them, a bounded number of them. A diff of
    /// one row is shown whole.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let chunks: Vec<&[Cell]> = self.cells.chunks(Self::WIDTH).collect();
        let differs =
            |index: usize| chunks.get(index).is_some_and(|row| row.iter().any(Cell::differs));
        let near = |index: usize| {
            chunks.len() == 1
                || differs(index)
                || differs(index + 1)
                || index.checked_sub(1).is_some_and(differs)
        };
        let mut rows = Vec::new();
        let mut shown = 0;
        for (index, chunk) in chunks.iter().enumerate() {
            if shown == Self::ROWS {
                rows.push(Row::More(chunks.len() - index));
                break;
            }
            if near(index) {
                shown += 1;
                rows.push(Row::Bytes(chunk));
            } else if let Some(Row::Alike(count)) = rows.last_mut() {
                *count += 1;
            } else {
                rows.push(Row::Alike(1));
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn exactly_the_bytes_that_differ_are_marked(
            pairs in vec((any::<Option<u8>>(), any::<u8>()), 0..600),
            longer in vec(any::<u8>(), 0..40),
            extra_is_expected in any::<bool>(),
        ) {
            let mut expected: Vec<Option<u8>> = pairs.iter().map(|(expected, _)| *expected).collect();
            let mut actual: Vec<u8> = pairs.iter().map(|(_, actual)| *actual).collect();
            let wrong = pairs.iter().enumerate();
            let wrong = wrong.filter(|(_, (expected, actual))| expected.is_some_and(|e| e != *actual));
            let mut wrong: Vec<usize> = wrong.map(|(offset, _)| offset).collect();
            wrong.extend(pairs.len()..pairs.len() + longer.len());
            if extra_is_expected {
                expected.extend(longer.iter().copied().map(Some));
            } else {
                actual.extend(&longer);
            }
            let diff = Diff::new(&expected, &actual);
            prop_assert_eq!(diff.differing().collect::<Vec<_>>(), wrong);
        }

        #[test]
        fn rows_hold_every_difference_in_its_place_and_count_the_rest(
            wrong in vec(0_usize..4_000, 0..6),
            length in 1_usize..4_000,
        ) {
            let expected = vec![Some(0); length];
            let mut actual = vec![0; length];
            for at in wrong.into_iter().filter(|at| *at < length) {
                actual[at] = 1;
            }
            let diff = Diff::new(&expected, &actual);
            let (mut rows, mut seen) = (0, Vec::new());
            for row in diff.rows() {
                match row {
                    Row::Bytes(cells) => {
                        prop_assert_eq!(cells.first().map(|cell| cell.offset), Some(rows * Diff::WIDTH));
                        seen.extend(cells.iter().filter(|c| c.differs()).map(|c| c.offset));
                        rows += 1;
                    }
                    Row::Alike(count) | Row::More(count) => rows += count,
                }
            }
            prop_assert_eq!(rows, length.div_ceil(Diff::WIDTH));
            prop_assert_eq!(seen, diff.differing().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_free_byte_is_never_a_difference_and_a_missing_one_always_is() {
        let diff = Diff::new(&[Some(0x61), None, None], &[0x61, 0x07]);
        assert_eq!(diff.differing().collect::<Vec<_>>(), [2]);
        let shown: Vec<_> =
            diff.cells().iter().map(|c| (c.expected_text(), c.actual_text())).collect();
        let shown: Vec<_> = shown.iter().map(|(e, a)| (e.as_str(), a.as_str())).collect();
        assert_eq!(shown, [("61", "61"), ("··", "07"), ("··", "--")]);
    }

    #[test]
    fn a_diff_of_many_rows_is_cut() {
        let rows = Diff::new(&[], &[0xFF; 65_536]);
        let rows = rows.rows();
        assert_eq!(rows.len(), 65);
        assert_eq!(rows.last(), Some(&Row::More(65_536 / 16 - 64)));
    }
}
