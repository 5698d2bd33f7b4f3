//! Java Card packages: what converting costs, and how it grows.

use std::time::Duration;

use serde_json::json;

use super::{Line, conversion};
use crate::ui::Ui;

/// Most time of converting, verifying and writing a package of about 20 KB.
const LIMIT_CONVERSION: Duration = Duration::from_millis(30);
/// Most resident bytes of a process that does it.
const LIMIT_CONVERSION_BYTES: u64 = 40_000_000;
/// Most time of each method that the largest package has more than the usual one, over that of each
/// that the usual one has more than the smallest. Where cost grows linearly, this is 1.
const LIMIT_GROWTH: f64 = 1.5;

/// All lines; that one cannot be measured is a bug.
pub(super) fn lines(ui: &Ui, budget: Duration) -> Result<Vec<Line>, String> {
    ui.say("converting packages");
    let figures = conversion::measure(budget)?;
    let mut lines: Vec<Line> = figures.iter().map(conversion_line).collect();
    if let [small, usual, large] = &figures[..] {
        lines.push(growth_line(small, usual, large));
    }
    ui.say("converting a package in a process of its own");
    lines.push(alone_line(&conversion::alone(conversion::USUAL)?));
    Ok(lines)
}

fn conversion_line(figures: &conversion::Figures) -> Line {
    let times = figures.times;
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let (total, cap) = (times.total(), figures.cap);
    // The limit is for what an applet usually is; the others show how cost grows.
    let limited = (15_000..=30_000).contains(&cap);
    let kept = total <= LIMIT_CONVERSION;
    let mut json = json!({
        "classes": figures.classes, "methods": figures.methods, "cap_bytes": cap,
        "jar_bytes": figures.jar, "ms": millis(total), "load_ms": millis(times.load),
        "convert_ms": millis(times.convert), "verify_ms": millis(times.verify),
        "write_ms": millis(times.write),
    });
    if limited {
        json["limit_ms"] = json!(LIMIT_CONVERSION.as_millis() as u64);
        json["kept"] = json!(kept);
    }
    Line {
        name: format!("conversion {} KB", (cap + 500) / 1000),
        value: format!(
            "{:.1} ms: convert {:.1}, verify {:.1}, write {:.1}; {} methods",
            millis(total),
            millis(times.convert),
            millis(times.verify),
            millis(times.write),
            figures.methods
        ),
        limit: limited.then(|| (format!("{LIMIT_CONVERSION:?}"), kept)),
        json,
    }
}

/// What further methods cost, so that what every package costs does not hide how cost grows.
fn growth_line(
    small: &conversion::Figures,
    usual: &conversion::Figures,
    large: &conversion::Figures,
) -> Line {
    let (first, last) = (usual.each_beyond(small), large.each_beyond(usual));
    // Where nothing was measured there is no ratio; it is not kept then.
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    let kept = ratio <= LIMIT_GROWTH;
    let (first, last) = (first.as_nanos() as u64, last.as_nanos() as u64);
    Line {
        name: "conversion growth".to_owned(),
        value: format!("{ratio:.2} times per further method ({last} / {first} ns)"),
        limit: Some((format!("{LIMIT_GROWTH}"), kept)),
        json: json!({
            "ratio": ratio, "limit": LIMIT_GROWTH, "kept": kept,
            "method_ns": first, "method_ns_large": last,
        }),
    }
}

fn alone_line(alone: &conversion::Alone) -> Line {
    let millis = alone.time.as_secs_f64() * 1000.0;
    let kept = alone.peak.map(|bytes| bytes <= LIMIT_CONVERSION_BYTES);
    let memory = match alone.peak {
        Some(bytes) => format!("{:.1} MB at most", bytes as f64 / 1e6),
        None => "memory not told by this system".to_owned(),
    };
    Line {
        name: "conversion memory".to_owned(),
        value: format!("{memory}; the process took {millis:.1} ms"),
        limit: kept.map(|kept| (format!("{} MB", LIMIT_CONVERSION_BYTES / 1_000_000), kept)),
        json: json!({
            "peak_bytes": alone.peak, "limit_bytes": LIMIT_CONVERSION_BYTES, "kept": kept,
            "process_ms": millis,
        }),
    }
}
