//! What file commands refuse for the file, not for its rights: none selected, none there, another
//! structure, no such record, beyond the end.

use apdu::StatusWord;
use applet_spec::{CommandId, CommandSpec, FileKind};

use super::bytes::Bytes;
use super::example::{at, at_file, is_binary, readable};
use super::making::{Kind, Maker, name};
use crate::{Case, Step, Text};

pub(super) fn of_command(maker: &Maker<'_>, spec: &CommandSpec) -> Option<Case> {
    use CommandId as C;
    let reads = matches!(spec.id, C::ReadBinary | C::ReadRecord);
    let writes = matches!(spec.id, C::UpdateBinary | C::UpdateRecord | C::AppendRecord);
    if !(reads || writes) {
        return None;
    }
    let application = maker.application?;
    let bytes = Bytes::of(spec);
    let answers = |bytes: Bytes, status: u16| bytes.answers(StatusWord(status));
    // File 00 is the selected one, and none is after SELECT of the application.
    let mut steps: Vec<Step> = vec![answers(at(bytes.clone(), spec.id, 0x00), 0x6986)];
    let missing = (0x01..=0x1E_u8).rev().find(|sfi| application.file(*sfi).is_none());
    steps.extend(missing.map(|sfi| answers(at(bytes.clone(), spec.id, sfi), 0x6A82)));
    let other = application.files.iter().find(|file| {
        let binary = matches!(file.kind, FileKind::Binary { .. });
        binary != is_binary(spec.id) && file.read != applet_spec::Access::Never
    });
    steps.extend(other.map(|file| answers(at_file(bytes.clone(), spec.id, file), 0x6981)));
    if let Some(file) = readable(maker, spec.id).filter(|_| reads) {
        let there = at_file(bytes, spec.id, file);
        let p2 = there.p2;
        steps.extend(match file.kind {
            FileKind::Binary { size } => u8::try_from(size)
                .ok()
                .map(|end| answers(there.clone().with_parameters(there.p1, end), 0x6B00)),
            _ => Some(answers(there.with_parameters(0xFE, p2), 0x6A83)),
        });
    }
    let (en, zh) = (&spec.name, &spec.name_zh);
    let purpose = Text {
        en: format!("{en} of a file that is not there, or not so"),
        zh: format!("{zh}: 文件不存在或不符"),
    };
    let rules = &["files.record-not-found", "files.offset"];
    maker.case(Kind::Rights, name(spec, "FILES"), purpose, rules, steps)
}
