//! Method component (7): exception handlers and bytecode.

use super::TooLarge;
use super::frame::{Format, Tag, close, count, open};
use crate::bytes::{Cursor, Sink};
use crate::{Malformed, Part, Problem};

static PART: Part = Part::Component("Method");

/// The Method component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methods {
    /// The blocks; one in the compact form. Offsets of methods count from the start of theirs.
    pub blocks: Vec<MethodBlock>,
}

/// Handlers, then methods back to back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodBlock {
    /// The exception handlers of all methods.
    pub handlers: Vec<ExceptionHandler>,
    /// The methods: header and bytecode of each. How long each one is, is said by the Descriptor
    /// component only.
    pub methods: Vec<u8>,
}

/// An exception handler. Offsets count from the start of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExceptionHandler {
    /// First byte that is covered.
    pub start: u16,
    /// Bytes that are covered (15 bits).
    pub length: u16,
    /// Whether no later handler of the method covers this range.
    pub stop: bool,
    /// Where the handler stands.
    pub handler: u16,
    /// The class in the constant pool that is caught; 0 means any.
    pub catch_type: u16,
}

/// What stands before the bytecode of a method. Numbers are in words of 16 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodHeader {
    /// Flags (4 bits): see the constants; other bits are kept.
    pub flags: u8,
    /// Deepest stack.
    pub max_stack: u8,
    /// Arguments, with the object.
    pub arguments: u8,
    /// Local variables besides the arguments.
    pub max_locals: u8,
}

impl MethodHeader {
    /// The header has 4 bytes, not 2.
    pub const EXTENDED: u8 = 8;
    /// There is no bytecode.
    pub const ABSTRACT: u8 = 4;

    /// A header in its shortest form.
    pub fn new(max_stack: u8, arguments: u8, max_locals: u8) -> Self {
        let long = [max_stack, arguments, max_locals].iter().any(|words| *words > 15);
        Self { flags: if long { Self::EXTENDED } else { 0 }, max_stack, arguments, max_locals }
    }

    /// Bytes of it.
    pub fn length(&self) -> u8 {
        if self.flags & Self::EXTENDED == 0 { 2 } else { 4 }
    }

    /// Reads it.
    ///
    /// # Errors
    /// The bytes end.
    pub fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let first = from.u1("method header")?;
        let flags = first >> 4;
        if flags & Self::EXTENDED == 0 {
            let second = from.u1("method header")?;
            let (arguments, max_locals) = (second >> 4, second & 15);
            return Ok(Self { flags, max_stack: first & 15, arguments, max_locals });
        }
        let [max_stack, arguments, max_locals] = from.array("method header")?;
        Ok(Self { flags, max_stack, arguments, max_locals })
    }

    /// Its bytes. In the short form numbers above 15 lose their upper bits; [`Self::new`] chooses the
    /// form that holds them.
    pub fn to_bytes(self) -> Vec<u8> {
        if self.flags & Self::EXTENDED == 0 {
            let low = |words: u8| words & 15;
            vec![
                self.flags << 4 | low(self.max_stack),
                low(self.arguments) << 4 | low(self.max_locals),
            ]
        } else {
            vec![self.flags << 4, self.max_stack, self.arguments, self.max_locals]
        }
    }
}

impl ExceptionHandler {
    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let start = from.u2("start of a handler's range")?;
        let bits = from.u2("length of a handler's range")?;
        Ok(Self {
            start,
            length: bits & 0x7FFF,
            stop: bits & 0x8000 != 0,
            handler: from.u2("offset of a handler")?,
            catch_type: from.u2("catch type of a handler")?,
        })
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.u2(self.start);
        to.u2(self.length & 0x7FFF | if self.stop { 0x8000 } else { 0 });
        to.u2(self.handler);
        to.u2(self.catch_type);
    }
}

impl MethodBlock {
    /// Offset of the first method.
    pub fn first_method(&self) -> usize {
        self.handlers.len().saturating_mul(8).saturating_add(1)
    }

    /// All from a method's offset on: its header, its bytecode and what follows. None if no method
    /// can stand there.
    pub fn from_offset(&self, offset: u16) -> Option<&[u8]> {
        let start = usize::from(offset).checked_sub(self.first_method())?;
        self.methods.get(start..).filter(|rest| !rest.is_empty())
    }

    /// Header and bytecode of a method whose bytecode has `length` bytes.
    ///
    /// # Errors
    /// No method of that length stands there; offsets in the error count from the component's tag,
    /// where `base` is the offset of the block.
    pub fn method(
        &self,
        offset: u16,
        length: u16,
        base: usize,
    ) -> Result<(MethodHeader, &[u8]), Malformed> {
        let at = base.saturating_add(offset.into());
        let Some(rest) = self.from_offset(offset) else {
            let limit = self.first_method().saturating_add(self.methods.len());
            return Err(Malformed {
                part: PART.clone(),
                offset: at,
                problem: Problem::Value {
                    what: "method offset",
                    found: offset.to_string(),
                    expected: format!("{} to {}", self.first_method(), limit.saturating_sub(1)),
                },
            });
        };
        let mut from = Cursor::starting_at(&PART, rest, at);
        let header = MethodHeader::read(&mut from)?;
        let code = from.take(length.into(), "bytecode")?;
        Ok((header, code))
    }

    fn read(from: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let handlers = from.u1("number of handlers")?;
        let handlers = from.list(handlers, ExceptionHandler::read)?;
        Ok(Self { handlers, methods: from.rest().to_vec() })
    }

    fn write(&self, to: &mut Vec<u8>) -> Result<(), TooLarge> {
        to.u1(count(Tag::Method, "number of handlers", self.handlers.len())?);
        self.handlers.iter().for_each(|handler| handler.write(to));
        to.extend(&self.methods);
        Ok(())
    }
}

impl Methods {
    /// Of the compact form.
    pub fn compact(block: MethodBlock) -> Self {
        Self { blocks: vec![block] }
    }

    /// Reads the component, from its tag on.
    ///
    /// # Errors
    /// Bytes that are no Method component of this format.
    pub fn read(bytes: &[u8], format: Format) -> Result<Self, Malformed> {
        let part = Tag::Method.part();
        let mut from = open(&part, Tag::Method, bytes, format)?;
        if !format.extended {
            let block = MethodBlock::read(&mut from)?;
            from.finish()?;
            return Ok(Self::compact(block));
        }
        let start = from.offset();
        let blocks = from.u1("number of method blocks")?;
        let mut starts = from.list(blocks, |from| from.u4("offset of a method block"))?.into_iter();
        let mut next = starts.next();
        let mut blocks = Vec::new();
        while let Some(this) = next {
            let here = from.offset().saturating_sub(start);
            if usize::try_from(this).ok() != Some(here) {
                let (found, expected) = (this.to_string(), here.to_string());
                let what = "offset of a method block";
                return Err(from.wrong(Problem::Value { what, found, expected }));
            }
            next = starts.next();
            let length = match next {
                Some(end) => {
                    let end = usize::try_from(end).unwrap_or(usize::MAX);
                    end.checked_sub(here).ok_or_else(|| {
                        from.wrong(Problem::Value {
                            what: "offset of a method block",
                            found: end.to_string(),
                            expected: format!("more than {here}"),
                        })
                    })?
                }
                None => from.left(),
            };
            let mut block = from.within(length, "method block")?;
            blocks.push(MethodBlock::read(&mut block)?);
        }
        from.finish()?;
        Ok(Self { blocks })
    }

    /// The bytes of the component. The compact form has its first block only.
    ///
    /// # Errors
    /// Too many handlers, blocks or bytes.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>, TooLarge> {
        let mut info = Vec::new();
        if !format.extended {
            self.blocks.first().unwrap_or(&MethodBlock::default()).write(&mut info)?;
            return close(Tag::Method, &info, format);
        }
        info.u1(count(Tag::Method, "number of method blocks", self.blocks.len())?);
        let mut start = self.blocks.len().saturating_mul(4).saturating_add(1);
        let mut bodies = Vec::new();
        for block in &self.blocks {
            info.u4(count(Tag::Method, "offset of a method block", start)?);
            let before = bodies.len();
            block.write(&mut bodies)?;
            start = start.saturating_add(bodies.len().saturating_sub(before));
        }
        info.extend(bodies);
        close(Tag::Method, &info, format)
    }

    /// Offset of a block, from the component's tag.
    pub fn base(&self, block: u8, format: Format) -> usize {
        if !format.extended {
            return 3;
        }
        let before = self
            .blocks
            .iter()
            .take(block.into())
            .map(|block| block.first_method().saturating_add(block.methods.len()));
        before.fold(self.blocks.len().saturating_mul(4).saturating_add(6), usize::saturating_add)
    }
}
