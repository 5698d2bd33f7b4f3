//! CHECK IDENTIFICATION CODE (校验安全认证识别码).

use apdu::StatusWord;
use applet_spec::{IdentificationCheck, SamUsage};
use crypto::{Mac, secure_messaging_mac};
use purse::{IdentificationCode, mac};

use crate::application::{Halt, Reply};
use crate::native::{Outcome, Session};

impl Session<'_, '_> {
    /// A code found right is covered by the MAC1 that follow; a wrong one takes it back.
    pub(super) fn check_identification_code(&mut self, code: IdentificationCode) -> Outcome {
        self.sam_application()?;
        let right = match &self.psam()?.identification {
            IdentificationCheck::None => return Err(Halt::Status(StatusWord::CONDITIONS)),
            IdentificationCheck::Any => true,
            IdentificationCheck::List(codes) => codes.contains(&code.0),
            IdentificationCheck::Lab { key } => self.is_of_this_laboratory(*key, &code)?,
        };
        self.state.sam.code = Some(code).filter(|_| right);
        if right { Ok(Reply::done()) } else { Err(Halt::Status(StatusWord::AUTHENTICATION_FAILED)) }
    }

    /// The algorithm of this laboratory; it is not the ministry's.
    fn is_of_this_laboratory(&self, index: u8, code: &IdentificationCode) -> Result<bool, Halt> {
        let slot = self.sam_key(SamUsage::IDENTIFICATION, index)?;
        let key = slot.value(self.memory)?;
        let input = mac::lab_identification_code(code);
        let expected = secure_messaging_mac(slot.suite, &key, &[], input.as_bytes());
        let [.., a, b, c, d] = code.0;
        Ok(Mac([a, b, c, d]) == expected)
    }
}
