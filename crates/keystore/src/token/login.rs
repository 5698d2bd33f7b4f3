//! The way to a token: its module, its slot, its PIN.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;

use super::TokenError;
use crate::KeystoreError;
use crate::secret::{Asked, SecretSource};

/// What a session may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// A session with the token of this label, or the only one, and what messages call it.
pub(super) fn log_in(
    module: &Path,
    label: Option<&str>,
    access: Access,
    secrets: &dyn SecretSource,
) -> Result<(Session, String), KeystoreError> {
    let library = load(module)?;
    let shown = module.display().to_string();
    let (slot, info) = choose(&library, &shown, label)?;
    let provider = format!("token '{}' of {shown}", info.label());
    let refused = |error| TokenError::refused(&provider, &error);
    let mechanisms = library.get_mechanism_list(slot).map_err(refused)?;
    if !mechanisms.contains(&MechanismType::DES3_ECB) {
        return Err(TokenError::NoMechanism { provider: provider.clone() }.into());
    }
    let session = match access {
        Access::Read => library.open_ro_session(slot),
        Access::Write => library.open_rw_session(slot),
    }
    .map_err(refused)?;
    enter_pin(&library, slot, &session, &info, &provider, secrets)?;
    Ok((session, provider))
}

fn load(module: &Path) -> Result<Pkcs11, TokenError> {
    let path = || module.to_path_buf();
    if let Err(source) = std::fs::metadata(module) {
        return Err(TokenError::NoModule { path: path(), problem: source.to_string() });
    }
    let library = Pkcs11::new(module).map_err(|error| match error {
        Error::LibraryLoading(error) => {
            TokenError::NoModule { path: path(), problem: error.to_string() }
        }
        Error::MissingSymbol(symbol) => {
            TokenError::NoModule { path: path(), problem: format!("it has no {symbol}") }
        }
        error => TokenError::refused(&module.display().to_string(), &error),
    })?;
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Another token of the same module is open in this process.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(library),
        Err(error) => Err(TokenError::NoStart {
            module: module.display().to_string(),
            problem: TokenError::refused("", &error).problem(),
        }),
    }
}

fn choose(
    library: &Pkcs11,
    module: &str,
    label: Option<&str>,
) -> Result<(Slot, TokenInfo), TokenError> {
    let refused = |error| TokenError::refused(module, &error);
    let mut tokens = Vec::new();
    for slot in library.get_slots_with_initialized_token().map_err(refused)? {
        tokens.push((slot, library.get_token_info(slot).map_err(refused)?));
    }
    let labels: Vec<_> = tokens.iter().map(|(_, info)| format!("'{}'", info.label())).collect();
    let (module, seen) = (module.to_owned(), labels.join(", "));
    if seen.is_empty() {
        return Err(TokenError::NoTokens { module });
    }
    if let Some(wanted) = label {
        tokens.retain(|(_, info)| info.label() == wanted);
    }
    match (tokens.len(), label) {
        (0, Some(wanted)) => {
            Err(TokenError::NoSuchToken { module, wanted: wanted.to_owned(), seen })
        }
        (1, _) => tokens.pop().ok_or(TokenError::NoTokens { module }),
        _ => Err(TokenError::SeveralTokens { module, seen }),
    }
}

fn enter_pin(
    library: &Pkcs11,
    slot: Slot,
    session: &Session,
    info: &TokenInfo,
    provider: &str,
    secrets: &dyn SecretSource,
) -> Result<(), KeystoreError> {
    let of = || provider.to_owned();
    if !info.user_pin_initialized() {
        return Err(TokenError::NoPinSet { provider: of() }.into());
    }
    if info.user_pin_locked() {
        return Err(TokenError::PinLocked { provider: of() }.into());
    }
    if info.user_pin_final_try() {
        return Err(TokenError::LastTry { provider: of() }.into());
    }
    let done = if info.protected_authentication_path() {
        // The PIN is typed on the token's own pad.
        session.login(UserType::User, None)
    } else {
        let pin = secrets.secret(Asked::Pin, provider)?;
        let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
        session.login_with_raw(UserType::User, &pin)
    };
    match done {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => {
            Err(TokenError::PinLocked { provider: of() }.into())
        }
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid,
            _,
        )) => {
            let left = library.get_token_info(slot).ok();
            let last = left.as_ref().is_some_and(TokenInfo::user_pin_final_try);
            let locked = left.as_ref().is_some_and(TokenInfo::user_pin_locked);
            let warning = match (locked, last) {
                (true, _) => "it is locked now",
                (_, true) => "ONE try is left before it locks",
                _ => {
                    "a token locks after a few wrong tries, so look the PIN up before the next one"
                }
            };
            Err(TokenError::WrongPin { provider: of(), warning }.into())
        }
        Err(error) => Err(TokenError::refused(provider, &error).into()),
    }
}
