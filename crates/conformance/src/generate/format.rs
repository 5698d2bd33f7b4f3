//! Class, instruction, parameters and length, one wrong at a time.

use std::collections::BTreeSet;

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec, Lengths, Mismatch, Pattern, PinUse, PurseKind};

use super::bytes::Bytes;
use super::making::{Kind, Maker, name};
use crate::{Case, Step, Text};

/// What a card must answer, for the first check that fails; from the facts about status words.
pub(super) const fn refusal(mismatch: Mismatch) -> StatusWord {
    match mismatch {
        Mismatch::Class => StatusWord(0x6E00),
        Mismatch::Instruction => StatusWord(0x6D00),
        Mismatch::Parameters(_) => StatusWord(0x6A86),
        Mismatch::Length(_) => StatusWord(0x6700),
    }
}

/// Instructions of no command, and the class that no card has.
pub(super) fn of_card(maker: &Maker<'_>) -> Vec<Case> {
    let classes: BTreeSet<u8> = commands(maker).flat_map(|spec| spec.cla.iter().copied()).collect();
    let known: BTreeSet<u8> = commands(maker).map(|spec| spec.ins).collect();
    // ISO 7816-3 leaves INS 6X and 9X to procedure bytes.
    let unknown: Vec<u8> =
        (0..=0xFF).filter(|ins| !known.contains(ins) && !matches!(ins >> 4, 6 | 9)).collect();
    let mut out = Vec::new();
    for class in classes {
        let steps = unknown.iter().map(|ins| {
            let (p1, p2, data, le) = (0, 0, Vec::new(), None);
            let command = Bytes { class, ins: *ins, p1, p2, data, le };
            command.answers(refusal(Mismatch::Instruction))
        });
        let purpose = Text {
            en: format!(
                "Under class {class:02X}, every instruction that no command has is refused"
            ),
            zh: format!("CLA {class:02X} 下不存在的 INS 均被拒绝"),
        };
        let rules = &["format.instruction"];
        let steps = steps.collect();
        out.extend(maker.case(
            Kind::Format,
            format!("INSTRUCTION_{class:02X}"),
            purpose,
            rules,
            steps,
        ));
    }
    let steps = commands(maker)
        .map(|spec| Bytes::of(spec).with_class(0xFF).answers(refusal(Mismatch::Class)));
    let purpose = Text {
        en: "Class FF is no card's; a reader may answer it in the card's place".to_owned(),
        zh: "CLA FF 不属于任何卡片指令; 读卡器可能代为应答".to_owned(),
    };
    let rules = &["format.class"];
    out.extend(maker.case(Kind::Format, "CLASS_FF".to_owned(), purpose, rules, steps.collect()));
    out
}

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Case> {
    let (en, zh) = (&spec.name, &spec.name_zh);
    let text = |of_en: &str, of_zh: &str| Text {
        en: format!("{en} with {of_en} is refused"),
        zh: format!("{zh}: {of_zh}时被拒绝"),
    };
    let case = |rule: &str, purpose, rule_id, steps| {
        maker.case(Kind::Format, name(spec, rule), purpose, &[rule_id], steps)
    };
    [
        case("CLASS", text("another class", " CLA 不符"), "format.class", classes(maker, spec)),
        case(
            "PARAMETERS",
            text("another P1 or P2", " P1、P2 不符"),
            "format.p1p2",
            parameters(maker, spec),
        ),
        case("LENGTH", text("another Lc", " Lc 不符"), "format.length", lengths(maker, spec)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn commands<'m>(maker: &'m Maker<'_>) -> impl Iterator<Item = &'m CommandSpec> {
    maker.catalogue.commands().iter()
}

/// Every class that one bit tells from a right one, where no other command is met by it.
fn classes(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let flipped = spec.cla.iter().flat_map(|class| (0..8).map(move |bit| class ^ (1 << bit)));
    let wrong: BTreeSet<u8> = flipped.filter(|class| !spec.cla.contains(class)).collect();
    let commands = wrong.into_iter().map(|class| Bytes::of(spec).with_class(class));
    commands.filter_map(|command| refused(maker, &command)).collect()
}

/// The step that expects what is wrong with a command, where anything is.
fn refused(maker: &Maker<'_>, command: &Bytes) -> Option<Step> {
    let Bytes { class, ins, p1, p2, ref data, .. } = *command;
    let found = maker.catalogue.find(class, ins, p1, p2, data.len());
    found.err().map(|mismatch| command.answers(refusal(mismatch)))
}

fn parameters(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let right = Bytes::of(spec);
    let shares = || {
        let here = commands(maker).filter(|other| other.ins == spec.ins);
        here.filter(|other| other.cla.contains(&right.class))
    };
    // Of commands that share an instruction, the first tries all P1.
    let tries_p1 = shares().next().is_some_and(|first| first.id == spec.id);
    let mut tried = Vec::new();
    if spec.p1 != Pattern::Any && tries_p1 {
        tried.extend((0..=0xFF).map(|p1| (p1, right.p2)));
    }
    if spec.p2 != Pattern::Any {
        tried.extend((0..=0xFF).map(|p2| (right.p1, p2)));
    }
    let taken =
        |(p1, p2): &(u8, u8)| shares().any(|other| other.p1.matches(*p1) && other.p2.matches(*p2));
    tried.retain(|parameters| !taken(parameters));
    let of_catalogue = tried
        .into_iter()
        .filter_map(|(p1, p2)| refused(maker, &right.clone().with_parameters(p1, p2)));
    let wrong = StatusWord(0x6A86);
    let narrowed = narrowed(maker, spec).into_iter();
    let narrowed = narrowed.map(|(p1, p2)| right.clone().with_parameters(p1, p2).answers(wrong));
    of_catalogue.chain(narrowed).collect()
}

/// Parameters that the catalogue leaves open and that no card, or none of this profile, has.
fn narrowed(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<(u8, u8)> {
    use CommandId as C;
    let purse_uses = |uses: PinUse| {
        let purses = maker.purses().map_or(&[][..], |application| &application.purses);
        let allowed = move |kind: PurseKind| {
            purses.iter().any(|purse| purse.kind == kind && purse.allows.contains(&uses))
        };
        let p1 = Bytes::of(spec).p1;
        let kinds = [PurseKind::Deposit, PurseKind::Purse];
        let wrong = kinds.into_iter().filter(move |kind| !allowed(*kind));
        let wrong = wrong.map(move |kind| (p1, kind as u8)).filter(|(_, p2)| spec.p2.matches(*p2));
        if purses.is_empty() { Vec::new() } else { wrong.collect() }
    };
    match spec.id {
        // With bit 8 of P1, the low five are a file of 01 to 1E and bits 7 and 6 are zero.
        C::ReadBinary | C::UpdateBinary => {
            [0x80, 0x9F, 0xA0, 0xB5, 0xC0, 0xD5, 0xE1, 0xFF].map(|p1| (p1, 0)).to_vec()
        }
        // Modes 101 to 111 of P2 do not exist, nor file 1F.
        C::ReadRecord | C::UpdateRecord | C::UpdateCappDataCache => {
            let modes = (0..0x1F).flat_map(|sfi| (5..8).map(move |mode| (1, sfi << 3 | mode)));
            modes.chain((0..8).map(|mode| (1, 0xF8 | mode))).collect()
        }
        C::AppendRecord => vec![(0, 0xF8)],
        C::GetBalance if maker.purses().is_some() => {
            let known: Vec<u8> = maker.profile.rules.balance_p1.iter().map(|(p1, _)| *p1).collect();
            let purses = maker.purses().map_or(&[][..], |application| &application.purses);
            let held = purses.first().map_or(PurseKind::Purse, |purse| purse.kind) as u8;
            let lacks = [PurseKind::Deposit, PurseKind::Purse].into_iter();
            let lacks = lacks.filter(|kind| purses.iter().all(|purse| purse.kind != *kind));
            let other_p1 = (0..=0xFF).filter(|p1| !known.contains(p1)).map(|p1| (p1, held));
            other_p1.chain(lacks.map(|kind| (0, kind as u8))).collect()
        }
        C::InitializeForLoad => purse_uses(PinUse::Load),
        C::InitializeForPurchase => purse_uses(PinUse::Purchase),
        C::InitializeForCashWithdrawal => purse_uses(PinUse::Cash),
        C::InitializeForCappPurchase => purse_uses(PinUse::Capp),
        C::InitializeForUnload => purse_uses(PinUse::Unload),
        C::InitializeForUpdate => purse_uses(PinUse::Overdraft),
        _ => Vec::new(),
    }
}

fn lengths(maker: &Maker<'_>, spec: &CommandSpec) -> Vec<Step> {
    let right = Bytes::of(spec);
    let mut out = Vec::new();
    for length in edges(&spec.lc) {
        let command = right.clone().with_data(vec![0; length]).with_le(None);
        let wrong: Vec<Step> = refused(maker, &command).into_iter().collect();
        // Without data, what follows P2 is Le: both forms.
        if length == 0 && spec.le.is_none() && !wrong.is_empty() {
            out.extend(refused(maker, &command.with_le(Some(0x100))));
        }
        out.extend(wrong);
    }
    let unfit = unfit(spec).into_iter().map(|(class, p1, length)| {
        let command = right.clone().with_class(class).with_parameters(p1, right.p2);
        command.with_data(vec![0; length]).with_le(None).answers(StatusWord(0x6700))
    });
    out.extend(unfit);
    out.extend(other_factors(maker, spec));
    out
}

/// DELIVER KEY with another number of factors than the key has levels.
fn other_factors(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Step> {
    if spec.id != CommandId::DeliverKey {
        return None;
    }
    let delivered = &maker.profile.psam.as_ref()?.deliver;
    let mut keys = maker.application?.sam_keys.iter();
    let key =
        keys.find(|key| key.usage.purpose().is_some_and(|purpose| delivered.contains(&purpose)))?;
    let levels = usize::from(key.usage.levels());
    let factors = if levels == 0 { 1 } else { levels - 1 };
    let command = Bytes::of(spec).with_parameters(key.usage.0, key.number());
    Some(command.with_data(vec![0x11; 8 * factors]).answers(StatusWord(0x6700)))
}

/// Lengths beside those that are right, none, and the most there can be.
pub(super) fn edges(lengths: &Lengths) -> Vec<usize> {
    let around = |length: u16| {
        let length = usize::from(length);
        [length.saturating_sub(1), length + 1]
    };
    let mut out: Vec<usize> = match lengths {
        Lengths::None => vec![1],
        Lengths::OneOf(lengths) => lengths.iter().flat_map(|length| around(*length)).collect(),
        Lengths::Range(low, high) => [around(*low), around(*high)].concat(),
    };
    out.extend([0, 0xFF]);
    out.retain(|length| *length <= 0xFF && !lengths.allows(*length));
    out.sort_unstable();
    out.dedup();
    out
}

/// Class, P1 and length that go together with no form of the command, though each is right alone.
fn unfit(spec: &CommandSpec) -> Vec<(u8, u8, usize)> {
    let p1 = Bytes::of(spec).p1;
    if spec.id == CommandId::Select {
        // By file identifier: none or two bytes; by name: one at least.
        return vec![(0x00, 0x00, 1), (0x00, 0x00, 3), (0x00, 0x00, 16), (0x00, 0x04, 0)];
    }
    let Some(secure) = spec.secure_class.filter(|_| spec.cla.len() > 1) else { return Vec::new() };
    // Under secure messaging the data ends in a MAC of four bytes; a command without fields has
    // nothing else, and nothing at all under its other class.
    let (plain, secured): (&[usize], &[usize]) =
        if spec.fields.is_empty() { (&[4], &[0]) } else { (&[], &[1, 2, 3]) };
    let allowed = |length: &&usize| spec.lc.allows(**length);
    let of = |class: u8, lengths: &'static [usize]| {
        lengths.iter().filter(allowed).map(move |length| (class, p1, *length)).collect::<Vec<_>>()
    };
    let mut out = of(secure, secured);
    for class in spec.cla.iter().filter(|class| **class != secure) {
        out.extend(of(*class, plain));
    }
    out
}
