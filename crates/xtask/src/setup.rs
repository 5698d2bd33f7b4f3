//! What the PC/SC tests, the tests of key tokens, the test of pages in a browser and the fuzzer need of
//! the system, and getting it through apt-get.

use std::path::Path;
use std::process::Command;

use crate::command::{Failure, installed, succeeds};

/// Something that is needed: in words, the Debian package that has it, and whether it is there.
type Need = (&'static str, &'static str, fn() -> bool);

const NEEDS: &[Need] = &[
    ("the PC/SC daemon", "pcscd", || installed("pcscd")),
    ("the vpcd driver of pcscd", "vsmartcard-vpcd", || Path::new(VPCD).exists()),
    ("opensc-tool", "opensc", || installed("opensc-tool")),
    // A python3 from elsewhere does not see Debian's pyscard.
    ("pyscard for /usr/bin/python3", "python3-pyscard", || {
        succeeds("/usr/bin/python3", &["-c", "import smartcard"])
    }),
    ("the software token SoftHSM2", "softhsm2", || {
        installed("softhsm2-util") && SOFTHSM.iter().any(|path| Path::new(path).exists())
    }),
    // Where it has another name, the test finds it under that one too.
    ("the browser Chromium", "chromium", || BROWSERS.iter().any(|name| installed(name))),
    ("pkg-config", "pkg-config", || installed("pkg-config")),
    ("the PC/SC library", "libpcsclite-dev", || {
        installed("pkg-config") && succeeds("pkg-config", &["--exists", "libpcsclite"])
    }),
    ("a C compiler", "gcc", || installed("cc")),
    ("a C++ compiler", "g++", || installed("c++")),
];

/// Debian's places of the module; the tests look in some more.
const SOFTHSM: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// What the browser is called; the tests look for the same.
const BROWSERS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const VPCD: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// Installs packages without starting pcscd, be it now or at the next boot; who had it keeps it.
const INSTALL: &str = r#"
guard=/usr/sbin/policy-rc.d
if [ ! -e /usr/sbin/pcscd ]; then new=yes; else new=no; fi
if [ ! -e "$guard" ]; then
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\ncase "$1" in pcscd*) exit 101;; esac\nexit 0\n' > "$guard"
    chmod 755 "$guard"
fi
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
if [ "$new" = yes ] && [ -e /usr/sbin/pcscd ]; then
    if command -v systemctl > /dev/null; then
        systemctl disable pcscd.socket pcscd.service > /dev/null 2>&1 || true
    fi
    echo "xtask: pcscd is installed and not started; the tests run one of their own." >&2
    echo "xtask: for real readers: systemctl enable --now pcscd.socket" >&2
fi
"#;

/// `cargo xtask setup`.
pub fn task(_: &[String]) -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let (words, packages): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
    eprintln!("xtask: missing: {}", words.join(", "));
    let root = succeeds("sh", &["-c", "[ $(id -u) = 0 ]"]);
    let host = Host {
        apt: installed("apt-get"),
        rights: match (root, !root && succeeds("sudo", &["-n", "true"])) {
            (true, _) => Rights::Root,
            (_, true) => Rights::Sudo,
            _ => Rights::None,
        },
    };
    install(&host, &packages)?;
    let still: Vec<_> = self::missing().into_iter().map(|(words, _)| words).collect();
    if still.is_empty() {
        Ok(())
    } else {
        Err(Failure(format!("apt-get went well, and still missing: {}", still.join(", "))))
    }
}

struct Host {
    apt: bool,
    rights: Rights,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rights {
    Root,
    Sudo,
    None,
}

fn missing() -> Vec<(&'static str, &'static str)> {
    let absent = NEEDS.iter().filter(|(_, _, found)| !found());
    absent.map(|(words, package, _)| (*words, *package)).collect()
}

fn install(host: &Host, packages: &[&str]) -> Result<(), Failure> {
    let packages_line = packages.join(" ");
    let mut command = match (host.apt, host.rights) {
        (false, _) => {
            return Err(Failure(format!(
                "there is no apt-get here; install what these Debian packages hold: {packages_line}"
            )));
        }
        (_, Rights::None) => {
            return Err(Failure(format!(
                "installing needs root; type: sudo apt-get install {packages_line}"
            )));
        }
        (_, Rights::Root) => Command::new("sh"),
        (_, Rights::Sudo) => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    eprintln!("xtask: installing through apt-get: {packages_line}");
    let status = command.args(["-ec", INSTALL, "install"]).args(packages).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure(format!(
            "apt-get install {packages_line}: {status}; what it says above is why"
        ))),
        Err(error) => Err(Failure(format!("cannot run apt-get: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_install_is_given_the_line_to_type() {
        let host = Host { apt: true, rights: Rights::None };
        let said = install(&host, &["pcscd", "opensc"]).unwrap_err().to_string();
        assert!(said.ends_with("type: sudo apt-get install pcscd opensc"), "{said}");
    }

    #[test]
    fn without_apt_the_packages_are_named() {
        let host = Host { apt: false, rights: Rights::Root };
        let said = install(&host, &["pcscd"]).unwrap_err().to_string();
        assert!(said.contains("no apt-get") && said.ends_with("pcscd"), "{said}");
    }

    #[test]
    fn the_script_is_one_that_sh_reads() {
        assert!(succeeds("sh", &["-n", "-ec", INSTALL]));
    }
}
