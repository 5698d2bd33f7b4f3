//! SoftHSM2 with a token directory of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Where Debian and others keep the module.
const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// A directory of tokens, gone with this value.
pub struct SoftHsm {
    folder: TempDir,
}

impl SoftHsm {
    /// The user PIN of every token.
    pub const PIN: &str = "1234";

    /// An empty one.
    ///
    /// # Panics
    /// Where the temporary directory cannot be written.
    pub fn new() -> Self {
        let made = || -> std::io::Result<TempDir> {
            let folder = tempfile::tempdir()?;
            let tokens = folder.path().join("tokens");
            std::fs::create_dir(&tokens)?;
            let lines = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
            std::fs::write(folder.path().join("conf"), lines)?;
            Ok(folder)
        };
        match made() {
            Ok(folder) => Self { folder },
            Err(error) => panic!("no directory for SoftHSM2: {error}"),
        }
    }

    /// Makes a token.
    ///
    /// # Panics
    /// Where `softhsm2-util` is not there or refuses.
    pub fn add_token(&self, label: &str) {
        let mut tool = Command::new("softhsm2-util");
        tool.args(["--init-token", "--free", "--label", label]);
        tool.args(["--so-pin", "87654321", "--pin", Self::PIN]).env("SOFTHSM2_CONF", self.conf());
        match tool.output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => panic!("softhsm2-util: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => panic!("softhsm2-util: {error}; cargo xtask setup installs it"),
        }
    }

    /// Its configuration, for the variable `SOFTHSM2_CONF`.
    pub fn conf(&self) -> PathBuf {
        self.folder.path().join("conf")
    }

    /// Its module.
    ///
    /// # Panics
    /// Where it is not installed.
    pub fn module() -> &'static str {
        let found = MODULES.iter().find(|path| Path::new(path).exists());
        found.unwrap_or_else(|| panic!("no libsofthsm2.so; cargo xtask setup installs it"))
    }
}

impl Default for SoftHsm {
    fn default() -> Self {
        Self::new()
    }
}
