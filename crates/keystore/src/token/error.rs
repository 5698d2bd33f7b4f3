//! Why a token's keys are not to be had, or not kept.

use std::path::PathBuf;

use crypto::custody::KeyName;
use cryptoki::error::{Error, RvError};

/// Why a token's keys are not to be had, or not kept.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The module does not load.
    #[error(
        "PKCS#11 module {} does not load: {problem}; give the path of the module's shared library \
         (for SoftHSM2 often /usr/lib/softhsm/libsofthsm2.so)", path.display()
    )]
    NoModule {
        /// Its path.
        path: PathBuf,
        /// The system's reason.
        problem: String,
    },
    /// It loads and does not start.
    #[error(
        "PKCS#11 module {module} does not start: {problem}; look at its own configuration \
         (SoftHSM2: the file that SOFTHSM2_CONF names, and the token directory in it)"
    )]
    NoStart {
        /// The module.
        module: String,
        /// Function and return value.
        problem: String,
    },
    /// No initialised token.
    #[error(
        "{module} has no initialised token; plug it in, or initialise one with the module's own \
         tool (SoftHSM2: softhsm2-util --init-token --free --label NAME)"
    )]
    NoTokens {
        /// The module.
        module: String,
    },
    /// None of that label.
    #[error("{module} has no token '{wanted}'; it has {seen}")]
    NoSuchToken {
        /// The module.
        module: String,
        /// The label asked for.
        wanted: String,
        /// Those that are there.
        seen: String,
    },
    /// More than one is meant.
    #[error(
        "{module} has more than one token ({seen}); choose by ?token=LABEL after the module's path"
    )]
    SeveralTokens {
        /// The module.
        module: String,
        /// Those that are there, or that have the label.
        seen: String,
    },
    /// The one mechanism that is needed.
    #[error(
        "{provider} has no CKM_DES3_ECB, which every 3DES key here needs; use another token, or a \
         key file (file:PATH)"
    )]
    NoMechanism {
        /// The token.
        provider: String,
    },
    /// A token nobody has given a PIN yet.
    #[error("{provider} has no user PIN yet; set one with the token's own tool")]
    NoPinSet {
        /// The token.
        provider: String,
    },
    /// Wrong.
    #[error("wrong PIN for {provider}; {warning}")]
    WrongPin {
        /// The token.
        provider: String,
        /// What it says about tries.
        warning: &'static str,
    },
    /// The last try is not spent by this program.
    #[error(
        "{provider} says that one PIN try is left; this program does not spend it. Log in once \
         with the token's own tool and the right PIN, then try again"
    )]
    LastTry {
        /// The token.
        provider: String,
    },
    /// No tries left.
    #[error("the PIN of {provider} is locked; its security officer can set a new one")]
    PinLocked {
        /// The token.
        provider: String,
    },
    /// It keeps something else than it was given.
    #[error(
        "{provider} took {name}, and enciphers with something else; the object was removed again. \
         Its 2-key 3DES (CKK_DES2) is not usable"
    )]
    NotTheKey {
        /// The token.
        provider: String,
        /// The key.
        name: KeyName,
    },
    /// The key in whose place another was to be put cannot be removed.
    #[error(
        "{provider} does not remove the {name} that it has ({problem}), so the new one was taken \
         out again; remove the old one with the token's own tool, then import"
    )]
    OldStays {
        /// The token.
        provider: String,
        /// The key.
        name: KeyName,
        /// Function and return value.
        problem: String,
    },
    /// The same, and the new one cannot be taken out either.
    #[error(
        "{provider} has the new {name}, and does not remove the old one ({problem}): two keys are \
         labelled so now, and none is meant until one is removed with the token's own tool"
    )]
    BothThere {
        /// The token.
        provider: String,
        /// The key.
        name: KeyName,
        /// Function and return value.
        problem: String,
    },
    /// A key could not be imported, others before it were.
    #[error("{name} was not imported, {before} before it were: {source}")]
    Import {
        /// The key.
        name: KeyName,
        /// How many are in the token now.
        before: usize,
        /// Why.
        source: Box<TokenError>,
    },
    /// It refused.
    #[error("{provider}: {problem}")]
    Refused {
        /// The token or module.
        provider: String,
        /// Function and return value, and what to do where that is known.
        problem: String,
    },
}

impl TokenError {
    /// An error of this token or module.
    pub(super) fn refused(provider: &str, error: &Error) -> Self {
        let problem = match error {
            Error::Pkcs11(value, function) => {
                format!("C_{function:?} answered {}{}", return_value(*value), what_to_do(*value))
            }
            other => other.to_string(),
        };
        Self::Refused { provider: provider.to_owned(), problem }
    }

    /// The same without the provider's name in front.
    pub(super) fn problem(&self) -> String {
        match self {
            Self::Refused { problem, .. } => problem.clone(),
            other => other.to_string(),
        }
    }
}

/// `KeyHandleInvalid` as PKCS#11 spells it: `CKR_KEY_HANDLE_INVALID`.
fn return_value(value: RvError) -> String {
    let mut name = "CKR".to_owned();
    for letter in format!("{value:?}").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn what_to_do(value: RvError) -> &'static str {
    match value {
        RvError::DeviceRemoved | RvError::TokenNotPresent | RvError::SessionHandleInvalid => {
            ": the token is gone; plug it in and try again"
        }
        RvError::DeviceMemory => ": the token is full; remove keys that are not needed",
        RvError::TokenWriteProtected | RvError::SessionReadOnly => ": the token takes no new keys",
        RvError::MechanismInvalid => ": the token does no CKM_DES3_ECB; use a key file (file:PATH)",
        RvError::KeyFunctionNotPermitted => ": the key's CKA_ENCRYPT is false",
        RvError::AttributeValueInvalid
        | RvError::TemplateInconsistent
        | RvError::TemplateIncomplete
        | RvError::AttributeReadOnly => {
            ": the token does not take such a key (CKK_DES2, in the clear); put keys in with its \
             own tool, labelled by name"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_values_are_spelled_as_the_standard_does() {
        assert_eq!(return_value(RvError::KeyHandleInvalid), "CKR_KEY_HANDLE_INVALID");
        assert_eq!(return_value(RvError::GeneralError), "CKR_GENERAL_ERROR");
    }
}
