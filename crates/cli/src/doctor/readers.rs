//! Readers: those on USB, their driver, and what PC/SC shows of them.

use std::path::Path;

use super::{Check, DRIVERS, system};

const USB_DEVICES: &str = "/sys/bus/usb/devices";

/// The driver of USB readers.
pub(super) fn ccid() -> Check {
    let driver = format!("{DRIVERS}/ifd-ccid.bundle");
    let readers = system::usb_readers(Path::new(USB_DEVICES));
    match (Path::new(&driver).exists(), readers.as_slice()) {
        (true, []) => Check::ok("CCID driver", format!("{driver}; no reader on USB")),
        (true, readers) => {
            Check::ok("CCID driver", format!("{driver}, for {}", readers.join(", ")))
        }
        (false, []) => Check::warning(
            "CCID driver",
            "no driver for USB readers, and no such reader plugged in",
            "for a USB reader: apt-get install libccid, then restart pcscd",
        ),
        (false, readers) => Check::missing(
            "CCID driver",
            format!("plugged in and without driver: {}", readers.join(", ")),
            "apt-get install libccid, then restart pcscd",
        ),
    }
}

/// What PC/SC shows to this user.
#[cfg(feature = "pcsc")]
pub(super) fn seen() -> Check {
    use link::LinkError;
    use reader::{ReaderSlot, Slot};

    use super::POLKIT_RULE;

    let slots = match reader::list_readers() {
        Ok(slots) => slots,
        Err(error @ LinkError::Forbidden(_)) => {
            return Check::missing("readers", error.to_string(), POLKIT_RULE);
        }
        Err(error) => return Check::missing("readers", error.to_string(), RUN_PCSCD),
    };
    let told = |(index, reader): (usize, &ReaderSlot)| {
        let state = match &reader.slot {
            Slot::Empty => "no card",
            Slot::Card { .. } => "card",
            Slot::Mute => "a card that does not answer",
            Slot::Unavailable => "not available",
        };
        format!("{index} '{}': {state}", reader.name)
    };
    let found = slots.iter().enumerate().map(told).collect::<Vec<_>>().join("; ");
    let at = |wanted: fn(&Slot) -> bool| slots.iter().position(|reader| wanted(&reader.slot));
    if at(|slot| matches!(slot, Slot::Card { .. })).is_some() {
        Check::ok("readers", found)
    } else if let Some(index) = at(|slot| *slot == Slot::Mute) {
        let next = format!(
            "turn the card round, or clean its contacts; purse card info --card reader:{index}"
        );
        Check::warning("readers", found, next)
    } else if let Some(index) = at(|slot| *slot == Slot::Empty) {
        let next = format!("put a card in: purse card info --card reader:{index} --wait");
        Check::warning("readers", found, next)
    } else {
        Check::missing("readers", none(), NO_READER)
    }
}

#[cfg(feature = "pcsc")]
const RUN_PCSCD: &str = "systemctl start pcscd.socket, or as root: pcscd --foreground";

#[cfg(feature = "pcsc")]
const NO_READER: &str = "plug one in, or make a virtual one: apt-get install vsmartcard-vpcd, then restart pcscd;\n\
    without any reader: purse emulate --vpcd 127.0.0.1:35970 &  purse card info --card vpcd:35970";

/// PC/SC's silence, beside what USB has.
#[cfg(feature = "pcsc")]
fn none() -> String {
    match system::usb_readers(Path::new(USB_DEVICES)).as_slice() {
        [] => "PC/SC shows no reader".to_owned(),
        readers => format!("PC/SC shows no reader, but USB has {}", readers.join(", ")),
    }
}

/// What PC/SC shows is not for this build to see.
#[cfg(not(feature = "pcsc"))]
pub(super) fn seen() -> Check {
    let next = format!(
        "apt-get install libpcsclite-dev && {}, or opensc-tool --list-readers",
        crate::spec::BUILD_WITH_PCSC
    );
    Check::warning("readers", "this build cannot ask PC/SC", next)
}
