//! Cold start: from starting `purse emulate` to the answer of the first APDU.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Best of several starts of this very program.
pub fn cold_start(profile: &str) -> Result<Duration, String> {
    const STARTS: usize = 10;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut best = Duration::MAX;
    for _ in 0..STARTS {
        let begin = Instant::now();
        let mut child = Command::new(&program)
            .args(["emulate", "--profile", profile, "--stdio", "--seed", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let answer = first_answer(&mut child);
        let elapsed = begin.elapsed();
        let ended = child.wait();
        let answer = answer.map_err(|error| format!("no first answer: {error}"))?;
        ended.map_err(|error| error.to_string())?;
        if !answer.trim_end().ends_with("9000") {
            return Err(format!("the first answer was '{}'", answer.trim_end()));
        }
        best = best.min(elapsed);
    }
    Ok(best)
}

fn first_answer(child: &mut std::process::Child) -> std::io::Result<String> {
    let mut line = String::new();
    if let Some(input) = &mut child.stdin.take() {
        input.write_all(b"00A4000000\n")?;
        input.flush()?;
        if let Some(output) = &mut child.stdout {
            BufReader::new(output).read_line(&mut line)?;
        }
    }
    Ok(line)
}
