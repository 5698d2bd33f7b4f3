//! `purse card files` and `purse card dump`.

use apdu::tlv;
use applet_spec::{Directory, Profile};
use serde::Serialize;

use super::OpenedCard;
use super::decode::{LogLine, PublicFile, log_files};
use super::reading::{self, FileContent, MASTER, What};
use super::records::log_lines;
use crate::error::CliError;
use crate::ui::{Tone, Ui, hex_text};

#[derive(Serialize)]
struct Document {
    ok: bool,
    family: Option<String>,
    directories: Vec<DirectoryPart>,
}

#[derive(Serialize)]
struct DirectoryPart {
    fid: Option<String>,
    name: String,
    files: Vec<FilePart>,
}

#[derive(Serialize)]
struct FilePart {
    sfi: String,
    kind: &'static str,
    title: Option<String>,
    records: usize,
    bytes: usize,
    status: String,
    meaning: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<PublicFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Vec<LogLine>>,
}

/// How much of a file is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Summary,
    Content,
}

/// Prints which files there are.
pub fn list(ui: &Ui, bench: &mut OpenedCard) -> Result<(), CliError> {
    let document = read(ui, bench, Depth::Summary)?;
    if ui.json {
        return ui.document(&document);
    }
    let heading = ui
        .lang
        .pick("dir  sfi kind    records bytes status", "目录 sfi 类型    记录数  字节  状态");
    let mut out = ui.toned(Tone::Strong, heading) + "\n";
    for directory in &document.directories {
        for file in &directory.files {
            out += &format!(
                "{:4} {:3} {:<7} {:>7} {:>5} {}\n",
                directory.fid.as_deref().unwrap_or("?"),
                file.sfi,
                file.kind,
                if file.kind == "binary" { String::new() } else { file.records.to_string() },
                file.bytes,
                match file.status.as_str() {
                    "9000" => file.title.clone().unwrap_or_default(),
                    other => format!(
                        "{} [{other} {}]",
                        file.title.clone().unwrap_or_default(),
                        file.meaning
                    ),
                },
            );
        }
    }
    say_if_blank(ui, bench);
    ui.print(&out)
}

/// A card without an application is no mistake of the reader's.
fn say_if_blank(ui: &Ui, bench: &OpenedCard) {
    if bench.selected.what == What::BlankCard {
        ui.say(match bench.selected.profile {
            Some(_) => ui.lang.pick(
                "a blank card: it has no application yet, only the MF",
                "白卡: 尚无应用, 仅有主文件",
            ),
            None => ui.lang.pick(
                "no application found: a blank or unknown card; this is its MF",
                "未找到应用: 白卡或未知卡; 以下为主文件",
            ),
        });
    }
}

/// Prints everything that may be read.
pub fn dump(ui: &Ui, bench: &mut OpenedCard) -> Result<(), CliError> {
    let document = read(ui, bench, Depth::Content)?;
    if ui.json {
        return ui.document(&document);
    }
    let mut out = String::new();
    for directory in &document.directories {
        for file in &directory.files {
            let head = format!(
                "{} {} {} {}",
                directory.fid.as_deref().unwrap_or("?"),
                file.sfi,
                file.kind,
                file.title.as_deref().unwrap_or_default()
            );
            out += &format!("{}\n", ui.toned(Tone::Strong, head.trim_end()));
            out += &body(ui, file);
        }
    }
    say_if_blank(ui, bench);
    ui.print(&out)
}

fn body(ui: &Ui, file: &FilePart) -> String {
    let mut out = String::new();
    for (at, piece) in file.content.iter().flatten().enumerate() {
        let number = if file.kind == "binary" { String::new() } else { format!("{:>3}: ", at + 1) };
        // 32 bytes to a line.
        for (line, chunk) in piece.as_bytes().chunks(64).enumerate() {
            let lead = if line == 0 { number.clone() } else { " ".repeat(number.len()) };
            out += &format!("  {lead}{}\n", String::from_utf8_lossy(chunk));
        }
        let log = file.log.iter().flatten().find(|line| line.record == at + 1);
        if let Some(log) = log {
            out += &format!("       {}\n", log.text());
        }
        for line in tree(piece) {
            out += &format!("       {line}\n");
        }
    }
    if let Some(public) = &file.public {
        out += &format!(
            "  {} {}, {} {} .. {}\n",
            ui.lang.pick("serial", "应用序列号"),
            public.serial,
            ui.lang.pick("valid", "有效期"),
            public.valid_from,
            public.valid_to
        );
    }
    if file.status != "9000" {
        out += &format!("  {} {}\n", file.status, file.meaning);
    }
    out
}

/// A directory record's elements; other records are not TLV, or only look so.
fn tree(piece: &str) -> Vec<String> {
    let bytes = hex::decode(piece).unwrap_or_default();
    let Some(0x61 | 0x70) = bytes.first() else { return Vec::new() };
    let line = |element: &tlv::Element<'_>| {
        let value = if element.constructed() { String::new() } else { hex_text(element.value) };
        format!("{}{:02X} {value}", "  ".repeat(element.depth), element.tag)
    };
    tlv::tree(&bytes).map_or_else(|_| Vec::new(), |elements| elements.iter().map(line).collect())
}

fn read(ui: &Ui, bench: &mut OpenedCard, depth: Depth) -> Result<Document, CliError> {
    let profile = bench.selected.profile.clone();
    let logs = log_files(profile.as_deref());
    let part = |content: FileContent| part(ui, content, &logs, depth);
    let files = reading::application_files(bench.transport.as_mut(), &bench.selected)?;
    let application = profile.as_ref().and_then(|profile| profile.main_directory());
    let blank = bench.selected.what == What::BlankCard;
    let fid = application.map(|application| application.fid).or(blank.then_some(MASTER));
    let mut directories = vec![DirectoryPart {
        fid: fid.map(|fid| format!("{fid:04X}")),
        name: hex_text(&bench.selected.aid),
        files: files.into_iter().map(part).collect(),
    }];
    // What a card was given by commands, only the card knows.
    if fid.is_none() && profile.is_some() {
        directories.push(DirectoryPart {
            fid: Some(format!("{MASTER:04X}")),
            name: String::new(),
            files: reading::master_files(bench.transport.as_mut())?.into_iter().map(part).collect(),
        });
    }
    let others = profile.iter().flat_map(|profile| &profile.directories);
    let other = |one: &&Directory| {
        one.purses.is_empty() && one.sam_keys.is_empty() && !one.files.is_empty()
    };
    for directory in others.filter(other) {
        let files = reading::directory_files(bench.transport.as_mut(), directory)?;
        if let Some(files) = files {
            directories.push(DirectoryPart {
                fid: Some(format!("{:04X}", directory.fid)),
                name: hex_text(&directory.name),
                files: files.into_iter().map(part).collect(),
            });
        }
    }
    Ok(Document { ok: true, family: bench.family(), directories })
}

fn part(ui: &Ui, content: FileContent, logs: &[u8], depth: Depth) -> FilePart {
    let shown = depth == Depth::Content;
    let title = |spec: &applet_spec::FileSpec| {
        ui.lang.pick(spec.title.as_str(), spec.title_zh.as_str()).to_owned()
    };
    let first = content.pieces.first().map_or(&[][..], Vec::as_slice);
    let is_log = logs.contains(&content.sfi) && content.records;
    let is_public = content.sfi == Profile::PUBLIC_SFI && !content.records;
    FilePart {
        sfi: format!("{:02X}", content.sfi),
        kind: if content.records { "records" } else { "binary" },
        title: content.spec.as_ref().map(title),
        records: if content.records { content.pieces.len() } else { 0 },
        bytes: content.pieces.iter().map(Vec::len).sum(),
        status: content.status.to_string(),
        meaning: ui.lang.pick(content.status.meaning(), content.status.meaning_zh()),
        public: PublicFile::of(first).filter(|_| shown && is_public),
        log: (shown && is_log).then(|| log_lines(ui, &content)),
        content: shown.then(|| content.pieces.iter().map(|piece| hex_text(piece)).collect()),
    }
}
