//! The instruction set of the Java Card virtual machine.
//!
//! [`Opcode`] and what is said of each one stand in one table; the reader, the writer, the text form,
//! stack depths and the page `docs/instructions.md` come from it.

mod code;
mod page;
mod table;

pub use code::{ConstantOperand, Instruction, Located, Misfit, Operands, decode_all};
pub use page::page;
pub use table::{Flow, Form, Opcode, Operation, Slot};
