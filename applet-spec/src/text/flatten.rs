//! From the tree back to TOML, so that an extended profile can be kept as one self-contained text.

use std::fmt::Write;

use super::{Node, Table, Value};

/// Writes a table as TOML. Comments are gone; every value is there.
pub(crate) fn flatten(root: &Node) -> String {
    let mut out = String::new();
    if let Value::Table(table) = &root.value {
        write_table(&mut out, table, "");
    }
    out
}

fn write_table(out: &mut String, table: &Table, path: &str) {
    for entry in table.entries.iter().filter(|entry| !needs_header(&entry.node)) {
        out.push_str(&key_text(&entry.key));
        out.push_str(" = ");
        write_value(out, &entry.node);
        out.push('\n');
    }
    for entry in table.entries.iter().filter(|entry| needs_header(&entry.node)) {
        let path = match path {
            "" => key_text(&entry.key),
            _ => format!("{path}.{}", key_text(&entry.key)),
        };
        match &entry.node.value {
            Value::Table(inner) => {
                out.push_str(&format!("\n[{path}]\n"));
                write_table(out, inner, &path);
            }
            Value::List(items) => {
                for item in items {
                    out.push_str(&format!("\n[[{path}]]\n"));
                    if let Value::Table(inner) = &item.value {
                        write_table(out, inner, &path);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Tables, and lists of nothing but tables, get headers of their own.
fn needs_header(node: &Node) -> bool {
    match &node.value {
        Value::Table(_) => true,
        Value::List(items) => {
            !items.is_empty() && items.iter().all(|item| matches!(item.value, Value::Table(_)))
        }
        _ => false,
    }
}

fn write_value(out: &mut String, node: &Node) {
    match &node.value {
        Value::Text(text) => write_text(out, text),
        Value::Number { value, hex: true } if (0..=0xFF).contains(value) => {
            out.push_str(&format!("0x{value:02X}"));
        }
        Value::Number { value, hex: true } if *value >= 0 => {
            out.push_str(&format!("0x{value:04X}"));
        }
        Value::Number { value, .. } => out.push_str(&value.to_string()),
        Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Table(table) => {
            out.push_str("{ ");
            for (at, entry) in table.entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key_text(&entry.key));
                out.push_str(" = ");
                write_value(out, &entry.node);
            }
            out.push_str(" }");
        }
        Value::Other(_) => out.push_str("\"\""),
    }
}

fn key_text(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    let mut out = String::new();
    write_text(&mut out, key);
    out
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
