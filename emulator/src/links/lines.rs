//! Lines from strangers, within bounds.

use std::collections::VecDeque;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Its bytes, without LF or CRLF.
    Text(Vec<u8>),
    /// It was longer than the limit; the rest of it is skipped.
    TooLong,
}

/// Puts lines together from whatever pieces arrive; holds no more of a line than the limit.
#[derive(Debug)]
pub struct LineReader {
    limit: usize,
    current: Vec<u8>,
    skipping: bool,
    ready: VecDeque<Line>,
}

impl LineReader {
    /// For lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, current: Vec::new(), skipping: false, ready: VecDeque::new() }
    }

    /// Takes bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = match piece {
                [text @ .., b'\n'] => (text, true),
                text => (text, false),
            };
            if !self.skipping {
                // One more than the limit: the CR of CRLF.
                let room = (self.limit + 1).saturating_sub(self.current.len());
                self.skipping = text.len() > room;
                self.current.extend_from_slice(text.get(..room).unwrap_or(text));
                if self.skipping {
                    self.current = Vec::new();
                    self.ready.push_back(Line::TooLong);
                }
            }
            if ended {
                self.end();
            }
        }
    }

    /// The next whole line.
    pub fn next_line(&mut self) -> Option<Line> {
        self.ready.pop_front()
    }

    /// The input has ended: a last line without LF is a line.
    pub fn finish(&mut self) {
        if !self.current.is_empty() {
            self.end();
        }
    }

    fn end(&mut self) {
        let mut text = std::mem::take(&mut self.current);
        if std::mem::take(&mut self.skipping) {
            return;
        }
        text.pop_if(|last| *last == b'\r');
        let line = if text.len() > self.limit { Line::TooLong } else { Line::Text(text) };
        self.ready.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(limit: usize, chunks: &[&[u8]]) -> Vec<Line> {
        let mut reader = LineReader::new(limit);
        for chunk in chunks {
            reader.push(chunk);
            assert!(reader.current.len() <= limit + 1);
        }
        reader.finish();
        std::iter::from_fn(|| reader.next_line()).collect()
    }

    #[test]
    fn lf_crlf_and_a_last_line_without_either_are_lines() {
        let text = |text: &str| Line::Text(text.as_bytes().to_vec());
        let expected = [text("a"), text("b"), text(""), text("c")];
        assert_eq!(read(9, &[b"a\nb\r\n", b"\n", b"c"]), expected);
    }

    #[test]
    fn a_line_over_the_limit_is_refused_and_the_next_one_is_read() {
        let text = |text: &str| Line::Text(text.as_bytes().to_vec());
        assert_eq!(
            read(3, &[b"123\r\n12", b"34\n123456789\nok\n"]),
            [text("123"), Line::TooLong, Line::TooLong, text("ok")]
        );
    }

    proptest! {
        #[test]
        fn lines_come_out_the_same_however_they_are_cut(
            input in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            limit in 0_usize..20,
            cut in 1_usize..30,
        ) {
            let whole = read(limit, &[&input]);
            prop_assert_eq!(read(limit, &input.chunks(cut).collect::<Vec<_>>()), whole);
        }
    }
}
