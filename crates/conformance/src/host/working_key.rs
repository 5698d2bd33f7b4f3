//! The key that a command works with.

use applet_spec::{CommandId, FileSpec, KeyKind};

use super::evaluate::Scope;
use super::keys::Which;
use super::{Host, Trouble};

impl Host<'_> {
    /// The key behind the MACs and cryptograms of a command, by its header.
    pub(super) fn working_key(&self, scope: &Scope<'_>) -> Result<Which, Trouble> {
        let [_, _, p1, p2] = scope.header.unwrap_or_default();
        Ok(match scope.command {
            Some(
                CommandId::ReadBinary
                | CommandId::UpdateBinary
                | CommandId::ReadRecord
                | CommandId::UpdateRecord
                | CommandId::AppendRecord,
            ) => match self.file_of(scope) {
                Some(file) => Which::of(KeyKind::Maintenance, file.key_index),
                None => Which::first(KeyKind::Maintenance),
            },
            Some(CommandId::ApplicationBlock) => self.own_or_maintenance(KeyKind::ApplicationBlock),
            Some(CommandId::ApplicationUnblock) => {
                self.own_or_maintenance(KeyKind::ApplicationUnblock)
            }
            Some(CommandId::CardBlock) => self.own_or_maintenance(KeyKind::CardBlock),
            Some(CommandId::PinUnblock) => Which::first(KeyKind::PinUnblock),
            Some(CommandId::ReloadPin) => Which::first(KeyKind::PinReset),
            Some(CommandId::ExternalAuthenticate) => Which::of(self.authenticating(Some(p2)), p2),
            Some(CommandId::InternalAuthenticate) => Which::of(self.authenticated(p1), p2),
            Some(CommandId::WriteSamKey) => Which::of(KeyKind::ApplicationMaster, 0x00),
            Some(CommandId::WriteKey) => Which::of(self.transport(), 0x00),
            Some(CommandId::Crypt) => {
                let delivered = self.known.delivered.as_ref();
                let missing = || Trouble::not_in_profile("key that was delivered to CRYPT");
                let delivered = delivered.ok_or_else(missing)?;
                Which::Sam { usage: delivered.usage, number: delivered.number }
            }
            _ => Which::first(KeyKind::Maintenance),
        })
    }

    /// Kind of the key that EXTERNAL AUTHENTICATE with this index is answered by; without index, of
    /// the first such key.
    pub(super) fn authenticating(&self, index: Option<u8>) -> KeyKind {
        let kinds = [
            KeyKind::ExternalAuthentication,
            KeyKind::ApplicationMaster,
            KeyKind::CardMaster,
            KeyKind::Maintenance,
        ];
        let held = |kind: &KeyKind| {
            let keys = self.directory().map_or(&[][..], |directory| &directory.keys);
            let fits = |at: u8| index.is_none_or(|index| at == index);
            keys.iter().any(|key| key.kind == *kind && fits(key.index))
        };
        kinds.into_iter().find(held).unwrap_or(KeyKind::ExternalAuthentication)
    }

    /// Kind of the key that INTERNAL AUTHENTICATE works with: cards that are built by commands have
    /// one for each mode.
    pub(super) fn authenticated(&self, mode: u8) -> KeyKind {
        match mode {
            0x01 if self.profile.rules.issuing.is_some() => KeyKind::InternalDecipher,
            0x02 if self.profile.rules.issuing.is_some() => KeyKind::InternalMac,
            _ => KeyKind::InternalAuthentication,
        }
    }

    /// The file that a file command is for.
    pub(super) fn file_of(&self, scope: &Scope<'_>) -> Option<&FileSpec> {
        let [_, _, p1, p2] = scope.header?;
        let sfi = match scope.command? {
            CommandId::ReadBinary | CommandId::UpdateBinary if p1 & 0x80 == 0 => 0,
            CommandId::ReadBinary | CommandId::UpdateBinary => p1 & 0x1F,
            _ => p2 >> 3,
        };
        let sfi = if sfi == 0 { self.known.file? } else { sfi };
        self.directory()?.file(sfi)
    }

    /// The key of its own kind, or where the directory has none, the maintenance key.
    fn own_or_maintenance(&self, kind: KeyKind) -> Which {
        let keys = self.directory().map_or(&[][..], |directory| &directory.keys);
        let own = keys.iter().any(|key| key.kind == kind);
        Which::first(if own { kind } else { KeyKind::Maintenance })
    }

    /// Kind of the master key of the current directory.
    fn transport(&self) -> KeyKind {
        if self.known.directory == 0 { KeyKind::CardMaster } else { KeyKind::ApplicationMaster }
    }
}
