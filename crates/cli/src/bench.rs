//! `purse bench`: ratios measured in one run.
//!
//! A ratio compares two things that this run measured alternately on this machine; absolute times
//! are printed with the processor's name and mean little elsewhere.

mod applets;
mod batch;
mod cipher;
mod conversion;
mod fleet;
mod method;
mod package;
#[cfg(feature = "pcsc")]
mod pcsc;
mod purchase;
mod start;
mod tap;

use std::ffi::OsString;
use std::time::Duration;

use applet_spec::Profile;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::ui::Ui;

/// Options of `purse bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seconds per measurement.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    seconds: f64,
    /// Cards in the fleet.
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    cards: usize,
    /// Measure one kind of thing only.
    #[arg(long, value_name = "KIND")]
    only: Option<Kind>,
    /// Run this command of purse here, and say on stderr how much memory it took.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true, value_name = "COMMAND")]
    peak_of: Vec<OsString>,
    /// Address of the vpcd to measure PC/SC through [default: 127.0.0.1:35963 where one listens;
    /// needs a build with the feature `pcsc`; `cargo xtask bench` does all of it].
    #[arg(long, value_name = "HOST:PORT")]
    vpcd: Option<String>,
    /// Part of the reader's name, where PC/SC has several.
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Cards, PSAMs, terminals, batches.
    Cards,
    /// Java Card packages: class files to CAP files.
    Applets,
}

/// One line of the report.
struct Line {
    name: String,
    value: String,
    /// The limit this project holds itself to, and whether it is kept.
    limit: Option<(String, bool)>,
    json: Value,
}

/// Most time of an EP purchase over its cipher work.
const LIMIT_3DES: f64 = 1.3;
/// The same with SM4.
const LIMIT_SM4: f64 = 1.6;
/// Least taps per second of terminal, PSAM and card in one process.
const LIMIT_TAPS: f64 = 20_000.0;
/// Least cards per second of a batch that is built by commands and fully verified.
const LIMIT_BATCH: f64 = 200.0;
/// Most cards of the batch.
const BATCH: usize = 1_000;
/// Least APDU rate through PC/SC over that of a constant card.
#[cfg(feature = "pcsc")]
const LIMIT_PCSC: f64 = 0.8;
/// Most time of a fork.
const LIMIT_FORK: Duration = Duration::from_micros(2);
/// Most bytes of a fork that has not diverged.
const LIMIT_FORK_BYTES: usize = 1024;
/// Most resident bytes per card of the fleet (100,000 cards in 500 MB).
const LIMIT_FLEET: u64 = 5_000;
/// Most time from start to first answer.
const LIMIT_START: Duration = Duration::from_millis(50);
/// Where the vpcd driver listens unless configured otherwise, and the reader of that port.
#[cfg(feature = "pcsc")]
const VPCD: &str = "127.0.0.1:35963";
#[cfg(feature = "pcsc")]
const VPCD_READER: &str = "Virtual PCD 00 00";
/// The profile that is measured with; purchases on its SM4 sibling too.
const PROFILE: &str = "jtt978";
const PROFILE_SM4: &str = "jtt978-sm4";
/// Their PSAMs.
const PSAM: &str = "psam-jtt978";
const PSAM_SM4: &str = "psam-jtt978-sm4";

/// Measures and prints.
///
/// # Errors
/// A measurement that could not be made.
pub fn run(ui: &Ui, args: &Args) -> Result<(), CliError> {
    if !args.peak_of.is_empty() {
        return peak_of(ui, &args.peak_of);
    }
    let budget = Duration::try_from_secs_f64(args.seconds.clamp(0.01, 600.0))
        .map_err(|error| CliError::Usage(format!("--seconds: {error}")))?;
    let lines = measure(ui, args, budget)?;
    let (processor, profiles) = (processor(), profiles());
    if ui.json {
        let figures: serde_json::Map<String, Value> =
            lines.into_iter().map(|line| (line.name, line.json)).collect();
        return ui.document(&json!({
            "ok": true,
            "processor": processor,
            "version": env!("CARGO_PKG_VERSION"),
            "profiles": profiles,
            "figures": figures,
        }));
    }
    let mut text = format!("on {processor}, profiles {}\n", profiles.join(", "));
    for line in lines {
        let verdict = match line.limit {
            Some((limit, true)) => format!("limit {limit}, kept"),
            Some((limit, false)) => format!("limit {limit}, MISSED"),
            None => String::new(),
        };
        text += &format!("{:<20} {:<60} {verdict}\n", line.name, line.value);
    }
    ui.print(&text)
}

/// Names and versions of the profiles that are measured.
fn profiles() -> Vec<String> {
    let name_and_version = |name| Profile::built_in(name).map(|p| format!("{name} {}", p.version));
    [PROFILE, PROFILE_SM4].into_iter().filter_map(name_and_version).collect()
}

fn measure(ui: &Ui, args: &Args, budget: Duration) -> Result<Vec<Line>, CliError> {
    check_pcsc(args)?;
    let mut lines = Vec::new();
    if args.only != Some(Kind::Applets) {
        lines.extend(cards(ui, args, budget).map_err(CliError::Bug)?);
    }
    if args.only != Some(Kind::Cards) {
        lines.extend(applets::lines(ui, budget).map_err(CliError::Bug)?);
    }
    if args.only != Some(Kind::Applets) {
        lines.push(pcsc_line(ui, args)?);
    }
    Ok(lines)
}

/// Runs a command as if it were typed, and says how much memory that took.
fn peak_of(ui: &Ui, command: &[OsString]) -> Result<(), CliError> {
    crate::args::as_if_typed(command)?;
    if let Some(bytes) = conversion::peak() {
        ui.say(&format!("{}{bytes}", conversion::PEAK));
    }
    Ok(())
}

/// Cards need nothing but this program; that it fails is a bug.
fn cards(ui: &Ui, args: &Args, budget: Duration) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (profile, limit) in [(PROFILE, LIMIT_3DES), (PROFILE_SM4, LIMIT_SM4)] {
        ui.say(&format!("measuring a purchase on {profile}"));
        lines.push(purchase_line(&purchase::measure(profile, budget)?, limit));
    }
    for (profile, psam) in [(PROFILE, PSAM), (PROFILE_SM4, PSAM_SM4)] {
        ui.say(&format!("measuring taps of {profile}"));
        lines.push(tap_line(&tap::measure(profile, psam, budget)?));
    }
    let batch = args.cards.clamp(1, BATCH) as u32;
    ui.say(&format!("building and verifying a batch of {batch} cards"));
    lines.push(batch_line(&batch::measure(batch)?));
    ui.say("measuring forks");
    lines.extend(fork_lines(&fleet::fork(PROFILE, budget)?));
    ui.say(&format!("personalising {} cards", args.cards));
    lines.push(fleet_line(&fleet::fleet(PROFILE, args.cards.max(1))?));
    ui.say("measuring cold starts");
    lines.push(start_line(start::cold_start(PROFILE)?));
    Ok(lines)
}

fn purchase_line(figures: &purchase::Figures, limit: f64) -> Line {
    let (purchase, ciphers, ratio) =
        (figures.purchase.as_nanos(), figures.ciphers.as_nanos(), figures.ratio());
    Line {
        name: format!("purchase {}", figures.profile),
        value: format!("{ratio:.2} times its cipher work ({purchase} / {ciphers} ns)"),
        limit: Some((format!("{limit}"), ratio <= limit)),
        json: json!({
            "profile_version": figures.version,
            "ratio": ratio, "limit": limit, "kept": ratio <= limit,
            "purchase_ns": purchase as u64, "cipher_ns": ciphers as u64,
        }),
    }
}

fn tap_line(figures: &tap::Figures) -> Line {
    let (rate, ratio) = (figures.rate(), figures.ratio());
    let kept = rate >= LIMIT_TAPS;
    let (tap, ciphers) = (figures.tap.as_nanos(), figures.ciphers.as_nanos());
    Line {
        name: format!("taps {}", figures.profile),
        value: format!("{rate:.0} taps/s, {ratio:.2} times the cipher work ({tap} / {ciphers} ns)"),
        limit: Some((format!("{LIMIT_TAPS:.0} taps/s"), kept)),
        json: json!({
            "taps_per_s": rate, "limit_taps_per_s": LIMIT_TAPS, "kept": kept, "ratio": ratio,
            "tap_ns": tap as u64, "cipher_ns": ciphers as u64,
        }),
    }
}

fn batch_line(figures: &batch::Figures) -> Line {
    let (rate, ratio) = (figures.rate(), figures.ratio());
    let kept = rate >= LIMIT_BATCH;
    let (card, synced) = (figures.card.as_micros(), figures.synced.as_micros());
    Line {
        name: "batch".to_owned(),
        value: format!(
            "{rate:.0} cards/s of {}; synced at each APDU {ratio:.1} times as long ({synced} / \
             {card} µs)",
            figures.cards
        ),
        limit: Some((format!("{LIMIT_BATCH:.0} cards/s"), kept)),
        json: json!({
            "cards": figures.cards, "cards_per_s": rate, "limit_cards_per_s": LIMIT_BATCH,
            "kept": kept, "card_us": card as u64, "synced_card_us": synced as u64,
            "sync_ratio": ratio,
        }),
    }
}

fn fork_lines(fork: &fleet::Fork) -> [Line; 2] {
    let (nanos, bytes) = (fork.time.as_nanos() as u64, fork.bytes);
    let (fast, small) = (fork.time <= LIMIT_FORK, fork.bytes <= LIMIT_FORK_BYTES);
    [
        Line {
            name: "fork".to_owned(),
            value: format!("{nanos} ns"),
            limit: Some((format!("{LIMIT_FORK:?}"), fast)),
            json: json!({ "ns": nanos, "limit_ns": LIMIT_FORK.as_nanos() as u64, "kept": fast }),
        },
        Line {
            name: "fork size".to_owned(),
            value: format!("{bytes} bytes until it diverges"),
            limit: Some((format!("{LIMIT_FORK_BYTES} bytes"), small)),
            json: json!({ "bytes": bytes, "limit_bytes": LIMIT_FORK_BYTES, "kept": small }),
        },
    ]
}

fn fleet_line(fleet: &fleet::Fleet) -> Line {
    let seconds = fleet.time.as_secs_f64();
    let limit = LIMIT_FLEET * fleet.cards as u64;
    let kept = fleet.resident.map(|bytes| bytes <= limit);
    let memory = match fleet.resident {
        Some(bytes) => format!("{} MB resident", bytes / 1_000_000),
        None => "resident memory not told by this system".to_owned(),
    };
    Line {
        name: "fleet".to_owned(),
        value: format!("{} distinct cards, {memory}, made in {seconds:.1} s", fleet.cards),
        limit: kept.map(|kept| (format!("{} MB", limit / 1_000_000), kept)),
        json: json!({
            "cards": fleet.cards, "resident_bytes": fleet.resident, "limit_bytes": limit,
            "kept": kept, "seconds": seconds,
        }),
    }
}

fn start_line(start: Duration) -> Line {
    let (millis, kept) = (start.as_secs_f64() * 1000.0, start <= LIMIT_START);
    Line {
        name: "cold start".to_owned(),
        value: format!("{millis:.1} ms to the first answer"),
        limit: Some((format!("{LIMIT_START:?}"), kept)),
        json: json!({ "ms": millis, "limit_ms": LIMIT_START.as_millis() as u64, "kept": kept }),
    }
}

#[cfg(feature = "pcsc")]
fn pcsc_line(ui: &Ui, args: &Args) -> Result<Line, CliError> {
    let (address, reader) = match &args.vpcd {
        Some(address) => (address.as_str(), args.reader.as_deref()),
        None if std::net::TcpStream::connect(VPCD).is_ok() => {
            (VPCD, Some(args.reader.as_deref().unwrap_or(VPCD_READER)))
        }
        None => {
            return Ok(pcsc_skipped(
                "not measured: no vpcd at 127.0.0.1:35963; start pcscd with the vpcd driver, give \
                 --vpcd HOST:PORT, or run cargo xtask bench",
            ));
        }
    };
    ui.say("measuring through PC/SC");
    let figures = pcsc::measure(address, reader, PROFILE).map_err(CliError::Bench)?;
    let ratio = figures.card / figures.constant;
    let kept = ratio >= LIMIT_PCSC;
    Ok(Line {
        name: "pcsc".to_owned(),
        value: format!(
            "{ratio:.2} of a constant card's rate ({:.0} / {:.0} APDU/s)",
            figures.card, figures.constant
        ),
        limit: Some((format!("{LIMIT_PCSC}"), kept)),
        json: json!({
            "ratio": ratio, "limit": LIMIT_PCSC, "kept": kept,
            "card_apdus_per_s": figures.card, "constant_apdus_per_s": figures.constant,
        }),
    })
}

#[cfg(not(feature = "pcsc"))]
fn pcsc_line(_ui: &Ui, _args: &Args) -> Result<Line, CliError> {
    Ok(pcsc_skipped("not measured: this build has no PC/SC; run cargo xtask bench"))
}

/// Options that this build cannot follow are refused before anything is measured.
fn check_pcsc(args: &Args) -> Result<(), CliError> {
    if cfg!(feature = "pcsc") || (args.vpcd.is_none() && args.reader.is_none()) {
        return Ok(());
    }
    Err(CliError::mistyped(
        "--vpcd and --reader need PC/SC, which this build does not have",
        "cargo xtask bench, or a build with --features pcsc",
    ))
}

fn pcsc_skipped(why: &str) -> Line {
    Line {
        name: "pcsc".to_owned(),
        value: why.to_owned(),
        limit: None,
        json: json!({ "skipped": why }),
    }
}

fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            line.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "an unnamed processor".to_owned())
}

/// A line of what /proc says of this process's memory, in bytes.
fn resident_bytes(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|one| one.strip_prefix(line))?;
    let kilobytes: u64 = found.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
