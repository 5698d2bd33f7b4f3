//! Lists the shelf of wrong cards, so that each is part of the program by lying in its folder.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let folder = here.join("../tests/wrong-cards").canonicalize()?;
    println!("cargo:rerun-if-changed={}", folder.display());

    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();

    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let path = format!("/../tests/wrong-cards/{name}.toml");
        // The compiler looks the folder up, so that what was built in one checkout is not read in
        // another.
        writeln!(
            list,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),"
        )
        .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&out).join("wrong-cards.rs"), list)
}
