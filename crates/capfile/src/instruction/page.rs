//! The table as a page for readers.

use super::{Flow, Form, Opcode, Slot};

/// `docs/instructions.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Instructions of the Java Card virtual machine\n\n\
         Made from the table in `crates/capfile/src/instruction/table.rs`; do not edit. After a \
         change there, run `UPDATE_DOCS=1 cargo test -p capfile`. The topmost element of \
         the stack stands last; a short, a reference and an address have one word (16 bits), an int \
         has two. Distances count from the opcode.\n\n\
         | opcode | mnemonic | operands | stack | then |\n| --- | --- | --- | --- | --- |\n",
    );
    for operation in Opcode::all() {
        let row = format!(
            "| {:02X} | `{}` | {} | {} → {} | {} |\n",
            operation.opcode.byte(),
            operation.mnemonic,
            operands(operation.form),
            slots(operation.takes),
            slots(operation.gives),
            flow(operation.flow),
        );
        page.push_str(&row);
    }
    page
}

fn slots(slots: &[Slot]) -> String {
    if slots.is_empty() {
        return "–".to_owned();
    }
    slots.iter().map(|slot| slot.name()).collect::<Vec<_>>().join(", ")
}

fn operands(form: Form) -> &'static str {
    match form {
        Form::None => "",
        Form::Local => "u1 local",
        Form::Byte => "s1 value",
        Form::Short => "s2 value",
        Form::Int => "s4 value",
        Form::ByteIncrement => "u1 local, s1 value",
        Form::ShortIncrement => "u1 local, s2 value",
        Form::ByteBranch => "s1 distance",
        Form::ShortBranch => "s2 distance",
        Form::ByteIndex => "u1 constant",
        Form::ShortIndex => "u2 constant",
        Form::Words => "u4 top, u4 down (bits)",
        Form::ArrayType => "u1 element type",
        Form::TypeTest => "u1 kind, u2 constant",
        Form::Interface => "u1 words, u2 constant, u1 token",
        Form::ShortTable => "s2 default, s2 low, s2 high, s2 distance for each value",
        Form::IntTable => "s2 default, s4 low, s4 high, s2 distance for each value",
        Form::ShortLookup => "s2 default, u2 count, count × (s2 value, s2 distance)",
        Form::IntLookup => "s2 default, u2 count, count × (s4 value, s2 distance)",
    }
}

fn flow(flow: Flow) -> &'static str {
    match flow {
        Flow::Next => "next",
        Flow::Branch => "next or target",
        Flow::Jump => "target",
        Flow::Subroutine => "target, later next",
        Flow::SubroutineReturn => "address in the local",
        Flow::Switch => "one of the targets",
        Flow::Return => "caller",
        Flow::Throw => "handler",
    }
}
