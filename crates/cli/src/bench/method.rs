//! Methods of class files that are made here, put together instruction by instruction.

use capfile::class::{Code, Handler, Line, op};

/// A place in the code, which may come later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label(usize);

/// A method that grows.
#[derive(Debug)]
pub(super) struct Method {
    code: Code,
    /// Program counters of labels that were placed.
    places: Vec<u16>,
    jumps: Vec<Jump>,
    line: u16,
}

/// Bytes that will say how far it is to a label.
#[derive(Debug)]
struct Jump {
    at: usize,
    /// Program counter of the instruction.
    from: u16,
    to: Label,
    width: Width,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Two,
    Four,
}

impl Method {
    /// Begins at a line of the source.
    pub(super) fn new(max_stack: u16, max_locals: u16, line: u16) -> Self {
        let code = Code { max_stack, max_locals, ..Code::default() };
        Self { code, places: Vec::new(), jumps: Vec::new(), line }
    }

    /// Instructions as they are; the next statement of the source begins with them.
    pub(super) fn says(&mut self, bytes: &[u8]) -> &mut Self {
        self.code.lines.push(Line { pc: self.pc(), line: self.line });
        self.line = self.line.saturating_add(1);
        self.also(bytes)
    }

    /// Instructions as they are.
    pub(super) fn also(&mut self, bytes: &[u8]) -> &mut Self {
        self.code.bytes.extend_from_slice(bytes);
        self
    }

    /// An instruction with an index into the pool.
    pub(super) fn pool(&mut self, opcode: u8, index: u16) -> &mut Self {
        let [high, low] = index.to_be_bytes();
        self.also(&[opcode, high, low])
    }

    /// A call through an interface, with the words of its arguments.
    pub(super) fn interface(&mut self, index: u16, words: u8) -> &mut Self {
        self.pool(op::INVOKEINTERFACE, index).also(&[words, 0])
    }

    /// A number, as javac pushes it.
    pub(super) fn push(&mut self, value: i16) -> &mut Self {
        if let Ok(small @ -1..=5) = i8::try_from(value) {
            return self.also(&[op::ICONST_0.wrapping_add_signed(small)]);
        }
        let [high, low] = value.to_be_bytes();
        match i8::try_from(value) {
            Ok(_) => self.also(&[op::BIPUSH, low]),
            Err(_) => self.also(&[op::SIPUSH, high, low]),
        }
    }

    /// A label, to be placed by [`here`](Self::here).
    pub(super) fn label(&mut self) -> Label {
        self.places.push(0);
        Label(self.places.len() - 1)
    }

    /// Places a label.
    pub(super) fn here(&mut self, label: Label) -> &mut Self {
        let pc = self.pc();
        if let Some(place) = self.places.get_mut(label.0) {
            *place = pc;
        }
        self
    }

    /// A branch.
    pub(super) fn jump(&mut self, opcode: u8, to: Label) -> &mut Self {
        let from = self.pc();
        self.also(&[opcode]);
        self.distance(from, to, Width::Two)
    }

    /// `tableswitch` from 0 on.
    pub(super) fn table(&mut self, rows: &[Label], default: Label) -> &mut Self {
        let from = self.pc();
        self.also(&[op::TABLESWITCH]).aligned().distance(from, default, Width::Four);
        let last = i32::try_from(rows.len()).unwrap_or(i32::MAX).saturating_sub(1);
        self.also(&0_i32.to_be_bytes()).also(&last.to_be_bytes());
        for row in rows {
            self.distance(from, *row, Width::Four);
        }
        self
    }

    /// `lookupswitch`; the rows ascend.
    pub(super) fn lookup(&mut self, rows: &[(i32, Label)], default: Label) -> &mut Self {
        let from = self.pc();
        self.also(&[op::LOOKUPSWITCH]).aligned().distance(from, default, Width::Four);
        let count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        self.also(&count.to_be_bytes());
        for (value, row) in rows {
            self.also(&value.to_be_bytes()).distance(from, *row, Width::Four);
        }
        self
    }

    /// A handler: guards what stands between two labels that were placed, and begins here.
    pub(super) fn catch(&mut self, from: Label, to: Label, class: u16) -> &mut Self {
        let handler = Handler {
            start: self.place(from),
            end: self.place(to),
            target: self.pc(),
            catch_type: class,
        };
        self.code.handlers.push(handler);
        self
    }

    /// The code, with all its distances.
    pub(super) fn finish(mut self) -> Code {
        for jump in std::mem::take(&mut self.jumps) {
            let distance = i32::from(self.place(jump.to)) - i32::from(jump.from);
            let [_, _, high, low] = distance.to_be_bytes();
            let (short, long) = ([high, low], distance.to_be_bytes());
            let bytes: &[u8] = if jump.width == Width::Two { &short } else { &long };
            if let Some(place) = self.code.bytes.get_mut(jump.at..jump.at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        self.code
    }

    fn place(&self, label: Label) -> u16 {
        self.places.get(label.0).copied().unwrap_or_default()
    }

    fn pc(&self) -> u16 {
        u16::try_from(self.code.bytes.len()).unwrap_or(u16::MAX)
    }

    fn aligned(&mut self) -> &mut Self {
        let padding = self.code.bytes.len().next_multiple_of(4) - self.code.bytes.len();
        self.code.bytes.resize(self.code.bytes.len() + padding, op::NOP);
        self
    }

    fn distance(&mut self, from: u16, to: Label, width: Width) -> &mut Self {
        self.jumps.push(Jump { at: self.code.bytes.len(), from, to, width });
        self.also(if width == Width::Two { &[0; 2] } else { &[0; 4] })
    }
}
