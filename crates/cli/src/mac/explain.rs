//! `purse mac explain`.

use applet_spec::Profile;
use crypto::Suite;
use crypto::custody::KeyCustody;
use diagnosis::{Explanation, KeyRole, Keyed, Making, Trace, Transaction, explain};

use super::document::{Document, ExplanationDocument, TransactionDocument};
use super::source::SourceArgs;
use super::typed::FieldArgs;
use super::words;
use crate::error::CliError;
use crate::keys::row::suite_name;
use crate::ui::{Lang, Tone, Ui, hex_text};

/// Arguments of `purse mac explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    fields: FieldArgs,
}

/// Explains every code of every transaction.
///
/// # Errors
/// Nothing to explain.
pub(super) fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    if args.source.is_empty() {
        let (profile, custody) = args.source.named()?;
        let typed = args.fields.transaction(&profile, args.source.serial()?)?;
        let typed = typed.ok_or_else(|| {
            CliError::mistyped(
                "there is nothing to explain",
                "purse mac explain FILE, or --transaction FLOW and its fields",
            )
        })?;
        return tell(ui, &Trace::new(), &profile, custody.as_ref(), &[typed], &[]);
    }
    let source = args.source.open(&[])?;
    if args.fields.transaction(&source.profile, None)?.is_some() {
        let message = "--transaction is for fields in the place of an INPUT";
        return Err(CliError::mistyped(message, "leave one of them out"));
    }
    let transactions = source.transactions(ui)?;
    let asides = source.reading.asides.iter();
    let asides: Vec<String> =
        asides.map(|aside| words::aside(&source.trace, aside, ui.lang)).collect();
    tell(ui, &source.trace, &source.profile, source.custody.as_ref(), transactions, &asides)
}

fn tell(
    ui: &Ui,
    trace: &Trace,
    profile: &Profile,
    custody: &dyn KeyCustody,
    transactions: &[Transaction],
    asides: &[String],
) -> Result<(), CliError> {
    let explained = transactions.iter().map(|one| (one, explain(profile, custody, one)));
    if ui.json {
        let transactions = (1..).zip(explained).map(|(number, (one, explanations))| {
            let codes = explanations.iter().map(|one| ExplanationDocument::new(one, ui.lang));
            TransactionDocument::new(number, one, codes.collect())
        });
        return ui.document(&Document {
            ok: true,
            profile: profile.name.clone(),
            version: profile.version.clone(),
            keys: custody.describe(),
            found: None,
            transactions: transactions.collect(),
            asides: asides.to_vec(),
        });
    }
    let mut out = format!("{} {}, {}\n", profile.name, profile.version, custody.describe());
    for (one, explanations) in explained {
        let title = words::transaction(trace, one, ui.lang);
        out += &format!("\n{}\n", ui.toned(Tone::Strong, &title));
        for explanation in &explanations {
            out += &code(ui, trace, one, explanation);
        }
    }
    asides.iter().for_each(|aside| out += &format!("\n{aside}\n"));
    ui.print(&out)
}

fn code(ui: &Ui, trace: &Trace, transaction: &Transaction, one: &Explanation) -> String {
    let lang = ui.lang;
    let (code, maker) = (one.code.text(), one.maker.name(lang.into()));
    let computed = one.computed();
    let head = match (computed, lang) {
        (Some(mac), Lang::En) => format!("{code} {mac}, made by the {maker}"),
        (None, Lang::En) => format!("{code}, made by the {maker}"),
        (Some(mac), Lang::Zh) => format!("{code} {mac}, 由{maker}计算"),
        (None, Lang::Zh) => format!("{code}, 由{maker}计算"),
    };
    let mut out = format!("\n  {}\n", ui.toned(Tone::Strong, &head));
    for received in &one.received {
        let place = words::received(trace, transaction, received, lang);
        let fits = match computed {
            Some(mac) if mac == received.mac => ui.toned(Tone::Good, lang.pick("fits", "相符")),
            Some(_) => ui.toned(Tone::Bad, lang.pick("does not fit", "不符")),
            None => lang.pick("not compared", "未比较").to_owned(),
        };
        out += &format!("    {} {place}: {fits}\n", received.mac);
    }
    match &one.made {
        Ok(making) => out + &made(lang, making),
        Err(missing) => {
            let why = missing.in_words(lang.into());
            out + &format!("    {}: {why}\n", lang.pick("cannot be computed", "无法计算"))
        }
    }
}

fn made(lang: Lang, making: &Making) -> String {
    let key = &making.key;
    let keyed = making.keyed.as_ref();
    let suite = suite_name(making.suite);
    let mut out = format!("    {} {} {suite}\n", lang.pick("key         ", "密钥    "), key.name);
    let factors: Vec<String> = key.factors.iter().map(|factor| hex_text(factor)).collect();
    out += &format!(
        "    {} {}\n",
        lang.pick("factors     ", "分散因子"),
        if factors.is_empty() { lang.pick("none", "无").to_owned() } else { factors.join(" ") }
    );
    let shown = |clear: &Option<Vec<u8>>| {
        clear.as_deref().map_or(String::new(), |bytes| format!(" {}", hex_text(bytes)))
    };
    match keyed {
        Ok(keyed) => {
            let role = match key.role {
                KeyRole::Session => "",
                KeyRole::Folded => {
                    lang.pick(", folded: left half xor right half", ", 左右半部异或后使用")
                }
                KeyRole::Whole => lang.pick(", used as it is", ", 直接使用"),
            };
            let name = lang.pick("card key    ", "卡片密钥");
            let value = keyed.check_value;
            out += &format!("    {name} KCV {value}{}{role}\n", shown(&keyed.card_key));
        }
        Err(error) => {
            out += &format!("    {}: {error}\n", lang.pick("no key", "无密钥"));
        }
    }
    if let Some(pieces) = &making.session {
        out += &format!("    {}\n", lang.pick("session key input", "过程密钥输入"));
        for piece in pieces {
            out += &line(piece.offset, &piece.bytes, piece.what.name(lang.into()));
        }
        if let Ok(Keyed { session_check_value: Some(value), session_key, .. }) = keyed {
            let name = lang.pick("session key ", "过程密钥");
            out += &format!("    {name} KCV {value}{}\n", shown(session_key));
        }
    }
    out += &format!("    {}\n", lang.pick("covered", "参与计算的数据"));
    for piece in &making.input {
        let name = piece.what.name(lang.into());
        let value = words::value(piece.what, &piece.bytes, lang);
        let plain = value == hex_text(&piece.bytes);
        let words = if plain { name.to_owned() } else { format!("{name}: {value}") };
        out += &line(piece.offset, &piece.bytes, &words);
    }
    out += &line(making.padding.offset, &making.padding.bytes, lang.pick("padding", "填充"));
    if let Ok(keyed) = keyed {
        out += &blocks(lang, making, keyed);
    }
    out
}

fn blocks(lang: Lang, making: &Making, keyed: &Keyed) -> String {
    let cipher = match making.suite {
        Suite::TripleDes => lang.pick("single DES", "单 DES"),
        Suite::Sm4 => "SM4",
    };
    let mut out = match lang {
        Lang::En => format!("    blocks, {cipher} CBC from zero\n"),
        Lang::Zh => format!("    分组, {cipher} CBC, 初始值全零\n"),
    };
    let (mixed_word, result_word) =
        (lang.pick("xor before", "异或前值"), lang.pick("enciphered", "加密"));
    for (number, round) in (1..).zip(&keyed.rounds) {
        out += &format!("      {number:>2}  {}", hex_text(&round.plain));
        if let Some((mixed, result)) = &round.chain {
            let (mixed, result) = (hex_text(mixed), hex_text(result));
            out += &format!("  {mixed_word} {mixed}  {result_word} {result}");
        }
        out += "\n";
    }
    let code = keyed.code;
    out + &match lang {
        Lang::En => format!("    the first four bytes of the last block: {code}\n"),
        Lang::Zh => format!("    取末分组前四字节: {code}\n"),
    }
}

fn line(offset: usize, bytes: &[u8], words: &str) -> String {
    format!("      {offset:>2}  {:<18}  {words}\n", hex_text(bytes))
}
