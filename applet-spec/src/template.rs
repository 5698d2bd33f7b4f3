//! Bytes with holes: file contents and diversification factors that depend on the card's serial.

/// Hexadecimal text with placeholders: `{serial}` (the 8-byte diversification input) and
/// `{public:A..B}` (bytes A to B of the application's public file 15, decimal, B excluded).
/// Two shorthands stand for plain bytes: `'text'` (ASCII) and `{FF*12}` (a byte, repeated).
/// Blanks between bytes are free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// The 8-byte serial.
    Serial,
    /// A range of the public file.
    Public(u8, u8),
}

/// Why a text is not a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Not a hexadecimal digit, blank, quote or brace.
    #[error("{0:?} is not a hexadecimal digit")]
    Digit(char),
    /// A byte of one digit.
    #[error("{0:?} has an odd number of hexadecimal digits")]
    Odd(String),
    /// A quote or brace without its end.
    #[error("{0:?} has no end")]
    Open(char),
    /// Text that is not printable ASCII.
    #[error("{0:?} is not ASCII")]
    NotAscii(String),
    /// Something else in braces.
    #[error("{{{0}}} is no placeholder")]
    Placeholder(String),
    /// More bytes than any file can have.
    #[error("it has more than {} bytes", Template::LONGEST)]
    TooLong,
}

impl TemplateError {
    /// What to do about it.
    pub const fn mend(&self) -> &'static str {
        match self {
            Self::Digit(_) => "write bytes as hexadecimal digits 0 to 9 and A to F, text as 'text'",
            Self::Odd(_) => "write two digits for each byte, such as 0A",
            Self::Open(_) => "close every ' with ' and every { with }",
            Self::NotAscii(_) => "write these characters as hexadecimal bytes",
            Self::Placeholder(_) => "write {serial}, {public:0..8} or {FF*12}",
            Self::TooLong => "make it shorter; a whole card has 32 KiB",
        }
    }
}

impl Template {
    /// Most bytes a template may have.
    pub const LONGEST: usize = 32 * 1024;

    /// Most repetitions in `{FF*n}`.
    pub const LONGEST_RUN: usize = 4096;

    /// Reads the text form.
    ///
    /// # Errors
    /// [`TemplateError`] for the first thing that is not understood.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (part, after) = match first {
                '\'' => quoted(rest)?,
                '{' => braced(rest)?,
                _ => digits(rest)?,
            };
            match (parts.last_mut(), part) {
                (Some(Part::Bytes(bytes)), Part::Bytes(more)) => bytes.extend(more),
                (_, part) => parts.push(part),
            }
            rest = after.trim_start();
            if parts.iter().map(Part::length).sum::<usize>() > Self::LONGEST {
                return Err(TemplateError::TooLong);
            }
        }
        Ok(Self { parts })
    }

    /// A template without holes.
    pub fn of_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { parts: vec![Part::Bytes(bytes.into())] }
    }

    /// The bytes, where there are no holes.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => out.extend_from_slice(bytes),
                Part::Serial | Part::Public(..) => return None,
            }
        }
        Some(out)
    }

    /// The largest end of any `{public:A..B}`, where there is one.
    pub fn public_end(&self) -> Option<u8> {
        self.parts
            .iter()
            .filter_map(|part| if let Part::Public(_, end) = part { Some(*end) } else { None })
            .max()
    }

    /// The same, with `filler` behind it until it is `length` bytes long.
    #[must_use]
    pub fn padded(mut self, length: usize, filler: u8) -> Self {
        let missing = length.saturating_sub(self.length());
        if missing > 0 {
            let padding = vec![filler; missing];
            match self.parts.last_mut() {
                Some(Part::Bytes(bytes)) => bytes.extend(padding),
                _ => self.parts.push(Part::Bytes(padding)),
            }
        }
        self
    }

    /// Length in bytes once filled in.
    pub fn length(&self) -> usize {
        self.parts.iter().map(Part::length).sum()
    }

    /// Where the serial starts, where there is one.
    pub fn serial_offset(&self) -> Option<usize> {
        let at = self.parts.iter().position(|part| *part == Part::Serial)?;
        Some(self.parts.iter().take(at).map(Part::length).sum())
    }

    /// Fills the holes. `public` is the content of file 15 (empty while that file itself is made);
    /// bytes beyond its end are FF.
    pub fn fill(&self, serial: &[u8; 8], public: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.length());
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => out.extend_from_slice(bytes),
                Part::Serial => out.extend_from_slice(serial),
                Part::Public(from, to) => out.extend(
                    (*from..*to).map(|at| public.get(usize::from(at)).copied().unwrap_or(0xFF)),
                ),
            }
        }
        out
    }
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Serial => 8,
            Self::Public(from, to) => usize::from(to.saturating_sub(*from)),
        }
    }
}

/// `'text'`
fn quoted(text: &str) -> Result<(Part, &str), TemplateError> {
    let (inner, after) =
        text.get(1..).and_then(|text| text.split_once('\'')).ok_or(TemplateError::Open('\''))?;
    if !inner.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
        return Err(TemplateError::NotAscii(excerpt(inner)));
    }
    Ok((Part::Bytes(inner.as_bytes().to_vec()), after))
}

/// `{serial}`, `{public:A..B}` or `{FF*12}`
fn braced(text: &str) -> Result<(Part, &str), TemplateError> {
    let (inner, after) =
        text.get(1..).and_then(|text| text.split_once('}')).ok_or(TemplateError::Open('{'))?;
    let unknown = || TemplateError::Placeholder(excerpt(inner));
    if inner == "serial" {
        return Ok((Part::Serial, after));
    }
    if let Some(range) = inner.strip_prefix("public:") {
        let (from, to) = range.split_once("..").ok_or_else(unknown)?;
        let from = from.parse::<u8>().map_err(|_| unknown())?;
        let to = to.parse::<u8>().map_err(|_| unknown())?;
        return if from < to { Ok((Part::Public(from, to), after)) } else { Err(unknown()) };
    }
    let (byte, times) = inner.split_once('*').ok_or_else(unknown)?;
    let byte = hex::decode(byte.trim()).map_err(|_| unknown())?;
    let times = times.trim().parse::<usize>().map_err(|_| unknown())?;
    match byte.as_slice() {
        [_] if times > Template::LONGEST_RUN => Err(TemplateError::TooLong),
        [byte] => Ok((Part::Bytes(vec![*byte; times]), after)),
        _ => Err(unknown()),
    }
}

/// Hexadecimal digits up to the next blank, quote or brace.
fn digits(text: &str) -> Result<(Part, &str), TemplateError> {
    let end = text.find(|c: char| c.is_whitespace() || c == '\'' || c == '{').unwrap_or(text.len());
    let (run, after) = text.split_at(end);
    if let Some(other) = run.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(TemplateError::Digit(other));
    }
    match hex::decode(run) {
        Ok(bytes) => Ok((Part::Bytes(bytes), after)),
        Err(_) => Err(TemplateError::Odd(excerpt(run))),
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(32).collect()
}
