//! ERASE DIRECTORY 擦除目录.

use apdu::StatusWord;
use applet_spec::IssuingRules;

use crate::application::{Halt, Reply};
use crate::native::{Outcome, Session};

impl Session<'_, '_> {
    /// Erases what is in the current directory, child directories too; it itself stays.
    pub(super) fn erase_directory(&mut self, rules: &IssuingRules) -> Outcome {
        let (df, site) = (self.df(), self.site()?);
        if !self.granted(site.erase)? {
            return Err(Halt::Status(StatusWord::SECURITY_STATUS));
        }
        let kept = match rules.erase_keeps_keys {
            true => df.key_file(self.memory)?,
            false => None,
        };
        self.atomically(|session| Ok(df.erase(session.memory, &site, kept.as_ref())?))?;
        self.state.current_file = 0;
        self.state.building = true;
        // No key and no balance is left behind where it could be found.
        let now = self.site()?;
        self.clear(now.free(), site.free().saturating_sub(now.free()))?;
        Ok(Reply::done())
    }
}
