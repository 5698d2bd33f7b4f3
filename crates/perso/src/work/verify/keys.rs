//! Keys that the card proves by themselves: authentication both ways, and what is under a MAC.

use apdu::StatusWord;
use applet_spec::{Access, Directory, FileKind, FileSpec, KeyKind, KeySpec, Protection};
use crypto::{BlockCipher, authentication_cryptogram, pin_reload_mac, secure_messaging_mac};
use purse::mac::secure_messaging_input;
use purse::{FileRef, Pin, Protected, PurseCommand};

use super::files::readable;
use super::{Stage, Told, Verifier, by_name, refusal};
use crate::engine::Trouble;
use crate::work::TalkError;

/// What an internal authentication enciphers.
const QUESTION: [u8; 16] = *b"PurseKit asks it";

impl Verifier<'_, '_> {
    /// Every key that can be proved without changing the card, directory by directory; the
    /// application is selected at the end.
    pub(super) fn proofs(
        &mut self,
        application: &Directory,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let profile = self.profile;
        let others = profile.directories.iter().filter(|d| d.fid != application.fid);
        for directory in others.chain([application]) {
            if directory.keys.is_empty() {
                continue;
            }
            let selected = self.talk.ask(by_name(directory)?)?;
            told.pin_given = false;
            if !selected.status.is_ok() {
                let fid = directory.fid;
                let fault = refusal(&selected, StatusWord::OK);
                let (what, what_zh) =
                    (format!("directory {fid:04X} selected"), format!("选择目录 {fid:04X}"));
                told.found.note(what, what_zh, fault);
                continue;
            }
            for key in &directory.keys {
                self.proof(directory, key, told)?;
            }
        }
        Ok(())
    }

    fn proof(
        &mut self,
        directory: &Directory,
        key: &KeySpec,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        match key.kind {
            KeyKind::CardMaster | KeyKind::ApplicationMaster | KeyKind::ExternalAuthentication => {
                self.external(directory, key, told)
            }
            KeyKind::InternalAuthentication => self.internal(directory, key, told),
            KeyKind::Maintenance => self.maintenance(directory, key, told),
            KeyKind::PinReset => self.reload_pin(directory, key, told),
            _ => Ok(()),
        }
    }

    /// EXTERNAL AUTHENTICATE. A success gives the key its tries back, so a key whose tries are part
    /// of the card's state is left alone.
    fn external(
        &mut self,
        directory: &Directory,
        key: &KeySpec,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let lowered =
            |(kind, index, _): &(KeyKind, u8, u8)| (*kind, *index) == (key.kind, key.index);
        if self.stage == Stage::Made && self.order.state.key_tries.iter().any(lowered) {
            return Ok(());
        }
        let length = self.challenge_length(key);
        let challenge = self.talk.send(PurseCommand::GetChallenge { length })?;
        let value = self.card_keys(&told.factors).key(directory, key)?;
        let fold = self.profile.rules.fold_authentication;
        let cryptogram = authentication_cryptogram(key.suite, &value, &challenge, fold);
        // A wrong key spends one of its tries, and is not tried again.
        self.talk.send(PurseCommand::ExternalAuthenticate { key: key.index, cryptogram })?;
        self.told_of(directory, key, "EXTERNAL AUTHENTICATE", "外部认证", None, told);
        Ok(())
    }

    fn internal(
        &mut self,
        directory: &Directory,
        key: &KeySpec,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let question = QUESTION.get(..key.suite.block()).unwrap_or(&QUESTION);
        let ask = PurseCommand::InternalAuthenticate {
            mode: 0x00,
            key: key.index,
            data: question.to_vec(),
        };
        let answer = self.talk.ask(ask)?;
        let value = self.card_keys(&told.factors).key(directory, key)?;
        let expected = BlockCipher::new(key.suite, &value).encrypt_ecb(question);
        let fault = refusal(&answer, StatusWord::OK).or_else(|| {
            (answer.data != expected).then(|| "the answer is not what the key gives".to_owned())
        });
        self.told_of(directory, key, "INTERNAL AUTHENTICATE", "内部认证", fault, told);
        Ok(())
    }

    /// A byte of a file under a MAC is read and written back as it is, whatever it is: a check mends
    /// nothing.
    fn maintenance(
        &mut self,
        directory: &Directory,
        key: &KeySpec,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let own = self.order.profile.directories.iter().find(|own| own.fid == directory.fid);
        let Some(file) = own.and_then(|own| own.files.iter().find(|file| writes(file, key))) else {
            return Ok(());
        };
        let (how, how_zh) = ("MAC of UPDATE BINARY", "修改文件 MAC");
        let place = FileRef::Sfi(file.sfi);
        let read = PurseCommand::ReadBinary { file: place, offset: 0, ne: Some(1), mac: None };
        let answer = self.talk.ask(read)?;
        let unread = refusal(&answer, StatusWord::OK);
        let (None, [byte]) = (&unread, answer.data.as_slice()) else {
            let length = format!("{} bytes were read where one was asked for", answer.data.len());
            self.told_of(directory, key, how, how_zh, Some(unread.unwrap_or(length)), told);
            return Ok(());
        };
        let byte = *byte;
        let challenge = self.talk.send(PurseCommand::GetChallenge { length: 4 })?;
        let value = self.card_keys(&told.factors).key(directory, key)?;
        let update = |mac| PurseCommand::UpdateBinary {
            file: place,
            offset: 0,
            data: Protected::Secured { data: vec![byte], mac },
        };
        let (header, data) = update(crypto::Mac([0; 4])).secured_part();
        let covered = secure_messaging_input(header, &data);
        let mac = secure_messaging_mac(key.suite, &value, &challenge, &covered);
        let answer = self.talk.ask(update(mac))?;
        let fault = refusal(&answer, StatusWord::OK);
        self.told_of(directory, key, how, how_zh, fault, told);
        Ok(())
    }

    /// The PIN is set to what it is, while its tries are full anyway.
    fn reload_pin(
        &mut self,
        directory: &Directory,
        key: &KeySpec,
        told: &mut Told,
    ) -> Result<(), TalkError> {
        let Some(spec) = directory.pin.as_ref().filter(|_| self.stage == Stage::Making) else {
            return Ok(());
        };
        let wrong = |text: String| TalkError::Trouble(Trouble::Wrong(text));
        let pin = Pin::new(&spec.value).map_err(|error| wrong(format!("the PIN: {error}")))?;
        let value = self.card_keys(&told.factors).key(directory, key)?;
        let mac = pin_reload_mac(key.suite, &value, pin.expose());
        let answer = self.talk.ask(PurseCommand::ReloadPin { index: spec.index, pin, mac })?;
        let fault = refusal(&answer, StatusWord::OK);
        self.told_of(directory, key, "MAC of RELOAD PIN", "重装 PIN MAC", fault, told);
        Ok(())
    }

    fn told_of(
        &self,
        directory: &Directory,
        key: &KeySpec,
        how: &str,
        how_zh: &str,
        fault: Option<String>,
        told: &mut Told,
    ) {
        let (name, fid) = (key.kind.text(), directory.fid);
        if fault.is_none() {
            told.found.proved(directory, key, how);
        }
        let what = format!("{how} with key {name} of {fid:04X}");
        told.found.note(what, format!("{fid:04X} 密钥 {name}: {how_zh}"), fault);
    }

    /// A whole block, where the card gives that many bytes.
    fn challenge_length(&self, key: &KeySpec) -> u8 {
        let block = key.suite.block() as u8;
        let lengths = &self.profile.rules.challenge_lengths;
        if lengths.contains(&block) { block } else { 8 }
    }
}

/// Whether a MAC by this key writes to the file, nothing else is asked for, and what is in it can be
/// read before.
pub fn writes(file: &FileSpec, key: &KeySpec) -> bool {
    let binary = matches!(file.kind, FileKind::Binary { .. });
    let by_key = file.protection == Protection::Mac && file.key_index == key.index;
    binary && by_key && file.update == Access::Free && readable(file)
}
