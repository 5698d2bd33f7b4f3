//! Lists the suite files, so that a new one is built in by being there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What lies beside the suites and is none.
const OTHERS: [&str; 2] = ["rules", "coverage"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let folder = here.join("../../tests/suites").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|end| end == "toml") && !OTHERS.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    let mut code = String::from("pub(crate) const SUITES: &[(&str, &str)] = &[\n");
    for name in &names {
        let path = format!("/../../tests/suites/{name}.toml");
        // The compiler looks the folder up, so that what was built in one checkout is not read in
        // another. Writing to a String cannot fail.
        let _ = writeln!(
            code,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),"
        );
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(Path::new(&out).join("suites.rs"), code)
}
