//! Where a PSAM keeps what is set and shown from outside.

use applet_spec::Profile;
use nvm::{Nvm, NvmError};

use crate::native::tree::{Df, Ef};

/// The first directory with keys to work with.
pub fn application(memory: &Nvm) -> Result<Option<Df>, NvmError> {
    for df in Df::all(memory) {
        if df.sam_serial(memory)?.is_some() {
            return Ok(Some(df));
        }
    }
    Ok(None)
}

/// The file of the terminal transaction serial, of the first application.
pub fn serial_file(memory: &Nvm) -> Result<Option<Ef>, NvmError> {
    match application(memory)? {
        Some(application) => application.sam_serial(memory),
        None => Ok(None),
    }
}

/// The file of the terminal number; `None` on a card.
pub fn terminal_file(memory: &Nvm) -> Result<Option<Ef>, NvmError> {
    match application(memory)? {
        Some(_) => Df::master(memory)?.by_sfi(memory, Profile::TERMINAL_SFI),
        None => Ok(None),
    }
}
