//! CLA, P1, P2 and Le of a command where a case does not say them.

use applet_spec::{
    BalanceForm, Catalogue, CommandId, CommandSpec, Directory, FileKind, FileSpec, KeyKind,
    Pattern, PinUse, PurseKind, SamKeySpec, SamPurpose,
};

use super::{Host, Trouble};
use crate::{Le, RunKind, Send};

impl RunKind {
    /// What an INITIALIZE begins, or a step goes on with.
    pub(super) const fn of(command: CommandId) -> Option<Self> {
        Some(match command {
            CommandId::InitializeForLoad | CommandId::CreditForLoad => Self::Load,
            CommandId::InitializeForPurchase | CommandId::DebitForPurchase => Self::Purchase,
            CommandId::InitializeForCashWithdrawal => Self::Cash,
            CommandId::InitializeForCappPurchase | CommandId::UpdateCappDataCache => Self::Capp,
            CommandId::InitializeForUnload | CommandId::DebitForUnload => Self::Unload,
            CommandId::InitializeForUpdate | CommandId::UpdateOverdrawLimit => Self::Overdraft,
            CommandId::InitializeSamForPurchase | CommandId::CreditSamForPurchase => {
                Self::SamPurchase
            }
            _ => return None,
        })
    }
}

impl Host<'_> {
    /// Class of a command: the plain one, the protected one where it is protected or has no other.
    pub(super) fn class(send: &Send, spec: &CommandSpec) -> u8 {
        let plain = spec.cla.iter().copied().find(|class| Some(*class) != spec.secure_class);
        match (send.protect, spec.secure_class, plain) {
            (Some(_), Some(secured), _) | (None, Some(secured), None) => secured,
            (_, _, plain) => plain.unwrap_or_default(),
        }
    }

    /// P1 and P2 by what a case says of file, record, purse and key.
    pub(super) fn parameters(&self, send: &Send, spec: &CommandSpec) -> [u8; 2] {
        let fixed = [only(&spec.p1), only(&spec.p2)];
        let [p1, p2] = fixed;
        match send.command {
            CommandId::Select => [0x04, 0x00],
            CommandId::ReadBinary | CommandId::UpdateBinary => self.place_in_binary(send),
            CommandId::ReadRecord
            | CommandId::UpdateRecord
            | CommandId::AppendRecord
            | CommandId::UpdateCappDataCache => self.place_of_record(send),
            CommandId::ExternalAuthenticate => {
                [p1, send.key.unwrap_or_else(|| self.index_or_one(self.authenticating(None)))]
            }
            CommandId::InternalAuthenticate => {
                let kind = self.authenticated(0x00);
                [p1, send.key.unwrap_or_else(|| self.index_or_one(kind))]
            }
            CommandId::Verify | CommandId::ChangePin | CommandId::ReloadPin => {
                [p1, send.key.unwrap_or_else(|| self.pin_index())]
            }
            CommandId::PinUnblock => [send.key.unwrap_or_else(|| self.pin_index()), 0x00],
            CommandId::GetBalance => {
                let forms = &self.profile.rules.balance_p1;
                let stored = forms.iter().find(|(_, form)| *form == BalanceForm::Stored);
                let form = stored.or(forms.first()).map_or(0, |(p1, _)| *p1);
                [form, self.purse_of(send, Some(PinUse::Balance)) as u8]
            }
            CommandId::GetTransactionProof => {
                let last = self.known.transaction.as_ref().map(|last| last.kind);
                [p1, last.unwrap_or(purse::TransactionType::PursePurchase as u8)]
            }
            CommandId::InitializeForLoad
            | CommandId::InitializeForPurchase
            | CommandId::InitializeForCashWithdrawal
            | CommandId::InitializeForCappPurchase
            | CommandId::InitializeForUnload
            | CommandId::InitializeForUpdate => {
                let usage = RunKind::of(send.command).and_then(RunKind::pin_use);
                match (&spec.p2, send.purse) {
                    (Pattern::OneOf(values), None) if values.len() == 1 => [p1, p2],
                    _ => [p1, self.purse_of(send, usage) as u8],
                }
            }
            CommandId::DeliverKey => match self.deliverable(send.key) {
                Some((_, key)) => [key.usage.0, key.number()],
                None => [0x26, send.key.unwrap_or(0x01)],
            },
            CommandId::Crypt => {
                let delivered = self.known.delivered.as_ref();
                let purpose = delivered.and_then(|delivered| delivered.usage.purpose());
                let makes_macs = purpose.is_none_or(|purpose| purpose.mac().is_some());
                [if makes_macs { 0x05 } else { 0x00 }, p2]
            }
            CommandId::CreateFile => [0x00, send.file.unwrap_or(0x0A)],
            CommandId::WriteKey => [0x01, send.key.unwrap_or(0x01)],
            _ => fixed,
        }
    }

    /// Answer bytes asked for.
    pub(super) fn ne(&self, send: &Send, spec: &CommandSpec, header: [u8; 4]) -> Option<u32> {
        if let Some(le) = send.le {
            return match le {
                Le::Absent => None,
                Le::Bytes(bytes) => Some(u32::from(bytes)),
            };
        }
        let [_, _, p1, _] = header;
        let usual = spec.le.map(u32::from);
        match send.command {
            CommandId::GetBalance => {
                let forms = &self.profile.rules.balance_p1;
                let words = forms.contains(&(p1, BalanceForm::FourWords));
                if words { Some(16) } else { usual }
            }
            CommandId::GetChallenge => {
                let lengths = &self.profile.rules.challenge_lengths;
                let offered = usual.filter(|ne| lengths.iter().any(|l| u32::from(*l) == *ne));
                offered.or(lengths.first().map(|length| u32::from(*length))).or(usual)
            }
            _ => usual,
        }
    }

    /// Which purse: the EP where it has this use, else the first that has it.
    pub(super) fn purse_of(&self, send: &Send, usage: Option<PinUse>) -> PurseKind {
        send.purse.unwrap_or_else(|| self.usual_purse(usage))
    }

    pub(super) fn usual_purse(&self, usage: Option<PinUse>) -> PurseKind {
        let application = self.card_profile().application();
        let purses = application.map_or(&[][..], |directory| &directory.purses);
        let with = |kind: Option<PurseKind>| {
            purses.iter().find(|purse| {
                kind.is_none_or(|kind| purse.kind == kind)
                    && usage.is_none_or(|usage| purse.allows.contains(&usage))
            })
        };
        let found = with(Some(PurseKind::Purse)).or_else(|| with(None));
        found.or(purses.last()).map_or(PurseKind::Purse, |purse| purse.kind)
    }

    /// A key that a PSAM delivers to CRYPT, with this number if one is said.
    pub(super) fn deliverable(&self, number: Option<u8>) -> Option<(&Directory, &SamKeySpec)> {
        let psam = self.profile.psam.as_ref()?;
        let makes = |purpose: &SamPurpose| psam.deliver.contains(purpose) && purpose.calculates();
        let fits = |key: &SamKeySpec| {
            key.usage.purpose().as_ref().is_some_and(makes)
                && key.usage.levels() > 0
                && number.is_none_or(|number| key.number() == number)
        };
        self.sam_keys().find(|(_, key)| fits(key))
    }

    /// Index of the first key of a kind; 01 where there is none.
    pub(super) fn index_or_one(&self, kind: KeyKind) -> u8 {
        self.first_index(kind).unwrap_or(0x01)
    }

    /// The file that a file command is for where a case does not say.
    pub(super) fn usual_file(&self, command: CommandId) -> Option<&FileSpec> {
        let files = self.directory().map_or(&[][..], |directory| &directory.files);
        let never = applet_spec::Access::Never;
        let binary = |file: &&FileSpec| matches!(file.kind, FileKind::Binary { .. });
        let ring = |file: &&FileSpec| matches!(file.kind, FileKind::Cyclic { .. });
        let updated = |file: &&FileSpec| file.update != never;
        match command {
            CommandId::ReadBinary => files.iter().find(binary),
            // Keys follow from the public file.
            CommandId::UpdateBinary => {
                let mut ours = files.iter().filter(binary).filter(updated);
                let public = |file: &&FileSpec| file.sfi == applet_spec::Profile::PUBLIC_SFI;
                ours.clone().find(|file| !public(file)).or_else(|| ours.next())
            }
            CommandId::AppendRecord => {
                let room = |file: &&FileSpec| match file.kind {
                    FileKind::Linear { count, .. } | FileKind::Variable { count, .. } => {
                        file.content.len() < usize::from(count)
                    }
                    _ => false,
                };
                files.iter().filter(updated).find(room)
            }
            CommandId::UpdateRecord => {
                let held = |file: &&FileSpec| !binary(file) && !file.content.is_empty();
                files.iter().filter(updated).find(held)
            }
            CommandId::UpdateCappDataCache => {
                let usual = self.profile.rules.capp.default_sfi;
                files.iter().find(|file| file.sfi == usual)
            }
            _ => {
                let mut records = files.iter().filter(|file| !binary(file));
                let held = |file: &&FileSpec| !file.content.is_empty();
                let found = records.clone().find(held);
                found.or_else(|| records.clone().find(ring)).or_else(|| records.next())
            }
        }
    }

    fn place_in_binary(&self, send: &Send) -> [u8; 2] {
        let [high, low] = send.offset.unwrap_or_default().to_be_bytes();
        let usual = || self.usual_file(send.command).map(|file| file.sfi);
        match send.file.or_else(usual) {
            Some(sfi) if sfi != 0 && high == 0 => [0x80 | sfi & 0x1F, low],
            _ => [high, low],
        }
    }

    fn place_of_record(&self, send: &Send) -> [u8; 2] {
        let usual = || self.usual_file(send.command).map(|file| file.sfi);
        let sfi = send.file.or_else(usual).unwrap_or_default();
        match send.command {
            CommandId::AppendRecord => [0x00, sfi << 3],
            _ => [send.record.unwrap_or(1), sfi << 3 | send.mode.unwrap_or(0b100) & 0b111],
        }
    }

    fn pin_index(&self) -> u8 {
        let current = self.directory().and_then(|directory| directory.pin.as_ref());
        let main = || self.profile.main_directory()?.pin.as_ref();
        current.or_else(main).map_or(0x00, |pin| pin.index)
    }

    /// The command that bytes are, where they are one of the card's set.
    pub(super) fn recognised(&self, header: [u8; 4], lc: usize) -> Option<CommandId> {
        let [cla, ins, p1, p2] = header;
        let catalogue = Catalogue::of(self.profile.rules.commands);
        catalogue.find(cla, ins, p1, p2, lc).ok().map(|spec| spec.id)
    }

    /// Refuses a transaction that no purse of the profile has.
    pub(super) fn allowed(&self, purpose: RunKind, purse: PurseKind) -> Result<(), Trouble> {
        let application = self.profile.application();
        let found = application.and_then(|directory| directory.purse(purse));
        let usage = purpose.pin_use();
        let allowed = found.is_some_and(|purse| usage.is_some_and(|u| purse.allows.contains(&u)));
        let missing = || format!("{} of {}", purpose.name(), purse.text());
        if allowed { Ok(()) } else { Err(Trouble::not_in_profile(missing())) }
    }
}

/// The value of a parameter that has one, or the first.
fn only(pattern: &Pattern) -> u8 {
    match pattern {
        Pattern::Any => 0,
        Pattern::OneOf(values) => values.first().copied().unwrap_or_default(),
        Pattern::Masked { bits, .. } => *bits,
    }
}
