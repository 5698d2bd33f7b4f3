//! INITIALIZE SAM FOR PURCHASE and CREDIT SAM FOR PURCHASE.

use apdu::StatusWord;
use applet_spec::{CodeInMac1, Profile, SamPurpose, SerialAdvance};
use crypto::{BlockCipher, Mac, SessionKey};
use purse::answer::SamInitialized;
use purse::{Amount, IdentificationCode, SamPurchase, TerminalId, TerminalSerial, mac};

use super::Running;
use crate::application::{Halt, Reply};
use crate::native::transaction::Mac2Verified;
use crate::native::tree::{Df, Ef, SamKeySlot};
use crate::native::wrong::Deviation;
use crate::native::{Outcome, Session};

/// A purchase whose MAC1 was given out.
#[derive(Clone)]
pub struct Purchase {
    session: SessionKey,
    amount: Amount,
}

impl Session<'_, '_> {
    pub(super) fn initialize_sam_for_purchase(&mut self, asked: &SamPurchase) -> Outcome {
        let application = self.sam_application()?;
        let slot = self.purchase_key(application, asked)?;
        let key = self.diversified(&slot, &asked.factors)?;
        let code = self.code_in_mac1()?;
        let counter = self.serial_file(application)?;
        let terminal_serial = self.terminal_serial(&counter)?;
        let terminal = self.terminal_number()?;

        let cipher = BlockCipher::new(slot.suite, &key);
        let input = mac::offline_session_input(asked.random, asked.serial, terminal_serial);
        let session = SessionKey::derive(slot.suite, &cipher, &input);
        let terminal = self.or_wrong(terminal, Deviation::PsamMac1TerminalZero, TerminalId([0; 6]));
        let kind = self.or_wrong(asked.transaction_type, Deviation::PsamMac1TypeFixed, 0x06);
        let input =
            mac::sam_mac1(asked.amount, kind, terminal, asked.date, asked.time, code.as_ref());
        let mac1 = session.mac(input.as_bytes());
        // Whatever becomes of the answer, no other MAC1 gets this serial.
        if self.psam()?.serial_advances == SerialAdvance::AtInitialize {
            self.advance(&counter)?;
        }
        self.run(Running::Purchase(Box::new(Purchase { session, amount: asked.amount })));
        Ok(Reply::data(SamInitialized { terminal_serial, mac1 }.to_bytes()))
    }

    pub(super) fn credit_sam_for_purchase(
        &mut self,
        running: Option<Running>,
        mac2: Mac,
    ) -> Outcome {
        let Some(Running::Purchase(purchase)) = running else {
            return Err(Halt::Status(self.rules.status.wrong_state));
        };
        let Purchase { session, amount } = *purchase;
        let expected = session.mac(mac::purchase_mac2(amount).as_bytes());
        let received = self.or_wrong(mac2, Deviation::PsamMac2Unchecked, expected);
        let Some(verified) = Mac2Verified::compare(received, expected) else {
            return Err(Halt::Status(self.psam()?.wrong_mac2));
        };
        self.count(verified)?;
        Ok(Reply::done())
    }

    /// The purchase was confirmed by the card.
    fn count(&mut self, _verified: Mac2Verified) -> Result<(), Halt> {
        if self.psam()?.serial_advances == SerialAdvance::AfterCredit {
            let counter = self.serial_file(self.df())?;
            self.advance(&counter)?;
        }
        Ok(())
    }

    /// The purchase key of the version and algorithm that the card told, with as many levels as
    /// there are factors if there is one.
    fn purchase_key(&self, application: Df, asked: &SamPurchase) -> Result<SamKeySlot, Halt> {
        let mut found = None;
        for slot in application.sam_keys(self.memory) {
            let named = slot.usage.purpose() == Some(SamPurpose::Purchase)
                && slot.algorithm == asked.algorithm
                && (slot.version == asked.key_version
                    || self.deviates(Deviation::PsamKeyVersionIgnored));
            if named && usize::from(slot.usage.levels()) == asked.factors.len() {
                return Ok(slot);
            }
            found = found.or(named.then_some(slot));
        }
        found.ok_or(Halt::Status(StatusWord::KEY_INDEX_UNSUPPORTED))
    }

    /// The identification code that MAC1 covers, by the rule of the cards.
    fn code_in_mac1(&self) -> Result<Option<IdentificationCode>, Halt> {
        match (self.rules.code_in_mac1, self.state.sam.code) {
            (CodeInMac1::Never, _) => Ok(None),
            (CodeInMac1::After80Ca, code) => Ok(code),
            (CodeInMac1::Always, Some(code)) => Ok(Some(code)),
            (CodeInMac1::Always, None) => Err(Halt::Status(StatusWord::CONDITIONS)),
        }
    }

    fn serial_file(&self, application: Df) -> Result<Ef, Halt> {
        let file = application.sam_serial(self.memory)?;
        file.ok_or_else(|| Halt::Bug("a PSAM application without a terminal serial".to_owned()))
    }

    /// The serial of the next MAC1, unless it is at its end.
    fn terminal_serial(&self, counter: &Ef) -> Result<TerminalSerial, Halt> {
        let serial = self.memory.array::<4>(counter.data)?;
        if serial == [0xFF; 4] && self.rules.counter_stops {
            return Err(Halt::Status(StatusWord::COUNTER_AT_MAXIMUM));
        }
        Ok(TerminalSerial(serial))
    }

    fn advance(&mut self, counter: &Ef) -> Result<(), Halt> {
        if self.deviates(Deviation::PsamSerialStays) {
            return Ok(());
        }
        let next = self.memory.be32(counter.data)?.wrapping_add(1);
        Ok(self.memory.put(counter.data, &next.to_be_bytes())?)
    }

    fn terminal_number(&self) -> Result<TerminalId, Halt> {
        let file = Df::master(self.memory)?.by_sfi(self.memory, Profile::TERMINAL_SFI)?;
        let file = file.ok_or_else(|| Halt::Bug("a PSAM without a terminal number".to_owned()))?;
        Ok(TerminalId(self.memory.array(file.data)?))
    }
}
