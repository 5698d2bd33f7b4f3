//! docs/commands.md, made from the catalogues.

use std::fmt::Write;

use crate::{
    Catalogue, CommandSet, CommandSpec, Field, FieldFormat, Lengths, Pattern, StatusReason,
    TransactionEffect,
};

const SETS: [(CommandSet, &str, &str); 3] = [
    (CommandSet::Purse, "Purse cards (用户卡)", "commands.toml"),
    (CommandSet::Psam, "PSAMs (消费安全存取模块)", "commands-psam.toml"),
    (
        CommandSet::Fmcos,
        "Building and keying cards by FMCOS commands (发卡)",
        "commands-fmcos.toml",
    ),
];

impl Catalogue {
    /// All catalogues as one Markdown page.
    pub fn page() -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write_page(&mut out);
        out
    }

    fn write_set(&self, out: &mut String, title: &str, file: &str) -> std::fmt::Result {
        let version = self.version();
        writeln!(out, "\n## {title}\n\n`applet-spec/{file}`, version {version}.\n")?;
        writeln!(out, "| CLA | INS | P1 | P2 | Lc | Le | command | | transaction | locked |")?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|---|")?;
        for command in self.commands() {
            command.write_row(out)?;
        }
        for command in self.commands().iter().filter(|command| command.id.home() == self.set()) {
            command.write_section(out)?;
        }
        Ok(())
    }
}

fn write_page(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "# Commands (指令表)\n\n\
         Made from the catalogues in `applet-spec`; do not edit. After a change there, run \
         `UPDATE_DOCS=1 cargo test -p applet-spec`.\n\n\
         Numbers in the first columns are hexadecimal; lengths below are decimal bytes. A card \
         checks class (6E00), instruction (6D00), P1 and P2 (6A86), length (6700), in this \
         order, before anything else. `sm` marks the class whose data ends in a 4-byte secure \
         messaging MAC. A profile may narrow what is said here, never widen it.\n\n\
         The column *transaction* says what a running transaction becomes: kept, ended, \
         started or continued; *read* ends it unless the profile says `read-keeps-transaction`. \
         The column *locked* says under which lock of the application the command still runs: \
         T temporary, P permanent."
    )?;
    for (set, title, file) in SETS {
        Catalogue::of(set).write_set(out, title, file)?;
    }
    Ok(())
}

impl CommandSpec {
    fn write_row(&self, out: &mut String) -> std::fmt::Result {
        let classes: Vec<String> = self
            .cla
            .iter()
            .map(|cla| match self.secure_class {
                Some(secure) if secure == *cla => format!("{cla:02X} sm"),
                _ => format!("{cla:02X}"),
            })
            .collect();
        let le = self.le.map_or("-".to_owned(), |le| format!("{:02X}", le & 0xFF));
        let locked = match (self.when_blocked, self.when_permanently_blocked) {
            (true, true) => "T P",
            (true, false) => "T",
            (false, true) => "P",
            (false, false) => "",
        };
        writeln!(
            out,
            "| {} | {:02X} | {} | {} | {} | {le} | [{}](#{}) | {} | {} | {locked} |",
            classes.join(", "),
            self.ins,
            pattern(&self.p1),
            pattern(&self.p2),
            lengths(&self.lc),
            self.name,
            anchor(self),
            self.name_zh,
            effect(self.transaction),
        )
    }

    fn write_section(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n### {} {}\n", self.name, self.name_zh)?;
        writeln!(out, "Id `{}`. Source: {}.", self.id.text(), self.source)?;
        write_fields(out, "Command data", &self.fields)?;
        write_fields(out, "Answer data", &self.answer)?;
        if let Some(mac) = &self.mac {
            writeln!(out, "\nMAC: {mac}.")?;
        }
        if !self.status.is_empty() {
            writeln!(out, "\n| status | when | |\n|---|---|---|")?;
            for (status, StatusReason { when, when_zh }) in &self.status {
                writeln!(out, "| {status} | {when} | {when_zh} |")?;
            }
        }
        Ok(())
    }
}

fn write_fields(out: &mut String, title: &str, fields: &[Field]) -> std::fmt::Result {
    if fields.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| {title} | | bytes | form |\n|---|---|---|---|")?;
    for field in fields {
        let len = field.len.map_or("rest".to_owned(), |len| len.to_string());
        writeln!(out, "| {} | {} | {len} | {} |", field.name, field.name_zh, format(field.format))?;
    }
    Ok(())
}

fn pattern(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Any => "any".to_owned(),
        Pattern::OneOf(values) => {
            let values: Vec<String> = values.iter().map(|value| format!("{value:02X}")).collect();
            values.join(", ")
        }
        Pattern::Masked { bits, mask } => format!("{bits:02X} under {mask:02X}"),
    }
}

fn lengths(lengths: &Lengths) -> String {
    match lengths {
        Lengths::None => "-".to_owned(),
        Lengths::OneOf(lengths) => {
            let lengths: Vec<String> = lengths
                .iter()
                .map(|length| if *length == 0 { "-".to_owned() } else { format!("{length:02X}") })
                .collect();
            lengths.join(", ")
        }
        Lengths::Range(low, high) => format!("{low:02X} to {high:02X}"),
    }
}

fn effect(effect: TransactionEffect) -> &'static str {
    match effect {
        TransactionEffect::Keeps => "keeps",
        TransactionEffect::Ends => "ends",
        TransactionEffect::Read => "read",
        TransactionEffect::Starts => "starts",
        TransactionEffect::Continues => "continues",
    }
}

fn format(format: FieldFormat) -> &'static str {
    match format {
        FieldFormat::Hex => "hexadecimal",
        FieldFormat::Fen => "fen, big endian",
        FieldFormat::Number => "number, big endian",
        FieldFormat::Date => "BCD YYYYMMDD",
        FieldFormat::Time => "BCD HHMMSS",
        FieldFormat::Mac => "MAC or TAC",
        FieldFormat::Tlv => "TLV",
        FieldFormat::Secret => "never shown",
    }
}

/// The anchor that Markdown renderers give the heading of a command.
fn anchor(command: &CommandSpec) -> String {
    let heading = format!("{} {}", command.name, command.name_zh).to_lowercase();
    heading.replace(' ', "-").chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
}
